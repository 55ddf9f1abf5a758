/* Numbers and the setup packet of USB itself: USB 2.0, chapter 9; CDC 1.2 and its PSTN subclass 1.2; DFU 1.1. Names keep clear
 * of <linux/usb/ch9.h>, which a port may include beside this. */
#ifndef SUTURE_AGENT_PORTS_USB_CHAPTER9_H
#define SUTURE_AGENT_PORTS_USB_CHAPTER9_H

#include "keys/base/bytes.h"
#include "keys/base/span.h"

enum usb_speed { USB_HIGH, USB_FULL };

/* bDescriptorType: USB 2.0, table 9-5; the interface association's ECN; CDC 1.2, table 12; DFU 1.1, 4.1.3. */
enum descriptor_type {
    DESCRIPTOR_DEVICE = 1,
    DESCRIPTOR_CONFIGURATION = 2,
    DESCRIPTOR_STRING = 3,
    DESCRIPTOR_INTERFACE = 4,
    DESCRIPTOR_ENDPOINT = 5,
    DESCRIPTOR_QUALIFIER = 6,
    DESCRIPTOR_OTHER_SPEED = 7,
    DESCRIPTOR_ASSOCIATION = 11,
    DESCRIPTOR_BOS = 15,
    DESCRIPTOR_CAPABILITY = 16,
    DESCRIPTOR_DFU = 0x21,
    DESCRIPTOR_CDC = 0x24,
};

/* bRequest of standard requests: table 9-4. */
enum standard_request {
    REQUEST_GET_STATUS = 0,
    REQUEST_CLEAR_FEATURE = 1,
    REQUEST_SET_FEATURE = 3,
    REQUEST_SET_ADDRESS = 5,
    REQUEST_GET_DESCRIPTOR = 6,
    REQUEST_GET_CONFIGURATION = 8,
    REQUEST_SET_CONFIGURATION = 9,
    REQUEST_GET_INTERFACE = 10,
    REQUEST_SET_INTERFACE = 11,
};

/* bmRequestType: direction, kind, recipient. */
#define SETUP_IN        0x80
#define SETUP_KIND      0x60
#define SETUP_RECIPIENT 0x1F
enum setup_kind { SETUP_STANDARD = 0x00, SETUP_CLASS = 0x20, SETUP_VENDOR = 0x40 };
enum setup_recipient { SETUP_TO_DEVICE = 0, SETUP_TO_INTERFACE = 1, SETUP_TO_ENDPOINT = 2 };

#define SETUP_SIZE 8

struct usb_setup {
    uint8_t type, request; /* bmRequestType, bRequest */
    uint16_t value, index, length;
};

static inline struct usb_setup usb_setup_read(const uint8_t bytes[SETUP_SIZE])
{
    return (struct usb_setup){bytes[0], bytes[1], get_le16(bytes + 2), get_le16(bytes + 4),
                              get_le16(bytes + 6)};
}

#endif
