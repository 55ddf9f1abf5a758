/* Preloaded into an agent whose disk is logged: just before an answer leaves on a socket, a struct disk_answer is written to a
 * reserved place of the same disk, past the kernel's cache, so that the log shows what was written and flushed before it.
 * WITNESS=DEVICE:OFFSET says where, RECORDS=DEVICE where the boot records are. The agent itself is not changed.
 *
 * FLUSHES=never and FLUSHES=late make it a wrong agent, which the proof must find out: one that never flushes, and one that
 * flushes only once its answer is on its way. */
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/ports/linux/state_disk.h"
#include "tests/vm/disk/disk_log.h"

#define PENDING_MAX 8

static int device = -1, records = -1;
static off_t device_offset;
static enum { FLUSHES_AT_ONCE, FLUSHES_NEVER, FLUSHES_LATE } flushes;
static int pending[PENDING_MAX]; /* files whose flush is owed */
static size_t pending_count;
static pthread_mutex_t pending_lock =
    PTHREAD_MUTEX_INITIALIZER; /* the agent flushes its slots beside its work */
static uint32_t answers;

static _Noreturn void give_up(const char *why)
{
    fprintf(stderr, "witness: %s\n", why);
    _exit(70);
}

__attribute__((constructor)) static void witness_begin(void)
{
    const char *place = getenv("WITNESS"), *how = getenv("FLUSHES");
    const char *colon = place ? strrchr(place, ':') : NULL;
    char path[256];

    if (how)
        flushes = strcmp(how, "never") == 0  ? FLUSHES_NEVER
                  : strcmp(how, "late") == 0 ? FLUSHES_LATE
                                             : FLUSHES_AT_ONCE;
    if (!colon)
        return;
    snprintf(path, sizeof path, "%.*s", (int)(colon - place), place);
    device_offset = (off_t)strtoull(colon + 1, NULL, 10);
    device = open(path, O_WRONLY | O_DIRECT | O_CLOEXEC);
    records = getenv("RECORDS") ? open(getenv("RECORDS"), O_RDONLY | O_CLOEXEC) : -1;
    if (device < 0 || records < 0)
        give_up("its devices can't be opened");
}

static int flush_really(int file)
{
    int (*flush)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");

    return flush(file);
}

static void pending_flush(void)
{
    pthread_mutex_lock(&pending_lock);
    for (size_t i = 0; i < pending_count; i++)
        flush_really(pending[i]);
    pending_count = 0;
    pthread_mutex_unlock(&pending_lock);
}

/* An agent has three files that it flushes. */
static void pending_add(int file)
{
    bool known = false;

    pthread_mutex_lock(&pending_lock);
    for (size_t i = 0; i < pending_count; i++)
        known = known || pending[i] == file;
    if (!known && pending_count < PENDING_MAX)
        pending[pending_count++] = file;
    pthread_mutex_unlock(&pending_lock);
}

int fdatasync(int file)
{
    if (flushes == FLUSHES_AT_ONCE)
        return flush_really(file);
    if (flushes == FLUSHES_LATE)
        pending_add(file);
    return 0;
}

int fsync(int file)
{
    return fdatasync(file);
}

static bool is_socket(int file)
{
    struct stat found;

    return fstat(file, &found) == 0 && S_ISSOCK(found.st_mode);
}

static void answer_note(const void *data, size_t size)
{
    static union {
        struct disk_answer answer;
        uint8_t bytes[sizeof(struct disk_answer)];
    } note __attribute__((aligned(4096)));

    if (device < 0)
        return;
    note.answer = (struct disk_answer){.magic = DISK_ANSWER, .number = ++answers, .size = (uint32_t)size};
    memcpy(note.answer.bytes, data, size < sizeof note.answer.bytes ? size : sizeof note.answer.bytes);
    for (off_t unit = 0; unit < DISK_RECORDS_SIZE / STATE_UNIT; unit++)
        if (pread(records, note.answer.records + unit * STATE_UNIT, STATE_UNIT, unit * STATE_SECTOR) !=
            STATE_UNIT)
            give_up("the records can't be read");
    if (pwrite(device, note.bytes, sizeof note.bytes, device_offset) != sizeof note.bytes)
        give_up("an answer can't be noted");
}

ssize_t write(int file, const void *data, size_t size)
{
    ssize_t (*next)(int, const void *, size_t) =
        (ssize_t(*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");

    if (!is_socket(file))
        return next(file, data, size);
    answer_note(data, size);
    ssize_t put = next(file, data, size);
    pending_flush();
    return put;
}

ssize_t send(int file, const void *data, size_t size, int flags)
{
    ssize_t (*next)(int, const void *, size_t, int) =
        (ssize_t(*)(int, const void *, size_t, int))dlsym(RTLD_NEXT, "send");

    answer_note(data, size);
    ssize_t put = next(file, data, size, flags);
    pending_flush();
    return put;
}
