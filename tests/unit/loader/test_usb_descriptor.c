/* Descriptors of hostile devices: each length and each endpoint that can't be is refused, and what is well formed is found
 * wherever it stands. */
#include "loader/link/usb_descriptor.h"

#include "keys/base/bytes.h"
#include "tests/support/redir_device.h"
#include "tests/support/test.h"

#define SEED    20260117u
#define MUTANTS 200000u

/* Offsets in the scripted device's layout. */
enum { SERVICE = 9 + 23, SERVICE_OUT = SERVICE + 9, SERVICE_IN = SERVICE_OUT + 7, END = SERVICE_IN + 7 };

static uint8_t layout[512];
static size_t size;
static struct usb_interface found;

static int usual(void **state)
{
    struct span good = redir_device_layout();

    (void)state;
    assert_int_equal(good.size, END);
    memcpy(layout, good.data, good.size);
    size = good.size;
    memset(&found, 0, sizeof found);
    return 0;
}

static void total_is(size_t total)
{
    put_le16(layout + 2, (uint16_t)total);
}

static enum status look(void)
{
    /* exactly as large as it is said to be: the sanitizer sees a byte too many */
    uint8_t *copy = malloc(size + 1);

    assert_non_null(copy);
    memcpy(copy, layout, size);
    uint8_t *exact = realloc(copy, size ? size : 1);
    enum status status = usb_interface_find(span_of(exact, size), &found);
    free(exact);
    return status;
}

static void the_usual_one_is_found_with_its_own_endpoints(void **state)
{
    (void)state;
    assert_int_equal(look(), OK);
    assert_int_equal(found.configuration, 1);
    assert_int_equal(found.number, 2);
    assert_int_equal(found.in, 0x84);
    assert_int_equal(found.out, 0x03);
    assert_int_equal(found.in_packet, 512);
    assert_int_equal(found.out_packet, 512);
}

static void other_classes_are_not_ours(void **state)
{
    (void)state;
    for (size_t at = 5; at <= 7; at++) {
        layout[SERVICE + at] ^= 0x10;
        assert_int_equal(look(), MISSING);
        layout[SERVICE + at] ^= 0x10;
    }
    layout[SERVICE + 3] = 1; /* an alternate setting that is not in force */
    assert_int_equal(look(), MISSING);
}

static void descriptors_of_other_kinds_between_are_passed_over(void **state)
{
    static const uint8_t others[] = {4, 0x24, 1, 2, 6, 48, 0, 0, 0, 0, 2, 0x99};
    (void)state;

    memmove(layout + SERVICE_OUT + sizeof others, layout + SERVICE_OUT, END - SERVICE_OUT);
    memcpy(layout + SERVICE_OUT, others, sizeof others);
    size = END + sizeof others;
    total_is(size);
    assert_int_equal(look(), OK);
    assert_int_equal(found.in, 0x84);
}

static void endpoints_of_the_next_interface_are_not_taken(void **state)
{
    static const uint8_t next[9] = {9, 4, 3, 0, 1, 8, 6, 80, 0};
    (void)state;

    memmove(layout + SERVICE_IN + sizeof next, layout + SERVICE_IN, 7);
    memcpy(layout + SERVICE_IN, next, sizeof next);
    size = END + sizeof next;
    total_is(size);
    assert_int_equal(look(), BAD_FORMAT);
}

static void endpoints_that_are_not_bulk_do_not_count(void **state)
{
    (void)state;
    layout[SERVICE_IN + 3] = 3;
    assert_int_equal(look(), BAD_FORMAT);
}

static void addresses_that_cannot_be_are_refused(void **state)
{
    static const uint8_t bad[] = {0x80, 0x00, 0x90, 0xF1, 0x41};
    (void)state;

    for (size_t i = 0; i < sizeof bad; i++) {
        layout[SERVICE_IN + 2] = bad[i];
        assert_int_equal(look(), BAD_FORMAT);
    }
}

static void packet_sizes_that_cannot_be_are_refused(void **state)
{
    static const uint16_t good[] = {8, 16, 32, 64, 512, 1024},
                          bad[] = {0, 1, 7, 63, 65, 511, 513, 0x0A00, 0xFFFF};
    (void)state;

    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        put_le16(layout + SERVICE_OUT + 4, good[i]);
        assert_int_equal(look(), OK);
        assert_int_equal(found.out_packet, good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        put_le16(layout + SERVICE_OUT + 4, bad[i]);
        assert_int_equal(look(), BAD_FORMAT);
    }
}

