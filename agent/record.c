/* Boot records: bytes, marks, which copy rules, how one is written so that a power cut leaves the old or the new one. */
#include "agent/record.h"

#include "keys/base/bytes.h"
#include "keys/base/crc.h"

#include <string.h>

#define RECORD_LAYOUT 1
#define SLOT_AT       32
#define SLOT_SIZE     64
#define ZERO_AT       160
#define CRC_AT        172
#define UNIT_MAX      256
#define TRIES_MIN     2
#define ALL_TRIES     0x7f
#define MARK_BYTE     0xa5
#define AFFIRM_MARK   RECORD_TRY_MARKS
#define VOID_MARK     (AFFIRM_MARK + RECORD_AFFIRMS)

static const uint8_t magic[4] = {'S', 'U', 'T', 'B'};

static void slot_encode(const struct record_slot *slot, uint8_t *at)
{
    at[0] = slot->state;
    put_le32(at + 4, slot->sequence);
    put_le64(at + 8, slot->size);
    memcpy(at + 16, slot->digest, sizeof slot->digest);
    memcpy(at + 48, slot->manifest_id, sizeof slot->manifest_id);
}

void record_encode(const struct record *record, uint8_t out[RECORD_SIZE])
{
    memset(out, 0, RECORD_SIZE);
    memcpy(out, magic, sizeof magic);
    put_le16(out + 4, RECORD_LAYOUT);
    put_le16(out + 6, RECORD_SIZE);
    put_le32(out + 8, record->number);
    out[12] = record->primary;
    out[13] = record->fallback;
    out[14] = record->kind;
    out[15] = record->tries;
    put_le32(out + 16, record->floor);
    put_le32(out + 20, record->floor_after);
    out[24] = record->outcome;
    out[25] = record->confirmed_by;
    out[26] = record->self_test;
    put_le16(out + 28, record->self_test_code);
    slot_encode(&record->slots[SLOT_A], out + SLOT_AT);
    slot_encode(&record->slots[SLOT_B], out + SLOT_AT + SLOT_SIZE);
    put_le32(out + CRC_AT, crc32_of(span_of(out, CRC_AT)));
}

static void slot_decode(const uint8_t *at, struct record_slot *out)
{
    out->state = at[0];
    out->sequence = get_le32(at + 4);
    out->size = get_le64(at + 8);
    memcpy(out->digest, at + 16, sizeof out->digest);
    memcpy(out->manifest_id, at + 48, sizeof out->manifest_id);
}

static void fields_decode(const uint8_t *bytes, struct record *out)
{
    memset(out, 0, sizeof *out);
    out->number = get_le32(bytes + 8);
    out->primary = bytes[12];
    out->fallback = bytes[13];
    out->kind = bytes[14];
    out->tries = bytes[15];
    out->floor = get_le32(bytes + 16);
    out->floor_after = get_le32(bytes + 20);
    out->outcome = bytes[24];
    out->confirmed_by = bytes[25];
    out->self_test = bytes[26];
    out->self_test_code = get_le16(bytes + 28);
    slot_decode(bytes + SLOT_AT, &out->slots[SLOT_A]);
    slot_decode(bytes + SLOT_AT + SLOT_SIZE, &out->slots[SLOT_B]);
}

static bool tries_fit(const struct record *record)
{
    if (record->kind == RECORD_SETTLED)
        return record->tries == 0;
    return record->kind == RECORD_TRIAL && record->tries >= TRIES_MIN && record->tries <= RECORD_TRY_MARKS;
}

static bool record_in_range(const struct record *record)
{
    return record->number != 0 && record->primary <= SLOT_B &&
           (record->fallback <= SLOT_B || record->fallback == SLOT_NONE) &&
           record->fallback != record->primary && tries_fit(record) && record->outcome <= OUTCOME_WATCHDOG &&
           record->confirmed_by <= CONFIRMED_BY_PORT && record->self_test <= RECORD_SELF_TEST_MAX &&
           record->slots[SLOT_A].state <= SLOT_BAD && record->slots[SLOT_B].state <= SLOT_BAD;
}

static bool zeros_hold(const uint8_t *bytes)
{
    return bytes[27] == 0 && bytes_all(bytes + 30, 2, 0) && bytes_all(bytes + SLOT_AT + 1, 3, 0) &&
           bytes_all(bytes + SLOT_AT + SLOT_SIZE + 1, 3, 0) &&
           bytes_all(bytes + ZERO_AT, CRC_AT - ZERO_AT, 0);
}

bool record_decode(const uint8_t bytes[RECORD_SIZE], struct record *out)
{
    struct record record;

    if (memcmp(bytes, magic, sizeof magic) != 0 || get_le16(bytes + 4) != RECORD_LAYOUT ||
        get_le16(bytes + 6) != RECORD_SIZE)
        return false;
    if (get_le32(bytes + CRC_AT) != crc32_of(span_of(bytes, CRC_AT)) || !zeros_hold(bytes))
        return false;
    fields_decode(bytes, &record);
    if (!record_in_range(&record))
        return false;
    *out = record;
    return true;
}

