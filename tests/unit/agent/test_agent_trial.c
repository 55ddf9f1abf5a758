/* What becomes of a new image: confirmed by the device or by a person, given up, rolled back. */
#include "tests/support/bench_device.h"
#include "tests/support/test.h"

static struct bench *on_trial(const struct bench_release *release, struct push *push)
{
    struct bench *bench = bench_new(NULL);

    *push = push_of(release);
    bench_power_on(bench);
    bench_update_to_trial(bench, push);
    return bench;
}

static void ends(struct bench *bench, struct push *push)
{
    push_free(push);
    bench_free(bench);
}

static void the_port_knows_of_the_trial_until_it_is_over(void **state)
{
    struct push push;
    struct bench *bench = on_trial(&(struct bench_release){0}, &push);
    (void)state;

    assert_int_equal(bench->trials_told, 1);
    assert_true(bench->trial_told);
    bench_run(bench, 9000);
    assert_true(bench->trial_told);
    bench_run(bench, 2000);
    assert_false(bench->trial_told);
    ends(bench, &push);
}

static void a_failed_self_test_goes_back_and_says_why(void **state)
{
    struct push push = push_of(&(struct bench_release){0});
    struct bench *bench = bench_new(NULL);
    (void)state;

    bench_power_on(bench);
    bench->self_test = (struct self_test_result){.result = SELF_TEST_FAILED, .code = 77};
    assert_int_equal(bench_upload(bench, &push, WITH_SHA), CLIENT_DONE);
    assert_int_equal(bench_verb(bench, VERB_ACTIVATE, "manifest", push.manifest), CLIENT_ANSWER);
    bench_run(bench, 1000);
    struct message_identity identity = bench_identity(bench);
    assert_int_equal(bench->starts, 3);
    assert_true(identity.slots[SLOT_A].active);
    assert_int_equal(identity.boot_kind, BOOT_SETTLED);
    assert_int_equal(identity.outcome, OUTCOME_SELF_TEST);
    assert_int_equal(identity.slots[SLOT_B].state, SLOT_BAD);
    assert_int_equal(bench->agent.record.self_test_code, 77);
    ends(bench, &push);
}

static void a_self_test_that_never_ends_is_given_up(void **state)
{
    struct push push = push_of(&(struct bench_release){0});
    struct bench *bench = bench_new(NULL);
    (void)state;

    bench_power_on(bench);
    bench->self_test.result = SELF_TEST_NONE;
    assert_int_equal(bench_upload(bench, &push, WITH_SHA), CLIENT_DONE);
    assert_int_equal(bench_verb(bench, VERB_ACTIVATE, "manifest", push.manifest), CLIENT_ANSWER);
    bench_run(bench, 59000);
    assert_int_equal(bench_identity(bench).boot_kind, BOOT_TRIAL);
    bench_run(bench, 2000);
    assert_int_equal(bench_identity(bench).outcome, OUTCOME_TRIES_USED);
    assert_true(bench_identity(bench).slots[SLOT_A].active);
    ends(bench, &push);
}

static void tries_that_are_used_up_go_back(void **state)
{
    struct push push;
    struct bench *bench = on_trial(&(struct bench_release){.tries = 2}, &push);
    (void)state;

    assert_int_equal(bench_identity(bench).tries_left, 1);
    bench_power_on(bench);
    assert_int_equal(bench_identity(bench).tries_left, 0);
    assert_int_equal(bench_identity(bench).boot_kind, BOOT_TRIAL);
    bench_power_on(bench);
    assert_true(bench_identity(bench).slots[SLOT_A].active);
    assert_int_equal(bench_identity(bench).outcome, OUTCOME_TRIES_USED);
    assert_int_equal(bench_identity(bench).slots[SLOT_B].state, SLOT_BAD);
    ends(bench, &push);
}

static void an_image_that_rots_before_its_trial_goes_back(void **state)
{
    struct push push = push_of(&(struct bench_release){0});
    struct bench *bench = bench_new(NULL);
    (void)state;

    bench_power_on(bench);
    assert_int_equal(bench_upload(bench, &push, WITH_SHA), CLIENT_DONE);
    bench->chip->bytes[bench->port.layout.areas[AREA_SLOT_B].offset + 999] ^= 1;
    assert_int_equal(bench_verb(bench, VERB_ACTIVATE, "manifest", push.manifest), CLIENT_ANSWER);
    bench_run(bench, 100);
    assert_true(bench_identity(bench).slots[SLOT_A].active);
    assert_int_equal(bench_identity(bench).outcome, OUTCOME_DIGEST);
    ends(bench, &push);
}

/* A person confirms ------------------------------------------------------------------------------------------------ */

