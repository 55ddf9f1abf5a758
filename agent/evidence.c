/* The report's fields, and the device key that signs them. */
#include "agent/evidence.h"

#include "agent/gather.h"
#include "keys/p256.h"

#include <string.h>

#define REPORT_EVERY_MS   5000 /* signing is slow: a stranger with a cable must not keep the device at it */
#define DIGEST_AT_BOOT    0
#define BOOT_CHECK_DIGEST 1

static struct report_slot running_slot(const struct agent *agent)
{
    const struct record_slot *slot = &agent->record.slots[agent->boot.running];
    struct report_slot out = {
        .slot = agent->boot.running,
        .state = slot->state,
        .sequence = slot->sequence,
        .size = slot->size,
    };

    memcpy(out.digest, slot->digest, sizeof out.digest);
    memcpy(out.manifest_id, slot->manifest_id, sizeof out.manifest_id);
    return out;
}

static struct report_slot other_slot(const struct agent *agent)
{
    uint8_t other = agent->boot.running == SLOT_A ? SLOT_B : SLOT_A;
    const struct record_slot *slot = &agent->record.slots[other];
    struct report_slot out = {.slot = other, .state = slot->state, .sequence = slot->sequence};

    memcpy(out.digest, slot->digest, sizeof out.digest);
    return out;
}

static void fill_record(const struct agent *agent, struct report *out)
{
    const struct record *record = &agent->record;

    if (!agent->has_record)
        return;
    out->has_running = agent_runs(agent);
    if (out->has_running)
        out->running = running_slot(agent);
    out->other = other_slot(agent);
    out->outcome = record->outcome;
    out->floor = record->floor;
    out->self_test = record->self_test;
    out->self_test_code = record->self_test_code;
    out->confirmed_by = record->confirmed_by;
    if (agent->trial.running) {
        out->self_test = (uint8_t)agent->trial.self_test.result;
        out->self_test_code = agent->trial.self_test.code;
        out->confirmed_by = CONFIRMED_BY_NOBODY;
    }
}

static void fill(const struct agent *agent, const uint8_t nonce[REPORT_NONCE_SIZE], struct report *out)
{
    const struct identity *identity = &agent->identity;
    const struct port *port = agent->port;

    *out = (struct report){
        .serial = identity->serial,
        .agent_version = span_text(port->agent_version),
        .boot_counter = agent->log.boot_counter,
        .boot_kind = agent_kind(agent),
        .tries_left = agent_tries_left(agent),
        .root_version = agent->has_trust ? agent->trust.version : 0,
        .digest_measured = DIGEST_AT_BOOT,
        .boot_check = BOOT_CHECK_DIGEST,
        .certificate = identity->certificate,
    };
    memcpy(out->nonce, nonce, REPORT_NONCE_SIZE);
    memcpy(out->vendor, identity->vendor, UUID_SIZE);
    memcpy(out->class_id, identity->class_id, UUID_SIZE);
    memcpy(out->log_head, agent->log.head, DIGEST_SIZE);
    fill_record(agent, out);
    out->has_settings =
        port->settings_digest && port->settings_digest(port->context, out->settings_digest) == OK;
}

static enum status sign_with_port(void *context, struct span message, struct buffer *signature)
{
    const struct agent *agent = context;
    uint8_t raw[P256_SIGNATURE_SIZE];
    enum status status = agent->port->sign(agent->port->context, agent->identity.private_key, message, raw);

    if (status)
        return status;
    return buffer_append(signature, span_of(raw, sizeof raw)) ? OK : TOO_LARGE;
}

/* The key id is that of the certificate: what nobody certified proves nothing. */
static enum status signer_make(struct agent *agent, struct cose_signer *out)
{
    struct certificate certificate;

    if (!agent->has_identity || !agent->identity.certificate.data ||
        certificate_read(agent->identity.certificate, &certificate))
        return NO_KEY;
    *out = (struct cose_signer){.algorithm = COSE_ESP256, .context = agent, .sign = sign_with_port};
    key_id_of(span_of(certificate.public_key, sizeof certificate.public_key), out->key_id);
    return OK;
}

bool evidence_has(const struct agent *agent, const uint8_t nonce[REPORT_NONCE_SIZE])
{
    return agent->report_size > 0 && memcmp(agent->report_nonce, nonce, REPORT_NONCE_SIZE) == 0;
}

static enum refusal report_sign(struct agent *agent, const uint8_t nonce[REPORT_NONCE_SIZE],
                                const struct cose_signer *signer)
{
    size_t half = agent->memory.report.capacity / 2;
    struct buffer out = buffer_over(agent->memory.report.data, half);
    struct buffer payload = buffer_over(agent->memory.report.data + half, half);
    struct buffer scratch = buffer_over(agent->memory.manifest.data, agent->memory.manifest.capacity);

    if (!gather_borrow(agent))
        return REFUSED_BUSY;
    fill(agent, nonce, &agent->scratch.report);
    enum status status = report_write(&out, &agent->scratch.report, signer, payload, scratch);
    if (status)
        return refusal_of(status);
    agent->report_size = out.size;
    agent->report_made = agent->now;
    agent->report_record = agent->record.number;
    agent->report_log = agent->log.next_number;
    agent->report_self_test = (uint8_t)agent->trial.self_test.result;
    memcpy(agent->report_nonce, nonce, REPORT_NONCE_SIZE);
    return ALLOWED;
}

/* The last report still says how things are, so that asking again for a lost answer costs no signature. */
static bool nothing_changed(const struct agent *agent)
{
    return agent->report_record == agent->record.number && agent->report_log == agent->log.next_number &&
           agent->report_self_test == (uint8_t)agent->trial.self_test.result;
}

enum refusal evidence_make(struct agent *agent, const uint8_t nonce[REPORT_NONCE_SIZE])
{
    struct cose_signer signer;

    bool fresh = agent->report_size > 0 && agent->now - agent->report_made < REPORT_EVERY_MS;

    if (fresh && evidence_has(agent, nonce) && nothing_changed(agent))
        return ALLOWED;
    if (fresh)
        return REFUSED_BUSY;
    if (signer_make(agent, &signer))
        return REFUSED_NO_KEY;
    agent->report_size = 0;
    return report_sign(agent, nonce, &signer);
}

struct span evidence_bytes(const struct agent *agent)
{
    return span_of(agent->memory.report.data, agent->report_size);
}
