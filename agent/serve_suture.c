/* Group 21333, what anybody may ask: capabilities, identity, preflight, status, report, log. Nothing here writes. */
#include "agent/evidence.h"
#include "agent/interlock.h"
#include "agent/serve.h"
#include "agent/serve_acts.h"
#include "agent/protocol/frame_writer.h"
#include "agent/staging.h"

#include <string.h>

#define PROTOCOL_VERSION 1
#define REPORT_OVERHEAD  48 /* an answer's header, map and keys around a piece of the report */

static enum refusal written(enum status status)
{
    return status ? REFUSED_TOO_LONG : ALLOWED;
}

static enum refusal capabilities(struct exchange *exchange)
{
    const struct agent *agent = exchange->agent;
    const struct port *port = agent->port;
    struct message_capabilities message = {
        .protocol = PROTOCOL_VERSION,
        .agent = span_text(port->agent_version),
        .buffer_size = (uint32_t)agent->memory.receive.capacity,
        .buffer_count = serve_buffers(agent),
        .manifest_max = (uint32_t)agent->memory.manifest.capacity,
        .block_max = port->block_max,
        .segment_max = port->segment_max,
        .ram = port->decoder_ram,
        .codecs = {PATCH_STORED, PATCH_DEFLATE},
        .codec_count = 2,
        .algorithms = {COSE_ES256, COSE_ESP256},
        .algorithm_count = 2,
    };

    if (port->link == PORT_LINK_LINE) {
        message.line = FRAME_LINE_MAX;
        message.framings[message.framing_count++] = FRAMING_CONSOLE;
        message.framings[message.framing_count++] = FRAMING_COBS;
    } else {
        message.framings[message.framing_count++] = FRAMING_RAW;
    }
    if (agent->has_trust) {
        message.policy[0] = agent->trust.release.classical;
        message.policy[1] = agent->trust.release.post_quantum;
        message.policy[2] = agent->trust.release.all;
        message.root_version = agent->trust.version;
    }
    return written(message_capabilities_write(&exchange->out, &message));
}

static void slot_fill(const struct agent *agent, uint8_t slot, struct message_slot *out)
{
    out->slot = slot;
    if (!agent->has_record)
        return;
    out->state = agent->record.slots[slot].state;
    out->sequence = agent->record.slots[slot].sequence;
    out->active = slot == agent->boot.running;
    memcpy(out->version, agent->version[slot], sizeof out->version);
    memcpy(out->hash, agent->record.slots[slot].digest, sizeof out->hash);
}

static enum refusal identity(struct exchange *exchange)
{
    const struct agent *agent = exchange->agent;
    struct message_identity message = {
        .model = agent->identity.model,
        .hardware = agent->identity.hardware,
        .serial = agent->identity.serial,
        .boot_kind = agent_kind(agent),
        .tries_left = agent_tries_left(agent),
        .slot_count = 2,
    };

    memcpy(message.vendor, agent->identity.vendor, sizeof message.vendor);
    memcpy(message.class_id, agent->identity.class_id, sizeof message.class_id);
    if (agent->has_record) {
        message.outcome = agent->record.outcome;
        message.floor = agent->record.floor;
    }
    slot_fill(agent, SLOT_A, &message.slots[0]);
    slot_fill(agent, SLOT_B, &message.slots[1]);
    return written(message_identity_write(&exchange->out, &message));
}

static enum refusal preflight(struct exchange *exchange)
{
    struct message_preflight message;

    interlock_preflight(exchange->agent, &message);
    return written(message_preflight_write(&exchange->out, &message));
}

/* A staging in RAM: the device is writing, reading back or done. */
static void status_of_staging(const struct agent *agent, struct message_status *out)
{
    static const uint8_t phases[] = {
        [STAGING_WAITING] = PHASE_WRITING,
        [STAGING_WRITING] = PHASE_WRITING,
        [STAGING_READING_BACK] = PHASE_READING_BACK,
        [STAGING_STAGED] = PHASE_STAGED,
    };
    const struct staging *staging = &agent->staging;

    out->phase = phases[staging->state];
    memcpy(out->manifest, staging->meta.manifest, sizeof out->manifest);
    out->length = staging->meta.push_length;
    if (staging->state == STAGING_STAGED) {
        out->offset = out->length;
        out->size = out->output = agent->record.slots[agent_other(agent)].size;
        return;
    }
    out->offset = staging_wanted(agent);
    out->output = staging->writer.done;
    out->size = staging->plan.image_size;
    out->quiet_ms = staging->plan.silence_staging * 1000;
}

/* What flash knows of a staging that this power-on has not touched yet. */
static void status_of_flash(const struct agent *agent, struct message_status *out)
{
    uint8_t other = agent_other(agent);
    const struct record_slot *slot = &agent->record.slots[other];
    const struct meta *meta = &agent->meta[other];

    if (!agent->has_meta[other] || (slot->state != SLOT_STAGED && slot->state != SLOT_STAGING))
        return;
    memcpy(out->manifest, meta->manifest, sizeof out->manifest);
    out->length = meta->push_length;
    out->size = slot->size;
    if (slot->state == SLOT_STAGED) {
        out->phase = PHASE_STAGED;
        out->offset = meta->push_length;
        out->output = slot->size;
    } else if (resume_possible(agent)) {
        out->phase = PHASE_WRITING;
        out->offset = meta->stream_offset + agent->journal.last.segment.stream_offset;
        out->output = agent->journal.last.output_done;
    }
}

