/* Areas of flash: the rules that a layout must keep, and access that can't leave an area. */
#include "agent/layout.h"

#include "agent/record.h"
#include "keys/base/bytes.h"

#define UNIT_MIN           16
#define WRITE_UNIT_MAX     256
#define META_HEADER_SIZE   96
#define LOG_ENTRY_SIZE     64
#define JOURNAL_ENTRY_SIZE 112

static bool power_of_two(uint32_t value)
{
    return value != 0 && (value & (value - 1)) == 0;
}

static uint32_t unit_of(const struct flash *flash)
{
    return flash->write_unit > UNIT_MIN ? flash->write_unit : UNIT_MIN;
}

static bool flash_fits(const struct flash *flash)
{
    if (!flash || !flash->read || !flash->program || !flash->erase || !flash->sync != !flash->sync_begin)
        return false;
    if (!power_of_two(flash->write_unit) || flash->write_unit > WRITE_UNIT_MAX)
        return false;
    if (flash->erased != 0xff && flash->erased != 0x00)
        return false;
    return flash->erase_block != 0 && flash->erase_block % unit_of(flash) == 0;
}

static bool area_aligned(const struct area *area)
{
    uint32_t block = area->flash->erase_block;

    return area->size != 0 && area->offset % block == 0 && area->size % block == 0 &&
           area->size <= UINT64_MAX - area->offset;
}

static bool areas_overlap(const struct area *a, const struct area *b)
{
    return a->flash == b->flash && a->offset < b->offset + b->size && b->offset < a->offset + a->size;
}

/* A ring must be able to keep its newest entry while it erases the block of the oldest. */
static bool ring_fits(const struct area *area, uint32_t entry)
{
    uint32_t block = area->flash->erase_block;

    return area->size / block >= 2 && block >= round_up(entry, unit_of(area->flash));
}

static bool record_fits(const struct area *area)
{
    uint32_t unit = unit_of(area->flash);

    return area->size >= round_up(RECORD_SIZE, unit) + RECORD_MARKS_SIZE * unit;
}

static bool sizes_fit(const struct area areas[AREA_COUNT])
{
    return record_fits(&areas[AREA_RECORD0]) && record_fits(&areas[AREA_RECORD1]) &&
           areas[AREA_META_A].size > META_HEADER_SIZE && areas[AREA_META_B].size > META_HEADER_SIZE &&
           ring_fits(&areas[AREA_JOURNAL], JOURNAL_ENTRY_SIZE) &&
           ring_fits(&areas[AREA_LOG], LOG_ENTRY_SIZE) && areas[AREA_SLOT_A].size == areas[AREA_SLOT_B].size;
}

/* The order of small writes is their meaning: only slots may wait for a sync. */
static bool keeps_order(const struct area areas[AREA_COUNT])
{
    for (unsigned i = 0; i < AREA_SLOT_A; i++)
        if (areas[i].flash->sync)
            return false;
    return true;
}

enum status layout_check(const struct layout *layout)
{
    const struct area *areas = layout->areas;

    for (unsigned i = 0; i < AREA_COUNT; i++)
        if (!flash_fits(areas[i].flash) || !area_aligned(&areas[i]))
            return BAD_FORMAT;
    for (unsigned i = 0; i < AREA_COUNT; i++)
        for (unsigned j = i + 1; j < AREA_COUNT; j++)
            if (areas_overlap(&areas[i], &areas[j]))
                return BAD_FORMAT;
    return keeps_order(areas) && sizes_fit(areas) ? OK : BAD_FORMAT;
}

uint32_t area_unit(const struct area *area)
{
    return unit_of(area->flash);
}

static bool area_holds(const struct area *area, uint64_t offset, size_t size)
{
    return offset <= area->size && size <= area->size - offset;
}

enum status area_read(const struct area *area, uint64_t offset, void *data, size_t size)
{
    if (!area_holds(area, offset, size))
        return TOO_LARGE;
    return area->flash->read(area->flash->context, area->offset + offset, data, size);
}

enum status area_program(const struct area *area, uint64_t offset, const void *data, size_t size)
{
    if (!area_holds(area, offset, size))
        return TOO_LARGE;
    return area->flash->program(area->flash->context, area->offset + offset, data, size);
}

enum status area_erase_block(const struct area *area, uint64_t offset)
{
    if (!area_holds(area, offset, area->flash->erase_block))
        return TOO_LARGE;
    return area->flash->erase(area->flash->context, area->offset + offset);
}

enum status area_sync_begin(const struct area *area)
{
    return area->flash->sync ? area->flash->sync_begin(area->flash->context) : OK;
}

enum status area_sync(const struct area *area)
{
    return area->flash->sync ? area->flash->sync(area->flash->context) : OK;
}

enum status area_erase_all(const struct area *area)
{
    for (uint64_t at = 0; at < area->size; at += area->flash->erase_block) {
        enum status status = area_erase_block(area, at);
        if (status)
            return status;
    }
    return OK;
}
