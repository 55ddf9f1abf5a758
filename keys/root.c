/* Reading root documents: the payload into a struct trust, then the signatures over it. Nothing of the content is
 * believed until both are done: the caller's struct is written at the very end. */
#include "keys/root.h"
#include "keys/document.h"
#include "keys/p256.h"

#include <string.h>

enum { ROOT_FORMAT = 1, ALL_ROLES = ROLE_RELEASE | ROLE_ROOT | ROLE_DEVICE };
enum {
    LABEL_FORMAT = 1,
    LABEL_VERSION,
    LABEL_VENDOR,
    LABEL_KEYS,
    LABEL_POLICIES,
    LABEL_KEYS_OUT,
    LABEL_MANIFESTS_OUT
};
enum { KEY_ID = 1, KEY_ALGORITHM, KEY_PUBLIC, KEY_ROLES, KEY_CLASSES, KEY_VALID_UNTIL };

/* A set of labels seen, one bit each. */
#define SEEN(label) (1u << (label))

/* An array of byte strings of `size` bytes: one to `most` of them, none twice. */
static enum status read_ids(struct cbor *cbor, uint8_t *ids, size_t size, size_t most, size_t *count)
{
    struct cbor_items items;
    enum status status = cbor_enter_array(cbor, &items);
    size_t n = 0;
    bool more;

    if (status)
        return status;
    if (items.left == 0)
        return BAD_FORMAT;
    while (!(status = cbor_more(cbor, &items, &more)) && more) {
        if (n == most)
            return TOO_LARGE;
        if ((status = cbor_bytes_exact(cbor, ids + n * size, size)) != OK)
            return status;
        for (size_t i = 0; i < n; i++)
            if (memcmp(ids + i * size, ids + n * size, size) == 0)
                return BAD_FORMAT;
        n += 1;
    }
    *count = n;
    return status;
}

static enum status read_roles(struct cbor *cbor, uint8_t *roles)
{
    enum status status = cbor_uint8(cbor, roles);

    if (status)
        return status;
    return *roles == 0 || (*roles & ~ALL_ROLES) != 0 ? BAD_FORMAT : OK;
}

static enum status read_key_field(struct cbor *cbor, uint64_t label, struct trust_key *key)
{
    enum status status;
    size_t count;

    switch (label) {
    case KEY_ID:
        return cbor_bytes_exact(cbor, key->id, KEY_ID_SIZE);
    case KEY_ALGORITHM:
        return cbor_int(cbor, &key->algorithm);
    case KEY_PUBLIC:
        return cbor_bytes(cbor, &key->public_key);
    case KEY_ROLES:
        return read_roles(cbor, &key->roles);
    case KEY_CLASSES:
        status = read_ids(cbor, key->classes[0], UUID_SIZE, TRUST_CLASSES_MAX, &count);
        if (!status)
            key->class_count = (uint8_t)count;
        return status;
    case KEY_VALID_UNTIL:
        status = cbor_uint(cbor, &key->valid_until);
        return !status && key->valid_until == 0 ? BAD_FORMAT : status;
    default:
        return BAD_FORMAT;
    }
}

/* What a key must be beyond its form: of a known algorithm, named by its own digest, and never published. */
static enum status check_key(const struct trust_key *key)
{
    uint8_t id[KEY_ID_SIZE];

    if (key->algorithm != COSE_ES256 && key->algorithm != COSE_ESP256)
        return UNSUPPORTED;
    if (key->public_key.size != P256_PUBLIC_SIZE || key->public_key.data[0] != 0x04)
        return BAD_FORMAT;
    key_id_of(key->public_key, id);
    if (memcmp(id, key->id, KEY_ID_SIZE) != 0)
        return BAD_FORMAT;
    return key_is_published(key->public_key) ? WITHDRAWN : OK;
}

static enum status read_key(struct cbor *cbor, struct trust_key *key)
{
    const unsigned required = SEEN(KEY_ID) | SEEN(KEY_ALGORITHM) | SEEN(KEY_PUBLIC) | SEEN(KEY_ROLES);
    struct cbor_items items;
    uint64_t label;
    unsigned seen = 0;
    enum status status = cbor_enter_map(cbor, &items);

    while (!status && !(status = document_label(cbor, &items, &label)) && label != 0) {
        status = read_key_field(cbor, label, key);
        if (!status)
            seen |= SEEN(label);
    }
    if (status)
        return status;
    return (seen & required) == required ? check_key(key) : BAD_FORMAT;
}

static enum status read_keys(struct cbor *cbor, struct trust *trust)
{
    struct cbor_items items;
    enum status status = cbor_enter_array(cbor, &items);
    bool more;

