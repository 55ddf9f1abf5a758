/* A job from plug-in to verdict: the way when all goes well, and every reason not to begin. Each story ends with an exit
 * code, a disposition, a failure's id, and a receipt or none. */
#include "tests/unit/loader/pump_kit.h"

/* ---- all goes well */

static void an_update_ends_with_a_proven_return(void **state)
{
    (void)state;
    run_job(JOB_UPDATE);
    assert_ended(EXIT_VERIFIED, DISPOSITION_RETURN, FAIL_NONE);
    assert_receipt(FAIL_NONE);
    assert_said("4.2.0 -> 4.3.1, proven by its signed report");
    assert_int_equal(pump.asked[VERB_ACTIVATE], 1);
    assert_int_equal(job.not_sent_again, 0);
}

static void devices_only_asks_who_is_there(void **state)
{
    (void)state;
    run_job(JOB_DEVICES);
    assert_ended(EXIT_VERIFIED, DISPOSITION_UNTOUCHED, FAIL_NONE);
    assert_no_receipt();
    assert_said("P-200 rev B  SN 7F31  slot A 4.2.0 (seq 4)  settled");
    assert_int_equal(pump.asked[VERB_PREFLIGHT] + pump.asked[VERB_REPORT] + pump.uploads, 0);
}

static void check_lets_the_device_judge_and_changes_nothing(void **state)
{
    (void)state;
    run_job(JOB_CHECK);
    assert_ended(EXIT_VERIFIED, DISPOSITION_UNTOUCHED, FAIL_NONE);
    assert_no_receipt();
    assert_said("ready for 4.3.1, nothing was changed");
    assert_int_equal(pump.uploads, 0);
}

static void verify_lets_it_prove_what_runs(void **state)
{
    (void)state;
    settings.from.folder = NULL;
    run_job(JOB_VERIFY);
    assert_ended(EXIT_VERIFIED, DISPOSITION_RETURN, FAIL_NONE);
    assert_receipt(FAIL_NONE);
    assert_int_equal(pump.asked[VERB_PREFLIGHT] + pump.asked[VERB_CHECK] + pump.uploads, 0);
}

static void verify_against_a_bundle_says_that_it_is_another_release(void **state)
{
    (void)state;
    run_job(JOB_VERIFY);
    assert_ended(EXIT_FAILED_SAFE, DISPOSITION_HOLD, FAIL_NOT_CURRENT);
    assert_receipt(FAIL_NONE);
}

/* The question is "is it this one?", not "may it be installed?". */
static void verify_against_an_older_bundle_is_an_answer_not_a_refusal(void **state)
{
    (void)state;
    pump_slot(0)->sequence = 99;
    run_job(JOB_VERIFY);
    assert_ended(EXIT_FAILED_SAFE, DISPOSITION_HOLD, FAIL_NOT_CURRENT);
    assert_receipt(FAIL_NONE);
}

static void a_device_with_the_release_has_nothing_to_do(void **state)
{
    (void)state;
    run_job(JOB_UPDATE);
    assert_ended(EXIT_VERIFIED, DISPOSITION_RETURN, FAIL_NONE);
    job_free(&job);
    run_job(JOB_UPDATE);
    assert_ended(EXIT_NOTHING_TO_DO, DISPOSITION_RETURN, FAIL_NONE);
    assert_int_equal(pump.asked[VERB_ACTIVATE], 1);
    job_free(&job);
    run_job(JOB_CHECK);
    assert_ended(EXIT_NOTHING_TO_DO, DISPOSITION_UNTOUCHED, FAIL_NONE);
    job_free(&job);
    run_job(JOB_VERIFY);
    assert_ended(EXIT_VERIFIED, DISPOSITION_RETURN, FAIL_NONE);
    job_free(&job);
    run_job(JOB_RESUME);
    assert_ended(EXIT_VERIFIED, DISPOSITION_RETURN, FAIL_NONE);
}

