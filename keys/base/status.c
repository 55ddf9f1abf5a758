#include "keys/base/status.h"

const char *status_name(enum status status)
{
    switch (status) {
    case OK:
        return "OK";
    case BAD_FORMAT:
        return "BAD_FORMAT";
    case BAD_VERSION:
        return "BAD_VERSION";
    case TOO_LARGE:
        return "TOO_LARGE";
    case UNSUPPORTED:
        return "UNSUPPORTED";
    case MISSING:
        return "MISSING";
    case INCOMPLETE:
        return "INCOMPLETE";
    case BAD_DIGEST:
        return "BAD_DIGEST";
    case BAD_SIGNATURE:
        return "BAD_SIGNATURE";
    case UNKNOWN_KEY:
        return "UNKNOWN_KEY";
    case WITHDRAWN:
        return "WITHDRAWN";
    case WRONG_SCOPE:
        return "WRONG_SCOPE";
    case TOO_FEW:
        return "TOO_FEW";
    case WRONG_VENDOR:
        return "WRONG_VENDOR";
    case WRONG_CLASS:
        return "WRONG_CLASS";
    case WRONG_BASE:
        return "WRONG_BASE";
    case OLD_SEQUENCE:
        return "OLD_SEQUENCE";
    case BELOW_FLOOR:
        return "BELOW_FLOOR";
    case CONDITION_FAILED:
        return "CONDITION_FAILED";
    case IN_USE:
        return "IN_USE";
    case LOW_BATTERY:
        return "LOW_BATTERY";
    case NOT_SERVICE:
        return "NOT_SERVICE";
    case BUSY:
        return "BUSY";
    case WRONG_STATE:
        return "WRONG_STATE";
    case TRIAL_RUNNING:
        return "TRIAL_RUNNING";
    case NO_KEY:
        return "NO_KEY";
    case FLASH_FAILED:
        return "FLASH_FAILED";
    case NOT_FOUND:
        return "NOT_FOUND";
    case FAILED:
        return "FAILED";
    }
    return "unknown status";
}
