/* Writing a slot: page by page, block by block, sparse, read back, on flash of every write unit. */
#include "agent/slot.h"

#include "tests/support/memory_flash.h"
#include "tests/support/test.h"

#define BLOCK  1024u
#define BLOCKS 4u

struct slot {
    struct memory_flash *chip;
    struct area area;
    uint8_t page[256];
    uint8_t image[BLOCKS * BLOCK];
    struct slot_writer writer;
};

static struct slot *slot_of(uint32_t write_unit, uint8_t erased)
{
    struct slot *slot = calloc(1, sizeof *slot);

    assert_non_null(slot);
    slot->chip = memory_flash_new(BLOCKS * BLOCK, write_unit, BLOCK, erased);
    assert_non_null(slot->chip);
    slot->area = (struct area){&slot->chip->flash, 0, BLOCKS * BLOCK};
    memset(slot->chip->bytes, 0x5a, BLOCKS * BLOCK); /* what an older image left */
    for (size_t i = 0; i < sizeof slot->image; i++)
        slot->image[i] = (uint8_t)(i * 7 + i / 256);
    return slot;
}

static void slot_end(struct slot *slot)
{
    assert_int_equal(slot->chip->abuses, 0);
    memory_flash_free(slot->chip);
    free(slot);
}

static void start(struct slot *slot, size_t size, uint64_t done)
{
    slot_writer_start(&slot->writer, &slot->area, size, done, buffer_over(slot->page, sizeof slot->page));
}

/* Puts [made, to) in pieces of `step` bytes; returns how many blocks were finished. */
static unsigned put_until(struct slot *slot, size_t to, size_t step)
{
    unsigned blocks = 0;

    while (slot->writer.made < to) {
        size_t at = (size_t)slot->writer.made, left = to - at;
        struct span bytes = span_of(slot->image + at, left < step ? left : step);
        while (bytes.size > 0) {
            bool done;
            assert_int_equal(slot_writer_put(&slot->writer, &bytes, &done), OK);
            blocks += done;
        }
    }
    return blocks;
}

static void an_image_of_any_size_is_written_exactly(void **state)
{
    static const size_t sizes[] = {1, 15, 16, 255, 256, 257, 1023, 1024, 1025, 2047, 2048, 3000, 4095, 4096};
    static const uint32_t units[] = {1, 4, 16, 64, 256};
    (void)state;

    for (size_t u = 0; u < sizeof units / sizeof units[0]; u++)
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            struct slot *slot = slot_of(units[u], i % 2 ? 0x00 : 0xff);
            start(slot, sizes[i], 0);
            unsigned blocks = put_until(slot, sizes[i], 1 + 37 * i);
            assert_int_equal(slot_writer_finish(&slot->writer), OK);
            assert_int_equal(blocks, sizes[i] / BLOCK);
            assert_int_equal(slot->writer.done, sizes[i]);
            assert_memory_equal(slot->chip->bytes, slot->image, sizes[i]);
            slot_end(slot);
        }
}

static void erased_pieces_cost_no_operation(void **state)
{
    struct slot *slot = slot_of(16, 0xff);
    (void)state;

    memset(slot->image + 100, 0xff, 1800);
    start(slot, 2048, 0);
    put_until(slot, 2048, 2048);
    unsigned erases = 2, programs = 1 + 1; /* the two ends of the image */
    assert_int_equal(slot->chip->operations, erases + programs);
    assert_memory_equal(slot->chip->bytes, slot->image, 2048);
    slot_end(slot);
}

static void nothing_is_erased_beyond_the_image(void **state)
{
    struct slot *slot = slot_of(16, 0xff);
    bool erased = true;
    (void)state;

    start(slot, 1500, 0);
    while (erased)
        assert_int_equal(slot_writer_erase_ahead(&slot->writer, &erased), OK);
    put_until(slot, 1500, 100);
    assert_int_equal(slot_writer_finish(&slot->writer), OK);
    assert_int_equal(slot->chip->bytes[2 * BLOCK], 0x5a);
    slot_end(slot);
}

static void erasing_ahead_stays_one_block_ahead(void **state)
{
    struct slot *slot = slot_of(16, 0xff);
    bool erased;
    (void)state;

    start(slot, sizeof slot->image, 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(slot_writer_erase_ahead(&slot->writer, &erased), OK);
        assert_true(erased);
    }
    assert_int_equal(slot_writer_erase_ahead(&slot->writer, &erased), OK);
    assert_false(erased);
    unsigned before = slot->chip->operations;
    put_until(slot, 2 * BLOCK, 64);
    assert_int_equal(slot->chip->operations - before, 8);
    slot_end(slot);
}

