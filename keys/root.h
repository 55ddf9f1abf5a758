/* Root documents (docs/formats.md 8): who may sign what for one vendor. CBOR array [payload bstr, COSE_Sign1 bstr…],
 * external_aad "suture-root-1", payload nil; signed bytes are the encoded [-16, SHA-256 of the payload's bstr with its
 * head]. At most ROOT_MAX bytes and TRUST_KEYS_MAX keys. */
#ifndef SUTURE_KEYS_ROOT_H
#define SUTURE_KEYS_ROOT_H

#include "keys/trust.h"

#define ROOT_MAX 2048 /* bytes of a whole document */

/* Reads and checks a document by its own policy: canonical form, limits, no published key, and enough signatures by its
 * own root keys. `out` borrows from `bytes`. BAD_FORMAT, BAD_VERSION, TOO_LARGE, WITHDRAWN (a published or withdrawn
 * key), UNSUPPORTED (a key of an algorithm this build does not know), BAD_SIGNATURE, TOO_FEW. */
enum status root_read(struct span bytes, struct trust *out);

/* Whether `next_bytes` may follow `current`: same vendor, version + 1, and signed by the policy of both.
 * OLD_SEQUENCE: version not current + 1. WRONG_VENDOR. Else as root_read. `next` gets the content. */
enum status root_follows(const struct trust *current, struct span next_bytes, struct trust *next);

#endif
