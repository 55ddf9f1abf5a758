/* Parameter -257: what it looks like in bytes, and every way in which its numbers can disagree. */
#include "tests/support/test.h"
#include "manifests/patch.h"

static struct patch_description stored(void)
{
    struct patch_description description = {.codec = PATCH_STORED,
                                            .block_max = 4096,
                                            .segment_max = 32768,
                                            .ram = 4096,
                                            .stream_size = 100000,
                                            .first_length = 4096};
    memset(description.first_digest, 0xd1, DIGEST_SIZE);
    return description;
}

static struct patch_description deflated(void)
{
    struct patch_description description = stored();
    description.codec = PATCH_DEFLATE;
    description.window_bits = 12;
    description.ram = 4096 + 4096 + 7168;
    return description;
}

static struct buffer encoded(uint8_t *room, struct patch_description description)
{
    struct buffer out = buffer_over(room, PATCH_DESCRIPTION_MAX);
    assert_int_equal(patch_description_write(&out, &description), OK);
    return out;
}

/* Encodes 13 items without judging them, so that bad ones can be made. */
static struct buffer encoded_raw(uint8_t *room, const uint64_t items[13])
{
    static const uint8_t digest[DIGEST_SIZE] = {0};
    struct buffer out = buffer_over(room, PATCH_DESCRIPTION_MAX + 64);
    struct cbor_writer writer = cbor_into(&out);
    cbor_put_array(&writer, 13);
    for (size_t i = 0; i < 13; i++) {
        if (i == 9)
            cbor_put_bytes(&writer, span_of(digest, DIGEST_SIZE));
        else
            cbor_put_uint(&writer, items[i]);
    }
    assert_int_equal(cbor_written(&writer), OK);
    return out;
}

static void a_description_reads_back_as_it_was_written(void **state)
{
    (void)state;
    struct patch_description all[] = {stored(), deflated()};
    for (size_t i = 0; i < 2; i++) {
        uint8_t room[PATCH_DESCRIPTION_MAX];
        struct buffer bytes = encoded(room, all[i]);
        struct patch_description back;
        assert_int_equal(patch_description_read(span_used(&bytes), &back), OK);
        assert_int_equal(back.codec, all[i].codec);
        assert_int_equal(back.window_bits, all[i].window_bits);
        assert_int_equal(back.block_max, all[i].block_max);
        assert_int_equal(back.segment_max, all[i].segment_max);
        assert_int_equal(back.ram, all[i].ram);
        assert_int_equal(back.stream_size, all[i].stream_size);
        assert_int_equal(back.context_size, 0);
        assert_int_equal(back.first_length, all[i].first_length);
        assert_memory_equal(back.first_digest, all[i].first_digest, DIGEST_SIZE);
        assert_int_equal(back.instruction_set, 0);
        assert_int_equal(back.old_address, 0);
        assert_int_equal(back.new_address, 0);
    }
}

static void the_bytes_are_those_of_the_specification(void **state)
{
    (void)state;
    static const uint8_t sizes[] = {0x8d, 1,    1, 12, 0x19, 0x10, 0, 0x19, 0x80, 0, 0x19, 0x3c,
                                    0,    0x1a, 0, 1,  0x86, 0xa0, 0, 0x19, 0x10, 0, 0x58, 0x20};
    uint8_t expected[sizeof sizes + DIGEST_SIZE + 3] = {0};
    memcpy(expected, sizes, sizeof sizes);
    memset(expected + sizeof sizes, 0xd1, DIGEST_SIZE);
    uint8_t room[PATCH_DESCRIPTION_MAX];
    struct buffer bytes = encoded(room, deflated());
    assert_int_equal(bytes.size, sizeof expected);
    assert_memory_equal(bytes.data, expected, sizeof expected);
}

static void the_largest_description_fits_the_stated_size(void **state)
{
    (void)state;
    struct patch_description description = stored();
    description.block_max = description.segment_max = description.ram = UINT32_MAX;
    description.stream_size = UINT64_MAX;
    uint8_t room[PATCH_DESCRIPTION_MAX];
    struct buffer bytes = encoded(room, description);
    struct patch_description back;
    assert_int_equal(patch_description_read(span_used(&bytes), &back), OK);
    assert_true(back.stream_size == UINT64_MAX);
}

static void without_room_nothing_is_appended(void **state)
{
    (void)state;
    struct patch_description description = deflated();
    uint8_t room[PATCH_DESCRIPTION_MAX];
    size_t whole = encoded(room, description).size;
    for (size_t capacity = 0; capacity < whole; capacity++) {
        struct buffer out = buffer_over(room, capacity);
        assert_int_equal(patch_description_write(&out, &description), TOO_LARGE);
        assert_int_equal(out.size, 0);
    }
}

static void every_truncation_and_a_byte_too_many_are_refused(void **state)
{
    (void)state;
    uint8_t room[PATCH_DESCRIPTION_MAX];
    struct buffer bytes = encoded(room, deflated());
    struct patch_description back = {.codec = 77};
    for (size_t size = 0; size < bytes.size; size++)
        assert_int_equal(patch_description_read(span_of(room, size), &back), BAD_FORMAT);
    assert_true(buffer_put(&bytes, 0));
    assert_int_equal(patch_description_read(span_used(&bytes), &back), BAD_FORMAT);
    assert_int_equal(back.codec, 77);
}

static void another_format_number_is_a_version_of_its_own(void **state)
{
    (void)state;
    uint8_t room[PATCH_DESCRIPTION_MAX];
    struct buffer bytes = encoded(room, stored());
    struct patch_description back;
    bytes.data[1] = 2;
    assert_int_equal(patch_description_read(span_used(&bytes), &back), BAD_VERSION);
    bytes.data[1] = 0;
    assert_int_equal(patch_description_read(span_used(&bytes), &back), BAD_VERSION);
}

