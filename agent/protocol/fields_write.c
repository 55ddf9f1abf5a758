/* The writing half of fields.h: a table and a struct become a definite map with sorted keys. */
#include "agent/protocol/fields.h"

/* The longest texts made here: three numbers of ten digits with two dots. */
enum { DECIMAL_MAX = 10, VERSION_MAX = 3 * DECIMAL_MAX + 2 };

static void decimal_append(struct buffer *text, uint32_t value)
{
    uint8_t digits[DECIMAL_MAX];
    size_t count = 0;
    do {
        digits[count++] = (uint8_t)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    while (count > 0)
        buffer_put(text, digits[--count]);
}

static void put_version(struct cbor_writer *writer, const uint32_t version[3])
{
    uint8_t memory[VERSION_MAX];
    struct buffer text = buffer_over(memory, sizeof memory);
    for (size_t i = 0; i < 3; i++) {
        if (i > 0)
            buffer_put(&text, '.');
        decimal_append(&text, version[i]);
    }
    cbor_put_text_span(writer, span_used(&text));
}

static void put_stream(struct cbor_writer *writer, uint8_t number)
{
    uint8_t memory[1 + DECIMAL_MAX];
    struct buffer text = buffer_over(memory, sizeof memory);
    buffer_put(&text, '#');
    decimal_append(&text, number);
    cbor_put_text_span(writer, span_used(&text));
}

static void put_list(struct cbor_writer *writer, const uint8_t *values, size_t count)
{
    cbor_put_array(writer, count);
    for (size_t i = 0; i < count; i++)
        cbor_put_uint(writer, values[i]);
}

static void put_list_int(struct cbor_writer *writer, const int64_t *values, size_t count)
{
    cbor_put_array(writer, count);
    for (size_t i = 0; i < count; i++)
        cbor_put_int(writer, values[i]);
}

static void put_map(struct cbor_writer *writer, const struct shape *shape, const uint8_t *message);
static void put_rows(struct cbor_writer *writer, const struct field *field, const uint8_t *rows,
                     size_t count);

static void put_value(struct cbor_writer *writer, const struct field *field, const uint8_t *message)
{
    const void *at = message + field->at;
    const void *also = message + field->also;

    switch (field->kind) {
    case FIELD_UINT8:
        cbor_put_uint(writer, *(const uint8_t *)at);
        break;
    case FIELD_UINT16:
        cbor_put_uint(writer, *(const uint16_t *)at);
        break;
    case FIELD_UINT32:
        cbor_put_uint(writer, *(const uint32_t *)at);
        break;
    case FIELD_UINT64:
        cbor_put_uint(writer, *(const uint64_t *)at);
        break;
    case FIELD_INT32:
        cbor_put_int(writer, *(const int32_t *)at);
        break;
    case FIELD_BOOL:
        cbor_put_bool(writer, *(const bool *)at);
        break;
    case FIELD_TEXT:
        cbor_put_text_span(writer, *(const struct span *)at);
        break;
    case FIELD_DATA:
        cbor_put_bytes(writer, *(const struct span *)at);
        break;
    case FIELD_BYTES:
        cbor_put_bytes(writer, span_of(at, field->size));
        break;
    case FIELD_VERSION:
        put_version(writer, at);
        break;
    case FIELD_STREAM:
        put_stream(writer, *(const uint8_t *)at);
        break;
    case FIELD_UINT8S:
        put_list(writer, at, field->size);
        break;
    case FIELD_LIST:
        put_list(writer, at, *(const size_t *)also);
        break;
    case FIELD_LIST_INT:
        put_list_int(writer, at, *(const size_t *)also);
        break;
    case FIELD_MAP:
        put_map(writer, field->inner, message);
        break;
    case FIELD_ROWS:
    case FIELD_TUPLES:
        put_rows(writer, field, at, *(const size_t *)also);
        break;
    }
}

static bool is_written(const struct field *field, const uint8_t *message)
{
    bool always = field->need == FIELD_REQUIRED || field->need == FIELD_OPTIONAL;
    return always || *(const bool *)(const void *)(message + field->also);
}

static void put_map(struct cbor_writer *writer, const struct shape *shape, const uint8_t *message)
{
    size_t pairs = 0;
    for (size_t i = 0; i < shape->count; i++)
        pairs += is_written(&shape->fields[i], message) ? 1 : 0;
    cbor_put_map(writer, pairs);
    for (size_t i = 0; i < shape->count; i++) {
        if (!is_written(&shape->fields[i], message))
            continue;
        cbor_put_text(writer, shape->fields[i].key);
        put_value(writer, &shape->fields[i], message);
    }
}

static void put_rows(struct cbor_writer *writer, const struct field *field, const uint8_t *rows, size_t count)
{
    const struct shape *inner = field->inner;
    cbor_put_array(writer, count);
    for (size_t i = 0; i < count; i++, rows += inner->size) {
        if (field->kind == FIELD_ROWS) {
            put_map(writer, inner, rows);
            continue;
        }
        cbor_put_array(writer, inner->count);
        for (size_t k = 0; k < inner->count; k++)
            put_value(writer, &inner->fields[k], rows);
    }
}

/* A count beyond the array would read past the struct: a mistake of ours, answered as what can't be written. */
static bool counts_fit(const struct shape *shape, const uint8_t *message)
{
    for (size_t i = 0; i < shape->count; i++) {
        const struct field *field = &shape->fields[i];
        bool counted = field->kind == FIELD_LIST || field->kind == FIELD_LIST_INT ||
                       field->kind == FIELD_ROWS || field->kind == FIELD_TUPLES;
        if (counted && *(const size_t *)(const void *)(message + field->also) > field->size)
            return false;
    }
    return true;
}

enum status fields_write(struct buffer *out, const struct shape *shape, const void *message)
{
    size_t before = out->size;
    if (!counts_fit(shape, message))
        return TOO_LARGE;
    struct cbor_writer writer = cbor_into(out);
    put_map(&writer, shape, message);
    enum status status = cbor_written(&writer);
    if (status)
        out->size = before;
    return status;
}
