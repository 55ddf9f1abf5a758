/* Check values: the published ones, and the same CRC-32 from the device's code as from the host's library. */
#include "keys/base/crc.h"
#include "tests/support/test.h"

/* The device's own under other names, beside the library's that this program is linked with. */
#define crc32_more board_crc32_more
#define crc32_of   board_crc32_of
uint32_t board_crc32_more(uint32_t before, struct span bytes);
uint32_t board_crc32_of(struct span bytes);
#include "keys/base/crc32.c"
#undef crc32_more
#undef crc32_of

static const uint8_t digits[9] = "123456789";

static void the_published_check_values_come_out(void **state)
{
    (void)state;
    assert_int_equal(crc32_of(span_of(digits, 9)), 0xCBF43926);
    assert_int_equal(board_crc32_of(span_of(digits, 9)), 0xCBF43926);
    assert_int_equal(crc16_of(span_of(digits, 9)), 0x31C3);
}

static void device_and_host_agree_whatever_the_pieces(void **state)
{
    uint8_t bytes[1000];

    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * i >> 3);
    for (size_t cut = 0; cut <= sizeof bytes; cut += 37) {
        struct span head = span_of(bytes, cut), tail = span_of(bytes + cut, sizeof bytes - cut);
        uint32_t whole = crc32_of(span_of(bytes, sizeof bytes));
        assert_int_equal(crc32_more(crc32_of(head), tail), whole);
        assert_int_equal(board_crc32_more(board_crc32_of(head), tail), whole);
    }
}

static void nothing_changes_nothing(void **state)
{
    (void)state;
    assert_int_equal(crc32_more(0x1234, span_of(NULL, 0)), 0x1234);
    assert_int_equal(board_crc32_more(0x1234, span_of(NULL, 0)), 0x1234);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_check_values_come_out),
        cmocka_unit_test(device_and_host_agree_whatever_the_pieces),
        cmocka_unit_test(nothing_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
