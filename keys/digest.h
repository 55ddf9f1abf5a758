/* SHA-256 (FIPS 180-4), the only digest of the project. The implementation is chosen by what is linked: digest_nettle.c
 * on a host; a board brings its own. It cannot fail. */
#ifndef SUTURE_KEYS_DIGEST_H
#define SUTURE_KEYS_DIGEST_H

#include "keys/base/span.h"

#define DIGEST_SIZE 32 /* bytes */

/* A digest being computed. Holds no pointer: it may be copied to take the digest so far and go on. */
struct digest {
    _Alignas(8) uint8_t state[128];
};

void digest_start(struct digest *digest);
void digest_update(struct digest *digest, struct span bytes);
void digest_finish(struct digest *digest, uint8_t out[DIGEST_SIZE]);
/* All at once. */
void digest_of(struct span bytes, uint8_t out[DIGEST_SIZE]);
bool digest_equal(const uint8_t a[DIGEST_SIZE], const uint8_t b[DIGEST_SIZE]);

#endif
