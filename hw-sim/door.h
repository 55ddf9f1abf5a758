/* A device's door, on which one loader at a time speaks to it: a Unix socket (a second loader is let in and shown out at once,
 * so that it knows), or a serial line (a pty under a stable name, whose frames become packets here). While the cable is
 * pulled or power is off the door is shut: nobody can connect, whoever was there is hung up on. Packets wait in two buffers
 * between the door and the device. */
#ifndef SUTURE_SIM_DOOR_H
#define SUTURE_SIM_DOOR_H

#include "agent/protocol/line.h"
#include "hw-sim/unix_socket.h"
#include "keys/base/span.h"

#include <poll.h>

#define DOOR_BUFFER 8192 /* bytes in each direction */
#define DOOR_POLLS  2

#define DOOR_PACKET 4096 /* largest packet on a line, either way */

struct door;

/* How a kind of door does what stands below. */
struct door_kind {
    bool (*open)(struct door *door, struct failure *why);
    void (*shut)(struct door *door);
    void (*watch)(const struct door *door, struct pollfd polls[DOOR_POLLS]);
    void (*serve)(struct door *door, const struct pollfd polls[DOOR_POLLS]);
    void (*flush)(struct door *door);
};
extern const struct door_kind door_socket, door_pty;

/* What a line needs beside: its codec, and wire bytes that the pty did not take yet. */
struct door_line {
    struct line line;
    uint8_t in_packet[DOOR_PACKET + FRAME_OVERHEAD], out_packet[DOOR_PACKET];
    uint8_t wire[256];
    size_t wire_size, wire_sent;
    bool babbles; /* what comes from the device is noise: it goes out as it is */
    int slave;    /* held open, so that the pty lives while nobody is there */
};

struct door {
    const struct door_kind *kind;
    const char *path; /* borrowed */
    struct unix_listener listener;
    struct door_line serial;
    int client; /* -1: nobody; a pty's master */
    bool newly; /* a client came or went since door_changed was asked */
    uint8_t in_bytes[DOOR_BUFFER], out_bytes[DOOR_BUFFER];
    struct buffer in, out;
};

/* A shut door; `path` must live as long. */
void door_start(struct door *door, const struct door_kind *kind, const char *path);
/* FAIL_DOOR. Opening an open door does nothing. */
bool door_open(struct door *door, struct failure *why);
void door_shut(struct door *door);
/* Fills DOOR_POLLS rows for poll(2); then door_serve takes what happened: lets in, reads, writes, hangs up. */
void door_watch(const struct door *door, struct pollfd polls[DOOR_POLLS]);
void door_serve(struct door *door, const struct pollfd polls[DOOR_POLLS]);
/* Writes what waits, as far as the socket takes it. */
void door_flush(struct door *door);
/* Whether what comes from the device is noise, which no door takes for packets. */
void door_babbles(struct door *door, bool babbles);
/* Whether a client came or went since the last time this was asked. */
bool door_changed(struct door *door);
/* Removes the first `size` bytes of a buffer. */
void door_took(struct buffer *buffer, size_t size);

#endif
