/* CRC-32 for devices: 64 bytes of table. A host has zlib for it (keys/crc32_zlib.c), which is more than ten times as fast. */
#include "keys/base/crc.h"

/* One nibble at a time: 64 bytes of table, small enough for any boot loader. */
static const uint32_t table[16] = {
    0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
    0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
};

uint32_t crc32_more(uint32_t before, struct span bytes)
{
    uint32_t crc = ~before;

    for (size_t i = 0; i < bytes.size; i++) {
        crc ^= bytes.data[i];
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return ~crc;
}

uint32_t crc32_of(struct span bytes)
{
    return crc32_more(0, bytes);
}
