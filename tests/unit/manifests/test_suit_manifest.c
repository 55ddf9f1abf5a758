/* The closed profile against everything that is not in it: labels, types, counts and bounds, each refused by name. */
#include "manifests/suit_write.h"

#include "tests/support/hex.h"
#include "tests/support/release.h"
#include "tests/support/suit_script.h"
#include "tests/support/test.h"

#include <stdio.h>

static void expect(const struct draft *draft, enum status status, enum suit_place place, int64_t label)
{
    struct suit_manifest manifest = {.sequence = 12345};
    struct suit_where where = {SUIT_NOWHERE, 0};
    enum status answer = draft_read(draft, &manifest, &where);

    assert_string_equal(status_name(answer), status_name(status));
    if (status == OK)
        return;
    assert_int_equal(where.place, place);
    assert_int_equal(where.label, label);
    assert_int_equal(manifest.sequence, 12345);
}

/* A manifest of `components` components whose install sequence is `install`. */
static void expect_install(struct script *install, size_t components, enum status status,
                           enum suit_place place, int64_t label)
{
    static struct draft draft;
    draft_start(&draft, 4, components, NULL);
    draft_section(&draft, SUIT_KEY_INSTALL, install);
    expect(&draft, status, place, label);
}

/* One command, its argument given as hex. */
static void expect_command(int64_t label, const char *argument, enum status status)
{
    struct script install;
    uint8_t memory[256];
    script_start(&install);
    script_encoded(&install, label, hex_into(memory, sizeof memory, argument));
    expect_install(&install, 2, status, SUIT_COMMAND, label);
}

/* One parameter, its value given as hex. */
static void expect_parameter(int64_t label, const char *value, enum status status)
{
    struct script install;
    uint8_t memory[256], map[300];
    struct buffer out = buffer_over(map, sizeof map);
    struct cbor_writer writer = cbor_into(&out);
    cbor_put_map(&writer, 1);
    cbor_put_int(&writer, label);
    cbor_put_encoded(&writer, hex_into(memory, sizeof memory, value));
    script_start(&install);
    script_encoded(&install, SUIT_DIRECTIVE_OVERRIDE, span_used(&out));
    expect_install(&install, 2, status, SUIT_PARAMETER, label);
}

/* A whole manifest as hex. */
static void expect_map(const char *hex, enum status status, enum suit_place place, int64_t label)
{
    static struct draft draft;
    struct span bytes = hex_into(draft.memory, sizeof draft.memory, hex);
    draft.bytes = (struct buffer){draft.memory, bytes.size, sizeof draft.memory};
    draft.writer = cbor_into(&draft.bytes);
    expect(&draft, status, place, label);
}

/* The manifest's map ----------------------------------------------------------------------------------------------- */

static void the_least_manifest_is_version_sequence_and_components(void **state)
{
    (void)state;
    expect_map("a3 0101 0200 0346a102818141 00", OK, SUIT_NOWHERE, 0);
    expect_map("a2 0101 0200", BAD_FORMAT, SUIT_MANIFEST, SUIT_KEY_COMMON);
    expect_map("a2 0101 0346a102818141 00", BAD_FORMAT, SUIT_MANIFEST, SUIT_KEY_SEQUENCE);
    expect_map("a2 0200 0346a102818141 00", BAD_FORMAT, SUIT_MANIFEST, SUIT_KEY_VERSION);
    expect_map("a3 0101 0200 0341a0", BAD_FORMAT, SUIT_COMMON, SUIT_COMMON_COMPONENTS);
}

static void another_manifest_version_is_a_bad_version(void **state)
{
    (void)state;
    expect_map("a3 0102 0200 0346a102818141 00", BAD_VERSION, SUIT_MANIFEST, SUIT_KEY_VERSION);
    expect_map("a3 0100 0200 0346a102818141 00", BAD_VERSION, SUIT_MANIFEST, SUIT_KEY_VERSION);
    expect_map("a3 0120 0200 0346a102818141 00", BAD_FORMAT, SUIT_MANIFEST, SUIT_KEY_VERSION);
}

