/* A gadget of suture-agent without a kernel under it: its ep0 is one end of a socket that keeps packets apart, and whoever tests
 * plays FunctionFS at the other end. Its pipes carry nothing. */
#ifndef SUTURE_TESTS_SUPPORT_GADGET_KIT_H
#define SUTURE_TESTS_SUPPORT_GADGET_KIT_H

#include "agent/ports/linux/gadget.h"

struct gadget_kit {
    struct gadget gadget;
    int kernel; /* FunctionFS's end of ep0; never blocks */
    uint8_t block[USB_DFU_TRANSFER];
    unsigned offered; /* blocks that the taker was given */
    bool later;       /* the taker puts off what it is given */
};

void gadget_kit_start(struct gadget_kit *kit);
void gadget_kit_end(struct gadget_kit *kit);
/* Puts an event into ep0 (enum usb_functionfs_event_type); `setup` may be NULL. False: no room. */
bool gadget_kit_event(struct gadget_kit *kit, uint8_t type, const struct usb_setup *setup);
/* A request, with what the host sends behind it. False: no room. */
bool gadget_kit_ask(struct gadget_kit *kit, const struct usb_setup *setup, struct span data);
/* The next packet that the gadget gave to the kernel: its size, or -1 for none. */
ssize_t gadget_kit_answer(struct gadget_kit *kit, uint8_t *out, size_t capacity);

#endif
