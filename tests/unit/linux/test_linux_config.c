/* Which configurations an agent starts with, where it puts its areas, and what a hand-over must be. */
#include "agent/ports/linux/boot_control.h"
#include "agent/ports/linux/config.h"
#include "agent/ports/linux/handover.h"
#include "agent/ports/linux/storage.h"

#include "keys/base/file.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/suture-config-XXXXXX";
static char path[64];

static const char *const lines[] = {
    "format: 1",
    "device_class: m100.class.yaml",
    "state: state.disk",
    "slot_a: a.disk",
    "slot_b: b.disk",
    "boot: records",
    "doors: ['unix:door']",
    "hooks: {interlock: hook, self_test: hook, reset: hook}",
};
#define LINES (sizeof lines / sizeof lines[0])

static void place(const char *name, const char *text, unsigned mode)
{
    char at[96];

    snprintf(at, sizeof at, "%s/%s", folder, name);
    assert_true(file_write(at, span_text(text), mode, NULL));
    assert_int_equal(chmod(at, mode), 0);
}

static int folder_new(void **state)
{
    (void)state;
    memcpy(folder + sizeof folder - 7, "XXXXXX", 6);
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/agent.yaml", folder);
    place("hook", "#!/bin/sh\n", 0755);
    place(
        "m100.class.yaml",
        "format: 1\nvendor_domain: acme.example\nvendor_name: Acme\nmodel: M100\nhardware_revisions: [B, C]\n"
        "slot_size: 3000000\nmanifest_max: 8192\nblock_max: 4096\nsegment_max: 40960\nram: 16384\n"
        "write_unit: 8\nerase_block: 1000\n",
        0644);
    return 0;
}

static int folder_gone(void **state)
{
    char command[96];

    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command) == 0 ? 0 : -1;
}

/* The usual configuration with line `instead` replacing the one that has its key, or added. NULL: left out is `without`. */
static void config_write(const char *instead, const char *without)
{
    char text[2048] = "";
    size_t key = instead ? strcspn(instead, ":") + 1 : 0;
    bool replaced = instead == NULL;

    for (size_t i = 0; i < LINES; i++) {
        bool this = instead && strncmp(lines[i], instead, key) == 0;
        replaced = replaced || this;
        if (without && strncmp(lines[i], without, strlen(without)) == 0)
            continue;
        strcat(strcat(text, this ? instead : lines[i]), "\n");
    }
    if (!replaced)
        strcat(strcat(text, instead), "\n");
    place("agent.yaml", text, 0644);
}

static void is_taken(const char *instead, struct config_file *config)
{
    struct failure why = {0};

    config_write(instead, NULL);
    if (!config_read(path, config, &why))
        fail_msg("%s: %s", instead ? instead : "the plain one", why.what);
}

static void is_refused(const char *instead, const char *without, const char *reason)
{
    struct config_file config;
    struct failure why = {0};

    config_write(instead, without);
    if (config_read(path, &config, &why))
        fail_msg("taken: %s%s", instead ? instead : "without ", without ? without : "");
    assert_true(why.id == FAIL_AGENT_CONFIG || why.id == FAIL_FILE_OPEN);
    if (strstr(why.what, reason) == NULL)
        fail_msg("'%s' does not say '%s'", why.what, reason);
}

static void the_plain_one_has_its_defaults(void **state)
{
    struct config_file config;
    char expected[96];

    (void)state;
    is_taken(NULL, &config);
    assert_int_equal(config.block, 4 * 1024 * 1024);
    assert_int_equal(config.slot_size, 4 * 1024 * 1024);
    assert_int_equal(config.buffer, CONFIG_BUFFER);
    assert_int_equal(config.hook_seconds, 2);
    assert_int_equal(config.self_test_seconds, 300);
    assert_string_equal(config.hardware_revision, "B");
    assert_string_equal(config.run, "/run/suture");
    assert_int_equal(config.boot, CONFIG_BOOT_RECORDS);
    snprintf(expected, sizeof expected, "%s/state.disk", folder);
    assert_string_equal(config.state, expected);
    snprintf(expected, sizeof expected, "unix:%s/door", folder);
    assert_string_equal(config.content->doors[0], expected);
    snprintf(expected, sizeof expected, "%s/hook", folder);
    assert_string_equal(config.content->hooks->reset, expected);
    config_free(&config);
}