/* The vendor signs an old image again under a higher number: that is a release to be installed. */
static void the_running_image_under_a_higher_number_is_installed(void **state)
{
    (void)state;
    memcpy(pump_slot(0)->hash, kit.content.image_digest, DIGEST_SIZE);
    run_job(JOB_UPDATE);
    assert_ended(EXIT_VERIFIED, DISPOSITION_RETURN, FAIL_NONE);
    assert_int_equal(pump.asked[VERB_ACTIVATE], 1);
    assert_receipt(FAIL_NONE);
}

static void what_is_there_already_is_not_sent_again(void **state)
{
    (void)state;
    pump.there_already = 1200;
    run_job(JOB_UPDATE);
    assert_ended(EXIT_VERIFIED, DISPOSITION_RETURN, FAIL_NONE);
    assert_int_equal(job.not_sent_again, 1200 - pump.first_bytes);
    assert_int_equal(job.sent + job.not_sent_again, push_size(job.push));
}

static void a_rollback_ends_in_the_other_slot(void **state)
{
    (void)state;
    *pump_slot(1) =
        (struct message_slot){.slot = 1, .state = SLOT_IS_GOOD, .sequence = 3, .version = {4, 1, 0}};
    run_job(JOB_ROLLBACK);
    assert_ended(EXIT_VERIFIED, DISPOSITION_RETURN, FAIL_NONE);
    assert_receipt(FAIL_NONE);
    assert_said("4.2.0 -> 4.1.0");
}

static void a_rollback_without_a_way_back_says_so(void **state)
{
    (void)state;
    run_job(JOB_ROLLBACK);
    assert_ended(EXIT_FAILED_SAFE, DISPOSITION_RETURN, FAIL_NO_ROLLBACK);
    assert_receipt(FAIL_NONE);
}

static void a_rollback_that_is_promised_and_not_done_is_seen(void **state)
{
    (void)state;
    *pump_slot(1) = (struct message_slot){.slot = 1, .state = SLOT_IS_GOOD, .sequence = 3};
    pump.fate = FATE_IGNORES;
    run_job(JOB_ROLLBACK);
    assert_ended(EXIT_FAILED_SAFE, DISPOSITION_RETURN, FAIL_DEVICE_STATE);
    assert_receipt(FAIL_NONE);
}

/* ---- resume */

static void resume_goes_on_with_what_was_begun(void **state)
{
    (void)state;
    *pump_slot(1) =
        (struct message_slot){.slot = 1, .state = SLOT_IS_STAGING, .sequence = kit.content.sequence};
    memcpy(pump_slot(1)->hash, kit.content.image_digest, DIGEST_SIZE);
    pump.there_already = 1200;
    run_job(JOB_RESUME);
    assert_ended(EXIT_VERIFIED, DISPOSITION_RETURN, FAIL_NONE);
    assert_receipt(FAIL_NONE);
}

static void resume_begins_nothing_new(void **state)
{
    (void)state;
    run_job(JOB_RESUME);
    assert_ended(EXIT_FAILED_SAFE, DISPOSITION_RETURN, FAIL_NOT_CURRENT);
    assert_int_equal(pump.uploads, 0);
    assert_said("nothing of this release was begun");
    assert_receipt(FAIL_NONE);
}

static void resume_leaves_alone_what_another_release_began(void **state)
{
    (void)state;
    *pump_slot(1) = (struct message_slot){.slot = 1, .state = SLOT_IS_STAGED, .sequence = 5};
    run_job(JOB_RESUME);
    assert_ended(EXIT_FAILED_SAFE, DISPOSITION_RETURN, FAIL_NOT_CURRENT);
    assert_int_equal(pump.uploads, 0);
}

static void resume_tells_that_it_went_back(void **state)
{
    (void)state;
    *pump_slot(1) = (struct message_slot){.slot = 1, .state = SLOT_IS_BAD, .sequence = kit.content.sequence};
    memcpy(pump_slot(1)->hash, kit.content.image_digest, DIGEST_SIZE);
    run_job(JOB_RESUME);
    assert_ended(EXIT_ROLLED_BACK, DISPOSITION_HOLD, FAIL_ROLLED_BACK);
    assert_int_equal(pump.uploads, 0);
    assert_receipt(FAIL_NONE);
}

