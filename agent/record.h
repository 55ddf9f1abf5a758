/* Boot records (docs/formats.md 3): which slot rules, what is known of each, and the marks beside it. Layout 1, 176 bytes,
 * frozen once shipped. The agent writes records; the boot loader only programs fresh try marks. */
#ifndef SUTURE_AGENT_RECORD_H
#define SUTURE_AGENT_RECORD_H

#include "agent/layout.h"

#define RECORD_SIZE       176
#define RECORD_TRY_MARKS  7
#define RECORD_MARKS_SIZE 9 /* units after the record: 7 try marks, 2 affirms */
#define RECORD_SELF_TEST_MAX 2 /* 0 none, 1 passed, 2 failed */

enum record_kind { RECORD_SETTLED = 1, RECORD_TRIAL = 2 };
enum slot_state { SLOT_EMPTY = 0, SLOT_STAGING = 1, SLOT_STAGED = 2, SLOT_GOOD = 3, SLOT_BAD = 4 };
enum outcome {
    OUTCOME_NONE = 0,
    OUTCOME_CONFIRMED = 1,
    OUTCOME_SELF_TEST = 2,
    OUTCOME_TRIES_USED = 3,
    OUTCOME_DIGEST = 4,
    OUTCOME_OPERATOR = 5,
    OUTCOME_ABORTED = 6,
    OUTCOME_WATCHDOG = 7,
};
enum confirmed_by { CONFIRMED_BY_NOBODY = 0, CONFIRMED_BY_DEVICE = 1, CONFIRMED_BY_PORT = 2 };

struct record_slot {
    uint8_t state;           /* enum slot_state */
    uint32_t sequence;
    uint64_t size;           /* bytes of the image */
    uint8_t digest[32];      /* SHA-256 of the image */
    uint8_t manifest_id[16]; /* first bytes of the manifest digest */
};

struct record {
    uint32_t number;         /* + 1 at each write; never 0 */
    uint8_t primary;         /* enum slot_id */
    uint8_t fallback;        /* enum slot_id, SLOT_NONE for none */
    uint8_t kind;            /* enum record_kind */
    uint8_t tries;           /* 2..7 in a trial, else 0 */
    uint32_t floor, floor_after;
    uint8_t outcome, confirmed_by, self_test;
    uint16_t self_test_code;
    struct record_slot slots[2];
};

/* One copy as read from flash. */
struct record_copy {
    bool valid;              /* magic, layout, size, ranges, zero bytes and CRC hold */
    struct record record;    /* when valid */
    uint8_t tries_used;      /* bit i: try mark i is not wholly erased, or can't be read */
    bool affirm[2];          /* exact */
};

/* Encoding; decode answers false for anything that isn't exactly layout 1. */
void record_encode(const struct record *record, uint8_t out[RECORD_SIZE]);
bool record_decode(const uint8_t bytes[RECORD_SIZE], struct record *out);

/* Reads copy `which` (0, 1). A read error makes it invalid; marks that can't be read count as used. */
void record_read(const struct layout *layout, unsigned which, struct record_copy *out);
/* Which of two copies rules: an affirmed valid one before an unaffirmed one, then the higher number. -1: none is valid. */
int record_ruling(const struct record_copy copies[2]);
/* Writes `record` into copy `which`: erase, program, read back, affirm twice. `record->number` is the caller's. */
enum status record_write(const struct layout *layout, unsigned which, const struct record *record);
/* Programs one try mark with a reset cause and reads it back; FLASH_FAILED: it did not stick. */
enum status record_mark_try(const struct layout *layout, unsigned which, unsigned mark, uint8_t reset_cause);
/* Programs affirm `k` (0, 1). FLASH_FAILED: the unit is not wholly erased (it is left alone), or did not stick. */
enum status record_affirm(const struct layout *layout, unsigned which, unsigned k);

/* What the agent does at start, before anything else and before any report: makes what rules now rule for good. `copies`
 * were just read and are read again. NOT_FOUND: no valid record, nothing done. FLASH_FAILED: nothing may be done on the
 * ruling record's word. */
enum status record_mend(const struct layout *layout, struct record_copy copies[2]);

#endif
