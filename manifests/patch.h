/* The patch stream (docs/formats.md 5) on the device's side: no header, blocks whose length and digest are known before
 * they arrive, segments at which decoding can start again. Nothing is decoded, and no length believed, before the block
 * that holds it is proven to be the vendor's. Memory: one block, and the decoder's. */
#ifndef SUTURE_MANIFESTS_PATCH_H
#define SUTURE_MANIFESTS_PATCH_H

#include "keys/digest.h"
#include "keys/base/cbor.h"
#include "manifests/inflate.h"

enum patch_codec { PATCH_STORED = 0, PATCH_DEFLATE = 1, PATCH_DELTA = 2, PATCH_MODELLED = 3 };
enum { PATCH_BLOCK_CONTEXT = 0, PATCH_BLOCK_DATA = 1 };
enum { PATCH_SEGMENT_START = 1, PATCH_SEGMENT_END = 2, PATCH_LAST = 4 };

#define PATCH_HEAD_SIZE       38 /* type, flags, length and digest of the next block; 2 in the last block */
#define PATCH_BLOCK_LEAST     64 /* least block_max: the head, a segment's start (two ULEB128) and some body */
#define PATCH_LENGTH_LEAST    2  /* bytes of the shortest block: type and flags */
#define PATCH_DESCRIPTION_MAX 96 /* bytes of an encoded description */

/* Parameter -257 of the manifest. Sizes in bytes, whole blocks, heads included. */
struct patch_description {
    uint8_t codec;       /* enum patch_codec */
    uint8_t window_bits; /* 0 (stored) or 9..15 */
    uint32_t block_max;
    uint32_t segment_max;
    uint32_t ram; /* decoder RAM: block_max + context_size + the codec's */
    uint64_t stream_size;
    uint32_t context_size;
    uint32_t first_length; /* of the first block */
    uint8_t first_digest[DIGEST_SIZE];
    uint8_t instruction_set; /* 0 none, 1 Thumb, 2 Arm, 3 AArch64, 4 x86, 5 RISC-V */
    uint64_t old_address, new_address;
};

/* Whether the numbers fit each other: BAD_FORMAT, or UNSUPPORTED (a codec that this build does not decode). */
enum status patch_description_check(const struct patch_description *description);
/* Reads and checks the content of parameter -257, the array without its bstr head. BAD_FORMAT, BAD_VERSION, UNSUPPORTED. */
enum status patch_description_read(struct span content, struct patch_description *out);
/* Appends that content. TOO_LARGE, or as patch_description_check; `out` is then as it was. */
enum status patch_description_write(struct buffer *out, const struct patch_description *description);

/* Where decoding can start again after the agent's restart; what the journal keeps. All zero (the journal's start entry):
 * the beginning, with the length and digest of the description. */
struct patch_restart {
    uint64_t stream_offset;      /* of the block that starts the segment */
    uint64_t output_offset;      /* output made before that segment */
    uint32_t length;             /* of that block */
    uint8_t digest[DIGEST_SIZE]; /* its SHA-256 */
};

/* Who gets the output. `write` gets output bytes in order, `offset` counted from the image's start; any status but OK ends
 * the stream with it. `segment` (may be NULL) is told each time a segment starts, before its first output. */
struct patch_sink {
    void *context;
    enum status (*write)(void *context, uint64_t offset, struct span bytes);
    void (*segment)(void *context, const struct patch_restart *restart);
};

/* Memory of one decoder; it must live as long as the reader. Stored needs only `block`, whose body is what the sink gets;
 * with deflate the sink gets pieces of at most `output`'s capacity, which is not part of the description's RAM. */
struct patch_memory {
    struct buffer block;   /* capacity >= block_max */
    struct buffer decoder; /* capacity >= ram - block_max; aligned to 8 */
    struct buffer output;  /* capacity >= 1; 256 to 512 bytes serve well */
};

/* Opaque but for `offset` and `output`. Once started it must not be moved: the decoder points into it. */
struct patch_reader {
    struct patch_description description;
    struct patch_memory memory;
    struct patch_sink sink;
    uint64_t image_size;   /* output never passes it */
    uint64_t offset;       /* of the next stream byte wanted */
    uint64_t output;       /* output made so far, from the image's start */
    uint32_t block_length; /* of the block being gathered */
    uint8_t block_digest[DIGEST_SIZE];
    uint32_t segment_size; /* stream bytes of the open segment so far */
    bool in_segment, last_seen;
    enum status spent; /* OK, or the error that ended the stream */
    enum inflate_window window;
    struct inflate inflate;
};

/* Begins at `restart` (NULL: the beginning). Only TOO_LARGE (memory) and BAD_FORMAT (numbers) can come back,
 * or UNSUPPORTED (a codec that this build does not decode, so none with context blocks yet). */
enum status patch_start(struct patch_reader *reader, const struct patch_description *description,
                        uint64_t image_size, const struct patch_restart *restart, struct patch_memory memory,
                        struct patch_sink sink);

/* After patch_start, for whoever makes streams or vouches for them: a copy from beyond the window is BAD_FORMAT however the
 * output is taken, so that the least decoder of a device will take the stream too. Costs most of the speed. */
void patch_watch_window(struct patch_reader *reader);

/* Takes stream bytes from reader->offset on, as many as there are. BAD_DIGEST: a block is not the announced one.
 * BAD_FORMAT: an authentic block that breaks the rules. TOO_LARGE: output beyond the image, of which
 * nothing reached the sink. Or the sink's status. After an error the reader is spent and answers the same; start again
 * from a restart point. */
enum status patch_feed(struct patch_reader *reader, struct span bytes);

/* True when the last block was decoded and the output is exactly the image's size. */
bool patch_done(const struct patch_reader *reader);

#endif
