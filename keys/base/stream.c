/* The two calls, with what a stream answers put in one number. */
#include "keys/base/stream.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/socket.h>

static bool comes_later(int error)
{
    return error == EAGAIN || error == EINTR;
}

ssize_t stream_take(int file, uint8_t *data, size_t capacity)
{
    ssize_t got = recv(file, data, capacity, 0);

    if (got > 0)
        return got;
    return got < 0 && comes_later(errno) ? 0 : STREAM_GONE;
}

ssize_t stream_give(int file, const uint8_t *data, size_t size)
{
    ssize_t sent = send(file, data, size, MSG_NOSIGNAL);

    if (sent >= 0)
        return sent;
    return comes_later(errno) ? 0 : STREAM_GONE;
}
