/* Packets out of the bytes of a serial line, on which console and COBS frames may come mixed with the text of a chatty
 * firmware. The first bytes of a frame tell them apart, each looked for wherever no frame is being read:
 *   06 09      a console frame's first line begins; 04 14 a further line of the one that was begun
 *   02 or 01   a COBS frame of an SMP packet begins. The packet's first byte is 00 to 0B and its second, the flags, is always
 *              0: so COBS begins 02 xx, or 01 01 for the one first byte that is 0 (a version 1 read)
 *   00         the end of a COBS frame, or of noise
 *   others     chatter, handed to whoever wants to see it
 *
 *             06 09, 04 14              bad byte, too long
 *   BETWEEN ─────────────► CONSOLE ───────────────────────► LINE_REST ─► 0A or 00 ─► BETWEEN
 *      │ 01, 02                          too large
 *      └─────────────────► COBS ──────────────────────────► COBS_REST ─► 00 ───────► BETWEEN
 *
 * Nothing that begins by chance keeps the line for long. A console frame ends at the first byte that is no base64, and when it
 * grows beyond its own length; 06 09 begins anew anywhere outside COBS. A COBS frame ends as soon as its first bytes are no
 * SMP header, and when it grows beyond the length in that header: the byte that showed it is looked at again as a beginning,
 * so a frame whose end was lost does not take the next one along. In what is left of a broken frame 06 09 is still looked
 * for; after a broken line COBS is, too. What remains: noise that happens to be a whole SMP header swallows at most the memory,
 * up to the next 00 or frame_reader_silence. Nothing is delivered without its CRC. */
#ifndef SUTURE_AGENT_PROTOCOL_FRAME_READER_H
#define SUTURE_AGENT_PROTOCOL_FRAME_READER_H

#include "agent/protocol/frame_writer.h"
#include "keys/base/status.h"

#define FRAME_OVERHEAD 4 /* bytes that the memory must hold beside the largest packet */

enum frame_state {
    FRAME_BETWEEN,
    FRAME_MARK, /* 06 or 04 was read */
    FRAME_CONSOLE,
    FRAME_LINE_REST, /* of a broken console line */
    FRAME_COBS,
    FRAME_COBS_REST, /* of a COBS frame too large */
};

/* Who sees what is no frame. `text` is not cleaned: it comes from outside. */
struct frame_chatter {
    void *context;
    void (*heard)(void *context, struct span text);
};

struct frame_reader {
    struct buffer memory; /* the caller's: largest packet + FRAME_OVERHEAD */
    struct frame_chatter chatter;
    enum frame_state state, before_mark;
    uint8_t last; /* the byte before */
    uint8_t mark; /* the first byte of a console line's mark */
    bool begun;   /* console: a packet's first line was begun, and no line of it was broken */
    uint8_t quad[4], in_quad;
    bool padded;      /* console: '=' was read on this line */
    uint8_t run;      /* COBS: bytes left of the block */
    bool zero_due;    /* COBS: a zero stands before the next block */
    uint32_t dropped; /* broken frames so far */
};

/* `memory` holds at least SMP_HEADER_SIZE + FRAME_OVERHEAD bytes; `chatter.heard` may be NULL. */
void frame_reader_start(struct frame_reader *reader, struct buffer memory, struct frame_chatter chatter);
/* Takes bytes from `*in` (advanced) until a packet is whole: then OK with `packet` valid until the next call, and the framing
 * it came in. INCOMPLETE: all bytes were taken, no packet yet. */
enum status frame_reader_take(struct frame_reader *reader, struct span *in, struct span *packet,
                              enum framing *framing);
/* The line was silent for longer than a gap inside a frame: what was begun is dropped. */
void frame_reader_silence(struct frame_reader *reader);

#endif
