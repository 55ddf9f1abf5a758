/* What a manifest does to a device of agent version 1: one image, one component, one stream. The sequences are run against
 * hooks that carry nothing out and note what would be. What those hooks don't know, the device does not execute. */
#include "manifests/plan.h"
#include "manifests/suit_sequence.h"

#include <string.h>

enum { DEFAULT_HEALTHY = 10, DEFAULT_TRIES = 3, DEFAULT_STAGING = 30, DEFAULT_BOOT = 60 };
enum { TRIES_MIN = 2, TRIES_MAX = 7 };

struct planner {
    const struct plan_target *target;
    enum suit_section section;
    struct plan plan;
    bool vendor_held, class_held, base_held, applied;
    uint8_t base_stream; /* N for which the base condition held */
    uint8_t base_digest[DIGEST_SIZE];
    int64_t bad_parameter; /* what made the last command fail, or 0 */
};

/* The N of "#N", decimal without leading zeros, 0 to 255. */
static bool stream_number(struct span uri, uint8_t *number)
{
    enum { DIGITS_MAX = 3 };
    unsigned value = 0;
    if (uri.data == NULL || uri.size < 2 || uri.size > 1 + DIGITS_MAX || uri.data[0] != '#')
        return false;
    if (uri.data[1] == '0' && uri.size > 2)
        return false;
    for (size_t i = 1; i < uri.size; i++) {
        if (uri.data[i] < '0' || uri.data[i] > '9')
            return false;
        value = 10 * value + (unsigned)(uri.data[i] - '0');
    }
    if (value > UINT8_MAX)
        return false;
    *number = (uint8_t)value;
    return true;
}

static bool stream_offered(const struct plan_target *target, uint8_t number)
{
    return target->stream == PLAN_ANY_STREAM || target->stream == number;
}

static enum status because(struct planner *planner, int64_t parameter, enum status status)
{
    planner->bad_parameter = parameter;
    return status;
}

/* Conditions ------------------------------------------------------------------------------------------------------- */

static enum status check_vendor(struct planner *planner, const struct suit_parameters *parameters)
{
    if (parameters->vendor.data == NULL)
        return because(planner, SUIT_PARAMETER_VENDOR, MISSING);
    if (memcmp(parameters->vendor.data, planner->target->vendor, UUID_SIZE) != 0)
        return WRONG_VENDOR;
    planner->vendor_held = true;
    return OK;
}

static enum status check_class(struct planner *planner, const struct suit_parameters *parameters)
{
    if (parameters->class_id.data == NULL)
        return because(planner, SUIT_PARAMETER_CLASS, MISSING);
    if (memcmp(parameters->class_id.data, planner->target->class_id, UUID_SIZE) != 0)
        return WRONG_CLASS;
    planner->class_held = true;
    return OK;
}

static enum status check_base(struct planner *planner, const struct suit_parameters *parameters)
{
    uint8_t number;
    if (planner->section != SUIT_INSTALL || planner->applied)
        return UNSUPPORTED;
    if (parameters->base_digest.data == NULL)
        return because(planner, SUIT_PARAMETER_BASE, MISSING);
    if (parameters->uri.data == NULL)
        return because(planner, SUIT_PARAMETER_URI, MISSING);
    if (!stream_number(parameters->uri, &number) || !stream_offered(planner->target, number))
        return WRONG_BASE;
    if (!digest_equal(parameters->base_digest.data, planner->target->running_digest))
        return WRONG_BASE;
    planner->base_held = true;
    planner->base_stream = number;
    memcpy(planner->base_digest, parameters->base_digest.data, DIGEST_SIZE);
    return OK;
}

/* Holds of the image that the stream makes. Before that the component is what an older update left: nothing to ask. */
static enum status check_image(struct planner *planner, const struct suit_parameters *parameters)
{
    if (!planner->applied)
        return UNSUPPORTED;
    if (parameters->image_digest.data == NULL)
        return because(planner, SUIT_PARAMETER_DIGEST, MISSING);
    if (!digest_equal(parameters->image_digest.data, planner->plan.image_digest))
        return because(planner, SUIT_PARAMETER_DIGEST, CONDITION_FAILED);
    return OK;
}

