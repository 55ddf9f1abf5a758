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
enum measured { MEASURED_MORE, MEASURED_ALL };
/* One piece, at most an erase block. MEASURED_ALL: `result` is OK, BAD_DIGEST or FLASH_FAILED; who can't act on it yet calls
 * again. */
enum measured measure_step(struct agent *agent, enum status *result);

#endif
