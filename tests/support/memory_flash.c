/* Flash in memory: programs, erases, cuts and torn units. */
#include "tests/support/memory_flash.h"

#include "keys/base/bytes.h"

#include <stdlib.h>
#include <string.h>

static uint64_t next_random(uint64_t *seed)
{
    uint64_t z = *seed += 0x9e3779b97f4a7c15u; /* splitmix64 */

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static bool touches(uint64_t offset, size_t size, uint64_t from, uint64_t to)
{
    return offset < to && from < offset + size;
}

static bool outside(const struct memory_flash *chip, uint64_t offset, size_t size)
{
    return offset > chip->size || size > chip->size - offset;
}

static uint32_t unit_at(const struct memory_flash *chip, uint64_t offset)
{
    return (uint32_t)(offset / chip->flash.write_unit);
}

static bool any_torn(const struct memory_flash *chip, uint64_t offset, size_t size)
{
    for (uint32_t u = unit_at(chip, offset); size && u <= unit_at(chip, offset + size - 1); u++)
        if (chip->torn[u])
            return true;
    return false;
}

enum torn_answer { TORN_BECOMES, TORN_WAS, TORN_BITS, TORN_FAILS, TORN_EACH_UNIT, TORN_ANSWERS };

/* One read of torn units: mostly one answer for all of them, sometimes a mixture of bits, sometimes an error, sometimes each
 * unit its own. */
static enum status read_torn(struct memory_flash *chip, uint64_t offset, uint8_t *data, size_t size)
{
    unsigned answer = chip->torn_read ? chip->torn_read(chip->context)
                                      : (unsigned)(next_random(&chip->seed) % TORN_ANSWERS);
    unsigned how = answer;

    if (answer == TORN_FAILS)
        return FLASH_FAILED;
    for (size_t i = 0; i < size; i++) {
        uint64_t at = offset + i;
        if (answer == TORN_EACH_UNIT && (i == 0 || at % chip->flash.write_unit == 0))
            how = (unsigned)(next_random(&chip->seed) % TORN_FAILS);
        uint8_t was = chip->before[at], becomes = chip->bytes[at];
        uint8_t mask = how == TORN_BITS ? (uint8_t)next_random(&chip->seed) : how == TORN_WAS ? 0xff : 0;

        data[i] = chip->torn[unit_at(chip, at)] ? (uint8_t)((was & mask) | (becomes & ~mask)) : becomes;
    }
    return OK;
}

static enum status chip_read(void *context, uint64_t offset, uint8_t *data, size_t size)
{
    struct memory_flash *chip = context;

    if (outside(chip, offset, size)) {
        chip->abuses++;
        return FLASH_FAILED;
    }
    if (touches(offset, size, chip->dead_from, chip->dead_to))
        return FLASH_FAILED;
    if (any_torn(chip, offset, size))
        return read_torn(chip, offset, data, size);
    memcpy(data, chip->bytes + offset, size);
    return OK;
}

static void unit_change(struct memory_flash *chip, uint32_t unit, const uint8_t *data, bool tear)
{
    uint32_t size = chip->flash.write_unit;
    uint8_t *bytes = chip->bytes + (size_t)unit * size;

    if (tear && !chip->torn[unit] && memcmp(bytes, data, size) != 0) {
        memcpy(chip->before + (size_t)unit * size, bytes, size);
        chip->torn[unit] = 1;
    }
    memcpy(bytes, data, size);
}

/* Whether this operation is cut, and how; a cut before it does not return. */
static bool cut_now(struct memory_flash *chip, enum cut_when *when)
{
    bool cut = ++chip->operations == chip->cut_at;

    *when = chip->cut_when;
    if (chip->cut_here)
        cut = chip->cut_here(chip->context, when);
    if (cut && *when == CUT_BEFORE)
        longjmp(*chip->power, 1);
    return cut;
}

static void check_units_erased(struct memory_flash *chip, uint64_t offset, size_t size)
{
    uint32_t unit = chip->flash.write_unit;

    for (uint64_t at = offset; at < offset + size; at += unit) {
        if (chip->torn[unit_at(chip, at)])
            chip->retorn++;
        else if (!bytes_all(chip->bytes + at, unit, chip->flash.erased))
            chip->abuses++;
    }
}

static void program_units(struct memory_flash *chip, const struct flash_operation *operation, bool tear)
{
    uint32_t unit = chip->flash.write_unit;

    for (size_t i = 0; i < operation->size; i += unit)
        unit_change(chip, unit_at(chip, operation->offset + i), operation->data + i, tear);
}

static void unit_erase(struct memory_flash *chip, uint32_t unit, bool tear)
{
    uint8_t erased[256];

    memset(erased, chip->flash.erased, sizeof erased);
    unit_change(chip, unit, erased, tear);
    if (!tear)
        chip->torn[unit] = 0;
}

/* A cut erase by units: all of them torn, or each for itself, or done up to one that is torn. */
static void erase_tear(struct memory_flash *chip, uint32_t first, uint32_t count)
{
    unsigned how = chip->grain == CUT_CALLS ? 0 : (unsigned)(next_random(&chip->seed) % 4);
    uint32_t reached = (uint32_t)(next_random(&chip->seed) % count);

    for (uint32_t i = 0; i < count; i++) {
        unsigned each = (unsigned)(next_random(&chip->seed) % 3);
        if (how < 2 || (how == 2 && each == 0) || (how == 3 && i == reached))
            unit_erase(chip, first + i, true);
        else if ((how == 2 && each == 1) || (how == 3 && i < reached))
            unit_erase(chip, first + i, false);
    }
}

static void erase_units(struct memory_flash *chip, const struct flash_operation *operation, bool tear)
{
    uint32_t first = unit_at(chip, operation->offset);
    uint32_t count = (uint32_t)operation->size / chip->flash.write_unit;

    if (tear)
        erase_tear(chip, first, count);
    else
        for (uint32_t i = 0; i < count; i++)
            unit_erase(chip, first + i, false);
}

void memory_flash_apply(struct memory_flash *chip, const struct flash_operation *operation,
                        enum cut_when when)
{
    if (when == CUT_BEFORE || touches(operation->offset, operation->size, chip->deaf_from, chip->deaf_to))
        return;
    if (operation->data)
        program_units(chip, operation, when == CUT_TORN);
    else
        erase_units(chip, operation, when == CUT_TORN);
}

/* One operation: watched, cut or done. */
static void operate(struct memory_flash *chip, struct flash_operation operation)
{
    enum cut_when when;

    if (chip->watch)
        chip->watch(chip->context, &operation);
    bool cut = cut_now(chip, &when);
    memory_flash_apply(chip, &operation, cut ? when : CUT_AFTER);
    if (cut)
        longjmp(*chip->power, 1);
}

static enum status chip_program(void *context, uint64_t offset, const uint8_t *data, size_t size)
{
    struct memory_flash *chip = context;
    uint32_t unit = chip->flash.write_unit;
    size_t piece = chip->grain == CUT_UNITS ? unit : size;

    if (outside(chip, offset, size) || offset % unit || size % unit) {
        chip->abuses++;
        return FLASH_FAILED;
    }
    if (touches(offset, size, chip->dead_from, chip->dead_to))
        return FLASH_FAILED;
    check_units_erased(chip, offset, size);
    for (size_t i = 0; i < size; i += piece)
        operate(chip, (struct flash_operation){.offset = offset + i, .size = piece, .data = data + i});
    return OK;
}

static enum status chip_erase(void *context, uint64_t offset)
{
    struct memory_flash *chip = context;
    uint32_t block = chip->flash.erase_block;

    if (outside(chip, offset, block) || offset % block) {
        chip->abuses++;
        return FLASH_FAILED;
    }
    if (touches(offset, block, chip->dead_from, chip->dead_to))
        return FLASH_FAILED;
    operate(chip, (struct flash_operation){.offset = offset, .size = block});
    return OK;
}

struct memory_flash *memory_flash_new(uint32_t size, uint32_t write_unit, uint32_t erase_block,
                                      uint8_t erased)
{
    struct memory_flash *chip = calloc(1, sizeof *chip);

    if (!chip)
        return NULL;
    chip->bytes = malloc(size);
    chip->before = malloc(size);
    chip->torn = calloc(size / write_unit, 1);
    if (!chip->bytes || !chip->before || !chip->torn) {
        memory_flash_free(chip);
        return NULL;
    }
    memset(chip->bytes, erased, size);
    memset(chip->before, erased, size);
    chip->size = size;
    chip->seed = 1;
    chip->flash = (struct flash){chip,         write_unit, erase_block, erased, chip_read,
                                 chip_program, chip_erase, NULL,        NULL};
    return chip;
}

void memory_flash_free(struct memory_flash *chip)
{
    if (!chip)
        return;
    free(chip->bytes);
    free(chip->before);
    free(chip->torn);
    free(chip);
}

void memory_flash_cut(struct memory_flash *chip, unsigned at, enum cut_when when, jmp_buf *power)
{
    chip->operations = 0;
    chip->cut_at = at;
    chip->cut_when = when;
    chip->power = power;
}

void memory_flash_copy(struct memory_flash *chip, const struct memory_flash *from)
{
    memcpy(chip->bytes, from->bytes, from->size);
    memcpy(chip->before, from->before, from->size);
    memcpy(chip->torn, from->torn, from->size / from->flash.write_unit);
    chip->abuses = from->abuses;
    chip->retorn = from->retorn;
}

void memory_layout(const struct memory_flash *chip, uint32_t slot_blocks, struct layout *out)
{
    const uint32_t blocks[AREA_COUNT] = {1, 1, 1, 1, 1, 2, 2, 2, 2, slot_blocks, slot_blocks};
    uint32_t block = chip->flash.erase_block;
    uint64_t offset = 0;

    for (unsigned i = 0; i < AREA_COUNT; i++) {
        out->areas[i] = (struct area){&chip->flash, offset, (uint64_t)blocks[i] * block};
        offset += out->areas[i].size;
    }
}
