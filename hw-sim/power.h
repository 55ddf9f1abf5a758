/* Power of one device. Losing it is a longjmp out of whatever the agent or the boot loader was doing: what stood in RAM is
 * gone, what stood in flash stays. Flash asks power_operation before each operation and tells power_lost when it ends. */
#ifndef SUTURE_SIM_POWER_H
#define SUTURE_SIM_POWER_H

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>

/* How an operation of flash stands when power goes: not begun, half done, or whole. */
enum power_cut { POWER_CUT_BEFORE, POWER_CUT_TORN, POWER_CUT_AFTER };

/* What becomes of the operation that is about to happen. */
enum power_fate { POWER_HOLDS, POWER_FAILS_BEFORE, POWER_FAILS_TORN, POWER_FAILS_AFTER };

struct power {
    /* programs of one write unit and erases of one block since power_start, failed ones included */
    uint64_t operations;
    uint64_t cut_at; /* the value of `operations` at which power goes; 0: no cut is armed */
    enum power_cut cut;
    bool running; /* inside power_run */
    jmp_buf out;
};

void power_start(struct power *power);
/* Arms a cut at the `operation`-th operation from now, 1 being the next. 0 takes an armed cut back. */
void power_cut_at(struct power *power, uint64_t operation, enum power_cut cut);
/* Counts one operation and says what becomes of it. */
enum power_fate power_operation(struct power *power);
/* The fate that means this cut. */
enum power_fate power_fate_of(enum power_cut cut);

/* Runs `work` under power: true when it returned, false when power went meanwhile. Not to be nested. */
bool power_run(struct power *power, void (*work)(void *context), void *context);
/* Ends the power_run that stands above; must be called inside one. */
_Noreturn void power_lost(struct power *power);

#endif
