/* A serial line between a client and an agent that both speak raw packets. */
#include "agent/protocol/line.h"

#include "tests/support/test.h"

#define PACKET_MAX 256

struct ends {
    struct line host, device;
    uint8_t memory[4][PACKET_MAX + FRAME_OVERHEAD];
    uint64_t now;
};

static void ends_open(struct ends *ends)
{
    static const struct frame_chatter nobody = {NULL, NULL};

    memset(ends, 0, sizeof *ends);
    line_start(&ends->host, LINE_HOST, buffer_over(ends->memory[0], PACKET_MAX + FRAME_OVERHEAD),
               buffer_over(ends->memory[1], PACKET_MAX), nobody);
    line_start(&ends->device, LINE_DEVICE, buffer_over(ends->memory[2], PACKET_MAX + FRAME_OVERHEAD),
               buffer_over(ends->memory[3], PACKET_MAX), nobody);
    ends->now = 1000;
}

static struct span packet_with(uint8_t *memory, size_t body)
{
    struct smp_header header = {
        .version = 1, .op = SMP_WRITE, .length = (uint16_t)body, .group = 1, .sequence = 7};

    smp_header_write(&header, memory);
    for (size_t i = 0; i < body; i++)
        memory[SMP_HEADER_SIZE + i] = (uint8_t)(i * 7);
    return span_of(memory, SMP_HEADER_SIZE + body);
}

/* Gives raw bytes in small pieces, and carries the wire's bytes over one by one; returns the last packet that came out. */
static struct span carry(struct ends *ends, struct line *from, struct line *to, struct span raw)
{
    struct span packet, last = {NULL, 0};
    uint8_t byte;

    while (raw.size > 0 || frame_writer_busy(&from->writer)) {
        size_t wanted = line_wants(from);
        size_t piece = wanted < 5 ? wanted : 5;
        line_give(from, span_first(raw, piece));
        raw = span_from(raw, piece < raw.size ? piece : raw.size);
        while (line_send(from, &byte, 1) == 1) {
            struct span in = span_of(&byte, 1);
            if (line_take(to, &in, ++ends->now, &packet) == OK)
                last = packet;
        }
    }
    return last;
}

static void packets_of_every_size_cross_in_both_framings(void **state)
{
    uint8_t memory[PACKET_MAX];
    struct ends ends;
    (void)state;

    ends_open(&ends);
    for (enum framing framing = FRAMING_CONSOLE; framing <= FRAMING_COBS; framing++) {
        ends.host.framing = framing;
        for (size_t body = 0; body <= PACKET_MAX - SMP_HEADER_SIZE; body++) {
            struct span packet = packet_with(memory, body);
            assert_true(span_equal(carry(&ends, &ends.host, &ends.device, packet), packet));
        }
    }
}

static void the_device_answers_in_the_framing_of_the_request(void **state)
{
    uint8_t memory[PACKET_MAX];
    struct ends ends;
    (void)state;

    ends_open(&ends);
    struct span packet = packet_with(memory, 20);
    for (int turn = 0; turn < 4; turn++) {
        ends.host.framing = turn % 2 ? FRAMING_COBS : FRAMING_CONSOLE;
        carry(&ends, &ends.host, &ends.device, packet);
        assert_int_equal(ends.device.framing, ends.host.framing);
        assert_true(span_equal(carry(&ends, &ends.device, &ends.host, packet), packet));
    }
}

static void the_host_is_not_led_by_what_it_hears(void **state)
{
    uint8_t memory[PACKET_MAX];
    struct ends ends;
    (void)state;

    ends_open(&ends);
    ends.device.framing = FRAMING_COBS;
    carry(&ends, &ends.device, &ends.host, packet_with(memory, 20));
    assert_int_equal(ends.host.framing, FRAMING_CONSOLE);
}

static void several_packets_in_one_run_of_raw_bytes_are_several_frames(void **state)
{
    uint8_t memory[PACKET_MAX];
    struct ends ends;
    (void)state;

    ends_open(&ends);
    size_t first = packet_with(memory, 10).size;
    size_t second = packet_with(memory + first, 30).size;
    struct span last = carry(&ends, &ends.host, &ends.device, span_of(memory, first + second));
    assert_true(span_equal(last, span_of(memory + first, second)));
}

