/* A serial line around something that speaks raw SMP packets: the agent on one end, the client on the other. Neither knows
 * of framings; this room turns their packets into console or COBS frames and back.
 *
 *   wire bytes ─► line_take ─► packet ─► agent_receive, client_receive
 *   wire bytes ◄─ line_send ◄─ line_give ◄─ agent_send, client_send   (line_wants says how many raw bytes fit)
 *
 * The device answers in the framing that the request came in. The host begins with console, which every device takes, and
 * sets `framing` to COBS when the capabilities offer it. */
#ifndef SUTURE_AGENT_PROTOCOL_LINE_H
#define SUTURE_AGENT_PROTOCOL_LINE_H

#include "agent/protocol/frame_reader.h"
#include "agent/protocol/smp.h"

/* A longer silence inside a frame ends it. Shorter than any client waits for an answer, so that what it sends again finds the
 * line free; longer than most erases and than a busy host looks away. */
#define LINE_GAP_MS 500

enum line_side { LINE_DEVICE, LINE_HOST };

struct line {
    enum line_side side;
    enum framing framing; /* of what is sent */
    enum framing took;    /* of the last packet that came */
    struct frame_reader reader;
    struct frame_writer writer;
    struct buffer out; /* the packet being sent, raw */
    size_t skip;       /* bytes left of one that is too large */
    uint64_t heard;    /* ms: when the last byte came */
};

/* Memory: `in` takes the largest packet that is received + FRAME_OVERHEAD, `out` the largest that is sent. Both live as long
 * as the line. Console is the first framing. `chatter.heard` may be NULL. */
void line_start(struct line *line, enum line_side side, struct buffer in, struct buffer out,
                struct frame_chatter chatter);
/* The wire was opened anew: half-received and half-sent frames are forgotten. */
void line_reset(struct line *line);

/* Takes wire bytes from `*in` (advanced) until a packet is whole: OK, and `packet` is valid until the next call. INCOMPLETE: all
 * were taken. `now` in milliseconds: when the bytes came. Who was away for longer than the gap while bytes could wait somewhere
 * (a long erase, and a UART with a buffer of its own) gives the time at which it went away. */
enum status line_take(struct line *line, struct span *in, uint64_t now, struct span *packet);

/* Bytes of a packet that is over a line of so many baud within a second, framing included: a longer one might still be on the
 * wire when its answer counts as late. */
size_t line_packet_max(uint32_t baud);

/* How many raw bytes are wanted to go on with the packet being gathered; 0 while one is being sent. */
size_t line_wants(const struct line *line);
/* Takes raw bytes, at most line_wants of them. A packet larger than the memory, or none, is dropped whole. */
void line_give(struct line *line, struct span raw);
/* Wire bytes, up to `capacity`; returns how many. */
size_t line_send(struct line *line, uint8_t *out, size_t capacity);

#endif
