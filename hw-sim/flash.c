/* How the cells behave: rules, torn operations, and the two views (device and bystander). Where they are kept: flash_file.c. */
#include "hw-sim/flash.h"
#include "hw-sim/flash_cells.h"
#include "hw-sim/chance.h"

#include <string.h>

static uint8_t *cell_at(const struct flash_chip *chip, uint64_t offset)
{
    return chip->cells->bytes + chip->first_byte + offset;
}

static uint8_t *unit_state(const struct flash_chip *chip, uint64_t offset)
{
    return chip->cells->units + chip->first_unit + offset / chip->geometry.write_unit;
}

static bool range_fits(const struct flash_chip *chip, uint64_t offset, size_t size, uint32_t unit)
{
    return offset <= chip->geometry.size && size <= chip->geometry.size - offset && offset % unit == 0 &&
           size % unit == 0;
}

/* One read of a torn unit. What the cells keep is what was being written (a torn program) or what stood there (a torn
 * erase); the other end is the erased value. */
static enum status torn_read(const struct flash_chip *chip, uint64_t offset, uint8_t *unit)
{
    const uint8_t *kept = cell_at(chip, offset);
    uint8_t erased = chip->geometry.erased;
    uint64_t *chance = chip->cells->chance;
    uint64_t kind = chance_below(chance, 8);
    bool erasing = *unit_state(chip, offset) == UNIT_TORN_ERASE;

    if (kind == 0)
        return FLASH_FAILED;
    for (uint32_t i = 0; i < chip->geometry.write_unit; i++) {
        uint8_t mask = kind == 1 ? 0x00 : kind == 2 ? 0xff : (uint8_t)chance_next(chance);
        /* NOR programs all cells of a block before it erases them: an interrupted erase may leave those too */
        uint8_t other = erasing && kind == 3 ? (uint8_t)~erased : erased;
        unit[i] = (uint8_t)((kept[i] & mask) | (other & ~mask));
    }
    return OK;
}

static enum status chip_read(void *context, uint64_t offset, uint8_t *data, size_t size)
{
    const struct flash_chip *chip = context;
    uint32_t write_unit = chip->geometry.write_unit;
    uint8_t unit[FLASH_UNIT_MAX];

    if (!range_fits(chip, offset, size, 1))
        return FLASH_FAILED;
    while (size > 0) {
        size_t skip = (size_t)(offset % write_unit);
        size_t part = write_unit - skip < size ? write_unit - skip : size;
        uint64_t start = offset - skip;
        if (*unit_state(chip, offset) < UNIT_TORN_PROGRAM) {
            memcpy(data, cell_at(chip, offset), part);
        } else {
            enum status status = torn_read(chip, start, unit);
            if (status)
                return status;
            memcpy(data, unit + skip, part);
        }
        data += part, offset += part, size -= part;
    }
    return OK;
}

static enum power_fate ask(const struct flash_chip *chip, enum flash_act act, uint64_t offset, size_t size)
{
    const struct flash_watch *watch = chip->cells->watch;
    return watch ? watch->operation(watch->context, act, chip->index, offset, size) : POWER_HOLDS;
}

static void end_if_lost(const struct flash_chip *chip, enum power_fate fate)
{
    if (fate != POWER_HOLDS)
        chip->cells->watch->lost(chip->cells->watch->context);
}

static enum status program_unit(const struct flash_chip *chip, uint64_t offset, const uint8_t *data)
{
    struct flash_cells *cells = chip->cells;
    uint8_t *state = unit_state(chip, offset);
    enum power_fate fate = ask(chip, FLASH_PROGRAM, offset, chip->geometry.write_unit);

    if (fate == POWER_FAILS_BEFORE)
        end_if_lost(chip, fate);
    if (*state != UNIT_ERASED) {
        if (*state == UNIT_PROGRAMMED)
            cells->faults.violations++;
        else
            cells->faults.torn_programs++;
        end_if_lost(chip, fate);
        return FLASH_FAILED;
    }
    *state = fate == POWER_FAILS_TORN ? UNIT_TORN_PROGRAM : UNIT_PROGRAMMED;
    cells->torn += *state == UNIT_TORN_PROGRAM;
    memcpy(cell_at(chip, offset), data, chip->geometry.write_unit);
    cells->time_us += chip->geometry.program_us;
    end_if_lost(chip, fate);
    return OK;
}

