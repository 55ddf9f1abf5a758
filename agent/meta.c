/* The header beside a slot and the envelope behind it. */
#include "agent/meta.h"

#include "keys/base/bytes.h"
#include "keys/base/crc.h"

#include <string.h>

#define META_LAYOUT 1
#define CRC_AT      92
#define PIECE       128

static const uint8_t magic[4] = {'S', 'U', 'T', 'M'};

static void header_make(const struct meta *meta, struct span envelope, uint8_t out[META_HEADER_SIZE])
{
    memset(out, 0, META_HEADER_SIZE);
    memcpy(out, magic, sizeof magic);
    put_le16(out + 4, META_LAYOUT);
    put_le32(out + 8, meta->envelope_length);
    put_le64(out + 12, meta->push_length);
    put_le32(out + 20, meta->stream_offset);
    out[24] = meta->stream;
    memcpy(out + 28, meta->sha, DIGEST_SIZE);
    memcpy(out + 60, meta->manifest, DIGEST_SIZE);
    put_le32(out + CRC_AT, crc32_more(crc32_of(span_of(out, CRC_AT)), envelope));
}

static void header_fields(const uint8_t *bytes, struct meta *out)
{
    out->envelope_length = get_le32(bytes + 8);
    out->push_length = get_le64(bytes + 12);
    out->stream_offset = get_le32(bytes + 20);
    out->stream = bytes[24];
    memcpy(out->sha, bytes + 28, DIGEST_SIZE);
    memcpy(out->manifest, bytes + 60, DIGEST_SIZE);
}

static enum status envelope_crc(const struct area *area, uint32_t length, uint32_t *crc)
{
    uint8_t piece[PIECE];

    for (uint32_t at = 0; at < length;) {
        size_t size = length - at < sizeof piece ? length - at : sizeof piece;
        if (area_read(area, META_HEADER_SIZE + (uint64_t)at, piece, size))
            return NOT_FOUND;
        *crc = crc32_more(*crc, span_of(piece, size));
        at += (uint32_t)size;
    }
    return OK;
}

enum status meta_read(const struct area *area, struct meta *out)
{
    uint8_t header[META_HEADER_SIZE];
    struct meta meta;

    if (area->size < sizeof header || area_read(area, 0, header, sizeof header) ||
        memcmp(header, magic, sizeof magic) != 0 || get_le16(header + 4) != META_LAYOUT ||
        get_le16(header + 6) != 0 || !bytes_all(header + 25, 3, 0))
        return NOT_FOUND;
    header_fields(header, &meta);
    if (meta.envelope_length > area->size - sizeof header || meta.stream_offset > meta.push_length)
        return NOT_FOUND;
    uint32_t crc = crc32_of(span_of(header, CRC_AT));
    if (envelope_crc(area, meta.envelope_length, &crc) || crc != get_le32(header + CRC_AT))
        return NOT_FOUND;
    *out = meta;
    return OK;
}

enum status meta_envelope(const struct area *area, const struct meta *meta, struct buffer *out)
{
    out->size = 0;
    if (meta->envelope_length > out->capacity)
        return TOO_LARGE;
    if (area_read(area, META_HEADER_SIZE, out->data, meta->envelope_length))
        return NOT_FOUND;
    out->size = meta->envelope_length;
    return OK;
}

enum status meta_write(const struct area *area, const struct meta *meta, struct span envelope,
                       struct area_stream *stream)
{
    uint8_t header[META_HEADER_SIZE];
    struct meta back;

    header_make(meta, envelope, header);
    enum status status = area_stream_start(stream, area, sizeof header + (uint64_t)envelope.size);
    if (status)
        return status;
    if (area_stream_put(stream, span_of(header, sizeof header)) || area_stream_put(stream, envelope) ||
        area_stream_finish(stream))
        return FLASH_FAILED;
    return meta_read(area, &back) == OK && meta_equal(meta, &back) ? OK : FLASH_FAILED;
}

bool meta_equal(const struct meta *a, const struct meta *b)
{
    return a->envelope_length == b->envelope_length && a->push_length == b->push_length &&
           a->stream_offset == b->stream_offset && a->stream == b->stream && digest_equal(a->sha, b->sha) &&
           digest_equal(a->manifest, b->manifest);
}
