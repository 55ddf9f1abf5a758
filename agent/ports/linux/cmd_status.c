/* suture-agent status: what the agent on this machine says of the device, and who holds it. */
#include "agent/ports/linux/commands.h"
#include "agent/ports/linux/config.h"
#include "agent/ports/linux/holds.h"
#include "agent/ports/linux/status.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static void add_hold(void *context, const struct hold *hold)
{
    json_array_append_new(context,
                          json_pack("{s:s, s:s}", "use", use_word(hold->use), "reason", hold->reason));
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "unknown";
}

static void print_slot(const json_t *object, size_t which)
{
    const json_t *slot = json_array_get(json_object_get(object, "slots"), which);

    if (slot != NULL)
        printf("slot %c    %s, version %s, sequence %lld\n", which ? 'b' : 'a', text_of(slot, "state"),
               text_of(slot, "version"), (long long)json_integer_value(json_object_get(slot, "sequence")));
}

static void print_words(const json_t *object)
{
    size_t i;
    json_t *hold;

    printf("device    %s %s, serial %s\n", text_of(object, "model"), text_of(object, "hardware"),
           text_of(object, "serial"));
    printf("runs      slot %s, %s\n", text_of(object, "running"), text_of(object, "boot"));
    print_slot(object, 0);
    print_slot(object, 1);
    printf("use       %s%s\n", text_of(object, "use"),
           json_is_true(json_object_get(object, "service")) ? ", service mode" : "");
    json_array_foreach(json_object_get(object, "holds"), i, hold)
        printf("held      %s: %s\n", text_of(hold, "use"), text_of(hold, "reason"));
    if (json_object_get(object, "refused") != NULL)
        printf("refused   %s\n", text_of(object, "refused"));
}

static bool status_read(const char *run, json_t **out, struct failure *why)
{
    char reason[128], *text;

    if (!status_ask(run, &text, why))
        return false;
    *out = json_loads(text, 0, NULL);
    free(text);
    if (*out == NULL)
        return failure_set(why, FAIL_AGENT_SILENT, "%s: the agent's answer is none", run);
    json_t *holds = json_array();
    holds_look(run, add_hold, holds);
    json_object_set_new(*out, "holds", holds);
    if (holds_refused(run, reason, sizeof reason))
        json_object_set_new(*out, "refused", json_string(reason));
    return true;
}

static enum exit_code run(const struct invocation *call)
{
    struct config_file config;
    struct failure why;
    json_t *object;

    if (!config_read(option_value(call, "config", CONFIG_PATH), &config, &why))
        return command_fail(&why);
    bool done = status_read(config.run, &object, &why);
    config_free(&config);
    if (!done)
        return command_fail(&why);
    if (option_given(call, "json")) {
        json_dumpf(object, stdout, JSON_COMPACT);
        putchar('\n');
    } else {
        print_words(object);
    }
    json_decref(object);
    return EXIT_VERIFIED;
}

static const struct command_option options[] = {
    {"config", "FILE", "the agent's configuration; default " CONFIG_PATH},
    {"json", NULL, "one JSON object"},
    {NULL, NULL, NULL},
};

static const char *const examples[] = {
    "# what runs, and who holds the device",
    "suture-agent status",
    NULL,
};

const struct command command_status = {
    .name = "status",
    .arguments = "",
    .least_arguments = 0,
    .most_arguments = 0,
    .summary = "what the agent here says of the device, and who holds it in use",
    .options = options,
    .examples = examples,
    .run = run,
};
