/* The report as the device writes it (docs/formats.md 8). Device code: the key sits behind the signer. */
#include "manifests/report.h"
#include "manifests/report_labels.h"

static void put_digest(struct cbor_writer *writer, const uint8_t digest[DIGEST_SIZE])
{
    cbor_put_bytes(writer, span_of(digest, DIGEST_SIZE));
}

static void put_who(struct cbor_writer *writer, const struct report *report)
{
    cbor_put_uint(writer, REPORT_LABEL_FORMAT);
    cbor_put_uint(writer, REPORT_FORMAT);
    cbor_put_uint(writer, REPORT_LABEL_NONCE);
    cbor_put_bytes(writer, span_of(report->nonce, REPORT_NONCE_SIZE));
    cbor_put_uint(writer, REPORT_LABEL_VENDOR);
    cbor_put_bytes(writer, span_of(report->vendor, UUID_SIZE));
    cbor_put_uint(writer, REPORT_LABEL_CLASS);
    cbor_put_bytes(writer, span_of(report->class_id, UUID_SIZE));
    cbor_put_uint(writer, REPORT_LABEL_SERIAL);
    cbor_put_text_span(writer, report->serial);
    cbor_put_uint(writer, REPORT_LABEL_AGENT);
    cbor_put_text_span(writer, report->agent_version);
    cbor_put_uint(writer, REPORT_LABEL_BOOT_COUNTER);
    cbor_put_uint(writer, report->boot_counter);
}

static void put_running(struct cbor_writer *writer, const struct report_slot *slot)
{
    cbor_put_array(writer, 5);
    cbor_put_uint(writer, slot->slot);
    cbor_put_uint(writer, slot->sequence);
    cbor_put_uint(writer, slot->size);
    put_digest(writer, slot->digest);
    cbor_put_bytes(writer, span_of(slot->manifest_id, TRUST_MANIFEST_ID));
}

static void put_other(struct cbor_writer *writer, const struct report_slot *slot)
{
    cbor_put_array(writer, 4);
    cbor_put_uint(writer, slot->slot);
    cbor_put_uint(writer, slot->state);
    cbor_put_uint(writer, slot->sequence);
    put_digest(writer, slot->digest);
}

static void put_slots(struct cbor_writer *writer, const struct report *report)
{
    cbor_put_uint(writer, REPORT_LABEL_RUNNING);
    if (report->has_running)
        put_running(writer, &report->running);
    else
        cbor_put_null(writer);
    cbor_put_uint(writer, REPORT_LABEL_OTHER);
    put_other(writer, &report->other);
    cbor_put_uint(writer, REPORT_LABEL_BOOT);
    cbor_put_array(writer, 3);
    cbor_put_uint(writer, report->boot_kind);
    cbor_put_uint(writer, report->tries_left);
    cbor_put_uint(writer, report->outcome);
    cbor_put_uint(writer, REPORT_LABEL_FLOOR);
    cbor_put_uint(writer, report->floor);
    cbor_put_uint(writer, REPORT_LABEL_ROOT_VERSION);
    cbor_put_uint(writer, report->root_version);
}

static void put_evidence(struct cbor_writer *writer, const struct report *report)
{
    cbor_put_uint(writer, REPORT_LABEL_SELF_TEST);
    cbor_put_array(writer, 2);
    cbor_put_uint(writer, report->self_test);
    cbor_put_uint(writer, report->self_test_code);
    cbor_put_uint(writer, REPORT_LABEL_CONFIRMED_BY);
    cbor_put_uint(writer, report->confirmed_by);
    cbor_put_uint(writer, REPORT_LABEL_MEASURED);
    cbor_put_uint(writer, report->digest_measured);
    cbor_put_uint(writer, REPORT_LABEL_SETTINGS);
    if (report->has_settings)
        put_digest(writer, report->settings_digest);
    else
        cbor_put_null(writer);
    cbor_put_uint(writer, REPORT_LABEL_LOG_HEAD);
    put_digest(writer, report->log_head);
    cbor_put_uint(writer, REPORT_LABEL_BOOT_CHECK);
    cbor_put_uint(writer, report->boot_check);
    cbor_put_uint(writer, REPORT_LABEL_CERTIFICATE);
    cbor_put_bytes(writer, report->certificate);
}

enum status report_write(struct buffer *out, const struct report *report, const struct cose_signer *signer,
                         struct buffer payload, struct buffer scratch)
{
    payload.size = 0;
    struct cbor_writer writer = cbor_into(&payload);

    cbor_put_map(&writer, REPORT_FIELDS);
    put_who(&writer, report);
    put_slots(&writer, report);
    put_evidence(&writer, report);
    enum status status = cbor_written(&writer);
    if (status)
        return status;
    return cose_sign1_write(out, signer, span_text(REPORT_AAD), span_used(&payload), COSE_ATTACHED, scratch);
}
