/* Faults of a line: each kind does what its name says, to units of each size, and the same seed does it again. */
#include "hw-sim/faults.h"

#include "tests/support/test.h"

#include <stdio.h>

static struct faults faults;

/* All bytes that arrive when these are sent at `now`. */
static struct buffer arrive_at(enum fault_way way, struct span sent, uint64_t now_us)
{
    static uint8_t memory[65536];
    struct buffer out = buffer_over(memory, sizeof memory);
    uint8_t byte;

    for (size_t i = 0; i < sent.size; i++) {
        while (faults_more(&faults, way, now_us, &byte))
            assert_true(buffer_put(&out, byte));
        if (faults_take(&faults, way, sent.data[i], now_us, &byte))
            assert_true(buffer_put(&out, byte));
    }
    while (faults_more(&faults, way, now_us, &byte))
        assert_true(buffer_put(&out, byte));
    return out;
}

static struct buffer arrive(struct span sent)
{
    return arrive_at(FAULT_IN, sent, 0);
}

static void begin(struct fault fault)
{
    faults_start(&faults, 7);
    assert_null(fault_check(&fault, FAULTS_ON_FRAMES));
    assert_true(faults_add(&faults, &fault, 0));
}

#define assert_arrives(text, expected)                                                                       \
    do {                                                                                                     \
        struct buffer got = arrive(span_text(text));                                                         \
        assert_int_equal(got.size, strlen(expected));                                                        \
        assert_memory_equal(got.data, expected, got.size);                                                   \
    } while (0)

/* The line's framing of a small packet each. */
static struct span frame_of(enum framing framing, size_t size, uint8_t fill)
{
    static uint8_t memory[2][16384];
    static unsigned turn;
    uint8_t packet[4096] = {2, 0, (uint8_t)((size - 8) >> 8), (uint8_t)(size - 8), 0, 1, 9, 1};
    struct frame_writer writer;

    turn = 1 - turn;
    memset(packet + 8, fill, size - 8);
    frame_writer_start(&writer, framing, span_of(packet, size));
    return span_of(memory[turn], frame_writer_take(&writer, memory[turn], sizeof memory[turn]));
}

static const uint8_t *noise_of(size_t size)
{
    static uint8_t bytes[60000];
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(i * 31 + i / 256);
    return bytes;
}

static void without_faults_everything_arrives(void **state)
{
    (void)state;
    faults_start(&faults, 7);
    struct buffer got = arrive(span_of(noise_of(5000), 5000));
    assert_int_equal(got.size, 5000);
    assert_memory_equal(got.data, noise_of(5000), 5000);
}

static void a_rate_of_loss_is_kept(void **state)
{
    (void)state;
    begin((struct fault){.kind = FAULT_LOSS, .per_million = 20000});
    struct buffer got = arrive(span_of(noise_of(50000), 50000));
    assert_in_range(50000 - got.size, 800, 1200);
    assert_int_equal(faults.happened[FAULT_LOSS], 50000 - got.size);
}

static void a_lost_chunk_is_lost_whole(void **state)
{
    (void)state;
    begin((struct fault){.kind = FAULT_LOSS, .per = FAULT_CHUNKS, .per_million = 100000});
    struct buffer got = arrive(span_of(noise_of(FAULT_CHUNK * 500), FAULT_CHUNK * 500));
    assert_int_equal(got.size % FAULT_CHUNK, 0);
    assert_in_range(500 - got.size / FAULT_CHUNK, 25, 80);
}

static void bytes_are_doubled_and_change_places(void **state)
{
    (void)state;
    begin((struct fault){.kind = FAULT_DOUBLE, .per_million = 1000000});
    assert_arrives("abc", "aabbcc");
    begin((struct fault){.kind = FAULT_REORDER, .per_million = 1000000});
    assert_arrives("abcdef", "badcfe");
}

static void noise_turns_one_bit_of_a_byte(void **state)
{
    (void)state;
    begin((struct fault){.kind = FAULT_NOISE, .per_million = 1000000});
    struct buffer got = arrive(span_of(noise_of(1000), 1000));
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(__builtin_popcount((unsigned)(got.data[i] ^ noise_of(1000)[i])), 1);
}

