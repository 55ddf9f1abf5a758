/* The verdict: every report that can be told apart against the rules in words, every failure against what it must never
 * say, and which verdicts a station may put beside a report's. */
#include "tests/support/test.h"
#include "loader/record/verdict.h"

enum { RECOVERY, SETTLED, TRIAL };
enum { EMPTY, STAGING, STAGED, GOOD, BAD };
enum { OLD = 0x0d, NEW = 0x2e, STRANGE = 0x77 }; /* images, and the manifests they came with */
enum { OLD_NUMBER = 4, NEW_NUMBER = 7 };

/* One report as a person would tell it. */
struct tale {
    bool has_running;
    uint8_t kind, slot, image, manifest;
    uint8_t other_state, other_image;
    uint32_t other_number;
    enum intent intent;
    bool has_target;
    uint8_t slot_before;
};

static struct verdict_target new_release(void)
{
    struct verdict_target target = {.sequence = NEW_NUMBER};
    memset(target.image, NEW, sizeof target.image);
    memset(target.manifest_id, NEW, sizeof target.manifest_id);
    return target;
}

static struct verdict judged(const struct tale *tale)
{
    struct verdict_target target = new_release();
    struct report report = {.has_running = tale->has_running,
                            .boot_kind = tale->kind,
                            .running = {.slot = tale->slot, .sequence = tale->image == NEW ? 7 : 4},
                            .other = {.slot = (uint8_t)(1 - tale->slot),
                                      .state = tale->other_state,
                                      .sequence = tale->other_number}};
    memset(report.running.digest, tale->image, DIGEST_SIZE);
    memset(report.running.manifest_id, tale->manifest, TRUST_MANIFEST_ID);
    memset(report.other.digest, tale->other_image, DIGEST_SIZE);
    const struct verdict_question question = {tale->intent, tale->has_target ? &target : NULL,
                                              tale->slot_before};
    return verdict_of_report(&report, &question);
}

/* The rules once more, in the order in which a person asks: is anything proven to run; is it settled; is it what was
 * wanted; if not, was what was wanted tried; and what was the run for? */
static struct verdict told(const struct tale *tale)
{
    bool wanted = !tale->has_target || (tale->image == NEW && tale->manifest == NEW);
    bool given_up = tale->other_state == BAD && tale->other_image == NEW && tale->other_number == NEW_NUMBER;
    bool moved = tale->slot_before != tale->slot;
    struct verdict verdict = {EXIT_UNSAFE, DISPOSITION_DO_NOT_USE};

    if (!tale->has_running || tale->kind == RECOVERY)
        return verdict;
    verdict.disposition = DISPOSITION_HOLD;
    if (tale->kind == TRIAL) {
        verdict.code = EXIT_NEEDS_PERSON;
    } else if (tale->intent == INTENT_ROLLBACK && !moved) {
        verdict = (struct verdict){EXIT_FAILED_SAFE, DISPOSITION_RETURN};
    } else if (wanted) {
        verdict = (struct verdict){EXIT_VERIFIED, DISPOSITION_RETURN};
    } else if (tale->intent != INTENT_UPDATE) {
        verdict.code = EXIT_FAILED_SAFE;
    } else if (given_up) {
        verdict.code = EXIT_ROLLED_BACK;
    } else {
        verdict = (struct verdict){EXIT_FAILED_SAFE, DISPOSITION_RETURN};
    }
    return verdict;
}

static unsigned long tales_told;

static void compare(const struct tale *tale)
{
    struct verdict is = judged(tale), should = told(tale);

    tales_told += 1;
    if (is.code != should.code || is.disposition != should.disposition)
        fail_msg("running %d kind %u slot %u image %02x manifest %02x other %u %02x #%u intent %d target %d "
                 "before %u: %s %s, not %s %s",
                 tale->has_running, tale->kind, tale->slot, tale->image, tale->manifest, tale->other_state,
                 tale->other_image, tale->other_number, tale->intent, tale->has_target, tale->slot_before,
                 verdict_outcome(is.code), disposition_name(is.disposition), verdict_outcome(should.code),
                 disposition_name(should.disposition));
}