static void a_sequence_number_has_32_bits(void **state)
{
    (void)state;
    expect_map("a3 0101 021affffffff 0346a102818141 00", OK, SUIT_NOWHERE, 0);
    expect_map("a3 0101 021b0000000100000000 0346a102818141 00", TOO_LARGE, SUIT_MANIFEST, SUIT_KEY_SEQUENCE);
    expect_map("a3 0101 0220 0346a102818141 00", BAD_FORMAT, SUIT_MANIFEST, SUIT_KEY_SEQUENCE);
}

static void a_set_version_has_one_to_three_numbers(void **state)
{
    (void)state;
    expect_map("a4 0101 0200 0346a102818141 00 06428104", OK, SUIT_NOWHERE, 0);
    expect_map("a4 0101 0200 0346a102818141 00 064483040301", OK, SUIT_NOWHERE, 0);
    expect_map("a4 0101 0200 0346a102818141 00 064180", BAD_FORMAT, SUIT_MANIFEST, SUIT_KEY_SET_VERSION);
    expect_map("a4 0101 0200 0346a102818141 00 06458404030100", BAD_FORMAT, SUIT_MANIFEST,
               SUIT_KEY_SET_VERSION);
    expect_map("a4 0101 0200 0346a102818141 00 0643820420", BAD_FORMAT, SUIT_MANIFEST, SUIT_KEY_SET_VERSION);
    expect_map("a4 0101 0200 0346a102818141 00 0643810400", BAD_FORMAT, SUIT_MANIFEST, SUIT_KEY_SET_VERSION);
    expect_map("a4 0101 0200 0346a102818141 00 0683040301", BAD_FORMAT, SUIT_MANIFEST, SUIT_KEY_SET_VERSION);
}

static void keys_outside_the_profile_are_named(void **state)
{
    (void)state;
    static const char *const keys[] = {"05", "08", "0a", "0e", "0f", "12", "1818", "390100"};
    static const int64_t labels[] = {5, 8, 10, 14, 15, 18, 24, -257};
    char text[128];

    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++) {
        snprintf(text, sizeof text, "a4 0101 0200 0346a102818141 00 %s 00", keys[i]);
        expect_map(text, UNSUPPORTED, SUIT_MANIFEST, labels[i]);
    }
    expect_map("a3 0101 0200 0348a2018002818141 00", UNSUPPORTED, SUIT_COMMON, 1);
    expect_map("a4 0101 0200 0346a102818141 00 6178 00", BAD_FORMAT, SUIT_MANIFEST, 4);
}

static void what_is_not_canonical_is_no_manifest(void **state)
{
    (void)state;
    expect_map("a3 0101 180200 0346a102818141 00", BAD_FORMAT, SUIT_MANIFEST, 2);    /* a longer head */
    expect_map("a3 0101 0200 0346a102818141 00 00", BAD_FORMAT, SUIT_MANIFEST, 4);   /* bytes after the end */
    expect_map("bf 0101 0200 0346a102818141 00 ff", BAD_FORMAT, SUIT_MANIFEST, 1);   /* indefinite */
    expect_map("a4 0101 0200 0346a102818141 00 0200", BAD_FORMAT, SUIT_MANIFEST, 4); /* twice, out of order */
    expect_map("a3 0101 0200 0347a102818141 0000", BAD_FORMAT, SUIT_MANIFEST, SUIT_KEY_COMMON);
    expect_map("a3 0101 0200 0358 06a102818141 00", BAD_FORMAT, SUIT_MANIFEST, SUIT_KEY_COMMON);
}

