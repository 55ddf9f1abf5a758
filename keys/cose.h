/* COSE_Sign1 (RFC 9052, 4.2) as this project reads it: tag 18, four members, protected header a map of {1: algorithm}
 * or {1: algorithm, 4: key id}, unprotected header empty (a0), payload nil (detached) or a byte string. */
#ifndef SUTURE_KEYS_COSE_H
#define SUTURE_KEYS_COSE_H

#include "keys/base/cbor.h"
#include "keys/digest.h"

/* COSE algorithm numbers that mean ECDSA P-256 with SHA-256; both are read, ESP256 is written. */
#define COSE_ES256   (-7)
#define COSE_ESP256  (-9)
#define COSE_HSS_LMS (-46) /* reserved: no verifier yet, blocks with it count as unknown */

#define KEY_ID_SIZE 8 /* first bytes of SHA-256 over the public key as a root document holds it */

#define COSE_OVERHEAD_MAX 128 /* bytes that cose_sign1_write adds to an attached payload, at most */

struct cose_sign1 {
    struct span protected_header; /* its content, without the bstr head */
    int64_t algorithm;
    struct span key_id;  /* KEY_ID_SIZE bytes, or absent (data NULL) */
    struct span payload; /* data NULL when detached */
    struct span signature;
};

/* Reads one block that fills `bytes`. BAD_FORMAT: anything else than described above. The spans point into `bytes`. */
enum status cose_read(struct span bytes, struct cose_sign1 *out);

/* SHA-256 of the Sig_structure ["Signature1", protected, external_aad, payload] (RFC 9052, 4.4), computed without a copy. */
void cose_tbs_digest(struct span protected_header, struct span external_aad, struct span payload,
                     uint8_t out[DIGEST_SIZE]);

/* Verifies with one P-256 public key (65 bytes). `payload` is the detached one; pass an absent span to use the block's
 * own. BAD_SIGNATURE: no. UNSUPPORTED: an algorithm other than ES256 or ESP256. MISSING: no payload anywhere.
 * BAD_FORMAT: a payload was given and the block carries one too. */
enum status cose_verify(const struct cose_sign1 *block, struct span external_aad, struct span payload,
                        const uint8_t public_key[65]);

/* key id of a public key: first 8 bytes of SHA-256 over its bytes. */
void key_id_of(struct span public_key, uint8_t key_id[KEY_ID_SIZE]);

#endif
