/* usbredir: a USB device that another program shares over a byte pipe (usbredirect, QEMU, the simulator), by Debian's parser
 * of that protocol. The peer is believed nothing: what it sends at once, and what it claims, is bounded here. */
#include "loader/link/usb_redir_inner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define SCHEME                    "usbredir:"
#define PIECE_MAX                 (1024 * 1024) /* bytes that a peer may announce for one packet; ours are at most 32 KiB */
#define TURN_MAX                  (256 * 1024) /* bytes taken in one turn: a peer that floods leaves time for the others */
#define REQUEST_SET_CONFIGURATION 9

/* ---- what flies */

static void end(struct flight *flight, enum usb_outcome outcome, size_t done)
{
    flight->transfer->outcome = outcome;
    flight->transfer->done = done;
    flight->transfer->state = USB_ENDED;
    flight->transfer = NULL;
}

static void end_all(struct redir *redir, enum usb_outcome outcome)
{
    for (size_t i = 0; i < REDIR_FLYING_MAX; i++)
        if (redir->flights[i].transfer != NULL)
            end(&redir->flights[i], outcome, 0);
}

static void lose(struct redir *redir, enum failure_id id, const char *how)
{
    if (redir->presence != USB_ABSENT)
        failure_set(&redir->lost, id, "%s: %s", redir->name, how);
    redir->presence = USB_ABSENT;
    end_all(redir, USB_GONE);
}

static struct flight *flight_of(struct redir *redir, uint64_t id)
{
    for (size_t i = 0; i < REDIR_FLYING_MAX; i++)
        if (redir->flights[i].transfer != NULL && redir->flights[i].id == id)
            return &redir->flights[i];
    return NULL;
}

static enum usb_outcome outcome_of(uint8_t status)
{
    switch (status) {
    case usb_redir_success:
        return USB_DONE;
    case usb_redir_cancelled:
        return USB_STOPPED;
    case usb_redir_stall:
        return USB_STALLED;
    case usb_redir_babble:
        return USB_OVERRUN;
    default:
        return USB_FAILED;
    }
}

/* `claimed` is what the peer says that it took or sent; `size` is what it did send. */
static void land(struct redir *redir, struct flight *flight, uint8_t status, size_t claimed, struct span data)
{
    struct usb_transfer *transfer = flight->transfer;
    bool in = (transfer->endpoint ? transfer->endpoint : transfer->setup[0]) & 0x80;
    size_t done = in ? data.size : claimed;

    if (done > transfer->size || (!in && data.size > 0)) {
        lose(redir, FAIL_USB_PEER, "it answers more bytes than it was asked for");
        return;
    }
    if (in && done > 0)
        memcpy(transfer->data, data.data, done);
    end(flight, outcome_of(status), done);
}

/* ---- what the peer says */

static void on_hello(void *context, struct usb_redir_hello_header *hello)
{
    (void)context;
    (void)hello;
}

static void on_connect(void *context, struct usb_redir_device_connect_header *device)
{
    struct redir *redir = context;

    (void)device; /* what it is, its own descriptors say */
    if (redir->presence == USB_AWAITED)
        redir->presence = USB_PRESENT;
}

static void on_disconnect(void *context)
{
    lose(context, FAIL_USB_VANISHED, "it was unplugged at the other end");
}

static void on_configured(void *context, uint64_t id, struct usb_redir_configuration_status_header *answer)
{
    struct flight *flight = flight_of(context, id);

    if (flight != NULL && flight->transfer->endpoint == 0)
        end(flight, outcome_of(answer->status), 0);
}

static void on_control(void *context, uint64_t id, struct usb_redir_control_packet_header *answer,
                       uint8_t *data, int size)
{
    struct redir *redir = context;
    struct flight *flight = flight_of(redir, id);

    if (flight != NULL && flight->transfer->endpoint == 0)
        land(redir, flight, answer->status, answer->length, span_of(data, size > 0 ? (size_t)size : 0));
    usbredirparser_free_packet_data(redir->parser, data);
}

static void on_bulk(void *context, uint64_t id, struct usb_redir_bulk_packet_header *answer, uint8_t *data,
                    int size)
{
    struct redir *redir = context;
    struct flight *flight = flight_of(redir, id);

    if (flight != NULL && flight->transfer->endpoint != 0)
        land(redir, flight, answer->status, answer->length | (size_t)answer->length_high << 16,
             span_of(data, size > 0 ? (size_t)size : 0));
    usbredirparser_free_packet_data(redir->parser, data);
}

static void on_log(void *context, int level, const char *message)
{
    struct redir *redir = context;

    if (level <= usbredirparser_warning)
        text_harmless(redir->said, sizeof redir->said, message, strlen(message));
}

/* ---- bytes */

static void hung_up(struct redir *redir)
{
    if (redir->presence == USB_AWAITED)
        lose(redir, FAIL_NO_DEVICE, "the other end hung up before a device came: another host may be at it");
    else
        lose(redir, FAIL_USB_VANISHED, "the program that shares it hung up");
}

