/* Packets out of the bytes of a serial line, on which console and COBS frames may come mixed with the text of a chatty
 * firmware. The first byte of a frame tells them apart:
 *   06 or 04   a console line begins (06 09 a packet's first, 04 14 a further one)
 *   02         a COBS frame of an SMP packet begins: its second byte, the flags, is always 0, so the first code is 2
 *   00         the end of a COBS frame, or of noise
 *   others     chatter, handed to whoever wants to see it
 * Inside a COBS frame only 00 ends it; inside a console line 0A does, and 06 begins anew. A frame whose CRC or form is wrong is
 * dropped and counted, and the next one is found by its own beginning. A COBS frame that lost its end swallows what comes
 * until the next 00; frame_reader_silence ends that. */
#ifndef SUTURE_AGENT_PROTOCOL_FRAME_READER_H
#define SUTURE_AGENT_PROTOCOL_FRAME_READER_H

#include "agent/protocol/frame_writer.h"
#include "keys/base/status.h"

#define FRAME_OVERHEAD 4 /* bytes that the memory must hold beside the largest packet */

/* Who sees what is no frame. `text` is not cleaned: it comes from outside. */
struct frame_chatter {
    void *context;
    void (*heard)(void *context, struct span text);
};

struct frame_reader {
    struct buffer memory; /* the caller's: largest packet + FRAME_OVERHEAD */
    struct frame_chatter chatter;
    enum { READ_BETWEEN, READ_MARK, READ_CONSOLE, READ_COBS } state;
    uint8_t mark; /* the first byte of a console line's mark */
    bool begun;   /* console: a packet's first line was read well */
    uint8_t quad[4], in_quad;
    bool padded;      /* console: '=' was read on this line */
    uint8_t run;      /* COBS: bytes left of the block */
    bool zero_due;    /* COBS: a zero stands before the next block */
    bool spoiled;     /* this frame is broken: wait for its end */
    uint32_t dropped; /* broken frames so far */
};

/* `chatter.heard` may be NULL. */
void frame_reader_start(struct frame_reader *reader, struct buffer memory, struct frame_chatter chatter);
/* Takes bytes from `*in` (advanced) until a packet is whole: then OK with `packet` valid until the next call, and the framing
 * it came in. INCOMPLETE: all bytes were taken, no packet yet. */
enum status frame_reader_take(struct frame_reader *reader, struct span *in, struct span *packet,
                              enum framing *framing);
/* The line was silent for longer than a gap inside a frame: what was begun is dropped. */
void frame_reader_silence(struct frame_reader *reader);

#endif
