#include "tests/support/redir_device.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { GET_STATUS = 0, CLEAR_FEATURE = 1, GET_DESCRIPTOR = 6, GET_CONFIGURATION = 8 };
enum { BULK_OUT = REDIR_OUT, BULK_IN = 0x84 };

static const uint8_t descriptor[18] = {18, 1, 0x00, 0x02, 0xEF, 2, 1, 64, 0x09, 0x12, 1, 0, 0, 1, 1, 2, 3, 1};

/* Interface 0 has a bulk pair too, of a serial port; the service interface is number 2. */
static const uint8_t layout[] = {
    9, 2, 55,       0, 2,    1,    0,    0x80, 50,                         /* configuration 1 */
    9, 4, 0,        0, 2,    0x0A, 0,    0,    0,                          /* CDC data */
    7, 5, 0x01,     2, 0x00, 2,    0,                                      /* bulk out, 512 */
    7, 5, 0x82,     2, 0x00, 2,    0,                                      /* bulk in, 512 */
    9, 4, 2,        0, 2,    0xFF, 0x53, 0x01, 0,                          /* SMP */
    7, 5, BULK_OUT, 2, 0x00, 2,    0,    7,    5,  BULK_IN, 2, 0x00, 2, 0, /* its pipes */
};

struct span redir_device_layout(void)
{
    return span_of(layout, sizeof layout);
}

struct span redir_device_descriptor(void)
{
    return span_of(descriptor, sizeof descriptor);
}

/* ---- bytes */

static void hang_up(struct redir_device *device)
{
    if (device->wire >= 0)
        close(device->wire);
    device->wire = -1;
}

static int on_read(void *context, uint8_t *data, int count)
{
    struct redir_device *device = context;
    ssize_t got = recv(device->wire, data, (size_t)count, MSG_DONTWAIT);

    if (got == 0)
        return -1;
    return got > 0 ? (int)got : 0;
}

static int on_write(void *context, uint8_t *data, int count)
{
    struct redir_device *device = context;
    ssize_t put = send(device->wire, data, (size_t)count, MSG_NOSIGNAL | MSG_DONTWAIT);

    return put > 0 ? (int)put : 0;
}

static void on_log(void *context, int level, const char *message)
{
    (void)context;
    (void)level;
    (void)message;
}

/* ---- being plugged in */

static void send_layout(struct redir_device *device)
{
    struct usb_redir_interface_info_header interfaces = {.interface_count = 2,
                                                         .interface = {0, 2},
                                                         .interface_class = {0x0A, 0xFF},
                                                         .interface_subclass = {0, 0x53},
                                                         .interface_protocol = {0, 1}};
    struct usb_redir_ep_info_header endpoints = {0};

    memset(endpoints.type, usb_redir_type_invalid, sizeof endpoints.type);
    endpoints.type[0] = endpoints.type[16] = usb_redir_type_control;
    endpoints.type[3] = endpoints.type[16 + 4] = usb_redir_type_bulk;
    endpoints.max_packet_size[3] = endpoints.max_packet_size[16 + 4] = 512;
    usbredirparser_send_interface_info(device->parser, &interfaces);
    usbredirparser_send_ep_info(device->parser, &endpoints);
}

static void on_hello(void *context, struct usb_redir_hello_header *hello)
{
    struct redir_device *device = context;
    struct usb_redir_device_connect_header connect = {
        .speed = usb_redir_speed_high, .device_class = 0xEF, .vendor_id = 0x1209, .product_id = 0x0001};

    (void)hello;
    if (device->manners.shares_nothing)
        return;
    send_layout(device);
    usbredirparser_send_device_connect(device->parser, &connect);
}

static void on_set_configuration(void *context, uint64_t id,
                                 struct usb_redir_set_configuration_header *wanted)
{
    struct redir_device *device = context;
    struct usb_redir_configuration_status_header answer = {device->manners.control_status,
                                                           wanted->configuration};

    device->configuration = wanted->configuration;
    device->configured += 1;
    send_layout(device);
    usbredirparser_send_configuration_status(device->parser, id, &answer);
}

