/* A job when the link breaks, the device falls silent or talks nonsense, another one sits at the cable, the new version is
 * bad, the evidence is missing, or the person wants to stop: bounded time, the right code, and never a RETURN that nothing
 * proves. */
#include "tests/unit/loader/pump_kit.h"

/* The steps of an update, as questions that the device may not answer. */
static const struct step_row {
    const char *name;
    uint16_t group;
    uint8_t id;
    bool touched; /* something was changed before it is asked */
} steps[] = {
    {"preflight", SMP_GROUP_SUTURE, VERB_PREFLIGHT, false},
    {"check", SMP_GROUP_SUTURE, VERB_CHECK, false},
    {"send", SMP_GROUP_IMAGE, IMAGE_UPLOAD, true},
    {"activate", SMP_GROUP_SUTURE, VERB_ACTIVATE, true},
    {"report", SMP_GROUP_SUTURE, VERB_REPORT, true},
};
enum { STEPS = sizeof steps / sizeof *steps };

/* A pump as new, and a quirk at one step. */
static void again_with(const struct step_row *step, struct quirk quirk)
{
    job_free(&job);
    pump_close_door();
    pump_leaves_the_factory();
    pump_quirk(step->group, step->id, quirk);
}

/* ---- the link breaks, and comes back */

static void a_link_that_breaks_once_in_any_step_costs_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < STEPS; i++)
        for (unsigned after = 0; after < 3; after++) {
            again_with(&steps[i], (struct quirk){.kind = QUIRK_HANG_UP, .after = after, .times = 1});
            run_job(JOB_UPDATE);
            if (job.verdict.code != EXIT_VERIFIED)
                fail_msg("the link broke at %s %u: E-%d %s\n%s", steps[i].name, after, job.failure.id,
                         job.failure.what, said);
        }
}

static void an_answer_that_is_lost_in_any_step_costs_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < STEPS; i++) {
        again_with(&steps[i], (struct quirk){.kind = QUIRK_ANSWER_LOST, .times = 1});
        run_job(JOB_UPDATE);
        if (job.verdict.code != EXIT_VERIFIED)
            fail_msg("the answer was lost at %s: E-%d %s\n%s", steps[i].name, job.failure.id,
                     job.failure.what, said);
        assert_int_equal(pump.asked[VERB_ACTIVATE], i == 3 && pump.asked[VERB_ACTIVATE] == 2 ? 2 : 1);
    }
}

static void three_silences_are_asked_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < STEPS; i++) {
        again_with(&steps[i], (struct quirk){.kind = QUIRK_SILENT, .times = 3});
        run_job(JOB_UPDATE);
        assert_ended(EXIT_VERIFIED, DISPOSITION_RETURN, FAIL_NONE);
    }
}

static void a_rollback_whose_answer_is_lost_is_not_done_twice(void **state)
{
    (void)state;
    *pump_slot(1) = (struct message_slot){.slot = 1, .state = SLOT_IS_GOOD, .sequence = 3};
    pump_quirk(SMP_GROUP_SUTURE, VERB_ROLLBACK, (struct quirk){.kind = QUIRK_ANSWER_LOST, .times = 1});
    run_job(JOB_ROLLBACK);
    assert_ended(EXIT_VERIFIED, DISPOSITION_RETURN, FAIL_NONE);
    assert_int_equal(pump.asked[VERB_ROLLBACK], 1);
    assert_receipt(FAIL_NONE);
}

/* The device restarted and asks the question anew, which then makes no sense to it. */
static void a_refusal_after_it_was_done_is_looked_into(void **state)
{
    (void)state;
    pump_quirk(SMP_GROUP_SUTURE, VERB_ACTIVATE,
               (struct quirk){.kind = QUIRK_REFUSE, .rc = SUTURE_TRIAL, .times = 1});
    run_job(JOB_UPDATE);
    assert_ended(EXIT_VERIFIED, DISPOSITION_RETURN, FAIL_NONE);
    assert_int_equal(pump.asked[VERB_ACTIVATE], 2);
}

