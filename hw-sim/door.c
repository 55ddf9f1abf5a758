/* What all doors share: the way of bytes between a descriptor and the device's packets. */
#include "hw-sim/door.h"

#include <string.h>
#include <unistd.h>

#define READ_LEAST 64 /* a wire with less room is not read for: one wake-up for many bytes */

static size_t depth_of(uint32_t baud)
{
    size_t depth = (size_t)baud / WIRE_BITS * DOOR_BURST_MS / 1000;

    if (baud == 0 || depth > WIRE_MAX)
        return WIRE_MAX;
    return depth > 2 * READ_LEAST ? depth : 2 * READ_LEAST;
}

static void wire_begin(struct wire *wire, uint32_t baud, struct faults *faults, enum fault_way way)
{
    wire_start(wire, baud);
    wire->depth = depth_of(baud);
    wire->faults = faults;
    wire->way = way;
}

void door_start(struct door *door, const struct door_kind *kind, const char *path, uint32_t baud,
                struct faults *faults)
{
    memset(door, 0, sizeof *door);
    door->kind = kind;
    door->path = path;
    door->listener.file = door->client = door->slave = -1;
    door->in = buffer_over(door->in_bytes, sizeof door->in_bytes);
    door->out = buffer_over(door->out_bytes, sizeof door->out_bytes);
    door->arrived = buffer_over(door->arrived_bytes, sizeof door->arrived_bytes);
    wire_begin(&door->to_device, baud, faults, FAULT_IN);
    wire_begin(&door->to_loader, baud, faults, FAULT_OUT);
    line_start(&door->line, LINE_DEVICE, buffer_over(door->in_packet, sizeof door->in_packet),
               buffer_over(door->out_packet, sizeof door->out_packet), (struct frame_chatter){NULL, NULL});
}

bool door_is_open(const struct door *door)
{
    return door->listener.file >= 0 || door->client >= 0;
}

bool door_open(struct door *door, struct failure *why)
{
    return door_is_open(door) || door->kind->open(door, why);
}

void door_shut(struct door *door)
{
    door->kind->shut(door);
}

void door_hang_up(struct door *door)
{
    if (door->client < 0)
        return;
    close(door->client);
    door->client = -1;
    door->newly = true;
    door->in.size = door->out.size = door->arrived.size = 0;
    wire_cut(&door->to_device);
    wire_cut(&door->to_loader);
    line_reset(&door->line);
    if (door->to_device.faults != NULL)
        faults_reopen(door->to_device.faults);
}

/* The descriptor ---------------------------------------------------------------------------------------------------- */

void door_watch(const struct door *door, struct pollfd polls[DOOR_POLLS], uint64_t now_us)
{
    bool reads = wire_room(&door->to_device, now_us) >= READ_LEAST;
    short events = (short)((reads ? POLLIN : 0) | (door->arrived.size > 0 ? POLLOUT : 0));

    polls[0] = (struct pollfd){door->listener.file, POLLIN, 0};
    polls[1] = (struct pollfd){door->client, events, 0};
    if (events == 0)
        polls[1].fd = -1; /* a hang-up that nobody looks at would wake poll again and again */
}

/* As many bytes as the wire takes now. */
static void read_client(struct door *door, uint64_t now_us)
{
    uint8_t bytes[512];
    size_t room = wire_room(&door->to_device, now_us);
    ssize_t got = door->kind->read(door, bytes, room < sizeof bytes ? room : sizeof bytes);

    if (got == DOOR_GONE)
        door_hang_up(door);
    else if (got > 0)
        wire_put(&door->to_device, span_of(bytes, (size_t)got), now_us);
}

void door_serve(struct door *door, const struct pollfd polls[DOOR_POLLS], uint64_t now_us)
{
    bool mine = polls[1].fd >= 0 && polls[1].fd == door->client;

    if (mine && (polls[1].revents & (POLLIN | POLLHUP | POLLERR)) != 0 &&
        wire_room(&door->to_device, now_us) > 0)
        read_client(door, now_us);
    if (door->client >= 0)
        door_flow(door, now_us);
    if (polls[0].fd >= 0 && polls[0].fd == door->listener.file && (polls[0].revents & POLLIN) != 0)
        door->kind->let_in(door);
}

/* Wires and frames -------------------------------------------------------------------------------------------------- */

/* How many bytes may be taken off the wire: on a line, a packet of the largest size and small ones behind it may be whole
 * then. */
static size_t in_room(const struct door *door)
{
    size_t room = door->in.capacity - door->in.size;

    if (door->kind->carries == DOOR_PACKETS)
        return room;
    return room >= DOOR_PACKET + READ_LEAST ? READ_LEAST : 0;
}

