/* Root documents (docs/formats.md 8): who may sign what for one vendor. CBOR array [payload bstr, bstr of COSE_Sign1 …],
 * external_aad "suture-root-1", payload nil; signed bytes are the encoded [-16, SHA-256 of the payload's bstr with its
 * head]. Payload:
 *   {1: format 1, 2: version from 1, 3: vendor, 4: [key …], 5: {role: [classical, post-quantum, all] …},
 *    6: [withdrawn key id …], 7: [first 16 bytes of a withdrawn manifest's digest …]}
 *   key {1: key id, 2: algorithm, 3: public key, 4: roles, 5: [class id …], 6: valid until}
 * Of the payload 6 and 7, of a key 5 and 6 are absent when there is nothing to say, and never empty or 0. The policy of
 * the root role is always there; a role without a policy allows nothing. Anything else is refused. */
#ifndef SUTURE_KEYS_ROOT_H
#define SUTURE_KEYS_ROOT_H

#include "keys/trust.h"

#define ROOT_MAX            2048 /* bytes of a whole document */
#define ROOT_SIGNATURES_MAX 16   /* of version N + 1: those of its own keys and of the keys of N */
#define ROOT_AAD            "suture-root-1"
#define ROOT_TBS_SIZE       36 /* bytes of the encoded [-16, digest] */

/* Reads and checks a document by its own policy: canonical form, limits, no published key, and enough signatures by its
 * own root keys. Every signature by a listed key must hold, no key signs twice, and version 1 has no other signatures.
 * `out` borrows from `bytes`. Takes about 2 KiB of stack. BAD_FORMAT, BAD_VERSION, TOO_LARGE, WITHDRAWN (a published or
 * withdrawn key), UNSUPPORTED (a key of an algorithm this build does not know), BAD_SIGNATURE, UNKNOWN_KEY, WRONG_SCOPE,
 * TOO_FEW. */
enum status root_read(struct span bytes, struct trust *out);

/* Whether `next_bytes` may follow `current`: same vendor, version + 1, and signed by the policy of both. Every signature
 * must be by a key of one of the two. OLD_SEQUENCE: version not current + 1. WRONG_VENDOR. Else as root_read. `next` gets
 * the content. */
enum status root_follows(const struct trust *current, struct span next_bytes, struct trust *next);

/* What is signed: the encoded [-16, SHA-256 of the bstr that holds the payload]. */
void root_tbs(struct span payload, uint8_t tbs[ROOT_TBS_SIZE]);

#endif