static void each_key_takes_what_it_should(void **state)
{
    static const char *const good[] = {
        "block: 4096",
        "block: 0x4000000",
        "buffer: 256",
        "buffer: 65535",
        "run: run",
        "hardware_revision: C",
        "boot: 'uboot:/etc/fw_env.config'",
        "boot: hook",
        "doors: ['unix:/a', 'tcp:1337', 'tty:/dev/ttyS0@9600', 'unix:b']",
        "hooks: {interlock: hook, service: hook, self_test: hook, settings: hook, identity: hook, trial: "
        "hook, sign: "
        "hook, reset: hook}",
        "hook_seconds: 60",
        "self_test_seconds: 86400",
        "usb: {vendor_id: 0x1209, product_id: 1, controller: dummy_udc.0, manufacturer: Acme, product: Pump}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct config_file config;
        is_taken(good[i], &config);
        config_free(&config);
    }
}

static void nothing_that_is_needed_may_be_left_out(void **state)
{
    (void)state;
    for (size_t i = 0; i < LINES; i++)
        is_refused(NULL, lines[i], "");
}

static void what_makes_no_sense_is_refused_with_its_reason(void **state)
{
    static const struct {
        const char *line, *reason;
    } bad[] = {
        {"format: 2", "only 1"},
        {"blocks: 4096", "unknown key 'blocks'"},
        {"block: 4095", "power of two"},
        {"block: 2048", "power of two"},
        {"block: 0x8000000", "power of two"},
        {"block: 65537", "power of two"},
        {"block: -1", "below zero"},
        {"buffer: 255", "256 to 65535"},
        {"buffer: 65536", "256 to 65535"},
        {"hook_seconds: 61", "at most 60"},
        {"self_test_seconds: 86401", "at most 86400"},
        {"hardware_revision: D", "does not list it"},
        {"slot_b: a.disk", "two of them are one"},
        {"state: b.disk", "two of them are one"},
        {"doors: []", ""},
        {"doors: [usb]", "vendor_id"},
        {"doors: 'unix:door'", "expected a list"},
        {"hooks: {interlock: hook, self_test: hook}", "reset"},
        {"hooks: {interlock: hook, self_test: hook, reset: none}", "No such file"},
        {"hooks: {interlock: hook, self_test: hook, reset: m100.class.yaml}", "no program"},
        {"hooks: {interlock: hook, self_test: hook, reset: hook, helper: hook}", "unknown key 'helper'"},
        {"boot: nothing-there", "No such file"},
        {"boot: m100.class.yaml", "no program"},
        {"device_class: none.yaml", "none.yaml"},
        {"usb: {vendor_id: 65536, product_id: 1}", ""},
        {"usb: {vendor_id: 1}", "product_id"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        is_refused(bad[i].line, NULL, bad[i].reason);
}

static void usb_is_one_door_only(void **state)
{
    struct config_file config;
    struct failure why = {0};
    char text[2048] = "";

    (void)state;
    for (size_t i = 0; i < LINES; i++)
        strcat(strcat(text, strncmp(lines[i], "doors", 5) == 0 ? "doors: [usb, usb]" : lines[i]), "\n");
    strcat(text, "usb: {vendor_id: 1, product_id: 1}\n");
    place("agent.yaml", text, 0644);
    assert_false(config_read(path, &config, &why));
    assert_non_null(strstr(why.what, "twice"));
}

static void the_areas_keep_the_rules_of_a_layout(void **state)
{
    static struct storage storage;
    struct config_file config;
    struct failure why;
    struct stat stat_of;

    (void)state;
    is_taken("block: 65536", &config);
    assert_true(storage_open(&config, DISK_MAKE, &storage, &why));
    assert_int_equal(layout_check(&storage.layout), OK);
    assert_int_equal(stat(config.state, &stat_of), 0);
    assert_int_equal(stat_of.st_size, state_disk_bytes(storage.state.size));
    assert_int_equal(stat(config.slot_b, &stat_of), 0);
    assert_int_equal(stat_of.st_size, config.slot_size);
    storage_close(&storage);
    assert_true(storage_open(&config, DISK_WRITE, &storage, &why));
    storage_close(&storage);
    assert_int_equal(truncate(config.slot_b, (off_t)config.slot_size - 1), 0);
    assert_false(storage_open(&config, DISK_WRITE, &storage, &why));
    assert_int_equal(why.id, FAIL_AGENT_DISK);
    config_free(&config);
}

/* ---- the hand-over */

static void a_hand_over_comes_back_as_it_was(void **state)
{
    static const struct boot_outcome outcomes[] = {
        {BOOT_SETTLED, SLOT_A, 0, 0, 1, false},
        {BOOT_TRIAL, SLOT_B, 6, 255, UINT32_MAX, false},
        {BOOT_SETTLED, SLOT_B, 0, 3, 7, true},
        {BOOT_RECOVERY, SLOT_NONE, 0, 0, 0, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof outcomes / sizeof outcomes[0]; i++) {
        struct boot_outcome back;
        struct failure why;
        assert_true(handover_write(folder, &outcomes[i], &why));
        assert_true(handover_read(folder, &back, &why));
        assert_int_equal(back.kind, outcomes[i].kind);
        assert_int_equal(back.running, outcomes[i].running);
        assert_int_equal(back.tries_left, outcomes[i].tries_left);
        assert_int_equal(back.reset_cause, outcomes[i].reset_cause);
        assert_int_equal(back.record, outcomes[i].record);
        assert_int_equal(back.digest_failed, outcomes[i].digest_failed);
    }
}

static void a_hand_over_that_was_changed_is_none(void **state)
{
    const struct boot_outcome outcome = {BOOT_TRIAL, SLOT_B, 2, 0, 9, false};
    char file[96];
    struct buffer bytes;
    struct boot_outcome back;
    struct failure why;

    (void)state;
    assert_false(handover_read(folder, &back, &why));
    assert_int_equal(why.id, FAIL_AGENT_NO_BOOT);
    assert_true(handover_write(folder, &outcome, &why));
    snprintf(file, sizeof file, "%s/boot", folder);
    assert_true(file_read(file, 1024, &bytes, NULL));
    for (size_t size = 0; size + 1 < bytes.size; size++) {
        assert_true(file_write(file, span_of(bytes.data, size), 0644, NULL));
        assert_false(handover_read(folder, &back, &why));
    }
    static const char *const texts[] = {"", "boot_id", "slot=a\nkind=trial\n", "\n\n\n\n\n\n\n"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_true(file_write(file, span_text(texts[i]), 0644, NULL));
        assert_false(handover_read(folder, &back, &why));
    }
    free(bytes.data);
}

static void numbers_are_nothing_but_numbers(void **state)
{
    uint32_t number = 5;

    (void)state;
    assert_true(number_of_word("4294967295", UINT32_MAX, &number));
    assert_int_equal(number, UINT32_MAX);
    assert_true(number_of_word("0", 7, &number));
    static const char *const bad[] = {
        "", " 1", "-1", "+1", "1 ", "0x1", "8", "4294967296", "99999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(number_of_word(bad[i], 7, &number));
    assert_int_equal(number, 0);
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_new, folder_gone)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(the_plain_one_has_its_defaults),
        WITH_FOLDER(each_key_takes_what_it_should),
        WITH_FOLDER(nothing_that_is_needed_may_be_left_out),
        WITH_FOLDER(what_makes_no_sense_is_refused_with_its_reason),
        WITH_FOLDER(usb_is_one_door_only),
        WITH_FOLDER(the_areas_keep_the_rules_of_a_layout),
        WITH_FOLDER(a_hand_over_comes_back_as_it_was),
        WITH_FOLDER(a_hand_over_that_was_changed_is_none),
        WITH_FOLDER(numbers_are_nothing_but_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
