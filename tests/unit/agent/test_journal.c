/* The journal's ring: bytes, order, wrap, cuts. */
#include "agent/journal.h"

#include "keys/base/bytes.h"
#include "keys/base/crc.h"
#include "tests/support/memory_flash.h"
#include "tests/support/test.h"

#define BLOCK 1024u

struct ring {
    struct memory_flash *chip;
    struct area area;
    struct journal journal;
    jmp_buf power;
};

static struct ring *ring_of(uint32_t blocks, uint32_t write_unit)
{
    struct ring *ring = calloc(1, sizeof *ring);

    assert_non_null(ring);
    ring->chip = memory_flash_new(blocks * BLOCK, write_unit, BLOCK, 0xff);
    assert_non_null(ring->chip);
    ring->area = (struct area){&ring->chip->flash, 0, (uint64_t)blocks * BLOCK};
    journal_open(&ring->journal, &ring->area);
    return ring;
}

static void ring_end(struct ring *ring)
{
    assert_int_equal(ring->chip->abuses, 0);
    assert_int_equal(ring->chip->retorn, 0);
    memory_flash_free(ring->chip);
    free(ring);
}

static struct journal_entry entry_at(uint64_t done)
{
    struct journal_entry entry = {
        .segment = {.stream_offset = done + 1, .output_offset = done / 2, .length = 77},
        .output_done = done,
        .target = SLOT_B,
        .running = SLOT_A,
    };

    memset(entry.segment.digest, 0xd1, sizeof entry.segment.digest);
    memset(entry.manifest_id, 0x3a, sizeof entry.manifest_id);
    memset(entry.running_id, 0x4b, sizeof entry.running_id);
    return entry;
}

static void append(struct ring *ring, uint64_t done)
{
    struct journal_entry entry = entry_at(done);

    assert_int_equal(journal_append(&ring->journal, &entry), OK);
}

static void reopen(struct ring *ring)
{
    journal_open(&ring->journal, &ring->area);
}

static void an_entry_is_these_bytes(void **state)
{
    struct journal_entry entry = entry_at(0x1122334455667788), back;
    uint8_t bytes[JOURNAL_ENTRY_SIZE];
    (void)state;

    entry.counter = 0x01020304;
    entry.finished = true;
    journal_entry_encode(&entry, bytes);
    assert_memory_equal(bytes, "SUTJ\x04\x03\x02\x01", 8);
    assert_true(get_le64(bytes + 24) == 0x1122334455667788);
    assert_int_equal(get_le32(bytes + 32), 77);
    assert_memory_equal(bytes + 36, "\x01\x00\x01\x00", 4);
    assert_int_equal(bytes[40], 0xd1);
    assert_int_equal(bytes[72], 0x3a);
    assert_int_equal(bytes[88], 0x4b);
    assert_int_equal(get_le32(bytes + 104), 0);
    assert_true(journal_entry_decode(bytes, &back));
    assert_true(back.output_done == entry.output_done && back.finished && back.counter == entry.counter);
}

static void every_flipped_bit_of_an_entry_is_found(void **state)
{
    struct journal_entry entry = entry_at(4096), back;
    uint8_t bytes[JOURNAL_ENTRY_SIZE];
    (void)state;

    entry.counter = 5;
    journal_entry_encode(&entry, bytes);
    for (unsigned bit = 0; bit < 8 * JOURNAL_ENTRY_SIZE; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(journal_entry_decode(bytes, &back));
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void entries_out_of_range_are_refused_whatever_their_crc(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
    } rows[] = {{36, 2}, {37, 2}, {38, 2}, {39, 1}, {104, 1}, {107, 1}};
    struct journal_entry entry = entry_at(4096), back;
    uint8_t bytes[JOURNAL_ENTRY_SIZE];
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        entry.counter = 5;
        journal_entry_encode(&entry, bytes);
        bytes[rows[i].at] = rows[i].value;
        put_le32(bytes + 108, crc32_of(span_of(bytes, 108)));
        assert_false(journal_entry_decode(bytes, &back));
    }
}

