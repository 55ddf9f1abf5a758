/* Bytes of a connected stream socket that does not block, for whoever serves or speaks over one. Host code. */
#ifndef SUTURE_KEYS_BASE_STREAM_H
#define SUTURE_KEYS_BASE_STREAM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define STREAM_GONE ((ssize_t)-1) /* the other end went away; the socket is still to be closed */

/* Bytes moved, 0 for none now. */
ssize_t stream_take(int file, uint8_t *data, size_t capacity);
ssize_t stream_give(int file, const uint8_t *data, size_t size);

#endif
