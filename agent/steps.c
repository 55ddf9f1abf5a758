/* Each step as the fields it names. */
#include "agent/steps.h"

#include <string.h>

static void ruling_read(struct agent *agent)
{
    int ruling = record_ruling(agent->copies);

    agent->has_record = ruling >= 0;
    if (ruling < 0)
        return;
    agent->record_copy = (unsigned)ruling;
    agent->record = agent->copies[ruling].record;
}

static void copies_read(struct agent *agent)
{
    for (unsigned which = 0; which < 2; which++)
        record_read(&agent->port->layout, which, &agent->copies[which]);
}

void steps_open(struct agent *agent)
{
    copies_read(agent);
    ruling_read(agent);
    agent->record_read = agent->has_record ? agent->record.number : 0;
    enum status mended = record_mend(&agent->port->layout, agent->copies);
    ruling_read(agent);
    if (mended)
        agent->has_record = false;
}

/* Writes `next` into the copy that does not rule. */
static enum status step_write(struct agent *agent, struct record *next)
{
    unsigned other = 1 - agent->record_copy;

    if (!agent->has_record)
        return WRONG_STATE;
    if (agent->record.number == UINT32_MAX)
        return FLASH_FAILED;
    next->number = agent->record.number + 1;
    if (next->kind == RECORD_SETTLED) {
        next->tries = 0;
        next->floor_after = next->floor;
    }
    if (record_write(&agent->port->layout, other, next)) {
        steps_open(agent);
        return FLASH_FAILED;
    }
    agent->record = *next;
    agent->record_copy = other;
    return OK;
}

static struct record *settled(struct record *next, uint8_t primary, uint8_t fallback)
{
    next->kind = RECORD_SETTLED;
    next->primary = primary;
    next->fallback = fallback;
    return next;
}

enum status step_settle(struct agent *agent, enum outcome outcome)
{
    struct record next = agent->record;

    next.slots[agent_other(agent)].state = SLOT_BAD;
    next.outcome = (uint8_t)outcome;
    return step_write(agent, settled(&next, agent->boot.running, SLOT_NONE));
}

enum status step_stage(struct agent *agent, const struct plan *plan, const uint8_t manifest[DIGEST_SIZE])
{
    struct record next = agent->record;
    struct record_slot *target = &next.slots[agent_other(agent)];

    target->state = SLOT_STAGING;
    target->sequence = plan->sequence;
    target->size = plan->image_size;
    memcpy(target->digest, plan->image_digest, sizeof target->digest);
    memcpy(target->manifest_id, manifest, sizeof target->manifest_id);
    return step_write(agent, settled(&next, agent->boot.running, SLOT_NONE));
}

enum status step_staged(struct agent *agent)
{
    struct record next = agent->record;

    next.slots[agent_other(agent)].state = SLOT_STAGED;
    return step_write(agent, &next);
}

enum status step_activate(struct agent *agent, const struct plan *plan)
{
    struct record next = agent->record;

    next.kind = RECORD_TRIAL;
    next.primary = agent_other(agent);
    next.fallback = agent->boot.running;
    next.tries = plan->confirm_tries;
    next.floor_after = plan->floor_after > next.floor ? plan->floor_after : next.floor;
    return step_write(agent, &next);
}

/* The old slot stays to go back to, unless the new floor forbids it. */
static uint8_t fallback_above(const struct record *record, uint8_t slot)
{
    const struct record_slot *old = &record->slots[slot];

    return old->state == SLOT_GOOD && old->sequence >= record->floor ? slot : SLOT_NONE;
}

enum status step_confirm(struct agent *agent, enum confirmed_by by, const struct self_test_result *self_test)
{
    struct record next = agent->record;

    next.slots[next.primary].state = SLOT_GOOD;
    next.floor = next.floor_after;
    next.outcome = OUTCOME_CONFIRMED;
    next.confirmed_by = (uint8_t)by;
    next.self_test = (uint8_t)self_test->result;
    next.self_test_code = self_test->code;
    return step_write(agent,
                      settled(&next, next.primary, fallback_above(&next, (uint8_t)(1 - next.primary))));
}

enum status step_give_up(struct agent *agent, enum outcome outcome, const struct self_test_result *self_test)
{
    struct record next = agent->record;

    next.slots[next.primary].state = SLOT_BAD;
    next.outcome = (uint8_t)outcome;
    if (outcome == OUTCOME_SELF_TEST) {
        next.self_test = (uint8_t)self_test->result;
        next.self_test_code = self_test->code;
    }
    return step_write(agent, settled(&next, next.fallback, SLOT_NONE));
}

enum status step_roll_back(struct agent *agent)
{
    struct record next = agent->record;

    next.outcome = OUTCOME_OPERATOR;
    return step_write(agent, settled(&next, agent_other(agent), agent->boot.running));
}

enum status step_abort(struct agent *agent)
{
    struct record next = agent->record;

    next.slots[agent_other(agent)] = (struct record_slot){.state = SLOT_EMPTY};
    next.outcome = OUTCOME_ABORTED;
    return step_write(agent, &next);
}

enum status step_bad(struct agent *agent)
{
    struct record next = agent->record;

    next.slots[agent_other(agent)].state = SLOT_BAD;
    next.outcome = OUTCOME_DIGEST;
    return step_write(agent, &next);
}