static void take_in(struct door *door, struct span bytes, uint64_t now_us)
{
    struct span packet;

    if (door->kind->carries == DOOR_PACKETS) {
        buffer_append(&door->in, bytes);
        return;
    }
    while (line_take(&door->line, &bytes, now_us / 1000, &packet) == OK)
        buffer_append(&door->in, packet);
}

static bool flow_in(struct door *door, uint64_t now_us)
{
    uint8_t bytes[512];
    size_t room, got;
    bool flowed = false;

    wire_put(&door->to_device, (struct span){bytes, 0}, now_us);
    while ((room = in_room(door)) > 0) {
        got = wire_take(&door->to_device, bytes, room < sizeof bytes ? room : sizeof bytes, now_us);
        if (got == 0)
            break;
        take_in(door, span_of(bytes, got), now_us);
        flowed = true;
    }
    return flowed;
}

/* The next wire bytes from the packets that wait, at most `capacity`. */
static size_t next_out(struct door *door, uint8_t *out, size_t capacity)
{
    size_t wanted;

    if (door->kind->carries == DOOR_PACKETS || door->babbles) {
        size_t size = door->out.size < capacity ? door->out.size : capacity;
        memcpy(out, door->out.data, size);
        door_took(&door->out, size);
        return size;
    }
    while ((wanted = line_wants(&door->line)) > 0 && door->out.size > 0) {
        size_t size = wanted < door->out.size ? wanted : door->out.size;
        line_give(&door->line, span_of(door->out.data, size));
        door_took(&door->out, size);
    }
    return line_send(&door->line, out, capacity);
}

/* Packets onto the wire, byte by byte: what faults add in between takes room that was there before. */
static bool send_out(struct door *door, uint64_t now_us)
{
    uint8_t byte;
    bool sent = false;

    wire_put(&door->to_loader, (struct span){&byte, 0}, now_us);
    while (wire_room(&door->to_loader, now_us) > 0 && next_out(door, &byte, 1) > 0) {
        wire_put(&door->to_loader, span_of(&byte, 1), now_us);
        wire_put(&door->to_loader, (struct span){&byte, 0}, now_us);
        sent = true;
    }
    return sent;
}

/* What has arrived, to the loader. */
static bool give_loader(struct door *door, uint64_t now_us)
{
    bool gave = false;

    while (door->client >= 0) {
        door->arrived.size += wire_take(&door->to_loader, door->arrived.data + door->arrived.size,
                                        door->arrived.capacity - door->arrived.size, now_us);
        if (door->arrived.size == 0)
            break;
        ssize_t put = door->kind->write(door, door->arrived.data, door->arrived.size);
        if (put == DOOR_GONE)
            door_hang_up(door);
        if (put <= 0)
            break;
        door_took(&door->arrived, (size_t)put);
        gave = true;
    }
    return gave;
}

bool door_flow(struct door *door, uint64_t now_us)
{
    if (door->client < 0)
        return false;
    bool in = flow_in(door, now_us), sent = send_out(door, now_us);

    return give_loader(door, now_us) || in || sent;
}

static uint64_t lesser(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t door_wake(const struct door *door, uint64_t now_us)
{
    uint64_t wake = door->to_device.faults ? faults_wake(door->to_device.faults, now_us) : FAULTS_NEVER;
    bool waits = door->out.size > 0 || line_wants(&door->line) == 0;

    if (door->client < 0)
        return wake;
    if (in_room(door) > 0)
        wake = lesser(wake, wire_due(&door->to_device));
    if (in_room(door) > 0 && wire_room(&door->to_device, now_us) < READ_LEAST)
        wake = lesser(wake, wire_ready(&door->to_device, READ_LEAST, now_us));
    if (door->arrived.size == 0)
        wake = lesser(wake, wire_due(&door->to_loader));
    if (waits && door->arrived.size == 0)
        wake = lesser(wake, wire_ready(&door->to_loader, READ_LEAST, now_us));
    return wake;
}

void door_babbles(struct door *door, bool babbles)
{
    if (door->babbles && !babbles) {
        line_reset(&door->line);
        door->out.size = 0;
    }
    door->babbles = babbles;
}

bool door_changed(struct door *door)
{
    bool changed = door->newly;
    door->newly = false;
    return changed;
}

void door_took(struct buffer *buffer, size_t size)
{
    memmove(buffer->data, buffer->data + size, buffer->size - size);
    buffer->size -= size;
}
