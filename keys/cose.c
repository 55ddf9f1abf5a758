/* Reading and verifying COSE_Sign1 blocks. One encoding is read and no other: what the signature does not cover (the tag,
 * the heads, the unprotected header) has one allowed form each. */
#include "keys/cose.h"
#include "keys/p256.h"

#include <string.h>

enum { TAG_SIGN1 = 18, HEADER_ALGORITHM = 1, HEADER_KEY_ID = 4 };

/* RFC 9052, 3.1: the labels 1 (alg) and 4 (kid); everything else could carry a meaning that is not understood here. */
static enum status read_protected(struct span header, struct cose_sign1 *block)
{
    struct cbor cbor = cbor_over(header, CBOR_CANONICAL);
    struct cbor_items items;
    uint64_t label;
    bool more;

    if (cbor_enter_map(&cbor, &items) || items.left < 1 || items.left > 2)
        return BAD_FORMAT;
    if (cbor_more(&cbor, &items, &more) || cbor_uint(&cbor, &label) || label != HEADER_ALGORITHM ||
        cbor_int(&cbor, &block->algorithm))
        return BAD_FORMAT;
    block->key_id = span_of(NULL, 0);
    if (cbor_more(&cbor, &items, &more))
        return BAD_FORMAT;
    if (more && (cbor_uint(&cbor, &label) || label != HEADER_KEY_ID || cbor_bytes(&cbor, &block->key_id) ||
                 block->key_id.size != KEY_ID_SIZE))
        return BAD_FORMAT;
    return cbor_end(&cbor);
}

static enum status read_empty_map(struct cbor *cbor)
{
    struct cbor_items items;

    if (cbor_enter_map(cbor, &items) || items.left != 0)
        return BAD_FORMAT;
    return OK;
}

static enum status read_payload(struct cbor *cbor, struct span *payload)
{
    *payload = span_of(NULL, 0);
    return cbor_kind(cbor) == CBOR_NULL ? cbor_null(cbor) : cbor_bytes(cbor, payload);
}

enum status cose_read(struct span bytes, struct cose_sign1 *out)
{
    struct cbor cbor = cbor_over(bytes, CBOR_CANONICAL);
    struct cbor_items items;
    struct cose_sign1 block;
    uint64_t tag;

    if (cbor_tag(&cbor, &tag) || tag != TAG_SIGN1 || cbor_enter_array(&cbor, &items) || items.left != 4)
        return BAD_FORMAT;
    if (cbor_bytes(&cbor, &block.protected_header) || read_empty_map(&cbor) ||
        read_payload(&cbor, &block.payload) || cbor_bytes(&cbor, &block.signature) || cbor_end(&cbor))
        return BAD_FORMAT;
    if (read_protected(block.protected_header, &block))
        return BAD_FORMAT;
    *out = block;
    return OK;
}

static void digest_bytes(struct digest *digest, struct span bytes)
{
    uint8_t head[9];

    digest_update(digest, span_of(head, cbor_head(head, 2, bytes.size)));
    digest_update(digest, bytes);
}

void cose_tbs_digest(struct span protected_header, struct span external_aad, struct span payload,
                     uint8_t out[DIGEST_SIZE])
{
    static const char opening[] = "\x84\x6aSignature1"; /* array of four, text of ten */
    struct digest digest;

    digest_start(&digest);
    digest_update(&digest, span_of(opening, sizeof opening - 1));
    digest_bytes(&digest, protected_header);
    digest_bytes(&digest, external_aad);
    digest_bytes(&digest, payload);
    digest_finish(&digest, out);
}

enum status cose_verify(const struct cose_sign1 *block, struct span external_aad, struct span payload,
                        const uint8_t public_key[65])
{
    uint8_t digest[DIGEST_SIZE];

    if (block->algorithm != COSE_ES256 && block->algorithm != COSE_ESP256)
        return UNSUPPORTED;
    if (payload.data != NULL && block->payload.data != NULL)
        return BAD_FORMAT;
    if (payload.data == NULL)
        payload = block->payload;
    if (payload.data == NULL)
        return MISSING;
    if (block->signature.size != P256_SIGNATURE_SIZE)
        return BAD_SIGNATURE;
    cose_tbs_digest(block->protected_header, external_aad, payload, digest);
    return p256_verify(public_key, digest, block->signature.data);
}

void key_id_of(struct span public_key, uint8_t key_id[KEY_ID_SIZE])
{
    uint8_t digest[DIGEST_SIZE];

    digest_of(public_key, digest);
    memcpy(key_id, digest, KEY_ID_SIZE);
}
