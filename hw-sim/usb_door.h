/* The door of a device on USB: usbredir, on which a host's end of the bus is carried over a socket. Our loader dials in, and so
 * does a QEMU with a client's chardev (usbredir:unix:PATH, usbredir:127.0.0.1:PORT); a QEMU that listens is dialed, and dialed
 * again when it was gone (usbredir:connect:PATH).
 *
 * The socket is the port, not the device: it stays while the device is off, unplugged or rebooting; then the host hears that the
 * device left, and on the same socket that one came. One host at a time; a second one is shown out.
 *
 *   host ⇄ socket ⇄ usbredirparser ⇄ usb_bus.c ⇄ device
 *
 * A host that sends and does not read is not read from either; one whose packets can't be is hung up on. */
#ifndef SUTURE_SIM_USB_DOOR_H
#define SUTURE_SIM_USB_DOOR_H

#include "hw-sim/door.h"
#include "hw-sim/usb_bus.h"

#define USB_DOOR_AGAIN_MS 100           /* between two attempts to dial */
#define USB_DOOR_PIECE    (1024 * 1024) /* bytes that a packet may announce */
#define USB_DOOR_UNSENT   (256 * 1024)  /* bytes that wait for the host before it is not read any more */

struct usb_door;

/* Opens the door of a profile whose scheme door_is_usb, for its device; both live as long. FAIL_DOOR, FAIL_MEMORY. */
bool usb_door_open(const struct profile_file *profile, struct device *device, struct usb_door **out,
                   struct failure *why);
/* NULL is allowed. */
void usb_door_close(struct usb_door *door);
/* What a loader types to come here, without "suture"; of a door that dials, where it dials to. */
void usb_door_address(const struct usb_door *door, char out[DOOR_ADDRESS]);

/* As door_watch, door_serve, door_flow and door_wake, in milliseconds. */
void usb_door_watch(const struct usb_door *door, struct pollfd polls[DOOR_POLLS]);
void usb_door_serve(struct usb_door *door, const struct pollfd polls[DOOR_POLLS], uint64_t now);
bool usb_door_flow(struct usb_door *door, uint64_t now);
uint64_t usb_door_wake(const struct usb_door *door, uint64_t now);

#endif