static void a_severed_section_needs_a_sha_256_digest(void **state)
{
    (void)state;
    static const char digest[] = "5820 0102030405060708 0102030405060708 0102030405060708 0102030405060708";
    static const char common[] = "a4 0101 0200 0346a102818141 00";
    char text[256];

    snprintf(text, sizeof text, "%s 14 82 2f %s", common, digest);
    expect_map(text, OK, SUIT_NOWHERE, 0);
    snprintf(text, sizeof text, "%s 14 82 382a %s", common, digest);
    expect_map(text, UNSUPPORTED, SUIT_MANIFEST, SUIT_KEY_INSTALL);
    snprintf(text, sizeof text, "%s 14 83 2f %s 00", common, digest);
    expect_map(text, BAD_FORMAT, SUIT_MANIFEST, SUIT_KEY_INSTALL);
    snprintf(text, sizeof text, "%s 14 82 2f 4101", common);
    expect_map(text, BAD_FORMAT, SUIT_MANIFEST, SUIT_KEY_INSTALL);
    snprintf(text, sizeof text, "%s 07 82 2f %s", common, digest);
    expect_map(text, BAD_FORMAT, SUIT_MANIFEST, SUIT_KEY_VALIDATE);
}

/* Components ------------------------------------------------------------------------------------------------------- */

static void up_to_sixteen_components_are_read(void **state)
{
    (void)state;
    static struct draft draft;
    draft_start(&draft, 3, SUIT_COMPONENTS_MAX, NULL);
    expect(&draft, OK, SUIT_NOWHERE, 0);
    draft_start(&draft, 3, SUIT_COMPONENTS_MAX + 1, NULL);
    expect(&draft, TOO_LARGE, SUIT_COMMON, SUIT_COMMON_COMPONENTS);
    draft_start(&draft, 3, 0, NULL);
    expect(&draft, BAD_FORMAT, SUIT_COMMON, SUIT_COMMON_COMPONENTS);
}

static void a_component_is_a_list_of_byte_strings_and_none_comes_twice(void **state)
{
    (void)state;
    expect_map("a3 0101 0200 0348a1028182 4100 4101", OK, SUIT_NOWHERE, 0);
    expect_map("a3 0101 0200 0349a10282 814100 814100", BAD_FORMAT, SUIT_COMMON, SUIT_COMMON_COMPONENTS);
    expect_map("a3 0101 0200 0344a1028180", BAD_FORMAT, SUIT_COMMON, SUIT_COMMON_COMPONENTS);
    expect_map("a3 0101 0200 0346a1028181 6100", BAD_FORMAT, SUIT_COMMON, SUIT_COMMON_COMPONENTS);
    expect_map("a3 0101 0200 0345a1028141 00", BAD_FORMAT, SUIT_COMMON, SUIT_COMMON_COMPONENTS);
}

static void an_index_names_a_component_that_is_there(void **state)
{
    (void)state;
    expect_command(SUIT_DIRECTIVE_SET_INDEX, "00", OK);
    expect_command(SUIT_DIRECTIVE_SET_INDEX, "01", OK);
    expect_command(SUIT_DIRECTIVE_SET_INDEX, "f5", OK);
    expect_command(SUIT_DIRECTIVE_SET_INDEX, "820100", OK);
    expect_command(SUIT_DIRECTIVE_SET_INDEX, "02", BAD_FORMAT);
    expect_command(SUIT_DIRECTIVE_SET_INDEX, "f4", BAD_FORMAT);
    expect_command(SUIT_DIRECTIVE_SET_INDEX, "f6", BAD_FORMAT);
    expect_command(SUIT_DIRECTIVE_SET_INDEX, "80", BAD_FORMAT);
    expect_command(SUIT_DIRECTIVE_SET_INDEX, "8102", BAD_FORMAT);
    expect_command(SUIT_DIRECTIVE_SET_INDEX, "820000", BAD_FORMAT);
    expect_command(SUIT_DIRECTIVE_SET_INDEX, "81f5", BAD_FORMAT);
    expect_command(SUIT_DIRECTIVE_SET_INDEX, "20", BAD_FORMAT);
    expect_command(SUIT_DIRECTIVE_SET_INDEX, "190100", TOO_LARGE);
}

/* Commands --------------------------------------------------------------------------------------------------------- */

