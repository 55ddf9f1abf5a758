/* Execution: which commands reach the device, for which component, with which parameters, and what a failure does. */
#include "manifests/suit.h"

#include "tests/support/suit_script.h"
#include "tests/support/test.h"

#include <stdio.h>

enum { COMPONENTS = 3 };
enum { YES = SUIT_CONDITION_VENDOR, NO = SUIT_CONDITION_SLOT }; /* conditions of the device below */

/* A device that writes down what it is asked and told. */
struct device {
    char story[256];
    uint64_t sizes[8]; /* the image size at each directive */
    size_t directives;
    int64_t unknown;       /* a label it does not carry out */
    enum status directive; /* what its directives answer */
    struct suit_parameters parameters[COMPONENTS];
    struct suit_where where;
};

static void note(struct device *device, const char *what, int64_t label, size_t component)
{
    size_t used = strlen(device->story);
    snprintf(device->story + used, sizeof device->story - used, "%s%d@%zu ", what, (int)label, component);
}

static enum status condition(void *context, int64_t label, size_t component,
                             const struct suit_parameters *parameters)
{
    struct device *device = context;
    (void)parameters;
    note(device, "?", label, component);
    if (label == device->unknown)
        return UNSUPPORTED;
    return label == NO ? CONDITION_FAILED : label == SUIT_CONDITION_CLASS ? WRONG_CLASS : OK;
}

static enum status directive(void *context, int64_t label, size_t component,
                             const struct suit_parameters *parameters)
{
    struct device *device = context;
    note(device, "!", label, component);
    if (label == device->unknown)
        return UNSUPPORTED;
    if (device->directives < sizeof device->sizes / sizeof device->sizes[0])
        device->sizes[device->directives++] = parameters->has_size ? parameters->image_size : 0;
    return device->directive;
}

static enum status run(struct device *device, size_t components, struct script *shared,
                       struct script *install)
{
    struct suit_manifest manifest = manifest_around(components, shared, install);
    struct suit_hooks hooks = {device, condition, directive};
    return suit_run(&manifest, SUIT_INSTALL, &hooks, device->parameters, COMPONENTS, &device->where);
}

static void ask(struct script *script, int64_t label)
{
    script_command(script, label, 15);
}

static void tell(struct script *script, int64_t label)
{
    script_command(script, label, 2);
}

/* One command after another -------------------------------------------------------------------------------------- */

static void the_shared_sequence_runs_first_and_its_parameters_hold(void **state)
{
    (void)state;
    struct device device = {0};
    struct script shared, install;

    script_start(&shared);
    script_set_uint(&shared, SUIT_PARAMETER_SIZE, 77);
    ask(&shared, YES);
    script_start(&install);
    tell(&install, SUIT_DIRECTIVE_FETCH);
    assert_int_equal(run(&device, 1, &shared, &install), OK);
    assert_string_equal(device.story, "?1@0 !21@0 ");
    assert_int_equal(device.sizes[0], 77);
}

static void a_failed_condition_stops_the_sequence_and_is_named(void **state)
{
    (void)state;
    struct device device = {0};
    struct script install;

    script_start(&install);
    ask(&install, NO);
    tell(&install, SUIT_DIRECTIVE_FETCH);
    assert_int_equal(run(&device, 1, NULL, &install), CONDITION_FAILED);
    assert_string_equal(device.story, "?5@0 ");
    assert_int_equal(device.where.place, SUIT_COMMAND);
    assert_int_equal(device.where.label, NO);
}

static void what_fails_in_the_shared_sequence_keeps_the_section_from_running(void **state)
{
    (void)state;
    struct device device = {0};
    struct script shared, install;

    script_start(&shared);
    ask(&shared, SUIT_CONDITION_CLASS);
    script_start(&install);
    tell(&install, SUIT_DIRECTIVE_FETCH);
    assert_int_equal(run(&device, 1, &shared, &install), WRONG_CLASS);
    assert_string_equal(device.story, "?2@0 ");
}

static void abort_fails_without_asking_the_device(void **state)
{
    (void)state;
    struct device device = {0};
    struct script install;

    script_start(&install);
    ask(&install, SUIT_CONDITION_ABORT);
    tell(&install, SUIT_DIRECTIVE_FETCH);
    assert_int_equal(run(&device, 1, NULL, &install), CONDITION_FAILED);
    assert_string_equal(device.story, "");
    assert_int_equal(device.where.label, SUIT_CONDITION_ABORT);
}

