/* Where the cells are kept: anonymous memory, or a file mapped so that its content survives the process being killed.
 *
 *   cells of all chips │ trailer: magic "SUTFLASH", layout u32 = 1, zero u32, units u64, chance u64 │ one byte a unit
 *
 * The trailer is the simulator's own, in the host's byte order; a file without it is a plain flash image. */
#include "hw-sim/flash_cells.h"
#include "keys/base/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct trailer {
    char magic[8];
    uint32_t layout, zero;
    uint64_t units;
    uint64_t chance;
};

static const char trailer_magic[8] = {'S', 'U', 'T', 'F', 'L', 'A', 'S', 'H'};

/* NULL, or what is wrong with a geometry. */
static const char *geometry_fault(const struct flash_geometry *geometry)
{
    if (geometry->write_unit == 0 || geometry->write_unit > FLASH_UNIT_MAX ||
        (geometry->write_unit & (geometry->write_unit - 1)) != 0)
        return "the write unit must be a power of two up to 256";
    if (geometry->erase_block == 0 || geometry->erase_block % geometry->write_unit != 0)
        return "the erase block must be a multiple of the write unit";
    if (geometry->size == 0 || geometry->size % geometry->erase_block != 0)
        return "the size must be a multiple of the erase block";
    if (geometry->erased != 0x00 && geometry->erased != 0xff)
        return "the erased value must be 0 or 255";
    return NULL;
}

/* Takes over the geometry: where each chip begins, and how much there is of everything. */
static bool cells_plan(struct flash_cells *cells, const struct flash_geometry *chips, size_t count,
                       struct failure *why)
{
    if (count == 0 || count > FLASH_CHIPS_MAX)
        return failure_set(why, FAIL_LAYOUT, "a device has 1 to %d flash chips, not %zu", FLASH_CHIPS_MAX,
                           count);
    for (size_t i = 0; i < count; i++) {
        const char *fault = geometry_fault(&chips[i]);
        if (fault)
            return failure_set(why, FAIL_LAYOUT, "flash chip %zu: %s", i, fault);
        if (chips[i].size > FLASH_SIZE_MAX - cells->size)
            return failure_set(why, FAIL_LAYOUT, "flash chip %zu: more than %u MiB of flash in all", i,
                               FLASH_SIZE_MAX / 1024 / 1024);
        struct flash_chip *chip = &cells->chips[i];
        *chip = (struct flash_chip){cells, chips[i], i, cells->size, cells->unit_count, {0}, {0}};
        flash_chip_bind(chip);
        cells->size += chips[i].size;
        cells->unit_count += (size_t)(chips[i].size / chips[i].write_unit);
    }
    cells->chip_count = count;
    /* the trailer's numbers must stand aligned behind the cells */
    cells->memory_size = (size_t)((cells->size + 7) / 8 * 8) + sizeof(struct trailer) + cells->unit_count;
    return true;
}

static struct trailer *cells_trailer(const struct flash_cells *cells)
{
    return (struct trailer *)((uint8_t *)cells->memory + (cells->size + 7) / 8 * 8);
}

static void cells_point(struct flash_cells *cells)
{
    struct trailer *trailer = cells_trailer(cells);
    cells->bytes = cells->memory;
    cells->chance = &trailer->chance;
    cells->units = (uint8_t *)(trailer + 1);
}

/* What a plain flash image says of its units. */
static void units_derive(struct flash_cells *cells)
{
    cells->torn = 0;
    for (size_t i = 0; i < cells->chip_count; i++) {
        const struct flash_chip *chip = &cells->chips[i];
        uint32_t unit = chip->geometry.write_unit;
        const uint8_t *bytes = cells->bytes + chip->first_byte;
        uint8_t *states = cells->units + chip->first_unit;
        for (uint64_t k = 0; k < chip->geometry.size / unit; k++)
            states[k] =
                bytes_all(bytes + k * unit, unit, chip->geometry.erased) ? UNIT_ERASED : UNIT_PROGRAMMED;
    }
}

static void trailer_fresh(struct flash_cells *cells, uint64_t seed)
{
    struct trailer *trailer = cells_trailer(cells);
    memcpy(trailer->magic, trailer_magic, sizeof trailer->magic);
    trailer->layout = 1;
    trailer->zero = 0;
    trailer->units = cells->unit_count;
    trailer->chance = seed;
    units_derive(cells);
}

/* Counts torn units on its way. */
static bool trailer_take(struct flash_cells *cells)
{
    const struct trailer *trailer = cells_trailer(cells);
    if (memcmp(trailer->magic, trailer_magic, sizeof trailer->magic) != 0 || trailer->layout != 1 ||
        trailer->zero != 0 || trailer->units != cells->unit_count)
        return false;
    cells->torn = 0;
    for (size_t i = 0; i < cells->unit_count; i++) {
        if (cells->units[i] > UNIT_TORN_ERASE)
            return false;
        cells->torn += cells->units[i] >= UNIT_TORN_PROGRAM;
    }
    return true;
}