static void every_reporting_policy_is_a_number_up_to_15(void **state)
{
    (void)state;
    for (int64_t label = -300; label <= 40; label++) {
        const struct suit_command_rule *rule = suit_command_rule(label);
        if (rule == NULL || rule->argument != SUIT_ARGUMENT_POLICY)
            continue;
        expect_command(label, "00", OK);
        expect_command(label, "0f", OK);
        expect_command(label, "10", BAD_FORMAT);
        expect_command(label, "20", BAD_FORMAT);
        expect_command(label, "f6", BAD_FORMAT);
        expect_command(label, "80", BAD_FORMAT);
    }
}

static void every_command_outside_the_profile_is_named(void **state)
{
    (void)state;
    unsigned known = 0;
    for (int64_t label = -300; label <= 40; label++) {
        if (suit_command_rule(label) == NULL)
            expect_command(label, "00", UNSUPPORTED);
        else
            known++;
    }
    assert_int_equal(known, 21);
}

static void custom_and_writing_commands_have_no_place_in_the_shared_sequence(void **state)
{
    (void)state;
    static const int64_t not_shared[] = {SUIT_CONDITION_BASE,  SUIT_DIRECTIVE_APPLY_STREAM,
                                         SUIT_DIRECTIVE_WRITE, SUIT_DIRECTIVE_FETCH,
                                         SUIT_DIRECTIVE_COPY,  SUIT_DIRECTIVE_INVOKE};
    static struct draft draft;
    struct script inner, shared;

    for (size_t i = 0; i < sizeof not_shared / sizeof not_shared[0]; i++) {
        script_start(&inner);
        script_command(&inner, not_shared[i], 2);
        draft_start(&draft, 3, 1, &inner);
        expect(&draft, UNSUPPORTED, SUIT_COMMAND, not_shared[i]);
        script_start(&shared);
        script_run(&shared, &inner);
        draft_start(&draft, 3, 1, &shared);
        expect(&draft, UNSUPPORTED, SUIT_COMMAND, not_shared[i]);
    }
    script_start(&shared);
    script_set_uint(&shared, SUIT_PARAMETER_FLOOR, 1);
    draft_start(&draft, 3, 1, &shared);
    expect(&draft, UNSUPPORTED, SUIT_PARAMETER, SUIT_PARAMETER_FLOOR);
}

static void a_sequence_is_pairs_and_at_least_one(void **state)
{
    (void)state;
    expect_map("a4 0101 0200 0346a102818141 00 0743 82030f", OK, SUIT_NOWHERE, 0);
    expect_map("a4 0101 0200 0346a102818141 00 0741 80", BAD_FORMAT, SUIT_MANIFEST, SUIT_KEY_VALIDATE);
    expect_map("a4 0101 0200 0346a102818141 00 0742 8103", BAD_FORMAT, SUIT_MANIFEST, SUIT_KEY_VALIDATE);
    expect_map("a4 0101 0200 0346a102818141 00 0744 83030f03", BAD_FORMAT, SUIT_MANIFEST, SUIT_KEY_VALIDATE);
    expect_map("a4 0101 0200 0346a102818141 00 0744 82030f00", BAD_FORMAT, SUIT_MANIFEST, SUIT_KEY_VALIDATE);
    expect_map("a4 0101 0200 0346a102818141 00 0743 a1030f", BAD_FORMAT, SUIT_MANIFEST, SUIT_KEY_VALIDATE);
    expect_map("a4 0101 0200 0346a102818141 00 0782 030f", BAD_FORMAT, SUIT_MANIFEST, SUIT_KEY_VALIDATE);
    expect_map("a4 0101 0200 0346a102818141 00 0740", BAD_FORMAT, SUIT_MANIFEST, SUIT_KEY_VALIDATE);
}

