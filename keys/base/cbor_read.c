/* The reader half of cbor.h: heads, items, and the walk through arrays and maps. */
#include "keys/base/cbor.h"
#include "keys/base/bytes.h"

#include <string.h>

enum { MAJOR_UINT, MAJOR_NEGATIVE, MAJOR_BYTES, MAJOR_TEXT, MAJOR_ARRAY, MAJOR_MAP, MAJOR_TAG, MAJOR_SIMPLE };
enum { SIMPLE_FALSE = 20, SIMPLE_TRUE = 21, SIMPLE_NULL = 22, INDEFINITE = 31 };

struct head {
    uint8_t major;
    uint8_t info;      /* the low five bits: 31 is "indefinite", or the break of major type 7 */
    uint64_t argument; /* 0 when indefinite */
    size_t size;       /* bytes of the head */
};

struct cbor cbor_over(struct span bytes, enum cbor_mode mode)
{
    return (struct cbor){bytes.data, bytes.size ? bytes.data + bytes.size : bytes.data, mode};
}

static size_t left(const struct cbor *cbor)
{
    return (size_t)(cbor->end - cbor->at);
}

enum status cbor_end(const struct cbor *cbor)
{
    return left(cbor) == 0 ? OK : BAD_FORMAT;
}

/* The least argument that needs a head with `info` 24..27; a smaller one there is not the shortest form. */
static uint64_t least_argument(uint8_t info)
{
    static const uint64_t least[] = {24, 0x100, 0x10000, 0x100000000};
    return least[info - 24];
}

static enum status read_head(const struct cbor *cbor, struct head *out)
{
    if (left(cbor) == 0)
        return INCOMPLETE;

    struct head head = {(uint8_t)(cbor->at[0] >> 5), (uint8_t)(cbor->at[0] & 31), 0, 1};
    if (head.info < 24) {
        head.argument = head.info;
    } else if (head.info <= 27) {
        size_t width = (size_t)1 << (head.info - 24);
        if (left(cbor) < 1 + width)
            return INCOMPLETE;
        head.size += width;
        for (size_t i = 0; i < width; i++)
            head.argument = head.argument << 8 | cbor->at[1 + i];
        bool is_float = head.major == MAJOR_SIMPLE && head.info > 24;
        if (cbor->mode == CBOR_CANONICAL && !is_float && head.argument < least_argument(head.info))
            return BAD_FORMAT;
    } else if (head.info == INDEFINITE && cbor->mode == CBOR_LOOSE &&
               (head.major == MAJOR_ARRAY || head.major == MAJOR_MAP || head.major == MAJOR_SIMPLE)) {
        head.argument = 0;
    } else {
        return BAD_FORMAT;
    }
    *out = head;
    return OK;
}

enum cbor_kind cbor_kind(const struct cbor *cbor)
{
    if (left(cbor) == 0)
        return CBOR_NOTHING;

    uint8_t info = cbor->at[0] & 31;
    switch (cbor->at[0] >> 5) {
    case MAJOR_UINT:
        return CBOR_UINT;
    case MAJOR_NEGATIVE:
        return CBOR_NEGATIVE;
    case MAJOR_BYTES:
        return CBOR_BYTES;
    case MAJOR_TEXT:
        return CBOR_TEXT;
    case MAJOR_ARRAY:
        return CBOR_ARRAY;
    case MAJOR_MAP:
        return CBOR_MAP;
    case MAJOR_TAG:
        return CBOR_TAG;
    default:
        if (info == SIMPLE_FALSE || info == SIMPLE_TRUE)
            return CBOR_BOOL;
        if (info == SIMPLE_NULL)
            return CBOR_NULL;
        return info == INDEFINITE ? CBOR_BREAK : CBOR_OTHER;
    }
}

static enum status read_major(struct cbor *cbor, uint8_t major, uint64_t *argument)
{
    struct head head;
    enum status status = read_head(cbor, &head);
    if (status)
        return status;
    if (head.major != major || head.info == INDEFINITE)
        return BAD_FORMAT;
    cbor->at += head.size;
    *argument = head.argument;
    return OK;
}

enum status cbor_uint(struct cbor *cbor, uint64_t *value)
{
    return read_major(cbor, MAJOR_UINT, value);
}

static enum status uint_up_to(struct cbor *cbor, uint64_t most, uint64_t *value)
{
    struct cbor at = *cbor;
    uint64_t wide;
    enum status status = cbor_uint(&at, &wide);
    if (status)
        return status;
    if (wide > most)
        return TOO_LARGE;
    *cbor = at;
    *value = wide;
    return OK;
}

