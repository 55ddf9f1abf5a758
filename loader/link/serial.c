/* serial:PATH[@BAUD]: a tty in raw mode, 8N1, held exclusively. Speeds that no constant names go through the driver's own
 * divisor (BOTHER). Nothing here waits: a dead line only never answers. */
#include "loader/link/link.h"

#include <asm/termbits.h> /* struct termios2, which <termios.h> hides; the two can't be included together */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define BAUD_DEFAULT 115200
#define BAUD_MAX     4000000
#define PATH_SIZE    4096

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

static bool make_raw(int file, unsigned baud)
{
    struct termios2 line;

    if (ioctl(file, TCGETS2, &line) != 0)
        return false;
    line.c_iflag = line.c_oflag = line.c_lflag = 0;
    line.c_cflag = CS8 | CREAD | CLOCAL | BOTHER | BOTHER << IBSHIFT;
    line.c_ispeed = line.c_ospeed = baud;
    line.c_cc[VMIN] = line.c_cc[VTIME] = 0;
    return ioctl(file, TCSETS2, &line) == 0 && ioctl(file, TCFLSH, TCIOFLUSH) == 0;
}

static enum failure_id failure_of(int error)
{
    if (error == EACCES || error == EPERM)
        return FAIL_LINK_PERMISSION;
    return error == EBUSY ? FAIL_LINK_BUSY : FAIL_NO_DEVICE;
}

static bool serial_open(struct link *link, const char *rest, struct failure *why)
{
    char path[PATH_SIZE];
    unsigned baud;

    if (!split(rest, path, &baud))
        return failure_set(why, FAIL_ADDRESS, "serial:%s: PATH, or PATH@BAUD with at most %d", rest,
                           BAUD_MAX);
    int file = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (file < 0)
        return failure_set(why, failure_of(errno), "serial:%s: %s", path, strerror(errno));
    if (!isatty(file)) {
        close(file);
        return failure_set(why, FAIL_ADDRESS, "serial:%s: not a serial port", path);
    }
    if (flock(file, LOCK_EX | LOCK_NB) != 0 || ioctl(file, TIOCEXCL) != 0) {
        close(file);
        return failure_set(why, FAIL_LINK_BUSY, "serial:%s", path);
    }
    if (!make_raw(file, baud)) {
        int error = errno;
        close(file);
        return failure_set(why, FAIL_ADDRESS, "serial:%s: %u baud: %s", path, baud, strerror(error));
    }
    link->descriptor = file;
    return true;
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

const struct link_kind link_serial = {"serial",     LINK_LINE,    serial_open, serial_read,
                                      serial_write, serial_close, serial_same};
