/* Jobs that only ask: identify and log. They change nothing, leave no receipt, and believe nothing that isn't signed. */
#include "tests/unit/loader/pump_kit.h"

static void ended_quietly(void)
{
    assert_ended(EXIT_VERIFIED, DISPOSITION_UNTOUCHED, FAIL_NONE);
    assert_no_receipt();
    assert_null(strstr(said, "UNTOUCHED"));
    assert_int_equal(pump.asked[VERB_PREFLIGHT] + pump.asked[VERB_CHECK] + pump.uploads, 0);
}

/* ---- identify */

static void identify_shows_what_it_is_can_and_signs(void **state)
{
    (void)state;
    run_job(JOB_IDENTIFY);
    ended_quietly();
    assert_said("what it says, unsigned:");
    assert_said("slot A           good, runs, sequence 4, version 4.2.0, sha256 0d0d0d");
    assert_said("agent            0.1.0, protocol 1");
    assert_said("limits           manifest 4096, block 4096, segment 65536, decoder RAM 16384 bytes");
    assert_said("what it signed, proven by its vendor's root:");
    assert_said("serial           7F31, agent 0.1.0, start number 12");
    assert_said("certificate      of serial 7F31");
}

static void identify_without_the_vendor_s_root_shows_the_report_as_unproven(void **state)
{
    (void)state;
    struct failure why;

    assert_true(trust_store_remove(trust_folder(), kit.content.vendor, &why));
    run_job(JOB_IDENTIFY);
    assert_ended(EXIT_REFUSED_BUNDLE, DISPOSITION_UNTOUCHED, FAIL_NO_ROOT);
    assert_no_receipt();
    assert_said("NOT PROVEN");
    assert_said("start number 12");
    assert_null(strstr(said, "proven by its vendor's root"));
}

static void identify_of_a_report_for_another_session_is_not_proven(void **state)
{
    (void)state;
    pump.report_of_another_session = true;
    run_job(JOB_IDENTIFY);
    assert_ended(EXIT_NEEDS_PERSON, DISPOSITION_HOLD, FAIL_REPORT);
    assert_no_receipt();
    assert_said("NOT PROVEN");
}

static void identify_of_a_device_without_a_key_says_that_nothing_is_signed(void **state)
{
    (void)state;
    pump.report_key = NULL;
    run_job(JOB_IDENTIFY);
    assert_ended(EXIT_NEEDS_PERSON, DISPOSITION_HOLD, FAIL_NO_EVIDENCE);
    assert_no_receipt();
    assert_said("no signed report");
}

static void identify_of_a_device_on_trial_is_an_answer(void **state)
{
    (void)state;
    pump_runs(0, KIND_IS_TRIAL);
    run_job(JOB_IDENTIFY);
    ended_quietly();
    assert_said("boot             trial,");
}

static void identify_of_a_device_that_runs_nothing_is_an_answer(void **state)
{
    (void)state;
    pump.identity.boot_kind = KIND_IS_RECOVERY;
    pump_slot(0)->active = false;
    run_job(JOB_IDENTIFY);
    ended_quietly();
    assert_said("NOTHING PROVEN RUNS");
    assert_said("runs             nothing that was proven");
}

static void identify_goes_on_after_a_broken_link(void **state)
{
    (void)state;
    pump_quirk(SMP_GROUP_SUTURE, VERB_REPORT, (struct quirk){.kind = QUIRK_HANG_UP, .after = 1, .times = 1});
    run_job(JOB_IDENTIFY);
    ended_quietly();
    assert_said("what it signed, proven by its vendor's root:");
}

static void identify_of_a_swapped_device_is_none(void **state)
{
    (void)state;
    pump_quirk(SMP_GROUP_SUTURE, VERB_REPORT, (struct quirk){.kind = QUIRK_SWAPPED, .times = 1});
    run_job(JOB_IDENTIFY);
    assert_int_equal(job.failure.id, FAIL_OTHER_DEVICE);
    assert_null(strstr(said, "proven by its vendor's root"));
}

/* ---- log */

