/* The doctor at stations made of a folder: each thing that can be in the way at a bench, and the command that mends it. */
#include "tests/unit/loader/loader_kit.h"

#include "keys/base/hex.h"
#include "loader/doctor/doctor_inner.h"

#include <errno.h>
#include <utime.h>

enum { DIALOUT = 20, NOW = 1790000000 };

static struct doctor_world world;
static struct diagnosis diagnosis;
static struct finding findings[64];
static size_t finding_count;
/* what the made-up computer answers */
static struct port_facts port;
static bool is_listed, may_write, clock_is_kept;
static uint64_t free_bytes;

static bool port_of(const char *path, struct port_facts *out)
{
    (void)path;
    *out = port;
    return true;
}

static bool listed(const struct doctor_world *here, gid_t group)
{
    assert_string_equal(here->user_name, "tess");
    return is_listed && group == DIALOUT;
}

static bool writable(const char *folder)
{
    assert_int_equal(access(folder, F_OK), 0);
    return may_write;
}

static bool room(const char *folder, uint64_t *bytes)
{
    assert_int_equal(access(folder, F_OK), 0);
    *bytes = free_bytes;
    return true;
}

static bool kept(void)
{
    return clock_is_kept;
}

/* A file of the station, with the folders above it. */
static void there_is(const char *name, const char *text)
{
    char path[1024];

    snprintf(path, sizeof path, "%s/%s", kit.folder, name);
    for (char *at = path + strlen(kit.folder) + 1; *at != '\0'; at++)
        if (*at == '/') {
            *at = '\0';
            assert_true(mkdir(path, 0700) == 0 || errno == EEXIST);
            *at = '/';
        }
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void there_is_no(const char *name)
{
    assert_int_equal(unlink(in_folder(name)), 0);
}

/* An adapter under this name: any character device will do for a port. */
static void plugged_in(const char *name, const char *device)
{
    char path[1024];

    snprintf(path, sizeof path, "ports/%s", name);
    assert_int_equal(symlink(device, in_folder(path)), 0);
}

/* Technician tess, in the group dialout, with one adapter, at a station where nothing is in the way. */
static int good_station(void **state)
{
    int opened = station_open(state);

    there_is("bundles/pump.suture", "");
    there_is("etc/udev/rules.d/60-suture-serial.rules", "");
    there_is("usr/lib/udev/rules.d/70-suture.rules", "");
    there_is("proc/1/comm", "systemd\n");
    there_is("ports/.keep", "");
    plugged_in("ttyUSB0", "/dev/null");
    setenv("SUTURE_SERIAL_DIR", in_folder("ports"), 1);
    assert_int_equal(trust_added("root", (struct root_tale){0}), FAIL_NONE);
    world = (struct doctor_world){.root = kit.folder,
                                  .now = NOW,
                                  .built = NOW - 86400,
                                  .user = 1000,
                                  .user_name = "tess",
                                  .groups = {1000, DIALOUT},
                                  .group_count = 2,
                                  .port = port_of,
                                  .listed = listed,
                                  .writable = writable,
                                  .room = room,
                                  .clock_kept = kept};
    snprintf(world.store, sizeof world.store, "%s", trust_folder());
    snprintf(world.receipts, sizeof world.receipts, "%s", receipt_folder());
    snprintf(world.bundles, sizeof world.bundles, "%s/bundles", kit.folder);
    port = (struct port_facts){.group = DIALOUT, .group_name = "dialout", .mode = 0660, .usable = true};
    is_listed = may_write = clock_is_kept = true;
    free_bytes = 1ull << 40;
    /* its documents were made at the true time; the made-up one is later or earlier */
    const struct utimbuf before = {NOW - 3600, NOW - 3600};
    char name[2 * UUID_SIZE + 32], vendor[2 * UUID_SIZE + 1];
    hex_of(span_of(kit.content.vendor, UUID_SIZE), vendor);
    snprintf(name, sizeof name, "trust/%s.1.root", vendor);
    assert_int_equal(utime(in_folder(name), &before), 0);
    return opened;
}

static int station_leave(void **state)
{
    unsetenv("SUTURE_SERIAL_DIR");
    return station_close(state);
}

static void keep(void *context, const struct finding *finding)
{
    assert_ptr_equal(context, &finding_count);
    assert_true(finding_count < 64);
    findings[finding_count++] = *finding;
}

static void look(void)
{
    finding_count = 0;
    doctor_look(&world, keep, &finding_count, &diagnosis);
    assert_int_equal(diagnosis.counts[GRADE_WELL] + diagnosis.counts[GRADE_HINT] +
                         diagnosis.counts[GRADE_MEND],
                     finding_count);
    for (size_t i = 0; i < finding_count; i++) {
        assert_true((findings[i].grade == GRADE_WELL) == (findings[i].mend[0] == '\0'));
        assert_true((findings[i].grade == GRADE_MEND) == (findings[i].id != FAIL_NONE));
    }
}

/* One finding of this check and grade has `what` in its text and `mend` in its mending. */
static void found(const char *check, enum grade grade, enum failure_id id, const char *what, const char *mend)
{
    for (size_t i = 0; i < finding_count; i++) {
        const struct finding *one = &findings[i];
        if (strcmp(one->check, check) == 0 && one->grade == grade && one->id == id &&
            strstr(one->what, what) && strstr(one->mend, mend))
            return;
    }
    for (size_t i = 0; i < finding_count; i++)
        print_message("%s %s E-%d %s | %s\n", findings[i].check, grade_name(findings[i].grade),
                      findings[i].id, findings[i].what, findings[i].mend);
    fail_msg("not found: %s %s E-%d %s | %s", check, grade_name(grade), id, what, mend);
}

static void a_good_station_is_well_and_ends_with_0(void **state)
{
    (void)state;
    look();
    assert_int_equal(diagnosis.code, EXIT_VERIFIED);
    assert_int_equal(diagnosis.counts[GRADE_HINT] + diagnosis.counts[GRADE_MEND], 0);
    found("port", GRADE_WELL, FAIL_NONE, "ttyUSB0: tess may use it", "");
    found("trust", GRADE_WELL, FAIL_NONE, "version 1, 3 keys", "");
    found("bundles", GRADE_WELL, FAIL_NONE, "1 bundle in", "");
}

/* ---- ports */

static void a_port_of_a_group_that_the_user_is_not_in_names_the_group(void **state)
{
    (void)state;
    port.usable = is_listed = false;
    world.group_count = 1;
    look();
    found("port", GRADE_MEND, FAIL_LINK_PERMISSION, "belongs to the group dialout, and tess is not in it",
          "sudo usermod -aG dialout tess && echo 'now log out");
    assert_int_equal(diagnosis.code, EXIT_NO_PERMISSION);
}

static void a_group_that_was_given_after_the_login_wants_a_new_login(void **state)
{
    (void)state;
    port.usable = false;
    world.group_count = 1;
    look();
    found("port", GRADE_MEND, FAIL_LINK_PERMISSION, "after this login",
          "log out and in again; for this terminal alone: newgrp dialout");
}

static void nobody_is_ever_sent_into_the_group_root(void **state)
{
    (void)state;
    there_is_no("etc/udev/rules.d/60-suture-serial.rules");
    port = (struct port_facts){.group = 0, .group_name = "root", .mode = 0660, .adapter = true};
    look();
    found("port", GRADE_MEND, FAIL_LINK_PERMISSION, "mode 660, group root", "suture doctor --udev-rule");
    for (size_t i = 0; i < finding_count; i++)
        assert_null(strstr(findings[i].mend, "usermod"));
}

static void a_group_without_the_right_to_write_is_no_cure(void **state)
{
    (void)state;
    there_is_no("etc/udev/rules.d/60-suture-serial.rules");
    port.usable = is_listed = false;
    port.adapter = true;
    port.mode = 0640;
    world.group_count = 1;
    look();
    found("port", GRADE_MEND, FAIL_LINK_PERMISSION, "mode 640, group dialout", "suture doctor --udev-rule");
}

static void a_closed_port_that_the_rule_does_not_open_is_given_to_the_user(void **state)
{
    (void)state;
    port = (struct port_facts){.group = 0, .group_name = "root", .mode = 0600, .adapter = true};
    look(); /* the rule is there already */
    found("port", GRADE_MEND, FAIL_LINK_PERMISSION, "mode 600", "sudo chown tess /");
    there_is_no("etc/udev/rules.d/60-suture-serial.rules");
    port.adapter = false;
    look();
    found("port", GRADE_MEND, FAIL_LINK_PERMISSION, "mode 600", "sudo chown tess /");
}

static void a_port_that_a_program_has_names_it(void **state)
{
    (void)state;
    port.held = true;
    port.holder = (struct port_holder){4711, "minicom"};
    look();
    found("port", GRADE_HINT, FAIL_NONE, "in use by minicom (process 4711)", "kill 4711");
    assert_int_equal(diagnosis.code, EXIT_VERIFIED);
}

static void a_suture_at_work_is_never_to_be_killed(void **state)
{
    (void)state;
    port.held = true;
    port.holder = (struct port_holder){4711, "suture"};
    look();
    found("port", GRADE_HINT, FAIL_NONE, "suture (process 4711) is at work", "wait until it has ended");
    for (size_t i = 0; i < finding_count; i++)
        assert_null(strstr(findings[i].mend, "kill"));
}

static void a_port_that_modem_manager_has_is_to_be_mended(void **state)
{
    (void)state;
    port.held = true;
    port.holder = (struct port_holder){12, "ModemManager"};
    look();
    found("port", GRADE_MEND, FAIL_MODEM_MANAGER, "ModemManager (process 12) has it",
          "systemctl disable --now ModemManager");
}

static void every_port_is_looked_at_once(void **state)
{
    (void)state;
    plugged_in("ttyUSB1", "/dev/zero");
    plugged_in("the same again", "/dev/null");
    there_is("ports/notes.txt", "");
    look();
    size_t ports = 0;
    for (size_t i = 0; i < finding_count; i++)
        ports += strcmp(findings[i].check, "port") == 0;
    assert_int_equal(ports, 2);
}

static void no_adapter_is_no_failure(void **state)
{
    (void)state;
    there_is_no("ports/ttyUSB0");
    look();
    found("port", GRADE_WELL, FAIL_NONE, "no serial port in", "");
}

static void a_folder_of_ports_that_is_not_there_is_to_be_mended(void **state)
{
    (void)state;
    setenv("SUTURE_SERIAL_DIR", "/nowhere/at/all", 1);
    look();
    found("port", GRADE_MEND, FAIL_SERIAL_DIR, "/nowhere/at/all", "unset SUTURE_SERIAL_DIR");
    assert_int_equal(diagnosis.code, EXIT_LOCAL_IO);
}

static void root_is_told_to_look_as_the_technician(void **state)
{
    (void)state;
    world.user = 0;
    look();
    found("port", GRADE_HINT, FAIL_NONE, "this is root", "as the person who does the updates");
}

/* ---- the udev rule, ModemManager */

static void without_the_rule_a_station_works_and_is_told_how_to_get_it(void **state)
{
    (void)state;
    there_is_no("etc/udev/rules.d/60-suture-serial.rules");
    look();
    found("udev-rule", GRADE_HINT, FAIL_NONE, "is not installed", "suture doctor --udev-rule | sudo tee");
    assert_int_equal(diagnosis.code, EXIT_VERIFIED);
}

static void without_the_rule_for_usb_a_station_with_serial_lines_works(void **state)
{
    (void)state;
    there_is_no("usr/lib/udev/rules.d/70-suture.rules");
    look();
    found("udev-rule", GRADE_HINT, FAIL_NONE, "70-suture.rules, is not installed", "sudo make install");
    found("udev-rule", GRADE_WELL, FAIL_NONE, "60-suture-serial.rules opens serial adapters", "");
}

static void the_rule_counts_wherever_udev_reads_it(void **state)
{
    (void)state;
    there_is_no("etc/udev/rules.d/60-suture-serial.rules");
    there_is("usr/local/lib/udev/rules.d/60-suture-serial.rules", "");
    look();
    found("udev-rule", GRADE_WELL, FAIL_NONE, "/usr/local/lib/udev/rules.d/60-suture-serial.rules", "");
}

static void the_rule_is_for_serial_adapters_and_for_modem_manager(void **state)
{
    (void)state;
    assert_non_null(strstr(doctor_udev_rule, "SUBSYSTEM==\"tty\", KERNEL==\"ttyUSB[0-9]*|ttyACM[0-9]*\""));
    assert_non_null(strstr(doctor_udev_rule, "TAG+=\"uaccess\""));
    assert_non_null(strstr(doctor_udev_rule, "ENV{ID_MM_PORT_IGNORE}=\"1\""));
}

static void modem_manager_is_in_the_way_unless_the_rule_keeps_it_off(void **state)
{
    (void)state;
    there_is("proc/4711/comm", "ModemManager\n");
    look();
    found("modem-manager", GRADE_WELL, FAIL_NONE, "the udev rule keeps it off", "");
    there_is_no("etc/udev/rules.d/60-suture-serial.rules");
    look();
    found("modem-manager", GRADE_MEND, FAIL_MODEM_MANAGER, "process 4711", "--udev-rule");
    assert_int_equal(diagnosis.code, EXIT_NO_PERMISSION);
}

/* ---- the clock */

static void a_clock_before_its_own_program_is_wrong(void **state)
{
    (void)state;
    world.now = 12345;
    look();
    found("clock", GRADE_MEND, FAIL_CLOCK, "1970-01-01T03:25:45Z, and this program is of", "timedatectl");
    assert_int_equal(diagnosis.code, EXIT_LOCAL_IO);
}

static void a_receipt_or_root_document_from_the_future_means_a_clock_that_was_set_back(void **state)
{
    const struct utimbuf later = {NOW + 3601, NOW + 3601}, soon = {NOW + 3600, NOW + 3600};

    (void)state;
    there_is("receipts/one.json", "");
    assert_int_equal(utime(in_folder("receipts/one.json"), &later), 0);
    look();
    found("clock", GRADE_MEND, FAIL_CLOCK, "the newest receipt is of 2026-09-21T15:13:21Z", "timedatectl");
    assert_int_equal(utime(in_folder("receipts/one.json"), &soon), 0);
    look();
    found("clock", GRADE_WELL, FAIL_NONE, "kept right", "");
    there_is("trust/x.root", "");
    assert_int_equal(utime(in_folder("trust/x.root"), &later), 0);
    look();
    found("clock", GRADE_MEND, FAIL_CLOCK, "the newest root document", "");
}

static void a_clock_that_nobody_keeps_is_a_hint(void **state)
{
    (void)state;
    clock_is_kept = false;
    look();
    found("clock", GRADE_HINT, FAIL_NONE, "compare it with a watch", "timedatectl");
    assert_int_equal(diagnosis.code, EXIT_VERIFIED);
}

/* ---- the disk */

static void little_room_is_a_hint_and_hardly_any_is_to_be_mended(void **state)
{
    (void)state;
    free_bytes = (256ull << 20) - 1;
    look();
    found("disk", GRADE_HINT, FAIL_NONE, "only 255 MiB", "df -h ");
    free_bytes = 16u << 20;
    look();
    found("disk", GRADE_HINT, FAIL_NONE, "only 16 MiB", "df -h ");
    free_bytes -= 1;
    look();
    found("disk", GRADE_MEND, FAIL_FILE_WRITE, "only 16383 KiB", "df -h ");
    assert_int_equal(diagnosis.code, EXIT_LOCAL_IO);
}

static void a_folder_of_receipts_that_may_not_be_written_is_to_be_mended(void **state)
{
    (void)state;
    may_write = false;
    look();
    found("disk", GRADE_MEND, FAIL_FILE_WRITE, "where tess may not write", "sudo install -d -o tess ");
    there_is("receipts/one.json", "");
    assert_int_equal(utime(in_folder("receipts/one.json"), &(struct utimbuf){NOW, NOW}), 0);
    look();
    found("disk", GRADE_MEND, FAIL_FILE_WRITE, "where tess may not write", "sudo chown -R tess ");
    found("trust", GRADE_HINT, FAIL_NONE, "can't be changed from here", "");
}

static void a_file_where_receipts_should_go_is_to_be_mended(void **state)
{
    (void)state;
    there_is("receipts", "");
    look();
    found("disk", GRADE_MEND, FAIL_FILE_WRITE, "is no folder", "--receipts DIR");
    snprintf(world.receipts, sizeof world.receipts, "%s/receipts/below/it", kit.folder);
    look();
    found("disk", GRADE_MEND, FAIL_FILE_WRITE, "is no folder", "--receipts DIR");
}

/* ---- trust */

static void a_station_that_trusts_nobody_is_told_how(void **state)
{
    struct failure why;

    (void)state;
    assert_true(trust_store_remove(trust_folder(), kit.content.vendor, &why));
    look();
    found("trust", GRADE_MEND, FAIL_NO_ROOT, "no vendor is trusted", "suture trust add ROOT");
    assert_int_equal(diagnosis.code, EXIT_REFUSED_BUNDLE);
}

static void what_is_no_root_document_is_named_harmlessly(void **state)
{
    (void)state;
    there_is("trust/\x1b[31mred", "");
    look();
    found("trust", GRADE_MEND, FAIL_STORE, "?[31mred: no usable root document", "suture trust add ROOT");
    found("trust", GRADE_WELL, FAIL_NONE, "version 1", "");
}

/* A root of the kit's vendor whose release key is over at this time, as the store's only one. */
static void release_key_ends(uint64_t until)
{
    static uint8_t bytes[ROOT_MAX];
    struct buffer out = buffer_over(bytes, sizeof bytes), plain = root_of((struct root_tale){0});
    struct test_key root = test_key_named(ROOT_KEY);
    struct cose_signer signer = test_signer(&root);
    struct trust trust;
    struct trust_document added;
    struct failure why;

    trust_store_remove(trust_folder(), kit.content.vendor, &why);
    assert_int_equal(root_read(span_used(&plain), &trust), OK);
    for (size_t i = 0; i < trust.key_count; i++)
        if (trust.keys[i].roles & ROLE_RELEASE)
            trust.keys[i].valid_until = until;
    assert_int_equal(root_write(&out, &trust, &signer, 1), OK);
    free(plain.data);
    put("ending.root", span_used(&out));
    assert_true(trust_store_add(trust_folder(), in_folder("ending.root"), &added, &why));
    trust_document_free(&added);
}

static void a_root_whose_keys_are_over_is_to_be_mended_and_one_that_ends_soon_is_a_hint(void **state)
{
    (void)state;
    world.built = 0;
    release_key_ends(NOW - 1);
    look();
    found("trust", GRADE_MEND, FAIL_ROOT_OVER, "past their dates", "suture trust add ROOT");
    release_key_ends(NOW);
    look();
    found("trust", GRADE_HINT, FAIL_NONE, "no release of it can be proven", "suture trust add ROOT");
    release_key_ends(NOW + 29 * 86400);
    look();
    found("trust", GRADE_HINT, FAIL_NONE, "after 2026-10-20T14:13:20Z", "");
    release_key_ends(NOW + 31 * 86400);
    look();
    found("trust", GRADE_WELL, FAIL_NONE, "version 1", "");
}

/* ---- bundles, and the whole */

static void no_folder_of_bundles_and_an_empty_one_are_hints(void **state)
{
    (void)state;
    there_is_no("bundles/pump.suture");
    look();
    found("bundles", GRADE_HINT, FAIL_NONE, "no bundle (*.suture) in", "--from DIR");
    snprintf(world.bundles, sizeof world.bundles, "/nowhere/at all");
    look();
    found("bundles", GRADE_HINT, FAIL_NONE, "/nowhere/at all", "mkdir -p '/nowhere/at all'");
}

static void the_exit_code_is_the_worst_finding_s(void **state)
{
    struct failure why;

    (void)state;
    port.usable = false;
    look();
    assert_int_equal(diagnosis.code, EXIT_NO_PERMISSION);
    assert_true(trust_store_remove(trust_folder(), kit.content.vendor, &why));
    look();
    assert_int_equal(diagnosis.code, EXIT_REFUSED_BUNDLE);
    free_bytes = 0;
    look();
    assert_int_equal(diagnosis.code, EXIT_LOCAL_IO);
}

static void words_of_a_mending_command_are_words_for_a_shell(void **state)
{
    char word[32];

    (void)state;
    assert_true(shell_word("/srv/receipts-1", word, sizeof word));
    assert_string_equal(word, "/srv/receipts-1");
    assert_true(shell_word("my $(rm x)'s", word, sizeof word));
    assert_string_equal(word, "'my $(rm x)'\\''s'");
    assert_true(shell_word("", word, sizeof word));
    assert_string_equal(word, "''");
    assert_true(shell_word("-rf", word, sizeof word));
    assert_string_equal(word, "'-rf'");
    assert_true(shell_word("exactly-31-letters-and-no-more-", word, sizeof word));
    assert_false(shell_word("exactly-32-letters-and-one-more-", word, sizeof word));
    assert_true(shell_word("29 letters and spaces, quoted", word, sizeof word));
    assert_false(shell_word("30 letters and spaces + quotes", word, sizeof word));
    assert_false(shell_word("''''''''''''''''''''''''''", word, sizeof word));
}

static void this_very_computer_can_be_looked_at(void **state)
{
    static struct doctor_world here;
    struct failure why;

    (void)state;
    assert_true(doctor_here(&here, trust_folder(), receipt_folder(), world.bundles, &why));
    assert_true(here.now > NOW - 365 * 86400 && here.built > 0 && here.group_count > 0);
    finding_count = 0;
    doctor_look(&here, keep, &finding_count, &diagnosis);
    found("trust", GRADE_WELL, FAIL_NONE, "version 1", "");
    found("bundles", GRADE_WELL, FAIL_NONE, "1 bundle", "");
}

#define STATION_STORY(name) cmocka_unit_test_setup_teardown(name, good_station, station_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STATION_STORY(a_good_station_is_well_and_ends_with_0),
        STATION_STORY(a_port_of_a_group_that_the_user_is_not_in_names_the_group),
        STATION_STORY(a_group_that_was_given_after_the_login_wants_a_new_login),
        STATION_STORY(nobody_is_ever_sent_into_the_group_root),
        STATION_STORY(a_group_without_the_right_to_write_is_no_cure),
        STATION_STORY(a_closed_port_that_the_rule_does_not_open_is_given_to_the_user),
        STATION_STORY(a_port_that_a_program_has_names_it),
        STATION_STORY(a_suture_at_work_is_never_to_be_killed),
        STATION_STORY(a_port_that_modem_manager_has_is_to_be_mended),
        STATION_STORY(every_port_is_looked_at_once),
        STATION_STORY(no_adapter_is_no_failure),
        STATION_STORY(a_folder_of_ports_that_is_not_there_is_to_be_mended),
        STATION_STORY(root_is_told_to_look_as_the_technician),
        STATION_STORY(without_the_rule_a_station_works_and_is_told_how_to_get_it),
        STATION_STORY(without_the_rule_for_usb_a_station_with_serial_lines_works),
        STATION_STORY(the_rule_counts_wherever_udev_reads_it),
        STATION_STORY(the_rule_is_for_serial_adapters_and_for_modem_manager),
        STATION_STORY(modem_manager_is_in_the_way_unless_the_rule_keeps_it_off),
        STATION_STORY(a_clock_before_its_own_program_is_wrong),
        STATION_STORY(a_receipt_or_root_document_from_the_future_means_a_clock_that_was_set_back),
        STATION_STORY(a_clock_that_nobody_keeps_is_a_hint),
        STATION_STORY(little_room_is_a_hint_and_hardly_any_is_to_be_mended),
        STATION_STORY(a_folder_of_receipts_that_may_not_be_written_is_to_be_mended),
        STATION_STORY(a_file_where_receipts_should_go_is_to_be_mended),
        STATION_STORY(a_station_that_trusts_nobody_is_told_how),
        STATION_STORY(what_is_no_root_document_is_named_harmlessly),
        STATION_STORY(a_root_whose_keys_are_over_is_to_be_mended_and_one_that_ends_soon_is_a_hint),
        STATION_STORY(no_folder_of_bundles_and_an_empty_one_are_hints),
        STATION_STORY(the_exit_code_is_the_worst_finding_s),
        STATION_STORY(this_very_computer_can_be_looked_at),
        cmocka_unit_test(words_of_a_mending_command_are_words_for_a_shell),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
