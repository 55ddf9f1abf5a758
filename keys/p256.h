/* ECDSA over P-256 with SHA-256 (FIPS 186-5, 6). Verification is device code; its implementation is chosen by what is
 * linked (p256_mbedtls.c on a host). Signing stands in p256_sign.h. */
#ifndef SUTURE_KEYS_P256_H
#define SUTURE_KEYS_P256_H

#include "keys/base/status.h"

#include <stdint.h>

#define P256_PUBLIC_SIZE    65 /* 04 X Y, SEC 1 uncompressed */
#define P256_PRIVATE_SIZE   32
#define P256_SIGNATURE_SIZE 64 /* r s, RFC 9053, 2.1 */

/* OK, or BAD_SIGNATURE for anything else (also a public key that is no point of the curve). S is not restricted. */
enum status p256_verify(const uint8_t public_key[P256_PUBLIC_SIZE], const uint8_t digest[32],
                        const uint8_t signature[P256_SIGNATURE_SIZE]);

#endif
