/* Receipts: written whole or not at all, proven offline, and refused when any word in them contradicts what the device
 * signed. The root, the certificate and the report are real ones, made with keys of fixed numbers. */
#include "tests/unit/loader/loader_kit.h"

#include "keys/base/cbor.h"
#include "keys/base/hex.h"

#include <jansson.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define NOON 1795780800u /* seconds since 1970 */

static const uint8_t manifest[DIGEST_SIZE] = {0x4d, 1, 2, 3};
static uint8_t report_bytes[REPORT_MAX];
static struct report report;
static struct receipt receipt;
static char path[4096];

/* A pump that was updated from slot A to slot B, as the station tells it. */
static struct receipt story_of_an_update(void)
{
    struct receipt story = {.intent = INTENT_UPDATE,
                            .station = "bench 3",
                            .address = "unix:/run/pump.sock",
                            .started = NOON,
                            .ended = NOON + 65,
                            .model = "P-200",
                            .hardware = "B",
                            .serial = PUMP_SERIAL,
                            .before = {true, 0, 4, {4, 2, 0}, {0}},
                            .after = {true, 1, kit.content.sequence, {4, 3, 1}, {0}},
                            .file = "/media/stick/p-200-4.3.1.suture",
                            .sequence = kit.content.sequence,
                            .version = {4, 3, 1},
                            .signer_count = 1,
                            .size = 1000,
                            .sent = 1000,
                            .preflight_known = true,
                            .battery = 90,
                            .service = true,
                            .mains = true,
                            .check_count = 1,
                            .checks = {{"alarm", "yes", true}},
                            .verdict = {EXIT_VERIFIED, DISPOSITION_RETURN}};
    struct failure why;

    memcpy(story.vendor, kit.content.vendor, UUID_SIZE);
    memcpy(story.class_id, kit.content.classes[0], UUID_SIZE);
    memset(story.before.digest, 0x0d, DIGEST_SIZE);
    memcpy(story.after.digest, kit.content.image_digest, DIGEST_SIZE);
    memcpy(story.image_digest, kit.content.image_digest, DIGEST_SIZE);
    memcpy(story.manifest_digest, manifest, DIGEST_SIZE);
    assert_true(session_header_make(&story.header, manifest, story.station, story.started, &why));
    return story;
}

/* The pump signs `report` for the receipt's session. */
static void sign_for(struct receipt *story, const char *pump, const char *factory)
{
    struct buffer out = buffer_over(report_bytes, sizeof report_bytes);

    memcpy(report.nonce, story->header.nonce, sizeof report.nonce);
    sign_report_as(&report, pump, factory, &out);
    story->report = span_used(&out);
}

static void write_it(void)
{
    struct failure why;
    if (!receipt_write(&receipt, receipt_folder(), path, sizeof path, &why))
        fail_msg("%s", why.what);
}

static int set_up(void **state)
{
    int opened = station_open(state);

    report = healthy_report();
    memcpy(report.running.manifest_id, manifest, TRUST_MANIFEST_ID);
    receipt = story_of_an_update();
    sign_for(&receipt, PUMP_KEY, FACTORY_KEY);
    return opened;
}

static enum failure_id judged_by(struct root_tale tale, struct failure *why)
{
    struct buffer root = root_of(tale);
    struct receipt_file *file;
    struct trust trust;

    *why = (struct failure){FAIL_NONE, ""};
    assert_int_equal(root_read(span_used(&root), &trust), OK);
    if (receipt_read(path, &file, why)) {
        assert_true(receipt_prove(file, &trust, why) == (why->id == FAIL_NONE));
        receipt_file_free(file);
    }
    free(root.data);
    return why->id;
}

static enum failure_id judged(void)
{
    struct failure why;
    return judged_by((struct root_tale){0}, &why);
}

/* ---- the honest one */

static void a_receipt_is_proven_by_the_vendors_root_alone(void **state)
{
    (void)state;
    write_it();
    assert_int_equal(judged(), FAIL_NONE);
}

static void its_name_says_the_serial_the_time_and_which_one_it_is(void **state)
{
    char wanted[600], random[9];
    struct stat about;

    (void)state;
    write_it();
    hex_of(span_of(receipt.header.random, 4), random);
    snprintf(wanted, sizeof wanted, "%s/" PUMP_SERIAL "-2026-11-27T12-01-05Z-%s.json", receipt_folder(),
             random);
    assert_string_equal(path, wanted);
    assert_int_equal(stat(receipt_folder(), &about), 0);
    assert_int_equal(about.st_mode & 0777, 0700);
    assert_int_equal(files_in(receipt_folder()), 1);
}

