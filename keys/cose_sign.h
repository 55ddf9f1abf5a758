/* Writing COSE_Sign1 blocks (RFC 9052, 4.4). Device code: the key sits behind a function. */
#ifndef SUTURE_KEYS_COSE_SIGN_H
#define SUTURE_KEYS_COSE_SIGN_H

#include "keys/cose.h"

/* Who signs. `sign` gets the exact bytes to be signed (the Sig_structure) and appends the raw signature (64 bytes, r s,
 * for P-256). Any status other than OK ends the writing, which leaves `out` as it was. */
struct cose_signer {
    int64_t algorithm;
    uint8_t key_id[KEY_ID_SIZE];
    void *context;
    enum status (*sign)(void *context, struct span message, struct buffer *signature);
};

enum cose_payload { COSE_DETACHED, COSE_ATTACHED };

/* Appends a tagged block to `out`. `scratch` holds the Sig_structure meanwhile: payload + external_aad + 64 bytes are
 * enough; it must not overlap `out`. TOO_LARGE: `out` or `scratch` is too small. */
enum status cose_sign1_write(struct buffer *out, const struct cose_signer *signer, struct span external_aad,
                             struct span payload, enum cose_payload where, struct buffer scratch);

#endif
