/* pty:PATH: a serial line. PATH is a symbolic link to the pty's slave, which any program opens as it opens a real port; its
 * frames become packets on this side. Only a link of our own is ever replaced or removed. */
#include "hw-sim/door.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static uint64_t steady_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static bool no_pty(struct door *door, const char *what, struct failure *why)
{
    failure_set(why, FAIL_DOOR, "%s: %s: %s", door->path, what, strerror(errno));
    door->kind->shut(door);
    return false;
}

/* A link from a dead simulator leads to no tty any more, or to one that is not there; anything else is not ours. */
static bool path_is_free(const char *path)
{
    struct stat about;

    if (lstat(path, &about) != 0)
        return errno == ENOENT;
    return S_ISLNK(about.st_mode);
}

static bool make_raw(int slave)
{
    struct termios line;

    if (tcgetattr(slave, &line) != 0)
        return false;
    cfmakeraw(&line);
    return tcsetattr(slave, TCSANOW, &line) == 0;
}

static bool pty_open(struct door *door, struct failure *why)
{
    struct door_line *serial = &door->serial;
    char name[128];

    if (door->client >= 0)
        return true;
    if (!path_is_free(door->path))
        return failure_set(why, FAIL_DOOR, "%s: something else stands there", door->path);
    door->client = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (door->client < 0 || grantpt(door->client) != 0 || unlockpt(door->client) != 0 ||
        ptsname_r(door->client, name, sizeof name) != 0)
        return no_pty(door, "no pty", why);
    serial->slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (serial->slave < 0 || !make_raw(serial->slave))
        return no_pty(door, name, why);
    unlink(door->path);
    if (symlink(name, door->path) != 0)
        return no_pty(door, "no link", why);
    line_start(&serial->line, LINE_DEVICE, buffer_over(serial->in_packet, sizeof serial->in_packet),
               buffer_over(serial->out_packet, sizeof serial->out_packet),
               (struct frame_chatter){NULL, NULL});
    serial->wire_size = serial->wire_sent = 0;
    door->newly = true;
    return true;
}

static void pty_shut(struct door *door)
{
    if (door->client < 0)
        return;
    if (door->serial.slave >= 0) {
        unlink(door->path);
        close(door->serial.slave);
    }
    close(door->client);
    door->client = door->serial.slave = -1;
    door->newly = true;
    door->in.size = door->out.size = 0;
}

/* Whether a packet of the largest size still fits: what is read must have a place. */
static bool has_room(const struct door *door)
{
    return door->in.capacity - door->in.size >= DOOR_PACKET;
}

static void pty_watch(const struct door *door, struct pollfd polls[DOOR_POLLS])
{
    bool waits = door->serial.wire_sent < door->serial.wire_size;
    short events = (short)((has_room(door) ? POLLIN : 0) | (waits ? POLLOUT : 0));

    polls[0] = (struct pollfd){-1, 0, 0};
    polls[1] = (struct pollfd){door->client, events, 0};
}

/* One piece of wire bytes; a packet that they complete goes to the device. Several small packets may come in one piece. */
static void read_wire(struct door *door)
{
    uint8_t bytes[64];
    struct span packet;
    ssize_t got;

    while (has_room(door) && (got = read(door->client, bytes, sizeof bytes)) > 0) {
        struct span in = span_of(bytes, (size_t)got);
        while (line_take(&door->serial.line, &in, steady_ms(), &packet) == OK)
            buffer_append(&door->in, packet);
    }
}

/* The next wire bytes from the answers that wait. */
static bool next_wire(struct door *door)
{
    struct door_line *serial = &door->serial;
    size_t wanted;

    serial->wire_sent = 0;
    if (serial->babbles) {
        serial->wire_size = door->out.size < sizeof serial->wire ? door->out.size : sizeof serial->wire;
        memcpy(serial->wire, door->out.data, serial->wire_size);
        door_took(&door->out, serial->wire_size);
        return serial->wire_size > 0;
    }
    while ((wanted = line_wants(&serial->line)) > 0 && door->out.size > 0) {
        size_t size = wanted < door->out.size ? wanted : door->out.size;
        line_give(&serial->line, span_of(door->out.data, size));
        door_took(&door->out, size);
    }
    serial->wire_size = line_send(&serial->line, serial->wire, sizeof serial->wire);
    return serial->wire_size > 0;
}

static void pty_flush(struct door *door)
{
    struct door_line *serial = &door->serial;

    while (door->client >= 0 && (serial->wire_sent < serial->wire_size || next_wire(door))) {
        ssize_t put =
            write(door->client, serial->wire + serial->wire_sent, serial->wire_size - serial->wire_sent);
        if (put <= 0)
            return;
        serial->wire_sent += (size_t)put;
    }
}

static void pty_serve(struct door *door, const struct pollfd polls[DOOR_POLLS])
{
    if (polls[1].fd < 0 || polls[1].fd != door->client)
        return;
    if ((polls[1].revents & POLLIN) != 0)
        read_wire(door);
    if ((polls[1].revents & POLLOUT) != 0)
        pty_flush(door);
}

const struct door_kind door_pty = {pty_open, pty_shut, pty_watch, pty_serve, pty_flush};
