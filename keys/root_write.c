/* Writing root documents: the payload from a struct trust, one signature a signer, and the proof that a device reads it. */
#include "keys/root_write.h"
#include "keys/p256.h"

#include <string.h>

static void put_ids(struct cbor_writer *writer, uint64_t label, const uint8_t *ids, size_t size, size_t count)
{
    if (count == 0)
        return;
    cbor_put_uint(writer, label);
    cbor_put_array(writer, count);
    for (size_t i = 0; i < count; i++)
        cbor_put_bytes(writer, span_of(ids + i * size, size));
}

static void put_key(struct cbor_writer *writer, const struct trust_key *key)
{
    cbor_put_map(writer, 4u + (key->class_count > 0) + (key->valid_until != 0));
    cbor_put_uint(writer, 1);
    cbor_put_bytes(writer, span_of(key->id, KEY_ID_SIZE));
    cbor_put_uint(writer, 2);
    cbor_put_int(writer, key->algorithm);
    cbor_put_uint(writer, 3);
    cbor_put_bytes(writer, key->public_key);
    cbor_put_uint(writer, 4);
    cbor_put_uint(writer, key->roles);
    put_ids(writer, 5, key->classes[0], UUID_SIZE, key->class_count);
    if (key->valid_until != 0) {
        cbor_put_uint(writer, 6);
        cbor_put_uint(writer, key->valid_until);
    }
}

static bool is_set(const struct trust_policy *policy)
{
    return policy->classical != 0 || policy->post_quantum != 0 || policy->all != 0;
}

static void put_policy(struct cbor_writer *writer, enum trust_role role, const struct trust_policy *policy)
{
    if (!is_set(policy))
        return;
    cbor_put_uint(writer, role);
    cbor_put_array(writer, 3);
    cbor_put_uint(writer, policy->classical);
    cbor_put_uint(writer, policy->post_quantum);
    cbor_put_uint(writer, policy->all);
}

static enum status write_payload(struct buffer *out, const struct trust *trust)
{
    struct cbor_writer writer = cbor_into(out);

    cbor_put_map(&writer, 5u + (trust->withdrawn_key_count > 0) + (trust->withdrawn_manifest_count > 0));
    cbor_put_uint(&writer, 1);
    cbor_put_uint(&writer, 1);
    cbor_put_uint(&writer, 2);
    cbor_put_uint(&writer, trust->version);
    cbor_put_uint(&writer, 3);
    cbor_put_bytes(&writer, span_of(trust->vendor, UUID_SIZE));
    cbor_put_uint(&writer, 4);
    cbor_put_array(&writer, trust->key_count);
    for (size_t i = 0; i < trust->key_count; i++)
        put_key(&writer, &trust->keys[i]);
    cbor_put_uint(&writer, 5);
    cbor_put_map(&writer, (uint64_t)is_set(&trust->release) + is_set(&trust->root) + is_set(&trust->device));
    put_policy(&writer, ROLE_RELEASE, &trust->release);
    put_policy(&writer, ROLE_ROOT, &trust->root);
    put_policy(&writer, ROLE_DEVICE, &trust->device);
    put_ids(&writer, 6, trust->withdrawn_keys[0], KEY_ID_SIZE, trust->withdrawn_key_count);
    put_ids(&writer, 7, trust->withdrawn_manifests[0], TRUST_MANIFEST_ID, trust->withdrawn_manifest_count);
    return cbor_written(&writer);
}

static enum status write_signature(struct cbor_writer *writer, struct span tbs,
                                   const struct cose_signer *signer)
{
    uint8_t block_bytes[COSE_OVERHEAD_MAX], scratch[ROOT_TBS_SIZE + sizeof ROOT_AAD + 64];
    struct buffer block = buffer_over(block_bytes, sizeof block_bytes);
    enum status status = cose_sign1_write(&block, signer, span_text(ROOT_AAD), tbs, COSE_DETACHED,
                                          buffer_over(scratch, sizeof scratch));

    if (!status)
        cbor_put_bytes(writer, span_used(&block));
    return status;
}

static enum status write_document(struct buffer *document, const struct trust *trust,
                                  const struct cose_signer *signers, size_t count)
{
    uint8_t payload_bytes[ROOT_MAX], tbs[ROOT_TBS_SIZE];
    struct buffer payload = buffer_over(payload_bytes, sizeof payload_bytes);
    struct cbor_writer writer = cbor_into(document);
    enum status status = write_payload(&payload, trust);

    if (status)
        return status;
    root_tbs(span_used(&payload), tbs);
    cbor_put_array(&writer, 1 + count);
    cbor_put_bytes(&writer, span_used(&payload));
    for (size_t i = 0; i < count && !status; i++)
        status = write_signature(&writer, span_of(tbs, sizeof tbs), &signers[i]);
    return status ? status : cbor_written(&writer);
}

enum status root_write(struct buffer *out, const struct trust *trust, const struct cose_signer *signers,
                       size_t count)
{
    uint8_t bytes[ROOT_MAX];
    struct buffer document = buffer_over(bytes, sizeof bytes);
    struct trust as_read;

    enum status status = write_document(&document, trust, signers, count);
    if (!status)
        status = root_read(span_used(&document), &as_read);
    if (status)
        return status;
    return buffer_append(out, span_used(&document)) ? OK : TOO_LARGE;
}
