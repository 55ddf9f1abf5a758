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

static void staged_exactly(const struct bench_options *options, const struct bench_release *release)
{
    struct bench *bench = bench_new(options);
    struct push push = push_of(release);

    bench_power_on(bench);
    assert_int_equal(bench_upload(bench, &push, WITH_SHA), CLIENT_DONE);
    assert_true(bench_slot_holds(bench, SLOT_B, &push));
    assert_int_equal(bench_status(bench).phase, PHASE_STAGED);
    push_free(&push);
    bench_free(bench);
}

static void flash_of_every_write_unit_and_polarity_is_written(void **state)
{
    (void)state;
    for (uint32_t unit = 1; unit <= 16; unit *= 2)
        for (int zero = 0; zero < 2; zero++)
            staged_exactly(&(struct bench_options){.write_unit = unit, .erased_zero = zero},
                           &(struct bench_release){.codec = PATCH_DEFLATE});
}

static void an_image_of_any_size_fits(void **state)
{
    static const size_t sizes[] = {1, 15, 16, 1023, 1024, 1025, 4096, BENCH_SLOT_SIZE - 1, BENCH_SLOT_SIZE};
    (void)state;

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (uint8_t codec = PATCH_STORED; codec <= PATCH_DEFLATE; codec++)
            staged_exactly(NULL, &(struct bench_release){.image_size = sizes[i], .codec = codec});
}

static void an_image_that_is_all_erased_is_one_too(void **state)
{
    static uint8_t image[5000];
    (void)state;

    memset(image, 0xff, sizeof image);
    staged_exactly(NULL, &(struct bench_release){.image = {image, sizeof image}});
    staged_exactly(NULL, &(struct bench_release){.image = {image, sizeof image}, .codec = PATCH_DEFLATE});
}

/* A chain of updates, A to B to A to B: each slot is written again and again. */
static void updates_follow_one_another(void **state)
{
    struct bench *bench = bench_new(NULL);
    (void)state;

    bench_power_on(bench);
    for (uint32_t sequence = 2; sequence < 12; sequence++) {
        struct push push =
            push_of(&(struct bench_release){.sequence = sequence, .floor_after = sequence - 1});
        bench_update_to_trial(bench, &push);
        bench_run(bench, 11000);
        struct message_identity identity = bench_identity(bench);
        uint8_t slot = sequence % 2 ? SLOT_A : SLOT_B;
        assert_true(identity.slots[slot].active);
        assert_int_equal(identity.slots[slot].sequence, sequence);
        assert_int_equal(identity.slots[slot].version[0], sequence);
        assert_int_equal(identity.slots[1 - slot].state, SLOT_GOOD);
        assert_int_equal(identity.floor, sequence - 1);
        push_free(&push);
    }
    bench_free(bench);
}

/* Two streams of one manifest ------------------------------------------------------------------------------------- */

struct two_streams {
    struct push by_base, for_all;
};

static struct two_streams two_streams(const struct bench *bench)
{
    struct bench_release release = {.base = bench->agent.record.slots[SLOT_A].digest};
    struct two_streams two = {.by_base = push_of(&release)};

    release.offer = 1;
    two.for_all = push_of(&release);
    assert_memory_equal(two.by_base.manifest, two.for_all.manifest, DIGEST_SIZE);
    return two;
}

static void upload_it(struct bench *bench, void *with)
{
    bench_upload(bench, with, WITH_SHA);
}

static void the_other_stream_of_a_manifest_may_finish_what_one_began(void **state)
{
    (void)state;
    for (unsigned first = 16; first < 60; first += 11)
        for (unsigned second = 1; second < 40; second += 1) {
            struct bench *bench = bench_new(&(struct bench_options){.seed = first * 100 + second});
            bench_power_on(bench);
            struct two_streams two = two_streams(bench);
            bench_cut(bench, first, CUT_TORN, upload_it, &two.by_base);
            bench_power_on(bench);
            bench_cut(bench, second, CUT_TORN, upload_it, &two.for_all);
            if (!bench->powered)
                bench_power_on(bench);
            struct push *last = second % 2 ? &two.by_base : &two.for_all;
            assert_int_equal(bench_upload(bench, last, second % 3 ? WITH_SHA : WITHOUT_SHA), CLIENT_DONE);
            assert_true(bench_slot_holds(bench, SLOT_B, last));
            push_free(&two.by_base);
            push_free(&two.for_all);
            bench_free(bench);
        }
}

static void a_stream_for_another_base_is_refused(void **state)
{
    struct bench *bench = bench_new(NULL);
    struct push push = push_of(&(struct bench_release){.base = (const uint8_t[DIGEST_SIZE]){1}});
    struct message_check check;
    (void)state;

    bench_power_on(bench);
    uint8_t *before = bench_snapshot(bench);
    assert_int_equal(bench_upload(bench, &push, WITH_SHA), CLIENT_REFUSED);
    assert_int_equal(bench_error(bench), IMAGE_BAD_HASH);
    assert_int_equal(bench_transfer(bench, VERB_CHECK, span_of(push.bytes, push.envelope_size)), CLIENT_DONE);
    assert_int_equal(message_check_read(client_answer(&bench->client), &check), OK);
    assert_int_equal(check.verdict, 0);
    assert_int_equal(check.want, 1);
    assert_true(bench_unchanged(bench, before));
    free(before);
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
        cmocka_unit_test(flash_of_every_write_unit_and_polarity_is_written),
        cmocka_unit_test(an_image_of_any_size_fits),
        cmocka_unit_test(an_image_that_is_all_erased_is_one_too),
        cmocka_unit_test(updates_follow_one_another),
        cmocka_unit_test(the_other_stream_of_a_manifest_may_finish_what_one_began),
        cmocka_unit_test(a_stream_for_another_base_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
