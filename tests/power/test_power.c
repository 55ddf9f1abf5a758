/* The stories of the power proof: every way that a patch comes into a device and out of it again, each cut at every flash
 * operation (tests/support/power.h). Writes build/bench/power.json: cut_points, cut_pairs, violations. */
#include "agent/staging.h"
#include "tests/support/bench.h"
#include "tests/support/power_stories.h"
#include "tests/support/test.h"

#define SECOND_CUTS  3500u /* of a story, when POWER_PAIRS does not say */
#define TELLINGS_MAX 64

static struct power_counts counts;

/* ---- cut everywhere */

static void cut_everywhere(const struct power_story *story)
{
    const struct power_terms terms = {
        .bench = {.write_unit = 16},
        .codec = PATCH_DEFLATE,
        .second_budget = (unsigned)power_number("POWER_PAIRS", SECOND_CUTS),
    };

    power_cut_story(story, &terms, &counts);
}

static void an_update_survives_every_cut_and_ends_in_the_new_version(void **state)
{
    (void)state;
    cut_everywhere(&story_update);
}

static void the_floor_rises_with_the_confirm_whatever_is_cut(void **state)
{
    (void)state;
    cut_everywhere(&story_update_with_floor);
}

static void a_technicians_confirm_counts_or_is_asked_again(void **state)
{
    (void)state;
    cut_everywhere(&story_technician);
}

static void a_failing_trial_goes_back_whatever_is_cut(void **state)
{
    (void)state;
    cut_everywhere(&story_failing_trial);
}

static void a_silent_trial_goes_back_whatever_is_cut(void **state)
{
    (void)state;
    cut_everywhere(&story_silent_trial);
}

static void tries_are_used_up_whatever_is_cut(void **state)
{
    (void)state;
    cut_everywhere(&story_watchdog);
}

static void a_trial_whose_slot_rots_goes_back_whatever_is_cut(void **state)
{
    (void)state;
    cut_everywhere(&story_rotten_trial);
}

static void a_confirmed_slot_that_rots_goes_back_whatever_is_cut(void **state)
{
    (void)state;
    cut_everywhere(&story_rotten_primary);
}

static void a_cut_rollback_is_in_one_slot_or_the_other_and_completes_when_repeated(void **state)
{
    (void)state;
    cut_everywhere(&story_rollback);
}

static void a_cut_rollback_of_a_trial_completes_when_repeated(void **state)
{
    (void)state;
    cut_everywhere(&story_rollback_on_trial);
}

static void a_cut_abort_completes_when_repeated(void **state)
{
    (void)state;
    cut_everywhere(&story_abort_staged);
}

static void a_cut_abort_of_a_half_staged_update_completes_when_repeated(void **state)
{
    (void)state;
    cut_everywhere(&story_abort_half);
}

static void a_repair_survives_every_cut(void **state)
{
    (void)state;
    cut_everywhere(&story_repair);
}

static void another_manifest_replaces_a_half_staged_one_whatever_is_cut(void **state)
{
    (void)state;
    cut_everywhere(&story_replaced_half);
}

static void another_manifest_replaces_a_staged_one_whatever_is_cut(void **state)
{
    (void)state;
    cut_everywhere(&story_replaced_whole);
}

static void the_other_stream_takes_over_whatever_is_cut(void **state)
{
    (void)state;
    cut_everywhere(&story_other_stream);
}

static void one_root_rules_whatever_is_cut(void **state)
{
    (void)state;
    cut_everywhere(&story_root);
}

/* ---- rule 3: progress */

/* What a boot, a journal's new block, one erase block of the slot and the records between take at most, in write units. */
#define ENOUGH_UNITS 140u

static void tell_from_power_on(struct bench *bench, void *with)
{
    struct power_device *device = with;

    bench_power_on(bench);
    const char *what = device->story->tell(device);
    if (what)
        fail_msg("%s", what);
}

static void an_update_that_loses_power_again_and_again_still_ends(void **state)
{
    const struct power_terms terms = {.codec = PATCH_DEFLATE};
    (void)state;

    for (unsigned lasts = ENOUGH_UNITS; lasts <= 2 * ENOUGH_UNITS; lasts += 20)
        for (enum cut_when when = CUT_BEFORE; when <= CUT_AFTER; when++) {
            struct push images[POWER_IMAGES];
            struct power_device device = power_device_begin(&story_update, &terms, images);
            unsigned tellings = 1;
            device.bench->chip->grain = CUT_UNITS;
            while (bench_cut(device.bench, lasts, when, tell_from_power_on, &device) &&
                   tellings < TELLINGS_MAX)
                tellings++;
            print_message("# power for %u write units at a time: %u tellings\n", lasts, tellings);
            assert_true(tellings < TELLINGS_MAX);
            assert_null(power_wrong_end(&device));
            power_device_end(&device, images);
        }
}

