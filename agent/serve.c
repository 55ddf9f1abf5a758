/* The way of every request: who may, is it a repeat, which function, and how the answer looks on the wire. */
#include "agent/serve.h"

#include "agent/interlock.h"
#include "agent/measure.h"
#include "keys/base/crc.h"

#include <string.h>

#define REPEAT_MS        2000
#define QUIET_DEFAULT_MS 1000

const struct serve_group *const serve_groups[] = {&serve_os, &serve_image, &serve_enumeration, &serve_suture};
const size_t serve_group_count = sizeof serve_groups / sizeof serve_groups[0];

static size_t send_room(const struct agent *agent)
{
    const struct buffer *send = &agent->memory.send;

    return send->capacity - (send->size - agent->sent);
}

bool serve_has_room(const struct agent *agent)
{
    return send_room(agent) >= SERVE_ANSWER_MAX;
}

uint32_t serve_buffers(const struct agent *agent)
{
    return agent->port->buffers > 0 ? agent->port->buffers : 1;
}

/* Answers wait in one run at the buffer's start; what was sent is moved out of the way. */
static void send_compact(struct agent *agent)
{
    struct buffer *send = &agent->memory.send;

    memmove(send->data, send->data + agent->sent, send->size - agent->sent);
    send->size -= agent->sent;
    agent->sent = 0;
}

/* An answer is no larger than the packets we take, or than SERVE_ANSWER_MAX where that is more. */
static struct buffer answer_body(struct agent *agent)
{
    size_t most =
        agent->memory.receive.capacity > SERVE_ANSWER_MAX ? agent->memory.receive.capacity : SERVE_ANSWER_MAX;
    send_compact(agent);
    size_t room = send_room(agent) < most ? send_room(agent) : most;
    return buffer_over(agent->memory.send.data + agent->memory.send.size + SMP_HEADER_SIZE,
                       room - SMP_HEADER_SIZE);
}

static uint32_t quiet_ms(const struct agent *agent)
{
    if (measure_runs(agent) && agent->staging.has_plan)
        return agent->staging.plan.silence_staging * 1000;
    return QUIET_DEFAULT_MS;
}

static void error_write(const struct exchange *exchange, struct buffer *out, enum refusal refusal)
{
    const struct smp_header *request = &exchange->request;
    struct refusal_code code = refusal_code(refusal, request->group, request->version);
    bool quiet = code.from_group && refusal == REFUSED_BUSY && request->group == SMP_GROUP_SUTURE;

    out->size = 0;
    struct cbor_writer writer = cbor_into(out);
    if (!code.from_group) {
        cbor_put_map(&writer, 1);
        cbor_put_text(&writer, "rc");
        cbor_put_uint(&writer, code.rc);
        return;
    }
    cbor_put_map(&writer, quiet ? 2 : 1);
    cbor_put_text(&writer, "err");
    cbor_put_map(&writer, 2);
    cbor_put_text(&writer, "rc");
    cbor_put_uint(&writer, code.rc);
    cbor_put_text(&writer, "group");
    cbor_put_uint(&writer, request->group);
    if (quiet) {
        cbor_put_text(&writer, "quiet_ms");
        cbor_put_uint(&writer, quiet_ms(exchange->agent));
    }
}

/* Puts the header before the body that stands in the send buffer already. Returns the whole packet. */
static struct span answer_send(struct exchange *exchange, enum refusal refusal)
{
    static const uint8_t empty_map = 0xa0;
    struct buffer *send = &exchange->agent->memory.send;
    struct smp_header header = exchange->request;

    if (refusal)
        error_write(exchange, &exchange->out, refusal);
    else if (exchange->out.size == 0)
        buffer_put(&exchange->out, empty_map);
    header.op = (uint8_t)(header.op + 1);
    header.flags = 0;
    header.length = (uint16_t)exchange->out.size;
    smp_header_write(&header, send->data + send->size);
    struct span packet = span_of(send->data + send->size, SMP_HEADER_SIZE + exchange->out.size);
    send->size += packet.size;
    return packet;
}

static struct remembered *repeat_find(struct agent *agent, const struct smp_header *request, uint32_t crc)
{
    for (size_t i = 0; i < REMEMBERED_ANSWERS; i++) {
        struct remembered *row = &agent->remembered[i];
        if (row->until > agent->now && row->crc == crc && row->group == request->group &&
            row->id == request->id && row->sequence == request->sequence)
            return row;
    }
    return NULL;
}

/* Only what was done is remembered: a refusal may be another one by now. */
static void answer_remember(struct agent *agent, const struct smp_header *request, uint32_t crc,
                            struct span answer)
{
    struct remembered *row = &agent->remembered[agent->next_remembered];

