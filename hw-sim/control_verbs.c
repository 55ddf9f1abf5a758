/* What can be asked of a simulated device: one function a verb, one table. */
#include "hw-sim/control.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX        4
#define WAIT_SECONDS     30
#define WAIT_SECONDS_MAX 3600
#define OPERATION_MAX    1000000000000ull

const char *const control_state_names[WAIT_STATES] = {"off",   "on",      "hung",      "recovery",   "staged",
                                                      "trial", "settled", "confirmed", "rolled-back"};

/* One question, cut into words, and where its answer goes. */
struct question {
    struct device *device;
    const char *verb;
    int value;                    /* what the table gives this verb */
    const char *words[WORDS_MAX]; /* after the verb; NULL past the last */
    const char *rest;             /* all after the verb, as written */
    uint64_t now;
    char *answer;
    struct control_client *client;
};

static bool wrong(const struct question *question, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Writes an error as the answer; true, because it is one. */
static bool wrong(const struct question *question, const char *format, ...)
{
    va_list arguments;
    int size = snprintf(question->answer, CONTROL_ANSWER, "error %d ", FAIL_CONTROL);

    va_start(arguments, format);
    vsnprintf(question->answer + size, (size_t)(CONTROL_ANSWER - size), format, arguments);
    va_end(arguments);
    return true;
}

/* The place of the word in a list, or -1. */
static int word_among(const char *word, const char *const *list, size_t count)
{
    for (size_t i = 0; word != NULL && i < count; i++)
        if (strcmp(word, list[i]) == 0)
            return (int)i;
    return -1;
}

static bool number_read(const char *word, uint64_t most, uint64_t *out)
{
    char *end;

    if (word == NULL || word[0] < '0' || word[0] > '9')
        return false;
    errno = 0;
    unsigned long long value = strtoull(word, &end, 10);
    if (errno != 0 || *end != '\0' || value > most)
        return false;
    *out = value;
    return true;
}

static bool share_read(const char *word, double *out)
{
    char *end;

    if (word == NULL || word[0] == '\0')
        return false;
    double value = strtod(word, &end);
    if (*end != '\0' || !isfinite(value) || value < 0 || value > 1)
        return false;
    *out = value;
    return true;
}

static bool verb_power_cut(struct question *question)
{
    static const char *const cuts[] = {"before", "torn", "after"};
    const char *const *words = question->words;
    uint64_t operation;
    double share;

    if (words[0] != NULL && strcmp(words[0], "now") == 0 && words[1] == NULL) {
        device_power_off(question->device);
        return true;
    }
    int cut = words[2] == NULL ? POWER_CUT_TORN : word_among(words[2], cuts, 3);
    if (words[0] == NULL || cut < 0 || words[3] != NULL)
        return wrong(question,
                     "power-cut: now | at-operation N [before|torn|after] | at-share S [before|torn|after]");
    if (strcmp(words[0], "at-operation") == 0 && number_read(words[1], OPERATION_MAX, &operation) &&
        operation > 0) {
        device_cut_at(question->device, operation, (enum power_cut)cut);
        return true;
    }
    if (strcmp(words[0], "at-share") == 0 && share_read(words[1], &share)) {
        device_cut_at_share(question->device, share, (enum power_cut)cut);
        return true;
    }
    return wrong(question, "power-cut: at-operation takes a number from 1, at-share one from 0 to 1");
}

static bool verb_power_on(struct question *question)
{
    device_power_on(question->device, question->now);
    return true;
}

static bool verb_cable(struct question *question)
{
    static const char *const words[] = {"pull", "plug"};
    int word = word_among(question->words[0], words, 2);

    if (word < 0)
        return wrong(question, "cable: pull | plug");
    device_cable(question->device)->plugged = word == 1;
    return true;
}

/* stall: the SMP pipes are halted until the host clears them. reset: the device leaves the bus and comes again. */
static bool verb_usb(struct question *question)
{
    static const char *const words[] = {"stall", "reset"};
    int word = word_among(question->words[0], words, 2);

    if (word < 0)
        return wrong(question, "usb: stall | reset");
    if (!door_is_usb(device_profile(question->device)->door_scheme))
        return wrong(question, "usb: this device has no USB: its door is no usbredir one");
    struct usb_wishes *wishes = device_usb_wishes(question->device);
    wishes->stall = wishes->stall || word == 0;
    wishes->leave = wishes->leave || word == 1;
    return true;
}

/* -1: neither "on" nor "off". */
static int on_or_off(const struct question *question)
{
    static const char *const words[] = {"off", "on"};
    return word_among(question->words[0], words, 2);
}

/* mute, babble: what the device seems to be from outside. */
static bool verb_fault(struct question *question)
{
    struct cable *cable = device_cable(question->device);
    enum cable_fault fault = (enum cable_fault)question->value;
    int on = on_or_off(question);

    if (on < 0)
        return wrong(question, "%s: on | off", question->verb);
    if (on == 1)
        cable->fault = fault;
    else if (cable->fault == fault)
        cable->fault = CABLE_SOUND;
    cable->noise = 0;
    return true;
}

static bool verb_service(struct question *question)
{
    int on = on_or_off(question);

    if (on < 0)
        return wrong(question, "service: on | off");
    device_interlock(question->device)->service = on == 1;
    return true;
}

/* therapy, patient, alarm: a device has one use at a time, the last one said. */
static bool verb_use(struct question *question)
{
    struct interlock *interlock = device_interlock(question->device);
    enum use use = (enum use)question->value;
    int on = on_or_off(question);

    if (on < 0)
        return wrong(question, "%s: on | off", question->verb);
    if (on == 0 && interlock->use == use)
        interlock->use = USE_FREE;
    if (on == 0 || use != USE_THERAPY) {
        interlock->use = on == 1 ? use : interlock->use;
        return true;
    }
    return device_begin_therapy(question->device) ||
           wrong(question, "the device refuses therapy: an update is on trial");
}

static bool verb_battery(struct question *question)
{
    static const char *const words[] = {"no-mains", "mains"};
    int mains = question->words[1] == NULL ? -1 : word_among(question->words[1], words, 2);
    uint64_t percent;

    if (!number_read(question->words[0], 255, &percent) || (percent > 100 && percent != 255) ||
        (question->words[1] != NULL && mains < 0))
        return wrong(question, "battery: 0 to 100 percent or 255 for unknown, then mains | no-mains");
    device_interlock(question->device)->battery = (uint8_t)percent;
    if (mains >= 0)
        device_interlock(question->device)->mains = mains == 1;
    return true;
}

static bool verb_settings(struct question *question)
{
    struct failure why;

    if (!device_settings(question->device, question->rest, &why))
        return wrong(question, "%s", why.what);
    return true;
}

static json_t *slot_json(const struct record_slot *slot)
{
    static const char *const states[] = {"empty", "staging", "staged", "good", "bad"};

    return json_pack("{s:s, s:I, s:I}", "state", states[slot->state <= SLOT_BAD ? slot->state : SLOT_BAD],
                     "sequence", (json_int_t)slot->sequence, "size", (json_int_t)slot->size);
}

static const char *kind_name(const struct device_status *status)
{
    if (status->boot.running == SLOT_NONE)
        return "recovery";
    return status->trial ? "trial" : "settled";
}

static json_t *status_json(struct device *device)
{
    static const char *const states[] = {"off", "booting", "booting", "on", "hung"};
    static const char *const uses[] = {"free", "therapy", "patient", "alarm"};
    static const char *const faults[] = {"sound", "mute", "babble"};
    const struct interlock *interlock = device_interlock(device);
    const struct cable *cable = device_cable(device);
    struct device_status status;
    char version[40], slot[2] = {0};

    device_status(device, &status);
    snprintf(version, sizeof version, "%u.%u.%u", status.version[0], status.version[1], status.version[2]);
    slot[0] = status.boot.running == SLOT_NONE ? '-' : (char)('A' + status.boot.running);
    json_t *json = json_pack(
        "{s:i, s:s, s:s, s:s, s:s, s:i, s:I, s:I, s:I, s:I, s:I, s:b, s:s, s:i, s:b, s:b, s:s, s:b}",
        "schema", 1, "power", states[status.state], "running", slot, "version", version, "kind",
        kind_name(&status), "tries_left", (int)status.boot.tries_left, "operations",
        (json_int_t)status.operations, "boots", (json_int_t)status.boots, "violations",
        (json_int_t)status.faults.violations, "torn_programs", (json_int_t)status.faults.torn_programs,
        "torn_units", (json_int_t)status.torn_units, "service", (int)interlock->service, "use",
        uses[interlock->use], "battery", (int)interlock->battery, "mains", (int)interlock->mains, "plugged",
        (int)cable->plugged, "cable", faults[cable->fault], "trial", (int)status.trial);
    if (json != NULL && status.has_record) {
        json_object_set_new(json, "outcome", json_integer(status.record.outcome));
        json_object_set_new(json, "floor", json_integer(status.record.floor));
        json_object_set_new(
            json, "slots",
            json_pack("[o, o]", slot_json(&status.record.slots[0]), slot_json(&status.record.slots[1])));
    }
    return json;
}

/* What of the script has happened so far. */
static void faults_tell(const struct question *question)
{
    const struct faults *faults = device_faults(question->device);
    int size = snprintf(question->answer, CONTROL_ANSWER, "ok {\"faults\":%zu", faults->count);

    for (int i = 0; i < FAULT_KINDS; i++)
        size += snprintf(question->answer + size, (size_t)(CONTROL_ANSWER - size), ",\"%s\":%llu",
                         fault_kind_names[i], (unsigned long long)faults->happened[i]);
    snprintf(question->answer + size, (size_t)(CONTROL_ANSWER - size), "}");
}

/* faults: how many; faults off; faults KIND key=value… adds one. */
static bool verb_faults(struct question *question)
{
    enum door_scheme scheme = device_profile(question->device)->door_scheme;
    struct faults *faults = device_faults(question->device);
    char words[CONTROL_LINE];
    struct fault fault;

    if (question->rest[0] == '\0') {
        faults_tell(question);
        return true;
    }
    if (door_is_usb(scheme))
        return wrong(question, "faults: USB loses no bytes; there are: usb stall, usb reset, cable pull");
    if (strcmp(question->rest, "off") == 0) {
        faults_clear(faults);
        return true;
    }
    snprintf(words, sizeof words, "%s", question->rest);
    const char *problem = fault_read(words, &fault);
    if (problem == NULL)
        problem = fault_check(&fault, scheme == DOOR_PTY ? FAULTS_ON_FRAMES : FAULTS_ON_PACKETS);
    if (problem != NULL)
        return wrong(question, "faults: %s", problem);
    return faults_add(faults, &fault, question->now * 1000) ||
           wrong(question, "faults: a script has at most %d", FAULTS_MAX);
}

static bool verb_status(struct question *question)
{
    json_t *json = status_json(question->device);
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

    if (text == NULL || strlen(text) + 4 > CONTROL_ANSWER)
        wrong(question, "no memory for the status");
    else
        snprintf(question->answer, CONTROL_ANSWER, "ok %s", text);
    free(text);
    json_decref(json);
    return true;
}

static bool verb_wait(struct question *question)
{
    uint64_t seconds = WAIT_SECONDS;
    int state = word_among(question->words[0], control_state_names, WAIT_STATES);

    if (state < 0)
        return wrong(question,
                     "wait: off | on | hung | recovery | staged | trial | settled | confirmed | rolled-back");
    if (question->words[1] != NULL && !number_read(question->words[1], WAIT_SECONDS_MAX, &seconds))
        return wrong(question, "wait: at most %d seconds", WAIT_SECONDS_MAX);
    question->client->state = (enum control_state)state;
    question->client->until_ms = question->now + seconds * 1000;
    return control_reached(question->device, question->client->state);
}

static bool settled(const struct device_status *status)
{
    return status->state == DEVICE_RUNNING && !status->trial && status->has_record &&
           status->record.kind == RECORD_SETTLED && status->boot.running == status->record.primary;
}

bool control_reached(const struct device *device, enum control_state state)
{
    struct device_status status;

    device_status(device, &status);
    switch (state) {
    case WAIT_OFF:
        return status.state == DEVICE_OFF;
    case WAIT_ON:
        return status.state == DEVICE_RUNNING;
    case WAIT_HUNG:
        return status.state == DEVICE_HUNG;
    case WAIT_RECOVERY:
        return status.state == DEVICE_RUNNING && status.boot.kind == BOOT_RECOVERY;
    case WAIT_STAGED:
        return status.has_record &&
               (status.record.slots[0].state == SLOT_STAGED || status.record.slots[1].state == SLOT_STAGED);
    case WAIT_TRIAL:
        return status.state == DEVICE_RUNNING && status.trial;
    case WAIT_SETTLED:
        return settled(&status);
    case WAIT_CONFIRMED:
        return settled(&status) && status.record.outcome == OUTCOME_CONFIRMED;
    case WAIT_ROLLED_BACK:
        return settled(&status) && status.record.outcome != OUTCOME_CONFIRMED &&
               status.record.outcome != OUTCOME_NONE && status.record.outcome != OUTCOME_ABORTED;
    case WAIT_STATES:
        break;
    }
    return false;
}

static const struct {
    const char *name;
    size_t most; /* words that it takes */
    bool (*answer)(struct question *question);
    int value;
} verbs[] = {
    {"power-cut", 3, verb_power_cut, 0},
    {"power-on", 0, verb_power_on, 0},
    {"cable", 1, verb_cable, 0},
    {"usb", 1, verb_usb, 0},
    {"mute", 1, verb_fault, CABLE_MUTE},
    {"babble", 1, verb_fault, CABLE_BABBLE},
    {"service", 1, verb_service, 0},
    {"therapy", 1, verb_use, USE_THERAPY},
    {"patient", 1, verb_use, USE_PATIENT},
    {"alarm", 1, verb_use, USE_ALARM},
    {"battery", 2, verb_battery, 0},
    {"settings", SIZE_MAX, verb_settings, 0},
    {"faults", SIZE_MAX, verb_faults, 0},
    {"status", 0, verb_status, 0},
    {"wait", 2, verb_wait, 0},
};

bool control_answer(struct device *device, char *line, uint64_t now, char answer[CONTROL_ANSWER],
                    struct control_client *client)
{
    static char empty[] = "";
    struct question question = {.device = device, .now = now, .answer = answer, .client = client};
    char *rest = strchr(line, ' '), *save = NULL;
    char rest_copy[CONTROL_LINE];
    size_t count = 0;

    if (rest != NULL)
        *rest++ = '\0';
    snprintf(rest_copy, sizeof rest_copy, "%s", rest ? rest : empty);
    question.rest = rest_copy;
    for (char *word = strtok_r(rest ? rest : empty, " ", &save); word != NULL;
         word = strtok_r(NULL, " ", &save)) {
        if (count < WORDS_MAX)
            question.words[count] = word;
        count++;
    }
    snprintf(answer, CONTROL_ANSWER, "ok");
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (strcmp(line, verbs[i].name) != 0)
            continue;
        if (count > verbs[i].most)
            return wrong(&question, "%s: too many words", line);
        question.verb = verbs[i].name;
        question.value = verbs[i].value;
        return verbs[i].answer(&question);
    }
    return wrong(&question, "no verb is called '%.40s'", line);
}
