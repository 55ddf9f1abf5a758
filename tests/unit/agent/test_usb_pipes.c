/* Two pipes, one agent: whose request is next, and whose answer this is. The agent here is the test itself. */
#include "agent/ports/usb/pipes.h"

#include "tests/support/test.h"

#define FRAME 512

struct desk {
    struct pipes pipes;
    uint8_t in[USB_PIPES][FRAME + FRAME_OVERHEAD], answers[USB_PIPES][2 * FRAME], line_out[FRAME];
};

static void desk_make(struct desk *desk)
{
    struct pipe_memory memory[USB_PIPES];

    for (size_t i = 0; i < USB_PIPES; i++)
        memory[i] = (struct pipe_memory){buffer_over(desk->in[i], sizeof desk->in[i]),
                                         buffer_over(desk->answers[i], sizeof desk->answers[i])};
    pipes_start(&desk->pipes, FRAME, memory, buffer_over(desk->line_out, FRAME));
}

/* A raw packet with a body of `size` bytes. */
static struct span packet(enum smp_op op, uint8_t sequence, size_t size, uint8_t out[FRAME])
{
    struct smp_header header = {1, (uint8_t)op, 0, (uint16_t)size, 0, sequence, 0};

    smp_header_write(&header, out);
    memset(out + SMP_HEADER_SIZE, sequence, size);
    return span_of(out, SMP_HEADER_SIZE + size);
}

/* A host's line, to make console frames and to read them. */
struct console {
    struct line line;
    uint8_t in[FRAME + FRAME_OVERHEAD], out[FRAME], wire[2048];
};

static struct span console_frame(struct console *console, struct span raw)
{
    line_start(&console->line, LINE_HOST, buffer_over(console->in, sizeof console->in),
               buffer_over(console->out, sizeof console->out), (struct frame_chatter){NULL, NULL});
    while (raw.size > 0) {
        struct span piece = span_first(raw, line_wants(&console->line));
        line_give(&console->line, piece);
        raw = span_from(raw, piece.size);
    }
    return span_of(console->wire, line_send(&console->line, console->wire, sizeof console->wire));
}

static void ask(struct desk *desk, enum usb_pipe pipe, uint8_t sequence)
{
    struct console console;
    uint8_t memory[FRAME];
    struct span raw = packet(SMP_READ, sequence, 3, memory);
    struct span bytes = pipe == USB_PIPE_CONSOLE ? console_frame(&console, raw) : raw;

    assert_int_equal(pipes_take(&desk->pipes, pipe, bytes, 0), bytes.size);
}

/* The agent takes the next request whole; returns its sequence number, or -1: there is none. */
static int agent_takes(struct desk *desk)
{
    struct span request = pipes_request(&desk->pipes);
    struct smp_header header;

    if (request.size == 0)
        return -1;
    assert_int_equal(smp_header_read(request, &header), OK);
    pipes_requested(&desk->pipes, request.size);
    return header.sequence;
}

static void agent_answers(struct desk *desk, uint8_t sequence)
{
    uint8_t memory[FRAME];

    pipes_answer(&desk->pipes, packet(SMP_READ_RESPONSE, sequence, 5, memory));
}

/* The sequence number of the answer that the host reads from this pipe, or -1: none. */
static int host_reads(struct desk *desk, enum usb_pipe pipe)
{
    struct console console;
    uint8_t bytes[2048];
    struct span got = span_of(bytes, pipes_send(&desk->pipes, pipe, bytes, sizeof bytes)), raw = got;
    struct smp_header header;

    if (pipe == USB_PIPE_CONSOLE && got.size > 0) {
        console_frame(&console, (struct span){0});
        assert_int_equal(line_take(&console.line, &got, 0, &raw), OK);
    }
    if (raw.size == 0)
        return -1;
    assert_int_equal(smp_header_read(raw, &header), OK);
    assert_int_equal(raw.size, SMP_HEADER_SIZE + header.length);
    return header.sequence;
}