static void a_refusal_that_stands_is_looked_into_once(void **state)
{
    (void)state;
    pump_quirk(SMP_GROUP_SUTURE, VERB_ACTIVATE, (struct quirk){.kind = QUIRK_REFUSE, .rc = SUTURE_STATE});
    run_job_within(JOB_UPDATE, 10000);
    assert_ended(EXIT_FAILED_SAFE, DISPOSITION_RETURN, FAIL_DEVICE_STATE);
    assert_int_equal(pump.asked[VERB_ACTIVATE], 2);
    assert_receipt(FAIL_NONE);
}

/* ---- silence, and a link that does not come back */

static void silence_in_any_step_ends_in_bounded_time(void **state)
{
    (void)state;
    for (size_t i = 0; i < STEPS; i++) {
        again_with(&steps[i], (struct quirk){.kind = QUIRK_SILENT});
        if (steps[i].id != VERB_REPORT)
            pump_quirk(SMP_GROUP_SUTURE, VERB_IDENTITY, (struct quirk){.kind = QUIRK_SILENT, .after = 1});
        run_job_within(JOB_UPDATE, 400000);
        assert_ended(steps[i].touched ? EXIT_UNKNOWN : EXIT_NO_DEVICE,
                     steps[i].touched ? DISPOSITION_HOLD : DISPOSITION_UNTOUCHED, FAIL_TIMEOUT);
        assert_true(job.receipt[0] != '\0');
    }
}

static void one_deaf_verb_of_a_living_device_ends_too(void **state)
{
    (void)state;
    for (size_t i = 0; i < STEPS; i++) {
        again_with(&steps[i], (struct quirk){.kind = QUIRK_SILENT});
        run_job_within(JOB_UPDATE, 400000);
        assert_int_equal(job.failure.id, FAIL_TIMEOUT);
        assert_int_equal(job.verdict.code, steps[i].touched ? EXIT_UNKNOWN : EXIT_NO_DEVICE);
    }
}

static void a_link_that_comes_and_goes_without_end_is_no_link(void **state)
{
    (void)state;
    for (size_t i = 0; i < STEPS; i++) {
        again_with(&steps[i], (struct quirk){.kind = QUIRK_HANG_UP});
        run_job_within(JOB_UPDATE, 400000);
        assert_int_equal(job.failure.id, FAIL_LINK_LOST);
        assert_int_equal(job.verdict.disposition,
                         steps[i].touched ? DISPOSITION_HOLD : DISPOSITION_UNTOUCHED);
    }
}

/* Each answer of the report comes, and then the link breaks: progress that leads nowhere. */
static void a_link_that_breaks_after_each_answer_ends_too(void **state)
{
    (void)state;
    pump_quirk(SMP_GROUP_SUTURE, VERB_REPORT, (struct quirk){.kind = QUIRK_HANG_UP, .after = 1, .times = 1});
    pump_quirk(SMP_GROUP_SUTURE, VERB_REPORT, (struct quirk){.kind = QUIRK_ANSWER_LOST});
    run_job_within(JOB_UPDATE, 400000);
    assert_ended(EXIT_UNKNOWN, DISPOSITION_HOLD, FAIL_LINK_LOST);
}

static void a_station_without_patience_gives_up_at_once(void **state)
{
    (void)state;
    settings.wait_ms = 0;
    pump_quirk(SMP_GROUP_IMAGE, IMAGE_UPLOAD, (struct quirk){.kind = QUIRK_HANG_UP, .after = 2});
    run_job_within(JOB_UPDATE, 1000);
    assert_ended(EXIT_UNKNOWN, DISPOSITION_HOLD, FAIL_LINK_LOST);
    assert_receipt(FAIL_NO_EVIDENCE);
    assert_said("4.2.0 ran when it was last asked, unsigned");
}

/* ---- nonsense */

