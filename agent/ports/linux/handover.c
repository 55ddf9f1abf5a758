/* Text, written whole. */
#include "agent/ports/linux/handover.h"

#include "agent/ports/linux/boot_control.h"
#include "keys/base/file.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 512
#define ID_SIZE  36

static const char *const kinds[] = {
    [BOOT_RECOVERY] = "recovery", [BOOT_SETTLED] = "settled", [BOOT_TRIAL] = "trial"};

static bool boot_id(char out[ID_SIZE + 1])
{
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");

    if (file == NULL)
        return false;
    size_t got = fread(out, 1, ID_SIZE, file);
    fclose(file);
    out[ID_SIZE] = '\0';
    return got == ID_SIZE;
}

bool handover_write(const char *run, const struct boot_outcome *outcome, struct failure *why)
{
    char path[1024], text[TEXT_MAX], id[ID_SIZE + 1];

    if (!boot_id(id))
        return failure_set(why, FAIL_AGENT_NO_BOOT, "the kernel does not say its boot id");
    snprintf(path, sizeof path, "%s/boot", run);
    int size =
        snprintf(text, sizeof text,
                 "boot_id=%s\nslot=%s\nkind=%s\ntries=%u\nrecord=%u\ndigest_failed=%u\nreset_cause=%u\n", id,
                 slot_word(outcome->running), kinds[outcome->kind], outcome->tries_left, outcome->record,
                 outcome->digest_failed, outcome->reset_cause);
    return folder_make(run, why) && file_write(path, span_of(text, (size_t)size), 0644, why);
}

static bool kind_of_word(const char *word, uint8_t *out)
{
    for (uint8_t kind = BOOT_RECOVERY; kind <= BOOT_TRIAL; kind++)
        if (strcmp(word, kinds[kind]) == 0) {
            *out = kind;
            return true;
        }
    return false;
}

/* Takes one line's value; false: the line says nothing that is known. */
static bool take(const char *key, const char *value, struct boot_outcome *out, char id[ID_SIZE + 1])
{
    uint32_t number;

    if (strcmp(key, "boot_id") == 0 && strlen(value) == ID_SIZE) {
        memcpy(id, value, ID_SIZE + 1);
        return true;
    }
    if (strcmp(key, "slot") == 0)
        return slot_of_word(value, &out->running);
    if (strcmp(key, "kind") == 0)
        return kind_of_word(value, &out->kind);
    if (!number_of_word(value, UINT32_MAX, &number))
        return false;
    if (strcmp(key, "record") == 0)
        out->record = number;
    else if (strcmp(key, "tries") == 0 && number <= RECORD_TRY_MARKS)
        out->tries_left = (uint8_t)number;
    else if (strcmp(key, "digest_failed") == 0 && number <= 1)
        out->digest_failed = number;
    else if (strcmp(key, "reset_cause") == 0 && number <= UINT8_MAX)
        out->reset_cause = (uint8_t)number;
    else
        return false;
    return true;
}

static bool parse(char *text, struct boot_outcome *out, char id[ID_SIZE + 1])
{
    unsigned lines = 0;
    char *line;

    for (char *rest = text; (line = strtok_r(rest, "\n", &rest)) != NULL; lines++) {
        char *equals = strchr(line, '=');
        if (equals == NULL)
            return false;
        *equals = '\0';
        if (!take(line, equals + 1, out, id))
            return false;
    }
    return lines == 7 && (out->running == SLOT_NONE) == (out->kind == BOOT_RECOVERY);
}

bool handover_read(const char *run, struct boot_outcome *out, struct failure *why)
{
    char path[1024], id[ID_SIZE + 1] = "", now[ID_SIZE + 1], text[TEXT_MAX + 1];
    struct boot_outcome outcome = {.running = SLOT_NONE};
    struct buffer file;

    snprintf(path, sizeof path, "%s/boot", run);
    if (!file_read(path, TEXT_MAX, &file, NULL))
        return failure_set(why, FAIL_AGENT_NO_BOOT, "%s: nothing was handed over", path);
    memcpy(text, file.data, file.size);
    text[file.size] = '\0';
    bool whole = strlen(text) == file.size && parse(text, &outcome, id);
    free(file.data);
    if (!whole)
        return failure_set(why, FAIL_AGENT_NO_BOOT, "%s: not as suture-agent boot writes it", path);
    if (!boot_id(now) || strcmp(id, now) != 0)
        return failure_set(why, FAIL_AGENT_NO_BOOT, "%s: of another start of this machine", path);
    *out = outcome;
    return true;
}
