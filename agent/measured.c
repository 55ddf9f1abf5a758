/* What follows when a slot was measured: the record that waited for it, and the answer to whoever asked. */
#include "agent/measured.h"

#include "agent/interlock.h"
#include "agent/measure.h"
#include "agent/serve.h"
#include "agent/staging.h"
#include "agent/steps.h"

#define ASK_AGAIN_MS 250 /* while the interlock forbids the record that would come now */

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

static void measured_end(struct agent *agent, enum status measured)
{
    enum measure_purpose purpose = agent->measure.purpose;

    agent->measure.purpose = MEASURE_NOTHING;
    if (purpose == MEASURE_STAGED)
        serve_late_upload(agent, staging_measured(agent, measured));
    else
        serve_late_rollback(agent, roll_back(agent, measured));
}

uint64_t measured_step(struct agent *agent)
{
    enum status status;

    if (measure_step(agent, &status) == MEASURED_MORE)
        return agent->now;
    if (!serve_has_room(agent))
        return AGENT_IDLE;
    if (!status && interlock_allows_now(agent))
        return agent->now + ASK_AGAIN_MS;
    measured_end(agent, status);
    return agent->now;
}
