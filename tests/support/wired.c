/* Two ends, two wires, and the time between what they do. */
#include "tests/support/wired.h"
#include "tests/support/test.h"

#define PIECE 64u /* bytes of one wake-up of a driver */

static void lay(struct wired *wired, struct wire *wire, enum fault_way way)
{
    wire_start(wire, wired->set.baud);
    wire->delay_us = wired->set.delay_us;
    wire->depth = wired->set.depth;
    wire->faults = device_faults(wired->pump->device);
    wire->way = way;
}

/* A packet with length and CRC as console lines, the longest framing. */
static size_t frame_size(size_t packet)
{
    return ((packet + 4) / 93 + 1) * FRAME_LINE_MAX;
}

static size_t ring_size(const struct wired_line *set)
{
    return set->framing == FRAMING_RAW ? set->buffers * set->buffer
                                       : PIECE + (set->buffers - 1) * frame_size(set->buffer);
}

void wired_start(struct wired *wired, struct pump *pump, const struct wired_line *line)
{
    const struct frame_chatter nobody = {NULL, NULL};

    assert_in_range(line->buffers, 1, WIRED_BUFFERS);
    assert_in_range(line->buffer, 256, WIRED_PACKET);
    assert_in_range(line->depth, 1, WIRE_MAX);
    memset(wired, 0, sizeof *wired);
    wired->pump = pump;
    wired->set = *line;
    wired->now_us = pump->now * 1000;
    wired->ring = buffer_over(wired->ring_memory, ring_size(line));
    line_start(&wired->device_line, LINE_DEVICE, buffer_over(wired->device_in, line->buffer + FRAME_OVERHEAD),
               buffer_over(wired->device_out, sizeof wired->device_out), nobody);
    line_start(&wired->host_line, LINE_HOST, buffer_over(wired->host_in, sizeof wired->host_in),
               buffer_over(wired->host_out, sizeof wired->host_out), nobody);
    wired->host_line.framing = line->framing;
    lay(wired, &wired->to_device, FAULT_IN);
    lay(wired, &wired->to_host, FAULT_OUT);
}

static uint64_t now_ms(const struct wired *wired)
{
    return wired->now_us / 1000;
}

/* The two ends' bytes ----------------------------------------------------------------------------------------------- */

typedef size_t raw_bytes(struct wired *wired, uint8_t *out, size_t capacity);

static size_t from_client(struct wired *wired, uint8_t *out, size_t capacity)
{
    return client_send(&wired->pump->client, out, capacity, now_ms(wired));
}

static size_t from_device(struct wired *wired, uint8_t *out, size_t capacity)
{
    return device_send(wired->pump->device, out, capacity, now_ms(wired));
}

/* The next byte that this end has for its wire. */
static bool next_byte(struct wired *wired, struct line *line, raw_bytes *raw, uint8_t *byte)
{
    uint8_t piece[WIRED_PACKET];
    size_t wanted, got;

    if (wired->set.framing == FRAMING_RAW)
        return raw(wired, byte, 1) > 0;
    while ((wanted = line_wants(line)) > 0) {
        got = raw(wired, piece, wanted < sizeof piece ? wanted : sizeof piece);
        if (got == 0)
            break;
        line_give(line, span_of(piece, got));
    }
    return line_send(line, byte, 1) > 0;
}

static bool send_bytes(struct wired *wired, struct wire *wire, struct line *line, raw_bytes *raw)
{
    uint8_t byte;
    bool sent = false;

    wire_put(wire, (struct span){&byte, 0}, wired->now_us);
    while (wire_room(wire, wired->now_us) > 0 && next_byte(wired, line, raw, &byte)) {
        wire_put(wire, span_of(&byte, 1), wired->now_us);
        wire_put(wire, (struct span){&byte, 0}, wired->now_us);
        sent = true;
    }
    return sent;
}

static bool to_client(struct wired *wired)
{
    uint8_t bytes[PIECE];
    struct span packet, in;
    size_t got = wire_take(&wired->to_host, bytes, sizeof bytes, wired->now_us);

    in = span_of(bytes, got);
    if (wired->set.framing == FRAMING_RAW)
        client_receive(&wired->pump->client, in, now_ms(wired));
    else
        while (line_take(&wired->host_line, &in, now_ms(wired), &packet) == OK)
            client_receive(&wired->pump->client, packet, now_ms(wired));
    return got > 0;
}

