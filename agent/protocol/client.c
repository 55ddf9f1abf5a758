/* The client of client.h: the outbox, matching of answers, requests, time. The windowed transfer is in
 * client_transfer.c. */
#include "agent/protocol/client_job.h"

#include <string.h>

enum { SEQUENCE_AT = 6, EMPTY_MAP = 0xa0, SMP_PACKET_LIMIT = SMP_HEADER_SIZE + UINT16_MAX };

/* Start, memory and time ------------------------------------------------------------------------------------------- */

void client_start(struct client *client, struct buffer receive, struct buffer send, size_t packet_max)
{
    *client = (struct client){.out = buffer_over(send.data, send.capacity)};
    frame_raw_start(&client->frame, receive);
    frame_raw_start(&client->late, buffer_over(client->late_memory, sizeof client->late_memory));
    client_packet_max(client, packet_max);
}

void client_packet_max(struct client *client, size_t packet_max)
{
    size_t most = client->out.capacity / 2;
    if (most > SMP_PACKET_LIMIT)
        most = SMP_PACKET_LIMIT;
    if (packet_max < CLIENT_PACKET_MIN)
        packet_max = CLIENT_PACKET_MIN;
    client->packet_max = packet_max < most ? packet_max : most;
}

/* `now` + `ms`, held below UINT64_MAX. */
static uint64_t time_after(uint64_t now, uint32_t ms)
{
    uint64_t last = UINT64_MAX - 1;
    return now < last - ms ? now + ms : last;
}

struct span client_answer(const struct client *client)
{
    return client->answer;
}

const struct smp_error *client_error(const struct client *client)
{
    return &client->error;
}

const struct client_progress *client_progress(const struct client *client)
{
    return &client->progress;
}

uint64_t client_answered_at(const struct client *client)
{
    return client->answered_at;
}

uint64_t client_ends(const struct client *client)
{
    uint64_t next = client->pause_until ? client->pause_until : client->deadline;
    unsigned more = client->pause_until ? client->tries_left : client->tries_left - 1;
    uint64_t longest = (uint64_t)more * client->timeout_ms;

    if (client->job == CLIENT_JOB_NONE)
        return UINT64_MAX;
    return next < UINT64_MAX - 1 - longest ? next + longest : UINT64_MAX - 1;
}

bool client_is_retrying(const struct client *client)
{
    return client->job != CLIENT_JOB_NONE && client->tries_left < client->tries;
}

/* The outbox ------------------------------------------------------------------------------------------------------- */

bool client_may_begin(const struct client *client)
{
    return client->job != CLIENT_JOB_NONE && client->event == CLIENT_WAITING && client->pause_until == 0;
}

void client_outbox_clear(struct client *client)
{
    /* Half a packet would break the framing for what follows: once begun, it is finished. */
    if (client->out_sent <= client->packet_at)
        client->out.size = client->packet_at;
    size_t rest = client->out.size - client->out_sent;
    memmove(client->out.data, client->out.data + client->out_sent, rest);
    client->out.size = client->packet_at = rest;
    client->out_sent = 0;
}

uint8_t client_header_append(struct client *client, size_t body_size)
{
    const struct smp_header header = {
        .version = 1,
        .op = client->op,
        .length = (uint16_t)body_size,
        .group = client->group,
        .sequence = client->next_sequence++,
        .id = client->id,
    };
    uint8_t bytes[SMP_HEADER_SIZE];
    smp_header_write(&header, bytes);
    buffer_append(&client->out, span_of(bytes, sizeof bytes));
    return header.sequence;
}

/* How far the link may take bytes now: a packet that must wait is not begun. */
static size_t outbox_end(const struct client *client)
{
    bool begun = client->out_sent > client->packet_at;
    return begun || client_may_begin(client) ? client->out.size : client->packet_at;
}

struct span client_next(struct client *client, uint64_t now)
{
    client->unasked = false;
    if (outbox_end(client) == client->out_sent && !client_transfer_fill(client, now))
        return (struct span){NULL, 0};
    return span_of(client->out.data + client->out_sent, outbox_end(client) - client->out_sent);
}

void client_sent(struct client *client, size_t size, uint64_t now)
{
    client->out_sent += size;
    /* A long request on a slow link: its answer can't be late before it has left. */
    if (client->job == CLIENT_JOB_REQUEST && client->out_sent == client->out.size)
        client->deadline = time_after(now, client->timeout_ms);
}

size_t client_send(struct client *client, uint8_t *out, size_t capacity, uint64_t now)
{
    size_t moved = 0;

    while (moved < capacity) {
        struct span piece = span_first(client_next(client, now), capacity - moved);
        if (piece.size == 0)
            break;
        memcpy(out + moved, piece.data, piece.size);
        client_sent(client, piece.size, now);
        moved += piece.size;
    }
    return moved;
}

/* Jobs ------------------------------------------------------------------------------------------------------------- */