static unsigned entries_said(void)
{
    unsigned count = 0;
    for (const char *at = said; (at = strstr(at, "started from slot A")) != NULL; at++)
        count++;
    return count;
}

static void a_log_of_many_answers_is_shown_whole_and_once(void **state)
{
    (void)state;
    pump.log_first = 5;
    pump.log_end = 5 + 2 * MESSAGE_LIST_MAX + 1;
    run_job(JOB_LOG);
    ended_quietly();
    assert_int_equal(entries_said(), 2 * MESSAGE_LIST_MAX + 1);
    assert_said("   21      +21 s  start        started from slot A, settled");
    assert_int_equal(pump.asked[VERB_REPORT], 0);
}

static void a_log_may_begin_in_the_middle(void **state)
{
    (void)state;
    pump.log_end = 10;
    settings.log_from = 8;
    run_job(JOB_LOG);
    ended_quietly();
    assert_int_equal(entries_said(), 2);
}

static void an_empty_log_is_a_good_answer(void **state)
{
    (void)state;
    run_job(JOB_LOG);
    ended_quietly();
    assert_int_equal(entries_said(), 0);
}

static void a_log_goes_on_after_a_broken_link_without_repeating(void **state)
{
    (void)state;
    pump.log_end = 20;
    pump_quirk(SMP_GROUP_SUTURE, VERB_LOG, (struct quirk){.kind = QUIRK_HANG_UP, .after = 1, .times = 1});
    run_job(JOB_LOG);
    ended_quietly();
    assert_int_equal(entries_said(), 19);
}

static void a_log_that_goes_back_or_never_ends_is_nonsense(void **state)
{
    (void)state;
    pump.log_end = 20;
    pump.log_goes_back = true;
    run_job(JOB_LOG);
    assert_ended(EXIT_NO_DEVICE, DISPOSITION_UNTOUCHED, FAIL_NONSENSE);
    job_free(&job);
    pump.log_goes_back = false;
    pump.log_grows = true;
    run_job(JOB_LOG);
    assert_ended(EXIT_NO_DEVICE, DISPOSITION_UNTOUCHED, FAIL_NONSENSE);
    assert_said("a log without an end");
}

static void a_log_that_is_refused_or_garbage_is_a_failure(void **state)
{
    (void)state;
    pump_quirk(SMP_GROUP_SUTURE, VERB_LOG, (struct quirk){.kind = QUIRK_GARBAGE});
    run_job(JOB_LOG);
    assert_int_equal(job.failure.id, FAIL_NONSENSE);
    job_free(&job);
    pump.quirk_count = 0;
    pump_quirk(SMP_GROUP_SUTURE, VERB_LOG, (struct quirk){.kind = QUIRK_REFUSE, .rc = SUTURE_STATE});
    run_job(JOB_LOG);
    assert_int_not_equal(job.failure.id, FAIL_NONE);
    assert_no_receipt();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_STORY(identify_shows_what_it_is_can_and_signs),
        BENCH_STORY(identify_without_the_vendor_s_root_shows_the_report_as_unproven),
        BENCH_STORY(identify_of_a_report_for_another_session_is_not_proven),
        BENCH_STORY(identify_of_a_device_without_a_key_says_that_nothing_is_signed),
        BENCH_STORY(identify_of_a_device_on_trial_is_an_answer),
        BENCH_STORY(identify_of_a_device_that_runs_nothing_is_an_answer),
        BENCH_STORY(identify_goes_on_after_a_broken_link),
        BENCH_STORY(identify_of_a_swapped_device_is_none),
        BENCH_STORY(a_log_of_many_answers_is_shown_whole_and_once),
        BENCH_STORY(a_log_may_begin_in_the_middle),
        BENCH_STORY(an_empty_log_is_a_good_answer),
        BENCH_STORY(a_log_goes_on_after_a_broken_link_without_repeating),
        BENCH_STORY(a_log_that_goes_back_or_never_ends_is_nonsense),
        BENCH_STORY(a_log_that_is_refused_or_garbage_is_a_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
