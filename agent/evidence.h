/* The signed report (docs/formats.md 8): what this device proves about itself. */
#ifndef SUTURE_AGENT_EVIDENCE_H
#define SUTURE_AGENT_EVIDENCE_H

#include "agent/agent_state.h"

/* Makes the report for a nonce into memory.report, or finds that the last one is the same, young, and still true.
 * REFUSED_BUSY: another was made within 5 s, or memory is in use. REFUSED_NO_KEY. */
enum refusal evidence_make(struct agent *agent, const uint8_t nonce[REPORT_NONCE_SIZE]);
/* True when a report with this nonce is there to be read out. */
bool evidence_has(const struct agent *agent, const uint8_t nonce[REPORT_NONCE_SIZE]);
struct span evidence_bytes(const struct agent *agent);

#endif
