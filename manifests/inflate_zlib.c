/* inflate.h by zlib's own inflate, with an allocator that hands out the caller's memory and never takes it back. Its state
 * is 7160 bytes where pointers have 64 bits (zlib 1.2.13 and 1.3.1), so that it and the window just fit; z_stream lives in
 * the handle. */
#include "manifests/inflate.h"

#include <limits.h>
#include <string.h>
#include <zlib.h>

enum { ALIGNMENT = 8 };

struct decoder {
    z_stream stream;
    enum inflate_window window;
    uint32_t unfilled; /* bytes of the window that no output has filled yet */
};
_Static_assert(sizeof(struct decoder) <= sizeof(((struct inflate *)0)->handle),
               "the handle holds zlib's stream");

static struct decoder *decoder_of(struct inflate *inflate)
{
    return (struct decoder *)(void *)inflate->handle;
}

static voidpf memory_take(voidpf opaque, uInt items, uInt size)
{
    struct buffer *memory = opaque;
    size_t left = memory->capacity - memory->size;

    if (size != 0 && items > left / size)
        return NULL;
    void *taken = memory->data + memory->size;
    size_t used = memory->size + (size_t)items * size;
    size_t padded = used + (ALIGNMENT - used % ALIGNMENT) % ALIGNMENT;
    memory->size = padded < memory->capacity ? padded : memory->capacity;
    return taken;
}

/* The memory is given up as a whole. */
static void memory_keep(voidpf opaque, voidpf address)
{
    (void)opaque;
    (void)address;
}

enum status inflate_start(struct inflate *inflate, struct buffer memory, uint8_t window_bits,
                          enum inflate_window kind)
{
    struct decoder *decoder = decoder_of(inflate);
    uint32_t window = (uint32_t)1 << window_bits;

    if (memory.capacity < PATCH_INFLATE_RAM || memory.capacity - PATCH_INFLATE_RAM < window)
        return TOO_LARGE;
    inflate->memory = buffer_over(memory.data, memory.capacity);
    *decoder = (struct decoder){.window = kind, .unfilled = window};
    decoder->stream.zalloc = memory_take;
    decoder->stream.zfree = memory_keep;
    decoder->stream.opaque = &inflate->memory;
    switch (inflateInit2(&decoder->stream, -window_bits)) {
    case Z_OK:
        return OK;
    case Z_MEM_ERROR:
        return TOO_LARGE;
    default:
        return FAILED;
    }
}

/* zlib looks for distances beyond the window only where a copy leaves the output of the current call. So, where
 * it is watched, a call may fill the window once; after that a single byte a call keeps every copy within it. That is ten
 * times as slow. */
static size_t output_step(const struct decoder *decoder, size_t room)
{
    if (decoder->window == INFLATE_TRUSTED)
        return room < UINT_MAX ? room : UINT_MAX;
    size_t step = decoder->unfilled > 0 ? decoder->unfilled : 1;
    return step < room ? step : room;
}

static int inflate_step(struct decoder *decoder, struct span *in, struct buffer *out)
{
    z_stream *stream = &decoder->stream;
    size_t step = output_step(decoder, out->capacity - out->size);
    uInt given = in->size < UINT_MAX ? (uInt)in->size : UINT_MAX;

    stream->next_in = (z_const Bytef *)in->data;
    stream->avail_in = given;
    stream->next_out = out->data + out->size;
    stream->avail_out = (uInt)step;
    int result = inflate(stream, Z_NO_FLUSH);
    size_t made = step - stream->avail_out;
    *in = span_from(*in, given - stream->avail_in);
    out->size += made;
    decoder->unfilled -= made < decoder->unfilled ? (uint32_t)made : decoder->unfilled;
    return result;
}

enum status inflate_more(struct inflate *inflate, struct span *in, struct buffer *out, bool *ended)
{
    struct decoder *decoder = decoder_of(inflate);

    while (!*ended && out->size < out->capacity) {
        switch (inflate_step(decoder, in, out)) {
        case Z_OK:
            break;
        case Z_STREAM_END:
            *ended = true;
            break;
        case Z_BUF_ERROR: /* nothing left to take */
            return OK;
        case Z_MEM_ERROR:
            return TOO_LARGE;
        default:
            return BAD_FORMAT;
        }
    }
    return OK;
}
