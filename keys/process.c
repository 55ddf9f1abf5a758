#include "keys/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* A running program and our ends of its pipes; -1 when closed. */
struct process {
    pid_t id;
    int input, output;
};

static void close_end(int *end)
{
    if (*end >= 0)
        close(*end);
    *end = -1;
}

/* Our environment with one setting more, which replaces an older one of the same name. The strings stay where they are. */
static char **environment_with(const char *setting)
{
    size_t count = 0, name = strcspn(setting, "=") + 1, n = 0;

    while (environ != NULL && environ[count] != NULL)
        count++;
    char **out = calloc(count + 2, sizeof *out);
    if (out == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++)
        if (strncmp(environ[i], setting, name) != 0)
            out[n++] = environ[i];
    out[n] = (char *)(uintptr_t)setting;
    return out;
}

/* The child gets default signals: SIGPIPE is ignored here while it runs (see process_filter). */
static int spawn(struct process *process, char *const words[], char **environment, const int to[2],
                 const int from[2])
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t defaults;

    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    int error = posix_spawnattr_setsigdefault(&attributes, &defaults);
    if (error == 0)
        error = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    if (error == 0)
        error = posix_spawn_file_actions_adddup2(&actions, to[0], STDIN_FILENO);
    if (error == 0)
        error = posix_spawn_file_actions_adddup2(&actions, from[1], STDOUT_FILENO);
    if (error == 0)
        error = posix_spawnp(&process->id, words[0], &actions, &attributes, words, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

/* 0, or why the program did not start; `process` then has nothing open. */
static int start(struct process *process, char *const words[], const char *setting)
{
    int to[2] = {-1, -1}, from[2] = {-1, -1}, error = 0;
    char **environment = environment_with(setting);

    if (environment == NULL)
        error = ENOMEM;
    else if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0 ||
             fcntl(to[1], F_SETFL, O_NONBLOCK) != 0)
        error = errno;
    else
        error = spawn(process, words, environment, to, from);
    free(environment);
    close_end(&to[0]);
    close_end(&from[1]);
    if (error != 0) {
        close_end(&to[1]);
        close_end(&from[0]);
    }
    process->input = to[1];
    process->output = from[0];
    return error;
}

static void give(struct process *process, struct span *input)
{
    if (input->size > 0) {
        ssize_t put = write(process->input, input->data, input->size);
        if (put < 0 && (errno == EINTR || errno == EAGAIN))
            return;
        /* It reads no more: what it answers, and its exit code, say whether that matters. */
        *input = put < 0 ? span_of(NULL, 0) : span_from(*input, (size_t)put);
    }
    if (input->size == 0)
        close_end(&process->input);
}

/* False when the answer is longer than `answer` holds. */
static bool take(struct process *process, struct buffer *answer)
{
    uint8_t bytes[256];
    ssize_t got = read(process->output, bytes, sizeof bytes);

    if (got < 0 && errno == EINTR)
        return true;
    if (got <= 0) {
        close_end(&process->output);
        return true;
    }
    return buffer_append(answer, span_of(bytes, (size_t)got));
}

static bool exchange(struct process *process, struct span input, struct buffer *answer)
{
    give(process, &input);
    while (process->output >= 0) {
        struct pollfd ends[2] = {{process->output, POLLIN, 0}, {process->input, POLLOUT, 0}};
        if (poll(ends, 2, -1) < 0 && errno != EINTR)
            return false;
        if (ends[1].revents != 0)
            give(process, &input);
        if (ends[0].revents != 0 && !take(process, answer))
            return false;
    }
    return true;
}

static bool run(char *const words[], const char *setting, struct span input, struct buffer *answer,
                enum failure_id id, struct failure *why)
{
    struct process process;
    int error = start(&process, words, setting), status = 0;

    if (error != 0)
        return failure_set(why, id, "%s: can't be started: %s", words[0], strerror(error));
    bool fits = exchange(&process, input, answer);
    if (!fits)
        kill(process.id, SIGTERM);
    close_end(&process.input);
    close_end(&process.output);
    while (waitpid(process.id, &status, 0) < 0)
        if (errno != EINTR)
            return failure_set(why, id, "%s: %s", words[0], strerror(errno));
    if (!fits)
        return failure_set(why, id, "%s: answered with more than %zu bytes", words[0], answer->capacity);
    if (WIFSIGNALED(status))
        return failure_set(why, id, "%s: ended by signal %d", words[0], WTERMSIG(status));
    if (WEXITSTATUS(status) != 0)
        return failure_set(why, id, "%s: ended with exit code %d", words[0], WEXITSTATUS(status));
    return true;
}

bool process_filter(char *const words[], const char *setting, struct span input, struct buffer *answer,
                    enum failure_id id, struct failure *why)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before;

    /* A program that ends early must not take us with it. */
    sigemptyset(&ignore.sa_mask);
    sigaction(SIGPIPE, &ignore, &before);
    bool done = run(words, setting, input, answer, id, why);
    sigaction(SIGPIPE, &before, NULL);
    return done;
}
