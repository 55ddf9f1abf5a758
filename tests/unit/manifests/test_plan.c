/* Plans: what a device of agent version 1 would do with a manifest, and why it would not. */
#include "manifests/plan.h"

#include "keys/base/bytes.h"

#include "tests/support/release.h"
#include "tests/support/suit_script.h"
#include "tests/support/suit_vectors.h"
#include "tests/support/test.h"

static struct plan_target device_running(uint8_t image, int stream)
{
    struct plan_target target = {.stream = stream};
    fill(target.vendor, UUID_SIZE, ACME);
    fill(target.class_id, UUID_SIZE, PUMP_REVISION_B);
    fill(target.running_digest, DIGEST_SIZE, image);
    return target;
}

/* A manifest in the making: tests spoil one piece of it. */
struct update {
    struct script shared, install, validate, invoke;
};

static void set_identifier(struct script *script, int64_t parameter, uint8_t with)
{
    uint8_t identifier[UUID_SIZE];
    fill(identifier, sizeof identifier, with);
    script_set_bytes(script, parameter, span_of(identifier, sizeof identifier));
}

static void set_stream(struct script *script, const char *name, enum patch_codec codec)
{
    uint8_t memory[PATCH_DESCRIPTION_MAX];
    struct buffer content = buffer_over(memory, sizeof memory);
    struct patch_description description = {.codec = PATCH_STORED,
                                            .block_max = 1024,
                                            .segment_max = 8192,
                                            .ram = 1024,
                                            .stream_size = 9000,
                                            .first_length = 1024};

    script_set_text(script, SUIT_PARAMETER_URI, name);
    assert_int_equal(patch_description_write(&content, &description), OK);
    memory[2] = (uint8_t)codec; /* head of 13 items, version, codec */
    script_set_bytes(script, SUIT_PARAMETER_STREAM, span_used(&content));
}

static void set_array(struct script *script, int64_t parameter, const uint32_t *numbers, size_t count)
{
    uint8_t memory[32];
    struct buffer content = buffer_over(memory, sizeof memory);
    struct cbor_writer writer = cbor_into(&content);
    cbor_put_array(&writer, count);
    for (size_t i = 0; i < count; i++)
        cbor_put_uint(&writer, numbers[i]);
    script_set_bytes(script, parameter, span_used(&content));
}

static void apply(struct script *script)
{
    script_command(script, SUIT_DIRECTIVE_APPLY_STREAM, 2);
}

/* Vendor, class, digest and size; nothing to install yet. */
static void update_start(struct update *update)
{
    script_start(&update->shared);
    set_identifier(&update->shared, SUIT_PARAMETER_VENDOR, ACME);
    set_identifier(&update->shared, SUIT_PARAMETER_CLASS, PUMP_REVISION_B);
    script_set_digest(&update->shared, SUIT_PARAMETER_DIGEST, IMAGE_4_3_1);
    script_set_uint(&update->shared, SUIT_PARAMETER_SIZE, 5000);
    script_command(&update->shared, SUIT_CONDITION_VENDOR, 15);
    script_command(&update->shared, SUIT_CONDITION_CLASS, 15);
    script_start(&update->install);
    script_start(&update->validate);
    script_command(&update->validate, SUIT_CONDITION_IMAGE_MATCH, 15);
    script_start(&update->invoke);
    script_command(&update->invoke, SUIT_DIRECTIVE_INVOKE, 2);
}

static void update_full(struct update *update)
{
    update_start(update);
    set_stream(&update->install, "#0", PATCH_STORED);
    apply(&update->install);
}

struct outcome {
    enum status status;
    struct suit_where where;
    struct plan plan;
};

static struct outcome plan_of(struct update *update, struct plan_target target)
{
    struct outcome outcome = {0};
    struct suit_manifest manifest = manifest_around(1, &update->shared, &update->install);
    manifest.sequence = 31;
    manifest.sections[SUIT_VALIDATE] = script_bytes(&update->validate);
    manifest.sections[SUIT_INVOKE] = script_bytes(&update->invoke);
    outcome.status = plan_make(&manifest, &target, &outcome.plan, &outcome.where);
    return outcome;
}

