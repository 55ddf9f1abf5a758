/* Inflate in caller memory: exactly as much as the format states, an exact window, and every kind of bad input. */
#include "tests/unit/manifests/deflate_kit.h"
#include "manifests/inflate.h"

#include <zlib.h>

#define ROOM 200000

struct bench {
    uint8_t plain[ROOM], packed[ROOM], out[ROOM];
    size_t plain_size, packed_size;
    uint8_t *memory; /* exactly as large as asked, so that sanitizers see one byte too many */
    struct inflate inflate;
};

static struct bench *bench_new(void)
{
    struct bench *bench = calloc(1, sizeof *bench);
    assert_non_null(bench);
    return bench;
}

static void bench_free(struct bench *bench)
{
    free(bench->memory);
    free(bench);
}

static void start_with(struct bench *bench, uint8_t window_bits, enum inflate_window window)
{
    size_t size = PATCH_INFLATE_RAM + ((size_t)1 << window_bits);
    free(bench->memory);
    bench->memory = malloc(size);
    assert_non_null(bench->memory);
    assert_int_equal(inflate_start(&bench->inflate, buffer_over(bench->memory, size), window_bits, window),
                     OK);
}

static void start(struct bench *bench, uint8_t window_bits)
{
    start_with(bench, window_bits, INFLATE_WATCHED);
}

/* Text with short and far repeats, packed by zlib with a window of its own. */
static void pack(struct bench *bench, size_t size, int window_bits)
{
    uint32_t x = 12345;
    for (size_t i = 0; i < size; i++) {
        x = x * 1103515245 + 12345;
        bool repeat = i > 600 && x >> 16 & 7;
        bench->plain[i] = repeat ? bench->plain[i - 1 - (i / 97 * 13) % 500] : (uint8_t)(x >> 24);
    }
    bench->plain_size = size;
    z_stream stream = {
        .next_in = bench->plain, .avail_in = (uInt)size, .next_out = bench->packed, .avail_out = ROOM};
    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, -window_bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    bench->packed_size = stream.total_out;
    deflateEnd(&stream);
}

/* Inflates `packed` given in pieces of `give`, with room for `take` bytes a call. `*made` gets the output's size. */
static enum status run(struct bench *bench, size_t give, size_t take, size_t *made, bool *ended)
{
    struct span left = span_of(bench->packed, bench->packed_size);
    *made = 0;
    *ended = false;
    while (left.size > 0 && !*ended) {
        struct span part = span_first(left, give), rest = part;
        struct buffer piece;
        do {
            assert_true(*made < ROOM);
            piece = buffer_over(bench->out + *made, take < ROOM - *made ? take : ROOM - *made);
            enum status status = inflate_more(&bench->inflate, &rest, &piece, ended);
            if (status)
                return status;
            *made += piece.size;
        } while (!*ended && piece.size == piece.capacity);
        left = span_from(left, part.size - rest.size);
        assert_true(*ended || rest.size == 0);
    }
    bench->packed_size -= left.size; /* what was taken */
    return OK;
}

static void every_window_works_in_the_stated_memory(void **state)
{
    (void)state;
    struct bench *bench = bench_new();
    for (uint8_t bits = 9; bits <= 15; bits++)
        for (size_t take = 1; take < ROOM; take = take * 19 + 3) {
            size_t made, give = take % 7 == 0 ? 1 : 4000;
            bool ended;
            pack(bench, 100000, bits);
            size_t whole = bench->packed_size;
            start(bench, bits);
            assert_int_equal(run(bench, give, take, &made, &ended), OK);
            assert_true(ended);
            assert_int_equal(made, bench->plain_size);
            assert_int_equal(bench->packed_size, whole);
            assert_memory_equal(bench->out, bench->plain, made);
        }
    bench_free(bench);
}

static void the_same_memory_serves_again_and_again(void **state)
{
    (void)state;
    struct bench *bench = bench_new();
    size_t size = PATCH_INFLATE_RAM + 4096;
    bench->memory = malloc(size);
    assert_non_null(bench->memory);
    for (int i = 0; i < 5; i++) {
        size_t made;
        bool ended;
        pack(bench, 20000, 12);
        assert_int_equal(
            inflate_start(&bench->inflate, buffer_over(bench->memory, size), 12, INFLATE_WATCHED), OK);
        assert_int_equal(run(bench, 100, 100, &made, &ended), OK);
        assert_true(ended);
        assert_memory_equal(bench->out, bench->plain, made);
    }
    bench_free(bench);
}

