/* The SMP header, looking up keys in bodies as other people's clients write them, and the two forms of an error. */
#include "agent/protocol/smp.h"

#include "tests/support/test.h"

#define BYTES(text) span_of(text, sizeof(text) - 1)

static void every_legal_first_byte_reads_and_is_written_back(void **state)
{
    (void)state;
    for (unsigned first = 0; first < 256; first++) {
        uint8_t bytes[SMP_HEADER_SIZE] = {(uint8_t)first, 0x5a, 0x01, 0x02, 0x53, 0x55, 0xfe, 9};
        struct smp_header header = {0};
        unsigned reserved = first >> 5, version = first >> 3 & 3, op = first & 7;
        enum status expected = reserved != 0 || op > 3 ? BAD_FORMAT : version > 1 ? BAD_VERSION : OK;

        assert_int_equal(smp_header_read(span_of(bytes, sizeof bytes), &header), expected);
        if (expected != OK)
            continue;
        assert_int_equal(header.version, version);
        assert_int_equal(header.op, op);
        assert_int_equal(header.flags, 0x5a);
        assert_int_equal(header.length, 0x0102);
        assert_int_equal(header.group, SMP_GROUP_SUTURE);
        assert_int_equal(header.sequence, 0xfe);
        assert_int_equal(header.id, 9);

        uint8_t again[SMP_HEADER_SIZE];
        smp_header_write(&header, again);
        assert_memory_equal(again, bytes, sizeof bytes);
    }
}

static void a_header_of_fewer_than_eight_bytes_is_incomplete(void **state)
{
    (void)state;
    const uint8_t bytes[SMP_HEADER_SIZE] = {0x0a};
    struct smp_header header = {.sequence = 77};
    for (size_t size = 0; size < sizeof bytes; size++)
        assert_int_equal(smp_header_read(span_of(bytes, size), &header), INCOMPLETE);
    assert_int_equal(header.sequence, 77);
}

/* What `key` holds in `body`, or minus one when it is not found. */
static int value_of(struct span body, const char *key)
{
    struct cbor value;
    uint64_t number;
    if (smp_find(body, key, &value) != OK)
        return -1;
    assert_int_equal(cbor_uint(&value, &number), OK);
    return (int)number;
}

static void a_key_is_found_in_any_order_and_any_form(void **state)
{
    (void)state;
    assert_int_equal(value_of(BYTES("\xa2\x63off\x07\x63len\x18\x2a"), "len"), 42);
    assert_int_equal(value_of(BYTES("\xa2\x63len\x18\x2a\x63off\x07"), "len"), 42);
    assert_int_equal(value_of(BYTES("\xbf\x63off\x07\x63len\x18\x2a\xff"), "len"), 42);
    assert_int_equal(value_of(BYTES("\xbf\xff"), "len"), -1);
    assert_int_equal(value_of(BYTES("\xa1\x63len\x1b\0\0\0\0\0\0\0\x2a"), "len"), 42);
    assert_int_equal(value_of(BYTES("\xb8\x01\x78\x03len\x18\x2a"), "len"), 42);
    assert_int_equal(value_of(BYTES("\xb9\0\x01\x79\0\x03len\x19\0\x2a"), "len"), 42);
}

static void unknown_keys_and_values_of_every_kind_are_stepped_over(void **state)
{
    (void)state;
    assert_int_equal(
        value_of(BYTES("\xa9\x01\x02\x20\x21\x41x\x42yz\x61z\x80\xf6\xf7\x61y\xf9\x3c\0\x61w\xa1\x01\x9f\xff"
                       "\x81\x01\xbf\xff\xc1\x01\x02\x63len\x18\x2a"),
                 "len"),
        -1);
    assert_int_equal(
        value_of(BYTES("\xaa\x01\x02\x20\x21\x41x\x42yz\x61z\x80\xf6\xf7\x61y\xf9\x3c\0\x61w\xa1\x01\x9f\xff"
                       "\x81\x01\xbf\xff\xc1\x01\x02\x63len\x18\x2a"),
                 "len"),
        42);
}

static void an_absent_body_is_an_empty_map(void **state)
{
    (void)state;
    struct cbor value;
    struct smp_error error = {.failed = true};
    assert_int_equal(smp_find(span_of(NULL, 0), "off", &value), NOT_FOUND);
    assert_int_equal(smp_error_read(span_of(NULL, 0), &error), OK);
    assert_false(error.failed);
}

static void what_is_not_one_whole_map_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *why;
        struct span body;
    } rows[] = {
        {"an integer", {(const uint8_t *)"\x00", 1}},
        {"an array", {(const uint8_t *)"\x80", 1}},
        {"a byte behind it", {(const uint8_t *)"\xa0\x00", 2}},
        {"a pair is missing", {(const uint8_t *)"\xa2\x61\x61\x00", 4}},
        {"a value is missing", {(const uint8_t *)"\xa1\x61\x61", 3}},
        {"no break", {(const uint8_t *)"\xbf\x61\x61\x00", 4}},
        {"a break for a value", {(const uint8_t *)"\xbf\x61\x61\xff", 4}},
        {"a string beyond the end",
         {(const uint8_t *)"\xa1\x61\x61\x5b\xff\xff\xff\xff\xff\xff\xff\xff", 12}},
        {"a map that can't fit", {(const uint8_t *)"\xbb\xff\xff\xff\xff\xff\xff\xff\xff", 9}},
        {"a key that is no UTF-8", {(const uint8_t *)"\xa1\x61\xff\x00", 4}},
        {"nesting without end",
         {(const uint8_t *)"\xa1\x61\x61\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x00", 14}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cbor value;
        struct smp_error error = {.rc = 99};
        print_message("# %s\n", rows[i].why);
        assert_int_equal(smp_find(rows[i].body, "a", &value), BAD_FORMAT);
        assert_int_equal(smp_error_read(rows[i].body, &error), BAD_FORMAT);
        assert_int_equal(error.rc, 99);
    }
}