/* ---- the device may not be touched */

static void assert_untouched_by(enum exit_code code, enum failure_id id)
{
    assert_ended(code, DISPOSITION_UNTOUCHED, id);
    assert_int_equal(pump.uploads, 0);
    assert_int_equal(pump.asked[VERB_ACTIVATE], 0);
    assert_receipt(FAIL_NO_EVIDENCE); /* refusals are receipts too */
}

static void therapy_a_patient_or_an_alarm_refuse(void **state)
{
    static const char *const words[] = {"", "therapy is running", "a patient is attached",
                                        "an alarm is active", "a use that this program does not know"};
    (void)state;
    for (uint8_t use = 1; use <= 4; use++) {
        pump.preflight.use = use;
        pump.preflight.ready = false;
        run_job(JOB_UPDATE);
        assert_ended(EXIT_REFUSED_INTERLOCK, DISPOSITION_UNTOUCHED, FAIL_IN_USE);
        assert_said(words[use]);
        job_free(&job);
    }
    assert_int_equal(pump.uploads, 0);
    assert_int_equal(files_in(receipt_folder()), 4);
}

static void outside_service_mode_it_refuses(void **state)
{
    (void)state;
    pump.preflight.service = pump.preflight.ready = false;
    run_job(JOB_UPDATE);
    assert_untouched_by(EXIT_REFUSED_INTERLOCK, FAIL_NOT_SERVICE);
}

static void outside_service_mode_check_says_so_without_a_receipt(void **state)
{
    (void)state;
    pump.preflight.service = pump.preflight.ready = false;
    run_job(JOB_CHECK);
    assert_ended(EXIT_REFUSED_INTERLOCK, DISPOSITION_UNTOUCHED, FAIL_NOT_SERVICE);
    assert_no_receipt();
    assert_int_equal(pump.asked[VERB_CHECK], 0);
}

static void a_low_and_an_unknown_battery_refuse(void **state)
{
    (void)state;
    pump.preflight = (struct message_preflight){
        .service = true, .battery = 9, .reasons = {SUTURE_BATTERY}, .reason_count = 1};
    run_job(JOB_UPDATE);
    assert_untouched_by(EXIT_REFUSED_INTERLOCK, FAIL_BATTERY);
    assert_said("9 %, mains not connected");
    job_free(&job);
    pump.preflight.battery = 255;
    run_job(JOB_UPDATE);
    assert_ended(EXIT_REFUSED_INTERLOCK, DISPOSITION_UNTOUCHED, FAIL_BATTERY_UNKNOWN);
}

static void a_reason_that_is_no_battery_is_not_called_one(void **state)
{
    (void)state;
    pump.preflight.ready = false;
    pump.preflight.reasons[0] = SUTURE_TRUST;
    pump.preflight.reason_count = 1;
    run_job(JOB_UPDATE);
    assert_ended(EXIT_FAILED_SAFE, DISPOSITION_UNTOUCHED, FAIL_DEVICE_STATE);
    assert_receipt(FAIL_NO_EVIDENCE);
}

/* Refused later than preflight: therapy began in between. */
static void therapy_that_begins_before_the_activation_is_named(void **state)
{
    (void)state;
    pump_quirk(SMP_GROUP_SUTURE, VERB_ACTIVATE, (struct quirk){.kind = QUIRK_REFUSE, .rc = SUTURE_IN_USE});
    run_job(JOB_UPDATE);
    assert_ended(EXIT_REFUSED_INTERLOCK, DISPOSITION_RETURN, FAIL_IN_USE);
    assert_receipt(FAIL_NONE);
}