static void a_serial_can_not_leave_the_folder(void **state)
{
    (void)state;
    receipt.serial = "../../etc/passwd";
    write_it();
    assert_int_equal(strncmp(path, receipt_folder(), strlen(receipt_folder())), 0);
    assert_null(strstr(path, ".."));
    assert_int_equal(files_in(receipt_folder()), 1);
}

/* What text cannot hold must not cost the receipt. */
static void bytes_that_are_no_text_are_written_as_question_marks(void **state)
{
    (void)state;
    receipt.station = "bench \xff\xc0\x80";
    receipt.address = "unix:/run/\xed\xa0\x80";
    receipt.file = "\x1b[2J.suture";
    receipt.checks[0].value = "\xe0\x80\x80";
    struct failure why;
    assert_true(session_header_make(&receipt.header, manifest, receipt.station, receipt.started, &why));
    sign_for(&receipt, PUMP_KEY, FACTORY_KEY);
    write_it();
    assert_int_equal(judged(), FAIL_NONE);
}

static void a_long_name_of_a_station_is_cut_between_characters(void **state)
{
    static const char name[] = "äöüäöüäöüäöüäöüäöüäöüäöüäöüäöüäxöüäöüäöü";
    struct failure why;

    (void)state;
    assert_true(strlen(name) > STATION_MAX);
    receipt.station = name;
    assert_true(session_header_make(&receipt.header, manifest, name, receipt.started, &why));
    sign_for(&receipt, PUMP_KEY, FACTORY_KEY);
    write_it();
    assert_int_equal(judged(), FAIL_NONE);
}

static void two_sessions_never_have_the_same_nonce(void **state)
{
    struct session_header one, other;
    struct failure why;

    (void)state;
    assert_true(session_header_make(&one, manifest, "bench 3", NOON, &why));
    assert_true(session_header_make(&other, manifest, "bench 3", NOON, &why));
    assert_memory_not_equal(one.nonce, other.nonce, sizeof one.nonce);
    assert_true(one.size <= SESSION_HEADER_MAX);
}

/* ---- what the report can contradict */

static json_t *load(void)
{
    json_t *json = json_load_file(path, 0, NULL);
    assert_non_null(json);
    return json;
}

static void store(json_t *json)
{
    assert_int_equal(json_dump_file(json, path, JSON_INDENT(2)), 0);
    json_decref(json);
}

/* One member by its path, "after.slot" or "exit", becomes `value`. */
static void change(const char *member, json_t *value)
{
    json_t *json = load(), *in = json;
    const char *dot = strchr(member, '.');
    char object[32];

    if (dot != NULL) {
        snprintf(object, sizeof object, "%.*s", (int)(dot - member), member);
        in = json_object_get(json, object);
        member = dot + 1;
    }
    assert_non_null(json_object_get(in, member));
    assert_int_equal(json_object_set_new(in, member, value), 0);
    store(json);
}

static void assert_contradicted(const char *member, json_t *value)
{
    struct failure why;

    write_it();
    change(member, value);
    enum failure_id id = judged_by((struct root_tale){0}, &why);
    if (id != FAIL_RECEIPT_CHANGED)
        fail_msg("%s was changed: E-%d %s", member, id, why.what);
}

static void each_member_that_the_report_contradicts_is_refused(void **state)
{
    char zeros[65] = "";
    (void)state;
    memset(zeros, '0', 64);
    assert_contradicted("receipt", json_string("00000000000000000000000000000000"));

    assert_contradicted("device.class", json_string("00000000000000000000000000000000"));
    assert_contradicted("device.serial", json_string("7F32"));
    assert_contradicted("device.serial", json_null());
    assert_contradicted("bundle.sequence", json_integer(8));
    assert_contradicted("bundle.manifest", json_string(zeros));
    assert_contradicted("bundle.image_sha256", json_string(zeros));
    assert_contradicted("bundle", json_null());
    assert_contradicted("after.slot", json_string("A"));
    assert_contradicted("after.slot", json_string("BB"));
    assert_contradicted("after.sequence", json_integer(8));
    assert_contradicted("after.sequence", json_real(7.0));
    assert_contradicted("after.sha256", json_string(zeros));
    assert_contradicted("after", json_null());
    assert_contradicted("session.station", json_string("bench 4"));
    assert_contradicted("session.start", json_string("2026-11-27T12:00:01Z"));
    assert_contradicted("outcome", json_string("rolled_back"));
    assert_contradicted("outcome", json_null());
    assert_contradicted("exit", json_integer(15));
    assert_contradicted("exit", json_integer(1ll << 32));
    assert_contradicted("exit", json_integer(-1));
    assert_contradicted("exit", json_string("0"));
    assert_contradicted("disposition", json_string("untouched"));
    assert_contradicted("disposition", json_null());
}

