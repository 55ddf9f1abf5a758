/* The cable between a door and a device: plugged or not, as fast as the profile says, and what stands in for a device that
 * answers nothing or nonsense. No bytes are lost here but those that a fault takes. */
#ifndef SUTURE_SIM_CABLE_H
#define SUTURE_SIM_CABLE_H

#include "keys/base/span.h"

enum cable_fault {
    CABLE_SOUND,
    CABLE_MUTE,   /* takes everything, answers nothing */
    CABLE_BABBLE, /* answers whatever comes with random bytes */
};

struct cable_way {
    uint64_t last_ms;
    uint64_t credit; /* thousandths of a byte that may pass now */
};

#define CABLE_NOISE_MAX 512

struct cable {
    bool plugged;
    enum cable_fault fault;
    uint32_t speed; /* bytes a second in each direction; 0: no limit */
    struct cable_way in, out;
    uint64_t chance;
    size_t noise; /* random bytes owed to whoever listens */
};

/* Plugged and sound. */
void cable_start(struct cable *cable, uint32_t speed, uint64_t seed);
/* How many bytes may pass in this direction at `now` (ms). */
size_t cable_room(const struct cable *cable, struct cable_way *way, uint64_t now);
/* Counts `size` bytes, at most the room, as passed. */
void cable_pass(const struct cable *cable, struct cable_way *way, size_t size);
/* The time (ms) at which at least one byte may pass. */
uint64_t cable_ready(const struct cable *cable, const struct cable_way *way, uint64_t now);
/* A babbling cable: owes noise for `size` bytes that came in, and pays up to `capacity` bytes of it. */
void cable_owe(struct cable *cable, size_t size);
size_t cable_babble(struct cable *cable, uint8_t *out, size_t capacity);

#endif
