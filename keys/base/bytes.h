/* Integers in byte order, and small questions about runs of bytes. The caller guarantees the room. */
#ifndef SUTURE_KEYS_BASE_BYTES_H
#define SUTURE_KEYS_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Little-endian, as in flash and in the patch stream. */
uint16_t get_le16(const uint8_t *at);
uint32_t get_le32(const uint8_t *at);
uint64_t get_le64(const uint8_t *at);
void put_le16(uint8_t *at, uint16_t value);
void put_le32(uint8_t *at, uint32_t value);
void put_le64(uint8_t *at, uint64_t value);

/* Big-endian, as in SMP headers. */
uint16_t get_be16(const uint8_t *at);
void put_be16(uint8_t *at, uint16_t value);

/* True when all `size` bytes equal `value`; true for none. */
bool bytes_all(const uint8_t *at, size_t size, uint8_t value);

/* `value` rounded up to a multiple of `unit` (a power of two). The caller guarantees that it does not overflow. */
uint32_t round_up(uint32_t value, uint32_t unit);

#endif