static void nonsense_in_any_step_is_said(void **state)
{
    static const enum quirk_kind kinds[] = {QUIRK_GARBAGE, QUIRK_EMPTY};

    (void)state;
    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0; i < STEPS; i++) {
            if (steps[i].id == VERB_ACTIVATE && kinds[k] == QUIRK_EMPTY)
                continue; /* an empty map is an answer there, and FATE_IGNORES tells that story */
            again_with(&steps[i], (struct quirk){.kind = kinds[k]});
            run_job_within(JOB_UPDATE, 60000);
            assert_int_equal(job.failure.id, FAIL_NONSENSE);
            if (!steps[i].touched)
                assert_ended(EXIT_NO_DEVICE, DISPOSITION_UNTOUCHED, FAIL_NONSENSE);
            else if (steps[i].id == VERB_REPORT || steps[i].id == VERB_ACTIVATE)
                assert_int_equal(job.verdict.disposition == DISPOSITION_HOLD ||
                                     (job.report_proven && job.verdict.disposition == DISPOSITION_RETURN),
                                 1);
            else
                assert_ended(EXIT_FAILED_SAFE, DISPOSITION_RETURN, FAIL_NONSENSE); /* the old one is proven */
        }
}

static void nonsense_from_the_first_word_on_is_no_device_of_ours(void **state)
{
    static const uint8_t verbs[] = {VERB_CAPABILITIES, VERB_IDENTITY};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        again_with(&(struct step_row){"", SMP_GROUP_SUTURE, verbs[i], false},
                   (struct quirk){.kind = QUIRK_GARBAGE});
        run_job(JOB_UPDATE);
        assert_ended(EXIT_NO_DEVICE, DISPOSITION_UNTOUCHED, FAIL_NONSENSE);
    }
    assert_no_receipt();
}

static void noise_where_an_answer_should_be_is_nonsense_too(void **state)
{
    (void)state;
    pump_quirk(SMP_GROUP_SUTURE, VERB_CAPABILITIES, (struct quirk){.kind = QUIRK_NOISE});
    run_job_within(JOB_UPDATE, 10000);
    assert_ended(EXIT_NO_DEVICE, DISPOSITION_UNTOUCHED, FAIL_NONSENSE);
    assert_no_receipt();
}

/* ---- the stick */

static void a_stick_that_is_pulled_before_it_was_touched_leaves_it_untouched(void **state)
{
    (void)state;
    pump_quirk(SMP_GROUP_SUTURE, VERB_PREFLIGHT, (struct quirk){.kind = QUIRK_NO_STICK, .times = 1});
    run_job_within(JOB_UPDATE, 10000);
    assert_int_equal(job.failure.id, FAIL_BUNDLE_CHANGED);
    assert_int_equal(job.verdict.disposition, DISPOSITION_UNTOUCHED);
    assert_int_equal(pump.uploads, 0);
}

static void a_stick_that_is_pulled_while_it_is_written_ends_in_a_proven_old_version(void **state)
{
    (void)state;
    pump_quirk(SMP_GROUP_IMAGE, IMAGE_UPLOAD, (struct quirk){.kind = QUIRK_NO_STICK, .after = 1, .times = 1});
    run_job_within(JOB_UPDATE, 20000);
    assert_ended(EXIT_FAILED_SAFE, DISPOSITION_RETURN, FAIL_BUNDLE_CHANGED);
    assert_int_equal(pump.asked[VERB_ACTIVATE], 0);
    assert_receipt(FAIL_NONE);
}

/* All of it is in the device by then. */
static void a_stick_that_is_pulled_after_that_is_not_missed(void **state)
{
    (void)state;
    pump_quirk(SMP_GROUP_SUTURE, VERB_ACTIVATE, (struct quirk){.kind = QUIRK_NO_STICK, .times = 1});
    run_job(JOB_UPDATE);
    assert_ended(EXIT_VERIFIED, DISPOSITION_RETURN, FAIL_NONE);
}

/* ---- another device at the cable */