static void a_refusal_whose_reason_is_still_there_is_told_in_words(void **state)
{
    (void)state;
    pump_quirk(SMP_GROUP_IMAGE, IMAGE_UPLOAD,
               (struct quirk){.kind = QUIRK_REFUSE_SMP, .rc = SMP_ACCESS_DENIED});
    pump_quirk(SMP_GROUP_SUTURE, VERB_PREFLIGHT, (struct quirk){.kind = QUIRK_EMPTY, .after = 9});
    run_job(JOB_UPDATE);
    assert_ended(EXIT_REFUSED_INTERLOCK, DISPOSITION_RETURN, FAIL_NOT_SERVICE);
    assert_receipt(FAIL_NONE);
}

static void a_device_that_stays_busy_ends_the_job_and_is_left_alone(void **state)
{
    (void)state;
    pump_quirk(SMP_GROUP_IMAGE, IMAGE_UPLOAD, (struct quirk){.kind = QUIRK_REFUSE_SMP, .rc = SMP_BUSY});
    run_job_within(JOB_UPDATE, 60000);
    assert_ended(EXIT_FAILED_SAFE, DISPOSITION_RETURN, FAIL_DEVICE_BUSY);
    assert_receipt(FAIL_NONE);
}

/* It announces a larger buffer than it has. */
static void a_device_that_refuses_its_own_packet_size_gets_smaller_ones(void **state)
{
    (void)state;
    pump.capabilities.buffer_size = 4096;
    pump_quirk(SMP_GROUP_SUTURE, VERB_CHECK,
               (struct quirk){.kind = QUIRK_REFUSE_SMP, .rc = SMP_TOO_LONG, .times = 1});
    pump_quirk(SMP_GROUP_IMAGE, IMAGE_UPLOAD,
               (struct quirk){.kind = QUIRK_REFUSE_SMP, .rc = SMP_TOO_LONG, .after = 1, .times = 2});
    run_job(JOB_UPDATE);
    assert_ended(EXIT_VERIFIED, DISPOSITION_RETURN, FAIL_NONE);
    assert_said("refuses packets of 4096 bytes");
}

static void a_device_that_refuses_every_packet_size_is_not_asked_for_ever(void **state)
{
    (void)state;
    pump_quirk(SMP_GROUP_IMAGE, IMAGE_UPLOAD, (struct quirk){.kind = QUIRK_REFUSE_SMP, .rc = SMP_TOO_LONG});
    run_job_within(JOB_UPDATE, 10000);
    assert_ended(EXIT_FAILED_SAFE, DISPOSITION_RETURN, FAIL_PACKET_SIZE);
    assert_receipt(FAIL_NONE);
}

static void a_device_that_is_busy_for_a_while_is_waited_for(void **state)
{
    (void)state;
    pump_quirk(SMP_GROUP_SUTURE, VERB_ACTIVATE,
               (struct quirk){.kind = QUIRK_REFUSE, .rc = SUTURE_BUSY, .times = 5});
    pump_quirk(SMP_GROUP_SUTURE, VERB_REPORT,
               (struct quirk){.kind = QUIRK_REFUSE, .rc = SUTURE_BUSY, .times = 5});
    run_job(JOB_UPDATE);
    assert_ended(EXIT_VERIFIED, DISPOSITION_RETURN, FAIL_NONE);
}

/* ---- the bundle is refused */

static void a_vendor_that_nobody_trusts_here_is_a_receipt(void **state)
{
    struct failure why;
    (void)state;
    assert_true(trust_store_remove(trust_folder(), kit.content.vendor, &why));
    run_job(JOB_UPDATE);
    assert_untouched_by(EXIT_REFUSED_BUNDLE, FAIL_NO_ROOT);
}

static void no_bundle_a_strange_one_and_a_changed_one_are_receipts(void **state)
{
    (void)state;
    assert_int_equal(unlink(in_folder("stick/pump.suture")), 0);
    run_job(JOB_UPDATE);
    assert_untouched_by(EXIT_NO_DEVICE, FAIL_NO_BUNDLE);
    job_free(&job);
    write_manifest();
    sign_manifest(&kit.other_key);
    write_kit("stick/pump.suture");
    run_job(JOB_UPDATE);
    assert_ended(EXIT_REFUSED_BUNDLE, DISPOSITION_UNTOUCHED, FAIL_KEY_UNKNOWN);
    assert_int_equal(files_in(receipt_folder()), 2);
}

