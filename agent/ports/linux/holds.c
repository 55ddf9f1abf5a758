/* The folder of holds, from both sides. */
#include "agent/ports/linux/holds.h"

#include "keys/base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX "hold-"

static const char *const words[] = {
    [USE_FREE] = "free", [USE_THERAPY] = "therapy", [USE_PATIENT] = "patient", [USE_ALARM] = "alarm"};

const char *use_word(enum use use)
{
    return words[use];
}

bool use_of_word(const char *word, enum use *out)
{
    for (unsigned use = USE_FREE; use <= USE_ALARM; use++)
        if (strcmp(word, words[use]) == 0) {
            *out = (enum use)use;
            return true;
        }
    return false;
}

/* Therapy before patient before alarm, as their numbers are; free is none of them. */
static enum use graver(enum use a, enum use b)
{
    if (a == USE_FREE || b == USE_FREE)
        return a == USE_FREE ? b : a;
    return a < b ? a : b;
}

/* An unreadable text still is a hold. */
static void hold_read(int file, struct hold *out)
{
    char text[HOLD_REASON_MAX + 16];
    ssize_t size = pread(file, text, sizeof text - 1, 0);

    *out = (struct hold){.use = USE_THERAPY};
    if (size <= 0)
        return;
    text[size] = '\0';
    char *space = strchr(text, ' ');
    if (space == NULL)
        return;
    *space = '\0';
    if (!use_of_word(text, &out->use) || out->use == USE_FREE)
        out->use = USE_THERAPY;
    text_harmless(out->reason, sizeof out->reason, space + 1, strlen(space + 1));
}

/* Whether somebody has the lock; nobody: the file goes. A hold gets its name only after its lock. */
static bool in_force(int folder, const char *name, struct hold *out)
{
    int file = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    if (file < 0)
        return errno != ENOENT;
    bool held = flock(file, LOCK_SH | LOCK_NB) != 0;
    if (held)
        hold_read(file, out);
    else
        unlinkat(folder, name, 0);
    close(file);
    return held;
}

enum use holds_look(const char *run, void (*each)(void *context, const struct hold *hold), void *context)
{
    char path[1024];
    enum use gravest = USE_FREE;
    struct dirent *entry;
    unsigned seen = 0;

    snprintf(path, sizeof path, "%s/holds", run);
    DIR *folder = opendir(path);
    if (folder == NULL)
        return errno == ENOENT ? USE_FREE : USE_THERAPY;
    for (errno = 0; (entry = readdir(folder)) != NULL; errno = 0) {
        struct hold hold = {.use = USE_THERAPY};
        if (strncmp(entry->d_name, PREFIX, strlen(PREFIX)) != 0)
            continue;
        if (++seen > HOLDS_MAX) {
            gravest = USE_THERAPY;
            break;
        }
        if (!in_force(dirfd(folder), entry->d_name, &hold))
            continue;
        gravest = graver(gravest, hold.use);
        if (each != NULL)
            each(context, &hold);
    }
    if (errno != 0)
        gravest = USE_THERAPY;
    closedir(folder);
    return gravest;
}

static bool hold_fill(int file, const struct hold *hold)
{
    char text[HOLD_REASON_MAX + 16];
    int size = snprintf(text, sizeof text, "%s %s", use_word(hold->use), hold->reason);

    return flock(file, LOCK_EX | LOCK_NB) == 0 && write(file, text, (size_t)size) == size &&
           fcntl(file, F_SETFD, 0) == 0 && fchmod(file, 0644) == 0;
}

bool hold_make(const char *run, const struct hold *hold, int *file, char *path, size_t capacity,
               struct failure *why)
{
    char folder[1024], hidden[1100];

    snprintf(folder, sizeof folder, "%s/holds", run);
    snprintf(hidden, sizeof hidden, "%s/new-XXXXXX", folder);
    if (!folder_make(folder, why))
        return failure_set(why, FAIL_AGENT_HOLD, "%s can't be made", folder);
    *file = mkostemp(hidden, O_CLOEXEC);
    if (*file < 0)
        return failure_set(why, FAIL_AGENT_HOLD, "%s: %s", folder, strerror(errno));
    const char *unique = hidden + strlen(hidden) - 6;
    snprintf(path, capacity, "%s/" PREFIX "%s", folder, unique);
    if (hold_fill(*file, hold) && rename(hidden, path) == 0)
        return true;
    failure_set(why, FAIL_AGENT_HOLD, "%s: %s", path, strerror(errno));
    unlink(hidden);
    close(*file);
    return false;
}

void hold_end(int file, const char *path)
{
    unlink(path);
    flock(file, LOCK_UN);
    close(file);
}

static void refuse_path(const char *run, char path[1024])
{
    snprintf(path, 1024, "%s/refuse", run);
}

bool holds_refused(const char *run, char *reason, size_t capacity)
{
    char path[1024], text[128];

    refuse_path(run, path);
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0)
        return false;
    ssize_t size = read(file, text, sizeof text - 1);
    close(file);
    text_harmless(reason, capacity, text, size > 0 ? (size_t)size : 0);
    return true;
}

bool holds_refuse(const char *run, const char *reason)
{
    char path[1024];

    refuse_path(run, path);
    if (reason == NULL)
        return unlink(path) == 0 || errno == ENOENT;
    return file_write(path, span_text(reason), 0644, NULL);
}
