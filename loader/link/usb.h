/* USB links: SMP packets over the two bulk pipes of a device's service interface, by the contract of agent/protocol/usb.h.
 *
 *   usb                    the only device of ours that is plugged in
 *   usb:BUS-PORT           at this place, as lsusb -t and the kernel's log name it: usb:3-1.4
 *   usb:serial=TEXT        with this serial number
 *   usbredir:HOST:PORT     one that another machine shares (usbredirect, QEMU, the simulator); usbredir:unix:PATH
 *
 *   link ─► usb.c (pipes) ─► usb_open.c (which interface) ─► struct usb_host ─► usb_libusb.c | usb_redir.c
 *
 * Opening goes on beside everything else: the device is asked for its descriptors, configured, and both pipes are cleared,
 * so that neither end holds half a packet. Then four reads always wait and up to four writes fly. A transfer that fails is
 * no verdict: the device is asked once more, and the answer tells a bad cable from a device that is gone or frozen. */
#ifndef SUTURE_LOADER_LINK_USB_H
#define SUTURE_LOADER_LINK_USB_H

#include "loader/link/link.h"
#include "loader/link/usb_host.h"

#define USB_ARRIVE_MS 4000 /* until a device must be there, once the other end was reached */
/* For each answer to a question that every device answers (USB 2.0, 9.2.6.4: at most 5 s). */
#define USB_ANSWER_MS 2000
#define USB_STUCK_MS  5000 /* a write that is not taken for so long: is the device frozen? */

/* Makes a link of a host whose device is on its way. `name` is for messages. Takes the host over, also when it fails.
 * FAIL_MEMORY. */
bool usb_link_start(struct link *link, struct usb_host host, const char *name, struct failure *why);
/* A link over an open byte pipe to a usbredir peer, which it takes over, also when it fails. FAIL_MEMORY, FAIL_INTERNAL. */
bool usb_redir_link(struct link *link, struct link wire, const char *name, struct failure *why);

/* Shared by both kinds of address. */
enum link_result usb_settle(struct link *link, uint64_t now, struct failure *why);
enum link_result usb_read(struct link *link, uint8_t *data, size_t capacity, size_t *got);
enum link_result usb_write(struct link *link, const uint8_t *data, size_t size, size_t *put);
void usb_close(struct link *link);

#endif
