/* Piecewise SHA-256 of a slot, and what follows from it. */
#include "agent/measure.h"

#include "agent/interlock.h"
#include "agent/serve.h"
#include "agent/staging.h"
#include "agent/steps.h"

#define ASK_AGAIN_MS 250 /* while the interlock forbids the record that would come now */

void measure_start(struct agent *agent, enum measure_purpose purpose, uint8_t slot)
{
    agent->measure.purpose = purpose;
    agent->measure.slot = slot;
    agent->measure.offset = 0;
    digest_start(&agent->measure.digest);
}

/* Reads on; OK with more to come, or at the end. */
static enum status measure_piece(struct agent *agent, uint64_t size)
{
    struct measure *measure = &agent->measure;
    const struct area *slot = agent_slot(agent, measure->slot);
    uint64_t stop = measure->offset + slot->flash->erase_block;

    if (stop > size)
        stop = size;
    while (measure->offset < stop) {
        uint64_t left = stop - measure->offset;
        size_t part = left < agent->memory.page.capacity ? (size_t)left : agent->memory.page.capacity;
        if (area_read(slot, measure->offset, agent->memory.page.data, part))
            return FLASH_FAILED;
        digest_update(&measure->digest, span_of(agent->memory.page.data, part));
        measure->offset += part;
    }
    return OK;
}

static enum status measure_result(const struct agent *agent, const struct record_slot *slot)
{
    struct digest digest = agent->measure.digest;
    uint8_t measured[DIGEST_SIZE];

    digest_finish(&digest, measured);
    return digest_equal(measured, slot->digest) ? OK : BAD_DIGEST;
}

static enum refusal roll_back(struct agent *agent, enum status measured)
{
    uint8_t other = agent_other(agent);

    if (measured)
        return REFUSED_DIGEST;
    if (step_roll_back(agent))
        return REFUSED_FLASH;
    agent_log(agent, LOG_ROLLED_BACK, agent->record.slots[other].sequence, 0);
    agent_want_reset(agent);
    return ALLOWED;
}

static void measure_end(struct agent *agent, enum status measured)
{
    enum measure_purpose purpose = agent->measure.purpose;

    agent->measure.purpose = MEASURE_NOTHING;
    if (purpose == MEASURE_STAGED)
        serve_late_upload(agent, staging_measured(agent, measured));
    else
        serve_late_rollback(agent, roll_back(agent, measured));
}

uint64_t measure_step(struct agent *agent)
{
    const struct record_slot *slot = &agent->record.slots[agent->measure.slot];
    enum status status = measure_piece(agent, slot->size);

    if (!status && agent->measure.offset < slot->size)
        return agent->now;
    if (!serve_has_room(agent))
        return AGENT_IDLE;
    if (!status)
        status = measure_result(agent, slot);
    if (!status && interlock_allows(agent))
        return agent->now + ASK_AGAIN_MS;
    measure_end(agent, status);
    return agent->now;
}
