/* Measuring a whole slot piece by piece, so that the agent goes on answering: after writing it, and before going back to
 * it. Meanwhile other writes are told to wait. */
#ifndef SUTURE_AGENT_MEASURE_H
#define SUTURE_AGENT_MEASURE_H

#include "agent/agent_state.h"

void measure_start(struct agent *agent, enum measure_purpose purpose, uint8_t slot);
static inline bool measure_runs(const struct agent *agent)
{
    return agent->measure.purpose != MEASURE_NOTHING;
}
/* One piece, at most an erase block. At the end it writes the record that waited for it and answers whoever asked. Returns
 * when to be called again (ms). */
uint64_t measure_step(struct agent *agent);

#endif
