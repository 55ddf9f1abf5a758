/* Check values that find broken bytes; they prove nothing about who wrote them. CRC-32 as zlib computes it (reflected
 * EDB88320, initial and final inversion) stands in flash, CRC-16 on serial lines. */
#ifndef SUTURE_KEYS_BASE_CRC_H
#define SUTURE_KEYS_BASE_CRC_H

#include "keys/base/span.h"

/* CRC-32 of one run of bytes; "123456789" gives CBF43926. */
uint32_t crc32_of(struct span bytes);
/* Continues a CRC-32: `before` is the CRC of what came before (0 for nothing). */
uint32_t crc32_more(uint32_t before, struct span bytes);

/* CRC-16/XMODEM (poly 1021, initial 0, not reflected), as SMP's framings carry it; "123456789" gives 31C3. */
uint16_t crc16_of(struct span bytes);

#endif
