/* From chunks to a verified envelope, and on to the stream. */
#include "agent/upload.h"

#include "agent/interlock.h"
#include "agent/judge.h"
#include "agent/measure.h"
#include "agent/staging.h"

#include <string.h>

static enum refusal upload_allowed(struct agent *agent)
{
    enum status status = interlock_allows(agent);

    if (status)
        return refusal_of(status);
    if (agent->reset || measure_runs(agent))
        return REFUSED_BUSY;
    if (!agent_runs(agent))
        return REFUSED_STATE;
    return agent->trial.running ? REFUSED_TRIAL : ALLOWED;
}

static enum refusal answer_wanted(const struct agent *agent, struct upload_answer *out)
{
    out->offset = staging_wanted(agent);
    out->later = agent->staging.state == STAGING_READING_BACK;
    return ALLOWED;
}

static enum refusal answer_staged(struct agent *agent, uint64_t length, struct upload_answer *out)
{
    agent->session = UPLOAD_STREAM;
    agent->staging.state = STAGING_STAGED;
    agent->staging.has_plan = false;
    agent->staging.meta = agent->meta[agent_other(agent)];
    agent->staging.meta.push_length = length;
    out->offset = length;
    out->match = true;
    return ALLOWED;
}

static enum refusal answer_resumed(struct agent *agent, struct upload_answer *out)
{
    enum refusal refusal = resume_start(agent);

    return refusal ? refusal : answer_wanted(agent, out);
}

static bool record_says_staged(const struct agent *agent)
{
    uint8_t other = agent_other(agent);

    return agent->record.kind == RECORD_SETTLED && agent->record.slots[other].state == SLOT_STAGED &&
           agent->has_meta[other];
}

static enum refusal envelope_refused(struct agent *agent, enum refusal refusal)
{
    gather_end(agent);
    agent->session = UPLOAD_NONE;
    return refusal;
}

static void push_describe(const struct agent *agent, uint8_t stream, struct meta *out)
{
    const struct gather *gather = &agent->gather;

    *out = (struct meta){
        .envelope_length = (uint32_t)agent->memory.manifest.size,
        .push_length = gather->length,
        .stream_offset = (uint32_t)agent->memory.manifest.size + 1,
        .stream = stream,
    };
    if (gather->has_sha)
        memcpy(out->sha, gather->sha, DIGEST_SIZE);
    memcpy(out->manifest, agent->scratch.judged.envelope.digest, DIGEST_SIZE);
}

/* A door that does not announce the length learns it from what is known of this manifest and stream. */
static void length_settle(const struct agent *agent, struct meta *push)
{
    const struct meta *known[] = {&agent->staging.meta, &agent->meta[agent_other(agent)]};

    for (size_t i = 0; push->push_length == CHUNK_LENGTH_UNKNOWN && i < sizeof known / sizeof *known; i++)
        if (digest_equal(known[i]->manifest, push->manifest) && known[i]->stream == push->stream &&
            known[i]->stream_offset == push->stream_offset)
            push->push_length = known[i]->push_length;
}

static bool staging_is(const struct agent *agent, const struct meta *push)
{
    const struct meta *meta = &agent->staging.meta;

    return agent->staging.state == STAGING_WRITING && digest_equal(meta->manifest, push->manifest) &&
           meta->stream == push->stream && meta->push_length == push->push_length &&
           meta->stream_offset == push->stream_offset;
}

/* The envelope and N are here: what is known already goes on, anything else must pass every check first. */
static enum refusal envelope_complete(struct agent *agent, uint8_t stream, struct span rest,
                                      struct upload_answer *out)
{
    struct span envelope = span_used(&agent->memory.manifest);
    struct judged *judged = &agent->scratch.judged;
    struct meta push;

    enum status status = suit_envelope_read(envelope, &judged->envelope, &judged->where);
    if (status)
        return envelope_refused(agent, refusal_of(status));
    push_describe(agent, stream, &push);
    length_settle(agent, &push);
    agent->session = UPLOAD_STREAM;
    if (staging_is(agent, &push)) {
        gather_end(agent);
        return answer_wanted(agent, out);
    }
    if (record_says_staged(agent) && digest_equal(agent->meta[agent_other(agent)].manifest, push.manifest)) {
        gather_end(agent);
        if (push.push_length == CHUNK_LENGTH_UNKNOWN)
            push.push_length = agent->meta[agent_other(agent)].push_length;
        return answer_staged(agent, push.push_length, out);
    }
    if (resume_is(agent, &push)) {
        gather_end(agent);
        return answer_resumed(agent, out);
    }
    status = judge_update(agent, envelope, stream);
    if (status)
        return envelope_refused(agent, refusal_of(status));
    uint64_t stream_size = judged->plan.patch.stream_size;
    if (push.push_length == CHUNK_LENGTH_UNKNOWN && stream_size < CHUNK_LENGTH_UNKNOWN - push.stream_offset)
        push.push_length = push.stream_offset + stream_size;
    enum refusal refusal = staging_prepare(agent, &push);
    if (refusal)
        return envelope_refused(agent, refusal);
    refusal = staging_feed(agent, stream_size < rest.size ? span_first(rest, (size_t)stream_size) : rest);
    return refusal ? refusal : answer_wanted(agent, out);
}

/* What the bytes gathered so far say of the envelope's size. ALLOWED with `*known` false: more must come. */
static enum refusal envelope_extent(const struct agent *agent, bool *known, size_t *extent)
{
    const struct buffer *buffer = &agent->memory.manifest;
    enum status status = suit_envelope_extent(span_used(buffer), extent);

