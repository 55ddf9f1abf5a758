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
#define MARK_SET      0xa5
#define AFFIRM_MARK   RECORD_TRY_MARKS

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
    return record->kind == RECORD_TRIAL && record->tries >= 2 && record->tries <= RECORD_TRY_MARKS;
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

enum mark_state { MARK_ERASED, MARK_EXACT, MARK_OTHER };

/* How mark `mark` reads: EXACT when it is 0xA5, `second`, zeros. A unit that can't be read is OTHER. */
static enum mark_state mark_read(const struct area *area, unsigned mark, uint8_t second)
{
    uint8_t unit[UNIT_MAX];
    uint32_t size = area_unit(area);

    if (area_read(area, mark_offset(area, mark), unit, size))
        return MARK_OTHER;
    if (bytes_all(unit, size, area->flash->erased))
        return MARK_ERASED;
    if (unit[0] == MARK_SET && unit[1] == second && bytes_all(unit + 2, size - 2, 0))
        return MARK_EXACT;
    return MARK_OTHER;
}

/* Programs a mark that reads erased, and reads it back. A unit that was ever programmed, torn or not, is left alone. */
static enum status mark_program(const struct area *area, unsigned mark, uint8_t second)
{
    uint8_t unit[UNIT_MAX] = {MARK_SET, second};

    if (mark_read(area, mark, second) != MARK_ERASED)
        return FLASH_FAILED;
    if (area_program(area, mark_offset(area, mark), unit, area_unit(area)))
        return FLASH_FAILED;
    return mark_read(area, mark, second) == MARK_EXACT ? OK : FLASH_FAILED;
}

void record_read(const struct layout *layout, unsigned which, struct record_copy *out)
{
    const struct area *area = copy_area(layout, which);
    uint8_t bytes[RECORD_SIZE];

    memset(out, 0, sizeof *out);
    out->valid = area_read(area, 0, bytes, sizeof bytes) == OK && record_decode(bytes, &out->record);
    for (unsigned i = 0; i < RECORD_TRY_MARKS; i++)
        if (mark_read(area, i, 0) != MARK_ERASED)
            out->tries_used |= (uint8_t)(1u << i);
    for (unsigned k = 0; k < 2; k++)
        out->affirm[k] = mark_read(area, AFFIRM_MARK + k, 0) == MARK_EXACT;
}

static bool affirmed(const struct record_copy *copy)
{
    return copy->affirm[0] || copy->affirm[1];
}

int record_ruling(const struct record_copy copies[2])
{
    if (!copies[0].valid || !copies[1].valid)
        return copies[0].valid ? 0 : copies[1].valid ? 1 : -1;
    if (affirmed(&copies[0]) != affirmed(&copies[1]))
        return affirmed(&copies[0]) ? 0 : 1;
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

enum status record_write(const struct layout *layout, unsigned which, const struct record *record)
{
    const struct area *area = copy_area(layout, which);
    enum status status = body_write(area, record);

    for (unsigned k = 0; !status && k < 2; k++)
        status = mark_program(area, AFFIRM_MARK + k, 0);
    return status;
}

enum status record_mark_try(const struct layout *layout, unsigned which, unsigned mark, uint8_t reset_cause)
{
    return mark_program(copy_area(layout, which), mark, reset_cause);
}

enum status record_affirm(const struct layout *layout, unsigned which, unsigned k)
{
    return mark_program(copy_area(layout, which), AFFIRM_MARK + k, 0);
}

/* The ruling record again in the other copy, with the tries that are left. */
static enum status ruling_rewrite(const struct layout *layout, struct record_copy copies[2], unsigned ruling)
{
    struct record record = copies[ruling].record;
    unsigned other = 1 - ruling;

    record.number++;
    if (record_write(layout, other, &record))
        return FLASH_FAILED;
    record_read(layout, other, &copies[other]);
    return OK;
}

enum status record_mend(const struct layout *layout, struct record_copy copies[2])
{
    int found = record_ruling(copies);

    if (found < 0)
        return NOT_FOUND;
    unsigned ruling = (unsigned)found, other = 1 - ruling;
    if (!affirmed(&copies[ruling]))
        return ruling_rewrite(layout, copies, ruling);
    if (copies[other].valid && !affirmed(&copies[other]) && area_erase_all(copy_area(layout, other)))
        return FLASH_FAILED;
    for (unsigned k = 0; k < 2; k++)
        if (mark_read(copy_area(layout, ruling), AFFIRM_MARK + k, 0) == MARK_ERASED)
            record_affirm(layout, ruling, k);
    record_read(layout, other, &copies[other]);
    record_read(layout, ruling, &copies[ruling]);
    return OK;
}
