/* The areas of flash (docs/formats.md 2). Each starts and ends on an erase block and shares none; each names its flash, so
 * that mixed sectors and external chips fit. */
#ifndef SUTURE_AGENT_LAYOUT_H
#define SUTURE_AGENT_LAYOUT_H

#include "keys/base/span.h"
#include "keys/base/status.h"

/* One flash chip, or one region of equal erase blocks. The contract of its functions:
 *  read     any offset and size inside the chip. A unit that was torn by a power cut may answer an error or other bytes
 *           each time.
 *  program  offset and size are multiples of write_unit, and every unit was erased since it was last programmed. Returns
 *           when the bytes would survive a power cut.
 *  erase    the one erase block at `offset`. Returns when the erase would survive a power cut.
 *  sync_begin, sync   NULL on every flash that keeps the two promises above, as chips do. A disk's cache makes them dear, so
 *           a flash that holds slots and nothing else may have both: its programs and erases may then be lost, or torn, in any
 *           order, until a sync has returned that was begun after them; reads answer what was programmed all the same. A begin
 *           does not wait, so that the disk works while the next bytes are decoded; sync waits for what was begun. The agent
 *           begins one at each erase block's end and waits for it before its journal says that the block stands. An erase
 *           costs nothing there, so that none is made ahead.
 * Each answers OK or FLASH_FAILED. None is called from inside another. */
struct flash {
    void *context;
    uint32_t write_unit;  /* bytes, a power of two, at most 256 */
    uint32_t erase_block; /* bytes, a multiple of write_unit */
    uint8_t erased;       /* value of an erased byte: 0xFF or 0x00 */
    enum status (*read)(void *context, uint64_t offset, uint8_t *data, size_t size);
    enum status (*program)(void *context, uint64_t offset, const uint8_t *data, size_t size);
    enum status (*erase)(void *context, uint64_t offset);
    enum status (*sync_begin)(void *context);
    enum status (*sync)(void *context);
};

enum area_id {
    AREA_RECORD0,
    AREA_RECORD1,
    AREA_IDENTITY,
    AREA_TRUST0,
    AREA_TRUST1,
    AREA_META_A,
    AREA_META_B,
    AREA_JOURNAL,
    AREA_LOG,
    AREA_SLOT_A,
    AREA_SLOT_B,
    AREA_COUNT
};

enum slot_id { SLOT_A = 0, SLOT_B = 1, SLOT_NONE = 0xff };

struct area {
    const struct flash *flash;
    uint64_t offset; /* of its first byte in that flash */
    uint64_t size;   /* bytes */
};

struct layout {
    struct area areas[AREA_COUNT];
};

/* OK when the areas keep the rules above: aligned, not overlapping, big enough (records for their marks, journal and log
 * two erase blocks, both slots the same size, only slots where there is a sync). BAD_FORMAT otherwise. */
enum status layout_check(const struct layout *layout);

/* The unit of marks and small entries: max(16, write unit). */
uint32_t area_unit(const struct area *area);
/* As the flash functions, with offsets counted from the area's start; TOO_LARGE when it would leave the area. */
enum status area_read(const struct area *area, uint64_t offset, void *data, size_t size);
enum status area_program(const struct area *area, uint64_t offset, const void *data, size_t size);
enum status area_erase_block(const struct area *area, uint64_t offset);
/* What was programmed and erased in the area's flash before the last begin survives a power cut once area_sync has returned.
 * OK at once where there is no sync. */
enum status area_sync_begin(const struct area *area);
enum status area_sync(const struct area *area);
/* Every erase block of the area. */
enum status area_erase_all(const struct area *area);

#endif