static const struct area *copy_area(const struct layout *layout, unsigned which)
{
    return &layout->areas[which ? AREA_RECORD1 : AREA_RECORD0];
}

static uint64_t mark_offset(const struct area *area, unsigned mark)
{
    uint32_t unit = area_unit(area);

    return round_up(RECORD_SIZE, unit) + (uint64_t)mark * unit;
}

enum mark_state { MARK_ERASED, MARK_SET, MARK_UNREADABLE };

/* Reads mark `mark`, one unit, into `unit`. */
static enum mark_state mark_read(const struct area *area, unsigned mark, uint8_t unit[UNIT_MAX])
{
    uint32_t size = area_unit(area);

    if (area_read(area, mark_offset(area, mark), unit, size))
        return MARK_UNREADABLE;
    return bytes_all(unit, size, area->flash->erased) ? MARK_ERASED : MARK_SET;
}

static bool mark_erased(const struct area *area, unsigned mark)
{
    uint8_t unit[UNIT_MAX];

    return mark_read(area, mark, unit) == MARK_ERASED;
}

static bool affirm_exact(const struct area *area, unsigned k)
{
    uint8_t unit[UNIT_MAX];

    return mark_read(area, AFFIRM_MARK + k, unit) == MARK_SET && unit[0] == MARK_BYTE &&
           bytes_all(unit + 1, area_unit(area) - 1, 0);
}

/* The number that a void mark names; 0 for none. The number stands there twice, so that no half-written one is believed. */
static uint32_t void_number(const struct area *area)
{
    uint8_t unit[UNIT_MAX];

    if (mark_read(area, VOID_MARK, unit) != MARK_SET || unit[0] != MARK_BYTE || unit[1] != 0 ||
        !bytes_all(unit + 10, area_unit(area) - 10, 0))
        return 0;
    uint32_t number = get_le32(unit + 2);
    return get_le32(unit + 6) == ~number ? number : 0;
}

/* Programs a mark that reads erased, and reads it back. A unit that is known to be programmed, torn or not, is left alone. */
static enum status mark_program(const struct area *area, unsigned mark, const uint8_t unit[UNIT_MAX])
{
    uint8_t back[UNIT_MAX];
    uint32_t size = area_unit(area);

    if (!mark_erased(area, mark) || area_program(area, mark_offset(area, mark), unit, size))
        return FLASH_FAILED;
    if (mark_read(area, mark, back) != MARK_SET || memcmp(unit, back, size) != 0)
        return FLASH_FAILED;
    return OK;
}

void record_read(const struct layout *layout, unsigned which, struct record_copy *out)
{
    const struct area *area = copy_area(layout, which);
    uint8_t bytes[RECORD_SIZE];

    memset(out, 0, sizeof *out);
    out->tries_used = ALL_TRIES;
    if (area_read(area, 0, bytes, sizeof bytes) || !record_decode(bytes, &out->record))
        return;
    out->valid = true;
    for (unsigned i = 0; i < RECORD_TRY_MARKS; i++)
        if (mark_erased(area, i))
            out->tries_used &= (uint8_t) ~(1u << i);
    for (unsigned k = 0; k < RECORD_AFFIRMS; k++)
        out->affirm[k] = affirm_exact(area, k);
    out->voids = void_number(area);
}

/* `other` says that a record up to this one's number was given up. It is too late to say so of one that was affirmed three
 * times: only the agent that went on with it programs the second and third affirm. */
static bool voided_by(const struct record_copy *copy, const struct record_copy *other)
{
    return other->valid && copy->record.number <= other->voids && !(copy->affirm[1] && copy->affirm[2]);
}

/* Whether copy `which`, valid, counts. */
static bool counts(const struct record_copy copies[2], unsigned which)
{
    const struct record_copy *copy = &copies[which];

    return (copy->affirm[0] || copy->affirm[1] || copy->affirm[2]) && !voided_by(copy, &copies[1 - which]);
}

int record_ruling(const struct record_copy copies[2])
{
    if (!copies[0].valid || !copies[1].valid)
        return copies[0].valid ? 0 : copies[1].valid ? 1 : -1;
    if (counts(copies, 0) != counts(copies, 1))
        return counts(copies, 0) ? 0 : 1;
    return copies[1].record.number > copies[0].record.number ? 1 : 0;
}

/* Erases the copy, programs the record's bytes and reads them back. It does not count yet. */
static enum status body_write(const struct area *area, const struct record *record)
{
    uint8_t bytes[UNIT_MAX], back[RECORD_SIZE];

    memset(bytes, area->flash->erased, sizeof bytes);
    record_encode(record, bytes);
    if (area_erase_all(area) || area_program(area, 0, bytes, round_up(RECORD_SIZE, area_unit(area))))
        return FLASH_FAILED;
    if (area_read(area, 0, back, sizeof back) || memcmp(bytes, back, sizeof back) != 0)
        return FLASH_FAILED;
    return OK;
}

