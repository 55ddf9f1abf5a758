/* Inside of the simulated flash, shared by flash.c (how cells behave) and flash_file.c (where they are kept). */
#ifndef SUTURE_SIM_FLASH_CELLS_H
#define SUTURE_SIM_FLASH_CELLS_H

#include "hw-sim/flash.h"

#define FLASH_UNIT_MAX 256

/* One byte for each write unit. Torn ones are the highest. */
enum unit_state { UNIT_ERASED = 0, UNIT_PROGRAMMED = 1, UNIT_TORN_PROGRAM = 2, UNIT_TORN_ERASE = 3 };

struct flash_chip {
    struct flash_cells *cells;
    struct flash_geometry geometry;
    size_t index;
    uint64_t first_byte; /* of this chip in cells->bytes */
    size_t first_unit;   /* in cells->units */
    struct flash device, peek;
};

struct flash_cells {
    uint8_t *bytes;
    uint8_t *units; /* enum unit_state */
    /* state of the random source; kept with the cells, so that a story goes on over processes */
    uint64_t *chance;
    uint64_t size; /* of `bytes` */
    size_t unit_count;
    uint64_t torn; /* units that are torn right now */
    struct flash_chip chips[FLASH_CHIPS_MAX];
    size_t chip_count;
    const struct flash_watch *watch;
    struct flash_faults faults;
    uint64_t time_us;
    int file;     /* -1: in memory */
    void *memory; /* mapped or allocated: bytes, then the trailer */
    size_t memory_size;
};

/* Makes both views of a chip whose other members are set. */
void flash_chip_bind(struct flash_chip *chip);

#endif
