/* usbredir packets that concern no bulk device: isochronous, interrupt, streams, filters, and what a peer tells of interfaces,
 * which the device's own descriptors tell better. */
#include "loader/link/usb_redir_inner.h"

#include <stdlib.h>

static void on_interfaces(void *context, struct usb_redir_interface_info_header *info)
{
    (void)context;
    (void)info;
}

static void on_endpoints(void *context, struct usb_redir_ep_info_header *info)
{
    (void)context;
    (void)info;
}

static void on_setting(void *context, uint64_t id, struct usb_redir_alt_setting_status_header *answer)
{
    (void)context;
    (void)id;
    (void)answer;
}

static void on_iso_status(void *context, uint64_t id, struct usb_redir_iso_stream_status_header *answer)
{
    (void)context;
    (void)id;
    (void)answer;
}

static void on_interrupt_status(void *context, uint64_t id,
                                struct usb_redir_interrupt_receiving_status_header *answer)
{
    (void)context;
    (void)id;
    (void)answer;
}

static void on_streams(void *context, uint64_t id, struct usb_redir_bulk_streams_status_header *answer)
{
    (void)context;
    (void)id;
    (void)answer;
}

static void on_receiving(void *context, uint64_t id, struct usb_redir_bulk_receiving_status_header *answer)
{
    (void)context;
    (void)id;
    (void)answer;
}

static void on_iso(void *context, uint64_t id, struct usb_redir_iso_packet_header *header, uint8_t *data,
                   int size)
{
    struct redir *redir = context;
    (void)id;
    (void)header;
    (void)size;
    usbredirparser_free_packet_data(redir->parser, data);
}

static void on_interrupt(void *context, uint64_t id, struct usb_redir_interrupt_packet_header *header,
                         uint8_t *data, int size)
{
    struct redir *redir = context;
    (void)id;
    (void)header;
    (void)size;
    usbredirparser_free_packet_data(redir->parser, data);
}

static void on_buffered(void *context, uint64_t id, struct usb_redir_buffered_bulk_packet_header *header,
                        uint8_t *data, int size)
{
    struct redir *redir = context;
    (void)id;
    (void)header;
    (void)size;
    usbredirparser_free_packet_data(redir->parser, data);
}

static void on_filter(void *context, struct usbredirfilter_rule *rules, int count)
{
    (void)context;
    (void)count;
    free(rules);
}

static void on_nothing(void *context)
{
    (void)context;
}

void redir_ignore_others(struct usbredirparser *parser)
{
    parser->interface_info_func = on_interfaces;
    parser->ep_info_func = on_endpoints;
    parser->alt_setting_status_func = on_setting;
    parser->iso_stream_status_func = on_iso_status;
    parser->interrupt_receiving_status_func = on_interrupt_status;
    parser->bulk_streams_status_func = on_streams;
    parser->bulk_receiving_status_func = on_receiving;
    parser->iso_packet_func = on_iso;
    parser->interrupt_packet_func = on_interrupt;
    parser->buffered_bulk_packet_func = on_buffered;
    parser->filter_filter_func = on_filter;
    parser->filter_reject_func = on_nothing;
    parser->device_disconnect_ack_func = on_nothing;
}
