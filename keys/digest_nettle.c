/* SHA-256 by Nettle, which uses the processor's own instructions where it has them: four times the speed of mbedtls' portable
 * code there, and libarchive brings it into every program of ours anyway. Its context is plain memory and holds no pointer. */
#include "keys/digest.h"

#include <nettle/sha2.h>
#include <string.h>

_Static_assert(sizeof(struct sha256_ctx) <= sizeof((struct digest *)0)->state, "struct digest is too small");

void digest_start(struct digest *digest)
{
    struct sha256_ctx context;

    memset(digest, 0, sizeof *digest);
    sha256_init(&context);
    memcpy(digest->state, &context, sizeof context);
}

void digest_update(struct digest *digest, struct span bytes)
{
    struct sha256_ctx context;

    if (bytes.size == 0)
        return;
    memcpy(&context, digest->state, sizeof context);
    sha256_update(&context, bytes.size, bytes.data);
    memcpy(digest->state, &context, sizeof context);
}

void digest_finish(struct digest *digest, uint8_t out[DIGEST_SIZE])
{
    struct sha256_ctx context;

    memcpy(&context, digest->state, sizeof context);
    sha256_digest(&context, DIGEST_SIZE, out);
    explicit_bzero(&context, sizeof context);
    explicit_bzero(digest, sizeof *digest);
}