static enum status plan_condition(void *context, int64_t label, size_t component,
                                  const struct suit_parameters *parameters)
{
    struct planner *planner = context;
    (void)component;

    planner->bad_parameter = 0;
    switch (label) {
    case SUIT_CONDITION_VENDOR:
        return check_vendor(planner, parameters);
    case SUIT_CONDITION_CLASS:
        return check_class(planner, parameters);
    case SUIT_CONDITION_IMAGE_MATCH:
        return check_image(planner, parameters);
    case SUIT_CONDITION_BASE:
        return check_base(planner, parameters);
    default:
        return UNSUPPORTED;
    }
}

/* Directives ------------------------------------------------------------------------------------------------------- */

static enum status take_image(struct planner *planner, const struct suit_parameters *parameters)
{
    if (parameters->image_digest.data == NULL)
        return because(planner, SUIT_PARAMETER_DIGEST, MISSING);
    if (!parameters->has_size)
        return because(planner, SUIT_PARAMETER_SIZE, MISSING);
    if (parameters->image_size == 0)
        return because(planner, SUIT_PARAMETER_SIZE, BAD_FORMAT);
    memcpy(planner->plan.image_digest, parameters->image_digest.data, DIGEST_SIZE);
    planner->plan.image_size = parameters->image_size;
    return OK;
}

static enum status take_stream(struct planner *planner, const struct suit_parameters *parameters)
{
    struct plan *plan = &planner->plan;
    if (parameters->stream.data == NULL)
        return because(planner, SUIT_PARAMETER_STREAM, MISSING);
    if (parameters->uri.data == NULL)
        return because(planner, SUIT_PARAMETER_URI, MISSING);
    if (!stream_number(parameters->uri, &plan->stream))
        return because(planner, SUIT_PARAMETER_URI, UNSUPPORTED);
    if (!stream_offered(planner->target, plan->stream))
        return because(planner, SUIT_PARAMETER_URI, WRONG_BASE);

    enum status status = patch_description_read(parameters->stream, &plan->patch);
    if (status)
        return because(planner, SUIT_PARAMETER_STREAM, status);
    /* A parameter outlives the alternative that set it: only a condition that held for this stream makes a base. */
    plan->has_base = planner->base_held && planner->base_stream == plan->stream;
    if (!plan->has_base && plan->patch.codec >= PATCH_DELTA)
        return because(planner, SUIT_PARAMETER_BASE, MISSING);
    if (plan->has_base)
        memcpy(plan->base_digest, planner->base_digest, DIGEST_SIZE);
    return OK;
}

static enum status take_policy(struct planner *planner, const struct suit_parameters *parameters)
{
    struct plan *plan = &planner->plan;
    if (parameters->has_floor && parameters->floor_after > plan->sequence)
        return because(planner, SUIT_PARAMETER_FLOOR, BAD_FORMAT);
    plan->floor_after = parameters->floor_after;
    if (parameters->has_confirm) {
        if (parameters->confirm_tries < TRIES_MIN || parameters->confirm_tries > TRIES_MAX)
            return because(planner, SUIT_PARAMETER_CONFIRM, BAD_FORMAT);
        if (parameters->confirm_who != CONFIRM_BY_DEVICE && parameters->confirm_who != CONFIRM_BY_TECHNICIAN)
            return because(planner, SUIT_PARAMETER_CONFIRM, BAD_FORMAT);
        if (parameters->confirm_healthy > PLAN_SECONDS_MAX)
            return because(planner, SUIT_PARAMETER_CONFIRM, BAD_FORMAT);
        plan->confirm_who = parameters->confirm_who;
        plan->confirm_healthy = parameters->confirm_healthy;
        plan->confirm_tries = parameters->confirm_tries;
    }
    if (parameters->has_silence) {
        if (parameters->silence_staging > PLAN_SECONDS_MAX || parameters->silence_boot > PLAN_SECONDS_MAX)
            return because(planner, SUIT_PARAMETER_SILENCE, BAD_FORMAT);
        plan->silence_staging = parameters->silence_staging;
        plan->silence_boot = parameters->silence_boot;
    }
    return OK;
}

