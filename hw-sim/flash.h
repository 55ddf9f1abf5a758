/* NOR flash as the agent sees it through struct flash, in memory or in a file that survives the process. Several chips may
 * stand one after another in one file, in the profile's order.
 *
 * Rules kept: a write unit is programmed once after each erase, also with bytes equal to the erased value (as flash with
 * error correction demands); erasing takes whole blocks. Breaking them is counted, answered FLASH_FAILED, and changes
 * nothing.
 *
 * Torn units: when power goes inside a program or an erase, each unit concerned is marked, and until it is erased whole every
 * read of it may give something else: as before, as it was meant to be, a mix of bits, or an error. A torn unit can't be
 * programmed. All chance comes from the seed.
 *
 * File: the cells of all chips, then (once the simulator has used it) what is known of each unit. A file of cells only is as
 * good: a unit counts as programmed unless all its bytes have the erased value. */
#ifndef SUTURE_SIM_FLASH_H
#define SUTURE_SIM_FLASH_H

#include "agent/layout.h"
#include "hw-sim/power.h"
#include "keys/base/failure.h"

#define FLASH_CHIPS_MAX 4
#define FLASH_SIZE_MAX  (256u * 1024 * 1024) /* bytes of all chips together */

struct flash_geometry {
    uint64_t size;        /* bytes, a multiple of erase_block */
    uint32_t write_unit;  /* bytes, a power of two up to 256 */
    uint32_t erase_block; /* bytes, a multiple of write_unit */
    uint8_t erased;       /* 0xFF or 0x00 */
    uint32_t program_us;  /* time of programming one unit, microseconds */
    uint32_t erase_us;    /* time of erasing one block, microseconds */
};

enum flash_act { FLASH_PROGRAM, FLASH_ERASE };

/* Asked before each operation on one unit or one block. `lost` is called after a fate other than POWER_HOLDS was carried
 * out and does not return. */
struct flash_watch {
    void *context;
    enum power_fate (*operation)(void *context, enum flash_act act, size_t chip, uint64_t offset,
                                 size_t size);
    void (*lost)(void *context);
};

/* What the device did against the rules since it was opened. */
struct flash_faults {
    uint64_t violations;    /* programmed without an erase before, unaligned, or out of range */
    uint64_t torn_programs; /* tried to program a torn unit: refused, but no device can always know */
};

struct flash_cells; /* owns the memory or the mapped file */

/* Opens cells in memory, all erased. FAIL_LAYOUT: a geometry that keeps the rules above not. FAIL_MEMORY. */
bool flash_cells_new(const struct flash_geometry *chips, size_t count, uint64_t seed,
                     struct flash_cells **out, struct failure *why);
/* Opens a file and locks it for this process. FAIL_FLASH_IMAGE: not there, another size than
 * the chips', or in use. FAIL_FILE_OPEN. */
bool flash_cells_open(const char *path, const struct flash_geometry *chips, size_t count, uint64_t seed,
                      struct flash_cells **out, struct failure *why);
void flash_cells_close(struct flash_cells *cells);
/* NULL ends the watching. The watch must outlive the cells or be taken away. */
void flash_cells_watch(struct flash_cells *cells, const struct flash_watch *watch);

/* Chip `index` as the device sees it. Valid until the cells are closed. */
const struct flash *flash_cells_chip(const struct flash_cells *cells, size_t index);
/* The same chip for a bystander: reading it counts nothing and draws no chance; a torn unit answers FLASH_FAILED, and so
 * does every program and erase. */
const struct flash *flash_cells_peek(const struct flash_cells *cells, size_t index);

/* The raw cells, chips one after another: what a board's flash would hold. Borrowed. */
struct span flash_cells_raw(const struct flash_cells *cells);
/* Replaces the cells by raw ones; nothing is torn afterwards. False: another size. */
bool flash_cells_load(struct flash_cells *cells, struct span raw);
/* Copies everything, torn marks and chance included, between cells of the same geometry. */
void flash_cells_copy(struct flash_cells *to, const struct flash_cells *from);

struct flash_faults flash_cells_faults(const struct flash_cells *cells);
uint64_t flash_cells_torn(const struct flash_cells *cells); /* units torn right now */
/* Microseconds that programs and erases took since the last call. */
uint64_t flash_cells_take_time(struct flash_cells *cells);

#endif