    while (!status && !(status = cbor_more(cbor, &items, &more)) && more) {
        if (trust->key_count == TRUST_KEYS_MAX)
            return TOO_LARGE;
        struct trust_key *key = &trust->keys[trust->key_count];
        if ((status = read_key(cbor, key)) != OK)
            return status;
        /* Looked up while it isn't counted yet. */
        if (trust_find(trust, key->id) != NULL)
            return BAD_FORMAT;
        trust->key_count += 1;
    }
    if (!status && trust->key_count == 0)
        return BAD_FORMAT;
    return status;
}

static enum status read_policy(struct cbor *cbor, struct trust_policy *policy)
{
    struct cbor_items items;
    enum status status = cbor_enter_array(cbor, &items);

    if (status)
        return status;
    if (items.left != 3)
        return BAD_FORMAT;
    if ((status = cbor_uint8(cbor, &policy->classical)) ||
        (status = cbor_uint8(cbor, &policy->post_quantum)) || (status = cbor_uint8(cbor, &policy->all)))
        return status;
    return policy->classical == 0 && policy->post_quantum == 0 && policy->all == 0 ? BAD_FORMAT : OK;
}

static enum status read_policies(struct cbor *cbor, struct trust *trust)
{
    struct cbor_items items;
    uint64_t role;
    bool has_root = false;
    enum status status = cbor_enter_map(cbor, &items);

    while (!status && !(status = document_label(cbor, &items, &role)) && role != 0) {
        switch (role) {
        case ROLE_RELEASE:
            status = read_policy(cbor, &trust->release);
            break;
        case ROLE_ROOT:
            status = read_policy(cbor, &trust->root);
            has_root = true;
            break;
        case ROLE_DEVICE:
            status = read_policy(cbor, &trust->device);
            break;
        default:
            return BAD_FORMAT;
        }
    }
    if (!status && !has_root)
        return BAD_FORMAT;
    return status;
}

static enum status read_format(struct cbor *cbor)
{
    uint64_t format;
    enum status status = cbor_uint(cbor, &format);

    return !status && format != ROOT_FORMAT ? BAD_VERSION : status;
}

static enum status read_version(struct cbor *cbor, uint32_t *version)
{
    enum status status = cbor_uint32(cbor, version);

    return !status && *version == 0 ? BAD_FORMAT : status;
}

static enum status read_field(struct cbor *cbor, uint64_t label, struct trust *trust)
{
    switch (label) {
    case LABEL_FORMAT:
        return read_format(cbor);
    case LABEL_VERSION:
        return read_version(cbor, &trust->version);
    case LABEL_VENDOR:
        return cbor_bytes_exact(cbor, trust->vendor, UUID_SIZE);
    case LABEL_KEYS:
        return read_keys(cbor, trust);
    case LABEL_POLICIES:
        return read_policies(cbor, trust);
    case LABEL_KEYS_OUT:
        return read_ids(cbor, trust->withdrawn_keys[0], KEY_ID_SIZE, TRUST_WITHDRAWN_MAX,
                        &trust->withdrawn_key_count);
    case LABEL_MANIFESTS_OUT:
        return read_ids(cbor, trust->withdrawn_manifests[0], TRUST_MANIFEST_ID, TRUST_WITHDRAWN_MAX,
                        &trust->withdrawn_manifest_count);
    default:
        return BAD_FORMAT;
    }
}

static enum status read_payload(struct span payload, struct trust *trust)
{
    const unsigned required = SEEN(LABEL_FORMAT) | SEEN(LABEL_VERSION) | SEEN(LABEL_VENDOR) |
                              SEEN(LABEL_KEYS) | SEEN(LABEL_POLICIES);
    struct cbor cbor = cbor_over(payload, CBOR_CANONICAL);
    struct cbor_items items;
    uint64_t label;
    unsigned seen = 0;

    memset(trust, 0, sizeof *trust);
    enum status status = cbor_enter_map(&cbor, &items);
    while (!status && !(status = document_label(&cbor, &items, &label)) && label != 0) {
        status = read_field(&cbor, label, trust);
        if (!status)
            seen |= SEEN(label);
    }
    if (status)
        return status;
    if ((seen & required) != required || cbor_end(&cbor))
        return BAD_FORMAT;
    for (size_t i = 0; i < trust->withdrawn_key_count; i++)
        if (trust_find(trust, trust->withdrawn_keys[i]) != NULL)
            return WITHDRAWN;
    return OK;
}

