/* splitmix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014). */
#include "hw-sim/chance.h"

uint64_t chance_next(uint64_t *state)
{
    uint64_t mixed = *state += 0x9e3779b97f4a7c15u;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return mixed ^ (mixed >> 31);
}

uint64_t chance_below(uint64_t *state, uint64_t limit)
{
    return chance_next(state) % limit;
}
