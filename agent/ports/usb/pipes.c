/* Whole packets in, answers sorted by what they answer. */
#include "agent/ports/usb/pipes.h"

#include <string.h>

void pipes_start(struct pipes *pipes, size_t frame, const struct pipe_memory memory[USB_PIPES],
                 struct buffer line_out)
{
    memset(pipes, 0, sizeof *pipes);
    pipes->frame = frame;
    for (size_t i = 0; i < USB_PIPES; i++)
        pipes->pipes[i].answers = buffer_over(memory[i].answers.data, memory[i].answers.capacity);
    frame_raw_start(&pipes->raw, buffer_over(memory[USB_PIPE_SMP].in.data, frame));
    line_start(&pipes->line, LINE_DEVICE, memory[USB_PIPE_CONSOLE].in, line_out,
               (struct frame_chatter){NULL, NULL});
    pipes->to = pipes->giving = USB_PIPES;
}

void pipes_reset(struct pipes *pipes, enum usb_pipe pipe)
{
    struct pipe *own = &pipes->pipes[pipe];

    own->answers.size = own->sent = 0;
    for (size_t i = 0; i < pipes->asked_count; i++)
        if (pipes->asked[i].pipe == pipe)
            pipes->asked[i].pipe = USB_PIPES;
    if (pipes->to == pipe)
        pipes->to = USB_PIPES;
    if (pipes->giving !=
        pipe) /* else the agent has its first half, and gets the other too: it still stands there */
        own->request.size = 0;
    if (pipe == USB_PIPE_SMP)
        frame_raw_start(&pipes->raw, pipes->raw.packet);
    else
        line_reset(&pipes->line);
}

/* Requests ----------------------------------------------------------------------------------------------------------- */

static bool is_request(struct span packet, struct smp_header *header)
{
    return smp_header_read(packet, header) == OK && (header->op == SMP_READ || header->op == SMP_WRITE);
}

static size_t waiting_for(const struct pipes *pipes, enum usb_pipe pipe)
{
    size_t count = 0;

    for (size_t i = 0; i < pipes->asked_count; i++)
        count += pipes->asked[i].pipe == pipe;
    return count;
}

/* Room for the answers that are under way and for one more. */
static bool has_room(const struct pipes *pipes, enum usb_pipe pipe)
{
    const struct pipe *own = &pipes->pipes[pipe];
    size_t room = own->answers.capacity - (own->answers.size - own->sent);

    return room / pipes->frame > waiting_for(pipes, pipe);
}

static void answers_compact(struct pipe *own)
{
    memmove(own->answers.data, own->answers.data + own->sent, own->answers.size - own->sent);
    own->answers.size -= own->sent;
    own->sent = 0;
}

static void forget(struct pipes *pipes, size_t row)
{
    pipes->asked_count--;
    memmove(pipes->asked + row, pipes->asked + row + 1, (pipes->asked_count - row) * sizeof *pipes->asked);
}

/* The packet was larger than any that the agent takes: SMP's own answer, since the agent never sees it. */
static void refuse_large(struct pipes *pipes, struct span head)
{
    static const uint8_t body[] = {0xA1, 0x62, 'r', 'c', SMP_TOO_LONG};
    struct buffer *answers = &pipes->pipes[USB_PIPE_SMP].answers;
    struct smp_header header;
    uint8_t bytes[SMP_HEADER_SIZE];

    answers_compact(&pipes->pipes[USB_PIPE_SMP]);
    if (!is_request(head, &header) || answers->capacity - answers->size < sizeof bytes + sizeof body)
        return;
    header.op = (uint8_t)(header.op + 1);
    header.flags = 0;
    header.length = sizeof body;
    smp_header_write(&header, bytes);
    buffer_append(answers, span_of(bytes, sizeof bytes));
    buffer_append(answers, span_of(body, sizeof body));
}

/* The next whole packet among the bytes, or none. */
static bool next_packet(struct pipes *pipes, enum usb_pipe pipe, struct span *bytes, uint64_t now,
                        struct span *packet)
{
    if (pipe == USB_PIPE_CONSOLE)
        return line_take(&pipes->line, bytes, now, packet) == OK;
    for (;;) {
        enum status status = frame_raw_take(&pipes->raw, bytes, packet);
        if (status == OK)
            return true;
        if (status == INCOMPLETE)
            return false;
        if (status == TOO_LARGE)
            refuse_large(pipes, *packet);
    }
}

