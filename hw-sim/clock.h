/* Time as the simulator gives it to devices: milliseconds since clock_start, of the real world or made up. A made-up clock
 * stands still until it is moved, so that a test with slow flash and long timeouts takes no time. */
#ifndef SUTURE_SIM_CLOCK_H
#define SUTURE_SIM_CLOCK_H

#include <stdint.h>

#define CLOCK_NEVER UINT64_MAX

enum clock_kind { CLOCK_REAL, CLOCK_VIRTUAL };

struct clock {
    enum clock_kind kind;
    uint64_t now_ms;   /* virtual: the time it is; real: unused */
    uint64_t start_us; /* real: the system's steady clock at clock_start */
};

void clock_start(struct clock *clock, enum clock_kind kind);
uint64_t clock_now(const struct clock *clock);
/* The same in microseconds. */
uint64_t clock_now_us(const struct clock *clock);
/* Moves a virtual clock forward to `ms`; never back, and not to CLOCK_NEVER. Nothing happens to a real one. */
void clock_move(struct clock *clock, uint64_t ms);
/* Milliseconds from now until `ms` as poll(2) wants them: 0 when past, -1 for CLOCK_NEVER. */
int clock_wait(const struct clock *clock, uint64_t ms);

#endif
