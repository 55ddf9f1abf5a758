/* The reading half of fields.h: a loose map fills a struct, row by row of its table. */
#include "agent/protocol/fields.h"

/* Reads decimal digits up to the text's end or a byte that is none; no leading zero. */
static enum status decimal_read(struct span *text, uint32_t *out)
{
    uint64_t value = 0;
    size_t digits = 0;
    while (digits < text->size && text->data[digits] >= '0' && text->data[digits] <= '9') {
        value = value * 10 + (uint64_t)(text->data[digits] - '0');
        if (value > UINT32_MAX)
            return TOO_LARGE;
        digits += 1;
    }
    if (digits == 0 || (digits > 1 && text->data[0] == '0'))
        return BAD_FORMAT;
    *text = span_from(*text, digits);
    *out = (uint32_t)value;
    return OK;
}

static enum status version_read(struct cbor *value, uint32_t version[3])
{
    struct span text;
    enum status status = cbor_text(value, &text);
    for (size_t i = 0; !status && i < 3; i++) {
        if (i > 0 && (text.size == 0 || text.data[0] != '.'))
            return BAD_FORMAT;
        if (i > 0)
            text = span_from(text, 1);
        status = decimal_read(&text, &version[i]);
    }
    return status ? status : text.size == 0 ? OK : BAD_FORMAT;
}

static enum status stream_read(struct cbor *value, uint8_t *out)
{
    struct span text;
    uint32_t number;
    enum status status = cbor_text(value, &text);
    if (status)
        return status;
    if (text.size == 0 || text.data[0] != '#')
        return BAD_FORMAT;
    text = span_from(text, 1);
    status = decimal_read(&text, &number);
    if (status)
        return status;
    if (text.size > 0)
        return BAD_FORMAT;
    if (number > UINT8_MAX)
        return TOO_LARGE;
    *out = (uint8_t)number;
    return OK;
}

static enum status uint8_read(struct cbor *value, uint8_t most, uint8_t *out)
{
    uint8_t number;
    enum status status = cbor_uint8(value, &number);
    if (!status && number > most)
        status = TOO_LARGE;
    if (!status)
        *out = number;
    return status;
}

static enum status uint16_read(struct cbor *value, uint16_t *out)
{
    uint32_t number;
    enum status status = cbor_uint32(value, &number);
    if (!status && number > UINT16_MAX)
        status = TOO_LARGE;
    if (!status)
        *out = (uint16_t)number;
    return status;
}

static enum status int32_read(struct cbor *value, int32_t *out)
{
    int64_t number;
    enum status status = cbor_int(value, &number);
    if (!status && (number > INT32_MAX || number < INT32_MIN))
        status = TOO_LARGE;
    if (!status)
        *out = (int32_t)number;
    return status;
}

static enum status value_read(struct cbor *value, const struct field *field, uint8_t *message);
static enum status map_read(struct span body, const struct shape *shape, uint8_t *message);

static enum status tuple_read(struct cbor *value, const struct shape *shape, uint8_t *row)
{
    struct cbor_items items;
    bool more;
    enum status status = cbor_enter_array(value, &items);
    for (size_t i = 0; !status && i < shape->count; i++) {
        status = cbor_more(value, &items, &more);
        if (!status)
            status = more ? value_read(value, &shape->fields[i], row) : MISSING;
    }
    /* a newer device may append members */
    while (!status && !(status = cbor_more(value, &items, &more)) && more)
        status = cbor_skip(value, NULL);
    return status;
}

/* One element of an array kind; `at` is the array in the struct, `index` is below field->size. */
static enum status element_read(struct cbor *value, const struct field *field, void *at, size_t index)
{
    uint8_t *rows = at;
    struct span map;
    enum status status;

    switch (field->kind) {
    case FIELD_LIST_INT:
        return cbor_int(value, (int64_t *)at + index);
    case FIELD_ROWS:
        status = cbor_skip(value, &map);
        return status ? status : map_read(map, field->inner, rows + index * field->inner->size);
    case FIELD_TUPLES:
        return tuple_read(value, field->inner, rows + index * field->inner->size);
    default:
        return cbor_uint8(value, rows + index);
    }
}

static enum status list_read(struct cbor *value, const struct field *field, void *at, size_t *count)
{
    struct cbor_items items;
    size_t index = 0;
    bool more;
    enum status status = cbor_enter_array(value, &items);
    while (!status && !(status = cbor_more(value, &items, &more)) && more) {
        if (index == field->size)
            return TOO_LARGE;
        status = element_read(value, field, at, index++);
    }
    if (!status)
        *count = index;
    return status;
}

static enum status exact_list_read(struct cbor *value, const struct field *field, void *at)
{
    size_t count = 0;
    enum status status = list_read(value, field, at, &count);
    return status ? status : count == field->size ? OK : BAD_FORMAT;
}

static enum status inner_read(struct cbor *value, const struct field *field, uint8_t *message)
{
    struct span map;
    enum status status = cbor_skip(value, &map);
    return status ? status : map_read(map, field->inner, message);
}

static enum status value_read(struct cbor *value, const struct field *field, uint8_t *message)
{
    void *at = message + field->at;
    void *also = message + field->also;

    switch (field->kind) {
    case FIELD_UINT8:
        return uint8_read(value, field->size ? (uint8_t)field->size : UINT8_MAX, at);
    case FIELD_UINT16:
        return uint16_read(value, at);
    case FIELD_UINT32:
        return cbor_uint32(value, at);
    case FIELD_UINT64:
        return cbor_uint(value, at);
    case FIELD_INT32:
        return int32_read(value, at);
    case FIELD_BOOL:
        return cbor_bool(value, at);
    case FIELD_TEXT:
        return cbor_text(value, at);
    case FIELD_DATA:
        return cbor_bytes(value, at);
    case FIELD_BYTES:
        return cbor_bytes_exact(value, at, field->size);
    case FIELD_VERSION:
        return version_read(value, at);
    case FIELD_STREAM:
        return stream_read(value, at);
    case FIELD_UINT8S:
        return exact_list_read(value, field, at);
    case FIELD_LIST:
    case FIELD_LIST_INT:
    case FIELD_ROWS:
    case FIELD_TUPLES:
        return list_read(value, field, at, also);
    case FIELD_MAP:
        return inner_read(value, field, message);
    }
    return BAD_FORMAT;
}

static enum status map_read(struct span body, const struct shape *shape, uint8_t *message)
{
    for (size_t i = 0; i < shape->count; i++) {
        const struct field *field = &shape->fields[i];
        struct cbor value;
        enum status status = smp_find(body, field->key, &value);
        if (status == NOT_FOUND && field->need != FIELD_REQUIRED)
            continue;
        if (status == NOT_FOUND)
            return MISSING;
        if (!status)
            status = value_read(&value, field, message);
        if (status)
            return status;
        if (field->need == FIELD_NOTED)
            *(bool *)(void *)(message + field->also) = true;
    }
    return OK;
}

enum status fields_read(struct span body, const struct shape *shape, void *message)
{
    return map_read(body, shape, message);
}
