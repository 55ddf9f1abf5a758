/* The one place that knows mbedtls 2.28 (Debian 12) from 3.6 (Debian 13). Written for 3.6; for 2.28 the newer names are
 * given here. It brings all of mbedtls that the adapters use. */
#ifndef SUTURE_KEYS_COMPAT_MBEDTLS_H
#define SUTURE_KEYS_COMPAT_MBEDTLS_H

#include <mbedtls/ecdsa.h>
#include <mbedtls/ecp.h>
#include <mbedtls/pk.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/sha1.h>
#include <mbedtls/sha256.h>
#include <mbedtls/version.h>

#if MBEDTLS_VERSION_NUMBER < 0x03000000
#define MBEDTLS_PRIVATE(member) member
#define mbedtls_sha256_starts   mbedtls_sha256_starts_ret
#define mbedtls_sha256_update   mbedtls_sha256_update_ret
#define mbedtls_sha256_finish   mbedtls_sha256_finish_ret
#define mbedtls_sha1_starts     mbedtls_sha1_starts_ret
#define mbedtls_sha1_update     mbedtls_sha1_update_ret
#define mbedtls_sha1_finish     mbedtls_sha1_finish_ret
/* 3.x asks for a random source to blind the parsing of a private key; 2.28 does not. */
#define compat_pk_parse_key(pk, bytes, size, random, context) mbedtls_pk_parse_key(pk, bytes, size, NULL, 0)
#else
#define compat_pk_parse_key(pk, bytes, size, random, context)                                                \
    mbedtls_pk_parse_key(pk, bytes, size, NULL, 0, random, context)
#endif

#endif
