/* Raw framing: SMP packets one after another; the length is in the header. For links that lose nothing (sockets, USB
 * bulk). */
#ifndef SUTURE_AGENT_PROTOCOL_FRAME_RAW_H
#define SUTURE_AGENT_PROTOCOL_FRAME_RAW_H

#include "agent/protocol/smp.h"

struct frame_raw {
    struct buffer packet; /* caller's memory: the largest packet taken, at least SMP_HEADER_SIZE bytes */
    uint32_t skip;        /* bytes of a packet too large still to be thrown away */
};

/* Stands before a packet's first byte; whatever was half received is forgotten. */
void frame_raw_start(struct frame_raw *frame, struct buffer memory);
/* Takes bytes from `*in` (advanced) up to the end of one packet: then OK with `packet` valid until the next call.
 * INCOMPLETE: more bytes are needed, `*in` is empty. BAD_FORMAT: a byte that begins no header was dropped, call again.
 * TOO_LARGE: a packet beyond the memory was thrown away; `packet` holds its header (so that an error can be answered), call
 * again. Garbage that looks like a header may swallow up to 65,543 bytes: only silence can tell, so whoever waits in vain
 * starts anew. */
enum status frame_raw_take(struct frame_raw *frame, struct span *in, struct span *packet);
/* The same without moving a byte, for a caller whose `*in` stays as it is while it looks at the packet: OK when nothing is half
 * received and `*in` begins with a whole packet that the memory would hold; then `packet` lies in `*in`. Anything else:
 * INCOMPLETE, and nothing was taken; frame_raw_take says what it is. */
enum status frame_raw_take_in_place(struct frame_raw *frame, struct span *in, struct span *packet);
/* True when the next byte is a packet's first. */
bool frame_raw_between(const struct frame_raw *frame);

#endif
