/* What the device refuses, with which word, and that flash is then exactly as before. */
#include "tests/support/bench_device.h"
#include "tests/support/bench_factory.h"
#include "tests/support/test.h"

enum { SMP = 1000 }; /* bench_error of the SMP layer's codes */

struct refused {
    struct bench *bench;
    uint8_t *before;
};

static struct refused device(const struct bench_options *options)
{
    struct refused it = {.bench = bench_new(options)};

    bench_power_on(it.bench);
    it.before = bench_snapshot(it.bench);
    return it;
}

static void ends_untouched(struct refused *it)
{
    assert_true(bench_unchanged(it->bench, it->before));
    assert_int_equal(bench_status(it->bench).phase, PHASE_IDLE);
    free(it->before);
    bench_free(it->bench);
}

static void upload_refused(struct bench *bench, const struct push *push, unsigned error)
{
    assert_int_equal(bench_upload(bench, push, WITH_SHA), CLIENT_REFUSED);
    assert_int_equal(bench_error(bench), error);
}

/* Uploads a release to a device, which refuses it; `check` says the same of the manifest alone. */
static void release_refused(const struct bench_options *options, const struct bench_release *release,
                            unsigned error, enum suture_error verdict, enum status reason)
{
    struct refused it = device(options);
    struct push push = push_of(release);
    struct message_check check;

    upload_refused(it.bench, &push, error);
    assert_int_equal(bench_transfer(it.bench, VERB_CHECK, span_of(push.bytes, push.envelope_size)),
                     CLIENT_DONE);
    assert_int_equal(message_check_read(client_answer(&it.bench->client), &check), OK);
    assert_true(check.has_verdict);
    assert_int_equal(check.verdict, verdict);
    assert_int_equal(check.reason, (uint32_t)-reason);
    assert_false(check.has_want);
    push_free(&push);
    ends_untouched(&it);
}

static void an_unsigned_bundle(void **state)
{
    (void)state;
    release_refused(NULL, &(struct bench_release){.unsigned_ = true}, IMAGE_BAD_HASH, SUTURE_TRUST,
                    BAD_SIGNATURE);
}

static void a_key_that_nobody_listed(void **state)
{
    (void)state;
    release_refused(NULL, &(struct bench_release){.signer = "stranger"}, IMAGE_BAD_HASH, SUTURE_TRUST,
                    UNKNOWN_KEY);
}

static void a_key_that_may_not_release(void **state)
{
    (void)state;
    release_refused(NULL, &(struct bench_release){.signer = BENCH_ROOT_KEY}, IMAGE_BAD_HASH, SUTURE_TRUST,
                    WRONG_SCOPE);
}

static void a_withdrawn_key(void **state)
{
    (void)state;
    release_refused(&(struct bench_options){.withdrawn_key = "lost laptop"},
                    &(struct bench_release){.signer = "lost laptop"}, IMAGE_BAD_HASH, SUTURE_TRUST,
                    WITHDRAWN);
}

static void another_vendors_device(void **state)
{
    (void)state;
    release_refused(NULL, &(struct bench_release){.vendor_byte = 0x77}, IMAGE_BAD_HASH, SUTURE_MANIFEST,
                    WRONG_VENDOR);
}

static void another_class(void **state)
{
    (void)state;
    release_refused(NULL, &(struct bench_release){.class_byte = 0x77}, IMAGE_BAD_HASH, SUTURE_MANIFEST,
                    WRONG_CLASS);
}

static void an_older_sequence(void **state)
{
    (void)state;
    release_refused(&(struct bench_options){.running = 5}, &(struct bench_release){.sequence = 3},
                    IMAGE_OLDER, SUTURE_FLOOR, OLD_SEQUENCE);
}

static void the_same_sequence_with_another_image(void **state)
{
    (void)state;
    release_refused(NULL, &(struct bench_release){.sequence = 1, .image_size = 7000}, IMAGE_OLDER,
                    SUTURE_FLOOR, OLD_SEQUENCE);
}

static void a_sequence_below_the_floor(void **state)
{
    (void)state;
    release_refused(&(struct bench_options){.running = 5, .floor = 4}, &(struct bench_release){.sequence = 3},
                    IMAGE_OLDER, SUTURE_FLOOR, BELOW_FLOOR);
}

