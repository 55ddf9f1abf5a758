/* unix:PATH and tcp:PORT (loopback only): one loader at a time; another is let in and shown out at once, so that it knows. */
#include "agent/ports/linux/door.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 4

static bool refuse(struct door *door, const char *reason, struct failure *why)
{
    failure_set(why, FAIL_AGENT_DOOR, "%s: %s", door->place, reason);
    if (door->listener.file >= 0)
        close(door->listener.file);
    door->listener.file = -1;
    return false;
}

static bool unix_open(struct door *door, struct failure *why)
{
    return unix_listen(door->place, FAIL_AGENT_DOOR, &door->listener, why);
}

static bool tcp_open(struct door *door, struct failure *why)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int yes = 1;
    char *end;
    unsigned long port = strtoul(door->place, &end, 10);

    if (door->place[0] < '0' || door->place[0] > '9' || *end != '\0' || port == 0 || port > 65535)
        return refuse(door, "tcp: wants a port from 1 to 65535", why);
    address.sin_port = htons((uint16_t)port);
    int file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    door->listener.file = file;
    if (file < 0 || setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
        bind(file, (const struct sockaddr *)&address, sizeof address) != 0 || listen(file, BACKLOG) != 0)
        return refuse(door, strerror(errno), why);
    return true;
}

static void unix_shut(struct door *door)
{
    door_hang_up(door);
    unix_unlisten(&door->listener);
}

static void tcp_shut(struct door *door)
{
    door_hang_up(door);
    if (door->listener.file >= 0)
        close(door->listener.file);
    door->listener.file = -1;
}

static void socket_watch(const struct door *door, struct pollfd polls[DOOR_POLLS], bool wants_in,
                         bool wants_out)
{
    polls[0] = (struct pollfd){door->listener.file, POLLIN, 0};
    polls[1] = (struct pollfd){door->file, (short)((wants_in ? POLLIN : 0) | (wants_out ? POLLOUT : 0)), 0};
}

/* Small answers leave at once: nothing would come to fill them up. */
static void let_in(struct door *door)
{
    int yes = 1;
    int file = unix_accept(&door->listener);

    if (file < 0)
        return;
    if (door->file >= 0) {
        close(file);
        return;
    }
    setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    door->file = file;
    door->newly = true;
}

static void socket_serve(struct door *door, const struct pollfd polls[DOOR_POLLS])
{
    if (polls[1].revents & (POLLHUP | POLLERR) && !(polls[1].revents & POLLIN))
        door_hang_up(door);
    if (polls[0].revents != 0)
        let_in(door);
}

static ssize_t socket_read(struct door *door, uint8_t *data, size_t capacity)
{
    return stream_take(door->file, data, capacity);
}

static ssize_t socket_write(struct door *door, const uint8_t *data, size_t size)
{
    return stream_give(door->file, data, size);
}

const struct door_kind door_unix = {
    DOOR_PACKETS, unix_open, unix_shut, socket_watch, socket_serve, socket_read, socket_write, NULL,
};
const struct door_kind door_tcp = {
    DOOR_PACKETS, tcp_open, tcp_shut, socket_watch, socket_serve, socket_read, socket_write, NULL,
};