static void with_every_question(struct tale tale)
{
    static const uint8_t slots[] = {0, 1, SLOT_BEFORE_UNKNOWN};

    for (int intent = INTENT_UPDATE; intent <= INTENT_ROLLBACK; intent++)
        for (int target = 0; target < 2; target++)
            for (size_t slot = 0; slot < sizeof slots; slot++) {
                tale.intent = (enum intent)intent;
                tale.has_target = target == 1;
                tale.slot_before = slots[slot];
                compare(&tale);
            }
}

static void with_every_other_slot(struct tale tale)
{
    static const uint8_t images[] = {OLD, NEW, STRANGE};

    for (uint8_t state = EMPTY; state <= BAD; state++)
        for (size_t image = 0; image < sizeof images; image++)
            for (uint32_t number = OLD_NUMBER; number <= NEW_NUMBER; number += NEW_NUMBER - OLD_NUMBER) {
                tale.other_state = state;
                tale.other_image = images[image];
                tale.other_number = number;
                with_every_question(tale);
            }
}

static void every_report_gets_the_verdict_that_the_rules_in_words_give(void **state)
{
    static const uint8_t images[] = {OLD, NEW, STRANGE};
    struct tale tale;

    (void)state;
    tales_told = 0;
    memset(&tale, 0, sizeof tale);
    for (int running = 0; running < 2; running++)
        for (tale.kind = RECOVERY; tale.kind <= TRIAL; tale.kind++)
            for (tale.slot = 0; tale.slot < 2; tale.slot++)
                for (size_t image = 0; image < 3; image++)
                    for (size_t manifest = 0; manifest < 3; manifest++) {
                        tale.has_running = running == 1;
                        tale.image = images[image];
                        tale.manifest = images[manifest];
                        with_every_other_slot(tale);
                    }
    assert_int_equal(tales_told, 2 * 3 * 2 * 3 * 3 * 5 * 3 * 2 * 3 * 2 * 3);
}

static void the_same_image_of_another_manifest_is_not_the_release(void **state)
{
    const struct tale tale = {.has_running = true,
                              .kind = SETTLED,
                              .image = NEW,
                              .manifest = STRANGE,
                              .intent = INTENT_VERIFY,
                              .has_target = true};
    (void)state;
    assert_int_equal(judged(&tale).disposition, DISPOSITION_HOLD);
}

static void a_bad_slot_left_from_an_earlier_number_of_the_image_is_no_rollback(void **state)
{
    const struct tale tale = {.has_running = true,
                              .kind = SETTLED,
                              .image = OLD,
                              .manifest = OLD,
                              .other_state = BAD,
                              .other_image = NEW,
                              .other_number = OLD_NUMBER,
                              .intent = INTENT_UPDATE,
                              .has_target = true};
    (void)state;
    assert_int_equal(judged(&tale).code, EXIT_FAILED_SAFE);
}

/* ---- without a report */

static const enum touched all_touched[] = {DEVICE_UNTOUCHED, DEVICE_STAGED, DEVICE_ACTIVATED};

static void no_failure_returns_a_device(void **state)
{
    size_t count;
    const struct failure_entry *rows = failure_catalogue(&count);

    (void)state;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < 3; k++) {
            struct verdict verdict = verdict_of_failure(rows[i].id, all_touched[k]);
            assert_int_not_equal(verdict.disposition, DISPOSITION_RETURN);
            assert_int_not_equal(verdict.code, EXIT_VERIFIED);
            assert_int_not_equal(verdict.code, EXIT_NOTHING_TO_DO);
        }
}

/* The class of each row, as the table of exit codes says it. */
static void before_anything_was_touched_a_failure_keeps_its_own_code(void **state)
{
    size_t count;
    const struct failure_entry *rows = failure_catalogue(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        struct verdict verdict = verdict_of_failure(rows[i].id, DEVICE_UNTOUCHED);
        /* a device that was never touched is not unknown, only not there */
        assert_int_equal(verdict.code, rows[i].exit == EXIT_UNKNOWN ? EXIT_NO_DEVICE : rows[i].exit);
        enum disposition should = rows[i].exit == EXIT_UNSAFE ? DISPOSITION_DO_NOT_USE
                                  : rows[i].exit == EXIT_NEEDS_PERSON || rows[i].exit == EXIT_ROLLED_BACK
                                      ? DISPOSITION_HOLD
                                      : DISPOSITION_UNTOUCHED;
        assert_int_equal(verdict.disposition, should);
    }
}

