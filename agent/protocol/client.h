/* The SMP client, sans I/O: loader, simulator's tests and power proof all drive a device through it. Bytes in, bytes out,
 * time given by the caller; no link, no heap, no files. One job at a time: a single request, or a windowed transfer.
 *
 *   client_request / client_transfer_start ─► client_send ─► (link) ─► client_receive ─► client_poll says what came of it
 *
 * The caller's loop: hand in what the link gives, poll, send what client_send gives, sleep until bytes come, the link takes
 * more, or client_wake.
 * Whatever the device answers, a job ends: see the bounds at client_transfer_start. */
#ifndef SUTURE_AGENT_PROTOCOL_CLIENT_H
#define SUTURE_AGENT_PROTOCOL_CLIENT_H

#include "agent/protocol/frame_raw.h"
#include "agent/protocol/messages.h"

#define CLIENT_WINDOW_MAX      16
#define CLIENT_PACKET_MIN      128   /* bytes: a first chunk with all its fields carries some data then */
#define CLIENT_BUSY_ASK_MS     250   /* a busy device is asked again after this, or after its quiet_ms ... */
#define CLIENT_BUSY_ASK_MAX_MS 5000  /* ... up to this ... */
#define CLIENT_BUSY_MAX_MS     30000 /* ... for so long in one go */
#define CLIENT_RESTARTS_MAX    16 /* times that a transfer is begun again because the device wants offset 0 */
#define CLIENT_LOST_FACTOR     8  /* bytes that it steps back in all: so many times the source's size */
#define CLIENT_DETOURS_MIN     64 /* unexpected offsets followed in all: this, and one for each 64 bytes */

enum client_event {
    CLIENT_WAITING, /* nothing yet: call again when bytes came or at client_wake() */
    CLIENT_ANSWER,  /* the request was answered; client_answer() */
    CLIENT_DONE,    /* the transfer ended; client_answer() is its last answer */
    CLIENT_REFUSED, /* the device answered an error; client_error(), and client_answer() for the rest of the body */
    CLIENT_TIMEOUT, /* no answer in time, retries included: the device may or may not have acted */
    CLIENT_STUCK,   /* a transfer: it answers, and through all tries wants the same bytes again */
    CLIENT_NONSENSE, /* an answer that is no SMP body or too large, an offset beyond the source, or the bounds were passed */
    CLIENT_SOURCE, /* the caller's source could not be read */
};

/* Where a transfer's bytes come from. `read` copies exactly `size` bytes at `offset`, or answers a failure. */
struct client_source {
    void *context;
    uint64_t size; /* at least 1 */
    enum status (*read)(void *context, uint64_t offset, uint8_t *data, size_t size);
};

struct client_transfer {
    uint16_t group; /* SMP_GROUP_IMAGE upload, or group 21333 check and trust */
    uint8_t id;
    struct client_source source;
    const uint8_t *sha; /* SHA-256 of the source (32 bytes, must outlive the transfer), or NULL */
    unsigned window;    /* requests in flight at most: the device's `bufs`; taken as 1..CLIENT_WINDOW_MAX */
};

/* Counts of one transfer. Bytes of the source. */
struct client_progress {
    uint64_t size;
    uint64_t acknowledged; /* the offset that the device wants next */
    uint64_t first_offset; /* what it wanted after the first chunk (the latest, when there were several) */
    uint64_t skipped;      /* what it had already: bytes that this transfer never sent */
    uint64_t sent;         /* payload bytes sent, repeats included */
    unsigned retries;      /* silences after which something was sent again */
};

struct client_flight {
    bool used;
    uint8_t sequence;
    uint64_t offset, end; /* source bytes that it carries */
    uint64_t begun;       /* ms: when the link began to take it */
};

/* How many chunks in flight fill the wire: found out from how long answers take. */
struct client_pace {
    unsigned width;       /* in flight at most, the window's bound apart */
    unsigned answers;     /* of this round, which ends with `width` of them */
    uint64_t round_began; /* ms */
    bool measures;        /* a round has begun, and nothing was lost in it */
    uint64_t least_ms;    /* from a chunk's begin to its answer, the shortest; UINT64_MAX: none yet */
};

/* Not to be copied or moved once started. The fields are the client's own; callers use the functions. */
struct client {
    struct frame_raw frame; /* answers that are waited for */
    struct frame_raw late;  /* what comes after: thrown away without disturbing the answer */
    uint8_t late_memory[SMP_HEADER_SIZE];
    struct buffer out; /* the end of an older packet that the link has begun to take, and the newest one */
    size_t out_sent, packet_at;      /* taken by the link so far; where the newest packet begins */
    size_t packet_max;               /* largest packet that we send */
    uint8_t next_sequence, sequence; /* of the next packet; of the request that waits */
    enum { CLIENT_JOB_NONE, CLIENT_JOB_REQUEST, CLIENT_JOB_TRANSFER } job;
    uint8_t op, id;
    uint16_t group;
    uint32_t timeout_ms;
    unsigned tries, tries_left;
    uint64_t deadline; /* ms: silence until then counts as a loss */
    uint64_t pause_until,
        busy_until; /* ms, 0 for none: nothing is sent before; the patience with a busy device ends */
    struct client_transfer transfer;
    struct client_progress progress;
    struct client_flight flights[CLIENT_WINDOW_MAX];
    struct client_pace pace;
    uint64_t next_offset, sent_to;  /* of the next chunk; end of the furthest one */
    uint64_t wanted, lost, detours; /* the offset gone to last; the bounds' counters */
    unsigned restarts;
    bool first_answered, has_wanted, held, unasked;
    bool heard;           /* an answer to this try came */
    uint64_t answered_at; /* ms */
    struct span answer;
    struct smp_error error;
    enum client_event event;
};

