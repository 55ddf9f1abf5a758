/* CBOR as signed documents need it: one encoding for each value, and nothing else is read. */
#include "keys/base/cbor.h"

#include "tests/support/test.h"

static struct cbor canonical(const char *bytes, size_t size)
{
    return cbor_over(span_of(bytes, size), CBOR_CANONICAL);
}
#define CANONICAL(text) canonical(text, sizeof(text) - 1)
#define LOOSE(text)     cbor_over(span_of(text, sizeof(text) - 1), CBOR_LOOSE)

static void every_integer_reads_back_in_its_shortest_form(void **state)
{
    (void)state;
    static const struct {
        int64_t value;
        size_t size;
    } rows[] = {{0, 1},     {23, 1},         {24, 2},         {255, 2},       {256, 3},      {65535, 3},
                {65536, 5}, {4294967295, 5}, {4294967296, 9}, {INT64_MAX, 9}, {-1, 1},       {-24, 1},
                {-25, 2},   {-256, 2},       {-257, 3},       {-65537, 5},    {INT64_MIN, 9}};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t memory[16];
        struct buffer out = buffer_over(memory, sizeof memory);
        struct cbor_writer writer = cbor_into(&out);
        cbor_put_int(&writer, rows[i].value);
        assert_int_equal(cbor_written(&writer), OK);
        assert_int_equal(out.size, rows[i].size);

        struct cbor cbor = cbor_over(span_used(&out), CBOR_CANONICAL);
        int64_t value;
        assert_int_equal(cbor_int(&cbor, &value), OK);
        assert_true(value == rows[i].value);
        assert_int_equal(cbor_end(&cbor), OK);
    }
}

static void a_longer_head_than_needed_is_refused_in_signed_documents_only(void **state)
{
    (void)state;
    uint64_t value = 7;
    struct cbor strict = CANONICAL("\x18\x17"), loose = LOOSE("\x18\x17");

    assert_int_equal(cbor_uint(&strict, &value), BAD_FORMAT);
    assert_int_equal(value, 7);
    assert_int_equal(cbor_uint(&loose, &value), OK);
    assert_int_equal(value, 23);
}

static enum status skip_all(struct cbor cbor)
{
    enum status status = cbor_skip(&cbor, NULL);
    return status ? status : cbor_end(&cbor);
}

static void map_keys_must_ascend_and_none_may_come_twice(void **state)
{
    (void)state;
    assert_int_equal(skip_all(CANONICAL("\xa2\x01\x00\x02\x00")), OK);
    assert_int_equal(skip_all(CANONICAL("\xa2\x02\x00\x01\x00")), BAD_FORMAT);
    assert_int_equal(skip_all(CANONICAL("\xa2\x01\x00\x01\x00")), BAD_FORMAT);
    assert_int_equal(skip_all(CANONICAL("\xa2\x20\x00\x61\x61\x00")), OK);
    assert_int_equal(skip_all(LOOSE("\xa2\x02\x00\x01\x00")), OK);
}

static void indefinite_maps_and_arrays_are_for_smp_bodies_only(void **state)
{
    (void)state;
    assert_int_equal(skip_all(CANONICAL("\xbf\x01\x00\xff")), BAD_FORMAT);
    assert_int_equal(skip_all(LOOSE("\xbf\x01\x00\xff")), OK);
    assert_int_equal(skip_all(LOOSE("\xbf\x01\x9f\x01\xff\xff")), OK);
    assert_int_equal(skip_all(LOOSE("\xbf\x01\x00")), INCOMPLETE);
    assert_int_equal(skip_all(LOOSE("\xbf\x01\xff")), BAD_FORMAT);
    assert_int_equal(skip_all(LOOSE("\xff")), BAD_FORMAT);
    assert_int_equal(skip_all(LOOSE("\x7f\x61\x61\xff")), BAD_FORMAT);
}

