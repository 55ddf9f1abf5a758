/* suture devices: who is at the addresses, or at all USB and serial ports; with --watch, who comes and goes. */
#include "loader/cmd/run.h"
#include "loader/cmd/watch.h"

static enum exit_code devices(const struct invocation *call)
{
    return option_given(call, "watch") ? watch_devices(call) : run_jobs(call, JOB_DEVICES);
}

static const struct command_option options[] = {
    {"watch", NULL, "go on: tell who comes and who goes, until Ctrl-C"},
    OPTION_CHATTER,
    OPTION_JSON,
    OPTION_END};
static const char *const examples[] = {
    "# who is plugged in at this station?",
    "suture devices",
    "# and who comes and goes?",
    "suture devices --watch",
    "# who is at these addresses?",
    "suture devices usb:3-1.4 serial:/dev/ttyUSB0@115200 tcp:10.0.0.7:4000",
    NULL};

const struct command command_devices = {
    "devices", "[ADDRESS…]", 0,       SIZE_MAX, "say who is at the addresses, or at all USB and serial ports",
    options,   examples,     devices,
};
