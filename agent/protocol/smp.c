/* The header of smp.h, and the questions that every SMP body is asked: is it a map, what stands under a key, is it an
 * error. Bodies come from other people's clients and are read loosely; a key that comes twice is refused, because two
 * readers might believe different ones. */
#include "agent/protocol/smp.h"
#include "keys/base/bytes.h"

enum { RESERVED_SHIFT = 5, VERSION_SHIFT = 3, VERSION_MASK = 3, OP_MASK = 7, VERSION_NEWEST = 1 };

enum status smp_header_read(struct span bytes, struct smp_header *out)
{
    if (bytes.size < SMP_HEADER_SIZE)
        return INCOMPLETE;

    const uint8_t *at = bytes.data;
    uint8_t version = at[0] >> VERSION_SHIFT & VERSION_MASK;
    uint8_t op = at[0] & OP_MASK;
    if (at[0] >> RESERVED_SHIFT != 0 || op > SMP_WRITE_RESPONSE)
        return BAD_FORMAT;
    if (version > VERSION_NEWEST)
        return BAD_VERSION;
    *out = (struct smp_header){
        .version = version,
        .op = op,
        .flags = at[1],
        .length = get_be16(at + 2),
        .group = get_be16(at + 4),
        .sequence = at[6],
        .id = at[7],
    };
    return OK;
}

bool smp_may_begin(uint8_t first)
{
    uint8_t probe[SMP_HEADER_SIZE] = {first};
    struct smp_header header;
    return smp_header_read(span_of(probe, sizeof probe), &header) == OK;
}

void smp_header_write(const struct smp_header *header, uint8_t out[SMP_HEADER_SIZE])
{
    out[0] = (uint8_t)((header->version & VERSION_MASK) << VERSION_SHIFT | (header->op & OP_MASK));
    out[1] = header->flags;
    put_be16(out + 2, header->length);
    put_be16(out + 4, header->group);
    out[6] = header->sequence;
    out[7] = header->id;
}

/* One pair of the map: sets `*matches` when its key is the text `key`, and `value` to where its value stands. */
static enum status pair_read(struct cbor *cbor, struct span key, bool *matches, struct cbor *value)
{
    struct span name = {NULL, 0};
    bool is_text = cbor_kind(cbor) == CBOR_TEXT;
    enum status status = is_text ? cbor_text(cbor, &name) : cbor_skip(cbor, NULL);
    if (status)
        return status;
    *matches = is_text && span_equal(name, key);
    *value = *cbor;
    return cbor_skip(cbor, NULL);
}

enum status smp_find(struct span body, const char *key, struct cbor *value)
{
    if (body.size == 0)
        return NOT_FOUND;

    struct cbor cbor = cbor_over(body, CBOR_LOOSE);
    struct cbor found = cbor, at;
    struct cbor_items items;
    struct span wanted = span_text(key);
    unsigned times = 0;
    bool more, matches;
    enum status status = cbor_enter_map(&cbor, &items);
    while (!status && !(status = cbor_more(&cbor, &items, &more)) && more) {
        status = pair_read(&cbor, wanted, &matches, &at);
        if (!status && matches) {
            found = at;
            times += 1;
        }
    }
    /* A body is whole when it is read: what ends inside an item, or nests too deep, is no body. */
    if (status || cbor_end(&cbor) || times > 1)
        return BAD_FORMAT;
    if (times == 0)
        return NOT_FOUND;
    *value = found;
    return OK;
}

static enum status group_error_read(struct cbor value, struct smp_error *out)
{
    struct span map;
    struct cbor group, rc;
    uint32_t group_number, code;
    if (cbor_skip(&value, &map) || smp_find(map, "group", &group) || smp_find(map, "rc", &rc))
        return BAD_FORMAT;
    if (cbor_uint32(&group, &group_number) || group_number > UINT16_MAX || cbor_uint32(&rc, &code))
        return BAD_FORMAT;
    *out = (struct smp_error){
        .failed = code != 0, .from_group = true, .group = (uint16_t)group_number, .rc = code};
    return OK;
}

enum status smp_error_read(struct span body, struct smp_error *out)
{
    struct smp_error error = {.failed = false};
    struct cbor value;
    enum status status = smp_find(body, "rc", &value);
    if (status == OK) {
        if (cbor_uint32(&value, &error.rc))
            return BAD_FORMAT;
        error.failed = error.rc != SMP_OK;
    } else if (status != NOT_FOUND) {
        return BAD_FORMAT;
    }
    if (!error.failed) {
        status = smp_find(body, "err", &value);
        if (status == OK)
            status = group_error_read(value, &error);
        if (status && status != NOT_FOUND)
            return BAD_FORMAT;
    }
    *out = error;
    return OK;
}
