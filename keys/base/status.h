/* The one error type of device code, returned by value. 0 is success; results go through out-parameters, which stay
 * untouched on failure. Each value says what the caller may do. */
#ifndef SUTURE_KEYS_BASE_STATUS_H
#define SUTURE_KEYS_BASE_STATUS_H

enum status {
    OK = 0,
    /* bytes from outside */
    BAD_FORMAT = -1,  /* not the format it claims to be, or not canonical: refuse it, keep nothing */
    BAD_VERSION = -2, /* a format number this build does not know: refuse, a newer program may read it */
    TOO_LARGE = -3,   /* more than fits into the caller's memory or a stated limit: refuse */
    UNSUPPORTED = -4, /* well-formed but outside the profile: refuse, naming the label */
    MISSING = -5,     /* something required is absent */
    INCOMPLETE = -6,  /* the bytes end early: more may come, nothing was consumed */
    /* trust */
    BAD_DIGEST = -10,    /* the bytes are not the ones that were named */
    BAD_SIGNATURE = -11, /* no key vouches for the bytes */
    UNKNOWN_KEY = -12,   /* signed by a key that this root does not list */
    WITHDRAWN = -13,     /* the key or the manifest was withdrawn */
    WRONG_SCOPE = -14,   /* a known key, but not for this role, vendor or class */
    TOO_FEW = -15,       /* the policy asks for more signatures */
    /* an update's conditions */
    WRONG_VENDOR = -20,
    WRONG_CLASS = -21,
    WRONG_BASE = -22,   /* the running image is not the one the delta starts from */
    OLD_SEQUENCE = -23, /* lower than what runs, or equal with another image */
    BELOW_FLOOR = -24,
    CONDITION_FAILED = -25, /* another condition of the manifest does not hold */
    /* a device's state */
    IN_USE = -30, /* therapy, patient or alarm: ask the interlock again later */
    LOW_BATTERY = -31,
    NOT_SERVICE = -32, /* service mode is off */
    BUSY = -33,        /* try again after the stated time */
    WRONG_STATE = -34, /* the verb does not fit what the device is doing */
    TRIAL_RUNNING = -35,
    NO_KEY = -36, /* the device holds no key to sign with */
    /* hardware */
    FLASH_FAILED = -40, /* a read, program or erase was answered with an error, or did not stick */
    NOT_FOUND = -41,    /* nothing valid is stored there */
    /* library or program */
    FAILED = -50, /* a library or a hook failed for a reason of its own: the state is as before the call */
};

/* The name of a value, for logs and test messages: "BAD_FORMAT". */
const char *status_name(enum status status);

#endif
