/* CRC-32 as zlib computes it (reflected EDB88320, initial and final inversion). It finds torn writes in flash; it proves
 * nothing about who wrote them. */
#ifndef SUTURE_KEYS_BASE_CRC_H
#define SUTURE_KEYS_BASE_CRC_H

#include "keys/base/span.h"

/* CRC-32 of one run of bytes; "123456789" gives CBF43926. */
uint32_t crc32_of(struct span bytes);
/* Continues a CRC-32: `before` is the CRC of what came before (0 for nothing). */
uint32_t crc32_more(uint32_t before, struct span bytes);

#endif