    if (answer.size > sizeof row->answer)
        return;
    agent->next_remembered = (agent->next_remembered + 1) % REMEMBERED_ANSWERS;
    *row = (struct remembered){
        .until = agent->now + REPEAT_MS,
        .crc = crc,
        .group = request->group,
        .id = request->id,
        .sequence = request->sequence,
        .size = (uint8_t)answer.size,
    };
    memcpy(row->answer, answer.data, answer.size);
}

/* Clients with short timeouts send the last chunk again while the slot is read back, and take "busy" for a failure. Its
 * answer is on the way: nothing more is said. (Our own client numbers each chunk anew, and hears that we are busy.) */
static bool answer_is_coming(const struct agent *agent, const struct smp_header *request, uint32_t crc)
{
    const struct smp_header *first = &agent->pending.request;

    return agent->pending.waiting && request->group == SMP_GROUP_IMAGE && first->group == request->group &&
           first->id == request->id && first->sequence == request->sequence && agent->pending.crc == crc;
}

static serve_function *function_of(const struct smp_header *request)
{
    for (size_t g = 0; g < serve_group_count; g++) {
        const struct serve_group *group = serve_groups[g];
        if (group->id != request->group)
            continue;
        for (size_t i = 0; i < group->count; i++)
            if (group->commands[i].id == request->id)
                return request->op == SMP_READ ? group->commands[i].read : group->commands[i].write;
    }
    return NULL;
}

static enum refusal write_allowed(const struct agent *agent)
{
    struct interlock interlock = {0};

    agent->port->interlock(agent->port->context, &interlock);
    if (!interlock.service)
        return REFUSED_NOT_SERVICE;
    return agent->reset || measure_runs(agent) ? REFUSED_BUSY : ALLOWED;
}

static enum refusal serve_request(struct exchange *exchange)
{
    serve_function *function = function_of(&exchange->request);

    if (exchange->request.op == SMP_WRITE) {
        enum refusal refusal = write_allowed(exchange->agent);
        if (refusal)
            return refusal;
    }
    return function ? function(exchange) : REFUSED_NOT_SUPPORTED;
}

void serve_packet(struct agent *agent, struct span packet)
{
    struct exchange exchange = {.agent = agent, .body = span_from(packet, SMP_HEADER_SIZE)};
    uint32_t crc = crc32_of(packet);

    if (smp_header_read(packet, &exchange.request) ||
        (exchange.request.op != SMP_READ && exchange.request.op != SMP_WRITE))
        return;
    if (answer_is_coming(agent, &exchange.request, crc))
        return;
    exchange.out = answer_body(agent);
    struct remembered *repeat =
        exchange.request.op == SMP_WRITE ? repeat_find(agent, &exchange.request, crc) : NULL;
    if (repeat) {
        buffer_append(&agent->memory.send, span_of(repeat->answer, repeat->size));
        return;
    }
    enum refusal refusal = serve_request(&exchange);
    if (exchange.later && !refusal) {
        agent->pending = (struct pending){.waiting = true, .request = exchange.request, .crc = crc};
        return;
    }
    struct span answer = answer_send(&exchange, refusal);
    if (exchange.request.op == SMP_WRITE && !refusal)
        answer_remember(agent, &exchange.request, crc, answer);
}

void serve_too_large(struct agent *agent, struct span header)
{
    struct exchange exchange = {.agent = agent};

    if (smp_header_read(header, &exchange.request) ||
        (exchange.request.op != SMP_READ && exchange.request.op != SMP_WRITE))
        return;
    exchange.out = answer_body(agent);
    answer_send(&exchange, REFUSED_TOO_LONG);
}

/* The request that waits, as an exchange; false when nobody does any more. */
static bool late_begin(struct agent *agent, struct exchange *out)
{
    if (!agent->pending.waiting)
        return false;
    agent->pending.waiting = false;
    *out = (struct exchange){.agent = agent, .request = agent->pending.request};
    out->out = answer_body(agent);
    return true;
}

void serve_late_upload(struct agent *agent, enum refusal refusal)
{
    struct message_upload_answer message = {
        .offset = agent->staging.meta.push_length,
        .has_match = true,
        .match = true,
    };
    struct exchange exchange;

    if (!late_begin(agent, &exchange))
        return;
    if (!refusal)
        message_upload_answer_write(&exchange.out, &message);
    answer_send(&exchange, refusal);
}

void serve_late_rollback(struct agent *agent, enum refusal refusal)
{
    struct exchange exchange;

    if (!late_begin(agent, &exchange))
        return;
    if (!refusal)
        refusal = serve_reset_ms(&exchange);
    answer_send(&exchange, refusal);
}
