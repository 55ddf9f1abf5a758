/* FunctionFS, as far as ep0 goes. */
#include "tests/support/gadget_kit.h"

#include "agent/protocol/usb.h"
#include "keys/base/bytes.h"

#include <linux/usb/functionfs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

/* Takes all of a file that never ends. */
static enum dfu_taken take(void *context, uint64_t offset, struct span bytes, enum refusal *refusal,
                           struct push_answer *out)
{
    struct gadget_kit *kit = context;

    if (kit->later)
        return TAKEN_LATER;
    kit->offered++;
    *refusal = ALLOWED;
    *out = (struct push_answer){.state = PUSH_OPEN, .wanted = offset + bytes.size, .length = UINT64_MAX};
    return TAKEN;
}

static enum push_state state(void *context)
{
    (void)context;
    return PUSH_OPEN;
}

void gadget_kit_start(struct gadget_kit *kit)
{
    static uint8_t transfer[USB_SMP_OUT];
    const struct dfu_taker taker = {kit, take, state};
    int ends[2];

    memset(kit, 0, sizeof *kit);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0)
        abort();
    kit->kernel = ends[1];
    kit->gadget = (struct gadget){.ep0 = ends[0], .out.file = -1, .in.file = -1};
    for (unsigned i = 0; i < GADGET_TRANSFERS; i++)
        kit->gadget.out.transfers[i].data = kit->gadget.in.transfers[i].data = transfer;
    kit->gadget.events = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    usb_dfu_start(&kit->gadget.dfu, &taker, buffer_over(kit->block, sizeof kit->block), 0);
}

void gadget_kit_end(struct gadget_kit *kit)
{
    close(kit->gadget.ep0);
    close(kit->gadget.events);
    close(kit->kernel);
}

bool gadget_kit_event(struct gadget_kit *kit, uint8_t type, const struct usb_setup *setup)
{
    struct usb_functionfs_event event = {.type = type};
    uint8_t *bytes = (uint8_t *)&event.u.setup;

    if (setup != NULL) {
        bytes[0] = setup->type;
        bytes[1] = setup->request;
        put_le16(bytes + 2, setup->value);
        put_le16(bytes + 4, setup->index);
        put_le16(bytes + 6, setup->length);
    }
    return send(kit->kernel, &event, sizeof event, MSG_NOSIGNAL) == (ssize_t)sizeof event;
}

bool gadget_kit_ask(struct gadget_kit *kit, const struct usb_setup *setup, struct span data)
{
    if (!gadget_kit_event(kit, FUNCTIONFS_SETUP, setup))
        return false;
    return data.size == 0 || send(kit->kernel, data.data, data.size, MSG_NOSIGNAL) == (ssize_t)data.size;
}

ssize_t gadget_kit_answer(struct gadget_kit *kit, uint8_t *out, size_t capacity)
{
    return recv(kit->kernel, out, capacity, MSG_DONTWAIT);
}
