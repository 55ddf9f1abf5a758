#include "agent/protocol/line.h"

enum {
    LINE_BITS = 10,    /* of a byte, start and stop with it */
    CONSOLE_FULL = 93, /* bytes of a packet in a full console line, the longest framing */
};

void line_start(struct line *line, enum line_side side, struct buffer in, struct buffer out,
                struct frame_chatter chatter)
{
    *line = (struct line){.side = side, .framing = FRAMING_CONSOLE, .out = out};
    line->out.size = 0;
    frame_reader_start(&line->reader, in, chatter);
}

void line_reset(struct line *line)
{
    frame_reader_silence(&line->reader);
    line->writer.packet = (struct span){NULL, 0};
    line->out.size = line->skip = 0;
    line->framing = FRAMING_CONSOLE;
}

enum status line_take(struct line *line, struct span *in, uint64_t now, struct span *packet)
{
    if (in->size > 0 && now - line->heard > LINE_GAP_MS)
        frame_reader_silence(&line->reader);
    if (in->size > 0)
        line->heard = now;
    enum status status = frame_reader_take(&line->reader, in, packet, &line->took);
    if (status == OK && line->side == LINE_DEVICE)
        line->framing = line->took;
    return status;
}

size_t line_packet_max(uint32_t baud)
{
    return (size_t)(baud / LINE_BITS) * CONSOLE_FULL / FRAME_LINE_MAX;
}

size_t line_wants(const struct line *line)
{
    struct smp_header header;

    if (frame_writer_busy(&line->writer))
        return 0;
    if (line->skip > 0)
        return line->skip;
    if (smp_header_read(span_used(&line->out), &header))
        return SMP_HEADER_SIZE - line->out.size;
    return SMP_HEADER_SIZE + (size_t)header.length - line->out.size;
}

void line_give(struct line *line, struct span raw)
{
    struct smp_header header;

    raw = span_first(raw, line_wants(line));
    if (line->skip > 0) {
        line->skip -= raw.size;
        return;
    }
    buffer_append(&line->out, raw); /* fits: a larger packet is skipped from its header on */
    if (line->out.size < SMP_HEADER_SIZE)
        return;
    if (smp_header_read(span_used(&line->out), &header)) {
        line->out.size = 0;
    } else if (SMP_HEADER_SIZE + (size_t)header.length > line->out.capacity) {
        line->skip = header.length;
        line->out.size = 0;
    } else if (line->out.size == SMP_HEADER_SIZE + (size_t)header.length) {
        frame_writer_start(&line->writer, line->framing, span_used(&line->out));
    }
}

size_t line_send(struct line *line, uint8_t *out, size_t capacity)
{
    size_t taken = frame_writer_take(&line->writer, out, capacity);

    if (!frame_writer_busy(&line->writer) && line->writer.packet.data != NULL) {
        line->writer.packet = (struct span){NULL, 0};
        line->out.size = 0;
    }
    return taken;
}
