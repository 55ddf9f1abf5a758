/* Hooks: programs of the device that know what the agent can't. Run without a shell, in a process group of their own, with a
 * clean environment (PATH, LANG=C), in /, standard input empty or what the hook is for, until a deadline. Their answer is at
 * most HOOK_TEXT_MAX bytes of standard output; more is a flood and ends them. Standard error goes to the agent's log, its
 * first HOOK_NOTE_MAX bytes. When a hook has ended, is late, or floods, all of its process group is killed.
 *
 * Nothing here judges: whoever asked turns every end but a plain exit into the answer that is safe. */
#ifndef SUTURE_AGENT_PORTS_LINUX_HOOK_H
#define SUTURE_AGENT_PORTS_LINUX_HOOK_H

#include "keys/base/failure.h"
#include "keys/base/span.h"

#include <stdint.h>
#include <sys/types.h>

#define HOOK_TEXT_MAX  1024
#define HOOK_NOTE_MAX  512
#define HOOK_WORDS_MAX 8 /* arguments */

enum hook_end {
    HOOK_RUNS,
    HOOK_EXITED,  /* by itself: `code` */
    HOOK_CRASHED, /* by a signal: `code` */
    HOOK_LATE,
    HOOK_FLOODED,
    HOOK_ABSENT, /* could not be started: `code` is the errno */
};

struct hook {
    const char *program; /* borrowed */
    enum hook_end end;
    int code;
    /* standard output, ended by a NUL; may hold NULs when the hook wrote some */
    char text[HOOK_TEXT_MAX + 1];
    size_t size;
    char note[HOOK_NOTE_MAX + 1]; /* standard error */
    size_t note_size;
    pid_t process;
    int out, err;      /* our ends; -1: closed */
    uint64_t deadline; /* ms, of steady_ms */
};

/* Whether the program may be run: a regular file, executable, that belongs to root or to us, and that nobody else may write.
 * FAIL_AGENT_CONFIG. */
bool hook_check(const char *program, struct failure *why);

/* Starts a program; `arguments` ends with NULL, or is NULL. `input` goes to its standard input, as far as a pipe takes it at
 * once (64 KiB). */
void hook_start(struct hook *hook, const char *program, const char *const *arguments, struct span input,
                uint32_t seconds);
/* Takes what came; true once it has ended. Does not wait. */
bool hook_poll(struct hook *hook);
/* Ends one that runs; then, or when it had ended, gives everything back. */
void hook_stop(struct hook *hook);

/* Waits until it has ended. */
void hook_wait(struct hook *hook);
/* Says in the log how it ended, and what it wrote to standard error. */
void hook_complain(const struct hook *hook);
/* All of it, waiting: true when it exited with 0. Any other end is said in the log. */
bool hook_run(struct hook *hook, const char *program, const char *const *arguments, struct span input,
              uint32_t seconds);
/* "ended with exit code 3", for a person. */
void hook_say(const struct hook *hook, char *out, size_t capacity);

/* The value of the line "KEY=VALUE" in the answer, or NULL; `value` gets it. Answers with a NUL or a key twice have no keys. */
const char *hook_value(const struct hook *hook, const char *key, char *value, size_t capacity);

/* Whether a line of the answer begins with "KEY=", with whatever value, however often. */
bool hook_names(const struct hook *hook, const char *key);

#endif
