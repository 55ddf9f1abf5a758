/* Sizes of the areas, and their places one after another. */
#include "hw-sim/placement.h"

#include "agent/record.h"
#include "hw-sim/flash_cells.h"
#include "keys/base/bytes.h"
#include "keys/certificate.h"
#include "keys/root.h"

#include <string.h>

#define STORED_HEADER 16 /* of IDENTITY and TRUST */
#define META_HEADER   96
#define IDENTITY_ROOM (STORED_HEADER + CERTIFICATE_MAX + 512)
#define RING_BLOCKS   2

static struct flash_geometry geometry_of(uint32_t write_unit, uint32_t erase_block,
                                         enum profile_erased erased, uint32_t program_us, uint32_t erase_ms)
{
    return (struct flash_geometry){
        .write_unit = write_unit,
        .erase_block = erase_block,
        .erased = erased == ERASED_ONES ? 0xff : 0x00,
        .program_us = program_us,
        .erase_us = erase_ms > UINT32_MAX / 1000 ? UINT32_MAX : erase_ms * 1000,
    };
}

/* Bytes that an area needs at least on a chip. */
static uint64_t area_need(const struct profile_file *profile, enum area_id area,
                          const struct flash_geometry *chip)
{
    const struct profile *content = profile->content;
    uint32_t unit = chip->write_unit > 16 ? chip->write_unit : 16;

    switch (area) {
    case AREA_RECORD0:
    case AREA_RECORD1:
        return round_up(RECORD_SIZE, unit) + (uint64_t)RECORD_MARKS_SIZE * unit;
    case AREA_IDENTITY:
        return IDENTITY_ROOM;
    case AREA_TRUST0:
    case AREA_TRUST1:
        return STORED_HEADER + ROOT_MAX;
    case AREA_META_A:
    case AREA_META_B:
        return META_HEADER + (uint64_t)profile->device_class->manifest_max;
    case AREA_JOURNAL:
        return (uint64_t)(content->journal_blocks ? content->journal_blocks : RING_BLOCKS) *
               chip->erase_block;
    case AREA_LOG:
        return (uint64_t)(content->log_blocks ? content->log_blocks : RING_BLOCKS) * chip->erase_block;
    case AREA_SLOT_A:
    case AREA_SLOT_B:
    case AREA_COUNT:
        break;
    }
    return profile->device_class->slot_size;
}

static void place(const struct profile_file *profile, struct placement *placement, enum area_id area,
                  size_t chip)
{
    struct flash_geometry *geometry = &placement->chips[chip];
    uint64_t need = area_need(profile, area, geometry);

    placement->areas[area].chip = chip;
    placement->areas[area].offset = geometry->size;
    placement->areas[area].size =
        (need + geometry->erase_block - 1) / geometry->erase_block * geometry->erase_block;
    geometry->size += placement->areas[area].size;
}

/* The rules that the agent itself keeps, asked before there are any cells. */
static bool rules_kept(const struct placement *placement)
{
    struct flash_chip chips[FLASH_CHIPS_MAX];
    struct layout layout;

    memset(chips, 0, sizeof chips);
    for (size_t i = 0; i < placement->chip_count; i++) {
        chips[i].geometry = placement->chips[i];
        flash_chip_bind(&chips[i]);
    }
    for (size_t i = 0; i < AREA_COUNT; i++)
        layout.areas[i] = (struct area){&chips[placement->areas[i].chip].peek, placement->areas[i].offset,
                                        placement->areas[i].size};
    return layout_check(&layout) == OK;
}

bool placement_make(const struct profile_file *profile, struct placement *out, struct failure *why)
{
    const struct profile *content = profile->content;
    const struct device_class *class = profile->device_class;
    struct placement placement = {.chip_count = 1 + content->chips_count};
    bool elsewhere[AREA_COUNT] = {false};

    placement.chips[0] = geometry_of(class->write_unit, class->erase_block, content->erased,
                                     content->program_us, content->erase_ms);
    for (unsigned i = 0; i < content->chips_count; i++) {
        const struct profile_chip *chip = &content->chips[i];
        if (chip->write_unit == 0 || chip->erase_block == 0)
            return failure_set(why, FAIL_LAYOUT, "%s: chips: a write unit or erase block of 0 bytes",
                               profile->path);
        placement.chips[1 + i] =
            geometry_of(chip->write_unit, chip->erase_block, chip->erased, chip->program_us, chip->erase_ms);
        for (unsigned k = 0; k < chip->areas_count; k++) {
            place(profile, &placement, chip->areas[k], 1 + i);
            elsewhere[chip->areas[k]] = true;
        }
    }
    for (size_t area = 0; area < AREA_COUNT; area++)
        if (!elsewhere[area])
            place(profile, &placement, (enum area_id)area, 0);
    if (!rules_kept(&placement))
        return failure_set(why, FAIL_LAYOUT,
                           "%s: the areas do not fit the erase blocks, or the slots differ in size",
                           profile->path);
    *out = placement;
    return true;
}

void placement_layout(const struct placement *placement, const struct flash_cells *cells,
                      enum placement_view view, struct layout *out)
{
    for (size_t i = 0; i < AREA_COUNT; i++) {
        size_t chip = placement->areas[i].chip;
        out->areas[i].flash =
            view == VIEW_DEVICE ? flash_cells_chip(cells, chip) : flash_cells_peek(cells, chip);
        out->areas[i].offset = placement->areas[i].offset;
        out->areas[i].size = placement->areas[i].size;
    }
}
