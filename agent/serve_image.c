/* Group 1 (image) as other people's clients use it: list, upload a push file, test, confirm, erase. */
#include "agent/interlock.h"
#include "agent/serve.h"
#include "agent/trial.h"
#include "agent/upload.h"

#include <string.h>

static bool slot_is_listed(const struct agent *agent, uint8_t slot)
{
    uint8_t state = agent->record.slots[slot].state;

    return agent->has_record && (state == SLOT_STAGED || state == SLOT_GOOD || slot == agent->boot.running);
}

static void image_fill(const struct agent *agent, uint8_t slot, struct message_image *out)
{
    const struct record_slot *record = &agent->record.slots[slot];
    bool active = slot == agent->boot.running;

    *out = (struct message_image){
        .slot = slot,
        .bootable = active || record->state == SLOT_GOOD || record->state == SLOT_STAGED,
        .pending = !active && agent->test_wanted && record->state == SLOT_STAGED,
        .confirmed = active && !agent->trial.running,
        .active = active,
    };
    memcpy(out->version, agent->version[slot], sizeof out->version);
    memcpy(out->hash, record->digest, sizeof out->hash);
}

static enum refusal state_read(struct exchange *exchange)
{
    struct message_images message = {0};

    for (uint8_t slot = SLOT_A; slot <= SLOT_B; slot++)
        if (slot_is_listed(exchange->agent, slot))
            image_fill(exchange->agent, slot, &message.images[message.count++]);
    return message_images_write(&exchange->out, &message) ? REFUSED_TOO_LONG : ALLOWED;
}

struct state_request {
    bool has_hash, confirm;
    struct span hash;
};

static bool state_request_read(struct span body, struct state_request *out)
{
    struct cbor value;
    enum status status = smp_find(body, "hash", &value);

    *out = (struct state_request){0};
    if (status == OK) {
        if (cbor_bytes(&value, &out->hash))
            return false;
        out->has_hash = true;
    } else if (status != NOT_FOUND) {
        return false;
    }
    status = smp_find(body, "confirm", &value);
    return status == NOT_FOUND || (status == OK && cbor_bool(&value, &out->confirm) == OK);
}

static bool hash_is(const struct agent *agent, uint8_t slot, struct span hash)
{
    return span_equal(hash, span_of(agent->record.slots[slot].digest, DIGEST_SIZE));
}

/* confirm=true: what runs, named or not. confirm=false: the staged image is to be tested at the next OS reset. */
static enum refusal state_change(struct agent *agent, const struct state_request *request)
{
    uint8_t other = agent_other(agent);

    if (!request->has_hash && !request->confirm)
        return REFUSED_INVALID;
    if (!request->has_hash || hash_is(agent, agent->boot.running, request->hash))
        return request->confirm ? trial_confirm(agent) : REFUSED_CONFIRM;
    if (!hash_is(agent, other, request->hash))
        return REFUSED_NO_ENTRY;
    if (request->confirm)
        return REFUSED_CONFIRM;
    if (agent->trial.running)
        return REFUSED_TRIAL;
    if (agent->record.slots[other].state != SLOT_STAGED)
        return REFUSED_STATE;
    agent->test_wanted = true;
    return ALLOWED;
}

static enum refusal state_write(struct exchange *exchange)
{
    struct agent *agent = exchange->agent;
    struct state_request request;
    enum status status = interlock_allows_moment(agent);

    if (status)
        return refusal_of(status);
    if (!agent_runs(agent))
        return REFUSED_STATE;
    if (!state_request_read(exchange->body, &request))
        return REFUSED_INVALID;
    enum refusal refusal = state_change(agent, &request);
    return refusal ? refusal : state_read(exchange);
}

static enum refusal upload(struct exchange *exchange)
{
    struct upload_answer answer;
    struct chunk chunk;
    enum refusal refusal = chunk_read(exchange->body, &chunk);

    if (!refusal)
        refusal = upload_chunk(exchange->agent, &chunk, &answer);
    if (refusal)
        return refusal;
    exchange->later = answer.later;
    struct message_upload_answer message = {
        .offset = answer.offset,
        .has_match = answer.match,
        .match = answer.match,
    };
    return message_upload_answer_write(&exchange->out, &message) ? REFUSED_TOO_LONG : ALLOWED;
}

/* Ends a staging. A good slot is never erased, and what runs even less. */
static enum refusal erase(struct exchange *exchange)
{
    struct agent *agent = exchange->agent;
    struct cbor value;
    enum status status = interlock_allows_moment(agent);

    if (status)
        return refusal_of(status);
    if (!agent_runs(agent))
        return REFUSED_STATE;
    uint64_t slot = agent_other(agent);
    status = smp_find(exchange->body, "slot", &value);
    if ((status && status != NOT_FOUND) || (status == OK && cbor_uint(&value, &slot)) || slot > SLOT_B)
        return REFUSED_INVALID;
    if (agent->trial.running)
        return REFUSED_TRIAL;
    if (slot == agent->boot.running || agent->record.slots[slot].state == SLOT_GOOD)
        return REFUSED_STATE;
    return upload_abort(agent);
}

static enum refusal slot_info(struct exchange *exchange)
{
    const struct agent *agent = exchange->agent;
    struct cbor_writer writer = cbor_into(&exchange->out);

    cbor_put_map(&writer, 1);
    cbor_put_text(&writer, "images");
    cbor_put_array(&writer, 1);
    cbor_put_map(&writer, 3);
    cbor_put_text(&writer, "image");
    cbor_put_uint(&writer, 0);
    cbor_put_text(&writer, "slots");
    cbor_put_array(&writer, 2);
    for (uint8_t slot = SLOT_A; slot <= SLOT_B; slot++) {
        cbor_put_map(&writer, 2);
        cbor_put_text(&writer, "size");
        cbor_put_uint(&writer, agent_slot(agent, slot)->size);
        cbor_put_text(&writer, "slot");
        cbor_put_uint(&writer, slot);
    }
    cbor_put_text(&writer, "max_image_size");
    cbor_put_uint(&writer, agent_slot(agent, SLOT_A)->size);
    return cbor_written(&writer) ? REFUSED_TOO_LONG : ALLOWED;
}

static const struct serve_command image_commands[] = {
    {IMAGE_STATE, state_read, state_write},
    {IMAGE_UPLOAD, NULL, upload},
    {IMAGE_ERASE, NULL, erase},
    {IMAGE_SLOT_INFO, slot_info, NULL},
};
const struct serve_group serve_image = {SMP_GROUP_IMAGE, "img mgmt", image_commands,
                                        sizeof image_commands / sizeof image_commands[0]};
