/* Areas that hold one sealed document behind a 16-byte header (docs/formats.md 2): {magic, layout u16 = 1, zero u16,
 * length u32, CRC-32 of the 12 bytes before and the content}. The identity is one, root documents are the other. */
#ifndef SUTURE_AGENT_DOCUMENT_H
#define SUTURE_AGENT_DOCUMENT_H

#include "agent/area_stream.h"

#define DOCUMENT_HEADER_SIZE 16

enum document_kind { DOCUMENT_IDENTITY, DOCUMENT_ROOT };

/* Reads the content into `out` (emptied first). NOT_FOUND: nothing valid stands there. TOO_LARGE: more than fits. */
enum status document_read(const struct area *area, enum document_kind kind, struct buffer *out);
/* Erases the area and writes the document; reads it back piece by piece. TOO_LARGE: nothing was erased. FLASH_FAILED: the
 * area holds nothing valid. `stream` is working memory. */
enum status document_write(const struct area *area, enum document_kind kind, struct span content,
                           struct area_stream *stream);

#endif