static void an_absent_section_is_fine_and_a_severed_one_is_missing(void **state)
{
    (void)state;
    struct device device = {0};
    struct suit_hooks hooks = {&device, condition, directive};
    struct suit_manifest manifest = manifest_around(1, NULL, NULL);

    assert_int_equal(suit_run(&manifest, SUIT_INSTALL, &hooks, device.parameters, 1, NULL), OK);
    manifest.severed[SUIT_INSTALL] = true;
    assert_int_equal(suit_run(&manifest, SUIT_INSTALL, &hooks, device.parameters, 1, &device.where), MISSING);
    assert_int_equal(device.where.place, SUIT_MANIFEST);
    assert_int_equal(device.where.label, SUIT_KEY_INSTALL);
    assert_int_equal(suit_run(&manifest, SUIT_VALIDATE, &hooks, device.parameters, 1, NULL), OK);
}

static void each_run_begins_with_fresh_parameters(void **state)
{
    (void)state;
    struct device device = {0};
    struct script set, fetch;

    script_start(&set);
    script_set_uint(&set, SUIT_PARAMETER_SIZE, 5);
    script_start(&fetch);
    tell(&fetch, SUIT_DIRECTIVE_FETCH);
    assert_int_equal(run(&device, 1, NULL, &set), OK);
    assert_true(device.parameters[0].has_size);
    assert_int_equal(run(&device, 1, NULL, &fetch), OK);
    assert_int_equal(device.sizes[0], 0);
}

static void more_components_than_there_is_memory_for_are_refused(void **state)
{
    (void)state;
    struct device device = {0};
    assert_int_equal(run(&device, COMPONENTS + 1, NULL, NULL), TOO_LARGE);
}

/* Components ------------------------------------------------------------------------------------------------------- */

static void parameters_belong_to_the_component_they_were_set_for(void **state)
{
    (void)state;
    struct device device = {0};
    struct script install;

    script_start(&install);
    for (uint64_t i = 0; i < 2; i++) {
        script_command(&install, SUIT_DIRECTIVE_SET_INDEX, i);
        script_set_uint(&install, SUIT_PARAMETER_SIZE, 100 + i);
    }
    script_command(&install, SUIT_DIRECTIVE_SET_INDEX, 0);
    script_set_text(&install, SUIT_PARAMETER_URI, "#0");
    tell(&install, SUIT_DIRECTIVE_FETCH);
    assert_int_equal(run(&device, 2, NULL, &install), OK);
    assert_int_equal(device.sizes[0], 100);
    assert_int_equal(device.parameters[1].image_size, 101);
    assert_null(device.parameters[1].uri.data);
}

static void a_later_override_replaces_what_it_names_and_leaves_the_rest(void **state)
{
    (void)state;
    struct device device = {0};
    struct script install;

    script_start(&install);
    script_set_uint(&install, SUIT_PARAMETER_SIZE, 1);
    script_set_uint(&install, SUIT_PARAMETER_SLOT, 9);
    script_set_uint(&install, SUIT_PARAMETER_SIZE, 2);
    assert_int_equal(run(&device, 1, NULL, &install), OK);
    assert_int_equal(device.parameters[0].image_size, 2);
    assert_int_equal(device.parameters[0].slot, 9);
}

static void index_true_means_every_component_in_order(void **state)
{
    (void)state;
    struct device device = {0};
    struct script install;

    script_start(&install);
    script_all_components(&install);
    script_set_uint(&install, SUIT_PARAMETER_SIZE, 8);
    tell(&install, SUIT_DIRECTIVE_FETCH);
    assert_int_equal(run(&device, 3, NULL, &install), OK);
    assert_string_equal(device.story, "!21@0 !21@1 !21@2 ");
    assert_int_equal(device.sizes[2], 8);
}

static void a_list_means_those_components_in_its_order(void **state)
{
    (void)state;
    static const uint8_t list[] = {2, 0};
    struct device device = {0};
    struct script install;

    script_start(&install);
    script_components(&install, list, sizeof list);
    tell(&install, SUIT_DIRECTIVE_FETCH);
    ask(&install, YES);
    assert_int_equal(run(&device, 3, NULL, &install), OK);
    assert_string_equal(device.story, "!21@2 !21@0 ?1@2 ?1@0 ");
}