/* The parser asks for exactly what a packet still lacks, so that an announced length shows here before it is waited for. */
static int on_read(void *context, uint8_t *data, int count)
{
    struct redir *redir = context;
    size_t got;

    if (count < 0 || count > PIECE_MAX) {
        lose(redir, FAIL_USB_PEER, "it announces a packet that no answer needs");
        return -1;
    }
    if (redir->taken >= TURN_MAX)
        return 0;
    if (link_read(&redir->wire, data, (size_t)count, &got) == LINK_LOST) {
        hung_up(redir);
        return -1;
    }
    redir->taken += got;
    return (int)got;
}

static int on_write(void *context, uint8_t *data, int count)
{
    struct redir *redir = context;
    size_t put;

    if (link_write(&redir->wire, data, (size_t)count, &put) == LINK_LOST) {
        hung_up(redir);
        return -1;
    }
    return (int)put;
}

static void flush(struct redir *redir)
{
    if (redir->presence != USB_ABSENT && !redir->wire.connecting &&
        usbredirparser_has_data_to_write(redir->parser) > 0)
        usbredirparser_do_write(redir->parser);
}

/* While it connects the wire's descriptor may become another, under the same number too. */
static void watch(struct redir *redir)
{
    bool writes = redir->wire.connecting || usbredirparser_has_data_to_write(redir->parser) > 0;
    struct epoll_event events = {.events = writes ? EPOLLIN | EPOLLOUT : EPOLLIN};

    if (!link_is_open(&redir->wire) || (events.events == redir->watched && !redir->wire.connecting))
        return;
    if (epoll_ctl(redir->epoll, EPOLL_CTL_MOD, redir->wire.descriptor, &events) != 0 && errno == ENOENT)
        epoll_ctl(redir->epoll, EPOLL_CTL_ADD, redir->wire.descriptor, &events);
    redir->watched = events.events;
}

static void reach(struct redir *redir, uint64_t now)
{
    if (link_settle(&redir->wire, now, &redir->lost) == LINK_LOST) {
        redir->presence = USB_ABSENT;
        link_close(&redir->wire);
    } else if (!redir->wire.connecting) {
        redir->presence = USB_AWAITED;
    }
}

static enum usb_presence redir_attend(struct usb_host *host, uint64_t now, struct failure *why)
{
    struct redir *redir = host->own;

    redir->taken = 0;
    if (redir->presence == USB_REACHING)
        reach(redir, now);
    flush(redir);
    if (redir->presence == USB_AWAITED || redir->presence == USB_PRESENT) {
        int result = usbredirparser_do_read(redir->parser);
        if (result == usbredirparser_read_parse_error)
            lose(redir, FAIL_USB_PEER, redir->said);
        flush(redir);
    }
    watch(redir);
    if (redir->presence == USB_ABSENT)
        *why = redir->lost;
    return redir->presence;
}

static struct flight *free_flight(struct redir *redir)
{
    for (size_t i = 0; i < REDIR_FLYING_MAX; i++)
        if (redir->flights[i].transfer == NULL)
            return &redir->flights[i];
    return NULL;
}

static void send_control(struct redir *redir, uint64_t id, const struct usb_transfer *transfer)
{
    const uint8_t *setup = transfer->setup;
    struct usb_redir_control_packet_header header = {
        .endpoint = setup[0] & 0x80,
        .requesttype = setup[0],
        .request = setup[1],
        .value = (uint16_t)(setup[2] | setup[3] << 8),
        .index = (uint16_t)(setup[4] | setup[5] << 8),
        .length = (uint16_t)(setup[6] | setup[7] << 8),
    };
    struct usb_redir_set_configuration_header configuration = {.configuration = setup[2]};

    if (setup[0] == 0 && setup[1] == REQUEST_SET_CONFIGURATION)
        usbredirparser_send_set_configuration(redir->parser, id, &configuration);
    else
        usbredirparser_send_control_packet(redir->parser, id, &header, NULL, 0);
}

static void send_bulk(struct redir *redir, uint64_t id, struct usb_transfer *transfer)
{
    bool in = transfer->endpoint & 0x80;
    struct usb_redir_bulk_packet_header header = {
        .endpoint = transfer->endpoint,
        .length = (uint16_t)transfer->size,
        .length_high = (uint16_t)(transfer->size >> 16),
    };

    usbredirparser_send_bulk_packet(redir->parser, id, &header, in ? NULL : transfer->data,
                                    in ? 0 : (int)transfer->size);
}

static void redir_submit(struct usb_host *host, struct usb_transfer *transfer)
{
    struct redir *redir = host->own;
    struct flight *flight = free_flight(redir);

    transfer->state = USB_ENDED;
    transfer->outcome = redir->presence == USB_PRESENT ? USB_FAILED : USB_GONE;
    if (redir->presence != USB_PRESENT || flight == NULL)
        return;
    *flight = (struct flight){redir->next_id++, transfer};
    transfer->state = USB_FLYING;
    if (transfer->endpoint == 0)
        send_control(redir, flight->id, transfer);
    else
        send_bulk(redir, flight->id, transfer);
    flush(redir);
    watch(redir);
}

