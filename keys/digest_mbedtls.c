/* SHA-256 by mbedtls. Its software implementation can't fail; should a build with an accelerator do so, the program ends
 * at once: a wrong digest must never be compared with anything. */
#include "keys/digest.h"
#include "keys/compat_mbedtls.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(mbedtls_sha256_context) <= sizeof((struct digest *)0)->state,
               "struct digest is too small");

static void must(int result)
{
    if (result != 0)
        abort();
}

void digest_start(struct digest *digest)
{
    mbedtls_sha256_context context;

    memset(digest, 0, sizeof *digest);
    mbedtls_sha256_init(&context);
    must(mbedtls_sha256_starts(&context, 0));
    memcpy(digest->state, &context, sizeof context);
}

void digest_update(struct digest *digest, struct span bytes)
{
    mbedtls_sha256_context context;

    if (bytes.size == 0)
        return;
    memcpy(&context, digest->state, sizeof context);
    must(mbedtls_sha256_update(&context, bytes.data, bytes.size));
    memcpy(digest->state, &context, sizeof context);
}

void digest_finish(struct digest *digest, uint8_t out[DIGEST_SIZE])
{
    mbedtls_sha256_context context;

    memcpy(&context, digest->state, sizeof context);
    must(mbedtls_sha256_finish(&context, out));
    mbedtls_sha256_free(&context);
    mbedtls_platform_zeroize(digest, sizeof *digest);
}
