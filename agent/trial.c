/* What happens between the first boot of a new image and its confirmation. */
#include "agent/trial.h"

#include "agent/judge.h"
#include "agent/steps.h"

#define ASK_SELF_TEST_MS 100  /* how often an unfinished self test is asked */
#define TRY_AGAIN_MS     1000 /* after a record that could not be written */

static void port_told(const struct agent *agent, bool running)
{
    agent->port->trial(agent->port->context, running);
}

/* The rules of this trial stand in the running image's manifest, which is verified again. */
static enum status rules_read(struct agent *agent)
{
    struct trial *trial = &agent->trial;
    uint8_t running = agent->boot.running;

    if (!agent->has_meta[running])
        return NOT_FOUND;
    const struct meta *meta = &agent->meta[running];
    enum status status = meta_envelope(agent_meta_area(agent, running), meta, &agent->memory.manifest);
    if (!status)
        status = judge_running(agent, span_used(&agent->memory.manifest));
    agent->memory.manifest.size = 0;
    if (status)
        return status;
    const struct plan *plan = &agent->scratch.judged.plan;
    if (!digest_equal(plan->image_digest, agent->record.slots[running].digest))
        return BAD_DIGEST;
    trial->confirm_who = plan->confirm_who;
    trial->confirm_healthy = plan->confirm_healthy;
    trial->silence = plan->silence_boot;
    return OK;
}

void trial_start(struct agent *agent)
{
    struct trial *trial = &agent->trial;

    *trial = (struct trial){.started = agent->now, .next = agent->now};
    trial->running = agent_runs(agent) && agent->record.kind == RECORD_TRIAL &&
                     agent->record.primary == agent->boot.running;
    port_told(agent, trial->running);
    if (trial->running && rules_read(agent))
        trial_give_up(agent, OUTCOME_DIGEST);
}

static enum refusal confirm(struct agent *agent, enum confirmed_by by)
{
    if (step_confirm(agent, by, &agent->trial.self_test))
        return REFUSED_FLASH;
    agent->trial.running = false;
    port_told(agent, false);
    agent_log(agent, LOG_CONFIRMED, agent->record.slots[agent->boot.running].sequence, by);
    return ALLOWED;
}

enum refusal trial_give_up(struct agent *agent, enum outcome outcome)
{
    uint32_t sequence = agent->record.slots[agent->boot.running].sequence;
    enum status status = step_give_up(agent, outcome, &agent->trial.self_test);

    agent_want_reset(agent);
    if (status)
        return REFUSED_FLASH;
    agent_log(agent, LOG_GIVEN_UP, sequence, outcome);
    return ALLOWED;
}

enum refusal trial_confirm(struct agent *agent)
{
    const struct trial *trial = &agent->trial;

    if (!trial->running)
        return ALLOWED;
    if (trial->self_test.result != SELF_TEST_PASSED)
        return REFUSED_STATE;
    if (trial->confirm_who == CONFIRM_BY_DEVICE)
        return REFUSED_BUSY;
    return confirm(agent, CONFIRMED_BY_PORT);
}

static uint64_t self_test_ask(struct agent *agent)
{
    struct trial *trial = &agent->trial;

    agent->port->self_test(agent->port->context, &trial->self_test);
    switch (trial->self_test.result) {
    case SELF_TEST_PASSED:
        trial->passed = agent->now;
        return agent->now;
    case SELF_TEST_FAILED:
        trial_give_up(agent, OUTCOME_SELF_TEST);
        return agent->now;
    default:
        if (agent->now - trial->started >= (uint64_t)trial->silence * 1000) {
            trial_give_up(agent, OUTCOME_TRIES_USED);
            return agent->now;
        }
        return agent->now + ASK_SELF_TEST_MS;
    }
}

static uint64_t confirm_when_healthy(struct agent *agent)
{
    const struct trial *trial = &agent->trial;
    uint64_t due = trial->passed + (uint64_t)trial->confirm_healthy * 1000;

    if (trial->confirm_who != CONFIRM_BY_DEVICE)
        return AGENT_IDLE;
    if (agent->now < due)
        return due;
    return confirm(agent, CONFIRMED_BY_DEVICE) ? agent->now + TRY_AGAIN_MS : AGENT_IDLE;
}

uint64_t trial_step(struct agent *agent)
{
    struct trial *trial = &agent->trial;

    if (!trial->running)
        return AGENT_IDLE;
    if (agent->now < trial->next)
        return trial->next;
    trial->next =
        trial->self_test.result == SELF_TEST_PASSED ? confirm_when_healthy(agent) : self_test_ask(agent);
    return trial->next;
}
