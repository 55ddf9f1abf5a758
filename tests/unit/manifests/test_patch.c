/* Patch streams from the writer to the reader: images of many sizes, fed in many ways, restarted, cut and flipped. */
#include "tests/unit/manifests/patch_kit.h"
#include "manifests/patch_write.h"

enum { PIECE = 300 };

struct made {
    struct span image;
    struct buffer stream;
    struct patch_description description;
};

/* Half of it repeats itself, half is noise, in stretches: something to pack and something that can't be packed. */
static uint8_t *image_of(size_t size, uint32_t seed)
{
    uint8_t *image = malloc(size);
    assert_non_null(image);
    for (size_t i = 0; i < size;) {
        size_t stretch = 1 + kit_random(&seed) % 700;
        bool noise = kit_random(&seed) & 1;
        for (; stretch > 0 && i < size; stretch--, i++)
            image[i] = noise || i < 64 ? (uint8_t)kit_random(&seed) : image[i - 1 - i % 61];
    }
    return image;
}

static struct made made_from(uint8_t *image, size_t size, const struct patch_settings *settings)
{
    struct made made = {.image = span_of(image, size)};
    struct failure why = {.id = FAIL_NONE};
    if (!patch_write(made.image, settings, &made.stream, &made.description, &why))
        fail_msg("%zu bytes: %s", size, why.what);
    return made;
}

static struct made made_of(size_t size, uint32_t seed, const struct patch_settings *settings)
{
    return made_from(image_of(size, seed), size, settings);
}

static void discard(struct made *made)
{
    free((void *)(uintptr_t)made->image.data);
    free(made->stream.data);
}

static const struct patch_settings small_deflate = {PATCH_DEFLATE, 9, 96, 400};
static const struct patch_settings small_stored = {PATCH_STORED, 0, 96, 400};
static const struct patch_settings usual_deflate = {PATCH_DEFLATE, 12, 4096, 32768};
static const struct patch_settings usual_stored = {PATCH_STORED, 0, 4096, 32768};

enum feeding { WHOLE, BYTE_BY_BYTE, RANDOM_PIECES };

static enum status feed(struct kit_device *device, struct span bytes, enum feeding how, uint32_t seed)
{
    enum status status = OK;
    while (status == OK && bytes.size > 0) {
        size_t size = how == WHOLE ? bytes.size : how == BYTE_BY_BYTE ? 1 : 1 + kit_random(&seed) % 199;
        struct span part = span_first(bytes, size);
        status = patch_feed(&device->reader, part);
        bytes = span_from(bytes, part.size);
    }
    return status;
}

static void assert_decodes(const struct made *made, enum feeding how, uint32_t seed)
{
    struct kit_device *device = kit_open(made->image, &made->description, NULL, PIECE);
    kit_assert_status(feed(device, span_used(&made->stream), how, seed), OK);
    assert_true(patch_done(&device->reader));
    assert_true(device->given == made->image.size);
    assert_false(device->wrong);
    assert_true(device->reader.offset == made->stream.size);
    kit_close(device);
}

static void assert_every_way_decodes(size_t size, uint32_t seed, const struct patch_settings *settings)
{
    struct made made = made_of(size, seed, settings);
    assert_true(made.description.stream_size == made.stream.size);
    for (enum feeding how = WHOLE; how <= RANDOM_PIECES; how++)
        assert_decodes(&made, how, seed);
    discard(&made);
}

static void images_of_every_small_size_come_back(void **state)
{
    (void)state;
    for (size_t size = 1; size <= 700; size++) {
        assert_every_way_decodes(size, (uint32_t)size, &small_deflate);
        assert_every_way_decodes(size, (uint32_t)size, &small_stored);
    }
}

static void images_around_block_and_segment_edges_come_back(void **state)
{
    (void)state;
    static const size_t edges[] = {4096, 4058, 4056, 32768, 32464, 65536, 131072};
    for (size_t i = 0; i < sizeof edges / sizeof *edges; i++)
        for (size_t size = edges[i] - 3; size <= edges[i] + 3; size++) {
            assert_every_way_decodes(size, (uint32_t)size, &usual_deflate);
            assert_every_way_decodes(size, (uint32_t)size, &usual_stored);
        }
}

