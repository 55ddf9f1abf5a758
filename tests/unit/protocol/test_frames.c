/* Console and COBS frames on a line as lines are: in pieces, mixed, among a firmware's chatter, and broken. */
#include "agent/protocol/frame_reader.h"

#include "tests/support/test.h"

#define PACKET_MAX 600
#define WIRE_MAX   4096

static uint64_t seed;

static uint8_t chance(void)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint8_t)(seed >> 33);
}

struct line {
    struct frame_reader reader;
    uint8_t memory[PACKET_MAX + FRAME_OVERHEAD];
    char heard[256];
    size_t heard_size;
};

static void hear(void *context, struct span text)
{
    struct line *line = context;

    for (size_t i = 0; i < text.size && line->heard_size + 1 < sizeof line->heard; i++)
        line->heard[line->heard_size++] = (char)text.data[i];
    line->heard[line->heard_size] = '\0';
}

static void line_open(struct line *line)
{
    memset(line, 0, sizeof *line);
    frame_reader_start(&line->reader, buffer_over(line->memory, sizeof line->memory),
                       (struct frame_chatter){line, hear});
}

/* An SMP packet of this size: the flags, its second byte, are 0. */
static struct span packet_of(uint8_t *memory, size_t size)
{
    for (size_t i = 0; i < size; i++)
        memory[i] = i == 1 ? 0 : chance() % 5 ? chance() : 0;
    memory[0] = 0x0a;
    return span_of(memory, size);
}

static size_t frame_of(enum framing framing, struct span packet, uint8_t *wire)
{
    struct frame_writer writer;
    size_t size = 0, piece;

    frame_writer_start(&writer, framing, packet);
    while ((piece = frame_writer_take(&writer, wire + size, 1 + chance() % 50)) > 0)
        size += piece;
    assert_false(frame_writer_busy(&writer));
    return size;
}

/* Feeds bytes and counts the packets that equal `expected`; any other fails the test. */
static unsigned packets_in(struct line *line, struct span wire, const struct span *expected, size_t count)
{
    struct span packet;
    enum framing framing;
    unsigned found = 0;

    while (frame_reader_take(&line->reader, &wire, &packet, &framing) == OK) {
        bool known = false;
        for (size_t i = 0; i < count; i++)
            known = known || span_equal(packet, expected[i]);
        assert_true(known);
        found++;
    }
    assert_int_equal(wire.size, 0);
    return found;
}

static void every_size_comes_back_in_every_framing(void **state)
{
    uint8_t memory[PACKET_MAX], wire[WIRE_MAX];
    struct line line;
    (void)state;

    seed = 1;
    line_open(&line);
    for (size_t size = 2; size <= PACKET_MAX; size++)
        for (enum framing framing = FRAMING_CONSOLE; framing <= FRAMING_COBS; framing++) {
            struct span packet = packet_of(memory, size);
            size_t length = frame_of(framing, packet, wire);
            assert_int_equal(packets_in(&line, span_of(wire, length), &packet, 1), 1);
        }
    assert_int_equal(line.reader.dropped, 0);
    assert_int_equal(line.heard_size, 0);
}

static void console_lines_have_at_most_127_bytes(void **state)
{
    uint8_t memory[PACKET_MAX], wire[WIRE_MAX];
    (void)state;

    seed = 2;
    for (size_t size = 2; size <= PACKET_MAX; size++) {
        size_t length = frame_of(FRAMING_CONSOLE, packet_of(memory, size), wire), line = 0;
        for (size_t i = 0; i < length; i++) {
            line++;
            assert_true(line <= FRAME_LINE_MAX);
            if (wire[i] == '\n')
                line = 0;
        }
        assert_int_equal(line, 0);
    }
}

static void a_cobs_frame_costs_five_bytes_and_one_in_254(void **state)
{
    uint8_t memory[PACKET_MAX], wire[WIRE_MAX];
    (void)state;

    seed = 3;
    for (size_t size = 2; size <= PACKET_MAX; size++)
        assert_true(frame_of(FRAMING_COBS, packet_of(memory, size), wire) <= size + 5 + size / 254);
}

