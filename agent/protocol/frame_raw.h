/* Raw framing: SMP packets one after another; the length is in the header. For links that lose nothing (sockets, USB
 * bulk). */
#ifndef SUTURE_AGENT_PROTOCOL_FRAME_RAW_H
#define SUTURE_AGENT_PROTOCOL_FRAME_RAW_H

#include "agent/protocol/smp.h"

struct frame_raw {
    struct buffer packet; /* caller's memory: the largest packet that is taken */
    uint32_t skip;        /* bytes of a packet too large still to be thrown away */
};

void frame_raw_start(struct frame_raw *frame, struct buffer memory);
/* Takes bytes from `*in` (advanced) until a packet is whole: then OK with `packet` valid until the next call. INCOMPLETE:
 * more bytes are needed. BAD_FORMAT: a header that is none; one byte was dropped, call again. TOO_LARGE: a packet beyond the
 * memory is being thrown away; `packet` holds its header (so that an error can be answered), call again. */
enum status frame_raw_take(struct frame_raw *frame, struct span *in, struct span *packet);

#endif