static void once_it_was_told_to_restart_no_failure_leaves_it_untouched(void **state)
{
    size_t count;
    const struct failure_entry *rows = failure_catalogue(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        struct verdict verdict = verdict_of_failure(rows[i].id, DEVICE_ACTIVATED);
        bool says_more = rows[i].exit == EXIT_UNSAFE || rows[i].exit == EXIT_NEEDS_PERSON ||
                         rows[i].exit == EXIT_ROLLED_BACK;
        assert_int_equal(verdict.disposition,
                         rows[i].exit == EXIT_UNSAFE ? DISPOSITION_DO_NOT_USE : DISPOSITION_HOLD);
        assert_int_equal(verdict.code, says_more ? rows[i].exit : EXIT_UNKNOWN);
    }
}

static void while_nothing_is_armed_a_rule_or_a_person_leaves_it_untouched(void **state)
{
    static const enum failure_id by_rule[] = {FAIL_IN_USE,    FAIL_NOT_SERVICE, FAIL_BATTERY,
                                              FAIL_SIGNATURE, FAIL_BELOW_FLOOR, FAIL_INTERRUPTED};
    (void)state;
    for (size_t i = 0; i < sizeof by_rule / sizeof *by_rule; i++) {
        struct verdict verdict = verdict_of_failure(by_rule[i], DEVICE_STAGED);
        assert_int_equal(verdict.code, failure_entry(by_rule[i])->exit);
        assert_int_equal(verdict.disposition, DISPOSITION_UNTOUCHED);
    }
}

static void a_silent_device_is_unknown_and_on_hold_once_it_was_touched(void **state)
{
    static const enum failure_id silent[] = {FAIL_TIMEOUT, FAIL_LINK_LOST, FAIL_OTHER_DEVICE, FAIL_NONSENSE,
                                             FAIL_INTERNAL};
    (void)state;
    for (size_t i = 0; i < sizeof silent / sizeof *silent; i++)
        for (size_t k = 1; k < 3; k++) {
            struct verdict verdict = verdict_of_failure(silent[i], all_touched[k]);
            assert_int_equal(verdict.code, EXIT_UNKNOWN);
            assert_int_equal(verdict.disposition, DISPOSITION_HOLD);
        }
}

/* ---- beside a report */

static const enum exit_code all_codes[] = {0, 2, 10, 11, 12, 13, 14, 15, 16, 17, 18, 64, 70, 74, 130};
enum { CODES = sizeof all_codes / sizeof *all_codes };

static bool may_stand(enum exit_code said, enum disposition as, enum exit_code given, enum disposition is,
                      enum intent intent)
{
    return verdict_may_stand((struct verdict){said, as}, (struct verdict){given, is}, intent);
}

static void no_station_says_better_than_the_report(void **state)
{
    static const unsigned careful[] = {[DISPOSITION_UNTOUCHED] = 0, /* never a report's */
                                       [DISPOSITION_RETURN] = 1,
                                       [DISPOSITION_HOLD] = 2,
                                       [DISPOSITION_DO_NOT_USE] = 3};
    static const struct verdict given[] = {
        {EXIT_VERIFIED, DISPOSITION_RETURN},   {EXIT_FAILED_SAFE, DISPOSITION_RETURN},
        {EXIT_FAILED_SAFE, DISPOSITION_HOLD},  {EXIT_ROLLED_BACK, DISPOSITION_HOLD},
        {EXIT_NEEDS_PERSON, DISPOSITION_HOLD}, {EXIT_UNSAFE, DISPOSITION_DO_NOT_USE}};
    (void)state;
    for (size_t g = 0; g < sizeof given / sizeof *given; g++)
        for (size_t c = 0; c < CODES; c++)
            for (int d = DISPOSITION_UNTOUCHED; d <= DISPOSITION_DO_NOT_USE; d++)
                for (int intent = INTENT_UPDATE; intent <= INTENT_ROLLBACK; intent++) {
                    bool may = may_stand(all_codes[c], (enum disposition)d, given[g].code,
                                         given[g].disposition, (enum intent)intent);
                    if (may)
                        assert_true(careful[d] >= careful[given[g].disposition]);
                    if (all_codes[c] == given[g].code && d == (int)given[g].disposition)
                        assert_true(may);
                }
}

