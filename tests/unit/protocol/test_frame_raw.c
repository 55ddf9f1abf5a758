/* Raw framing: packets come out whole however the link cuts them, and nothing that comes in makes it stop for good. */
#include "agent/protocol/frame_raw.h"

#include "keys/base/bytes.h"
#include "tests/support/test.h"

#define ROOM 64

struct receiver {
    uint8_t memory[ROOM];
    struct frame_raw frame;
    /* what came out */
    uint8_t packets[1024];
    struct buffer out;
    unsigned whole, dropped, too_large;
};

static void receiver_start(struct receiver *receiver)
{
    memset(receiver, 0, sizeof *receiver);
    frame_raw_start(&receiver->frame, buffer_over(receiver->memory, sizeof receiver->memory));
    receiver->out = buffer_over(receiver->packets, sizeof receiver->packets);
}

static void receive(struct receiver *receiver, struct span bytes)
{
    struct span packet;
    enum status status;
    while ((status = frame_raw_take(&receiver->frame, &bytes, &packet)) != INCOMPLETE) {
        if (status == OK) {
            receiver->whole += 1;
            assert_true(buffer_append(&receiver->out, packet));
        } else if (status == BAD_FORMAT) {
            receiver->dropped += 1;
        } else {
            assert_int_equal(status, TOO_LARGE);
            assert_int_equal(packet.size, SMP_HEADER_SIZE);
            receiver->too_large += 1;
        }
    }
    assert_int_equal(bytes.size, 0);
}

/* Appends a packet whose body is `length` bytes of `fill`. */
static void packet_append(struct buffer *out, size_t length, uint8_t fill)
{
    const struct smp_header header = {
        .version = 1, .op = SMP_WRITE, .length = (uint16_t)length, .group = 1, .sequence = fill};
    uint8_t head[SMP_HEADER_SIZE];
    smp_header_write(&header, head);
    assert_true(buffer_append(out, span_of(head, sizeof head)));
    for (size_t i = 0; i < length; i++)
        assert_true(buffer_put(out, fill));
}

static void packets_come_out_whole_wherever_the_stream_is_cut(void **state)
{
    (void)state;
    uint8_t memory[256];
    struct buffer stream = buffer_over(memory, sizeof memory);
    packet_append(&stream, 5, 0x11);
    packet_append(&stream, 0, 0x22);
    packet_append(&stream, ROOM - SMP_HEADER_SIZE, 0x33);

    for (size_t cut = 0; cut <= stream.size; cut++) {
        struct receiver receiver;
        receiver_start(&receiver);
        receive(&receiver, span_first(span_used(&stream), cut));
        receive(&receiver, span_from(span_used(&stream), cut));
        assert_int_equal(receiver.whole, 3);
        assert_int_equal(receiver.dropped + receiver.too_large, 0);
        assert_true(span_equal(span_used(&receiver.out), span_used(&stream)));
        assert_true(frame_raw_between(&receiver.frame));
    }
}

static void packets_come_out_whole_byte_by_byte(void **state)
{
    (void)state;
    uint8_t memory[256];
    struct buffer stream = buffer_over(memory, sizeof memory);
    packet_append(&stream, 7, 0x11);
    packet_append(&stream, 0, 0x22);
    struct receiver receiver;
    receiver_start(&receiver);

    for (size_t i = 0; i < stream.size; i++) {
        receive(&receiver, span_of(stream.data + i, 1));
        assert_int_equal(frame_raw_between(&receiver.frame), i == 14 || i == 22);
    }

    assert_int_equal(receiver.whole, 2);
    assert_true(span_equal(span_used(&receiver.out), span_used(&stream)));
}

static void bytes_that_begin_no_header_are_dropped_one_by_one(void **state)
{
    (void)state;
    uint8_t memory[256];
    struct buffer stream = buffer_over(memory, sizeof memory);
    for (unsigned byte = 0x20; byte < 0x40; byte++)
        buffer_put(&stream, (uint8_t)byte);
    buffer_append(&stream, span_of("\xff\x07\x10\x18\x0c", 5));
    size_t garbage = stream.size;
    packet_append(&stream, 9, 0x44);
    struct receiver receiver;
    receiver_start(&receiver);

    receive(&receiver, span_used(&stream));

    assert_int_equal(receiver.dropped, garbage);
    assert_int_equal(receiver.whole, 1);
    assert_true(span_equal(span_used(&receiver.out), span_from(span_used(&stream), garbage)));
}

