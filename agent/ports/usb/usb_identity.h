/* What a device says of itself on the bus. Nobody believes it: who a device is, its signed identity tells. The serial number
 * is there so that a host knows the same device again, and finds two of one kind. */
#ifndef SUTURE_AGENT_PORTS_USB_USB_IDENTITY_H
#define SUTURE_AGENT_PORTS_USB_USB_IDENTITY_H

#include "agent/identity.h"

#define USB_VENDOR_MAX 64               /* bytes of the vendor's name */
#define USB_SERIAL_MAX (SERIAL_MAX + 9) /* bytes of a serial number: 9 more when it had to be cleaned */

/* pid.codes' number for tests in a lab: the simulator's, never a device's. */
#define USB_LAB_VENDOR_ID  0x1209
#define USB_LAB_PRODUCT_ID 0x0001

struct usb_identity {
    uint16_t vendor_id, product_id;
    uint16_t release;                /* bcdDevice */
    char vendor[USB_VENDOR_MAX + 1]; /* UTF-8; empty: none is told, so with the others */
    char product[IDENTITY_TEXT_MAX + 1];
    char serial[USB_SERIAL_MAX + 1];
};

/* The device's numbers, its vendor's name (cut at USB_VENDOR_MAX), and what the factory wrote: model and serial number.
 * `identity` NULL: a device that has none tells neither. */
void usb_identity_make(struct usb_identity *out, uint16_t vendor_id, uint16_t product_id, struct span vendor,
                       const struct identity *identity);

/* A serial number as every host takes it: visible ASCII without the comma. What had to be changed ends with a digest of
 * what it was, so that two serial numbers never become one. */
void usb_serial_clean(struct span serial, char out[USB_SERIAL_MAX + 1]);

#endif
