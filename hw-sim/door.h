/* A device's door, on which one loader at a time speaks to it: a socket (a second loader is let in and shown out at once, so
 * that it knows), or a serial line (a pty under a stable name, whose frames become packets here). While the cable is pulled or
 * power is off the door is shut: nobody can connect, whoever was there is hung up on. Between the door and the device stand
 * a wire in each direction, as fast as its baud rate and as bad as its faults, and two buffers of packets:
 *
 *   loader ⇄ kind (socket, pty) ⇄ wires (baud, faults) ⇄ frames, on a pty ⇄ in, out ⇄ device */
#ifndef SUTURE_SIM_DOOR_H
#define SUTURE_SIM_DOOR_H

#include "agent/protocol/line.h"
#include "hw-sim/wire.h"
#include "keys/base/span.h"
#include "keys/base/stream.h"
#include "keys/base/unix_socket.h"

#include <poll.h>

#define DOOR_BUFFER 8192 /* bytes in each direction */
#define DOOR_POLLS  2

#define DOOR_PACKET   4096 /* largest packet on a line, either way */
#define DOOR_ADDRESS  128  /* bytes of an address, its NUL included */
#define DOOR_BURST_MS 20   /* so much of a wire's speed waits at its sender */

struct door;

/* What a kind of door provides. Nothing blocks. */
struct door_kind {
    enum { DOOR_PACKETS, DOOR_FRAMES } carries;
    bool (*open)(struct door *door, struct failure *why);
    void (*shut)(struct door *door);
    /* A connection waits at door->listener. */
    void (*let_in)(struct door *door);
    /* Bytes moved, 0 for none now; DOOR_GONE: the loader went away. */
    ssize_t (*read)(struct door *door, uint8_t *data, size_t capacity);
    ssize_t (*write)(struct door *door, const uint8_t *data, size_t size);
    /* What a loader types to come here, without "suture". */
    void (*address)(const struct door *door, char out[DOOR_ADDRESS]);
};
#define DOOR_GONE STREAM_GONE
extern const struct door_kind door_unix, door_tcp, door_pty;

struct door {
    const struct door_kind *kind;
    const char *path;              /* borrowed: PATH, or 127.0.0.1:PORT */
    struct unix_listener listener; /* `file` is what is polled, whatever the kind */
    int client;                    /* -1: nobody; a pty's master */
    int slave;                     /* pty: held open, so that it lives while nobody is there */
    uint16_t port;                 /* tcp: the one it got, kept over shutting */
    bool newly;                    /* a client came or went since door_changed was asked */
    bool babbles;                  /* what comes from the device is noise: it goes out as it is */
    struct wire to_device, to_loader;
    struct line line; /* frames: their codec */
    uint8_t in_packet[DOOR_PACKET + FRAME_OVERHEAD], out_packet[DOOR_PACKET];
    uint8_t in_bytes[DOOR_BUFFER], out_bytes[DOOR_BUFFER], arrived_bytes[256];
    struct buffer in, out; /* packets for the device, and from it */
    struct buffer arrived; /* what the loader's side did not take yet */
};

/* A shut door; `path` and `faults` (NULL: none) must live as long. `baud` 0: no limit. */
void door_start(struct door *door, const struct door_kind *kind, const char *path, uint32_t baud,
                struct faults *faults);
/* FAIL_DOOR. Opening an open door does nothing. */
bool door_open(struct door *door, struct failure *why);
void door_shut(struct door *door);
bool door_is_open(const struct door *door);
/* Fills DOOR_POLLS rows for poll(2); then door_serve takes what happened: lets in, reads, writes, hangs up. */
void door_watch(const struct door *door, struct pollfd polls[DOOR_POLLS], uint64_t now_us);
void door_serve(struct door *door, const struct pollfd polls[DOOR_POLLS], uint64_t now_us);
/* Lets bytes go on through wires and frames, both ways, as far as it is time and there is room; true when some did. */
bool door_flow(struct door *door, uint64_t now_us);
/* When door_flow has something to do again, though nothing came meanwhile; FAULTS_NEVER. */
uint64_t door_wake(const struct door *door, uint64_t now_us);
/* Whether what comes from the device is noise, which no door takes for packets. */
void door_babbles(struct door *door, bool babbles);
/* Whether a client came or went since the last time this was asked. */
bool door_changed(struct door *door);
/* Removes the first `size` bytes of a buffer. */
void door_took(struct buffer *buffer, size_t size);

/* For the kinds: whoever was there is gone, and what was on its way with him. */
void door_hang_up(struct door *door);

#endif
