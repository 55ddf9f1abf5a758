/* Control requests, sorted by kind and recipient; whatever nobody knows is stalled. */
#include "agent/ports/usb/usb_device.h"

#include "agent/ports/usb/os_descriptors.h"

#include <string.h>

enum { SET_LINE_CODING = 0x20, GET_LINE_CODING = 0x21, SET_CONTROL_LINE_STATE = 0x22 };
enum { FEATURE_ENDPOINT_HALT = 0 };
enum { STATUS_OWN_POWER = 1 };
#define ADDRESS_MAX 127

static void restart_all(struct usb_device *device)
{
    memset(device->halted_in, 0, sizeof device->halted_in);
    memset(device->halted_out, 0, sizeof device->halted_out);
    for (size_t i = 0; i < USB_PIPES; i++)
        device->restarted[i] = true;
    device->line_open = false;
    usb_dfu_reset(&device->dfu);
}

void usb_device_start(struct usb_device *device, const struct usb_identity *identity, enum usb_speed speed,
                      const struct dfu_taker *taker, struct buffer block)
{
    static const uint8_t coding[USB_LINE_CODING] = {0x00, 0xC2, 0x01, 0x00, 0, 0, 8}; /* 115,200 8N1 */

    memset(device, 0, sizeof *device);
    device->identity = identity;
    device->speed = speed;
    memcpy(device->line_coding, coding, sizeof coding);
    usb_dfu_start(&device->dfu, taker, block, USB_TEXT_REASONS);
}

void usb_device_reset(struct usb_device *device)
{
    device->configuration = 0;
    restart_all(device);
}

bool usb_device_configure(struct usb_device *device, uint16_t configuration)
{
    if (configuration > USB_CONFIGURATION)
        return false;
    device->configuration = (uint8_t)configuration;
    restart_all(device);
    return true;
}

/* Pipes -------------------------------------------------------------------------------------------------------------- */

static bool pipe_of(uint8_t endpoint, enum usb_pipe *out)
{
    switch (endpoint) {
    case USB_ENDPOINT_SMP_OUT:
    case USB_ENDPOINT_SMP_IN:
        *out = USB_PIPE_SMP;
        return true;
    case USB_ENDPOINT_CONSOLE_OUT:
    case USB_ENDPOINT_CONSOLE_IN:
        *out = USB_PIPE_CONSOLE;
        return true;
    default:
        return false;
    }
}

bool usb_device_pipe(const struct usb_device *device, uint8_t endpoint, enum usb_pipe *out)
{
    return device->configuration != 0 && pipe_of(endpoint, out);
}

/* Where an endpoint's halt stands; NULL: there is no such endpoint now. */
static bool *halt_of(struct usb_device *device, uint16_t endpoint)
{
    enum usb_pipe pipe;

    if (device->configuration == 0 || endpoint > 0xFF)
        return NULL;
    if (endpoint != USB_ENDPOINT_CONSOLE_NOTIFY && !pipe_of((uint8_t)endpoint, &pipe))
        return NULL;
    return (endpoint & 0x80 ? device->halted_in : device->halted_out) + (endpoint & 3);
}

bool usb_device_halted(const struct usb_device *device, uint8_t endpoint)
{
    const bool *halt = halt_of((struct usb_device *)(uintptr_t)device, endpoint);

    return halt != NULL && *halt;
}

bool usb_device_restarted(struct usb_device *device, enum usb_pipe pipe)
{
    bool restarted = device->restarted[pipe];

    device->restarted[pipe] = false;
    return restarted;
}

/* Standard requests -------------------------------------------------------------------------------------------------- */

static bool answer(struct buffer *out, const struct usb_setup *setup, const void *bytes, size_t size)
{
    return buffer_append(out, span_first(span_of(bytes, size), setup->length));
}

static bool answer_word(struct buffer *out, const struct usb_setup *setup, uint8_t low)
{
    const uint8_t bytes[2] = {low, 0};

    return setup->value == 0 && answer(out, setup, bytes, sizeof bytes);
}

static bool get_descriptor(const struct usb_device *device, const struct usb_setup *setup, struct buffer *out)
{
    uint8_t memory[USB_ALL_SIZE];
    struct buffer whole = buffer_over(memory, sizeof memory);

    return usb_descriptor(device->identity, device->speed, setup->value, setup->index, &whole) &&
           answer(out, setup, whole.data, whole.size);
}

static bool ask_device(const struct usb_device *device, const struct usb_setup *setup, struct buffer *out)
{
    switch (setup->request) {
    case REQUEST_GET_STATUS:
        return setup->index == 0 && answer_word(out, setup, STATUS_OWN_POWER);
    case REQUEST_GET_DESCRIPTOR:
        return get_descriptor(device, setup, out);
    case REQUEST_GET_CONFIGURATION:
        return answer(out, setup, &device->configuration, 1);
    default:
        return false;
    }
}

/* The address itself is the controller's affair. No feature of the device can be set. */
static bool tell_device(struct usb_device *device, const struct usb_setup *setup)
{
    if (setup->length != 0)
        return false;
    if (setup->request == REQUEST_SET_ADDRESS)
        return setup->value <= ADDRESS_MAX && setup->index == 0;
    return setup->request == REQUEST_SET_CONFIGURATION && usb_device_configure(device, setup->value);
}

