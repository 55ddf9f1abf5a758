/* suture log: each device's coded log in words, unsigned. */
#include "loader/cmd/run.h"

static enum exit_code show_entries(const struct invocation *call)
{
    return run_jobs(call, JOB_LOG);
}

static const struct command_option options[] = {{"since", "NUMBER", "only entries from this number on"},
                                                OPTION_WAIT,
                                                OPTION_CHATTER,
                                                OPTION_JSON,
                                                OPTION_END};
static const char *const examples[] = {
    "# what the device has done: entry, seconds after the start above it, code, words",
    "suture log unix:/run/pump.sock", "# why the last update was given up",
    "suture log --json unix:/run/pump.sock | jq 'select(.name == \"given_up\")'", NULL};

const struct command command_log = {
    "log",
    "ADDRESS…",
    1,
    SIZE_MAX,
    "show each device's coded log, unsigned, and change nothing",
    options,
    examples,
    show_entries,
};
