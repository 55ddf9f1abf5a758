/* usbredir 0.7, the side of the USB device ("usb-host" in its words). */
#include "hw-sim/usb_redir.h"

#include "agent/ports/usb/os_descriptors.h"
#include "agent/protocol/usb.h"
#include "hw-sim/usb_door.h"
#include "keys/base/version.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <usbredirparser.h>

struct usb_redir {
    struct usb_bus *bus;
    struct usbredirparser *parser;
    int socket;
    bool greeted;   /* the host has said hello */
    bool gone;      /* hang up */
    uint64_t shown; /* arrivals of the device that the host knows; 0: it knows of none */
    uint64_t now;
};

/* Bytes -------------------------------------------------------------------------------------------------------------- */

static void on_log(void *context, int level, const char *text)
{
    (void)context, (void)level, (void)text; /* a broken peer fills nobody's screen: it is hung up on */
}

bool usb_redir_listens(const struct usb_redir *redir)
{
    return !usb_bus_full(redir->bus) &&
           usbredirparser_get_bufferered_output_size(redir->parser) < USB_DOOR_UNSENT;
}

bool usb_redir_has_more(const struct usb_redir *redir)
{
    return usbredirparser_has_data_to_write(redir->parser) > 0;
}

/* The parser asks for the rest of one piece of a packet at a time. */
static int on_read(void *context, uint8_t *data, int count)
{
    struct usb_redir *redir = context;

    if (count > USB_DOOR_PIECE)
        redir->gone = true;
    if (redir->gone)
        return -1;
    if (!usb_redir_listens(redir))
        return 0;
    ssize_t got = recv(redir->socket, data, (size_t)count, MSG_DONTWAIT);
    if (got > 0)
        return (int)got;
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    redir->gone = true;
    return -1;
}

static int on_write(void *context, uint8_t *data, int count)
{
    struct usb_redir *redir = context;
    ssize_t sent = send(redir->socket, data, (size_t)count, MSG_NOSIGNAL | MSG_DONTWAIT);

    if (sent >= 0)
        return (int)sent;
    if (errno == EAGAIN || errno == EINTR)
        return 0;
    redir->gone = true;
    return -1;
}

/* The device --------------------------------------------------------------------------------------------------------- */

/* Where usbredir keeps an endpoint: 0 to 15 outwards, 16 to 31 inwards. */
static size_t place_of(uint8_t endpoint)
{
    return (size_t)(endpoint & 15) + (endpoint & 0x80 ? 16 : 0);
}

/* Both are read from the descriptors that the device gives out. */
static void show_layout(struct usb_redir *redir)
{
    struct usb_redir_interface_info_header interfaces = {0};
    struct usb_redir_ep_info_header endpoints = {0};
    const struct usb_device *device = usb_bus_device(redir->bus);
    uint8_t memory[USB_ALL_SIZE], interface = 0;
    struct buffer all = buffer_over(memory, sizeof memory);

    memset(endpoints.type, usb_redir_type_invalid, sizeof endpoints.type);
    endpoints.type[0] = endpoints.type[16] = usb_redir_type_control;
    endpoints.max_packet_size[0] = endpoints.max_packet_size[16] = USB_CONTROL_PACKET;
    usb_descriptor(device->identity, device->speed, DESCRIPTOR_CONFIGURATION << 8, 0, &all);
    for (size_t at = 0; at < all.size; at += memory[at]) {
        const uint8_t *descriptor = memory + at;
        if (descriptor[1] == DESCRIPTOR_INTERFACE) {
            uint32_t row = interfaces.interface_count++;
            interface = interfaces.interface[row] = descriptor[2];
            interfaces.interface_class[row] = descriptor[5];
            interfaces.interface_subclass[row] = descriptor[6];
            interfaces.interface_protocol[row] = descriptor[7];
        } else if (descriptor[1] == DESCRIPTOR_ENDPOINT) {
            size_t place = place_of(descriptor[2]);
            endpoints.type[place] = descriptor[3] & 3;
            endpoints.interval[place] = descriptor[6];
            endpoints.interface[place] = interface;
            endpoints.max_packet_size[place] = get_le16(descriptor + 4);
        }
    }
    usbredirparser_send_interface_info(redir->parser, &interfaces);
    usbredirparser_send_ep_info(redir->parser, &endpoints);
}

