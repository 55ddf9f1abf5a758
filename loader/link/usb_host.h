/* What the USB link (usb.h) needs of a host controller. Two provide it: the kernel's by libusb, and a device that is shared
 * over usbredir. Nothing blocks; whatever ends is seen in its transfer after the next `attend`. */
#ifndef SUTURE_LOADER_LINK_USB_HOST_H
#define SUTURE_LOADER_LINK_USB_HOST_H

#include "keys/base/failure.h"
#include "loader/link/usb_descriptor.h"

enum usb_outcome {
    USB_DONE,    /* `done` bytes moved */
    USB_STALLED, /* the device refuses, or its endpoint is halted */
    USB_FAILED,  /* perhaps gone, perhaps a bad cable: ask the device before telling which */
    USB_OVERRUN, /* more came than was asked for, and is lost */
    USB_STOPPED, /* cancelled */
    USB_GONE,    /* the device was unplugged */
};

enum usb_state { USB_IDLE, USB_FLYING, USB_ENDED };

#define USB_SETUP_SIZE 8

/* One transfer. The host writes `state`, `outcome` and `done`, and `data` where it goes in. */
struct usb_transfer {
    enum usb_state state;
    enum usb_outcome outcome;
    uint8_t endpoint;              /* address; 0: control, as `setup` says */
    uint8_t setup[USB_SETUP_SIZE]; /* USB 2.0, 9.3 */
    uint8_t *data;                 /* must stay until it has ended, or the host is closed */
    size_t size, done;             /* bytes */
    void *own;                     /* the host's; NULL before the first submit */
};

enum usb_presence {
    USB_REACHING, /* not even the other end of the wire was reached: its own patience counts */
    USB_AWAITED,  /* no device yet: go on attending */
    USB_PRESENT,
    USB_ABSENT, /* gone for good, `why` says how; all transfers have ended */
};

struct usb_host {
    const struct usb_host_kind *kind;
    int descriptor; /* to be polled for reading; stays the same */
    void *own;
};

struct usb_host_kind {
    /* Moves what can be moved, and looks how the device is. */
    enum usb_presence (*attend)(struct usb_host *host, uint64_t now, struct failure *why);
    /* Starts an idle or ended transfer; it may have ended on return. SET_CONFIGURATION and CLEAR_FEATURE of an endpoint's
     * halt, which concern the controller too, are seen to. */
    void (*submit)(struct usb_host *host, struct usb_transfer *transfer);
    void (*cancel)(struct usb_host *host, struct usb_transfer *transfer);
    /* FAIL_USB_BUSY, FAIL_USB_DRIVER, FAIL_USB_VANISHED. */
    bool (*claim)(struct usb_host *host, const struct usb_interface *interface, struct failure *why);
    /* Ends whatever flies, within a second, and frees all of the host's. */
    void (*close)(struct usb_host *host);
};

#endif