static void refused(struct update *update, enum status status, enum suit_place place, int64_t label)
{
    struct outcome outcome = plan_of(update, device_running(OTHER, PLAN_ANY_STREAM));
    assert_string_equal(status_name(outcome.status), status_name(status));
    assert_int_equal(outcome.where.place, place);
    assert_int_equal(outcome.where.label, label);
    assert_int_equal(outcome.plan.sequence, 0);
}

/* The way that is meant -------------------------------------------------------------------------------------------- */

static void what_a_manifest_leaves_open_has_its_default(void **state)
{
    (void)state;
    struct update update;
    update_full(&update);
    struct outcome outcome = plan_of(&update, device_running(OTHER, 0));

    assert_int_equal(outcome.status, OK);
    assert_int_equal(outcome.plan.floor_after, 0);
    assert_int_equal(outcome.plan.confirm_who, CONFIRM_BY_DEVICE);
    assert_int_equal(outcome.plan.confirm_healthy, 10);
    assert_int_equal(outcome.plan.confirm_tries, 3);
    assert_int_equal(outcome.plan.silence_staging, 30);
    assert_int_equal(outcome.plan.silence_boot, 60);
    assert_int_equal(outcome.plan.version[0] + outcome.plan.version[1] + outcome.plan.version[2], 0);
    assert_int_equal(outcome.plan.image_size, 5000);
    assert_int_equal(outcome.plan.patch.stream_size, 9000);
}

/* Two deltas and the full stream, as the template has them. */
static void update_with_deltas(struct update *update, struct script deltas[2], struct script *full)
{
    static const char *const names[] = {"#0", "#1"};
    static const uint8_t bases[] = {IMAGE_4_3_0, IMAGE_4_2_0};

    update_start(update);
    for (size_t i = 0; i < 2; i++) {
        script_start(&deltas[i]);
        set_stream(&deltas[i], names[i], PATCH_STORED);
        script_set_digest(&deltas[i], SUIT_PARAMETER_BASE, bases[i]);
        script_command(&deltas[i], SUIT_CONDITION_BASE, 5);
    }
    script_start(full);
    set_stream(full, "#2", PATCH_STORED);
    script_try(&update->install, (struct script *const[]){&deltas[0], &deltas[1], full, NULL}, WITHOUT_NIL);
    apply(&update->install);
}

static void the_offered_stream_is_taken_even_where_a_smaller_one_would_fit(void **state)
{
    (void)state;
    struct update update;
    struct script deltas[2], full;
    update_with_deltas(&update, deltas, &full);
    struct outcome outcome = plan_of(&update, device_running(IMAGE_4_3_0, 2));

    assert_int_equal(outcome.status, OK);
    assert_int_equal(outcome.plan.stream, 2);
    assert_false(outcome.plan.has_base);
    assert_true(bytes_all(outcome.plan.base_digest, DIGEST_SIZE, 0));
}

static void the_base_of_a_failed_alternative_does_not_stick_to_the_full_stream(void **state)
{
    (void)state;
    struct update update;
    struct script deltas[2], full;
    update_with_deltas(&update, deltas, &full);
    struct outcome outcome = plan_of(&update, device_running(OTHER, PLAN_ANY_STREAM));

    assert_int_equal(outcome.status, OK);
    assert_int_equal(outcome.plan.stream, 2);
    assert_false(outcome.plan.has_base);
}

static void an_offered_delta_that_does_not_fit_is_a_wrong_base(void **state)
{
    (void)state;
    struct update update;
    struct script deltas[2], full;
    update_with_deltas(&update, deltas, &full);

    assert_int_equal(plan_of(&update, device_running(IMAGE_4_3_0, 0)).status, OK);
    assert_int_equal(plan_of(&update, device_running(IMAGE_4_3_0, 1)).status, WRONG_BASE);
    assert_int_equal(plan_of(&update, device_running(OTHER, 0)).status, WRONG_BASE);
    assert_int_equal(plan_of(&update, device_running(OTHER, 3)).status, WRONG_BASE);
}

