/* Power, first proof: a whole update, a failing trial, a rollback and an abort, each cut at every flash operation, before it,
 * in its middle and after it; through the client that the loader uses, in one process. After each cut the device is switched
 * on and must keep the five rules of docs/design.md; then the story is told again from its beginning, as a technician
 * would, and must end where it was going. Writes build/bench/power.json. */
#include "tests/support/bench.h"
#include "tests/support/bench_device.h"
#include "tests/support/test.h"

#define CONFIRM_MS   11000
#define TELLINGS_MAX 64 /* of one story that loses power again and again */
#define FLOOR_BEFORE 0
#define FLOOR_AFTER  2

/* One story: how a person goes about it from switching on, and where it must end. Telling it again must do no harm. */
struct story {
    const char *name;
    void (*tell)(struct bench *bench, void *with);
    void (*prepare)(struct bench *bench, const struct push *push); /* NULL: a device from the factory */
    uint8_t ends_in;                                               /* slot */
    uint8_t other_ends;                                            /* state of the other slot */
    enum self_test self_test;
    uint32_t floor_after;
};

struct telling {
    const struct story *story;
    const struct push *push;
};

static unsigned long cut_points, violations;

static struct record ruling_record(const struct bench *bench)
{
    struct record_copy copies[2];

    record_read(&bench->port.layout, 0, &copies[0]);
    record_read(&bench->port.layout, 1, &copies[1]);
    int ruling = record_ruling(copies);
    return ruling < 0 ? (struct record){0} : copies[ruling].record;
}

static bool slot_is_whole(const struct bench *bench, const struct record *record, uint8_t slot)
{
    uint8_t page[256];

    return slot <= SLOT_B &&
           slot_measure(&bench->port.layout.areas[AREA_SLOT_A + slot], record->slots[slot].size,
                        record->slots[slot].digest, buffer_over(page, sizeof page)) == OK;
}

/* Says what is broken, or NULL. Switches nothing and asks only read verbs. `floor` is the highest that was ever reported. */
static const char *broken_rule(struct bench *bench, uint32_t *floor)
{
    struct record record = ruling_record(bench);
    uint8_t nonce[REPORT_NONCE_SIZE] = {7}, bytes[REPORT_MAX];
    struct report report;

    if (record.number == 0 || bench->boot.running > SLOT_B)
        return "nothing runs";
    uint8_t running = bench->boot.running;
    bool primary_good =
        record.slots[record.primary].state == SLOT_GOOD && slot_is_whole(bench, &record, record.primary);
    bool fallback_good = record.fallback <= SLOT_B && record.slots[record.fallback].state == SLOT_GOOD &&
                         slot_is_whole(bench, &record, record.fallback);
    if (!primary_good && !fallback_good)
        return "rule 1: no confirmed slot is bootable";
    if (!slot_is_whole(bench, &record, running))
        return "rule 2: what runs does not match the ruling record";
    /* The record says what is a trial: an affirm torn at the confirm may read well in the boot loader and badly later. */
    if (record.slots[running].state != SLOT_GOOD &&
        (record.kind != RECORD_TRIAL || record.primary != running))
        return "rule 2: an unconfirmed image runs outside a trial";
    if (record.floor < *floor)
        return "rule 4: the floor fell";
    if (record.floor > FLOOR_BEFORE && record.slots[SLOT_B].state != SLOT_GOOD)
        return "rule 4: the floor rose before the confirm";
    *floor = record.floor;

    bench_run(bench, 6000); /* one report in 5 s */
    size_t size = bench_report(bench, nonce, bytes, sizeof bytes);
    if (report_verify(span_of(bytes, size), &bench->trust, nonce, &report) != OK)
        return "rule 5: the report is not proven";
    record = ruling_record(bench);
    running = bench->boot.running;
    if (!report.has_running || report.running.slot != running ||
        memcmp(report.running.digest, record.slots[running].digest, DIGEST_SIZE) != 0 ||
        report.other.state != record.slots[1 - running].state || report.floor != record.floor ||
        report.outcome != record.outcome || (report.boot_kind == BOOT_TRIAL) != (record.kind == RECORD_TRIAL))
        return "rule 5: the report does not say what the records say";
    return NULL;
}

/* ---- the stories */

static bool runs(struct bench *bench, uint8_t slot)
{
    struct message_identity identity = bench_identity(bench);
    return identity.boot_kind == BOOT_SETTLED && identity.slots[slot].active &&
           identity.slots[slot].state == SLOT_GOOD;
}

