/* A scripted USB device behind usbredir, in the test's own process: it serves one peer over a socket whenever the test gives
 * it a turn, answers standard requests from descriptors that the test may bend, and does on its bulk pipes what its manners
 * say. What it was sent, and how the transfers were cut, can be looked at. */
#ifndef SUTURE_TESTS_SUPPORT_REDIR_DEVICE_H
#define SUTURE_TESTS_SUPPORT_REDIR_DEVICE_H

#include "keys/base/span.h"

#include <usbredirparser.h>

#define REDIR_BYTES     (256 * 1024)
#define REDIR_TRANSFERS 256
#define REDIR_WAITING   16
#define REDIR_OUT       0x03 /* its bulk OUT endpoint, when its manners give no layout */

/* How it behaves; all zero: a good device. */
struct redir_manners {
    struct span device,
        layout; /* descriptors; absent: a composite device with the service interface behind a serial port */
    uint8_t configuration;         /* in force when it is plugged in */
    bool shares_nothing;           /* a peer without a device */
    bool frozen;                   /* reads nothing */
    bool deaf;                     /* takes control requests and never answers */
    uint8_t control_status;        /* of every control answer; 0: success */
    uint8_t out_status, in_status; /* of the bulk answers from now on; 0: success */
    bool out_waits;                /* takes writes and does not say so yet */
    size_t in_piece;               /* bytes of each read that it answers; 0: as many as are asked for */
    bool in_zeros;                 /* an empty answer after each */
    bool in_excess;                /* answers one byte more than was asked for */
};

struct redir_device {
    int wire; /* -1: nobody is there; owned */
    struct usbredirparser *parser;
    struct redir_manners manners;
    uint8_t configuration; /* in force */
    /* from the host */
    uint8_t taken[REDIR_BYTES];
    size_t taken_size;
    size_t transfers[REDIR_TRANSFERS]; /* sizes of the writes, in order */
    size_t transfer_count;
    unsigned configured, cleared, asked; /* times: set configuration, clear halt, GET_STATUS */
    uint64_t unsaid[REDIR_TRANSFERS];    /* writes that wait for their answer */
    size_t unsaid_size[REDIR_TRANSFERS], unsaid_count;
    /* to the host */
    uint8_t said[REDIR_BYTES];
    size_t said_size, said_sent;
    struct {
        uint64_t id;
        size_t size;
    } waiting[REDIR_WAITING]; /* reads, oldest first */
    size_t waiting_count, most_waiting;
};

/* Plugs it in behind a socket, which it takes over. */
void redir_device_start(struct redir_device *device, int wire, const struct redir_manners *manners);
void redir_device_stop(struct redir_device *device);
/* Takes what came and answers what can be answered; true when something was done. */
bool redir_device_turn(struct redir_device *device);
/* What the next reads get. */
void redir_device_says(struct redir_device *device, struct span bytes);
/* Answers the writes that waited. */
void redir_device_takes(struct redir_device *device);
/* Unplugged at its machine; the peer stays. */
void redir_device_unplug(struct redir_device *device);
/* Its descriptors when its manners give none. */
struct span redir_device_layout(void);
struct span redir_device_descriptor(void);

#endif
