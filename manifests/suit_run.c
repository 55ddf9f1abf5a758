/* Execution of command sequences (draft 6.4) against hooks. Parameters are per component and live in the caller's memory;
 * recursion is bounded by SUIT_NESTING_MAX. */
#include "manifests/suit_sequence.h"

#include <string.h>

struct run {
    const struct suit_hooks *hooks;
    struct suit_parameters *parameters;
    size_t component_count;
    struct suit_selection selection;
    struct suit_where *where;
    /* the last failure was a condition's: the enclosing try-each goes on. A directive's ends the run. */
    bool soft;
};

static enum status run_sequence(struct run *run, struct span content, enum suit_scope scope, unsigned depth);

static enum status fail(struct run *run, int64_t label, enum status status, bool soft)
{
    run->soft = soft && status != UNSUPPORTED;
    return suit_refuse(run->where, SUIT_COMMAND, label, status);
}

static enum status run_hook(struct run *run, const struct suit_command *command, size_t component)
{
    const struct suit_hooks *hooks = run->hooks;
    const struct suit_parameters *parameters = &run->parameters[component];
    int64_t label = command->label;

    if (label == SUIT_CONDITION_ABORT)
        return fail(run, label, CONDITION_FAILED, true);
    enum status status = command->rule->is_condition
                             ? hooks->condition(hooks->context, label, component, parameters)
                             : hooks->directive(hooks->context, label, component, parameters);
    return status ? fail(run, label, status, command->rule->is_condition) : OK;
}

static enum status run_override(struct run *run, const struct suit_command *command, enum suit_scope scope,
                                size_t component)
{
    run->soft = false;
    return suit_parameters_read(command->argument, scope, &run->parameters[component], run->where);
}

static enum status run_nested(struct run *run, const struct suit_command *command, enum suit_scope scope,
                              unsigned depth)
{
    struct span content;
    enum status status = suit_nested_read(command->argument, &content);
    if (status)
        return fail(run, command->label, status, false);
    return run_sequence(run, content, scope, depth + 1);
}

/* The first alternative whose conditions all hold. Soft failure is true inside, whatever encloses it (draft 8.4.10.2). */
static enum status run_alternatives(struct run *run, const struct suit_command *command,
                                    enum suit_scope scope, unsigned depth)
{
    struct suit_alternatives alternatives;
    const struct suit_selection selection = run->selection;
    struct span content;
    bool more;
    enum status last = CONDITION_FAILED;
    enum status status = suit_alternatives_open(command->argument, &alternatives);

    while (!status && !(status = suit_alternatives_next(&alternatives, &content, &more)) && more) {
        if (content.data == NULL)
            return OK;
        run->selection = selection;
        last = run_sequence(run, content, scope, depth + 1);
        if (!last || !run->soft)
            return last;
    }
    return status ? fail(run, command->label, status, false) : last;
}

static enum status run_once(struct run *run, const struct suit_command *command, enum suit_scope scope,
                            unsigned depth, size_t component)
{
    switch (command->rule->argument) {
    case SUIT_ARGUMENT_MAP:
        return run_override(run, command, scope, component);
    case SUIT_ARGUMENT_SEQUENCE:
        return run_nested(run, command, scope, depth);
    case SUIT_ARGUMENT_SEQUENCES:
        return run_alternatives(run, command, scope, depth);
    default:
        return run_hook(run, command, component);
    }
}

/* With index true or a list every command, the nested ones too, is done once for each component with that single index
 * (draft 6.5); afterwards the selection is what it was. */
static enum status run_command(struct run *run, const struct suit_command *command, enum suit_scope scope,
                               unsigned depth)
{
    if (command->rule->argument == SUIT_ARGUMENT_INDEX) {
        enum status status = suit_index_read(command->argument, run->component_count, &run->selection);
        return status ? fail(run, command->label, status, false) : OK;
    }

    const struct suit_selection selection = run->selection;
    for (size_t i = 0; i < selection.count; i++) {
        run->selection = (struct suit_selection){1, {selection.index[i]}};
        enum status status = run_once(run, command, scope, depth, selection.index[i]);
        if (status)
            return status;
    }
    run->selection = selection;
    return OK;
}

static enum status run_sequence(struct run *run, struct span content, enum suit_scope scope, unsigned depth)
{
    struct suit_sequence sequence;
    struct suit_command command;
    bool more;
    run->soft = false;
    if (depth > SUIT_NESTING_MAX)
        return TOO_LARGE;
    enum status status = suit_sequence_open(content, scope, &sequence);

    while (!status && !(status = suit_sequence_next(&sequence, &command, &more, run->where)) && more) {
        if ((status = run_command(run, &command, scope, depth)))
            return status;
    }
    if (status)
        run->soft = false;
    return status;
}

static enum status run_part(struct run *run, struct span content, enum suit_scope scope)
{
    if (content.data == NULL)
        return OK;
    run->selection = (struct suit_selection){1, {0}};
    return run_sequence(run, content, scope, 0);
}

enum status suit_run(const struct suit_manifest *manifest, enum suit_section section,
                     const struct suit_hooks *hooks, struct suit_parameters *parameters,
                     size_t component_capacity, struct suit_where *where)
{
    static const int64_t keys[SUIT_SECTIONS] = {SUIT_KEY_PAYLOAD_FETCH, SUIT_KEY_INSTALL, SUIT_KEY_VALIDATE,
                                                SUIT_KEY_INVOKE};
    struct suit_where place = {SUIT_NOWHERE, 0};
    struct run run = {.hooks = hooks,
                      .parameters = parameters,
                      .component_count = manifest->component_count,
                      .where = &place};
    if (manifest->component_count > component_capacity)
        return suit_refuse(where, SUIT_COMMON, SUIT_COMMON_COMPONENTS, TOO_LARGE);
    if (manifest->severed[section])
        return suit_refuse(where, SUIT_MANIFEST, keys[section], MISSING);

    memset(parameters, 0, manifest->component_count * sizeof *parameters);
    enum status status = run_part(&run, manifest->shared, SUIT_SHARED);
    if (!status)
        status = run_part(&run, manifest->sections[section], SUIT_SECTION);
    return status ? suit_refuse(where, place.place, place.label, status) : OK;
}
