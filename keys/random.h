/* The system's random source, on a host. */
#ifndef SUTURE_KEYS_RANDOM_H
#define SUTURE_KEYS_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Fills `out` with `size` bytes fit for keys and nonces, from the kernel (getrandom(2)); waits until it is seeded.
 * False: none could be had, and `out` must not be used. */
bool random_bytes(uint8_t *out, size_t size);

#endif
