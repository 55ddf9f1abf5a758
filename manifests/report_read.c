/* The report as a host reads and judges it (docs/formats.md 8). Nothing unknown is passed over: a field that this build
 * does not understand could change what the others mean. */
#include "manifests/report.h"
#include "manifests/report_labels.h"
#include "keys/document.h"

#include <string.h>

enum { SLOT_B = 1, STATE_BAD = 4, KIND_TRIAL = 2, TRIES_MOST = 7, OUTCOME_WATCHDOG = 7 };
enum { SELF_TEST_FAILED = 2, CONFIRMED_BY_PORT = 2, MEASURED_NOW = 1, BOOT_CHECK_SIGNATURE = 2 };

static enum status read_up_to(struct cbor *cbor, uint8_t most, uint8_t *value)
{
    enum status status = cbor_uint8(cbor, value);

    return !status && *value > most ? BAD_FORMAT : status;
}

static enum status read_version(struct cbor *cbor)
{
    uint64_t format;
    enum status status = cbor_uint(cbor, &format);

    return !status && format != REPORT_FORMAT ? BAD_VERSION : status;
}

/* Text is shown to people: 1 to `most` bytes, no control characters. */
static enum status read_text(struct cbor *cbor, size_t most, struct span *text)
{
    enum status status = cbor_text(cbor, text);

    if (status)
        return status;
    if (text->size == 0 || text->size > most)
        return BAD_FORMAT;
    for (size_t i = 0; i < text->size; i++)
        if (text->data[i] < 0x20 || text->data[i] == 0x7f)
            return BAD_FORMAT;
    return OK;
}

static enum status read_array(struct cbor *cbor, uint64_t count)
{
    struct cbor_items items;
    enum status status = cbor_enter_array(cbor, &items);

    return !status && items.left != count ? BAD_FORMAT : status;
}

static enum status read_running(struct cbor *cbor, struct report *out)
{
    struct report_slot *slot = &out->running;
    enum status status;

    out->has_running = cbor_kind(cbor) != CBOR_NULL;
    if (!out->has_running)
        return cbor_null(cbor);
    if ((status = read_array(cbor, 5)) || (status = read_up_to(cbor, SLOT_B, &slot->slot)) ||
        (status = cbor_uint32(cbor, &slot->sequence)) || (status = cbor_uint(cbor, &slot->size)) ||
        (status = cbor_bytes_exact(cbor, slot->digest, DIGEST_SIZE)))
        return status;
    return cbor_bytes_exact(cbor, slot->manifest_id, TRUST_MANIFEST_ID);
}

static enum status read_other(struct cbor *cbor, struct report_slot *slot)
{
    enum status status;

    if ((status = read_array(cbor, 4)) || (status = read_up_to(cbor, SLOT_B, &slot->slot)) ||
        (status = read_up_to(cbor, STATE_BAD, &slot->state)) || (status = cbor_uint32(cbor, &slot->sequence)))
        return status;
    return cbor_bytes_exact(cbor, slot->digest, DIGEST_SIZE);
}

static enum status read_boot(struct cbor *cbor, struct report *out)
{
    enum status status;

    if ((status = read_array(cbor, 3)) || (status = read_up_to(cbor, KIND_TRIAL, &out->boot_kind)) ||
        (status = read_up_to(cbor, TRIES_MOST, &out->tries_left)))
        return status;
    return read_up_to(cbor, OUTCOME_WATCHDOG, &out->outcome);
}

static enum status read_self_test(struct cbor *cbor, struct report *out)
{
    uint32_t code;
    enum status status;

    if ((status = read_array(cbor, 2)) || (status = read_up_to(cbor, SELF_TEST_FAILED, &out->self_test)) ||
        (status = cbor_uint32(cbor, &code)))
        return status;
    if (code > UINT16_MAX)
        return BAD_FORMAT;
    out->self_test_code = (uint16_t)code;
    return OK;
}

static enum status read_settings(struct cbor *cbor, struct report *out)
{
    out->has_settings = cbor_kind(cbor) != CBOR_NULL;
    if (!out->has_settings)
        return cbor_null(cbor);
    return cbor_bytes_exact(cbor, out->settings_digest, DIGEST_SIZE);
}

static enum status read_certificate(struct cbor *cbor, struct span *certificate)
{
    enum status status = cbor_bytes(cbor, certificate);

    return !status && (certificate->size == 0 || certificate->size > CERTIFICATE_MAX) ? BAD_FORMAT : status;
}