static enum status chip_program(void *context, uint64_t offset, const uint8_t *data, size_t size)
{
    const struct flash_chip *chip = context;
    uint32_t write_unit = chip->geometry.write_unit;

    if (!range_fits(chip, offset, size, write_unit)) {
        chip->cells->faults.violations++;
        return FLASH_FAILED;
    }
    for (size_t at = 0; at < size; at += write_unit) {
        enum status status = program_unit(chip, offset + at, data + at);
        if (status)
            return status;
    }
    return OK;
}

static enum status chip_erase(void *context, uint64_t offset)
{
    const struct flash_chip *chip = context;
    const struct flash_geometry *geometry = &chip->geometry;

    if (!range_fits(chip, offset, geometry->erase_block, geometry->erase_block)) {
        chip->cells->faults.violations++;
        return FLASH_FAILED;
    }
    enum power_fate fate = ask(chip, FLASH_ERASE, offset, geometry->erase_block);
    if (fate == POWER_FAILS_BEFORE)
        end_if_lost(chip, fate);
    uint8_t *states = unit_state(chip, offset);
    size_t units = geometry->erase_block / geometry->write_unit;
    for (size_t i = 0; i < units; i++)
        chip->cells->torn -= states[i] >= UNIT_TORN_PROGRAM;
    if (fate == POWER_FAILS_TORN) {
        memset(states, UNIT_TORN_ERASE, units);
        chip->cells->torn += units;
    } else {
        memset(cell_at(chip, offset), geometry->erased, geometry->erase_block);
        memset(states, UNIT_ERASED, units);
    }
    chip->cells->time_us += geometry->erase_us;
    end_if_lost(chip, fate);
    return OK;
}

static enum status peek_read(void *context, uint64_t offset, uint8_t *data, size_t size)
{
    const struct flash_chip *chip = context;

    if (!range_fits(chip, offset, size, 1))
        return FLASH_FAILED;
    for (uint64_t at = offset - offset % chip->geometry.write_unit; at < offset + size;
         at += chip->geometry.write_unit)
        if (*unit_state(chip, at) >= UNIT_TORN_PROGRAM)
            return FLASH_FAILED;
    memcpy(data, cell_at(chip, offset), size);
    return OK;
}

static enum status peek_program(void *context, uint64_t offset, const uint8_t *data, size_t size)
{
    (void)context, (void)offset, (void)data, (void)size;
    return FLASH_FAILED;
}

static enum status peek_erase(void *context, uint64_t offset)
{
    (void)context, (void)offset;
    return FLASH_FAILED;
}

void flash_chip_bind(struct flash_chip *chip)
{
    const struct flash_geometry *geometry = &chip->geometry;
    struct flash seen = {
        .context = chip,
        .write_unit = geometry->write_unit,
        .erase_block = geometry->erase_block,
        .erased = geometry->erased,
        .read = chip_read,
        .program = chip_program,
        .erase = chip_erase,
    };

    chip->device = seen;
    chip->peek = seen;
    chip->peek.read = peek_read;
    chip->peek.program = peek_program;
    chip->peek.erase = peek_erase;
}

void flash_cells_watch(struct flash_cells *cells, const struct flash_watch *watch)
{
    cells->watch = watch;
}

const struct flash *flash_cells_chip(const struct flash_cells *cells, size_t index)
{
    return &cells->chips[index].device;
}

const struct flash *flash_cells_peek(const struct flash_cells *cells, size_t index)
{
    return &cells->chips[index].peek;
}

struct flash_faults flash_cells_faults(const struct flash_cells *cells)
{
    return cells->faults;
}

uint64_t flash_cells_torn(const struct flash_cells *cells)
{
    return cells->torn;
}

uint64_t flash_cells_take_time(struct flash_cells *cells)
{
    uint64_t taken = cells->time_us;
    cells->time_us = 0;
    return taken;
}
