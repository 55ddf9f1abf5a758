/* Microsoft OS descriptors: they make Windows take its own WinUSB driver for the SMP and the DFU interface, so that nobody
 * installs one. Version 1.0 (string EE, then vendor requests with index 4 and 5), and 2.0 (a BOS capability, then a vendor
 * request with index 7), which a gadget of Linux can't give; hosts take the newest they know.
 * "Microsoft OS 1.0 Descriptors Specification"; "Microsoft OS 2.0 Descriptors Specification". */
#ifndef SUTURE_AGENT_PORTS_USB_OS_DESCRIPTORS_H
#define SUTURE_AGENT_PORTS_USB_OS_DESCRIPTORS_H

#include "agent/ports/usb/chapter9.h"

#define USB_OS_VENDOR_CODE 0x53 /* bRequest of their vendor requests; configfs: os_desc/b_vendor_code */
#define USB_OS_SIZE        512  /* bytes of any of these, at most */

/* The string EE, and the BOS. False: no room. */
bool usb_os_string(struct buffer *out);
bool usb_os_bos(struct buffer *out);
/* Answers a vendor request of the device or of an interface. False: it is none of ours, stall. Appends the whole; the caller
 * cuts at wLength. */
bool usb_os_request(const struct usb_setup *setup, struct buffer *out);

/* What FunctionFS takes behind the descriptors (flag HAS_MS_OS_DESC): a compatible id and a property each for interface 0
 * (SMP) and 1 (DFU), texts as UTF-8. `count` is the number of blocks. Linux 6.1 takes no other version than the 1 that
 * stands there. False: no room. */
bool usb_function_os_descriptors(struct buffer *out, uint32_t *count);

#endif