/* Without a power cut the device has all that it took: only the first chunk, which asks where to go on, is sent once more. */
static void after_a_lost_link_nothing_is_sent_again(void **state)
{
    const struct power_terms terms = {.codec = PATCH_DEFLATE};
    struct push images[POWER_IMAGES];
    struct power_device device = power_device_begin(&story_update, &terms, images);
    struct bench *bench = device.bench;
    const struct push *push = &images[1];
    (void)state;

    for (size_t lost_after = 0; lost_after < push->size; lost_after += 97) {
        struct bench *twin = bench_twin(bench);
        bench_power_on(twin);
        twin->deliver = lost_after;
        assert_int_equal(bench_upload(twin, push, WITH_SHA), CLIENT_TIMEOUT);
        uint64_t has = twin->agent.session == UPLOAD_STREAM ? staging_wanted(&twin->agent)
                                                            : twin->agent.memory.manifest.size;
        twin->link_cut = false;
        twin->deliver = SIZE_MAX;
        twin->to_device_size = 0;
        agent_link_reset(&twin->agent);
        assert_int_equal(bench_upload(twin, push, WITH_SHA), CLIENT_DONE);
        assert_true(client_progress(&twin->client)->first_offset >= has);
        assert_true(client_progress(&twin->client)->sent <= push->size - has + BENCH_BUFFER);
        assert_true(bench_slot_holds(twin, SLOT_B, push));
        bench_free(twin);
    }
    power_device_end(&device, images);
}

static void every_cut_point_was_cut_and_no_rule_broken(void **state)
{
    (void)state;
    const struct bench_number numbers[] = {{"cut_points", (double)counts.cut_points},
                                           {"cut_pairs", (double)counts.cut_pairs},
                                           {"violations", (double)counts.violations}};

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
        cmocka_unit_test_teardown(an_update_survives_every_cut_and_ends_in_the_new_version, last_printed),
        cmocka_unit_test_teardown(the_floor_rises_with_the_confirm_whatever_is_cut, last_printed),
        cmocka_unit_test_teardown(a_technicians_confirm_counts_or_is_asked_again, last_printed),
        cmocka_unit_test_teardown(a_failing_trial_goes_back_whatever_is_cut, last_printed),
        cmocka_unit_test_teardown(a_silent_trial_goes_back_whatever_is_cut, last_printed),
        cmocka_unit_test_teardown(tries_are_used_up_whatever_is_cut, last_printed),
        cmocka_unit_test_teardown(a_trial_whose_slot_rots_goes_back_whatever_is_cut, last_printed),
        cmocka_unit_test_teardown(a_confirmed_slot_that_rots_goes_back_whatever_is_cut, last_printed),
        cmocka_unit_test_teardown(a_cut_rollback_is_in_one_slot_or_the_other_and_completes_when_repeated,
                                  last_printed),
        cmocka_unit_test_teardown(a_cut_rollback_of_a_trial_completes_when_repeated, last_printed),
        cmocka_unit_test_teardown(a_cut_abort_completes_when_repeated, last_printed),
        cmocka_unit_test_teardown(a_cut_abort_of_a_half_staged_update_completes_when_repeated, last_printed),
        cmocka_unit_test_teardown(a_repair_survives_every_cut, last_printed),
        cmocka_unit_test_teardown(another_manifest_replaces_a_half_staged_one_whatever_is_cut, last_printed),
        cmocka_unit_test_teardown(another_manifest_replaces_a_staged_one_whatever_is_cut, last_printed),
        cmocka_unit_test_teardown(the_other_stream_takes_over_whatever_is_cut, last_printed),
        cmocka_unit_test_teardown(one_root_rules_whatever_is_cut, last_printed),
        cmocka_unit_test(an_update_that_loses_power_again_and_again_still_ends),
        cmocka_unit_test(after_a_lost_link_nothing_is_sent_again),
        cmocka_unit_test_teardown(every_cut_point_was_cut_and_no_rule_broken, last_printed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
