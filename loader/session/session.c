#include "loader/session/session.h"

#include <stdlib.h>
#include <string.h>

#define SEND_MEMORY      (2 * (size_t)SESSION_PACKET_MAX) /* what a client needs */
#define MISSES_MAX       3
#define READS_IN_ONE_GO  16  /* a link that floods leaves time for the others */
#define FIRST_PACKET_MAX 256 /* until capabilities are known: what every device takes */

bool session_init(struct session *session, const char *address, struct failure *why)
{
    memset(session, 0, sizeof *session);
    session->address = strdup(address);
    session->receive_memory = malloc(SESSION_PACKET_MAX);
    session->send_memory = malloc(SEND_MEMORY);
    session->out = malloc(SESSION_PACKET_MAX);
    session->line_memory = malloc(2 * SESSION_PACKET_MAX + FRAME_OVERHEAD);
    if (!session->address || !session->receive_memory || !session->send_memory || !session->out ||
        !session->line_memory) {
        session_free(session);
        return failure_set(why, FAIL_MEMORY, "%s", address);
    }
    client_start(&session->client, buffer_over(session->receive_memory, SESSION_PACKET_MAX),
                 buffer_over(session->send_memory, SEND_MEMORY), FIRST_PACKET_MAX);
    line_start(&session->line, LINE_HOST,
               buffer_over(session->line_memory, SESSION_PACKET_MAX + FRAME_OVERHEAD),
               buffer_over(session->line_memory + SESSION_PACKET_MAX + FRAME_OVERHEAD, SESSION_PACKET_MAX),
               (struct frame_chatter){NULL, NULL});
    return true;
}

void session_free(struct session *session)
{
    link_close(&session->link);
    free(session->address);
    free(session->receive_memory);
    free(session->send_memory);
    free(session->line_memory);
    free(session->out);
    memset(session, 0, sizeof *session);
}

bool session_connect(struct session *session, uint64_t now, struct failure *why)
{
    session_disconnect(session);
    if (!link_open(&session->link, session->again[0] != '\0' ? session->again : session->address, why))
        return false;
    if (session->again[0] == '\0')
        memcpy(session->again, session->link.again, sizeof session->again);
    session->heard = session->answered = false;
    session->refused.id = session->lost.id = FAIL_NONE;
    client_link_reset(&session->client, now);
    line_reset(&session->line);
    return true;
}

void session_disconnect(struct session *session)
{
    link_close(&session->link);
    session->out_size = session->out_sent = 0;
    session->waits = false;
}

static bool is_line(const struct session *session)
{
    return session->link.kind->wire == LINK_LINE;
}

void session_framings(struct session *session, const uint8_t *framings, size_t count)
{
    session->cobs = false;
    session->misses = 0;
    for (size_t i = 0; i < count; i++)
        session->cobs = session->cobs || framings[i] == FRAMING_COBS;
}

void session_packet_max(struct session *session, size_t packet_max)
{
    uint32_t baud = session->link.baud;
    size_t most = baud > 0 ? line_packet_max(baud) : packet_max;
    client_packet_max(&session->client, packet_max < most ? packet_max : most);
}

bool session_packet_halve(struct session *session)
{
    size_t half = session->client.packet_max / 2;

    if (half < FIRST_PACKET_MAX)
        return false;
    client_packet_max(&session->client, half);
    return true;
}

void session_chatter(struct session *session, struct frame_chatter chatter)
{
    session->line.reader.chatter = chatter;
}

static enum framing next_framing(const struct session *session)
{
    bool sure = session->answered && !client_is_retrying(&session->client);
    return session->cobs && sure ? FRAMING_COBS : FRAMING_CONSOLE;
}

/* A line that answers only what is sent again as console does not carry COBS, whatever was said. */
static void judge_cobs(struct session *session)
{
    session->answered = true;
    if (session->line.took == FRAMING_COBS)
        session->misses = 0;
    else if (client_is_retrying(&session->client) && ++session->misses >= MISSES_MAX)
        session->cobs = false;
}

static void take_bytes(struct session *session, struct span bytes, uint64_t now)
{
    struct span packet;

    if (!is_line(session)) {
        client_receive(&session->client, bytes, now);
        return;
    }
    while (line_take(&session->line, &bytes, now, &packet) == OK) {
        judge_cobs(session);
        client_receive(&session->client, packet, now);
    }
}

static bool pump_in(struct session *session, uint64_t now)
{
    uint8_t bytes[4096];
    size_t got = sizeof bytes;

    for (unsigned reads = 0; got == sizeof bytes && reads < READS_IN_ONE_GO; reads++) {
        if (link_read(&session->link, bytes, sizeof bytes, &got) == LINK_LOST)
            return false;
        session->heard = session->heard || got > 0;
        take_bytes(session, span_of(bytes, got), now);
    }
    return true;
}

static void line_fill(struct session *session, uint64_t now)
{
    uint8_t raw[1024];
    size_t wanted, got;

    session->line.framing = next_framing(session);
    while ((wanted = line_wants(&session->line)) > 0) {
        got = client_send(&session->client, raw, wanted < sizeof raw ? wanted : sizeof raw, now);
        if (got == 0)
            break;
        line_give(&session->line, span_of(raw, got));
    }
    session->out_sent = 0;
    session->out_size = line_send(&session->line, session->out, SESSION_PACKET_MAX);
}

/* The next bytes for the link: packets as they stand in the client's memory, a line's frames in the session's. */
static struct span next_bytes(struct session *session, uint64_t now)
{
    if (!is_line(session))
        return client_next(&session->client, now);
    if (session->out_sent == session->out_size)
        line_fill(session, now);
    return span_of(session->out + session->out_sent, session->out_size - session->out_sent);
}

static void link_took(struct session *session, size_t size, uint64_t now)
{
    if (is_line(session))
        session->out_sent += size;
    else
        client_sent(&session->client, size, now);
}

static bool pump_out(struct session *session, uint64_t now)
{
    for (;;) {
        struct span bytes = next_bytes(session, now);
        size_t put = 0;
        if (bytes.size > 0 && link_write(&session->link, bytes.data, bytes.size, &put) == LINK_LOST)
            return false;
        session->waits = put < bytes.size;
        if (put == 0)
            return true;
        link_took(session, put, now);
    }
}

bool session_pump(struct session *session, uint64_t now)
{
    if (!link_is_open(&session->link))
        return false;
    struct failure *why = session->link.connecting ? &session->refused : &session->lost;
    enum link_result settled = link_settle(&session->link, now, why);
    if (settled == LINK_OK && session->link.connecting)
        return true;
    if (settled == LINK_OK && pump_in(session, now) && pump_out(session, now))
        return true;
    session_disconnect(session);
    return false;
}

bool session_wants_write(const struct session *session)
{
    return session->link.connecting || session->waits;
}

uint64_t session_wake(const struct session *session)
{
    const struct client *client = &session->client;
    uint64_t wake = session_wants_write(session) ? client_due(client) : client_wake(client);

    return link_is_open(&session->link) && session->link.wake < wake ? session->link.wake : wake;
}