static void an_image_larger_than_the_slot(void **state)
{
    (void)state;
    release_refused(NULL, &(struct bench_release){.image_size = BENCH_SLOT_SIZE + 1}, IMAGE_TOO_LARGE,
                    SUTURE_MEMORY, TOO_LARGE);
}

static void a_block_larger_than_the_device_holds(void **state)
{
    (void)state;
    release_refused(NULL, &(struct bench_release){.block_max = 2 * BENCH_BLOCK}, IMAGE_TOO_LARGE,
                    SUTURE_MEMORY, TOO_LARGE);
}

static void a_segment_longer_than_the_device_wants(void **state)
{
    (void)state;
    release_refused(NULL, &(struct bench_release){.segment_max = 8192}, IMAGE_TOO_LARGE, SUTURE_MEMORY,
                    TOO_LARGE);
}

static void more_decoder_memory_than_there_is(void **state)
{
    (void)state;
    release_refused(NULL, &(struct bench_release){.codec = PATCH_DEFLATE, .window_bits = 15}, IMAGE_TOO_LARGE,
                    SUTURE_MEMORY, TOO_LARGE);
}

static void a_tampered_byte_refused(size_t at_stream, unsigned error)
{
    struct refused it = device(NULL);
    struct push push = push_of(&(struct bench_release){0});

    push.bytes[push.envelope_size + 1 + at_stream] ^= 1;
    upload_refused(it.bench, &push, error);
    push_free(&push);
    ends_untouched(&it);
}

static void a_tampered_first_block(void **state)
{
    (void)state;
    a_tampered_byte_refused(0, IMAGE_BAD_HASH);
    a_tampered_byte_refused(100, IMAGE_BAD_HASH);
    a_tampered_byte_refused(511, IMAGE_BAD_HASH);
}

static void each_flipped_bit_of_an_envelope(void **state)
{
    struct refused it = device(NULL);
    struct push push = push_of(&(struct bench_release){0});
    (void)state;

    for (size_t bit = 0; bit < 8 * push.envelope_size; bit += 7) {
        push.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        enum client_event event = bench_upload(it.bench, &push, WITHOUT_SHA);
        assert_true(event == CLIENT_REFUSED || event == CLIENT_NONSENSE);
        push.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_true(bench_unchanged(it.bench, it.before));
    push_free(&push);
    free(it.before);
    bench_free(it.bench);
}

static void a_push_file_that_ends_early(void **state)
{
    struct push push = push_of(&(struct bench_release){0});
    struct push shorter = push;
    (void)state;

    for (size_t size = 1; size < push.size; size += size < push.envelope_size + 4 ? 9 : 501) {
        struct refused it = device(NULL);
        shorter.size = size;
        digest_of(span_of(shorter.bytes, size), shorter.sha);
        enum client_event event = bench_upload(it.bench, &shorter, WITH_SHA);
        if (event != CLIENT_REFUSED)
            fail_msg("a push file of %zu of %zu bytes ended in event %d", size, push.size, event);
        assert_true(bench_unchanged(it.bench, it.before));
        free(it.before);
        bench_free(it.bench);
    }
    push_free(&push);
}

static void what_is_no_push_file(void **state)
{
    struct refused it = device(NULL);
    uint8_t bytes[600] = {0x3d, 0xb8, 0xf3, 0x96};
    struct push push = {.bytes = bytes, .size = sizeof bytes};
    (void)state;

    upload_refused(it.bench, &push, IMAGE_NO_MAGIC);
    ends_untouched(&it);
}

static void a_manifest_larger_than_its_memory(void **state)
{
    struct refused it = device(NULL);
    uint8_t bytes[BENCH_MANIFEST + 100] = {0xd8, 0x6b, 0xa2, 0x02, 0x59, 0x20, 0x00};
    struct push push = {.bytes = bytes, .size = sizeof bytes};
    (void)state;

    upload_refused(it.bench, &push, IMAGE_TOO_LARGE);
    assert_int_equal(bench_transfer(it.bench, VERB_CHECK, span_of(bytes, sizeof bytes)), CLIENT_REFUSED);
    assert_int_equal(bench_error(it.bench), SUTURE_MEMORY);
    ends_untouched(&it);
}

/* The clinical side ------------------------------------------------------------------------------------------------ */

static void everything_that_writes_is_refused(struct refused *it, unsigned image_error, unsigned suture_error)
{
    struct push push = push_of(&(struct bench_release){0});
    const enum suture_verb verbs[] = {VERB_CONFIRM, VERB_ROLLBACK, VERB_ABORT};

    upload_refused(it->bench, &push, image_error);
    assert_int_equal(bench_request(it->bench, SMP_WRITE, SMP_GROUP_OS, OS_RESET, (struct span){0}),
                     CLIENT_REFUSED);
    assert_int_equal(bench_error(it->bench), image_error);
    assert_int_equal(bench_request(it->bench, SMP_WRITE, SMP_GROUP_IMAGE, IMAGE_ERASE, (struct span){0}),
                     CLIENT_REFUSED);
    assert_int_equal(bench_error(it->bench), image_error);
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        const char *key = verbs[i] == VERB_ABORT ? "manifest" : "hash";
        assert_int_equal(bench_verb(it->bench, verbs[i], key, it->bench->agent.record.slots[0].digest),
                         CLIENT_REFUSED);
        assert_int_equal(bench_error(it->bench), suture_error);
    }
    push_free(&push);
}

