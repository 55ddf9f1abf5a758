/* One run of bytes into an area: erase, then whole write units in order. */
#include "agent/area_stream.h"

#include <string.h>

enum status area_stream_start(struct area_stream *stream, const struct area *area, uint64_t size)
{
    if (size > area->size)
        return TOO_LARGE;
    for (uint64_t at = 0; at < size; at += area->flash->erase_block)
        if (area_erase_block(area, at))
            return FLASH_FAILED;
    stream->area = area;
    stream->offset = 0;
    stream->fill = 0;
    return OK;
}

static enum status program_buffer(struct area_stream *stream)
{
    if (area_program(stream->area, stream->offset, stream->bytes, stream->fill))
        return FLASH_FAILED;
    stream->offset += stream->fill;
    stream->fill = 0;
    return OK;
}

enum status area_stream_put(struct area_stream *stream, struct span bytes)
{
    while (bytes.size > 0) {
        struct span piece = span_first(bytes, sizeof stream->bytes - stream->fill);
        memcpy(stream->bytes + stream->fill, piece.data, piece.size);
        stream->fill += piece.size;
        bytes = span_from(bytes, piece.size);
        if (stream->fill == sizeof stream->bytes && program_buffer(stream))
            return FLASH_FAILED;
    }
    return OK;
}

enum status area_stream_finish(struct area_stream *stream)
{
    uint32_t unit = stream->area->flash->write_unit;

    while (stream->fill % unit != 0)
        stream->bytes[stream->fill++] = stream->area->flash->erased;
    return stream->fill > 0 ? program_buffer(stream) : OK;
}
