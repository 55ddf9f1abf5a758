/* The windowed transfer of client.h. The device rules the offset: everything here follows its answers, and counts, so that
 * answers which lead nowhere end the job. */
#include "agent/protocol/client_job.h"

enum { HEAD_MAX = 80 /* a first chunk's map up to its data */ };

/* The window ------------------------------------------------------------------------------------------------------- */

static unsigned flight_count(const struct client *client)
{
    unsigned count = 0;
    for (size_t i = 0; i < CLIENT_WINDOW_MAX; i++)
        count += client->flights[i].used ? 1 : 0;
    return count;
}

static struct client_flight *flight_free(struct client *client)
{
    for (size_t i = 0; i < CLIENT_WINDOW_MAX; i++) {
        if (!client->flights[i].used)
            return &client->flights[i];
    }
    return NULL;
}

static void flights_forget(struct client *client)
{
    for (size_t i = 0; i < CLIENT_WINDOW_MAX; i++)
        client->flights[i].used = false;
}

/* Takes the chunk that an answer names out of the window, and the older ones with it: devices answer in order, so what is
 * older was lost, or its answer was. */
static bool flight_land(struct client *client, uint8_t sequence, struct client_flight *landed)
{
    bool found = false;
    for (size_t i = 0; i < CLIENT_WINDOW_MAX; i++) {
        if (client->flights[i].used && client->flights[i].sequence == sequence) {
            *landed = client->flights[i];
            found = true;
        }
    }
    for (size_t i = 0; found && i < CLIENT_WINDOW_MAX; i++) {
        if ((uint8_t)(sequence - client->flights[i].sequence) < 128)
            client->flights[i].used = false;
    }
    return found;
}

void client_transfer_again(struct client *client)
{
    flights_forget(client);
    client_outbox_clear(client);
    client_pace_disturbed(&client->pace);
    client->next_offset = client->first_answered ? client->progress.acknowledged : 0;
    client->has_wanted = client->held = false;
}

void client_transfer_restart(struct client *client)
{
    client->first_answered = false;
    client_transfer_again(client);
}

/* Sending ---------------------------------------------------------------------------------------------------------- */

/* The most bytes that fit into `room` behind the head of their byte string. */
static size_t string_fit(size_t room)
{
    static const struct {
        size_t head, most;
    } forms[] = {{1, 23}, {2, 0xff}, {3, 0xffff}};
    size_t fit = 0;
    for (size_t i = 0; i < sizeof forms / sizeof *forms && room > forms[i].head; i++) {
        size_t size = room - forms[i].head;
        fit = size < forms[i].most ? size : forms[i].most;
        if (size <= forms[i].most)
            break;
    }
    return fit;
}

static size_t chunk_size(const struct client *client, uint64_t offset)
{
    const struct client_transfer *transfer = &client->transfer;
    uint8_t memory[HEAD_MAX];
    struct buffer head = buffer_over(memory, sizeof memory);
    request_chunk_head_write(&head, offset, transfer->source.size, 0, transfer->sha);
    /* what is measured ends with the head of an empty string, one byte */
    size_t fit = string_fit(client->packet_max - SMP_HEADER_SIZE - (head.size - 1));
    uint64_t left = transfer->source.size - offset;
    return left < fit ? (size_t)left : fit;
}

/* Builds the chunk at `offset` in the outbox, of `size` bytes. */
static enum status chunk_put(struct client *client, uint64_t offset, size_t size, uint8_t *sequence)
{
    const struct client_transfer *transfer = &client->transfer;
    uint8_t memory[HEAD_MAX];
    struct buffer head = buffer_over(memory, sizeof memory);
    enum status status = request_chunk_head_write(&head, offset, transfer->source.size, size, transfer->sha);
    if (status)
        return status;
    client_outbox_clear(client);
    *sequence = client_header_append(client, head.size + size);
    if (!buffer_append(&client->out, span_used(&head)) || size > client->out.capacity - client->out.size)
        return TOO_LARGE;
    status =
        transfer->source.read(transfer->source.context, offset, client->out.data + client->out.size, size);
    client->out.size += size;
    return status;
}

bool client_transfer_ready(const struct client *client)
{
    unsigned width = client->first_answered ? client->pace.width : 1;
    unsigned window = width < client->transfer.window ? width : client->transfer.window;
    return client->job == CLIENT_JOB_TRANSFER && client_may_begin(client) && !client->held &&
           client->next_offset < client->transfer.source.size && flight_count(client) < window;
}

bool client_transfer_fill(struct client *client, uint64_t now)
{
    if (!client_transfer_ready(client))
        return false;
    uint64_t offset = client->next_offset;
    size_t size = chunk_size(client, offset);
    uint8_t sequence;
    if (chunk_put(client, offset, size, &sequence)) {
        client->out.size = client->packet_at;
        client_finish(client, CLIENT_SOURCE);
        return false;
    }
    *flight_free(client) = (struct client_flight){true, sequence, offset, offset + size, now};
    client->next_offset = offset + size;
    client->progress.sent += size;
    if (client->sent_to < client->next_offset)
        client->sent_to = client->next_offset;
    return true;
}

