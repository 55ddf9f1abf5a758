/* One usbredir host on a connected socket: its packets become requests and transfers of the bus, and the other way round. The
 * library parses; sizes, order and state are judged here. Not blocking. */
#ifndef SUTURE_SIM_USB_REDIR_H
#define SUTURE_SIM_USB_REDIR_H

#include "hw-sim/usb_bus.h"

struct usb_redir;

/* Says hello. Takes over how transfers of the bus end; the bus lives longer, and so does the socket, which is the caller's to
 * close. NULL: no memory. */
struct usb_redir *usb_redir_new(struct usb_bus *bus, int socket);
void usb_redir_free(struct usb_redir *redir);

/* Reads what is there and carries it out. False: the host is gone, or what it sends can't be: hang up. */
bool usb_redir_read(struct usb_redir *redir, uint64_t now);
/* Tells the host of a device that left or came, and sends what waits. False: as above. */
bool usb_redir_flow(struct usb_redir *redir);
/* Whether the host is to be read from; whether something waits to be sent. */
bool usb_redir_listens(const struct usb_redir *redir);
bool usb_redir_has_more(const struct usb_redir *redir);

#endif