/* The layout first: QEMU attaches a device when it hears that it is connected. */
static void show_device(struct usb_redir *redir)
{
    const struct usb_device *device = usb_bus_device(redir->bus);
    uint8_t memory[USB_ALL_SIZE];
    struct buffer bytes = buffer_over(memory, sizeof memory);

    usb_descriptor(device->identity, device->speed, DESCRIPTOR_DEVICE << 8, 0, &bytes);
    struct usb_redir_device_connect_header connect = {
        .speed = device->speed == USB_HIGH ? usb_redir_speed_high : usb_redir_speed_full,
        .device_class = memory[4],
        .device_subclass = memory[5],
        .device_protocol = memory[6],
        .vendor_id = device->identity->vendor_id,
        .product_id = device->identity->product_id,
        .device_version_bcd = device->identity->release,
    };
    show_layout(redir);
    usbredirparser_send_device_connect(redir->parser, &connect);
}

static void settle_device(struct usb_redir *redir)
{
    uint64_t here = usb_bus_attached(redir->bus) ? usb_bus_arrivals(redir->bus) : 0;

    if (!redir->greeted || here == redir->shown)
        return;
    if (redir->shown != 0)
        usbredirparser_send_device_disconnect(redir->parser);
    redir->shown = here;
    if (here != 0)
        show_device(redir);
}

/* Whether the host speaks of the device that is there. What it still sends to one that left is answered with an error. */
static bool knows_device(const struct usb_redir *redir)
{
    return redir->greeted && usb_bus_attached(redir->bus) && redir->shown == usb_bus_arrivals(redir->bus);
}

/* What the host sends ------------------------------------------------------------------------------------------------ */

static void on_hello(void *context, struct usb_redir_hello_header *hello)
{
    struct usb_redir *redir = context;

    (void)hello;
    redir->greeted = true;
    settle_device(redir);
}

static void on_reset(void *context)
{
    struct usb_redir *redir = context;

    if (knows_device(redir))
        usb_bus_reset(redir->bus);
}

static uint8_t verdict(bool fine)
{
    return fine ? usb_redir_success : usb_redir_stall;
}

static void on_set_configuration(void *context, uint64_t id,
                                 struct usb_redir_set_configuration_header *header)
{
    struct usb_redir *redir = context;
    bool known = knows_device(redir), fine = known && usb_bus_configure(redir->bus, header->configuration);
    struct usb_redir_configuration_status_header status = {
        .status = known ? verdict(fine) : usb_redir_ioerror,
        .configuration = known ? usb_bus_device(redir->bus)->configuration : 0,
    };

    if (known)
        show_layout(redir);
    usbredirparser_send_configuration_status(redir->parser, id, &status);
}

static void on_get_configuration(void *context, uint64_t id)
{
    struct usb_redir *redir = context;
    bool known = knows_device(redir);
    struct usb_redir_configuration_status_header status = {
        .status = known ? usb_redir_success : usb_redir_ioerror,
        .configuration = known ? usb_bus_device(redir->bus)->configuration : 0,
    };

    usbredirparser_send_configuration_status(redir->parser, id, &status);
}

/* SET_INTERFACE and GET_INTERFACE, as the requests that they stand for. */
static void alternate(struct usb_redir *redir, uint64_t id, const struct usb_setup *setup)
{
    uint8_t current = 0;
    struct buffer out = buffer_over(&current, 1);
    bool fine = knows_device(redir) && usb_bus_control(redir->bus, setup, (struct span){0}, &out, redir->now);
    struct usb_redir_alt_setting_status_header status = {
        .status = verdict(fine), .interface = (uint8_t)setup->index, .alt = current};

    usbredirparser_send_alt_setting_status(redir->parser, id, &status);
}

static void on_set_alternate(void *context, uint64_t id, struct usb_redir_set_alt_setting_header *header)
{
    const struct usb_setup setup = {SETUP_TO_INTERFACE, REQUEST_SET_INTERFACE, header->alt, header->interface,
                                    0};

    alternate(context, id, &setup);
}

static void on_get_alternate(void *context, uint64_t id, struct usb_redir_get_alt_setting_header *header)
{
    const struct usb_setup setup = {SETUP_IN | SETUP_TO_INTERFACE, REQUEST_GET_INTERFACE, 0,
                                    header->interface, 1};

    alternate(context, id, &setup);
}

static void on_control(void *context, uint64_t id, struct usb_redir_control_packet_header *header,
                       uint8_t *data, int size)
{
    struct usb_redir *redir = context;
    struct usb_setup setup = {header->requesttype, header->request, header->value, header->index,
                              header->length};
    uint8_t memory[USB_OS_SIZE];
    struct buffer out = buffer_over(memory, sizeof memory);
    bool known = knows_device(redir), zero = (header->endpoint & 0x0F) == 0;
    bool fine =
        known && zero &&
        usb_bus_control(redir->bus, &setup, span_of(data, size > 0 ? (size_t)size : 0), &out, redir->now);

    header->status = known ? verdict(fine) : usb_redir_ioerror;
    header->length = fine && (setup.type & SETUP_IN) == 0 ? header->length : (uint16_t)(fine ? out.size : 0);
    bool brings = fine && (header->endpoint & 0x80) != 0 && out.size > 0;
    usbredirparser_send_control_packet(redir->parser, id, header, brings ? memory : NULL,
                                       brings ? (int)out.size : 0);
    usbredirparser_free_packet_data(redir->parser, data);
}

