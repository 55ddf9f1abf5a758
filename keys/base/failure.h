/* Everything that can go wrong and be seen by a user, in one catalogue: id, cause, next step, exit code. Host code.
 * A function that can fail takes a `struct failure *` and returns false after failure_set; the message is built at the
 * place that knows most, the cause and the next step come from the catalogue (failure.c). */
#ifndef SUTURE_KEYS_BASE_FAILURE_H
#define SUTURE_KEYS_BASE_FAILURE_H

#include "keys/base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Exit codes (docs/formats.md, "exit codes"); a batch ends with the worst one, see exit_worst. */
enum exit_code {
    EXIT_VERIFIED = 0,
    EXIT_NOTHING_TO_DO = 2,
    EXIT_REFUSED_INTERLOCK = 10,
    EXIT_REFUSED_BUNDLE = 11,
    EXIT_NO_DEVICE = 12,
    EXIT_NO_PERMISSION = 13,
    EXIT_FAILED_SAFE = 14,
    EXIT_ROLLED_BACK = 15,
    EXIT_UNKNOWN = 16,
    EXIT_UNSAFE = 17,
    EXIT_NEEDS_PERSON = 18,
    EXIT_USAGE = 64,
    EXIT_INTERNAL = 70,
    EXIT_LOCAL_IO = 74,
    EXIT_INTERRUPTED = 130,
};

/* One exit code in words. */
struct exit_entry {
    enum exit_code code;
    const char *meaning;
};
/* All of them, from 0 up; `count` gets how many. */
const struct exit_entry *exit_catalogue(size_t *count);

/* The worse of two, by the order 17 16 15 14 18 70 74 130 11 13 12 10 64 2 0. */
enum exit_code exit_worst(enum exit_code a, enum exit_code b);

