/* Time and the cable: both are pure arithmetic, so that a slow line needs no waiting to be tested. */
#include "hw-sim/cable.h"
#include "hw-sim/clock.h"

#include "tests/support/test.h"

static void a_virtual_clock_moves_only_forward_and_only_when_told(void **state)
{
    (void)state;
    struct clock clock;
    clock_start(&clock, CLOCK_VIRTUAL);
    assert_int_equal(clock_now(&clock), 0);
    clock_move(&clock, 500);
    clock_move(&clock, 400);
    clock_move(&clock, CLOCK_NEVER);
    assert_int_equal(clock_now(&clock), 500);
    assert_int_equal(clock_wait(&clock, 400), 0);
    assert_int_equal(clock_wait(&clock, 650), 150);
    assert_int_equal(clock_wait(&clock, CLOCK_NEVER), -1);
    assert_int_equal(clock_wait(&clock, CLOCK_NEVER - 1), INT32_MAX);
}

static void a_real_clock_can_not_be_moved(void **state)
{
    (void)state;
    struct clock clock;
    clock_start(&clock, CLOCK_REAL);
    clock_move(&clock, 1000000000);
    assert_true(clock_now(&clock) < 1000000000);
}

/* Passes as many of `want` bytes as the cable lets through now. */
static size_t passes(struct cable *cable, struct cable_way *way, size_t want, uint64_t now)
{
    size_t room = cable_room(cable, way, now), size = want < room ? want : room;
    cable_pass(cable, way, size);
    return size;
}

static void a_cable_without_a_speed_passes_everything_at_once(void **state)
{
    (void)state;
    struct cable cable;
    cable_start(&cable, 0, 1);
    assert_int_equal(passes(&cable, &cable.in, 100000, 0), 100000);
    assert_int_equal(cable_ready(&cable, &cable.in, 0), 0);
}

/* Passes `size` bytes as fast as the cable lets them and answers when the last one was through. */
static uint64_t time_to_pass(struct cable *cable, struct cable_way *way, size_t size, uint64_t now)
{
    while (size > 0) {
        size -= passes(cable, way, size, now);
        if (size > 0)
            now = cable_ready(cable, way, now) > now ? cable_ready(cable, way, now) : now + 1;
    }
    return now;
}

static void a_slow_cable_takes_its_time_in_each_direction_on_its_own(void **state)
{
    (void)state;
    struct cable cable;
    cable_start(&cable, 1000, 1);
    uint64_t in = time_to_pass(&cable, &cable.in, 5000, 0);
    uint64_t out = time_to_pass(&cable, &cable.out, 5000, 0);
    assert_in_range(in, 4950, 5050);
    assert_int_equal(in, out);
}

static void a_cable_of_one_byte_a_second_still_moves(void **state)
{
    (void)state;
    struct cable cable;
    cable_start(&cable, 1, 1);
    assert_in_range(time_to_pass(&cable, &cable.in, 3, 0), 2000, 3000);
}

static void a_pause_saves_up_no_more_than_a_short_burst(void **state)
{
    (void)state;
    struct cable cable;
    cable_start(&cable, 10000, 1);
    assert_int_equal(passes(&cable, &cable.in, 100000, UINT64_MAX / 2), 200);
}

static void a_babbling_cable_owes_noise_for_what_came_and_no_more(void **state)
{
    (void)state;
    struct cable cable, again;
    uint8_t noise[2][CABLE_NOISE_MAX];
    cable_start(&cable, 0, 7);
    cable_start(&again, 0, 7);
    cable_owe(&cable, 100);
    cable_owe(&again, 100);
    assert_int_equal(cable_babble(&cable, noise[0], 60), 60);
    assert_int_equal(cable_babble(&cable, noise[0] + 60, 60), 40);
    assert_int_equal(cable_babble(&cable, noise[0], 60), 0);
    assert_int_equal(cable_babble(&again, noise[1], 100), 100);
    assert_memory_equal(noise[0], noise[1], 100);
    cable_owe(&cable, 100000);
    assert_int_equal(cable_babble(&cable, noise[0], CABLE_NOISE_MAX), CABLE_NOISE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_virtual_clock_moves_only_forward_and_only_when_told),
        cmocka_unit_test(a_real_clock_can_not_be_moved),
        cmocka_unit_test(a_cable_without_a_speed_passes_everything_at_once),
        cmocka_unit_test(a_slow_cable_takes_its_time_in_each_direction_on_its_own),
        cmocka_unit_test(a_cable_of_one_byte_a_second_still_moves),
        cmocka_unit_test(a_pause_saves_up_no_more_than_a_short_burst),
        cmocka_unit_test(a_babbling_cable_owes_noise_for_what_came_and_no_more),
    };
    return cmocka_run_group_tests_name("clock and cable", tests, NULL, NULL);
}