static void answers_go_back_where_the_request_came_from(void **state)
{
    (void)state;
    struct desk desk;

    desk_make(&desk);
    ask(&desk, USB_PIPE_SMP, 7);
    ask(&desk, USB_PIPE_CONSOLE, 9);
    assert_int_equal(agent_takes(&desk), 7);
    assert_int_equal(agent_takes(&desk), 9);
    assert_int_equal(agent_takes(&desk), -1);
    agent_answers(&desk, 9);
    agent_answers(&desk, 7);
    assert_int_equal(host_reads(&desk, USB_PIPE_CONSOLE), 9);
    assert_int_equal(host_reads(&desk, USB_PIPE_SMP), 7);
    assert_int_equal(host_reads(&desk, USB_PIPE_SMP), -1);
}

static void equal_requests_are_answered_in_their_order(void **state)
{
    (void)state;
    struct desk desk;

    desk_make(&desk);
    ask(&desk, USB_PIPE_CONSOLE, 1);
    assert_int_equal(agent_takes(&desk), 1);
    ask(&desk, USB_PIPE_SMP, 1);
    assert_int_equal(agent_takes(&desk), 1);
    agent_answers(&desk, 1);
    assert_int_equal(host_reads(&desk, USB_PIPE_SMP), -1);
    assert_int_equal(host_reads(&desk, USB_PIPE_CONSOLE), 1);
    agent_answers(&desk, 1);
    assert_int_equal(host_reads(&desk, USB_PIPE_SMP), 1);
}

static void several_packets_share_a_transfer_and_one_spans_several(void **state)
{
    (void)state;
    struct desk desk;
    uint8_t one[FRAME], two[FRAME], all[FRAME];
    struct span first = packet(SMP_WRITE, 1, 100, one), second = packet(SMP_WRITE, 2, 50, two);

    desk_make(&desk);
    memcpy(all, first.data, first.size);
    memcpy(all + first.size, second.data, second.size);
    struct span rest = span_of(all, first.size + second.size);
    assert_int_equal(pipes_take(&desk.pipes, USB_PIPE_SMP, span_first(rest, 64), 0), 64);
    assert_int_equal(agent_takes(&desk), -1);
    rest = span_from(rest, 64);
    size_t taken = pipes_take(&desk.pipes, USB_PIPE_SMP, rest, 0);
    assert_int_equal(taken, first.size - 64);
    assert_int_equal(agent_takes(&desk), 1);
    rest = span_from(rest, taken);
    assert_int_equal(pipes_take(&desk.pipes, USB_PIPE_SMP, rest, 0), rest.size);
    assert_int_equal(agent_takes(&desk), 2);
}

static void a_host_that_reads_nothing_is_not_listened_to_and_the_other_is(void **state)
{
    (void)state;
    struct desk desk;
    uint8_t memory[FRAME];
    unsigned taken = 0;

    desk_make(&desk);
    for (uint8_t i = 0; i < 20; i++) {
        struct span raw = packet(SMP_READ, i, 3, memory);
        if (pipes_take(&desk.pipes, USB_PIPE_SMP, raw, 0) != raw.size)
            break;
        assert_int_equal(agent_takes(&desk), i);
        pipes_answer(&desk.pipes, packet(SMP_READ_RESPONSE, i, 400, memory));
        taken++;
    }
    assert_in_range(taken, 1, 2);
    ask(&desk, USB_PIPE_CONSOLE, 99);
    assert_int_equal(agent_takes(&desk), 99);
    agent_answers(&desk, 99);
    assert_int_equal(host_reads(&desk, USB_PIPE_CONSOLE), 99);
    assert_true(pipes_send(&desk.pipes, USB_PIPE_SMP, memory, sizeof memory) > 0);
}

static void a_restart_forgets_half_a_packet_and_answers_on_their_way(void **state)
{
    (void)state;
    struct desk desk;
    uint8_t memory[FRAME];

    desk_make(&desk);
    pipes_take(&desk.pipes, USB_PIPE_SMP, span_first(packet(SMP_READ, 1, 3, memory), 9), 0);
    pipes_reset(&desk.pipes, USB_PIPE_SMP);
    ask(&desk, USB_PIPE_SMP, 2);
    assert_int_equal(agent_takes(&desk), 2);
    pipes_reset(&desk.pipes, USB_PIPE_SMP);
    agent_answers(&desk, 2);
    assert_int_equal(host_reads(&desk, USB_PIPE_SMP), -1);
    ask(&desk, USB_PIPE_SMP, 3);
    assert_int_equal(agent_takes(&desk), 3);
    agent_answers(&desk, 3);
    assert_int_equal(host_reads(&desk, USB_PIPE_SMP), 3);
}