static void images_of_random_sizes_and_settings_come_back(void **state)
{
    (void)state;
    uint32_t seed = 20240611;
    print_message("seed %u\n", seed);
    for (int i = 0; i < 150; i++) {
        struct patch_settings settings = {kit_random(&seed) % 2 ? PATCH_DEFLATE : PATCH_STORED,
                                          (uint8_t)(9 + kit_random(&seed) % 7), 64 + kit_random(&seed) % 3000,
                                          0};
        settings.segment_size = settings.block_max + kit_random(&seed) % 9000;
        size_t size = 1 + kit_random(&seed) % 40000;
        struct made made = made_of(size, kit_random(&seed), &settings);
        assert_decodes(&made, RANDOM_PIECES, kit_random(&seed));
        assert_true(patch_description_check(&made.description) == OK);
        discard(&made);
    }
}

static void the_least_memory_and_a_piece_of_one_byte_are_enough(void **state)
{
    (void)state;
    for (uint8_t bits = 9; bits <= 15; bits++) {
        struct patch_settings settings = {PATCH_DEFLATE, bits, 64, 2000};
        struct made made = made_of(150000, 5, &settings);
        struct kit_device *device = kit_open(made.image, &made.description, NULL, 1);
        kit_assert_status(patch_feed(&device->reader, span_used(&made.stream)), OK);
        assert_true(patch_done(&device->reader));
        assert_false(device->wrong);
        kit_close(device);
        discard(&made);
    }
}

static void the_same_image_gives_the_same_bytes(void **state)
{
    (void)state;
    struct made first = made_of(50000, 9, &usual_deflate), second = made_of(50000, 9, &usual_deflate);
    assert_true(span_equal(span_used(&first.stream), span_used(&second.stream)));
    assert_memory_equal(first.description.first_digest, second.description.first_digest, DIGEST_SIZE);
    discard(&first);
    discard(&second);
}

static void noise_is_stored_and_never_grows_by_more_than_a_hundredth(void **state)
{
    (void)state;
    size_t size = 300000;
    uint32_t seed = 77;
    uint8_t *noise = malloc(size);
    assert_non_null(noise);
    for (size_t i = 0; i < size; i++)
        noise[i] = (uint8_t)kit_random(&seed);
    struct made made = made_from(noise, size, &usual_deflate);
    assert_int_equal(made.description.codec, PATCH_STORED);
    assert_int_equal(made.description.window_bits, 0);
    assert_int_equal(made.description.ram, 4096);
    assert_true(made.stream.size <= size + size / 100);
    assert_decodes(&made, RANDOM_PIECES, seed);
    discard(&made);
}

static void an_erased_image_becomes_one_small_segment(void **state)
{
    (void)state;
    size_t size = 3000000;
    uint8_t *erased = malloc(size);
    assert_non_null(erased);
    memset(erased, 0xff, size);
    struct made made = made_from(erased, size, &usual_deflate);
    assert_true(made.stream.size < 4096);
    assert_decodes(&made, WHOLE, 1);
    discard(&made);
}

static void segments_are_well_filled(void **state)
{
    (void)state;
    struct made made = made_of(400000, 3, &usual_deflate);
    struct kit_device *device = kit_open(made.image, &made.description, NULL, PIECE);
    kit_assert_status(patch_feed(&device->reader, span_used(&made.stream)), OK);
    assert_int_equal(made.description.codec, PATCH_DEFLATE);
    assert_true(device->segment_count > 3);
    for (size_t i = 1; i < device->segment_count; i++) {
        uint64_t size = device->segments[i].stream_offset - device->segments[i - 1].stream_offset;
        assert_true(size <= 32768);
        assert_true(size >= 32768 - 32768 / 32);
    }
    kit_close(device);
    discard(&made);
}

