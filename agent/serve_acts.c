/* Check, activate, confirm, rollback, abort, trust: each asks what must hold, then does one thing. */
#include "agent/serve_acts.h"

#include "agent/gather.h"
#include "agent/interlock.h"
#include "agent/judge.h"
#include "agent/measure.h"
#include "agent/steps.h"
#include "agent/trial.h"
#include "agent/trust_store.h"
#include "agent/upload.h"

#include <string.h>

#define RESET_QUIET_MS 60000 /* how long a reset may keep the device silent when no manifest says so */

static bool digest_request(struct span body, const char *key, uint8_t out[DIGEST_SIZE])
{
    struct cbor value;

    return smp_find(body, key, &value) == OK && cbor_bytes_exact(&value, out, DIGEST_SIZE) == OK;
}

/* Check and trust: gathers the document of `owner`. `*whole` becomes true with its last byte; `*wanted` is the offset to
 * answer. */
static enum refusal document_chunk(struct exchange *exchange, enum gather_owner owner, uint64_t *wanted,
                                   bool *whole)
{
    struct agent *agent = exchange->agent;
    struct chunk chunk;
    enum refusal refusal = chunk_read(exchange->body, &chunk);

    *whole = false;
    *wanted = 0;
    if (refusal)
        return refusal;
    if (chunk.offset == 0) {
        if (chunk.length > agent->memory.manifest.capacity)
            return REFUSED_MEMORY;
        gather_start(agent, owner, &chunk);
    }
    if (agent->gather.owner != owner)
        return ALLOWED;
    *wanted = gather_offset(agent);
    if (chunk.offset != *wanted)
        return ALLOWED;
    refusal = gather_take(agent, chunk.data);
    *wanted = gather_offset(agent);
    *whole = !refusal && *wanted == agent->gather.length;
    return refusal;
}

static int32_t section_of(const struct suit_where *where)
{
    return where->label >= INT32_MIN && where->label <= INT32_MAX ? (int32_t)where->label : 0;
}

enum refusal act_check(struct exchange *exchange)
{
    struct agent *agent = exchange->agent;
    struct message_check message = {0};
    enum refusal refusal = document_chunk(exchange, GATHER_CHECK, &message.offset, &message.has_verdict);

    if (refusal)
        return refusal;
    if (message.has_verdict) {
        enum status status = judge_update(agent, span_used(&agent->memory.manifest), PLAN_ANY_STREAM);
        message.verdict = (uint8_t)refusal_of(status);
        message.reason = (uint32_t)-status;
        message.section = status ? section_of(&agent->scratch.judged.where) : 0;
        message.has_want = status == OK;
        message.want = agent->scratch.judged.plan.stream;
        gather_end(agent);
    }
    return message_check_write(&exchange->out, &message) ? REFUSED_TOO_LONG : ALLOWED;
}

enum refusal act_trust(struct exchange *exchange)
{
    struct agent *agent = exchange->agent;
    struct cbor_writer writer = cbor_into(&exchange->out);
    uint64_t wanted;
    bool whole;
    enum status status = interlock_allows_moment(agent);
    enum refusal refusal =
        status ? refusal_of(status) : document_chunk(exchange, GATHER_TRUST, &wanted, &whole);

    if (refusal)
        return refusal;
    if (whole) {
        refusal = trust_store_replace(agent, span_used(&agent->memory.manifest));
        gather_end(agent);
    }
    if (refusal)
        return refusal;
    cbor_put_map(&writer, whole ? 2 : 1);
    cbor_put_text(&writer, "off");
    cbor_put_uint(&writer, wanted);
    if (whole) {
        cbor_put_text(&writer, "root");
        cbor_put_uint(&writer, agent->trust.version);
    }
    return ALLOWED;
}

enum refusal serve_reset_ms(struct exchange *exchange)
{
    const struct agent *agent = exchange->agent;
    struct cbor_writer writer = cbor_into(&exchange->out);
    uint32_t quiet = agent->reset_quiet_ms > 0 ? agent->reset_quiet_ms : RESET_QUIET_MS;

    cbor_put_map(&writer, 1);
    cbor_put_text(&writer, "reset_ms");
    cbor_put_uint(&writer, quiet);
    return ALLOWED;
}

/* The staged manifest is judged again: keys may be withdrawn, the running image another one by now. */
static enum refusal judge_staged(struct agent *agent)
{
    uint8_t other = agent_other(agent);
    const struct meta *meta = &agent->meta[other];