static void a_burst_of_noise_spoils_at_most_its_bytes_of_a_chunk(void **state)
{
    (void)state;
    size_t spoiled = 0;
    begin((struct fault){.kind = FAULT_NOISE, .per = FAULT_CHUNKS, .per_million = 10000});
    struct buffer got = arrive(span_of(noise_of(60000), 60000));
    for (size_t i = 0; i < 60000; i++)
        spoiled += got.data[i] != noise_of(60000)[i];
    assert_true(faults.happened[FAULT_NOISE] > 2);
    assert_in_range(spoiled, faults.happened[FAULT_NOISE], faults.happened[FAULT_NOISE] * FAULT_BURST_MAX);
}

static void frames_are_lost_doubled_and_reordered_whole_in_both_framings(void **state)
{
    (void)state;
    for (enum framing framing = FRAMING_CONSOLE; framing <= FRAMING_COBS; framing++) {
        struct span a = frame_of(framing, 400, 'a'), b = frame_of(framing, 900, 'b');
        begin((struct fault){.kind = FAULT_LOSS, .per = FAULT_FRAME, .per_million = 1000000});
        assert_int_equal(arrive(a).size, 0);

        begin((struct fault){.kind = FAULT_DOUBLE, .per = FAULT_FRAME, .per_million = 1000000});
        struct buffer got = arrive(a);
        assert_int_equal(got.size, 2 * a.size);
        assert_memory_equal(got.data, a.data, a.size);
        assert_memory_equal(got.data + a.size, a.data, a.size);

        begin((struct fault){.kind = FAULT_REORDER, .per = FAULT_FRAME, .per_million = 1000000});
        assert_int_equal(arrive(a).size, 0);
        got = arrive(b);
        assert_int_equal(got.size, a.size + b.size);
        assert_memory_equal(got.data, b.data, b.size);
        assert_memory_equal(got.data + b.size, a.data, a.size);
    }
}

static void one_frame_in_a_hundred_is_one_frame_in_a_hundred(void **state)
{
    (void)state;
    struct span frame = frame_of(FRAMING_CONSOLE, 700, 'x');
    size_t lost = 0;
    begin((struct fault){.kind = FAULT_LOSS, .per = FAULT_FRAME, .per_million = 10000});
    for (size_t i = 0; i < 5000; i++) {
        size_t size = arrive(frame).size;
        assert_true(size == 0 || size == frame.size);
        lost += size == 0;
    }
    assert_in_range(lost, 25, 80);
}

static void a_frame_too_long_to_keep_passes_in_order(void **state)
{
    (void)state;
    begin((struct fault){.kind = FAULT_REORDER, .per = FAULT_FRAME, .per_million = 1000000});
    struct buffer got = arrive(span_of(noise_of(1), 1));
    assert_int_equal(got.size, 0); /* kept: no frame has ended yet */
    faults_reopen(&faults);
    static uint8_t text[20000];
    memset(text, 'x', sizeof text);
    got = arrive(span_of(text, sizeof text));
    assert_true(got.size >= sizeof text - FAULT_FRAME_MAX);
}

static void a_gap_loses_what_is_sent_meanwhile(void **state)
{
    (void)state;
    begin((struct fault){.kind = FAULT_GAP, .at_byte = 3, .for_ms = 10});
    assert_arrives("abc", "abc");
    assert_arrives("def", "");
    assert_int_equal(arrive_at(FAULT_OUT, span_text("ghi"), 9999).size, 0);
    assert_int_equal(arrive_at(FAULT_OUT, span_text("jkl"), 10000).size, 3);
    assert_int_equal(faults.happened[FAULT_GAP], 1);
}

