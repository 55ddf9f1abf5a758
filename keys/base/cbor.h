/* CBOR (RFC 8949) without heap. The reader is a cursor over borrowed bytes: it can't pass their end, and every item it
 * hands out is a span into them. Two ways to read:
 *   CBOR_CANONICAL  signed documents: core deterministic encoding (4.2.1) only: shortest heads, definite lengths, map
 *                   keys ascending by their bytes and none twice, no floats, valid UTF-8.
 *   CBOR_LOOSE      SMP bodies as other people's clients write them: any key order, longer heads, indefinite arrays and
 *                   maps, floats where they are skipped. Strings in pieces (indefinite strings) are refused here too.
 * Every function that fails leaves cursor and results as they were. Nesting is bounded by CBOR_DEPTH_MAX. */
#ifndef SUTURE_KEYS_BASE_CBOR_H
#define SUTURE_KEYS_BASE_CBOR_H

#include "keys/base/span.h"
#include "keys/base/status.h"

#define CBOR_DEPTH_MAX 8 /* arrays, maps and tags inside each other, counted by cbor_skip */

enum cbor_mode { CBOR_CANONICAL, CBOR_LOOSE };

struct cbor {
    const uint8_t *at;  /* next byte */
    const uint8_t *end; /* one past the last */
    enum cbor_mode mode;
};

enum cbor_kind {
    CBOR_UINT,
    CBOR_NEGATIVE,
    CBOR_BYTES,
    CBOR_TEXT,
    CBOR_ARRAY,
    CBOR_MAP,
    CBOR_TAG,
    CBOR_BOOL,
    CBOR_NULL,
    CBOR_BREAK,  /* the end of an indefinite array or map; cbor_more() eats it */
    CBOR_OTHER,  /* floats and other simple values */
    CBOR_NOTHING /* no byte left */
};

/* A place inside an array or map, kept by the caller while it walks the items. */
struct cbor_items {
    uint64_t left; /* items (array) or pairs (map) still to come, when definite */
    bool indefinite;
    bool map;
    struct span last_key; /* encoded, to check order */
};

/* Reading ---------------------------------------------------------------------------------------------------------- */

struct cbor cbor_over(struct span bytes, enum cbor_mode mode);
/* Kind of the next item; does not move. */
enum cbor_kind cbor_kind(const struct cbor *cbor);
/* OK when nothing is left, BAD_FORMAT otherwise. Every document ends with this call. */
enum status cbor_end(const struct cbor *cbor);

/* Each reads one item of its kind. BAD_FORMAT: another kind or not canonical. INCOMPLETE: the bytes end inside it.
 * TOO_LARGE: an integer outside the type. */
enum status cbor_uint(struct cbor *cbor, uint64_t *value);
enum status cbor_uint32(struct cbor *cbor, uint32_t *value);
enum status cbor_uint8(struct cbor *cbor, uint8_t *value);
enum status cbor_int(struct cbor *cbor, int64_t *value);
enum status cbor_bool(struct cbor *cbor, bool *value);
enum status cbor_null(struct cbor *cbor);
enum status cbor_tag(struct cbor *cbor, uint64_t *tag);
enum status cbor_bytes(struct cbor *cbor, struct span *value);
enum status cbor_text(struct cbor *cbor, struct span *value);
/* A byte string of exactly `size` bytes, copied. BAD_FORMAT: another length. */
enum status cbor_bytes_exact(struct cbor *cbor, uint8_t *value, size_t size);

/* Steps over one whole item, checking all of it; `whole` (may be NULL) gets its encoded bytes. */
enum status cbor_skip(struct cbor *cbor, struct span *whole);
/* Bytes that the next item takes in all, when its head is there; for strings the bytes need not have arrived.
 * INCOMPLETE: not even the head is there. Only for strings and atoms. */
enum status cbor_string_extent(const struct cbor *cbor, uint64_t *head_size, uint64_t *content_size);

/* Enter an array or a map, then call cbor_more() before each item (array) or key (map). */
enum status cbor_enter_array(struct cbor *cbor, struct cbor_items *items);
enum status cbor_enter_map(struct cbor *cbor, struct cbor_items *items);
/* Sets `*more` when another item (or pair) follows and stands before it; false once after the last. For a canonical map
 * it refuses a key that is not greater than the one before. */
enum status cbor_more(struct cbor *cbor, struct cbor_items *items, bool *more);

/* Writing ---------------------------------------------------------------------------------------------------------- */

/* Appends to a buffer; the first thing that does not fit sets `overflow`, and nothing is written after that. Heads are
 * shortest; the order of map keys is the caller's duty (ascending by their encoded bytes). */
struct cbor_writer {
    struct buffer *out;
    bool overflow;
};

struct cbor_writer cbor_into(struct buffer *out);
void cbor_put_uint(struct cbor_writer *writer, uint64_t value);
void cbor_put_int(struct cbor_writer *writer, int64_t value);
void cbor_put_bool(struct cbor_writer *writer, bool value);
void cbor_put_null(struct cbor_writer *writer);
void cbor_put_tag(struct cbor_writer *writer, uint64_t tag);
void cbor_put_array(struct cbor_writer *writer, uint64_t items);
void cbor_put_map(struct cbor_writer *writer, uint64_t pairs);
void cbor_put_bytes(struct cbor_writer *writer, struct span value);
void cbor_put_text(struct cbor_writer *writer, const char *value);
void cbor_put_text_span(struct cbor_writer *writer, struct span value);
/* Only the head of a byte string of `size` bytes: the caller appends them. */
void cbor_put_bytes_head(struct cbor_writer *writer, uint64_t size);
/* Bytes that are an encoded item already. */
void cbor_put_encoded(struct cbor_writer *writer, struct span encoded);
/* OK, or TOO_LARGE when something did not fit. */
enum status cbor_written(const struct cbor_writer *writer);

/* Writes the head of major type `major` (0..7) into `head`; returns its size, 1..9. */
size_t cbor_head(uint8_t head[9], uint8_t major, uint64_t argument);

#endif