static enum status affirm_program(const struct area *area, unsigned k)
{
    static const uint8_t unit[UNIT_MAX] = {MARK_BYTE};

    return mark_program(area, AFFIRM_MARK + k, unit);
}

enum status record_mark_try(const struct layout *layout, unsigned which, unsigned mark, uint8_t reset_cause)
{
    uint8_t unit[UNIT_MAX] = {MARK_BYTE, reset_cause};

    if (mark >= RECORD_TRY_MARKS)
        return BAD_FORMAT;
    return mark_program(copy_area(layout, which), mark, unit);
}

/* Writes a record of which `used` tries are gone already. */
static enum status record_write_used(const struct layout *layout, unsigned which, const struct record *record,
                                     unsigned used)
{
    enum status status;

    if (!record_in_range(record))
        return BAD_FORMAT;
    status = body_write(copy_area(layout, which), record);
    for (unsigned i = 0; !status && i < used; i++)
        status = record_mark_try(layout, which, i, 0);
    for (unsigned k = 0; !status && k < RECORD_AFFIRMS; k++)
        status = affirm_program(copy_area(layout, which), k);
    return status;
}

struct record record_first(const struct record_slot *image, uint32_t floor)
{
    return (struct record){
        .number = 1,
        .primary = SLOT_A,
        .fallback = SLOT_NONE,
        .kind = RECORD_SETTLED,
        .floor = floor,
        .floor_after = floor,
        .slots[SLOT_A] = *image,
    };
}

enum status record_write(const struct layout *layout, unsigned which, const struct record *record)
{
    return record_write_used(layout, which, record, 0);
}

bool record_allows(const struct record *record, uint8_t slot)
{
    return slot <= SLOT_B && record->slots[slot].state == SLOT_GOOD &&
           record->slots[slot].sequence >= record->floor;
}

unsigned record_tries_left(const struct record_copy *copy)
{
    unsigned left = 0;

    for (unsigned i = 0; i < copy->record.tries; i++)
        if (!(copy->tries_used >> i & 1))
            left++;
    return left;
}

/* The ruling record once more, in the other copy, under `number`, with the tries that are left. A trial allows two tries
 * at least, so where fewer are left the rest is marked as used before the record counts. */
static enum status ruling_rewrite(const struct layout *layout, struct record_copy copies[2], unsigned ruling,
                                  uint32_t number)
{
    struct record record = copies[ruling].record;
    unsigned used = 0;

    record.number = number;
    if (record.kind == RECORD_TRIAL) {
        unsigned left = record_tries_left(&copies[ruling]);
        record.tries = (uint8_t)(left < TRIES_MIN ? TRIES_MIN : left);
        used = record.tries - left;
    }
    enum status status = record_write_used(layout, 1 - ruling, &record, used);
    if (!status)
        record_read(layout, 1 - ruling, &copies[1 - ruling]);
    return status;
}

/* The number up to which newer records beside the ruling one are to be given up, or were when power went; 0: none. */
static uint32_t newer_number(const struct record_copy copies[2], unsigned ruling)
{
    const struct record_copy *rules = &copies[ruling], *other = &copies[1 - ruling];
    uint32_t number = other->valid ? other->record.number : 0;

    if (rules->voids > number)
        number = rules->voids;
    return number > rules->record.number ? number : 0;
}

/* Says in the ruling copy, which is whole, that the newer record is given up, before the newer one is touched: what a cut
 * erase leaves of it may read as affirmed. Then the ruling record is made the newest. */
static enum status newer_give_up(const struct layout *layout, struct record_copy copies[2], unsigned ruling,
                                 uint32_t number)
{
    uint8_t unit[UNIT_MAX] = {MARK_BYTE};

    put_le32(unit + 2, number);
    put_le32(unit + 6, ~number);
    /* When the mark is used already, or does not stick, the erase is all that is left to do. */
    (void)mark_program(copy_area(layout, ruling), VOID_MARK, unit);
    return ruling_rewrite(layout, copies, ruling, number + 1);
}

enum status record_mend(const struct layout *layout, struct record_copy copies[2])
{
    int found = record_ruling(copies);

    if (found < 0)
        return NOT_FOUND;
    unsigned ruling = (unsigned)found;
    uint32_t newer = newer_number(copies, ruling);
    if (newer)
        return newer_give_up(layout, copies, ruling, newer);
    if (!counts(copies, ruling))
        return ruling_rewrite(layout, copies, ruling, copies[ruling].record.number + 1);

    for (unsigned k = 0; k < RECORD_AFFIRMS; k++)
        if (mark_erased(copy_area(layout, ruling), AFFIRM_MARK + k))
            (void)affirm_program(copy_area(layout, ruling), k); /* one that does not stick is one of three */
    record_read(layout, ruling, &copies[ruling]);
    return OK;
}
