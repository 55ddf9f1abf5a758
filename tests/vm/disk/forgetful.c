/* A disk with a volatile write cache, as a plugin of nbdkit, which speaks NBD for it: for power cuts that killing QEMU on a
 * file can't show, because the file keeps what was never flushed. Writes stay apart until a flush or FUA; at the cut (command
 * `cut-at`, counted from when the file `arm` is there; or the death of the connection) each 512-byte sector not flushed by then survives by the toss of a seeded coin,
 * so that larger writes tear. nbdkit's own cache filter loses everything unflushed or nothing, and its log has no data. */
#define NBDKIT_API_VERSION 2
#include <nbdkit-plugin.h>

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/vm/disk/disk_log.h"

#define THREAD_MODEL NBDKIT_THREAD_MODEL_SERIALIZE_ALL_REQUESTS

static char *image, *log_path, *report_path, *arm_path;
static uint64_t seed = 1, cut_at;
static FILE *log_file;
static uint8_t *safe;  /* the image: what survives */
static uint8_t *view;  /* what a reader sees */
static uint8_t *dirty; /* one byte a sector: written and not flushed */
static uint64_t size, commands, armed_at;

static int disk_config(const char *key, const char *value)
{
    if (strcmp(key, "image") == 0)
        image = nbdkit_realpath(value);
    else if (strcmp(key, "log") == 0)
        log_path = nbdkit_absolute_path(value);
    else if (strcmp(key, "report") == 0)
        report_path = nbdkit_absolute_path(value);
    else if (strcmp(key, "arm") == 0)
        arm_path = nbdkit_absolute_path(value);
    else if (strcmp(key, "seed") == 0)
        return nbdkit_parse_uint64_t(key, value, &seed);
    else if (strcmp(key, "cut-at") == 0)
        return nbdkit_parse_uint64_t(key, value, &cut_at);
    else {
        nbdkit_error("no parameter '%s'; know image log report arm seed cut-at", key);
        return -1;
    }
    return 0;
}

static int disk_config_complete(void)
{
    if (image)
        return 0;
    nbdkit_error("image=FILE is needed");
    return -1;
}

static int disk_ready(void)
{
    struct stat found;
    int file = open(image, O_RDWR | O_CLOEXEC);

    if (file < 0 || fstat(file, &found) || found.st_size <= 0 || found.st_size % DISK_SECTOR) {
        nbdkit_error("%s: not a file of whole sectors that can be written", image);
        return -1;
    }
    size = (uint64_t)found.st_size;
    safe = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    view = malloc(size);
    dirty = calloc(size / DISK_SECTOR, 1);
    log_file = log_path ? fopen(log_path, "wbe") : NULL;
    if (safe == MAP_FAILED || !view || !dirty || (log_path && !log_file)) {
        nbdkit_error("%s: no memory for it, or its log can't be written", image);
        return -1;
    }
    memcpy(view, safe, size);
    return 0;
}

static void sectors_settle(uint64_t first, uint64_t count)
{
    for (uint64_t sector = first; sector < first + count; sector++) {
        if (dirty[sector])
            memcpy(safe + sector * DISK_SECTOR, view + sector * DISK_SECTOR, DISK_SECTOR);
        dirty[sector] = 0;
    }
}

/* The power is gone: nothing of this process goes on. */
static void cut(void)
{
    uint64_t at_risk = 0, lost = 0, chance = seed * 2 + 1;
    FILE *report = report_path ? fopen(report_path, "we") : NULL;

    for (uint64_t sector = 0; sector < size / DISK_SECTOR; sector++) {
        if (!dirty[sector])
            continue;
        at_risk++;
        if (disk_toss(&chance) & 1)
            sectors_settle(sector, 1);
        else
            lost++;
    }
    if (report) {
        fprintf(report, "commands %llu at_risk %llu lost %llu\n", (unsigned long long)commands,
                (unsigned long long)at_risk, (unsigned long long)lost);
        fclose(report);
    }
    if (log_file)
        fclose(log_file);
    _exit(0);
}

/* Counts a write or flush that is about to be done, and cuts the power instead when it is the one. */
static void command_count(void)
{
    commands++;
    if (armed_at == 0 && (!arm_path || access(arm_path, F_OK) == 0))
        armed_at = commands;
    if (armed_at != 0 && commands - armed_at + 1 == cut_at)
        cut();
}

/* Before the answer: whoever saw the answer finds the command in the log. */
static int command_note(enum disk_command command, uint64_t offset, uint32_t count, const void *data)
{
    struct disk_entry entry = {offset, count, command};

    if (!log_file)
        return 0;
    if (fwrite(&entry, sizeof entry, 1, log_file) == 1 &&
        (count == 0 || fwrite(data, count, 1, log_file) == 1))
        return 0;
    nbdkit_error("the log can't be written: %m");
    return -1;
}

static void *disk_open(int readonly)
{
    (void)readonly;
    return NBDKIT_HANDLE_NOT_NEEDED;
}

/* A machine that was switched off in order has flushed; one that died has not. */
static void disk_close(void *handle)
{
    (void)handle;
    cut();
}

static int64_t disk_size(void *handle)
{
    (void)handle;
    return (int64_t)size;
}

static int disk_can_flush(void *handle)
{
    (void)handle;
    return 1;
}

static int disk_can_fua(void *handle)
{
    (void)handle;
    return NBDKIT_FUA_NATIVE;
}

static int disk_read(void *handle, void *data, uint32_t count, uint64_t offset, uint32_t flags)
{
    (void)handle, (void)flags;
    memcpy(data, view + offset, count);
    return 0;
}

static int disk_write(void *handle, const void *data, uint32_t count, uint64_t offset, uint32_t flags)
{
    uint64_t first = offset / DISK_SECTOR, end = (offset + count + DISK_SECTOR - 1) / DISK_SECTOR;
    bool through = flags & NBDKIT_FLAG_FUA;

    (void)handle;
    command_count();
    memcpy(view + offset, data, count);
    memset(dirty + first, 1, end - first);
    if (through)
        sectors_settle(first, end - first);
    return command_note(through ? COMMAND_WRITE_THROUGH : COMMAND_WRITE, offset, count, data);
}

static int disk_flush(void *handle, uint32_t flags)
{
    (void)handle, (void)flags;
    command_count();
    sectors_settle(0, size / DISK_SECTOR);
    return command_note(COMMAND_FLUSH, 0, 0, NULL);
}

static struct nbdkit_plugin plugin = {
    .name = "forgetful",
    .longname = "a disk that forgets what was not flushed",
    .config = disk_config,
    .config_complete = disk_config_complete,
    .config_help = "image=FILE log=FILE report=FILE arm=FILE seed=N cut-at=COMMAND",
    .get_ready = disk_ready,
    .open = disk_open,
    .close = disk_close,
    .get_size = disk_size,
    .can_flush = disk_can_flush,
    .can_fua = disk_can_fua,
    .pread = disk_read,
    .pwrite = disk_write,
    .flush = disk_flush,
};

NBDKIT_REGISTER_PLUGIN(plugin)
