/* META_x (docs/formats.md 4): the envelope that a slot was or is being written from, behind a 96-byte header. */
#ifndef SUTURE_AGENT_META_H
#define SUTURE_AGENT_META_H

#include "agent/area_stream.h"
#include "keys/digest.h"

#define META_HEADER_SIZE 96

struct meta {
    uint32_t envelope_length; /* bytes */
    uint64_t push_length;     /* bytes of the whole push file */
    uint32_t stream_offset;   /* of the stream in the push file */
    uint8_t stream;           /* N */
    uint8_t sha[DIGEST_SIZE]; /* the upload's, zeros when it gave none */
    uint8_t manifest[DIGEST_SIZE];
};

/* Reads the header and checks the CRC over header and envelope. NOT_FOUND: nothing valid stands there. */
enum status meta_read(const struct area *area, struct meta *out);
/* Reads the envelope into `out` (emptied first). TOO_LARGE, NOT_FOUND. */
enum status meta_envelope(const struct area *area, const struct meta *meta, struct buffer *out);
/* Erases and writes; reads back. TOO_LARGE: nothing was erased. FLASH_FAILED. `stream` is working memory. */
enum status meta_write(const struct area *area, const struct meta *meta, struct span envelope,
                       struct area_stream *stream);
bool meta_equal(const struct meta *a, const struct meta *b);

#endif
