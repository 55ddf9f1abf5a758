/* Faults as words: the same names as in a profile. */
#include "hw-sim/faults.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *const fault_kind_names[FAULT_KINDS] = {"loss", "double", "reorder", "noise",
                                                   "pull", "gap",    "chatter"};
static const char *const way_names[] = {"both", "in", "out"};
static const char *const unit_names[] = {"byte", "chunk", "frame"};

static int place_of(const char *word, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(word, names[i]) == 0)
            return (int)i;
    return -1;
}

static bool number_of(const char *word, uint32_t *out)
{
    char *end;

    if (word[0] < '0' || word[0] > '9')
        return false;
    errno = 0;
    unsigned long value = strtoul(word, &end, 10);
    if (errno != 0 || *end != '\0' || value > UINT32_MAX)
        return false;
    *out = (uint32_t)value;
    return true;
}

static const char *set_number(const char *key, const char *value, struct fault *out)
{
    const struct {
        const char *key;
        uint32_t *number;
    } numbers[] = {
        {"per_million", &out->per_million}, {"at_byte", &out->at_byte},   {"at_ms", &out->at_ms},
        {"for_ms", &out->for_ms},           {"every_ms", &out->every_ms},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (strcmp(key, numbers[i].key) == 0)
            return number_of(value, numbers[i].number) ? NULL : "a number is wanted";
    return "no such key";
}

static const char *set(const char *key, const char *value, struct fault *out)
{
    int place;

    if (strcmp(key, "way") == 0) {
        place = place_of(value, way_names, 3);
        out->way = place < 0 ? FAULT_BOTH : (enum fault_way)place;
        return place < 0 ? "way=in|out|both" : NULL;
    }
    if (strcmp(key, "per") == 0) {
        place = place_of(value, unit_names, FAULT_UNITS);
        out->per = place < 0 ? FAULT_BYTE : (enum fault_unit)place;
        return place < 0 ? "per=byte|chunk|frame" : NULL;
    }
    if (strcmp(key, "inside") == 0) {
        out->inside = strcmp(value, "true") == 0;
        return out->inside || strcmp(value, "false") == 0 ? NULL : "inside=true|false";
    }
    return set_number(key, value, out);
}

/* Takes the text off the end of the line: it may hold blanks, and ends as a firmware's line does. */
static const char *take_text(char *words, struct fault *out)
{
    char *text = strstr(words, " text=");

    if (text == NULL)
        return NULL;
    size_t length = strlen(text + 6);
    if (length == 0 || length > sizeof out->text - 2)
        return "a text has 1 to 158 bytes";
    memcpy(out->text, text + 6, length);
    out->text[length] = '\n';
    *text = '\0';
    return NULL;
}

const char *fault_read(char *words, struct fault *out)
{
    struct fault fault = {.way = FAULT_BOTH};
    const char *wrong = take_text(words, &fault);
    char *save = NULL, *word = strtok_r(words, " ", &save);
    int kind = word == NULL ? -1 : place_of(word, fault_kind_names, FAULT_KINDS);

    if (kind < 0)
        return "loss | double | reorder | noise | pull | gap | chatter";
    fault.kind = (enum fault_kind)kind;
    while (wrong == NULL && (word = strtok_r(NULL, " ", &save)) != NULL) {
        char *value = strchr(word, '=');
        if (value == NULL)
            return "key=value is wanted";
        *value++ = '\0';
        wrong = set(word, value, &fault);
    }
    if (wrong == NULL)
        *out = fault;
    return wrong;
}
