/* The step table of docs/formats.md 3: each record that the agent writes, and nothing else writes one. Every step copies
 * what it does not name from the ruling record. FLASH_FAILED: what rules was read again, the step may or may not count. */
#ifndef SUTURE_AGENT_STEPS_H
#define SUTURE_AGENT_STEPS_H

#include "agent/agent_state.h"

/* Reads both copies, mends, and remembers what rules; without a sound one agent->has_record is false.
 * agent->record_read gets the number of what ruled before the mending. */
void steps_open(struct agent *agent);

/* After a fall-back, when what runs is good but is not the primary. */
enum status step_settle(struct agent *agent, enum outcome outcome);
enum status step_stage(struct agent *agent, const struct plan *plan, const uint8_t manifest[DIGEST_SIZE]);
enum status step_staged(struct agent *agent);
enum status step_activate(struct agent *agent, const struct plan *plan);
enum status step_confirm(struct agent *agent, enum confirmed_by by, const struct self_test_result *self_test);
enum status step_give_up(struct agent *agent, enum outcome outcome, const struct self_test_result *self_test);
enum status step_roll_back(struct agent *agent);
/* The slot that does not run becomes empty. */
enum status step_abort(struct agent *agent);
/* The staged slot can't be written. */
enum status step_bad(struct agent *agent);

#endif