static void assert_restart_gives_the_same_tail(const struct made *made, const struct patch_restart *restart)
{
    struct kit_device *device = kit_open(made->image, &made->description, restart, PIECE);
    assert_true(device->reader.offset == restart->stream_offset);
    assert_true(device->reader.output == restart->output_offset);
    struct span tail = span_from(span_used(&made->stream), (size_t)restart->stream_offset);
    kit_assert_status(feed(device, tail, RANDOM_PIECES, 31), OK);
    assert_true(patch_done(&device->reader));
    assert_true(device->given == made->image.size - restart->output_offset);
    assert_false(device->wrong);
    kit_close(device);
}

static void a_restart_at_each_segment_gives_the_same_tail(void **state)
{
    (void)state;
    const struct patch_settings all[] = {small_deflate, small_stored, usual_deflate, usual_stored};
    for (size_t i = 0; i < 4; i++) {
        struct made made = made_of(i < 2 ? 5000 : 200000, 41, &all[i]);
        struct kit_device *device = kit_open(made.image, &made.description, NULL, PIECE);
        kit_assert_status(patch_feed(&device->reader, span_used(&made.stream)), OK);
        assert_true(device->segment_count > 2);
        assert_true(device->segments[0].stream_offset == 0);
        for (size_t k = 0; k < device->segment_count; k++)
            assert_restart_gives_the_same_tail(&made, &device->segments[k]);
        kit_close(device);
        discard(&made);
    }
}

static void the_journals_start_entry_is_the_beginning(void **state)
{
    (void)state;
    struct made made = made_of(5000, 43, &small_deflate);
    struct patch_restart start = {0};
    assert_restart_gives_the_same_tail(&made, &start);
    discard(&made);
}

/* Feeds a stream of which one bit is flipped; nothing but a bad digest may come of it. */
static void assert_flip_is_refused(const struct made *made, size_t bit)
{
    struct kit_device *device = kit_open(made->image, &made->description, NULL, PIECE);
    made->stream.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    enum status status = patch_feed(&device->reader, span_used(&made->stream));
    made->stream.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    if (status != BAD_DIGEST || device->wrong || patch_done(&device->reader))
        fail_msg("bit %zu: %s%s", bit, status_name(status), device->wrong ? ", wrong output" : "");
    kit_assert_status(patch_feed(&device->reader, span_used(&made->stream)), BAD_DIGEST);
    kit_close(device);
}

static void every_flipped_bit_is_refused_before_wrong_output(void **state)
{
    (void)state;
    const struct patch_settings all[] = {small_deflate, small_stored};
    for (size_t i = 0; i < 2; i++) {
        struct made made = made_of(1500, 47, &all[i]);
        for (size_t bit = 0; bit < made.stream.size * 8; bit++)
            assert_flip_is_refused(&made, bit);
        print_message("%zu bits flipped, all refused\n", made.stream.size * 8);
        discard(&made);
    }
}

static void every_truncation_is_right_so_far_and_not_done(void **state)
{
    (void)state;
    struct made made = made_of(1500, 53, &small_deflate);
    for (size_t size = 0; size < made.stream.size; size++) {
        struct kit_device *device = kit_open(made.image, &made.description, NULL, PIECE);
        kit_assert_status(patch_feed(&device->reader, span_first(span_used(&made.stream), size)), OK);
        assert_false(patch_done(&device->reader));
        assert_false(device->wrong);
        assert_true(device->reader.offset == size);
        kit_close(device);
    }
    discard(&made);
}

static void a_byte_after_the_last_block_is_refused(void **state)
{
    (void)state;
    struct made made = made_of(1500, 59, &small_deflate);
    struct kit_device *device = kit_open(made.image, &made.description, NULL, PIECE);
    kit_assert_status(patch_feed(&device->reader, span_used(&made.stream)), OK);
    kit_assert_status(patch_feed(&device->reader, span_of("", 1)), BAD_FORMAT);
    assert_false(patch_done(&device->reader));
    kit_close(device);
    discard(&made);
}