static void job_begin(struct client *client, uint64_t now, uint32_t timeout_ms, unsigned tries)
{
    client_outbox_clear(client);
    client->unasked = true;
    client->timeout_ms = timeout_ms;
    client->tries = tries > 0 ? tries : 1;
    client->busy_until = client->pause_until = 0;
    client->heard = false;
    client->error = (struct smp_error){.failed = false};
    client->answer = (struct span){NULL, 0};
    client->progress = (struct client_progress){.size = 0};
    client_progressed(client, now);
}

void client_progressed(struct client *client, uint64_t now)
{
    client->tries_left = client->tries;
    client->busy_until = 0;
    client->deadline = time_after(now, client->timeout_ms);
}

void client_finish(struct client *client, enum client_event event)
{
    client->event = event;
}

enum status client_request(struct client *client, enum smp_op op, uint16_t group, uint8_t id,
                           struct span body, uint64_t now, uint32_t timeout_ms, unsigned tries)
{
    static const uint8_t empty[] = {EMPTY_MAP};
    if (client->job != CLIENT_JOB_NONE)
        return WRONG_STATE;
    if (body.size == 0)
        body = span_of(empty, sizeof empty);
    if (client->packet_max < SMP_HEADER_SIZE || body.size > client->packet_max - SMP_HEADER_SIZE)
        return TOO_LARGE;

    job_begin(client, now, timeout_ms, tries);
    client->job = CLIENT_JOB_REQUEST;
    client->op = (uint8_t)op;
    client->group = group;
    client->id = id;
    client->sequence = client_header_append(client, body.size);
    buffer_append(&client->out, body);
    return OK;
}

enum status client_transfer_start(struct client *client, const struct client_transfer *transfer, uint64_t now,
                                  uint32_t timeout_ms, unsigned tries)
{
    if (client->job != CLIENT_JOB_NONE)
        return WRONG_STATE;
    if (transfer->source.size == 0)
        return MISSING;
    if (client->packet_max < CLIENT_PACKET_MIN)
        return TOO_LARGE;

    job_begin(client, now, timeout_ms, tries);
    client->job = CLIENT_JOB_TRANSFER;
    client->op = SMP_WRITE;
    client->group = transfer->group;
    client->id = transfer->id;
    client->transfer = *transfer;
    if (client->transfer.window == 0)
        client->transfer.window = 1;
    if (client->transfer.window > CLIENT_WINDOW_MAX)
        client->transfer.window = CLIENT_WINDOW_MAX;
    client->progress.size = transfer->source.size;
    client->sent_to = client->lost = client->detours = 0;
    client->restarts = 0;
    client_pace_start(&client->pace);
    client_transfer_restart(client);
    return OK;
}

void client_cancel(struct client *client)
{
    client->job = CLIENT_JOB_NONE;
    client->event = CLIENT_WAITING;
}

void client_link_reset(struct client *client, uint64_t now)
{
    frame_raw_start(&client->frame, client->frame.packet);
    frame_raw_start(&client->late, client->late.packet);
    /* The other side forgot its half too: what the link had begun to take begins again, or not at all. */
    size_t keep = client->job == CLIENT_JOB_REQUEST ? client->out.size - client->packet_at : 0;
    memmove(client->out.data, client->out.data + client->packet_at, keep);
    client->out.size = keep;
    client->out_sent = client->packet_at = 0;
    client->pause_until = 0;
    client->unasked = true;
    client->deadline = time_after(now, client->timeout_ms);
    if (client->job == CLIENT_JOB_TRANSFER)
        client_transfer_restart(client);
}

/* Answers ---------------------------------------------------------------------------------------------------------- */

static bool is_busy(const struct smp_error *error)
{
    if (error->from_group)
        return error->group == SMP_GROUP_SUTURE && error->rc == SUTURE_BUSY;
    return error->rc == SMP_BUSY;
}

static uint32_t busy_wait(struct span body)
{
    struct cbor value;
    uint64_t quiet;
    if (smp_find(body, "quiet_ms", &value) || cbor_uint(&value, &quiet) || quiet < CLIENT_BUSY_ASK_MS)
        return CLIENT_BUSY_ASK_MS;
    return quiet < CLIENT_BUSY_ASK_MAX_MS ? (uint32_t)quiet : CLIENT_BUSY_ASK_MAX_MS;
}

bool client_failed(struct client *client, struct span body, uint64_t now)
{
    struct smp_error error;
    if (smp_error_read(body, &error)) {
        client_finish(client, CLIENT_NONSENSE);
        return true;
    }
    if (!error.failed)
        return false;
    if (is_busy(&error) && (client->busy_until == 0 || now < client->busy_until)) {
        if (client->busy_until == 0)
            client->busy_until = time_after(now, CLIENT_BUSY_MAX_MS);
        client->pause_until = time_after(now, busy_wait(body));
        client->tries_left = client->tries;
        return true;
    }
    client->error = error;
    client->answer = body;
    client_finish(client, CLIENT_REFUSED);
    return true;
}

static void request_answered(struct client *client, uint8_t sequence, struct span body, uint64_t now)
{
    if (sequence != client->sequence || client_failed(client, body, now))
        return;
    client->answer = body;
    client_finish(client, CLIENT_ANSWER);
}