static void a_rollback_that_moved_nothing_is_no_return_from_one(void **state)
{
    (void)state;
    receipt.intent = INTENT_ROLLBACK;
    receipt.before.slot = 1;
    write_it();
    assert_int_equal(judged(), FAIL_RECEIPT_CHANGED);
    receipt.verdict.code = EXIT_FAILED_SAFE;
    write_it();
    assert_int_equal(judged(), FAIL_NONE);
}

/* The verdicts of a run that was refused after the device was touched: the receipt must be provable too. */
static void a_refusal_with_a_report_is_proven(void **state)
{
    (void)state;
    report.running.sequence = receipt.after.sequence = 4;
    report.running.slot = receipt.after.slot = 0;
    report.other.slot = 1;
    memset(report.running.digest, 0x0d, DIGEST_SIZE);
    memset(receipt.after.digest, 0x0d, DIGEST_SIZE);
    memset(report.running.manifest_id, 0x0d, TRUST_MANIFEST_ID);
    sign_for(&receipt, PUMP_KEY, FACTORY_KEY);
    static const enum exit_code codes[] = {EXIT_FAILED_SAFE, EXIT_REFUSED_INTERLOCK, EXIT_REFUSED_BUNDLE};
    for (size_t i = 0; i < 3; i++) {
        receipt.verdict = (struct verdict){codes[i], DISPOSITION_RETURN};
        write_it();
        assert_int_equal(judged(), FAIL_NONE);
    }
    receipt.verdict.code = EXIT_VERIFIED;
    write_it();
    assert_int_equal(judged(), FAIL_RECEIPT_CHANGED);
}

/* A forger who turns the old image into the wanted one contradicts the manifest's name, which the header binds. */
static void an_old_image_can_not_be_told_as_the_new_one(void **state)
{
    (void)state;
    report.running.sequence = 4;
    memset(report.running.manifest_id, 0x0d, TRUST_MANIFEST_ID);
    memset(report.running.digest, 0x0d, DIGEST_SIZE);
    receipt.after.sequence = receipt.sequence = 4;
    memset(receipt.after.digest, 0x0d, DIGEST_SIZE);
    memset(receipt.image_digest, 0x0d, DIGEST_SIZE);
    sign_for(&receipt, PUMP_KEY, FACTORY_KEY);
    write_it();
    assert_int_equal(judged(), FAIL_RECEIPT_CHANGED);
}

static void open_checks_and_nothing_to_do_are_the_stations_to_say(void **state)
{
    (void)state;
    receipt.verdict = (struct verdict){EXIT_NOTHING_TO_DO, DISPOSITION_RETURN};
    write_it();
    assert_int_equal(judged(), FAIL_NONE);
    receipt.verdict = (struct verdict){EXIT_NEEDS_PERSON, DISPOSITION_HOLD};
    write_it();
    assert_int_equal(judged(), FAIL_NONE);
    receipt.verdict = (struct verdict){EXIT_UNSAFE, DISPOSITION_DO_NOT_USE};
    write_it();
    assert_int_equal(judged(), FAIL_NONE);
}

static void a_device_that_runs_nothing_is_proven_unsafe(void **state)
{
    (void)state;
    report.has_running = false;
    report.boot_kind = 0;
    receipt.after.known = false;
    receipt.verdict = (struct verdict){EXIT_UNSAFE, DISPOSITION_DO_NOT_USE};
    sign_for(&receipt, PUMP_KEY, FACTORY_KEY);
    write_it();
    assert_int_equal(judged(), FAIL_NONE);
    receipt.after.known = true;
    write_it();
    assert_int_equal(judged(), FAIL_RECEIPT_CHANGED);
    receipt.after.known = false;
    receipt.verdict = (struct verdict){EXIT_VERIFIED, DISPOSITION_RETURN};
    write_it();
    assert_int_equal(judged(), FAIL_RECEIPT_CHANGED);
}

