/* Stories of one simulated pump: the way of an update, images that misbehave, power that goes, cables that lie. */
#include "tests/support/pump.h"
#include "tests/support/test.h"

#include "agent/meta.h"

static const struct pump_release second = {
    .version = {2, 0, 0}, .sequence = 2, .image_size = 50000, .healthy = 1};

static void on(struct pump *pump)
{
    device_power_on(pump->device, pump->now);
    assert_true(pump_reaches(pump, WAIT_ON, 10000));
}

/* A pump that runs version 1 in service mode, and the push file of version 2. */
static struct buffer ready_pump(struct pump *pump, const char *more, uint8_t manifest[DIGEST_SIZE])
{
    char profile[1024];
    snprintf(profile, sizeof profile, "service: true\n%s", more);
    pump_make(pump, profile);
    pump_bundle(pump, "2.suture", &second);
    on(pump);
    return pump_push(pump, "2.suture", manifest);
}

static void stage(struct pump *pump, const struct buffer *push)
{
    pump_upload_start(pump, push);
    enum client_event event = pump_await(pump, 600000);
    if (event != CLIENT_DONE)
        fail_msg("upload: event %d, group %u rc %u", (int)event, client_error(&pump->client)->group,
                 client_error(&pump->client)->rc);
}

static void activate(struct pump *pump, const uint8_t manifest[DIGEST_SIZE])
{
    assert_int_equal(pump_ask_digest(pump, VERB_ACTIVATE, manifest), CLIENT_ANSWER);
}

static void the_factorys_pump_boots_what_was_put_in(void **state)
{
    (void)state;
    struct pump pump;
    pump_make(&pump, "");
    on(&pump);
    struct device_status status = pump_status(&pump);

    assert_int_equal(status.boot.kind, BOOT_SETTLED);
    assert_int_equal(status.boot.running, SLOT_A);
    assert_int_equal(status.boot.reset_cause, RESET_POWER_ON);
    assert_int_equal(status.version[0], 1);
    assert_int_equal(status.record.number, 1);
    assert_int_equal(status.record.slots[SLOT_A].sequence, 1);
    assert_int_equal(status.record.slots[SLOT_A].size, 40000);
    assert_int_equal(status.record.slots[SLOT_B].state, SLOT_EMPTY);
    assert_int_equal(status.faults.violations, 0);
    pump_gone(&pump);
}

static void it_tells_who_it_is(void **state)
{
    (void)state;
    struct pump pump;
    struct message_identity identity;
    pump_make(&pump, "");
    on(&pump);
    assert_int_equal(pump_ask(&pump, VERB_IDENTITY, span_of("", 0)), CLIENT_ANSWER);
    assert_int_equal(message_identity_read(client_answer(&pump.client), &identity), OK);
    assert_true(span_equal(identity.serial, span_text(PUMP_SERIAL)));
    assert_true(span_equal(identity.model, span_text("P-200")));
    assert_int_equal(identity.boot_kind, BOOT_SETTLED);
    pump_gone(&pump);
}

static void an_update_runs_on_trial_and_is_confirmed(void **state)
{
    (void)state;
    struct pump pump;
    uint8_t manifest[DIGEST_SIZE];
    struct buffer push = ready_pump(&pump, "", manifest);
    stage(&pump, &push);
    assert_true(control_reached(pump.device, WAIT_STAGED));
    activate(&pump, manifest);
    assert_true(pump_reaches(&pump, WAIT_TRIAL, 10000));
    assert_false(device_begin_therapy(pump.device));
    assert_true(pump_reaches(&pump, WAIT_CONFIRMED, 10000));

    struct device_status status = pump_status(&pump);
    assert_int_equal(status.boot.running, SLOT_B);
    assert_int_equal(status.version[0], 2);
    assert_int_equal(status.boot.reset_cause, RESET_ASKED);
    assert_int_equal(status.faults.violations, 0);
    assert_true(device_begin_therapy(pump.device));
    free(push.data);
    pump_gone(&pump);
}

