/* CRC-16/XMODEM bit by bit: a serial line is slower than that anywhere. */
#include "keys/base/crc.h"

uint16_t crc16_of(struct span bytes)
{
    uint16_t crc = 0;

    for (size_t i = 0; i < bytes.size; i++) {
        crc = (uint16_t)(crc ^ bytes.data[i] << 8);
        for (int bit = 0; bit < 8; bit++)
            crc = (uint16_t)(crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1);
    }
    return crc;
}
