/* How many chunks the client keeps in flight, on lines that are told by two times: how long a chunk takes on the wire, and
 * how long its answer takes from then on. */
#include "agent/protocol/client_job.h"
#include "tests/support/test.h"

#define CHUNKS 200

struct line {
    uint64_t chunk_ms, answer_ms;
    uint64_t first_ms; /* more for the first answer: the device verifies */
    unsigned window;   /* what the device can hold */
    unsigned lossy;    /* each so many-th answer is lost; 0: none */
};

static unsigned lesser(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Sends CHUNKS over the line, the first alone, then as many in flight as the pace allows. Returns the width in the end. */
static unsigned width_after(const struct line *line)
{
    struct client_pace pace;
    uint64_t begun[CHUNKS], answered[CHUNKS] = {0}, wire_free = 0;

    client_pace_start(&pace);
    for (unsigned sent = 0, heard = 0; heard < CHUNKS; heard++) {
        uint64_t now = heard > 0 ? answered[heard - 1] : 0;
        unsigned most = heard == 0 ? 1 : lesser(pace.width, line->window);
        for (; sent < CHUNKS && sent - heard < most; sent++) {
            begun[sent] = now;
            wire_free = (wire_free > now ? wire_free : now) + line->chunk_ms;
            answered[sent] = wire_free + line->answer_ms + (sent == 0 ? line->first_ms : 0);
        }
        if (line->lossy > 0 && heard % line->lossy == line->lossy - 1)
            client_pace_disturbed(&pace);
        else
            client_pace_answered(&pace, begun[heard], line->window, answered[heard]);
    }
    return pace.width;
}

static void a_slow_wire_has_two_in_flight_whatever_the_device_can_hold(void **state)
{
    (void)state;
    for (unsigned window = 2; window <= CLIENT_WINDOW_MAX; window++) {
        /* 4 KiB at 115,200 baud, 1 KiB at 921,600 */
        assert_int_equal(width_after(&(struct line){.chunk_ms = 355, .answer_ms = 4, .window = window}), 2);
        assert_int_equal(width_after(&(struct line){.chunk_ms = 11, .answer_ms = 2, .window = window}), 2);
    }
}

static void a_long_way_has_as_many_in_flight_as_it_holds(void **state)
{
    (void)state;
    for (uint64_t chunks = 1; chunks <= 6; chunks++) {
        struct line line = {.chunk_ms = 20, .answer_ms = 20 * chunks, .window = CLIENT_WINDOW_MAX};
        unsigned width = width_after(&line);
        /* one on the wire for each that is on its way, and one more at most beside the one that is sent */
        assert_in_range(width, 1 + chunks, 3 + chunks);
    }
}

static void a_fast_link_has_all_that_the_device_can_hold(void **state)
{
    (void)state;
    for (unsigned window = 2; window <= CLIENT_WINDOW_MAX; window++) {
        assert_int_equal(width_after(&(struct line){.window = window}), window);
        assert_int_equal(width_after(&(struct line){.answer_ms = 50, .window = window}), window);
    }
}

static void a_device_with_one_buffer_gets_one_at_a_time(void **state)
{
    (void)state;
    /* the width never goes below two: the window rules */
    assert_int_equal(width_after(&(struct line){.chunk_ms = 10, .answer_ms = 100, .window = 1}), 2);
}

static void a_slow_first_answer_is_forgotten(void **state)
{
    (void)state;
    struct line line = {.chunk_ms = 90, .answer_ms = 4, .first_ms = 900, .window = CLIENT_WINDOW_MAX};
    assert_in_range(width_after(&line), 2, 3);
}

static void rounds_with_a_loss_say_nothing(void **state)
{
    (void)state;
    for (unsigned lossy = 2; lossy < 20; lossy++)
        assert_int_equal(width_after(&(struct line){
                             .chunk_ms = 355, .answer_ms = 4, .window = CLIENT_WINDOW_MAX, .lossy = lossy}),
                         2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slow_wire_has_two_in_flight_whatever_the_device_can_hold),
        cmocka_unit_test(a_long_way_has_as_many_in_flight_as_it_holds),
        cmocka_unit_test(a_fast_link_has_all_that_the_device_can_hold),
        cmocka_unit_test(a_device_with_one_buffer_gets_one_at_a_time),
        cmocka_unit_test(a_slow_first_answer_is_forgotten),
        cmocka_unit_test(rounds_with_a_loss_say_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
