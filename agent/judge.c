/* Signatures before commands, commands before conditions. */
#include "agent/judge.h"

#include <string.h>

/* Integrity, trust policy for this very device, and the profile. */
static enum status judge_authentic(struct agent *agent, struct span bytes)
{
    struct judged *judged = &agent->scratch.judged;

    judged->where = (struct suit_where){SUIT_NOWHERE, 0};
    enum status status = suit_envelope_read(bytes, &judged->envelope, &judged->where);
    if (status)
        return status;
    if (!agent->has_trust || !agent->has_identity)
        return UNKNOWN_KEY;
    judged->where = (struct suit_where){SUIT_NOWHERE, 0};
    status = suit_authorized(&judged->envelope, &agent->trust, agent->identity.vendor,
                             agent->identity.class_id, 0);
    if (status)
        return status;
    return suit_manifest_read(&judged->envelope, &judged->manifest, &judged->where);
}

/* The plan, made for this vendor and class: a manifest that asks for neither is for nobody. */
static enum status judge_plan(struct agent *agent, const uint8_t running[DIGEST_SIZE], int stream)
{
    struct judged *judged = &agent->scratch.judged;
    struct plan *plan = &judged->plan;

    memcpy(judged->target.vendor, agent->identity.vendor, UUID_SIZE);
    memcpy(judged->target.class_id, agent->identity.class_id, UUID_SIZE);
    memcpy(judged->target.running_digest, running, DIGEST_SIZE);
    judged->target.stream = stream;
    enum status status = plan_make(&judged->manifest, &judged->target, plan, &judged->where);
    if (status)
        return status;
    if (memcmp(plan->vendor, agent->identity.vendor, UUID_SIZE) != 0)
        return WRONG_VENDOR;
    if (memcmp(plan->class_id, agent->identity.class_id, UUID_SIZE) != 0)
        return WRONG_CLASS;
    return OK;
}

static enum status judge_sequence(const struct record *record, uint8_t running, const struct plan *plan)
{
    const struct record_slot *now = &record->slots[running];

    if (plan->sequence < record->floor)
        return BELOW_FLOOR;
    if (plan->sequence > now->sequence)
        return OK;
    if (plan->sequence == now->sequence && digest_equal(plan->image_digest, now->digest))
        return OK;
    return OLD_SEQUENCE;
}

static enum status judge_sizes(const struct agent *agent, const struct plan *plan, size_t envelope_size)
{
    const struct port *port = agent->port;
    const struct patch_description *patch = &plan->patch;
    uint64_t held = (uint64_t)agent->memory.block.capacity + agent->memory.decoder.capacity;

    if (plan->image_size == 0)
        return BAD_FORMAT;
    if (plan->image_size > agent_slot(agent, agent_other(agent))->size)
        return TOO_LARGE;
    if (patch->block_max > port->block_max || patch->block_max > agent->memory.block.capacity)
        return TOO_LARGE;
    if (patch->segment_max > port->segment_max || patch->ram > port->decoder_ram || patch->ram > held)
        return TOO_LARGE;
    if (envelope_size > agent_meta_area(agent, agent_other(agent))->size - META_HEADER_SIZE)
        return TOO_LARGE;
    return OK;
}

enum status judge_update(struct agent *agent, struct span envelope, int stream)
{
    enum status status = judge_authentic(agent, envelope);

    if (status)
        return status;
    if (!agent_runs(agent))
        return WRONG_STATE;
    status = judge_plan(agent, agent->record.slots[agent->boot.running].digest, stream);
    if (status)
        return status;
    const struct plan *plan = &agent->scratch.judged.plan;
    status = judge_sequence(&agent->record, agent->boot.running, plan);
    return status ? status : judge_sizes(agent, plan, envelope.size);
}

enum status judge_running(struct agent *agent, struct span envelope)
{
    enum status status = judge_authentic(agent, envelope);

    return status ? status
                  : judge_plan(agent, agent->record.slots[agent_other(agent)].digest, PLAN_ANY_STREAM);
}