static void when_no_alternative_starts_from_the_running_image_it_is_a_wrong_base(void **state)
{
    (void)state;
    struct update update;
    struct script deltas[2], full;
    update_with_deltas(&update, deltas, &full);
    script_start(&update.install);
    script_try(&update.install, (struct script *const[]){&deltas[0], &deltas[1], NULL}, WITHOUT_NIL);
    apply(&update.install);

    assert_int_equal(plan_of(&update, device_running(IMAGE_4_2_0, PLAN_ANY_STREAM)).status, OK);
    refused(&update, WRONG_BASE, SUIT_COMMAND, SUIT_CONDITION_BASE);
}

static void a_full_stream_must_be_the_one_that_is_offered(void **state)
{
    (void)state;
    struct update update;
    update_full(&update);
    struct outcome outcome = plan_of(&update, device_running(OTHER, 1));

    assert_int_equal(outcome.status, WRONG_BASE);
    assert_int_equal(outcome.where.label, SUIT_PARAMETER_URI);
}

/* Whose device ----------------------------------------------------------------------------------------------------- */

static void another_vendor_s_device_is_refused_before_its_class_is_looked_at(void **state)
{
    (void)state;
    struct update update;
    update_full(&update);
    struct plan_target target = device_running(OTHER, 0);
    fill(target.vendor, UUID_SIZE, OTHER);
    fill(target.class_id, UUID_SIZE, OTHER);
    assert_int_equal(plan_of(&update, target).status, WRONG_VENDOR);
    fill(target.vendor, UUID_SIZE, ACME);
    assert_int_equal(plan_of(&update, target).status, WRONG_CLASS);
}

static void a_manifest_that_does_not_ask_whose_device_it_is_is_refused(void **state)
{
    (void)state;
    struct update update;

    update_full(&update);
    script_start(&update.shared);
    script_set_digest(&update.shared, SUIT_PARAMETER_DIGEST, IMAGE_4_3_1);
    script_set_uint(&update.shared, SUIT_PARAMETER_SIZE, 5000);
    refused(&update, MISSING, SUIT_COMMAND, SUIT_CONDITION_VENDOR);
    set_identifier(&update.shared, SUIT_PARAMETER_VENDOR, ACME);
    script_command(&update.shared, SUIT_CONDITION_VENDOR, 15);
    refused(&update, MISSING, SUIT_COMMAND, SUIT_CONDITION_CLASS);
    script_command(&update.shared, SUIT_CONDITION_CLASS, 15);
    refused(&update, MISSING, SUIT_PARAMETER, SUIT_PARAMETER_CLASS);
}

/* What must be said ------------------------------------------------------------------------------------------------ */

static void digest_size_and_stream_must_be_there(void **state)
{
    (void)state;
    struct update update;

    update_full(&update);
    script_start(&update.shared);
    set_identifier(&update.shared, SUIT_PARAMETER_VENDOR, ACME);
    set_identifier(&update.shared, SUIT_PARAMETER_CLASS, PUMP_REVISION_B);
    script_command(&update.shared, SUIT_CONDITION_VENDOR, 15);
    script_command(&update.shared, SUIT_CONDITION_CLASS, 15);
    refused(&update, MISSING, SUIT_PARAMETER, SUIT_PARAMETER_DIGEST);
    script_set_digest(&update.shared, SUIT_PARAMETER_DIGEST, IMAGE_4_3_1);
    refused(&update, MISSING, SUIT_PARAMETER, SUIT_PARAMETER_SIZE);
    script_set_uint(&update.shared, SUIT_PARAMETER_SIZE, 0);
    refused(&update, BAD_FORMAT, SUIT_PARAMETER, SUIT_PARAMETER_SIZE);

    update_start(&update);
    script_set_uint(&update.install, SUIT_PARAMETER_FLOOR, 1);
    refused(&update, MISSING, SUIT_COMMAND, SUIT_DIRECTIVE_APPLY_STREAM);
    apply(&update.install);
    refused(&update, MISSING, SUIT_PARAMETER, SUIT_PARAMETER_STREAM);
}