/* What has arrived goes into the ring; a line loses what finds no room there. */
static bool ring_fill(struct wired *wired)
{
    uint8_t bytes[PIECE];
    struct buffer *ring = &wired->ring;
    size_t room = ring->capacity - ring->size, most = sizeof bytes;

    if (wired->set.framing == FRAMING_RAW && room < most)
        most = room;
    size_t got = wire_take(&wired->to_device, bytes, most, wired->now_us);
    size_t kept = got < room ? got : room;
    buffer_append(ring, span_of(bytes, kept));
    wired->overruns += got - kept;
    return got > 0;
}

static void ring_took(struct wired *wired, size_t size)
{
    wired->ring.size -= size;
    memmove(wired->ring.data, wired->ring.data + size, wired->ring.size);
}

/* The next packet out of the ring, when the agent has done with the one before. */
static bool packet_next(struct wired *wired)
{
    struct span in = span_used(&wired->ring);

    if (line_take(&wired->device_line, &in, now_ms(wired), &wired->taken) == INCOMPLETE)
        wired->taken.size = 0;
    ring_took(wired, wired->ring.size - in.size);
    return wired->taken.size > 0;
}

static size_t agent_takes(struct wired *wired, struct span bytes)
{
    return bytes.size > 0 ? device_receive(wired->pump->device, bytes, now_ms(wired)) : 0;
}

static bool to_device(struct wired *wired)
{
    bool moved = ring_fill(wired);
    size_t taken;

    if (wired->set.framing == FRAMING_RAW) {
        taken = agent_takes(wired, span_used(&wired->ring));
        ring_took(wired, taken);
        return moved || taken > 0;
    }
    if (wired->taken.size == 0 && !packet_next(wired))
        return moved;
    taken = agent_takes(wired, wired->taken);
    wired->taken = span_from(wired->taken, taken);
    return moved || taken > 0;
}

/* A pulled cable ---------------------------------------------------------------------------------------------------- */

static void unplug(struct wired *wired)
{
    wire_cut(&wired->to_device);
    wire_cut(&wired->to_host);
    faults_reopen(device_faults(wired->pump->device));
    wired->ring.size = wired->taken.size = 0;
    line_reset(&wired->device_line);
    line_reset(&wired->host_line);
    wired->host_line.framing = wired->set.framing;
    device_link_reset(wired->pump->device);
    client_link_reset(&wired->pump->client, now_ms(wired));
}

/* As a loader opens its port anew when it comes back. */
static void settle_cable(struct wired *wired)
{
    bool pulled = faults_line(device_faults(wired->pump->device), wired->now_us) == LINE_PULLED;

    if (pulled != wired->pulled) {
        unplug(wired);
        wired->link_resets += wired->pulled;
    }
    wired->pulled = pulled;
}

/* Time -------------------------------------------------------------------------------------------------------------- */