/* Behaviour of version 2 that is never confirmed, and what the record says afterwards. */
static void falls_back(const char *behaviour, enum outcome outcome, unsigned boots)
{
    struct pump pump;
    uint8_t manifest[DIGEST_SIZE];
    char more[256];
    snprintf(more, sizeof more, "behaviour:\n  - version: \"2.0.0\"\n%s", behaviour);
    struct buffer push = ready_pump(&pump, more, manifest);
    stage(&pump, &push);
    activate(&pump, manifest);
    assert_true(pump_reaches(&pump, WAIT_ROLLED_BACK, 300000));

    struct device_status status = pump_status(&pump);
    assert_int_equal(status.boot.running, SLOT_A);
    assert_int_equal(status.version[0], 1);
    assert_int_equal(status.record.outcome, outcome);
    assert_int_equal(status.record.slots[SLOT_B].state, SLOT_BAD);
    assert_int_equal(status.boots, boots);
    assert_int_equal(status.faults.violations, 0);
    free(push.data);
    pump_gone(&pump);
}

static void a_failed_self_test_goes_back_at_once(void **state)
{
    (void)state;
    falls_back("    self_test: fail\n    code: 7\n", OUTCOME_SELF_TEST, 3);
}

static void an_image_that_hangs_uses_up_its_tries(void **state)
{
    (void)state;
    falls_back("    hang: true\n", OUTCOME_TRIES_USED, 5);
}

static void an_image_that_crashes_after_a_while_uses_up_its_tries(void **state)
{
    (void)state;
    falls_back("    crash: true\n    after_ms: 300\n", OUTCOME_TRIES_USED, 5);
}

static void a_self_test_that_never_ends_is_given_up(void **state)
{
    (void)state;
    falls_back("    self_test: never\n", OUTCOME_TRIES_USED, 3);
}

static void a_hung_pump_answers_nothing_until_the_watchdog_resets_it(void **state)
{
    (void)state;
    struct pump pump;
    pump_make(&pump, "behaviour:\n  - version: \"1\"\n    hang: true\n    after_ms: 1000\n");
    on(&pump);
    assert_true(pump_reaches(&pump, WAIT_HUNG, 2000));
    uint64_t hung = pump.now;
    assert_true(pump_reaches(&pump, WAIT_ON, 2000));
    assert_in_range(pump.now - hung, 500, 600);
    assert_int_equal(pump_status(&pump).boot.reset_cause, RESET_WATCHDOG);
    pump_gone(&pump);
}

static void power_goes_at_exactly_the_operation_asked_for(void **state)
{
    (void)state;
    static const enum power_cut cuts[] = {POWER_CUT_BEFORE, POWER_CUT_TORN, POWER_CUT_AFTER};
    struct pump pump;
    struct buffer push = ready_pump(&pump, "", NULL);
    for (uint64_t operation = 1; operation < 400; operation += 57) {
        for (size_t i = 0; i < 3; i++) {
            pump_as_new(&pump);
            on(&pump);
            uint64_t before = pump_status(&pump).operations;
            device_cut_at(pump.device, operation, cuts[i]);
            pump_upload_start(&pump, &push);
            assert_true(pump_reaches(&pump, WAIT_OFF, 60000));
            struct device_status status = pump_status(&pump);
            assert_int_equal(status.operations - before, operation);
            assert_int_equal(status.torn_units > 0, cuts[i] == POWER_CUT_TORN);
            client_cancel(&pump.client);
        }
    }
    free(push.data);
    pump_gone(&pump);
}

static void a_cut_at_half_is_a_cut_at_half_and_what_was_there_is_not_sent_again(void **state)
{
    (void)state;
    struct pump pump;
    struct message_status progress;
    uint8_t manifest[DIGEST_SIZE];
    struct buffer push = ready_pump(&pump, "", manifest);
    device_cut_at_share(pump.device, 0.5, POWER_CUT_TORN);
    pump_upload_start(&pump, &push);
    assert_true(pump_reaches(&pump, WAIT_OFF, 60000));
    client_cancel(&pump.client);

    on(&pump);
    assert_int_equal(pump_ask(&pump, VERB_STATUS, span_of("", 0)), CLIENT_ANSWER);
    assert_int_equal(message_status_read(client_answer(&pump.client), &progress), OK);
    assert_in_range(progress.output, 25000 - 2 * 4096, 25000);
    stage(&pump, &push);
    const struct client_progress *sent = client_progress(&pump.client);
    assert_true(sent->sent < push.size * 3 / 4);
    activate(&pump, manifest);
    assert_true(pump_reaches(&pump, WAIT_CONFIRMED, 10000));
    assert_int_equal(pump_status(&pump).faults.violations, 0);
    free(push.data);
    pump_gone(&pump);
}

