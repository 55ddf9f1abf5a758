/* The host's end of usbredir on a socket, for tests of the simulator's USB door: it says hello, keeps what it hears, and sends
 * what it is told to. Raw bytes go past the library, for a host that lies. */
#ifndef SUTURE_TESTS_SUPPORT_REDIR_HOST_H
#define SUTURE_TESTS_SUPPORT_REDIR_HOST_H

#include "keys/base/span.h"

#include <usbredirparser.h>

enum redir_heard { HEARD_HELLO, HEARD_INTERFACES, HEARD_ENDPOINTS, HEARD_CONNECT, HEARD_DISCONNECT };

struct redir_host {
    struct usbredirparser *parser;
    int socket;
    bool gone;
    enum redir_heard heard[64]; /* in their order */
    size_t heard_count;
    struct usb_redir_interface_info_header interfaces;
    struct usb_redir_ep_info_header endpoints;
    struct usb_redir_device_connect_header connect;
    unsigned configured, configuration; /* answers to SET_CONFIGURATION; the last one's */
    unsigned alternates, alternate_status;
    unsigned interrupts, interrupt_status;
    struct usb_redir_control_packet_header control; /* the last answer */
    struct usb_redir_bulk_packet_header bulk;
    uint64_t bulk_id;
    unsigned controls, bulks;
    uint8_t data[4096]; /* of the last answer that had any */
    size_t size;
};

/* Takes the socket over. */
void redir_host_start(struct redir_host *host, int socket);
void redir_host_end(struct redir_host *host);
/* Sends and takes whatever can be without waiting. */
void redir_host_move(struct redir_host *host);

void redir_host_control(struct redir_host *host, uint8_t type, uint8_t request, uint16_t value,
                        uint16_t index, struct span data, uint16_t length);
/* A bulk OUT of `data`, or an IN of `length` bytes. */
void redir_host_bulk(struct redir_host *host, uint64_t id, uint8_t endpoint, struct span data,
                     uint32_t length);
void redir_host_raw(struct redir_host *host, struct span bytes);

#endif