static void a_station_may_say_why_nothing_changed(void **state)
{
    (void)state;
    assert_true(
        may_stand(EXIT_NOTHING_TO_DO, DISPOSITION_RETURN, EXIT_VERIFIED, DISPOSITION_RETURN, INTENT_UPDATE));
    assert_false(
        may_stand(EXIT_NOTHING_TO_DO, DISPOSITION_RETURN, EXIT_VERIFIED, DISPOSITION_RETURN, INTENT_VERIFY));
    assert_false(may_stand(EXIT_NOTHING_TO_DO, DISPOSITION_RETURN, EXIT_FAILED_SAFE, DISPOSITION_RETURN,
                           INTENT_UPDATE));
    assert_true(may_stand(EXIT_REFUSED_INTERLOCK, DISPOSITION_RETURN, EXIT_FAILED_SAFE, DISPOSITION_RETURN,
                          INTENT_UPDATE));
    assert_false(may_stand(EXIT_REFUSED_INTERLOCK, DISPOSITION_RETURN, EXIT_ROLLED_BACK, DISPOSITION_HOLD,
                           INTENT_UPDATE));
    assert_true(
        may_stand(EXIT_NEEDS_PERSON, DISPOSITION_HOLD, EXIT_VERIFIED, DISPOSITION_RETURN, INTENT_UPDATE));
    assert_false(
        may_stand(EXIT_NEEDS_PERSON, DISPOSITION_RETURN, EXIT_VERIFIED, DISPOSITION_RETURN, INTENT_UPDATE));
}

static void a_report_that_nobody_vouches_for_is_a_matter_of_the_certificate(void **state)
{
    (void)state;
    assert_int_equal(failure_of_report(UNKNOWN_KEY), FAIL_CERTIFICATE);
    assert_int_equal(failure_of_report(WRONG_SCOPE), FAIL_CERTIFICATE);
    assert_int_equal(failure_of_report(WITHDRAWN), FAIL_CERTIFICATE);
    assert_int_equal(failure_of_report(TOO_FEW), FAIL_CERTIFICATE);
    assert_int_equal(failure_of_report(BAD_SIGNATURE), FAIL_REPORT);
    assert_int_equal(failure_of_report(BAD_DIGEST), FAIL_REPORT);
    assert_int_equal(failure_of_report(BAD_FORMAT), FAIL_REPORT);
}

/* Scripts and receipts of years hold these words: they never change. */
static void words_are_stable(void **state)
{
    static const char *const words[CODES] = {
        "verified",      "nothing_to_do", "refused_interlock", "refused_bundle", "no_device",
        "no_permission", "failed_safe",   "rolled_back",       "unknown",        "unsafe",
        "needs_person",  "usage",         "internal",          "local_io",       "interrupted"};
    (void)state;
    for (size_t i = 0; i < CODES; i++)
        assert_string_equal(verdict_outcome(all_codes[i]), words[i]);
    assert_string_equal(disposition_name(DISPOSITION_DO_NOT_USE), "do_not_use");
    assert_string_equal(disposition_screen(DISPOSITION_DO_NOT_USE), "DO NOT USE");
    assert_string_equal(disposition_name(DISPOSITION_RETURN), "return");
    assert_string_equal(disposition_name(DISPOSITION_HOLD), "hold");
    assert_string_equal(disposition_name(DISPOSITION_UNTOUCHED), "untouched");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_report_gets_the_verdict_that_the_rules_in_words_give),
        cmocka_unit_test(the_same_image_of_another_manifest_is_not_the_release),
        cmocka_unit_test(a_bad_slot_left_from_an_earlier_number_of_the_image_is_no_rollback),
        cmocka_unit_test(no_failure_returns_a_device),
        cmocka_unit_test(before_anything_was_touched_a_failure_keeps_its_own_code),
        cmocka_unit_test(once_it_was_told_to_restart_no_failure_leaves_it_untouched),
        cmocka_unit_test(while_nothing_is_armed_a_rule_or_a_person_leaves_it_untouched),
        cmocka_unit_test(a_silent_device_is_unknown_and_on_hold_once_it_was_touched),
        cmocka_unit_test(no_station_says_better_than_the_report),
        cmocka_unit_test(a_station_may_say_why_nothing_changed),
        cmocka_unit_test(a_report_that_nobody_vouches_for_is_a_matter_of_the_certificate),
        cmocka_unit_test(words_are_stable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
