/* SMP over USB: what both ends must agree on. A device shows one vendor interface with one bulk endpoint in each direction
 * (beside it, for other people's clients, CDC-ACM and DFU); a host finds it by the three class bytes, and the device by the
 * identity that it signs, never by VID:PID alone.
 *
 * On the two bulk pipes run raw SMP packets, one after the other, whose headers hold their length; where a transfer ends means
 * nothing to a reader, so several packets may share a transfer and one may span several. One rule for how a transfer ends,
 * for both ends:
 *  - a writer ends what it has to say with a short packet: after a whole number of packets an empty one follows;
 *  - a reader asks for multiples of the packet size, keeps at least one read waiting, and takes an empty transfer for nothing.
 * So no writer waits for a reader that was already satisfied, and no reader waits for the rest of a whole number of packets.
 * A bus reset, a set configuration or a clear halt forgets half a packet in both directions.
 * Clauses: USB 2.0, 5.8.3 (bulk transfers end with a short packet), 9.6 (descriptors). */
#ifndef SUTURE_AGENT_PROTOCOL_USB_H
#define SUTURE_AGENT_PROTOCOL_USB_H

#define USB_SMP_CLASS    0xFF /* vendor specific */
#define USB_SMP_SUBCLASS 0x53
#define USB_SMP_PROTOCOL 0x01
/* Bytes of one bulk transfer at most, multiples of every packet size. To the device as much as a packet of SMP may have on
 * large devices; from it, where answers are small, less: a host keeps memory for each read that waits. */
#define USB_SMP_OUT 32768
#define USB_SMP_IN  16384

#endif
