/* Listening, connecting, and whose socket it is. */
#include "keys/base/unix_socket.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 8

static bool address_of(const char *path, struct sockaddr_un *address, enum failure_id id, struct failure *why)
{
    size_t length = strlen(path);

    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    if (length == 0 || length >= sizeof address->sun_path)
        return failure_set(why, id, "%s: a socket's path has 1 to %zu bytes, this one %zu", path,
                           sizeof address->sun_path - 1, length);
    memcpy(address->sun_path, path, length);
    return true;
}

/* True when a socket stands at the path and nobody listens on it. */
static bool is_stale(const struct sockaddr_un *address)
{
    struct stat stat;
    bool refused = false;

    if (lstat(address->sun_path, &stat) != 0 || !S_ISSOCK(stat.st_mode))
        return false;
    int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (probe < 0)
        return false;
    if (connect(probe, (const struct sockaddr *)address, sizeof *address) != 0)
        refused = errno == ECONNREFUSED;
    close(probe);
    return refused;
}

/* The mode is set before the socket has a name, so that nobody else can connect in between. */
static bool bind_private(int file, const struct sockaddr_un *address)
{
    return fchmod(file, 0600) == 0 && bind(file, (const struct sockaddr *)address, sizeof *address) == 0;
}

bool unix_listen(const char *path, enum failure_id id, struct unix_listener *out, struct failure *why)
{
    struct sockaddr_un address;
    struct stat stat;

    out->file = -1;
    if (!address_of(path, &address, id, why))
        return false;
    int file = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (file < 0)
        return failure_set(why, id, "%s: %s", path, strerror(errno));
    bool bound = bind_private(file, &address);
    if (!bound && errno == EADDRINUSE && is_stale(&address)) {
        unlink(address.sun_path);
        bound = bind_private(file, &address);
    }
    if (!bound || listen(file, BACKLOG) != 0 || lstat(address.sun_path, &stat) != 0) {
        failure_set(why, id, "%s: %s", path, strerror(errno));
        close(file);
        return false;
    }
    memcpy(out->path, address.sun_path, sizeof out->path);
    out->file = file;
    out->device = stat.st_dev;
    out->number = stat.st_ino;
    return true;
}

void unix_unlisten(struct unix_listener *listener)
{
    struct stat stat;

    if (listener->file < 0)
        return;
    if (lstat(listener->path, &stat) == 0 && stat.st_dev == listener->device &&
        stat.st_ino == listener->number)
        unlink(listener->path);
    close(listener->file);
    listener->file = -1;
}

int unix_accept(const struct unix_listener *listener)
{
    return accept4(listener->file, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

int unix_connect(const char *path, enum failure_id id, struct failure *why)
{
    struct sockaddr_un address;

    if (!address_of(path, &address, id, why))
        return -1;
    int file = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (file >= 0 && connect(file, (const struct sockaddr *)&address, sizeof address) == 0)
        return file;
    failure_set(why, id, "%s: %s", path, strerror(errno));
    if (file >= 0)
        close(file);
    return -1;
}

int unix_dial(const char *path)
{
    struct sockaddr_un address;

    if (!address_of(path, &address, FAIL_DOOR, NULL))
        return -1;
    int file = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (file >= 0 && connect(file, (const struct sockaddr *)&address, sizeof address) == 0)
        return file;
    if (file >= 0)
        close(file);
    return -1;
}
