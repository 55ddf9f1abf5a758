/* Profiles: what is read, what is refused and where, and the places of the areas that follow from one. */
#include "hw-sim/profile.h"
#include "manifests/recipe.h"
#include "hw-sim/placement.h"

#include "tests/support/test.h"

#include <stdio.h>
#include <unistd.h>

/* A folder with a class file and a profile, both as text. */
struct folder {
    char path[64], profile[96], class_file[96];
};

static const char good_class[] = "format: 1\n"
                                 "vendor_domain: acme.example\n"
                                 "vendor_name: Acme\n"
                                 "model: M1\n"
                                 "hardware_revisions: [A, B]\n"
                                 "slot_size: 65536\n"
                                 "manifest_max: 4096\n"
                                 "block_max: 4096\n"
                                 "segment_max: 40960\n"
                                 "ram: 16384\n"
                                 "write_unit: 8\n"
                                 "erase_block: 4096\n";

static const char least[] = "format: 1\n"
                            "device_class: class.yaml\n"
                            "flash: m1.flash\n";

static void write_text(const char *path, const char *text, const char *more)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0 && fputs(more, file) >= 0);
    fclose(file);
}

static struct folder folder_with(const char *profile, const char *more)
{
    struct folder folder = {.path = "/tmp/suture-profile-XXXXXX"};
    assert_non_null(mkdtemp(folder.path));
    snprintf(folder.profile, sizeof folder.profile, "%s/m1.yaml", folder.path);
    snprintf(folder.class_file, sizeof folder.class_file, "%s/class.yaml", folder.path);
    write_text(folder.profile, profile, more);
    write_text(folder.class_file, good_class, "");
    return folder;
}

static void folder_gone(const struct folder *folder)
{
    unlink(folder->profile);
    unlink(folder->class_file);
    rmdir(folder->path);
}

static void the_least_profile_has_its_defaults_and_resolved_paths(void **state)
{
    (void)state;
    struct folder folder = folder_with(least, "door: unix:m1.sock\ncontrol: /run/m1.ctl\n");
    struct profile_file profile;
    struct failure why = {0};
    char expected[96];
    if (!profile_read(folder.profile, &profile, &why))
        fail_msg("%s", why.what);

    snprintf(expected, sizeof expected, "%s/m1.flash", folder.path);
    assert_string_equal(profile.flash, expected);
    snprintf(expected, sizeof expected, "%s/m1.sock", folder.path);
    assert_string_equal(profile.door, expected);
    assert_string_equal(profile.control, "/run/m1.ctl");
    assert_string_equal(profile.hardware_revision, "A");
    assert_string_equal(profile.device_class->model, "M1");
    assert_null(profile.content->battery);
    assert_null(profile.content->mains);
    assert_null(profile.content->settings);
    assert_int_equal(profile.content->use, USE_FREE);
    assert_int_equal(profile.content->service_switch, SERVICE_JUMPER);
    profile_free(&profile);
    folder_gone(&folder);
}

static void the_shipped_profile_is_a_good_one(void **state)
{
    (void)state;
    struct profile_file profile;
    struct placement placement;
    struct failure why = {0};
    if (!profile_read("hw-sim/profiles/p200.yaml", &profile, &why))
        fail_msg("%s", why.what);
    assert_true(placement_make(&profile, &placement, NULL));
    assert_int_equal(profile.content->behaviour_count, 3);
    profile_free(&profile);
}

static void behaviour_is_found_by_version_or_sequence_and_the_first_row_counts(void **state)
{
    (void)state;
    struct folder folder = folder_with(least, "behaviour:\n"
                                              "  - version: \"2\"\n    self_test: fail\n    code: 7\n"
                                              "  - sequence: 9\n    hang: true\n    after_ms: 40\n"
                                              "  - version: \"2.0.0\"\n    crash: true\n");
    struct profile_file profile;
    struct failure why = {0};
    if (!profile_read(folder.profile, &profile, &why))
        fail_msg("%s", why.what);
    static const uint32_t two[3] = {2, 0, 0}, other[3] = {2, 0, 1};

    assert_int_equal(profile_behaviour(profile.content, two, 9)->self_test, BEHAVIOUR_FAILS);
    assert_int_equal(profile_behaviour(profile.content, two, 9)->code, 7);
    assert_true(profile_behaviour(profile.content, other, 9)->hang);
    assert_int_equal(profile_behaviour(profile.content, other, 8)->self_test, BEHAVIOUR_PASSES);
    assert_false(profile_behaviour(profile.content, other, 8)->hang);
    profile_free(&profile);
    folder_gone(&folder);
}