static void a_severed_install_is_missing(void **state)
{
    (void)state;
    struct update update;
    struct suit_where where;
    struct plan plan;
    update_full(&update);
    struct suit_manifest manifest = manifest_around(1, &update.shared, NULL);
    struct plan_target target = device_running(OTHER, 0);
    manifest.severed[SUIT_INSTALL] = true;

    assert_int_equal(plan_make(&manifest, &target, &plan, &where), MISSING);
    assert_int_equal(where.place, SUIT_MANIFEST);
    assert_int_equal(where.label, SUIT_KEY_INSTALL);
}

static void only_a_number_names_a_stream(void **state)
{
    (void)state;
    static const char *const names[] = {"",   "#",   "0",   "#00",   "#01", "#256",
                                        "#a", "#-1", "#1 ", "#1000", "# 1", "http://example.com/1"};
    struct update update;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        update_start(&update);
        set_stream(&update.install, names[i], PATCH_STORED);
        apply(&update.install);
        refused(&update, UNSUPPORTED, SUIT_PARAMETER, SUIT_PARAMETER_URI);
    }
    update_start(&update);
    set_stream(&update.install, "#255", PATCH_STORED);
    apply(&update.install);
    assert_int_equal(plan_of(&update, device_running(OTHER, 255)).plan.stream, 255);
}

static void a_stream_that_this_device_can_t_decode_is_refused(void **state)
{
    (void)state;
    struct update update;

    update_start(&update);
    set_stream(&update.install, "#0", PATCH_MODELLED);
    apply(&update.install);
    refused(&update, UNSUPPORTED, SUIT_PARAMETER, SUIT_PARAMETER_STREAM);
}

static void a_floor_above_the_manifest_itself_is_refused(void **state)
{
    (void)state;
    struct update update;

    update_start(&update);
    set_stream(&update.install, "#0", PATCH_STORED);
    script_set_uint(&update.install, SUIT_PARAMETER_FLOOR, 32);
    apply(&update.install);
    refused(&update, BAD_FORMAT, SUIT_PARAMETER, SUIT_PARAMETER_FLOOR);
    update_start(&update);
    set_stream(&update.install, "#0", PATCH_STORED);
    script_set_uint(&update.install, SUIT_PARAMETER_FLOOR, 31);
    apply(&update.install);
    assert_int_equal(plan_of(&update, device_running(OTHER, 0)).plan.floor_after, 31);
}

static void who_confirms_and_how_often_it_is_tried_has_bounds(void **state)
{
    (void)state;
    static const uint32_t bad[][3] = {{0, 5, 3}, {3, 5, 3}, {1, 5, 1}, {1, 5, 8}};
    static const uint32_t good[][3] = {{1, 0, 2}, {2, 5, 7}};
    struct update update;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        update_start(&update);
        set_stream(&update.install, "#0", PATCH_STORED);
        set_array(&update.install, SUIT_PARAMETER_CONFIRM, bad[i], 3);
        apply(&update.install);
        refused(&update, BAD_FORMAT, SUIT_PARAMETER, SUIT_PARAMETER_CONFIRM);
    }
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        update_start(&update);
        set_stream(&update.install, "#0", PATCH_STORED);
        set_array(&update.install, SUIT_PARAMETER_CONFIRM, good[i], 3);
        apply(&update.install);
        struct outcome outcome = plan_of(&update, device_running(OTHER, 0));
        assert_int_equal(outcome.status, OK);
        assert_int_equal(outcome.plan.confirm_tries, good[i][2]);
    }
}

/* In milliseconds they still fit what is said of them on the wire. */
static void no_time_of_a_policy_is_longer_than_a_day(void **state)
{
    (void)state;
    static const uint32_t bad[][2] = {{86401, 60}, {30, 86401}, {UINT32_MAX, 60}, {30, 4294968}};
    static const uint32_t good[2] = {86400, 86400}, lazy[3] = {1, 86401, 3};
    struct update update;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        update_start(&update);
        set_stream(&update.install, "#0", PATCH_STORED);
        set_array(&update.install, SUIT_PARAMETER_SILENCE, bad[i], 2);
        apply(&update.install);
        refused(&update, BAD_FORMAT, SUIT_PARAMETER, SUIT_PARAMETER_SILENCE);
    }
    update_start(&update);
    set_stream(&update.install, "#0", PATCH_STORED);
    set_array(&update.install, SUIT_PARAMETER_CONFIRM, lazy, 3);
    apply(&update.install);
    refused(&update, BAD_FORMAT, SUIT_PARAMETER, SUIT_PARAMETER_CONFIRM);
    update_start(&update);
    set_stream(&update.install, "#0", PATCH_STORED);
    set_array(&update.install, SUIT_PARAMETER_SILENCE, good, 2);
    apply(&update.install);
    assert_int_equal(plan_of(&update, device_running(OTHER, 0)).plan.silence_boot, 86400);
}

