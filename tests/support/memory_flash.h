/* A flash chip in memory for tests: as strict as the contract in agent/layout.h, and as mean as hardware may be.
 *   - Power is cut at a chosen operation (program or erase): before it, in its middle (torn), or after it. A cut is a
 *     longjmp; the chip survives. Or each operation is watched, and other chips get what a cut there would have left.
 *   - An operation is a call, or, as it is in hardware, one write unit of a program, or one erase.
 *   - A torn unit reads anew each time: as it was, as it was to become, a mixture, or not at all. Only a whole erase heals
 *     it; programming over it leaves it torn.
 *   - Programming a whole unit that isn't erased, or off its alignment, is a mistake of the code under test: `abuses`. */
#ifndef SUTURE_TESTS_SUPPORT_MEMORY_FLASH_H
#define SUTURE_TESTS_SUPPORT_MEMORY_FLASH_H

#include "agent/layout.h"

#include <setjmp.h>

enum cut_when { CUT_BEFORE, CUT_TORN, CUT_AFTER };
/* What counts as one operation. CUT_UNITS: a program of several write units is several, in order; and a torn erase leaves
 * some units torn, or a mixture of erased, torn and untouched ones. */
enum cut_grain { CUT_CALLS, CUT_UNITS };

/* One operation that is about to happen. */
struct flash_operation {
    uint64_t offset;
    size_t size;         /* bytes: of the program, or the erase block */
    const uint8_t *data; /* NULL: an erase */
};

struct memory_flash {
    struct flash flash; /* hand its address to areas */
    uint32_t size;      /* bytes */
    uint8_t *bytes;     /* what a whole unit holds; what a torn one was to hold */
    uint8_t *before;    /* what a torn unit held before */
    uint8_t *torn;      /* one per write unit: 1 when torn */

    enum cut_grain grain;
    unsigned operations; /* since memory_flash_new or memory_flash_cut */
    unsigned cut_at;     /* the operation to cut, from 1; 0: none */
    enum cut_when cut_when;
    jmp_buf *power; /* where a cut goes */

    uint64_t seed; /* of what torn units read as, when `torn_read` is NULL */
    /* How one read of torn units goes: 0 as they were to become, 1 as they were. */
    unsigned (*torn_read)(void *context);
    /* Asked at each operation instead of cut_at: true cuts it, `when` says how. */
    bool (*cut_here)(void *context, enum cut_when *when);
    /* Told of each operation before it happens. */
    void (*watch)(void *context, const struct flash_operation *operation);
    void *context; /* of all three */

    unsigned abuses;             /* broken contracts: a test fails on any */
    unsigned retorn;             /* programs over a torn unit that read as erased */
    uint64_t dead_from, dead_to; /* every operation that touches [from, to) answers FLASH_FAILED */
    uint64_t deaf_from, deaf_to; /* programs and erases here answer OK and change nothing */
};

/* A chip, all erased; or NULL. The caller frees it. */
struct memory_flash *memory_flash_new(uint32_t size, uint32_t write_unit, uint32_t erase_block,
                                      uint8_t erased);
void memory_flash_free(struct memory_flash *chip);
/* Cuts power at operation `at` counted from now, from 1; `power` was set by setjmp. 0: never. */
void memory_flash_cut(struct memory_flash *chip, unsigned at, enum cut_when when, jmp_buf *power);
/* `chip` holds from now on what `from`, of the same geometry, holds. */
void memory_flash_copy(struct memory_flash *chip, const struct memory_flash *from);
/* The operation happens as far as a cut at it lets it. */
void memory_flash_apply(struct memory_flash *chip, const struct flash_operation *operation,
                        enum cut_when when);

/* Blocks of a whole device on one chip: records, identity and roots 1 each, META, journal and log 2 each, then the slots. */
#define MEMORY_LAYOUT_BLOCKS(slot_blocks) (13 + 2 * (slot_blocks))
/* The areas, in the order of enum area_id, from the chip's start on; the chip must hold them. */
void memory_layout(const struct memory_flash *chip, uint32_t slot_blocks, struct layout *out);

#endif
