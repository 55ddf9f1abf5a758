/* Why the agent says no, as one enum for all groups, and what each group's clients get to hear of it (docs/formats.md 7). */
#ifndef SUTURE_AGENT_REFUSAL_H
#define SUTURE_AGENT_REFUSAL_H

#include "agent/protocol/messages.h"

/* Values below 128 are the errors of group 21333 themselves. */
enum refusal {
    ALLOWED = 0,
    REFUSED_UNKNOWN = SUTURE_UNKNOWN,
    REFUSED_IN_USE = SUTURE_IN_USE,
    REFUSED_BATTERY = SUTURE_BATTERY,
    REFUSED_BUSY = SUTURE_BUSY,
    REFUSED_MANIFEST = SUTURE_MANIFEST,
    REFUSED_BASE = SUTURE_BASE,
    REFUSED_MEMORY = SUTURE_MEMORY,
    REFUSED_BLOCK = SUTURE_BLOCK,
    REFUSED_FLASH = SUTURE_FLASH,
    REFUSED_STATE = SUTURE_STATE,
    REFUSED_DIGEST = SUTURE_DIGEST,
    REFUSED_FLOOR = SUTURE_FLOOR,
    REFUSED_TRIAL = SUTURE_TRIAL,
    REFUSED_TRUST = SUTURE_TRUST,
    REFUSED_NO_KEY = SUTURE_NO_KEY,
    REFUSED_NOT_SERVICE = REASON_NOT_SERVICE, /* service mode is off */
    REFUSED_INVALID = 200,                    /* the request's map is none, or lacks something */
    REFUSED_NOT_SUPPORTED,                    /* no such group, command or direction */
    REFUSED_TOO_LONG,                         /* request or answer is larger than our memory */
    REFUSED_NO_ENTRY,                         /* nothing is there under that name */
    REFUSED_PUSH_FILE,                        /* what is uploaded does not begin as a push file does */
    REFUSED_CONFIRM,                          /* only what runs can be confirmed */
};

/* What a status of manifest, trust, conditions or state means to the one who asked. OK is ALLOWED. */
enum refusal refusal_of(enum status status);

/* A refusal on the wire: `from_group` says whether `rc` is the group's own code or the SMP layer's. Version 1 of SMP
 * knows only the latter. */
struct refusal_code {
    bool from_group;
    uint32_t rc;
};
struct refusal_code refusal_code(enum refusal refusal, uint16_t group, uint8_t smp_version);

#endif