static void a_serial_with_a_mark_that_reorders_lines_is_compared_as_it_is_shown(void **state)
{
    (void)state;
    report.serial = span_text("7\xe2\x80\xae"
                              "31");
    receipt.serial = "7???31";
    sign_for(&receipt, PUMP_KEY, FACTORY_KEY);
    write_it();
    assert_int_equal(judged(), FAIL_NONE);
}

/* ---- reports of others */

static void a_report_can_not_be_moved_to_another_session(void **state)
{
    struct receipt another = story_of_an_update();

    (void)state;
    another.report = receipt.report;
    receipt = another;
    write_it();
    assert_int_equal(judged(), FAIL_RECEIPT_CHANGED);
}

static void flipped_bits_of_the_session_header_are_refused(void **state)
{
    char hex[2 * SESSION_HEADER_MAX + 1];

    (void)state;
    write_it();
    for (size_t bit = 0; bit < 8 * receipt.header.size; bit += 5) {
        uint8_t header[SESSION_HEADER_MAX];
        memcpy(header, receipt.header.bytes, receipt.header.size);
        header[bit / 8] ^= (uint8_t)(1 << bit % 8);
        hex_of(span_of(header, receipt.header.size), hex);
        change("session.header", json_string(hex));
        if (judged() == FAIL_NONE)
            fail_msg("bit %zu of the session header was flipped and nobody saw it", bit);
    }
    hex_of(span_of(receipt.header.bytes, receipt.header.size - 1), hex);
    change("session.header", json_string(hex));
    assert_int_equal(judged(), FAIL_RECEIPT_CHANGED);
}

/* Signed by the device all the same: it signs whatever nonce it is given. */
static void a_session_header_of_another_form_is_refused(void **state)
{
    enum { MAP_OF_FIVE = 0xa5 };

    (void)state;
    receipt.header.bytes[0] = MAP_OF_FIVE; /* and holds four */
    digest_of(span_of(receipt.header.bytes, receipt.header.size), receipt.header.nonce);
    sign_for(&receipt, PUMP_KEY, FACTORY_KEY);
    write_it();
    assert_int_equal(judged(), FAIL_RECEIPT_CHANGED);
}

/* Each bit of the hex text, also those that leave the alphabet: sampled, a signature check takes its time. */
static void each_flipped_bit_of_the_reports_hex_is_refused(void **state)
{
    char hex[2 * REPORT_MAX + 1];
    size_t tried = 0;

    (void)state;
    write_it();
    hex_of(receipt.report, hex);
    for (size_t bit = 0; bit < 8 * strlen(hex); bit += 23, tried++) {
        char flipped = (char)(hex[bit / 8] ^ (1 << bit % 8)), was = hex[bit / 8];
        if (flipped == '\0' || (unsigned char)flipped >= 0x80)
            continue;
        hex[bit / 8] = flipped;
        change("evidence.report", json_string(hex));
        hex[bit / 8] = was;
        if (judged() == FAIL_NONE)
            fail_msg("bit %zu of the report's hex was flipped and nobody saw it", bit);
    }
    assert_true(tried > 150);
}

static void each_truncation_of_the_report_is_refused(void **state)
{
    char hex[2 * REPORT_MAX + 1];

    (void)state;
    write_it();
    for (size_t size = 0; size < receipt.report.size; size += 13) {
        hex_of(span_first(receipt.report, size), hex);
        change("evidence.report", json_string(hex));
        assert_int_not_equal(judged(), FAIL_NONE);
    }
}

static void a_root_of_another_vendor_proves_nothing(void **state)
{
    struct failure why;
    (void)state;
    write_it();
    assert_int_equal(judged_by((struct root_tale){.domain = "rival.example"}, &why), FAIL_CERTIFICATE);
}

static void a_pump_that_another_factory_certified_is_not_proven(void **state)
{
    (void)state;
    sign_for(&receipt, PUMP_KEY, "someone else's factory");
    write_it();
    assert_int_equal(judged(), FAIL_CERTIFICATE);
}

static void a_factory_key_that_was_withdrawn_certifies_nobody(void **state)
{
    struct failure why;
    (void)state;
    write_it();
    assert_int_equal(
        judged_by(
            (struct root_tale){.version = 2, .factory_key = "new factory", .withdrawn_key = FACTORY_KEY},
            &why),
        FAIL_CERTIFICATE);
}

