/* Identity and log as text for people; show_facts_json.c has the machines' form. */
#include "loader/show/show_facts.h"

#include "keys/base/hex.h"
#include "loader/record/receipt.h"
#include "loader/show/log_words.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#define SLOT_STATE_EMPTY 0 /* docs/formats.md 3 */

static void label(struct show *show, const struct event *event)
{
    unsigned columns = show_columns(event->label);
    fprintf(show->out, "%s%*s ", event->label,
            columns < show->label_width ? (int)(show->label_width - columns) : 0, "");
}

__attribute__((format(printf, 4, 5))) static void fact(struct show *show, const struct event *event,
                                                       const char *name, const char *format, ...)
{
    char text[512], harmless[512];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    text_harmless(harmless, sizeof harmless, text, strlen(text));
    label(show, event);
    fprintf(show->out, "  %-16s %s\n", name, harmless);
}

static void hex_fact(struct show *show, const struct event *event, const char *name, const uint8_t *bytes,
                     size_t size)
{
    char text[2 * 65 + 1];

    hex_of(span_of(bytes, size < 65 ? size : 65), text);
    fact(show, event, name, "%s", text);
}

static void put_numbers(char *out, size_t capacity, const char *const *words, size_t word_count,
                        const uint8_t *numbers, size_t count)
{
    size_t used = 0;

    snprintf(out, capacity, "%s", "none named");
    for (size_t i = 0; i < count && used < capacity; i++) {
        const char *between = i == 0 ? "" : ", ";
        int length = numbers[i] < word_count
                         ? snprintf(out + used, capacity - used, "%s%s", between, words[numbers[i]])
                         : snprintf(out + used, capacity - used, "%s%u", between, numbers[i]);
        used += (size_t)length;
    }
}

static void show_abilities(struct show *show, const struct event *event)
{
    static const char *const framings[] = {"console", "COBS", "raw"};
    static const char *const codecs[] = {"stored", "deflate", "delta + deflate", "modelled"};
    const struct message_capabilities *said = &event->abilities->said;
    char list[160];

    fact(show, event, "agent", "%s, protocol %" PRIu32, event->abilities->agent, said->protocol);
    fact(show, event, "buffers", "%" PRIu32 " of %" PRIu32 " bytes", said->buffer_count, said->buffer_size);
    put_numbers(list, sizeof list, framings, 3, said->framings, said->framing_count);
    if (said->line > 0)
        fact(show, event, "framings", "%s; console lines of at most %" PRIu32 " bytes", list, said->line);
    else
        fact(show, event, "framings", "%s", list);
    put_numbers(list, sizeof list, codecs, 4, said->codecs, said->codec_count);
    fact(show, event, "codecs", "%s", list);
    fact(show, event, "limits",
         "manifest %" PRIu32 ", block %" PRIu32 ", segment %" PRIu32 ", decoder RAM %" PRIu32 " bytes",
         said->manifest_max, said->block_max, said->segment_max, said->ram);
    fact(show, event, "policy", "at least %u classical, %u post-quantum, %u in all", said->policy[0],
         said->policy[1], said->policy[2]);
    fact(show, event, "root", "version %" PRIu32 "%s", said->root_version,
         said->rescue ? "; takes a rescue bundle" : "");
}

static void show_slots(struct show *show, const struct event *event)
{
    const struct device_facts *device = event->device;

    for (size_t i = 0; i < device->slot_count; i++) {
        const struct message_slot *slot = &device->slots[i];
        char digest[2 * DIGEST_SIZE + 1];
        const char *name = slot->slot ? "slot B" : "slot A";
        if (slot->state == SLOT_STATE_EMPTY) {
            fact(show, event, name, "empty");
            continue;
        }
        hex_of(span_of(slot->hash, DIGEST_SIZE), digest);
        fact(show, event, name,
             "%s%s, sequence %" PRIu32 ", version %" PRIu32 ".%" PRIu32 ".%" PRIu32 ", sha256 %s",
             slot_state_name(slot->state), slot->active ? ", runs" : "", slot->sequence, slot->version[0],
             slot->version[1], slot->version[2], digest);
    }
}

static void show_certificate(struct show *show, const struct event *event)
{
    struct certificate certificate;
    char issued[24];

    if (certificate_read(event->report->certificate, &certificate) != OK) {
        fact(show, event, "certificate", "can't be read");
        return;
    }
    time_text(certificate.issued, issued);
    fact(show, event, "certificate", "of serial %.*s, issued %s", (int)certificate.serial.size,
         (const char *)certificate.serial.data, issued);
    hex_fact(show, event, "device key", certificate.public_key, sizeof certificate.public_key);
}