static void runs_of_254_bytes_and_zeros_at_the_end_come_back(void **state)
{
    uint8_t memory[PACKET_MAX], wire[WIRE_MAX];
    struct line line;
    (void)state;

    line_open(&line);
    for (size_t size = 250; size <= 520; size++) {
        memset(memory, 0x55, sizeof memory);
        memory[1] = 0;
        struct span packet = span_of(memory, size);
        assert_int_equal(packets_in(&line, span_of(wire, frame_of(FRAMING_COBS, packet, wire)), &packet, 1),
                         1);
        memset(memory + size / 2, 0, size - size / 2);
        assert_int_equal(packets_in(&line, span_of(wire, frame_of(FRAMING_COBS, packet, wire)), &packet, 1),
                         1);
    }
    assert_int_equal(line.reader.dropped, 0);
}

static void a_chatty_firmware_disturbs_nothing_and_is_heard(void **state)
{
    uint8_t memory[2][PACKET_MAX], wire[WIRE_MAX];
    struct line line;
    (void)state;

    seed = 4;
    line_open(&line);
    struct span packets[2] = {packet_of(memory[0], 300), packet_of(memory[1], 20)};
    size_t size = frame_of(FRAMING_CONSOLE, packets[0], wire);
    assert_int_equal(packets_in(&line, span_text("[00:01] pump ready\r\n"), packets, 2), 0);
    assert_int_equal(packets_in(&line, span_of(wire, size), packets, 2), 1);
    assert_int_equal(packets_in(&line, span_text("battery 90 %\r\n"), packets, 2), 0);
    size = frame_of(FRAMING_COBS, packets[1], wire);
    assert_int_equal(packets_in(&line, span_of(wire, size), packets, 2), 1);
    assert_string_equal(line.heard, "[00:01] pump ready\r\nbattery 90 %\r\n");
}

static void chatter_between_the_lines_of_a_frame_costs_nothing(void **state)
{
    uint8_t memory[PACKET_MAX], wire[WIRE_MAX];
    struct line line;
    (void)state;

    seed = 5;
    line_open(&line);
    struct span packet = packet_of(memory, 300);
    size_t size = frame_of(FRAMING_CONSOLE, packet, wire);
    assert_int_equal(packets_in(&line, span_of(wire, FRAME_LINE_MAX), &packet, 1), 0);
    assert_int_equal(packets_in(&line, span_text("hello\n"), &packet, 1), 0);
    assert_int_equal(packets_in(&line, span_of(wire + FRAME_LINE_MAX, size - FRAME_LINE_MAX), &packet, 1), 1);
}

static void a_broken_frame_is_dropped_and_the_next_one_found(void **state)
{
    static const char *const broken[] = {
        "\x06\x09"
        "AAAA\n", /* length 0 */
        "\x06\x09"
        "AAZ!CgAA\n", /* no base64 */
        "\x06\x09"
        "AAYK=AAA\n", /* '=' in the middle */
        "\x06\x09"
        "AAYKAAA\n", /* three characters left over */
        "\x06\x09"
        "AAQKAAAAAAAAAAAAAAAA\n", /* more than its length says */
        "\x04\x14"
        "AAYKAAAA\n", /* a further line of nothing */
        "\x06\x07"
        "AAYKAAAA\n", /* half a mark */
        "\x06\x09"
        "//8KAAAA\n\x06\x09"
        "//8KAAAA\n", /* far too long, and given up for another */
    };
    uint8_t memory[PACKET_MAX], wire[WIRE_MAX];
    struct line line;
    (void)state;

    seed = 6;
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
        for (enum framing framing = FRAMING_CONSOLE; framing <= FRAMING_COBS; framing++) {
            line_open(&line);
            struct span packet = packet_of(memory, 40);
            size_t size = frame_of(framing, packet, wire);
            assert_int_equal(packets_in(&line, span_text(broken[i]), &packet, 1), 0);
            assert_int_equal(packets_in(&line, span_of(wire, size), &packet, 1), 1);
        }
}

static void a_packet_larger_than_the_memory_is_dropped_and_the_next_one_found(void **state)
{
    static uint8_t large[2 * PACKET_MAX], wire[WIRE_MAX];
    uint8_t memory[PACKET_MAX];
    struct line line;
    (void)state;

    seed = 7;
    line_open(&line);
    for (enum framing framing = FRAMING_CONSOLE; framing <= FRAMING_COBS; framing++) {
        struct span packet = packet_of(memory, PACKET_MAX);
        size_t size = frame_of(framing, packet_of(large, sizeof large), wire);
        assert_int_equal(packets_in(&line, span_of(wire, size), &packet, 1), 0);
        size = frame_of(framing, packet, wire);
        assert_int_equal(packets_in(&line, span_of(wire, size), &packet, 1), 1);
    }
    assert_int_equal(line.reader.dropped, 2);
}

