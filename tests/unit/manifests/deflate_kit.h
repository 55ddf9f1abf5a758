/* Deflate streams written symbol by symbol with the fixed codes (RFC 1951, 3.2.6), so that a test can say what no
 * compressor would. */
#ifndef SUTURE_TESTS_DEFLATE_KIT_H
#define SUTURE_TESTS_DEFLATE_KIT_H

#include "tests/support/test.h"
#include "keys/base/span.h"

struct bits {
    struct buffer out;
    unsigned held; /* bits in the last byte */
};

static inline void bits_put(struct bits *bits, uint32_t value, unsigned count)
{
    for (; count > 0; count--, value >>= 1) {
        if (bits->held % 8 == 0)
            assert_true(buffer_put(&bits->out, 0));
        bits->out.data[bits->out.size - 1] |= (uint8_t)((value & 1) << bits->held % 8);
        bits->held++;
    }
}

/* Huffman codes go out from their most significant bit. */
static inline void bits_put_code(struct bits *bits, uint32_t code, unsigned count)
{
    while (count-- > 0)
        bits_put(bits, code >> count & 1, 1);
}

enum deflate_block { DEFLATE_MORE = 0, DEFLATE_FINAL = 1 };

static inline void deflate_begin(struct bits *bits, enum deflate_block place)
{
    bits_put(bits, place, 1);
    bits_put(bits, 1, 2);
}

static inline void deflate_literal(struct bits *bits, uint8_t byte)
{
    if (byte < 144)
        bits_put_code(bits, 0x30u + byte, 8);
    else
        bits_put_code(bits, 0x190u + byte - 144, 9);
}

/* Copies three bytes from `distance` back (1..32768). */
static inline void deflate_copy3(struct bits *bits, uint32_t distance)
{
    unsigned code = 0, extra = 0;
    uint32_t base = 1;
    for (unsigned next = 1; next < 30; next++) {
        unsigned width = next < 4 ? 0 : next / 2 - 1;
        uint32_t start = next < 4 ? next + 1 : ((2 + (next & 1)) << width) + 1;
        if (start > distance)
            break;
        code = next, extra = width, base = start;
    }
    bits_put_code(bits, 1, 7);
    bits_put_code(bits, code, 5);
    bits_put(bits, distance - base, extra);
}

static inline void deflate_end(struct bits *bits)
{
    bits_put_code(bits, 0, 7);
}

#endif