size_t pipes_take(struct pipes *pipes, enum usb_pipe pipe, struct span bytes, uint64_t now)
{
    struct pipe *own = &pipes->pipes[pipe];
    struct span rest = bytes, packet;
    struct smp_header header;

    while (rest.size > 0 && own->request.size == 0 && has_room(pipes, pipe)) {
        if (!next_packet(pipes, pipe, &rest, now, &packet))
            break;
        if (is_request(packet, &header))
            own->request = packet;
    }
    return bytes.size - rest.size;
}

/* Remembered in the order of asking. When the agent left so many unanswered, the oldest is given up. */
static void remember(struct pipes *pipes, enum usb_pipe pipe, struct span request)
{
    struct smp_header header;

    if (!is_request(request, &header))
        return;
    if (pipes->asked_count == PIPES_ASKED)
        forget(pipes, 0);
    pipes->asked[pipes->asked_count++] = (struct asked){pipe, header.group, header.sequence, header.id};
}

struct span pipes_request(struct pipes *pipes)
{
    for (size_t i = 0; pipes->giving == USB_PIPES && i < USB_PIPES; i++) {
        enum usb_pipe pipe = (enum usb_pipe)((pipes->turn + i) % USB_PIPES);
        if (pipes->pipes[pipe].request.size == 0)
            continue;
        pipes->giving = pipe;
        remember(pipes, pipe, pipes->pipes[pipe].request);
    }
    if (pipes->giving == USB_PIPES)
        return (struct span){0};
    return pipes->pipes[pipes->giving].request;
}

void pipes_requested(struct pipes *pipes, size_t size)
{
    if (pipes->giving == USB_PIPES)
        return;
    struct pipe *own = &pipes->pipes[pipes->giving];
    own->request = span_from(own->request, size);
    if (own->request.size > 0)
        return;
    pipes->turn = (enum usb_pipe)((pipes->giving + 1) % USB_PIPES);
    pipes->giving = USB_PIPES;
}

/* Answers ------------------------------------------------------------------------------------------------------------ */

/* Whose answer this is; nobody's when it was not asked for, or can't be held. */
static enum usb_pipe addressee(struct pipes *pipes, const struct smp_header *header)
{
    for (size_t i = 0; i < pipes->asked_count; i++) {
        const struct asked asked = pipes->asked[i];
        if (asked.group != header->group || asked.id != header->id || asked.sequence != header->sequence)
            continue;
        forget(pipes, i);
        if (asked.pipe == USB_PIPES)
            return USB_PIPES;
        struct pipe *own = &pipes->pipes[asked.pipe];
        answers_compact(own);
        bool fits = own->answers.capacity - own->answers.size >= SMP_HEADER_SIZE + (size_t)header->length;
        return fits ? asked.pipe : USB_PIPES;
    }
    return USB_PIPES;
}

static void answer_begin(struct pipes *pipes)
{
    struct smp_header header;

    pipes->head_size = 0;
    if (smp_header_read(span_of(pipes->head, sizeof pipes->head), &header))
        return;
    pipes->body_left = header.length;
    pipes->to = addressee(pipes, &header);
    if (pipes->to != USB_PIPES)
        buffer_append(&pipes->pipes[pipes->to].answers, span_of(pipes->head, sizeof pipes->head));
}

void pipes_answer(struct pipes *pipes, struct span bytes)
{
    while (bytes.size > 0) {
        if (pipes->body_left == 0) {
            pipes->head[pipes->head_size++] = bytes.data[0];
            bytes = span_from(bytes, 1);
            if (pipes->head_size == sizeof pipes->head)
                answer_begin(pipes);
            continue;
        }
        struct span piece = span_first(bytes, pipes->body_left);
        if (pipes->to != USB_PIPES)
            buffer_append(&pipes->pipes[pipes->to].answers, piece);
        pipes->body_left -= piece.size;
        bytes = span_from(bytes, piece.size);
    }
}

static struct span unsent(const struct pipe *own)
{
    return span_from(span_used(&own->answers), own->sent);
}

size_t pipes_send(struct pipes *pipes, enum usb_pipe pipe, uint8_t *out, size_t capacity)
{
    struct pipe *own = &pipes->pipes[pipe];
    size_t wanted;

    if (pipe == USB_PIPE_SMP) {
        struct span piece = span_first(unsent(own), capacity);
        memcpy(out, piece.data, piece.size);
        own->sent += piece.size;
        return piece.size;
    }
    while ((wanted = line_wants(&pipes->line)) > 0 && unsent(own).size > 0) {
        struct span piece = span_first(unsent(own), wanted);
        line_give(&pipes->line, piece);
        own->sent += piece.size;
    }
    return line_send(&pipes->line, out, capacity);
}