/* True when a header answers what the running job asks; its sequence number is not looked at. */
static bool is_answer(const struct client *client, const struct smp_header *header)
{
    return client->job != CLIENT_JOB_NONE && client->event == CLIENT_WAITING && client->pause_until == 0 &&
           header->op == client->op + 1 && header->group == client->group && header->id == client->id;
}

static bool in_flight(const struct client *client, uint8_t sequence)
{
    if (client->job == CLIENT_JOB_REQUEST)
        return client->sequence == sequence;
    for (size_t i = 0; i < CLIENT_WINDOW_MAX; i++) {
        if (client->flights[i].used && client->flights[i].sequence == sequence)
            return true;
    }
    return false;
}

static void packet_received(struct client *client, struct span packet, uint64_t now)
{
    struct smp_header header;
    if (smp_header_read(packet, &header) || !is_answer(client, &header))
        return;
    struct span body = span_from(packet, SMP_HEADER_SIZE);
    if (in_flight(client, header.sequence)) {
        client->heard = true;
        client->answered_at = now;
    }
    if (client->job == CLIENT_JOB_REQUEST)
        request_answered(client, header.sequence, body, now);
    else
        client_transfer_answered(client, header.sequence, body, now);
}

/* An answer beyond our memory will not shrink when it is asked for again. */
static void too_large_received(struct client *client, struct span packet)
{
    struct smp_header header;
    if (!smp_header_read(packet, &header) && is_answer(client, &header) && in_flight(client, header.sequence))
        client_finish(client, CLIENT_NONSENSE);
}

/* Who takes the next byte. A packet is finished where it was begun; one that begins while no answer is waited for must not
 * overwrite the answer that the caller may still look at. */
static struct frame_raw *frame_of_next_byte(struct client *client)
{
    if (!frame_raw_between(&client->frame))
        return &client->frame;
    bool waiting = client->job != CLIENT_JOB_NONE && client->event == CLIENT_WAITING;
    return waiting && frame_raw_between(&client->late) ? &client->frame : &client->late;
}

void client_receive(struct client *client, struct span bytes, uint64_t now)
{
    struct span packet;
    enum status status;
    client->unasked = true;
    do {
        struct frame_raw *frame = frame_of_next_byte(client);
        status = frame_raw_take(frame, &bytes, &packet);
        if (frame == &client->late)
            continue;
        if (status == OK)
            packet_received(client, packet, now);
        else if (status == TOO_LARGE)
            too_large_received(client, packet);
    } while (status != INCOMPLETE);
}

/* Time ------------------------------------------------------------------------------------------------------------- */

static void request_again(struct client *client)
{
    if (client->out_sent == client->out.size)
        client->out_sent = client->packet_at;
}

/* The device was busy: asked anew, under a new number, because it may answer a number that it knows with the same words. */
static void request_anew(struct client *client)
{
    request_again(client);
    if (client->out_sent > client->packet_at)
        return;
    client->sequence = client->next_sequence++;
    client->out.data[client->packet_at + SEQUENCE_AT] = client->sequence;
}

static void pause_over(struct client *client, uint64_t now)
{
    client->pause_until = 0;
    client->unasked = true;
    client->deadline = time_after(now, client->timeout_ms);
    if (client->job == CLIENT_JOB_REQUEST)
        request_anew(client);
    else
        client_transfer_again(client);
}

static void silence_over(struct client *client, uint64_t now)
{
    /* Garbage may have begun a packet that never ends. */
    frame_raw_start(&client->frame, client->frame.packet);
    frame_raw_start(&client->late, client->late.packet);
    client->tries_left -= 1;
    if (client->tries_left == 0) {
        client_finish(client, client->heard ? CLIENT_STUCK : CLIENT_TIMEOUT);
        return;
    }
    client->heard = false;
    client->progress.retries += 1;
    client->unasked = true;
    client->deadline = time_after(now, client->timeout_ms);
    if (client->job == CLIENT_JOB_REQUEST)
        request_again(client);
    else
        client_transfer_again(client);
}

uint64_t client_due(const struct client *client)
{
    if (client->event != CLIENT_WAITING)
        return 0;
    if (client->job == CLIENT_JOB_NONE)
        return UINT64_MAX;
    return client->pause_until ? client->pause_until : client->deadline;
}

uint64_t client_wake(const struct client *client)
{
    bool runs = client->event == CLIENT_WAITING && client->job != CLIENT_JOB_NONE;

    if (runs && client->unasked && (outbox_end(client) > client->out_sent || client_transfer_ready(client)))
        return 0;
    return client_due(client);
}

enum client_event client_poll(struct client *client, uint64_t now)
{
    if (client->job == CLIENT_JOB_NONE)
        return CLIENT_WAITING;
    if (client->event == CLIENT_WAITING) {
        if (client->pause_until > 0 && now >= client->pause_until)
            pause_over(client, now);
        else if (client->pause_until == 0 && now >= client->deadline)
            silence_over(client, now);
    }
    enum client_event event = client->event;
    if (event != CLIENT_WAITING) {
        client->job = CLIENT_JOB_NONE;
        client->event = CLIENT_WAITING;
    }
    return event;
}
