/* suture-agent run: the agent itself, until a signal ends it or the device restarts. */
#include "agent/ports/linux/commands.h"
#include "agent/ports/linux/machine.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <stdlib.h>
#include <unistd.h>

/* SIGINT and SIGTERM as a file, so that they end the loop and nothing else. */
static int watch_signals(void)
{
    sigset_t set;

    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
        return -1;
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Tells systemd (Type=notify), when it listens; sd_notify's protocol is one datagram. */
static void tell_ready(void)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = path ? strlen(path) : 0;

    if (length < 2 || length >= sizeof address.sun_path)
        return;
    memcpy(address.sun_path, path, length);
    if (path[0] == '@')
        address.sun_path[0] = '\0';
    int file = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (file < 0)
        return;
    (void)!sendto(file, "READY=1", 7, MSG_NOSIGNAL, (const struct sockaddr *)&address,
                  (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length));
    close(file);
}

static enum machine_end serve(struct machine *machine, int signals, struct failure *why)
{
    tell_ready();
    printf("ready: %u door%s\n", machine->door_count, machine->door_count == 1 ? "" : "s");
    fflush(stdout);
    return machine_run(machine, signals, why);
}

static enum exit_code run(const struct invocation *call)
{
    static struct machine machine;
    struct failure why = {0};
    int signals = watch_signals();

    if (signals < 0) {
        failure_set(&why, FAIL_INTERNAL, "signals can't be watched: %s", strerror(errno));
        return command_fail(&why);
    }
    enum machine_end end = machine_open(&machine, option_value(call, "config", CONFIG_PATH), &why);
    if (end == MACHINE_ENDED)
        end = serve(&machine, signals, &why);
    bool reset = end != MACHINE_RESET || machine_reset(&machine, &why);
    machine_close(&machine);
    close(signals);
    return end != MACHINE_FAILED && reset ? EXIT_VERIFIED : command_fail(&why);
}

static const struct command_option options[] = {
    {"config", "FILE", "the agent's configuration; default " CONFIG_PATH},
    {NULL, NULL, NULL},
};

static const char *const examples[] = {
    "# as systemd starts it",
    "suture-agent run --config /etc/suture/agent.yaml",
    NULL,
};

const struct command command_run = {
    .name = "run",
    .arguments = "",
    .least_arguments = 0,
    .most_arguments = 0,
    .summary = "serve loaders until a signal comes or the device restarts",
    .options = options,
    .examples = examples,
    .run = run,
};