/* NULL: it failed. */
static struct flash_cells *cells_begin(const struct flash_geometry *chips, size_t count, struct failure *why)
{
    struct flash_cells *cells = calloc(1, sizeof *cells);

    if (cells == NULL) {
        failure_set(why, FAIL_MEMORY, "no memory for the flash");
        return NULL;
    }
    cells->file = -1;
    if (cells_plan(cells, chips, count, why))
        return cells;
    free(cells);
    return NULL;
}

bool flash_cells_new(const struct flash_geometry *chips, size_t count, uint64_t seed,
                     struct flash_cells **out, struct failure *why)
{
    struct flash_cells *cells = cells_begin(chips, count, why);
    if (cells == NULL)
        return false;

    cells->memory = calloc(1, cells->memory_size);
    if (cells->memory == NULL) {
        flash_cells_close(cells);
        return failure_set(why, FAIL_MEMORY, "no memory for %llu bytes of flash",
                           (unsigned long long)cells->size);
    }
    cells_point(cells);
    for (size_t i = 0; i < count; i++)
        memset(cells->bytes + cells->chips[i].first_byte, chips[i].erased, (size_t)chips[i].size);
    trailer_fresh(cells, seed);
    *out = cells;
    return true;
}

/* Opens, locks and sizes the file. `plain` says whether it came without a trailer. */
static bool file_take(struct flash_cells *cells, const char *path, bool *plain, struct failure *why)
{
    struct stat stat;

    cells->file = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (cells->file < 0)
        return failure_set(why, errno == ENOENT ? FAIL_FLASH_IMAGE : FAIL_FILE_OPEN, "%s: %s", path,
                           strerror(errno));
    if (fstat(cells->file, &stat) != 0 || !S_ISREG(stat.st_mode))
        return failure_set(why, FAIL_FLASH_IMAGE, "%s is not a regular file", path);
    if (flock(cells->file, LOCK_EX | LOCK_NB) != 0)
        return failure_set(why, FAIL_FLASH_IMAGE, "%s is in use by another simulator", path);
    *plain = (uint64_t)stat.st_size == cells->size;
    if (!*plain && (uint64_t)stat.st_size != cells->memory_size)
        return failure_set(why, FAIL_FLASH_IMAGE, "%s has %lld bytes, but the profile's flash has %llu", path,
                           (long long)stat.st_size, (unsigned long long)cells->size);
    /* room is reserved now: a full disk must not end the process in the middle of a mapped write */
    int reserved = posix_fallocate(cells->file, 0, (off_t)cells->memory_size);
    if (reserved != 0)
        return failure_set(why, FAIL_FILE_WRITE, "%s: %s", path, strerror(reserved));
    return true;
}

bool flash_cells_open(const char *path, const struct flash_geometry *chips, size_t count, uint64_t seed,
                      struct flash_cells **out, struct failure *why)
{
    struct flash_cells *cells = cells_begin(chips, count, why);
    bool plain = false;
    if (cells == NULL)
        return false;
    if (!file_take(cells, path, &plain, why))
        goto fail;

    void *memory = mmap(NULL, cells->memory_size, PROT_READ | PROT_WRITE, MAP_SHARED, cells->file, 0);
    if (memory == MAP_FAILED) {
        failure_set(why, FAIL_FILE_READ, "%s: %s", path, strerror(errno));
        goto fail;
    }
    cells->memory = memory;
    cells_point(cells);
    if (plain || bytes_all((const uint8_t *)cells_trailer(cells)->magic, sizeof trailer_magic, 0)) {
        /* zeros: room was reserved, and the process ended before it wrote there */
        trailer_fresh(cells, seed);
    } else if (!trailer_take(cells)) {
        failure_set(why, FAIL_FLASH_IMAGE, "%s: what follows the cells is not this simulator's", path);
        goto fail;
    }
    *out = cells;
    return true;
fail:
    flash_cells_close(cells);
    return false;
}

void flash_cells_close(struct flash_cells *cells)
{
    if (cells == NULL)
        return;
    if (cells->file < 0) {
        free(cells->memory);
    } else {
        if (cells->memory != NULL)
            munmap(cells->memory, cells->memory_size);
        close(cells->file);
    }
    free(cells);
}

struct span flash_cells_raw(const struct flash_cells *cells)
{
    return span_of(cells->bytes, (size_t)cells->size);
}

bool flash_cells_load(struct flash_cells *cells, struct span raw)
{
    if (raw.size != cells->size)
        return false;
    memcpy(cells->bytes, raw.data, raw.size);
    units_derive(cells);
    return true;
}

void flash_cells_copy(struct flash_cells *to, const struct flash_cells *from)
{
    memcpy(to->memory, from->memory, from->memory_size);
    to->faults = from->faults;
    to->torn = from->torn;
}