static void each_reason_of_the_devices_own_check_is_told(void **state)
{
    static const struct {
        enum status reason;
        uint8_t error;
        enum failure_id id;
    } rows[] = {{WRONG_VENDOR, SUTURE_MANIFEST, FAIL_WRONG_VENDOR},
                {WRONG_CLASS, SUTURE_MANIFEST, FAIL_WRONG_CLASS},
                {WRONG_BASE, SUTURE_BASE, FAIL_WRONG_BASE},
                {OLD_SEQUENCE, SUTURE_FLOOR, FAIL_OLD_SEQUENCE},
                {BELOW_FLOOR, SUTURE_FLOOR, FAIL_BELOW_FLOOR},
                {UNKNOWN_KEY, SUTURE_TRUST, FAIL_KEY_UNKNOWN},
                {WITHDRAWN, SUTURE_TRUST, FAIL_MANIFEST_WITHDRAWN},
                {WRONG_SCOPE, SUTURE_TRUST, FAIL_KEY_SCOPE},
                {BAD_SIGNATURE, SUTURE_TRUST, FAIL_SIGNATURE},
                {TOO_FEW, SUTURE_TRUST, FAIL_TOO_FEW_SIGNATURES},
                {TOO_LARGE, SUTURE_MEMORY, FAIL_IMAGE_TOO_LARGE},
                {BAD_FORMAT, SUTURE_MANIFEST, FAIL_DEVICE_REFUSED},
                {(enum status) - 200, SUTURE_MANIFEST, FAIL_DEVICE_REFUSED}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        pump.check = (struct message_check){
            .verdict = rows[i].error, .reason = (uint32_t)-rows[i].reason, .section = 3};
        run_job(JOB_UPDATE);
        assert_ended(EXIT_REFUSED_BUNDLE, DISPOSITION_UNTOUCHED, rows[i].id);
        assert_int_equal(pump.uploads, 0);
        job_free(&job);
    }
    assert_int_equal(files_in(receipt_folder()), sizeof rows / sizeof *rows);
}

static void a_stream_that_the_bundle_lacks_is_nonsense(void **state)
{
    (void)state;
    pump.check.want = 3;
    run_job(JOB_UPDATE);
    assert_ended(EXIT_NO_DEVICE, DISPOSITION_UNTOUCHED, FAIL_NONSENSE);
    assert_int_equal(pump.uploads, 0);
}

static void errors_of_the_image_group_are_told(void **state)
{
    static const struct {
        uint32_t rc;
        enum failure_id id;
        enum exit_code code;
    } rows[] = {{IMAGE_NO_MAGIC, FAIL_DEVICE_REFUSED, EXIT_REFUSED_BUNDLE},
                {IMAGE_BAD_HASH, FAIL_STREAM, EXIT_REFUSED_BUNDLE},
                {IMAGE_OLDER, FAIL_OLD_SEQUENCE, EXIT_REFUSED_BUNDLE},
                {IMAGE_TOO_LARGE, FAIL_IMAGE_TOO_LARGE, EXIT_REFUSED_BUNDLE},
                {12, FAIL_DEVICE_FLASH, EXIT_FAILED_SAFE},
                {IMAGE_CONFIRM_DENIED, FAIL_DEVICE_STATE, EXIT_FAILED_SAFE}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        pump.quirk_count = 0;
        pump_quirk(SMP_GROUP_IMAGE, IMAGE_UPLOAD, (struct quirk){.kind = QUIRK_REFUSE, .rc = rows[i].rc});
        run_job(JOB_UPDATE);
        assert_ended(rows[i].code, DISPOSITION_RETURN, rows[i].id); /* the old version is proven to run */
        job_free(&job);
    }
}

