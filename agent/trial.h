/* The trial of a new image (docs/formats.md 3): self test, then confirmed by the device or by a technician as its manifest
 * says, or given up. */
#ifndef SUTURE_AGENT_TRIAL_H
#define SUTURE_AGENT_TRIAL_H

#include "agent/agent_state.h"

/* At start: finds out whether a trial runs and by which rules, and tells the port. A trial whose manifest can't be proven
 * is given up at once. */
void trial_start(struct agent *agent);
/* Asks the self test, confirms when the device may, gives up when it must. Returns when to look again (ms). */
uint64_t trial_step(struct agent *agent);
/* A person or another client confirms what runs. ALLOWED also when that is confirmed already. REFUSED_STATE: the self test
 * has not passed. REFUSED_BUSY: the device confirms itself in a while. */
enum refusal trial_confirm(struct agent *agent);
/* Back to the old image: record, log, reset. REFUSED_FLASH: the tries will do it. */
enum refusal trial_give_up(struct agent *agent, enum outcome outcome);

#endif