static void nested_sequences_run_once_for_each_component_with_a_single_index(void **state)
{
    (void)state;
    static const uint8_t list[] = {0, 2};
    struct device device = {0};
    struct script install, inner;

    script_start(&inner);
    ask(&inner, YES);
    tell(&inner, SUIT_DIRECTIVE_FETCH);
    script_start(&install);
    script_components(&install, list, sizeof list);
    script_run(&install, &inner);
    tell(&install, SUIT_DIRECTIVE_INVOKE);
    assert_int_equal(run(&device, 3, NULL, &install), OK);
    assert_string_equal(device.story, "?1@0 !21@0 ?1@2 !21@2 !23@0 !23@2 ");
}

static void the_index_is_what_it_was_after_a_nested_sequence(void **state)
{
    (void)state;
    struct device device = {0};
    struct script install, inner;

    script_start(&inner);
    script_command(&inner, SUIT_DIRECTIVE_SET_INDEX, 2);
    tell(&inner, SUIT_DIRECTIVE_FETCH);
    script_start(&install);
    script_command(&install, SUIT_DIRECTIVE_SET_INDEX, 1);
    script_run(&install, &inner);
    tell(&install, SUIT_DIRECTIVE_INVOKE);
    assert_int_equal(run(&device, 3, NULL, &install), OK);
    assert_string_equal(device.story, "!21@2 !23@1 ");
}

static void each_section_begins_at_the_first_component(void **state)
{
    (void)state;
    struct device device = {0};
    struct script shared, install;

    script_start(&shared);
    script_command(&shared, SUIT_DIRECTIVE_SET_INDEX, 1);
    script_start(&install);
    tell(&install, SUIT_DIRECTIVE_FETCH);
    assert_int_equal(run(&device, 2, &shared, &install), OK);
    assert_string_equal(device.story, "!21@0 ");
}

/* Alternatives ----------------------------------------------------------------------------------------------------- */

static void the_first_alternative_that_holds_is_taken_and_no_other(void **state)
{
    (void)state;
    struct device device = {0};
    struct script first, second, third, install;

    script_start(&first);
    ask(&first, NO);
    tell(&first, SUIT_DIRECTIVE_FETCH);
    script_start(&second);
    ask(&second, YES);
    tell(&second, SUIT_DIRECTIVE_COPY);
    script_start(&third);
    tell(&third, SUIT_DIRECTIVE_WRITE);
    script_start(&install);
    script_try(&install, (struct script *const[]){&first, &second, &third, NULL}, WITHOUT_NIL);
    tell(&install, SUIT_DIRECTIVE_INVOKE);
    assert_int_equal(run(&device, 1, NULL, &install), OK);
    assert_string_equal(device.story, "?5@0 ?1@0 !22@0 !23@0 ");
}

static void when_all_alternatives_fail_the_last_says_why(void **state)
{
    (void)state;
    struct device device = {0};
    struct script first, second, install;

    script_start(&first);
    ask(&first, NO);
    script_start(&second);
    ask(&second, SUIT_CONDITION_CLASS);
    script_start(&install);
    script_try(&install, (struct script *const[]){&first, &second, NULL}, WITHOUT_NIL);
    tell(&install, SUIT_DIRECTIVE_INVOKE);
    assert_int_equal(run(&device, 1, NULL, &install), WRONG_CLASS);
    assert_string_equal(device.story, "?5@0 ?2@0 ");
    assert_int_equal(device.where.label, SUIT_CONDITION_CLASS);
}

static void nil_at_the_end_succeeds_and_does_nothing(void **state)
{
    (void)state;
    struct device device = {0};
    struct script first, second, install;

    script_start(&first);
    ask(&first, NO);
    script_start(&second);
    ask(&second, NO);
    script_start(&install);
    script_try(&install, (struct script *const[]){&first, &second, NULL}, WITH_NIL);
    tell(&install, SUIT_DIRECTIVE_INVOKE);
    assert_int_equal(run(&device, 1, NULL, &install), OK);
    assert_string_equal(device.story, "?5@0 ?5@0 !23@0 ");
}

