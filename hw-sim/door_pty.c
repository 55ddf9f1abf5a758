/* pty:PATH: a serial line. PATH is a symbolic link to the pty's slave, which any program opens as it opens a real port. The
 * slave is held open here too: programs come and go, and the line neither ends nor reports a hang-up. Only a link to a pty
 * is ever replaced, and only our own is removed. */
#include "hw-sim/door.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define PTY_FOLDER "/dev/pts/"
#define PATH_SIZE  4096

static bool no_pty(struct door *door, const char *what, struct failure *why)
{
    failure_set(why, FAIL_DOOR, "%s: %s: %s", door->path, what, strerror(errno));
    door->kind->shut(door);
    return false;
}

/* Where the link at `path` leads; false: no link stands there. */
static bool link_read(const char *path, char to[PATH_SIZE])
{
    ssize_t length = readlink(path, to, PATH_SIZE - 1);

    if (length < 0)
        return false;
    to[length] = '\0';
    return true;
}

/* Nothing, or what a simulator left behind: a link to a pty. */
static bool path_is_free(const char *path)
{
    char to[PATH_SIZE];

    if (link_read(path, to))
        return strncmp(to, PTY_FOLDER, sizeof PTY_FOLDER - 1) == 0;
    return errno == ENOENT;
}

/* The name changes from one line to the next at once: nobody finds it missing. */
static bool link_put(const char *path, const char *slave)
{
    char beside[PATH_SIZE];
    int length = snprintf(beside, sizeof beside, "%s.%ld", path, (long)getpid());

    if (length < 0 || length >= (int)sizeof beside) {
        errno = ENAMETOOLONG;
        return false;
    }
    if (symlink(slave, beside) != 0)
        return false;
    if (rename(beside, path) == 0)
        return true;
    int error = errno;
    unlink(beside);
    errno = error;
    return false;
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
    char name[DOOR_ADDRESS];

    if (!path_is_free(door->path))
        return failure_set(why, FAIL_DOOR, "%s: something else stands there", door->path);
    door->client = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (door->client < 0 || grantpt(door->client) != 0 || unlockpt(door->client) != 0 ||
        ptsname_r(door->client, name, sizeof name) != 0)
        return no_pty(door, "no pty", why);
    door->slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (door->slave < 0 || !make_raw(door->slave))
        return no_pty(door, name, why);
    if (!link_put(door->path, name))
        return no_pty(door, "no link", why);
    door->newly = true;
    return true;
}

static void pty_shut(struct door *door)
{
    char name[DOOR_ADDRESS], to[PATH_SIZE];

    if (door->client < 0)
        return;
    if (ptsname_r(door->client, name, sizeof name) == 0 && link_read(door->path, to) && strcmp(to, name) == 0)
        unlink(door->path);
    if (door->slave >= 0)
        close(door->slave);
    door->slave = -1;
    door_hang_up(door);
}

static ssize_t pty_read(struct door *door, uint8_t *data, size_t capacity)
{
    ssize_t got = read(door->client, data, capacity);

    return got > 0 ? got : 0;
}

static ssize_t pty_write(struct door *door, const uint8_t *data, size_t size)
{
    ssize_t put = write(door->client, data, size);

    return put > 0 ? put : 0;
}

static void nobody_knocks(struct door *door)
{
    (void)door;
}

static void pty_address(const struct door *door, char out[DOOR_ADDRESS])
{
    snprintf(out, DOOR_ADDRESS, "serial:%s", door->path);
}

const struct door_kind door_pty = {
    DOOR_FRAMES, pty_open, pty_shut, nobody_knocks, pty_read, pty_write, pty_address,
};
