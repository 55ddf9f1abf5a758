/* A simulated device on USB: endpoint 0, the pipes and DFU of agent/ports/usb in front of the device's agent, and the transfers
 * that a host has submitted. No sockets, no clock of its own; usb_door.c carries it over usbredir, a test drives it by hand.
 *
 * Packets are kept apart as on the wire: a bulk IN ends with a short packet, an empty one after a whole number of packets; one
 * that asks for no multiple of the packet size and meets more is babble, and the bytes are lost. A device that reboots leaves
 * the bus and comes again; one that hangs stays and answers nothing but its controller's stalls. */
#ifndef SUTURE_SIM_USB_BUS_H
#define SUTURE_SIM_USB_BUS_H

#include "agent/ports/usb/pipes.h"
#include "hw-sim/device.h"

#define USB_TRANSFERS_MAX 64            /* bulk transfers of a host under way */
#define USB_TRANSFER_MAX  (256 * 1024)  /* bytes of one bulk OUT */
#define USB_UNDER_WAY_MAX (1024 * 1024) /* bytes of all bulk OUTs before the host is not read any more */
#define USB_BULK_IN_MAX   (64 * 1024)   /* bytes that one bulk IN brings at most */

enum usb_outcome { USB_DONE, USB_CANCELLED, USB_REFUSED, USB_STALLED, USB_BABBLED };

/* A bulk transfer ended. `data` is what an IN brought; `size` what an OUT took. */
typedef void usb_ended(void *context, uint64_t id, uint8_t endpoint, enum usb_outcome outcome,
                       struct span data, size_t size);

struct usb_bus;

/* Made for a device, which must live as long; not on the bus. FAIL_MEMORY. */
bool usb_bus_open(struct device *device, struct usb_bus **out, struct failure *why);
/* NULL is allowed. Transfers under way end untold. */
void usb_bus_close(struct usb_bus *bus);
void usb_bus_on_end(struct usb_bus *bus, usb_ended *ended, void *context);

/* Whether the device stands on the bus now: powered, plugged in, and its image has started. What comes and goes is settled by
 * usb_bus_flow; each coming is a fresh device. */
bool usb_bus_attached(const struct usb_bus *bus);
/* How often it has come: a device that left and came again between two looks is another one. */
uint64_t usb_bus_arrivals(const struct usb_bus *bus);
/* The endpoint 0 machine, for its speed, identity and configuration. */
const struct usb_device *usb_bus_device(const struct usb_bus *bus);

/* As usb_device_control; false: stall, or nobody is there. */
bool usb_bus_control(struct usb_bus *bus, const struct usb_setup *setup, struct span data, struct buffer *out,
                     uint64_t now);
/* The host resets the bus: its transfers end as cancelled. */
void usb_bus_reset(struct usb_bus *bus);
bool usb_bus_configure(struct usb_bus *bus, uint16_t configuration);
/* Submits a bulk transfer: `data` for an OUT (copied), `length` for an IN. Its end may be told at once. */
void usb_bus_submit(struct usb_bus *bus, uint64_t id, uint8_t endpoint, struct span data, size_t length);
/* Ends it as cancelled, if it is under way still. */
void usb_bus_cancel(struct usb_bus *bus, uint64_t id);
/* True when so much is under way that a host is better not listened to. */
bool usb_bus_full(const struct usb_bus *bus);

/* Moves bytes between transfers and agent, both ways; true when some moved or the device came or went. */
bool usb_bus_flow(struct usb_bus *bus, uint64_t now);

#endif
