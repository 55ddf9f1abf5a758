#include "tests/support/hex.h"
#include "tests/support/test.h"

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    fail_msg("not a hex digit: %c", c);
    return 0;
}

struct span hex_into(uint8_t *memory, size_t capacity, const char *text)
{
    size_t digits = 0;

    for (; *text != '\0'; text++) {
        if (*text == ' ' || *text == '\n')
            continue;
        assert_true(digits / 2 < capacity);
        uint8_t *at = memory + digits / 2;
        *at = (uint8_t)(digits % 2 == 0 ? digit_of(*text) << 4 : *at | digit_of(*text));
        digits++;
    }
    assert_int_equal(digits % 2, 0);
    return span_of(memory, digits / 2);
}
