/* One state machine over single bytes; see the header for how the framings are told apart. */
#include "agent/protocol/frame_reader.h"

#include "agent/protocol/smp.h"
#include "keys/base/bytes.h"
#include "keys/base/crc.h"

enum {
    MARK_FIRST = 0x06,
    MARK_FIRST_2 = 0x09,
    MARK_NEXT = 0x04,
    MARK_NEXT_2 = 0x14,
    COBS_FIRST_ZERO = 0x01, /* the code before a packet whose first byte is 0 */
    COBS_FIRST = 0x02,
    CRC_SIZE = 2,
    LENGTH_SIZE = 2,
};

static void between_byte(struct frame_reader *reader, uint8_t byte);

void frame_reader_start(struct frame_reader *reader, struct buffer memory, struct frame_chatter chatter)
{
    *reader = (struct frame_reader){.memory = memory, .chatter = chatter};
    reader->memory.size = 0;
}

static void forget(struct frame_reader *reader, enum frame_state next)
{
    reader->begun = false;
    reader->memory.size = 0;
    reader->state = next;
}

static void drop(struct frame_reader *reader, enum frame_state next)
{
    reader->dropped++;
    forget(reader, next);
}

/* Packet and CRC of `bytes`, when they fit each other. */
static bool proven(struct span bytes, struct span *packet)
{
    if (bytes.size <= CRC_SIZE)
        return false;
    *packet = span_first(bytes, bytes.size - CRC_SIZE);
    return crc16_of(*packet) == get_be16(bytes.data + packet->size);
}

/* ---- console */

