/* usbredirparser as a guest uses it. */
#include "tests/support/redir_host.h"

#include "tests/support/test.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

static void on_log(void *context, int level, const char *text)
{
    (void)context, (void)level, (void)text;
}

static int on_read(void *context, uint8_t *data, int count)
{
    struct redir_host *host = context;
    ssize_t got = recv(host->socket, data, (size_t)count, MSG_DONTWAIT);

    if (got > 0)
        return (int)got;
    host->gone = host->gone || got == 0 || (errno != EAGAIN && errno != EINTR);
    return host->gone ? -1 : 0;
}

static int on_write(void *context, uint8_t *data, int count)
{
    struct redir_host *host = context;
    ssize_t sent = send(host->socket, data, (size_t)count, MSG_DONTWAIT | MSG_NOSIGNAL);

    if (sent >= 0)
        return (int)sent;
    host->gone = host->gone || (errno != EAGAIN && errno != EINTR);
    return host->gone ? -1 : 0;
}

static void hear(struct redir_host *host, enum redir_heard what)
{
    assert_true(host->heard_count < sizeof host->heard / sizeof *host->heard);
    host->heard[host->heard_count++] = what;
}

static void on_hello(void *context, struct usb_redir_hello_header *header)
{
    (void)header;
    hear(context, HEARD_HELLO);
}

static void on_interfaces(void *context, struct usb_redir_interface_info_header *header)
{
    ((struct redir_host *)context)->interfaces = *header;
    hear(context, HEARD_INTERFACES);
}

static void on_endpoints(void *context, struct usb_redir_ep_info_header *header)
{
    ((struct redir_host *)context)->endpoints = *header;
    hear(context, HEARD_ENDPOINTS);
}

static void on_connect(void *context, struct usb_redir_device_connect_header *header)
{
    ((struct redir_host *)context)->connect = *header;
    hear(context, HEARD_CONNECT);
}

static void on_disconnect(void *context)
{
    hear(context, HEARD_DISCONNECT);
}

static void on_configured(void *context, uint64_t id, struct usb_redir_configuration_status_header *header)
{
    struct redir_host *host = context;

    (void)id;
    host->configured++;
    host->configuration = header->configuration;
}

static void on_alternate(void *context, uint64_t id, struct usb_redir_alt_setting_status_header *header)
{
    struct redir_host *host = context;

    (void)id;
    host->alternates++;
    host->alternate_status = header->status;
}

static void on_interrupts(void *context, uint64_t id,
                          struct usb_redir_interrupt_receiving_status_header *header)
{
    struct redir_host *host = context;

    (void)id;
    host->interrupts++;
    host->interrupt_status = header->status;
}

static void keep(struct redir_host *host, uint8_t *data, int size)
{
    assert_true(size >= 0 && (size_t)size <= sizeof host->data);
    host->size = (size_t)size;
    if (size > 0)
        memcpy(host->data, data, (size_t)size);
    usbredirparser_free_packet_data(host->parser, data);
}

static void on_control(void *context, uint64_t id, struct usb_redir_control_packet_header *header,
                       uint8_t *data, int size)
{
    struct redir_host *host = context;

    (void)id;
    host->control = *header;
    host->controls++;
    keep(host, data, size);
}

static void on_bulk(void *context, uint64_t id, struct usb_redir_bulk_packet_header *header, uint8_t *data,
                    int size)
{
    struct redir_host *host = context;

    host->bulk = *header;
    host->bulk_id = id;
    host->bulks++;
    keep(host, data, size);
}

void redir_host_start(struct redir_host *host, int socket)
{
    uint32_t capabilities[USB_REDIR_CAPS_SIZE] = {0};

    memset(host, 0, sizeof *host);
    host->socket = socket;
    host->parser = usbredirparser_create();
    assert_non_null(host->parser);
    host->parser->priv = host;
    host->parser->log_func = on_log;
    host->parser->read_func = on_read;
    host->parser->write_func = on_write;
    host->parser->hello_func = on_hello;
    host->parser->interface_info_func = on_interfaces;
    host->parser->ep_info_func = on_endpoints;
    host->parser->device_connect_func = on_connect;
    host->parser->device_disconnect_func = on_disconnect;
    host->parser->configuration_status_func = on_configured;
    host->parser->alt_setting_status_func = on_alternate;
    host->parser->interrupt_receiving_status_func = on_interrupts;
    host->parser->control_packet_func = on_control;
    host->parser->bulk_packet_func = on_bulk;
    for (int i = usb_redir_cap_connect_device_version; i <= usb_redir_cap_32bits_bulk_length; i++)
        usbredirparser_caps_set_cap(capabilities, i);
    usbredirparser_init(host->parser, "a test's host", capabilities, USB_REDIR_CAPS_SIZE, 0);
}

void redir_host_end(struct redir_host *host)
{
    usbredirparser_destroy(host->parser);
    close(host->socket);
}

void redir_host_move(struct redir_host *host)
{
    while (!host->gone && usbredirparser_has_data_to_write(host->parser) > 0)
        if (usbredirparser_do_write(host->parser) != 0)
            break;
    if (!host->gone)
        usbredirparser_do_read(host->parser);
}

void redir_host_control(struct redir_host *host, uint8_t type, uint8_t request, uint16_t value,
                        uint16_t index, struct span data, uint16_t length)
{
    struct usb_redir_control_packet_header header = {
        .endpoint = type & 0x80,
        .request = request,
        .requesttype = type,
        .value = value,
        .index = index,
        .length = type & 0x80 ? length : (uint16_t)data.size,
    };

    usbredirparser_send_control_packet(host->parser, 1, &header, (uint8_t *)(uintptr_t)data.data,
                                       (int)data.size);
    redir_host_move(host);
}

void redir_host_bulk(struct redir_host *host, uint64_t id, uint8_t endpoint, struct span data,
                     uint32_t length)
{
    uint32_t size = endpoint & 0x80 ? length : (uint32_t)data.size;
    struct usb_redir_bulk_packet_header header = {
        .endpoint = endpoint, .length = (uint16_t)size, .length_high = (uint16_t)(size >> 16)};

    usbredirparser_send_bulk_packet(host->parser, id, &header, (uint8_t *)(uintptr_t)data.data,
                                    (int)data.size);
    redir_host_move(host);
}

void redir_host_raw(struct redir_host *host, struct span bytes)
{
    while (bytes.size > 0 && !host->gone) {
        ssize_t sent = send(host->socket, bytes.data, bytes.size, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        bytes = span_from(bytes, (size_t)sent);
    }
}
