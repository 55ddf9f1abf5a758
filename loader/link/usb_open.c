/* Opening a USB link: which configuration and interface, by the device's own descriptors; then both pipes from the start. */
#include "loader/link/usb_core.h"

#include <stdio.h>
#include <string.h>

enum { HOST_TO_DEVICE = 0x00, DEVICE_TO_HOST = 0x80, TO_ENDPOINT = 0x02 };
enum { GET_STATUS = 0, CLEAR_FEATURE = 1, GET_DESCRIPTOR = 6, GET_CONFIGURATION = 8, SET_CONFIGURATION = 9 };
enum { DESCRIBE_DEVICE = 0x0100, DESCRIBE_CONFIGURATION = 0x0200, ENDPOINT_HALT = 0 };

void usb_ask_status(struct usb_core *core)
{
    usb_ask(core, DEVICE_TO_HOST, GET_STATUS, 0, 0, 2);
}

static void go(struct usb_core *core, enum usb_step step)
{
    core->step = step;
    switch (step) {
    case USB_ASK_CONFIGURATION:
        usb_ask(core, DEVICE_TO_HOST, GET_CONFIGURATION, 0, 0, 1);
        break;
    case USB_ASK_DEVICE:
        usb_ask(core, DEVICE_TO_HOST, GET_DESCRIPTOR, DESCRIBE_DEVICE, 0, 18);
        break;
    case USB_ASK_LAYOUT:
        usb_ask(core, DEVICE_TO_HOST, GET_DESCRIPTOR, (uint16_t)(DESCRIBE_CONFIGURATION | core->index), 0,
                USB_LAYOUT_MAX);
        break;
    case USB_CONFIGURE:
        usb_ask(core, HOST_TO_DEVICE, SET_CONFIGURATION, core->interface.configuration, 0, 0);
        break;
    case USB_CLEAR_IN:
        usb_ask(core, TO_ENDPOINT, CLEAR_FEATURE, ENDPOINT_HALT, core->interface.in, 0);
        break;
    case USB_CLEAR_OUT:
        usb_ask(core, TO_ENDPOINT, CLEAR_FEATURE, ENDPOINT_HALT, core->interface.out, 0);
        break;
    case USB_OPENED:
        core->phase = USB_RUNNING;
        break;
    }
}

void usb_open_begin(struct usb_core *core)
{
    core->phase = USB_ASKING;
    go(core, USB_ASK_CONFIGURATION);
}

static void claim(struct usb_core *core)
{
    struct failure why;

    if (core->host.kind->claim(&core->host, &core->interface, &why))
        go(core, USB_CLEAR_IN);
    else
        usb_lose_because(core, &why);
}

static void take_device(struct usb_core *core, struct span answer)
{
    if (usb_device_read(answer, &core->configurations) != OK) {
        usb_lose(core, FAIL_USB_DESCRIPTORS, "its device descriptor is none");
        return;
    }
    if (core->configurations > USB_CONFIGURATIONS_MAX)
        core->configurations = USB_CONFIGURATIONS_MAX;
    go(core, USB_ASK_LAYOUT);
}

/* One that makes no sense does not hide a good one behind it. */
static void take_layout(struct usb_core *core, struct span answer)
{
    enum status status = usb_interface_find(answer, &core->interface);

    if (status == OK && core->interface.configuration == core->configuration) {
        claim(core);
        return;
    }
    if (status == OK) {
        go(core, USB_CONFIGURE);
        return;
    }
    core->nonsense = core->nonsense || status != MISSING;
    core->index += 1;
    if (core->index < core->configurations)
        go(core, USB_ASK_LAYOUT);
    else
        usb_lose(core, FAIL_USB_DESCRIPTORS,
                 core->nonsense ? "the lengths or endpoints in its descriptors can't be"
                                : "it has no interface of class FF, 53, 01");
}

static void refused(struct usb_core *core)
{
    static const char *const steps[] = {"the configuration in force",   "the device descriptor",
                                        "the configuration descriptor", "setting the configuration",
                                        "clearing the pipe from it",    "clearing the pipe to it"};
    char what[96];

    switch (core->control.outcome) {
    case USB_GONE:
        usb_lose(core, FAIL_USB_VANISHED, "unplugged while it was opened");
        return;
    case USB_STALLED:
        snprintf(what, sizeof what, "it refuses a request that every device takes: %s", steps[core->step]);
        usb_lose(core, FAIL_USB_DESCRIPTORS, what);
        return;
    default:
        snprintf(what, sizeof what, "a transfer failed: %s", steps[core->step]);
        usb_lose(core, FAIL_USB_TRANSFER, what);
    }
}

void usb_open_answered(struct usb_core *core)
{
    struct span answer = span_of(core->answer, core->control.done);

    if (core->control.outcome != USB_DONE) {
        refused(core);
        return;
    }
    switch (core->step) {
    case USB_ASK_CONFIGURATION:
        core->configuration = answer.size > 0 ? answer.data[0] : 0;
        go(core, USB_ASK_DEVICE);
        break;
    case USB_ASK_DEVICE:
        take_device(core, answer);
        break;
    case USB_ASK_LAYOUT:
        take_layout(core, answer);
        break;
    case USB_CONFIGURE:
        claim(core);
        break;
    case USB_CLEAR_IN:
        go(core, USB_CLEAR_OUT);
        break;
    case USB_CLEAR_OUT:
        go(core, USB_OPENED);
        break;
    case USB_OPENED:
        break;
    }
}