static void a_failed_directive_ends_the_run_whatever_alternatives_are_left(void **state)
{
    (void)state;
    struct device device = {.directive = FLASH_FAILED};
    struct script first, second, install;

    script_start(&first);
    tell(&first, SUIT_DIRECTIVE_FETCH);
    script_start(&second);
    ask(&second, YES);
    script_start(&install);
    script_try(&install, (struct script *const[]){&first, &second, NULL}, WITH_NIL);
    assert_int_equal(run(&device, 1, NULL, &install), FLASH_FAILED);
    assert_string_equal(device.story, "!21@0 ");
}

static void what_the_device_does_not_know_ends_the_run_too(void **state)
{
    (void)state;
    struct device device = {.unknown = YES};
    struct script first, second, install;

    script_start(&first);
    ask(&first, YES);
    script_start(&second);
    tell(&second, SUIT_DIRECTIVE_FETCH);
    script_start(&install);
    script_try(&install, (struct script *const[]){&first, &second, NULL}, WITHOUT_NIL);
    assert_int_equal(run(&device, 1, NULL, &install), UNSUPPORTED);
    assert_string_equal(device.story, "?1@0 ");
}

static void a_run_sequence_hands_its_failed_condition_to_the_try_each_around_it(void **state)
{
    (void)state;
    struct device device = {0};
    struct script inner, first, second, install;

    script_start(&inner);
    ask(&inner, NO);
    tell(&inner, SUIT_DIRECTIVE_FETCH);
    script_start(&first);
    script_run(&first, &inner);
    tell(&first, SUIT_DIRECTIVE_COPY);
    script_start(&second);
    tell(&second, SUIT_DIRECTIVE_WRITE);
    script_start(&install);
    script_try(&install, (struct script *const[]){&first, &second, NULL}, WITHOUT_NIL);
    assert_int_equal(run(&device, 1, NULL, &install), OK);
    assert_string_equal(device.story, "?5@0 !18@0 ");
}

static void outside_a_try_each_a_run_sequence_fails_hard(void **state)
{
    (void)state;
    struct device device = {0};
    struct script inner, install;

    script_start(&inner);
    ask(&inner, NO);
    script_start(&install);
    script_run(&install, &inner);
    tell(&install, SUIT_DIRECTIVE_FETCH);
    assert_int_equal(run(&device, 1, NULL, &install), CONDITION_FAILED);
    assert_string_equal(device.story, "?5@0 ");
}

static void a_nested_try_each_that_fails_moves_the_outer_one_on(void **state)
{
    (void)state;
    struct device device = {0};
    struct script never, outer_first, outer_second, install;

    script_start(&never);
    ask(&never, NO);
    script_start(&outer_first);
    script_try(&outer_first, (struct script *const[]){&never, &never, NULL}, WITHOUT_NIL);
    script_start(&outer_second);
    tell(&outer_second, SUIT_DIRECTIVE_WRITE);
    script_start(&install);
    script_try(&install, (struct script *const[]){&outer_first, &outer_second, NULL}, WITHOUT_NIL);
    assert_int_equal(run(&device, 1, NULL, &install), OK);
    assert_string_equal(device.story, "?5@0 ?5@0 !18@0 ");
}

static void alternatives_are_chosen_for_each_component_by_itself(void **state)
{
    (void)state;
    struct device device = {0};
    struct script first, second, install;

    script_start(&first);
    ask(&first, NO);
    script_start(&second);
    script_set_uint(&second, SUIT_PARAMETER_SIZE, 3);
    script_start(&install);
    script_all_components(&install);
    script_try(&install, (struct script *const[]){&first, &second, NULL}, WITHOUT_NIL);
    assert_int_equal(run(&device, 2, NULL, &install), OK);
    assert_string_equal(device.story, "?5@0 ?5@1 ");
    assert_int_equal(device.parameters[0].image_size + device.parameters[1].image_size, 6);
}

static void an_index_set_in_a_failed_alternative_is_forgotten(void **state)
{
    (void)state;
    struct device device = {0};
    struct script first, second, install;

    script_start(&first);
    script_command(&first, SUIT_DIRECTIVE_SET_INDEX, 1);
    ask(&first, NO);
    script_start(&second);
    tell(&second, SUIT_DIRECTIVE_FETCH);
    script_start(&install);
    script_try(&install, (struct script *const[]){&first, &second, NULL}, WITHOUT_NIL);
    assert_int_equal(run(&device, 2, NULL, &install), OK);
    assert_string_equal(device.story, "?5@1 !21@0 ");
}