static void a_try_each_has_two_alternatives_and_nil_at_the_end_alone(void **state)
{
    (void)state;
    expect_command(SUIT_DIRECTIVE_TRY_EACH, "82 4382010f 4382020f", OK);
    expect_command(SUIT_DIRECTIVE_TRY_EACH, "83 4382010f 4382020f f6", OK);
    expect_command(SUIT_DIRECTIVE_TRY_EACH, "80", BAD_FORMAT);
    expect_command(SUIT_DIRECTIVE_TRY_EACH, "81 4382010f", BAD_FORMAT);
    expect_command(SUIT_DIRECTIVE_TRY_EACH, "82 4382010f f6", BAD_FORMAT);
    expect_command(SUIT_DIRECTIVE_TRY_EACH, "83 4382010f f6 4382020f", BAD_FORMAT);
    expect_command(SUIT_DIRECTIVE_TRY_EACH, "84 4382010f 4382020f f6 f6", BAD_FORMAT);
    expect_command(SUIT_DIRECTIVE_TRY_EACH, "82 82010f 4382020f", BAD_FORMAT);
    expect_command(SUIT_DIRECTIVE_TRY_EACH, "82 4382010f 4180", BAD_FORMAT);
    expect_command(SUIT_DIRECTIVE_RUN_SEQUENCE, "4382010f", OK);
    expect_command(SUIT_DIRECTIVE_RUN_SEQUENCE, "82010f", BAD_FORMAT);
    expect_command(SUIT_DIRECTIVE_RUN_SEQUENCE, "4180", BAD_FORMAT);
}

static void an_alternative_that_nobody_would_choose_is_looked_at_too(void **state)
{
    (void)state;
    struct script always, hidden, install;

    script_start(&always);
    script_command(&always, SUIT_CONDITION_VENDOR, 15);
    script_start(&hidden);
    script_set_uint(&hidden, 30, 1);
    script_start(&install);
    script_try(&install, (struct script *const[]){&always, &hidden, NULL}, WITH_NIL);
    expect_install(&install, 1, UNSUPPORTED, SUIT_PARAMETER, 30);
}

static void sequences_nest_four_deep_and_no_deeper(void **state)
{
    (void)state;
    static struct script levels[SUIT_NESTING_MAX + 2];

    script_start(&levels[0]);
    script_command(&levels[0], SUIT_CONDITION_ABORT, 0);
    for (size_t i = 1; i < SUIT_NESTING_MAX + 2; i++) {
        script_start(&levels[i]);
        if (i % 2 == 0)
            script_run(&levels[i], &levels[i - 1]);
        else
            script_try(&levels[i], (struct script *const[]){&levels[0], &levels[i - 1], NULL}, WITHOUT_NIL);
    }
    expect_install(&levels[SUIT_NESTING_MAX], 1, OK, SUIT_NOWHERE, 0);
    expect_install(&levels[SUIT_NESTING_MAX + 1], 1, TOO_LARGE, SUIT_COMMAND, SUIT_DIRECTIVE_TRY_EACH);
}

/* Parameters ------------------------------------------------------------------------------------------------------- */

#define DIGEST_ITEM "5824 822f 5820 0101010101010101 0101010101010101 0101010101010101 0101010101010101"

static void identifiers_have_sixteen_bytes(void **state)
{
    (void)state;
    static const int64_t labels[] = {SUIT_PARAMETER_VENDOR, SUIT_PARAMETER_CLASS, SUIT_PARAMETER_DEVICE};
    for (size_t i = 0; i < 3; i++) {
        expect_parameter(labels[i], "50 00112233445566778899aabbccddeeff", OK);
        expect_parameter(labels[i], "4f 00112233445566778899aabbccddee", BAD_FORMAT);
        expect_parameter(labels[i], "51 00112233445566778899aabbccddeeff00", BAD_FORMAT);
        expect_parameter(labels[i], "d870 4101", UNSUPPORTED); /* a private enterprise number */
        expect_parameter(labels[i], "00", BAD_FORMAT);
    }
}

