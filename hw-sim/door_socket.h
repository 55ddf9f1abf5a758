/* A device's door: a Unix socket on which one loader at a time speaks to it. A second one is let in and shown out at once,
 * so that it knows. While the cable is pulled or power is off the door is shut: nobody can connect, whoever was there is
 * hung up on. Bytes wait in two buffers between the socket and the device. */
#ifndef SUTURE_SIM_DOOR_SOCKET_H
#define SUTURE_SIM_DOOR_SOCKET_H

#include "hw-sim/unix_socket.h"
#include "keys/base/span.h"

#include <poll.h>

#define DOOR_BUFFER 8192 /* bytes in each direction */
#define DOOR_POLLS  2

struct door {
    const char *path; /* borrowed */
    struct unix_listener listener;
    int client; /* -1: nobody */
    bool newly; /* a client came or went since door_changed was asked */
    uint8_t in_bytes[DOOR_BUFFER], out_bytes[DOOR_BUFFER];
    struct buffer in, out;
};

/* A shut door; `path` must live as long. */
void door_start(struct door *door, const char *path);
/* FAIL_DOOR. Opening an open door does nothing. */
bool door_open(struct door *door, struct failure *why);
void door_shut(struct door *door);
/* Fills DOOR_POLLS rows for poll(2); then door_serve takes what happened: lets in, reads, writes, hangs up. */
void door_watch(const struct door *door, struct pollfd polls[DOOR_POLLS]);
void door_serve(struct door *door, const struct pollfd polls[DOOR_POLLS]);
/* Writes what waits, as far as the socket takes it. */
void door_flush(struct door *door);
/* Whether a client came or went since the last time this was asked. */
bool door_changed(struct door *door);
/* Removes the first `size` bytes of a buffer. */
void door_took(struct buffer *buffer, size_t size);

#endif
