/* Writing one run of bytes to the start of an area, through a small buffer that makes whole write units of them: META,
 * identity and root documents. Slots are written by slot.h, which erases as it goes. */
#ifndef SUTURE_AGENT_AREA_STREAM_H
#define SUTURE_AGENT_AREA_STREAM_H

#include "agent/layout.h"

#define AREA_STREAM_BUFFER 256 /* bytes, the largest write unit */

struct area_stream {
    const struct area *area;
    uint64_t offset; /* where the buffer will be programmed */
    size_t fill;
    uint8_t bytes[AREA_STREAM_BUFFER];
};

/* Erases the blocks that `size` bytes take from the area's start. TOO_LARGE: they don't fit, nothing was erased.
 * FLASH_FAILED. */
enum status area_stream_start(struct area_stream *stream, const struct area *area, uint64_t size);
enum status area_stream_put(struct area_stream *stream, struct span bytes);
/* Programs what is left, padded with the erased value. */
enum status area_stream_finish(struct area_stream *stream);

#endif