static void the_sinks_refusal_ends_the_stream(void **state)
{
    (void)state;
    struct made made = made_of(1500, 61, &small_deflate);
    struct kit_device *device = kit_open(made.image, &made.description, NULL, PIECE);
    device->answer = FLASH_FAILED;
    kit_assert_status(patch_feed(&device->reader, span_used(&made.stream)), FLASH_FAILED);
    assert_true(device->reader.output == 0);
    device->answer = OK;
    kit_assert_status(patch_feed(&device->reader, span_used(&made.stream)), FLASH_FAILED);
    kit_close(device);
    discard(&made);
}

static void an_image_smaller_or_larger_than_the_stream_says_is_refused(void **state)
{
    (void)state;
    const struct patch_settings all[] = {small_deflate, small_stored};
    for (size_t i = 0; i < 2; i++) {
        struct made made = made_of(1500, 67, &all[i]);
        uint8_t *longer = calloc(1, made.image.size + 1);
        assert_non_null(longer);
        memcpy(longer, made.image.data, made.image.size);

        struct kit_device *device = kit_open(span_first(made.image, 1499), &made.description, NULL, PIECE);
        kit_assert_status(patch_feed(&device->reader, span_used(&made.stream)), TOO_LARGE);
        assert_false(device->wrong);
        kit_close(device);

        device = kit_open(span_of(longer, 1501), &made.description, NULL, PIECE);
        kit_assert_status(patch_feed(&device->reader, span_used(&made.stream)), BAD_FORMAT);
        assert_false(patch_done(&device->reader));
        kit_close(device);
        free(longer);
        discard(&made);
    }
}

static void settings_that_no_device_takes_are_refused(void **state)
{
    (void)state;
    static const struct patch_settings bad[] = {
        {PATCH_DELTA, 12, 4096, 32768},   {PATCH_MODELLED, 12, 4096, 32768},
        {PATCH_DEFLATE, 8, 4096, 32768},  {PATCH_DEFLATE, 16, 4096, 32768},
        {PATCH_DEFLATE, 44, 4096, 32768}, {PATCH_DEFLATE, 12, 63, 32768},
        {PATCH_DEFLATE, 12, 4096, 4095},  {PATCH_STORED, 0, 0, 0},
        {PATCH_STORED, 12, 63, 4096},     {PATCH_DEFLATE, 12, UINT32_MAX, UINT32_MAX},
    };
    uint8_t image[10] = {0};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct buffer out = {0};
        struct patch_description description;
        struct failure why = {.id = FAIL_NONE};
        assert_false(patch_write(span_of(image, sizeof image), &bad[i], &out, &description, &why));
        assert_int_equal(why.id, FAIL_STREAM);
        assert_null(out.data);
    }
}

static void an_empty_image_is_refused(void **state)
{
    (void)state;
    struct buffer out = {0};
    struct patch_description description;
    struct failure why = {.id = FAIL_NONE};
    assert_false(patch_write(span_of("", 0), &usual_deflate, &out, &description, &why));
    assert_int_equal(why.id, FAIL_STREAM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(images_of_every_small_size_come_back),
        cmocka_unit_test(images_around_block_and_segment_edges_come_back),
        cmocka_unit_test(images_of_random_sizes_and_settings_come_back),
        cmocka_unit_test(the_least_memory_and_a_piece_of_one_byte_are_enough),
        cmocka_unit_test(the_same_image_gives_the_same_bytes),
        cmocka_unit_test(noise_is_stored_and_never_grows_by_more_than_a_hundredth),
        cmocka_unit_test(an_erased_image_becomes_one_small_segment),
        cmocka_unit_test(segments_are_well_filled),
        cmocka_unit_test(a_restart_at_each_segment_gives_the_same_tail),
        cmocka_unit_test(the_journals_start_entry_is_the_beginning),
        cmocka_unit_test(every_flipped_bit_is_refused_before_wrong_output),
        cmocka_unit_test(every_truncation_is_right_so_far_and_not_done),
        cmocka_unit_test(a_byte_after_the_last_block_is_refused),
        cmocka_unit_test(the_sinks_refusal_ends_the_stream),
        cmocka_unit_test(an_image_smaller_or_larger_than_the_stream_says_is_refused),
        cmocka_unit_test(settings_that_no_device_takes_are_refused),
        cmocka_unit_test(an_empty_image_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