static void show_report_slots(struct show *show, const struct event *event)
{
    const struct report *report = event->report;
    char digest[2 * DIGEST_SIZE + 1], manifest[2 * TRUST_MANIFEST_ID + 1];

    hex_of(span_of(report->running.digest, DIGEST_SIZE), digest);
    hex_of(span_of(report->running.manifest_id, TRUST_MANIFEST_ID), manifest);
    if (report->has_running)
        fact(show, event, "runs", "slot %c, sequence %" PRIu32 ", %" PRIu64 " bytes, sha256 %s, manifest %s",
             report->running.slot ? 'B' : 'A', report->running.sequence, report->running.size, digest,
             manifest);
    else
        fact(show, event, "runs", "nothing that was proven");
    hex_of(span_of(report->other.digest, DIGEST_SIZE), digest);
    if (report->other.state == SLOT_STATE_EMPTY)
        fact(show, event, "other slot", "%c, empty", report->other.slot ? 'B' : 'A');
    else
        fact(show, event, "other slot", "%c, %s, sequence %" PRIu32 ", sha256 %s",
             report->other.slot ? 'B' : 'A', slot_state_name(report->other.state), report->other.sequence,
             digest);
}

static void show_report(struct show *show, const struct event *event)
{
    static const char *const tests[] = {"none was run", "passed", "failed"};
    static const char *const confirmers[] = {"nobody", "the device", "a person at the port"};
    static const char *const checks[] = {"by the platform", "by digest", "by signature"};
    const struct report *report = event->report;

    fact(show, event, "serial", "%.*s, agent %.*s, start number %" PRIu32, (int)report->serial.size,
         (const char *)report->serial.data, (int)report->agent_version.size,
         (const char *)report->agent_version.data, report->boot_counter);
    show_report_slots(show, event);
    fact(show, event, "boot", "%s, tries left %u, last outcome %s, checked %s",
         boot_kind_name(report->boot_kind), report->tries_left, outcome_name(report->outcome),
         report->boot_check < 3 ? checks[report->boot_check] : "in an unknown way");
    const char *test = report->self_test < 3 ? tests[report->self_test] : "unknown";
    if (report->self_test_code != 0)
        fact(show, event, "self test", "%s, code %u", test, report->self_test_code);
    else
        fact(show, event, "self test", "%s", test);
    fact(show, event, "confirmed by", "%s",
         report->confirmed_by < 3 ? confirmers[report->confirmed_by] : "unknown");
    fact(show, event, "floor", "%" PRIu32 "; root version %" PRIu32, report->floor, report->root_version);
    fact(show, event, "digest", "measured %s", report->digest_measured ? "for this report" : "at its start");
    if (report->has_settings)
        hex_fact(show, event, "settings sha256", report->settings_digest, DIGEST_SIZE);
    hex_fact(show, event, "log head", report->log_head, DIGEST_SIZE);
    show_certificate(show, event);
    hex_fact(show, event, "nonce", report->nonce, sizeof report->nonce);
}

void show_identify(struct show *show, const struct event *event)
{
    const struct device_facts *device = event->device;

    label(show, event);
    fprintf(show->out, "what it says, unsigned:\n");
    hex_fact(show, event, "vendor", device->vendor, UUID_SIZE);
    hex_fact(show, event, "class", device->class_id, UUID_SIZE);
    fact(show, event, "model", "%s, hardware revision %s", device->model, device->hardware);
    fact(show, event, "boot", "%s, tries left %u, last outcome %s", boot_kind_name(device->boot_kind),
         device->tries_left, outcome_name(device->outcome));
    fact(show, event, "floor", "%" PRIu32, device->floor);
    show_slots(show, event);
    show_abilities(show, event);
    label(show, event);
    if (event->report == NULL) {
        fprintf(show->out, "no signed report\n");
        return;
    }
    fprintf(show->out, event->proven ? "what it signed, proven by its vendor's root:\n"
                                     : "what its report says; NOT PROVEN, see the failure below:\n");
    show_report(show, event);
}

void show_log(struct show *show, const struct event *event)
{
    const struct message_log_item *item = event->log;
    char text[160];

    log_item_text(item, text, sizeof text);
    label(show, event);
    fprintf(show->out, "%5" PRIu32 "  %+7" PRId64 " s  %-11s  %s\n", item->number, (int64_t)item->time,
            log_code_name(item->code), text);
}
