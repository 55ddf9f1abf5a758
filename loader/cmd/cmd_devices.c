#include "loader/cmd/run.h"

static enum exit_code devices(const struct invocation *call)
{
    return run_jobs(call, JOB_DEVICES);
}

static const struct command_option options[] = {OPTION_JSON, OPTION_END};
static const char *const examples[] = {"# who is at this address?", "suture devices unix:/run/pump.sock",
                                       NULL};

const struct command command_devices = {
    "devices", "ADDRESS…", 1,       SIZE_MAX, "say who is at the addresses, and change nothing",
    options,   examples,   devices,
};