/* ---- standard requests */

static struct span answer_to(struct redir_device *device,
                             const struct usb_redir_control_packet_header *request)
{
    static const uint8_t status[2] = {1, 0};

    switch (request->request) {
    case GET_CONFIGURATION:
        return span_of(&device->configuration, 1);
    case GET_STATUS:
        device->asked += 1;
        return span_of(status, sizeof status);
    case GET_DESCRIPTOR:
        if (request->value >> 8 == 1)
            return device->manners.device.data ? device->manners.device : redir_device_descriptor();
        return device->manners.layout.data ? device->manners.layout : redir_device_layout();
    default:
        device->cleared += request->request == CLEAR_FEATURE && request->requesttype == 2;
        return span_of(NULL, 0);
    }
}

static void on_control(void *context, uint64_t id, struct usb_redir_control_packet_header *request,
                       uint8_t *data, int size)
{
    struct redir_device *device = context;
    uint8_t bytes[8192];

    (void)size;
    usbredirparser_free_packet_data(device->parser, data);
    struct span answer = span_first(answer_to(device, request), request->length);
    if (device->manners.deaf)
        return;
    request->status = device->manners.control_status;
    request->length = (uint16_t)(request->status ? 0 : answer.size);
    if (request->length > 0)
        memcpy(bytes, answer.data, request->length);
    usbredirparser_send_control_packet(device->parser, id, request, request->length ? bytes : NULL,
                                       request->length);
}

/* ---- pipes */

static void answer_bulk(struct redir_device *device, uint64_t id, uint8_t endpoint, uint8_t status,
                        struct span sent, size_t length)
{
    struct usb_redir_bulk_packet_header header = {.endpoint = endpoint,
                                                  .status = status,
                                                  .length = (uint16_t)length,
                                                  .length_high = (uint16_t)(length >> 16)};
    uint8_t *bytes = sent.size > 0 ? malloc(sent.size) : NULL;

    if (bytes != NULL)
        memcpy(bytes, sent.data, sent.size);
    usbredirparser_send_bulk_packet(device->parser, id, &header, bytes, (int)sent.size);
    free(bytes);
}

static void take_write(struct redir_device *device, uint64_t id, struct span data)
{
    if (device->taken_size + data.size <= REDIR_BYTES && data.size > 0) {
        memcpy(device->taken + device->taken_size, data.data, data.size);
        device->taken_size += data.size;
    }
    if (device->transfer_count < REDIR_TRANSFERS)
        device->transfers[device->transfer_count++] = data.size;
    if (device->manners.out_waits && device->unsaid_count < REDIR_TRANSFERS) {
        device->unsaid[device->unsaid_count] = id;
        device->unsaid_size[device->unsaid_count++] = data.size;
        return;
    }
    uint8_t status = device->manners.out_status;
    answer_bulk(device, id, BULK_OUT, status, span_of(NULL, 0), status ? 0 : data.size);
}

static void on_bulk(void *context, uint64_t id, struct usb_redir_bulk_packet_header *request, uint8_t *data,
                    int size)
{
    struct redir_device *device = context;

    if (request->endpoint == BULK_OUT) {
        take_write(device, id, span_of(data, size > 0 ? (size_t)size : 0));
    } else if (request->endpoint == BULK_IN && device->waiting_count < REDIR_WAITING) {
        device->waiting[device->waiting_count].id = id;
        device->waiting[device->waiting_count++].size = request->length | (size_t)request->length_high << 16;
        if (device->waiting_count > device->most_waiting)
            device->most_waiting = device->waiting_count;
    } else {
        answer_bulk(device, id, request->endpoint, usb_redir_inval, span_of(NULL, 0), 0);
    }
    usbredirparser_free_packet_data(device->parser, data);
}

static void on_cancel(void *context, uint64_t id)
{
    (void)context;
    (void)id;
}

static void answer_oldest(struct redir_device *device, uint8_t status, struct span bytes)
{
    uint64_t id = device->waiting[0].id;

    device->waiting_count -= 1;
    memmove(device->waiting, device->waiting + 1, device->waiting_count * sizeof *device->waiting);
    answer_bulk(device, id, BULK_IN, status, bytes, bytes.size);
}