static void on_bulk(void *context, uint64_t id, struct usb_redir_bulk_packet_header *header, uint8_t *data,
                    int size)
{
    struct usb_redir *redir = context;
    size_t length = header->length | (size_t)header->length_high << 16;

    if (knows_device(redir)) {
        usb_bus_submit(redir->bus, id, header->endpoint, span_of(data, size > 0 ? (size_t)size : 0), length);
    } else {
        header->status = usb_redir_ioerror;
        header->length = header->length_high = 0;
        usbredirparser_send_bulk_packet(redir->parser, id, header, NULL, 0);
    }
    usbredirparser_free_packet_data(redir->parser, data);
}

static void on_ended(void *context, uint64_t id, uint8_t endpoint, enum usb_outcome outcome, struct span data,
                     size_t size)
{
    static const uint8_t outcomes[] = {
        [USB_DONE] = usb_redir_success,   [USB_CANCELLED] = usb_redir_cancelled,
        [USB_REFUSED] = usb_redir_inval,  [USB_STALLED] = usb_redir_stall,
        [USB_BABBLED] = usb_redir_babble,
    };
    struct usb_redir *redir = context;
    size_t length = endpoint & 0x80 ? data.size : size;
    struct usb_redir_bulk_packet_header header = {
        .endpoint = endpoint,
        .status = outcomes[outcome],
        .length = (uint16_t)length,
        .length_high = (uint16_t)(length >> 16),
    };

    usbredirparser_send_bulk_packet(redir->parser, id, &header, (uint8_t *)(uintptr_t)data.data,
                                    (int)data.size);
}

static void on_cancel(void *context, uint64_t id)
{
    struct usb_redir *redir = context;

    usb_bus_cancel(redir->bus, id);
}

/* The console's notifications are asked for and never come: the line's state does not change. */
static void on_start_interrupts(void *context, uint64_t id,
                                struct usb_redir_start_interrupt_receiving_header *header)
{
    struct usb_redir *redir = context;
    bool fine = knows_device(redir) && header->endpoint == USB_ENDPOINT_CONSOLE_NOTIFY;
    struct usb_redir_interrupt_receiving_status_header status = {
        .status = fine ? usb_redir_success : usb_redir_inval, .endpoint = header->endpoint};

    usbredirparser_send_interrupt_receiving_status(redir->parser, id, &status);
}

static void on_stop_interrupts(void *context, uint64_t id,
                               struct usb_redir_stop_interrupt_receiving_header *header)
{
    struct usb_redir *redir = context;
    struct usb_redir_interrupt_receiving_status_header status = {.status = usb_redir_success,
                                                                 .endpoint = header->endpoint};

    usbredirparser_send_interrupt_receiving_status(redir->parser, id, &status);
}

static void on_interrupt(void *context, uint64_t id, struct usb_redir_interrupt_packet_header *header,
                         uint8_t *data, int size)
{
    struct usb_redir *redir = context;

    (void)size;
    header->status = usb_redir_inval;
    header->length = 0;
    usbredirparser_send_interrupt_packet(redir->parser, id, header, NULL, 0);
    usbredirparser_free_packet_data(redir->parser, data);
}

static void on_start_iso(void *context, uint64_t id, struct usb_redir_start_iso_stream_header *header)
{
    struct usb_redir *redir = context;
    struct usb_redir_iso_stream_status_header status = {.status = usb_redir_inval,
                                                        .endpoint = header->endpoint};

    usbredirparser_send_iso_stream_status(redir->parser, id, &status);
}

static void on_stop_iso(void *context, uint64_t id, struct usb_redir_stop_iso_stream_header *header)
{
    struct usb_redir *redir = context;
    struct usb_redir_iso_stream_status_header status = {.status = usb_redir_success,
                                                        .endpoint = header->endpoint};

    usbredirparser_send_iso_stream_status(redir->parser, id, &status);
}

/* What only hosts with capabilities that were not offered would send. */
static void on_iso(void *context, uint64_t id, struct usb_redir_iso_packet_header *header, uint8_t *data,
                   int size)
{
    struct usb_redir *redir = context;

    (void)id, (void)header, (void)size;
    usbredirparser_free_packet_data(redir->parser, data);
}

