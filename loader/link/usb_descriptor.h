/* USB descriptors as a device sends them: read with every length checked, nothing believed. Finds the service interface by
 * its class bytes (agent/protocol/usb.h). Clauses: USB 2.0, 9.5, 9.6. */
#ifndef SUTURE_LOADER_LINK_USB_DESCRIPTOR_H
#define SUTURE_LOADER_LINK_USB_DESCRIPTOR_H

#include "keys/base/span.h"
#include "keys/base/status.h"

#define USB_CONFIGURATIONS_MAX 8    /* looked at; no device of ours has more than one */
#define USB_LAYOUT_MAX         4096 /* bytes of one configuration with all that belongs to it */

/* The service interface and its two pipes. */
struct usb_interface {
    uint8_t configuration; /* its value, for SET_CONFIGURATION; never 0 */
    uint8_t number;
    uint8_t in, out;                /* endpoint addresses, direction bit included */
    uint16_t in_packet, out_packet; /* bytes: 8 to 64, 512 or 1024 */
};

/* How many configurations a device descriptor names. BAD_FORMAT: it is none, or names none. */
enum status usb_device_read(struct span descriptor, uint8_t *configurations);
/* Looks through one configuration for the first service interface in alternate setting 0 with a bulk endpoint in each
 * direction. MISSING: well formed, and none is there. BAD_FORMAT: lengths that do not add up, or such an interface with
 * endpoints that can't be. */
enum status usb_interface_find(struct span layout, struct usb_interface *out);

#endif