void root_tbs(struct span payload, uint8_t tbs[ROOT_TBS_SIZE])
{
    static const uint8_t opening[4] = {0x82, 0x2f, 0x58, DIGEST_SIZE}; /* [-16, bstr of 32] */
    uint8_t head[9];
    struct digest digest;

    digest_start(&digest);
    digest_update(&digest, span_of(head, cbor_head(head, 2, payload.size)));
    digest_update(&digest, payload);
    memcpy(tbs, opening, sizeof opening);
    digest_finish(&digest, tbs + sizeof opening);
}

/* A document taken apart, its payload read into `trust`. */
struct root {
    struct cbor blocks;
    struct cbor_items items;
    uint8_t tbs[ROOT_TBS_SIZE];
    size_t vote_count;
    uint8_t votes[ROOT_SIGNATURES_MAX][KEY_ID_SIZE];
};

static enum status open_document(struct span bytes, struct root *root, struct trust *trust)
{
    struct span payload;
    bool more;

    if (bytes.size > ROOT_MAX)
        return TOO_LARGE;
    root->blocks = cbor_over(bytes, CBOR_CANONICAL);
    root->vote_count = 0;
    if (cbor_enter_array(&root->blocks, &root->items) || cbor_more(&root->blocks, &root->items, &more) ||
        !more || cbor_bytes(&root->blocks, &payload))
        return BAD_FORMAT;
    root_tbs(payload, root->tbs);
    return read_payload(payload, trust);
}

/* OK also when the key isn't there: who isn't listed has no say, for or against. */
static enum status check_block(const struct root *root, const struct cose_sign1 *block,
                               const struct trust_key *key)
{
    if (key == NULL)
        return OK;
    return cose_verify(block, span_text(ROOT_AAD), span_of(root->tbs, ROOT_TBS_SIZE), key->public_key.data);
}

/* `before` is the document that is followed, or NULL. */
static enum status count_block(struct root *root, struct span bytes, const struct trust *trust,
                               const struct trust *before)
{
    struct cose_sign1 block;
    enum status status = cose_read(bytes, &block);

    if (status || block.key_id.data == NULL || block.payload.data != NULL)
        return BAD_FORMAT;
    for (size_t i = 0; i < root->vote_count; i++)
        if (memcmp(root->votes[i], block.key_id.data, KEY_ID_SIZE) == 0)
            return BAD_FORMAT;

    const struct trust_key *own = trust_find(trust, block.key_id.data);
    const struct trust_key *old = before != NULL ? trust_find(before, block.key_id.data) : NULL;
    if (own == NULL && old == NULL && (before != NULL || trust->version == 1))
        return UNKNOWN_KEY;
    if ((status = check_block(root, &block, own)) || (status = check_block(root, &block, old)))
        return status;
    memcpy(root->votes[root->vote_count], block.key_id.data, KEY_ID_SIZE);
    root->vote_count += 1;
    return OK;
}

static enum status allows_root(const struct trust *trust, const struct root *root)
{
    const struct trust_question question = {.role = ROLE_ROOT, .vendor = trust->vendor};

    return trust_allows(trust, &question, root->votes, root->vote_count);
}

static enum status count_blocks(struct root *root, const struct trust *trust, const struct trust *before)
{
    struct span block;
    bool more;
    enum status status;

    while (!(status = cbor_more(&root->blocks, &root->items, &more)) && more) {
        if (root->vote_count == ROOT_SIGNATURES_MAX)
            return TOO_LARGE;
        if ((status = cbor_bytes(&root->blocks, &block)) ||
            (status = count_block(root, block, trust, before)))
            return status;
    }
    if (status || cbor_end(&root->blocks))
        return BAD_FORMAT;
    return allows_root(trust, root);
}

enum status root_read(struct span bytes, struct trust *out)
{
    struct root root;
    struct trust trust;
    enum status status = open_document(bytes, &root, &trust);

    if (!status)
        status = count_blocks(&root, &trust, NULL);
    if (!status)
        *out = trust;
    return document_status(status);
}

enum status root_follows(const struct trust *current, struct span next_bytes, struct trust *next)
{
    struct root root;
    struct trust trust;
    enum status status = open_document(next_bytes, &root, &trust);

    if (status)
        return document_status(status);
    if (memcmp(trust.vendor, current->vendor, UUID_SIZE) != 0)
        return WRONG_VENDOR;
    if (trust.version - 1 != current->version)
        return OLD_SEQUENCE;
    status = count_blocks(&root, &trust, current);
    if (!status)
        status = allows_root(current, &root);
    if (!status)
        *next = trust;
    return document_status(status);
}
