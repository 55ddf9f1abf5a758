/* Device certificates: what the factory says of one device, under one signature of a key with the role *device*. */
#include "keys/certificate.h"
#include "keys/document.h"
#include "keys/p256.h"

#include <string.h>

#define CERTIFICATE_AAD "suture-device-1"

enum { CERTIFICATE_FORMAT = 1, PAYLOAD_MAX = 192, FIELDS = 6 };
enum { LABEL_FORMAT = 1, LABEL_VENDOR, LABEL_CLASS, LABEL_SERIAL, LABEL_KEY, LABEL_ISSUED };

static enum status read_format(struct cbor *cbor)
{
    uint64_t format;
    enum status status = cbor_uint(cbor, &format);

    return !status && format != CERTIFICATE_FORMAT ? BAD_VERSION : status;
}

/* A serial is shown to people and printed on labels: no control characters. */
static enum status read_serial(struct cbor *cbor, struct span *serial)
{
    enum status status = cbor_text(cbor, serial);

    if (status)
        return status;
    if (serial->size == 0)
        return BAD_FORMAT;
    if (serial->size > SERIAL_MAX)
        return TOO_LARGE;
    for (size_t i = 0; i < serial->size; i++)
        if (serial->data[i] < 0x20 || serial->data[i] == 0x7f)
            return BAD_FORMAT;
    return OK;
}

static enum status read_field(struct cbor *cbor, uint64_t label, struct certificate *out)
{
    switch (label) {
    case LABEL_FORMAT:
        return read_format(cbor);
    case LABEL_VENDOR:
        return cbor_bytes_exact(cbor, out->vendor, UUID_SIZE);
    case LABEL_CLASS:
        return cbor_bytes_exact(cbor, out->class_id, UUID_SIZE);
    case LABEL_SERIAL:
        return read_serial(cbor, &out->serial);
    case LABEL_KEY:
        return cbor_bytes_exact(cbor, out->public_key, P256_PUBLIC_SIZE);
    case LABEL_ISSUED:
        return cbor_uint(cbor, &out->issued);
    default:
        return BAD_FORMAT;
    }
}

/* Labels ascend and none comes twice, so as many as there are fields means each of them. */
static enum status read_payload(struct span payload, struct certificate *out)
{
    struct cbor cbor = cbor_over(payload, CBOR_CANONICAL);
    struct cbor_items items;
    uint64_t label;
    enum status status = cbor_enter_map(&cbor, &items);

    if (!status && items.left != FIELDS)
        return BAD_FORMAT;
    while (!status && !(status = document_label(&cbor, &items, &label)) && label != 0)
        status = read_field(&cbor, label, out);
    if (!status)
        status = cbor_end(&cbor);
    if (!status && out->public_key[0] != 0x04)
        return BAD_FORMAT;
    return status;
}

static enum status read_block(struct span bytes, struct cose_sign1 *block, struct certificate *out)
{
    if (bytes.size > CERTIFICATE_MAX)
        return TOO_LARGE;
    if (cose_read(bytes, block) || block->payload.data == NULL || block->key_id.data == NULL)
        return BAD_FORMAT;
    return document_status(read_payload(block->payload, out));
}

enum status certificate_read(struct span bytes, struct certificate *out)
{
    struct cose_sign1 block;
    struct certificate certificate;
    enum status status = read_block(bytes, &block, &certificate);

    if (!status)
        *out = certificate;
    return status;
}

static enum status judge(const struct cose_sign1 *block, const struct certificate *certificate,
                         const struct trust *trust)
{
    const struct trust_question question = {
        .role = ROLE_DEVICE, .vendor = certificate->vendor, .class_id = certificate->class_id};
    uint8_t vote[1][KEY_ID_SIZE];
    const struct trust_key *key = trust_find(trust, block->key_id.data);

    memcpy(vote[0], block->key_id.data, KEY_ID_SIZE);
    if (key != NULL) {
        enum status status =
            cose_verify(block, span_text(CERTIFICATE_AAD), span_of(NULL, 0), key->public_key.data);
        if (status)
            return status;
    }
    if (key_is_published(span_of(certificate->public_key, P256_PUBLIC_SIZE)))
        return WITHDRAWN;
    return trust_allows(trust, &question, vote, 1);
}

enum status certificate_verify(struct span bytes, const struct trust *trust, struct certificate *out)
{
    struct cose_sign1 block;
    struct certificate certificate;
    enum status status = read_block(bytes, &block, &certificate);

    if (!status)
        status = judge(&block, &certificate, trust);
    if (!status)
        *out = certificate;
    return status;
}

static enum status write_payload(struct buffer *out, const struct certificate *certificate)
{
    struct cbor_writer writer = cbor_into(out);

    cbor_put_map(&writer, FIELDS);
    cbor_put_uint(&writer, LABEL_FORMAT);
    cbor_put_uint(&writer, CERTIFICATE_FORMAT);
    cbor_put_uint(&writer, LABEL_VENDOR);
    cbor_put_bytes(&writer, span_of(certificate->vendor, UUID_SIZE));
    cbor_put_uint(&writer, LABEL_CLASS);
    cbor_put_bytes(&writer, span_of(certificate->class_id, UUID_SIZE));
    cbor_put_uint(&writer, LABEL_SERIAL);
    cbor_put_text_span(&writer, certificate->serial);
    cbor_put_uint(&writer, LABEL_KEY);
    cbor_put_bytes(&writer, span_of(certificate->public_key, P256_PUBLIC_SIZE));
    cbor_put_uint(&writer, LABEL_ISSUED);
    cbor_put_uint(&writer, certificate->issued);
    return cbor_written(&writer);
}

enum status certificate_write(struct buffer *out, const struct certificate *certificate,
                              const struct cose_signer *signer)
{
    uint8_t payload_bytes[PAYLOAD_MAX], scratch[PAYLOAD_MAX + sizeof CERTIFICATE_AAD + 64];
    struct buffer payload = buffer_over(payload_bytes, sizeof payload_bytes);
    struct certificate as_read;

    enum status status = write_payload(&payload, certificate);
    /* What could not be read again is never signed. */
    if (!status)
        status = read_payload(span_used(&payload), &as_read);
    if (status)
        return status;
    return cose_sign1_write(out, signer, span_text(CERTIFICATE_AAD), span_used(&payload), COSE_ATTACHED,
                            buffer_over(scratch, sizeof scratch));
}
