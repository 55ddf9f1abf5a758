/* Speed as a credit that grows with time, and noise from a seed. */
#include "hw-sim/cable.h"

#include "hw-sim/chance.h"

#include <string.h>

#define BURST_MS 20 /* so much of the line's speed may pass at once after a pause */

void cable_start(struct cable *cable, uint32_t speed, uint64_t seed)
{
    memset(cable, 0, sizeof *cable);
    cable->plugged = true;
    cable->speed = speed;
    cable->chance = seed;
}

static uint64_t credit_at(const struct cable *cable, const struct cable_way *way, uint64_t now)
{
    uint64_t most = (uint64_t)cable->speed * BURST_MS;
    uint64_t passed = now > way->last_ms ? now - way->last_ms : 0;

    if (most < 1000)
        most = 1000;
    if (passed > most / cable->speed)
        return most;
    uint64_t credit = way->credit + passed * cable->speed;
    return credit < most ? credit : most;
}

size_t cable_room(const struct cable *cable, struct cable_way *way, uint64_t now)
{
    if (cable->speed == 0)
        return SIZE_MAX;
    way->credit = credit_at(cable, way, now);
    if (now > way->last_ms)
        way->last_ms = now;
    return (size_t)(way->credit / 1000);
}

void cable_pass(const struct cable *cable, struct cable_way *way, size_t size)
{
    if (cable->speed != 0)
        way->credit -= (uint64_t)size * 1000;
}

uint64_t cable_ready(const struct cable *cable, const struct cable_way *way, uint64_t now)
{
    if (cable->speed == 0)
        return now;
    uint64_t credit = credit_at(cable, way, now);
    return credit >= 1000 ? now : now + (1000 - credit + cable->speed - 1) / cable->speed;
}

void cable_owe(struct cable *cable, size_t size)
{
    size_t room = CABLE_NOISE_MAX - cable->noise;
    cable->noise += size < room ? size : room;
}

size_t cable_babble(struct cable *cable, uint8_t *out, size_t capacity)
{
    size_t paid = cable->noise < capacity ? cable->noise : capacity;
    for (size_t i = 0; i < paid; i++)
        out[i] = (uint8_t)chance_next(&cable->chance);
    cable->noise -= paid;
    return paid;
}