static void another_vendors_name_on_the_receipt_is_seen(void **state)
{
    (void)state;
    write_it();
    change("device.vendor", json_string("00000000000000000000000000000000"));
    assert_int_equal(judged(), FAIL_RECEIPT_CHANGED);
}

static void a_receipt_without_evidence_says_so(void **state)
{
    (void)state;
    receipt.report = (struct span){NULL, 0};
    write_it();
    assert_int_equal(judged(), FAIL_NO_EVIDENCE);
}

/* ---- files that are no receipts */

static void put_receipt(struct span bytes)
{
    put("r.json", bytes);
    snprintf(path, sizeof path, "%s", in_folder("r.json"));
}

static void garbage_is_no_receipt(void **state)
{
    static const char *const texts[] = {"",
                                        "{",
                                        "[]",
                                        "null",
                                        "7",
                                        "{}",
                                        "{\"schema\": 1}",
                                        "{\"schema\": 1.0}",
                                        "{\"schema\": 2, \"intent\": \"update\"}",
                                        "{\"schema\": 1, \"intent\": \"install\"}",
                                        "{\"schema\": 1, \"intent\": \"update\", \"device\": []}",
                                        "{\"schema\": 1, \"schema\": 1}",
                                        "{\"schema\": 1, \"a\\u0000b\": 1}",
                                        "\xff\xfe"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        put_receipt(span_text(texts[i]));
        assert_int_equal(judged(), FAIL_RECEIPT_FORMAT);
    }
}

static void each_required_member_that_is_missing_is_named(void **state)
{
    static const char *const members[] = {"schema", "intent", "device", "session", "bundle", "evidence"};
    struct failure why;

    (void)state;
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        write_it();
        json_t *json = load();
        assert_int_equal(json_object_del(json, members[i]), 0);
        store(json);
        assert_int_equal(judged_by((struct root_tale){0}, &why), FAIL_RECEIPT_FORMAT);
        assert_non_null(strstr(why.what, members[i]));
    }
}

static void a_member_that_stands_there_twice_is_refused(void **state)
{
    struct buffer bytes;
    struct failure why;

    (void)state;
    write_it();
    assert_true(file_read(path, RECEIPT_MAX, &bytes, &why));
    char *twice = malloc(bytes.size + 64);
    assert_non_null(twice);
    int head = snprintf(twice, 64, "{\"disposition\": \"return\", ");
    memcpy(twice + head, bytes.data + 1, bytes.size - 1);
    put_receipt(span_of(twice, (size_t)head + bytes.size - 1));
    assert_int_equal(judged(), FAIL_RECEIPT_FORMAT);
    free(twice);
    free(bytes.data);
}

static void deep_nesting_ends_without_a_crash(void **state)
{
    enum { DEPTH = 100000 };
    char *deep = malloc(DEPTH);

    (void)state;
    assert_non_null(deep);
    memset(deep, '[', DEPTH);
    put_receipt(span_of(deep, DEPTH));
    assert_int_equal(judged(), FAIL_RECEIPT_FORMAT);
    free(deep);
}

static void a_receipt_beyond_its_limit_is_not_read(void **state)
{
    struct buffer large = buffer_over(malloc(RECEIPT_MAX + 1), RECEIPT_MAX + 1);

    (void)state;
    assert_non_null(large.data);
    memset(large.data, ' ', large.capacity);
    put_receipt(span_of(large.data, RECEIPT_MAX + 1));
    assert_int_equal(judged(), FAIL_FILE_TOO_LARGE);
    put_receipt(span_of(large.data, RECEIPT_MAX));
    assert_int_equal(judged(), FAIL_RECEIPT_FORMAT);
    free(large.data);
}

static void what_is_no_file_is_not_read(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "%s", kit.folder);
    assert_int_equal(judged(), FAIL_FILE_OPEN);
    snprintf(path, sizeof path, "%s", in_folder("absent.json"));
    assert_int_equal(judged(), FAIL_FILE_OPEN);
}

static void a_receipt_is_printed_without_what_could_move_a_terminal(void **state)
{
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    struct receipt_file *file;
    struct failure why;

    (void)state;
    write_it();
    change("device.model", json_string("P-200\x1b[2J\x07"));
    change("session.station", json_string("\xc2\x9b"
                                          "31m"));
    assert_true(receipt_read(path, &file, &why));
    receipt_print(out, file);
    receipt_file_free(file);
    fclose(out);
    for (size_t i = 0; i < size; i++)
        assert_true(text[i] == '\n' || (unsigned char)text[i] >= 0x20);
    assert_null(strstr(text, "\xc2\x9b"));
    assert_non_null(strstr(text, PUMP_SERIAL));
    free(text);
}

