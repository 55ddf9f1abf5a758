/* Raw framing: cuts a stream of bytes into SMP packets by the length in their headers. What can't be a header is dropped
 * byte by byte until one fits; there is no checksum to say more. */
#include "agent/protocol/frame_raw.h"

void frame_raw_start(struct frame_raw *frame, struct buffer memory)
{
    *frame = (struct frame_raw){.packet = buffer_over(memory.data, memory.capacity)};
}

/* Size of the packet that the header in memory announces; 0 while there is no whole header. */
static size_t announced(const struct frame_raw *frame)
{
    struct smp_header header;
    if (smp_header_read(span_used(&frame->packet), &header))
        return 0;
    return SMP_HEADER_SIZE + (size_t)header.length;
}

static bool is_too_large(const struct frame_raw *frame)
{
    return announced(frame) > frame->packet.capacity;
}

bool frame_raw_between(const struct frame_raw *frame)
{
    if (frame->packet.size == 0)
        return true;
    return frame->skip == 0 && (is_too_large(frame) || announced(frame) == frame->packet.size);
}

/* Moves bytes from `*in` until the packet holds `size`, or none are left. */
static void fill(struct frame_raw *frame, struct span *in, size_t size)
{
    struct span piece = span_first(*in, size - frame->packet.size);
    buffer_append(&frame->packet, piece);
    *in = span_from(*in, piece.size);
}

/* Throws away what is still to come of a packet too large. */
static enum status skip_body(struct frame_raw *frame, struct span *in, struct span *packet)
{
    struct span piece = span_first(*in, frame->skip);
    frame->skip -= (uint32_t)piece.size;
    *in = span_from(*in, piece.size);
    if (frame->skip > 0)
        return INCOMPLETE;
    *packet = span_used(&frame->packet);
    return TOO_LARGE;
}

enum status frame_raw_take(struct frame_raw *frame, struct span *in, struct span *packet)
{
    if (frame->skip > 0)
        return skip_body(frame, in, packet);
    if (frame_raw_between(frame))
        frame->packet.size = 0;
    if (frame->packet.size == 0)
        fill(frame, in, 1);
    if (frame->packet.size == 0)
        return INCOMPLETE;
    if (!smp_may_begin(frame->packet.data[0])) {
        frame->packet.size = 0;
        return BAD_FORMAT;
    }
    if (frame->packet.size < SMP_HEADER_SIZE)
        fill(frame, in, SMP_HEADER_SIZE);
    size_t size = announced(frame);
    if (size == 0)
        return INCOMPLETE;
    if (is_too_large(frame)) {
        frame->skip = (uint32_t)(size - SMP_HEADER_SIZE);
        return skip_body(frame, in, packet);
    }
    fill(frame, in, size);
    if (frame->packet.size < size)
        return INCOMPLETE;
    *packet = span_used(&frame->packet);
    return OK;
}

enum status frame_raw_take_in_place(struct frame_raw *frame, struct span *in, struct span *packet)
{
    struct smp_header header;

    if (!frame_raw_between(frame) || frame->skip > 0 || smp_header_read(*in, &header) != OK)
        return INCOMPLETE;
    size_t size = SMP_HEADER_SIZE + (size_t)header.length;
    if (!smp_may_begin(in->data[0]) || size > in->size || size > frame->packet.capacity)
        return INCOMPLETE;
    frame->packet.size = 0;
    *packet = span_first(*in, size);
    *in = span_from(*in, size);
    return OK;
}