static void a_line_has_a_rate_and_a_script_of_faults(void **state)
{
    (void)state;
    struct folder folder =
        folder_with(least, "door: pty:m1.tty\nbaud: 115200\nfaults:\n"
                           "  - kind: loss\n    per: frame\n    way: in\n    per_million: 10000\n"
                           "  - kind: pull\n    at_byte: 20000\n    for_ms: 2000\n"
                           "  - kind: chatter\n    every_ms: 500\n    text: \"hm\\n\"\n");
    struct profile_file profile;
    struct failure why = {0};
    if (!profile_read(folder.profile, &profile, &why))
        fail_msg("%s", why.what);
    const struct fault *faults = profile.content->faults;
    assert_int_equal(profile.door_scheme, DOOR_PTY);
    assert_int_equal(profile.content->baud, 115200);
    assert_int_equal(profile.content->faults_count, 3);
    assert_true(faults[0].kind == FAULT_LOSS && faults[0].per == FAULT_FRAME && faults[0].way == FAULT_IN);
    assert_true(faults[1].kind == FAULT_PULL && faults[1].way == FAULT_BOTH && faults[1].for_ms == 2000);
    assert_string_equal(faults[2].text, "hm\n");
    profile_free(&profile);
    folder_gone(&folder);
}

static void a_tcp_door_keeps_its_place_as_written(void **state)
{
    (void)state;
    struct folder folder = folder_with(least, "door: tcp:127.0.0.1:0\n");
    struct profile_file profile;
    struct failure why = {0};
    if (!profile_read(folder.profile, &profile, &why))
        fail_msg("%s", why.what);
    assert_int_equal(profile.door_scheme, DOOR_TCP);
    assert_string_equal(profile.door, "127.0.0.1:0");
    profile_free(&profile);
    folder_gone(&folder);
}

static void a_usb_door_waits_at_a_path_or_a_port_or_dials(void **state)
{
    (void)state;
    static const struct {
        const char *line, *place;
        enum door_scheme scheme;
    } rows[] = {
        {"door: usbredir:unix:p.sock\n", "p.sock", DOOR_USB_UNIX},
        {"door: usbredir:connect:q.sock\n", "q.sock", DOOR_USB_DIAL},
        {"door: usbredir:127.0.0.1:4000\nusb_speed: full\n", "127.0.0.1:4000", DOOR_USB_TCP},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct folder folder = folder_with(least, rows[i].line);
        struct profile_file profile;
        struct failure why = {0};
        if (!profile_read(folder.profile, &profile, &why))
            fail_msg("%s", why.what);
        assert_int_equal(profile.door_scheme, rows[i].scheme);
        assert_true(door_is_usb(profile.door_scheme));
        assert_int_equal(profile.content->usb_speed, i == 2 ? USB_FULL : USB_HIGH);
        assert_string_equal(profile.door + strlen(profile.door) - strlen(rows[i].place), rows[i].place);
        profile_free(&profile);
        folder_gone(&folder);
    }
}

static void lines_that_can_not_be_are_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "door: serial:m1\n",
        "door: pty:\n",
        "door: tcp:0.0.0.0:4000\n",
        "door: tcp:127.0.0.1:\n",
        "door: tcp:127.0.0.1:65536\n",
        "door: tcp:127.0.0.1:40x\n",
        "door: tcp:127.0.0.1.example:40\n",
        "door: usbredir:\n",
        "door: usbredir:unix:\n",
        "door: usbredir:0.0.0.0:4000\n",
        "door: usbredir:connect:\n",
        "door: usbredir:unix:p.sock\nbaud: 9600\n",
        "door: usbredir:unix:p.sock\nfaults:\n  - kind: pull\n    at_ms: 5\n    for_ms: 5\n",
        "usb_speed: low\n",
        "baud: 299\n",
        "baud: 4000001\n",
        "faults:\n  - kind: mood\n",
        "faults:\n  - kind: loss\n",
        "faults:\n  - kind: loss\n    per_million: 1000001\n",
        "faults:\n  - kind: loss\n    per: frame\n    per_million: 5\n", /* no pty */
        "faults:\n  - kind: chatter\n    every_ms: 5\n    text: x\n",    /* no pty */
        "faults:\n  - kind: pull\n    at_ms: 5\n",
        "faults:\n  - kind: loss\n    per_million: 5\n    colour: red\n",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct folder folder = folder_with(least, wrong[i]);
        struct profile_file profile;
        struct failure why = {0};
        if (profile_read(folder.profile, &profile, &why))
            fail_msg("taken: %s", wrong[i]);
        assert_int_equal(why.id, FAIL_PROFILE);
        assert_non_null(strstr(why.what, "line "));
        folder_gone(&folder);
    }
}

