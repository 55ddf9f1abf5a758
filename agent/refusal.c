/* Three tables: status to refusal, refusal to SMP layer, refusal to the image group's own codes. */
#include "agent/refusal.h"

enum { IMAGE_FLASH_WRITE = 12 };

enum refusal refusal_of(enum status status)
{
    switch (status) {
    case OK:
        return ALLOWED;
    case IN_USE:
        return REFUSED_IN_USE;
    case LOW_BATTERY:
        return REFUSED_BATTERY;
    case NOT_SERVICE:
        return REFUSED_NOT_SERVICE;
    case BUSY:
        return REFUSED_BUSY;
    case WRONG_STATE:
        return REFUSED_STATE;
    case TRIAL_RUNNING:
        return REFUSED_TRIAL;
    case NO_KEY:
        return REFUSED_NO_KEY;
    case FLASH_FAILED:
        return REFUSED_FLASH;
    case TOO_LARGE:
        return REFUSED_MEMORY;
    case WRONG_BASE:
        return REFUSED_BASE;
    case OLD_SEQUENCE:
    case BELOW_FLOOR:
        return REFUSED_FLOOR;
    case BAD_SIGNATURE:
    case UNKNOWN_KEY:
    case WITHDRAWN:
    case WRONG_SCOPE:
    case TOO_FEW:
        return REFUSED_TRUST;
    case NOT_FOUND:
        return REFUSED_STATE;
    case FAILED:
        return REFUSED_UNKNOWN;
    default:
        return REFUSED_MANIFEST;
    }
}

/* The SMP layer's word for it: all that version 1 can say, and what groups 0 and 1 say where they have no code. */
static enum smp_rc smp_code(enum refusal refusal)
{
    switch (refusal) {
    case REFUSED_IN_USE:
    case REFUSED_BATTERY:
    case REFUSED_BUSY:
        return SMP_BUSY;
    case REFUSED_STATE:
    case REFUSED_TRIAL:
        return SMP_BAD_STATE;
    case REFUSED_NOT_SERVICE:
        return SMP_ACCESS_DENIED;
    case REFUSED_INVALID:
        return SMP_INVALID;
    case REFUSED_NOT_SUPPORTED:
    case REFUSED_NO_KEY:
        return SMP_NOT_SUPPORTED;
    case REFUSED_TOO_LONG:
        return SMP_TOO_LONG;
    case REFUSED_NO_ENTRY:
        return SMP_NO_ENTRY;
    case REFUSED_MANIFEST:
    case REFUSED_BASE:
    case REFUSED_MEMORY:
    case REFUSED_BLOCK:
    case REFUSED_DIGEST:
    case REFUSED_FLOOR:
    case REFUSED_TRUST:
    case REFUSED_PUSH_FILE:
    case REFUSED_CONFIRM:
        return SMP_CORRUPT;
    default:
        return SMP_UNKNOWN;
    }
}

static uint32_t image_code(enum refusal refusal)
{
    switch (refusal) {
    case REFUSED_PUSH_FILE:
        return IMAGE_NO_MAGIC;
    case REFUSED_MANIFEST:
    case REFUSED_BASE:
    case REFUSED_BLOCK:
    case REFUSED_DIGEST:
    case REFUSED_TRUST:
        return IMAGE_BAD_HASH;
    case REFUSED_FLOOR:
        return IMAGE_OLDER;
    case REFUSED_MEMORY:
        return IMAGE_TOO_LARGE;
    case REFUSED_CONFIRM:
        return IMAGE_CONFIRM_DENIED;
    case REFUSED_FLASH:
        return IMAGE_FLASH_WRITE;
    default:
        return 0;
    }
}

struct refusal_code refusal_code(enum refusal refusal, uint16_t group, uint8_t smp_version)
{
    uint32_t own = 0;

    if (smp_version > 0 && group == SMP_GROUP_SUTURE && refusal < 128)
        own = (uint32_t)refusal;
    if (smp_version > 0 && group == SMP_GROUP_IMAGE)
        own = image_code(refusal);
    if (own != 0)
        return (struct refusal_code){.from_group = true, .rc = own};
    return (struct refusal_code){.rc = (uint32_t)smp_code(refusal)};
}
