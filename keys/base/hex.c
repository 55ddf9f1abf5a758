#include "keys/base/hex.h"

#include <string.h>

void hex_of(struct span bytes, char *out)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < bytes.size; i++) {
        *out++ = digits[bytes.data[i] >> 4];
        *out++ = digits[bytes.data[i] & 15];
    }
    *out = '\0';
}

static int nibble(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

bool hex_read(const char *text, uint8_t *out, size_t capacity, size_t *size)
{
    size_t length = strlen(text);

    if (length % 2 != 0 || length / 2 > capacity)
        return false;
    for (size_t i = 0; i < length / 2; i++) {
        int high = nibble(text[2 * i]), low = nibble(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    *size = length / 2;
    return true;
}

bool hex_exact(const char *text, uint8_t *out, size_t size)
{
    size_t got;
    return hex_read(text, out, size, &got) && got == size;
}
