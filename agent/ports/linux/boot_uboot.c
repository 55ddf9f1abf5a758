/* boot: uboot:FILE, U-Boot's environment through libubootenv; FILE is fw_env.config. The variables suture_slot, suture_fallback,
 * suture_kind, suture_tries and suture_record are the copy; a script of U-Boot obeys them (docs/port.md). All five are stored
 * in one go, so that with a redundant environment a power cut leaves the old ones or the new ones. */
#include "agent/ports/linux/boot_control.h"

#include <libuboot.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VALUE_MAX 16

static bool refuse(const struct config_file *config, const char *what, struct failure *why)
{
    return failure_set(why, FAIL_AGENT_BOOT_CONTROL, "%s: %s", config->boot_path, what);
}

/* Also after an environment that did not open: the library keeps its lock then, and would wait for itself the next time. */
static void environment_close(struct uboot_ctx *context)
{
    libuboot_close(context);
    libuboot_exit(context);
}

/* Opened for one act; with an environment whose CRC fails `*empty` is true. NULL: `why`. */
static struct uboot_ctx *environment_open(const struct config_file *config, bool *empty, struct failure *why)
{
    struct uboot_ctx *context = NULL;

    *empty = false;
    if (libuboot_initialize(&context, NULL) < 0) {
        refuse(config, "libubootenv does not start", why);
        return NULL;
    }
    if (libuboot_read_config(context, config->boot_path) < 0) {
        refuse(config, "no valid fw_env.config", why);
        libuboot_exit(context);
        return NULL;
    }
    *empty = libuboot_open(context) < 0;
    return context;
}

static bool value_of(struct uboot_ctx *context, const char *name, char out[VALUE_MAX])
{
    char *value = libuboot_get_env(context, name);
    bool fits = value != NULL && strlen(value) < VALUE_MAX;

    if (fits)
        memcpy(out, value, strlen(value) + 1);
    free(value);
    return fits;
}

static bool slot(struct uboot_ctx *context, const char *name, uint8_t *out)
{
    char value[VALUE_MAX];

    return value_of(context, name, value) && slot_of_word(value, out);
}

static bool number(struct uboot_ctx *context, const char *name, uint32_t most, uint32_t *out)
{
    char value[VALUE_MAX];

    return value_of(context, name, value) && number_of_word(value, most, out);
}

static bool kind(struct uboot_ctx *context, uint8_t *out)
{
    char value[VALUE_MAX];

    if (!value_of(context, "suture_kind", value))
        return false;
    *out = strcmp(value, "trial") == 0 ? RECORD_TRIAL : RECORD_SETTLED;
    return *out == RECORD_TRIAL || strcmp(value, "settled") == 0;
}

static void copy_read(struct uboot_ctx *context, struct boot_copy *out)
{
    uint32_t tries;

    if (!slot(context, "suture_running", &out->running))
        out->running = SLOT_NONE;
    if (slot(context, "suture_slot", &out->slot) && slot(context, "suture_fallback", &out->fallback) &&
        kind(context, &out->kind) && number(context, "suture_tries", RECORD_TRY_MARKS, &tries) &&
        number(context, "suture_record", UINT32_MAX, &out->record))
        out->tries = (uint8_t)tries;
    else
        *out = (struct boot_copy){.running = out->running};
}

static bool uboot_read(const struct config_file *config, struct boot_copy *out, struct failure *why)
{
    bool empty;
    struct uboot_ctx *context = environment_open(config, &empty, why);

    if (context == NULL)
        return false;
    *out = (struct boot_copy){.running = SLOT_NONE};
    if (!empty)
        copy_read(context, out);
    environment_close(context);
    return true;
}

static bool copy_set(struct uboot_ctx *context, const struct boot_copy *copy)
{
    char tries[VALUE_MAX], record[VALUE_MAX];

    snprintf(tries, sizeof tries, "%u", copy->tries);
    snprintf(record, sizeof record, "%u", copy->record);
    return libuboot_set_env(context, "suture_slot", slot_word(copy->slot)) == 0 &&
           libuboot_set_env(context, "suture_fallback", slot_word(copy->fallback)) == 0 &&
           libuboot_set_env(context, "suture_kind", copy->kind == RECORD_TRIAL ? "trial" : "settled") == 0 &&
           libuboot_set_env(context, "suture_tries", tries) == 0 &&
           libuboot_set_env(context, "suture_record", record) == 0;
}

/* The library does not wait for the disk in every version. */
static bool uboot_write(const struct config_file *config, const struct boot_copy *copy, struct failure *why)
{
    bool empty;
    struct uboot_ctx *context = environment_open(config, &empty, why);

    if (context == NULL)
        return false;
    bool done = !empty && copy_set(context, copy) && libuboot_env_store(context) == 0;
    environment_close(context);
    if (!done)
        return refuse(config, empty ? "the environment is not valid; save it once in U-Boot" : "not stored",
                      why);
    sync();
    return true;
}

const struct boot_control boot_uboot = {uboot_read, uboot_write};