/* ---- root documents */

static void a_device_gets_the_roots_that_it_lacks_one_by_one(void **state)
{
    (void)state;
    assert_int_equal(trust_added("root", (struct root_tale){.version = 2}), FAIL_NONE);
    assert_int_equal(trust_added("root", (struct root_tale){.version = 3}), FAIL_NONE);
    run_job(JOB_UPDATE);
    assert_ended(EXIT_VERIFIED, DISPOSITION_RETURN, FAIL_NONE);
    assert_int_equal(pump.capabilities.root_version, 3);
}

static void a_root_that_is_missing_in_between_leaves_the_judgement_to_the_device(void **state)
{
    struct failure why;

    (void)state;
    assert_true(trust_store_remove(trust_folder(), kit.content.vendor, &why));
    assert_int_equal(trust_added("root", (struct root_tale){.version = 3}), FAIL_NONE);
    run_job(JOB_UPDATE);
    assert_ended(EXIT_VERIFIED, DISPOSITION_RETURN, FAIL_NONE);
    assert_said("lacks the vendor's root document 2");
    assert_int_equal(pump.asked[VERB_TRUST], 0);
}

static void a_check_sends_no_root(void **state)
{
    (void)state;
    assert_int_equal(trust_added("root", (struct root_tale){.version = 2}), FAIL_NONE);
    run_job(JOB_CHECK);
    assert_ended(EXIT_VERIFIED, DISPOSITION_UNTOUCHED, FAIL_NONE);
    assert_int_equal(pump.asked[VERB_TRUST] + pump.asked[VERB_CHECK], 0);
    assert_said("newer root document first");
}

static void a_device_with_a_newer_root_is_told(void **state)
{
    (void)state;
    pump.capabilities.root_version = 2;
    run_job(JOB_UPDATE);
    assert_ended(EXIT_VERIFIED, DISPOSITION_RETURN, FAIL_NONE);
    assert_said("newer root document of its vendor than this station");
}

static void a_root_that_the_device_refuses_ends_it_untouched(void **state)
{
    (void)state;
    assert_int_equal(trust_added("root", (struct root_tale){.version = 2}), FAIL_NONE);
    pump_quirk(SMP_GROUP_SUTURE, VERB_TRUST, (struct quirk){.kind = QUIRK_REFUSE, .rc = SUTURE_TRUST});
    run_job(JOB_UPDATE);
    assert_untouched_by(EXIT_REFUSED_BUNDLE, FAIL_SIGNATURE);
}

/* ---- a device that is in no state for it */

static void an_unsafe_device_is_not_to_be_used_whatever_is_asked(void **state)
{
    static const enum job_kind kinds[] = {JOB_UPDATE, JOB_RESUME, JOB_ROLLBACK, JOB_VERIFY, JOB_CHECK};

    (void)state;
    pump.identity.boot_kind = KIND_IS_RECOVERY;
    pump_slot(0)->active = false;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        run_job(kinds[i]);
        assert_ended(EXIT_UNSAFE, DISPOSITION_DO_NOT_USE, FAIL_UNSAFE);
        job_free(&job);
    }
    assert_int_equal(pump.uploads, 0);
    assert_int_equal(files_in(receipt_folder()), 4);
}

static void an_unsafe_device_signs_that_it_is(void **state)
{
    (void)state;
    pump.identity.boot_kind = KIND_IS_RECOVERY;
    pump_slot(0)->active = false;
    run_job(JOB_UPDATE);
    assert_ended(EXIT_UNSAFE, DISPOSITION_DO_NOT_USE, FAIL_UNSAFE);
    assert_receipt(FAIL_NONE);
}

/* Its two words contradict each other: the worse one counts. */
static void an_unsafe_device_with_a_good_report_is_still_unsafe(void **state)
{
    (void)state;
    pump.identity.boot_kind = KIND_IS_RECOVERY;
    pump.report_says_settled = true;
    run_job(JOB_UPDATE);
    assert_ended(EXIT_UNSAFE, DISPOSITION_DO_NOT_USE, FAIL_UNSAFE);
    assert_receipt(FAIL_NONE);
}

