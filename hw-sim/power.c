/* Counting operations of flash, and the jump that stands for losing power. */
#include "hw-sim/power.h"

#include <stdlib.h>
#include <string.h>

void power_start(struct power *power)
{
    memset(power, 0, sizeof *power);
}

void power_cut_at(struct power *power, uint64_t operation, enum power_cut cut)
{
    power->cut_at =
        operation == 0 || operation > UINT64_MAX - power->operations ? 0 : power->operations + operation;
    power->cut = cut;
}

enum power_fate power_fate_of(enum power_cut cut)
{
    switch (cut) {
    case POWER_CUT_BEFORE:
        return POWER_FAILS_BEFORE;
    case POWER_CUT_TORN:
        return POWER_FAILS_TORN;
    case POWER_CUT_AFTER:
        break;
    }
    return POWER_FAILS_AFTER;
}

enum power_fate power_operation(struct power *power)
{
    power->operations++;
    if (power->cut_at == 0 || power->operations != power->cut_at)
        return POWER_HOLDS;
    power->cut_at = 0;
    return power_fate_of(power->cut);
}

bool power_run(struct power *power, void (*work)(void *context), void *context)
{
    power->running = true;
    if (setjmp(power->out) != 0) {
        power->running = false;
        return false;
    }
    work(context);
    power->running = false;
    return true;
}

_Noreturn void power_lost(struct power *power)
{
    if (!power->running)
        abort();
    longjmp(power->out, 1);
}