static void a_packet_beyond_the_memory_is_thrown_away_and_the_next_one_taken(void **state)
{
    (void)state;
    static const size_t lengths[] = {ROOM - SMP_HEADER_SIZE + 1, 1000, 65535};
    static uint8_t memory[70000];
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        struct buffer stream = buffer_over(memory, sizeof memory);
        packet_append(&stream, lengths[i], 0x0a); /* a body that looks like headers */
        packet_append(&stream, 3, 0x55);
        for (size_t step = 1; step < 1200; step = step * 3 + 1) {
            struct receiver receiver;
            receiver_start(&receiver);
            for (size_t at = 0; at < stream.size; at += step)
                receive(&receiver, span_first(span_from(span_used(&stream), at), step));
            assert_int_equal(receiver.too_large, 1);
            assert_int_equal(receiver.dropped, 0);
            assert_int_equal(receiver.whole, 1);
            assert_int_equal(receiver.packets[SMP_HEADER_SIZE], 0x55);
            assert_true(frame_raw_between(&receiver.frame));
        }
    }
}

static void a_packet_too_large_is_told_with_its_header(void **state)
{
    (void)state;
    uint8_t memory[512];
    struct buffer stream = buffer_over(memory, sizeof memory);
    packet_append(&stream, 300, 0x66);
    struct receiver receiver;
    receiver_start(&receiver);
    struct span bytes = span_used(&stream), packet;

    struct span most = span_first(bytes, bytes.size - 1), last = span_from(bytes, bytes.size - 1);
    assert_int_equal(frame_raw_take(&receiver.frame, &most, &packet), INCOMPLETE);
    assert_false(frame_raw_between(&receiver.frame));

    assert_int_equal(frame_raw_take(&receiver.frame, &last, &packet), TOO_LARGE);

    struct smp_header header;
    assert_int_equal(smp_header_read(packet, &header), OK);
    assert_int_equal(header.length, 300);
    assert_int_equal(header.sequence, 0x66);
    assert_true(frame_raw_between(&receiver.frame));
}

static void a_packet_that_fills_the_memory_exactly_is_taken(void **state)
{
    (void)state;
    uint8_t memory[ROOM];
    struct buffer stream = buffer_over(memory, sizeof memory);
    packet_append(&stream, ROOM - SMP_HEADER_SIZE, 0x77);
    struct receiver receiver;
    receiver_start(&receiver);
    receive(&receiver, span_used(&stream));
    assert_int_equal(receiver.whole, 1);
}

static void starting_anew_forgets_half_a_packet_and_half_a_skip(void **state)
{
    (void)state;
    uint8_t memory[512];
    for (size_t length = 20; length <= 200; length += 180) {
        struct buffer stream = buffer_over(memory, sizeof memory);
        packet_append(&stream, length, 0x11);
        struct receiver receiver;
        receiver_start(&receiver);
        receive(&receiver, span_first(span_used(&stream), 15));
        assert_false(frame_raw_between(&receiver.frame));

        frame_raw_start(&receiver.frame, receiver.frame.packet);
        stream.size = 0;
        packet_append(&stream, 4, 0x22);
        receive(&receiver, span_used(&stream));
        assert_int_equal(receiver.whole, 1);
        assert_int_equal(receiver.packets[SMP_HEADER_SIZE], 0x22);
    }
}

/* Without a checksum noise can look like headers; what must hold: every byte is taken, no packet is larger than the memory
 * or than its header says, and whoever starts anew in the silence behind it is in step again. */
static void noise_neither_stops_nor_overflows_it(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 200; seed++) {
        uint8_t noise[2000];
        uint32_t random = seed;
        for (size_t i = 0; i < sizeof noise; i++) {
            random = random * 1664525u + 1013904223u;
            noise[i] = (uint8_t)(random >> 24);
            if (seed % 2) /* few values, many of them plausible headers */
                noise[i] &= 0x0b;
        }
        struct receiver receiver;
        receiver_start(&receiver);
        struct span bytes = span_of(noise, sizeof noise), packet;
        enum status status;
        print_message("# seed %u\n", seed);
        while ((status = frame_raw_take(&receiver.frame, &bytes, &packet)) != INCOMPLETE) {
            if (status == OK) {
                assert_true(packet.size <= ROOM);
                assert_int_equal(packet.size, SMP_HEADER_SIZE + (size_t)get_be16(packet.data + 2));
            }
        }
        assert_int_equal(bytes.size, 0);

        frame_raw_start(&receiver.frame, receiver.frame.packet);
        struct buffer next = buffer_over(noise, sizeof noise);
        packet_append(&next, 6, 0x5a);
        receive(&receiver, span_used(&next));
        assert_int_equal(receiver.whole, 1);
    }
}

