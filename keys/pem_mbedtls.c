/* PEM through mbedtls' pk layer. It reads more than is wanted here (DER, RSA, other curves): what is no P-256 key in PEM
 * is named and refused. Copies of private keys are wiped. */
#include "keys/pem.h"
#include "keys/compat_mbedtls.h"
#include "keys/p256_sign.h"

#include <string.h>

static const char damaged[] = "holds no readable key";

/* mbedtls wants the text with a NUL behind it, and takes anything else for DER. */
static const char *copy_text(struct span text, char copy[PEM_MAX + 1])
{
    if (text.size > PEM_MAX)
        return "is larger than any key file";
    if (text.size == 0)
        return "is empty";
    if (memchr(text.data, 0, text.size) != NULL)
        return "is no text";
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    if (strstr(copy, "-----BEGIN ") == NULL)
        return "holds no key in PEM form";
    return NULL;
}

static const char *check_kind(const mbedtls_pk_context *pk)
{
    switch (mbedtls_pk_get_type(pk)) {
    case MBEDTLS_PK_ECKEY:
    case MBEDTLS_PK_ECKEY_DH:
    case MBEDTLS_PK_ECDSA:
        break;
    case MBEDTLS_PK_RSA:
        return "holds an RSA key; an EC P-256 key is needed";
    default:
        return "holds a key that is none of EC P-256";
    }
    if (compat_curve_of(pk) != MBEDTLS_ECP_DP_SECP256R1)
        return "holds a key of another curve; EC P-256 is needed";
    return NULL;
}

static const char *parse_problem(int result)
{
    if (result == MBEDTLS_ERR_PK_PASSWORD_REQUIRED || result == MBEDTLS_ERR_PK_PASSWORD_MISMATCH)
        return "is locked with a password; decrypt it, or sign with a command (cmd:…)";
    if (result == MBEDTLS_ERR_PK_UNKNOWN_NAMED_CURVE)
        return "holds a key of another curve; EC P-256 is needed";
    return damaged;
}

static const char *parse_private(mbedtls_pk_context *pk, const char *text,
                                 uint8_t private_key[P256_PRIVATE_SIZE])
{
    uint8_t scalar[P256_PRIVATE_SIZE], from_scalar[P256_PUBLIC_SIZE], stated[P256_PUBLIC_SIZE];
    const char *problem;
    int result = compat_pk_parse_key(pk, (const unsigned char *)text, strlen(text) + 1);

    if (result != 0)
        return parse_problem(result);
    if ((problem = check_kind(pk)) != NULL)
        return problem;
    if (!compat_private_of(pk, scalar) || p256_public_of(scalar, from_scalar) != OK)
        problem = damaged;
    else if (!compat_public_of(pk, stated) || memcmp(stated, from_scalar, sizeof stated) != 0)
        problem = "holds a private and a public key that don't belong together";
    else
        memcpy(private_key, scalar, sizeof scalar);
    mbedtls_platform_zeroize(scalar, sizeof scalar);
    return problem;
}

const char *pem_read_private(struct span text, uint8_t private_key[P256_PRIVATE_SIZE])
{
    char copy[PEM_MAX + 1];
    mbedtls_pk_context pk;
    const char *problem = copy_text(text, copy);

    mbedtls_pk_init(&pk);
    if (problem == NULL && strstr(copy, "PRIVATE KEY-----") == NULL)
        problem = "holds no private key";
    if (problem == NULL)
        problem = parse_private(&pk, copy, private_key);
    mbedtls_pk_free(&pk);
    mbedtls_platform_zeroize(copy, sizeof copy);
    return problem;
}

static const char *parse_public(mbedtls_pk_context *pk, const char *text,
                                uint8_t public_key[P256_PUBLIC_SIZE])
{
    const char *problem;
    int result = mbedtls_pk_parse_public_key(pk, (const unsigned char *)text, strlen(text) + 1);

    if (result != 0)
        return parse_problem(result);
    if ((problem = check_kind(pk)) != NULL)
        return problem;
    return compat_public_of(pk, public_key) ? NULL : damaged;
}

const char *pem_read_public(struct span text, uint8_t public_key[P256_PUBLIC_SIZE])
{
    char copy[PEM_MAX + 1];
    uint8_t private_key[P256_PRIVATE_SIZE];
    mbedtls_pk_context pk;
    const char *problem = copy_text(text, copy);

    mbedtls_pk_init(&pk);
    if (problem == NULL && strstr(copy, "PRIVATE KEY-----") != NULL) {
        problem = parse_private(&pk, copy, private_key);
        if (problem == NULL && p256_public_of(private_key, public_key) != OK)
            problem = damaged;
    } else if (problem == NULL) {
        problem = parse_public(&pk, copy, public_key);
    }
    mbedtls_pk_free(&pk);
    mbedtls_platform_zeroize(private_key, sizeof private_key);
    mbedtls_platform_zeroize(copy, sizeof copy);
    return problem;
}

static bool append_text(struct buffer *out, const char *text)
{
    return buffer_append(out, span_text(text));
}

bool pem_write_private(struct buffer *out, const uint8_t private_key[P256_PRIVATE_SIZE])
{
    unsigned char text[512];
    uint8_t public_key[P256_PUBLIC_SIZE];
    mbedtls_pk_context pk;

    mbedtls_pk_init(&pk);
    bool done = p256_public_of(private_key, public_key) == OK &&
                compat_make_key(&pk, private_key, public_key) &&
                mbedtls_pk_write_key_pem(&pk, text, sizeof text) == 0 && append_text(out, (const char *)text);
    mbedtls_pk_free(&pk);
    mbedtls_platform_zeroize(text, sizeof text);
    return done;
}

bool pem_write_public(struct buffer *out, const uint8_t public_key[P256_PUBLIC_SIZE])
{
    unsigned char text[512];
    mbedtls_pk_context pk;

    mbedtls_pk_init(&pk);
    bool done = compat_make_key(&pk, NULL, public_key) &&
                mbedtls_pk_write_pubkey_pem(&pk, text, sizeof text) == 0 &&
                append_text(out, (const char *)text);
    mbedtls_pk_free(&pk);
    return done;
}
