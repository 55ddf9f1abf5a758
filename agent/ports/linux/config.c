/* The schema, and what a schema can't say. */
#include "agent/ports/linux/config.h"

#include "agent/ports/linux/hook.h"
#include "manifests/yaml.h"

#include <stdlib.h>
#include <string.h>

#define PATH_TEXT_MAX 1024
#define OPTIONAL      CYAML_FLAG_OPTIONAL
#define TEXT          CYAML_FLAG_POINTER
#define OWN_TEXT      (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL)

#define FIELD_PATH(key, flags, structure, member)                                                            \
    CYAML_FIELD_STRING_PTR(key, flags, structure, member, 1, PATH_TEXT_MAX)

static const cyaml_schema_field_t hook_fields[] = {
    FIELD_PATH("interlock", TEXT, struct config_hooks, interlock),
    FIELD_PATH("service", OWN_TEXT, struct config_hooks, service),
    FIELD_PATH("self_test", TEXT, struct config_hooks, self_test),
    FIELD_PATH("settings", OWN_TEXT, struct config_hooks, settings),
    FIELD_PATH("identity", OWN_TEXT, struct config_hooks, identity),
    FIELD_PATH("trial", OWN_TEXT, struct config_hooks, trial),
    FIELD_PATH("sign", OWN_TEXT, struct config_hooks, sign),
    FIELD_PATH("reset", TEXT, struct config_hooks, reset),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t usb_fields[] = {
    CYAML_FIELD_STRING_PTR("controller", OWN_TEXT, struct config_usb, controller, 1, 64),
    CYAML_FIELD_UINT("vendor_id", CYAML_FLAG_DEFAULT, struct config_usb, vendor_id),
    CYAML_FIELD_UINT("product_id", CYAML_FLAG_DEFAULT, struct config_usb, product_id),
    CYAML_FIELD_STRING_PTR("manufacturer", OWN_TEXT, struct config_usb, manufacturer, 1, 126),
    CYAML_FIELD_STRING_PTR("product", OWN_TEXT, struct config_usb, product, 1, 126),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t door_row = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, PATH_TEXT_MAX),
};

static const cyaml_schema_field_t fields[] = {
    CYAML_FIELD_UINT("format", CYAML_FLAG_DEFAULT, struct config, format),
    FIELD_PATH("device_class", TEXT, struct config, device_class),
    CYAML_FIELD_STRING_PTR("hardware_revision", OWN_TEXT, struct config, hardware_revision, 1, 32),
    FIELD_PATH("state", TEXT, struct config, state),
    FIELD_PATH("slot_a", TEXT, struct config, slot_a),
    FIELD_PATH("slot_b", TEXT, struct config, slot_b),
    CYAML_FIELD_UINT("block", OPTIONAL, struct config, block),
    CYAML_FIELD_UINT("buffer", OPTIONAL, struct config, buffer),
    FIELD_PATH("run", OWN_TEXT, struct config, run),
    FIELD_PATH("boot", TEXT, struct config, boot),
    CYAML_FIELD_SEQUENCE("doors", CYAML_FLAG_POINTER, struct config, doors, &door_row, 1, CONFIG_DOORS_MAX),
    CYAML_FIELD_MAPPING_PTR("hooks", TEXT, struct config, hooks, hook_fields),
    CYAML_FIELD_MAPPING_PTR("usb", OWN_TEXT, struct config, usb, usb_fields),
    CYAML_FIELD_UINT("hook_seconds", OPTIONAL, struct config, hook_seconds),
    CYAML_FIELD_UINT("self_test_seconds", OPTIONAL, struct config, self_test_seconds),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t schema = {CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct config, fields)};

static bool refuse(const char *path, const char *key, const char *reason, struct failure *why)
{
    return failure_set(why, FAIL_AGENT_CONFIG, "%s: %s: %s", path, key, reason);
}

/* `path` as seen from the folder of `file`; allocated, or NULL. */
static char *resolve(const char *file, const char *path)
{
    const char *slash = strrchr(file, '/');
    size_t folder = slash && path[0] != '/' ? (size_t)(slash - file) + 1 : 0;
    char *out = malloc(folder + strlen(path) + 1);

    if (out != NULL) {
        memcpy(out, file, folder);
        memcpy(out + folder, path, strlen(path) + 1);
    }
    return out;
}

static bool resolve_all(struct config_file *config, struct failure *why)
{
    const struct config *content = config->content;
    const char *boot = content->boot;

    config->boot = strcmp(boot, "records") == 0      ? CONFIG_BOOT_RECORDS
                   : strncmp(boot, "uboot:", 6) == 0 ? CONFIG_BOOT_UBOOT
                                                     : CONFIG_BOOT_PROGRAM;
    if (config->boot != CONFIG_BOOT_RECORDS)
        config->boot_path = resolve(config->path, config->boot == CONFIG_BOOT_UBOOT ? boot + 6 : boot);
    config->state = resolve(config->path, content->state);
    config->slot_a = resolve(config->path, content->slot_a);
    config->slot_b = resolve(config->path, content->slot_b);
    config->run = resolve(config->path, content->run ? content->run : "/run/suture");
    if (config->state && config->slot_a && config->slot_b && config->run &&
        (config->boot_path || config->boot == CONFIG_BOOT_RECORDS))
        return true;
    return failure_set(why, FAIL_MEMORY, "no memory for the paths of %s", config->path);
}

