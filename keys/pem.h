/* P-256 keys as PEM text, read and written by mbedtls. Read: SEC 1 ("EC PRIVATE KEY", RFC 5915), PKCS#8 ("PRIVATE KEY",
 * RFC 5958) and SubjectPublicKeyInfo ("PUBLIC KEY", RFC 5480). Written: SEC 1 and SubjectPublicKeyInfo. */
#ifndef SUTURE_KEYS_PEM_H
#define SUTURE_KEYS_PEM_H

#include "keys/base/span.h"
#include "keys/p256.h"

#define PEM_MAX 8192 /* bytes of text; a P-256 key takes about 250 */

/* Each answers NULL when it is done, or else what is wrong with the text: half a sentence for a person ("holds a key of
 * another curve"). `private_key` and `public_key` are then as they were. */
const char *pem_read_private(struct span text, uint8_t private_key[P256_PRIVATE_SIZE]);
/* From the text of a public or of a private key. */
const char *pem_read_public(struct span text, uint8_t public_key[P256_PUBLIC_SIZE]);

/* Appends the text. False: the key is none, or `out` is too small. */
bool pem_write_private(struct buffer *out, const uint8_t private_key[P256_PRIVATE_SIZE]);
bool pem_write_public(struct buffer *out, const uint8_t public_key[P256_PUBLIC_SIZE]);

#endif
