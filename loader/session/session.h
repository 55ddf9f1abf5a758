/* A session: one device's link and the client above it. It moves bytes and says what came of the job that the client has;
 * it decides nothing. */
#ifndef SUTURE_LOADER_SESSION_SESSION_H
#define SUTURE_LOADER_SESSION_SESSION_H

#include "agent/protocol/client.h"
#include "agent/protocol/line.h"
#include "loader/link/link.h"

#define SESSION_PACKET_MAX 8192 /* bytes of the largest packet either way */

struct session {
    char *address;
    struct link link;
    struct client client;
    struct line line; /* between client and link where the link is a line */
    uint8_t *receive_memory, *send_memory, *line_memory, *out; /* owned */
    size_t out_size, out_sent; /* taken from the client, not yet by the link */
    bool heard;                /* bytes came since the link was opened */
};

/* Owns what it allocates; the link is closed. FAIL_MEMORY. */
bool session_init(struct session *session, const char *address, struct failure *why);
void session_free(struct session *session);

/* Opens the link, or opens it anew: the client forgets what was half received and a transfer asks again where to go on. */
bool session_connect(struct session *session, uint64_t now, struct failure *why);
void session_disconnect(struct session *session);

/* What the capabilities said: on a line COBS from now on where the device offers it. */
void session_framings(struct session *session, const uint8_t *framings, size_t count);
/* Moves what can be moved. False: the link was lost (and is closed now). */
bool session_pump(struct session *session, uint64_t now);
/* True while bytes wait for the link: poll for writing too. */
bool session_wants_write(const struct session *session);

#endif