enum status cbor_uint32(struct cbor *cbor, uint32_t *value)
{
    uint64_t wide;
    enum status status = uint_up_to(cbor, UINT32_MAX, &wide);
    if (!status)
        *value = (uint32_t)wide;
    return status;
}

enum status cbor_uint8(struct cbor *cbor, uint8_t *value)
{
    uint64_t wide;
    enum status status = uint_up_to(cbor, UINT8_MAX, &wide);
    if (!status)
        *value = (uint8_t)wide;
    return status;
}

enum status cbor_int(struct cbor *cbor, int64_t *value)
{
    struct cbor at = *cbor;
    bool negative = cbor_kind(cbor) == CBOR_NEGATIVE;
    uint64_t argument;
    enum status status = read_major(&at, negative ? MAJOR_NEGATIVE : MAJOR_UINT, &argument);
    if (status)
        return status;
    if (argument > INT64_MAX)
        return TOO_LARGE;
    *cbor = at;
    *value = negative ? -1 - (int64_t)argument : (int64_t)argument;
    return OK;
}

static enum status read_simple(struct cbor *cbor, uint64_t *value)
{
    if (left(cbor) == 0)
        return INCOMPLETE;
    uint8_t info = cbor->at[0] & 31;
    if (cbor->at[0] >> 5 != MAJOR_SIMPLE || info >= 24)
        return BAD_FORMAT;
    cbor->at += 1;
    *value = info;
    return OK;
}

enum status cbor_bool(struct cbor *cbor, bool *value)
{
    struct cbor at = *cbor;
    uint64_t simple;
    enum status status = read_simple(&at, &simple);
    if (status)
        return status;
    if (simple != SIMPLE_FALSE && simple != SIMPLE_TRUE)
        return BAD_FORMAT;
    *cbor = at;
    *value = simple == SIMPLE_TRUE;
    return OK;
}

enum status cbor_null(struct cbor *cbor)
{
    struct cbor at = *cbor;
    uint64_t simple;
    enum status status = read_simple(&at, &simple);
    if (status)
        return status;
    if (simple != SIMPLE_NULL)
        return BAD_FORMAT;
    *cbor = at;
    return OK;
}

enum status cbor_tag(struct cbor *cbor, uint64_t *tag)
{
    return read_major(cbor, MAJOR_TAG, tag);
}

static enum status read_string(struct cbor *cbor, uint8_t major, struct span *value)
{
    struct cbor at = *cbor;
    uint64_t size;
    enum status status = read_major(&at, major, &size);
    if (status)
        return status;
    if (size > left(&at))
        return INCOMPLETE;
    *value = span_of(at.at, (size_t)size);
    at.at += size;
    *cbor = at;
    return OK;
}

enum status cbor_bytes(struct cbor *cbor, struct span *value)
{
    return read_string(cbor, MAJOR_BYTES, value);
}

