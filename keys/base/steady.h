/* The clock that never goes back, whatever is done to the time of day. It counts from some moment before the program began,
 * and is good for differences only. Host code. */
#ifndef SUTURE_KEYS_BASE_STEADY_H
#define SUTURE_KEYS_BASE_STEADY_H

#include <stdint.h>

uint64_t steady_ms(void); /* milliseconds */
uint64_t steady_us(void); /* microseconds */

#endif
