/* The stories of the power proof: every way that a patch comes into a device and out of it again, each cut at every flash
 * operation (tests/support/power.h). Writes build/bench/power.json: cut_points, cut_pairs, violations. */
#include "tests/support/bench.h"
#include "tests/support/power.h"
#include "tests/support/test.h"

#define CONFIRM_MS   11000
#define SILENCE_MS   62000
#define ATTEMPTS     5
#define TRIES        7
#define FLOOR_AFTER  2
#define SECOND_CUTS  2500u /* of a story, when POWER_PAIRS does not say */
#define TELLINGS_MAX 64

enum { NEW = 1, NEWER = 2 }; /* images of sequence 2 and 3 */

static struct power_counts counts;

/* ---- what happens in them */

static const char *verb(struct power_device *device, enum suture_verb verb, const char *key,
                        const uint8_t digest[DIGEST_SIZE])
{
    if (bench_verb(device->bench, verb, key, digest) != CLIENT_ANSWER)
        return "a verb was refused";
    bench_run(device->bench, 10);
    return NULL;
}

/* A trial ends as its manifest and its self test say. */
static const char *trial_end(struct power_device *device, const struct push *push)
{
    bench_run(device->bench, 200);
    if (!device->bench->agent.trial.running)
        return NULL;
    if (device->story->release.confirm_who == CONFIRM_BY_TECHNICIAN)
        return verb(device, VERB_CONFIRM, "hash", push->image_digest);
    bench_run(device->bench, device->story->self_test == SELF_TEST_NONE ? SILENCE_MS : CONFIRM_MS);
    return NULL;
}

static bool update_ended(const struct power_device *device, const struct message_identity *identity)
{
    const struct power_story *story = device->story;

    if (identity->boot_kind != BOOT_SETTLED || !identity->slots[story->ends_in].active)
        return false;
    if (story->self_test != SELF_TEST_PASSED)
        return identity->slots[1 - story->ends_in].state == SLOT_BAD;
    return identity->slots[story->ends_in].sequence == story->ends_with;
}

/* Uploads, activates and waits, from wherever the device stands. */
static const char *update(struct power_device *device, const struct push *push)
{
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        struct message_identity identity = bench_identity(device->bench);
        const char *what = NULL;
        if (update_ended(device, &identity))
            return NULL;
        if (identity.slots[identity.slots[SLOT_A].active ? SLOT_B : SLOT_A].state == SLOT_BAD)
            device->taken = 0; /* a torn try mark costs the trial: begun again */
        if (identity.boot_kind != BOOT_TRIAL)
            what = power_upload(device, push);
        if (!what && identity.boot_kind != BOOT_TRIAL)
            what = verb(device, VERB_ACTIVATE, "manifest", push->manifest);
        if (!what)
            what = trial_end(device, push);
        if (what)
            return what;
    }
    return "rule 3: the update did not end";
}

static const char *tell_update(struct power_device *device)
{
    return update(device, &device->images[NEW]);
}

static const char *tell_replacement(struct power_device *device)
{
    return update(device, &device->images[NEWER]);
}

static const char *tell_rollback(struct power_device *device)
{
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        if (bench_identity(device->bench).slots[SLOT_A].active)
            return NULL;
        const char *what = verb(device, VERB_ROLLBACK, "hash", device->images[NEW].image_digest);
        if (what)
            return what;
    }
    return "the rollback did not end";
}

static const char *tell_abort(struct power_device *device)
{
    if (bench_identity(device->bench).slots[SLOT_B].state == SLOT_EMPTY)
        return NULL;
    return verb(device, VERB_ABORT, "manifest", device->images[NEW].manifest);
}

/* The image hangs: the watchdog resets the device until its tries are used up. */
static const char *tell_watchdog(struct power_device *device)
{
    for (int boot = 0; boot <= TRIES; boot++) {
        bench_run(device->bench, 1000);
        if (bench_identity(device->bench).boot_kind == BOOT_SETTLED)
            return NULL;
        bench_power_on(device->bench);
    }
    return "the tries were not used up";
}

/* The boot loader finds out by itself. */
static const char *tell_boot(struct power_device *device)
{
    bench_run(device->bench, 1000);
    return NULL;
}

/* ---- what comes before them */

static void half_staged(struct power_device *device)
{
    struct bench *bench = device->bench;
    const struct push *push = &device->images[NEW];

    bench_power_on(bench);
    bench->deliver = push->envelope_size + (push->size - push->envelope_size) / 2;
    assert_int_equal(bench_upload(bench, push, WITH_SHA), CLIENT_TIMEOUT);
    assert_int_equal(bench->agent.staging.state, STAGING_WRITING);
    bench_power_off(bench);
    bench->deliver = SIZE_MAX;
    bench->link_cut = false;
}

static void staged(struct power_device *device)
{
    bench_power_on(device->bench);
    assert_int_equal(bench_upload(device->bench, &device->images[NEW], WITH_SHA), CLIENT_DONE);
    bench_power_off(device->bench);
}

