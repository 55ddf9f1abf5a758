/* A wire's time is arithmetic: how long bytes take at a baud rate, in virtual time, to the microsecond. */
#include "hw-sim/wire.h"

#include "tests/support/test.h"

static struct wire wire;
static struct faults faults;
static const uint8_t bytes[WIRE_MAX] = {'a', 'b', 'c'};

static void a_byte_has_ten_bits(void **state)
{
    (void)state;
    uint8_t out[4];
    wire_start(&wire, 9600);
    assert_int_equal(wire_put(&wire, span_of(bytes, 1), 0), 1);
    assert_int_equal(wire_due(&wire), 1042); /* 1041.67 */
    assert_int_equal(wire_take(&wire, out, sizeof out, 1041), 0);
    assert_int_equal(wire_take(&wire, out, sizeof out, 1042), 1);
    assert_int_equal(out[0], 'a');
}

/* Sends as fast as the wire takes bytes; answers when the last one has arrived. */
static uint64_t time_of(size_t size, size_t depth, uint32_t delay_us)
{
    uint64_t now = 5000000, begun = now;
    size_t sent = 0, got = 0;
    uint8_t out[512];

    wire.depth = depth;
    wire.delay_us = delay_us;
    while (got < size) {
        size_t piece = size - sent < sizeof bytes ? size - sent : sizeof bytes;
        sent += wire_put(&wire, span_of(bytes, piece), now);
        got += wire_take(&wire, out, sizeof out, now);
        uint64_t next = wire_due(&wire);
        if (sent < size && wire_ready(&wire, 1, now) < next)
            next = wire_ready(&wire, 1, now);
        now = next != FAULTS_NEVER && next > now ? next : now;
    }
    return now - begun;
}

static void a_second_of_bytes_takes_a_second_at_any_rate_and_depth(void **state)
{
    (void)state;
    static const uint32_t rates[] = {300, 9600, 115200, 921600, 4000000};
    static const size_t depths[] = {2, 7, 256, WIRE_MAX};

    for (size_t i = 0; i < 5; i++) {
        for (size_t k = 0; k < 4; k++) {
            size_t size = rates[i] / 10; /* one second of bytes */
            wire_start(&wire, rates[i]);
            assert_in_range(time_of(size, depths[k], 0), 999500, 1000500);
        }
    }
}

static void a_delay_is_paid_once_and_not_for_each_byte(void **state)
{
    (void)state;
    wire_start(&wire, 115200);
    uint64_t plain = time_of(11520, 256, 0);
    wire_start(&wire, 115200);
    assert_int_equal(time_of(11520, 256, 5000), plain + 5000);
}

static void a_pause_saves_up_nothing(void **state)
{
    (void)state;
    uint8_t out[8];
    wire_start(&wire, 115200);
    wire_put(&wire, span_of(bytes, 1), 0);
    assert_int_equal(wire_take(&wire, out, 8, 1000000), 1);
    assert_int_equal(wire_put(&wire, span_of(bytes, 3), 1000000), 3);
    assert_int_equal(wire_take(&wire, out, 8, 1000000 + 173), 1);
    assert_int_equal(wire_take(&wire, out, 8, 1000000 + 261), 2);
}

static void a_sender_has_no_more_waiting_than_its_depth(void **state)
{
    (void)state;
    wire_start(&wire, 115200);
    wire.depth = 100;
    assert_int_equal(wire_put(&wire, span_of(bytes, 500), 0), 100);
    assert_int_equal(wire_put(&wire, span_of(bytes, 500), 0), 0);
    uint64_t ready = wire_ready(&wire, 50, 0);
    assert_int_equal(wire_room(&wire, ready - 100), 48);
    assert_int_equal(wire_put(&wire, span_of(bytes, 500), ready), 50);
}

static void a_wire_without_a_rate_takes_no_time_and_still_has_an_end(void **state)
{
    (void)state;
    static uint8_t out[WIRE_MAX];
    wire_start(&wire, 0);
    assert_int_equal(wire_put(&wire, span_of(bytes, sizeof bytes), 7), WIRE_MAX);
    assert_int_equal(wire_put(&wire, span_of(bytes, 1), 7), 0);
    assert_int_equal(wire_take(&wire, out, sizeof out, 7), WIRE_MAX);
    assert_memory_equal(out, bytes, sizeof bytes);
}

static void what_is_under_way_when_the_wire_is_cut_is_lost(void **state)
{
    (void)state;
    uint8_t out[8];
    wire_start(&wire, 9600);
    wire_put(&wire, span_of(bytes, 3), 0);
    wire_cut(&wire);
    assert_int_equal(wire_take(&wire, out, 8, 1000000), 0);
    assert_int_equal(wire_due(&wire), FAULTS_NEVER);
}

static void a_lost_byte_takes_its_time_and_a_doubled_one_takes_it_twice(void **state)
{
    (void)state;
    const struct fault loss = {.kind = FAULT_LOSS, .per_million = 1000000};
    const struct fault twice = {.kind = FAULT_DOUBLE, .per_million = 1000000};
    uint8_t out[8];

    faults_start(&faults, 1);
    assert_true(faults_add(&faults, &loss, 0));
    wire_start(&wire, 10000);
    wire.faults = &faults;
    wire.way = FAULT_IN;
    assert_int_equal(wire_put(&wire, span_of(bytes, 3), 0), 3);
    faults_clear(&faults);
    assert_int_equal(wire_put(&wire, span_of(bytes, 1), 0), 1);
    assert_int_equal(wire_due(&wire), 4000);

    assert_true(faults_add(&faults, &twice, 0));
    wire_cut(&wire);
    assert_int_equal(wire_put(&wire, span_of(bytes, 2), 0), 2);
    assert_int_equal(wire_take(&wire, out, 8, 3999), 3);
    assert_int_equal(wire_take(&wire, out + 3, 5, 4000), 1);
    assert_memory_equal(out, "aabb", 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_byte_has_ten_bits),
        cmocka_unit_test(a_second_of_bytes_takes_a_second_at_any_rate_and_depth),
        cmocka_unit_test(a_delay_is_paid_once_and_not_for_each_byte),
        cmocka_unit_test(a_pause_saves_up_nothing),
        cmocka_unit_test(a_sender_has_no_more_waiting_than_its_depth),
        cmocka_unit_test(a_wire_without_a_rate_takes_no_time_and_still_has_an_end),
        cmocka_unit_test(what_is_under_way_when_the_wire_is_cut_is_lost),
        cmocka_unit_test(a_lost_byte_takes_its_time_and_a_doubled_one_takes_it_twice),
    };
    return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