static void a_trial_of_another_release_waits_for_a_person(void **state)
{
    (void)state;
    *pump_slot(1) = (struct message_slot){.slot = 1, .state = SLOT_IS_STAGED, .sequence = 5};
    pump_runs(1, KIND_IS_TRIAL);
    run_job(JOB_UPDATE);
    assert_ended(EXIT_NEEDS_PERSON, DISPOSITION_HOLD, FAIL_TRIAL_RUNNING);
    assert_int_equal(pump.uploads, 0);
}

/* ---- nobody there, or nobody we know */

static void a_closed_door_is_no_device(void **state)
{
    (void)state;
    pump_close_door();
    run_job(JOB_UPDATE);
    assert_ended(EXIT_NO_DEVICE, DISPOSITION_UNTOUCHED, FAIL_NO_DEVICE);
    assert_no_receipt();
}

static void a_device_that_never_says_who_it_is_is_no_device(void **state)
{
    static const uint8_t verbs[] = {VERB_CAPABILITIES, VERB_IDENTITY};

    (void)state;
    for (size_t i = 0; i < sizeof verbs; i++) {
        pump.quirk_count = 0;
        pump_quirk(SMP_GROUP_SUTURE, verbs[i], (struct quirk){.kind = QUIRK_SILENT});
        run_job_within(JOB_UPDATE, 10000);
        assert_ended(EXIT_NO_DEVICE, DISPOSITION_UNTOUCHED, FAIL_NO_DEVICE);
        job_free(&job);
    }
    assert_no_receipt();
}

static void a_device_that_refuses_to_say_who_it_is_is_none_that_we_know(void **state)
{
    static const uint8_t verbs[] = {VERB_CAPABILITIES, VERB_IDENTITY};

    (void)state;
    for (size_t i = 0; i < sizeof verbs; i++)
        for (uint32_t rc = SMP_UNKNOWN; rc <= SMP_ACCESS_DENIED; rc++) {
            pump.quirk_count = 0;
            pump_quirk(SMP_GROUP_SUTURE, verbs[i], (struct quirk){.kind = QUIRK_REFUSE_SMP, .rc = rc});
            run_job_within(JOB_UPDATE, 60000);
            assert_ended(EXIT_NO_DEVICE, DISPOSITION_UNTOUCHED, FAIL_NONSENSE);
            job_free(&job);
        }
}

static void capabilities_that_nobody_can_have_are_nonsense(void **state)
{
    const struct message_capabilities good = pump.capabilities;

    (void)state;
    for (int bad = 0; bad < 3; bad++) {
        pump.capabilities = good;
        if (bad == 0)
            pump.capabilities.protocol = 2;
        if (bad == 1)
            pump.capabilities.buffer_size = 63;
        if (bad == 2)
            pump.capabilities.buffer_count = 0;
        run_job(JOB_UPDATE);
        assert_ended(EXIT_NO_DEVICE, DISPOSITION_UNTOUCHED, FAIL_NONSENSE);
        job_free(&job);
    }
}

static void a_serial_that_no_certificate_can_hold_is_nonsense(void **state)
{
    static const char *const serials[] = {"", "a serial of more than thirty-two bytes"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        pump.identity.serial = span_text(serials[i]);
        run_job(JOB_UPDATE);
        assert_ended(EXIT_NO_DEVICE, DISPOSITION_UNTOUCHED, FAIL_NONSENSE);
        job_free(&job);
    }
}

