/* XMODEM-1K and YMODEM over the same virtual line, for comparison: written from Chuck Forsberg's "XMODEM/YMODEM protocol
 * reference" (1988). One block, one acknowledgement, then the next. Both ends are here, and the receiver compares what came. */
#ifndef SUTURE_TESTS_BENCH_RIVALS_H
#define SUTURE_TESTS_BENCH_RIVALS_H

#include "keys/base/span.h"

enum rival { RIVAL_XMODEM_1K, RIVAL_YMODEM, RIVALS };

struct rival_line {
    uint32_t baud, delay_us; /* each way */
    size_t depth;            /* bytes that a sender's driver keeps */
};

/* Microseconds from the receiver's first word to the sender's last; ends the program when the file did not arrive whole. */
uint64_t rival_time_us(enum rival rival, const struct rival_line *line, struct span file);
/* The same by counting bytes and ways there and back, without simulating anything. */
uint64_t rival_count_us(enum rival rival, const struct rival_line *line, struct span file);

#endif
