/* All of the C library that device code may use: the four functions that every freestanding compiler needs anyway, and
 * strlen. */
#ifndef SUTURE_DEVICE_STRING_H
#define SUTURE_DEVICE_STRING_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *text);

#endif