static void what_is_too_large_or_no_packet_is_left_out_and_the_next_one_crosses(void **state)
{
    static uint8_t large[2 * PACKET_MAX];
    uint8_t memory[PACKET_MAX], nonsense[SMP_HEADER_SIZE];
    struct ends ends;
    (void)state;

    ends_open(&ends);
    memset(nonsense, 0xff, sizeof nonsense);
    struct span packet = packet_with(memory, 10);
    assert_null(
        carry(&ends, &ends.host, &ends.device, packet_with(large, 2 * PACKET_MAX - SMP_HEADER_SIZE)).data);
    assert_true(span_equal(carry(&ends, &ends.host, &ends.device, packet), packet));
    assert_null(carry(&ends, &ends.host, &ends.device, span_of(nonsense, sizeof nonsense)).data);
    assert_true(span_equal(carry(&ends, &ends.host, &ends.device, packet), packet));
}

static void a_frame_that_stopped_half_way_is_forgotten_after_the_gap(void **state)
{
    uint8_t memory[PACKET_MAX], wire[2 * PACKET_MAX];
    struct span packet;
    struct ends ends;
    (void)state;

    ends_open(&ends);
    ends.host.framing = FRAMING_COBS;
    struct span sent = packet_with(memory, 40);
    for (struct span raw = sent; raw.size > 0;) {
        size_t wanted = line_wants(&ends.host);
        line_give(&ends.host, span_first(raw, wanted));
        raw = span_from(raw, wanted);
    }
    size_t size = line_send(&ends.host, wire, sizeof wire);
    struct span half = span_of(wire, size / 2);
    assert_int_equal(line_take(&ends.device, &half, ends.now, &packet), INCOMPLETE);
    ends.now += LINE_GAP_MS + 1;
    assert_true(span_equal(carry(&ends, &ends.host, &ends.device, sent), sent));
    assert_int_equal(ends.device.reader.dropped, 1);
}

static void a_wire_opened_anew_begins_with_console(void **state)
{
    uint8_t memory[PACKET_MAX];
    struct ends ends;
    (void)state;

    ends_open(&ends);
    ends.host.framing = FRAMING_COBS;
    line_give(&ends.host, span_first(packet_with(memory, 40), 8));
    line_reset(&ends.host);
    assert_int_equal(ends.host.framing, FRAMING_CONSOLE);
    struct span packet = packet_with(memory, 12);
    assert_true(span_equal(carry(&ends, &ends.host, &ends.device, packet), packet));
}

/* By its own frame: whatever the baud rate, the largest packet that is allowed takes a second at most, and not much less. */
static void a_packet_takes_a_line_a_second_at_most(void **state)
{
    static const uint32_t bauds[] = {4800, 9600, 19200, 38400, 57600};
    static uint8_t memory[8192], frame[16384];
    struct frame_writer writer;

    (void)state;
    for (size_t i = 0; i < sizeof bauds / sizeof *bauds; i++) {
        size_t size = line_packet_max(bauds[i]);
        assert_in_range(size, 1, sizeof memory);
        frame_writer_start(&writer, FRAMING_CONSOLE, span_of(memory, size));
        size_t bits = 10 * frame_writer_take(&writer, frame, sizeof frame);
        assert_in_range(bits, bauds[i] * 9 / 10, bauds[i] + 10 * FRAME_LINE_MAX);
    }
    assert_int_equal(line_packet_max(0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_of_every_size_cross_in_both_framings),
        cmocka_unit_test(the_device_answers_in_the_framing_of_the_request),
        cmocka_unit_test(the_host_is_not_led_by_what_it_hears),
        cmocka_unit_test(several_packets_in_one_run_of_raw_bytes_are_several_frames),
        cmocka_unit_test(what_is_too_large_or_no_packet_is_left_out_and_the_next_one_crosses),
        cmocka_unit_test(a_frame_that_stopped_half_way_is_forgotten_after_the_gap),
        cmocka_unit_test(a_wire_opened_anew_begins_with_console),
        cmocka_unit_test(a_packet_takes_a_line_a_second_at_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
