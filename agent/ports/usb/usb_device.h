/* Endpoint 0 of a device that answers the bus itself: every control request, standard, class and vendor, as a machine. The
 * simulator's USB device is made of it; behind FunctionFS the kernel does this, and only usb_dfu_request is used.
 * Clauses: USB 2.0, 9.4; PSTN 1.2, 6.3; DFU 1.1. */
#ifndef SUTURE_AGENT_PORTS_USB_USB_DEVICE_H
#define SUTURE_AGENT_PORTS_USB_USB_DEVICE_H

#include "agent/ports/usb/dfu.h"

/* Bulk pipes, for what has to be forgotten. */
enum usb_pipe { USB_PIPE_SMP, USB_PIPE_CONSOLE, USB_PIPES };

#define USB_LINE_CODING 7 /* bytes: rate u32, stop bits, parity, data bits */

struct usb_device {
    const struct usb_identity *identity;
    enum usb_speed speed;
    uint8_t configuration;            /* in force; 0: none, and the pipes carry nothing */
    bool halted_in[4], halted_out[4]; /* endpoints by number */
    bool restarted[USB_PIPES];        /* since usb_device_restarted was asked */
    uint8_t line_coding[USB_LINE_CODING];
    bool line_open; /* a program at the host holds the console (DTR) */
    struct usb_dfu dfu;
};

/* A device that was just plugged in: not configured. `identity` lives as long; the rest as usb_dfu_start. */
void usb_device_start(struct usb_device *device, const struct usb_identity *identity, enum usb_speed speed,
                      const struct dfu_taker *taker, struct buffer block);
/* The host resets the bus. */
void usb_device_reset(struct usb_device *device);
/* A whole control request: `data` are what the host sends with it, wLength bytes; what goes to the host is appended to
 * `out` (USB_OS_SIZE bytes are enough), at most wLength bytes. False: stall. Whatever comes, the state stays sound. */
bool usb_device_control(struct usb_device *device, const struct usb_setup *setup, struct span data,
                        struct buffer *out);
/* SET_CONFIGURATION, for buses that make it a message of its own. False: stall. */
bool usb_device_configure(struct usb_device *device, uint16_t configuration);

/* Whether an endpoint's address leads to a bulk pipe that is configured, and which. */
bool usb_device_pipe(const struct usb_device *device, uint8_t endpoint, enum usb_pipe *out);
bool usb_device_halted(const struct usb_device *device, uint8_t endpoint);
/* Whether half packets of this pipe, both ways, are to be forgotten since this was last asked: the bus was reset, a
 * configuration set, an endpoint's halt cleared, or a program opened or closed the console. */
bool usb_device_restarted(struct usb_device *device, enum usb_pipe pipe);

#endif
