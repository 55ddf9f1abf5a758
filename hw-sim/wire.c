/* A ring of bytes, each with the time at which it is whole at the other end. */
#include "hw-sim/wire.h"

#include <string.h>

void wire_start(struct wire *wire, uint32_t baud)
{
    memset(wire, 0, sizeof *wire);
    wire->baud = baud;
    wire->depth = WIRE_MAX;
}

void wire_cut(struct wire *wire)
{
    wire->first = wire->count = 0;
    wire->free_ns = 0;
}

/* The time that `bytes` bytes take. */
static uint64_t time_ns(const struct wire *wire, uint64_t bytes)
{
    return wire->baud == 0 ? 0 : bytes * WIRE_BITS * 1000000000ull / wire->baud;
}

/* Bytes that wait at the sender, the one being sent included. */
static size_t waiting(const struct wire *wire, uint64_t now_us)
{
    uint64_t now_ns = now_us * 1000;

    if (wire->baud == 0 || wire->free_ns <= now_ns)
        return 0;
    uint64_t one = time_ns(wire, 1);
    return (size_t)((wire->free_ns - now_ns + one - 1) / one);
}

size_t wire_room(const struct wire *wire, uint64_t now_us)
{
    size_t wait = waiting(wire, now_us), ring = WIRE_MAX - wire->count;
    size_t room = wait < wire->depth ? wire->depth - wait : 0;

    return room < ring ? room : ring;
}

/* The sender's next byte time passes. */
static void spend(struct wire *wire, uint64_t now_us)
{
    uint64_t now_ns = now_us * 1000;

    wire->free_ns = (wire->free_ns > now_ns ? wire->free_ns : now_ns) + time_ns(wire, 1);
    wire->sent++;
}

static void arrive(struct wire *wire, uint8_t byte)
{
    size_t at = (wire->first + wire->count++) % WIRE_MAX;

    wire->bytes[at] = byte;
    wire->due_ns[at] = wire->free_ns + (uint64_t)wire->delay_us * 1000;
}

/* What arrives without being sent: it takes the line's time all the same. False when there is no room for more. */
static bool put_more(struct wire *wire, uint64_t now_us)
{
    uint8_t byte;

    while (wire_room(wire, now_us) > 0) {
        if (!faults_more(wire->faults, wire->way, now_us, &byte))
            return true;
        spend(wire, now_us);
        arrive(wire, byte);
    }
    return false;
}

size_t wire_put(struct wire *wire, struct span bytes, uint64_t now_us)
{
    size_t put = 0;

    for (;;) {
        if (wire->faults != NULL && !put_more(wire, now_us))
            return put;
        if (put == bytes.size || wire_room(wire, now_us) == 0)
            return put;
        uint8_t byte = bytes.data[put++];
        spend(wire, now_us);
        if (wire->faults == NULL || faults_take(wire->faults, wire->way, byte, now_us, &byte))
            arrive(wire, byte);
    }
}

static bool has_arrived(const struct wire *wire, uint64_t now_us)
{
    return wire->count > 0 && wire_due(wire) <= now_us;
}

size_t wire_take(struct wire *wire, uint8_t *out, size_t capacity, uint64_t now_us)
{
    size_t taken = 0;

    for (; taken < capacity && has_arrived(wire, now_us); taken++) {
        out[taken] = wire->bytes[wire->first];
        wire->first = (wire->first + 1) % WIRE_MAX;
        wire->count--;
    }
    return taken;
}

uint64_t wire_due(const struct wire *wire)
{
    return wire->count == 0 ? FAULTS_NEVER : (wire->due_ns[wire->first] + 999) / 1000;
}

uint64_t wire_ready(const struct wire *wire, size_t size, uint64_t now_us)
{
    if (wire_room(wire, now_us) >= size)
        return now_us;
    if (WIRE_MAX - wire->count < size)
        return wire_due(wire);
    uint64_t left = time_ns(wire, wire->depth - size);
    uint64_t ready = wire->free_ns > left ? (wire->free_ns - left + 999) / 1000 : now_us;
    return ready > now_us ? ready : now_us + 1;
}
