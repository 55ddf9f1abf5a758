/* unix:PATH: a stream socket, as the simulator's door and the Linux agent offer it. */
#include "loader/link/link.h"

#include "keys/base/stream.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static bool socket_open(struct link *link, const char *path, struct failure *why)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};

    if (strlen(path) >= sizeof name.sun_path)
        return failure_set(why, FAIL_ADDRESS, "unix:%s: a socket's path has at most %zu bytes", path,
                           sizeof name.sun_path - 1);
    memcpy(name.sun_path, path, strlen(path) + 1);
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0)
        return failure_set(why, FAIL_INTERNAL, "unix:%s: %s", path, strerror(errno));
    if (connect(descriptor, (struct sockaddr *)&name, sizeof name) != 0) {
        int error = errno;
        close(descriptor);
        enum failure_id id = error == EACCES || error == EPERM ? FAIL_LINK_PERMISSION : FAIL_NO_DEVICE;
        return failure_set(why, id, "unix:%s: %s", path, strerror(error));
    }
    link->descriptor = descriptor;
    return true;
}

enum link_result stream_read(struct link *link, uint8_t *data, size_t capacity, size_t *got)
{
    ssize_t count = stream_take(link->descriptor, data, capacity);

    *got = count > 0 ? (size_t)count : 0;
    return count == STREAM_GONE ? LINK_LOST : LINK_OK;
}

enum link_result stream_write(struct link *link, const uint8_t *data, size_t size, size_t *put)
{
    ssize_t count = stream_give(link->descriptor, data, size);

    *put = count > 0 ? (size_t)count : 0;
    return count == STREAM_GONE ? LINK_LOST : LINK_OK;
}

static void socket_close(struct link *link)
{
    close(link->descriptor);
}

static bool socket_same(const char *path, const char *other)
{
    struct stat a, b;

    if (strcmp(path, other) == 0)
        return true;
    return stat(path, &a) == 0 && stat(other, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

const struct link_kind link_socket = {.scheme = "unix",
                                      .wire = LINK_PACKETS,
                                      .open = socket_open,
                                      .read = stream_read,
                                      .write = stream_write,
                                      .close = socket_close,
                                      .same = socket_same};
