/* The boot loader's choice and what it does on its word: one try mark, one or two digests, no erase. */
#include "agent/boot.h"

#include "keys/digest.h"

#include <string.h>

static int first_unused_mark(const struct record_copy *copy)
{
    for (int mark = 0; mark < copy->record.tries; mark++)
        if (!(copy->tries_used >> mark & 1))
            return mark;
    return -1;
}

static bool above_floor(const struct record *record, uint8_t slot)
{
    return record->slots[slot].sequence >= record->floor;
}

static void choose_slot(struct boot_choice *choice, uint8_t slot)
{
    choice->slots[choice->count++] = slot;
}

void boot_choose(const struct record_copy copies[2], struct boot_choice *out)
{
    *out = (struct boot_choice){.ruling = record_ruling(copies), .mark = -1, .slots = {SLOT_NONE, SLOT_NONE}};
    if (out->ruling < 0)
        return;

    const struct record_copy *copy = &copies[out->ruling];
    const struct record *record = &copy->record;

    if (record->kind == RECORD_TRIAL) {
        int mark = first_unused_mark(copy);
        if (mark >= 0 && above_floor(record, record->primary)) {
            out->mark = mark;
            choose_slot(out, record->primary);
        }
    } else if (record_allows(record, record->primary)) {
        choose_slot(out, record->primary);
    }
    if (record_allows(record, record->fallback))
        choose_slot(out, record->fallback);
}

enum status slot_measure(const struct area *slot, uint64_t size, const uint8_t expected[32],
                         struct buffer page)
{
    struct digest digest;
    uint8_t measured[DIGEST_SIZE];

    if (size > slot->size)
        return BAD_DIGEST;
    digest_start(&digest);
    for (uint64_t at = 0; at < size;) {
        size_t part = size - at < page.capacity ? (size_t)(size - at) : page.capacity;
        if (area_read(slot, at, page.data, part))
            return FLASH_FAILED;
        digest_update(&digest, span_of(page.data, part));
        at += part;
    }
    digest_finish(&digest, measured);
    return digest_equal(measured, expected) ? OK : BAD_DIGEST;
}

static enum status measure_as_recorded(const struct layout *layout, const struct record *record, uint8_t slot,
                                       struct buffer page)
{
    const struct area *area = &layout->areas[slot == SLOT_A ? AREA_SLOT_A : AREA_SLOT_B];

    return slot_measure(area, record->slots[slot].size, record->slots[slot].digest, page);
}

static uint8_t kind_of(const struct record *record, uint8_t running)
{
    return record->kind == RECORD_TRIAL && running == record->primary ? BOOT_TRIAL : BOOT_SETTLED;
}

/* Marks this boot's try. A mark that does not stick (torn by an earlier cut, and read as erased just now) counts as used, and
 * the next takes its place: one cut must not cost the trial. When none sticks, the choice is the fallback's. */
static void mark_try(const struct layout *layout, uint8_t reset_cause, struct record_copy copies[2],
                     struct boot_choice *choice)
{
    while (choice->mark >= 0) {
        copies[choice->ruling].tries_used |= (uint8_t)(1u << choice->mark);
        if (record_mark_try(layout, (unsigned)choice->ruling, (unsigned)choice->mark, reset_cause) == OK)
            return;
        boot_choose(copies, choice);
    }
}

void boot_run(const struct layout *layout, uint8_t reset_cause, struct buffer page, struct boot_outcome *out)
{
    struct record_copy copies[2];
    struct boot_choice choice;

    *out = (struct boot_outcome){.kind = BOOT_RECOVERY, .running = SLOT_NONE, .reset_cause = reset_cause};
    record_read(layout, 0, &copies[0]);
    record_read(layout, 1, &copies[1]);
    boot_choose(copies, &choice);
    if (choice.ruling < 0)
        return;

    const struct record_copy *ruling = &copies[choice.ruling];
    out->record = ruling->record.number;
    mark_try(layout, reset_cause, copies, &choice);
    out->tries_left = (uint8_t)record_tries_left(ruling);
    for (unsigned next = 0; next < choice.count; next++) {
        uint8_t slot = choice.slots[next];
        if (measure_as_recorded(layout, &ruling->record, slot, page) == OK) {
            out->kind = kind_of(&ruling->record, slot);
            out->running = slot;
            return;
        }
        out->digest_failed = true;
    }
}