static void a_byte_of_memory_too_few_is_refused(void **state)
{
    (void)state;
    struct bench *bench = bench_new();
    bench->memory = malloc(PATCH_INFLATE_RAM + 4096);
    assert_non_null(bench->memory);
    assert_int_equal(inflate_start(&bench->inflate, buffer_over(bench->memory, PATCH_INFLATE_RAM + 4095), 12,
                                   INFLATE_WATCHED),
                     TOO_LARGE);
    assert_int_equal(inflate_start(&bench->inflate, buffer_over(bench->memory, 0), 12, INFLATE_WATCHED),
                     TOO_LARGE);
    bench_free(bench);
}

/* `before` literals, then a copy from `distance` back, with room for `take` bytes a call. */
static enum status copy_from(struct bench *bench, uint8_t bits, enum inflate_window window, size_t before,
                             uint32_t distance, size_t take)
{
    struct bits stream = {.out = buffer_over(bench->packed, ROOM)};
    size_t made;
    bool ended;
    deflate_begin(&stream, DEFLATE_FINAL);
    for (size_t i = 0; i < before; i++)
        deflate_literal(&stream, (uint8_t)(i * 7 + i / 251));
    deflate_copy3(&stream, distance);
    deflate_end(&stream);
    bench->packed_size = stream.out.size;
    start_with(bench, bits, window);
    enum status status = run(bench, 1000, take, &made, &ended);
    if (status)
        return status;
    assert_true(ended);
    assert_int_equal(made, before + 3);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(bench->out[before + i], bench->out[before + i - distance]);
    return OK;
}

/* copy_from itself sees that what was made is right. */
static void where_nobody_watches_a_copy_from_further_gives_the_right_bytes_or_nothing(void **state)
{
    (void)state;
    struct bench *bench = bench_new();
    static const size_t takes[] = {1, 64, 1000, ROOM};
    bool gave = false, refused = false;
    for (uint8_t bits = 9; bits <= 14; bits++) {
        uint32_t window = (uint32_t)1 << bits;
        for (size_t k = 0; k < sizeof takes / sizeof *takes; k++) {
            assert_int_equal(copy_from(bench, bits, INFLATE_TRUSTED, window + 63, window, takes[k]), OK);
            enum status status = copy_from(bench, bits, INFLATE_TRUSTED, window + 63, window + 1, takes[k]);
            assert_true(status == OK || status == BAD_FORMAT);
            gave = gave || status == OK;
            refused = refused || status == BAD_FORMAT;
        }
    }
    assert_true(gave && refused);
    bench_free(bench);
}

static void a_copy_reaches_as_far_as_the_window_and_not_a_byte_further(void **state)
{
    (void)state;
    struct bench *bench = bench_new();
    static const size_t takes[] = {1, 64, 1000, ROOM};
    for (uint8_t bits = 9; bits <= 14; bits++) {
        uint32_t window = (uint32_t)1 << bits;
        const size_t befores[] = {window + 1, window + 2, window + 63, 2 * window, 3 * window + 5};
        for (size_t i = 0; i < sizeof befores / sizeof *befores; i++)
            for (size_t k = 0; k < sizeof takes / sizeof *takes; k++) {
                assert_int_equal(copy_from(bench, bits, INFLATE_WATCHED, befores[i], window, takes[k]), OK);
                assert_int_equal(copy_from(bench, bits, INFLATE_WATCHED, befores[i], window + 1, takes[k]),
                                 BAD_FORMAT);
            }
    }
    bench_free(bench);
}

static void a_copy_from_before_the_start_is_refused(void **state)
{
    (void)state;
    struct bench *bench = bench_new();
    static const size_t befores[] = {1, 2, 100, 511, 512, 513};
    for (size_t i = 0; i < sizeof befores / sizeof *befores; i++) {
        assert_int_equal(copy_from(bench, 12, INFLATE_TRUSTED, befores[i], (uint32_t)befores[i], 64), OK);
        assert_int_equal(copy_from(bench, 12, INFLATE_TRUSTED, befores[i], (uint32_t)befores[i] + 1, 64),
                         BAD_FORMAT);
    }
    bench_free(bench);
}

