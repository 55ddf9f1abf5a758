/* Bytes that travel with their length. A span is borrowed and read-only; a buffer is borrowed and grows up to its
 * capacity. Neither owns memory: whoever made the bytes keeps them alive. */
#ifndef SUTURE_KEYS_BASE_SPAN_H
#define SUTURE_KEYS_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct span {
    const uint8_t *data; /* NULL only when absent; an empty span may have any pointer */
    size_t size;         /* bytes */
};

struct buffer {
    uint8_t *data;
    size_t size;     /* bytes in use */
    size_t capacity; /* bytes that fit */
};

/* Span over [data, data + size). */
struct span span_of(const void *data, size_t size);
/* Span over a NUL-terminated text, without the NUL. */
struct span span_text(const char *text);
/* What was written to a buffer so far. */
struct span span_used(const struct buffer *buffer);
/* The part of a span from `from` on; empty at its end when `from` lies past it. */
struct span span_from(struct span span, size_t from);
/* The first `size` bytes, or all when there are fewer. */
struct span span_first(struct span span, size_t size);
/* Same length and same bytes. Not constant-time: nothing here is secret. */
bool span_equal(struct span a, struct span b);

/* An empty buffer over [data, data + capacity). */
struct buffer buffer_over(void *data, size_t capacity);
/* Appends all of `bytes`, or nothing and returns false when they don't fit. */
bool buffer_append(struct buffer *buffer, struct span bytes);
/* Appends one byte, or returns false. */
bool buffer_put(struct buffer *buffer, uint8_t byte);

#endif
