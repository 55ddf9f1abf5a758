/* The boot loader's decision and its few acts. Small enough to be linked into a boot loader on its own:
 * boot.c, record.c, layout.c, digest.
 *
 *   records ─► boot_choose ─► [program a try mark until one reads back] ─► digest of the slot ─► jump
 *                                  │ none sticks, used up, or digest wrong
 *                                  └──────────────► fallback ─► digest ─► jump, else recovery
 */
#ifndef SUTURE_AGENT_BOOT_H
#define SUTURE_AGENT_BOOT_H

#include "agent/record.h"

/* What to try, in order. A pure function of the two copies, so that a test enumerates it. */
struct boot_choice {
    int ruling;       /* which copy rules: 0, 1, or -1: recovery */
    int mark;         /* try mark to program before `slots[0]` is tried, or -1 */
    unsigned count;   /* slots to try: 0..2 */
    uint8_t slots[2]; /* enum slot_id; each is good (or the trial's primary) and not below the floor */
};
void boot_choose(const struct record_copy copies[2], struct boot_choice *out);

enum boot_kind { BOOT_RECOVERY = 0, BOOT_SETTLED = 1, BOOT_TRIAL = 2 };

/* What the boot loader did; handed to the image it jumps to (in RAM that survives the jump, or computed again). */
struct boot_outcome {
    uint8_t kind;       /* enum boot_kind; BOOT_TRIAL only when the trial's primary was taken */
    uint8_t running;    /* enum slot_id, SLOT_NONE in recovery */
    uint8_t tries_left; /* of the ruling record, after the mark of this boot */
    uint8_t reset_cause;
    /* number of the record that ruled, 0 for none: the agent may read a torn one otherwise */
    uint32_t record;
    bool digest_failed; /* the slot that should have run did not match its digest */
};

/* Reads both records, chooses, programs a mark (one that does not read back counts as used, and the next takes its place: a
 * unit torn by one cut must not cost the trial), measures the slot's SHA-256 over its image size, and answers which slot to
 * jump to. Never erases. `page` is working memory of at least 64 bytes; more is faster. */
void boot_run(const struct layout *layout, uint8_t reset_cause, struct buffer page, struct boot_outcome *out);

/* OK when the SHA-256 of the slot's first `size` bytes is `digest`; BAD_DIGEST, FLASH_FAILED. */
enum status slot_measure(const struct area *slot, uint64_t size, const uint8_t digest[32],
                         struct buffer page);

#endif