static void redir_cancel(struct usb_host *host, struct usb_transfer *transfer)
{
    struct redir *redir = host->own;

    for (size_t i = 0; i < REDIR_FLYING_MAX; i++)
        if (redir->flights[i].transfer == transfer) {
            usbredirparser_send_cancel_data_packet(redir->parser, redir->flights[i].id);
            end(&redir->flights[i], USB_STOPPED, 0); /* an answer that still comes has no flight any more */
            flush(redir);
            return;
        }
}

/* The peer has claimed all interfaces. */
static bool redir_claim(struct usb_host *host, const struct usb_interface *interface, struct failure *why)
{
    (void)host;
    (void)interface;
    (void)why;
    return true;
}

static void redir_close(struct usb_host *host)
{
    struct redir *redir = host->own;

    if (redir->parser != NULL)
        usbredirparser_destroy(redir->parser);
    link_close(&redir->wire);
    if (redir->epoll >= 0)
        close(redir->epoll);
    free(redir);
}

static const struct usb_host_kind redir_kind = {.attend = redir_attend,
                                                .submit = redir_submit,
                                                .cancel = redir_cancel,
                                                .claim = redir_claim,
                                                .close = redir_close};

static bool parser_start(struct redir *redir)
{
    struct usbredirparser *parser = usbredirparser_create();
    uint32_t caps[USB_REDIR_CAPS_SIZE] = {0};

    if (parser == NULL)
        return false;
    redir->parser = parser;
    parser->priv = redir;
    parser->log_func = on_log;
    parser->read_func = on_read;
    parser->write_func = on_write;
    parser->hello_func = on_hello;
    parser->device_connect_func = on_connect;
    parser->device_disconnect_func = on_disconnect;
    parser->configuration_status_func = on_configured;
    parser->control_packet_func = on_control;
    parser->bulk_packet_func = on_bulk;
    redir_ignore_others(parser);
    usbredirparser_caps_set_cap(caps, usb_redir_cap_connect_device_version);
    usbredirparser_caps_set_cap(caps, usb_redir_cap_ep_info_max_packet_size);
    usbredirparser_caps_set_cap(caps, usb_redir_cap_64bits_ids);
    usbredirparser_caps_set_cap(caps, usb_redir_cap_32bits_bulk_length);
    usbredirparser_init(parser, "suture", caps, USB_REDIR_CAPS_SIZE, 0);
    return true;
}

bool usb_redir_link(struct link *link, struct link wire, const char *name, struct failure *why)
{
    struct redir *redir = calloc(1, sizeof *redir);
    struct usb_host host = {&redir_kind, -1, redir};

    if (redir == NULL) {
        link_close(&wire);
        return failure_set(why, FAIL_MEMORY, "%s", name);
    }
    redir->wire = wire;
    redir->next_id = 1;
    redir->presence = USB_REACHING;
    text_harmless(redir->name, sizeof redir->name, name, strlen(name));
    redir->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (redir->epoll < 0 || !parser_start(redir)) {
        redir_close(&host);
        return failure_set(why, FAIL_INTERNAL, "%s: %s", name, strerror(errno));
    }
    watch(redir);
    host.descriptor = redir->epoll;
    link->kind = &link_usbredir;
    return usb_link_start(link, host, redir->name, why);
}

/* HOST:PORT is that of a TCP link; unix:PATH leads to a socket on this machine. */
static const char *wire_address(const char *rest, char *out, size_t capacity)
{
    if (strncmp(rest, "unix:", strlen("unix:")) == 0)
        return rest;
    snprintf(out, capacity, "tcp:%s", rest);
    return out;
}

static bool redir_open(struct link *link, const char *rest, struct failure *why)
{
    char address[1024], name[REDIR_NAME_SIZE];
    struct link wire = {0};

    if (strlen(rest) > sizeof address - sizeof SCHEME)
        return failure_set(why, FAIL_ADDRESS, SCHEME "%.100s…", rest);
    if (!link_open(&wire, wire_address(rest, address, sizeof address), why))
        return false;
    snprintf(name, sizeof name, SCHEME "%s", rest);
    return usb_redir_link(link, wire, name, why);
}

static bool redir_same(const char *rest, const char *other)
{
    char a[1024], b[1024];

    return link_address_same(wire_address(rest, a, sizeof a), wire_address(other, b, sizeof b));
}

const struct link_kind link_usbredir = {.scheme = "usbredir",
                                        .wire = LINK_PACKETS,
                                        .open = redir_open,
                                        .settle = usb_settle,
                                        .read = usb_read,
                                        .write = usb_write,
                                        .close = usb_close,
                                        .same = redir_same};
