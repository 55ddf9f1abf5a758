/* A pump at the end of a line, all in virtual time and one process: the client of tests/support/pump.h, framings on both
 * sides, and between them two wires with a baud rate, a delay, and the faults of the pump's own script.
 *
 *   client ─ line (frames) ═ wire ═► ring ─► line (packets) ─► agent       and back without a ring
 *
 * The ring is what a UART driver keeps while the agent is away: room for all but one of the frames that the port promises
 * in `bufs`. A line has no way to say stop: what comes beyond that is lost, and counted. A raw link waits instead. */
#ifndef SUTURE_TESTS_SUPPORT_WIRED_H
#define SUTURE_TESTS_SUPPORT_WIRED_H

#include "agent/protocol/line.h"
#include "hw-sim/wire.h"
#include "tests/support/pump.h"

#define WIRED_PACKET     4096u /* bytes of the largest packet */
#define WIRED_BUFFERS    8u
#define WIRED_TIMEOUT_MS 4000 /* of a chunk: as the loader's */
#define WIRED_TRIES      12   /* more than the loader has: for lines that nobody would leave plugged in */

struct wired_line {
    enum framing framing;
    uint32_t baud;     /* 0: no limit */
    uint32_t delay_us; /* each way: half a round trip */
    size_t depth;      /* bytes that a driver buffers at each sender, at most WIRE_MAX */
    size_t buffer;     /* bytes of a packet: the profile's */
    unsigned buffers;  /* packets that the port promises to keep, 1 to WIRED_BUFFERS */
    unsigned window;   /* requests in flight; 0: as many as that */
};

struct wired {
    struct pump *pump;
    struct wired_line set;
    uint64_t now_us;
    struct wire to_device, to_host;
    struct line device_line, host_line;
    bool pulled;
    uint64_t link_resets; /* times that the cable came back */
    uint64_t overruns;    /* bytes that found no room in the device */
    unsigned silences;    /* after which the client sent again */
    unsigned unfounded;   /* of these: no fault was at work since the one before */
    uint64_t faults_seen; /* happened before the last one */
    bool fault_lasts;     /* one of before was at work after it */
    struct buffer ring;
    struct span taken; /* of a packet that the agent did not take yet */
    uint8_t device_in[WIRED_PACKET + FRAME_OVERHEAD], device_out[WIRED_PACKET];
    uint8_t host_in[WIRED_PACKET + FRAME_OVERHEAD], host_out[WIRED_PACKET];
    uint8_t ring_memory[WIRED_BUFFERS * (WIRED_PACKET / 93 + 2) * FRAME_LINE_MAX];
};

/* Lays the line; the pump's profile must have a pty door. The pump's clock is the line's from now on. */
void wired_start(struct wired *wired, struct pump *pump, const struct wired_line *line);
/* Uploads; CLIENT_WAITING: it did not end within `most_ms`. */
enum client_event wired_upload(struct wired *wired, const struct buffer *push, uint64_t most_ms);
/* Faults that have happened so far, of all kinds. */
uint64_t wired_faults(const struct wired *wired);
/* One request of group 21333 without a body, tried once for `timeout_ms`. */
enum client_event wired_ask(struct wired *wired, enum suture_verb verb, uint32_t timeout_ms);
/* Lets `ms` pass. */
void wired_wait(struct wired *wired, uint64_t ms);

#endif
