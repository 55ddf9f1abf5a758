/* Console and COBS frames on a line as lines are: in pieces, mixed, among a firmware's chatter, and broken. */
#include "agent/protocol/frame_reader.h"

#include "agent/protocol/smp.h"
#include "keys/base/bytes.h"
#include "keys/base/crc.h"
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

/* An SMP packet of this size: any version and op, no flags, its length, and whatever else. */
static struct span packet_of(uint8_t *memory, size_t size)
{
    for (size_t i = 0; i < size; i++)
        memory[i] = chance() % 5 ? chance() : 0;
    memory[0] &= 0x0b;
    memory[1] = 0;
    put_be16(memory + 2, (uint16_t)(size - SMP_HEADER_SIZE));
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
    for (size_t size = SMP_HEADER_SIZE; size <= PACKET_MAX; size++)
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
    for (size_t size = SMP_HEADER_SIZE; size <= PACKET_MAX; size++) {
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
    for (size_t size = SMP_HEADER_SIZE; size <= PACKET_MAX; size++)
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
        memory[0] = memory[1] = 0;
        put_be16(memory + 2, (uint16_t)(size - SMP_HEADER_SIZE));
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

/* A COBS frame as other programs write it, without the leading 00. */
static struct span plain_cobs(struct span packet, uint8_t *wire)
{
    size_t size = frame_of(FRAMING_COBS, packet, wire);
    return span_of(wire + 1, size - 1);
}

static void a_version_1_read_begins_with_a_zero_and_is_found_too(void **state)
{
    static const uint8_t read[] = {0, 0, 0, 1, 0, 1, 7, 0, 0xa0};
    uint8_t wire[WIRE_MAX];
    struct span packet = span_of(read, sizeof read);
    struct line line;
    (void)state;

    line_open(&line);
    struct span frame = plain_cobs(packet, wire);
    assert_int_equal(frame.data[0], 1);
    assert_int_equal(packets_in(&line, frame, &packet, 1), 1);
    assert_int_equal(line.heard_size, 0);
}

static void single_bytes_that_begin_frames_cost_no_frame(void **state)
{
    static const uint8_t lone[] = {0x01, 0x02, 0x04, 0x06, 0x00, 0xff, '\n', '\r'};
    uint8_t memory[PACKET_MAX], wire[WIRE_MAX];
    struct line line;
    (void)state;

    seed = 9;
    struct span packet = packet_of(memory, 200);
    for (size_t i = 0; i < sizeof lone; i++)
        for (enum framing framing = FRAMING_CONSOLE; framing <= FRAMING_COBS; framing++) {
            line_open(&line);
            size_t size = frame_of(framing, packet, wire);
            assert_int_equal(packets_in(&line, span_of(&lone[i], 1), &packet, 1), 0);
            assert_int_equal(packets_in(&line, span_of(wire, size), &packet, 1), 1);
            assert_int_equal(line.reader.dropped, 0);
        }
}

static void a_frame_cut_anywhere_costs_only_itself(void **state)
{
    uint8_t memory[PACKET_MAX], wire[2][WIRE_MAX];
    struct line line;
    (void)state;

    seed = 10;
    struct span packet = packet_of(memory, 150);
    for (enum framing first = FRAMING_CONSOLE; first <= FRAMING_COBS; first++)
        for (enum framing second = FRAMING_CONSOLE; second <= FRAMING_COBS; second++) {
            size_t size = frame_of(first, packet, wire[0]), next = frame_of(second, packet, wire[1]);
            for (size_t cut = 0; cut < size; cut++) {
                line_open(&line);
                packets_in(&line, span_of(wire[0], cut), &packet, 1);
                /* a line of text could be the rest of a COBS frame: only time tells */
                if (first == FRAMING_COBS && second == FRAMING_CONSOLE)
                    frame_reader_silence(&line.reader);
                /* the leading 00 of the second is the end that the first one lost */
                unsigned whole = cut + 1 == size && first == FRAMING_COBS && second == FRAMING_COBS;
                assert_int_equal(packets_in(&line, span_of(wire[1], next), &packet, 1), 1 + whole);
            }
        }
}

static void a_cobs_frame_that_lost_its_end_does_not_take_the_next_one_along(void **state)
{
    uint8_t memory[2][PACKET_MAX], wire[WIRE_MAX];
    struct line line;
    (void)state;

    seed = 11;
    for (size_t size = SMP_HEADER_SIZE; size < PACKET_MAX; size++) {
        struct span packets[2] = {packet_of(memory[0], size), packet_of(memory[1], 30)};
        line_open(&line);
        struct span frame = plain_cobs(packets[0], wire);
        assert_int_equal(packets_in(&line, span_first(frame, frame.size - 1), packets, 2), 0);
        assert_int_equal(packets_in(&line, plain_cobs(packets[1], wire), packets, 2), 1);
        assert_int_equal(packets_in(&line, plain_cobs(packets[0], wire), packets, 2), 1);
    }
}

static void chatter_anywhere_inside_a_frame_costs_at_most_that_frame(void **state)
{
    static const char *const texts[] = {"[00:01] pump ready\r\n", "x", "AAAA\n", "\x06\x09 no\n",
                                        "\x04\x14\n"};
    uint8_t memory[PACKET_MAX], wire[WIRE_MAX];
    struct line line;
    (void)state;

    seed = 12;
    struct span packet = packet_of(memory, 200);
    for (enum framing framing = FRAMING_CONSOLE; framing <= FRAMING_COBS; framing++)
        for (size_t text = 0; text < sizeof texts / sizeof *texts; text++) {
            size_t size = frame_of(framing, packet, wire);
            for (size_t at = 0; at <= size; at++) {
                line_open(&line);
                packets_in(&line, span_of(wire, at), &packet, 1);
                packets_in(&line, span_text(texts[text]), &packet, 1);
                packets_in(&line, span_of(wire + at, size - at), &packet, 1);
                assert_int_equal(packets_in(&line, span_of(wire, size), &packet, 1), 1);
            }
        }
}

static void the_rest_of_a_broken_line_is_no_chatter(void **state)
{
    static const char *const broken[] = {"\x06\x09"
                                         "AA!AAAAAAAA\n",
                                         "\x06\x09"
                                         "A=AAAAAAAAAA\n",
                                         "\x04\x14"
                                         "AAAAAAAA\n"};
    struct line line;
    (void)state;

    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        line_open(&line);
        packets_in(&line, span_text(broken[i]), NULL, 0);
        packets_in(&line, span_text("pump ready\n"), NULL, 0);
        assert_string_equal(line.heard, "pump ready\n");
    }
}

static void a_doubled_frame_is_two_packets(void **state)
{
    uint8_t memory[PACKET_MAX], wire[WIRE_MAX];
    struct line line;
    (void)state;

    seed = 13;
    line_open(&line);
    struct span packet = packet_of(memory, 200);
    for (enum framing framing = FRAMING_CONSOLE; framing <= FRAMING_COBS; framing++) {
        size_t size = frame_of(framing, packet, wire);
        memcpy(wire + size, wire, size);
        assert_int_equal(packets_in(&line, span_of(wire, 2 * size), &packet, 1), 2);
    }
}

/* The base64 of others: each line's bytes for themselves, padded where they are no multiple of three. */
static size_t line_by_line(struct span packet, size_t bytes_a_line, uint8_t *wire)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint8_t stream[PACKET_MAX + FRAME_OVERHEAD];
    size_t total = packet.size + 4, size = 0;

