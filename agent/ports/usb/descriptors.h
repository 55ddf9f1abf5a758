/* The composite device's descriptors, all of them, in one place: for a device that answers the bus itself, and in pieces for
 * one that stands behind Linux's FunctionFS. Everything is written into the caller's memory.
 *
 *   interface 0  SMP, raw packets      FF 53 01   bulk OUT 01, bulk IN 81        (agent/protocol/usb.h)
 *             1  DFU 1.1               FE 01 02   none: control requests only
 *             2  CDC-ACM, its control  02 02 00   interrupt IN 83                (SMP console)
 *             3  CDC-ACM, its data     0A 00 00   bulk OUT 02, bulk IN 82
 *
 * A host finds interfaces by their classes and endpoints by their descriptors: a gadget of Linux renumbers both.
 * Clauses: USB 2.0, 9.6; CDC 1.2, 5.2; PSTN 1.2, 5.3; DFU 1.1, 4.2. */
#ifndef SUTURE_AGENT_PORTS_USB_DESCRIPTORS_H
#define SUTURE_AGENT_PORTS_USB_DESCRIPTORS_H

#include "agent/ports/usb/chapter9.h"
#include "agent/ports/usb/usb_identity.h"

enum usb_interface_number {
    USB_INTERFACE_SMP,
    USB_INTERFACE_DFU,
    USB_INTERFACE_CONSOLE,
    USB_INTERFACE_CONSOLE_DATA,
    USB_INTERFACES
};

#define USB_ENDPOINT_SMP_OUT        0x01
#define USB_ENDPOINT_SMP_IN         0x81
#define USB_ENDPOINT_CONSOLE_OUT    0x02
#define USB_ENDPOINT_CONSOLE_IN     0x82
#define USB_ENDPOINT_CONSOLE_NOTIFY 0x83

#define USB_CONTROL_PACKET 64 /* bytes, of endpoint 0 at both speeds */
#define USB_BULK_FULL      64
#define USB_BULK_HIGH      512
#define USB_NOTIFY_PACKET  16
#define USB_DFU_TRANSFER   4096 /* bytes of one DFU download at most */
#define USB_DFU_DETACH_MS  1000

#define USB_TEXT_REASONS 16 /* number of the string for the first of dfu_reasons */

#define USB_CONFIGURATION 1   /* the only configuration's value */
#define USB_TEXT_SIZE     254 /* bytes of a string descriptor at most */
#define USB_ALL_SIZE      256 /* bytes of the configuration, or of any other descriptor, at most */

/* Bytes in a packet of the bulk endpoints. */
static inline uint16_t usb_bulk_packet(enum usb_speed speed)
{
    return speed == USB_HIGH ? USB_BULK_HIGH : USB_BULK_FULL;
}

/* Answers GET_DESCRIPTOR: `value` holds type and index, `language` is the request's wIndex. Appends the whole descriptor
 * (USB_ALL_SIZE bytes are enough); the caller cuts at wLength. False: there is none, stall. The other speed's configuration
 * is that of the speed which `speed` is not. */
bool usb_descriptor(const struct usb_identity *identity, enum usb_speed speed, uint16_t value,
                    uint16_t language, struct buffer *out);

/* In pieces: for FunctionFS, whose file takes them per speed. -------------------------------------------------------- */

/* Linux before 6.12 refuses the DFU functional descriptor in FunctionFS; a host then has to be told the transfer size. */
enum usb_dfu_form { USB_DFU_WHOLE, USB_DFU_WITHOUT_FUNCTIONAL };

/* Appends SMP and DFU interface with their endpoints, no more; `count` is the number of descriptors. The interfaces are
 * numbered 0 and 1; their strings are 1 and 2 of usb_function_strings. False: no room (64 bytes are enough). */
bool usb_function_descriptors(enum usb_speed speed, enum usb_dfu_form form, struct buffer *out,
                              uint32_t *count);
/* Appends language 0409, and the two texts with their NULs: what FunctionFS's strings file wants behind its head. */
#define USB_FUNCTION_STRINGS 2
bool usb_function_strings(struct buffer *out);

#endif