/* Paths in the words of doors, as all others. */
static bool resolve_doors(struct config_file *config, struct failure *why)
{
    static const char *const words[] = {"unix:", "tty:"};

    for (unsigned i = 0; i < config->content->doors_count; i++)
        for (unsigned k = 0; k < sizeof words / sizeof words[0]; k++) {
            char **door = &config->content->doors[i];
            size_t length = strlen(words[k]);
            if (strncmp(*door, words[k], length) != 0)
                continue;
            char *path = resolve(config->path, *door + length);
            char *word = path ? malloc(length + strlen(path) + 1) : NULL;
            if (word != NULL) {
                memcpy(word, words[k], length);
                memcpy(word + length, path, strlen(path) + 1);
            }
            free(path);
            if (word == NULL)
                return failure_set(why, FAIL_MEMORY, "no memory for the doors of %s", config->path);
            free(*door);
            *door = word;
        }
    return true;
}

static char **hook_at(struct config_hooks *hooks, size_t which)
{
    char **all[] = {&hooks->interlock, &hooks->service, &hooks->self_test, &hooks->settings,
                    &hooks->identity,  &hooks->trial,   &hooks->sign,      &hooks->reset};

    return which < sizeof all / sizeof all[0] ? all[which] : NULL;
}

static bool resolve_hooks(struct config_file *config, struct failure *why)
{
    struct config_hooks *hooks = config->content->hooks;
    char **hook;

    for (size_t which = 0; (hook = hook_at(hooks, which)) != NULL; which++) {
        if (*hook == NULL)
            continue;
        char *resolved = resolve(config->path, *hook);
        if (resolved == NULL)
            return failure_set(why, FAIL_MEMORY, "no memory for the hooks of %s", config->path);
        free(*hook);
        *hook = resolved;
        if (!hook_check(resolved, why))
            return false;
    }
    return config->boot != CONFIG_BOOT_PROGRAM || hook_check(config->boot_path, why);
}

static bool check_numbers(struct config_file *config, struct failure *why)
{
    const struct config *content = config->content;
    uint64_t block = content->block ? content->block : CONFIG_BLOCK;

    if (content->format != 1)
        return refuse(config->path, "format", "only 1 is known", why);
    if (block < CONFIG_BLOCK_LEAST || block > CONFIG_BLOCK_MOST || (block & (block - 1)) != 0)
        return refuse(config->path, "block", "a power of two from 4096 to 67108864", why);
    if (content->buffer != 0 && (content->buffer < 256 || content->buffer > 65535))
        return refuse(config->path, "buffer", "256 to 65535", why);
    if (content->hook_seconds > 60)
        return refuse(config->path, "hook_seconds", "at most 60", why);
    if (content->self_test_seconds > 86400)
        return refuse(config->path, "self_test_seconds", "at most 86400", why);
    config->block = (uint32_t)block;
    config->buffer = content->buffer ? content->buffer : CONFIG_BUFFER;
    config->hook_seconds = content->hook_seconds ? content->hook_seconds : 2;
    config->self_test_seconds = content->self_test_seconds ? content->self_test_seconds : 300;
    return true;
}

static bool check_class(struct config_file *config, struct failure *why)
{
    const struct config *content = config->content;
    char *path = resolve(config->path, content->device_class);

    if (path == NULL)
        return failure_set(why, FAIL_MEMORY, "no memory for the class of %s", config->path);
    bool read = device_class_read(path, &config->device_class, why);
    free(path);
    if (!read)
        return false;
    const struct device_class *class = config->device_class;
    config->slot_size = (class->slot_size + config->block - 1) / config->block * config->block;
    config->hardware_revision =
        content->hardware_revision ? content->hardware_revision : class->hardware_revisions[0];
    for (unsigned i = 0; i < class->hardware_revisions_count; i++)
        if (strcmp(class->hardware_revisions[i], config->hardware_revision) == 0)
            return true;
    return refuse(config->path, "hardware_revision", "the class file does not list it", why);
}

static bool check_places(const struct config_file *config, struct failure *why)
{
    if (strcmp(config->slot_a, config->slot_b) == 0 || strcmp(config->slot_a, config->state) == 0 ||
        strcmp(config->slot_b, config->state) == 0)
        return refuse(config->path, "state, slot_a, slot_b", "two of them are one", why);
    unsigned gadgets = 0;
    for (unsigned i = 0; i < config->content->doors_count; i++)
        gadgets += strcmp(config->content->doors[i], "usb") == 0;
    if (gadgets > 1)
        return refuse(config->path, "doors", "usb is named twice", why);
    for (unsigned i = 0; i < config->content->doors_count; i++)
        if (strcmp(config->content->doors[i], "usb") == 0 && config->content->usb == NULL)
            return refuse(config->path, "usb", "needed for the door usb: vendor_id, product_id", why);
    return true;
}

bool config_read(const char *path, struct config_file *out, struct failure *why)
{
    void *content = NULL;

    *out = (struct config_file){.path = strdup(path)};
    bool done = (out->path != NULL || failure_set(why, FAIL_MEMORY, "no memory for %s", path)) &&
                yaml_file_read(path, &schema, FAIL_AGENT_CONFIG, &content, why);
    out->content = content;
    done = done && check_numbers(out, why) && resolve_all(out, why) && check_class(out, why) &&
           check_places(out, why) && resolve_doors(out, why) && resolve_hooks(out, why);
    if (!done)
        config_free(out);
    return done;
}

void config_free(struct config_file *config)
{
    if (config->content != NULL)
        yaml_file_free(&schema, config->content);
    device_class_free(config->device_class);
    free(config->path);
    free(config->state);
    free(config->slot_a);
    free(config->slot_b);
    free(config->run);
    free(config->boot_path);
    *config = (struct config_file){0};
}