/* True when a read was answered. */
static bool answer_read(struct redir_device *device)
{
    static const uint8_t excess[65536];
    struct span rest = span_from(span_of(device->said, device->said_size), device->said_sent);

    if (device->waiting_count == 0)
        return false;
    if (device->manners.in_status != 0) {
        answer_oldest(device, device->manners.in_status, span_of(NULL, 0));
        return true;
    }
    if (device->manners.in_excess) {
        answer_oldest(device, 0, span_of(excess, device->waiting[0].size + 1));
        return true;
    }
    if (rest.size == 0)
        return false;
    rest = span_first(rest, device->waiting[0].size);
    if (device->manners.in_piece != 0)
        rest = span_first(rest, device->manners.in_piece);
    device->said_sent += rest.size;
    answer_oldest(device, 0, rest);
    if (device->manners.in_zeros && device->waiting_count > 0)
        answer_oldest(device, 0, span_of(NULL, 0));
    return true;
}

/* ---- for tests */

void redir_device_start(struct redir_device *device, int wire, const struct redir_manners *manners)
{
    uint32_t caps[USB_REDIR_CAPS_SIZE] = {0};

    memset(device, 0, sizeof *device);
    device->wire = wire;
    if (manners != NULL)
        device->manners = *manners;
    device->configuration = device->manners.configuration;
    device->parser = usbredirparser_create();
    device->parser->priv = device;
    device->parser->log_func = on_log;
    device->parser->read_func = on_read;
    device->parser->write_func = on_write;
    device->parser->hello_func = on_hello;
    device->parser->set_configuration_func = on_set_configuration;
    device->parser->control_packet_func = on_control;
    device->parser->bulk_packet_func = on_bulk;
    device->parser->cancel_data_packet_func = on_cancel;
    usbredirparser_caps_set_cap(caps, usb_redir_cap_connect_device_version);
    usbredirparser_caps_set_cap(caps, usb_redir_cap_ep_info_max_packet_size);
    usbredirparser_caps_set_cap(caps, usb_redir_cap_64bits_ids);
    usbredirparser_caps_set_cap(caps, usb_redir_cap_32bits_bulk_length);
    usbredirparser_init(device->parser, "scripted device", caps, USB_REDIR_CAPS_SIZE,
                        usbredirparser_fl_usb_host);
}

void redir_device_stop(struct redir_device *device)
{
    hang_up(device);
    if (device->parser != NULL)
        usbredirparser_destroy(device->parser);
    device->parser = NULL;
}

bool redir_device_turn(struct redir_device *device)
{
    bool did = false;

    if (device->wire < 0 || device->manners.frozen)
        return false;
    size_t before = device->transfer_count + device->waiting_count + device->asked + device->configured;
    if (usbredirparser_do_read(device->parser) != 0) {
        hang_up(device);
        return true;
    }
    did = before != device->transfer_count + device->waiting_count + device->asked + device->configured;
    while (answer_read(device))
        did = true;
    did = did || usbredirparser_has_data_to_write(device->parser) > 0;
    if (usbredirparser_has_data_to_write(device->parser) > 0)
        usbredirparser_do_write(device->parser);
    return did;
}

void redir_device_says(struct redir_device *device, struct span bytes)
{
    if (device->said_size + bytes.size > REDIR_BYTES)
        abort();
    memcpy(device->said + device->said_size, bytes.data, bytes.size);
    device->said_size += bytes.size;
}

void redir_device_takes(struct redir_device *device)
{
    for (size_t i = 0; i < device->unsaid_count; i++)
        answer_bulk(device, device->unsaid[i], BULK_OUT, 0, span_of(NULL, 0), device->unsaid_size[i]);
    device->unsaid_count = 0;
    usbredirparser_do_write(device->parser);
}

void redir_device_unplug(struct redir_device *device)
{
    usbredirparser_send_device_disconnect(device->parser);
    usbredirparser_do_write(device->parser);
}
