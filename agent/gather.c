/* Chunks, and the buffer they are gathered in. */
#include "agent/gather.h"

#include <string.h>

#define BORROW_AFTER_MS 5000 /* a document that stood still for so long may be lost */

static bool find_uint(struct span body, const char *key, uint64_t *out, enum status *status)
{
    struct cbor value;

    *status = smp_find(body, key, &value);
    if (*status)
        return false;
    *status = cbor_uint(&value, out);
    return *status == OK;
}

/* An optional integer: absent is fine, anything else must be one. */
static bool optional_uint(struct span body, const char *key, bool *has, uint64_t *out)
{
    enum status status;

    *has = find_uint(body, key, out, &status);
    return *has || status == NOT_FOUND;
}

static bool find_bytes(struct span body, const char *key, struct span *out)
{
    struct cbor value;

    return smp_find(body, key, &value) == OK && cbor_bytes(&value, out) == OK;
}

/* `image` names an image for some clients and a slot for others; the manifest alone says where a push file goes. */
enum refusal chunk_read(struct span body, struct chunk *out)
{
    struct chunk chunk = {0};
    enum status status;
    bool has_image;
    uint64_t image = 0;

    if (!find_uint(body, "off", &chunk.offset, &status) || !find_bytes(body, "data", &chunk.data))
        return REFUSED_INVALID;
    if (!optional_uint(body, "len", &chunk.has_length, &chunk.length) ||
        !optional_uint(body, "image", &has_image, &image) || image > SLOT_B)
        return REFUSED_INVALID;
    if (chunk.offset == 0 &&
        (!chunk.has_length || chunk.length == CHUNK_LENGTH_UNKNOWN || chunk.data.size > chunk.length))
        return REFUSED_INVALID;
    if (!find_bytes(body, "sha", &chunk.sha) || chunk.sha.size != DIGEST_SIZE)
        chunk.sha = (struct span){0};
    *out = chunk;
    return ALLOWED;
}

void gather_start(struct agent *agent, enum gather_owner owner, const struct chunk *first)
{
    struct gather *gather = &agent->gather;

    if (gather->owner == GATHER_UPLOAD)
        agent->session = UPLOAD_NONE;
    if (gather->owner == GATHER_STAGED)
        agent->staging.state = STAGING_NONE;
    *gather = (struct gather){.owner = owner, .length = first->length, .touched = agent->now};
    if (first->sha.data) {
        gather->has_sha = true;
        memcpy(gather->sha, first->sha.data, DIGEST_SIZE);
    }
    agent->memory.manifest.size = 0;
}

bool gather_borrow(struct agent *agent)
{
    struct chunk nothing = {0};

    if (agent->gather.owner != GATHER_NOBODY && agent->now - agent->gather.touched < BORROW_AFTER_MS)
        return false;
    gather_start(agent, GATHER_NOBODY, &nothing);
    return true;
}

void gather_end(struct agent *agent)
{
    agent->gather.owner = GATHER_NOBODY;
    agent->memory.manifest.size = 0;
}

uint64_t gather_offset(const struct agent *agent)
{
    return agent->memory.manifest.size;
}

bool gather_same(const struct agent *agent, enum gather_owner owner, const struct chunk *first)
{
    const struct gather *gather = &agent->gather;
    size_t common =
        agent->memory.manifest.size < first->data.size ? agent->memory.manifest.size : first->data.size;

    if (gather->owner != owner || gather->length != first->length ||
        gather->has_sha != (first->sha.data != NULL))
        return false;
    if (gather->has_sha && memcmp(gather->sha, first->sha.data, DIGEST_SIZE) != 0)
        return false;
    return common == 0 || memcmp(agent->memory.manifest.data, first->data.data, common) == 0;
}

enum refusal gather_take(struct agent *agent, struct span data)
{
    struct buffer *buffer = &agent->memory.manifest;

    agent->gather.touched = agent->now;
    if (data.size > agent->gather.length - buffer->size)
        return REFUSED_INVALID;
    return buffer_append(buffer, data) ? ALLOWED : REFUSED_MEMORY;
}
