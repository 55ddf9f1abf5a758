/* Starting, listening to and ending a hook. */
#include "agent/ports/linux/hook.h"

#include "agent/ports/linux/say.h"
#include "keys/base/steady.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

bool hook_check(const char *program, struct failure *why)
{
    struct stat stat_of;

    if (stat(program, &stat_of) != 0)
        return failure_set(why, FAIL_AGENT_CONFIG, "%s: %s", program, strerror(errno));
    if (!S_ISREG(stat_of.st_mode) || access(program, X_OK) != 0)
        return failure_set(why, FAIL_AGENT_CONFIG, "%s: no program that can be run", program);
    if (stat_of.st_uid != 0 && stat_of.st_uid != geteuid())
        return failure_set(why, FAIL_AGENT_CONFIG, "%s: belongs to another user", program);
    if ((stat_of.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return failure_set(why, FAIL_AGENT_CONFIG, "%s: others than its owner may change it", program);
    return true;
}

static void close_end(int *end)
{
    if (*end >= 0)
        close(*end);
    *end = -1;
}

/* Default signals, none blocked, a group of its own, in /. */
static int spawn(struct hook *hook, char *const words[], int in, int out, int err)
{
    char *environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C", NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;

    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    int error = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK |
                                                          POSIX_SPAWN_SETPGROUP);
    error = error ? error : posix_spawnattr_setsigdefault(&attributes, &all);
    error = error ? error : posix_spawnattr_setsigmask(&attributes, &none);
    error = error ? error : posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    error = error ? error : posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    error = error ? error : posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
    error = error ? error : posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    error = error ? error : posix_spawn_file_actions_addchdir_np(&actions, "/");
    error = error ? error : posix_spawn(&hook->process, words[0], &actions, &attributes, words, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

/* The hook's standard input: nothing, or a pipe that holds all of `input` already. */
static int input_make(struct span input)
{
    int ends[2];

    if (input.size == 0)
        return open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (pipe2(ends, O_CLOEXEC) != 0)
        return -1;
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    bool all = write(ends[1], input.data, input.size) == (ssize_t)input.size;
    close(ends[1]);
    if (!all)
        close_end(&ends[0]);
    return ends[0];
}

static int start(struct hook *hook, char *const words[], struct span input)
{
    int out[2] = {-1, -1}, err[2] = {-1, -1};
    int in = input_make(input), error = 0;

    if (in < 0 || pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0)
        error = errno ? errno : EIO;
    error = error ? error : spawn(hook, words, in, out[1], err[1]);
    close_end(&in);
    close_end(&out[1]);
    close_end(&err[1]);
    hook->out = out[0];
    hook->err = err[0];
    if (error == 0) {
        fcntl(hook->out, F_SETFL, O_NONBLOCK);
        fcntl(hook->err, F_SETFL, O_NONBLOCK);
    }
    return error;
}

void hook_start(struct hook *hook, const char *program, const char *const *arguments, struct span input,
                uint32_t seconds)
{
    char *words[HOOK_WORDS_MAX + 2] = {(char *)(uintptr_t)program};
    char absolute[4096];
    size_t count = 1;

    *hook = (struct hook){.program = program, .end = HOOK_RUNS, .out = -1, .err = -1};
    for (; arguments != NULL && *arguments != NULL && count <= HOOK_WORDS_MAX; arguments++)
        words[count++] = (char *)(uintptr_t)*arguments;
    /* it starts in /, where a relative path means something else; a link keeps its name, which tells BusyBox what to be */
    if (program[0] != '/' && realpath(program, absolute) != NULL)
        words[0] = absolute;
    hook->deadline = steady_ms() + (uint64_t)seconds * 1000;
    hook->code = start(hook, words, input);
    if (hook->code != 0) {
        hook->end = HOOK_ABSENT;
        hook_stop(hook);
    }
}

/* Moves what is there into `text`; what does not fit is counted by the return value. */
static size_t take(int *file, char *text, size_t *size, size_t capacity)
{
    char bytes[512];
    size_t lost = 0;

    while (*file >= 0) {
        ssize_t got = read(*file, bytes, sizeof bytes);
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            break;
        if (got <= 0) {
            close_end(file);
            break;
        }
        size_t part = (size_t)got < capacity - *size ? (size_t)got : capacity - *size;
        memcpy(text + *size, bytes, part);
        *size += part;
        lost += (size_t)got - part;
        if (lost > 65536) /* an endless writer: the deadline is looked at again */
            break;
    }
    text[*size] = '\0';
    return lost;
}

static void ended(struct hook *hook, enum hook_end end, int code)
{
    hook->end = end;
    hook->code = code;
    hook_stop(hook);
}

bool hook_poll(struct hook *hook)
{
    int status = 0;

    if (hook->end != HOOK_RUNS)
        return true;
    pid_t gone = waitpid(hook->process, &status, WNOHANG);
    size_t lost = take(&hook->out, hook->text, &hook->size, HOOK_TEXT_MAX);
    take(&hook->err, hook->note, &hook->note_size, HOOK_NOTE_MAX);
    if (gone == hook->process) {
        kill(-hook->process, SIGKILL);
        hook->process = 0;
    }
    if (lost > 0)
        ended(hook, HOOK_FLOODED, 0);
    else if (gone != 0 && WIFEXITED(status))
        ended(hook, HOOK_EXITED, WEXITSTATUS(status));
    else if (gone != 0)
        ended(hook, HOOK_CRASHED, WTERMSIG(status));
    else if (steady_ms() >= hook->deadline)
        ended(hook, HOOK_LATE, 0);
    return hook->end != HOOK_RUNS;
}

void hook_stop(struct hook *hook)
{
    if (hook->process > 0) {
        kill(-hook->process, SIGKILL);
        kill(hook->process, SIGKILL);
        while (waitpid(hook->process, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    hook->process = 0;
    if (hook->end == HOOK_RUNS)
        hook->end = HOOK_LATE;
    close_end(&hook->out);
    close_end(&hook->err);
}

/* Until it wrote, ended, or 20 ms passed: an exit without a word closes the pipes too. */
static void wait_for(const struct hook *hook)
{
    struct pollfd ends[2] = {{hook->out, POLLIN, 0}, {hook->err, POLLIN, 0}};

    poll(ends, hook->out < 0 && hook->err < 0 ? 0 : 2, hook->out < 0 && hook->err < 0 ? 2 : 20);
}

void hook_wait(struct hook *hook)
{
    while (!hook_poll(hook))
        wait_for(hook);
}

void hook_complain(const struct hook *hook)
{
    char said[128];

    hook_say(hook, said, sizeof said);
    agent_say("%s %s%s%.200s", hook->program, said, hook->note_size ? ": " : "", hook->note);
}

bool hook_run(struct hook *hook, const char *program, const char *const *arguments, struct span input,
              uint32_t seconds)
{
    hook_start(hook, program, arguments, input, seconds);
    hook_wait(hook);
    if (hook->end == HOOK_EXITED && hook->code == 0)
        return true;
    hook_complain(hook);
    return false;
}

void hook_say(const struct hook *hook, char *out, size_t capacity)
{
    switch (hook->end) {
    case HOOK_RUNS:
        snprintf(out, capacity, "runs");
        return;
    case HOOK_EXITED:
        snprintf(out, capacity, "ended with exit code %d", hook->code);
        return;
    case HOOK_CRASHED:
        snprintf(out, capacity, "crashed by signal %d", hook->code);
        return;
    case HOOK_LATE:
        snprintf(out, capacity, "did not end in time");
        return;
    case HOOK_FLOODED:
        snprintf(out, capacity, "answered with more than %d bytes", HOOK_TEXT_MAX);
        return;
    case HOOK_ABSENT:
        snprintf(out, capacity, "can't be started: %s", strerror(hook->code));
        return;
    }
}

static bool is_of_key(const char *line, size_t size, const char *key, size_t length)
{
    return size > length && line[length] == '=' && strncmp(line, key, length) == 0;
}

bool hook_names(const struct hook *hook, const char *key)
{
    for (const char *line = hook->text; *line != '\0';) {
        size_t size = strcspn(line, "\n");
        if (is_of_key(line, size, key, strlen(key)))
            return true;
        line += size + (line[size] == '\n');
    }
    return false;
}

const char *hook_value(const struct hook *hook, const char *key, char *value, size_t capacity)
{
    size_t length = strlen(key);
    bool found = false;

    if (memchr(hook->text, '\0', hook->size) != NULL)
        return NULL;
    for (const char *line = hook->text; *line != '\0';) {
        size_t size = strcspn(line, "\n");
        if (is_of_key(line, size, key, length)) {
            if (found || size - length - 1 >= capacity)
                return NULL;
            memcpy(value, line + length + 1, size - length - 1);
            value[size - length - 1] = '\0';
            found = true;
        }
        line += size + (line[size] == '\n');
    }
    return found ? value : NULL;
}