static void a_wanted_key_that_comes_twice_is_refused(void **state)
{
    (void)state;
    struct cbor value;
    struct span twice = BYTES("\xa3\x63off\x01\x63len\x05\x63off\x02");
    assert_int_equal(smp_find(twice, "off", &value), BAD_FORMAT);
    assert_int_equal(smp_find(twice, "len", &value), OK);
}

struct error_row {
    struct span body;
    struct smp_error expected;
};

static void errors_are_read_in_both_forms(void **state)
{
    (void)state;
    const struct error_row rows[] = {
        {BYTES("\xa0"), {false, false, 0, 0}},
        {BYTES("\xa1\x63off\x05"), {false, false, 0, 0}},
        {BYTES("\xa1\x62rc\x00"), {false, false, 0, 0}},
        {BYTES("\xa2\x62rc\x00\x63off\x05"), {false, false, 0, 0}},
        {BYTES("\xa1\x62rc\x0a"), {true, false, 0, SMP_BUSY}},
        {BYTES("\xbf\x62rc\x1a\0\0\0\x0b\xff"), {true, false, 0, SMP_ACCESS_DENIED}},
        {BYTES("\xa2\x62rc\x06\x63rsn\x63why"), {true, false, 0, SMP_BAD_STATE}},
        {BYTES("\xa1\x63"
               "err\xa2\x65group\x01\x62rc\x18\x1b"),
         {true, true, 1, 27}},
        {BYTES("\xbf\x63"
               "err\xbf\x62rc\x04\x65group\x19\x53\x55\xff\xff"),
         {true, true, SMP_GROUP_SUTURE, 4}},
        {BYTES("\xa1\x63"
               "err\xa2\x65group\x01\x62rc\x00"),
         {false, true, 1, 0}},
        {BYTES("\xa2\x62rc\x00\x63"
               "err\xa2\x65group\x01\x62rc\x02"),
         {true, true, 1, 2}},
        {BYTES("\xa2\x62rc\x02\x63"
               "err\xa2\x65group\x01\x62rc\x03"),
         {true, false, 0, 2}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct smp_error error = {0};
        print_message("# row %zu\n", i);
        assert_int_equal(smp_error_read(rows[i].body, &error), OK);
        assert_int_equal(error.failed, rows[i].expected.failed);
        assert_int_equal(error.from_group, rows[i].expected.from_group);
        assert_int_equal(error.group, rows[i].expected.group);
        assert_int_equal(error.rc, rows[i].expected.rc);
    }
}

static void an_error_of_no_known_form_is_refused(void **state)
{
    (void)state;
    const struct span rows[] = {
        BYTES("\xa1\x62rc\x61x"),
        BYTES("\xa1\x62rc\x20"),
        BYTES("\xa1\x62rc\x1b\0\0\0\x01\0\0\0\0"),
        BYTES("\xa2\x62rc\x01\x62rc\x00"),
        BYTES("\xa1\x63"
              "err\x05"),
        BYTES("\xa1\x63"
              "err\xa0"),
        BYTES("\xa1\x63"
              "err\xa1\x62rc\x05"),
        BYTES("\xa1\x63"
              "err\xa1\x65group\x05"),
        BYTES("\xa1\x63"
              "err\xa2\x65group\x1a\0\x01\0\0\x62rc\x05"),
        BYTES("\xa1\x63"
              "err\xa2\x65group\x01\x62rc\xf6"),
        BYTES("\xa2\x63"
              "err\xa2\x65group\x01\x62rc\x02\x63"
              "err\xa0"),
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct smp_error error = {.rc = 99};
        print_message("# row %zu\n", i);
        assert_int_equal(smp_error_read(rows[i], &error), BAD_FORMAT);
        assert_int_equal(error.rc, 99);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_legal_first_byte_reads_and_is_written_back),
        cmocka_unit_test(a_header_of_fewer_than_eight_bytes_is_incomplete),
        cmocka_unit_test(a_key_is_found_in_any_order_and_any_form),
        cmocka_unit_test(unknown_keys_and_values_of_every_kind_are_stepped_over),
        cmocka_unit_test(an_absent_body_is_an_empty_map),
        cmocka_unit_test(what_is_not_one_whole_map_is_refused),
        cmocka_unit_test(a_wanted_key_that_comes_twice_is_refused),
        cmocka_unit_test(errors_are_read_in_both_forms),
        cmocka_unit_test(an_error_of_no_known_form_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