static void on_trial(struct power_device *device)
{
    device->bench->self_test.result = SELF_TEST_NONE;
    bench_power_on(device->bench);
    bench_update_to_trial(device->bench, &device->images[NEW]);
    bench_power_off(device->bench);
}

static void confirmed(struct power_device *device)
{
    bench_power_on(device->bench);
    bench_update_to_trial(device->bench, &device->images[NEW]);
    bench_run(device->bench, CONFIRM_MS);
    assert_int_equal(power_record(device->bench).outcome, OUTCOME_CONFIRMED);
    bench_power_off(device->bench);
}

static void rot(struct power_device *device)
{
    struct bench *bench = device->bench;

    bench->chip->bytes[bench->port.layout.areas[AREA_SLOT_B].offset + 3000] ^= 0x10;
}

static void rotten_on_trial(struct power_device *device)
{
    on_trial(device);
    rot(device);
}

static void rotten_when_confirmed(struct power_device *device)
{
    confirmed(device);
    rot(device);
}

/* ---- the stories */

#define ONE_OF(outcome) (1u << (outcome))
/* A trial whose try marks are torn may end by its tries before its own reason comes. */
#define OR_TRIES(outcome) (1u << (outcome) | 1u << OUTCOME_TRIES_USED)
#define BY_TECHNICIAN                                                                                        \
    {                                                                                                        \
        .confirm_who = CONFIRM_BY_TECHNICIAN, .tries = TRIES                                                 \
    }

static const struct power_story update_plain = {
    .name = "update",
    .tell = tell_update,
    .self_test = SELF_TEST_PASSED,
    .ends_in = SLOT_B,
    .ends_with = 2,
    .other_ends = SLOT_GOOD,
    .outcomes = ONE_OF(OUTCOME_CONFIRMED),
};
static const struct power_story update_with_floor = {
    .name = "update that raises the floor",
    .tell = tell_update,
    .self_test = SELF_TEST_PASSED,
    .release = {.floor_after = FLOOR_AFTER},
    .ends_in = SLOT_B,
    .ends_with = 2,
    .other_ends = SLOT_GOOD,
    .floor = FLOOR_AFTER,
    .outcomes = ONE_OF(OUTCOME_CONFIRMED),
};
static const struct power_story technician = {
    .name = "confirm by a technician",
    .pairs = PAIRS_ALL,
    .prepare = on_trial,
    .tell = tell_update,
    .self_test = SELF_TEST_PASSED,
    .release = BY_TECHNICIAN,
    .ends_in = SLOT_B,
    .ends_with = 2,
    .other_ends = SLOT_GOOD,
    .outcomes = ONE_OF(OUTCOME_CONFIRMED),
};
static const struct power_story failing = {
    .name = "failing trial",
    .prepare = staged,
    .tell = tell_update,
    .self_test = SELF_TEST_FAILED,
    .ends_in = SLOT_A,
    .ends_with = 1,
    .other_ends = SLOT_BAD,
    .outcomes = OR_TRIES(OUTCOME_SELF_TEST),
};
static const struct power_story silent = {
    .name = "trial whose self test never ends",
    .prepare = staged,
    .tell = tell_update,
    .self_test = SELF_TEST_NONE,
    .ends_in = SLOT_A,
    .ends_with = 1,
    .other_ends = SLOT_BAD,
    .outcomes = ONE_OF(OUTCOME_TRIES_USED),
};
static const struct power_story watchdog = {
    .name = "trial that uses up its tries",
    .prepare = on_trial,
    .tell = tell_watchdog,
    .self_test = SELF_TEST_NONE,
    .release = {.tries = TRIES},
    .ends_in = SLOT_A,
    .ends_with = 1,
    .other_ends = SLOT_BAD,
    .outcomes = ONE_OF(OUTCOME_TRIES_USED),
};
static const struct power_story rotten_trial = {
    .name = "trial whose slot rots",
    .prepare = rotten_on_trial,
    .tell = tell_boot,
    .self_test = SELF_TEST_PASSED,
    .release = {.tries = TRIES},
    .ends_in = SLOT_A,
    .ends_with = 1,
    .other_ends = SLOT_BAD,
    .outcomes = OR_TRIES(OUTCOME_DIGEST),
};
static const struct power_story rotten_primary = {
    .name = "confirmed slot that rots",
    .prepare = rotten_when_confirmed,
    .tell = tell_boot,
    .self_test = SELF_TEST_PASSED,
    .ends_in = SLOT_A,
    .ends_with = 1,
    .other_ends = SLOT_BAD,
    .outcomes = ONE_OF(OUTCOME_DIGEST),
};
static const struct power_story rollback = {
    .name = "rollback",
    .pairs = PAIRS_ALL,
    .prepare = confirmed,
    .tell = tell_rollback,
    .self_test = SELF_TEST_PASSED,
    .ends_in = SLOT_A,
    .ends_with = 1,
    .other_ends = SLOT_GOOD,
    .outcomes = ONE_OF(OUTCOME_OPERATOR),
};
static const struct power_story rollback_on_trial = {
    .name = "rollback of a trial",
    .pairs = PAIRS_ALL,
    .prepare = on_trial,
    .tell = tell_rollback,
    .self_test = SELF_TEST_PASSED,
    .release = BY_TECHNICIAN,
    .ends_in = SLOT_A,
    .ends_with = 1,
    .other_ends = SLOT_BAD,
    .outcomes = OR_TRIES(OUTCOME_OPERATOR),
};
static const struct power_story abort_staged = {
    .name = "abort of what is staged",
    .pairs = PAIRS_ALL,
    .prepare = staged,
    .tell = tell_abort,
    .self_test = SELF_TEST_PASSED,
    .ends_in = SLOT_A,
    .ends_with = 1,
    .other_ends = SLOT_EMPTY,
    .outcomes = ONE_OF(OUTCOME_ABORTED),
};
static const struct power_story abort_half = {
    .name = "abort in the middle of a staging",
    .pairs = PAIRS_ALL,
    .prepare = half_staged,
    .tell = tell_abort,
    .self_test = SELF_TEST_PASSED,
    .ends_in = SLOT_A,
    .ends_with = 1,
    .other_ends = SLOT_EMPTY,
    .outcomes = ONE_OF(OUTCOME_ABORTED),
};
static const struct power_story repair = {
    .name = "repair",
    .prepare = confirmed,
    .tell = tell_update,
    .self_test = SELF_TEST_PASSED,
    .ends_in = SLOT_A,
    .ends_with = 2,
    .other_ends = SLOT_GOOD,
    .outcomes = ONE_OF(OUTCOME_CONFIRMED),
};
static const struct power_story replaced_half = {
    .name = "replacement of a half staged update",
    .prepare = half_staged,
    .tell = tell_replacement,
    .self_test = SELF_TEST_PASSED,
    .ends_in = SLOT_B,
    .ends_with = 3,
    .other_ends = SLOT_GOOD,
    .outcomes = ONE_OF(OUTCOME_CONFIRMED),
};
static const struct power_story replaced_whole = {
    .name = "replacement of a staged update",
    .prepare = staged,
    .tell = tell_replacement,
    .self_test = SELF_TEST_PASSED,
    .ends_in = SLOT_B,
    .ends_with = 3,
    .other_ends = SLOT_GOOD,
    .outcomes = ONE_OF(OUTCOME_CONFIRMED),
};

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
    cut_everywhere(&update_plain);
}

