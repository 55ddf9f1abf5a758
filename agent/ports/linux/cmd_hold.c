/* suture-agent hold: the device is in use for exactly as long as a command lives. */
#include "agent/ports/linux/commands.h"
#include "agent/ports/linux/config.h"
#include "agent/ports/linux/holds.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS_MAX 255 /* of the command */

extern char **environ;

static volatile sig_atomic_t child;

/* What ends the holder ends the command first. */
static void pass_on(int number)
{
    if (child > 0)
        kill(child, number);
}

static void pass_signals_on(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = pass_on};

    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        sigaction(numbers[i], &action, NULL);
}

/* The command's own exit code, or 128 and the signal, as a shell says it. */
static int wait_for_child(void)
{
    int status;

    while (waitpid((pid_t)child, &status, 0) < 0)
        if (errno != EINTR)
            return EXIT_INTERNAL;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Its exit code; -1 and `why`: it was not started. It inherits the lock: should the holder be killed, the command still holds. */
static int run_command(const char *const *words, size_t count, struct failure *why)
{
    char *arguments[WORDS_MAX + 1];
    pid_t process;

    if (count > WORDS_MAX) {
        failure_set(why, FAIL_USAGE, "hold: a command of more than %d words", WORDS_MAX);
        return -1;
    }
    for (size_t i = 0; i < count; i++)
        arguments[i] = (char *)(uintptr_t)words[i];
    arguments[count] = NULL;
    int error = posix_spawnp(&process, words[0], NULL, NULL, arguments, environ);
    if (error != 0) {
        failure_set(why, FAIL_FILE_OPEN, "%s can't be started: %s", words[0], strerror(error));
        return -1;
    }
    child = process;
    return wait_for_child();
}

/* The hold comes first and the question second: an agent that is about to restart sees the one, or we see its refusal. */
static int hold(const char *run, const struct hold *hold, const struct invocation *call, struct failure *why)
{
    char path[1100], reason[128];
    int file, code = -1;

    if (!hold_make(run, hold, &file, path, sizeof path, why))
        return -1;
    if (holds_refused(run, reason, sizeof reason))
        failure_set(why, FAIL_AGENT_TRIAL, "%s", reason);
    else
        code = run_command(call->arguments, call->argument_count, why);
    hold_end(file, path);
    return code;
}

static bool order_read(const struct invocation *call, struct hold *out, struct failure *why)
{
    const char *reason = option_value(call, "reason", "");

    if (reason[0] == '\0' || strlen(reason) > HOLD_REASON_MAX)
        return failure_set(why, FAIL_USAGE, "hold: --reason TEXT of 1 to %d bytes is needed",
                           HOLD_REASON_MAX);
    text_harmless(out->reason, sizeof out->reason, reason, strlen(reason));
    if (!use_of_word(option_value(call, "use", "therapy"), &out->use) || out->use == USE_FREE)
        return failure_set(why, FAIL_USAGE, "hold: --use is therapy, patient or alarm");
    return true;
}

static enum exit_code run(const struct invocation *call)
{
    struct config_file config;
    struct failure why;
    struct hold order;

    if (!order_read(call, &order, &why) ||
        !config_read(option_value(call, "config", CONFIG_PATH), &config, &why))
        return command_fail(&why);
    pass_signals_on();
    int code = hold(config.run, &order, call, &why);
    config_free(&config);
    return code < 0 ? command_fail(&why) : (enum exit_code)code;
}

static const struct command_option options[] = {
    {"reason", "TEXT", "why the device is in use, for whoever asks; up to 120 bytes"},
    {"use", "WORD", "therapy (default), patient or alarm"},
    {"config", "FILE", "the agent's configuration; default " CONFIG_PATH},
    {NULL, NULL, NULL},
};

static const char *const examples[] = {
    "# no update while the infusion runs, however it ends",
    "suture-agent hold --reason \"infusion 4711\" -- infuse --rate 120",
    NULL,
};

const struct command command_hold = {
    .name = "hold",
    .arguments = "COMMAND…",
    .least_arguments = 1,
    .most_arguments = SIZE_MAX,
    .summary = "the device is in use for as long as COMMAND lives; ends with its exit code",
    .options = options,
    .examples = examples,
    .run = run,
};
