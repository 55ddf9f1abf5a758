/* P-256 private keys on a host (and in the simulator's devices): make, derive, sign. */
#ifndef SUTURE_KEYS_P256_SIGN_H
#define SUTURE_KEYS_P256_SIGN_H

#include "keys/p256.h"

/* A new private key from the system's random source. FAILED: no randomness could be had. */
enum status p256_generate(uint8_t private_key[P256_PRIVATE_SIZE]);
/* BAD_FORMAT: not a scalar in 1..n-1. */
enum status p256_public_of(const uint8_t private_key[P256_PRIVATE_SIZE],
                           uint8_t public_key[P256_PUBLIC_SIZE]);
/* Deterministic (RFC 6979), so that equal bytes get equal signatures. FAILED or BAD_FORMAT leave `signature` as it was. */
enum status p256_sign(const uint8_t private_key[P256_PRIVATE_SIZE], const uint8_t digest[32],
                      uint8_t signature[P256_SIGNATURE_SIZE]);

#endif
