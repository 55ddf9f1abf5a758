/* P-256 private keys by mbedtls. Every copy of a private scalar made here is wiped before it is given back. */
#include "keys/p256_sign.h"
#include "keys/compat_mbedtls.h"

#include <string.h>

enum { HALF = P256_SIGNATURE_SIZE / 2 };

/* What each operation on a private key needs; d is wiped by private_close. */
struct private
{
    mbedtls_ecp_group group;
    mbedtls_mpi d;
};

static void private_open(struct private *private)
{
    mbedtls_ecp_group_init(&private->group);
    mbedtls_mpi_init(&private->d);
}

static void private_close(struct private *private)
{
    mbedtls_mpi_free(&private->d);
    mbedtls_ecp_group_free(&private->group);
}

static enum status private_load(struct private *private, const uint8_t *private_key)
{
    if (mbedtls_ecp_group_load(&private->group, MBEDTLS_ECP_DP_SECP256R1) != 0 ||
        mbedtls_mpi_read_binary(&private->d, private_key, P256_PRIVATE_SIZE) != 0)
        return FAILED;
    return mbedtls_ecp_check_privkey(&private->group, &private->d) == 0 ? OK : BAD_FORMAT;
}

enum status p256_generate(uint8_t private_key[P256_PRIVATE_SIZE])
{
    struct private private;
    enum status status = FAILED;

    private_open(&private);
    if (mbedtls_ecp_group_load(&private.group, MBEDTLS_ECP_DP_SECP256R1) == 0 &&
        mbedtls_ecp_gen_privkey(&private.group, &private.d, compat_random, NULL) == 0 &&
        mbedtls_mpi_write_binary(&private.d, private_key, P256_PRIVATE_SIZE) == 0)
        status = OK;
    private_close(&private);
    return status;
}

static enum status public_point(struct private *private, mbedtls_ecp_point *point, uint8_t *public_key)
{
    size_t size = 0;
    uint8_t bytes[P256_PUBLIC_SIZE];

    if (mbedtls_ecp_mul(&private->group, point, &private->d, &private->group.G, compat_random, NULL) != 0 ||
        mbedtls_ecp_point_write_binary(&private->group, point, MBEDTLS_ECP_PF_UNCOMPRESSED, &size, bytes,
                                       sizeof bytes) != 0 ||
        size != sizeof bytes)
        return FAILED;
    memcpy(public_key, bytes, sizeof bytes);
    return OK;
}

enum status p256_public_of(const uint8_t private_key[P256_PRIVATE_SIZE], uint8_t public_key[P256_PUBLIC_SIZE])
{
    struct private private;
    mbedtls_ecp_point point;

    private_open(&private);
    mbedtls_ecp_point_init(&point);
    enum status status = private_load(&private, private_key);
    if (!status)
        status = public_point(&private, &point, public_key);
    mbedtls_ecp_point_free(&point);
    private_close(&private);
    return status;
}

static enum status sign(struct private *private, mbedtls_mpi *r, mbedtls_mpi *s, const uint8_t *digest,
                        uint8_t *signature)
{
    uint8_t bytes[P256_SIGNATURE_SIZE];

    if (mbedtls_ecdsa_sign_det_ext(&private->group, r, s, &private->d, digest, 32, MBEDTLS_MD_SHA256,
                                   compat_random, NULL) != 0 ||
        mbedtls_mpi_write_binary(r, bytes, HALF) != 0 || mbedtls_mpi_write_binary(s, bytes + HALF, HALF) != 0)
        return FAILED;
    memcpy(signature, bytes, sizeof bytes);
    return OK;
}

enum status p256_sign(const uint8_t private_key[P256_PRIVATE_SIZE], const uint8_t digest[32],
                      uint8_t signature[P256_SIGNATURE_SIZE])
{
    struct private private;
    mbedtls_mpi r, s;

    private_open(&private);
    mbedtls_mpi_init(&r);
    mbedtls_mpi_init(&s);
    enum status status = private_load(&private, private_key);
    if (!status)
        status = sign(&private, &r, &s, digest, signature);
    mbedtls_mpi_free(&s);
    mbedtls_mpi_free(&r);
    private_close(&private);
    return status;
}
