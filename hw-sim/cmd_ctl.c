/* suture-sim ctl: one verb to a running simulator. */
#include "hw-sim/commands.h"
#include "hw-sim/control.h"
#include "hw-sim/profile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Words become one line; a line end in one would be a second question. */
static bool make_line(const struct invocation *call, char line[CONTROL_LINE], size_t *size,
                      struct failure *why)
{
    *size = 0;
    for (size_t i = 1; i < call->argument_count; i++) {
        size_t length = strlen(call->arguments[i]);
        if (strpbrk(call->arguments[i], "\r\n") != NULL)
            return failure_set(why, FAIL_USAGE, "a verb has no line ends in it");
        if (length > CONTROL_LINE - 2 - *size)
            return failure_set(why, FAIL_USAGE, "the verb is longer than %d bytes", CONTROL_LINE - 2);
        memcpy(line + *size, call->arguments[i], length);
        *size += length;
        line[(*size)++] = i + 1 < call->argument_count ? ' ' : '\n';
    }
    return true;
}

/* The control socket's path: the argument itself, or what a profile says. The caller frees. */
static char *find_socket(const char *argument, struct failure *why)
{
    struct profile_file profile;
    size_t length = strlen(argument);
    char *path = NULL;

    if (length < 5 || strcmp(argument + length - 5, ".yaml") != 0) {
        path = strdup(argument);
        if (path == NULL)
            failure_set(why, FAIL_MEMORY, "no memory for a path");
        return path;
    }
    if (!profile_read(argument, &profile, why))
        return NULL;
    if (profile.control == NULL)
        failure_set(why, FAIL_CONTROL, "%s names no control socket", argument);
    path = profile.control;
    profile.control = NULL;
    profile_free(&profile);
    return path;
}

static bool talk(int file, const char *line, size_t size, char answer[CONTROL_ANSWER + 1],
                 struct failure *why)
{
    size_t got = 0;

    while (size > 0) {
        ssize_t sent = send(file, line, size, MSG_NOSIGNAL);
        if (sent < 0 && errno != EINTR)
            return failure_set(why, FAIL_CONTROL, "the simulator hung up: %s", strerror(errno));
        if (sent > 0)
            line += sent, size -= (size_t)sent;
    }
    while (got < CONTROL_ANSWER) {
        ssize_t more = recv(file, answer + got, CONTROL_ANSWER - got, 0);
        if (more < 0 && errno == EINTR)
            continue;
        if (more <= 0)
            return failure_set(why, FAIL_CONTROL, "the simulator hung up before it answered");
        got += (size_t)more;
        char *end = memchr(answer, '\n', got);
        if (end != NULL) {
            *end = '\0';
            return true;
        }
    }
    return failure_set(why, FAIL_CONTROL, "the simulator's answer has no end");
}

static bool judge(const char *answer, struct failure *why)
{
    char *text;

    if (strcmp(answer, "ok") == 0)
        return true;
    if (strncmp(answer, "ok ", 3) == 0) {
        puts(answer + 3);
        return true;
    }
    if (strncmp(answer, "error ", 6) != 0)
        return failure_set(why, FAIL_CONTROL, "no simulator answers there: %.80s", answer);
    long id = strtol(answer + 6, &text, 10);
    return failure_set(why, id == FAIL_TIMEOUT ? FAIL_TIMEOUT : FAIL_CONTROL, "%s",
                       text[0] == ' ' ? text + 1 : text);
}

static enum exit_code run(const struct invocation *call)
{
    char line[CONTROL_LINE], answer[CONTROL_ANSWER + 1];
    struct failure why;
    size_t size;
    bool done = false;

    if (!make_line(call, line, &size, &why))
        return command_fail(&why);
    char *path = find_socket(call->arguments[0], &why);
    if (path == NULL)
        return command_fail(&why);
    int file = unix_connect(path, FAIL_CONTROL, &why);
    free(path);
    if (file < 0)
        return command_fail(&why);
    done = talk(file, line, size, answer, &why) && judge(answer, &why);
    close(file);
    return done ? EXIT_VERIFIED : command_fail(&why);
}

static const char *const examples[] = {
    "# cut power in the middle of the 500th flash operation from now",
    "suture-sim ctl p200.yaml power-cut at-operation 500 torn",
    "# cut power when half of the new image is written; wait for it; power on again",
    "suture-sim ctl p200.yaml power-cut at-share 0.5",
    "suture-sim ctl p200.yaml wait off 60",
    "suture-sim ctl p200.yaml power-on",
    "# power-cut now|at-operation N [before|torn|after]|at-share S [before|torn|after], power-on,",
    "# usb stall|reset, cable pull|plug, mute on|off, babble on|off, service on|off, therapy on|off, patient "
    "on|off,",
    "# alarm on|off, battery N [mains|no-mains], settings TEXT, status,",
    "# wait off|on|hung|recovery|staged|trial|settled|confirmed|rolled-back [SECONDS]",
    "suture-sim ctl p200.yaml status",
    "# one frame in a hundred is lost; the adapter unplugged for 2 s after 20,000 bytes; well again",
    "suture-sim ctl p200.yaml faults loss per=frame per_million=10000",
    "suture-sim ctl p200.yaml faults pull at_byte=20000 for_ms=2000",
    "suture-sim ctl p200.yaml faults off",
    NULL,
};

const struct command command_ctl = {
    .name = "ctl",
    .arguments = "PROFILE.yaml|SOCKET VERB [WORD…]",
    .least_arguments = 2,
    .most_arguments = SIZE_MAX,
    .summary = "one verb to a running device: power, cable, faults, service mode, use, status, wait",
    .examples = examples,
    .run = run,
};
