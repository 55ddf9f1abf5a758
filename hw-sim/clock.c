/* The steady clock of the system, or a number. */
#include "hw-sim/clock.h"

#include "keys/base/steady.h"

#include <limits.h>

void clock_start(struct clock *clock, enum clock_kind kind)
{
    clock->kind = kind;
    clock->now_ms = 0;
    clock->start_us = kind == CLOCK_REAL ? steady_us() : 0;
}

uint64_t clock_now(const struct clock *clock)
{
    return clock_now_us(clock) / 1000;
}

uint64_t clock_now_us(const struct clock *clock)
{
    return clock->kind == CLOCK_REAL ? steady_us() - clock->start_us : clock->now_ms * 1000;
}

void clock_move(struct clock *clock, uint64_t ms)
{
    if (clock->kind == CLOCK_VIRTUAL && ms > clock->now_ms && ms != CLOCK_NEVER)
        clock->now_ms = ms;
}

int clock_wait(const struct clock *clock, uint64_t ms)
{
    uint64_t now = clock_now(clock);
    if (ms == CLOCK_NEVER)
        return -1;
    if (ms <= now)
        return 0;
    return ms - now > INT_MAX ? INT_MAX : (int)(ms - now);
}