static void on_alloc_streams(void *context, uint64_t id, struct usb_redir_alloc_bulk_streams_header *header)
{
    (void)id, (void)header;
    ((struct usb_redir *)context)->gone = true;
}

static void on_free_streams(void *context, uint64_t id, struct usb_redir_free_bulk_streams_header *header)
{
    (void)id, (void)header;
    ((struct usb_redir *)context)->gone = true;
}

static void on_start_bulk(void *context, uint64_t id, struct usb_redir_start_bulk_receiving_header *header)
{
    (void)id, (void)header;
    ((struct usb_redir *)context)->gone = true;
}

static void on_stop_bulk(void *context, uint64_t id, struct usb_redir_stop_bulk_receiving_header *header)
{
    (void)id, (void)header;
    ((struct usb_redir *)context)->gone = true;
}

static void on_filter(void *context, struct usbredirfilter_rule *rules, int count)
{
    (void)context, (void)count;
    free(rules);
}

/* A host that will have nothing to do with such a device. */
static void on_reject(void *context)
{
    ((struct usb_redir *)context)->gone = true;
}

static void on_left(void *context)
{
    (void)context; /* the host has heard that the device is gone */
}

/* One host ----------------------------------------------------------------------------------------------------------- */

static void listen_to(struct usbredirparser *parser)
{
    parser->log_func = on_log;
    parser->read_func = on_read;
    parser->write_func = on_write;
    parser->hello_func = on_hello;
    parser->reset_func = on_reset;
    parser->set_configuration_func = on_set_configuration;
    parser->get_configuration_func = on_get_configuration;
    parser->set_alt_setting_func = on_set_alternate;
    parser->get_alt_setting_func = on_get_alternate;
    parser->control_packet_func = on_control;
    parser->bulk_packet_func = on_bulk;
    parser->cancel_data_packet_func = on_cancel;
    parser->start_interrupt_receiving_func = on_start_interrupts;
    parser->stop_interrupt_receiving_func = on_stop_interrupts;
    parser->interrupt_packet_func = on_interrupt;
    parser->start_iso_stream_func = on_start_iso;
    parser->stop_iso_stream_func = on_stop_iso;
    parser->iso_packet_func = on_iso;
    parser->alloc_bulk_streams_func = on_alloc_streams;
    parser->free_bulk_streams_func = on_free_streams;
    parser->start_bulk_receiving_func = on_start_bulk;
    parser->stop_bulk_receiving_func = on_stop_bulk;
    parser->filter_filter_func = on_filter;
    parser->filter_reject_func = on_reject;
    parser->device_disconnect_ack_func = on_left;
}

/* QEMU's xHCI takes no device without packet sizes, 64-bit ids and 32-bit lengths. */
struct usb_redir *usb_redir_new(struct usb_bus *bus, int socket)
{
    static const int offered[] = {
        usb_redir_cap_connect_device_version,  usb_redir_cap_filter,     usb_redir_cap_device_disconnect_ack,
        usb_redir_cap_ep_info_max_packet_size, usb_redir_cap_64bits_ids, usb_redir_cap_32bits_bulk_length,
    };
    uint32_t capabilities[USB_REDIR_CAPS_SIZE] = {0};
    struct usb_redir *redir = calloc(1, sizeof *redir);

    if (redir == NULL)
        return NULL;
    redir->bus = bus;
    redir->socket = socket;
    redir->parser = usbredirparser_create();
    if (redir->parser == NULL) {
        free(redir);
        return NULL;
    }
    redir->parser->priv = redir;
    listen_to(redir->parser);
    for (size_t i = 0; i < sizeof offered / sizeof *offered; i++)
        usbredirparser_caps_set_cap(capabilities, offered[i]);
    usbredirparser_init(redir->parser, "suture-sim " SUTURE_VERSION, capabilities, USB_REDIR_CAPS_SIZE,
                        usbredirparser_fl_usb_host);
    usb_bus_on_end(bus, on_ended, redir);
    return redir;
}

void usb_redir_free(struct usb_redir *redir)
{
    usb_bus_on_end(redir->bus, NULL, NULL);
    usbredirparser_destroy(redir->parser);
    free(redir);
}

bool usb_redir_read(struct usb_redir *redir, uint64_t now)
{
    redir->now = now;
    if (usbredirparser_do_read(redir->parser) == usbredirparser_read_parse_error)
        redir->gone = true;
    return !redir->gone;
}

bool usb_redir_flow(struct usb_redir *redir)
{
    settle_device(redir);
    if (usb_redir_has_more(redir) && usbredirparser_do_write(redir->parser) != 0)
        redir->gone = true;
    return !redir->gone;
}
