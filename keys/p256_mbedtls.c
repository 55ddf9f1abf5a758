/* Verification of ECDSA P-256 by mbedtls. Anything that does not end in a plain yes is a no. */
#include "keys/p256.h"
#include "keys/compat_mbedtls.h"

enum { DIGEST_BYTES = 32, HALF = P256_SIGNATURE_SIZE / 2 };

static int verify(mbedtls_ecp_group *group, mbedtls_ecp_point *key, mbedtls_mpi *r, mbedtls_mpi *s,
                  const uint8_t *public_key, const uint8_t *digest, const uint8_t *signature)
{
    int bad;

    if ((bad = mbedtls_ecp_group_load(group, MBEDTLS_ECP_DP_SECP256R1)) != 0)
        return bad;
    if ((bad = mbedtls_ecp_point_read_binary(group, key, public_key, P256_PUBLIC_SIZE)) != 0)
        return bad;
    /* mbedtls_ecdsa_verify takes the point as it is given. */
    if ((bad = mbedtls_ecp_check_pubkey(group, key)) != 0)
        return bad;
    if ((bad = mbedtls_mpi_read_binary(r, signature, HALF)) != 0)
        return bad;
    if ((bad = mbedtls_mpi_read_binary(s, signature + HALF, HALF)) != 0)
        return bad;
    return mbedtls_ecdsa_verify(group, digest, DIGEST_BYTES, key, r, s);
}

enum status p256_verify(const uint8_t public_key[P256_PUBLIC_SIZE], const uint8_t digest[32],
                        const uint8_t signature[P256_SIGNATURE_SIZE])
{
    mbedtls_ecp_group group;
    mbedtls_ecp_point key;
    mbedtls_mpi r, s;

    mbedtls_ecp_group_init(&group);
    mbedtls_ecp_point_init(&key);
    mbedtls_mpi_init(&r);
    mbedtls_mpi_init(&s);
    int bad = verify(&group, &key, &r, &s, public_key, digest, signature);
    mbedtls_mpi_free(&s);
    mbedtls_mpi_free(&r);
    mbedtls_ecp_point_free(&key);
    mbedtls_ecp_group_free(&group);
    return bad == 0 ? OK : BAD_SIGNATURE;
}