static void a_technician_confirms_when_the_manifest_says_so(void **state)
{
    struct push push;
    struct bench *bench = on_trial(&(struct bench_release){.confirm_who = CONFIRM_BY_TECHNICIAN}, &push);
    (void)state;

    bench_run(bench, 3600 * 1000);
    assert_int_equal(bench_identity(bench).boot_kind, BOOT_TRIAL);
    assert_int_equal(bench_verb(bench, VERB_CONFIRM, "hash", (const uint8_t[32]){1}), CLIENT_REFUSED);
    assert_int_equal(bench_error(bench), SUTURE_DIGEST);
    assert_int_equal(bench_verb(bench, VERB_CONFIRM, "hash", push.image_digest), CLIENT_ANSWER);
    assert_int_equal(bench_identity(bench).outcome, OUTCOME_CONFIRMED);
    assert_int_equal(bench->agent.record.confirmed_by, CONFIRMED_BY_PORT);
    assert_int_equal(bench_verb(bench, VERB_CONFIRM, "hash", push.image_digest), CLIENT_ANSWER);
    bench_power_on(bench);
    assert_true(bench_identity(bench).slots[SLOT_B].active);
    ends(bench, &push);
}

static void nothing_is_confirmed_before_the_self_test_passed(void **state)
{
    struct push push = push_of(&(struct bench_release){.confirm_who = CONFIRM_BY_TECHNICIAN});
    struct bench *bench = bench_new(NULL);
    (void)state;

    bench_power_on(bench);
    bench->self_test.result = SELF_TEST_NONE;
    bench_update_to_trial(bench, &push);
    assert_int_equal(bench_verb(bench, VERB_CONFIRM, "hash", push.image_digest), CLIENT_REFUSED);
    assert_int_equal(bench_error(bench), SUTURE_STATE);
    bench->self_test.result = SELF_TEST_PASSED;
    bench_run(bench, 500);
    assert_int_equal(bench_verb(bench, VERB_CONFIRM, "hash", push.image_digest), CLIENT_ANSWER);
    ends(bench, &push);
}

/* The client asks a busy device again: by then the device has confirmed itself. */
static void a_device_that_confirms_itself_lets_a_person_wait(void **state)
{
    struct push push;
    struct bench *bench = on_trial(&(struct bench_release){0}, &push);
    (void)state;

    bench_run(bench, 1000);
    assert_int_equal(bench_verb(bench, VERB_CONFIRM, "hash", push.image_digest), CLIENT_ANSWER);
    assert_int_equal(bench->agent.record.confirmed_by, CONFIRMED_BY_DEVICE);
    ends(bench, &push);
}

static void staging_is_refused_while_a_trial_runs(void **state)
{
    struct push push, next = push_of(&(struct bench_release){.sequence = 3});
    struct bench *bench = on_trial(&(struct bench_release){.confirm_who = CONFIRM_BY_TECHNICIAN}, &push);
    (void)state;

    uint8_t *before = bench_snapshot(bench);
    assert_int_equal(bench_upload(bench, &next, WITH_SHA), CLIENT_REFUSED);
    assert_int_equal(bench_error(bench), 1000 + SMP_BAD_STATE);
    assert_int_equal(bench_verb(bench, VERB_ACTIVATE, "manifest", next.manifest), CLIENT_REFUSED);
    assert_int_equal(bench_error(bench), SUTURE_TRIAL);
    assert_int_equal(bench_verb(bench, VERB_ABORT, "manifest", push.manifest), CLIENT_REFUSED);
    assert_int_equal(bench_error(bench), SUTURE_TRIAL);
    assert_true(bench_unchanged(bench, before));
    free(before);
    push_free(&next);
    ends(bench, &push);
}

/* Going back ------------------------------------------------------------------------------------------------------- */

static void a_rollback_in_the_trial_gives_it_up(void **state)
{
    struct push push;
    struct bench *bench = on_trial(&(struct bench_release){.confirm_who = CONFIRM_BY_TECHNICIAN}, &push);
    (void)state;

    assert_int_equal(bench_verb(bench, VERB_ROLLBACK, "hash", push.image_digest), CLIENT_ANSWER);
    bench_run(bench, 100);
    assert_true(bench_identity(bench).slots[SLOT_A].active);
    assert_int_equal(bench_identity(bench).outcome, OUTCOME_OPERATOR);
    assert_int_equal(bench_identity(bench).slots[SLOT_B].state, SLOT_BAD);
    ends(bench, &push);
}

static void a_rollback_after_the_confirm_keeps_both(void **state)
{
    struct push push;
    struct bench *bench = on_trial(&(struct bench_release){0}, &push);
    (void)state;

    bench_run(bench, 11000);
    assert_int_equal(bench_verb(bench, VERB_ROLLBACK, "hash", push.image_digest), CLIENT_ANSWER);
    bench_run(bench, 100);
    assert_true(bench_identity(bench).slots[SLOT_A].active);
    assert_int_equal(bench_identity(bench).slots[SLOT_B].state, SLOT_GOOD);
    assert_int_equal(bench->agent.record.fallback, SLOT_B);
    assert_int_equal(bench_verb(bench, VERB_ROLLBACK, "hash", bench->agent.record.slots[0].digest),
                     CLIENT_ANSWER);
    bench_run(bench, 100);
    assert_true(bench_identity(bench).slots[SLOT_B].active);
    ends(bench, &push);
}