static void digests_are_wrapped_and_of_sha_256(void **state)
{
    (void)state;
    static const int64_t labels[] = {SUIT_PARAMETER_DIGEST, SUIT_PARAMETER_BASE};
    for (size_t i = 0; i < 2; i++) {
        expect_parameter(labels[i], DIGEST_ITEM, OK);
        expect_parameter(labels[i], "4682 2f 43010203", BAD_FORMAT);
        expect_parameter(labels[i], "4682 31 43010203", UNSUPPORTED);
        expect_parameter(labels[i], "82 2f 43010203", BAD_FORMAT);
        expect_parameter(labels[i], "40", BAD_FORMAT);
    }
}

static void numbers_are_not_negative_unless_they_are_a_priority(void **state)
{
    (void)state;
    static const int64_t labels[] = {SUIT_PARAMETER_USE_BEFORE, SUIT_PARAMETER_SLOT, SUIT_PARAMETER_SIZE,
                                     SUIT_PARAMETER_BATTERY, SUIT_PARAMETER_FLOOR};
    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++) {
        expect_parameter(labels[i], "00", OK);
        expect_parameter(labels[i], "1affffffff", OK);
        expect_parameter(labels[i], "20", BAD_FORMAT);
        expect_parameter(labels[i], "4100", BAD_FORMAT);
    }
    expect_parameter(SUIT_PARAMETER_SIZE, "1bffffffffffffffff", OK);
    expect_parameter(SUIT_PARAMETER_FLOOR, "1b0000000100000000", TOO_LARGE);
    expect_parameter(SUIT_PARAMETER_PRIORITY, "20", OK);
    expect_parameter(SUIT_PARAMETER_PRIORITY, "00", OK);
    expect_parameter(SUIT_PARAMETER_PRIORITY, "60", BAD_FORMAT);
}

static void strings_are_of_their_kind(void **state)
{
    (void)state;
    expect_parameter(SUIT_PARAMETER_URI, "62 2330", OK);
    expect_parameter(SUIT_PARAMETER_URI, "42 2330", BAD_FORMAT);
    expect_command(SUIT_DIRECTIVE_OVERRIDE, "a1 15 62 c328", BAD_FORMAT); /* no UTF-8 */
    expect_parameter(SUIT_PARAMETER_CONTENT, "40", OK);
    expect_parameter(SUIT_PARAMETER_CONTENT, "60", BAD_FORMAT);
    expect_parameter(SUIT_PARAMETER_INVOKE_ARGUMENTS, "4100", OK);
    expect_parameter(SUIT_PARAMETER_INVOKE_ARGUMENTS, "f6", BAD_FORMAT);
    expect_parameter(SUIT_PARAMETER_STREAM, "4180", OK);
    expect_parameter(SUIT_PARAMETER_STREAM, "80", BAD_FORMAT);
    expect_parameter(SUIT_PARAMETER_STREAM, "4100", BAD_FORMAT);
    expect_parameter(SUIT_PARAMETER_STREAM, "428000", BAD_FORMAT);
    expect_parameter(SUIT_PARAMETER_STREAM, "428118", BAD_FORMAT);
}

static void a_source_is_a_component_that_is_there(void **state)
{
    (void)state;
    expect_parameter(SUIT_PARAMETER_SOURCE, "01", OK);
    expect_parameter(SUIT_PARAMETER_SOURCE, "02", BAD_FORMAT);
    expect_parameter(SUIT_PARAMETER_SOURCE, "1bffffffffffffffff", BAD_FORMAT);
}

static void a_version_match_is_a_comparison_and_numbers(void **state)
{
    (void)state;
    expect_parameter(SUIT_PARAMETER_VERSION, "44 82 05 81 01", OK);
    expect_parameter(SUIT_PARAMETER_VERSION, "47 82 01 84 01 02 03 20", OK);
    expect_parameter(SUIT_PARAMETER_VERSION, "44 82 00 81 01", BAD_FORMAT);
    expect_parameter(SUIT_PARAMETER_VERSION, "44 82 06 81 01", BAD_FORMAT);
    expect_parameter(SUIT_PARAMETER_VERSION, "43 82 01 80", BAD_FORMAT);
    expect_parameter(SUIT_PARAMETER_VERSION, "44 82 01 81 20", BAD_FORMAT);
    expect_parameter(SUIT_PARAMETER_VERSION, "45 82 01 82 01 23", BAD_FORMAT);
    expect_parameter(SUIT_PARAMETER_VERSION, "45 83 01 81 01 00", BAD_FORMAT);
    expect_parameter(SUIT_PARAMETER_VERSION, "45 82 01 81 01 00", BAD_FORMAT);
    expect_parameter(SUIT_PARAMETER_VERSION, "82 01 81 01", BAD_FORMAT);
}