/* What this device does not carry out ------------------------------------------------------------------------------ */

static void commands_beyond_agent_version_1_are_refused_by_name(void **state)
{
    (void)state;
    static const int64_t labels[] = {
        SUIT_CONDITION_USE_BEFORE, SUIT_CONDITION_SLOT,         SUIT_CONDITION_CHECK_CONTENT,
        SUIT_CONDITION_DEVICE,     SUIT_CONDITION_BATTERY,      SUIT_CONDITION_AUTHORIZED,
        SUIT_CONDITION_VERSION,    SUIT_DIRECTIVE_WRITE,        SUIT_DIRECTIVE_FETCH,
        SUIT_DIRECTIVE_COPY,       SUIT_DIRECTIVE_APPLY_STREAM, SUIT_CONDITION_BASE};
    struct update update;

    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++) {
        update_full(&update);
        script_command(&update.install, labels[i], 2);
        refused(&update, UNSUPPORTED, SUIT_COMMAND, labels[i]);
    }
}

static void the_image_that_is_matched_must_be_the_one_that_was_made(void **state)
{
    (void)state;
    struct update update;

    update_start(&update);
    script_command(&update.install, SUIT_CONDITION_IMAGE_MATCH, 15);
    refused(&update, UNSUPPORTED, SUIT_COMMAND, SUIT_CONDITION_IMAGE_MATCH);
    update_full(&update);
    script_command(&update.install, SUIT_CONDITION_IMAGE_MATCH, 15);
    assert_int_equal(plan_of(&update, device_running(OTHER, 0)).status, OK);
    script_set_digest(&update.install, SUIT_PARAMETER_DIGEST, OTHER);
    script_command(&update.install, SUIT_CONDITION_IMAGE_MATCH, 15);
    refused(&update, CONDITION_FAILED, SUIT_PARAMETER, SUIT_PARAMETER_DIGEST);
}

static void validation_and_invocation_are_looked_at_before_anything_is_written(void **state)
{
    (void)state;
    struct update update;

    update_full(&update);
    script_start(&update.validate);
    script_set_digest(&update.validate, SUIT_PARAMETER_DIGEST, OTHER);
    script_command(&update.validate, SUIT_CONDITION_IMAGE_MATCH, 15);
    refused(&update, CONDITION_FAILED, SUIT_PARAMETER, SUIT_PARAMETER_DIGEST);
    update_full(&update);
    script_command(&update.validate, SUIT_DIRECTIVE_INVOKE, 2);
    refused(&update, UNSUPPORTED, SUIT_COMMAND, SUIT_DIRECTIVE_INVOKE);
    update_full(&update);
    script_start(&update.invoke);
    script_set_bytes(&update.invoke, SUIT_PARAMETER_INVOKE_ARGUMENTS, span_text("init=/bin/sh"));
    script_command(&update.invoke, SUIT_DIRECTIVE_INVOKE, 2);
    refused(&update, UNSUPPORTED, SUIT_PARAMETER, SUIT_PARAMETER_INVOKE_ARGUMENTS);
    update_full(&update);
    apply(&update.invoke);
    refused(&update, UNSUPPORTED, SUIT_COMMAND, SUIT_DIRECTIVE_APPLY_STREAM);
    update_full(&update);
    script_command(&update.invoke, SUIT_CONDITION_ABORT, 0);
    refused(&update, CONDITION_FAILED, SUIT_COMMAND, SUIT_CONDITION_ABORT);
}

