/* Labels of the closed SUIT profile, and the one table that says which of them are read. Numbers: the draft's registry
 * (draft-ietf-suit-manifest-37, update-management for 24 and 26-28); private ones are -257 and below (docs/formats.md 6). */
#ifndef SUTURE_MANIFESTS_SUIT_LABELS_H
#define SUTURE_MANIFESTS_SUIT_LABELS_H

#include <stdbool.h>
#include <stdint.h>

#define SUIT_TAG 107

/* Envelope. */
enum {
    SUIT_KEY_WRAPPER = 2,
    SUIT_KEY_MANIFEST = 3,
};

/* Manifest map; 20 and 23 may be severed: then they are envelope members, and digests here. */
enum {
    SUIT_KEY_VERSION = 1,
    SUIT_KEY_SEQUENCE = 2,
    SUIT_KEY_COMMON = 3,
    SUIT_KEY_REFERENCE_URI = 4,
    SUIT_KEY_SET_VERSION = 6,
    SUIT_KEY_VALIDATE = 7,
    SUIT_KEY_INVOKE = 9,
    SUIT_KEY_PAYLOAD_FETCH = 16,
    SUIT_KEY_INSTALL = 20,
    SUIT_KEY_TEXT = 23,
};

/* Common map. */
enum {
    SUIT_COMMON_COMPONENTS = 2,
    SUIT_COMMON_SHARED = 4,
};

/* Conditions. */
enum {
    SUIT_CONDITION_VENDOR = 1,
    SUIT_CONDITION_CLASS = 2,
    SUIT_CONDITION_IMAGE_MATCH = 3,
    SUIT_CONDITION_USE_BEFORE = 4,
    SUIT_CONDITION_SLOT = 5,
    SUIT_CONDITION_CHECK_CONTENT = 6,
    SUIT_CONDITION_ABORT = 14,
    SUIT_CONDITION_DEVICE = 24,
    SUIT_CONDITION_BATTERY = 26,
    SUIT_CONDITION_AUTHORIZED = 27,
    SUIT_CONDITION_VERSION = 28,
    SUIT_CONDITION_BASE = -257, /* the running digest is -258, and parameter 21 is the offered stream */
};

/* Directives. */
enum {
    SUIT_DIRECTIVE_SET_INDEX = 12,
    SUIT_DIRECTIVE_TRY_EACH = 15,
    SUIT_DIRECTIVE_WRITE = 18,
    SUIT_DIRECTIVE_OVERRIDE = 20,
    SUIT_DIRECTIVE_FETCH = 21,
    SUIT_DIRECTIVE_COPY = 22,
    SUIT_DIRECTIVE_INVOKE = 23,
    SUIT_DIRECTIVE_RUN_SEQUENCE = 32,
    SUIT_DIRECTIVE_APPLY_STREAM = -258,
};

/* Parameters. */
enum {
    SUIT_PARAMETER_VENDOR = 1,
    SUIT_PARAMETER_CLASS = 2,
    SUIT_PARAMETER_DIGEST = 3,
    SUIT_PARAMETER_USE_BEFORE = 4,
    SUIT_PARAMETER_SLOT = 5,
    SUIT_PARAMETER_SIZE = 14,
    SUIT_PARAMETER_CONTENT = 18,
    SUIT_PARAMETER_URI = 21,
    SUIT_PARAMETER_SOURCE = 22,
    SUIT_PARAMETER_INVOKE_ARGUMENTS = 23,
    SUIT_PARAMETER_DEVICE = 24,
    SUIT_PARAMETER_BATTERY = 26,
    SUIT_PARAMETER_PRIORITY = 27,
    SUIT_PARAMETER_VERSION = 28,
    SUIT_PARAMETER_STREAM = -257,
    SUIT_PARAMETER_BASE = -258,
    SUIT_PARAMETER_FLOOR = -259,
    SUIT_PARAMETER_CONFIRM = -260,
    SUIT_PARAMETER_SILENCE = -261,
};

/* Private keys of the text map of language "en". */
enum {
    SUIT_TEXT_ATTACHMENTS = -257,
    SUIT_TEXT_CHECKS = -258,
    SUIT_TEXT_RELEASE = -259,
};

enum suit_argument {                       /* what follows a command's label */
                     SUIT_ARGUMENT_POLICY, /* reporting policy, 0..15 */
                     SUIT_ARGUMENT_INDEX,
                     SUIT_ARGUMENT_MAP,
                     SUIT_ARGUMENT_SEQUENCE,
                     SUIT_ARGUMENT_SEQUENCES,
};

struct suit_command_rule {
    int64_t label;
    bool is_condition;
    bool in_shared; /* may stand in the shared sequence */
    enum suit_argument argument;
    const char *name;
};

/* The rule of a command, or NULL when it is outside the profile. */
const struct suit_command_rule *suit_command_rule(int64_t label);
/* The name of a parameter, or NULL when it is outside the profile. */
const char *suit_parameter_name(int64_t label);

#endif
