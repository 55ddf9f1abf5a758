/* The device's root document: TRUST0 and TRUST1, of which the highest valid version rules (docs/formats.md 2, 8). */
#ifndef SUTURE_AGENT_TRUST_STORE_H
#define SUTURE_AGENT_TRUST_STORE_H

#include "agent/agent_state.h"

/* Reads both copies; agent->has_trust says whether one is valid. Uses memory.manifest. */
void trust_store_open(struct agent *agent);
/* Takes a next version, which must be signed by the policy of the one that rules and by its own: writes it into the other
 * copy and lets it rule. The document that rules already is taken again without a write. REFUSED_TRUST, REFUSED_FLASH
 * (what ruled still rules). */
enum refusal trust_store_replace(struct agent *agent, struct span document);

#endif
