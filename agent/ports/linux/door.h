/* A way in for loaders: a socket, a serial line, a USB gadget. A device may have several; each carries whole SMP packets to
 * the agent and its answers back, one loader at a time on each.
 *
 *   loader ⇄ kind (bytes) ⇄ in ─► packets ─► the machine ─► agent
 *                         ◄─ out ◄─ answers ◄──────────────┘ */
#ifndef SUTURE_AGENT_PORTS_LINUX_DOOR_H
#define SUTURE_AGENT_PORTS_LINUX_DOOR_H

#include "agent/ports/linux/config.h"
#include "agent/protocol/frame_raw.h"
#include "agent/protocol/line.h"
#include "keys/base/stream.h"
#include "keys/base/unix_socket.h"

#include <poll.h>
#include <sys/types.h>

#define DOOR_POLLS 2
#define DOOR_BYTES (128u * 1024) /* in each direction */
/* The largest SMP packet: one that is too large for the agent is refused by the agent. */
#define DOOR_PACKET (65535u + 8u)

struct door;

/* What a kind of door provides. Nothing blocks. */
struct door_kind {
    enum { DOOR_PACKETS, DOOR_FRAMES } carries;
    bool (*open)(struct door *door, struct failure *why);
    void (*shut)(struct door *door);
    /* Fills `polls` (file -1: none). `wants_in`: there is room for bytes; `wants_out`: bytes wait. */
    void (*watch)(const struct door *door, struct pollfd polls[DOOR_POLLS], bool wants_in, bool wants_out);
    /* What happened at the polls that is not reading or writing: someone knocks, a line comes back. */
    void (*serve)(struct door *door, const struct pollfd polls[DOOR_POLLS]);
    /* Bytes moved, 0: none now, DOOR_GONE: whoever was there went away. */
    ssize_t (*read)(struct door *door, uint8_t *data, size_t capacity);
    ssize_t (*write)(struct door *door, const uint8_t *data, size_t size);
    /* Whether what was written has left; NULL: it has, once it was taken. */
    bool (*quiet)(const struct door *door);
};
#define DOOR_GONE STREAM_GONE
extern const struct door_kind door_unix, door_tcp, door_tty, door_usb;

struct door {
    const struct door_kind *kind;
    const struct config_file *config;
    const char *place;             /* borrowed: what stands behind the kind's name */
    struct unix_listener listener; /* its `file` is what is polled for those who knock, whatever the kind */
    int file;                      /* whoever is there; -1: nobody */
    void *more;                    /* of the kind's own */
    uint64_t again;                /* ms: when a line that went away is tried again */
    uint64_t stuck;                /* ms: since when waiting bytes do not move; 0: they do */
    bool newly;                    /* someone came or went since it was asked */
    struct buffer in;              /* bytes read, the first `taken` of them framed already */
    size_t taken;
    struct buffer out; /* bytes that wait to be written */
    struct frame_raw frame;
    struct line line;
    uint64_t heard;     /* ms */
    struct span packet; /* one that the agent has not taken wholly; size 0: none */
    uint8_t *memory;    /* all of the above */
};

/* Bytes that nobody takes for so long are dropped, and what is on its way with them: one host that does not read must not keep
 * the others from the agent. */
#define DOOR_STUCK_MS 3000

/* From a word: "unix:PATH", or "usb" with `more` its gadget. FAIL_AGENT_CONFIG, FAIL_MEMORY; then FAIL_AGENT_DOOR, FAIL_AGENT_GADGET. */
bool door_open(struct door *door, const struct config_file *config, const char *word, void *more,
               struct failure *why);
void door_shut(struct door *door);
/* Reads and writes what is possible; true when bytes moved. */
bool door_move(struct door *door);
/* A whole packet stands in door->packet. `now` in ms. */
bool door_packet(struct door *door, uint64_t now);
/* Bytes that an answer may have now; 0: not yet. */
size_t door_room(const struct door *door);
/* Takes raw bytes of answers, at most door_room. */
void door_give(struct door *door, struct span raw);
/* Whether all that was given is on its way. */
bool door_quiet(const struct door *door);
/* Whether someone came or went since this was asked. */
bool door_changed(struct door *door);
/* For the kinds: whoever was there is gone, and what was on its way with him. */
void door_hang_up(struct door *door);

#endif
