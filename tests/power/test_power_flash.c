/* The power proof on other flash: write units from 4 to 256 bytes, both erased values, stored and deflated streams; first and
 * second cuts are samples of a seed. Adds flash_cut_points, flash_cut_pairs, flash_violations to build/bench/power.json. */
#include "tests/support/bench.h"
#include "tests/support/power_stories.h"
#include "tests/support/test.h"

#define FIRST_CUTS 400u /* of a story, about, when POWER_FIRSTS does not say */

static struct power_counts counts;

static const struct power_story *const stories[] = {
    &story_update_with_floor, &story_technician, &story_failing_trial,
    &story_rollback,          &story_repair,     &story_replaced_half};

static void stories_on(const struct bench_options *flash, uint8_t codec)
{
    const unsigned firsts = (unsigned)power_number("POWER_FIRSTS", FIRST_CUTS);
    struct power_terms terms = {.bench = *flash, .codec = codec};

    terms.first_budget = firsts;
    terms.second_budget = (unsigned)power_number("POWER_PAIRS", firsts);
    if (flash->erase_block > BENCH_ERASE_BLOCK)
        terms.image_size = 9 * (size_t)flash->erase_block - 100;
    for (size_t i = 0; i < sizeof stories / sizeof stories[0]; i++)
        power_cut_story(stories[i], &terms, &counts);
}

static void units_of_4_bytes(void **state)
{
    (void)state;
    stories_on(&(struct bench_options){.write_unit = 4}, PATCH_DEFLATE);
    stories_on(&(struct bench_options){.write_unit = 4, .erased_zero = true}, PATCH_STORED);
}

static void units_of_8_bytes(void **state)
{
    (void)state;
    stories_on(&(struct bench_options){.write_unit = 8}, PATCH_STORED);
    stories_on(&(struct bench_options){.write_unit = 8, .erased_zero = true}, PATCH_DEFLATE);
}

static void units_of_16_bytes(void **state)
{
    (void)state;
    stories_on(&(struct bench_options){.write_unit = 16}, PATCH_STORED);
    stories_on(&(struct bench_options){.write_unit = 16, .erased_zero = true}, PATCH_DEFLATE);
}

static void units_of_64_bytes(void **state)
{
    (void)state;
    stories_on(&(struct bench_options){.write_unit = 64}, PATCH_STORED);
    stories_on(&(struct bench_options){.write_unit = 64, .erased_zero = true}, PATCH_DEFLATE);
}

static void units_of_256_bytes(void **state)
{
    (void)state;
    stories_on(&(struct bench_options){.write_unit = 256, .erase_block = 4096}, PATCH_DEFLATE);
    stories_on(&(struct bench_options){.write_unit = 256, .erase_block = 4096, .erased_zero = true},
               PATCH_STORED);
}

static void no_rule_was_broken_on_any_flash(void **state)
{
    (void)state;
    const struct bench_number numbers[] = {{"flash_cut_points", (double)counts.cut_points},
                                           {"flash_cut_pairs", (double)counts.cut_pairs},
                                           {"flash_violations", (double)counts.violations}};

    assert_true(counts.cut_points > 0);
    assert_int_equal(counts.violations, 0);
    assert_int_equal(bench_merge("power", numbers, 3), 0);
}

static int last_printed(void **state)
{
    (void)state;
    power_print_last();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(units_of_4_bytes, last_printed),
        cmocka_unit_test_teardown(units_of_8_bytes, last_printed),
        cmocka_unit_test_teardown(units_of_16_bytes, last_printed),
        cmocka_unit_test_teardown(units_of_64_bytes, last_printed),
        cmocka_unit_test_teardown(units_of_256_bytes, last_printed),
        cmocka_unit_test(no_rule_was_broken_on_any_flash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
