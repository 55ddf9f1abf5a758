#include "loader/show/show_json.h"

#include "keys/base/hex.h"
#include "loader/record/receipt.h"
#include "loader/show/show_facts.h"

#include <inttypes.h>
#include <jansson.h>
#include <time.h>

static const char *event_name(enum event_kind kind)
{
    static const char *const names[] = {"device", "phase",    "progress", "silence", "note",
                                        "result", "identify", "log",      "chatter", "gone"};
    return names[kind];
}

static json_t *json_slot(const struct message_slot *slot)
{
    static const char *const states[] = {"empty", "staging", "staged", "good", "bad"};
    char digest[2 * DIGEST_SIZE + 1];

    hex_of(span_of(slot->hash, DIGEST_SIZE), digest);
    return json_pack("{s:s, s:s, s:I, s:o, s:s, s:b}", "slot", slot->slot ? "B" : "A", "state",
                     slot->state < 5 ? states[slot->state] : "unknown", "sequence",
                     (json_int_t)slot->sequence, "version",
                     json_sprintf("%" PRIu32 ".%" PRIu32 ".%" PRIu32, slot->version[0], slot->version[1],
                                  slot->version[2]),
                     "sha256", digest, "active", slot->active);
}

static void add_device(json_t *line, const struct device_facts *device)
{
    static const char *const kinds[] = {"recovery", "settled", "trial"};
    char vendor[2 * UUID_SIZE + 1], class_id[2 * UUID_SIZE + 1];
    json_t *slots = json_array();

    hex_of(span_of(device->vendor, UUID_SIZE), vendor);
    hex_of(span_of(device->class_id, UUID_SIZE), class_id);
    for (size_t i = 0; i < device->slot_count; i++)
        json_array_append_new(slots, json_slot(&device->slots[i]));
    json_object_set_new(line, "vendor", json_string(vendor));
    json_object_set_new(line, "class", json_string(class_id));
    json_object_set_new(line, "model", json_string(device->model));
    json_object_set_new(line, "hw", json_string(device->hardware));
    json_object_set_new(line, "boot",
                        json_string(device->boot_kind < 3 ? kinds[device->boot_kind] : "unknown"));
    json_object_set_new(line, "floor", json_integer((json_int_t)device->floor));
    json_object_set_new(line, "slots", slots);
}

static void add_result(json_t *line, const struct event *event)
{
    json_object_set_new(line, "outcome", json_string(verdict_outcome(event->verdict.code)));
    json_object_set_new(line, "exit", json_integer(event->verdict.code));
    json_object_set_new(line, "disposition", json_string(disposition_name(event->verdict.disposition)));
    json_object_set_new(line, "receipt", event->receipt ? json_string(event->receipt) : json_null());
    if (event->failure != NULL)
        json_object_set_new(line, "error",
                            json_pack("{s:o, s:s, s:s, s:s}", "id",
                                      json_sprintf("E-%02d", event->failure->id), "title",
                                      failure_entry(event->failure->id)->title, "what", event->failure->what,
                                      "next", failure_entry(event->failure->id)->next));
}

void show_event_json(FILE *out, const struct event *event)
{
    char time_now[24];

    time_text((uint64_t)time(NULL), time_now);
    json_t *line = json_pack("{s:i, s:s, s:s, s:o, s:o}", "schema", SHOW_SCHEMA, "t", time_now, "ev",
                             event_name(event->kind), "address", json_string(event->address), "device",
                             json_string(event->label));
    if (line == NULL)
        return;
    if (event->kind == EVENT_DEVICE || event->kind == EVENT_IDENTIFY || event->kind == EVENT_GONE)
        add_device(line, event->device);
    if (event->kind == EVENT_IDENTIFY)
        show_identify_json(line, event);
    if (event->kind == EVENT_LOG)
        show_log_json(line, event);
    if (event->kind == EVENT_PHASE || event->kind == EVENT_PROGRESS || event->kind == EVENT_SILENCE) {
        json_object_set_new(line, "phase", json_string(event->name));
        json_object_set_new(line, "n", json_integer(event->number));
        json_object_set_new(line, "of", json_integer(event->of));
    }
    if (event->kind == EVENT_PROGRESS) {
        json_object_set_new(line, "done", json_integer((json_int_t)event->done));
        json_object_set_new(line, "total", json_integer((json_int_t)event->total));
        if (event->eta >= 0)
            json_object_set_new(line, "eta_s", json_integer(event->eta));
    }
    if (event->kind == EVENT_SILENCE) {
        json_object_set_new(line, "silent_s", json_integer(event->silent));
        if (event->normal >= 0)
            json_object_set_new(line, "normal_s", json_integer(event->normal));
        json_object_set_new(line, "unknown_s", json_integer(event->unknown));
    }
    if (event->kind == EVENT_CHATTER && event->passed_over > 0)
        json_object_set_new(line, "passed_over", json_integer((json_int_t)event->passed_over));
    if (event->text[0] != '\0')
        json_object_set_new(line, "text", json_string(event->text));
    if (event->kind == EVENT_RESULT)
        add_result(line, event);
    json_dumpf(line, out, JSON_COMPACT | JSON_ENSURE_ASCII);
    fputc('\n', out);
    fflush(out);
    json_decref(line);
}