static void the_floor_rises_with_the_confirm_whatever_is_cut(void **state)
{
    (void)state;
    cut_everywhere(&update_with_floor);
}

static void a_technicians_confirm_counts_or_is_asked_again(void **state)
{
    (void)state;
    cut_everywhere(&technician);
}

static void a_failing_trial_goes_back_whatever_is_cut(void **state)
{
    (void)state;
    cut_everywhere(&failing);
}

static void a_silent_trial_goes_back_whatever_is_cut(void **state)
{
    (void)state;
    cut_everywhere(&silent);
}

static void tries_are_used_up_whatever_is_cut(void **state)
{
    (void)state;
    cut_everywhere(&watchdog);
}

static void a_trial_whose_slot_rots_goes_back_whatever_is_cut(void **state)
{
    (void)state;
    cut_everywhere(&rotten_trial);
}

static void a_confirmed_slot_that_rots_goes_back_whatever_is_cut(void **state)
{
    (void)state;
    cut_everywhere(&rotten_primary);
}

static void a_cut_rollback_is_in_one_slot_or_the_other_and_completes_when_repeated(void **state)
{
    (void)state;
    cut_everywhere(&rollback);
}

static void a_cut_rollback_of_a_trial_completes_when_repeated(void **state)
{
    (void)state;
    cut_everywhere(&rollback_on_trial);
}

static void a_cut_abort_completes_when_repeated(void **state)
{
    (void)state;
    cut_everywhere(&abort_staged);
}

static void a_cut_abort_of_a_half_staged_update_completes_when_repeated(void **state)
{
    (void)state;
    cut_everywhere(&abort_half);
}

static void a_repair_survives_every_cut(void **state)
{
    (void)state;
    cut_everywhere(&repair);
}

static void another_manifest_replaces_a_half_staged_one_whatever_is_cut(void **state)
{
    (void)state;
    cut_everywhere(&replaced_half);
}

static void another_manifest_replaces_a_staged_one_whatever_is_cut(void **state)
{
    (void)state;
    cut_everywhere(&replaced_whole);
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
            struct power_device device = power_device_begin(&update_plain, &terms, images);
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
        cmocka_unit_test(an_update_that_loses_power_again_and_again_still_ends),
        cmocka_unit_test_teardown(every_cut_point_was_cut_and_no_rule_broken, last_printed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
