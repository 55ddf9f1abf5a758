/* The addresses of a command line, with serial:auto in full. */
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
    bool looked;     /* serial:auto was among them */
    char where[256]; /* the folder that was looked in */
};

/* `--all` is serial:auto; so are no addresses for `devices`. A port that was both named and found counts as named.
 * FAIL_USAGE (no address, or two that are the same wire), FAIL_ADDRESS, FAIL_SERIAL_DIR, FAIL_MEMORY. */
bool addresses_read(const struct invocation *call, enum job_kind kind, struct addresses *addresses,
                    struct failure *why);
void addresses_free(struct addresses *addresses);

#endif