static void power_that_goes_between_two_operations_tears_nothing(void **state)
{
    (void)state;
    struct pump pump;
    struct buffer push = ready_pump(&pump, "program_us: 100\nerase_ms: 30\n", NULL);
    pump_upload_start(&pump, &push);
    assert_int_equal(pump_await(&pump, 300), CLIENT_WAITING);
    device_power_off(pump.device);
    assert_int_equal(pump_status(&pump).torn_units, 0);
    assert_int_equal(pump_await(&pump, 60000), CLIENT_TIMEOUT);
    on(&pump);
    stage(&pump, &push);
    free(push.data);
    pump_gone(&pump);
}

static void a_second_cut_may_meet_the_recovery_of_the_first(void **state)
{
    (void)state;
    struct pump pump;
    uint8_t manifest[DIGEST_SIZE];
    struct buffer push = ready_pump(&pump, "", manifest);
    device_cut_at(pump.device, 30, POWER_CUT_TORN);
    pump_upload_start(&pump, &push);
    assert_true(pump_reaches(&pump, WAIT_OFF, 60000));
    client_cancel(&pump.client);
    device_cut_at(pump.device, 2, POWER_CUT_TORN);
    device_power_on(pump.device, pump.now);
    assert_true(pump_reaches(&pump, WAIT_OFF, 60000));

    on(&pump);
    stage(&pump, &push);
    activate(&pump, manifest);
    assert_true(pump_reaches(&pump, WAIT_CONFIRMED, 10000));
    free(push.data);
    pump_gone(&pump);
}

/* A whole story with two torn cuts; ends in a digest of all of flash. */
static void tell_story(uint8_t end[DIGEST_SIZE], uint64_t *ended)
{
    struct pump pump;
    uint8_t manifest[DIGEST_SIZE];
    struct buffer push = ready_pump(&pump, "program_us: 100\nerase_ms: 30\nlink_speed: 20000\n", manifest);
    for (uint64_t cut = 200; cut < 1000; cut += 500) {
        device_cut_at(pump.device, cut, POWER_CUT_TORN);
        pump_upload_start(&pump, &push);
        assert_true(pump_reaches(&pump, WAIT_OFF, 60000));
        client_cancel(&pump.client);
        on(&pump);
    }
    stage(&pump, &push);
    activate(&pump, manifest);
    assert_true(pump_reaches(&pump, WAIT_CONFIRMED, 60000));
    digest_of(flash_cells_raw(device_cells(pump.device)), end);
    *ended = pump.now;
    free(push.data);
    pump_gone(&pump);
}

static void the_same_seed_tells_the_same_story(void **state)
{
    (void)state;
    uint8_t once[DIGEST_SIZE], again[DIGEST_SIZE];
    uint64_t once_ended, again_ended;
    tell_story(once, &once_ended);
    tell_story(again, &again_ended);
    assert_memory_equal(once, again, DIGEST_SIZE);
    assert_int_equal(once_ended, again_ended);
}

static void slow_flash_and_a_slow_line_take_virtual_time(void **state)
{
    (void)state;
    struct pump pump;
    struct buffer push = ready_pump(&pump, "program_us: 100\nerase_ms: 50\nlink_speed: 5760\n", NULL);
    uint64_t start = pump.now;
    stage(&pump, &push);
    uint64_t line_ms = push.size * 1000 / 5760, flash_ms = 50000 / 16 / 10 + 13 * 50;
    assert_true(pump.now - start > line_ms && pump.now - start > flash_ms);
    assert_true(pump.now - start < 3 * (line_ms + flash_ms));
    free(push.data);
    pump_gone(&pump);
}