/* The number in an id is the number users see: FAIL_UNSIGNED = 30 is "E-30". Never renumber, never reuse. */
enum failure_id {
    FAIL_NONE = 0,
    /* 1-9: any program */
    FAIL_USAGE = 1,
    FAIL_INTERNAL = 2,
    FAIL_FILE_OPEN = 3,
    FAIL_FILE_READ = 4,
    FAIL_FILE_WRITE = 5,
    FAIL_FILE_EXISTS = 6,
    FAIL_FILE_TOO_LARGE = 7,
    FAIL_MEMORY = 8,
    FAIL_INTERRUPTED = 9,
    /* 10-29: keys and trust */
    FAIL_KEY_FORMAT = 10,
    FAIL_KEY_READABLE = 11,
    FAIL_KEY_PUBLISHED = 12,
    FAIL_SIGNER = 13,
    FAIL_ROOT_FORMAT = 14,
    FAIL_ROOT_SIGNATURE = 15,
    FAIL_ROOT_OLD = 16,
    FAIL_NO_ROOT = 17,
    FAIL_KEY_UNKNOWN = 18,
    FAIL_KEY_WITHDRAWN = 19,
    FAIL_KEY_SCOPE = 20,
    FAIL_SIGNATURE = 21,
    FAIL_TOO_FEW_SIGNATURES = 22,
    FAIL_CERTIFICATE = 23,
    FAIL_RANDOM = 24,
    FAIL_MANIFEST_WITHDRAWN = 25,
    FAIL_STORE = 26,
    FAIL_POLICY = 27,
    /* 30-49: recipe, manifest, bundle */
    FAIL_UNSIGNED = 30,
    FAIL_MANIFEST_FORMAT = 31,
    FAIL_MANIFEST_DIGEST = 32,
    FAIL_MANIFEST_PROFILE = 33,
    FAIL_MANIFEST_TOO_LARGE = 34,
    FAIL_BUNDLE_FORMAT = 35,
    FAIL_BUNDLE_TRUNCATED = 36,
    FAIL_BUNDLE_ENTRY = 37,
    FAIL_BUNDLE_DIGEST = 38,
    FAIL_BUNDLE_CHANGED = 39,
    FAIL_RECIPE = 40,
    FAIL_DEVICE_CLASS = 41,
    FAIL_IMAGE_TOO_LARGE = 42,
    FAIL_BLOCK_TOO_LARGE = 43,
    FAIL_STREAM = 44,
    FAIL_WRONG_CLASS = 45,
    FAIL_WRONG_VENDOR = 46,
    FAIL_OLD_SEQUENCE = 47,
    FAIL_BELOW_FLOOR = 48,
    FAIL_LOADER_TOO_OLD = 49,
    /* 50-69: device */
    FAIL_IN_USE = 50,
    FAIL_NOT_SERVICE = 51,
    FAIL_BATTERY = 52,
    FAIL_DEVICE_BUSY = 53,
    FAIL_DEVICE_REFUSED = 54,
    FAIL_DEVICE_MEMORY = 55,
    FAIL_DEVICE_FLASH = 56,
    FAIL_DEVICE_STATE = 57,
    FAIL_WRONG_BASE = 58,
    FAIL_TRIAL_RUNNING = 59,
    FAIL_ROLLED_BACK = 60,
    FAIL_UNSAFE = 61,
    FAIL_NO_EVIDENCE = 62,
    FAIL_REPORT = 63,
    FAIL_NO_ROLLBACK = 64,
    FAIL_NOT_CURRENT = 65,
    FAIL_BATTERY_UNKNOWN = 66,
    FAIL_CHECKS = 67,
    /* 70-89: link and session */
    FAIL_NO_DEVICE = 70,
    FAIL_ADDRESS = 71,
    FAIL_LINK_PERMISSION = 72,
    FAIL_LINK_LOST = 73,
    FAIL_TIMEOUT = 74,
    FAIL_NONSENSE = 75,
    FAIL_NO_BUNDLE = 76,
    FAIL_AMBIGUOUS_BUNDLE = 77,
    FAIL_OTHER_DEVICE = 78,
    FAIL_LINK_BUSY = 79,
    FAIL_RECEIPT_FORMAT = 80,
    FAIL_RECEIPT_CHANGED = 81,
    FAIL_RECEIPT_WRITE = 82,
    FAIL_NOT_A_PORT = 83,
    FAIL_PORT_SPEED = 84,
    FAIL_MODEM_MANAGER = 85,
    FAIL_SAME_SERIAL = 86,
    FAIL_SERIAL_DIR = 87,
    FAIL_CLOCK = 88,
    FAIL_ROOT_OVER = 89,
    /* 90-99: simulator */
    FAIL_PROFILE = 90,
    FAIL_FLASH_IMAGE = 91,
    FAIL_DOOR = 92,
    FAIL_CONTROL = 93,
    FAIL_LAYOUT = 94,
    /* 100-119: the agent on Linux */
    FAIL_AGENT_CONFIG = 100,
    FAIL_AGENT_DISK = 101,
    FAIL_AGENT_LOCKED = 102,
    FAIL_AGENT_NO_BOOT = 103,
    FAIL_AGENT_BOOT_CONTROL = 104,
    FAIL_AGENT_HOOK = 105,
    FAIL_AGENT_DOOR = 106,
    FAIL_AGENT_GADGET = 107,
    FAIL_AGENT_TRIAL = 108,
    FAIL_AGENT_HOLD = 109,
    FAIL_AGENT_SILENT = 110,
    FAIL_AGENT_IDENTITY = 111,
    FAIL_AGENT_RECOVERY = 112,
    FAIL_AGENT_PUSH = 113,
    /* 125-129: what a device does that no device should */
    FAIL_STUCK = 125,
    FAIL_PACKET_SIZE = 126,
    /* 130-139: USB */
    FAIL_USB_PERMISSION = 130,
    FAIL_USB_BUSY = 131,
    FAIL_USB_DRIVER = 132,
    FAIL_USB_SEVERAL = 133,
    FAIL_USB_DESCRIPTORS = 134,
    FAIL_USB_FROZEN = 135,
    FAIL_USB_VANISHED = 136,
    FAIL_USB_TRANSFER = 137,
    FAIL_USB_PEER = 138,
    FAIL_USB_SYSTEM = 139,
};

struct failure {
    enum failure_id id;
    char what[512]; /* what happened, to what: one line without the id, terminal escapes made harmless */
};

/* One row of the catalogue. */
struct failure_entry {
    enum failure_id id;
    enum exit_code exit;
    const char *title; /* five words */
    const char *cause; /* why it happens, one or two sentences */
    const char *next;  /* what to do now */
};

/* Fills `why` (may be NULL) and returns false, so that a function can end with `return failure_set(...)`. */
bool failure_set(struct failure *why, enum failure_id id, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The row of an id; never NULL: an id without a row is a row that says so. */
const struct failure_entry *failure_entry(enum failure_id id);
/* All rows in order of their numbers; `count` gets how many. */
const struct failure_entry *failure_catalogue(size_t *count);
/* "E-30 the bundle is unsigned: NAME. Next: …" on `out`, one line for the message and one for the next step. */
void failure_print(FILE *out, const struct failure *why);
enum exit_code failure_exit(const struct failure *why);
/* Copies `text` as valid UTF-8 that is harmless on a terminal: each byte of a control character, of a mark that reorders a
 * line or of a malformed sequence becomes "?". Cut between characters when it does not fit; always ends with NUL. */
void text_harmless(char *out, size_t capacity, const char *text, size_t size);

#endif
