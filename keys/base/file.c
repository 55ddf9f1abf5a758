#include "keys/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool read_all(int file, const char *path, size_t size, struct buffer *out, struct failure *why)
{
    while (out->size < size) {
        ssize_t got = read(file, out->data + out->size, size - out->size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return failure_set(why, FAIL_FILE_READ, "%s: %s", path, strerror(errno));
        if (got == 0)
            return failure_set(why, FAIL_FILE_READ, "%s: became shorter while it was read", path);
        out->size += (size_t)got;
    }
    return true;
}

bool file_read(const char *path, size_t most, struct buffer *out, struct failure *why)
{
    struct buffer content = {NULL, 0, 0};
    struct stat about;
    bool done = false;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (file < 0)
        return failure_set(why, FAIL_FILE_OPEN, "%s: %s", path, strerror(errno));
    if (fstat(file, &about) != 0) {
        failure_set(why, FAIL_FILE_READ, "%s: %s", path, strerror(errno));
        goto out;
    }
    if (!S_ISREG(about.st_mode)) {
        failure_set(why, FAIL_FILE_OPEN, "%s: not a regular file", path);
        goto out;
    }
    if (about.st_size < 0 || (uintmax_t)about.st_size > most) {
        failure_set(why, FAIL_FILE_TOO_LARGE, "%s: %jd bytes, at most %zu", path, (intmax_t)about.st_size,
                    most);
        goto out;
    }
    content.capacity = (size_t)about.st_size;
    content.data = malloc(content.capacity ? content.capacity : 1);
    if (content.data == NULL) {
        failure_set(why, FAIL_MEMORY, "%s: %zu bytes", path, content.capacity);
        goto out;
    }
    done = read_all(file, path, content.capacity, &content, why);
out:
    close(file);
    if (done)
        *out = content;
    else
        free(content.data);
    return done;
}

static bool write_all(int file, struct span bytes)
{
    while (bytes.size > 0) {
        ssize_t put = write(file, bytes.data, bytes.size);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return false;
        bytes = span_from(bytes, (size_t)put);
    }
    return true;
}

static bool sync_folder(const char *path)
{
    char *copy = strdup(path);
    if (copy == NULL)
        return false;
    int folder = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(copy);
    if (folder < 0)
        return false;
    bool synced = fsync(folder) == 0 || errno == EINVAL;
    close(folder);
    return synced;
}

bool file_write(const char *path, struct span bytes, unsigned mode, struct failure *why)
{
    size_t length = strlen(path);
    char *temporary = malloc(length + sizeof ".XXXXXX");
    int file = -1;
    bool done = false;

    if (temporary == NULL)
        return failure_set(why, FAIL_MEMORY, "%s", path);
    memcpy(temporary, path, length);
    memcpy(temporary + length, ".XXXXXX", sizeof ".XXXXXX");
    file = mkostemp(temporary, O_CLOEXEC);
    if (file < 0) {
        failure_set(why, FAIL_FILE_WRITE, "%s: %s", path, strerror(errno));
        goto out;
    }
    if (fchmod(file, mode) != 0 || !write_all(file, bytes) || fsync(file) != 0) {
        failure_set(why, FAIL_FILE_WRITE, "%s: %s", path, strerror(errno));
        goto out;
    }
    int closed = close(file);
    file = -1;
    if (closed != 0 || rename(temporary, path) != 0) {
        failure_set(why, FAIL_FILE_WRITE, "%s: %s", path, strerror(errno));
        goto out;
    }
    temporary[0] = '\0';
    done = sync_folder(path) || failure_set(why, FAIL_FILE_WRITE, "%s: %s", path, strerror(errno));
out:
    if (file >= 0)
        close(file);
    if (temporary[0] != '\0')
        unlink(temporary);
    free(temporary);
    return done;
}

bool folder_make(const char *path, struct failure *why)
{
    char *part = strdup(path);
    bool made = part != NULL && path[0] != '\0';

    for (char *at = made ? strchr(part + 1, '/') : NULL; made; at = strchr(at + 1, '/')) {
        if (at != NULL)
            *at = '\0';
        made = mkdir(part, 0700) == 0 || errno == EEXIST;
        if (at == NULL)
            break;
        *at = '/';
    }
    if (!made)
        failure_set(why, FAIL_FILE_WRITE, "%s: %s", path, strerror(errno));
    free(part);
    return made;
}
