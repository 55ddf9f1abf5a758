/* Each framing as a function from a position to the next byte. */
#include "agent/protocol/frame_writer.h"

#include "keys/base/crc.h"

enum {
    LINE_BYTES = 93, /* of the stream in a full console line */
    LINE_SIZE = 2 + LINE_BYTES / 3 * 4 + 1,
    RUN_MAX = 254, /* bytes that one COBS code announces */
};

void frame_writer_start(struct frame_writer *writer, enum framing framing, struct span packet)
{
    *writer = (struct frame_writer){.framing = framing, .packet = packet, .crc = crc16_of(packet)};
}

/* Packet and CRC, as both line framings carry them. */
static size_t body_size(const struct frame_writer *writer)
{
    return writer->packet.size + 2;
}

static uint8_t body_byte(const struct frame_writer *writer, size_t at)
{
    if (at < writer->packet.size)
        return writer->packet.data[at];
    return (uint8_t)(at == writer->packet.size ? writer->crc >> 8 : writer->crc);
}

/* ---- console */

static size_t stream_size(const struct frame_writer *writer)
{
    return 2 + body_size(writer);
}

static uint8_t stream_byte(const struct frame_writer *writer, size_t at)
{
    size_t length = body_size(writer);

    if (at >= stream_size(writer))
        return 0;
    if (at < 2)
        return (uint8_t)(at == 0 ? length >> 8 : length);
    return body_byte(writer, at - 2);
}

static size_t console_size(const struct frame_writer *writer)
{
    size_t size = stream_size(writer), rest = size % LINE_BYTES;

    return size / LINE_BYTES * LINE_SIZE + (rest ? 3 + (rest + 2) / 3 * 4 : 0);
}

/* Character `at` of the base64 of the stream's bytes from `from` on. */
static uint8_t base64_char(const struct frame_writer *writer, size_t from, size_t at)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t group = from + at / 4 * 3, in_group = at % 4;
    size_t left = stream_size(writer) - group;
    uint32_t bits = (uint32_t)stream_byte(writer, group) << 16 |
                    (uint32_t)stream_byte(writer, group + 1) << 8 | stream_byte(writer, group + 2);

    if (in_group > left)
        return '=';
    return (uint8_t)alphabet[bits >> (18 - 6 * in_group) & 63];
}

static uint8_t console_byte(const struct frame_writer *writer, size_t at)
{
    static const uint8_t marks[2][2] = {{0x06, 0x09}, {0x04, 0x14}};
    size_t line = at / LINE_SIZE, in_line = at % LINE_SIZE;

    if (in_line < 2)
        return marks[line > 0][in_line];
    if (in_line + 1 == LINE_SIZE || at + 1 == console_size(writer))
        return '\n';
    return base64_char(writer, line * LINE_BYTES, in_line - 2);
}

/* ---- COBS */

/* Begins a block: its code. A block of 254 bytes stands for no zero; any other for one that follows it, or for the end. */
static uint8_t cobs_code(struct frame_writer *writer)
{
    size_t left = body_size(writer) - writer->at;
    uint8_t run = 0;

    while (run < RUN_MAX && run < left && body_byte(writer, writer->at + run) != 0)
        run++;
    writer->run = run;
    writer->after = writer->at + run + (run < RUN_MAX);
    writer->more = run < left && (run < RUN_MAX || writer->after < body_size(writer));
    return (uint8_t)(run + 1);
}

static uint8_t cobs_byte(struct frame_writer *writer)
{
    uint8_t byte;

    if (!writer->opened) {
        writer->opened = writer->more = true;
        return 0;
    }
    if (writer->run == 0 && !writer->more) {
        writer->closed = true;
        return 0;
    }
    if (writer->run == 0) {
        byte = cobs_code(writer);
    } else {
        byte = body_byte(writer, writer->at++);
        writer->run--;
    }
    if (writer->run == 0)
        writer->at = writer->after;
    return byte;
}

bool frame_writer_busy(const struct frame_writer *writer)
{
    if (writer->packet.data == NULL)
        return false;
    switch (writer->framing) {
    case FRAMING_CONSOLE:
        return writer->at < console_size(writer);
    case FRAMING_COBS:
        return !writer->closed;
    default:
        return writer->at < writer->packet.size;
    }
}

size_t frame_writer_take(struct frame_writer *writer, uint8_t *out, size_t capacity)
{
    size_t taken = 0;

    for (; taken < capacity && frame_writer_busy(writer); taken++) {
        if (writer->framing == FRAMING_COBS)
            out[taken] = cobs_byte(writer);
        else if (writer->framing == FRAMING_CONSOLE)
            out[taken] = console_byte(writer, writer->at++);
        else
            out[taken] = writer->packet.data[writer->at++];
    }
    return taken;
}
