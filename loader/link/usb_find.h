/* Where devices of ours are on this machine's USB: found by the class bytes of an interface, without opening any of them,
 * on a fresh look each time (a libusb context that lives on never learns of a new device where no udevd runs). Which of
 * several an address means is a pure choice. */
#ifndef SUTURE_LOADER_LINK_USB_FIND_H
#define SUTURE_LOADER_LINK_USB_FIND_H

#include "keys/base/failure.h"

#include <libusb.h>

#define USB_PORT_SIZE   40 /* "3-1.4", seven hubs deep; NUL included */
#define USB_SERIAL_SIZE 64
#define USB_PLACES_MAX  64

struct usb_place {
    char port[USB_PORT_SIZE];
    /* as the device says, harmless on a terminal; empty: none, or not readable */
    char serial[USB_SERIAL_SIZE];
};

struct usb_places {
    struct usb_place list[USB_PLACES_MAX];
    libusb_device *devices[USB_PLACES_MAX]; /* only with a context that lives; see usb_look */
    size_t count, looked;                   /* places; USB devices of any kind that were looked at */
};

/* What an address asks for. Both empty: any. Both given: the device of before, see usb_choose. */
struct usb_wish {
    char port[USB_PORT_SIZE];
    char serial[USB_SERIAL_SIZE];
};

/* Reads what follows "usb:". FAIL_ADDRESS: it is no BUS-PORT, no serial=TEXT, and not both in this order with a comma. */
bool usb_wish_read(const char *rest, struct usb_wish *wish, struct failure *why);

enum usb_match { USB_NONE, USB_ONE, USB_SEVERAL };
/* By port or serial that must fit. With both, the best of: both fit; the serial alone (plugged in elsewhere); the port alone
 * (its serial number may change with its firmware; whether it is the same device, the session asks it). */
enum usb_match usb_choose(const struct usb_places *places, const struct usb_wish *wish, size_t *index);

/* Looks with this context; frees nothing of it: `list` must be given to libusb_free_device_list after use. */
bool usb_look(libusb_context *context, struct usb_places *places, libusb_device ***list, struct failure *why);
/* Looks with a context of its own: `devices` is not filled. FAIL_USB_SYSTEM. */
bool usb_find(struct usb_places *places, struct failure *why);
/* The port of the USB device behind a tty ("/dev/ttyACM0" -> "3-1.4"); false: it has none that shows. */
bool usb_port_of_tty(const char *path, char port[USB_PORT_SIZE]);

#endif
