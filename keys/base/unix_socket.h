/* Unix sockets as doors and controls need them: made for their owner only, stale ones removed, never anybody else's. Host
 * code. */
#ifndef SUTURE_KEYS_BASE_UNIX_SOCKET_H
#define SUTURE_KEYS_BASE_UNIX_SOCKET_H

#include "keys/base/failure.h"

#include <stdint.h>

#define SOCKET_PATH 108 /* bytes of sun_path, its NUL included */

struct unix_listener {
    char path[SOCKET_PATH];
    int file;                /* -1: closed */
    uint64_t device, number; /* of the socket in the file system, so that only our own is unlinked */
};

/* Listens at `path` with mode 0600, non-blocking. A socket left there by a dead process is removed; one that answers, or
 * anything that is no socket, is not. Failure: `id`. */
bool unix_listen(const char *path, enum failure_id id, struct unix_listener *out, struct failure *why);
/* Closes and removes the socket. Closing twice does no harm. */
void unix_unlisten(struct unix_listener *listener);
/* Takes a waiting connection, non-blocking; -1: none. */
int unix_accept(const struct unix_listener *listener);
/* Connects, blocking; -1 and `id` when nobody listens there. */
int unix_connect(const char *path, enum failure_id id, struct failure *why);
/* Connects without waiting; the connection does not block. -1: nobody listens there now. */
int unix_dial(const char *path);

#endif
