/* Writing an image into a slot, in order, one erase block at a time: erase when the output reaches it (or a block ahead),
 * program whole write units that are not erased anyway, read the block back. Where the flash has a sync, a block is not read back,
 * and is not safe before its owner has synced it. */
#ifndef SUTURE_AGENT_SLOT_H
#define SUTURE_AGENT_SLOT_H

#include "agent/layout.h"
#include "manifests/patch.h"

struct slot_writer {
    const struct area *area;
    uint64_t size; /* of the image, bytes */
    uint64_t made; /* image bytes taken so far; the last of them may wait in the page */
    /* end of the last erase block programmed and read back (or to be synced), at most `size` */
    uint64_t done;
    uint64_t erased_to; /* blocks below it were erased in this run */
    uint32_t block_crc; /* of the open block as it was programmed */
    struct buffer page; /* a whole number of write units fits */
};

/* Begins at `done`: 0, an erase block's start, or the image's end. `page` is the caller's memory. */
void slot_writer_start(struct slot_writer *writer, const struct area *area, uint64_t size, uint64_t done,
                       struct buffer page);
/* Takes bytes of the image at writer->made from `*bytes` (advanced) until all are taken or an erase block was finished,
 * which `*block_done` says. FLASH_FAILED: also when the block read back as something else; the run is spent.
 * TOO_LARGE: more than the image. */
enum status slot_writer_put(struct slot_writer *writer, struct span *bytes, bool *block_done);
/* A sink of decoded pieces for whoever writes an image in one go; from its start. WRONG_STATE: a piece is out of order. */
struct patch_sink slot_writer_sink(struct slot_writer *writer);
/* After the image's last byte: finishes the block that is open, and syncs all. WRONG_STATE: bytes are missing. */
enum status slot_writer_finish(struct slot_writer *writer);
/* Erases the next block ahead of the output, one at most; `*erased` says whether there was something to do. Never where the
 * flash has a sync: an erase costs nothing there. */
enum status slot_writer_erase_ahead(struct slot_writer *writer, bool *erased);

#endif