static void what_is_shown_as_signed_is_in_the_report(void **state)
{
    struct receipt_file *file;
    struct failure why;
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    (void)state;
    write_it();
    assert_true(receipt_read(path, &file, &why));
    receipt_print(out, file);
    receipt_file_free(file);
    fclose(out);
    char *claims = strstr(text, "what the station says");
    assert_non_null(claims);
    assert_non_null(strstr(claims, "4.3.1"));
    *claims = '\0';
    assert_non_null(strstr(text, "sequence 7 in slot B"));
    assert_null(strstr(text, "4.3.1"));
    free(text);
}

/* ---- places that take no receipt */

static void a_folder_that_can_not_be_made_is_said(void **state)
{
    struct failure why;

    (void)state;
    put("receipts", span_text("not a folder"));
    assert_false(receipt_write(&receipt, receipt_folder(), path, sizeof path, &why));
    assert_int_equal(why.id, FAIL_RECEIPT_WRITE);
    assert_false(receipt_write(&receipt, "/proc/self/suture", path, sizeof path, &why));
    assert_int_equal(why.id, FAIL_RECEIPT_WRITE);
    assert_false(receipt_write(&receipt, receipt_folder(), path, 8, &why));
    assert_int_equal(why.id, FAIL_RECEIPT_WRITE);
}

/* In a child: the limit of a file's size stands in for a disk that is full in the middle of the receipt. */
static void write_with_a_full_disk(void)
{
    const struct rlimit little = {1024, 1024};
    struct failure why;

    signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &little) != 0)
        _exit(2);
    bool written = receipt_write(&receipt, receipt_folder(), path, sizeof path, &why);
    _exit(!written && why.id == FAIL_RECEIPT_WRITE ? 0 : 1);
}

static void a_full_disk_leaves_nothing_behind(void **state)
{
    int ended = -1;

    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        write_with_a_full_disk();
    assert_int_equal(waitpid(child, &ended, 0), child);
    assert_true(WIFEXITED(ended));
    assert_int_equal(WEXITSTATUS(ended), 0);
    assert_int_equal(files_in(receipt_folder()), 0);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, set_up, station_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(a_receipt_is_proven_by_the_vendors_root_alone),
        STORY(its_name_says_the_serial_the_time_and_which_one_it_is),
        STORY(a_serial_can_not_leave_the_folder),
        STORY(bytes_that_are_no_text_are_written_as_question_marks),
        STORY(a_long_name_of_a_station_is_cut_between_characters),
        STORY(two_sessions_never_have_the_same_nonce),
        STORY(each_member_that_the_report_contradicts_is_refused),
        STORY(a_rollback_that_moved_nothing_is_no_return_from_one),
        STORY(a_refusal_with_a_report_is_proven),
        STORY(an_old_image_can_not_be_told_as_the_new_one),
        STORY(open_checks_and_nothing_to_do_are_the_stations_to_say),
        STORY(a_device_that_runs_nothing_is_proven_unsafe),
        STORY(a_serial_with_a_mark_that_reorders_lines_is_compared_as_it_is_shown),
        STORY(a_report_can_not_be_moved_to_another_session),
        STORY(flipped_bits_of_the_session_header_are_refused),
        STORY(a_session_header_of_another_form_is_refused),
        STORY(each_flipped_bit_of_the_reports_hex_is_refused),
        STORY(each_truncation_of_the_report_is_refused),
        STORY(a_root_of_another_vendor_proves_nothing),
        STORY(a_pump_that_another_factory_certified_is_not_proven),
        STORY(a_factory_key_that_was_withdrawn_certifies_nobody),
        STORY(another_vendors_name_on_the_receipt_is_seen),
        STORY(a_receipt_without_evidence_says_so),
        STORY(garbage_is_no_receipt),
        STORY(each_required_member_that_is_missing_is_named),
        STORY(a_member_that_stands_there_twice_is_refused),
        STORY(deep_nesting_ends_without_a_crash),
        STORY(a_receipt_beyond_its_limit_is_not_read),
        STORY(what_is_no_file_is_not_read),
        STORY(a_receipt_is_printed_without_what_could_move_a_terminal),
        STORY(what_is_shown_as_signed_is_in_the_report),
        STORY(a_folder_that_can_not_be_made_is_said),
        STORY(a_full_disk_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
