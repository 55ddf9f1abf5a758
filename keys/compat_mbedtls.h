/* The one place that knows mbedtls 2.28 (Debian 12) from 3.6 (Debian 13): the adapters are written for 3.6, and for 2.28
 * the newer names are given here. It brings all of mbedtls that they use. What 3.6 calls private in a key is reached
 * through the functions below and nowhere else. */
#ifndef SUTURE_KEYS_COMPAT_MBEDTLS_H
#define SUTURE_KEYS_COMPAT_MBEDTLS_H

#include "keys/p256.h"

#include <mbedtls/ecdsa.h>
#include <mbedtls/ecp.h>
#include <mbedtls/pk.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/sha1.h>
#include <mbedtls/version.h>

#include <stdbool.h>

#if MBEDTLS_VERSION_NUMBER < 0x03000000
#define MBEDTLS_PRIVATE(member) member
#define mbedtls_sha1_starts     mbedtls_sha1_starts_ret
#define mbedtls_sha1_update     mbedtls_sha1_update_ret
#define mbedtls_sha1_finish     mbedtls_sha1_finish_ret
#define COMPAT_RANDOM
#else
/* 3.6 blinds the reading of a private key. */
#define COMPAT_RANDOM , compat_random, NULL
#endif

/* mbedtls' form of a random source, over random_bytes. */
int compat_random(void *context, unsigned char *out, size_t size);

/* Reads a private key from PEM text; `size` counts the NUL at its end. 0, or an error of mbedtls. */
int compat_pk_parse_key(mbedtls_pk_context *pk, const unsigned char *text, size_t size);

/* Of an EC key: its curve, and its halves in this project's form. False: there is none, or it does not fit P-256. */
mbedtls_ecp_group_id compat_curve_of(const mbedtls_pk_context *pk);
bool compat_private_of(const mbedtls_pk_context *pk, uint8_t private_key[P256_PRIVATE_SIZE]);
bool compat_public_of(const mbedtls_pk_context *pk, uint8_t public_key[P256_PUBLIC_SIZE]);

/* Makes an initialised `pk` a P-256 key; `private_key` may be NULL. */
bool compat_make_key(mbedtls_pk_context *pk, const uint8_t *private_key,
                     const uint8_t public_key[P256_PUBLIC_SIZE]);

#endif
