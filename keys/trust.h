/* The trust policy: which keys count for what, and how many are needed. Plain data and pure functions, so that a test can
 * enumerate them. Where the data comes from: root.h. */
#ifndef SUTURE_KEYS_TRUST_H
#define SUTURE_KEYS_TRUST_H

#include "keys/cose.h"

#define TRUST_KEYS_MAX      8  /* keys in one root document */
#define TRUST_CLASSES_MAX   8  /* classes that one key may be limited to */
#define TRUST_WITHDRAWN_MAX 16 /* withdrawn keys, and withdrawn manifests, in one root document */
#define TRUST_MANIFEST_ID   16 /* first bytes of a manifest digest */
#define UUID_SIZE           16

enum trust_role { ROLE_RELEASE = 1, ROLE_ROOT = 2, ROLE_DEVICE = 4 };

/* Least number of distinct keys: of classical algorithms, of post-quantum ones, and in all. All zero is never valid. */
struct trust_policy {
    uint8_t classical, post_quantum, all;
};

struct trust_key {
    uint8_t id[KEY_ID_SIZE];
    int64_t algorithm;      /* COSE number */
    struct span public_key; /* borrowed from the root document */
    uint8_t roles;          /* enum trust_role, added */
    uint8_t class_count;    /* 0: all classes of the vendor */
    uint8_t classes[TRUST_CLASSES_MAX][UUID_SIZE];
    uint64_t valid_until; /* seconds since 1970; 0: no limit. For hosts only: devices have no time. */
};

struct trust {
    uint32_t version; /* of the root document */
    uint8_t vendor[UUID_SIZE];
    size_t key_count;
    struct trust_key keys[TRUST_KEYS_MAX];
    struct trust_policy release, root, device;
    size_t withdrawn_key_count;
    uint8_t withdrawn_keys[TRUST_WITHDRAWN_MAX][KEY_ID_SIZE];
    size_t withdrawn_manifest_count;
    uint8_t withdrawn_manifests[TRUST_WITHDRAWN_MAX][TRUST_MANIFEST_ID];
};

/* What is to be allowed: something of `vendor` and `class_id` (as executed, never from text), signed in `role`.
 * `class_id` may be NULL for what has no class (a root document): a key limited to classes does not count there.
 * `now` is 0 on a device: no date is looked at. */
struct trust_question {
    enum trust_role role;
    const uint8_t *vendor;      /* UUID_SIZE bytes */
    const uint8_t *class_id;    /* UUID_SIZE bytes or NULL */
    const uint8_t *manifest_id; /* TRUST_MANIFEST_ID bytes of the manifest digest, or NULL */
    uint64_t now;               /* seconds since 1970, or 0 */
};

/* The key with this id, or NULL. */
const struct trust_key *trust_find(const struct trust *trust, const uint8_t key_id[KEY_ID_SIZE]);

/* Decides over key ids whose signatures have been verified already (`votes`, repeats count once).
 * OK, or the first of: WITHDRAWN (manifest), WRONG_SCOPE (vendor), TOO_FEW (the policy is all zero),
 * then, when the counted votes don't suffice, the reason of the vote that came nearest: WITHDRAWN, WRONG_SCOPE (role or
 * class), UNKNOWN_KEY, or TOO_FEW. An expired key (with `now`) doesn't count and is WRONG_SCOPE. */
enum status trust_allows(const struct trust *trust, const struct trust_question *question,
                         const uint8_t votes[][KEY_ID_SIZE], size_t vote_count);

/* Keys whose private half was published somewhere (standards' examples, sample keys of boot loaders): refused by every
 * trust store, root document and policy. */
bool key_is_published(struct span public_key);

#endif