/* Well-formed UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF. */
static bool is_utf8(struct span text)
{
    size_t i = 0;

    while (i < text.size) {
        uint8_t lead = text.data[i++];
        size_t more;
        uint32_t point, least;
        if (lead < 0x80)
            continue;
        if (lead >= 0xc2 && lead <= 0xdf) {
            more = 1, least = 0x80, point = lead & 0x1f;
        } else if (lead >= 0xe0 && lead <= 0xef) {
            more = 2, least = 0x800, point = lead & 0x0f;
        } else if (lead >= 0xf0 && lead <= 0xf4) {
            more = 3, least = 0x10000, point = lead & 0x07;
        } else {
            return false;
        }
        if (text.size - i < more)
            return false;
        while (more-- > 0) {
            uint8_t next = text.data[i++];
            if ((next & 0xc0) != 0x80)
                return false;
            point = point << 6 | (next & 0x3f);
        }
        if (point < least || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
            return false;
    }
    return true;
}

enum status cbor_text(struct cbor *cbor, struct span *value)
{
    struct cbor at = *cbor;
    struct span text;
    enum status status = read_string(&at, MAJOR_TEXT, &text);
    if (status)
        return status;
    if (!is_utf8(text))
        return BAD_FORMAT;
    *cbor = at;
    *value = text;
    return OK;
}

enum status cbor_bytes_exact(struct cbor *cbor, uint8_t *value, size_t size)
{
    struct cbor at = *cbor;
    struct span bytes;
    enum status status = cbor_bytes(&at, &bytes);
    if (status)
        return status;
    if (bytes.size != size)
        return BAD_FORMAT;
    memcpy(value, bytes.data, size);
    *cbor = at;
    return OK;
}

enum status cbor_string_extent(const struct cbor *cbor, uint64_t *head_size, uint64_t *content_size)
{
    struct head head;
    enum status status = read_head(cbor, &head);
    if (status)
        return status;
    if (head.major == MAJOR_ARRAY || head.major == MAJOR_MAP || head.major == MAJOR_TAG ||
        head.info == INDEFINITE)
        return BAD_FORMAT;
    *head_size = head.size;
    *content_size = head.major == MAJOR_BYTES || head.major == MAJOR_TEXT ? head.argument : 0;
    return OK;
}

static enum status enter(struct cbor *cbor, uint8_t major, struct cbor_items *items)
{
    struct head head;
    enum status status = read_head(cbor, &head);
    if (status)
        return status;
    if (head.major != major)
        return BAD_FORMAT;
    /* Each item takes a byte at least: a count that can't fit is refused before anyone loops over it. */
    if (head.argument > left(cbor))
        return INCOMPLETE;
    cbor->at += head.size;
    *items = (struct cbor_items){head.argument, head.info == INDEFINITE, major == MAJOR_MAP, {NULL, 0}};
    return OK;
}

enum status cbor_enter_array(struct cbor *cbor, struct cbor_items *items)
{
    return enter(cbor, MAJOR_ARRAY, items);
}

enum status cbor_enter_map(struct cbor *cbor, struct cbor_items *items)
{
    return enter(cbor, MAJOR_MAP, items);
}

static bool key_follows(struct span last, struct span key)
{
    size_t common = last.size < key.size ? last.size : key.size;
    int order = memcmp(last.data, key.data, common);
    return order < 0 || (order == 0 && last.size < key.size);
}

static enum status skip(struct cbor *cbor, unsigned depth);

/* cbor_more with the depth that a key may still have: a key can be a map whose key is a map, and so on. */
static enum status more_items(struct cbor *cbor, struct cbor_items *items, bool *more, unsigned depth)
{
    if (items->indefinite) {
        if (left(cbor) == 0)
            return INCOMPLETE;
        if (cbor_kind(cbor) == CBOR_BREAK) {
            cbor->at += 1;
            items->indefinite = false;
            items->left = 0;
            *more = false;
            return OK;
        }
    } else if (items->left == 0) {
        *more = false;
        return OK;
    }
    if (items->map && cbor->mode == CBOR_CANONICAL) {
        struct cbor at = *cbor;
        enum status status = skip(&at, depth);
        if (status)
            return status;
        struct span key = span_of(cbor->at, (size_t)(at.at - cbor->at));
        if (items->last_key.data != NULL && !key_follows(items->last_key, key))
            return BAD_FORMAT;
        items->last_key = key;
    }
    if (!items->indefinite)
        items->left -= 1;
    *more = true;
    return OK;
}

enum status cbor_more(struct cbor *cbor, struct cbor_items *items, bool *more)
{
    return more_items(cbor, items, more, CBOR_DEPTH_MAX);
}

static enum status skip_items(struct cbor *cbor, unsigned depth)
{
    struct cbor_items items;
    bool more;
    enum status status =
        cbor_kind(cbor) == CBOR_MAP ? cbor_enter_map(cbor, &items) : cbor_enter_array(cbor, &items);

    while (!status && !(status = more_items(cbor, &items, &more, depth)) && more) {
        status = skip(cbor, depth);
        if (!status && items.map)
            status = skip(cbor, depth);
    }
    return status;
}

static enum status skip(struct cbor *cbor, unsigned depth)
{
    struct span ignored;
    struct head head;
    enum status status;

    switch (cbor_kind(cbor)) {
    case CBOR_BYTES:
        return cbor_bytes(cbor, &ignored);
    case CBOR_TEXT:
        return cbor_text(cbor, &ignored);
    case CBOR_ARRAY:
    case CBOR_MAP:
        return depth == 0 ? TOO_LARGE : skip_items(cbor, depth - 1);
    case CBOR_BREAK:
        return BAD_FORMAT;
    case CBOR_OTHER:
        if (cbor->mode == CBOR_CANONICAL)
            return BAD_FORMAT;
        break;
    default:
        break;
    }
    status = read_head(cbor, &head);
    if (status)
        return status;
    cbor->at += head.size;
    if (head.major != MAJOR_TAG)
        return OK;
    return depth == 0 ? TOO_LARGE : skip(cbor, depth - 1);
}

enum status cbor_skip(struct cbor *cbor, struct span *whole)
{
    struct cbor at = *cbor;
    enum status status = skip(&at, CBOR_DEPTH_MAX);
    if (status)
        return status;
    if (whole != NULL)
        *whole = span_of(cbor->at, (size_t)(at.at - cbor->at));
    *cbor = at;
    return OK;
}
