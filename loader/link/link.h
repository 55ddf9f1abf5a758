/* A link is a wire to one device: bytes in, bytes out, never blocking. Addresses: unix:PATH, tcp:HOST:PORT,
 * serial:PATH[@BAUD], and those of usb.h. More kinds are more files beside these; above, only the wire's nature shows. */
#ifndef SUTURE_LOADER_LINK_LINK_H
#define SUTURE_LOADER_LINK_LINK_H

#include "keys/base/failure.h"
#include "keys/base/span.h"

enum link_result {
    LINK_OK,   /* some bytes moved, perhaps none */
    LINK_LOST, /* the other end is gone; close the link */
};

/* What runs over it: raw SMP packets, or framed ones (agent/protocol/line.h). */
enum link_wire { LINK_PACKETS, LINK_LINE };

#define LINK_AGAIN_SIZE 128

struct link {
    const struct link_kind *kind;
    int descriptor;  /* for poll(2); may change while it connects */
    uint32_t baud;   /* of a line; 0: it has none */
    bool connecting; /* nothing moves yet: poll for writing, then link_settle */
    uint64_t wake;   /* ms; when it wants a turn though nothing came. UINT64_MAX: never */
    /* what leads to the very same device once more; empty: the address that it was opened with */
    char again[LINK_AGAIN_SIZE];
    void *own; /* the kind's */
};

/* What a kind of link provides. Each function is given a link that `open` made. */
struct link_kind {
    const char *scheme; /* "unix" */
    enum link_wire wire;
    bool bare; /* the scheme alone is an address too: `rest` is empty */
    bool (*open)(struct link *link, const char *rest, struct failure *why);
    /* NULL where opening is all. Called at every turn before anything else; see link_settle. */
    enum link_result (*settle)(struct link *link, uint64_t now, struct failure *why);
    enum link_result (*read)(struct link *link, uint8_t *data, size_t capacity, size_t *got);
    enum link_result (*write)(struct link *link, const uint8_t *data, size_t size, size_t *put);
    void (*close)(struct link *link);
    bool (*same)(const char *rest, const char *other); /* the same wire, however it is written */
};

extern const struct link_kind link_socket, link_tcp, link_serial, link_usb, link_usbredir;

/* Reading and writing of every stream socket. */
enum link_result stream_read(struct link *link, uint8_t *data, size_t capacity, size_t *got);
enum link_result stream_write(struct link *link, const uint8_t *data, size_t size, size_t *put);

/* FAIL_ADDRESS: no such kind, or its path can't be. */
bool link_address_check(const char *address, struct failure *why);
/* Whether two good addresses lead to the same wire. */
bool link_address_same(const char *address, const char *other);
/* Connects, or begins to. FAIL_ADDRESS, FAIL_NO_DEVICE (nobody there), FAIL_LINK_PERMISSION, FAIL_MEMORY; of a serial port
 * also FAIL_LINK_BUSY, FAIL_MODEM_MANAGER, FAIL_NOT_A_PORT, FAIL_PORT_SPEED; of USB also the FAIL_USB_ ones. */
bool link_open(struct link *link, const char *address, struct failure *why);
/* At every turn, before reading and writing: looks how far connecting is, and how the wire is. LINK_LOST: nobody took the
 * connection, or it is gone; `why` says how; close it. */
enum link_result link_settle(struct link *link, uint64_t now, struct failure *why);
/* LINK_OK with `*got` 0: nothing there now. */
enum link_result link_read(struct link *link, uint8_t *data, size_t capacity, size_t *got);
enum link_result link_write(struct link *link, const uint8_t *data, size_t size, size_t *put);
/* Idempotent; a link that was never opened must be zeroed. */
void link_close(struct link *link);
bool link_is_open(const struct link *link);

#endif