static void anything_outside_service_mode(void **state)
{
    struct refused it = device(NULL);
    (void)state;

    it.bench->interlock.service = false;
    everything_that_writes_is_refused(&it, SMP + SMP_ACCESS_DENIED, SMP + SMP_ACCESS_DENIED);
    assert_int_equal(bench_transfer(it.bench, VERB_CHECK, span_of("x", 1)), CLIENT_REFUSED);
    assert_int_equal(bench_error(it.bench), SMP + SMP_ACCESS_DENIED);
    assert_int_equal(bench_transfer(it.bench, VERB_TRUST, span_of("x", 1)), CLIENT_REFUSED);
    assert_int_equal(bench_error(it.bench), SMP + SMP_ACCESS_DENIED);
    assert_int_equal(bench_identity(it.bench).boot_kind, BOOT_SETTLED);
    ends_untouched(&it);
}

static void anything_while_the_device_is_in_use(void **state)
{
    (void)state;
    for (enum use use = USE_THERAPY; use <= USE_ALARM; use++) {
        struct refused it = device(NULL);
        it.bench->interlock.use = use;
        everything_that_writes_is_refused(&it, SMP + SMP_BUSY, SUTURE_IN_USE);
        ends_untouched(&it);
    }
}

static void an_activation_once_the_interlock_forbids_it(void **state)
{
    const struct {
        struct interlock interlock;
        unsigned error;
    } now[] = {
        {{.use = USE_THERAPY, .service = true, .mains = true, .battery = 90}, SUTURE_IN_USE},
        {{.use = USE_PATIENT, .service = true, .mains = true, .battery = 90}, SUTURE_IN_USE},
        {{.service = true, .battery = 10}, SUTURE_BATTERY},
        {{.mains = true, .battery = 90}, SMP + SMP_ACCESS_DENIED},
    };
    struct refused it = device(NULL);
    struct push push = push_of(&(struct bench_release){0});
    (void)state;

    assert_int_equal(bench_upload(it.bench, &push, WITH_SHA), CLIENT_DONE);
    free(it.before);
    it.before = bench_snapshot(it.bench);
    for (size_t i = 0; i < sizeof now / sizeof now[0]; i++) {
        it.bench->interlock = now[i].interlock;
        assert_int_equal(bench_verb(it.bench, VERB_ACTIVATE, "manifest", push.manifest), CLIENT_REFUSED);
        assert_int_equal(bench_error(it.bench), now[i].error);
        assert_true(bench_unchanged(it.bench, it.before));
    }
    free(it.before);
    bench_free(it.bench);
    push_free(&push);
}

/* A port whose `interlock` still says what was true a moment ago. */
static void therapy_just_began(void *context, struct interlock *out)
{
    *out = ((struct bench *)context)->interlock;
    out->use = USE_THERAPY;
}

