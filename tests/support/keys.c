#include "tests/support/keys.h"
#include "tests/support/test.h"

struct test_key test_key_named(const char *name)
{
    struct test_key key;

    digest_of(span_text(name), key.private_key);
    assert_int_equal(p256_public_of(key.private_key, key.public_key), OK);
    key_id_of(span_of(key.public_key, P256_PUBLIC_SIZE), key.id);
    return key;
}

static enum status sign(void *context, struct span message, struct buffer *signature)
{
    const struct test_key *key = context;
    uint8_t digest[DIGEST_SIZE], bytes[P256_SIGNATURE_SIZE];

    digest_of(message, digest);
    assert_int_equal(p256_sign(key->private_key, digest, bytes), OK);
    return buffer_append(signature, span_of(bytes, sizeof bytes)) ? OK : TOO_LARGE;
}

struct cose_signer test_signer(const struct test_key *key)
{
    struct cose_signer signer = {.algorithm = COSE_ESP256, .context = (void *)(uintptr_t)key, .sign = sign};

    memcpy(signer.key_id, key->id, KEY_ID_SIZE);
    return signer;
}

struct trust_key test_trust_key(const struct test_key *key, unsigned roles)
{
    struct trust_key out = {.algorithm = COSE_ESP256, .roles = (uint8_t)roles};

    memcpy(out.id, key->id, KEY_ID_SIZE);
    out.public_key = span_of(key->public_key, P256_PUBLIC_SIZE);
    return out;
}
