/* The two acts that every room may need: asking for the reset, and a line in the log. */
#include "agent/agent_state.h"

#define RESET_AT_LATEST_MS 1000 /* a link that takes no answers does not keep the device from its reset */

void agent_want_reset(struct agent *agent)
{
    if (agent->reset)
        return;
    agent->reset = true;
    agent->reset_at = agent->now + RESET_AT_LATEST_MS;
}

void agent_log(struct agent *agent, enum log_code code, uint32_t a, uint32_t b)
{
    log_append(&agent->log, agent_seconds(agent), code, a, b);
}