static void an_empty_ring_has_no_last_entry(void **state)
{
    struct ring *ring = ring_of(2, 16);
    (void)state;

    assert_false(ring->journal.has_last);
    ring_end(ring);
}

static void the_newest_entry_counts_however_often_the_ring_went_round(void **state)
{
    (void)state;
    for (uint32_t blocks = 2; blocks <= 3; blocks++)
        for (uint32_t unit = 1; unit <= 256; unit *= 16) {
            struct ring *ring = ring_of(blocks, unit);
            for (uint64_t done = 1; done <= 60; done++) {
                append(ring, done);
                if (done % 7 == 0)
                    reopen(ring);
                else
                    assert_true(ring->journal.last.output_done == done);
                assert_true(ring->journal.has_last && ring->journal.last.output_done == done);
            }
            ring_end(ring);
        }
}

/* Appends two entries, and power goes at operation `at` of it, torn. */
static void append_cut(struct ring *ring, unsigned at, uint64_t done)
{
    if (setjmp(ring->power) == 0) {
        memory_flash_cut(ring->chip, at, CUT_TORN, &ring->power);
        append(ring, done);
        append(ring, done + 1);
    }
    memory_flash_cut(ring->chip, 0, CUT_TORN, NULL);
    reopen(ring);
}

static void two_cuts_keep_the_entry_before(unsigned before, unsigned first, unsigned second)
{
    struct ring *ring = ring_of(2, 16);

    ring->chip->seed = before * 100 + first * 10 + second;
    for (uint64_t done = 1; done <= before; done++)
        append(ring, done);
    reopen(ring);
    append_cut(ring, first, before + 10);
    assert_true(ring->journal.has_last && ring->journal.last.output_done >= before);
    append_cut(ring, second, before + 20);
    assert_true(ring->journal.has_last && ring->journal.last.output_done >= before);
    append(ring, 99);
    reopen(ring);
    assert_true(ring->journal.last.output_done == 99);
    ring_end(ring);
}

/* Two cuts in a row, torn units reading anew each time: the last entry is one that was whole, or a newer one. */
static void two_cuts_anywhere_keep_the_entry_before(void **state)
{
    (void)state;
    for (unsigned before = 1; before <= 14; before++)
        for (unsigned first = 1; first <= 9; first++)
            for (unsigned second = 1; second <= 9; second++)
                two_cuts_keep_the_entry_before(before, first, second);
}

static void a_place_that_does_not_take_an_entry_is_stepped_over(void **state)
{
    struct ring *ring = ring_of(2, 16);
    (void)state;

    append(ring, 1);
    ring->chip->deaf_from = 3 * 112;
    ring->chip->deaf_to = 4 * 112;
    append(ring, 2);
    reopen(ring);
    assert_true(ring->journal.last.output_done == 2);
    ring_end(ring);
}

static void a_ring_that_is_dead_says_so_and_keeps_what_counted(void **state)
{
    struct ring *ring = ring_of(2, 16);
    struct journal_entry entry = entry_at(2);
    (void)state;

    append(ring, 1);
    reopen(ring);
    ring->chip->dead_from = BLOCK;
    ring->chip->dead_to = 2 * BLOCK;
    assert_int_equal(journal_append(&ring->journal, &entry), FLASH_FAILED);
    reopen(ring);
    assert_true(ring->journal.last.output_done == 1);
    ring_end(ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_entry_is_these_bytes),
        cmocka_unit_test(every_flipped_bit_of_an_entry_is_found),
        cmocka_unit_test(entries_out_of_range_are_refused_whatever_their_crc),
        cmocka_unit_test(an_empty_ring_has_no_last_entry),
        cmocka_unit_test(the_newest_entry_counts_however_often_the_ring_went_round),
        cmocka_unit_test(two_cuts_anywhere_keep_the_entry_before),
        cmocka_unit_test(a_place_that_does_not_take_an_entry_is_stepped_over),
        cmocka_unit_test(a_ring_that_is_dead_says_so_and_keeps_what_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
