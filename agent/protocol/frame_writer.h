/* SMP packets on their way to a wire, in the three framings. Nothing is copied: the writer makes the bytes as the wire takes
 * them, so a packet needs no second buffer however long its frame is.
 *   console  lines {06 09 first, 04 14 next} base64 {0A} of at most 127 bytes; the base64 is of length (2 bytes, big-endian:
 *            packet + 2), packet, CRC-16 (big-endian) over the packet; each full line carries 93 bytes
 *   COBS     00, COBS(packet, CRC-16 big-endian), 00; the leading 00 ends whatever noise came before
 *   raw      the packet as it is */
#ifndef SUTURE_AGENT_PROTOCOL_FRAME_WRITER_H
#define SUTURE_AGENT_PROTOCOL_FRAME_WRITER_H

#include "keys/base/span.h"

/* The numbers of the capability `framings`. */
enum framing { FRAMING_CONSOLE = 0, FRAMING_COBS = 1, FRAMING_RAW = 2 };

#define FRAME_LINE_MAX   127   /* bytes of a console line, its end included */
#define FRAME_PACKET_MAX 65533 /* bytes of a packet that a console frame can carry */

struct frame_writer {
    enum framing framing;
    struct span packet; /* borrowed until the last byte was taken; data NULL: nothing to send */
    uint16_t crc;
    size_t at;    /* console, raw: bytes made; COBS: bytes of packet and CRC made */
    size_t after; /* COBS, as are all that follow: where the next block begins */
    uint8_t run;  /* bytes left of this block */
    bool opened, more, closed;
};

/* Begins a packet of 1 to FRAME_PACKET_MAX bytes. */
void frame_writer_start(struct frame_writer *writer, enum framing framing, struct span packet);
/* The next bytes of the frame, up to `capacity`; 0 when it is over. */
size_t frame_writer_take(struct frame_writer *writer, uint8_t *out, size_t capacity);
/* True while bytes are left. */
bool frame_writer_busy(const struct frame_writer *writer);

#endif
