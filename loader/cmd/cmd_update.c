/* suture update: brings each device to its release. */
#include "loader/cmd/run.h"

static enum exit_code update(const struct invocation *call)
{
    return run_jobs(call, JOB_UPDATE);
}

static const struct command_option options[] = {OPTION_ALL,      OPTION_FROM,    OPTION_BUNDLE, OPTION_STORE,
                                                OPTION_RECEIPTS, OPTION_STATION, OPTION_WAIT,   OPTION_CHECK,
                                                OPTION_CHATTER,  OPTION_JSON,    OPTION_END};
static const char *const examples[] = {
    "# every device gets the bundle of its class from the stick",
    "suture update --from /media/stick unix:/run/pump1.sock unix:/run/pump2.sock",
    "# the whole cart, whatever the ports are called", "suture update --all --from /media/stick", NULL};

const struct command command_update = {
    "update",
    "[ADDRESS…]",
    0,
    SIZE_MAX,
    "bring each device to its release, with a verdict and a receipt",
    options,
    examples,
    update,
};