/* Memory: `receive` takes the largest answer (at least 512 bytes); `send` two packets of `packet_max` bytes (with less,
 * packets are half of it; at least 2 * CLIENT_PACKET_MIN). Both must live as long as the client. */
void client_start(struct client *client, struct buffer receive, struct buffer send, size_t packet_max);
/* The link was opened anew: forgets half-received bytes and what was in flight; a running request is sent again, a running
 * transfer asks again from off 0. The tries are not filled up: how often a link is opened is the caller's to bound. */
void client_link_reset(struct client *client, uint64_t now);
/* After capabilities are known: the device's `buf`. Taken as CLIENT_PACKET_MIN up to what `send` holds. */
void client_packet_max(struct client *client, size_t packet_max);

/* Starts one request; `body` is an encoded map (empty: an empty map). Sent again, the same bytes, after each `timeout_ms`,
 * `tries` times in all; verbs name digests, so a repeat does no harm. Busy (rc 10, or error 4 of group 21333) is asked again
 * as a new request for up to CLIENT_BUSY_MAX_MS and is then CLIENT_REFUSED. WRONG_STATE: a job is running, or its end was
 * not told yet. TOO_LARGE: beyond packet_max. */
enum status client_request(struct client *client, enum smp_op op, uint16_t group, uint8_t id,
                           struct span body, uint64_t now, uint32_t timeout_ms, unsigned tries);
/* Starts a transfer. The first chunk goes alone; then two, and more as long as the wire has room for them, up to `window`:
 * what only waits in a queue is sent in vain when an older one is lost. Each is as large as packet_max allows. The device
 * rules the offset: one that it did not get by the chunk it answers is gone to, forward or back, once; further answers that
 * want the same are ignored until it moves or one timeout passes. Offset 0 in the middle: begun again with the first chunk.
 * It is CLIENT_DONE when the device wants the offset behind the last byte, or a check has its verdict; `match` false there
 * is CLIENT_REFUSED with image error 24 (bad hash). Busy: as for a request.
 * Without progress it ends after `tries` times `timeout_ms` (CLIENT_STUCK when the last of these was no silence), or at most 2 * `tries` * `timeout_ms` +
 * CLIENT_BUSY_MAX_MS when busy answers come between;
 * with offsets that lead nowhere it is CLIENT_NONSENSE after CLIENT_RESTARTS_MAX restarts, CLIENT_LOST_FACTOR times the
 * size stepped back (each step counts as a chunk at least), or CLIENT_DETOURS_MIN + size / 64 unexpected offsets.
 * WRONG_STATE as above; MISSING: an empty source; TOO_LARGE: `send` is smaller than it must be. */
enum status client_transfer_start(struct client *client, const struct client_transfer *transfer, uint64_t now,
                                  uint32_t timeout_ms, unsigned tries);
/* Ends whatever runs; answers that still come are ignored. A packet that the link has begun to take is finished. */
void client_cancel(struct client *client);

void client_receive(struct client *client, struct span bytes, uint64_t now);
/* Moves up to `capacity` bytes for the link into `out`; returns how many. */
size_t client_send(struct client *client, uint8_t *out, size_t capacity, uint64_t now);
/* The same without a copy: the bytes that the link is to take next, valid until the client is called for anything but this;
 * then how many of them it took. A packet of which it took none may be given up for another. */
struct span client_next(struct client *client, uint64_t now);
void client_sent(struct client *client, size_t size, uint64_t now);
/* What happened. Every event but CLIENT_WAITING ends the job and is told once. */
enum client_event client_poll(struct client *client, uint64_t now);
/* When to come back at the latest (ms). 0: at once, there is an event to be told, or something to send that client_send was
 * not asked for yet. UINT64_MAX: no job runs. */
uint64_t client_wake(const struct client *client);
/* The same while the link takes nothing: what waits to be sent is no reason to come back before the link says so. */
uint64_t client_due(const struct client *client);
/* When it will have ended if no answer moves it on any more (ms); UINT64_MAX: no job runs. */
uint64_t client_ends(const struct client *client);
/* When the last answer came that a job waited for (ms; 0: none yet): noise, and packets that answer nothing, are none. */
uint64_t client_answered_at(const struct client *client);
/* True from a silence until an answer moves the job on: what is sent now was sent before. */
bool client_is_retrying(const struct client *client);
/* The answer's CBOR body: valid until the next job starts, whatever bytes come in. */
struct span client_answer(const struct client *client);
const struct smp_error *client_error(const struct client *client);
const struct client_progress *client_progress(const struct client *client);

#endif