static void an_array_of_twelve_or_fourteen_items_is_refused(void **state)
{
    (void)state;
    uint8_t room[PATCH_DESCRIPTION_MAX];
    struct buffer bytes = encoded(room, stored());
    struct patch_description back;
    bytes.data[0] = 0x8c;
    assert_int_equal(patch_description_read(span_of(room, bytes.size - 1), &back), BAD_FORMAT);
    bytes.data[0] = 0x8e;
    assert_true(buffer_put(&bytes, 0));
    assert_int_equal(patch_description_read(span_used(&bytes), &back), BAD_FORMAT);
}

/* The items of a good deflate description, with one replaced. */
static enum status read_with(size_t item, uint64_t value)
{
    uint64_t items[13] = {1, 1, 12, 4096, 32768, 15360, 100000, 0, 4096, 0, 0, 0, 0};
    uint8_t room[PATCH_DESCRIPTION_MAX + 64];
    struct patch_description back;
    items[item] = value;
    struct buffer bytes = encoded_raw(room, items);
    return patch_description_read(span_used(&bytes), &back);
}

static void numbers_that_do_not_fit_each_other_are_refused(void **state)
{
    (void)state;
    static const struct {
        size_t item;
        uint64_t value;
        enum status status;
    } cases[] = {
        {1, 1, OK},
        {1, 0, BAD_FORMAT}, /* stored with a window */
        {1, 2, UNSUPPORTED},
        {1, 3, UNSUPPORTED},
        {1, 4, UNSUPPORTED},
        {1, 256, BAD_FORMAT},
        {2, 0, BAD_FORMAT},
        {2, 8, BAD_FORMAT},
        {2, 11, BAD_FORMAT}, /* the RAM is that of 12 */
        {2, 16, BAD_FORMAT},
        {2, 32, BAD_FORMAT},
        {2, 255, BAD_FORMAT},
        {3, 4095, BAD_FORMAT},
        {3, 4097, BAD_FORMAT},
        {4, 4096, OK},
        {4, 4095, BAD_FORMAT},
        {4, 0, BAD_FORMAT},
        {4, (uint64_t)UINT32_MAX + 1, BAD_FORMAT},
        {5, 15359, BAD_FORMAT},
        {5, 15361, BAD_FORMAT},
        {5, 0, BAD_FORMAT},
        {6, 0, BAD_FORMAT},
        {6, 4095, BAD_FORMAT},
        {6, 4096, OK},
        {6, UINT64_MAX, OK},
        {7, 1, BAD_FORMAT},
        {8, 0, BAD_FORMAT},
        {8, 1, BAD_FORMAT},
        {8, 2, OK},
        {8, 4097, BAD_FORMAT},
        {10, 1, BAD_FORMAT},
        {10, 6, BAD_FORMAT},
        {11, 1, BAD_FORMAT},
        {12, 1, BAD_FORMAT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum status status = read_with(cases[i].item, cases[i].value);
        if (status != cases[i].status)
            fail_msg("item %zu = %llu: %s", cases[i].item, (unsigned long long)cases[i].value,
                     status_name(status));
    }
}

static void a_sum_of_ram_beyond_32_bits_is_refused(void **state)
{
    (void)state;
    struct patch_description description = deflated();
    description.block_max = description.segment_max = UINT32_MAX - 100;
    description.ram = description.block_max + 4096u + 7168u;
    assert_int_equal(patch_description_check(&description), BAD_FORMAT);
}

static void the_least_block_is_64_bytes(void **state)
{
    (void)state;
    struct patch_description description = stored();
    description.block_max = description.ram = description.first_length = 64;
    assert_int_equal(patch_description_check(&description), OK);
    description.block_max = description.ram = description.first_length = 63;
    assert_int_equal(patch_description_check(&description), BAD_FORMAT);
}

static void a_bad_description_is_not_written(void **state)
{
    (void)state;
    struct patch_description description = deflated();
    uint8_t room[PATCH_DESCRIPTION_MAX];
    struct buffer out = buffer_over(room, sizeof room);
    description.ram += 1;
    assert_int_equal(patch_description_write(&out, &description), BAD_FORMAT);
    description = stored();
    description.codec = PATCH_DELTA;
    assert_int_equal(patch_description_write(&out, &description), UNSUPPORTED);
    assert_int_equal(out.size, 0);
}

static void numbers_in_a_longer_form_are_refused(void **state)
{
    (void)state;
    uint8_t room[PATCH_DESCRIPTION_MAX + 1];
    struct buffer bytes = encoded(room, deflated());
    struct patch_description back;
    memmove(room + 2, room + 1, bytes.size - 1);
    room[1] = 0x18; /* the format number as 18 01 */
    assert_int_equal(patch_description_read(span_of(room, bytes.size + 1), &back), BAD_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_description_reads_back_as_it_was_written),
        cmocka_unit_test(the_bytes_are_those_of_the_specification),
        cmocka_unit_test(the_largest_description_fits_the_stated_size),
        cmocka_unit_test(without_room_nothing_is_appended),
        cmocka_unit_test(every_truncation_and_a_byte_too_many_are_refused),
        cmocka_unit_test(another_format_number_is_a_version_of_its_own),
        cmocka_unit_test(an_array_of_twelve_or_fourteen_items_is_refused),
        cmocka_unit_test(numbers_that_do_not_fit_each_other_are_refused),
        cmocka_unit_test(a_sum_of_ram_beyond_32_bits_is_refused),
        cmocka_unit_test(the_least_block_is_64_bytes),
        cmocka_unit_test(a_bad_description_is_not_written),
        cmocka_unit_test(numbers_in_a_longer_form_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