static void tell_update(struct bench *bench, void *with)
{
    struct telling *telling = with;

    bench_power_on(bench);
    for (int attempt = 0; attempt < 4; attempt++) {
        struct message_identity identity = bench_identity(bench);
        uint8_t state = identity.slots[SLOT_B].state;
        if (identity.boot_kind == BOOT_SETTLED && (identity.slots[SLOT_B].active || state == SLOT_BAD))
            return;
        if (identity.boot_kind == BOOT_TRIAL) {
            bench_run(bench, CONFIRM_MS);
            continue;
        }
        assert_int_equal(bench_upload(bench, telling->push, WITH_SHA), CLIENT_DONE);
        assert_int_equal(bench_verb(bench, VERB_ACTIVATE, "manifest", telling->push->manifest),
                         CLIENT_ANSWER);
        bench_run(bench, CONFIRM_MS);
    }
    fail_msg("the update did not end");
}

static void tell_rollback(struct bench *bench, void *with)
{
    struct telling *telling = with;

    bench_power_on(bench);
    if (runs(bench, SLOT_A))
        return;
    assert_int_equal(bench_verb(bench, VERB_ROLLBACK, "hash", telling->push->image_digest), CLIENT_ANSWER);
    bench_run(bench, 1000);
    assert_true(runs(bench, SLOT_A));
}

static void tell_abort(struct bench *bench, void *with)
{
    struct telling *telling = with;

    bench_power_on(bench);
    if (bench_identity(bench).slots[SLOT_B].state == SLOT_EMPTY)
        return;
    assert_int_equal(bench_verb(bench, VERB_ABORT, "manifest", telling->push->manifest), CLIENT_ANSWER);
}

static void confirmed(struct bench *bench, const struct push *push)
{
    struct telling telling = {NULL, push};

    tell_update(bench, &telling);
    bench_power_off(bench);
}

static void staged(struct bench *bench, const struct push *push)
{
    bench_power_on(bench);
    assert_int_equal(bench_upload(bench, push, WITH_SHA), CLIENT_DONE);
    bench_power_off(bench);
}

static const struct story stories[] = {
    {"update", tell_update, NULL, SLOT_B, SLOT_GOOD, SELF_TEST_PASSED, 0},
    {"update that raises the floor", tell_update, NULL, SLOT_B, SLOT_GOOD, SELF_TEST_PASSED, FLOOR_AFTER},
    {"failing trial", tell_update, NULL, SLOT_A, SLOT_BAD, SELF_TEST_FAILED, 0},
    {"rollback", tell_rollback, confirmed, SLOT_A, SLOT_GOOD, SELF_TEST_PASSED, 0},
    {"abort", tell_abort, staged, SLOT_A, SLOT_EMPTY, SELF_TEST_PASSED, 0},
};

/* ---- cutting them */

static struct bench *begin(const struct story *story, const struct push *push)
{
    struct bench *bench = bench_new(&(struct bench_options){.seed = cut_points});

    if (story->prepare != NULL)
        story->prepare(bench, push);
    if (story->self_test != SELF_TEST_PASSED)
        bench->self_test = (struct self_test_result){story->self_test, 7};
    return bench;
}

static const char *wrong_end(struct bench *bench, const struct story *story)
{
    struct record record = ruling_record(bench);
    bool floor_closed = story->floor_after > FLOOR_BEFORE;

    if (!runs(bench, story->ends_in))
        return "it does not end in the slot it was going to";
    if (!floor_closed && record.slots[1 - story->ends_in].state != story->other_ends)
        return "the other slot ends in another state";
    if (record.floor != (floor_closed ? FLOOR_AFTER : FLOOR_BEFORE))
        return "the floor ends elsewhere";
    if (bench->chip->abuses != 0)
        return "the flash contract was broken";
    return NULL;
}

static void note_violation(const struct telling *telling, unsigned operation, enum cut_when when,
                           const char *what)
{
    static const char *const names[] = {"before", "torn", "after"};

    violations++;
    if (violations <= 20)
        print_message("# %s, cut %s operation %u: %s\n", telling->story->name, names[when], operation, what);
}

