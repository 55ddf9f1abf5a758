#include "loader/show/log_words.h"

#include "keys/base/status.h"

#include <inttypes.h>
#include <stdio.h>

#define COUNT(list) (sizeof(list) / sizeof *(list))

static const char *word(const char *const *words, size_t count, uint32_t number)
{
    return number < count && words[number] != NULL ? words[number] : "unknown";
}

const char *log_code_name(uint16_t code)
{
    static const char *const names[] = {NULL,       "start",     "stage",    "resume",    "staged",
                                        "activate", "confirmed", "given_up", "fell_back", "rolled_back",
                                        "aborted",  "refused",   "flash",    "trust"};
    return word(names, COUNT(names), code);
}

const char *boot_kind_name(uint8_t kind)
{
    static const char *const names[] = {"recovery", "settled", "trial"};
    return word(names, COUNT(names), kind);
}

const char *outcome_name(uint8_t outcome)
{
    static const char *const names[] = {"none",   "confirmed", "self_test", "tries_used",
                                        "digest", "operator",  "aborted",   "watchdog"};
    return word(names, COUNT(names), outcome);
}

const char *slot_state_name(uint8_t state)
{
    static const char *const names[] = {"empty", "staging", "staged", "good", "bad"};
    return word(names, COUNT(names), state);
}

static const char *outcome_text(uint32_t outcome)
{
    static const char *const texts[] = {"no reason kept",
                                        "confirmed",
                                        "its self test failed",
                                        "its tries were used up",
                                        "its digest was wrong",
                                        "a person gave it up",
                                        "aborted",
                                        "the watchdog ended it"};
    return word(texts, COUNT(texts), outcome);
}

static const char *area_text(uint32_t area)
{
    static const char *const texts[] = {
        "boot record 0", "boot record 1", "identity", "root document 0", "root document 1", "manifest A",
        "manifest B",    "journal",       "log",      "slot A",          "slot B"};
    return word(texts, COUNT(texts), area);
}

static const char *error_text(uint32_t error)
{
    static const char *const texts[] = {
        NULL,          "unknown", "in use",        "battery", "busy",  "manifest",   "base",  "memory",
        "patch block", "flash",   "another state", "digest",  "floor", "trial runs", "trust", "no key"};
    return word(texts, COUNT(texts), error);
}

static const char *boot_text(uint32_t kind)
{
    static const char *const texts[] = {"nothing proven to run", "settled", "on trial"};
    return word(texts, COUNT(texts), kind);
}

static void start_text(uint32_t a, uint32_t b, char *out, size_t capacity)
{
    if (a < 2)
        snprintf(out, capacity, "started from slot %c, %s", a ? 'B' : 'A', boot_text(b));
    else
        snprintf(out, capacity, "started, %s", boot_text(b));
}

/* Codes and areas are the agent's (agent/log.h, agent/layout.h), which the loader doesn't see; a test compares. */
void log_item_text(const struct message_log_item *item, char *out, size_t capacity)
{
    uint32_t a = item->a, b = item->b;

    switch (item->code) {
    case 1:
        start_text(a, b, out, capacity);
        break;
    case 2:
        snprintf(out, capacity, "staging of sequence %" PRIu32 " begun, stream #%" PRIu32, a, b);
        break;
    case 3:
        snprintf(out, capacity, "staging of sequence %" PRIu32 " resumed at %" PRIu32 " KiB", a, b);
        break;
    case 4:
        snprintf(out, capacity, "sequence %" PRIu32 " staged and read back", a);
        break;
    case 5:
        snprintf(out, capacity, "sequence %" PRIu32 " put on trial, %" PRIu32 " tries", a, b);
        break;
    case 6:
        snprintf(out, capacity, "sequence %" PRIu32 " confirmed by %s", a,
                 b == 1   ? "the device"
                 : b == 2 ? "a person at the port"
                          : "nobody");
        break;
    case 7:
        snprintf(out, capacity, "sequence %" PRIu32 " given up: %s", a, outcome_text(b));
        break;
    case 8:
        snprintf(out, capacity, "fell back from sequence %" PRIu32 ": %s", a, outcome_text(b));
        break;
    case 9:
        snprintf(out, capacity, "rolled back to sequence %" PRIu32, a);
        break;
    case 10:
        snprintf(out, capacity, "staging of sequence %" PRIu32 " aborted", a);
        break;
    case 11:
        snprintf(out, capacity, "refused: %s (%s)", error_text(a),
                 b < 128 ? status_name((enum status)(-(int)b)) : "unknown");
        break;
    case 12:
        snprintf(out, capacity, "flash took no write: %s, at byte %" PRIu64, area_text(a), (uint64_t)b * 16);
        break;
    case 13:
        snprintf(out, capacity, "root document version %" PRIu32 " taken", a);
        break;
    default:
        snprintf(out, capacity, "code %u, %" PRIu32 ", %" PRIu32, item->code, a, b);
    }
}