static void a_pump_that_is_swapped_in_any_step_is_seen(void **state)
{
    (void)state;
    for (size_t i = 0; i < STEPS; i++) {
        again_with(&steps[i], (struct quirk){.kind = QUIRK_SWAPPED, .times = 1});
        run_job(JOB_UPDATE);
        if (job.failure.id != FAIL_OTHER_DEVICE)
            fail_msg("swapped at %s: E-%d\n%s", steps[i].name, job.failure.id, said);
        assert_ended(steps[i].touched ? EXIT_UNKNOWN : EXIT_NO_DEVICE,
                     steps[i].touched ? DISPOSITION_HOLD : DISPOSITION_UNTOUCHED, FAIL_OTHER_DEVICE);
        assert_said("expected 7F31, 9Z99 answered");
    }
}

static void a_swapped_pump_gets_nothing(void **state)
{
    (void)state;
    again_with(&steps[2], (struct quirk){.kind = QUIRK_SWAPPED, .after = 2, .times = 1});
    run_job(JOB_UPDATE);
    assert_int_equal(pump.uploads, 2);
    assert_int_equal(pump.asked[VERB_ACTIVATE], 0);
}

static void another_pump_after_the_restart_puts_both_on_hold(void **state)
{
    (void)state;
    pump.fate = FATE_STRANGER;
    run_job(JOB_UPDATE);
    assert_ended(EXIT_UNKNOWN, DISPOSITION_HOLD, FAIL_OTHER_DEVICE);
    assert_receipt(FAIL_NO_EVIDENCE);
}

/* ---- what becomes of the new version */

static void a_version_that_gives_up_is_rolled_back_and_held(void **state)
{
    (void)state;
    pump.fate = FATE_GIVES_UP;
    run_job(JOB_UPDATE);
    assert_ended(EXIT_ROLLED_BACK, DISPOSITION_HOLD, FAIL_ROLLED_BACK);
    assert_receipt(FAIL_NONE);
    assert_said("self test code 7");
}

static void a_device_that_never_comes_back_is_unknown(void **state)
{
    (void)state;
    pump.fate = FATE_NEVER_BACK;
    /* 60 s silence for each of 3 tries, and the station's own patience */
    run_job_within(JOB_UPDATE, 220000);
    assert_ended(EXIT_UNKNOWN, DISPOSITION_HOLD, FAIL_LINK_LOST);
    assert_true(pump.now > 200000);
    assert_receipt(FAIL_NO_EVIDENCE);
}

static void a_device_that_comes_back_deaf_is_unknown(void **state)
{
    (void)state;
    pump.fate = FATE_DEAF;
    run_job_within(JOB_UPDATE, 230000);
    assert_ended(EXIT_UNKNOWN, DISPOSITION_HOLD, FAIL_TIMEOUT);
}

static void a_device_that_comes_back_unsafe_is_not_to_be_used(void **state)
{
    (void)state;
    pump.fate = FATE_UNSAFE;
    run_job(JOB_UPDATE);
    assert_ended(EXIT_UNSAFE, DISPOSITION_DO_NOT_USE, FAIL_UNSAFE);
    assert_receipt(FAIL_NONE);
}

static void an_unsafe_device_that_signs_nothing_is_unsafe_all_the_same(void **state)
{
    (void)state;
    pump.fate = FATE_UNSAFE;
    pump_quirk(SMP_GROUP_SUTURE, VERB_REPORT,
               (struct quirk){.kind = QUIRK_REFUSE_SMP, .rc = SMP_NOT_SUPPORTED});
    run_job(JOB_UPDATE);
    assert_ended(EXIT_UNSAFE, DISPOSITION_DO_NOT_USE, FAIL_UNSAFE);
    assert_receipt(FAIL_NO_EVIDENCE);
}

static void a_trial_that_never_settles_ends_on_hold(void **state)
{
    (void)state;
    pump.fate = FATE_LINGERS;
    run_job_within(JOB_UPDATE, 260000);
    assert_ended(EXIT_NEEDS_PERSON, DISPOSITION_HOLD, FAIL_DEVICE_STATE);
    assert_receipt(FAIL_NONE);
}

static void an_activation_that_is_promised_and_not_done_is_seen(void **state)
{
    (void)state;
    pump.fate = FATE_IGNORES;
    run_job_within(JOB_UPDATE, 260000);
    assert_ended(EXIT_FAILED_SAFE, DISPOSITION_RETURN, FAIL_DEVICE_STATE);
    assert_receipt(FAIL_NONE);
}

