/* The end of a measurement: a staged slot becomes staged for good, a rollback is carried out, or neither. */
#ifndef SUTURE_AGENT_MEASURED_H
#define SUTURE_AGENT_MEASURED_H

#include "agent/agent_state.h"

/* One piece of the measurement that runs. At its end it writes the record that waited for it and answers whoever asked; that
 * waits while the interlock forbids it or the answer has no room. Returns when to be called again (ms). */
uint64_t measured_step(struct agent *agent);

#endif