static void one_component_named_zero_is_all_there_may_be(void **state)
{
    (void)state;
    static const uint8_t another[] = {0x81, 0x41, 0x01};
    struct update update;
    struct suit_where where;
    struct plan plan;
    struct plan_target target = device_running(OTHER, 0);
    update_full(&update);

    struct suit_manifest manifest = manifest_around(2, &update.shared, &update.install);
    assert_int_equal(plan_make(&manifest, &target, &plan, &where), UNSUPPORTED);
    assert_int_equal(where.place, SUIT_COMMON);
    manifest = manifest_around(1, &update.shared, &update.install);
    manifest.components[0] = span_of(another, sizeof another);
    assert_int_equal(plan_make(&manifest, &target, &plan, NULL), UNSUPPORTED);
    manifest = manifest_around(1, &update.shared, &update.install);
    manifest.sections[SUIT_PAYLOAD_FETCH] = manifest.sections[SUIT_INSTALL];
    assert_int_equal(plan_make(&manifest, &target, &plan, &where), UNSUPPORTED);
    assert_int_equal(where.label, SUIT_KEY_PAYLOAD_FETCH);
}

static void the_draft_s_examples_fetch_and_so_are_not_for_this_device(void **state)
{
    (void)state;
    uint8_t memory[SUIT_VECTOR_MAX];
    struct suit_envelope envelope;
    struct suit_manifest manifest;
    struct plan_target target = {.stream = PLAN_ANY_STREAM};
    struct suit_where where;
    struct plan plan;

    assert_int_equal(suit_envelope_read(suit_vector("example1-signed", memory), &envelope, NULL), OK);
    assert_int_equal(suit_manifest_read(&envelope, &manifest, NULL), OK);
    assert_int_equal(plan_make(&manifest, &target, &plan, &where), WRONG_VENDOR);
    memcpy(target.vendor, "\xfa\x6b\x4a\x53\xd5\xad\x5f\xdf\xbe\x9d\xe6\x63\xe4\xd4\x1f\xfe", UUID_SIZE);
    assert_int_equal(plan_make(&manifest, &target, &plan, &where), WRONG_CLASS);
    memcpy(target.class_id, "\x14\x92\xaf\x14\x25\x69\x5e\x48\xbf\x42\x9b\x2d\x51\xf2\xab\x45", UUID_SIZE);
    assert_int_equal(plan_make(&manifest, &target, &plan, &where), UNSUPPORTED);
    assert_int_equal(where.label, SUIT_DIRECTIVE_FETCH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_manifest_leaves_open_has_its_default),
        cmocka_unit_test(the_offered_stream_is_taken_even_where_a_smaller_one_would_fit),
        cmocka_unit_test(the_base_of_a_failed_alternative_does_not_stick_to_the_full_stream),
        cmocka_unit_test(an_offered_delta_that_does_not_fit_is_a_wrong_base),
        cmocka_unit_test(when_no_alternative_starts_from_the_running_image_it_is_a_wrong_base),
        cmocka_unit_test(a_full_stream_must_be_the_one_that_is_offered),
        cmocka_unit_test(another_vendor_s_device_is_refused_before_its_class_is_looked_at),
        cmocka_unit_test(a_manifest_that_does_not_ask_whose_device_it_is_is_refused),
        cmocka_unit_test(digest_size_and_stream_must_be_there),
        cmocka_unit_test(a_severed_install_is_missing),
        cmocka_unit_test(only_a_number_names_a_stream),
        cmocka_unit_test(a_stream_that_this_device_can_t_decode_is_refused),
        cmocka_unit_test(a_floor_above_the_manifest_itself_is_refused),
        cmocka_unit_test(who_confirms_and_how_often_it_is_tried_has_bounds),
        cmocka_unit_test(no_time_of_a_policy_is_longer_than_a_day),
        cmocka_unit_test(commands_beyond_agent_version_1_are_refused_by_name),
        cmocka_unit_test(the_image_that_is_matched_must_be_the_one_that_was_made),
        cmocka_unit_test(validation_and_invocation_are_looked_at_before_anything_is_written),
        cmocka_unit_test(one_component_named_zero_is_all_there_may_be),
        cmocka_unit_test(the_draft_s_examples_fetch_and_so_are_not_for_this_device),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