static void a_floor_raised_by_the_confirm_forbids_the_way_back(void **state)
{
    struct push push;
    struct bench *bench = on_trial(&(struct bench_release){.floor_after = 2}, &push);
    (void)state;

    assert_int_equal(bench_identity(bench).floor, 0);
    bench_run(bench, 11000);
    assert_int_equal(bench_identity(bench).floor, 2);
    assert_int_equal(bench->agent.record.fallback, SLOT_NONE);
    assert_int_equal(bench_verb(bench, VERB_ROLLBACK, "hash", push.image_digest), CLIENT_REFUSED);
    assert_int_equal(bench_error(bench), SUTURE_FLOOR);
    ends(bench, &push);
}

static void a_slot_that_rotted_is_not_gone_back_to(void **state)
{
    struct push push;
    struct bench *bench = on_trial(&(struct bench_release){0}, &push);
    (void)state;

    bench_run(bench, 11000);
    bench->chip->bytes[bench->port.layout.areas[AREA_SLOT_A].offset + 5000] ^= 1;
    uint8_t *before = bench_snapshot(bench);
    assert_int_equal(bench_verb(bench, VERB_ROLLBACK, "hash", push.image_digest), CLIENT_REFUSED);
    assert_int_equal(bench_error(bench), SUTURE_DIGEST);
    assert_true(bench_unchanged(bench, before));
    free(before);
    ends(bench, &push);
}

static void the_same_image_again_is_a_repair(void **state)
{
    struct push push = push_of(&(struct bench_release){.sequence = 1});
    struct bench *bench = bench_new(NULL);
    (void)state;

    bench_power_on(bench);
    bench_update_to_trial(bench, &push);
    bench_run(bench, 11000);
    assert_true(bench_identity(bench).slots[SLOT_B].active);
    assert_int_equal(bench_identity(bench).slots[SLOT_B].sequence, 1);
    ends(bench, &push);
}

/* Recovery: the boot loader found nothing that it may run. */
static void a_device_without_a_proven_image_answers_and_takes_nothing(void **state)
{
    struct push push = push_of(&(struct bench_release){0});
    struct bench *bench = bench_new(NULL);
    uint8_t nonce[REPORT_NONCE_SIZE] = {5}, bytes[REPORT_MAX];
    struct report report;
    (void)state;

    bench->chip->bytes[bench->port.layout.areas[AREA_SLOT_A].offset] ^= 1;
    bench_power_on(bench);
    assert_int_equal(bench_identity(bench).boot_kind, BOOT_RECOVERY);
    assert_false(bench_identity(bench).slots[SLOT_A].active);
    assert_int_equal(bench_upload(bench, &push, WITH_SHA), CLIENT_REFUSED);
    assert_int_equal(bench_error(bench), 1000 + SMP_BAD_STATE);
    size_t size = bench_report(bench, nonce, bytes, sizeof bytes);
    assert_int_equal(report_verify(span_of(bytes, size), &bench->trust, nonce, &report), OK);
    assert_false(report.has_running);
    assert_int_equal(report.boot_kind, BOOT_RECOVERY);
    ends(bench, &push);
}

static void a_device_without_any_record_answers_too(void **state)
{
    struct bench *bench = bench_new(NULL);
    (void)state;

    memset(bench->chip->bytes, 0xff, 2 * BENCH_ERASE_BLOCK);
    bench_power_on(bench);
    assert_int_equal(bench_identity(bench).boot_kind, BOOT_RECOVERY);
    assert_int_equal(bench_status(bench).phase, PHASE_IDLE);
    bench_run(bench, 1000);
    bench_free(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_port_knows_of_the_trial_until_it_is_over),
        cmocka_unit_test(a_failed_self_test_goes_back_and_says_why),
        cmocka_unit_test(a_self_test_that_never_ends_is_given_up),
        cmocka_unit_test(tries_that_are_used_up_go_back),
        cmocka_unit_test(an_image_that_rots_before_its_trial_goes_back),
        cmocka_unit_test(a_technician_confirms_when_the_manifest_says_so),
        cmocka_unit_test(nothing_is_confirmed_before_the_self_test_passed),
        cmocka_unit_test(a_device_that_confirms_itself_lets_a_person_wait),
        cmocka_unit_test(staging_is_refused_while_a_trial_runs),
        cmocka_unit_test(a_rollback_in_the_trial_gives_it_up),
        cmocka_unit_test(a_rollback_after_the_confirm_keeps_both),
        cmocka_unit_test(a_floor_raised_by_the_confirm_forbids_the_way_back),
        cmocka_unit_test(a_slot_that_rotted_is_not_gone_back_to),
        cmocka_unit_test(the_same_image_again_is_a_repair),
        cmocka_unit_test(a_device_without_a_proven_image_answers_and_takes_nothing),
        cmocka_unit_test(a_device_without_any_record_answers_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
