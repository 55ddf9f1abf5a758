/* Writing COSE_Sign1 blocks: the Sig_structure goes to the signer, the block to the caller's buffer. */
#include "keys/cose_sign.h"
#include "keys/p256.h"

#include <string.h>

enum { TAG_SIGN1 = 18, HEADER_ALGORITHM = 1, HEADER_KEY_ID = 4, PROTECTED_MAX = 24 };

static void write_protected(const struct cose_signer *signer, struct buffer *header)
{
    struct cbor_writer writer = cbor_into(header);

    cbor_put_map(&writer, 2);
    cbor_put_uint(&writer, HEADER_ALGORITHM);
    cbor_put_int(&writer, signer->algorithm);
    cbor_put_uint(&writer, HEADER_KEY_ID);
    cbor_put_bytes(&writer, span_of(signer->key_id, KEY_ID_SIZE));
}

/* RFC 9052, 4.4: what is signed. */
static enum status write_tbs(struct buffer *scratch, struct span header, struct span external_aad,
                             struct span payload)
{
    scratch->size = 0;
    struct cbor_writer writer = cbor_into(scratch);

    cbor_put_array(&writer, 4);
    cbor_put_text(&writer, "Signature1");
    cbor_put_bytes(&writer, header);
    cbor_put_bytes(&writer, external_aad);
    cbor_put_bytes(&writer, payload);
    return cbor_written(&writer);
}

static enum status write_block(struct buffer *out, struct span header, struct span payload,
                               enum cose_payload where, struct span signature)
{
    size_t before = out->size;
    struct cbor_writer writer = cbor_into(out);

    cbor_put_tag(&writer, TAG_SIGN1);
    cbor_put_array(&writer, 4);
    cbor_put_bytes(&writer, header);
    cbor_put_map(&writer, 0);
    if (where == COSE_ATTACHED)
        cbor_put_bytes(&writer, payload);
    else
        cbor_put_null(&writer);
    cbor_put_bytes(&writer, signature);

    enum status status = cbor_written(&writer);
    if (status)
        out->size = before;
    return status;
}

enum status cose_sign1_write(struct buffer *out, const struct cose_signer *signer, struct span external_aad,
                             struct span payload, enum cose_payload where, struct buffer scratch)
{
    uint8_t header_bytes[PROTECTED_MAX], signature_bytes[P256_SIGNATURE_SIZE];
    struct buffer header = buffer_over(header_bytes, sizeof header_bytes);
    struct buffer signature = buffer_over(signature_bytes, sizeof signature_bytes);

    if (signer->algorithm != COSE_ES256 && signer->algorithm != COSE_ESP256)
        return UNSUPPORTED;
    write_protected(signer, &header);
    enum status status = write_tbs(&scratch, span_used(&header), external_aad, payload);
    if (status)
        return status;
    status = signer->sign(signer->context, span_used(&scratch), &signature);
    if (status)
        return status;
    if (signature.size != P256_SIGNATURE_SIZE)
        return FAILED;
    return write_block(out, span_used(&header), payload, where, span_used(&signature));
}
