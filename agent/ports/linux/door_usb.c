/* usb: the bulk pipes of the gadget as a door. Whoever configured the device is the one who is there. */
#include "agent/ports/linux/door.h"
#include "agent/ports/linux/gadget.h"

#include <fcntl.h>
#include <unistd.h>

static struct gadget *gadget_of(const struct door *door)
{
    return door->more;
}

/* The gadget is opened and bound by the machine, which has the agent's identity. */
static bool usb_open(struct door *door, struct failure *why)
{
    (void)why;
    door->listener.file = gadget_of(door)->ep0;
    return true;
}

static void usb_shut(struct door *door)
{
    door_hang_up(door);
    door->listener.file = -1;
}

static void usb_watch(const struct door *door, struct pollfd polls[DOOR_POLLS], bool wants_in, bool wants_out)
{
    (void)wants_in;
    (void)wants_out;
    polls[0] = (struct pollfd){door->listener.file, POLLIN, 0};
    polls[1] = (struct pollfd){door->file, POLLIN, 0};
}

/* The door's own file is a second name of the gadget's events, so that hanging up closes no more than that. */
static void usb_serve(struct door *door, const struct pollfd polls[DOOR_POLLS])
{
    struct gadget *gadget = gadget_of(door);

    if (polls[0].revents == 0)
        return;
    gadget_serve(gadget);
    if (!gadget->newly)
        return;
    gadget->newly = false;
    door_hang_up(door);
    if (gadget->enabled)
        door->file = fcntl(gadget->events, F_DUPFD_CLOEXEC, 0);
}

static ssize_t usb_read(struct door *door, uint8_t *data, size_t capacity)
{
    return (ssize_t)gadget_read(gadget_of(door), data, capacity);
}

static ssize_t usb_write(struct door *door, const uint8_t *data, size_t size)
{
    return (ssize_t)gadget_write(gadget_of(door), data, size);
}

static bool usb_quiet(const struct door *door)
{
    return gadget_quiet(gadget_of(door));
}

const struct door_kind door_usb = {
    DOOR_PACKETS, usb_open, usb_shut, usb_watch, usb_serve, usb_read, usb_write, usb_quiet,
};
