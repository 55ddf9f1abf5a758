/* boot: a program of the device. Its contract (docs/port.md):
 *   PROGRAM get       prints lines slot= fallback= kind= tries= record= and perhaps running=; exit 0
 *   PROGRAM set slot=b fallback=a kind=trial tries=3 record=17      exit 0 once that survives a power cut */
#include "agent/ports/linux/boot_control.h"
#include "agent/ports/linux/hook.h"

#include <string.h>

#define VALUE_MAX 32

static bool refuse(const struct hook *hook, const char *act, struct failure *why)
{
    char said[128];

    hook_say(hook, said, sizeof said);
    return failure_set(why, FAIL_AGENT_BOOT_CONTROL, "%s %s %s", hook->program, act, said);
}

static bool number(const struct hook *hook, const char *key, uint32_t most, uint32_t *out)
{
    char value[VALUE_MAX];

    return hook_value(hook, key, value, sizeof value) != NULL && number_of_word(value, most, out);
}

static bool slot(const struct hook *hook, const char *key, uint8_t *out)
{
    char value[VALUE_MAX];

    return hook_value(hook, key, value, sizeof value) != NULL && slot_of_word(value, out);
}

static bool kind(const struct hook *hook, uint8_t *out)
{
    char value[VALUE_MAX];

    if (hook_value(hook, "kind", value, sizeof value) == NULL)
        return false;
    *out = strcmp(value, "trial") == 0 ? RECORD_TRIAL : RECORD_SETTLED;
    return *out == RECORD_TRIAL || strcmp(value, "settled") == 0;
}

void boot_program_answer(const struct hook *hook, struct boot_copy *out)
{
    uint32_t tries;

    *out = (struct boot_copy){.running = SLOT_NONE};
    if (!slot(hook, "running", &out->running))
        out->running = SLOT_NONE;
    if (!slot(hook, "slot", &out->slot) || !slot(hook, "fallback", &out->fallback) ||
        !kind(hook, &out->kind) || !number(hook, "tries", RECORD_TRY_MARKS, &tries) ||
        !number(hook, "record", UINT32_MAX, &out->record))
        *out = (struct boot_copy){.running = out->running};
    else
        out->tries = (uint8_t)tries;
}

static bool program_read(const struct config_file *config, struct boot_copy *out, struct failure *why)
{
    static const char *const words[] = {"get", NULL};
    struct hook hook;

    if (!hook_run(&hook, config->boot_path, words, (struct span){0}, config->hook_seconds))
        return refuse(&hook, "get", why);
    boot_program_answer(&hook, out);
    return true;
}

static bool program_write(const struct config_file *config, const struct boot_copy *copy, struct failure *why)
{
    char words[5][VALUE_MAX];
    const char *const arguments[] = {"set", words[0], words[1], words[2], words[3], words[4], NULL};
    struct hook hook;

    snprintf(words[0], VALUE_MAX, "slot=%s", slot_word(copy->slot));
    snprintf(words[1], VALUE_MAX, "fallback=%s", slot_word(copy->fallback));
    snprintf(words[2], VALUE_MAX, "kind=%s", copy->kind == RECORD_TRIAL ? "trial" : "settled");
    snprintf(words[3], VALUE_MAX, "tries=%u", copy->tries);
    snprintf(words[4], VALUE_MAX, "record=%u", copy->record);
    return hook_run(&hook, config->boot_path, arguments, (struct span){0}, config->hook_seconds) ||
           refuse(&hook, "set", why);
}

const struct boot_control boot_program = {program_read, program_write};
