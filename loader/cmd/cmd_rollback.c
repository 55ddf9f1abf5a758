/* suture rollback: back to the other slot's proven image. */
#include "loader/cmd/run.h"

static enum exit_code rollback(const struct invocation *call)
{
    return run_jobs(call, JOB_ROLLBACK);
}

static const struct command_option options[] = {OPTION_STORE,   OPTION_RECEIPTS, OPTION_STATION, OPTION_WAIT,
                                                OPTION_CHATTER, OPTION_JSON,     OPTION_END};
static const char *const examples[] = {
    "# back to the image in the other slot, if it is good and not below the floor",
    "suture rollback unix:/run/pump.sock", NULL};

const struct command command_rollback = {
    "rollback", "ADDRESS…", 1,        SIZE_MAX, "go back to the other slot's proven image",
    options,    examples,   rollback,
};