    if (agent->trial.running)
        return REFUSED_TRIAL;
    if (agent->record.kind != RECORD_SETTLED || agent->record.slots[other].state != SLOT_STAGED ||
        !agent->has_meta[other])
        return REFUSED_STATE;
    if (!gather_borrow(agent))
        return REFUSED_BUSY;
    enum status status = meta_envelope(agent_meta_area(agent, other), meta, &agent->memory.manifest);
    if (!status)
        status = judge_update(agent, span_used(&agent->memory.manifest), meta->stream);
    agent->memory.manifest.size = 0;
    return refusal_of(status);
}

enum refusal serve_activate(struct agent *agent)
{
    enum status status = interlock_allows(agent);

    if (status)
        return refusal_of(status);
    if (!agent_runs(agent))
        return REFUSED_STATE;
    enum refusal refusal = judge_staged(agent);
    if (refusal)
        return refusal;
    /* judging took a while: signatures were verified */
    status = interlock_allows_now(agent);
    if (status)
        return refusal_of(status);
    const struct plan *plan = &agent->scratch.judged.plan;
    if (step_activate(agent, plan))
        return REFUSED_FLASH;
    agent->reset_quiet_ms = plan->silence_boot * 1000;
    agent_log(agent, LOG_ACTIVATE, plan->sequence, plan->confirm_tries);
    agent_want_reset(agent);
    return ALLOWED;
}

enum refusal act_activate(struct exchange *exchange)
{
    struct agent *agent = exchange->agent;
    uint8_t manifest[DIGEST_SIZE];

    if (!digest_request(exchange->body, "manifest", manifest))
        return REFUSED_INVALID;
    if (!agent_runs(agent) || !agent->has_meta[agent_other(agent)])
        return REFUSED_STATE;
    if (!digest_equal(manifest, agent->meta[agent_other(agent)].manifest))
        return agent->trial.running ? REFUSED_TRIAL : REFUSED_DIGEST;
    enum refusal refusal = serve_activate(agent);
    return refusal ? refusal : serve_reset_ms(exchange);
}

/* Confirm and rollback name what runs, so that neither hits another image than was meant. */
static enum refusal names_running(const struct exchange *exchange)
{
    const struct agent *agent = exchange->agent;
    uint8_t hash[DIGEST_SIZE];

    if (!digest_request(exchange->body, "hash", hash))
        return REFUSED_INVALID;
    if (!agent_runs(agent))
        return REFUSED_STATE;
    return digest_equal(hash, agent->record.slots[agent->boot.running].digest) ? ALLOWED : REFUSED_DIGEST;
}

enum refusal act_confirm(struct exchange *exchange)
{
    struct agent *agent = exchange->agent;
    enum status status = interlock_allows_moment(agent);
    enum refusal refusal = status ? refusal_of(status) : names_running(exchange);

    return refusal ? refusal : trial_confirm(agent);
}

enum refusal act_rollback(struct exchange *exchange)
{
    struct agent *agent = exchange->agent;
    enum status status = interlock_allows_now(agent);
    enum refusal refusal = status ? refusal_of(status) : names_running(exchange);

    if (refusal)
        return refusal;
    if (agent->trial.running) {
        refusal = trial_give_up(agent, OUTCOME_OPERATOR);
        return refusal ? refusal : serve_reset_ms(exchange);
    }
    if (agent->record.slots[agent_other(agent)].state != SLOT_GOOD)
        return REFUSED_STATE;
    if (!record_allows(&agent->record, agent_other(agent)))
        return REFUSED_FLOOR;
    measure_start(agent, MEASURE_ROLLBACK, agent_other(agent));
    exchange->later = true;
    return ALLOWED;
}

/* Ends the staging that is named; where nothing is staged there is nothing left to do. */
enum refusal act_abort(struct exchange *exchange)
{
    struct agent *agent = exchange->agent;
    uint8_t manifest[DIGEST_SIZE];
    enum status status = interlock_allows_moment(agent);

    if (status)
        return refusal_of(status);
    if (!digest_request(exchange->body, "manifest", manifest))
        return REFUSED_INVALID;
    if (!agent_runs(agent))
        return REFUSED_STATE;
    if (agent->trial.running)
        return REFUSED_TRIAL;
    const struct record_slot *slot = &agent->record.slots[agent_other(agent)];
    bool staged = slot->state == SLOT_STAGING || slot->state == SLOT_STAGED;
    if (staged && memcmp(manifest, slot->manifest_id, sizeof slot->manifest_id) != 0)
        return REFUSED_STATE;
    return upload_abort(agent);
}
