/* A session: one device's link and the client above it. It moves bytes and says what came of the job that the client has;
 * it decides nothing. */
#ifndef SUTURE_LOADER_SESSION_SESSION_H
#define SUTURE_LOADER_SESSION_SESSION_H

#include "agent/protocol/client.h"
#include "agent/protocol/line.h"
#include "loader/link/link.h"

#define SESSION_PACKET_MAX 32768 /* bytes of the largest packet either way */

struct session {
    char *address;
    struct link link;
    struct client client;
    struct line line; /* between client and link where the link is a line */
    bool cobs;        /* the device offered it, and it works */
    unsigned misses;  /* answers to what was sent again as console, since the last COBS frame came */
    bool answered;    /* a packet came since the link was opened */
    uint8_t *receive_memory, *send_memory, *line_memory, *out; /* owned */
    size_t out_size, out_sent;   /* a line's frames: what `out` holds, and how much of it the link took */
    bool waits;                  /* the link did not take all that there was */
    bool heard;                  /* bytes came since the link was opened */
    struct failure refused;      /* why the link never came about; FAIL_NONE: it did, or still may */
    struct failure lost;         /* how the last link ended, where it said; else FAIL_NONE */
    char again[LINK_AGAIN_SIZE]; /* leads to the first link's device once more; empty: `address` does */
};

/* Owns what it allocates; the link is closed. FAIL_MEMORY. */
bool session_init(struct session *session, const char *address, struct failure *why);
void session_free(struct session *session);

/* Opens the link, or opens it anew: the client forgets what was half received and a transfer asks again where to go on. */
bool session_connect(struct session *session, uint64_t now, struct failure *why);
void session_disconnect(struct session *session);

/* What the capabilities said: the largest packet that the device takes. On a slow line less goes at once. */
void session_packet_max(struct session *session, size_t packet_max);
/* The device refused a packet as too large: half of it from now on. False: it is as small already as any device takes. */
bool session_packet_halve(struct session *session);
/* What the capabilities said: on a line COBS where the device offers it, from now on and after each reconnection, once
 * something has answered there. What is sent again after a silence goes as console, which every device takes: another may
 * stand on the line by now, or another image run. */
void session_framings(struct session *session, const uint8_t *framings, size_t count);
/* On a line: who sees what a firmware says between frames. As it came; not for a screen before text_harmless. */
void session_chatter(struct session *session, struct frame_chatter chatter);
/* Moves what can be moved. False: the link was lost (and is closed now). */
bool session_pump(struct session *session, uint64_t now);
/* True while bytes wait for the link: poll for writing too. */
bool session_wants_write(const struct session *session);
/* When session_pump wants to be called though nothing came and the link takes nothing more (ms). UINT64_MAX: never. */
uint64_t session_wake(const struct session *session);

#endif