static void versions_are_one_to_three_numbers(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",   ".",     "1.", "1..2", "1.2.3.4",    "v1",           "1.2-3",
                                        " 1", "1.2.x", "-1", "01.2", "4294967296", "1.99999999999"};
    uint32_t version[3] = {7, 7, 7};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(version_read(wrong[i], version));
    assert_int_equal(version[0], 7);
    assert_true(version_read("4294967295.2", version));
    assert_true(version[0] == UINT32_MAX && version[1] == 2 && version[2] == 0);
}

/* What each mistake must be told as: a part of the message. */
static void every_mistake_is_refused_with_file_line_and_reason(void **state)
{
    (void)state;
    static const struct {
        const char *profile, *more, *says;
    } rows[] = {
        {least, "colour: red\n", "line 4"},
        {least, "colour: red\n", "colour"},
        {least, "seed: many\n", "line 4"},
        {least, "use: sometimes\n", "line 4"},
        {least, "service: maybe\n", "line 4"},
        {least, "service: 7\n", "line 4"}, /* a number is no word, though libcyaml can take one for it */
        {least, "use: 2\n", "line 4"},
        {least, "mains: 3\n", "line 4"},
        {least, "behaviour:\n  - hang: 7\n", "line 5"},
        {least, "behaviour:\n  - self_test: 9\n", "line 5"},
        {least, "chips:\n  - {write_unit: 8, erase_block: 4096, areas: [99]}\n", "line 5"},
        {least, "battery: 101\n", "line 4: battery"},
        {least, "buffer: 100\n", "line 4: buffer"},
        {least, "buffers: 256\n", "line 4: buffers"},
        {least, "door: tcp:host:1\n", "line 4: door"},
        {least, "door: \"unix:\"\n", "line 4: door"},
        {least, "journal_blocks: 1\n", "journal_blocks"},
        {least, "log_blocks: 5000\n", "log_blocks"},
        {least, "hardware_revision: Z\n", "line 4: hardware_revision"},
        {least, "behaviour:\n  - version: two\n", "line 4: behaviour"},
        {least, "behaviour:\n  - hang: true\n    crash: true\n", "line 4: behaviour"},
        {least, "behaviour:\n  - after_ms: 5\n", "line 4: behaviour"},
        {least, "behaviour:\n  - code: 5\n", "line 4: behaviour"},
        {least, "behaviour:\n  - colour: red\n", "line 5"},
        {least, "chips:\n  - {write_unit: 8, erase_block: 4096, areas: [attic]}\n", "line 5"},
        {least, "chips:\n  - {write_unit: 8, erase_block: 4096, areas: [log, log]}\n", "line 4: chips"},
        {least, "seed: 1\nseed: 2\n", "m1.yaml"},
        {"format: 2\ndevice_class: class.yaml\nflash: f\n", "", "line 1: format"},
        {"format: 1\nflash: m1.flash\n", "", "device_class"},
        {"format: 1\ndevice_class: class.yaml\n", "", "flash"},
        {"- a\n- b\n", "", "m1.yaml"},
        {"format: [\n", "", "m1.yaml"},
        {"", "", "m1.yaml"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct folder folder = folder_with(rows[i].profile, rows[i].more);
        struct profile_file profile;
        struct failure why = {0};
        if (profile_read(folder.profile, &profile, &why))
            fail_msg("row %zu was taken", i);
        if (why.id != FAIL_PROFILE || strstr(why.what, rows[i].says) == NULL ||
            strstr(why.what, folder.profile) == NULL)
            fail_msg("row %zu: E-%d %s", i, (int)why.id, why.what);
        folder_gone(&folder);
    }
}

static void a_missing_class_file_or_profile_is_told_by_its_own_name(void **state)
{
    (void)state;
    struct folder folder = folder_with("format: 1\ndevice_class: gone.yaml\nflash: f\n", "");
    struct profile_file profile;
    struct failure why = {0};
    assert_false(profile_read(folder.profile, &profile, &why));
    assert_non_null(strstr(why.what, "gone.yaml"));
    unlink(folder.profile);
    assert_false(profile_read(folder.profile, &profile, &why));
    assert_int_equal(why.id, FAIL_FILE_OPEN);
    folder_gone(&folder);
}

static void areas_follow_one_another_on_whole_erase_blocks(void **state)
{
    (void)state;
    struct folder folder = folder_with(least, "log_blocks: 3\n");
    struct profile_file profile;
    struct placement placement;
    struct failure why = {0};
    if (!profile_read(folder.profile, &profile, &why) || !placement_make(&profile, &placement, &why))
        fail_msg("%s", why.what);

    uint64_t at = 0;
    for (size_t i = 0; i < AREA_COUNT; i++) {
        assert_int_equal(placement.areas[i].chip, 0);
        assert_int_equal(placement.areas[i].offset, at);
        assert_int_equal(placement.areas[i].size % 4096, 0);
        at += placement.areas[i].size;
    }
    assert_int_equal(placement.areas[AREA_LOG].size, 3 * 4096);
    assert_int_equal(placement.areas[AREA_META_A].size, 2 * 4096);
    assert_int_equal(placement.chips[0].size, at);
    profile_free(&profile);
    folder_gone(&folder);
}

static void areas_may_stand_on_a_further_chip_with_its_own_blocks(void **state)
{
    (void)state;
    struct folder folder = folder_with(least, "chips:\n  - write_unit: 256\n    erase_block: 65536\n"
                                              "    erased: zeros\n    areas: [slot_b, journal]\n");
    struct profile_file profile;
    struct placement placement;
    struct failure why = {0};
    if (!profile_read(folder.profile, &profile, &why) || !placement_make(&profile, &placement, &why))
        fail_msg("%s", why.what);

    assert_int_equal(placement.chip_count, 2);
    assert_int_equal(placement.chips[1].erased, 0x00);
    assert_int_equal(placement.chips[1].size, 3 * 65536);
    assert_int_equal(placement.areas[AREA_SLOT_B].chip, 1);
    assert_int_equal(placement.areas[AREA_SLOT_B].offset, 0);
    assert_int_equal(placement.areas[AREA_JOURNAL].size, 2 * 65536);
    assert_int_equal(placement.areas[AREA_SLOT_A].chip, 0);
    profile_free(&profile);
    folder_gone(&folder);
}

static void a_slot_that_does_not_fit_a_chips_blocks_is_refused(void **state)
{
    (void)state;
    struct folder folder =
        folder_with(least, "chips:\n  - {write_unit: 8, erase_block: 131072, areas: [slot_b]}\n");
    struct profile_file profile;
    struct placement placement;
    struct failure why = {0};
    if (!profile_read(folder.profile, &profile, &why))
        fail_msg("%s", why.what);
    assert_false(placement_make(&profile, &placement, &why));
    assert_int_equal(why.id, FAIL_LAYOUT);
    profile_free(&profile);
    folder_gone(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_least_profile_has_its_defaults_and_resolved_paths),
        cmocka_unit_test(the_shipped_profile_is_a_good_one),
        cmocka_unit_test(behaviour_is_found_by_version_or_sequence_and_the_first_row_counts),
        cmocka_unit_test(a_line_has_a_rate_and_a_script_of_faults),
        cmocka_unit_test(a_tcp_door_keeps_its_place_as_written),
        cmocka_unit_test(a_usb_door_waits_at_a_path_or_a_port_or_dials),
        cmocka_unit_test(lines_that_can_not_be_are_refused),
        cmocka_unit_test(versions_are_one_to_three_numbers),
        cmocka_unit_test(every_mistake_is_refused_with_file_line_and_reason),
        cmocka_unit_test(a_missing_class_file_or_profile_is_told_by_its_own_name),
        cmocka_unit_test(areas_follow_one_another_on_whole_erase_blocks),
        cmocka_unit_test(areas_may_stand_on_a_further_chip_with_its_own_blocks),
        cmocka_unit_test(a_slot_that_does_not_fit_a_chips_blocks_is_refused),
    };
    return cmocka_run_group_tests_name("profile", tests, NULL, NULL);
}