/* Whether service mode is on after each: a reset the agent asked for, and power. */
static void service_after(const char *which, bool expected_after_power)
{
    struct pump pump;
    char more[64];
    uint8_t manifest[DIGEST_SIZE];
    snprintf(more, sizeof more, "service_switch: %s\n", which);
    struct buffer push = ready_pump(&pump, more, manifest);
    stage(&pump, &push);
    activate(&pump, manifest);
    assert_true(pump_reaches(&pump, WAIT_TRIAL, 10000));
    assert_true(device_interlock(pump.device)->service);
    device_power_off(pump.device);
    on(&pump);
    assert_int_equal(device_interlock(pump.device)->service, expected_after_power);
    free(push.data);
    pump_gone(&pump);
}

static void service_mode_by_key_ends_with_power_and_by_jumper_stays(void **state)
{
    (void)state;
    service_after("key", false);
    service_after("jumper", true);
}

static void outside_service_mode_nothing_is_taken_and_flash_stays_untouched(void **state)
{
    (void)state;
    struct pump pump;
    struct buffer push = ready_pump(&pump, "", NULL);
    device_interlock(pump.device)->service = false;
    uint64_t before = pump_status(&pump).operations;
    pump_upload_start(&pump, &push);
    assert_int_equal(pump_await(&pump, 60000), CLIENT_REFUSED);
    assert_int_equal(client_error(&pump.client)->rc, SMP_ACCESS_DENIED);
    struct device_status status = pump_status(&pump);
    assert_true(status.operations - before < 16); /* a line in the log, at most */
    assert_int_equal(status.record.number, 1);
    free(push.data);
    pump_gone(&pump);
}

static void a_mute_pump_lets_every_question_time_out(void **state)
{
    (void)state;
    struct pump pump;
    pump_make(&pump, "");
    on(&pump);
    device_cable(pump.device)->fault = CABLE_MUTE;
    assert_int_equal(pump_ask(&pump, VERB_IDENTITY, span_of("", 0)), CLIENT_TIMEOUT);
    device_cable(pump.device)->fault = CABLE_SOUND;
    assert_int_equal(pump_ask(&pump, VERB_IDENTITY, span_of("", 0)), CLIENT_ANSWER);
    pump_gone(&pump);
}

static void a_babbling_pump_answers_no_question(void **state)
{
    (void)state;
    struct pump pump;
    pump_make(&pump, "");
    on(&pump);
    device_cable(pump.device)->fault = CABLE_BABBLE;
    enum client_event event = pump_ask(&pump, VERB_IDENTITY, span_of("", 0));
    assert_true(event == CLIENT_TIMEOUT || event == CLIENT_NONSENSE);
    pump_gone(&pump);
}

static void what_is_sent_down_a_pulled_cable_is_lost(void **state)
{
    (void)state;
    struct pump pump;
    pump_make(&pump, "");
    on(&pump);
    device_cable(pump.device)->plugged = false;
    assert_int_equal(pump_ask(&pump, VERB_IDENTITY, span_of("", 0)), CLIENT_TIMEOUT);
    pump_gone(&pump);
}

static void blank_flash_stays_in_the_boot_loader_and_says_so(void **state)
{
    (void)state;
    struct pump pump;
    pump_make(&pump, "");
    memset(pump.first.data, 0xff, pump.first.size);
    pump_as_new(&pump);
    on(&pump);
    assert_true(control_reached(pump.device, WAIT_RECOVERY));
    assert_false(pump_status(&pump).has_record);
    pump_gone(&pump);
}

static void an_image_of_another_size_is_not_loaded(void **state)
{
    (void)state;
    struct pump pump;
    struct failure why;
    pump_make(&pump, "");
    assert_false(device_load(pump.device, span_first(span_used(&pump.first), 100), &why));
    assert_int_equal(why.id, FAIL_FLASH_IMAGE);
    pump_gone(&pump);
}

