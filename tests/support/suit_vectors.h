/* The SUIT envelopes of tests/vectors/suit: their names, bytes, and the published key that signed them. */
#ifndef SUTURE_TESTS_SUPPORT_SUIT_VECTORS_H
#define SUTURE_TESTS_SUPPORT_SUIT_VECTORS_H

#include "keys/base/span.h"

#define SUIT_VECTOR_MAX 1024 /* bytes of the longest, and a little */

/* Names of the 23 signed envelopes ("example0-signed", "libcsuit/exp0"), NULL after the last; the two that carry another
 * envelope inside stand last. */
extern const char *const suit_vectors_signed[];
enum { SUIT_VECTORS_SIGNED = 23, SUIT_VECTORS_PLAIN = 21 };
/* The six unsigned ones of the draft, NULL after the last. */
extern const char *const suit_vectors_unsigned[];

/* Reads tests/vectors/suit/NAME.hex; ends the test when it can't. */
struct span suit_vector(const char *name, uint8_t memory[SUIT_VECTOR_MAX]);
void suit_vectors_key(uint8_t public_key[65]);

#endif
