/* The SMP client, sans I/O: loader, simulator's tests and power proof all drive a device through it. Bytes in, bytes out,
 * time given by the caller; no link, no heap, no files. One job at a time: a single request, or a windowed transfer.
 *
 *   client_request / client_transfer ─► client_send ─► (link) ─► client_receive ─► client_poll says what came of it
 */
#ifndef SUTURE_AGENT_PROTOCOL_CLIENT_H
#define SUTURE_AGENT_PROTOCOL_CLIENT_H

#include "agent/protocol/frame_raw.h"
#include "agent/protocol/messages.h"

#define CLIENT_WINDOW_MAX 16

enum client_event {
    CLIENT_WAITING,  /* nothing yet: call again when bytes came or at client_wake() */
    CLIENT_ANSWER,   /* the request was answered; client_answer() is valid until the next call */
    CLIENT_DONE,     /* the transfer ended; client_answer() is its last answer */
    CLIENT_REFUSED,  /* the device answered an error; client_error() */
    CLIENT_TIMEOUT,  /* no answer in time, retries included: the device may or may not have acted */
    CLIENT_NONSENSE, /* answers that are no SMP, offsets beyond the file, or no progress: see docs/formats.md */
    CLIENT_SOURCE,   /* the caller's source could not be read */
};

/* Where a transfer's bytes come from. `read` copies exactly `size` bytes at `offset`, or answers a failure. */
struct client_source {
    void *context;
    uint64_t size;
    enum status (*read)(void *context, uint64_t offset, uint8_t *data, size_t size);
};

struct client_transfer {
    uint16_t group;             /* SMP_GROUP_IMAGE upload, or group 21333 check and trust */
    uint8_t id;
    struct client_source source;
    const uint8_t *sha;         /* SHA-256 of the source (32 bytes, must outlive the transfer), or NULL */
    unsigned window;            /* requests in flight, 1..CLIENT_WINDOW_MAX */
};

/* Counts of one transfer. Bytes of the source. */
struct client_progress {
    uint64_t size;
    uint64_t acknowledged;      /* the offset that the device wants next */
    uint64_t first_offset;      /* what the device wanted after the first chunk: what needed no sending again */
    uint64_t sent;              /* payload bytes sent, repeats included */
    unsigned retries;
};

struct client_flight {
    bool used;
    uint8_t sequence;
    uint64_t offset, end;       /* source bytes that it carries */
};

struct client {
    struct frame_raw frame;
    struct buffer out;          /* bytes for the link */
    size_t out_sent;
    size_t packet_max;          /* largest packet that we send */
    uint8_t next_sequence;
    enum { CLIENT_JOB_NONE, CLIENT_JOB_REQUEST, CLIENT_JOB_TRANSFER } job;
    uint8_t op, id;
    uint16_t group;
    uint8_t sequence;           /* of the request that waits */
    size_t request_size;        /* the request stands whole in `out`: for sending again */
    uint64_t deadline;          /* ms */
    uint32_t timeout_ms;
    unsigned tries_left, busy_left;
    struct client_transfer transfer;
    struct client_progress progress;
    struct client_flight flights[CLIENT_WINDOW_MAX];
    uint64_t next_offset, gone_back_for, stalls;
    bool first_answered, gone_back;
    struct span answer;
    struct smp_error error;
    enum client_event event;
};

/* Memory: `receive` takes the largest answer (at least 512 bytes); `send` at least CLIENT_WINDOW_MAX packets of
 * `packet_max` bytes, or fewer with a smaller window. Both must live as long as the client. */
void client_start(struct client *client, struct buffer receive, struct buffer send, size_t packet_max);
/* The link was opened anew: forgets half-received bytes and what was in flight; a running transfer asks again from off 0. */
void client_link_reset(struct client *client, uint64_t now);
/* After capabilities are known: the device's `buf`. */
void client_packet_max(struct client *client, size_t packet_max);

/* Starts one request; `body` is an encoded map (empty: an empty map). Sent again after each `timeout_ms`, `tries` times in
 * all; verbs name digests, so a repeat does no harm. rc 10 (busy) is asked again after 250 ms for up to 30 s. WRONG_STATE: a
 * job is running. TOO_LARGE. */
enum status client_request(struct client *client, enum smp_op op, uint16_t group, uint8_t id, struct span body,
                           uint64_t now, uint32_t timeout_ms, unsigned tries);
/* Starts a transfer. The first chunk goes alone; then as many as `window`. The device rules the offset: forward jumps are
 * followed, one step back is made once per wanted offset. */
enum status client_transfer_start(struct client *client, const struct client_transfer *transfer, uint64_t now,
                                  uint32_t timeout_ms, unsigned tries);
/* Ends whatever runs; answers that still come are ignored. */
void client_cancel(struct client *client);

void client_receive(struct client *client, struct span bytes, uint64_t now);
/* Moves up to `capacity` bytes for the link into `out`; returns how many. */
size_t client_send(struct client *client, uint8_t *out, size_t capacity, uint64_t now);
/* What happened. Every event but CLIENT_WAITING ends the job and is told once. */
enum client_event client_poll(struct client *client, uint64_t now);
/* When to poll at the latest (ms); UINT64_MAX: only bytes can wake it. */
uint64_t client_wake(const struct client *client);
struct span client_answer(const struct client *client); /* the answer's CBOR body */
const struct smp_error *client_error(const struct client *client);
const struct client_progress *client_progress(const struct client *client);

#endif
