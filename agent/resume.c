/* Going on after a power cut: what record, META and journal say together. */
#include "agent/staging.h"

#include "agent/gather.h"
#include "agent/judge.h"
#include "agent/measure.h"

#include <string.h>

static bool entry_agrees(const struct agent *agent, const struct journal_entry *entry)
{
    uint8_t other = agent_other(agent);
    const struct record_slot *target = &agent->record.slots[other];
    const struct record_slot *running = &agent->record.slots[agent->boot.running];
    uint32_t block = agent_slot(agent, other)->flash->erase_block;

    if (entry->target != other || entry->running != agent->boot.running)
        return false;
    if (memcmp(entry->manifest_id, target->manifest_id, sizeof entry->manifest_id) != 0 ||
        memcmp(entry->running_id, running->digest, sizeof entry->running_id) != 0)
        return false;
    if (entry->output_done > target->size || entry->segment.output_offset > entry->output_done)
        return false;
    return entry->output_done % block == 0 || entry->output_done == target->size;
}

bool resume_possible(const struct agent *agent)
{
    if (!agent_runs(agent) || agent->record.kind != RECORD_SETTLED || !agent->journal.has_last)
        return false;
    uint8_t other = agent_other(agent);
    return agent->record.slots[other].state == SLOT_STAGING && agent->has_meta[other] &&
           entry_agrees(agent, &agent->journal.last);
}

bool resume_is(const struct agent *agent, const struct meta *push)
{
    if (!resume_possible(agent))
        return false;
    const struct meta *meta = &agent->meta[agent_other(agent)];
    return digest_equal(meta->manifest, push->manifest) && meta->stream == push->stream &&
           meta->push_length == push->push_length && meta->stream_offset == push->stream_offset;
}

/* The plan of META: what this power-on verified already, or verified now. */
static enum status plan_again(struct agent *agent, const struct meta *meta)
{
    struct staging *staging = &agent->staging;
    struct chunk nothing = {0};

    if (staging->has_plan && meta_equal(&staging->meta, meta))
        return OK;
    gather_start(agent, GATHER_NOBODY, &nothing);
    enum status status =
        meta_envelope(agent_meta_area(agent, agent_other(agent)), meta, &agent->memory.manifest);
    if (!status)
        status = judge_update(agent, span_used(&agent->memory.manifest), meta->stream);
    gather_end(agent);
    if (status)
        return status;
    if (!digest_equal(agent->scratch.judged.envelope.digest, meta->manifest))
        return BAD_DIGEST;
    staging->plan = agent->scratch.judged.plan;
    staging->meta = *meta;
    staging->has_plan = true;
    return OK;
}

enum refusal resume_start(struct agent *agent)
{
    struct staging *staging = &agent->staging;
    const struct meta meta = agent->meta[agent_other(agent)];

    staging->state = STAGING_NONE;
    enum status status = plan_again(agent, &meta);
    if (!status)
        status = staging_position(agent, &agent->journal.last);
    if (status)
        return refusal_of(status);
    agent->session = UPLOAD_STREAM;
    if (agent->journal.last.finished) {
        staging->state = STAGING_READING_BACK;
        measure_start(agent, MEASURE_STAGED, staging->target);
        return ALLOWED;
    }
    if (staging_note_position(agent))
        return REFUSED_FLASH;
    staging->state = STAGING_WRITING;
    agent_log(agent, LOG_RESUME, staging->plan.sequence, (uint32_t)(staging->writer.done / 1024));
    return ALLOWED;
}
