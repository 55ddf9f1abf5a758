/* The one source of chance in the simulator (splitmix64): the same seed gives the same story. Nothing secret. */
#ifndef SUTURE_SIM_CHANCE_H
#define SUTURE_SIM_CHANCE_H

#include <stdint.h>

/* Advances `state` and returns the next 64 bits. Any state is good, 0 too. */
uint64_t chance_next(uint64_t *state);
/* A number in 0..limit-1; `limit` at least 1. Small limits only: the bias of the remainder is not corrected. */
uint64_t chance_below(uint64_t *state, uint64_t limit);

#endif
