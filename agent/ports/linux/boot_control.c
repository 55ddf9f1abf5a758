/* What was started, and keeping the copy like the record. */
#include "agent/ports/linux/boot_control.h"

#include "agent/ports/linux/handover.h"
#include "agent/ports/linux/say.h"
#include "keys/base/file.h"

#include <stdlib.h>
#include <string.h>

const char *slot_word(uint8_t slot)
{
    return slot == SLOT_A ? "a" : slot == SLOT_B ? "b" : "none";
}

bool slot_of_word(const char *word, uint8_t *out)
{
    static const uint8_t slots[] = {SLOT_A, SLOT_B, SLOT_NONE};

    for (size_t i = 0; i < sizeof slots; i++)
        if (strcmp(word, slot_word(slots[i])) == 0) {
            *out = slots[i];
            return true;
        }
    return false;
}

bool number_of_word(const char *word, uint32_t most, uint32_t *out)
{
    char *end;

    if (word[0] < '0' || word[0] > '9')
        return false;
    unsigned long long value = strtoull(word, &end, 10);
    if (*end != '\0' || value > most || end - word > 10)
        return false;
    *out = (uint32_t)value;
    return true;
}

const struct boot_control *boot_control_of(const struct config_file *config)
{
    switch (config->boot) {
    case CONFIG_BOOT_UBOOT:
        return &boot_uboot;
    case CONFIG_BOOT_PROGRAM:
        return &boot_program;
    case CONFIG_BOOT_RECORDS:
        break;
    }
    return NULL;
}

struct boot_copy boot_copy_of(const struct record *record)
{
    return (struct boot_copy){
        .slot = record->primary,
        .fallback = record->fallback,
        .kind = record->kind,
        .tries = record->tries,
        .record = record->number,
        .running = SLOT_NONE,
    };
}

/* The value of suture.slot= on the kernel's command line; SLOT_NONE: it is not there. */
static uint8_t slot_of_kernel(void)
{
    static const char key[] = "suture.slot=";
    char line[4096], *rest = line, *word;
    uint8_t slot = SLOT_NONE;
    FILE *file = fopen("/proc/cmdline", "re");

    if (file == NULL)
        return SLOT_NONE;
    line[fread(line, 1, sizeof line - 1, file)] = '\0';
    fclose(file);
    while ((word = strtok_r(rest, " \n", &rest)) != NULL)
        if (strncmp(word, key, sizeof key - 1) == 0 && !slot_of_word(word + sizeof key - 1, &slot))
            slot = SLOT_NONE;
    return slot;
}

/* A copy that does not say what the ruling record orders was not made to its end. */
static bool copy_agrees(const struct boot_copy *copy, const struct record *record)
{
    return copy->record == record->number && copy->slot == record->primary &&
           copy->fallback == record->fallback && copy->kind == record->kind && copy->tries <= record->tries;
}

static bool is_as_recorded(const struct layout *layout, const struct record *record, uint8_t slot,
                           struct buffer page)
{
    const struct record_slot *says = &record->slots[slot];

    return slot_measure(&layout->areas[AREA_SLOT_A + slot], says->size, says->digest, page) == OK;
}

/* What the boot loader did, in the words of our own. */
static void outcome_make(const struct layout *layout, const struct record *record,
                         const struct boot_copy *copy, uint8_t running, struct buffer page,
                         struct boot_outcome *out)
{
    bool trial = record->kind == RECORD_TRIAL && running == record->primary;

    *out = (struct boot_outcome){
        .kind = trial ? BOOT_TRIAL : BOOT_SETTLED,
        .running = running,
        .tries_left = record->kind == RECORD_TRIAL ? copy->tries : 0,
        .record = record->number,
    };
    if (is_as_recorded(layout, record, running, page))
        return;
    out->kind = BOOT_RECOVERY;
    out->running = SLOT_NONE;
    out->digest_failed = true;
}

static enum boot_found find_with(const struct boot_control *control, const struct config_file *config,
                                 const struct layout *layout, struct buffer page, struct boot_outcome *out,
                                 struct failure *why)
{
    struct record_copy copies[2];
    struct boot_copy copy;

    *out = (struct boot_outcome){.kind = BOOT_RECOVERY, .running = SLOT_NONE};
    record_read(layout, 0, &copies[0]);
    record_read(layout, 1, &copies[1]);
    int ruling = record_ruling(copies);
    if (ruling < 0)
        return BOOT_FOUND;
    if (!control->read(config, &copy, why))
        return BOOT_LOST;
    uint8_t kernel = slot_of_kernel();
    uint8_t running = kernel != SLOT_NONE ? kernel : copy.running;
    if (running == SLOT_NONE) {
        failure_set(why, FAIL_AGENT_NO_BOOT,
                    "neither suture.slot= of the kernel's command line nor the boot control says which slot "
                    "was started");
        return BOOT_LOST;
    }
    const struct record *record = &copies[ruling].record;
    if (!copy_agrees(&copy, record)) {
        copy = boot_copy_of(record);
        if (!control->write(config, &copy, why))
            return BOOT_LOST;
        agent_say("the boot loader's copy of record %u is made again", record->number);
        if (running != record->primary)
            return BOOT_RESTART;
    }
    outcome_make(layout, record, &copy, running, page, out);
    return BOOT_FOUND;
}

enum boot_found boot_find(const struct config_file *config, const struct layout *layout, struct buffer page,
                          struct boot_outcome *out, struct failure *why)
{
    const struct boot_control *control = boot_control_of(config);

    if (control != NULL)
        return find_with(control, config, layout, page, out, why);
    return handover_read(config->run, out, why) ? BOOT_FOUND : BOOT_LOST;
}
