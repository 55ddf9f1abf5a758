/* The writer of patch streams (docs/formats.md 5): cuts an image into segments that fit, segments into blocks, and chains
 * the blocks' digests from the last back to the first. */
#include "manifests/patch_write.h"
#include "keys/base/bytes.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { LEVEL = 9, MEMORY_LEVEL = 8 }; /* fixed: the same image gives the same bytes */
enum { LAST_HEAD_SIZE = 2, ULEB128_MOST = 10 };
enum { TRIES = 12 }; /* of a segment's length, once one has fitted */

struct stream {
    struct span image;
    uint8_t codec;
    uint32_t block_max, segment_size;
    struct buffer out; /* capacity: the size of the stored stream */
    size_t *starts;    /* of each block in `out`; room for as many as the stored stream has */
    size_t count, most;
    struct buffer packed; /* one segment's deflate stream */
    z_stream deflate;
    bool deflate_open;
};

static size_t uleb128_write(uint8_t out[ULEB128_MOST], uint64_t value)
{
    size_t size = 0;

    while (value >= 0x80) {
        out[size++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    out[size++] = (uint8_t)value;
    return size;
}

/* ULEB128 of the output offset and of the base position, which is 0. */
static struct span segment_head(uint8_t room[ULEB128_MOST + 1], uint64_t output)
{
    size_t size = uleb128_write(room, output);
    room[size] = 0;
    return span_of(room, size + 1);
}

/* Body bytes that fit into a segment whose head takes `head` bytes. */
static size_t segment_room(const struct stream *stream, size_t head)
{
    size_t rest = stream->segment_size % stream->block_max;
    size_t room = stream->segment_size / stream->block_max * (stream->block_max - PATCH_HEAD_SIZE);

    return room + (rest > PATCH_HEAD_SIZE ? rest - PATCH_HEAD_SIZE : 0) - head;
}

/* Appends one block with its next length and digest still open. False: it does not fit. */
static bool block_append(struct stream *stream, uint8_t flags, struct span head, struct span body)
{
    uint8_t first[PATCH_HEAD_SIZE] = {PATCH_BLOCK_DATA, flags};
    size_t size = flags & PATCH_LAST ? LAST_HEAD_SIZE : PATCH_HEAD_SIZE;

    if (stream->count == stream->most)
        return false;
    stream->starts[stream->count++] = stream->out.size;
    return buffer_append(&stream->out, span_of(first, size)) && buffer_append(&stream->out, head) &&
           buffer_append(&stream->out, body);
}

enum place { MORE_FOLLOW, STREAM_ENDS };

static bool segment_append(struct stream *stream, struct span head, struct span body, enum place place)
{
    uint8_t flags = PATCH_SEGMENT_START;

    while (body.size > 0) {
        struct span part = span_first(body, stream->block_max - PATCH_HEAD_SIZE - head.size);
        body = span_from(body, part.size);
        if (body.size == 0)
            flags |= place == STREAM_ENDS ? PATCH_SEGMENT_END | PATCH_LAST : PATCH_SEGMENT_END;
        if (!block_append(stream, flags, head, part))
            return false;
        head.size = 0;
        flags = 0;
    }
    return true;
}

/* Packs `input` as one deflate stream into at most `room` bytes, which `packed` holds. False when it doesn't fit; `*taken` is then
 * what deflate had taken when the room was full, more than would have fitted. */
static bool pack(struct stream *stream, struct span input, size_t room, size_t *taken)
{
    z_stream *deflater = &stream->deflate;

    deflateReset(deflater);
    deflater->next_in = (z_const Bytef *)input.data;
    deflater->avail_in = input.size < UINT_MAX ? (uInt)input.size : UINT_MAX;
    deflater->next_out = stream->packed.data;
    deflater->avail_out = (uInt)room;
    bool whole = deflater->avail_in == input.size;
    bool fits = deflate(deflater, whole ? Z_FINISH : Z_NO_FLUSH) == Z_STREAM_END;
    *taken = deflater->total_in;
    stream->packed.size = room - deflater->avail_out;
    return fits;
}

/* The next length to try between one that fits (`low`, of `low_size` packed bytes) and one that doesn't (`high`). */
static size_t next_try(size_t low, size_t low_size, size_t high, size_t room)
{
    uint64_t guess = (uint64_t)low * room / low_size;
    guess -= guess / 200;
    bool inside = low > 0 && guess > low + 1 && guess < high - 1;

    return inside ? (size_t)guess : low + (high - low) / 2;
}

/* Packs the longest piece of `input` found that fits into `room`; returns its length. Some piece always fits: the least
 * segment has room for a byte. */
static size_t pack_longest(struct stream *stream, struct span input, size_t room)
{
    size_t low = 0, low_size = 1, high = input.size, taken;

    if (pack(stream, input, room, &taken))
        return input.size;
    /* What deflate took before the room was full bounds the search; it holds a little back, so the bound is safe. */
    if (taken < high)
        high = taken + 1;
    for (int tries = 0; high - low > 1 && (low == 0 || tries < TRIES); tries++) {
        if (low > 0 && (room - low_size <= room / 64 || high - low <= 32))
            break;
        size_t length = tries == 0 ? high / 4 * 3 + high % 4 / 2 : next_try(low, low_size, high, room);
        if (pack(stream, span_first(input, length), room, &taken)) {
            low = length;
            low_size = stream->packed.size;
        } else {
            high = length;
        }
    }
    pack(stream, span_first(input, low), room, &taken);
    return low;
}

static bool segments_append(struct stream *stream)
{
    uint8_t head_room[ULEB128_MOST + 1];
    size_t output = 0;

    while (output < stream->image.size) {
        struct span head = segment_head(head_room, output);
        struct span left = span_from(stream->image, output);
        size_t room = segment_room(stream, head.size);
        struct span body = span_first(left, room);
        size_t made = body.size;
        if (stream->codec == PATCH_DEFLATE) {
            size_t most = stream->packed.capacity;
            made = pack_longest(stream, left, room < most ? room : most);
            body = span_used(&stream->packed);
        }
        output += made;
        if (!segment_append(stream, head, body, output == stream->image.size ? STREAM_ENDS : MORE_FOLLOW))
            return false;
    }
    return true;
}

static struct patch_description describe(const struct stream *stream, const struct patch_settings *settings)
{
    struct patch_description description = {.codec = stream->codec,
                                            .block_max = settings->block_max,
                                            .segment_max = settings->segment_size,
                                            .ram = settings->block_max,
                                            .stream_size = stream->out.size};
    if (stream->codec == PATCH_DEFLATE) {
        description.window_bits = settings->window_bits;
        /* Masked so that any number shifts safely; patch_description_check refuses the wrong ones. */
        description.ram += ((uint32_t)1 << (settings->window_bits & 15)) + PATCH_INFLATE_RAM;
    }
    return description;
}

/* Gives each block the length and the digest of the next, and the description those of the first. */
static void chain(struct stream *stream, struct patch_description *description)
{
    uint8_t *next = NULL, *digest = description->first_digest;
    size_t end = stream->out.size;

    for (size_t i = stream->count; i-- > 0;) {
        uint8_t *block = stream->out.data + stream->starts[i];
        if (next != NULL) {
            put_le32(block + 2, description->first_length);
            memcpy(block + 6, digest, DIGEST_SIZE);
        }
        description->first_length = (uint32_t)(end - stream->starts[i]);
        digest_of(span_of(block, description->first_length), digest);
        end = stream->starts[i];
        next = block;
    }
}

/* The size of the stored stream and its number of blocks. */
static size_t stored_size(const struct stream *stream, size_t *blocks)
{
    uint8_t head_room[ULEB128_MOST + 1];
    size_t size = 0, output = 0;

    *blocks = 0;
    while (output < stream->image.size) {
        size_t head = segment_head(head_room, output).size;
        struct span body = span_first(span_from(stream->image, output), segment_room(stream, head));
        size_t most = stream->block_max - PATCH_HEAD_SIZE;
        size_t count = (head + body.size + most - 1) / most;
        size += count * PATCH_HEAD_SIZE + head + body.size;
        *blocks += count;
        output += body.size;
    }
    return size - PATCH_HEAD_SIZE + LAST_HEAD_SIZE;
}

static bool stream_open(struct stream *stream, const struct patch_settings *settings)
{
    size_t size = stored_size(stream, &stream->most);

    stream->out = buffer_over(malloc(size), size);
    stream->starts = malloc(stream->most * sizeof *stream->starts);
    size_t packed = stream->segment_size < size ? stream->segment_size : size;
    stream->packed = buffer_over(malloc(packed), packed);
    if (stream->codec == PATCH_DEFLATE)
        stream->deflate_open = deflateInit2(&stream->deflate, LEVEL, Z_DEFLATED, -settings->window_bits,
                                            MEMORY_LEVEL, Z_DEFAULT_STRATEGY) == Z_OK;
    return stream->out.data != NULL && stream->starts != NULL && stream->packed.data != NULL &&
           stream->deflate_open == (stream->codec == PATCH_DEFLATE);
}

static void stream_close(struct stream *stream)
{
    if (stream->deflate_open)
        deflateEnd(&stream->deflate);
    free(stream->packed.data);
    free(stream->starts);
    free(stream->out.data);
}

/* Falls back to stored when the asked codec needs more room than that. */
static bool stream_fill(struct stream *stream)
{
    if (segments_append(stream))
        return true;
    stream->codec = PATCH_STORED;
    stream->out.size = 0;
    stream->count = 0;
    return segments_append(stream);
}

/* Whether what the device's reader makes of the stream is the image. */
struct proof {
    struct span image;
    bool differs;
};

static enum status proof_write(void *context, uint64_t offset, struct span bytes)
{
    struct proof *proof = context;

    if (!span_equal(bytes, span_first(span_from(proof->image, offset), bytes.size)))
        proof->differs = true;
    return OK;
}

static bool stream_prove(const struct stream *stream, const struct patch_description *description)
{
    uint8_t piece[4096];
    struct proof proof = {.image = stream->image};
    struct patch_sink sink = {.context = &proof, .write = proof_write};
    uint8_t *room = malloc(description->ram);
    size_t rest = description->ram - description->block_max;
    struct patch_reader reader;

    if (room == NULL)
        return false;
    struct patch_memory memory = {buffer_over(room + rest, description->block_max), buffer_over(room, rest),
                                  buffer_over(piece, sizeof piece)};
    bool proven = patch_start(&reader, description, stream->image.size, NULL, memory, sink) == OK;
    if (proven)
        patch_watch_window(&reader);
    proven =
        proven && patch_feed(&reader, span_used(&stream->out)) == OK && patch_done(&reader) && !proof.differs;
    free(room);
    return proven;
}

static bool settings_check(const struct patch_settings *settings, struct failure *why)
{
    struct stream none = {.codec = settings->codec};
    struct patch_description description = describe(&none, settings);

    description.stream_size = description.first_length = PATCH_LENGTH_LEAST;
    if (patch_description_check(&description) == OK)
        return true;
    return failure_set(
        why, FAIL_STREAM,
        "no stream has codec %u, window %u, blocks of at most %u bytes and segments of at most %u",
        settings->codec, settings->window_bits, settings->block_max, settings->segment_size);
}

static bool stream_make(struct stream *stream, const struct patch_settings *settings,
                        struct patch_description *description, struct failure *why)
{
    if (!stream_open(stream, settings))
        return failure_set(why, FAIL_MEMORY, "no memory for the stream of an image of %zu bytes",
                           stream->image.size);
    if (!stream_fill(stream))
        return failure_set(why, FAIL_INTERNAL, "the stored stream is larger than was computed");
    *description = describe(stream, settings);
    chain(stream, description);
    if (!stream_prove(stream, description))
        return failure_set(why, FAIL_INTERNAL, "the stream does not read back as its image");
    return true;
}

bool patch_write(struct span image, const struct patch_settings *settings, struct buffer *out,
                 struct patch_description *description, struct failure *why)
{
    struct stream stream = {.image = image,
                            .codec = settings->codec,
                            .block_max = settings->block_max,
                            .segment_size = settings->segment_size};
    struct patch_description made;

    if (image.size == 0)
        return failure_set(why, FAIL_STREAM, "an empty image has no stream");
    if (!settings_check(settings, why))
        return false;
    bool done = stream_make(&stream, settings, &made, why);
    if (done) {
        *description = made;
        *out = stream.out;
        stream.out.data = NULL;
    }
    stream_close(&stream);
    return done;
}
