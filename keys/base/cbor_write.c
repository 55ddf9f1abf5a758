/* The writer half of cbor.h. */
#include "keys/base/cbor.h"

struct cbor_writer cbor_into(struct buffer *out)
{
    return (struct cbor_writer){out, false};
}

size_t cbor_head(uint8_t head[9], uint8_t major, uint64_t argument)
{
    size_t width = argument < 24            ? 0
                   : argument <= 0xff       ? 1
                   : argument <= 0xffff     ? 2
                   : argument <= 0xffffffff ? 4
                                            : 8;
    uint8_t info = width == 0 ? (uint8_t)argument : width == 1 ? 24 : width == 2 ? 25 : width == 4 ? 26 : 27;

    head[0] = (uint8_t)(major << 5 | info);
    for (size_t i = width; i > 0; i--, argument >>= 8)
        head[i] = (uint8_t)argument;
    return 1 + width;
}

static void put(struct cbor_writer *writer, struct span bytes)
{
    if (!writer->overflow && !buffer_append(writer->out, bytes))
        writer->overflow = true;
}

static void put_head(struct cbor_writer *writer, uint8_t major, uint64_t argument)
{
    uint8_t head[9];
    put(writer, span_of(head, cbor_head(head, major, argument)));
}

void cbor_put_uint(struct cbor_writer *writer, uint64_t value)
{
    put_head(writer, 0, value);
}

void cbor_put_int(struct cbor_writer *writer, int64_t value)
{
    if (value >= 0)
        put_head(writer, 0, (uint64_t)value);
    else
        put_head(writer, 1, (uint64_t)(-1 - value));
}

void cbor_put_bool(struct cbor_writer *writer, bool value)
{
    put_head(writer, 7, value ? 21 : 20);
}

void cbor_put_null(struct cbor_writer *writer)
{
    put_head(writer, 7, 22);
}

void cbor_put_tag(struct cbor_writer *writer, uint64_t tag)
{
    put_head(writer, 6, tag);
}

void cbor_put_array(struct cbor_writer *writer, uint64_t items)
{
    put_head(writer, 4, items);
}

void cbor_put_map(struct cbor_writer *writer, uint64_t pairs)
{
    put_head(writer, 5, pairs);
}

void cbor_put_bytes_head(struct cbor_writer *writer, uint64_t size)
{
    put_head(writer, 2, size);
}

void cbor_put_bytes(struct cbor_writer *writer, struct span value)
{
    put_head(writer, 2, value.size);
    put(writer, value);
}

void cbor_put_text_span(struct cbor_writer *writer, struct span value)
{
    put_head(writer, 3, value.size);
    put(writer, value);
}

void cbor_put_text(struct cbor_writer *writer, const char *value)
{
    cbor_put_text_span(writer, span_text(value));
}

void cbor_put_encoded(struct cbor_writer *writer, struct span encoded)
{
    put(writer, encoded);
}

enum status cbor_written(const struct cbor_writer *writer)
{
    return writer->overflow ? TOO_LARGE : OK;
}
