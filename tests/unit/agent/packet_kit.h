/* Single packets to a device on the bench, as anybody may send them, and what comes back. */
#ifndef SUTURE_TESTS_UNIT_AGENT_PACKET_KIT_H
#define SUTURE_TESTS_UNIT_AGENT_PACKET_KIT_H

#include "tests/support/bench_device.h"
#include "tests/support/bench_factory.h"
#include "tests/support/hex.h"
#include "tests/support/test.h"

struct packet {
    uint8_t bytes[1024];
    size_t size;
};

static inline struct packet packet_of(uint8_t version, enum smp_op op, uint16_t group, uint8_t id,
                                      uint8_t sequence, struct span body)
{
    struct smp_header header = {
        .version = version,
        .op = (uint8_t)op,
        .length = (uint16_t)body.size,
        .group = group,
        .sequence = sequence,
        .id = id,
    };
    struct packet packet = {.size = SMP_HEADER_SIZE + body.size};

    smp_header_write(&header, packet.bytes);
    if (body.size > 0)
        memcpy(packet.bytes + SMP_HEADER_SIZE, body.data, body.size);
    return packet;
}

/* What the device sends back for these bytes, once all its work is done. */
static inline struct packet answer_to(struct bench *bench, struct span bytes)
{
    struct packet answer = {0};

    for (int loop = 0; loop < 1000; loop++) {
        bytes = span_from(bytes, agent_receive(&bench->agent, bytes, bench->now));
        uint64_t next = agent_step(&bench->agent, bench->now);
        answer.size +=
            agent_send(&bench->agent, answer.bytes + answer.size, sizeof answer.bytes - answer.size);
        if (bytes.size == 0 && next > bench->now)
            return answer;
    }
    fail_msg("the device never came to rest");
    return answer;
}

static inline struct packet asked(struct bench *bench, struct packet request)
{
    return answer_to(bench, span_of(request.bytes, request.size));
}

static inline struct span body_of(const struct packet *packet)
{
    assert_true(packet->size >= SMP_HEADER_SIZE);
    return span_from(span_of(packet->bytes, packet->size), SMP_HEADER_SIZE);
}

static inline struct smp_error error_of(const struct packet *packet)
{
    struct smp_error error;

    assert_int_equal(smp_error_read(body_of(packet), &error), OK);
    return error;
}

static inline struct bench *device(void)
{
    struct bench *bench = bench_new(NULL);

    bench_power_on(bench);
    return bench;
}

static inline struct packet hex_packet(const char *text)
{
    struct packet packet;
    struct span bytes = hex_into(packet.bytes, sizeof packet.bytes, text);

    packet.size = bytes.size;
    return packet;
}

#endif
