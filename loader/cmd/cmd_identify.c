/* suture identify: all that each device is, can and signs. Changes nothing. */
#include "loader/cmd/run.h"

static enum exit_code identify(const struct invocation *call)
{
    return run_jobs(call, JOB_IDENTIFY);
}

static const struct command_option options[] = {OPTION_STORE, OPTION_WAIT, OPTION_CHATTER, OPTION_JSON,
                                                OPTION_END};
static const char *const examples[] = {
    "# all that a device is and can, and what it signs", "suture identify unix:/run/pump.sock",
    "# its running image, for a script", "suture identify --json unix:/run/pump.sock | jq .report.running",
    NULL};

const struct command command_identify = {
    "identify",
    "ADDRESS…",
    1,
    SIZE_MAX,
    "show all that each device is, can and signs, and change nothing",
    options,
    examples,
    identify,
};