/* One cut: the rules after it, then the story again. False when the story was over before the cut came. */
static bool one_cut(struct telling *telling, unsigned operation, enum cut_when when)
{
    struct bench *bench = begin(telling->story, telling->push);
    uint32_t floor = FLOOR_BEFORE;
    bool cut = bench_cut(bench, operation, when, telling->story->tell, telling);

    if (cut) {
        cut_points++;
        bench_power_on(bench);
        const char *what = broken_rule(bench, &floor);
        if (what == NULL) {
            bench_power_off(bench);
            telling->story->tell(bench, telling);
            what = broken_rule(bench, &floor);
        }
        if (what == NULL)
            what = wrong_end(bench, telling->story);
        if (what != NULL)
            note_violation(telling, operation, when, what);
    }
    bench_free(bench);
    return cut;
}

static unsigned operations_of(struct telling *telling)
{
    struct bench *bench = begin(telling->story, telling->push);

    bench->chip->operations = 0;
    telling->story->tell(bench, telling);
    unsigned operations = bench->chip->operations;
    assert_null(wrong_end(bench, telling->story));
    bench_free(bench);
    return operations;
}

static void cut_everywhere(const struct story *story)
{
    struct push push =
        push_of(&(struct bench_release){.codec = PATCH_DEFLATE, .floor_after = story->floor_after});
    struct telling telling = {story, &push};
    unsigned operations = operations_of(&telling);
    unsigned long before = violations;

    assert_true(push.image_size >= 8 * BENCH_ERASE_BLOCK);
    for (unsigned operation = 1; operation <= operations; operation++)
        for (enum cut_when when = CUT_BEFORE; when <= CUT_AFTER; when++)
            assert_true(one_cut(&telling, operation, when)); /* a cut point that is skipped is a failure */
    print_message("# %s: %u operations, %u cuts\n", story->name, operations, 3 * operations);
    assert_int_equal(violations, before);
    push_free(&push);
}

static void an_update_survives_every_cut_and_ends_in_the_new_version(void **state)
{
    (void)state;
    cut_everywhere(&stories[0]);
}

static void the_floor_rises_with_the_confirm_whatever_is_cut(void **state)
{
    (void)state;
    cut_everywhere(&stories[1]);
}

static void a_failing_trial_goes_back_whatever_is_cut(void **state)
{
    (void)state;
    cut_everywhere(&stories[2]);
}

static void a_cut_rollback_is_in_one_slot_or_the_other_and_completes_when_repeated(void **state)
{
    (void)state;
    cut_everywhere(&stories[3]);
}

static void a_cut_abort_completes_when_repeated(void **state)
{
    (void)state;
    cut_everywhere(&stories[4]);
}

/* Rule 3: as long as power lasts for one boot, one erase block and one journal entry, each telling gets further. */
static void an_update_that_loses_power_again_and_again_still_ends(void **state)
{
    struct push push = push_of(&(struct bench_release){.codec = PATCH_DEFLATE});
    struct telling telling = {&stories[0], &push};
    (void)state;

    for (unsigned lasts = 40; lasts <= 120; lasts += 20)
        for (enum cut_when when = CUT_BEFORE; when <= CUT_AFTER; when++) {
            struct bench *bench = begin(&stories[0], &push);
            unsigned tellings = 1;
            while (bench_cut(bench, lasts, when, tell_update, &telling) && tellings < TELLINGS_MAX)
                tellings++;
            print_message("# power for %u operations at a time: %u tellings\n", lasts, tellings);
            assert_true(tellings < TELLINGS_MAX);
            assert_null(wrong_end(bench, &stories[0]));
            bench_free(bench);
        }
    push_free(&push);
}

static void every_cut_point_was_cut_and_no_rule_broken(void **state)
{
    (void)state;
    const struct bench_number numbers[] = {{"cut_points", (double)cut_points},
                                           {"violations", (double)violations}};

    assert_true(cut_points > 0);
    assert_int_equal(violations, 0);
    assert_int_equal(bench_write("power", numbers, 2), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_update_survives_every_cut_and_ends_in_the_new_version),
        cmocka_unit_test(the_floor_rises_with_the_confirm_whatever_is_cut),
        cmocka_unit_test(a_failing_trial_goes_back_whatever_is_cut),
        cmocka_unit_test(a_cut_rollback_is_in_one_slot_or_the_other_and_completes_when_repeated),
        cmocka_unit_test(a_cut_abort_completes_when_repeated),
        cmocka_unit_test(an_update_that_loses_power_again_and_again_still_ends),
        cmocka_unit_test(every_cut_point_was_cut_and_no_rule_broken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