/* ---- evidence */

static void a_device_without_a_key_is_held(void **state)
{
    (void)state;
    pump.report_key = NULL;
    run_job(JOB_UPDATE);
    assert_ended(EXIT_NEEDS_PERSON, DISPOSITION_HOLD, FAIL_NO_EVIDENCE);
    assert_receipt(FAIL_NO_EVIDENCE);
}

static void a_report_of_another_session_device_or_factory_proves_nothing(void **state)
{
    (void)state;
    pump.report_of_another_session = true;
    run_job(JOB_UPDATE);
    assert_ended(EXIT_NEEDS_PERSON, DISPOSITION_HOLD, FAIL_REPORT);
    again_with(&steps[0], (struct quirk){.kind = QUIRK_SILENT, .after = 99});
    pump.report_serial = "9Z99";
    run_job(JOB_UPDATE);
    assert_ended(EXIT_NEEDS_PERSON, DISPOSITION_HOLD, FAIL_REPORT);
    again_with(&steps[0], (struct quirk){.kind = QUIRK_SILENT, .after = 99});
    pump.report_factory = "someone else's factory";
    run_job(JOB_UPDATE);
    assert_ended(EXIT_NEEDS_PERSON, DISPOSITION_HOLD, FAIL_CERTIFICATE);
    assert_int_equal(files_in(receipt_folder()), 3);
}

static void a_report_that_stays_busy_is_not_waited_for_for_ever(void **state)
{
    (void)state;
    pump_quirk(SMP_GROUP_SUTURE, VERB_REPORT, (struct quirk){.kind = QUIRK_REFUSE, .rc = SUTURE_BUSY});
    run_job_within(JOB_VERIFY, 40000);
    assert_ended(EXIT_FAILED_SAFE, DISPOSITION_UNTOUCHED, FAIL_DEVICE_BUSY);
}

/* What the device told at the beginning is its own word; only the report counts. */
static void a_report_that_contradicts_the_identity_wins(void **state)
{
    (void)state;
    pump.fate = FATE_GIVES_UP;
    pump.manifest_ids[0][0] ^= 1;
    run_job(JOB_UPDATE);
    assert_ended(EXIT_ROLLED_BACK, DISPOSITION_HOLD, FAIL_ROLLED_BACK);
}

static void a_receipt_that_can_not_be_written_is_said_with_the_worse_code(void **state)
{
    (void)state;
    put("receipts", span_text("not a folder"));
    run_job(JOB_UPDATE);
    assert_ended(EXIT_LOCAL_IO, DISPOSITION_RETURN, FAIL_RECEIPT_WRITE);
    again_with(&steps[0], (struct quirk){.kind = QUIRK_SILENT, .after = 99});
    pump.fate = FATE_GIVES_UP;
    run_job(JOB_UPDATE);
    assert_ended(EXIT_ROLLED_BACK, DISPOSITION_HOLD, FAIL_ROLLED_BACK);
    assert_said("E-82");
}

/* ---- a person confirms */

static void the_technician_confirms(void)
{
    kit.content.confirm_who = CONFIRM_BY_TECHNICIAN;
    kit.content.check_count = 3;
    kit.content.checks[0] = (struct suit_check){"alarm", "Does the alarm sound?", "yes-no", "", 0, 0, true};
    kit.content.checks[1] =
        (struct suit_check){"flow", "Flow at 120", "number", "mL/h", 114000, 126000, true};
    kit.content.checks[2] = (struct suit_check){"label", "Label is on", "text", "", 0, 0, false};
    release_on_the_stick();
    pump.fate = FATE_WAITS;
}

static void answers(const char *const *list, size_t count)
{
    settings.answers = list;
    settings.answer_count = count;
}

static const char *const good_answers[] = {"alarm=yes", "flow=126", "label=green"};