/* Answers ---------------------------------------------------------------------------------------------------------- */

/* The device has all before `offset`. */
static void acknowledge(struct client *client, uint64_t offset, uint64_t now)
{
    if (offset > client->sent_to) {
        client->progress.skipped += offset - client->sent_to;
        client->sent_to = offset;
    }
    client->progress.acknowledged = offset;
    if (client->next_offset < offset)
        client->next_offset = offset;
    client_progressed(client, now);
}

/* Goes to an offset that the answered chunk did not lead to. Whatever else is in flight will be answered with the same. */
static void go_to(struct client *client, uint64_t offset, uint64_t now)
{
    if (offset > client->progress.acknowledged)
        acknowledge(client, offset, now);
    else if (offset < client->progress.acknowledged)
        client_progressed(client, now);
    client->progress.acknowledged = client->next_offset = client->wanted = offset;
    client->has_wanted = true;
    client->held = false;
}

/* Counts an unexpected offset; true when the bounds of client.h are passed. */
static bool leads_nowhere(struct client *client, const struct client_flight *flight, uint64_t offset)
{
    uint64_t size = client->progress.size, acknowledged = client->progress.acknowledged;
    client->detours += 1;
    if (offset < acknowledged) {
        uint64_t chunk = flight->end - flight->offset;
        client->lost += acknowledged - offset > chunk ? acknowledged - offset : chunk;
    }
    return client->detours > CLIENT_DETOURS_MIN + size / 64 || client->lost / CLIENT_LOST_FACTOR > size;
}

/* The device has nothing of the transfer (any more): it was restarted, or took another one in between. */
static void begin_again(struct client *client, uint64_t now)
{
    if (++client->restarts > CLIENT_RESTARTS_MAX) {
        client_finish(client, CLIENT_NONSENSE);
        return;
    }
    client->progress.acknowledged = 0;
    client_transfer_restart(client);
    client_progressed(client, now);
}

/* The chunk was taken. What came before it was answered already, unless an answer was lost. */
static void pace_follow(struct client *client, const struct client_flight *flight, uint64_t before,
                        uint64_t now)
{
    if (flight->offset == before)
        client_pace_answered(&client->pace, flight->begun, client->transfer.window, now);
    else
        client_pace_disturbed(&client->pace);
}

static void offset_follow(struct client *client, const struct client_flight *flight, uint64_t offset,
                          uint64_t now)
{
    if (!client->first_answered) {
        client->first_answered = true;
        client->progress.first_offset = client->next_offset = offset;
        acknowledge(client, offset, now);
        pace_follow(client, flight, flight->offset, now);
        return;
    }
    if (offset == flight->end) {
        uint64_t before = client->progress.acknowledged;
        if (offset > before) {
            client->has_wanted = client->held = false;
            acknowledge(client, offset, now);
            pace_follow(client, flight, before, now);
        }
        return;
    }
    client_pace_disturbed(&client->pace);
    if (client->has_wanted && offset == client->wanted) {
        /* The very chunk that it wants was not taken: more of them would fare no better. */
        if (flight->offset == offset)
            client->held = true;
        return;
    }
    if (leads_nowhere(client, flight, offset))
        client_finish(client, CLIENT_NONSENSE);
    else
        go_to(client, offset, now);
}

static bool has_verdict(const struct client *client, struct span body)
{
    struct cbor value;
    return client->group == SMP_GROUP_SUTURE && client->id == VERB_CHECK &&
           smp_find(body, "verdict", &value) == OK;
}

/* All bytes are there; `match` false says that together they are not what `sha` named. */
static void transfer_end(struct client *client, struct span body, const struct message_upload_answer *answer,
                         uint64_t now)
{
    acknowledge(client, answer->offset, now);
    client->answer = body;
    if (answer->has_match && !answer->match) {
        client->error = (struct smp_error){true, true, SMP_GROUP_IMAGE, IMAGE_BAD_HASH};
        client_finish(client, CLIENT_REFUSED);
        return;
    }
    client_finish(client, CLIENT_DONE);
}

void client_transfer_answered(struct client *client, uint8_t sequence, struct span body, uint64_t now)
{
    struct client_flight flight = {.used = false};
    struct message_upload_answer answer;
    if (!flight_land(client, sequence, &flight) || client_failed(client, body, now))
        return;
    if (message_upload_answer_read(body, &answer) || answer.offset > client->progress.size) {
        client_finish(client, CLIENT_NONSENSE);
        return;
    }
    if (answer.offset == client->progress.size || has_verdict(client, body))
        transfer_end(client, body, &answer, now);
    else if (answer.offset == 0)
        begin_again(client, now);
    else
        offset_follow(client, &flight, answer.offset, now);
}
