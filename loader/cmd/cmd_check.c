/* suture check: what each device needs and whether it may. Changes nothing. */
#include "loader/cmd/run.h"

static enum exit_code check(const struct invocation *call)
{
    return run_jobs(call, JOB_CHECK);
}

static const struct command_option options[] = {OPTION_ALL,     OPTION_FROM,    OPTION_BUNDLE,
                                                OPTION_STORE,   OPTION_STATION, OPTION_WAIT,
                                                OPTION_CHATTER, OPTION_JSON,    OPTION_END};
static const char *const examples[] = {"# would this device take its update now?",
                                       "suture check --from /media/stick unix:/run/pump.sock", NULL};

const struct command command_check = {
    "check",
    "[ADDRESS…]",
    0,
    SIZE_MAX,
    "say what each device needs and whether it may, and change nothing",
    options,
    examples,
    check,
};
