/* The journal of a staging (docs/formats.md 4): a ring of 112-byte entries that say how far a slot is written and where its
 * stream can start again. Only the valid entry with the highest counter counts.
 *
 * A unit torn by a power cut may read well once and badly later, and one whose program was cut may read as erased. Hence
 *   - nothing is appended behind what an earlier power-on wrote: the first entry of each goes to the start of the next
 *     block, erased for it, with a counter that skips one that a torn entry may have;
 *   - the first entry of a block is written three times, and a block counts from its third valid entry on: after two cuts
 *     one of them is whole. Only then is anything done on their word, and only then may the block before be erased. A
 *     block with fewer is believed when no block counts: it counted once, and the other was being erased on its word. */
#ifndef SUTURE_AGENT_JOURNAL_H
#define SUTURE_AGENT_JOURNAL_H

#include "agent/layout.h"
#include "keys/trust.h"
#include "manifests/patch.h"

#define JOURNAL_ENTRY_SIZE 112

struct journal_entry {
    uint32_t counter;             /* set by journal_append */
    struct patch_restart segment; /* length 0: from the beginning, as the manifest says */
    uint64_t output_done;         /* end of the last erase block programmed and read back */
    uint8_t target, running;      /* enum slot_id */
    bool finished;                /* the whole image is written */
    uint8_t manifest_id[TRUST_MANIFEST_ID];
    uint8_t running_id[16]; /* first bytes of the running image's digest */
};

struct journal {
    const struct area *area;
    uint64_t next;    /* where the next entry goes */
    bool block_ready; /* the block of `next` was erased in this power-on */
    bool opened;      /* nothing was appended yet in this power-on */
    bool has_last;
    struct journal_entry last;
};

void journal_entry_encode(const struct journal_entry *entry, uint8_t out[JOURNAL_ENTRY_SIZE]);
bool journal_entry_decode(const uint8_t bytes[JOURNAL_ENTRY_SIZE], struct journal_entry *out);

/* Finds the last entry. Reads only. */
void journal_open(struct journal *journal, const struct area *area);
/* Appends one entry, three times at a block's start, and reads it back. FLASH_FAILED: the entry before still counts. */
enum status journal_append(struct journal *journal, struct journal_entry *entry);

#endif
