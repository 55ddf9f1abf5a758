/* Recipe and device class file: what a release engineer can get wrong is refused with file, line and reason. */
#include "tests/support/test.h"

#include "manifests/recipe.h"

#include <stdio.h>
#include <unistd.h>

static const char class_text[] = "format: 1\n" /* line 1 */
                                 "vendor_domain: acme.example\n"
                                 "vendor_name: Acme Medical\n"
                                 "model: P-200\n" /* 4 */
                                 "hardware_revisions: [B, C]\n"
                                 "slot_size: 0x40000\n" /* 6 */
                                 "manifest_max: 4096\n"
                                 "block_max: 4096\n" /* 8 */
                                 "segment_max: 65536\n"
                                 "ram: 16384\n" /* 10 */
                                 "write_unit: 8\n"
                                 "erase_block: 4096\n"; /* 12 */

static const char recipe_text[] = "format: 1\n" /* line 1 */
                                  "device_class: p200.class.yaml\n"
                                  "version: 4.3.1\n"
                                  "sequence: 7\n" /* 4 */
                                  "image: firmware.bin\n"
                                  "description: Closes a hole in the network parser.\n"
                                  "data: untouched\n"; /* 7 */

static char path[64];

static int make_path(void **state)
{
    (void)state;
    strcpy(path, "/tmp/suture-recipe.XXXXXX");
    int file = mkstemp(path);
    assert_true(file >= 0);
    close(file);
    return 0;
}

static int remove_path(void **state)
{
    (void)state;
    unlink(path);
    return 0;
}

static void write_bytes(const char *text, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* `text` with the line that begins with `key` replaced by `line` ("" removes it), written to `path`. */
static void write_with(const char *text, const char *key, const char *line)
{
    char changed[8192];
    const char *at = strstr(text, key);

    assert_non_null(at);
    const char *rest = strchr(at, '\n') + 1;
    int size = snprintf(changed, sizeof changed, "%.*s%s%s%s", (int)(at - text), text, line,
                        *line ? "\n" : "", rest);
    write_bytes(changed, (size_t)size);
}

static void write_and(const char *text, const char *more)
{
    char changed[8192];
    int size = snprintf(changed, sizeof changed, "%s%s", text, more);
    write_bytes(changed, (size_t)size);
}

static void assert_refused(bool read, const struct failure *why, enum failure_id id, const char *reason)
{
    if (read)
        fail_msg("was read; should be refused for: %s", reason);
    if (why->id != id || strstr(why->what, reason) == NULL)
        fail_msg("E-%d '%s' does not say '%s'", why->id, why->what, reason);
    assert_non_null(strstr(why->what, path));
}

static void class_refused(const char *reason)
{
    struct failure why = {FAIL_NONE, ""};
    struct device_class *class = NULL;
    bool read = device_class_read(path, &class, &why);
    device_class_free(class);
    assert_refused(read, &why, FAIL_DEVICE_CLASS, reason);
}

static void recipe_refused(const char *reason)
{
    struct failure why = {FAIL_NONE, ""};
    struct recipe *recipe = NULL;
    bool read = recipe_read(path, &recipe, &why);
    recipe_free(recipe);
    assert_refused(read, &why, FAIL_RECIPE, reason);
}

static void a_device_class_is_read_whole(void **state)
{
    (void)state;
    struct failure why = {FAIL_NONE, ""};
    struct device_class *class;

    write_and(class_text, "");
    if (!device_class_read(path, &class, &why))
        fail_msg("%s", why.what);
    assert_string_equal(class->vendor_domain, "acme.example");
    assert_string_equal(class->vendor_name, "Acme Medical");
    assert_string_equal(class->model, "P-200");
    assert_int_equal(class->hardware_revisions_count, 2);
    assert_string_equal(class->hardware_revisions[1], "C");
    assert_int_equal(class->slot_size, 0x40000);
    assert_int_equal(class->manifest_max, 4096);
    assert_int_equal(class->block_max, 4096);
    assert_int_equal(class->segment_max, 65536);
    assert_int_equal(class->ram, 16384);
    assert_int_equal(class->write_unit, 8);
    assert_int_equal(class->erase_block, 4096);
    device_class_free(class);
}

static void each_field_of_a_device_class_is_required(void **state)
{
    (void)state;
    static const char *const keys[] = {
        "format",       "vendor_domain", "vendor_name", "model", "hardware_revisions", "slot_size",
        "manifest_max", "block_max",     "segment_max", "ram",   "write_unit",         "erase_block"};

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        write_with(class_text, keys[i], "");
        class_refused(keys[i]);
    }
}