    *known = status == OK;
    if (status && status != INCOMPLETE)
        return REFUSED_MANIFEST;
    if (*known ? *extent > buffer->capacity : buffer->size == buffer->capacity)
        return REFUSED_MEMORY;
    if (*known ? *extent >= agent->gather.length : buffer->size == agent->gather.length)
        return REFUSED_MANIFEST;
    return ALLOWED;
}

/* Gathers envelope bytes until its own heads say that it is whole and N has come. */
static enum refusal envelope_chunk(struct agent *agent, struct span data, struct upload_answer *out)
{
    struct buffer *buffer = &agent->memory.manifest;
    size_t before = buffer->size, extent;
    bool known;

    if (data.size > agent->gather.length - before)
        return envelope_refused(agent, REFUSED_INVALID);
    agent->gather.touched = agent->now;
    buffer_append(buffer, span_first(data, buffer->capacity - before));
    enum refusal refusal = envelope_extent(agent, &known, &extent);
    if (refusal)
        return envelope_refused(agent, refusal);
    struct span rest = known ? span_from(data, extent - before) : (struct span){0};
    if (rest.size > 0) {
        buffer->size = extent;
        return envelope_complete(agent, rest.data[0], span_from(rest, 1), out);
    }
    out->offset = gather_offset(agent);
    return ALLOWED;
}

static bool same_sha(const struct chunk *chunk, const struct meta *meta)
{
    return chunk->sha.data && memcmp(chunk->sha.data, meta->sha, DIGEST_SIZE) == 0 &&
           !(meta->sha[0] == 0 && memcmp(meta->sha, meta->sha + 1, DIGEST_SIZE - 1) == 0) &&
           chunk->length == meta->push_length;
}

static bool begins_as_push_file(struct span data)
{
    static const uint8_t tag[2] = {0xd8, 0x6b};

    return memcmp(data.data, tag, data.size < sizeof tag ? data.size : sizeof tag) == 0;
}

/* Offset 0: go on where this very file stopped, or begin. */
static enum refusal upload_first(struct agent *agent, const struct chunk *chunk, struct upload_answer *out)
{
    const struct meta *meta = &agent->meta[agent_other(agent)];

    if (record_says_staged(agent) && same_sha(chunk, meta))
        return answer_staged(agent, chunk->length, out);
    if (staging_open(agent) && same_sha(chunk, &agent->staging.meta)) {
        agent->session = UPLOAD_STREAM;
        return answer_wanted(agent, out);
    }
    if (resume_possible(agent) && same_sha(chunk, meta))
        return answer_resumed(agent, out);
    if (gather_same(agent, GATHER_UPLOAD, chunk)) {
        agent->session = UPLOAD_ENVELOPE;
        out->offset = gather_offset(agent);
        return ALLOWED;
    }
    if (chunk->data.size > 0 && !begins_as_push_file(chunk->data))
        return REFUSED_PUSH_FILE;
    gather_start(agent, GATHER_UPLOAD, chunk);
    agent->session = UPLOAD_ENVELOPE;
    return envelope_chunk(agent, chunk->data, out);
}

static enum refusal upload_envelope(struct agent *agent, const struct chunk *chunk, struct upload_answer *out)
{
    if (chunk->offset != gather_offset(agent)) {
        out->offset = gather_offset(agent);
        return ALLOWED;
    }
    return envelope_chunk(agent, chunk->data, out);
}

static enum refusal upload_stream(struct agent *agent, const struct chunk *chunk, struct upload_answer *out)
{
    const struct meta *meta = &agent->staging.meta;

    if (agent->staging.state == STAGING_STAGED) {
        out->offset = meta->push_length;
        out->match = true;
        return ALLOWED;
    }
    if (!staging_open(agent)) {
        out->offset = 0;
        return ALLOWED;
    }
    if (chunk->offset != staging_wanted(agent))
        return answer_wanted(agent, out);
    if (chunk->data.size > meta->push_length - chunk->offset)
        return REFUSED_INVALID;
    agent->gather.touched = agent->now;
    enum refusal refusal = staging_feed(agent, chunk->data);
    return refusal ? refusal : answer_wanted(agent, out);
}

enum refusal upload_chunk(struct agent *agent, const struct chunk *chunk, struct upload_answer *out)
{
    enum refusal refusal = upload_allowed(agent);

    *out = (struct upload_answer){0};
    if (refusal)
        return refusal;
    if (chunk->offset == 0)
        return upload_first(agent, chunk, out);
    switch (agent->session) {
    case UPLOAD_ENVELOPE:
        return upload_envelope(agent, chunk, out);
    case UPLOAD_STREAM:
        return upload_stream(agent, chunk, out);
    default:
        return ALLOWED;
    }
}

static bool anything_staged(const struct agent *agent)
{
    uint8_t state = agent->record.slots[agent_other(agent)].state;

    return state == SLOT_STAGING || state == SLOT_STAGED;
}

enum refusal upload_abort(struct agent *agent)
{
    if (agent->gather.owner == GATHER_UPLOAD || agent->gather.owner == GATHER_STAGED)
        gather_end(agent);
    agent->session = UPLOAD_NONE;
    agent->staging.state = STAGING_NONE;
    if (!anything_staged(agent))
        return ALLOWED;
    return refusal_of(staging_abort(agent));
}
