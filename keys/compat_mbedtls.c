/* The functions of compat_mbedtls.h: into and out of mbedtls' key structures. */
#include "keys/compat_mbedtls.h"
#include "keys/random.h"

int compat_random(void *context, unsigned char *out, size_t size)
{
    (void)context;
    return random_bytes(out, size) ? 0 : MBEDTLS_ERR_ECP_RANDOM_FAILED;
}

int compat_pk_parse_key(mbedtls_pk_context *pk, const unsigned char *text, size_t size)
{
    return mbedtls_pk_parse_key(pk, text, size, NULL, 0 COMPAT_RANDOM);
}

mbedtls_ecp_group_id compat_curve_of(const mbedtls_pk_context *pk)
{
    return mbedtls_pk_ec(*pk)->MBEDTLS_PRIVATE(grp).id;
}

bool compat_private_of(const mbedtls_pk_context *pk, uint8_t private_key[P256_PRIVATE_SIZE])
{
    return mbedtls_mpi_write_binary(&mbedtls_pk_ec(*pk)->MBEDTLS_PRIVATE(d), private_key,
                                    P256_PRIVATE_SIZE) == 0;
}

bool compat_public_of(const mbedtls_pk_context *pk, uint8_t public_key[P256_PUBLIC_SIZE])
{
    const mbedtls_ecp_keypair *key = mbedtls_pk_ec(*pk);
    size_t size = 0;

    return mbedtls_ecp_point_write_binary(&key->MBEDTLS_PRIVATE(grp), &key->MBEDTLS_PRIVATE(Q),
                                          MBEDTLS_ECP_PF_UNCOMPRESSED, &size, public_key,
                                          P256_PUBLIC_SIZE) == 0 &&
           size == P256_PUBLIC_SIZE;
}

bool compat_make_key(mbedtls_pk_context *pk, const uint8_t *private_key,
                     const uint8_t public_key[P256_PUBLIC_SIZE])
{
    if (mbedtls_pk_setup(pk, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY)) != 0)
        return false;
    mbedtls_ecp_keypair *key = mbedtls_pk_ec(*pk);
    if (mbedtls_ecp_group_load(&key->MBEDTLS_PRIVATE(grp), MBEDTLS_ECP_DP_SECP256R1) != 0)
        return false;
    if (private_key != NULL &&
        mbedtls_mpi_read_binary(&key->MBEDTLS_PRIVATE(d), private_key, P256_PRIVATE_SIZE) != 0)
        return false;
    return mbedtls_ecp_point_read_binary(&key->MBEDTLS_PRIVATE(grp), &key->MBEDTLS_PRIVATE(Q), public_key,
                                         P256_PUBLIC_SIZE) == 0;
}
