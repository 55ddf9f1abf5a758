/* unix:PATH: one client at a time on a socket. */
#include "hw-sim/door.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool socket_open(struct door *door, struct failure *why)
{
    return door->listener.file >= 0 || unix_listen(door->path, FAIL_DOOR, &door->listener, why);
}

static void hang_up(struct door *door)
{
    if (door->client < 0)
        return;
    close(door->client);
    door->client = -1;
    door->newly = true;
    door->in.size = door->out.size = 0;
}

static void socket_shut(struct door *door)
{
    hang_up(door);
    unix_unlisten(&door->listener);
}

static void socket_watch(const struct door *door, struct pollfd polls[DOOR_POLLS])
{
    short client = 0;

    if (door->in.size < door->in.capacity)
        client |= POLLIN;
    if (door->out.size > 0)
        client |= POLLOUT;
    polls[0] = (struct pollfd){door->listener.file, POLLIN, 0};
    polls[1] = (struct pollfd){door->client, client, 0};
}

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

static void read_client(struct door *door)
{
    ssize_t got = recv(door->client, door->in.data + door->in.size, door->in.capacity - door->in.size, 0);

    if (got > 0)
        door->in.size += (size_t)got;
    else if (got == 0 || (errno != EAGAIN && errno != EINTR))
        hang_up(door);
}

static void socket_flush(struct door *door)
{
    while (door->client >= 0 && door->out.size > 0) {
        ssize_t sent = send(door->client, door->out.data, door->out.size, MSG_NOSIGNAL);
        if (sent < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (sent < 0) {
            hang_up(door);
            return;
        }
        door_took(&door->out, (size_t)sent);
    }
}

static void socket_serve(struct door *door, const struct pollfd polls[DOOR_POLLS])
{
    if (polls[1].fd >= 0 && polls[1].fd == door->client) {
        if ((polls[1].revents & (POLLIN | POLLHUP | POLLERR)) != 0 && door->in.size < door->in.capacity)
            read_client(door);
        if ((polls[1].revents & POLLOUT) != 0)
            socket_flush(door);
    }
    if (polls[0].fd >= 0 && polls[0].fd == door->listener.file && (polls[0].revents & POLLIN) != 0)
        let_in(door);
}

const struct door_kind door_socket = {socket_open, socket_shut, socket_watch, socket_serve, socket_flush};
