/* serial:PATH[@BAUD]: a tty in raw mode, 8N1, held exclusively. Speeds that no constant names go through the driver's own
 * divisor (BOTHER). Nothing here waits: a dead line only never answers. */
#include "loader/link/link.h"
#include "loader/link/port_holder.h"

#include <asm/termbits.h> /* struct termios2, which <termios.h> hides; the two can't be included together */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define BAUD_DEFAULT 115200
#define BAUD_MAX     4000000
#define PATH_SIZE    4096

enum { UNIX98_PTY_FIRST = 136, UNIX98_PTY_LAST = 143 }; /* major numbers */

/* Splits PATH[@BAUD]; false when either can't be. */
static bool split(const char *rest, char path[PATH_SIZE], unsigned *baud)
{
    const char *at = strrchr(rest, '@');
    size_t length = at ? (size_t)(at - rest) : strlen(rest);
    char *end;

    if (length == 0 || length >= PATH_SIZE)
        return false;
    memcpy(path, rest, length);
    path[length] = '\0';
    *baud = BAUD_DEFAULT;
    if (at == NULL)
        return true;
    unsigned long number = strtoul(at + 1, &end, 10);
    if (at[1] < '1' || at[1] > '9' || *end != '\0' || number > BAUD_MAX)
        return false;
    *baud = (unsigned)number;
    return true;
}

/* The device's own speed, or near enough: a UART bears 3 %. A driver that can't make one takes another in silence. */
static bool speed_is(int file, unsigned baud, unsigned *got)
{
    struct termios2 line;

    if (ioctl(file, TCGETS2, &line) != 0)
        return false;
    *got = line.c_ospeed;
    return (uint64_t)line.c_ospeed * 100 >= (uint64_t)baud * 97 &&
           (uint64_t)line.c_ospeed * 100 <= (uint64_t)baud * 103;
}

/* Without HUPCL: closing the port must not drop DTR, which resets some boards. */
static bool make_raw(int file, unsigned baud, unsigned *got)
{
    struct termios2 line;

    *got = 0;
    if (ioctl(file, TCGETS2, &line) != 0)
        return false;
    line.c_iflag = line.c_oflag = line.c_lflag = 0;
    line.c_cflag = CS8 | CREAD | CLOCAL | BOTHER | BOTHER << IBSHIFT;
    line.c_ispeed = line.c_ospeed = baud;
    line.c_cc[VMIN] = line.c_cc[VTIME] = 0;
    return ioctl(file, TCSETS2, &line) == 0 && speed_is(file, baud, got) &&
           ioctl(file, TCFLSH, TCIOFLUSH) == 0;
}

static bool is_busy(const char *path, struct failure *why)
{
    struct port_holder holder;

    if (!port_holder_find(path, &holder))
        return failure_set(why, FAIL_LINK_BUSY, "serial:%s: held by a process that this user can't see",
                           path);
    if (strcmp(holder.program, "ModemManager") == 0)
        return failure_set(why, FAIL_MODEM_MANAGER, "serial:%s: process %d", path, (int)holder.pid);
    return failure_set(why, FAIL_LINK_BUSY, "serial:%s: held by %s, process %d", path,
                       holder.pid == getpid() ? "this program" : holder.program, (int)holder.pid);
}

static bool may_not(const char *path, struct failure *why)
{
    struct stat port;
    const struct group *group = stat(path, &port) == 0 ? getgrgid(port.st_gid) : NULL;

    if (group == NULL)
        return failure_set(why, FAIL_LINK_PERMISSION, "serial:%s", path);
    return failure_set(why, FAIL_LINK_PERMISSION, "serial:%s belongs to the group %s", path, group->gr_name);
}