static bool set_interface(struct usb_device *device, uint16_t interface, uint16_t alternate)
{
    if (device->configuration == 0 || interface >= USB_INTERFACES || alternate != 0)
        return false;
    if (interface == USB_INTERFACE_SMP)
        device->restarted[USB_PIPE_SMP] = true;
    if (interface == USB_INTERFACE_CONSOLE_DATA)
        device->restarted[USB_PIPE_CONSOLE] = true;
    if (interface == USB_INTERFACE_DFU)
        usb_dfu_reset(&device->dfu);
    uint8_t number = interface == USB_INTERFACE_SMP ? USB_ENDPOINT_SMP_OUT : USB_ENDPOINT_CONSOLE_OUT;
    if (interface == USB_INTERFACE_SMP || interface == USB_INTERFACE_CONSOLE_DATA)
        device->halted_in[number] = device->halted_out[number] = false;
    return true;
}

static bool standard_interface(struct usb_device *device, const struct usb_setup *setup, struct buffer *out)
{
    static const uint8_t alternate = 0;

    if (device->configuration == 0 || setup->index >= USB_INTERFACES)
        return false;
    switch (setup->type & SETUP_IN ? setup->request : setup->request | 0x100) {
    case REQUEST_GET_STATUS:
        return answer_word(out, setup, 0);
    case REQUEST_GET_INTERFACE:
        return setup->value == 0 && answer(out, setup, &alternate, 1);
    case REQUEST_SET_INTERFACE | 0x100:
        return setup->length == 0 && set_interface(device, setup->index, setup->value);
    default:
        return false;
    }
}

static void halt_set(struct usb_device *device, uint16_t endpoint, bool *halt, uint8_t request)
{
    enum usb_pipe pipe;

    *halt = request == REQUEST_SET_FEATURE;
    if (!*halt && pipe_of((uint8_t)endpoint, &pipe))
        device->restarted[pipe] = true;
}

static bool standard_endpoint(struct usb_device *device, const struct usb_setup *setup, struct buffer *out)
{
    bool zero = setup->index == 0x00 || setup->index == 0x80, in = (setup->type & SETUP_IN) != 0;
    bool *halt = halt_of(device, setup->index);

    if (in)
        return setup->request == REQUEST_GET_STATUS && (zero || halt != NULL) &&
               answer_word(out, setup, halt != NULL && *halt);
    if ((setup->request != REQUEST_SET_FEATURE && setup->request != REQUEST_CLEAR_FEATURE) || halt == NULL ||
        setup->value != FEATURE_ENDPOINT_HALT || setup->length != 0)
        return false;
    halt_set(device, setup->index, halt, setup->request);
    return true;
}

static bool standard(struct usb_device *device, const struct usb_setup *setup, struct buffer *out)
{
    switch (setup->type & SETUP_RECIPIENT) {
    case SETUP_TO_DEVICE:
        return setup->type & SETUP_IN ? ask_device(device, setup, out) : tell_device(device, setup);
    case SETUP_TO_INTERFACE:
        return standard_interface(device, setup, out);
    case SETUP_TO_ENDPOINT:
        return standard_endpoint(device, setup, out);
    default:
        return false;
    }
}

/* Classes ------------------------------------------------------------------------------------------------------------ */

/* A program that opens the console raises DTR, and drops it when it leaves: neither finds half of another's frame. */
static void line_state(struct usb_device *device, uint16_t value)
{
    enum { DTR = 1 };
    bool open = (value & DTR) != 0;

    if (open != device->line_open)
        device->restarted[USB_PIPE_CONSOLE] = true;
    device->line_open = open;
}

static bool console(struct usb_device *device, const struct usb_setup *setup, struct span data,
                    struct buffer *out)
{
    switch (setup->type & SETUP_IN ? setup->request | 0x100 : setup->request) {
    case SET_LINE_CODING:
        if (setup->length != USB_LINE_CODING)
            return false;
        memcpy(device->line_coding, data.data, USB_LINE_CODING);
        return true;
    case GET_LINE_CODING | 0x100:
        return answer(out, setup, device->line_coding, USB_LINE_CODING);
    case SET_CONTROL_LINE_STATE:
        if (setup->length != 0)
            return false;
        line_state(device, setup->value);
        return true;
    default:
        return false;
    }
}

static bool class_request(struct usb_device *device, const struct usb_setup *setup, struct span data,
                          struct buffer *out)
{
    if (device->configuration == 0 || (setup->type & SETUP_RECIPIENT) != SETUP_TO_INTERFACE)
        return false;
    if (setup->index == USB_INTERFACE_DFU)
        return usb_dfu_request(&device->dfu, setup, data, out);
    return setup->index == USB_INTERFACE_CONSOLE && console(device, setup, data, out);
}

static bool vendor_request(const struct usb_setup *setup, struct buffer *out)
{
    uint8_t memory[USB_OS_SIZE];
    struct buffer whole = buffer_over(memory, sizeof memory);

    return usb_os_request(setup, &whole) && answer(out, setup, whole.data, whole.size);
}

bool usb_device_control(struct usb_device *device, const struct usb_setup *setup, struct span data,
                        struct buffer *out)
{
    if ((setup->type & SETUP_IN) == 0 && data.size != setup->length)
        return false;
    switch (setup->type & SETUP_KIND) {
    case SETUP_STANDARD:
        return standard(device, setup, out);
    case SETUP_CLASS:
        return class_request(device, setup, data, out);
    case SETUP_VENDOR:
        return vendor_request(setup, out);
    default:
        return false;
    }
}
