/* Ports that serial:auto found and nobody named: a device of ours goes the whole way, and anything else is passed over in
 * time. Beside them the silences of a device that is being updated, and what is said of them. */
#include "tests/unit/loader/pump_kit.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>

static void found_within(uint64_t most_ms)
{
    origin = JOB_FOUND;
    run_job_within(JOB_UPDATE, most_ms);
}

static void assert_passed_over(void)
{
    assert_true(job.passed_over);
    assert_said("passed over");
    assert_null(strstr(said, "E-")); /* it is no failure of this run */
    assert_no_receipt();
}

/* ---- who is there */

static void a_device_of_ours_goes_the_whole_way(void **state)
{
    (void)state;
    found_within(600000);
    assert_ended(EXIT_VERIFIED, DISPOSITION_RETURN, FAIL_NONE);
    assert_false(job.passed_over);
}

/* Once it is known the station's patience counts, as with a named one. */
static void a_device_that_goes_silent_later_is_not_passed_over(void **state)
{
    (void)state;
    pump_quirk(SMP_GROUP_IMAGE, IMAGE_UPLOAD, (struct quirk){.kind = QUIRK_SILENT, .after = 1});
    found_within(600000);
    assert_false(job.passed_over);
    assert_ended(EXIT_UNKNOWN, DISPOSITION_HOLD, FAIL_TIMEOUT);
}

static void another_makers_device_is_passed_over(void **state)
{
    (void)state;
    pump_quirk(SMP_GROUP_SUTURE, VERB_CAPABILITIES,
               (struct quirk){.kind = QUIRK_REFUSE_SMP, .rc = SMP_NOT_SUPPORTED});
    found_within(FOUND_MS);
    assert_passed_over();
}

static void a_silent_port_is_passed_over(void **state)
{
    (void)state;
    pump_quirk(SMP_GROUP_SUTURE, VERB_CAPABILITIES, (struct quirk){.kind = QUIRK_SILENT});
    found_within(FOUND_MS);
    assert_passed_over();
}

/* Again and again: what counts is the time that all of it takes. */
static void a_port_that_hangs_up_is_passed_over(void **state)
{
    (void)state;
    pump_quirk(SMP_GROUP_SUTURE, VERB_CAPABILITIES, (struct quirk){.kind = QUIRK_HANG_UP});
    found_within(FOUND_MS + 1);
    assert_passed_over();
}

static void a_port_that_answers_nonsense_is_passed_over(void **state)
{
    static const enum quirk_kind kinds[] = {QUIRK_GARBAGE, QUIRK_NOISE, QUIRK_EMPTY};

    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        job_free(&job);
        pump_close_door();
        pump_leaves_the_factory();
        pump_quirk(SMP_GROUP_SUTURE, VERB_IDENTITY, (struct quirk){.kind = kinds[i]});
        found_within(FOUND_MS + 1);
        assert_passed_over();
    }
}

/* ---- a port that floods */

static int flooded_port(char *address, size_t capacity)
{
    char name[64];
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);

    assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
    assert_int_equal(ptsname_r(master, name, sizeof name), 0);
    snprintf(address, capacity, "serial:%s", name);
    return master;
}

static void flood(int master, const char *with, uint64_t *poured)
{
    char bytes[4096];
    ssize_t count;

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = with[i % strlen(with)];
    while ((count = write(master, bytes, sizeof bytes)) > 0)
        *poured += (uint64_t)count;
}

static void floods_with(const char *with)
{
    char address[128];
    struct failure why;
    uint64_t poured = 0, now = 1000;
    int master = flooded_port(address, sizeof address);

    assert_true(job_start(&job, JOB_UPDATE, address, &settings, &why));
    job.origin = JOB_FOUND;
    for (; !job_ended(&job); now += 10) {
        job_run(&job, now);
        flood(master, with, &poured);
        assert_true(now < 1000 + FOUND_MS + 20);
    }
    assert_passed_over();
    assert_true(poured > 100000);
    job_free(&job);
    memset(&job, 0, sizeof job);
    close(master);
}

static void a_port_that_floods_is_passed_over_in_time(void **state)
{
    (void)state;
    floods_with("\xff");
    floods_with("[00:01:02] meter: 17 mA, waiting for the network\r\n");
    floods_with("\x06\x09");                 /* frames of a console that never end */
    floods_with("\x06\x09QUJDREVGR0g=\n");   /* and frames that are none */
    floods_with("\x01\x02\x03\x04\x05\x06"); /* what could be COBS */
}

/* ---- silence */

/* From the second chunk on it says nothing more, whatever it is asked. */
static void goes_silent_while_it_is_written(void)
{
    pump_quirk(SMP_GROUP_IMAGE, IMAGE_UPLOAD, (struct quirk){.kind = QUIRK_SILENT, .after = 1});
    pump_quirk(SMP_GROUP_SUTURE, VERB_IDENTITY, (struct quirk){.kind = QUIRK_SILENT, .after = 1});
    run_job(JOB_UPDATE);
    assert_ended(EXIT_UNKNOWN, DISPOSITION_HOLD, FAIL_TIMEOUT);
}

