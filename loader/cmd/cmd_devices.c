#include "loader/cmd/run.h"

static enum exit_code devices(const struct invocation *call)
{
    return run_jobs(call, JOB_DEVICES);
}

static const struct command_option options[] = {OPTION_CHATTER, OPTION_JSON, OPTION_END};
static const char *const examples[] = {"# who is at the serial ports of this station?", "suture devices",
                                       "# who is at these addresses?",
                                       "suture devices serial:/dev/ttyUSB0@115200 tcp:10.0.0.7:4000", NULL};

const struct command command_devices = {
    "devices", "[ADDRESS…]", 0,       SIZE_MAX, "say who is at the addresses, or at all serial ports",
    options,   examples,     devices,
};