static void a_total_length_that_lies_is_refused(void **state)
{
    (void)state;
    total_is(END + 1);
    assert_int_equal(look(), BAD_FORMAT);
    total_is(0xFFFF);
    assert_int_equal(look(), BAD_FORMAT);
    total_is(8);
    assert_int_equal(look(), BAD_FORMAT);
    total_is(END - 1);
    assert_int_equal(look(), BAD_FORMAT);
}

/* What stands behind the total does not belong to it. */
static void bytes_behind_the_total_are_nothing(void **state)
{
    (void)state;
    memset(layout + END, 0xFF, 16);
    size = END + 16;
    assert_int_equal(look(), OK);
}

static void a_length_of_zero_or_one_does_not_stand_still(void **state)
{
    (void)state;
    for (uint8_t length = 0; length < 2; length++) {
        layout[9] = length;
        assert_int_equal(look(), BAD_FORMAT);
    }
}

static void short_descriptors_of_known_kinds_are_refused(void **state)
{
    static const struct {
        size_t at;
        uint8_t length;
    } rows[] = {{0, 8}, {SERVICE, 8}, {SERVICE_OUT, 6}};
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t before = layout[rows[i].at];
        layout[rows[i].at] = rows[i].length;
        assert_int_equal(look(), BAD_FORMAT);
        layout[rows[i].at] = before;
    }
}

static void every_cut_is_refused(void **state)
{
    (void)state;
    for (size = 0; size < END; size++)
        assert_int_equal(look(), BAD_FORMAT);
}

static void a_configuration_of_value_zero_is_none(void **state)
{
    (void)state;
    layout[5] = 0;
    assert_int_equal(look(), BAD_FORMAT);
}

static void a_device_descriptor_is_whole_and_names_a_configuration(void **state)
{
    uint8_t device[18], count = 77;
    (void)state;

    memcpy(device, redir_device_descriptor().data, sizeof device);
    assert_int_equal(usb_device_read(span_of(device, 17), &count), BAD_FORMAT);
    device[17] = 0;
    assert_int_equal(usb_device_read(span_of(device, 18), &count), BAD_FORMAT);
    device[17] = 2;
    device[1] = 2;
    assert_int_equal(usb_device_read(span_of(device, 18), &count), BAD_FORMAT);
    assert_int_equal(count, 77);
    device[1] = 1;
    assert_int_equal(usb_device_read(span_of(device, 18), &count), OK);
    assert_int_equal(count, 2);
}

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* Whatever is found can be used: that is all that a link relies on. */
static void whatever_a_mutant_says_is_refused_or_usable(void **state)
{
    uint32_t seed = SEED;
    unsigned accepted = 0;

    for (unsigned i = 0; i < MUTANTS; i++) {
        usual(state);
        for (unsigned flips = 1 + next_random(&seed) % 4; flips > 0; flips--)
            layout[next_random(&seed) % END] = (uint8_t)next_random(&seed);
        size = next_random(&seed) % 8 == 0 ? next_random(&seed) % END : END;
        if (look() != OK)
            continue;
        accepted += 1;
        if (found.configuration == 0 || !(found.in & 0x80) || (found.out & 0x80) || !(found.in & 15) ||
            !(found.out & 15) || found.in_packet < 8 || found.out_packet < 8)
            fail_msg("seed %u, mutant %u: endpoints %02x %02x", SEED, i, found.in, found.out);
    }
    assert_true(accepted > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_usual_one_is_found_with_its_own_endpoints, usual),
        cmocka_unit_test_setup(other_classes_are_not_ours, usual),
        cmocka_unit_test_setup(descriptors_of_other_kinds_between_are_passed_over, usual),
        cmocka_unit_test_setup(endpoints_of_the_next_interface_are_not_taken, usual),
        cmocka_unit_test_setup(endpoints_that_are_not_bulk_do_not_count, usual),
        cmocka_unit_test_setup(addresses_that_cannot_be_are_refused, usual),
        cmocka_unit_test_setup(packet_sizes_that_cannot_be_are_refused, usual),
        cmocka_unit_test_setup(a_total_length_that_lies_is_refused, usual),
        cmocka_unit_test_setup(bytes_behind_the_total_are_nothing, usual),
        cmocka_unit_test_setup(a_length_of_zero_or_one_does_not_stand_still, usual),
        cmocka_unit_test_setup(short_descriptors_of_known_kinds_are_refused, usual),
        cmocka_unit_test_setup(every_cut_is_refused, usual),
        cmocka_unit_test_setup(a_configuration_of_value_zero_is_none, usual),
        cmocka_unit_test_setup(a_device_descriptor_is_whole_and_names_a_configuration, usual),
        cmocka_unit_test_setup(whatever_a_mutant_says_is_refused_or_usable, usual),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