static bool no_port(const char *path, int error, struct failure *why)
{
    switch (error) {
    case EACCES:
    case EPERM:
        return may_not(path, why);
    case EBUSY:
    case EWOULDBLOCK:
        return is_busy(path, why);
    case ENOTTY:
        return failure_set(why, FAIL_NOT_A_PORT, "serial:%s", path);
    default: /* a port without its hardware answers EIO */
        return failure_set(why, FAIL_NO_DEVICE, "serial:%s: %s", path, strerror(error));
    }
}

/* Nothing but a character device is opened: opening is an act for some files. */
static int open_port(const char *path)
{
    struct stat about;

    if (stat(path, &about) != 0)
        return -1;
    if (!S_ISCHR(about.st_mode)) {
        errno = ENOTTY;
        return -1;
    }
    return open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
}

/* A pty keeps the flag when its holder is killed, because its other end has it open too: there the lock alone must do. */
static bool hold_alone(int file)
{
    struct stat port;

    if (flock(file, LOCK_EX | LOCK_NB) != 0 || fstat(file, &port) != 0)
        return false;
    bool pty = major(port.st_rdev) >= UNIX98_PTY_FIRST && major(port.st_rdev) <= UNIX98_PTY_LAST;
    return pty || ioctl(file, TIOCEXCL) == 0;
}

static bool serial_open(struct link *link, const char *rest, struct failure *why)
{
    char path[PATH_SIZE];
    unsigned baud, got;
    int error;

    if (!split(rest, path, &baud))
        return failure_set(why, FAIL_ADDRESS, "serial:%s: PATH, or PATH@BAUD with at most %d", rest,
                           BAUD_MAX);
    int file = open_port(path);
    if (file < 0)
        return no_port(path, errno, why);
    if (isatty(file) && hold_alone(file)) {
        if (make_raw(file, baud, &got)) {
            link->descriptor = file;
            link->baud = baud;
            return true;
        }
        failure_set(why, FAIL_PORT_SPEED, "serial:%s: %u baud; it would run at %u", path, baud, got);
    } else {
        error = errno;
        no_port(path, error, why);
    }
    close(file);
    return false;
}

static enum link_result serial_read(struct link *link, uint8_t *data, size_t capacity, size_t *got)
{
    ssize_t count = read(link->descriptor, data, capacity);

    *got = count > 0 ? (size_t)count : 0;
    if (count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR)))
        return LINK_OK;
    /* A raw tty answers 0 when nothing is there, and EIO or ENXIO when it has gone. */
    return count == 0 && isatty(link->descriptor) ? LINK_OK : LINK_LOST;
}

static enum link_result serial_write(struct link *link, const uint8_t *data, size_t size, size_t *put)
{
    ssize_t count = write(link->descriptor, data, size);

    *put = count > 0 ? (size_t)count : 0;
    if (count >= 0 || errno == EAGAIN || errno == EINTR)
        return LINK_OK;
    return LINK_LOST;
}

/* What was not sent yet is thrown away: closing a tty would wait for a dead line to take it. */
static void serial_close(struct link *link)
{
    ioctl(link->descriptor, TCFLSH, TCOFLUSH);
    ioctl(link->descriptor, TIOCNXCL);
    close(link->descriptor);
}

static bool serial_same(const char *rest, const char *other)
{
    char paths[2][PATH_SIZE], *real[2];
    unsigned baud;
    bool same = false;

    if (!split(rest, paths[0], &baud) || !split(other, paths[1], &baud))
        return false;
    real[0] = realpath(paths[0], NULL);
    real[1] = realpath(paths[1], NULL);
    if (real[0] != NULL && real[1] != NULL)
        same = strcmp(real[0], real[1]) == 0;
    else
        same = strcmp(paths[0], paths[1]) == 0;
    free(real[0]);
    free(real[1]);
    return same;
}

const struct link_kind link_serial = {.scheme = "serial",
                                      .wire = LINK_LINE,
                                      .open = serial_open,
                                      .read = serial_read,
                                      .write = serial_write,
                                      .close = serial_close,
                                      .same = serial_same};