static int base64_value(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* False: more than the frame's own length says, or than the memory holds. */
static bool console_put(struct frame_reader *reader, uint8_t byte)
{
    struct buffer *stream = &reader->memory;

    if (!buffer_put(stream, byte))
        return false;
    if (stream->size < LENGTH_SIZE)
        return true;
    size_t length = get_be16(stream->data);
    return length > CRC_SIZE && length <= stream->capacity - LENGTH_SIZE &&
           stream->size - LENGTH_SIZE <= length;
}

/* Four characters make one to three bytes; '=' only at the end of a line's last four. */
static bool quad_close(struct frame_reader *reader)
{
    uint32_t bits = 0;
    unsigned bytes = 3;
    bool fits = true;

    reader->in_quad = 0;
    for (unsigned i = 0; i < 4; i++) {
        int value = base64_value(reader->quad[i]);
        if (reader->quad[i] == '=' && i >= 2) {
            bytes = bytes < i - 1 ? bytes : i - 1;
            reader->padded = true;
            value = 0;
        } else if (value < 0 || reader->padded) {
            return false;
        }
        bits = bits << 6 | (uint32_t)value;
    }
    for (unsigned i = 0; i < bytes && fits; i++)
        fits = console_put(reader, (uint8_t)(bits >> (16 - 8 * i)));
    return fits;
}

static void line_begin(struct frame_reader *reader)
{
    reader->state = FRAME_CONSOLE;
    reader->in_quad = 0;
    reader->padded = false;
}

static void mark_byte(struct frame_reader *reader, uint8_t byte)
{
    bool first = reader->mark == MARK_FIRST && byte == MARK_FIRST_2;
    bool next = reader->mark == MARK_NEXT && byte == MARK_NEXT_2;

    reader->state = reader->before_mark;
    if (first) {
        if (reader->begun)
            reader->dropped++;
        forget(reader, FRAME_BETWEEN);
        reader->begun = true;
        line_begin(reader);
    } else if (next && reader->begun) {
        line_begin(reader);
    } else if (next && reader->state == FRAME_BETWEEN) {
        reader->state = FRAME_LINE_REST;
    } else if (!next) {
        if (reader->state == FRAME_BETWEEN && reader->chatter.heard != NULL)
            reader->chatter.heard(reader->chatter.context, span_of(&reader->mark, 1));
        between_byte(reader, byte);
    }
}

/* The end of a line: a whole packet, or more to come. */
static enum status line_end(struct frame_reader *reader, struct span *packet)
{
    struct span stream = span_used(&reader->memory);

    reader->state = FRAME_BETWEEN;
    if (reader->in_quad != 0) {
        drop(reader, FRAME_BETWEEN);
        return INCOMPLETE;
    }
    if (stream.size < LENGTH_SIZE || stream.size - LENGTH_SIZE < get_be16(stream.data))
        return INCOMPLETE;
    if (!proven(span_from(stream, LENGTH_SIZE), packet)) {
        drop(reader, FRAME_BETWEEN);
        return INCOMPLETE;
    }
    reader->begun = false;
    return OK;
}

static enum status console_byte(struct frame_reader *reader, uint8_t byte, struct span *packet)
{
    if (byte == '\n')
        return line_end(reader, packet);
    if (byte == '\r')
        return INCOMPLETE;
    if (base64_value(byte) < 0 && byte != '=') {
        drop(reader, FRAME_LINE_REST);
        between_byte(reader, byte);
        return INCOMPLETE;
    }
    reader->quad[reader->in_quad++] = byte;
    if (reader->in_quad == 4 && !quad_close(reader))
        drop(reader, FRAME_LINE_REST);
    return INCOMPLETE;
}

/* ---- COBS */

static void cobs_block(struct frame_reader *reader, uint8_t code)
{
    if (reader->zero_due)
        (void)buffer_put(&reader->memory, 0); /* fits: cobs_byte asks before */
    reader->run = (uint8_t)(code - 1);
    reader->zero_due = code < 0xff;
}

static void cobs_begin(struct frame_reader *reader, uint8_t code)
{
    if (reader->begun)
        reader->dropped++;
    forget(reader, FRAME_COBS);
    reader->zero_due = false;
    cobs_block(reader, code);
}

/* What was read so far can be an SMP packet: noise seldom is. */
static bool may_be_packet(const struct frame_reader *reader)
{
    const struct buffer *read = &reader->memory;

    return (read->size < 1 || smp_may_begin(read->data[0])) && (read->size < 2 || read->data[1] == 0);
}

/* Bytes of packet and CRC as the header announces them; of a header that is not there yet, all that may come. */
static size_t announced(const struct frame_reader *reader)
{
    const struct buffer *read = &reader->memory;

    if (read->size < 4)
        return SMP_HEADER_SIZE + CRC_SIZE;
    return SMP_HEADER_SIZE + (size_t)get_be16(read->data + 2) + CRC_SIZE;
}

/* Noise began what is no frame: its last two bytes may be a console line's mark. */
static void look_again(struct frame_reader *reader, uint8_t byte)
{
    if (reader->last == MARK_FIRST || reader->last == MARK_NEXT) {
        between_byte(reader, reader->last);
        mark_byte(reader, byte);
    } else {
        between_byte(reader, byte);
    }
}

static enum status cobs_end(struct frame_reader *reader, struct span *packet)
{
    struct span read = span_used(&reader->memory);

    reader->state = FRAME_BETWEEN;
    if (reader->run == 0 && read.size == announced(reader) && proven(read, packet))
        return OK;
    if (read.size >= SMP_HEADER_SIZE)
        drop(reader, FRAME_BETWEEN);
    return INCOMPLETE;
}

static enum status cobs_byte(struct frame_reader *reader, uint8_t byte, struct span *packet)
{
    if (byte == 0)
        return cobs_end(reader, packet);
    if (reader->memory.size == announced(reader)) {
        /* the end is missing: another frame, or what else has come between */
        drop(reader, FRAME_BETWEEN);
        between_byte(reader, byte);
        return INCOMPLETE;
    }
    if (reader->run == 0) {
        cobs_block(reader, byte);
    } else {
        reader->run--;
        (void)buffer_put(&reader->memory, byte);
    }
    if (!may_be_packet(reader)) {
        forget(reader, FRAME_BETWEEN);
        look_again(reader, byte);
    } else if (announced(reader) > reader->memory.capacity) {
        drop(reader, FRAME_COBS_REST);
    }
    return INCOMPLETE;
}

/* ---- where no frame is being read */

static void between_byte(struct frame_reader *reader, uint8_t byte)
{
    if (byte == MARK_FIRST || byte == MARK_NEXT) {
        reader->mark = byte;
        reader->before_mark = reader->state;
        reader->state = FRAME_MARK;
    } else if ((byte == COBS_FIRST || byte == COBS_FIRST_ZERO) && reader->state != FRAME_COBS_REST) {
        cobs_begin(reader, byte);
    } else if (byte == 0 || (byte == '\n' && reader->state == FRAME_LINE_REST)) {
        reader->state = FRAME_BETWEEN;
    } else if (reader->state == FRAME_BETWEEN && reader->chatter.heard != NULL) {
        reader->chatter.heard(reader->chatter.context, span_of(&byte, 1));
    }
}

static enum status take_byte(struct frame_reader *reader, uint8_t byte, struct span *packet)
{
    switch (reader->state) {
    case FRAME_CONSOLE:
        return console_byte(reader, byte, packet);
    case FRAME_COBS:
        return cobs_byte(reader, byte, packet);
    case FRAME_MARK:
        mark_byte(reader, byte);
        return INCOMPLETE;
    default:
        between_byte(reader, byte);
        return INCOMPLETE;
    }
}

enum status frame_reader_take(struct frame_reader *reader, struct span *in, struct span *packet,
                              enum framing *framing)
{
    while (in->size > 0) {
        uint8_t byte = in->data[0];
        enum framing read = reader->state == FRAME_COBS ? FRAMING_COBS : FRAMING_CONSOLE;
        enum status status = take_byte(reader, byte, packet);
        *in = span_from(*in, 1);
        reader->last = byte;
        if (status == OK) {
            *framing = read;
            return OK;
        }
    }
    return INCOMPLETE;
}

void frame_reader_silence(struct frame_reader *reader)
{
    if (reader->begun || reader->state == FRAME_COBS)
        drop(reader, FRAME_BETWEEN);
    forget(reader, FRAME_BETWEEN);
}