static void checks_that_are_open_keep_it_on_hold_and_are_listed(void **state)
{
    (void)state;
    the_technician_confirms();
    run_job(JOB_UPDATE);
    assert_ended(EXIT_NEEDS_PERSON, DISPOSITION_HOLD, FAIL_CHECKS);
    assert_receipt(FAIL_NONE);
    assert_said("Does the alarm sound?  --check alarm=yes|no");
    assert_said("Flow at 120 (114 to 126 mL/h)  --check flow=NUMBER");
    assert_int_equal(pump.asked[VERB_CONFIRM], 0);
}

static void answered_checks_confirm_it_and_stand_in_the_receipt(void **state)
{
    (void)state;
    the_technician_confirms();
    run_job(JOB_UPDATE);
    job_free(&job);
    answers(good_answers, 3);
    run_job(JOB_RESUME);
    assert_ended(EXIT_VERIFIED, DISPOSITION_RETURN, FAIL_NONE);
    assert_int_equal(job.check_count, 3);
    assert_int_equal(pump.asked[VERB_CONFIRM], 1);
    /* and once more, without answers: it is confirmed, there is nothing left to ask */
    job_free(&job);
    answers(NULL, 0);
    run_job(JOB_RESUME);
    assert_ended(EXIT_VERIFIED, DISPOSITION_RETURN, FAIL_NONE);
}

static void a_confirm_waits_for_the_self_test(void **state)
{
    (void)state;
    the_technician_confirms();
    answers(good_answers, 3);
    pump_quirk(SMP_GROUP_SUTURE, VERB_CONFIRM,
               (struct quirk){.kind = QUIRK_REFUSE, .rc = SUTURE_STATE, .times = 4});
    run_job(JOB_UPDATE);
    assert_ended(EXIT_VERIFIED, DISPOSITION_RETURN, FAIL_NONE);
    assert_int_equal(pump.asked[VERB_CONFIRM], 5);
    const char *first = strstr(said, "all required checks passed");
    assert_non_null(first);
    assert_null(strstr(first + 1, "all required checks passed"));
}

static void a_self_test_that_never_ends_ends_the_job(void **state)
{
    (void)state;
    the_technician_confirms();
    answers(good_answers, 3);
    pump.self_test_runs = true;
    run_job_within(JOB_UPDATE, 260000);
    assert_ended(EXIT_NEEDS_PERSON, DISPOSITION_HOLD, FAIL_DEVICE_STATE);
    assert_receipt(FAIL_NONE);
}

static void a_confirm_that_is_promised_and_not_done_ends_the_job(void **state)
{
    (void)state;
    the_technician_confirms();
    pump.fate = FATE_LINGERS;
    answers(good_answers, 3);
    run_job_within(JOB_UPDATE, 500000);
    assert_ended(EXIT_NEEDS_PERSON, DISPOSITION_HOLD, FAIL_DEVICE_STATE);
    assert_int_equal(pump.asked[VERB_CONFIRM], 1);
}

static void a_confirm_whose_answer_is_lost_is_done(void **state)
{
    (void)state;
    the_technician_confirms();
    answers(good_answers, 3);
    pump_quirk(SMP_GROUP_SUTURE, VERB_CONFIRM, (struct quirk){.kind = QUIRK_ANSWER_LOST, .times = 1});
    run_job(JOB_UPDATE);
    assert_ended(EXIT_VERIFIED, DISPOSITION_RETURN, FAIL_NONE);
    assert_int_equal(pump.asked[VERB_CONFIRM], 1);
}

static void a_failed_check_sends_it_back(void **state)
{
    static const char *const no[] = {"alarm=no", "flow=120"}, *const much[] = {"alarm=yes", "flow=126.001"};

    (void)state;
    the_technician_confirms();
    answers(no, 2);
    run_job(JOB_UPDATE);
    assert_ended(EXIT_ROLLED_BACK, DISPOSITION_HOLD, FAIL_ROLLED_BACK);
    assert_receipt(FAIL_NONE);
    again_with(&steps[0], (struct quirk){.kind = QUIRK_SILENT, .after = 99});
    pump.fate = FATE_WAITS;
    answers(much, 2);
    run_job(JOB_UPDATE);
    assert_ended(EXIT_ROLLED_BACK, DISPOSITION_HOLD, FAIL_ROLLED_BACK);
    assert_int_equal(pump.asked[VERB_CONFIRM], 0);
}

