/* Opening and moving bytes; what must survive a power cut when is the business of state_disk.c and slot_disk.c. */
#include "agent/ports/linux/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static bool refuse(struct disk *disk, const char *what, struct failure *why)
{
    failure_set(why, FAIL_AGENT_DISK, "%s: %s", disk->path, what);
    disk_close(disk);
    return false;
}

/* Room is taken now, not in the middle of an update. */
static bool make_room(struct disk *disk, uint64_t size, struct failure *why)
{
    int error = posix_fallocate(disk->file, 0, (off_t)size);

    if (error == EOPNOTSUPP || error == EINVAL)
        error = ftruncate(disk->file, (off_t)size) == 0 ? 0 : errno;
    if (error != 0)
        return refuse(disk, strerror(error), why);
    return true;
}

/* A path that was just made must not vanish with the folder's last change. */
static bool folder_flush(const char *path)
{
    char folder[1024];
    const char *slash = strrchr(path, '/');
    size_t length = slash ? (size_t)(slash - path) : 0;

    if (length >= sizeof folder)
        return false;
    memcpy(folder, path, length);
    folder[length] = '\0';
    int file = open(slash == NULL ? "." : length == 0 ? "/" : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0)
        return false;
    bool done = fsync(file) == 0;
    close(file);
    return done;
}

static bool large_enough(struct disk *disk, enum disk_use use, uint64_t size, struct failure *why)
{
    struct stat stat;

    if (fstat(disk->file, &stat) != 0)
        return refuse(disk, strerror(errno), why);
    if (!S_ISREG(stat.st_mode) && !S_ISBLK(stat.st_mode))
        return refuse(disk, "neither a file nor a block device", why);
    off_t end = lseek(disk->file, 0, SEEK_END);
    if (end < 0)
        return refuse(disk, strerror(errno), why);
    if ((uint64_t)end >= size)
        return true;
    if (use == DISK_MAKE && S_ISREG(stat.st_mode))
        return make_room(disk, size, why) &&
               ((fsync(disk->file) == 0 && folder_flush(disk->path)) || refuse(disk, strerror(errno), why));
    failure_set(why, FAIL_AGENT_DISK, "%s: %llu bytes, and %llu are needed", disk->path,
                (unsigned long long)end, (unsigned long long)size);
    disk_close(disk);
    return false;
}

bool disk_open(const char *path, enum disk_use use, uint64_t size, struct disk *out, struct failure *why)
{
    int flags = use == DISK_READ ? O_RDONLY : use == DISK_WRITE ? O_RDWR : O_RDWR | O_CREAT;

    *out = (struct disk){open(path, flags | O_CLOEXEC | O_NONBLOCK, 0600), path};
    if (out->file < 0)
        return refuse(out, strerror(errno), why);
    if (!large_enough(out, use, size, why))
        return false;
    posix_fadvise(out->file, 0, 0, POSIX_FADV_DONTNEED);
    return true;
}

void disk_close(struct disk *disk)
{
    if (disk->file >= 0)
        close(disk->file);
    disk->file = -1;
}

bool disk_lock(const struct disk *disk, struct failure *why)
{
    if (flock(disk->file, LOCK_EX | LOCK_NB) == 0)
        return true;
    if (errno == EWOULDBLOCK)
        return failure_set(why, FAIL_AGENT_LOCKED, "%s: held by another program", disk->path);
    return failure_set(why, FAIL_AGENT_DISK, "%s: %s", disk->path, strerror(errno));
}

bool disk_read(const struct disk *disk, uint64_t offset, uint8_t *data, size_t size)
{
    while (size > 0) {
        ssize_t got = pread(disk->file, data, size, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        data += got;
        offset += (uint64_t)got;
        size -= (size_t)got;
    }
    return true;
}

bool disk_write(const struct disk *disk, uint64_t offset, const uint8_t *data, size_t size)
{
    while (size > 0) {
        ssize_t put = pwrite(disk->file, data, size, (off_t)offset);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return false;
        data += put;
        offset += (uint64_t)put;
        size -= (size_t)put;
    }
    return true;
}

bool disk_flush(const struct disk *disk)
{
    return fdatasync(disk->file) == 0;
}