static void an_unknown_key_is_refused_with_its_line(void **state)
{
    (void)state;
    write_with(class_text, "slot_size", "slot_size: 4096\nslotsize: 4096");
    class_refused("line 7: unknown key 'slotsize'");
    write_with(class_text, "model", "Model: P-200");
    class_refused("line 4: unknown key 'Model'");
    write_and(recipe_text, "force: true\n");
    recipe_refused("line 8: unknown key 'force'");
}

static void a_repeated_key_is_refused(void **state)
{
    (void)state;
    write_and(class_text, "ram: 99999\n");
    class_refused("already seen: ram");
}

static void a_wrong_type_is_refused_with_its_line(void **state)
{
    (void)state;
    static const char *const numbers[] = {"ram: lots", "ram: 12abc", "ram: 1.5", "ram: ''",  "ram: 010",
                                          "ram: 0x",   "ram: 1 2",   "ram: +5",  "ram: 1e4", "ram: 0b1"};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        write_with(class_text, "ram", numbers[i]);
        class_refused("line 10: not a whole number");
    }
    write_with(class_text, "ram", "ram: -1");
    class_refused("line 10: below zero");
    write_with(class_text, "slot_size", "slot_size: -1");
    class_refused("line 6: below zero");
    write_with(class_text, "ram", "ram: 4294967296");
    class_refused("line 10: ");
    write_with(class_text, "slot_size", "slot_size: 18446744073709551616");
    class_refused("line 6: ");
    write_with(class_text, "ram", "ram: [16384]");
    class_refused("line 10: did not expect a list");
    write_with(class_text, "ram", "ram: {bytes: 16384}");
    class_refused("line 10: did not expect fields");
    write_with(class_text, "hardware_revisions", "hardware_revisions: B");
    class_refused("line 5: expected a list, found 'B'");
    write_with(class_text, "model", "model:");
    class_refused("line 4: ");
}

static void what_is_no_single_yaml_mapping_is_refused(void **state)
{
    (void)state;
    write_bytes("", 0);
    class_refused("empty");
    write_bytes("# only a comment\n", 17);
    class_refused("empty");
    write_bytes("- format: 1\n", 12);
    class_refused("line 1: did not expect a list");
    write_bytes("format\n", 7);
    class_refused("line 1: expected fields, found 'format'");
    write_and(class_text, "---\nformat: 1\n");
    class_refused("line 13: a second document");
    write_with(class_text, "model", "model: \"P-200");
    class_refused("line ");
    write_with(class_text, "model", "\tmodel: P-200");
    class_refused("line 4: ");
    write_with(class_text, "model", "? {a: b}\n: c");
    class_refused("line 4: did not expect fields");
    write_with(class_text, "model", "model: \"P\\0-200\"");
    class_refused("line 4: a text with a NUL");
    write_bytes("format: 1\nmodel: \x01\n", 19);
    class_refused("line ");
    write_bytes("\xff\xfe\xff\xff\xff", 5);
    class_refused("line ");
}

static void aliases_are_refused(void **state)
{
    (void)state;
    write_with(class_text, "block_max", "block_max: &same 4096");
    struct failure why;
    struct device_class *class;
    assert_true(device_class_read(path, &class, &why));
    device_class_free(class);
    write_with(class_text, "erase_block", "erase_block: *manifest");
    class_refused("line 12: aliases are not read");
}

static void every_truncation_of_a_device_class_is_refused(void **state)
{
    (void)state;
    /* the last number may be cut to a smaller one, which is another file, not a broken one */
    for (size_t size = 0; size < sizeof class_text - sizeof "4096\n"; size++) {
        struct failure why = {FAIL_NONE, ""};
        struct device_class *class = NULL;
        write_bytes(class_text, size);
        bool read = device_class_read(path, &class, &why);
        device_class_free(class);
        assert_false(read);
        assert_int_equal(why.id, FAIL_DEVICE_CLASS);
    }
}