static enum status apply_stream(struct planner *planner, const struct suit_parameters *parameters)
{
    if (planner->section != SUIT_INSTALL || planner->applied)
        return UNSUPPORTED;
    enum status status = take_image(planner, parameters);
    if (!status)
        status = take_stream(planner, parameters);
    if (!status)
        status = take_policy(planner, parameters);
    planner->applied = !status;
    return status;
}

/* The boot loader jumps into the image and hands it nothing. */
static enum status invoke(struct planner *planner, const struct suit_parameters *parameters)
{
    if (planner->section != SUIT_INVOKE)
        return UNSUPPORTED;
    if (parameters->invoke_arguments.data != NULL)
        return because(planner, SUIT_PARAMETER_INVOKE_ARGUMENTS, UNSUPPORTED);
    return OK;
}

static enum status plan_directive(void *context, int64_t label, size_t component,
                                  const struct suit_parameters *parameters)
{
    struct planner *planner = context;
    (void)component;

    planner->bad_parameter = 0;
    switch (label) {
    case SUIT_DIRECTIVE_APPLY_STREAM:
        return apply_stream(planner, parameters);
    case SUIT_DIRECTIVE_INVOKE:
        return invoke(planner, parameters);
    default:
        return UNSUPPORTED;
    }
}

/* The plan --------------------------------------------------------------------------------------------------------- */

static enum status run_section(struct planner *planner, const struct suit_manifest *manifest,
                               enum suit_section section, struct suit_where *where)
{
    struct suit_hooks hooks = {planner, plan_condition, plan_directive};
    struct suit_parameters parameters;

    planner->section = section;
    enum status status = suit_run(manifest, section, &hooks, &parameters, 1, where);
    if (status && planner->bad_parameter != 0)
        return suit_refuse(where, SUIT_PARAMETER, planner->bad_parameter, status);
    return status;
}

static enum status check_shape(const struct suit_manifest *manifest, struct suit_where *where)
{
    static const uint8_t image[] = {0x81, 0x41, 0x00};
    if (manifest->component_count != 1 || !span_equal(manifest->components[0], span_of(image, sizeof image)))
        return suit_refuse(where, SUIT_COMMON, SUIT_COMMON_COMPONENTS, UNSUPPORTED);
    if (manifest->sections[SUIT_PAYLOAD_FETCH].data != NULL || manifest->severed[SUIT_PAYLOAD_FETCH])
        return suit_refuse(where, SUIT_MANIFEST, SUIT_KEY_PAYLOAD_FETCH, UNSUPPORTED);
    return OK;
}

/* Without these nobody knows whose device it is for, or what would be written. */
static enum status check_complete(const struct planner *planner, struct suit_where *where)
{
    if (!planner->vendor_held)
        return suit_refuse(where, SUIT_COMMAND, SUIT_CONDITION_VENDOR, MISSING);
    if (!planner->class_held)
        return suit_refuse(where, SUIT_COMMAND, SUIT_CONDITION_CLASS, MISSING);
    if (!planner->applied)
        return suit_refuse(where, SUIT_COMMAND, SUIT_DIRECTIVE_APPLY_STREAM, MISSING);
    return OK;
}

enum status plan_make(const struct suit_manifest *manifest, const struct plan_target *target,
                      struct plan *out, struct suit_where *where)
{
    struct planner planner = {
        .target = target,
        .plan = {.sequence = manifest->sequence,
                 .confirm_who = CONFIRM_BY_DEVICE,
                 .confirm_healthy = DEFAULT_HEALTHY,
                 .confirm_tries = DEFAULT_TRIES,
                 .silence_staging = DEFAULT_STAGING,
                 .silence_boot = DEFAULT_BOOT},
    };
    enum status status = check_shape(manifest, where);
    if (!status)
        status = run_section(&planner, manifest, SUIT_INSTALL, where);
    if (!status)
        status = check_complete(&planner, where);
    if (!status)
        status = run_section(&planner, manifest, SUIT_VALIDATE, where);
    if (!status)
        status = run_section(&planner, manifest, SUIT_INVOKE, where);
    if (status)
        return status;

    memcpy(planner.plan.version, manifest->version, sizeof planner.plan.version);
    memcpy(planner.plan.vendor, target->vendor, UUID_SIZE);
    memcpy(planner.plan.class_id, target->class_id, UUID_SIZE);
    *out = planner.plan;
    return OK;
}
