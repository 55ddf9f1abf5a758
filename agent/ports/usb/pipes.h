/* One agent behind two bulk pipes: raw SMP on the vendor interface, console frames on CDC-ACM. Whole requests go to the agent,
 * from whichever pipe had one first; its answers go back where the request came from.
 *
 *   bulk OUT ─► pipes_take ─► pipes_request ─► agent_receive        agent_send ─► pipes_answer ─► pipes_send ─► bulk IN
 *
 * A host that reads no answers gets no further requests taken: pipes_take then takes nothing, and the bulk OUT waits. The
 * other pipe goes on. For ports with any two such links, not only USB. */
#ifndef SUTURE_AGENT_PORTS_USB_PIPES_H
#define SUTURE_AGENT_PORTS_USB_PIPES_H

#include "agent/ports/usb/usb_device.h"
#include "agent/protocol/frame_raw.h"
#include "agent/protocol/line.h"

#define PIPES_ASKED 8 /* requests without an answer yet, over both pipes */

/* Of one pipe, in the caller's memory; `frame` is the largest SMP packet either way, header included: at least 512. */
struct pipe_memory {
    struct buffer in;      /* frame + FRAME_OVERHEAD bytes */
    struct buffer answers; /* 2 * frame bytes at least */
};

/* A request that the agent has, and whom its answer belongs to. */
struct asked {
    enum usb_pipe pipe; /* USB_PIPES: nobody any more */
    uint16_t group;
    uint8_t sequence, id;
};

struct pipe {
    struct buffer answers; /* raw packets on their way to the host */
    size_t sent;           /* of them */
    struct span request;   /* whole, not all taken by the agent yet; borrowed from the framing */
};

struct pipes {
    struct pipe pipes[USB_PIPES];
    struct frame_raw raw;
    struct line line;
    size_t frame;
    enum usb_pipe turn;   /* whose request goes to the agent first */
    enum usb_pipe giving; /* whose request the agent has a part of; USB_PIPES: nobody's */
    struct asked asked[PIPES_ASKED];
    size_t asked_count;
    /* the answer that comes from the agent now */
    uint8_t head[SMP_HEADER_SIZE];
    size_t head_size, body_left;
    enum usb_pipe to;
};

/* `line_out`: `frame` bytes, for a packet that becomes a console frame. */
void pipes_start(struct pipes *pipes, size_t frame, const struct pipe_memory memory[USB_PIPES],
                 struct buffer line_out);
/* The pipe was restarted: half packets and answers for it are forgotten. */
void pipes_reset(struct pipes *pipes, enum usb_pipe pipe);

/* Takes bytes from a bulk OUT; returns how many. `now` in milliseconds, for the console's gaps. */
size_t pipes_take(struct pipes *pipes, enum usb_pipe pipe, struct span bytes, uint64_t now);
/* The request that the agent is to have next, or what it has not taken of it; empty: none now. */
struct span pipes_request(struct pipes *pipes);
/* The agent took so many bytes of it. */
void pipes_requested(struct pipes *pipes, size_t size);
/* Sorts bytes of the agent's answers; takes them all. */
void pipes_answer(struct pipes *pipes, struct span bytes);
/* Bytes for a bulk IN, up to `capacity`; returns how many. */
size_t pipes_send(struct pipes *pipes, enum usb_pipe pipe, uint8_t *out, size_t capacity);

#endif