/* A slip of the finger is no "no". */
static void an_answer_that_nobody_understands_asks_again(void **state)
{
    static const char *const slips[][2] = {{"alarm=Y", "flow=120"},     {"alarm=", "flow=120"},
                                           {"alarm=yes", "flow=119,5"}, {"alarm=yes", "flow=nan"},
                                           {"alarm=yes", "flow=inf"},   {"alarm=yes", "flow=120 mL/h"},
                                           {"alarm=yes", "flow="},      {"alram=yes", "flow=120"}};
    (void)state;
    the_technician_confirms();
    for (size_t i = 0; i < sizeof slips / sizeof *slips; i++) {
        again_with(&steps[0], (struct quirk){.kind = QUIRK_SILENT, .after = 99});
        pump.fate = FATE_WAITS;
        answers(slips[i], 2);
        run_job(JOB_UPDATE);
        assert_ended(EXIT_NEEDS_PERSON, DISPOSITION_HOLD, FAIL_CHECKS);
        assert_int_equal(pump.asked[VERB_CONFIRM] + pump.asked[VERB_ROLLBACK], 0);
    }
}

static void checks_of_a_version_that_confirms_itself_keep_it_on_hold_until_answered(void **state)
{
    (void)state;
    the_technician_confirms();
    kit.content.confirm_who = CONFIRM_BY_DEVICE;
    release_on_the_stick();
    pump.fate = FATE_CONFIRMS;
    run_job(JOB_UPDATE);
    assert_ended(EXIT_NEEDS_PERSON, DISPOSITION_HOLD, FAIL_CHECKS);
    assert_receipt(FAIL_NONE);
    job_free(&job);
    answers(good_answers, 3);
    run_job(JOB_RESUME);
    assert_ended(EXIT_VERIFIED, DISPOSITION_RETURN, FAIL_NONE);
    assert_int_equal(job.check_count, 3);
}

static void a_trial_can_be_rolled_back_by_hand(void **state)
{
    (void)state;
    the_technician_confirms();
    run_job(JOB_UPDATE);
    job_free(&job);
    pump.preflight.ready = false;
    pump.preflight.reasons[0] = SUTURE_TRIAL;
    pump.preflight.reason_count = 1;
    run_job(JOB_ROLLBACK);
    assert_ended(EXIT_VERIFIED, DISPOSITION_RETURN, FAIL_NONE);
    assert_int_equal(pump_running(), 0);
}

/* ---- the person wants to stop */

static void an_interrupt_before_the_activation_leaves_it_untouched(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        again_with(&steps[i], (struct quirk){.kind = QUIRK_INTERRUPT, .times = 1});
        run_job(JOB_UPDATE);
        assert_ended(EXIT_INTERRUPTED, DISPOSITION_UNTOUCHED, FAIL_INTERRUPTED);
        assert_int_equal(pump.asked[VERB_ACTIVATE], 0);
        assert_said("it is safe to unplug now");
    }
    assert_int_equal(files_in(receipt_folder()), 3);
}

/* From the question on: its answer may be under way. */
static void an_interrupt_from_the_activation_on_goes_on_to_the_verdict(void **state)
{
    (void)state;
    for (size_t i = 3; i < STEPS; i++) {
        again_with(&steps[i], (struct quirk){.kind = QUIRK_INTERRUPT, .times = 1});
        run_job(JOB_UPDATE);
        assert_ended(EXIT_VERIFIED, DISPOSITION_RETURN, FAIL_NONE);
        assert_said("going on until it is known what it runs");
    }
}

