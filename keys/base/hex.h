/* Lower-case hexadecimal, as ids and digests are shown and stored. Host code. */
#ifndef SUTURE_KEYS_BASE_HEX_H
#define SUTURE_KEYS_BASE_HEX_H

#include "keys/base/span.h"

/* Writes 2 * size digits and a NUL. */
void hex_of(struct span bytes, char *out);
/* Reads a whole text of lower-case digits; `size` gets the bytes. False, with nothing written past `capacity`, when it is
 * none or holds more. */
bool hex_read(const char *text, uint8_t *out, size_t capacity, size_t *size);
/* Reads exactly `size` bytes. */
bool hex_exact(const char *text, uint8_t *out, size_t size);

#endif
