/* One state machine over single bytes; see the header for how the framings are told apart. */
#include "agent/protocol/frame_reader.h"

#include "keys/base/bytes.h"
#include "keys/base/crc.h"

enum { MARK_FIRST = 0x06, MARK_FIRST_2 = 0x09, MARK_NEXT = 0x04, MARK_NEXT_2 = 0x14, COBS_FIRST = 0x02 };

void frame_reader_start(struct frame_reader *reader, struct buffer memory, struct frame_chatter chatter)
{
    *reader = (struct frame_reader){.memory = memory, .chatter = chatter};
    reader->memory.size = 0;
}

static void drop(struct frame_reader *reader)
{
    reader->dropped++;
    reader->begun = false;
    reader->memory.size = 0;
}

static void put(struct frame_reader *reader, uint8_t byte)
{
    if (!buffer_put(&reader->memory, byte))
        reader->spoiled = true;
}

/* Packet and CRC of `bytes`, when they fit each other. */
static bool proven(struct span bytes, struct span *packet)
{
    if (bytes.size < 3)
        return false;
    *packet = span_first(bytes, bytes.size - 2);
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

/* Four characters make one to three bytes; '=' only at the end of a line's last four. */
static void quad_close(struct frame_reader *reader)
{
    uint32_t bits = 0;
    unsigned bytes = 3;

    reader->in_quad = 0;
    for (unsigned i = 0; i < 4; i++) {
        int value = base64_value(reader->quad[i]);
        if (reader->quad[i] == '=' && i >= 2) {
            bytes = bytes < i - 1 ? bytes : i - 1;
            reader->padded = true;
            value = 0;
        } else if (value < 0 || reader->padded) {
            reader->spoiled = true;
            return;
        }
        bits = bits << 6 | (uint32_t)value;
    }
    for (unsigned i = 0; i < bytes; i++)
        put(reader, (uint8_t)(bits >> (16 - 8 * i)));
}

static void console_begin(struct frame_reader *reader, uint8_t second)
{
    bool first = reader->mark == MARK_FIRST && second == MARK_FIRST_2;
    bool next = reader->mark == MARK_NEXT && second == MARK_NEXT_2;

    reader->state = READ_CONSOLE;
    reader->in_quad = 0;
    reader->padded = false;
    reader->spoiled = !first && !(next && reader->begun);
    if (first) {
        if (reader->begun)
            drop(reader);
        reader->begun = true;
        reader->memory.size = 0;
    }
}

/* The end of a line: a whole packet, or more to come. */
static enum status console_end(struct frame_reader *reader, struct span *packet)
{
    struct span stream = span_used(&reader->memory);

    reader->state = READ_BETWEEN;
    if (reader->spoiled || reader->in_quad != 0) {
        if (reader->begun)
            drop(reader);
        return INCOMPLETE;
    }
    if (stream.size < 2 || stream.size - 2 < get_be16(stream.data))
        return INCOMPLETE;
    reader->begun = false;
    if (stream.size - 2 == get_be16(stream.data) && proven(span_from(stream, 2), packet))
        return OK;
    drop(reader);
    return INCOMPLETE;
}

static enum status console_byte(struct frame_reader *reader, uint8_t byte, struct span *packet)
{
    if (byte == '\n')
        return console_end(reader, packet);
    if (byte == MARK_FIRST || byte == MARK_NEXT) {
        if (reader->begun)
            drop(reader);
        reader->mark = byte;
        reader->state = READ_MARK;
        return INCOMPLETE;
    }
    if (byte == '\r' || reader->spoiled)
        return INCOMPLETE;
    reader->quad[reader->in_quad++] = byte;
    if (reader->in_quad == 4)
        quad_close(reader);
    return INCOMPLETE;
}

/* ---- COBS */

static void cobs_block(struct frame_reader *reader, uint8_t code)
{
    if (reader->zero_due)
        put(reader, 0);
    reader->run = (uint8_t)(code - 1);
    reader->zero_due = code < 0xff;
}

static void cobs_begin(struct frame_reader *reader)
{
    reader->state = READ_COBS;
    reader->begun = reader->zero_due = reader->spoiled = false;
    reader->memory.size = 0;
    cobs_block(reader, COBS_FIRST);
}

static enum status cobs_byte(struct frame_reader *reader, uint8_t byte, struct span *packet)
{
    if (byte != 0 && reader->run > 0) {
        reader->run--;
        put(reader, byte);
    } else if (byte != 0) {
        cobs_block(reader, byte);
    } else {
        reader->state = READ_BETWEEN;
        if (reader->run == 0 && !reader->spoiled && proven(span_used(&reader->memory), packet))
            return OK;
        drop(reader);
    }
    return INCOMPLETE;
}

/* ---- between frames */

static void between_byte(struct frame_reader *reader, uint8_t byte)
{
    if (byte == MARK_FIRST || byte == MARK_NEXT) {
        reader->mark = byte;
        reader->state = READ_MARK;
    } else if (byte == COBS_FIRST) {
        if (reader->begun)
            drop(reader);
        cobs_begin(reader);
    } else if (byte != 0 && reader->chatter.heard != NULL) {
        reader->chatter.heard(reader->chatter.context, span_of(&byte, 1));
    }
}

enum status frame_reader_take(struct frame_reader *reader, struct span *in, struct span *packet,
                              enum framing *framing)
{
    while (in->size > 0) {
        uint8_t byte = in->data[0];
        enum status status = INCOMPLETE;
        *in = span_from(*in, 1);
        switch (reader->state) {
        case READ_BETWEEN:
            between_byte(reader, byte);
            break;
        case READ_MARK:
            console_begin(reader, byte);
            break;
        case READ_CONSOLE:
            status = console_byte(reader, byte, packet);
            *framing = FRAMING_CONSOLE;
            break;
        case READ_COBS:
            status = cobs_byte(reader, byte, packet);
            *framing = FRAMING_COBS;
            break;
        }
        if (status == OK)
            return OK;
    }
    return INCOMPLETE;
}

void frame_reader_silence(struct frame_reader *reader)
{
    if (reader->begun || reader->state != READ_BETWEEN)
        drop(reader);
    reader->state = READ_BETWEEN;
}
