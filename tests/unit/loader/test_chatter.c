/* What a firmware says between frames: lines out of bytes, and the bounds that a flood meets. */
#include "loader/session/chatter.h"

#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

static struct chatter chatter;
static char told[64 * 1024]; /* "line\n", or "+N\n" for lines that are not shown */
static unsigned lines;
static uint64_t counted;

static void tell(void *context, struct span line, uint64_t passed_over)
{
    size_t used = strlen(told);

    assert_ptr_equal(context, &chatter);
    assert_true((line.size > 0) != (passed_over > 0));
    lines += line.size > 0;
    counted += passed_over;
    if (passed_over > 0)
        snprintf(told + used, sizeof told - used, "+%u\n", (unsigned)passed_over);
    else
        snprintf(told + used, sizeof told - used, "%.*s\n", (int)line.size, (const char *)line.data);
}

static int nobody_spoke_yet(void **state)
{
    (void)state;
    memset(&chatter, 0, sizeof chatter);
    told[0] = '\0';
    lines = 0;
    counted = 0;
    return 0;
}

static void says(const char *text)
{
    chatter_take(&chatter, span_text(text), tell, &chatter);
}

static void time_is(uint64_t ms)
{
    chatter_turn(&chatter, ms, tell, &chatter);
}

static void a_line_is_told_when_it_ends_however_it_came(void **state)
{
    (void)state;
    says("pump");
    says(" ready\r");
    says("\nbattery 90 %\n");
    assert_string_equal(told, "pump ready\nbattery 90 %\n");
}

static void empty_lines_are_none(void **state)
{
    (void)state;
    says("\r\n\n\r\n");
    chatter_take(&chatter, span_of("\0\0", 2), tell, &chatter);
    assert_string_equal(told, "");
}

static void a_prompt_is_told_after_a_pause(void **state)
{
    (void)state;
    time_is(5000);
    says("login: ");
    time_is(5000 + CHATTER_PAUSE_MS - 1);
    assert_string_equal(told, "");
    time_is(5000 + CHATTER_PAUSE_MS);
    assert_string_equal(told, "login: \n");
}

static void what_is_left_of_a_line_is_told_at_the_end(void **state)
{
    (void)state;
    says("rebooting");
    chatter_end(&chatter, tell, &chatter);
    chatter_end(&chatter, tell, &chatter);
    assert_string_equal(told, "rebooting\n");
}

static void a_line_without_an_end_is_told_in_pieces(void **state)
{
    char piece[CHATTER_LINE_MAX + 1];

    (void)state;
    memset(piece, 'x', CHATTER_LINE_MAX);
    piece[CHATTER_LINE_MAX] = '\0';
    says(piece);
    assert_int_equal(lines, 0);
    says("yz");
    assert_int_equal(lines, 1);
    assert_int_equal(strlen(told), CHATTER_LINE_MAX + 1);
    says("\n");
    assert_string_equal(told + CHATTER_LINE_MAX + 1, "yz\n");
}

static void a_flood_is_shown_by_the_second_and_the_rest_is_counted(void **state)
{
    (void)state;
    time_is(1000);
    for (unsigned i = 0; i < CHATTER_PER_SECOND + 7; i++)
        says("flood\n");
    assert_int_equal(lines, CHATTER_PER_SECOND);
    time_is(1999);
    assert_int_equal(counted, 0);
    time_is(2000);
    assert_int_equal(counted, 7);
    says("flood\n");
    assert_int_equal(lines, CHATTER_PER_SECOND + 1);
    time_is(3000);
    assert_int_equal(counted, 7); /* each is told once */
}

static void a_flood_without_end_is_shown_up_to_its_bound_and_counted_to_the_last(void **state)
{
    (void)state;
    for (unsigned second = 1; second <= 3 * CHATTER_PER_RUN / CHATTER_PER_SECOND; second++) {
        time_is(second * 1000);
        for (unsigned i = 0; i < 2 * CHATTER_PER_SECOND; i++)
            says("flood\n");
    }
    assert_int_equal(lines, CHATTER_PER_RUN);
    size_t before = strlen(told);
    chatter_end(&chatter, tell, &chatter);
    assert_int_equal(lines + counted, 6 * CHATTER_PER_RUN);
    assert_ptr_equal(strchr(told + before, '\n'), told + strlen(told) - 1); /* one line more */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_line_is_told_when_it_ends_however_it_came, nobody_spoke_yet),
        cmocka_unit_test_setup(empty_lines_are_none, nobody_spoke_yet),
        cmocka_unit_test_setup(a_prompt_is_told_after_a_pause, nobody_spoke_yet),
        cmocka_unit_test_setup(what_is_left_of_a_line_is_told_at_the_end, nobody_spoke_yet),
        cmocka_unit_test_setup(a_line_without_an_end_is_told_in_pieces, nobody_spoke_yet),
        cmocka_unit_test_setup(a_flood_is_shown_by_the_second_and_the_rest_is_counted, nobody_spoke_yet),
        cmocka_unit_test_setup(a_flood_without_end_is_shown_up_to_its_bound_and_counted_to_the_last,
                               nobody_spoke_yet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