static void names_that_could_move_a_terminal_are_made_harmless(void **state)
{
    (void)state;
    pump.identity.model = span_text("P-200\x1b[2J");
    pump.identity.hardware = span_text("B\r\n");
    run_job(JOB_DEVICES);
    assert_ended(EXIT_VERIFIED, DISPOSITION_UNTOUCHED, FAIL_NONE);
    assert_said("P-200?[2J rev B??");
    assert_null(strchr(said, '\x1b'));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_STORY(an_update_ends_with_a_proven_return),
        BENCH_STORY(devices_only_asks_who_is_there),
        BENCH_STORY(check_lets_the_device_judge_and_changes_nothing),
        BENCH_STORY(verify_lets_it_prove_what_runs),
        BENCH_STORY(verify_against_a_bundle_says_that_it_is_another_release),
        BENCH_STORY(verify_against_an_older_bundle_is_an_answer_not_a_refusal),
        BENCH_STORY(a_device_with_the_release_has_nothing_to_do),
        BENCH_STORY(the_running_image_under_a_higher_number_is_installed),
        BENCH_STORY(what_is_there_already_is_not_sent_again),
        BENCH_STORY(a_rollback_ends_in_the_other_slot),
        BENCH_STORY(a_rollback_without_a_way_back_says_so),
        BENCH_STORY(a_rollback_that_is_promised_and_not_done_is_seen),
        BENCH_STORY(resume_goes_on_with_what_was_begun),
        BENCH_STORY(resume_begins_nothing_new),
        BENCH_STORY(resume_leaves_alone_what_another_release_began),
        BENCH_STORY(resume_tells_that_it_went_back),
        BENCH_STORY(therapy_a_patient_or_an_alarm_refuse),
        BENCH_STORY(outside_service_mode_it_refuses),
        BENCH_STORY(outside_service_mode_check_says_so_without_a_receipt),
        BENCH_STORY(a_low_and_an_unknown_battery_refuse),
        BENCH_STORY(a_reason_that_is_no_battery_is_not_called_one),
        BENCH_STORY(therapy_that_begins_before_the_activation_is_named),
        BENCH_STORY(a_refusal_whose_reason_is_still_there_is_told_in_words),
        BENCH_STORY(a_device_that_stays_busy_ends_the_job_and_is_left_alone),
        BENCH_STORY(a_device_that_is_busy_for_a_while_is_waited_for),
        BENCH_STORY(a_device_that_refuses_its_own_packet_size_gets_smaller_ones),
        BENCH_STORY(a_device_that_refuses_every_packet_size_is_not_asked_for_ever),
        BENCH_STORY(a_vendor_that_nobody_trusts_here_is_a_receipt),
        BENCH_STORY(no_bundle_a_strange_one_and_a_changed_one_are_receipts),
        BENCH_STORY(each_reason_of_the_devices_own_check_is_told),
        BENCH_STORY(a_stream_that_the_bundle_lacks_is_nonsense),
        BENCH_STORY(errors_of_the_image_group_are_told),
        BENCH_STORY(a_device_gets_the_roots_that_it_lacks_one_by_one),
        BENCH_STORY(a_root_that_is_missing_in_between_leaves_the_judgement_to_the_device),
        BENCH_STORY(a_check_sends_no_root),
        BENCH_STORY(a_device_with_a_newer_root_is_told),
        BENCH_STORY(a_root_that_the_device_refuses_ends_it_untouched),
        BENCH_STORY(an_unsafe_device_is_not_to_be_used_whatever_is_asked),
        BENCH_STORY(an_unsafe_device_signs_that_it_is),
        BENCH_STORY(an_unsafe_device_with_a_good_report_is_still_unsafe),
        BENCH_STORY(a_trial_of_another_release_waits_for_a_person),
        BENCH_STORY(a_closed_door_is_no_device),
        BENCH_STORY(a_device_that_never_says_who_it_is_is_no_device),
        BENCH_STORY(a_device_that_refuses_to_say_who_it_is_is_none_that_we_know),
        BENCH_STORY(capabilities_that_nobody_can_have_are_nonsense),
        BENCH_STORY(a_serial_that_no_certificate_can_hold_is_nonsense),
        BENCH_STORY(names_that_could_move_a_terminal_are_made_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