static enum refusal status(struct exchange *exchange)
{
    struct agent *agent = exchange->agent;
    struct message_status message = {0};
    enum status allowed = interlock_allows(agent);

    if (!agent_runs(agent))
        return written(message_status_write(&exchange->out, &message));
    if (agent->trial.running) {
        message.phase = PHASE_TRIAL;
        message.quiet_ms = agent->trial.silence * 1000;
    } else if (agent->measure.purpose == MEASURE_ROLLBACK) {
        message.phase = PHASE_READING_BACK;
        message.output = agent->measure.offset;
        message.size = agent->record.slots[agent->measure.slot].size;
    } else if (agent->gather.owner == GATHER_UPLOAD) {
        message.phase = PHASE_RECEIVING;
        message.offset = agent->memory.manifest.size;
        message.length = agent->gather.length == CHUNK_LENGTH_UNKNOWN ? 0 : agent->gather.length;
    } else if (agent->staging.state != STAGING_NONE) {
        status_of_staging(agent, &message);
    } else {
        status_of_flash(agent, &message);
    }
    bool goes_on = message.phase == PHASE_WRITING || message.phase == PHASE_READING_BACK;
    if (goes_on && (allowed == IN_USE || allowed == LOW_BATTERY))
        message.wait_code = (uint8_t)refusal_of(allowed);
    return written(message_status_write(&exchange->out, &message));
}

static bool report_request(struct span body, uint8_t nonce[REPORT_NONCE_SIZE], uint64_t *offset)
{
    struct cbor value;

    if (smp_find(body, "nonce", &value) || cbor_bytes_exact(&value, nonce, REPORT_NONCE_SIZE))
        return false;
    *offset = 0;
    enum status found = smp_find(body, "off", &value);
    return found == NOT_FOUND || (found == OK && cbor_uint(&value, offset) == OK);
}

static enum refusal report(struct exchange *exchange)
{
    struct agent *agent = exchange->agent;
    uint8_t nonce[REPORT_NONCE_SIZE];
    uint64_t offset;

    if (!report_request(exchange->body, nonce, &offset))
        return REFUSED_INVALID;
    enum refusal refusal = offset == 0 ? evidence_make(agent, nonce) : ALLOWED;
    if (refusal)
        return refusal;
    if (!evidence_has(agent, nonce))
        return REFUSED_STATE;
    struct span all = evidence_bytes(agent);
    if (offset > all.size)
        return REFUSED_INVALID;
    size_t most = agent->memory.receive.capacity < exchange->out.capacity ? agent->memory.receive.capacity
                                                                          : exchange->out.capacity;
    struct message_report message = {
        .offset = offset,
        .length = all.size,
        .data = span_first(span_from(all, (size_t)offset), most - REPORT_OVERHEAD),
    };
    return written(message_report_write(&exchange->out, &message));
}

static void log_fill(const struct agent *agent, uint32_t from, struct message_log *out)
{
    struct log_entry entry;

    out->first = log_first(&agent->log);
    if (from < out->first)
        from = out->first;
    out->next = from;
    for (; out->next < agent->log.next_number && out->item_count < MESSAGE_LIST_MAX; out->next++) {
        if (log_read(&agent->log, out->next, &entry))
            continue;
        out->items[out->item_count++] = (struct message_log_item){
            .number = entry.number,
            .time = entry.seconds,
            .code = entry.code,
            .a = entry.a,
            .b = entry.b,
        };
    }
}

static enum refusal log_items(struct exchange *exchange)
{
    struct message_log message = {0};
    struct cbor value;
    uint32_t from = 0;
    enum status found = smp_find(exchange->body, "from", &value);

    if ((found && found != NOT_FOUND) || (found == OK && cbor_uint32(&value, &from)))
        return REFUSED_INVALID;
    log_fill(exchange->agent, from, &message);
    return written(message_log_write(&exchange->out, &message));
}

static const struct serve_command suture_commands[] = {
    {VERB_CAPABILITIES, capabilities, NULL},
    {VERB_IDENTITY, identity, NULL},
    {VERB_PREFLIGHT, preflight, NULL},
    {VERB_CHECK, NULL, act_check},
    {VERB_STATUS, status, NULL},
    {VERB_ACTIVATE, NULL, act_activate},
    {VERB_CONFIRM, NULL, act_confirm},
    {VERB_ROLLBACK, NULL, act_rollback},
    {VERB_ABORT, NULL, act_abort},
    {VERB_REPORT, report, NULL},
    {VERB_LOG, log_items, NULL},
    {VERB_TRUST, NULL, act_trust},
};
const struct serve_group serve_suture = {SMP_GROUP_SUTURE, "suture", suture_commands,
                                         sizeof suture_commands / sizeof suture_commands[0]};