static void a_second_interrupt_ends_it_as_unknown(void **state)
{
    (void)state;
    pump_quirk(SMP_GROUP_SUTURE, VERB_IDENTITY,
               (struct quirk){.kind = QUIRK_INTERRUPT, .after = 1, .times = 2});
    pump.fate = FATE_LINGERS;
    run_job_within(JOB_UPDATE, 10000);
    assert_ended(EXIT_UNKNOWN, DISPOSITION_HOLD, FAIL_INTERRUPTED);
    assert_receipt(FAIL_NO_EVIDENCE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_STORY(a_link_that_breaks_once_in_any_step_costs_nothing),
        BENCH_STORY(an_answer_that_is_lost_in_any_step_costs_nothing),
        BENCH_STORY(three_silences_are_asked_again),
        BENCH_STORY(a_rollback_whose_answer_is_lost_is_not_done_twice),
        BENCH_STORY(a_refusal_after_it_was_done_is_looked_into),
        BENCH_STORY(a_refusal_that_stands_is_looked_into_once),
        BENCH_STORY(silence_in_any_step_ends_in_bounded_time),
        BENCH_STORY(one_deaf_verb_of_a_living_device_ends_too),
        BENCH_STORY(a_link_that_comes_and_goes_without_end_is_no_link),
        BENCH_STORY(a_link_that_breaks_after_each_answer_ends_too),
        BENCH_STORY(a_station_without_patience_gives_up_at_once),
        BENCH_STORY(nonsense_in_any_step_is_said),
        BENCH_STORY(nonsense_from_the_first_word_on_is_no_device_of_ours),
        BENCH_STORY(noise_where_an_answer_should_be_is_nonsense_too),
        BENCH_STORY(a_stick_that_is_pulled_before_it_was_touched_leaves_it_untouched),
        BENCH_STORY(a_stick_that_is_pulled_while_it_is_written_ends_in_a_proven_old_version),
        BENCH_STORY(a_stick_that_is_pulled_after_that_is_not_missed),
        BENCH_STORY(a_pump_that_is_swapped_in_any_step_is_seen),
        BENCH_STORY(a_swapped_pump_gets_nothing),
        BENCH_STORY(another_pump_after_the_restart_puts_both_on_hold),
        BENCH_STORY(a_version_that_gives_up_is_rolled_back_and_held),
        BENCH_STORY(a_device_that_never_comes_back_is_unknown),
        BENCH_STORY(a_device_that_comes_back_deaf_is_unknown),
        BENCH_STORY(a_device_that_comes_back_unsafe_is_not_to_be_used),
        BENCH_STORY(an_unsafe_device_that_signs_nothing_is_unsafe_all_the_same),
        BENCH_STORY(a_trial_that_never_settles_ends_on_hold),
        BENCH_STORY(an_activation_that_is_promised_and_not_done_is_seen),
        BENCH_STORY(a_device_without_a_key_is_held),
        BENCH_STORY(a_report_of_another_session_device_or_factory_proves_nothing),
        BENCH_STORY(a_report_that_stays_busy_is_not_waited_for_for_ever),
        BENCH_STORY(a_report_that_contradicts_the_identity_wins),
        BENCH_STORY(a_receipt_that_can_not_be_written_is_said_with_the_worse_code),
        BENCH_STORY(checks_that_are_open_keep_it_on_hold_and_are_listed),
        BENCH_STORY(answered_checks_confirm_it_and_stand_in_the_receipt),
        BENCH_STORY(a_confirm_waits_for_the_self_test),
        BENCH_STORY(a_self_test_that_never_ends_ends_the_job),
        BENCH_STORY(a_confirm_that_is_promised_and_not_done_ends_the_job),
        BENCH_STORY(a_confirm_whose_answer_is_lost_is_done),
        BENCH_STORY(a_failed_check_sends_it_back),
        BENCH_STORY(an_answer_that_nobody_understands_asks_again),
        BENCH_STORY(checks_of_a_version_that_confirms_itself_keep_it_on_hold_until_answered),
        BENCH_STORY(a_trial_can_be_rolled_back_by_hand),
        BENCH_STORY(an_interrupt_before_the_activation_leaves_it_untouched),
        BENCH_STORY(an_interrupt_from_the_activation_on_goes_on_to_the_verdict),
        BENCH_STORY(a_second_interrupt_ends_it_as_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