static size_t times_said(const char *words)
{
    size_t count = 0;
    for (const char *at = said; (at = strstr(at, words)) != NULL; at++)
        count += 1;
    return count;
}

/* The kit's release allows 30 s while it is written and 60 s for a boot. */
static void a_silence_is_told_with_what_is_normal_and_when_it_ends(void **state)
{
    (void)state;
    goes_silent_while_it_is_written();
    assert_said("s is normal; unknown in ");
    assert_int_equal(times_said("no answer for "), 2); /* when it begins, and when it is no longer normal */
    assert_said("that are normal: unknown in ");
}

static void a_short_silence_is_nobodys_business(void **state)
{
    (void)state;
    run_job(JOB_UPDATE);
    assert_ended(EXIT_VERIFIED, DISPOSITION_RETURN, FAIL_NONE);
    assert_int_equal(times_said("no answer for "), 0);
}

/* It is unknown when it was said to be, not before, and little later. */
static void the_time_that_is_told_is_the_time_that_it_takes(void **state)
{
    unsigned silent, left;

    (void)state;
    goes_silent_while_it_is_written();
    const char *told = strstr(said, "no answer for "), *end = strstr(said, "unknown in ");
    assert_non_null(told);
    assert_int_equal(sscanf(told, "no answer for %u", &silent), 1);
    assert_int_equal(sscanf(end, "unknown in %u", &left), 1);
    uint64_t took = (pump.now - client_answered_at(&job.session.client)) / 1000;
    assert_in_range(took, silent + left, silent + left + 8); /* a request that had begun is waited for */
}

static void a_silent_boot_is_told_with_its_own_time(void **state)
{
    (void)state;
    pump.fate = FATE_NEVER_BACK;
    run_job_within(JOB_UPDATE, 220000);
    assert_ended(EXIT_UNKNOWN, DISPOSITION_HOLD, FAIL_LINK_LOST);
    assert_said("up to 60 s is normal; unknown in ");
    assert_said("longer than the 60 s that are normal");
}

/* What was not touched will not be unknown. */
static void a_silence_before_it_was_touched_is_given_up(void **state)
{
    (void)state;
    pump_quirk(SMP_GROUP_SUTURE, VERB_CHECK, (struct quirk){.kind = QUIRK_SILENT});
    pump_quirk(SMP_GROUP_SUTURE, VERB_IDENTITY, (struct quirk){.kind = QUIRK_SILENT, .after = 1});
    run_job(JOB_UPDATE);
    assert_ended(EXIT_NO_DEVICE, DISPOSITION_UNTOUCHED, FAIL_TIMEOUT);
    assert_said(" s: given up in ");
    assert_int_equal(times_said("unknown in "), 0);
}

/* Between two of its words nothing else is drawn: a bar that stands still would say that all is well. */
static void a_silence_stays_on_a_terminal_until_it_ends(void **state)
{
    (void)state;
    show.format = SHOW_TERMINAL;
    goes_silent_while_it_is_written();
    const char *from = strstr(said, "no answer for "), *to = from ? strstr(from + 1, "no answer for ") : NULL;
    assert_non_null(to);
    for (const char *bar = strstr(from, "---"); bar != NULL && bar < to; bar = to)
        fail_msg("a bar in the middle of a silence: %.*s", (int)(to - from), from);
    assert_true(times_said("no answer for ") > 20);
}

/* Nobody's release says how long a way back may take. */
static void without_a_release_only_the_end_is_told(void **state)
{
    (void)state;
    *pump_slot(1) = (struct message_slot){.slot = 1, .state = SLOT_IS_GOOD, .sequence = 3};
    settings.from.folder = NULL;
    pump_quirk(SMP_GROUP_SUTURE, VERB_ROLLBACK, (struct quirk){.kind = QUIRK_SILENT});
    pump_quirk(SMP_GROUP_SUTURE, VERB_IDENTITY, (struct quirk){.kind = QUIRK_SILENT, .after = 1});
    run_job(JOB_ROLLBACK);
    assert_int_equal(times_said("no answer for "), 1);
    assert_said(" s: unknown in ");
    assert_int_equal(job.verdict.code, EXIT_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_STORY(a_device_of_ours_goes_the_whole_way),
        BENCH_STORY(a_device_that_goes_silent_later_is_not_passed_over),
        BENCH_STORY(another_makers_device_is_passed_over),
        BENCH_STORY(a_silent_port_is_passed_over),
        BENCH_STORY(a_port_that_hangs_up_is_passed_over),
        BENCH_STORY(a_port_that_answers_nonsense_is_passed_over),
        BENCH_STORY(a_port_that_floods_is_passed_over_in_time),
        BENCH_STORY(a_silence_is_told_with_what_is_normal_and_when_it_ends),
        BENCH_STORY(a_short_silence_is_nobodys_business),
        BENCH_STORY(the_time_that_is_told_is_the_time_that_it_takes),
        BENCH_STORY(a_silent_boot_is_told_with_its_own_time),
        BENCH_STORY(a_silence_before_it_was_touched_is_given_up),
        BENCH_STORY(a_silence_stays_on_a_terminal_until_it_ends),
        BENCH_STORY(without_a_release_only_the_end_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
