/* Holds: "in use" for exactly as long as a command lives (suture-agent hold). A hold is a file in RUN/holds with a lock
 * (flock) on it. The lock belongs to the open file, which the command inherits: it is there as long as the command or the
 * holder is, whichever way they end, and no longer. A file without a lock is what a machine that fell left behind.
 *
 * The file's text is the use (therapy, patient, alarm), a space, and the reason. */
#ifndef SUTURE_AGENT_PORTS_LINUX_HOLDS_H
#define SUTURE_AGENT_PORTS_LINUX_HOLDS_H

#include "agent/port.h"
#include "keys/base/failure.h"

#include <sys/types.h>

#define HOLD_REASON_MAX 120 /* bytes */
#define HOLDS_MAX       256 /* looked at; more count as one more hold */

struct hold {
    enum use use;
    char reason[HOLD_REASON_MAX + 1];
};

/* Calls `each` for every hold that is in force, removes what was left behind, and answers the gravest use. USE_THERAPY also
 * when the folder can't be read: who can't look must assume the worst. `each` may be NULL. */
enum use holds_look(const char *run, void (*each)(void *context, const struct hold *hold), void *context);

/* Makes a hold in force: `*file` is the locked file, inherited by programs that are started, and `path` (of `capacity` bytes)
 * its name. FAIL_AGENT_HOLD. */
bool hold_make(const char *run, const struct hold *hold, int *file, char *path, size_t capacity,
               struct failure *why);
/* Ends it, also for whoever inherited the file. */
void hold_end(int file, const char *path);

/* Why the device must not be used now (a trial runs, a restart is near), as the agent says it in RUN/refuse; false: it may. */
bool holds_refused(const char *run, char *reason, size_t capacity);
/* Says it; NULL takes it back. False: it can't be said. */
bool holds_refuse(const char *run, const char *reason);

const char *use_word(enum use use);
bool use_of_word(const char *word, enum use *out);

#endif
