/* The happy way and what stands beside it: from a push file to a confirmed image, and back. */
#include "tests/support/bench_device.h"
#include "tests/support/bench_factory.h"
#include "tests/support/test.h"

static void a_new_device_says_who_it_is(void **state)
{
    struct bench *bench = bench_new(NULL);
    (void)state;

    bench_power_on(bench);
    struct message_identity identity = bench_identity(bench);

    assert_true(span_equal(identity.serial, span_text("7F31")));
    assert_int_equal(identity.boot_kind, BOOT_SETTLED);
    assert_int_equal(identity.slots[SLOT_A].state, SLOT_GOOD);
    assert_true(identity.slots[SLOT_A].active);
    assert_int_equal(identity.slots[SLOT_A].version[0], 1);
    assert_int_equal(identity.slots[SLOT_B].state, SLOT_EMPTY);
    bench_free(bench);
}

static void update_ends_confirmed(uint8_t codec)
{
    struct bench *bench = bench_new(NULL);
    struct push push = push_of(&(struct bench_release){.codec = codec});

    bench_power_on(bench);
    assert_int_equal(bench_upload(bench, &push, WITH_SHA), CLIENT_DONE);
    assert_int_equal(bench_status(bench).phase, PHASE_STAGED);
    assert_true(bench_slot_holds(bench, SLOT_B, &push));
    assert_int_equal(bench_verb(bench, VERB_ACTIVATE, "manifest", push.manifest), CLIENT_ANSWER);
    bench_run(bench, 100);
    assert_int_equal(bench_status(bench).phase, PHASE_TRIAL);
    assert_true(bench->trial_told);
    bench_run(bench, 11000);
    struct message_identity identity = bench_identity(bench);

    assert_false(bench->trial_told);
    assert_int_equal(identity.boot_kind, BOOT_SETTLED);
    assert_int_equal(identity.outcome, OUTCOME_CONFIRMED);
    assert_true(identity.slots[SLOT_B].active);
    assert_int_equal(identity.slots[SLOT_B].version[0], 2);
    assert_int_equal(identity.slots[SLOT_A].state, SLOT_GOOD);
    push_free(&push);
    bench_free(bench);
}

static void an_update_ends_confirmed_by_the_device(void **state)
{
    (void)state;
    update_ends_confirmed(PATCH_STORED);
}

static void a_deflated_update_ends_confirmed_too(void **state)
{
    (void)state;
    update_ends_confirmed(PATCH_DEFLATE);
}

static void the_report_proves_it(void **state)
{
    struct bench *bench = bench_new(NULL);
    struct push push = push_of(&(struct bench_release){0});
    uint8_t nonce[REPORT_NONCE_SIZE] = {1, 2, 3}, bytes[REPORT_MAX];
    struct report report;
    (void)state;

    bench_power_on(bench);
    bench_update_to_trial(bench, &push);
    bench_run(bench, 11000);
    size_t size = bench_report(bench, nonce, bytes, sizeof bytes);
    assert_int_equal(report_verify(span_of(bytes, size), &bench->trust, nonce, &report), OK);

    assert_true(report.has_running);
    assert_int_equal(report.running.slot, SLOT_B);
    assert_memory_equal(report.running.digest, push.image_digest, DIGEST_SIZE);
    assert_int_equal(report.outcome, OUTCOME_CONFIRMED);
    assert_int_equal(report.confirmed_by, CONFIRMED_BY_DEVICE);
    assert_int_equal(report.self_test, SELF_TEST_PASSED);
    assert_int_equal(report.root_version, 1);
    assert_int_equal(report.boot_counter, 2);
    push_free(&push);
    bench_free(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_device_says_who_it_is),
        cmocka_unit_test(an_update_ends_confirmed_by_the_device),
        cmocka_unit_test(a_deflated_update_ends_confirmed_too),
        cmocka_unit_test(the_report_proves_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
