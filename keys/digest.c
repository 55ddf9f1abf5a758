/* What every implementation of SHA-256 shares: the one call for bytes that are all there, and the comparison. */
#include "keys/digest.h"

#include <string.h>

void digest_of(struct span bytes, uint8_t out[DIGEST_SIZE])
{
    struct digest digest;

    digest_start(&digest);
    digest_update(&digest, bytes);
    digest_finish(&digest, out);
}

bool digest_equal(const uint8_t a[DIGEST_SIZE], const uint8_t b[DIGEST_SIZE])
{
    return memcmp(a, b, DIGEST_SIZE) == 0;
}
