/* The reader of patch streams (docs/formats.md 5): gathers one block, proves it, obeys its head, decodes its body. */
#include "manifests/patch.h"
#include "keys/base/bytes.h"

#include <string.h>

enum { LAST_HEAD_SIZE = 2, NEXT_LENGTH_AT = 2, NEXT_DIGEST_AT = 6 };
enum { ULEB128_MOST = 10 }; /* bytes of 64 bits */

/* An authentic block, taken apart. */
struct block {
    uint8_t flags;
    uint32_t next_length;       /* 0 in the last */
    const uint8_t *next_digest; /* NULL in the last */
    struct span body;
};

static bool memory_suffices(const struct patch_description *description, const struct patch_memory *memory)
{
    if (memory->block.capacity < description->block_max)
        return false;
    if (description->codec == PATCH_STORED)
        return true;
    return memory->decoder.capacity >= description->ram - description->block_max &&
           memory->output.capacity > 0;
}

static bool restart_fits(const struct patch_description *description, uint64_t image_size,
                         const struct patch_restart *restart)
{
    if (restart->stream_offset == 0)
        return restart->output_offset == 0 && restart->length == description->first_length &&
               digest_equal(restart->digest, description->first_digest);
    if (restart->stream_offset >= description->stream_size || restart->output_offset >= image_size)
        return false;
    return restart->length >= PATCH_LENGTH_LEAST && restart->length <= description->block_max &&
           restart->length <= description->stream_size - restart->stream_offset;
}

static struct patch_restart beginning(const struct patch_description *description)
{
    struct patch_restart restart = {.length = description->first_length};
    memcpy(restart.digest, description->first_digest, DIGEST_SIZE);
    return restart;
}

static bool is_start_entry(const struct patch_restart *restart)
{
    return restart->stream_offset == 0 && restart->output_offset == 0 && restart->length == 0;
}

enum status patch_start(struct patch_reader *reader, const struct patch_description *description,
                        uint64_t image_size, const struct patch_restart *restart, struct patch_memory memory,
                        struct patch_sink sink)
{
    enum status status = patch_description_check(description);
    if (status)
        return status;
    if (!memory_suffices(description, &memory))
        return TOO_LARGE;
    struct patch_restart from =
        restart == NULL || is_start_entry(restart) ? beginning(description) : *restart;
    if (image_size == 0 || !restart_fits(description, image_size, &from))
        return BAD_FORMAT;

    memset(reader, 0, sizeof *reader);
    reader->description = *description;
    reader->memory = memory;
    reader->memory.block.size = 0;
    reader->sink = sink;
    reader->image_size = image_size;
    reader->offset = from.stream_offset;
    reader->output = from.output_offset;
    reader->block_length = from.length;
    memcpy(reader->block_digest, from.digest, DIGEST_SIZE);
    return OK;
}

void patch_watch_window(struct patch_reader *reader)
{
    reader->window = INFLATE_WATCHED;
}

/* Reads the shortest form only. The cursor moves on success. */
static bool read_uleb128(struct span *bytes, uint64_t *value)
{
    uint64_t result = 0;

    for (size_t i = 0; i < bytes->size && i < ULEB128_MOST; i++) {
        uint8_t byte = bytes->data[i];
        bool beyond_64_bits = i == ULEB128_MOST - 1 && byte > 1;
        bool longer_than_needed = i > 0 && byte == 0;
        if (beyond_64_bits || longer_than_needed)
            return false;
        result |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte < 0x80) {
            *bytes = span_from(*bytes, i + 1);
            *value = result;
            return true;
        }
    }
    return false;
}

static enum status block_read(struct span bytes, struct block *block)
{
    const uint8_t known = PATCH_SEGMENT_START | PATCH_SEGMENT_END | PATCH_LAST;

    if (bytes.size < LAST_HEAD_SIZE || bytes.data[0] != PATCH_BLOCK_DATA || (bytes.data[1] & ~known) != 0)
        return BAD_FORMAT;
    block->flags = bytes.data[1];
    if (block->flags & PATCH_LAST) {
        block->next_length = 0;
        block->next_digest = NULL;
        block->body = span_from(bytes, LAST_HEAD_SIZE);
        return block->flags & PATCH_SEGMENT_END ? OK : BAD_FORMAT;
    }
    if (bytes.size < PATCH_HEAD_SIZE)
        return BAD_FORMAT;
    block->next_length = get_le32(bytes.data + NEXT_LENGTH_AT);
    block->next_digest = bytes.data + NEXT_DIGEST_AT;
    block->body = span_from(bytes, PATCH_HEAD_SIZE);
    return OK;
}

/* What follows this block is within the stream; after the last there is nothing. */
static bool next_fits(const struct patch_reader *reader, const struct block *block)
{
    uint64_t left = reader->description.stream_size - reader->offset;

    if (block->flags & PATCH_LAST)
        return left == 0;
    return block->next_length >= PATCH_LENGTH_LEAST && block->next_length <= reader->description.block_max &&
           block->next_length <= left;
}