    put_be16(stream, (uint16_t)(packet.size + 2));
    memcpy(stream + 2, packet.data, packet.size);
    put_be16(stream + 2 + packet.size, crc16_of(packet));
    for (size_t at = 0; at < total; at += bytes_a_line) {
        size_t end = at + bytes_a_line < total ? at + bytes_a_line : total;
        wire[size++] = at ? 0x04 : 0x06;
        wire[size++] = at ? 0x14 : 0x09;
        for (size_t group = at; group < end; group += 3) {
            uint32_t bits = 0;
            for (size_t i = 0; i < 3; i++)
                bits = bits << 8 | (group + i < end ? stream[group + i] : 0);
            for (size_t i = 0; i < 4; i++)
                wire[size++] = group + i > end ? '=' : (uint8_t)alphabet[bits >> (18 - 6 * i) & 63];
        }
        wire[size++] = '\n';
    }
    return size;
}

static void lines_that_are_base64_for_themselves_are_read_too(void **state)
{
    uint8_t memory[PACKET_MAX], wire[WIRE_MAX];
    struct line line;
    (void)state;

    seed = 14;
    line_open(&line);
    struct span packet = packet_of(memory, 100);
    for (size_t bytes = 1; bytes <= 104; bytes++) {
        size_t size = line_by_line(packet, bytes, wire);
        assert_int_equal(packets_in(&line, span_of(wire, size), &packet, 1), 1);
    }
}

