/* suture verify: each device proves what it runs. Changes nothing. */
#include "loader/cmd/run.h"

static enum exit_code verify(const struct invocation *call)
{
    return run_jobs(call, JOB_VERIFY);
}

static const struct command_option options[] = {
    OPTION_ALL,     OPTION_FROM, OPTION_BUNDLE,  OPTION_STORE, OPTION_RECEIPTS,
    OPTION_STATION, OPTION_WAIT, OPTION_CHATTER, OPTION_JSON,  OPTION_END};
static const char *const examples[] = {"# what does it run, by its own signature?",
                                       "suture verify unix:/run/pump.sock",
                                       "# and is that the release of this bundle?",
                                       "suture verify --bundle p-200-4.3.1.suture unix:/run/pump.sock", NULL};

const struct command command_verify = {
    "verify", "[ADDRESS…]", 0,      SIZE_MAX, "let each device prove what it runs, and change nothing",
    options,  examples,     verify,
};