static void an_activation_when_therapy_has_begun_this_very_moment(void **state)
{
    struct refused it = device(NULL);
    struct push push = push_of(&(struct bench_release){0});
    struct bench *bench = it.bench;
    (void)state;

    assert_int_equal(bench_upload(bench, &push, WITH_SHA), CLIENT_DONE);
    free(it.before);
    it.before = bench_snapshot(bench);
    bench->port.interlock_now = therapy_just_began;
    assert_int_equal(bench_verb(bench, VERB_ACTIVATE, "manifest", push.manifest), CLIENT_REFUSED);
    assert_int_equal(bench_error(bench), SUTURE_IN_USE);
    assert_int_equal(bench_request(bench, SMP_WRITE, SMP_GROUP_OS, OS_RESET, (struct span){0}),
                     CLIENT_REFUSED);
    assert_true(bench_unchanged(bench, it.before));
    assert_int_equal(bench->starts, 1);
    bench->port.interlock_now = NULL;
    assert_int_equal(bench_verb(bench, VERB_ACTIVATE, "manifest", push.manifest), CLIENT_ANSWER);
    free(it.before);
    bench_free(bench);
    push_free(&push);
}

static void a_rollback_when_therapy_has_begun_this_very_moment(void **state)
{
    struct refused it = device(NULL);
    struct push push = push_of(&(struct bench_release){0});
    struct bench *bench = it.bench;
    (void)state;

    bench_update_to_trial(bench, &push);
    bench->self_test.result = SELF_TEST_PASSED;
    bench_run(bench, 20000);
    assert_true(bench_identity(bench).slots[SLOT_B].active);
    bench->port.interlock_now = therapy_just_began;
    assert_int_equal(bench_verb(bench, VERB_ROLLBACK, "hash", push.image_digest), CLIENT_REFUSED);
    assert_int_equal(bench_error(bench), SUTURE_IN_USE);
    bench_run(bench, 100);
    assert_true(bench_identity(bench).slots[SLOT_B].active);
    free(it.before);
    bench_free(bench);
    push_free(&push);
}

static void upload_with_battery(bool mains, uint8_t battery, bool allowed)
{
    struct refused it = device(NULL);
    struct push push = push_of(&(struct bench_release){0});

    it.bench->interlock.mains = mains;
    it.bench->interlock.battery = battery;
    if (allowed) {
        assert_int_equal(bench_upload(it.bench, &push, WITH_SHA), CLIENT_DONE);
        free(it.before);
        bench_free(it.bench);
    } else {
        upload_refused(it.bench, &push, SMP + SMP_BUSY);
        ends_untouched(&it);
    }
    push_free(&push);
}

static void a_battery_that_may_not_last(void **state)
{
    (void)state;
    upload_with_battery(false, 49, false);
    upload_with_battery(false, 50, true);
    upload_with_battery(true, 19, false);
    upload_with_battery(true, 20, true);
    upload_with_battery(false, 255, false);
    upload_with_battery(true, 255, true);
}

static void preflight_says_all_reasons_at_once(void **state)
{
    struct refused it = device(NULL);
    struct message_preflight preflight;
    (void)state;

    it.bench->interlock =
        (struct interlock){.use = USE_PATIENT, .service = false, .mains = false, .battery = 7};
    assert_int_equal(bench_request(it.bench, SMP_READ, SMP_GROUP_SUTURE, VERB_PREFLIGHT, (struct span){0}),
                     CLIENT_ANSWER);
    assert_int_equal(message_preflight_read(client_answer(&it.bench->client), &preflight), OK);
    assert_false(preflight.ready);
    assert_int_equal(preflight.use, USE_PATIENT);
    assert_int_equal(preflight.battery, 7);
    assert_int_equal(preflight.reason_count, 3);
    assert_int_equal(preflight.reasons[0], REASON_NOT_SERVICE);
    assert_int_equal(preflight.reasons[1], SUTURE_IN_USE);
    assert_int_equal(preflight.reasons[2], SUTURE_BATTERY);
    ends_untouched(&it);
}

static void activating_what_is_not_staged(void **state)
{
    struct refused it = device(NULL);
    struct push push = push_of(&(struct bench_release){0});
    (void)state;

    assert_int_equal(bench_verb(it.bench, VERB_ACTIVATE, "manifest", push.manifest), CLIENT_REFUSED);
    assert_int_equal(bench_error(it.bench), SUTURE_STATE);
    push_free(&push);
    ends_untouched(&it);
}

