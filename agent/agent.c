/* The agent's own loop: start, bytes in, bytes out, one piece of work a step. What it does stands in the other rooms. */
#include "agent/agent_state.h"

#include "agent/measure.h"
#include "agent/measured.h"
#include "agent/serve.h"
#include "agent/staging.h"
#include "agent/steps.h"
#include "agent/trial.h"
#include "agent/trust_store.h"
#include "agent/upload.h"

#include <string.h>

/* The version that META_x states, when its envelope is whole. */
static void version_read(struct agent *agent, uint8_t slot)
{
    struct judged *judged = &agent->scratch.judged;
    struct buffer *envelope = &agent->memory.manifest;
    bool whole = meta_envelope(agent_meta_area(agent, slot), &agent->meta[slot], envelope) == OK &&
                 suit_envelope_read(span_used(envelope), &judged->envelope, NULL) == OK &&
                 digest_equal(judged->envelope.digest, agent->meta[slot].manifest) &&
                 suit_manifest_read(&judged->envelope, &judged->manifest, NULL) == OK;

    envelope->size = 0;
    agent->has_meta[slot] = whole;
    for (size_t i = 0; whole && i < judged->manifest.version_count; i++)
        agent->version[slot][i] = judged->manifest.version[i];
}

static void metas_read(struct agent *agent)
{
    for (uint8_t slot = SLOT_A; agent->has_record && slot <= SLOT_B; slot++) {
        const struct record_slot *record = &agent->record.slots[slot];
        if (record->state == SLOT_EMPTY ||
            meta_read(agent_meta_area(agent, slot), &agent->meta[slot]) != OK ||
            memcmp(record->manifest_id, agent->meta[slot].manifest, sizeof record->manifest_id) != 0)
            continue;
        version_read(agent, slot);
    }
}

static void memory_start(struct agent *agent, const struct agent_memory *memory)
{
    struct buffer *buffers[] = {
        &agent->memory.manifest, &agent->memory.block, &agent->memory.decoder, &agent->memory.receive,
        &agent->memory.send,     &agent->memory.page,  &agent->memory.report,  &agent->memory.output,
    };

    agent->memory = *memory;
    for (size_t i = 0; i < sizeof buffers / sizeof buffers[0]; i++)
        buffers[i]->size = 0;
    frame_raw_start(&agent->frame, agent->memory.receive);
}

/* The boot loader did not boot the primary. When it acted on the record that rules here, it fell back, and the record says
 * so from now on. When it read a torn record otherwise than we do, or what runs is not good, a reset decides again: by now
 * the record is mended, so that both read the same. */
static void fall_back_settle(struct agent *agent)
{
    uint8_t running = agent->boot.running;

    if (!agent_runs(agent) || running == agent->record.primary)
        return;
    if (agent->boot.record != agent->record_read || !record_allows(&agent->record, running)) {
        agent_want_reset(agent);
        return;
    }
    enum outcome outcome = agent->boot.digest_failed ? OUTCOME_DIGEST : OUTCOME_TRIES_USED;
    uint32_t sequence = agent->record.slots[agent_other(agent)].sequence;
    if (step_settle(agent, outcome) == OK)
        agent_log(agent, LOG_FELL_BACK, sequence, outcome);
    else
        agent_want_reset(agent);
}

void agent_start(struct agent *agent, const struct port *port, const struct agent_memory *memory,
                 const struct boot_outcome *boot, uint64_t now)
{
    memset(agent, 0, sizeof *agent);
    agent->port = port;
    agent->boot = *boot;
    agent->now = agent->started = now;
    memory_start(agent, memory);
    steps_open(agent);
    log_open(&agent->log, agent_area(agent, AREA_LOG));
    agent_log(agent, LOG_START, boot->running, boot->kind);
    fall_back_settle(agent);
    struct buffer identity = buffer_over(agent->identity_bytes, sizeof agent->identity_bytes);
    agent->has_identity = identity_read(agent_area(agent, AREA_IDENTITY), &identity, &agent->identity) == OK;
    trust_store_open(agent);
    metas_read(agent);
    journal_open(&agent->journal, agent_area(agent, AREA_JOURNAL));
    trial_start(agent);
}