static void a_request_that_the_agent_has_half_of_is_given_whole(void **state)
{
    (void)state;
    struct desk desk;

    desk_make(&desk);
    ask(&desk, USB_PIPE_SMP, 5);
    size_t size = pipes_request(&desk.pipes).size;
    pipes_requested(&desk.pipes, 4);
    ask(&desk, USB_PIPE_CONSOLE, 6);
    pipes_reset(&desk.pipes, USB_PIPE_SMP);
    assert_int_equal(pipes_request(&desk.pipes).size, size - 4);
    pipes_requested(&desk.pipes, size - 4);
    assert_int_equal(agent_takes(&desk), 6);
    agent_answers(&desk, 5);
    assert_int_equal(host_reads(&desk, USB_PIPE_SMP), -1);
}

static void a_packet_larger_than_any_is_answered_as_too_long(void **state)
{
    (void)state;
    struct desk desk;
    uint8_t bytes[2 * FRAME] = {0};
    struct smp_header header = {1, SMP_WRITE, 0, sizeof bytes - SMP_HEADER_SIZE, 1, 4, 1};
    struct smp_error error;

    desk_make(&desk);
    smp_header_write(&header, bytes);
    assert_int_equal(pipes_take(&desk.pipes, USB_PIPE_SMP, span_of(bytes, sizeof bytes), 0), sizeof bytes);
    assert_int_equal(agent_takes(&desk), -1);
    size_t size = pipes_send(&desk.pipes, USB_PIPE_SMP, bytes, sizeof bytes);
    assert_int_equal(smp_header_read(span_of(bytes, size), &header), OK);
    assert_int_equal(header.op, SMP_WRITE_RESPONSE);
    assert_int_equal(header.sequence, 4);
    assert_int_equal(smp_error_read(span_of(bytes + SMP_HEADER_SIZE, size - SMP_HEADER_SIZE), &error), OK);
    assert_int_equal(error.rc, SMP_TOO_LONG);
}

static void what_is_no_request_is_dropped(void **state)
{
    (void)state;
    struct desk desk;
    uint8_t memory[FRAME];

    desk_make(&desk);
    struct span raw = packet(SMP_READ_RESPONSE, 1, 3, memory);
    assert_int_equal(pipes_take(&desk.pipes, USB_PIPE_SMP, raw, 0), raw.size);
    assert_int_equal(agent_takes(&desk), -1);
    agent_answers(&desk, 1);
    assert_int_equal(host_reads(&desk, USB_PIPE_SMP), -1);
}

static void requests_without_answers_do_not_shut_a_pipe(void **state)
{
    (void)state;
    struct desk desk;

    desk_make(&desk);
    for (uint8_t i = 0; i < 30; i++) {
        ask(&desk, USB_PIPE_CONSOLE, i);
        assert_int_equal(agent_takes(&desk), i);
        pipes_reset(&desk.pipes, USB_PIPE_CONSOLE);
    }
    ask(&desk, USB_PIPE_CONSOLE, 77);
    assert_int_equal(agent_takes(&desk), 77);
    agent_answers(&desk, 77);
    assert_int_equal(host_reads(&desk, USB_PIPE_CONSOLE), 77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_go_back_where_the_request_came_from),
        cmocka_unit_test(equal_requests_are_answered_in_their_order),
        cmocka_unit_test(several_packets_share_a_transfer_and_one_spans_several),
        cmocka_unit_test(a_host_that_reads_nothing_is_not_listened_to_and_the_other_is),
        cmocka_unit_test(a_restart_forgets_half_a_packet_and_answers_on_their_way),
        cmocka_unit_test(a_request_that_the_agent_has_half_of_is_given_whole),
        cmocka_unit_test(a_packet_larger_than_any_is_answered_as_too_long),
        cmocka_unit_test(what_is_no_request_is_dropped),
        cmocka_unit_test(requests_without_answers_do_not_shut_a_pipe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
