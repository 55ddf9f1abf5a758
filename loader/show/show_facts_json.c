/* Identity and log for machines. Keys are stable within schema 1 (docs/schema/suture-lines-1.schema.json). */
#include "keys/base/hex.h"
#include "loader/record/receipt.h"
#include "loader/show/log_words.h"
#include "loader/show/show_facts.h"

#include <inttypes.h>
#include <string.h>

static json_t *hex(const uint8_t *bytes, size_t size)
{
    char text[2 * 65 + 1];

    hex_of(span_of(bytes, size < 65 ? size : 65), text);
    return json_string(text);
}

static json_t *text(struct span bytes)
{
    char harmless[128];

    text_harmless(harmless, sizeof harmless, (const char *)bytes.data, bytes.size);
    return json_string(harmless);
}

static json_t *number(uint64_t value)
{
    return json_integer((json_int_t)value);
}

static json_t *word(const char *const *words, size_t count, uint32_t value)
{
    return json_string(value < count ? words[value] : "unknown");
}

static json_t *numbers(const uint8_t *values, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_integer(values[i]));
    return list;
}

static json_t *framings(const struct message_capabilities *said)
{
    static const char *const names[] = {"console", "cobs", "raw"};
    json_t *list = json_array();

    for (size_t i = 0; i < said->framing_count; i++)
        json_array_append_new(list, word(names, 3, said->framings[i]));
    return list;
}

static json_t *capabilities(const struct device_abilities *abilities)
{
    const struct message_capabilities *said = &abilities->said;
    json_t *algorithms = json_array();

    for (size_t i = 0; i < said->algorithm_count; i++)
        json_array_append_new(algorithms, json_integer(said->algorithms[i]));
    return json_pack(
        "{s:I, s:s, s:I, s:I, s:I, s:o, s:I, s:I, s:I, s:I, s:o, s:o, s:{s:i, s:i, s:i}, s:I, s:b}", "proto",
        (json_int_t)said->protocol, "agent", abilities->agent, "buf", (json_int_t)said->buffer_size, "bufs",
        (json_int_t)said->buffer_count, "line", (json_int_t)said->line, "framings", framings(said),
        "manifest_max", (json_int_t)said->manifest_max, "block_max", (json_int_t)said->block_max,
        "segment_max", (json_int_t)said->segment_max, "ram", (json_int_t)said->ram, "codecs",
        numbers(said->codecs, said->codec_count), "algs", algorithms, "policy", "classical", said->policy[0],
        "post_quantum", said->policy[1], "all", said->policy[2], "root", (json_int_t)said->root_version,
        "rescue", said->rescue);
}

static void add_boot(json_t *out, uint8_t kind, uint8_t tries_left, uint8_t outcome)
{
    json_object_set_new(out, "boot", json_string(boot_kind_name(kind)));
    json_object_set_new(out, "tries_left", number(tries_left));
    json_object_set_new(out, "last_outcome", json_string(outcome_name(outcome)));
}

static json_t *running(const struct report *report)
{
    const struct report_slot *slot = &report->running;

    if (!report->has_running)
        return json_null();
    return json_pack("{s:s, s:I, s:I, s:o, s:o}", "slot", slot->slot ? "B" : "A", "sequence",
                     (json_int_t)slot->sequence, "size", (json_int_t)slot->size, "sha256",
                     hex(slot->digest, DIGEST_SIZE), "manifest", hex(slot->manifest_id, TRUST_MANIFEST_ID));
}

static json_t *certificate(struct span bytes)
{
    struct certificate read;
    char issued[24];

    if (certificate_read(bytes, &read) != OK)
        return json_null();
    time_text(read.issued, issued);
    return json_pack("{s:o, s:o, s:o, s:o, s:s}", "vendor", hex(read.vendor, UUID_SIZE), "class",
                     hex(read.class_id, UUID_SIZE), "serial", text(read.serial), "public_key",
                     hex(read.public_key, sizeof read.public_key), "issued", issued);
}

static json_t *report_json(const struct report *report)
{
    static const char *const tests[] = {"none", "passed", "failed"};
    static const char *const confirmers[] = {"nobody", "device", "port"};
    static const char *const checks[] = {"platform", "digest", "signature"};
    json_t *out = json_object();

    json_object_set_new(out, "nonce", hex(report->nonce, sizeof report->nonce));
    json_object_set_new(out, "vendor", hex(report->vendor, UUID_SIZE));
    json_object_set_new(out, "class", hex(report->class_id, UUID_SIZE));
    json_object_set_new(out, "serial", text(report->serial));
    json_object_set_new(out, "agent", text(report->agent_version));
    json_object_set_new(out, "boot_counter", number(report->boot_counter));
    json_object_set_new(out, "running", running(report));
    json_object_set_new(out, "other",
                        json_pack("{s:s, s:s, s:I, s:o}", "slot", report->other.slot ? "B" : "A", "state",
                                  slot_state_name(report->other.state), "sequence",
                                  (json_int_t)report->other.sequence, "sha256",
                                  hex(report->other.digest, DIGEST_SIZE)));
    add_boot(out, report->boot_kind, report->tries_left, report->outcome);
    json_object_set_new(out, "floor", number(report->floor));
    json_object_set_new(out, "root", number(report->root_version));
    json_object_set_new(out, "self_test", word(tests, 3, report->self_test));
    json_object_set_new(out, "self_test_code", number(report->self_test_code));
    json_object_set_new(out, "confirmed_by", word(confirmers, 3, report->confirmed_by));
    json_object_set_new(out, "measured", json_string(report->digest_measured ? "now" : "boot"));
    json_object_set_new(out, "settings",
                        report->has_settings ? hex(report->settings_digest, DIGEST_SIZE) : json_null());
    json_object_set_new(out, "log_head", hex(report->log_head, DIGEST_SIZE));
    json_object_set_new(out, "boot_check", word(checks, 3, report->boot_check));
    json_object_set_new(out, "certificate", certificate(report->certificate));
    return out;
}

void show_identify_json(json_t *line, const struct event *event)
{
    const struct device_facts *device = event->device;

    add_boot(line, device->boot_kind, device->tries_left, device->outcome);
    json_object_set_new(line, "capabilities", capabilities(event->abilities));
    json_object_set_new(line, "report", event->report ? report_json(event->report) : json_null());
    json_object_set_new(line, "proven", json_boolean(event->proven));
}

void show_log_json(json_t *line, const struct event *event)
{
    const struct message_log_item *item = event->log;
    char words[160];

    log_item_text(item, words, sizeof words);
    json_object_set_new(line, "number", number(item->number));
    json_object_set_new(line, "seconds", number(item->time));
    json_object_set_new(line, "code", number(item->code));
    json_object_set_new(line, "name", json_string(log_code_name(item->code)));
    json_object_set_new(line, "a", number(item->a));
    json_object_set_new(line, "b", number(item->b));
    json_object_set_new(line, "text", json_string(words));
}
