/* The same upload in real time: `suture-sim run` with a pty door, and the loader's own link, session and client. */
#ifndef SUTURE_TESTS_BENCH_REAL_LINE_H
#define SUTURE_TESTS_BENCH_REAL_LINE_H

#include "tests/support/pump.h"

/* Microseconds that the upload took over the profile's pty door "p.tty" at its baud rate, COBS or console frames; the pump
 * was as from the factory. Ends the program when the file did not arrive. */
uint64_t real_time_us(struct pump *pump, const struct buffer *push, uint32_t baud, uint8_t framing);

#endif