static void going_back_when_there_is_nothing_to_go_back_to(void **state)
{
    struct refused it = device(NULL);
    (void)state;

    assert_int_equal(bench_verb(it.bench, VERB_ROLLBACK, "hash", it.bench->agent.record.slots[0].digest),
                     CLIENT_REFUSED);
    assert_int_equal(bench_error(it.bench), SUTURE_STATE);
    assert_int_equal(bench_verb(it.bench, VERB_ROLLBACK, "hash", (const uint8_t[32]){9}), CLIENT_REFUSED);
    assert_int_equal(bench_error(it.bench), SUTURE_DIGEST);
    ends_untouched(&it);
}

static void a_report_without_a_key(void **state)
{
    struct refused it = device(&(struct bench_options){.no_device_key = true});
    uint8_t memory[64], nonce[REPORT_NONCE_SIZE] = {1};
    struct buffer body = buffer_over(memory, sizeof memory);
    (void)state;

    assert_int_equal(request_report_write(&body, nonce, 0), OK);
    assert_int_equal(bench_request(it.bench, SMP_READ, SMP_GROUP_SUTURE, VERB_REPORT, span_used(&body)),
                     CLIENT_REFUSED);
    assert_int_equal(bench_error(it.bench), SUTURE_NO_KEY);
    ends_untouched(&it);
}

/* Staging into a device whose other slot is good leaves that slot alone too when it is refused. */
static void a_refused_bundle_beside_a_good_fallback(void **state)
{
    struct bench *bench = bench_new(NULL);
    struct push second = push_of(&(struct bench_release){0});
    struct push forged = push_of(&(struct bench_release){.sequence = 3, .signer = "stranger"});
    (void)state;

    bench_power_on(bench);
    bench_update_to_trial(bench, &second);
    bench_run(bench, 11000);
    uint8_t *before = bench_snapshot(bench);
    upload_refused(bench, &forged, IMAGE_BAD_HASH);
    assert_true(bench_unchanged(bench, before));
    assert_int_equal(bench_identity(bench).slots[SLOT_A].state, SLOT_GOOD);
    free(before);
    push_free(&second);
    push_free(&forged);
    bench_free(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unsigned_bundle),
        cmocka_unit_test(a_key_that_nobody_listed),
        cmocka_unit_test(a_key_that_may_not_release),
        cmocka_unit_test(a_withdrawn_key),
        cmocka_unit_test(another_vendors_device),
        cmocka_unit_test(another_class),
        cmocka_unit_test(an_older_sequence),
        cmocka_unit_test(the_same_sequence_with_another_image),
        cmocka_unit_test(a_sequence_below_the_floor),
        cmocka_unit_test(an_image_larger_than_the_slot),
        cmocka_unit_test(a_block_larger_than_the_device_holds),
        cmocka_unit_test(a_segment_longer_than_the_device_wants),
        cmocka_unit_test(more_decoder_memory_than_there_is),
        cmocka_unit_test(a_tampered_first_block),
        cmocka_unit_test(each_flipped_bit_of_an_envelope),
        cmocka_unit_test(a_push_file_that_ends_early),
        cmocka_unit_test(what_is_no_push_file),
        cmocka_unit_test(a_manifest_larger_than_its_memory),
        cmocka_unit_test(anything_outside_service_mode),
        cmocka_unit_test(anything_while_the_device_is_in_use),
        cmocka_unit_test(an_activation_once_the_interlock_forbids_it),
        cmocka_unit_test(an_activation_when_therapy_has_begun_this_very_moment),
        cmocka_unit_test(a_rollback_when_therapy_has_begun_this_very_moment),
        cmocka_unit_test(a_battery_that_may_not_last),
        cmocka_unit_test(preflight_says_all_reasons_at_once),
        cmocka_unit_test(activating_what_is_not_staged),
        cmocka_unit_test(going_back_when_there_is_nothing_to_go_back_to),
        cmocka_unit_test(a_report_without_a_key),
        cmocka_unit_test(a_refused_bundle_beside_a_good_fallback),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