static void a_cable_is_pulled_at_its_time_and_put_back(void **state)
{
    (void)state;
    begin((struct fault){.kind = FAULT_PULL, .at_ms = 5, .for_ms = 20});
    assert_int_equal(faults_line(&faults, 4999), LINE_WHOLE);
    assert_int_equal(faults_wake(&faults, 0), 5000);
    assert_int_equal(faults_line(&faults, 5000), LINE_PULLED);
    assert_int_equal(faults_wake(&faults, 5000), 25000);
    assert_int_equal(faults_line(&faults, 24999), LINE_PULLED);
    assert_int_equal(faults_line(&faults, 25000), LINE_WHOLE);
    assert_int_equal(faults_wake(&faults, 25000), FAULTS_NEVER);
}

static void chatter_comes_when_due_and_waits_for_the_end_of_a_frame(void **state)
{
    (void)state;
    struct span frame = frame_of(FRAMING_COBS, 60, 'x');
    begin((struct fault){.kind = FAULT_CHATTER, .way = FAULT_BOTH, .every_ms = 5, .text = "[ok]\n"});
    assert_int_equal(arrive_at(FAULT_OUT, span_first(frame, 30), 0).size, 30);
    assert_int_equal(faults_wake(&faults, 0), 5000);
    struct buffer got = arrive_at(FAULT_OUT, span_from(frame, 30), 5000);
    assert_int_equal(got.size, frame.size - 30 + 5);
    assert_memory_equal(got.data, frame.data + 30, frame.size - 30);
    assert_memory_equal(got.data + frame.size - 30, "[ok]\n", 5);
    assert_int_equal(arrive_at(FAULT_IN, span_text(""), 20000).size,
                     0); /* the firmware speaks, not the host */
}

static void chatter_inside_frames_only_when_asked_for(void **state)
{
    (void)state;
    struct span frame = frame_of(FRAMING_COBS, 60, 'x');
    begin((struct fault){.kind = FAULT_CHATTER, .every_ms = 5, .inside = true, .text = "[ok]\n"});
    arrive_at(FAULT_OUT, span_first(frame, 30), 0);
    struct buffer got = arrive_at(FAULT_OUT, span_from(frame, 30), 5000);
    assert_memory_equal(got.data, "[ok]\n", 5);
}

static void the_same_seed_gives_the_same_bytes_and_another_seed_others(void **state)
{
    (void)state;
    static uint8_t first[60000];
    size_t size = 0;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        faults_start(&faults, seed == 3 ? 2 : 1);
        const struct fault script[] = {
            {.kind = FAULT_LOSS, .per_million = 3000},
            {.kind = FAULT_DOUBLE, .per = FAULT_CHUNKS, .per_million = 30000},
            {.kind = FAULT_REORDER, .per = FAULT_CHUNKS, .per_million = 30000},
            {.kind = FAULT_NOISE, .per_million = 1000},
        };
        for (size_t i = 0; i < 4; i++)
            assert_true(faults_add(&faults, &script[i], 0));
        if (seed == 2) /* the other direction draws its own chance */
            arrive_at(FAULT_OUT, span_of(noise_of(777), 777), 0);
        struct buffer got = arrive(span_of(noise_of(20000), 20000));
        if (seed == 1)
            memcpy(first, got.data, size = got.size);
        else
            assert_int_equal(got.size == size && memcmp(got.data, first, size) == 0, seed == 2);
    }
}

static void when_all_is_well_again_what_was_held_still_comes(void **state)
{
    (void)state;
    begin((struct fault){.kind = FAULT_REORDER, .per_million = 1000000});
    assert_arrives("a", "");
    faults_clear(&faults);
    assert_arrives("bc", "abc");
}

static void a_script_has_its_bound(void **state)
{
    (void)state;
    const struct fault fault = {.kind = FAULT_LOSS, .per_million = 1};
    faults_start(&faults, 1);
    for (size_t i = 0; i < FAULTS_MAX; i++)
        assert_true(faults_add(&faults, &fault, 0));
    assert_false(faults_add(&faults, &fault, 0));
}

