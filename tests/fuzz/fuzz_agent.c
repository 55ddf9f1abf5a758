/* A whole device that is spoken to by a stranger: packets of any content, in service mode. It never runs anything new, and its
 * good slot stays as it was. Every packet has a head of its own: length u16, then SMP bytes whose header is mended. */
#include "keys/base/bytes.h"

#include "tests/fuzz/fuzz.h"
#include "tests/support/bench_device.h"

#include <stdlib.h>
#include <string.h>

static void speak(struct bench *bench, struct span packet)
{
    uint8_t bytes[BENCH_BUFFER];
    uint8_t answers[256];

    if (packet.size < SMP_HEADER_SIZE || packet.size > sizeof bytes)
        return;
    memcpy(bytes, packet.data, packet.size);
    bytes[0] = (uint8_t)(0x08 | (bytes[0] & 2));
    bytes[1] = 0;
    put_be16(bytes + 2, (uint16_t)(packet.size - SMP_HEADER_SIZE));
    static const uint16_t groups[] = {0, 1, 10, 21333};
    put_be16(bytes + 4, groups[bytes[5] % 4]);
    for (size_t at = 0; at < packet.size;) {
        size_t taken = agent_receive(&bench->agent, span_of(bytes + at, packet.size - at), bench->now);
        at += taken;
        while (agent_send(&bench->agent, answers, sizeof answers) > 0)
            continue;
        if (taken == 0 && agent_step(&bench->agent, bench->now) == AGENT_IDLE)
            return;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct bench *bench;
    static uint8_t *fresh;

    if (bench == NULL) {
        bench = bench_new(NULL);
        fresh = bench_snapshot(bench);
    }
    memcpy(bench->chip->bytes, fresh, bench->chip->size);
    bench_power_on(bench);
    for (size_t at = 0; size - at >= 2 && !agent_reset_wanted(&bench->agent);) {
        size_t length = get_le16(data + at) % (BENCH_BUFFER + 1);
        at += 2;
        if (length > size - at)
            length = size - at;
        speak(bench, span_of(data + at, length));
        at += length;
        bench->now += 10;
        for (int step = 0; step < 20 && agent_step(&bench->agent, bench->now) <= bench->now; step++)
            continue;
    }
    fuzz_must(bench->agent.boot.running == SLOT_A, "what ran still runs");
    const struct area *slot = &bench->port.layout.areas[AREA_SLOT_A];
    fuzz_must(memcmp(bench->chip->bytes + slot->offset, fresh + slot->offset, slot->size) == 0,
              "its slot is as it was");
    fuzz_must(bench->chip->abuses == 0, "the flash contract");
    bench_power_off(bench);
    return 0;
}