static void numbers_of_a_device_class_must_fit_each_other(void **state)
{
    (void)state;
    static const struct {
        const char *key, *line;
    } wrong[] = {
        {"format", "format: 2"},
        {"slot_size", "slot_size: 0"},
        {"slot_size", "slot_size: 5000"},
        {"slot_size", "slot_size: 4294971392"},
        {"manifest_max", "manifest_max: 2047"},
        {"manifest_max", "manifest_max: 8193"},
        {"block_max", "block_max: 255"},
        {"segment_max", "segment_max: 4095"},
        {"ram", "ram: 4095"},
        {"write_unit", "write_unit: 0"},
        {"write_unit", "write_unit: 12"},
        {"write_unit", "write_unit: 512"},
        {"erase_block", "erase_block: 4"},
        {"erase_block", "erase_block: 4100"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        write_with(class_text, wrong[i].key, wrong[i].line);
        class_refused(wrong[i].key);
    }
}

static void names_that_would_blur_identifiers_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *key, *line;
    } wrong[] = {
        {"vendor_domain", "vendor_domain: Acme.example"},
        {"vendor_domain", "vendor_domain: localhost"},
        {"vendor_domain", "vendor_domain: acme..example"},
        {"vendor_domain", "vendor_domain: acme.example."},
        {"vendor_domain", "vendor_domain: acme.ex ample"},
        {"vendor_domain", "vendor_domain: acme-.example"},
        {"vendor_domain", "vendor_domain: acme.-example"},
        {"vendor_name", "vendor_name: \"A\\e[31mcme\""},
        {"model", "model: 'P:200'"},
        {"model", "model: ../P-200"},
        {"model", "model: ' P-200'"},
        {"model", "model: P\xc3\xb6-200"},
        {"hardware_revisions", "hardware_revisions: [B, 'C:1']"},
        {"hardware_revisions", "hardware_revisions: [B, B]"},
        {"hardware_revisions", "hardware_revisions: [1, 2, 3, 4, 5, 6, 7, 8, 9]"},
        {"hardware_revisions", "hardware_revisions: []"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        write_with(class_text, wrong[i].key, wrong[i].line);
        class_refused("");
    }
}

static void a_short_recipe_gets_its_defaults(void **state)
{
    (void)state;
    struct failure why = {FAIL_NONE, ""};
    struct recipe *recipe;

    write_and(recipe_text, "");
    if (!recipe_read(path, &recipe, &why))
        fail_msg("%s", why.what);
    assert_string_equal(recipe->version, "4.3.1");
    assert_int_equal(recipe->sequence, 7);
    assert_int_equal(recipe->floor, 0);
    assert_int_equal(recipe->codec, RECIPE_DEFLATE);
    assert_int_equal(recipe->confirm, RECIPE_BY_DEVICE);
    assert_int_equal(recipe->data, RECIPE_UNTOUCHED);
    assert_int_equal(recipe->healthy_seconds, 10);
    assert_int_equal(recipe->tries, 3);
    assert_int_equal(recipe->silence_staging, 30);
    assert_int_equal(recipe->silence_boot, 60);
    assert_null(recipe->notes);
    assert_int_equal(recipe->checks_count, 0);
    recipe_free(recipe);
}

static void a_full_recipe_is_read_whole(void **state)
{
    (void)state;
    struct failure why = {FAIL_NONE, ""};
    struct recipe *recipe;

    write_and(recipe_text,
              "floor: 5\nfrom: 4.2.0 or later\nnotes: notes.md\nsbom: sbom.json\nvex: vex.json\n"
              "codec: stored\nminutes: 6\nvalid_until: 2027-06-30\nconfirm: technician\n"
              "healthy_seconds: 20\ntries: 5\nsilence_staging: 40\nsilence_boot: 90\n"
              "vulnerabilities: [CVE-2026-1234, CVE-2026-1235]\n"
              "checks:\n"
              "  - {id: alarm, text: Does the alarm sound?, kind: yes-no, required: true}\n"
              "  - {id: flow, text: Flow measured, kind: number, unit: mL/h, least: 114, most: 126.5,\n"
              "     required: false}\n");
    if (!recipe_read(path, &recipe, &why))
        fail_msg("%s", why.what);
    assert_int_equal(recipe->floor, 5);
    assert_string_equal(recipe->from, "4.2.0 or later");
    assert_string_equal(recipe->vex, "vex.json");
    assert_int_equal(recipe->codec, RECIPE_STORED);
    assert_int_equal(recipe->confirm, RECIPE_BY_TECHNICIAN);
    assert_string_equal(recipe->valid_until, "2027-06-30");
    assert_int_equal(recipe->tries, 5);
    assert_int_equal(recipe->vulnerabilities_count, 2);
    assert_int_equal(recipe->checks_count, 2);
    assert_true(recipe->checks[0].required);
    assert_false(recipe->checks[1].required);
    assert_int_equal(recipe->checks[1].kind, RECIPE_NUMBER);
    assert_true(recipe->checks[1].most > 126.4 && recipe->checks[1].most < 126.6);
    recipe_free(recipe);
}

static void what_a_recipe_must_say_is_required(void **state)
{
    (void)state;
    static const char *const keys[] = {"format", "device_class", "version", "sequence",
                                       "image",  "description",  "data"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        write_with(recipe_text, keys[i], "");
        recipe_refused(keys[i]);
    }
}

