/* The addresses of a command line, with what is to be looked for in full. */
#ifndef SUTURE_LOADER_CMD_ADDRESSES_H
#define SUTURE_LOADER_CMD_ADDRESSES_H

#include "keys/base/command.h"
#include "loader/session/job.h"

struct address {
    char *text; /* owned */
    enum job_origin origin;
};

struct addresses {
    struct address *list; /* owned */
    size_t count;
    bool looked;               /* serial:auto was among them */
    bool looked_at_usb;        /* and so was USB */
    struct failure usb_unseen; /* why it could not be looked at; FAIL_NONE: it could, or need not */
    char where[256];           /* the folder that was looked in */
};

/* `--all` is every USB device with a service interface and serial:auto; so are no addresses for `devices`. A place that was
 * both named and found counts as named. A device that was found on USB and at a serial port of its own counts once, as USB.
 * FAIL_USAGE (no address, or two that are the same wire), FAIL_ADDRESS, FAIL_SERIAL_DIR, FAIL_MEMORY. */
bool addresses_read(const struct invocation *call, enum job_kind kind, struct addresses *addresses,
                    struct failure *why);
void addresses_free(struct addresses *addresses);

#endif
