/* The verbs of group 21333 that only service mode may use (docs/formats.md 7, marked *). */
#ifndef SUTURE_AGENT_SERVE_ACTS_H
#define SUTURE_AGENT_SERVE_ACTS_H

#include "agent/serve.h"

serve_function act_check, act_activate, act_confirm, act_rollback, act_abort, act_trust;

#endif