static void wrong_values_in_a_recipe_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *line, *reason;
    } wrong[] = {
        {"floor: 8\n", "above the release's own sequence"},
        {"tries: 1\n", "tries: 1 is outside 2 to 7"},
        {"tries: 8\n", "tries: 8 is outside 2 to 7"},
        {"healthy_seconds: 86401\n", "healthy_seconds: 86401 is longer than a day"},
        {"silence_staging: 86401\n", "silence_staging: 86401 is longer than a day"},
        {"silence_boot: 4294968\n", "silence_boot: 4294968 is longer than a day"},
        {"codec: lzma\n", "line 8"},
        {"confirm: nobody\n", "line 8"},
        {"valid_until: 2027-02-29\n", "no date"},
        {"valid_until: 2027-13-01\n", "no date"},
        {"valid_until: 27-06-30\n", "line 8"},
        {"from: \"4.2\\e[2J\"\n", "control characters"},
        {"vulnerabilities: CVE-2026-1\n", "line 8: expected a list"},
        {"vulnerabilities: [\"a\\x07b\"]\n", "control characters"},
        {"checks: [{id: a b, text: x, kind: text, required: true}]\n", "letters, digits"},
        {"checks: [{id: a, text: x, kind: text, required: maybe}]\n", "line 8"},
        {"checks: [{id: a, text: x, kind: yes, required: true}]\n", "line 8"},
        {"checks: [{id: a, text: x, kind: number, required: true}]\n", "needs its unit"},
        {"checks: [{id: a, text: x, kind: text, unit: mm, required: true}]\n", "are for numbers"},
        {"checks: [{id: a, text: x, kind: number, unit: mm, least: nan, required: true}]\n",
         "line 8: not a number"},
        {"checks: [{id: a, text: x, kind: number, unit: mm, least: 1e999, required: true}]\n",
         "line 8: not a number"},
        {"checks: [{id: a, text: x, kind: number, unit: mm, least: 2, most: 1, required: true}]\n",
         "least 2, most 1"},
        {"checks: [{id: a, text: x, kind: number, unit: mm, most: 1e13, required: true}]\n", "most 1e+13"},
        {"checks:\n  - {id: a, text: x, kind: text, required: true}\n  - {id: a, text: y, kind: text, "
         "required: true}\n",
         "twice"},
        {"checks:\n  - {id: a, text: x, kind: text, required: true}\n  - {id: b, kind: text, required: "
         "true}\n",
         "line 10: "},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        write_and(recipe_text, wrong[i].line);
        recipe_refused(wrong[i].reason);
    }
    write_with(recipe_text, "sequence", "sequence: 0");
    recipe_refused("sequence");
    write_with(recipe_text, "sequence", "sequence: 4294967296");
    recipe_refused("line 4");
    write_with(recipe_text, "data", "data: deleted");
    recipe_refused("line 7");
}

static void versions_are_one_to_three_plain_numbers(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",   "4.",      ".4",         "4..1", "4.3.1.0",
                                        "v4", "4.3-rc1", "04.3",       "4.3 ", " 4.3",
                                        "-4", "+4",      "4294967296", "4,3",  "99999999999"};
    uint32_t version[3];

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(version_read(wrong[i], version));
    assert_true(version_read("4.3.1", version));
    assert_int_equal(version[0], 4);
    assert_int_equal(version[1], 3);
    assert_int_equal(version[2], 1);
    assert_true(version_read("4294967295", version));
    assert_int_equal(version[0], UINT32_MAX);
    assert_int_equal(version[1], 0);
    assert_true(version_read("0.0", version));
}

static void a_file_that_is_too_large_or_absent_is_said_so(void **state)
{
    (void)state;
    struct failure why;
    struct recipe *recipe;

    assert_int_equal(truncate(path, 300 * 1024), 0);
    assert_false(recipe_read(path, &recipe, &why));
    assert_int_equal(why.id, FAIL_FILE_TOO_LARGE);
    assert_false(recipe_read("/nowhere/recipe.yaml", &recipe, &why));
    assert_int_equal(why.id, FAIL_FILE_OPEN);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, make_path, remove_path)

int main(void)
{
    const struct CMUnitTest stories[] = {
        STORY(a_device_class_is_read_whole),
        STORY(each_field_of_a_device_class_is_required),
        STORY(an_unknown_key_is_refused_with_its_line),
        STORY(a_repeated_key_is_refused),
        STORY(a_wrong_type_is_refused_with_its_line),
        STORY(what_is_no_single_yaml_mapping_is_refused),
        STORY(aliases_are_refused),
        STORY(every_truncation_of_a_device_class_is_refused),
        STORY(numbers_of_a_device_class_must_fit_each_other),
        STORY(names_that_would_blur_identifiers_are_refused),
        STORY(a_short_recipe_gets_its_defaults),
        STORY(a_full_recipe_is_read_whole),
        STORY(what_a_recipe_must_say_is_required),
        STORY(wrong_values_in_a_recipe_are_refused),
        STORY(versions_are_one_to_three_plain_numbers),
        STORY(a_file_that_is_too_large_or_absent_is_said_so),
    };
    return cmocka_run_group_tests(stories, NULL, NULL);
}
