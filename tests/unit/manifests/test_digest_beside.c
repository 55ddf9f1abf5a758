/* SHA-256 by a thread of its own: the same digest as without one, however the bytes come. */
#include "manifests/digest_beside.h"

#include "tests/support/test.h"

#include <stdlib.h>

enum { PIECE = 256 * 1024, RING = 4 * PIECE }; /* of digest_beside.c */

static uint8_t *bytes_made(size_t size)
{
    uint8_t *bytes = malloc(size + 1);

    assert_non_null(bytes);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(i * 7 + i / 251);
    return bytes;
}

static void assert_digest_alike(size_t size, size_t step)
{
    uint8_t *bytes = bytes_made(size), wanted[DIGEST_SIZE], got[DIGEST_SIZE];
    struct digest_beside *digest = digest_beside_start();

    assert_non_null(digest);
    for (size_t at = 0; at < size; at += step)
        digest_beside_update(digest, span_of(bytes + at, step < size - at ? step : size - at));
    digest_beside_finish(digest, got);
    digest_beside_stop(digest);
    digest_of(span_of(bytes, size), wanted);
    assert_memory_equal(got, wanted, DIGEST_SIZE);
    free(bytes);
}

static void nothing_has_the_digest_of_nothing(void **state)
{
    (void)state;
    assert_digest_alike(0, 1);
}

static void the_digest_is_the_same_around_the_end_of_a_piece_and_of_the_ring(void **state)
{
    (void)state;
    const size_t ends[] = {PIECE, 2 * PIECE, RING, RING + PIECE, 3 * RING};

    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        for (size_t size = ends[i] - 1; size <= ends[i] + 1; size++)
            assert_digest_alike(size, size);
}

static void the_digest_is_the_same_in_pieces_of_any_size(void **state)
{
    (void)state;
    const size_t steps[] = {1, 63, 16384, PIECE - 1, PIECE + 1, RING + 1};

    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        assert_digest_alike(2 * RING + 17, steps[i]);
}

static void one_that_is_given_up_half_way_ends(void **state)
{
    (void)state;
    uint8_t *bytes = bytes_made(2 * RING + 1);
    struct digest_beside *digest = digest_beside_start();

    digest_beside_update(digest, span_of(bytes, 2 * RING + 1));
    digest_beside_stop(digest);
    digest_beside_stop(digest_beside_start());
    digest_beside_stop(NULL);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_has_the_digest_of_nothing),
        cmocka_unit_test(the_digest_is_the_same_around_the_end_of_a_piece_and_of_the_ring),
        cmocka_unit_test(the_digest_is_the_same_in_pieces_of_any_size),
        cmocka_unit_test(one_that_is_given_up_half_way_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
