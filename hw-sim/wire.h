/* One direction of a serial line, in time: bytes go in as the sender has them, and come out once their last bit has
 * arrived. A byte has 10 bits (8N1). Times are microseconds of any steady clock, never falling; byte times are kept in
 * nanoseconds, so that no rounding adds up. The same wire stands between a pty and a device in real time and between two
 * state machines in virtual time. */
#ifndef SUTURE_SIM_WIRE_H
#define SUTURE_SIM_WIRE_H

#include "hw-sim/faults.h"

#define WIRE_BITS       10
#define WIRE_MAX        4096 /* bytes under way at most */
#define WIRE_BAUD_LEAST 300
#define WIRE_BAUD_MOST  4000000

struct wire {
    uint32_t baud;         /* 0: no limit */
    uint32_t delay_us;     /* from the sender's last bit to the receiver's */
    size_t depth;          /* bytes that wait at the sender at most: a driver's buffer; 1 to WIRE_MAX */
    struct faults *faults; /* borrowed; NULL: none */
    enum fault_way way;    /* for the faults: FAULT_IN or FAULT_OUT */
    uint64_t free_ns;      /* when the sender will have sent all that it has */
    uint64_t sent;         /* bytes that went over the wire, lost ones included */
    size_t first, count;   /* of the ring below */
    uint8_t bytes[WIRE_MAX];
    uint64_t due_ns[WIRE_MAX];
};

/* An empty wire of WIRE_MAX depth without delay and faults. */
void wire_start(struct wire *wire, uint32_t baud);
/* Whatever is under way is lost. */
void wire_cut(struct wire *wire);
/* How many bytes wire_put would take now. */
size_t wire_room(const struct wire *wire, uint64_t now_us);
/* Sends bytes; returns how many were taken. Call it with none to let faults go on. */
size_t wire_put(struct wire *wire, struct span bytes, uint64_t now_us);
/* Moves what has arrived, up to `capacity` bytes; returns how many. */
size_t wire_take(struct wire *wire, uint8_t *out, size_t capacity, uint64_t now_us);
/* When the next byte arrives; FAULTS_NEVER: none is under way. */
uint64_t wire_due(const struct wire *wire);
/* When there will be room for `size` bytes, at most the depth; `now_us` when there is. */
uint64_t wire_ready(const struct wire *wire, size_t size, uint64_t now_us);

#endif
