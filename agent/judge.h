/* Whether a manifest may do what it says to this device: signatures, then the plan by running it, then the conditions that
 * a device holds against it. Nothing is written, whatever the answer. */
#ifndef SUTURE_AGENT_JUDGE_H
#define SUTURE_AGENT_JUDGE_H

#include "agent/agent_state.h"

/* Judges an envelope for staging, with stream `stream` (or PLAN_ANY_STREAM). OK: agent->scratch.judged holds envelope and
 * plan, until the scratch is used again. Otherwise why not, and judged.where names the label:
 * integrity BAD_FORMAT, TOO_LARGE, BAD_DIGEST…; trust UNKNOWN_KEY (also: no root here), BAD_SIGNATURE, WITHDRAWN,
 * WRONG_SCOPE, TOO_FEW; plan WRONG_VENDOR, WRONG_CLASS, WRONG_BASE, UNSUPPORTED…; conditions OLD_SEQUENCE, BELOW_FLOOR,
 * TOO_LARGE. */
enum status judge_update(struct agent *agent, struct span envelope, int stream);

/* The same for the manifest of the image that runs on trial: signatures and plan, as seen from the image it replaced. */
enum status judge_running(struct agent *agent, struct span envelope);

#endif
