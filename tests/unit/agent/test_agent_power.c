/* Power cuts at every flash operation of a whole update and of a rollback: before, torn and after. After each the device
 * must run something proven, tell the truth about it, and reach the new version when the update is simply done again. */
#include "tests/support/bench_device.h"
#include "tests/support/test.h"

#include <stdio.h>

#define NEW_FLOOR 2

struct story {
    struct push first, second; /* what the factory wrote, and the update */
    uint32_t floor_seen;
};

static struct story story_new(void)
{
    struct story story = {
        .first = push_of(&(struct bench_release){.sequence = 1}),
        .second = push_of(
            &(struct bench_release){.codec = PATCH_DEFLATE, .image_size = 9000, .floor_after = NEW_FLOOR}),
    };
    return story;
}

static void story_end(struct story *story)
{
    push_free(&story->first);
    push_free(&story->second);
}

/* What the device says of itself must be so. */
static void the_device_tells_the_truth(struct bench *bench, struct story *story)
{
    uint8_t nonce[REPORT_NONCE_SIZE] = {7}, bytes[REPORT_MAX];
    struct report report;

    nonce[1] = (uint8_t)bench->starts;
    size_t size = bench_report(bench, nonce, bytes, sizeof bytes);
    assert_int_equal(report_verify(span_of(bytes, size), &bench->trust, nonce, &report), OK);
    assert_true(report.has_running);
    bool is_new = report.running.sequence == 2;
    const struct push *push = is_new ? &story->second : &story->first;
    assert_memory_equal(report.running.digest, push->image_digest, DIGEST_SIZE);
    assert_true(bench_slot_holds(bench, report.running.slot, push));
    if (is_new && report.boot_kind == BOOT_TRIAL)
        assert_true(bench_slot_holds(bench, (uint8_t)(1 - report.running.slot), &story->first));
    assert_true(report.floor >= story->floor_seen);
    story->floor_seen = report.floor;
}

/* Does what is still to be done until the new version is confirmed; from whatever state. */
static void finish_update(struct bench *bench, void *with)
{
    struct story *story = with;

    for (int round = 0; round < 8; round++) {
        if (!bench->powered)
            bench_power_on(bench);
        bench_run(bench, 11000);
        struct message_identity identity = bench_identity(bench);
        if (bench->agent.boot.running == SLOT_B && identity.boot_kind == BOOT_SETTLED)
            return;
        enum client_event event = bench_upload(bench, &story->second, WITH_SHA);
        if (event != CLIENT_DONE)
            fail_msg("upload: event %d, error %u, state of B %u, outcome %u, kind %u", event,
                     bench_error(bench), bench->agent.record.slots[1].state, bench->agent.record.outcome,
                     bench->agent.record.kind);
        assert_int_equal(bench_verb(bench, VERB_ACTIVATE, "manifest", story->second.manifest), CLIENT_ANSWER);
        bench_run(bench, 10);
    }
    fail_msg("eight rounds did not finish the update");
}

static void updated(struct bench *bench, struct story *story)
{
    finish_update(bench, story);
    the_device_tells_the_truth(bench, story);
    assert_int_equal(bench->agent.record.floor, NEW_FLOOR);
    assert_int_equal(bench->agent.record.outcome, OUTCOME_CONFIRMED);
}

static void cut_and_finish(struct story *story, unsigned at, enum cut_when when)
{
    struct bench *bench = bench_new(&(struct bench_options){.seed = at});

    story->floor_seen = 0;
    if (!bench_cut(bench, at, when, finish_update, story))
        fail_msg("operation %u was never reached", at);
    bench_power_on(bench);
    the_device_tells_the_truth(bench, story);
    updated(bench, story);
    bench_free(bench);
}

static unsigned operations_of_update(struct story *story)
{
    struct bench *bench = bench_new(NULL);

    finish_update(bench, story);
    unsigned count = bench->chip->operations;
    bench_free(bench);
    return count;
}

static void every_cut_of_an_update_ends_in_the_new_version(void **state)
{
    struct story story = story_new();
    unsigned operations = operations_of_update(&story);
    (void)state;

    assert_true(operations > 60);
    for (unsigned at = 1; at <= operations; at++)
        for (enum cut_when when = CUT_BEFORE; when <= CUT_AFTER; when++) {
            cut_and_finish(&story, at, when);
        }
    printf("# %u operations cut in 3 ways\n", operations);
    story_end(&story);
}

/* The recovery is cut as well, at each of its first operations. */
static void a_cut_of_the_recovery_changes_nothing_of_it(void **state)
{
    struct story story = story_new();
    unsigned operations = operations_of_update(&story);
    (void)state;

    for (unsigned at = 1; at <= operations; at += 5)
        for (unsigned second = 1; second <= 16; second++) {
            struct bench *bench = bench_new(&(struct bench_options){.seed = at * 100 + second});
            story.floor_seen = 0;
            assert_true(bench_cut(bench, at, CUT_TORN, finish_update, &story));
            bench_cut(bench, second, CUT_TORN, finish_update, &story);
            if (!bench->powered)
                bench_power_on(bench);
            the_device_tells_the_truth(bench, &story);
            updated(bench, &story);
            bench_free(bench);
        }
    story_end(&story);
}