/* What the reader would have refused is refused here too: the runner trusts nobody. ---------------------------------- */

static void nesting_is_bounded(void **state)
{
    (void)state;
    struct device device = {0};
    static struct script levels[SUIT_NESTING_MAX + 2];

    script_start(&levels[0]);
    tell(&levels[0], SUIT_DIRECTIVE_FETCH);
    for (size_t i = 1; i < SUIT_NESTING_MAX + 2; i++) {
        script_start(&levels[i]);
        script_run(&levels[i], &levels[i - 1]);
    }
    assert_int_equal(run(&device, 1, NULL, &levels[SUIT_NESTING_MAX]), OK);
    assert_string_equal(device.story, "!21@0 ");
    assert_int_equal(run(&device, 1, NULL, &levels[SUIT_NESTING_MAX + 1]), TOO_LARGE);
}

static void unknown_labels_and_components_end_the_run(void **state)
{
    (void)state;
    struct device device = {0};
    struct script install;

    script_start(&install);
    script_command(&install, 29, 0);
    assert_int_equal(run(&device, 1, NULL, &install), UNSUPPORTED);
    assert_int_equal(device.where.label, 29);
    script_start(&install);
    script_command(&install, SUIT_DIRECTIVE_SET_INDEX, 1);
    assert_int_equal(run(&device, 1, NULL, &install), BAD_FORMAT);
    script_start(&install);
    script_set_uint(&install, 30, 1);
    assert_int_equal(run(&device, 1, NULL, &install), UNSUPPORTED);
    assert_int_equal(device.where.place, SUIT_PARAMETER);
    assert_int_equal(device.where.label, 30);
    script_start(&install);
    script_command(&install, SUIT_DIRECTIVE_APPLY_STREAM, 0);
    assert_int_equal(run(&device, 1, &install, NULL), UNSUPPORTED);
    assert_string_equal(device.story, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_shared_sequence_runs_first_and_its_parameters_hold),
        cmocka_unit_test(a_failed_condition_stops_the_sequence_and_is_named),
        cmocka_unit_test(what_fails_in_the_shared_sequence_keeps_the_section_from_running),
        cmocka_unit_test(abort_fails_without_asking_the_device),
        cmocka_unit_test(an_absent_section_is_fine_and_a_severed_one_is_missing),
        cmocka_unit_test(each_run_begins_with_fresh_parameters),
        cmocka_unit_test(more_components_than_there_is_memory_for_are_refused),
        cmocka_unit_test(parameters_belong_to_the_component_they_were_set_for),
        cmocka_unit_test(a_later_override_replaces_what_it_names_and_leaves_the_rest),
        cmocka_unit_test(index_true_means_every_component_in_order),
        cmocka_unit_test(a_list_means_those_components_in_its_order),
        cmocka_unit_test(nested_sequences_run_once_for_each_component_with_a_single_index),
        cmocka_unit_test(the_index_is_what_it_was_after_a_nested_sequence),
        cmocka_unit_test(each_section_begins_at_the_first_component),
        cmocka_unit_test(the_first_alternative_that_holds_is_taken_and_no_other),
        cmocka_unit_test(when_all_alternatives_fail_the_last_says_why),
        cmocka_unit_test(nil_at_the_end_succeeds_and_does_nothing),
        cmocka_unit_test(a_failed_directive_ends_the_run_whatever_alternatives_are_left),
        cmocka_unit_test(what_the_device_does_not_know_ends_the_run_too),
        cmocka_unit_test(a_run_sequence_hands_its_failed_condition_to_the_try_each_around_it),
        cmocka_unit_test(outside_a_try_each_a_run_sequence_fails_hard),
        cmocka_unit_test(a_nested_try_each_that_fails_moves_the_outer_one_on),
        cmocka_unit_test(alternatives_are_chosen_for_each_component_by_itself),
        cmocka_unit_test(an_index_set_in_a_failed_alternative_is_forgotten),
        cmocka_unit_test(nesting_is_bounded),
        cmocka_unit_test(unknown_labels_and_components_end_the_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