static uint64_t lesser(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t us_of(uint64_t ms)
{
    return ms >= CLOCK_NEVER / 1000 ? CLOCK_NEVER : ms * 1000;
}

/* When an end that still has bytes for its wire may go on. */
static uint64_t end_wake(const struct wired *wired, const struct wire *wire)
{
    return wire_ready(wire, wire->depth < PIECE ? 1 : PIECE / 2, wired->now_us);
}

static uint64_t wake_of(const struct wired *wired, uint64_t device_ms)
{
    uint64_t wake = lesser(us_of(device_ms), faults_wake(device_faults(wired->pump->device), wired->now_us));
    const struct wire *wires[] = {&wired->to_device, &wired->to_host};

    wake = lesser(wake, us_of(client_wake(&wired->pump->client)) > wired->now_us
                            ? us_of(client_wake(&wired->pump->client))
                            : CLOCK_NEVER);
    for (size_t i = 0; i < 2; i++) {
        if (wire_due(wires[i]) > wired->now_us)
            wake = lesser(wake, wire_due(wires[i]));
        if (end_wake(wired, wires[i]) > wired->now_us)
            wake = lesser(wake, end_wake(wired, wires[i]));
    }
    return wake;
}

uint64_t wired_faults(const struct wired *wired)
{
    const struct faults *faults = device_faults(wired->pump->device);
    uint64_t sum = 0;

    for (size_t i = 0; i < FAULT_KINDS; i++)
        sum += faults->happened[i];
    return sum;
}

/* A break is not over, a unit is being lost whose rest the next frame begins with, or one that was held back is to come. */
static bool fault_at_work(const struct wired *wired)
{
    struct faults *faults = device_faults(wired->pump->device);

    for (size_t i = 0; i < faults->count; i++)
        for (size_t way = 0; way < 2; way++)
            if (faults->runs[i].losing[way] || faults->runs[i].burst[way] > 0)
                return true;
    return faults_line(faults, wired->now_us) != LINE_WHOLE || faults->ways[0].keep != KEEP_NOTHING ||
           faults->ways[1].keep != KEEP_NOTHING;
}

static void count_silence(struct wired *wired, unsigned before)
{
    uint64_t faults = wired_faults(wired);

    if (client_progress(&wired->pump->client)->retries <= before)
        return;
    wired->silences++;
    wired->unfounded += faults == wired->faults_seen && !wired->fault_lasts;
    wired->faults_seen = faults;
    wired->fault_lasts = fault_at_work(wired);
}

/* Everything that is due now; then time goes on to what is due next. */
static enum client_event turn(struct wired *wired, uint64_t until_us)
{
    bool moved;

    settle_cable(wired);
    wired->pump->now = now_ms(wired);
    uint64_t device_ms = device_step(wired->pump->device, now_ms(wired));
    moved = to_device(wired);
    moved = to_client(wired) || moved;
    unsigned retries = client_progress(&wired->pump->client)->retries;
    enum client_event event = client_poll(&wired->pump->client, now_ms(wired));
    count_silence(wired, retries);
    if (!wired->pulled) {
        moved = send_bytes(wired, &wired->to_device, &wired->host_line, from_client) || moved;
        moved = send_bytes(wired, &wired->to_host, &wired->device_line, from_device) || moved;
    }
    if (event != CLIENT_WAITING || moved || device_ms <= now_ms(wired))
        return event;
    uint64_t wake = lesser(wake_of(wired, device_ms), until_us);
    assert_true(wake > wired->now_us);
    wired->now_us = wake;
    return event;
}

static enum status read_push(void *context, uint64_t offset, uint8_t *data, size_t size)
{
    const struct buffer *push = context;
    memcpy(data, push->data + offset, size);
    return OK;
}

static enum client_event job_ends(struct wired *wired, uint64_t most_ms)
{
    uint64_t until_us = wired->now_us + most_ms * 1000;
    enum client_event event = CLIENT_WAITING;

    while (event == CLIENT_WAITING && wired->now_us < until_us)
        event = turn(wired, until_us);
    return event;
}

enum client_event wired_upload(struct wired *wired, const struct buffer *push, uint64_t most_ms)
{
    const struct wired_line *set = &wired->set;
    size_t packet = set->buffer; /* on a slow line less, as the loader does it */
    const struct client_transfer transfer = {
        .group = SMP_GROUP_IMAGE,
        .id = IMAGE_UPLOAD,
        .source = {(void *)(uintptr_t)push, push->size, read_push},
        .window = set->window > 0 ? set->window : set->buffers,
    };

    if (set->baud > 0 && packet > line_packet_max(set->baud))
        packet = line_packet_max(set->baud);
    client_packet_max(&wired->pump->client, packet);
    assert_int_equal(
        client_transfer_start(&wired->pump->client, &transfer, now_ms(wired), WIRED_TIMEOUT_MS, WIRED_TRIES),
        OK);
    return job_ends(wired, most_ms);
}

enum client_event wired_ask(struct wired *wired, enum suture_verb verb, uint32_t timeout_ms)
{
    assert_int_equal(client_request(&wired->pump->client, SMP_READ, SMP_GROUP_SUTURE, (uint8_t)verb,
                                    (struct span){NULL, 0}, now_ms(wired), timeout_ms, 1),
                     OK);
    return job_ends(wired, 2 * (uint64_t)timeout_ms);
}

void wired_wait(struct wired *wired, uint64_t ms)
{
    uint64_t until_us = wired->now_us + ms * 1000;

    while (wired->now_us < until_us)
        turn(wired, until_us);
}
