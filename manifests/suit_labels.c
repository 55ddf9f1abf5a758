/* The profile's one table: which commands and parameters are read, what each takes, and what people call it. */
#include "manifests/suit_labels.h"

#include <stddef.h>

enum { CONDITION = true, DIRECTIVE = false };
enum { ANYWHERE = true, NOT_IN_SHARED = false };

/* Draft 6.2 and 8.4.5 let the shared sequence hold conditions and the directives that only choose; custom commands never. */
static const struct suit_command_rule commands[] = {
    {SUIT_CONDITION_VENDOR, CONDITION, ANYWHERE, SUIT_ARGUMENT_POLICY, "vendor"},
    {SUIT_CONDITION_CLASS, CONDITION, ANYWHERE, SUIT_ARGUMENT_POLICY, "class"},
    {SUIT_CONDITION_IMAGE_MATCH, CONDITION, ANYWHERE, SUIT_ARGUMENT_POLICY, "image match"},
    {SUIT_CONDITION_USE_BEFORE, CONDITION, ANYWHERE, SUIT_ARGUMENT_POLICY, "use before"},
    {SUIT_CONDITION_SLOT, CONDITION, ANYWHERE, SUIT_ARGUMENT_POLICY, "component slot"},
    {SUIT_CONDITION_CHECK_CONTENT, CONDITION, ANYWHERE, SUIT_ARGUMENT_POLICY, "check content"},
    {SUIT_CONDITION_ABORT, CONDITION, ANYWHERE, SUIT_ARGUMENT_POLICY, "abort"},
    {SUIT_CONDITION_DEVICE, CONDITION, ANYWHERE, SUIT_ARGUMENT_POLICY, "device"},
    {SUIT_CONDITION_BATTERY, CONDITION, ANYWHERE, SUIT_ARGUMENT_POLICY, "minimum battery"},
    {SUIT_CONDITION_AUTHORIZED, CONDITION, ANYWHERE, SUIT_ARGUMENT_POLICY, "update authorized"},
    {SUIT_CONDITION_VERSION, CONDITION, ANYWHERE, SUIT_ARGUMENT_POLICY, "version"},
    {SUIT_CONDITION_BASE, CONDITION, NOT_IN_SHARED, SUIT_ARGUMENT_POLICY, "base image"},
    {SUIT_DIRECTIVE_SET_INDEX, DIRECTIVE, ANYWHERE, SUIT_ARGUMENT_INDEX, "set component index"},
    {SUIT_DIRECTIVE_TRY_EACH, DIRECTIVE, ANYWHERE, SUIT_ARGUMENT_SEQUENCES, "try each"},
    {SUIT_DIRECTIVE_WRITE, DIRECTIVE, NOT_IN_SHARED, SUIT_ARGUMENT_POLICY, "write"},
    {SUIT_DIRECTIVE_OVERRIDE, DIRECTIVE, ANYWHERE, SUIT_ARGUMENT_MAP, "override parameters"},
    {SUIT_DIRECTIVE_FETCH, DIRECTIVE, NOT_IN_SHARED, SUIT_ARGUMENT_POLICY, "fetch"},
    {SUIT_DIRECTIVE_COPY, DIRECTIVE, NOT_IN_SHARED, SUIT_ARGUMENT_POLICY, "copy"},
    {SUIT_DIRECTIVE_INVOKE, DIRECTIVE, NOT_IN_SHARED, SUIT_ARGUMENT_POLICY, "invoke"},
    {SUIT_DIRECTIVE_RUN_SEQUENCE, DIRECTIVE, ANYWHERE, SUIT_ARGUMENT_SEQUENCE, "run sequence"},
    {SUIT_DIRECTIVE_APPLY_STREAM, DIRECTIVE, NOT_IN_SHARED, SUIT_ARGUMENT_POLICY, "apply stream"},
};

static const struct {
    int64_t label;
    const char *name;
} parameters[] = {
    {SUIT_PARAMETER_VENDOR, "vendor"},
    {SUIT_PARAMETER_CLASS, "class"},
    {SUIT_PARAMETER_DIGEST, "image digest"},
    {SUIT_PARAMETER_USE_BEFORE, "use before"},
    {SUIT_PARAMETER_SLOT, "component slot"},
    {SUIT_PARAMETER_SIZE, "image size"},
    {SUIT_PARAMETER_CONTENT, "content"},
    {SUIT_PARAMETER_URI, "URI"},
    {SUIT_PARAMETER_SOURCE, "source component"},
    {SUIT_PARAMETER_INVOKE_ARGUMENTS, "invoke arguments"},
    {SUIT_PARAMETER_DEVICE, "device"},
    {SUIT_PARAMETER_BATTERY, "minimum battery"},
    {SUIT_PARAMETER_PRIORITY, "update priority"},
    {SUIT_PARAMETER_VERSION, "version match"},
    {SUIT_PARAMETER_STREAM, "patch stream"},
    {SUIT_PARAMETER_BASE, "base image digest"},
    {SUIT_PARAMETER_FLOOR, "floor after confirm"},
    {SUIT_PARAMETER_CONFIRM, "confirm policy"},
    {SUIT_PARAMETER_SILENCE, "longest silence"},
};

const struct suit_command_rule *suit_command_rule(int64_t label)
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (commands[i].label == label)
            return &commands[i];
    }
    return NULL;
}

const char *suit_parameter_name(int64_t label)
{
    for (size_t i = 0; i < sizeof parameters / sizeof parameters[0]; i++) {
        if (parameters[i].label == label)
            return parameters[i].name;
    }
    return NULL;
}