static void what_is_no_item_is_refused(void **state)
{
    (void)state;
    assert_int_equal(skip_all(CANONICAL("\xf9\x00\x00")), BAD_FORMAT); /* float */
    assert_int_equal(skip_all(CANONICAL("\xf8\x18")), BAD_FORMAT);     /* simple value */
    assert_int_equal(skip_all(CANONICAL("\x1c")), BAD_FORMAT);         /* reserved length */
    assert_int_equal(skip_all(CANONICAL("\x61\xff")), BAD_FORMAT);     /* not UTF-8 */
    assert_int_equal(skip_all(CANONICAL("\x62\xc0\x80")), BAD_FORMAT); /* overlong UTF-8 */
    assert_int_equal(skip_all(CANONICAL("\x01\x01")), BAD_FORMAT);     /* bytes after the end */
    assert_int_equal(skip_all(LOOSE("\xf9\x00\x00")), OK);
}

static void a_string_or_a_count_beyond_the_end_is_incomplete(void **state)
{
    (void)state;
    assert_int_equal(skip_all(CANONICAL("\x43\x01\x02")), INCOMPLETE);
    assert_int_equal(skip_all(CANONICAL("\x5b\xff\xff\xff\xff\xff\xff\xff\xff")), INCOMPLETE);
    assert_int_equal(skip_all(CANONICAL("\x9b\xff\xff\xff\xff\xff\xff\xff\xff")), INCOMPLETE);
    assert_int_equal(skip_all(CANONICAL("\xbb\x7f\xff\xff\xff\xff\xff\xff\xff\x01")), INCOMPLETE);
    assert_int_equal(skip_all(CANONICAL("\x82\x01")), INCOMPLETE);
    assert_int_equal(skip_all(CANONICAL("")), INCOMPLETE);
}

static void nesting_is_bounded(void **state)
{
    (void)state;
    uint8_t deep[CBOR_DEPTH_MAX + 2];
    memset(deep, 0x81, sizeof deep);
    deep[CBOR_DEPTH_MAX] = 0x01;
    assert_int_equal(skip_all(cbor_over(span_of(deep, CBOR_DEPTH_MAX + 1), CBOR_CANONICAL)), OK);
    deep[CBOR_DEPTH_MAX] = 0x81;
    deep[CBOR_DEPTH_MAX + 1] = 0x01;
    assert_int_equal(skip_all(cbor_over(span_of(deep, sizeof deep), CBOR_CANONICAL)), TOO_LARGE);
}

static void nesting_inside_keys_is_bounded_too(void **state)
{
    (void)state;
    static uint8_t deep[20000];
    memset(deep, 0xa1, sizeof deep);
    assert_int_equal(skip_all(cbor_over(span_of(deep, sizeof deep), CBOR_CANONICAL)), TOO_LARGE);
    assert_int_equal(skip_all(cbor_over(span_of(deep, sizeof deep), CBOR_LOOSE)), TOO_LARGE);

    struct cbor cbor = cbor_over(span_of(deep, sizeof deep), CBOR_CANONICAL);
    struct cbor_items items;
    bool more;
    assert_int_equal(cbor_enter_map(&cbor, &items), OK);
    assert_int_equal(cbor_more(&cbor, &items, &more), TOO_LARGE);
}

static void a_writer_that_runs_out_of_room_writes_nothing_more(void **state)
{
    (void)state;
    uint8_t memory[4];
    struct buffer out = buffer_over(memory, sizeof memory);
    struct cbor_writer writer = cbor_into(&out);
    cbor_put_text(&writer, "abc");
    cbor_put_uint(&writer, 1);
    assert_int_equal(cbor_written(&writer), TOO_LARGE);
    assert_int_equal(out.size, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_integer_reads_back_in_its_shortest_form),
        cmocka_unit_test(a_longer_head_than_needed_is_refused_in_signed_documents_only),
        cmocka_unit_test(map_keys_must_ascend_and_none_may_come_twice),
        cmocka_unit_test(indefinite_maps_and_arrays_are_for_smp_bodies_only),
        cmocka_unit_test(what_is_no_item_is_refused),
        cmocka_unit_test(a_string_or_a_count_beyond_the_end_is_incomplete),
        cmocka_unit_test(nesting_is_bounded),
        cmocka_unit_test(nesting_inside_keys_is_bounded_too),
        cmocka_unit_test(a_writer_that_runs_out_of_room_writes_nothing_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
