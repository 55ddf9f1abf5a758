#include "keys/base/span.h"

#include <string.h>

struct span span_of(const void *data, size_t size)
{
    return (struct span){data, size};
}

struct span span_text(const char *text)
{
    return (struct span){(const uint8_t *)text, strlen(text)};
}

struct span span_used(const struct buffer *buffer)
{
    return (struct span){buffer->data, buffer->size};
}

struct span span_from(struct span span, size_t from)
{
    if (span.data == NULL)
        return span;
    if (from > span.size)
        from = span.size;
    return (struct span){span.data + from, span.size - from};
}

struct span span_first(struct span span, size_t size)
{
    return (struct span){span.data, size < span.size ? size : span.size};
}

bool span_equal(struct span a, struct span b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

struct buffer buffer_over(void *data, size_t capacity)
{
    return (struct buffer){data, 0, capacity};
}

bool buffer_append(struct buffer *buffer, struct span bytes)
{
    if (bytes.size > buffer->capacity - buffer->size)
        return false;
    if (bytes.size > 0)
        memmove(buffer->data + buffer->size, bytes.data, bytes.size);
    buffer->size += bytes.size;
    return true;
}

bool buffer_put(struct buffer *buffer, uint8_t byte)
{
    return buffer_append(buffer, span_of(&byte, 1));
}