static enum status read_who(struct cbor *cbor, uint64_t label, struct report *out)
{
    switch (label) {
    case REPORT_LABEL_FORMAT:
        return read_version(cbor);
    case REPORT_LABEL_NONCE:
        return cbor_bytes_exact(cbor, out->nonce, REPORT_NONCE_SIZE);
    case REPORT_LABEL_VENDOR:
        return cbor_bytes_exact(cbor, out->vendor, UUID_SIZE);
    case REPORT_LABEL_CLASS:
        return cbor_bytes_exact(cbor, out->class_id, UUID_SIZE);
    case REPORT_LABEL_SERIAL:
        return read_text(cbor, SERIAL_MAX, &out->serial);
    case REPORT_LABEL_AGENT:
        return read_text(cbor, REPORT_AGENT_MAX, &out->agent_version);
    default:
        return BAD_FORMAT;
    }
}

static enum status read_field(struct cbor *cbor, uint64_t label, struct report *out)
{
    switch (label) {
    case REPORT_LABEL_BOOT_COUNTER:
        return cbor_uint32(cbor, &out->boot_counter);
    case REPORT_LABEL_RUNNING:
        return read_running(cbor, out);
    case REPORT_LABEL_OTHER:
        return read_other(cbor, &out->other);
    case REPORT_LABEL_BOOT:
        return read_boot(cbor, out);
    case REPORT_LABEL_FLOOR:
        return cbor_uint32(cbor, &out->floor);
    case REPORT_LABEL_ROOT_VERSION:
        return cbor_uint32(cbor, &out->root_version);
    case REPORT_LABEL_SELF_TEST:
        return read_self_test(cbor, out);
    case REPORT_LABEL_CONFIRMED_BY:
        return read_up_to(cbor, CONFIRMED_BY_PORT, &out->confirmed_by);
    case REPORT_LABEL_MEASURED:
        return read_up_to(cbor, MEASURED_NOW, &out->digest_measured);
    case REPORT_LABEL_SETTINGS:
        return read_settings(cbor, out);
    case REPORT_LABEL_LOG_HEAD:
        return cbor_bytes_exact(cbor, out->log_head, DIGEST_SIZE);
    case REPORT_LABEL_BOOT_CHECK:
        return read_up_to(cbor, BOOT_CHECK_SIGNATURE, &out->boot_check);
    case REPORT_LABEL_CERTIFICATE:
        return read_certificate(cbor, &out->certificate);
    default:
        return read_who(cbor, label, out);
    }
}

/* Labels ascend and none comes twice, so as many as there are fields means each of them. */
static enum status read_payload(struct span payload, struct report *out)
{
    struct cbor cbor = cbor_over(payload, CBOR_CANONICAL);
    struct cbor_items items;
    uint64_t label;
    enum status status = cbor_enter_map(&cbor, &items);

    if (!status && items.left != REPORT_FIELDS)
        return BAD_FORMAT;
    while (!status && !(status = document_label(&cbor, &items, &label)) && label != 0)
        status = read_field(&cbor, label, out);
    if (!status)
        status = cbor_end(&cbor);
    if (!status && out->has_running && out->running.slot == out->other.slot)
        return BAD_FORMAT;
    return status;
}

static enum status read_block(struct span bytes, struct cose_sign1 *block, struct report *out)
{
    if (bytes.size > REPORT_MAX)
        return TOO_LARGE;
    if (cose_read(bytes, block) || block->payload.data == NULL || block->key_id.data == NULL)
        return BAD_FORMAT;
    memset(out, 0, sizeof *out);
    return document_status(read_payload(block->payload, out));
}

enum status report_read(struct span bytes, struct report *out)
{
    struct cose_sign1 block;
    struct report report;
    enum status status = read_block(bytes, &block, &report);

    if (!status)
        *out = report;
    return status;
}

/* The report is by the certificate's key, and speaks of the certificate's device. */
static enum status judge(const struct cose_sign1 *block, const struct report *report,
                         const struct certificate *certificate)
{
    uint8_t key_id[KEY_ID_SIZE];

    key_id_of(span_of(certificate->public_key, sizeof certificate->public_key), key_id);
    if (!span_equal(block->key_id, span_of(key_id, KEY_ID_SIZE)))
        return UNKNOWN_KEY;
    enum status status = cose_verify(block, span_text(REPORT_AAD), span_of(NULL, 0), certificate->public_key);
    if (status)
        return status;
    if (memcmp(report->vendor, certificate->vendor, UUID_SIZE) != 0 ||
        memcmp(report->class_id, certificate->class_id, UUID_SIZE) != 0 ||
        !span_equal(report->serial, certificate->serial))
        return WRONG_SCOPE;
    return OK;
}

enum status report_verify(struct span bytes, const struct trust *trust,
                          const uint8_t nonce[REPORT_NONCE_SIZE], struct report *out)
{
    struct cose_sign1 block;
    struct report report;
    struct certificate certificate;
    enum status status = read_block(bytes, &block, &report);

    if (!status)
        status = certificate_verify(report.certificate, trust, &certificate);
    if (!status)
        status = judge(&block, &report, &certificate);
    if (!status && memcmp(report.nonce, nonce, REPORT_NONCE_SIZE) != 0)
        status = BAD_DIGEST;
    if (!status)
        *out = report;
    return status;
}