static void our_own_arrays_are_wrapped_and_have_their_length(void **state)
{
    (void)state;
    expect_parameter(SUIT_PARAMETER_CONFIRM, "44 83 01 0a 03", OK);
    expect_parameter(SUIT_PARAMETER_CONFIRM, "83 01 0a 03", BAD_FORMAT);
    expect_parameter(SUIT_PARAMETER_CONFIRM, "43 82 01 0a", BAD_FORMAT);
    expect_parameter(SUIT_PARAMETER_CONFIRM, "45 84 01 0a 03 00", BAD_FORMAT);
    expect_parameter(SUIT_PARAMETER_CONFIRM, "45 83 01 0a 03 00", BAD_FORMAT);
    expect_parameter(SUIT_PARAMETER_CONFIRM, "46 83 01 0a 190100", TOO_LARGE);
    expect_parameter(SUIT_PARAMETER_SILENCE, "44 82 05 1818", OK);
    expect_parameter(SUIT_PARAMETER_SILENCE, "42 81 05", BAD_FORMAT);
    expect_parameter(SUIT_PARAMETER_SILENCE, "43 82 05 20", BAD_FORMAT);
}

static void every_parameter_outside_the_profile_is_named(void **state)
{
    (void)state;
    unsigned known = 0;
    for (int64_t label = -300; label <= 40; label++) {
        if (suit_parameter_name(label) == NULL)
            expect_parameter(label, "00", UNSUPPORTED);
        else
            known++;
    }
    assert_int_equal(known, 19);
}

static void an_override_names_each_parameter_once_and_at_least_one(void **state)
{
    (void)state;
    expect_command(SUIT_DIRECTIVE_OVERRIDE, "a2 0500 0e01", OK);
    expect_command(SUIT_DIRECTIVE_OVERRIDE, "a0", BAD_FORMAT);
    expect_command(SUIT_DIRECTIVE_OVERRIDE, "80", BAD_FORMAT);
    expect_command(SUIT_DIRECTIVE_OVERRIDE, "a2 0500 0501", BAD_FORMAT);
    expect_command(SUIT_DIRECTIVE_OVERRIDE, "a2 0e01 0500", BAD_FORMAT);
}

/* Whatever comes --------------------------------------------------------------------------------------------------- */

static struct span good_manifest(uint8_t *memory, size_t room)
{
    struct suit_content content = release_with_deltas();
    struct buffer out = buffer_over(memory, room);
    struct suit_envelope envelope;

    assert_int_equal(suit_write(&out, &content), OK);
    assert_int_equal(suit_envelope_read(span_used(&out), &envelope, NULL), OK);
    return envelope.manifest;
}

static void no_beginning_of_a_manifest_is_one(void **state)
{
    (void)state;
    uint8_t memory[8192];
    struct span whole = good_manifest(memory, sizeof memory);
    struct suit_manifest manifest;

    for (size_t size = 0; size < whole.size; size++) {
        struct suit_envelope envelope = {.manifest = span_first(whole, size)};
        assert_int_equal(suit_manifest_read(&envelope, &manifest, NULL), BAD_FORMAT);
    }
}