static void a_cobs_frame_that_lost_its_end_ends_with_the_silence(void **state)
{
    uint8_t memory[PACKET_MAX], wire[WIRE_MAX];
    struct line line;
    (void)state;

    seed = 8;
    line_open(&line);
    struct span packet = packet_of(memory, 40);
    size_t size = frame_of(FRAMING_COBS, packet, wire);
    assert_int_equal(packets_in(&line, span_of(wire, size - 1), &packet, 1), 0);
    frame_reader_silence(&line.reader);
    size = frame_of(FRAMING_CONSOLE, packet, wire);
    assert_int_equal(packets_in(&line, span_of(wire, size), &packet, 1), 1);
    assert_int_equal(line.reader.dropped, 1);
}

enum { FRAMES = 12, ROUNDS = 500 };

/* One byte of a bad line: gone, doubled, bent, or as it was. */
static size_t through_bad_line(const uint8_t *wire, size_t size, uint8_t *out)
{
    size_t length = 0;

    for (size_t i = 0; i < size; i++) {
        unsigned fate = (unsigned)(chance() << 8 | chance()) % 2000;
        if (fate == 0)
            continue;
        out[length] = wire[i];
        if (fate == 1)
            out[length] ^= (uint8_t)(1u << chance() % 8);
        length++;
        if (fate == 2)
            out[length++] = wire[i];
    }
    return length;
}

static void whatever_the_line_does_only_whole_packets_arrive_and_the_next_good_one_does(void **state)
{
    static uint8_t memory[FRAMES][PACKET_MAX];
    uint8_t wire[WIRE_MAX], bad[2 * WIRE_MAX];
    unsigned delivered = 0;
    struct line line;
    (void)state;

    for (unsigned round = 1; round <= ROUNDS; round++) {
        struct span packets[FRAMES];
        seed = round;
        line_open(&line);
        for (size_t i = 0; i < FRAMES; i++)
            packets[i] = packet_of(memory[i], 2 + (size_t)(chance() << 8 | chance()) % (PACKET_MAX - 2));
        for (size_t i = 0; i < FRAMES; i++) {
            size_t size = frame_of(chance() % 2 ? FRAMING_COBS : FRAMING_CONSOLE, packets[i], wire);
            delivered += packets_in(&line, span_of(bad, through_bad_line(wire, size, bad)), packets, FRAMES);
        }
        frame_reader_silence(&line.reader);
        for (enum framing framing = FRAMING_CONSOLE; framing <= FRAMING_COBS; framing++) {
            size_t size = frame_of(framing, packets[0], wire);
            if (packets_in(&line, span_of(wire, size), packets, 1) != 1)
                fail_msg("round %u: a good frame after the noise was lost", round);
        }
    }
    print_message("# %u of %u frames came through, seeds 1 to %u\n", delivered, FRAMES * ROUNDS, ROUNDS);
    assert_true(delivered > FRAMES * ROUNDS / 4 && delivered < FRAMES * ROUNDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_size_comes_back_in_every_framing),
        cmocka_unit_test(console_lines_have_at_most_127_bytes),
        cmocka_unit_test(a_cobs_frame_costs_five_bytes_and_one_in_254),
        cmocka_unit_test(runs_of_254_bytes_and_zeros_at_the_end_come_back),
        cmocka_unit_test(a_chatty_firmware_disturbs_nothing_and_is_heard),
        cmocka_unit_test(chatter_between_the_lines_of_a_frame_costs_nothing),
        cmocka_unit_test(a_broken_frame_is_dropped_and_the_next_one_found),
        cmocka_unit_test(a_packet_larger_than_the_memory_is_dropped_and_the_next_one_found),
        cmocka_unit_test(a_cobs_frame_that_lost_its_end_ends_with_the_silence),
        cmocka_unit_test(whatever_the_line_does_only_whole_packets_arrive_and_the_next_good_one_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