static void a_resumed_run_erases_its_first_block_again(void **state)
{
    struct slot *slot = slot_of(16, 0xff);
    (void)state;

    start(slot, sizeof slot->image, 0);
    put_until(slot, BLOCK + 500, 250);
    assert_int_equal(slot->writer.done, BLOCK);
    start(slot, sizeof slot->image, BLOCK);
    put_until(slot, sizeof slot->image, 333);
    assert_int_equal(slot_writer_finish(&slot->writer), OK);
    assert_memory_equal(slot->chip->bytes, slot->image, sizeof slot->image);
    slot_end(slot);
}

static void a_block_that_reads_back_otherwise_is_found(void **state)
{
    struct slot *slot = slot_of(16, 0xff);
    bool done = false;
    (void)state;

    slot->chip->deaf_from = BLOCK + 256;
    slot->chip->deaf_to = BLOCK + 272;
    start(slot, sizeof slot->image, 0);
    put_until(slot, BLOCK, 256);
    struct span bytes = span_of(slot->image + BLOCK, BLOCK);
    assert_int_equal(slot_writer_put(&slot->writer, &bytes, &done), FLASH_FAILED);
    assert_int_equal(slot->writer.done, BLOCK);
    slot->chip->abuses = 0;
    slot_end(slot);
}

static void more_than_the_image_is_refused(void **state)
{
    struct slot *slot = slot_of(16, 0xff);
    struct span bytes = span_of(slot->image, 101);
    bool done;
    (void)state;

    start(slot, 100, 0);
    assert_int_equal(slot_writer_put(&slot->writer, &bytes, &done), TOO_LARGE);
    assert_int_equal(slot->chip->operations, 0);
    assert_int_equal(slot_writer_finish(&slot->writer), WRONG_STATE);
    slot_end(slot);
}

/* A disk's cache behind the slot: what was begun, and waited for. */
static struct cache {
    unsigned begun, syncs;
    enum status answer;
} cache;

static enum status cache_sync_begin(void *context)
{
    (void)context;
    cache.begun++;
    return OK;
}

static enum status cache_sync(void *context)
{
    (void)context;
    cache.syncs++;
    return cache.answer;
}

static struct slot *slot_behind_a_cache(enum status answer)
{
    struct slot *slot = slot_of(16, 0xff);

    cache = (struct cache){.answer = answer};
    slot->chip->flash.sync_begin = cache_sync_begin;
    slot->chip->flash.sync = cache_sync;
    return slot;
}

static void the_end_of_an_image_is_synced_wherever_it_lies(void **state)
{
    static const size_t sizes[] = {100, BLOCK, 2 * BLOCK + 100, 4 * BLOCK};

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct slot *slot = slot_behind_a_cache(OK);
        start(slot, sizes[i], 0);
        put_until(slot, sizes[i], 64);
        assert_int_equal(cache.begun, 0);
        assert_int_equal(slot_writer_finish(&slot->writer), OK);
        assert_int_equal(cache.begun, 1);
        assert_int_equal(cache.syncs, 1);
        slot_end(slot);
    }
}

static void a_sync_that_fails_fails_the_image(void **state)
{
    struct slot *slot = slot_behind_a_cache(FLASH_FAILED);

    (void)state;
    start(slot, 2 * BLOCK, 0);
    put_until(slot, 2 * BLOCK, 64);
    assert_int_equal(slot_writer_finish(&slot->writer), FLASH_FAILED);
    slot_end(slot);
}

static void nothing_is_erased_ahead_where_an_erase_costs_nothing(void **state)
{
    struct slot *slot = slot_behind_a_cache(OK);
    bool erased = true;

    (void)state;
    start(slot, 4 * BLOCK, 0);
    put_until(slot, 10, 10);
    assert_int_equal(slot_writer_erase_ahead(&slot->writer, &erased), OK);
    assert_false(erased);
    slot_end(slot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_image_of_any_size_is_written_exactly),
        cmocka_unit_test(erased_pieces_cost_no_operation),
        cmocka_unit_test(nothing_is_erased_beyond_the_image),
        cmocka_unit_test(erasing_ahead_stays_one_block_ahead),
        cmocka_unit_test(a_resumed_run_erases_its_first_block_again),
        cmocka_unit_test(a_block_that_reads_back_otherwise_is_found),
        cmocka_unit_test(more_than_the_image_is_refused),
        cmocka_unit_test(the_end_of_an_image_is_synced_wherever_it_lies),
        cmocka_unit_test(a_sync_that_fails_fails_the_image),
        cmocka_unit_test(nothing_is_erased_ahead_where_an_erase_costs_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
