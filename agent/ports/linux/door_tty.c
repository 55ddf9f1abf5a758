/* tty:PATH[@BAUD]: a serial line in raw mode, held for the agent alone. A line that goes away (a USB adapter pulled) is opened
 * again once a second. */
#include "agent/ports/linux/door.h"

#include "keys/base/steady.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define AGAIN_MS     1000
#define PATH_MAX_TTY 256

static const struct {
    unsigned long baud;
    speed_t speed;
} speeds[] = {{9600, B9600},       {19200, B19200},    {38400, B38400},   {57600, B57600},
              {115200, B115200},   {230400, B230400},  {460800, B460800}, {921600, B921600},
              {1000000, B1000000}, {3000000, B3000000}};

static bool place_read(const char *place, char path[PATH_MAX_TTY], speed_t *speed)
{
    const char *at = strrchr(place, '@');
    size_t length = at ? (size_t)(at - place) : strlen(place);
    char *end;
    unsigned long baud = at ? strtoul(at + 1, &end, 10) : 115200;

    if (length == 0 || length >= PATH_MAX_TTY || (at && (at[1] < '0' || at[1] > '9' || *end != '\0')))
        return false;
    memcpy(path, place, length);
    path[length] = '\0';
    for (size_t i = 0; i < sizeof speeds / sizeof speeds[0]; i++)
        if (speeds[i].baud == baud) {
            *speed = speeds[i].speed;
            return true;
        }
    return false;
}

/* Raw before a byte is read: a line in cooked mode echoes and changes bytes. */
static bool make_raw(int file, speed_t speed)
{
    struct termios terminal;

    if (tcgetattr(file, &terminal) != 0)
        return false;
    cfmakeraw(&terminal);
    cfsetispeed(&terminal, speed);
    cfsetospeed(&terminal, speed);
    terminal.c_cflag |= CLOCAL | CREAD;
    terminal.c_cflag &= ~(tcflag_t)(CRTSCTS | HUPCL);
    terminal.c_cc[VMIN] = 0;
    terminal.c_cc[VTIME] = 0;
    return tcsetattr(file, TCSANOW, &terminal) == 0 && tcflush(file, TCIOFLUSH) == 0;
}

/* 0, or errno. */
static int line_open(struct door *door, const char *path, speed_t speed)
{
    int file = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

    if (file < 0)
        return errno;
    if (flock(file, LOCK_EX | LOCK_NB) != 0 || ioctl(file, TIOCEXCL) != 0 || !make_raw(file, speed)) {
        int error = errno;
        close(file);
        return error;
    }
    door->file = file;
    door->newly = true;
    return 0;
}

static bool tty_open(struct door *door, struct failure *why)
{
    char path[PATH_MAX_TTY];
    speed_t speed;

    if (!place_read(door->place, path, &speed))
        return failure_set(why, FAIL_AGENT_DOOR, "tty:%s: want PATH@BAUD with a usual baud rate",
                           door->place);
    int error = line_open(door, path, speed);
    return error == 0 || failure_set(why, FAIL_AGENT_DOOR, "%s: %s", path, strerror(error));
}

static void tty_shut(struct door *door)
{
    door_hang_up(door);
}

static void tty_watch(const struct door *door, struct pollfd polls[DOOR_POLLS], bool wants_in, bool wants_out)
{
    polls[0] = (struct pollfd){door->file, (short)((wants_in ? POLLIN : 0) | (wants_out ? POLLOUT : 0)), 0};
    polls[1] = (struct pollfd){-1, 0, 0};
}

static void tty_serve(struct door *door, const struct pollfd polls[DOOR_POLLS])
{
    char path[PATH_MAX_TTY];
    speed_t speed;

    if (door->file >= 0 && (polls[0].revents & (POLLHUP | POLLERR | POLLNVAL))) {
        door_hang_up(door);
        door->again = steady_ms() + AGAIN_MS;
    }
    if (door->file >= 0 || steady_ms() < door->again)
        return;
    door->again = steady_ms() + AGAIN_MS;
    if (place_read(door->place, path, &speed))
        (void)line_open(door, path, speed);
}

static ssize_t moved(ssize_t size)
{
    if (size >= 0)
        return size;
    return errno == EAGAIN || errno == EINTR ? 0 : DOOR_GONE;
}

/* With VMIN 0 nothing waiting reads as nothing; a line that is gone says so by an error or by poll. */
static ssize_t tty_read(struct door *door, uint8_t *data, size_t capacity)
{
    return moved(read(door->file, data, capacity));
}

static ssize_t tty_write(struct door *door, const uint8_t *data, size_t size)
{
    return moved(write(door->file, data, size));
}

static bool tty_quiet(const struct door *door)
{
    int waiting = 0;

    return ioctl(door->file, TIOCOUTQ, &waiting) != 0 || waiting == 0;
}

const struct door_kind door_tty = {
    DOOR_FRAMES, tty_open, tty_shut, tty_watch, tty_serve, tty_read, tty_write, tty_quiet,
};