static void bytes_after_the_end_are_left(void **state)
{
    (void)state;
    struct bench *bench = bench_new();
    size_t made;
    bool ended;
    pack(bench, 3000, 12);
    size_t whole = bench->packed_size;
    bench->packed_size += 5;
    start(bench, 12);
    assert_int_equal(run(bench, 10000, 10000, &made, &ended), OK);
    assert_true(ended);
    assert_int_equal(bench->packed_size, whole);

    struct span more = span_of("x", 1);
    struct buffer piece = buffer_over(bench->out, 10);
    assert_int_equal(inflate_more(&bench->inflate, &more, &piece, &ended), OK);
    assert_int_equal(more.size, 1);
    assert_int_equal(piece.size, 0);
    bench_free(bench);
}

static void a_truncated_stream_never_ends(void **state)
{
    (void)state;
    struct bench *bench = bench_new();
    pack(bench, 1000, 12);
    size_t whole = bench->packed_size;
    for (size_t size = 0; size < whole; size++) {
        size_t made;
        bool ended;
        bench->packed_size = size;
        start(bench, 12);
        assert_int_equal(run(bench, 50, 64, &made, &ended), OK);
        assert_false(ended);
        assert_memory_equal(bench->out, bench->plain, made);
    }
    bench_free(bench);
}

static void a_flipped_bit_can_only_give_other_bytes_or_a_refusal(void **state)
{
    (void)state;
    struct bench *bench = bench_new();
    size_t refused = 0, whole;
    pack(bench, 1000, 12);
    whole = bench->packed_size;
    for (size_t bit = 0; bit < whole * 8; bit++) {
        size_t made;
        bool ended;
        bench->packed[bit / 8] ^= (uint8_t)(1 << bit % 8);
        bench->packed_size = whole;
        start(bench, 12);
        enum status status = run(bench, 50, 64, &made, &ended);
        bench->packed[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_true(status == OK || status == BAD_FORMAT);
        refused += status != OK;
    }
    print_message("%zu flips, %zu refused as no deflate\n", whole * 8, refused);
    assert_true(refused > 0);
    bench_free(bench);
}

static enum status run_bytes(struct bench *bench, const void *bytes, size_t size)
{
    size_t made;
    bool ended;
    memcpy(bench->packed, bytes, size);
    bench->packed_size = size;
    start(bench, 9);
    return run(bench, size, 64, &made, &ended);
}

static void what_is_no_deflate_is_refused(void **state)
{
    (void)state;
    struct bench *bench = bench_new();
    assert_int_equal(run_bytes(bench, "\x07", 1), BAD_FORMAT); /* block type 3 */
    assert_int_equal(run_bytes(bench, "\x01\x01\x00\xff\xff\x61", 6),
                     BAD_FORMAT); /* length and complement differ */
    assert_int_equal(run_bytes(bench, "\x01\x01\x00\xfe\xff\x61", 6), OK);
    assert_int_equal(run_bytes(bench, "\x78\x9c\x4b\x04\x00", 5), BAD_FORMAT); /* a zlib header before it */
    bench_free(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_window_works_in_the_stated_memory),
        cmocka_unit_test(the_same_memory_serves_again_and_again),
        cmocka_unit_test(a_byte_of_memory_too_few_is_refused),
        cmocka_unit_test(a_copy_reaches_as_far_as_the_window_and_not_a_byte_further),
        cmocka_unit_test(where_nobody_watches_a_copy_from_further_gives_the_right_bytes_or_nothing),
        cmocka_unit_test(a_copy_from_before_the_start_is_refused),
        cmocka_unit_test(bytes_after_the_end_are_left),
        cmocka_unit_test(a_truncated_stream_never_ends),
        cmocka_unit_test(a_flipped_bit_can_only_give_other_bytes_or_a_refusal),
        cmocka_unit_test(what_is_no_deflate_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