static void a_whole_packet_is_taken_where_it_lies(void **state)
{
    (void)state;
    struct receiver receiver;
    uint8_t memory[64];
    struct buffer stream = buffer_over(memory, sizeof memory);
    struct span rest, packet;

    receiver_start(&receiver);
    packet_append(&stream, 6, 0x11);
    packet_append(&stream, 3, 0x22);
    rest = span_used(&stream);
    assert_int_equal(frame_raw_take_in_place(&receiver.frame, &rest, &packet), OK);
    assert_ptr_equal(packet.data, memory);
    assert_int_equal(packet.size, SMP_HEADER_SIZE + 6);
    assert_int_equal(frame_raw_take_in_place(&receiver.frame, &rest, &packet), OK);
    assert_ptr_equal(packet.data, memory + SMP_HEADER_SIZE + 6);
    assert_int_equal(rest.size, 0);
    assert_true(frame_raw_between(&receiver.frame));
}

static void is_not_taken_in_place(struct receiver *receiver, struct span bytes)
{
    struct span rest = bytes, packet;

    assert_int_equal(frame_raw_take_in_place(&receiver->frame, &rest, &packet), INCOMPLETE);
    assert_ptr_equal(rest.data, bytes.data);
    assert_int_equal(rest.size, bytes.size);
}

static void only_a_whole_packet_that_begins_there_is_taken_in_place(void **state)
{
    (void)state;
    struct receiver receiver;
    uint8_t memory[256], noise[] = {0xff, 0, 0, 1, 0, 0, 0, 0, 0};
    struct buffer stream = buffer_over(memory, sizeof memory), large;
    struct span all;

    receiver_start(&receiver);
    packet_append(&stream, 6, 0x11);
    all = span_used(&stream);
    for (size_t size = 0; size < all.size; size++)
        is_not_taken_in_place(&receiver, span_first(all, size));
    is_not_taken_in_place(&receiver, span_of(noise, sizeof noise));
    large = buffer_over(memory + all.size, sizeof memory - all.size);
    packet_append(&large, ROOM - SMP_HEADER_SIZE + 1, 0x33);
    is_not_taken_in_place(&receiver, span_used(&large));
    /* the middle of one packet may look like the begin of another */
    receive(&receiver, span_first(all, 9));
    is_not_taken_in_place(&receiver, all);
    receive(&receiver, span_from(all, 9));
    assert_int_equal(receiver.whole, 1);
    assert_memory_equal(receiver.packets, all.data, all.size);
}

static void nothing_is_taken_in_place_while_a_large_one_is_thrown_away(void **state)
{
    (void)state;
    struct receiver receiver;
    uint8_t memory[256];
    struct buffer large = buffer_over(memory, 128), next = buffer_over(memory + 128, 128);

    receiver_start(&receiver);
    packet_append(&large, ROOM, 0x33);
    packet_append(&next, 2, 0x44);
    receive(&receiver, span_first(span_used(&large), 20));
    is_not_taken_in_place(&receiver, span_used(&next));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_come_out_whole_wherever_the_stream_is_cut),
        cmocka_unit_test(packets_come_out_whole_byte_by_byte),
        cmocka_unit_test(bytes_that_begin_no_header_are_dropped_one_by_one),
        cmocka_unit_test(a_packet_beyond_the_memory_is_thrown_away_and_the_next_one_taken),
        cmocka_unit_test(a_packet_too_large_is_told_with_its_header),
        cmocka_unit_test(a_packet_that_fills_the_memory_exactly_is_taken),
        cmocka_unit_test(starting_anew_forgets_half_a_packet_and_half_a_skip),
        cmocka_unit_test(noise_neither_stops_nor_overflows_it),
        cmocka_unit_test(a_whole_packet_is_taken_where_it_lies),
        cmocka_unit_test(only_a_whole_packet_that_begins_there_is_taken_in_place),
        cmocka_unit_test(nothing_is_taken_in_place_while_a_large_one_is_thrown_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
