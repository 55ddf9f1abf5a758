/* The identity's CBOR, both ways, and its area. */
#include "agent/identity.h"

#include <string.h>

enum {
    KEY_VENDOR = 1,
    KEY_CLASS = 2,
    KEY_MODEL = 3,
    KEY_HARDWARE = 4,
    KEY_SERIAL = 5,
    KEY_PRIVATE = 6,
    KEY_CERTIFICATE = 7,
};

#define REQUIRED_KEYS                                                                                        \
    (1u << KEY_VENDOR | 1u << KEY_CLASS | 1u << KEY_MODEL | 1u << KEY_HARDWARE | 1u << KEY_SERIAL)

static enum status short_text(struct cbor *cbor, size_t most, struct span *out)
{
    struct span text;
    enum status status = cbor_text(cbor, &text);

    if (status)
        return status;
    if (text.size > most)
        return TOO_LARGE;
    *out = text;
    return OK;
}

static enum status private_key_read(struct cbor *cbor, struct span *out)
{
    struct span key;
    enum status status = cbor_bytes(cbor, &key);

    if (status)
        return status;
    if (key.size != 32)
        return BAD_FORMAT;
    *out = key;
    return OK;
}

static enum status field_read(struct cbor *cbor, uint8_t key, struct identity *out)
{
    switch (key) {
    case KEY_VENDOR:
        return cbor_bytes_exact(cbor, out->vendor, sizeof out->vendor);
    case KEY_CLASS:
        return cbor_bytes_exact(cbor, out->class_id, sizeof out->class_id);
    case KEY_MODEL:
        return short_text(cbor, IDENTITY_TEXT_MAX, &out->model);
    case KEY_HARDWARE:
        return short_text(cbor, IDENTITY_TEXT_MAX, &out->hardware);
    case KEY_SERIAL:
        return short_text(cbor, SERIAL_MAX, &out->serial);
    case KEY_PRIVATE:
        return private_key_read(cbor, &out->private_key);
    case KEY_CERTIFICATE:
        return cbor_bytes(cbor, &out->certificate);
    default:
        return BAD_FORMAT;
    }
}

enum status identity_decode(struct span bytes, struct identity *out)
{
    struct cbor cbor = cbor_over(bytes, CBOR_CANONICAL);
    struct cbor_items items;
    struct identity identity = {0};
    unsigned seen = 0;
    bool more;
    enum status status = cbor_enter_map(&cbor, &items);

    while (!status && !(status = cbor_more(&cbor, &items, &more)) && more) {
        uint8_t key;
        status = cbor_uint8(&cbor, &key);
        if (!status)
            status = field_read(&cbor, key, &identity);
        if (!status)
            seen |= 1u << key;
    }
    if (!status)
        status = cbor_end(&cbor);
    if (status)
        return status == TOO_LARGE ? TOO_LARGE : BAD_FORMAT;
    if ((seen & REQUIRED_KEYS) != REQUIRED_KEYS)
        return BAD_FORMAT;
    *out = identity;
    return OK;
}

enum status identity_encode(struct buffer *out, const struct identity *identity)
{
    struct cbor_writer writer = cbor_into(out);
    size_t before = out->size;
    unsigned pairs = 5u + (identity->private_key.data ? 1u : 0u) + (identity->certificate.data ? 1u : 0u);

    if (identity->model.size > IDENTITY_TEXT_MAX || identity->hardware.size > IDENTITY_TEXT_MAX ||
        identity->serial.size > SERIAL_MAX)
        return TOO_LARGE;
    cbor_put_map(&writer, pairs);
    cbor_put_uint(&writer, KEY_VENDOR);
    cbor_put_bytes(&writer, span_of(identity->vendor, sizeof identity->vendor));
    cbor_put_uint(&writer, KEY_CLASS);
    cbor_put_bytes(&writer, span_of(identity->class_id, sizeof identity->class_id));
    cbor_put_uint(&writer, KEY_MODEL);
    cbor_put_text_span(&writer, identity->model);
    cbor_put_uint(&writer, KEY_HARDWARE);
    cbor_put_text_span(&writer, identity->hardware);
    cbor_put_uint(&writer, KEY_SERIAL);
    cbor_put_text_span(&writer, identity->serial);
    if (identity->private_key.data) {
        cbor_put_uint(&writer, KEY_PRIVATE);
        cbor_put_bytes(&writer, identity->private_key);
    }
    if (identity->certificate.data) {
        cbor_put_uint(&writer, KEY_CERTIFICATE);
        cbor_put_bytes(&writer, identity->certificate);
    }
    enum status status = cbor_written(&writer);
    if (status)
        out->size = before;
    return status;
}

enum status identity_read(const struct area *area, struct buffer *memory, struct identity *out)
{
    if (document_read(area, DOCUMENT_IDENTITY, memory))
        return NOT_FOUND;
    return identity_decode(span_used(memory), out) ? NOT_FOUND : OK;
}
