#include "loader/link/usb_descriptor.h"

#include "agent/protocol/usb.h"
#include "keys/base/bytes.h"

enum { TYPE_DEVICE = 1, TYPE_CONFIGURATION = 2, TYPE_INTERFACE = 4, TYPE_ENDPOINT = 5 };
enum { DEVICE_SIZE = 18, CONFIGURATION_SIZE = 9, INTERFACE_SIZE = 9, ENDPOINT_SIZE = 7 };
enum { DIRECTION_IN = 0x80, TYPE_MASK = 3, TYPE_BULK = 2 };

enum status usb_device_read(struct span descriptor, uint8_t *configurations)
{
    const uint8_t *bytes = descriptor.data;

    if (descriptor.size < DEVICE_SIZE || bytes[0] != DEVICE_SIZE || bytes[1] != TYPE_DEVICE || bytes[17] == 0)
        return BAD_FORMAT;
    *configurations = bytes[17];
    return OK;
}

/* The next descriptor, whose length byte stays within what is left. */
static enum status take_descriptor(struct span *rest, struct span *descriptor)
{
    if (rest->size < 2 || rest->data[0] < 2 || rest->data[0] > rest->size)
        return BAD_FORMAT;
    *descriptor = span_first(*rest, rest->data[0]);
    *rest = span_from(*rest, rest->data[0]);
    return OK;
}

/* 8 to 64 at full speed, 512 at high, 1024 at super (USB 2.0, 5.8.3; USB 3.2, 9.6.6). */
static bool is_packet_size(uint16_t size)
{
    return size == 8 || size == 16 || size == 32 || size == 64 || size == 512 || size == 1024;
}

static enum status take_endpoint(struct span endpoint, struct usb_interface *interface)
{
    if (endpoint.size < ENDPOINT_SIZE)
        return BAD_FORMAT;
    uint8_t address = endpoint.data[2];
    uint16_t packet = get_le16(endpoint.data + 4);
    if ((endpoint.data[3] & TYPE_MASK) != TYPE_BULK)
        return OK;
    if ((address & 0x0F) == 0 || (address & 0x70) != 0 || !is_packet_size(packet))
        return BAD_FORMAT;
    if ((address & DIRECTION_IN) && interface->in == 0) {
        interface->in = address;
        interface->in_packet = packet;
    } else if (!(address & DIRECTION_IN) && interface->out == 0) {
        interface->out = address;
        interface->out_packet = packet;
    }
    return OK;
}

static enum status is_service(struct span interface, bool *service)
{
    const uint8_t *bytes = interface.data;

    if (interface.size < INTERFACE_SIZE)
        return BAD_FORMAT;
    *service = bytes[3] == 0 && bytes[5] == USB_SMP_CLASS && bytes[6] == USB_SMP_SUBCLASS &&
               bytes[7] == USB_SMP_PROTOCOL;
    return OK;
}

/* The first service interface gets its endpoints; whatever follows the next interface descriptor is another's. */
static enum status walk(struct span rest, struct usb_interface *found, bool *any)
{
    bool within = false, service;
    enum status status = OK;
    struct span one;

    *any = false;
    while (status == OK && rest.size > 0) {
        status = take_descriptor(&rest, &one);
        if (status == OK && one.data[1] == TYPE_INTERFACE) {
            status = is_service(one, &service);
            within = status == OK && service && !*any;
            if (within) {
                *any = true;
                found->number = one.data[2];
            }
        } else if (status == OK && one.data[1] == TYPE_ENDPOINT && within) {
            status = take_endpoint(one, found);
        }
    }
    return status;
}

enum status usb_interface_find(struct span layout, struct usb_interface *out)
{
    struct usb_interface found = {0};
    bool any;

    if (layout.size < CONFIGURATION_SIZE || layout.data[0] < CONFIGURATION_SIZE ||
        layout.data[1] != TYPE_CONFIGURATION)
        return BAD_FORMAT;
    uint16_t total = get_le16(layout.data + 2);
    if (total < layout.data[0] || total > layout.size || layout.data[5] == 0)
        return BAD_FORMAT;
    found.configuration = layout.data[5];
    enum status status = walk(span_from(span_first(layout, total), layout.data[0]), &found, &any);
    if (status != OK)
        return status;
    if (!any)
        return MISSING;
    if (found.in == 0 || found.out == 0)
        return BAD_FORMAT;
    *out = found;
    return OK;
}
