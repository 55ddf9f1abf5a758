/* suture-agent boot: the boot loader's half, for start-ups that obey the records directly (boot: records). */
#include "agent/ports/linux/commands.h"
#include "agent/ports/linux/handover.h"
#include "agent/ports/linux/holds.h"
#include "agent/ports/linux/boot_control.h"
#include "agent/ports/linux/machine.h"

#include <stdlib.h>
#include <string.h>

static const char *path_of(const struct config_file *config, uint8_t slot)
{
    return slot == SLOT_A ? config->slot_a : config->slot_b;
}

/* A trial forbids use of the device before anything else is started. */
static bool hand_over(const struct config_file *config, const struct boot_outcome *outcome,
                      struct failure *why)
{
    const char *reason = outcome->kind == BOOT_TRIAL ? "a new image is on trial" : NULL;

    if (!handover_write(config->run, outcome, why))
        return false;
    if (!holds_refuse(config->run, reason))
        return failure_set(why, FAIL_FILE_WRITE, "%s/refuse can't be written", config->run);
    if (outcome->kind == BOOT_RECOVERY)
        return failure_set(why, FAIL_AGENT_RECOVERY, "%s: no slot is what the records say", config->state);
    printf("slot=%s\npath=%s\nkind=%s\ntries=%u\n", slot_word(outcome->running),
           path_of(config, outcome->running), outcome->kind == BOOT_TRIAL ? "trial" : "settled",
           outcome->tries_left);
    return true;
}

static bool boot(const struct config_file *config, uint8_t cause, struct failure *why)
{
    static struct storage storage;
    static uint8_t page[MACHINE_PAGE];
    struct boot_outcome outcome;

    if (config->boot != CONFIG_BOOT_RECORDS)
        return failure_set(why, FAIL_AGENT_CONFIG, "%s: boot: another boot loader chooses here",
                           config->path);
    if (!storage_open(config, DISK_WRITE, &storage, why))
        return false;
    boot_run(&storage.layout, cause, buffer_over(page, sizeof page), &outcome);
    bool done = hand_over(config, &outcome, why);
    storage_close(&storage);
    return done;
}

static enum exit_code run(const struct invocation *call)
{
    struct config_file config;
    struct failure why;
    uint32_t cause = 0;

    if (!number_of_word(option_value(call, "cause", "0"), UINT8_MAX, &cause)) {
        failure_set(&why, FAIL_USAGE, "--cause: a number up to 255");
        return command_fail(&why);
    }
    if (!config_read(option_value(call, "config", CONFIG_PATH), &config, &why))
        return command_fail(&why);
    bool done = boot(&config, (uint8_t)cause, &why);
    config_free(&config);
    return done ? EXIT_VERIFIED : command_fail(&why);
}

static const struct command_option options[] = {
    {"config", "FILE", "the agent's configuration; default " CONFIG_PATH},
    {"cause", "NUMBER", "why the machine started, a number of the port's own; it stands in the try mark"},
    {NULL, NULL, NULL},
};

static const char *const examples[] = {
    "# in the initramfs, once at each start: which slot to mount",
    "suture-agent boot --config /etc/suture/agent.yaml",
    NULL,
};

const struct command command_boot = {
    .name = "boot",
    .arguments = "",
    .least_arguments = 0,
    .most_arguments = 0,
    .summary = "choose the slot by the records, measure it, use up a try of a trial, say which",
    .options = options,
    .examples = examples,
    .run = run,
};
