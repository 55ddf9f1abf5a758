/* What the files of the usbredir host share. */
#ifndef SUTURE_LOADER_LINK_USB_REDIR_INNER_H
#define SUTURE_LOADER_LINK_USB_REDIR_INNER_H

#include "loader/link/usb.h"

#include <usbredirparser.h>

#define REDIR_NAME_SIZE  160
#define REDIR_FLYING_MAX 16

struct flight {
    uint64_t id;
    struct usb_transfer *transfer; /* NULL: free */
};

struct redir {
    struct link wire;
    struct usbredirparser *parser;
    int epoll;
    uint32_t watched; /* events of the wire that epoll waits for */
    char name[REDIR_NAME_SIZE];
    enum usb_presence presence;
    struct failure lost; /* why; when absent */
    char said[128];      /* the parser's last word */
    uint64_t next_id;
    size_t taken; /* bytes in this turn */
    struct flight flights[REDIR_FLYING_MAX];
};

/* Takes the packets that no device of ours sends, and throws them away: the parser calls each without looking whether it is
 * there. Its `priv` is the struct redir. */
void redir_ignore_others(struct usbredirparser *parser);

#endif