/* One boot, one erase block with its pages, one journal entry: power that lasts for so long is enough. */
static void progress_is_made_with_little_power(void **state)
{
    struct story story = story_new();
    struct bench *bench = bench_new(NULL);
    unsigned power_ons = 0;
    (void)state;

    while (bench_cut(bench, 16, CUT_TORN, finish_update, &story))
        if (++power_ons > 60)
            fail_msg("no end after %u power-ons", power_ons);
    printf("# %u power-ons of 16 operations\n", power_ons);
    assert_true(power_ons > 5);
    updated(bench, &story);
    bench_free(bench);
    story_end(&story);
}

/* A new version whose self test fails -------------------------------------------------------------------------------- */

static void try_a_bad_update(struct bench *bench, void *with)
{
    struct story *story = with;

    if (!bench->powered)
        bench_power_on(bench);
    bench_run(bench, 500);
    if (bench_identity(bench).slots[SLOT_B].state == SLOT_BAD)
        return;
    assert_int_equal(bench_upload(bench, &story->second, WITH_SHA), CLIENT_DONE);
    assert_int_equal(bench_verb(bench, VERB_ACTIVATE, "manifest", story->second.manifest), CLIENT_ANSWER);
    bench_run(bench, 500);
}

static void every_cut_of_a_bad_update_ends_in_the_old_version(void **state)
{
    struct story story = story_new();
    struct bench *bench = bench_new(NULL);
    (void)state;

    bench->self_test = (struct self_test_result){.result = SELF_TEST_FAILED, .code = 9};
    try_a_bad_update(bench, &story);
    unsigned operations = bench->chip->operations;
    bench_free(bench);
    for (unsigned at = 1; at <= operations; at++) {
        bench = bench_new(&(struct bench_options){.seed = at});
        bench->self_test = (struct self_test_result){.result = SELF_TEST_FAILED, .code = 9};
        story.floor_seen = 0;
        assert_true(bench_cut(bench, at, CUT_TORN, try_a_bad_update, &story));
        bench_power_on(bench);
        bench_run(bench, 500);
        the_device_tells_the_truth(bench, &story);
        try_a_bad_update(bench, &story);
        assert_int_equal(bench_identity(bench).boot_kind, BOOT_SETTLED);
        assert_true(bench_identity(bench).slots[SLOT_A].active);
        assert_int_equal(bench_identity(bench).slots[SLOT_B].state, SLOT_BAD);
        assert_int_equal(bench_identity(bench).floor, 0);
        the_device_tells_the_truth(bench, &story);
        bench_free(bench);
    }
    story_end(&story);
}

/* A rollback -------------------------------------------------------------------------------------------------------- */

static void roll_back(struct bench *bench, void *with)
{
    struct story *story = with;

    if (!bench->powered)
        bench_power_on(bench);
    if (bench->agent.boot.running == SLOT_A)
        return;
    enum client_event event = bench_verb(bench, VERB_ROLLBACK, "hash", story->second.image_digest);
    if (event != CLIENT_ANSWER)
        fail_msg("rollback: event %d, error %u, A %u, B %u, primary %u kind %u has %d", event,
                 bench_error(bench), bench->agent.record.slots[0].state, bench->agent.record.slots[1].state,
                 bench->agent.record.primary, bench->agent.record.kind, bench->agent.has_record);
    bench_run(bench, 100);
}

static struct bench *confirmed_device(struct story *story, unsigned seed)
{
    struct bench *bench = bench_new(&(struct bench_options){.seed = seed});

    finish_update(bench, story);
    return bench;
}

static void every_cut_of_a_rollback_ends_where_it_went_or_came_from(void **state)
{
    struct story story = {
        .first = push_of(&(struct bench_release){.sequence = 1}),
        .second = push_of(&(struct bench_release){.image_size = 5000}),
    };
    struct bench *bench = confirmed_device(&story, 0);
    (void)state;

    bench->chip->operations = 0;
    roll_back(bench, &story);
    unsigned operations = bench->chip->operations;
    assert_int_equal(bench->agent.boot.running, SLOT_A);
    bench_free(bench);
    for (unsigned at = 1; at <= operations; at++)
        for (enum cut_when when = CUT_BEFORE; when <= CUT_AFTER; when++) {
            bench = confirmed_device(&story, at);
            story.floor_seen = 0;
            assert_true(bench_cut(bench, at, when, roll_back, &story));
            bench_power_on(bench);
            the_device_tells_the_truth(bench, &story);
            roll_back(bench, &story);
            assert_int_equal(bench->agent.boot.running, SLOT_A);
            bench_free(bench);
        }
    story_end(&story);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cut_of_an_update_ends_in_the_new_version),
        cmocka_unit_test(a_cut_of_the_recovery_changes_nothing_of_it),
        cmocka_unit_test(every_cut_of_a_bad_update_ends_in_the_old_version),
        cmocka_unit_test(progress_is_made_with_little_power),
        cmocka_unit_test(every_cut_of_a_rollback_ends_where_it_went_or_came_from),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