/* Its door keeps 8 KiB, and one packet is with the agent. */
static void a_pump_promises_the_packets_that_it_keeps(void **state)
{
    static const struct {
        const char *profile;
        uint32_t size, count;
    } rows[] = {{"", 2048, 5},
                {"buffer: 4096\n", 4096, 3},
                {"buffer: 512\n", 512, 17},
                {"buffer: 32768\n", 32768, 1},
                {"buffers: 2\n", 2048, 2}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct message_capabilities caps;
        struct pump pump;
        pump_make(&pump, rows[i].profile);
        on(&pump);
        assert_int_equal(pump_ask(&pump, VERB_CAPABILITIES, span_of("", 0)), CLIENT_ANSWER);
        assert_int_equal(message_capabilities_read(client_answer(&pump.client), &caps), OK);
        assert_int_equal(caps.buffer_size, rows[i].size);
        assert_int_equal(caps.buffer_count, rows[i].count);
        pump_gone(&pump);
    }
}

static void two_pumps_in_one_process_do_not_know_of_each_other(void **state)
{
    (void)state;
    static struct pump one, other;
    uint8_t manifest[DIGEST_SIZE];
    struct buffer push = ready_pump(&one, "", manifest);
    pump_make(&other, "");
    on(&other);
    device_cut_at(one.device, 50, POWER_CUT_TORN);
    pump_upload_start(&one, &push);
    assert_true(pump_reaches(&one, WAIT_OFF, 60000));
    assert_int_equal(pump_ask(&other, VERB_IDENTITY, span_of("", 0)), CLIENT_ANSWER);
    assert_int_equal(pump_status(&other).torn_units, 0);
    free(push.data);
    pump_gone(&one);
    pump_gone(&other);
}

static void note_event(void *context, const struct device *device, const char *text)
{
    char *story = context;
    (void)device;
    strncat(story, text, 1000 - strlen(story));
    strcat(story, "\n");
}

static void each_event_is_told_as_one_line(void **state)
{
    (void)state;
    struct pump pump;
    char story[1100] = "";
    pump_make(&pump, "");
    device_on_event(pump.device, note_event, story);
    on(&pump);
    device_cut_at(pump.device, 1, POWER_CUT_BEFORE);
    device_power_off(pump.device);
    assert_string_equal(story, "power on\n"
                               "boots slot A, version 1.0.0 (sequence 1), settled\n"
                               "answers at its door\n"
                               "power off\n");
    pump_gone(&pump);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_factorys_pump_boots_what_was_put_in),
        cmocka_unit_test(it_tells_who_it_is),
        cmocka_unit_test(an_update_runs_on_trial_and_is_confirmed),
        cmocka_unit_test(a_failed_self_test_goes_back_at_once),
        cmocka_unit_test(an_image_that_hangs_uses_up_its_tries),
        cmocka_unit_test(an_image_that_crashes_after_a_while_uses_up_its_tries),
        cmocka_unit_test(a_self_test_that_never_ends_is_given_up),
        cmocka_unit_test(a_hung_pump_answers_nothing_until_the_watchdog_resets_it),
        cmocka_unit_test(power_goes_at_exactly_the_operation_asked_for),
        cmocka_unit_test(a_cut_at_half_is_a_cut_at_half_and_what_was_there_is_not_sent_again),
        cmocka_unit_test(power_that_goes_between_two_operations_tears_nothing),
        cmocka_unit_test(a_second_cut_may_meet_the_recovery_of_the_first),
        cmocka_unit_test(the_same_seed_tells_the_same_story),
        cmocka_unit_test(slow_flash_and_a_slow_line_take_virtual_time),
        cmocka_unit_test(service_mode_by_key_ends_with_power_and_by_jumper_stays),
        cmocka_unit_test(outside_service_mode_nothing_is_taken_and_flash_stays_untouched),
        cmocka_unit_test(a_mute_pump_lets_every_question_time_out),
        cmocka_unit_test(a_babbling_pump_answers_no_question),
        cmocka_unit_test(what_is_sent_down_a_pulled_cable_is_lost),
        cmocka_unit_test(blank_flash_stays_in_the_boot_loader_and_says_so),
        cmocka_unit_test(an_image_of_another_size_is_not_loaded),
        cmocka_unit_test(a_pump_promises_the_packets_that_it_keeps),
        cmocka_unit_test(two_pumps_in_one_process_do_not_know_of_each_other),
        cmocka_unit_test(each_event_is_told_as_one_line),
    };
    return cmocka_run_group_tests_name("device", tests, NULL, NULL);
}
