/* unix:PATH and tcp:127.0.0.1:PORT: one client at a time on a socket. */
#include "hw-sim/door.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Both ---------------------------------------------------------------------------------------------------------------- */

static void let_in(struct door *door)
{
    int file = unix_accept(&door->listener);

    if (file < 0)
        return;
    if (door->client >= 0) {
        close(file);
        return;
    }
    door->client = file;
    door->newly = true;
}

static ssize_t socket_read(struct door *door, uint8_t *data, size_t capacity)
{
    return stream_take(door->client, data, capacity);
}

static ssize_t socket_write(struct door *door, const uint8_t *data, size_t size)
{
    return stream_give(door->client, data, size);
}

/* unix:PATH ------------------------------------------------------------------------------------------------------- */

static bool unix_open(struct door *door, struct failure *why)
{
    return unix_listen(door->path, FAIL_DOOR, &door->listener, why);
}

static void unix_shut(struct door *door)
{
    door_hang_up(door);
    unix_unlisten(&door->listener);
}

static void unix_address(const struct door *door, char out[DOOR_ADDRESS])
{
    snprintf(out, DOOR_ADDRESS, "unix:%s", door->path);
}

const struct door_kind door_unix = {
    DOOR_PACKETS, unix_open, unix_shut, let_in, socket_read, socket_write, unix_address,
};

/* tcp:127.0.0.1:PORT ---------------------------------------------------------------------------------------------- */

static bool no_tcp(struct door *door, int file, struct failure *why)
{
    failure_set(why, FAIL_DOOR, "tcp:%s: %s", door->path, strerror(errno));
    if (file >= 0)
        close(file);
    return false;
}

/* Loopback, whatever the path says: the profile's reader takes no other host. */
static bool tcp_open(struct door *door, struct failure *why)
{
    const char *colon = strrchr(door->path, ':');
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    int yes = 1;

    if (colon == NULL)
        return failure_set(why, FAIL_DOOR, "tcp:%s: no port", door->path);
    address.sin_port = htons(door->port ? door->port : (uint16_t)strtoul(colon + 1, NULL, 10));
    int file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (file < 0 || setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
        bind(file, (const struct sockaddr *)&address, sizeof address) != 0 || listen(file, 1) != 0 ||
        getsockname(file, (struct sockaddr *)&address, &size) != 0)
        return no_tcp(door, file, why);
    door->listener.file = file;
    door->port = ntohs(address.sin_port);
    return true;
}

static void tcp_shut(struct door *door)
{
    door_hang_up(door);
    if (door->listener.file >= 0)
        close(door->listener.file);
    door->listener.file = -1;
}

/* Small answers leave at once: nothing would come to fill them up. */
static void tcp_let_in(struct door *door)
{
    int yes = 1;

    let_in(door);
    if (door->client >= 0)
        setsockopt(door->client, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

static void tcp_address(const struct door *door, char out[DOOR_ADDRESS])
{
    snprintf(out, DOOR_ADDRESS, "tcp:127.0.0.1:%u", door->port);
}

const struct door_kind door_tcp = {
    DOOR_PACKETS, tcp_open, tcp_shut, tcp_let_in, socket_read, socket_write, tcp_address,
};