/* Where a segment starts in the output and in the base must be what the device knows already: there is no base. */
static bool segment_head_fits(const struct patch_reader *reader, struct block *block)
{
    uint64_t output, base;

    if (!read_uleb128(&block->body, &output) || !read_uleb128(&block->body, &base))
        return false;
    return output == reader->output && output < reader->image_size && base == 0;
}

static enum status segment_open(struct patch_reader *reader)
{
    reader->in_segment = true;
    if (reader->sink.segment != NULL) {
        struct patch_restart here = {.stream_offset = reader->offset - reader->block_length,
                                     .output_offset = reader->output,
                                     .length = reader->block_length};
        memcpy(here.digest, reader->block_digest, DIGEST_SIZE);
        reader->sink.segment(reader->sink.context, &here);
    }
    if (reader->description.codec == PATCH_STORED)
        return OK;
    return inflate_start(&reader->inflate, reader->memory.decoder, reader->description.window_bits,
                         reader->window);
}

static enum status segment_take(struct patch_reader *reader, struct block *block)
{
    bool starts = block->flags & PATCH_SEGMENT_START;
    uint32_t before = starts ? 0 : reader->segment_size;

    if (starts == reader->in_segment || reader->block_length > reader->description.segment_max - before)
        return BAD_FORMAT;
    if (starts && !segment_head_fits(reader, block))
        return BAD_FORMAT;
    if (block->body.size == 0)
        return BAD_FORMAT;
    reader->segment_size = before + reader->block_length;
    return starts ? segment_open(reader) : OK;
}

/* Hands on output that is known to be within the image. */
static enum status output_give(struct patch_reader *reader, struct span bytes)
{
    if (bytes.size == 0)
        return OK;
    enum status status = reader->sink.write(reader->sink.context, reader->output, bytes);
    if (!status)
        reader->output += bytes.size;
    return status;
}

static enum status stored_decode(struct patch_reader *reader, const struct block *block)
{
    if (block->body.size > reader->image_size - reader->output)
        return TOO_LARGE;
    return output_give(reader, block->body);
}

static enum status deflate_decode(struct patch_reader *reader, const struct block *block)
{
    bool ends = block->flags & PATCH_SEGMENT_END;
    struct span body = block->body;
    struct buffer piece;
    bool ended = false;

    do {
        /* One byte more than the image has left, so that a stream with more shows itself. */
        uint64_t left = reader->image_size - reader->output;
        size_t room = reader->memory.output.capacity;
        piece = buffer_over(reader->memory.output.data, left < room ? (size_t)left + 1 : room);
        enum status status = inflate_more(&reader->inflate, &body, &piece, &ended);
        if (!status && piece.size > left)
            status = TOO_LARGE;
        if (!status)
            status = output_give(reader, span_used(&piece));
        if (status)
            return status;
    } while (!ended && piece.size == piece.capacity);
    return body.size == 0 && ended == ends ? OK : BAD_FORMAT;
}

static enum status block_close(struct patch_reader *reader, const struct block *block)
{
    if (block->flags & PATCH_SEGMENT_END)
        reader->in_segment = false;
    if (block->flags & PATCH_LAST) {
        reader->last_seen = true;
        return reader->output == reader->image_size ? OK : BAD_FORMAT;
    }
    reader->block_length = block->next_length;
    memcpy(reader->block_digest, block->next_digest, DIGEST_SIZE);
    reader->memory.block.size = 0;
    return OK;
}

static enum status block_take(struct patch_reader *reader)
{
    struct span bytes = span_used(&reader->memory.block);
    uint8_t digest[DIGEST_SIZE];
    struct block block;

    digest_of(bytes, digest);
    if (!digest_equal(digest, reader->block_digest))
        return BAD_DIGEST;
    enum status status = block_read(bytes, &block);
    if (!status && !next_fits(reader, &block))
        status = BAD_FORMAT;
    if (!status)
        status = segment_take(reader, &block);
    if (!status)
        status = reader->description.codec == PATCH_STORED ? stored_decode(reader, &block)
                                                           : deflate_decode(reader, &block);
    return status ? status : block_close(reader, &block);
}

enum status patch_feed(struct patch_reader *reader, struct span bytes)
{
    struct buffer *block = &reader->memory.block;

    while (reader->spent == OK && bytes.size > 0) {
        if (reader->last_seen) {
            reader->spent = BAD_FORMAT;
            break;
        }
        struct span part = span_first(bytes, reader->block_length - block->size);
        buffer_append(block, part);
        reader->offset += part.size;
        bytes = span_from(bytes, part.size);
        if (block->size == reader->block_length)
            reader->spent = block_take(reader);
    }
    return reader->spent;
}

bool patch_done(const struct patch_reader *reader)
{
    return reader->spent == OK && reader->last_seen;
}