static size_t noise(uint8_t *out, size_t most)
{
    static const uint8_t likely[] = {0x00, 0x01, 0x02, 0x04, 0x06, 0x09, 0x0a, 0x14, '=', 'A'};
    size_t size = 1 + chance() % most;

    for (size_t i = 0; i < size; i++)
        out[i] = chance() % 2 ? likely[chance() % sizeof likely] : chance();
    return size;
}

static void our_own_cobs_frame_is_found_after_any_noise(void **state)
{
    uint8_t memory[PACKET_MAX], wire[WIRE_MAX], bad[64];
    struct line line;
    (void)state;

    line_open(&line);
    for (unsigned round = 1; round <= 20000; round++) {
        seed = round;
        struct span packet = packet_of(memory, 20);
        packets_in(&line, span_of(bad, noise(bad, sizeof bad)), &packet, 1);
        size_t size = frame_of(FRAMING_COBS, packet, wire);
        if (packets_in(&line, span_of(wire, size), &packet, 1) != 1)
            fail_msg("seed %u: lost", round);
    }
}

/* Without a silence, at worst noise that is a whole header has to fill up first. */
static void a_console_frame_is_found_after_any_noise_within_the_memory(void **state)
{
    uint8_t memory[PACKET_MAX], wire[WIRE_MAX], bad[64];
    struct line line;
    unsigned at_once = 0;
    (void)state;

    for (unsigned round = 1; round <= 20000; round++) {
        seed = round;
        line_open(&line);
        struct span packet = packet_of(memory, 20);
        packets_in(&line, span_of(bad, noise(bad, sizeof bad)), &packet, 1);
        size_t size = frame_of(FRAMING_CONSOLE, packet, wire), sent = size;
        while (packets_in(&line, span_of(wire, size), &packet, 1) == 0) {
            sent += size;
            if (sent > sizeof line.memory + 2 * size)
                fail_msg("seed %u: lost", round);
        }
        at_once += sent == size;
    }
    print_message("# %u of 20000 at once\n", at_once);
    assert_true(at_once > 18000);
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
            packets[i] = packet_of(memory[i], SMP_HEADER_SIZE + (size_t)(chance() << 8 | chance()) %
                                                                    (PACKET_MAX - SMP_HEADER_SIZE));
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
        cmocka_unit_test(a_version_1_read_begins_with_a_zero_and_is_found_too),
        cmocka_unit_test(single_bytes_that_begin_frames_cost_no_frame),
        cmocka_unit_test(a_frame_cut_anywhere_costs_only_itself),
        cmocka_unit_test(a_cobs_frame_that_lost_its_end_does_not_take_the_next_one_along),
        cmocka_unit_test(chatter_anywhere_inside_a_frame_costs_at_most_that_frame),
        cmocka_unit_test(the_rest_of_a_broken_line_is_no_chatter),
        cmocka_unit_test(a_doubled_frame_is_two_packets),
        cmocka_unit_test(lines_that_are_base64_for_themselves_are_read_too),
        cmocka_unit_test(our_own_cobs_frame_is_found_after_any_noise),
        cmocka_unit_test(a_console_frame_is_found_after_any_noise_within_the_memory),
        cmocka_unit_test(whatever_the_line_does_only_whole_packets_arrive_and_the_next_good_one_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
