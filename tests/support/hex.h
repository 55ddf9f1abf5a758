/* Test data as hex text, the way standards print it. */
#ifndef SUTURE_TESTS_SUPPORT_HEX_H
#define SUTURE_TESTS_SUPPORT_HEX_H

#include "keys/base/span.h"

/* Decodes `text` (hex digits, spaces ignored) into memory of `capacity` bytes and returns the bytes; ends the test when
 * it is no hex or doesn't fit. */
struct span hex_into(uint8_t *memory, size_t capacity, const char *text);

#endif