/* xorshift64 (Marsaglia 2003). */
static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void plan_all(const struct suit_manifest *manifest, unsigned plans[2])
{
    static const uint8_t running[] = {IMAGE_4_3_0, IMAGE_4_2_0, OTHER};
    for (size_t i = 0; i < sizeof running; i++) {
        struct plan_target target = {.stream = PLAN_ANY_STREAM};
        struct plan plan;
        fill(target.vendor, UUID_SIZE, ACME);
        fill(target.class_id, UUID_SIZE, PUMP_REVISION_C);
        fill(target.running_digest, DIGEST_SIZE, running[i]);
        bool planned = plan_make(manifest, &target, &plan, NULL) == OK;
        plans[planned]++;
        if (planned) {
            assert_true(plan.floor_after <= plan.sequence);
            assert_true(plan.confirm_tries >= 2 && plan.confirm_tries <= 7);
            assert_memory_equal(plan.vendor, target.vendor, UUID_SIZE);
        }
    }
}

static void spoiled_manifests_are_refused_or_make_a_sound_plan(void **state)
{
    (void)state;
    enum { ROUNDS = 40000 };
    uint64_t random = 0x5354u;
    uint8_t memory[8192], spoiled[8192];
    struct span whole = good_manifest(memory, sizeof memory);
    unsigned refused = 0, plans[2] = {0};

    print_message("# seed 0x5354\n");
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct suit_envelope envelope = {.manifest = span_of(spoiled, whole.size)};
        struct suit_manifest manifest;
        memcpy(spoiled, whole.data, whole.size);
        for (uint64_t i = 1 + next_random(&random) % 3; i > 0; i--)
            spoiled[next_random(&random) % whole.size] = (uint8_t)next_random(&random);
        if (suit_manifest_read(&envelope, &manifest, NULL))
            refused++;
        else
            plan_all(&manifest, plans);
    }
    print_message("# %u refused by the reader; plans: %u refused, %u made\n", refused, plans[0], plans[1]);
    assert_true(refused > 0 && plans[0] > 0 && plans[1] > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_least_manifest_is_version_sequence_and_components),
        cmocka_unit_test(another_manifest_version_is_a_bad_version),
        cmocka_unit_test(a_sequence_number_has_32_bits),
        cmocka_unit_test(a_set_version_has_one_to_three_numbers),
        cmocka_unit_test(keys_outside_the_profile_are_named),
        cmocka_unit_test(what_is_not_canonical_is_no_manifest),
        cmocka_unit_test(a_severed_section_needs_a_sha_256_digest),
        cmocka_unit_test(up_to_sixteen_components_are_read),
        cmocka_unit_test(a_component_is_a_list_of_byte_strings_and_none_comes_twice),
        cmocka_unit_test(an_index_names_a_component_that_is_there),
        cmocka_unit_test(every_reporting_policy_is_a_number_up_to_15),
        cmocka_unit_test(every_command_outside_the_profile_is_named),
        cmocka_unit_test(custom_and_writing_commands_have_no_place_in_the_shared_sequence),
        cmocka_unit_test(a_sequence_is_pairs_and_at_least_one),
        cmocka_unit_test(a_try_each_has_two_alternatives_and_nil_at_the_end_alone),
        cmocka_unit_test(an_alternative_that_nobody_would_choose_is_looked_at_too),
        cmocka_unit_test(sequences_nest_four_deep_and_no_deeper),
        cmocka_unit_test(identifiers_have_sixteen_bytes),
        cmocka_unit_test(digests_are_wrapped_and_of_sha_256),
        cmocka_unit_test(numbers_are_not_negative_unless_they_are_a_priority),
        cmocka_unit_test(strings_are_of_their_kind),
        cmocka_unit_test(a_source_is_a_component_that_is_there),
        cmocka_unit_test(a_version_match_is_a_comparison_and_numbers),
        cmocka_unit_test(our_own_arrays_are_wrapped_and_have_their_length),
        cmocka_unit_test(every_parameter_outside_the_profile_is_named),
        cmocka_unit_test(an_override_names_each_parameter_once_and_at_least_one),
        cmocka_unit_test(no_beginning_of_a_manifest_is_one),
        cmocka_unit_test(spoiled_manifests_are_refused_or_make_a_sound_plan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
