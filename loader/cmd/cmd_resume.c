/* suture resume: finishes what was begun, or finds out how it ended. */
#include "loader/cmd/run.h"

static enum exit_code resume(const struct invocation *call)
{
    return run_jobs(call, JOB_RESUME);
}

static const struct command_option options[] = {OPTION_ALL,      OPTION_FROM,    OPTION_BUNDLE, OPTION_STORE,
                                                OPTION_RECEIPTS, OPTION_STATION, OPTION_WAIT,   OPTION_CHECK,
                                                OPTION_CHATTER,  OPTION_JSON,    OPTION_END};
static const char *const examples[] = {
    "# after a power cut, a pulled cable, or an end that is not known",
    "suture resume --from /media/stick unix:/run/pump.sock",
    "# the release asks a person to look at the device: answer, and it is confirmed",
    "suture resume --from /media/stick --check alarm=yes --check flow=119.5 "
    "unix:/run/pump.sock",
    NULL};

const struct command command_resume = {
    "resume", "[ADDRESS…]", 0,      SIZE_MAX, "finish what was begun, or find out how it ended",
    options,  examples,     resume,
};
