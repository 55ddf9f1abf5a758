/* Sealed documents in flash: header, CRC, content. */
#include "agent/document.h"

#include "keys/base/bytes.h"
#include "keys/base/crc.h"

#include <string.h>

#define DOCUMENT_LAYOUT 1
#define CRC_AT          12
#define PIECE           64

static const uint8_t magics[][4] = {
    [DOCUMENT_IDENTITY] = {'S', 'U', 'T', 'I'},
    [DOCUMENT_ROOT] = {'S', 'U', 'T', 'R'},
};

static void header_make(enum document_kind kind, struct span content, uint8_t header[DOCUMENT_HEADER_SIZE])
{
    memset(header, 0, DOCUMENT_HEADER_SIZE);
    memcpy(header, magics[kind], 4);
    put_le16(header + 4, DOCUMENT_LAYOUT);
    put_le32(header + 8, (uint32_t)content.size);
    put_le32(header + CRC_AT, crc32_more(crc32_of(span_of(header, CRC_AT)), content));
}

enum status document_read(const struct area *area, enum document_kind kind, struct buffer *out)
{
    uint8_t header[DOCUMENT_HEADER_SIZE];

    out->size = 0;
    if (area_read(area, 0, header, sizeof header) || memcmp(header, magics[kind], 4) != 0 ||
        get_le16(header + 4) != DOCUMENT_LAYOUT || get_le16(header + 6) != 0)
        return NOT_FOUND;
    uint32_t length = get_le32(header + 8);
    if (length > area->size - sizeof header)
        return NOT_FOUND;
    if (length > out->capacity)
        return TOO_LARGE;
    if (area_read(area, sizeof header, out->data, length))
        return NOT_FOUND;
    uint32_t crc = crc32_more(crc32_of(span_of(header, CRC_AT)), span_of(out->data, length));
    if (crc != get_le32(header + CRC_AT))
        return NOT_FOUND;
    out->size = length;
    return OK;
}

static bool reads_back(const struct area *area, uint64_t offset, struct span bytes)
{
    uint8_t piece[PIECE];

    while (bytes.size > 0) {
        struct span part = span_first(bytes, sizeof piece);
        if (area_read(area, offset, piece, part.size) || memcmp(piece, part.data, part.size) != 0)
            return false;
        offset += part.size;
        bytes = span_from(bytes, part.size);
    }
    return true;
}

enum status document_write(const struct area *area, enum document_kind kind, struct span content,
                           struct area_stream *stream)
{
    uint8_t header[DOCUMENT_HEADER_SIZE];

    if (content.size > UINT32_MAX - sizeof header)
        return TOO_LARGE;
    header_make(kind, content, header);
    enum status status = area_stream_start(stream, area, sizeof header + content.size);
    if (status)
        return status;
    if (area_stream_put(stream, span_of(header, sizeof header)) || area_stream_put(stream, content) ||
        area_stream_finish(stream))
        return FLASH_FAILED;
    if (!reads_back(area, 0, span_of(header, sizeof header)) || !reads_back(area, sizeof header, content))
        return FLASH_FAILED;
    return OK;
}
