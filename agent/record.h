/* Boot records (docs/formats.md 3): which slot rules, what is known of each, and the marks beside it. Layout 1, 176 bytes,
 * frozen once shipped. The agent writes records; the boot loader only programs fresh try marks.
 *
 *   0            round_up(176, U)   each mark is one unit U = max(16, write unit)
 *   │ record │…│ try 0 … try 6 │ affirm 0 │ affirm 1 │ affirm 2 │ void │
 *
 * A record counts from its first affirm on: until then the other copy rules, however well this one reads. A unit torn by a
 * power cut may read differently each time, so one exact affirm proves little to whoever did not program it: the cut may
 * have come in its middle. Hence
 *   - three affirms: the writer programs all, and record_mend those that read erased, before anything is done on the
 *     record's word. Each cut spoils one, so after two cuts one of them is whole, and the record counts for good.
 *   - the void mark: a newer record that does not count at start is given up, and the ruling copy, which is whole, says so
 *     (with its number) before the newer one is erased. A cut erase may leave it readable, even affirmed; it stays void.
 * tests/unit/agent/test_record_power.c searches all states under two cuts and free reads. */
#ifndef SUTURE_AGENT_RECORD_H
#define SUTURE_AGENT_RECORD_H

#include "agent/layout.h"

#define RECORD_SIZE          176
#define RECORD_TRY_MARKS     7
#define RECORD_AFFIRMS       3
#define RECORD_MARKS_SIZE    11 /* units after the record: 7 try marks, 3 affirms, 1 void mark */
#define RECORD_SELF_TEST_MAX 2  /* 0 none, 1 passed, 2 failed */

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
    uint8_t state; /* enum slot_state */
    uint32_t sequence;
    uint64_t size;           /* bytes of the image */
    uint8_t digest[32];      /* SHA-256 of the image */
    uint8_t manifest_id[16]; /* first bytes of the manifest digest */
};

struct record {
    uint32_t number;  /* + 1 at each write; never 0 */
    uint8_t primary;  /* enum slot_id */
    uint8_t fallback; /* enum slot_id, SLOT_NONE for none */
    uint8_t kind;     /* enum record_kind */
    uint8_t tries;    /* 2..7 in a trial, else 0 */
    uint32_t floor, floor_after;
    uint8_t outcome, confirmed_by, self_test;
    uint16_t self_test_code;
    struct record_slot slots[2];
};

/* One copy as read from flash. */
struct record_copy {
    bool valid;           /* magic, layout, size, ranges, zero bytes and CRC hold */
    struct record record; /* zeros unless valid */
    uint8_t tries_used;   /* bit i: try mark i is not wholly erased, or can't be read; all when not valid */
    bool affirm[RECORD_AFFIRMS]; /* exact; false when not valid */
    uint32_t voids;              /* records of the other copy up to this number are given up; 0: none */
};

/* Encoding; decode answers false, and leaves `out` alone, for anything that isn't exactly layout 1: magic, size, CRC, zero
 * bytes, and every field in the range that struct record and its enums state. */
void record_encode(const struct record *record, uint8_t out[RECORD_SIZE]);
bool record_decode(const uint8_t bytes[RECORD_SIZE], struct record *out);

/* Reads copy `which` (0, 1). A read error makes it invalid; marks that can't be read count as used, affirms that can't be
 * read as absent. */
void record_read(const struct layout *layout, unsigned which, struct record_copy *out);

/* Which of two copies rules: a valid one that counts before one that doesn't, then the higher number. A copy counts when an
 * affirm is exact and the other copy does not void it (a void mark is ignored once affirms 1 and 2 are both exact: only an
 * agent that went on with the record programs those). -1: none is valid. */
int record_ruling(const struct record_copy copies[2]);

/* Whether a slot may be booted on this record's word outside a trial: it is good, and not below the floor. SLOT_NONE may not.
 * Also the condition under which the agent, running from a slot that is not primary, may write a record that makes it so. */
bool record_allows(const struct record *record, uint8_t slot);
/* Tries of a trial that are not used up; 0 when settled. */
unsigned record_tries_left(const struct record_copy *copy);

/* Writes `record` into copy `which`, the one that does not rule: erase, program, read back, affirm three times, each read back.
 * `record->number` is the caller's: one more than the ruling record's. BAD_FORMAT: a field out of range, nothing was
 * touched. FLASH_FAILED: copy `which` holds nothing that counts, unless the first affirm stuck and a later one did not;
 * read both again. */
enum status record_write(const struct layout *layout, unsigned which, const struct record *record);

/* The record that a factory writes: number 1, settled, slot A as `image` says, no fallback. `floor` is in force at once. */
struct record record_first(const struct record_slot *image, uint32_t floor);

/* Programs one try mark (0..6) with a reset cause and reads it back. FLASH_FAILED: the unit was not wholly erased (it is left
 * alone), or the mark did not stick. BAD_FORMAT: no such mark. */
enum status record_mark_try(const struct layout *layout, unsigned which, unsigned mark, uint8_t reset_cause);

/* What the agent does at start, before anything else and before any report: makes what rules now rule for good. `copies`
 * were just read, each once, and are up to date again afterwards.
 *   ruling record counts, nothing newer beside it: its affirms that read erased are programmed. One that reads neither erased
 *       nor exact is torn and is never programmed again.
 *   a newer record beside it does not count: its writer was cut before anything was done on its word. It is voided, and the
 *       ruling record is written again in its place, under the next number, with the tries that are left.
 *   alone or beside another that doesn't count: written again into the other copy in the same way.
 * An older record is left alone; the next write erases it.
 * NOT_FOUND: no valid record, nothing done. FLASH_FAILED: the record could not be made to last; the ruling one is untouched.
 * Write nothing else, and try again at the next start. */
enum status record_mend(const struct layout *layout, struct record_copy copies[2]);

#endif
