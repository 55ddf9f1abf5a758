/* The trust policy as pure functions: nothing is read or verified here, only decided. */
#include "keys/trust.h"

#include <string.h>

const struct trust_key *trust_find(const struct trust *trust, const uint8_t key_id[KEY_ID_SIZE])
{
    for (size_t i = 0; i < trust->key_count; i++)
        if (memcmp(trust->keys[i].id, key_id, KEY_ID_SIZE) == 0)
            return &trust->keys[i];
    return NULL;
}

static const struct trust_policy *policy_of(const struct trust *trust, enum trust_role role)
{
    switch (role) {
    case ROLE_RELEASE:
        return &trust->release;
    case ROLE_ROOT:
        return &trust->root;
    case ROLE_DEVICE:
        return &trust->device;
    }
    return NULL;
}

static bool manifest_is_withdrawn(const struct trust *trust, const uint8_t *manifest_id)
{
    for (size_t i = 0; manifest_id != NULL && i < trust->withdrawn_manifest_count; i++)
        if (memcmp(trust->withdrawn_manifests[i], manifest_id, TRUST_MANIFEST_ID) == 0)
            return true;
    return false;
}

static bool key_is_withdrawn(const struct trust *trust, const uint8_t *key_id)
{
    for (size_t i = 0; i < trust->withdrawn_key_count; i++)
        if (memcmp(trust->withdrawn_keys[i], key_id, KEY_ID_SIZE) == 0)
            return true;
    return false;
}

/* A key that is limited to classes says nothing about what concerns the whole vendor (no class asked). */
static bool class_is_covered(const struct trust_key *key, const uint8_t *class_id)
{
    if (key->class_count == 0)
        return true;
    for (size_t i = 0; class_id != NULL && i < key->class_count; i++)
        if (memcmp(key->classes[i], class_id, UUID_SIZE) == 0)
            return true;
    return false;
}

static bool is_classical(int64_t algorithm)
{
    return algorithm == COSE_ES256 || algorithm == COSE_ESP256;
}

/* OK when the vote of this key counts, or why it doesn't. */
static enum status judge(const struct trust *trust, const struct trust_question *question,
                         const uint8_t *key_id)
{
    if (key_is_withdrawn(trust, key_id))
        return WITHDRAWN;
    const struct trust_key *key = trust_find(trust, key_id);
    if (key == NULL || (!is_classical(key->algorithm) && key->algorithm != COSE_HSS_LMS))
        return UNKNOWN_KEY;
    if (key_is_published(key->public_key))
        return WITHDRAWN;
    if ((key->roles & question->role) == 0 || !class_is_covered(key, question->class_id))
        return WRONG_SCOPE;
    if (question->now != 0 && key->valid_until != 0 && question->now > key->valid_until)
        return WRONG_SCOPE;
    return OK;
}

/* How near a refused vote came, the nearest highest. */
static int nearness(enum status reason)
{
    switch (reason) {
    case WITHDRAWN:
        return 3;
    case WRONG_SCOPE:
        return 2;
    case UNKNOWN_KEY:
        return 1;
    default:
        return 0;
    }
}

static bool is_repeat(const uint8_t votes[][KEY_ID_SIZE], size_t which)
{
    for (size_t i = 0; i < which; i++)
        if (memcmp(votes[i], votes[which], KEY_ID_SIZE) == 0)
            return true;
    return false;
}

static enum status count_votes(const struct trust *trust, const struct trust_question *question,
                               const struct trust_policy *policy, const uint8_t votes[][KEY_ID_SIZE],
                               size_t vote_count)
{
    size_t classical = 0, post_quantum = 0;
    enum status reason = TOO_FEW;

    for (size_t i = 0; i < vote_count; i++) {
        if (is_repeat(votes, i))
            continue;
        enum status status = judge(trust, question, votes[i]);
        if (status == OK && is_classical(trust_find(trust, votes[i])->algorithm))
            classical += 1;
        else if (status == OK)
            post_quantum += 1;
        else if (nearness(status) > nearness(reason))
            reason = status;
    }
    if (classical >= policy->classical && post_quantum >= policy->post_quantum &&
        classical + post_quantum >= policy->all)
        return OK;
    return reason;
}

enum status trust_allows(const struct trust *trust, const struct trust_question *question,
                         const uint8_t votes[][KEY_ID_SIZE], size_t vote_count)
{
    const struct trust_policy *policy = policy_of(trust, question->role);

    if (manifest_is_withdrawn(trust, question->manifest_id))
        return WITHDRAWN;
    if (memcmp(trust->vendor, question->vendor, UUID_SIZE) != 0)
        return WRONG_SCOPE;
    if (policy == NULL || (policy->classical == 0 && policy->post_quantum == 0 && policy->all == 0))
        return TOO_FEW;
    return count_votes(trust, question, policy, votes, vote_count);
}