/* Time passes. A step that wanted to be called again at once has lasted until now; nobody listened meanwhile. */
static void time_passes(struct agent *agent, uint64_t now)
{
    if (agent->working > 0 && now > agent->working)
        agent->heard += now - agent->working;
    agent->working = 0;
    agent->now = now;
}

/* Raw packets have no end mark: only silence tells that the rest of one was lost. */
static void half_packet_forget(struct agent *agent)
{
    bool silent = agent->now > agent->heard && agent->now - agent->heard > AGENT_GAP_MS;

    if (silent && !frame_raw_between(&agent->frame))
        frame_raw_start(&agent->frame, agent->memory.receive);
    agent->heard = agent->now;
}

size_t agent_receive(struct agent *agent, struct span bytes, uint64_t now)
{
    struct span rest = bytes, packet;

    time_passes(agent, now);
    if (bytes.size > 0)
        half_packet_forget(agent);
    while (rest.size > 0 && serve_has_room(agent) && !agent_reset_wanted(agent)) {
        enum status status = frame_raw_take(&agent->frame, &rest, &packet);
        if (status == BAD_FORMAT)
            continue;
        if (status == OK)
            serve_packet(agent, packet);
        else if (status == TOO_LARGE)
            serve_too_large(agent, packet);
        break;
    }
    return bytes.size - rest.size;
}

void agent_link_reset(struct agent *agent)
{
    frame_raw_start(&agent->frame, agent->memory.receive);
    agent->pending.waiting = false;
    agent->memory.send.size = 0;
    agent->sent = 0;
}

size_t agent_send(struct agent *agent, uint8_t *out, size_t capacity)
{
    struct span waiting = span_first(span_from(span_used(&agent->memory.send), agent->sent), capacity);

    memcpy(out, waiting.data, waiting.size);
    agent->sent += waiting.size;
    return waiting.size;
}

/* What of the bytes belongs to the file, as far as its end is known. */
static struct span within_file(const struct agent *agent, uint64_t offset, struct span bytes)
{
    uint64_t length = agent->staging.meta.push_length;

    if (agent->session != UPLOAD_STREAM || offset > length || bytes.size <= length - offset)
        return bytes;
    return span_first(bytes, (size_t)(length - offset));
}

enum refusal agent_push(struct agent *agent, uint64_t offset, struct span bytes, uint64_t now,
                        struct push_answer *out)
{
    struct chunk chunk = {.offset = offset, .length = CHUNK_LENGTH_UNKNOWN};
    struct upload_answer answer;

    time_passes(agent, now);
    chunk.data = offset > 0 ? within_file(agent, offset, bytes) : bytes;
    enum refusal refusal = upload_chunk(agent, &chunk, &answer);
    if (refusal)
        return refusal;
    uint64_t length = agent->session == UPLOAD_STREAM ? agent->staging.meta.push_length : 0;
    *out = (struct push_answer){agent_push_state(agent), answer.offset, length};
    return ALLOWED;
}

enum push_state agent_push_state(const struct agent *agent)
{
    if (agent->session == UPLOAD_ENVELOPE)
        return PUSH_OPEN;
    if (agent->session == UPLOAD_NONE || agent->staging.state == STAGING_NONE)
        return PUSH_NONE;
    if (staging_open(agent))
        return PUSH_OPEN;
    return agent->staging.state == STAGING_STAGED ? PUSH_STAGED : PUSH_READING_BACK;
}

static uint64_t work_step(struct agent *agent)
{
    if (agent->reset)
        return agent_reset_wanted(agent) ? AGENT_IDLE : agent->reset_at;
    if (measure_runs(agent))
        return measured_step(agent);
    if (staging_erase_ahead(agent))
        return agent->now;
    return trial_step(agent);
}

uint64_t agent_step(struct agent *agent, uint64_t now)
{
    time_passes(agent, now);
    uint64_t next = work_step(agent);
    if (next == now)
        agent->working = now;
    return next;
}

bool agent_reset_wanted(const struct agent *agent)
{
    return agent->reset && (agent->sent == agent->memory.send.size || agent->now >= agent->reset_at);
}