static void words_say_what_a_profile_says(void **state)
{
    (void)state;
    char loss[] = "loss per=frame way=out per_million=10000", pull[] = "pull at_byte=20000 for_ms=2000";
    char chatter[] = "chatter every_ms=500 inside=true text=battery 90 % text=ok";
    struct fault fault;
    assert_null(fault_read(loss, &fault));
    assert_true(fault.kind == FAULT_LOSS && fault.per == FAULT_FRAME && fault.way == FAULT_OUT);
    assert_int_equal(fault.per_million, 10000);
    assert_null(fault_read(pull, &fault));
    assert_true(fault.kind == FAULT_PULL && fault.at_byte == 20000 && fault.for_ms == 2000);
    assert_null(fault_check(&fault, FAULTS_ON_PACKETS));
    assert_null(fault_read(chatter, &fault));
    assert_true(fault.inside);
    assert_string_equal(fault.text, "battery 90 % text=ok\n");
    assert_null(fault_check(&fault, FAULTS_ON_FRAMES));
    assert_non_null(fault_check(&fault, FAULTS_ON_PACKETS));
}

static void words_and_rows_that_can_not_be_are_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "dance",
        "loss",
        "loss per_million=0",
        "loss per_million=1000001",
        "loss per_million=-1",
        "loss per_million=99999999999",
        "loss per_million=5x",
        "loss per_million",
        "loss per_million=5 per=second",
        "loss per_million=5 way=up",
        "loss per_million=5 for_ms=3",
        "loss per_million=5 text=x",
        "pull at_byte=4",
        "pull at_byte=4 at_ms=4 for_ms=1",
        "gap for_ms=5 per_million=5",
        "pull for_ms=5 every_ms=5",
        "chatter text=hm",
        "chatter every_ms=5",
        "chatter every_ms=5 text=",
        "chatter every_ms=5 inside=perhaps text=x",
        "chatter every_ms=5 at_ms=5 text=x",
        "loss mood=bad per_million=5",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char words[120];
        struct fault fault;
        snprintf(words, sizeof words, "%s", wrong[i]);
        if (fault_read(words, &fault) == NULL && fault_check(&fault, FAULTS_ON_FRAMES) == NULL)
            fail_msg("'%s' was taken", wrong[i]);
    }
    char long_text[400];
    struct fault fault;
    snprintf(long_text, sizeof long_text, "chatter every_ms=5 text=%0300d", 0);
    assert_non_null(fault_read(long_text, &fault));
    char frames[] = "loss per=frame per_million=5";
    assert_null(fault_read(frames, &fault));
    assert_non_null(fault_check(&fault, FAULTS_ON_PACKETS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_faults_everything_arrives),
        cmocka_unit_test(a_rate_of_loss_is_kept),
        cmocka_unit_test(a_lost_chunk_is_lost_whole),
        cmocka_unit_test(bytes_are_doubled_and_change_places),
        cmocka_unit_test(noise_turns_one_bit_of_a_byte),
        cmocka_unit_test(a_burst_of_noise_spoils_at_most_its_bytes_of_a_chunk),
        cmocka_unit_test(frames_are_lost_doubled_and_reordered_whole_in_both_framings),
        cmocka_unit_test(one_frame_in_a_hundred_is_one_frame_in_a_hundred),
        cmocka_unit_test(a_frame_too_long_to_keep_passes_in_order),
        cmocka_unit_test(a_gap_loses_what_is_sent_meanwhile),
        cmocka_unit_test(a_cable_is_pulled_at_its_time_and_put_back),
        cmocka_unit_test(chatter_comes_when_due_and_waits_for_the_end_of_a_frame),
        cmocka_unit_test(chatter_inside_frames_only_when_asked_for),
        cmocka_unit_test(the_same_seed_gives_the_same_bytes_and_another_seed_others),
        cmocka_unit_test(when_all_is_well_again_what_was_held_still_comes),
        cmocka_unit_test(a_script_has_its_bound),
        cmocka_unit_test(words_say_what_a_profile_says),
        cmocka_unit_test(words_and_rows_that_can_not_be_are_refused),
    };
    return cmocka_run_group_tests_name("faults", tests, NULL, NULL);
}
