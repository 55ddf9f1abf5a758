/* The device as a USB gadget of Linux: one composite device with SMP on bulk pipes and DFU behind FunctionFS, and a CDC-ACM
 * line beside them (agent/ports/usb). Set up through configfs, bound to a controller, and undone again.
 *
 *   gadget_open ─► [console door on gadget->console: raw before a host can write] ─► gadget_bind ─► … ─► gadget_close
 *
 * The kernel tells each change of the bus on ep0: a host that configures the device (enable), resets the bus, or goes away
 * (disable). What an agent that was killed has left behind is removed before anything is set up. */
#ifndef SUTURE_AGENT_PORTS_LINUX_GADGET_H
#define SUTURE_AGENT_PORTS_LINUX_GADGET_H

#include "agent/ports/linux/config.h"
#include "agent/ports/usb/dfu.h"

#include <libaio.h>

#define GADGET_TRANSFERS 4 /* in flight each way: two give most of the gain, four all of it */
#define GADGET_PATH      256

struct gadget_transfer {
    struct iocb request;
    uint8_t *data; /* USB_SMP_OUT or USB_SMP_IN bytes */
    bool flying;   /* the kernel has it */
    long result;   /* once it is back: bytes, or a negative errno */
    size_t used;   /* reads: bytes given away already */
};

/* Transfers of one pipe, in order. */
struct gadget_pipe {
    int file;
    struct gadget_transfer transfers[GADGET_TRANSFERS];
    unsigned next; /* the oldest that is not done with */
};

struct gadget {
    const struct config_file *config;
    struct usb_identity identity;
    char root[GADGET_PATH];    /* its folder in configfs; "": nothing is set up */
    char mount[GADGET_PATH];   /* of FunctionFS */
    char controller[64];       /* name under /sys/class/udc */
    char console[GADGET_PATH]; /* "tty:/dev/ttyGS0", a door's word */
    enum usb_dfu_form form;    /* what this kernel takes */
    int ep0, events;           /* -1: closed; `events` is readable when transfers came back */
    io_context_t queue;
    struct gadget_pipe out, in; /* from the host, to the host */
    bool enabled;               /* a host has configured the device */
    bool newly;                 /* `enabled` changed, or the bus was reset, since it was asked */
    size_t packet;              /* bytes of a bulk packet at the speed in force */
    uint8_t *memory;            /* of all transfers and of `dfu` */
    struct usb_dfu dfu;
};

/* All but binding. `identity` as the agent read it, NULL for a device without. The taker lives as long as the gadget.
 * FAIL_AGENT_GADGET; everything is undone then. */
bool gadget_open(struct gadget *gadget, const struct config_file *config, const struct identity *identity,
                 const struct dfu_taker *taker, struct failure *why);
/* From here on a host sees it. FAIL_AGENT_GADGET. */
bool gadget_bind(struct gadget *gadget, struct failure *why);
/* Unbinds and removes everything. A gadget that was never opened (all zero) is fine. The console must be closed before. */
void gadget_close(struct gadget *gadget);

/* ep0 is readable: takes what happened on the bus, and answers control requests. */
void gadget_serve(struct gadget *gadget);
/* Bytes from the host, up to `capacity`; 0: none now. */
size_t gadget_read(struct gadget *gadget, uint8_t *data, size_t capacity);
/* Bytes to the host: how many were taken; 0: none now. A whole number of packets is followed by an empty one
 * (agent/protocol/usb.h). */
size_t gadget_write(struct gadget *gadget, const uint8_t *data, size_t size);
/* Whether all that was written has gone. */
bool gadget_quiet(const struct gadget *gadget);

/* configfs alone (gadget_configfs.c): makes the folder, its functions and links, and mounts FunctionFS. */
bool gadget_make(struct gadget *gadget, struct failure *why);
/* Removes what stands at gadget->root and gadget->mount, whoever left it there. */
void gadget_remove(const struct gadget *gadget);
bool gadget_controller(struct gadget *gadget, const char *name, struct failure *why);
/* FunctionFS alone (gadget_functions.c): descriptors and strings into ep0, and the pipes' files. */
bool gadget_describe(struct gadget *gadget, struct failure *why);
/* Why it failed, from errno, said of a path. */
bool gadget_refuse(const char *path, const char *reason, struct failure *why);

#endif
