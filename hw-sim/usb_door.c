/* Sockets of a USB door: who listens, who dials, and when bytes move. What the packets mean stands in usb_redir.c. */
#include "hw-sim/usb_door.h"

#include "hw-sim/usb_redir.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct usb_door {
    enum door_scheme scheme;
    const char *path; /* borrowed */
    struct unix_listener listener;
    uint16_t port;
    int host; /* -1: nobody */
    uint64_t dial_at;
    struct usb_bus *bus;
    struct usb_redir *redir; /* of the host that is there */
};

/* Opening ------------------------------------------------------------------------------------------------------------ */

static bool listen_loopback(struct usb_door *door, struct failure *why)
{
    const char *colon = strrchr(door->path, ':');
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    int yes = 1, file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    address.sin_port = htons(colon ? (uint16_t)strtoul(colon + 1, NULL, 10) : 0);
    if (file < 0 || setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
        bind(file, (const struct sockaddr *)&address, sizeof address) != 0 || listen(file, 1) != 0 ||
        getsockname(file, (struct sockaddr *)&address, &size) != 0) {
        failure_set(why, FAIL_DOOR, "usbredir:%s: %s", door->path, strerror(errno));
        if (file >= 0)
            close(file);
        return false;
    }
    door->listener.file = file;
    door->port = ntohs(address.sin_port);
    return true;
}

bool usb_door_open(const struct profile_file *profile, struct device *device, struct usb_door **out,
                   struct failure *why)
{
    struct usb_door *door = calloc(1, sizeof *door);

    if (door == NULL)
        return failure_set(why, FAIL_MEMORY, "no memory for a USB door");
    door->scheme = profile->door_scheme;
    door->path = profile->door;
    door->listener.file = door->host = -1;
    bool fine = usb_bus_open(device, &door->bus, why);
    if (fine && door->scheme == DOOR_USB_UNIX)
        fine = unix_listen(door->path, FAIL_DOOR, &door->listener, why);
    if (fine && door->scheme == DOOR_USB_TCP)
        fine = listen_loopback(door, why);
    if (!fine) {
        usb_door_close(door);
        return false;
    }
    *out = door;
    return true;
}

static void hang_up(struct usb_door *door)
{
    if (door->host < 0)
        return;
    usb_redir_free(door->redir);
    door->redir = NULL;
    close(door->host);
    door->host = -1;
    usb_bus_reset(door->bus); /* nobody drives the bus any more */
}

void usb_door_close(struct usb_door *door)
{
    if (door == NULL)
        return;
    hang_up(door);
    if (door->scheme == DOOR_USB_UNIX)
        unix_unlisten(&door->listener);
    else if (door->listener.file >= 0)
        close(door->listener.file);
    usb_bus_close(door->bus);
    free(door);
}

void usb_door_address(const struct usb_door *door, char out[DOOR_ADDRESS])
{
    if (door->scheme == DOOR_USB_TCP)
        snprintf(out, DOOR_ADDRESS, "usbredir:127.0.0.1:%u", door->port);
    else
        snprintf(out, DOOR_ADDRESS, "usbredir:%s:%s", door->scheme == DOOR_USB_UNIX ? "unix" : "connect",
                 door->path);
}

/* Hosts -------------------------------------------------------------------------------------------------------------- */

static void welcome(struct usb_door *door, int file)
{
    int yes = 1;

    if (door->scheme == DOOR_USB_TCP) /* small answers leave at once */
        setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    door->redir = usb_redir_new(door->bus, file);
    if (door->redir == NULL) {
        close(file);
        return;
    }
    door->host = file;
}

static void let_in(struct usb_door *door)
{
    int file = unix_accept(&door->listener);

    if (file < 0)
        return;
    if (door->host >= 0)
        close(file);
    else
        welcome(door, file);
}

static void dial(struct usb_door *door, uint64_t now)
{
    if (door->scheme != DOOR_USB_DIAL || door->host >= 0 || now < door->dial_at)
        return;
    door->dial_at = now + USB_DOOR_AGAIN_MS;
    int file = unix_dial(door->path);
    if (file >= 0)
        welcome(door, file);
}

/* Moving ------------------------------------------------------------------------------------------------------------- */

void usb_door_watch(const struct usb_door *door, struct pollfd polls[DOOR_POLLS])
{
    short events = 0;

    if (door->host >= 0)
        events = (short)((usb_redir_listens(door->redir) ? POLLIN : POLLRDHUP) |
                         (usb_redir_has_more(door->redir) ? POLLOUT : 0));
    polls[0] = (struct pollfd){door->listener.file, POLLIN, 0};
    polls[1] = (struct pollfd){door->host, events, 0};
}

/* A host that is not read from left: nothing that it sent is worth taking. */
static bool gone_unheard(const struct usb_door *door, short happened)
{
    return (happened & (POLLRDHUP | POLLHUP | POLLERR)) != 0 && !usb_redir_listens(door->redir);
}

void usb_door_serve(struct usb_door *door, const struct pollfd polls[DOOR_POLLS], uint64_t now)
{
    bool mine = polls[1].fd >= 0 && polls[1].fd == door->host;

    if (mine && gone_unheard(door, polls[1].revents))
        hang_up(door);
    else if (mine && (polls[1].revents & (POLLIN | POLLHUP | POLLERR)) != 0 &&
             !usb_redir_read(door->redir, now))
        hang_up(door);
    if (polls[0].fd >= 0 && polls[0].fd == door->listener.file && (polls[0].revents & POLLIN) != 0)
        let_in(door);
}

bool usb_door_flow(struct usb_door *door, uint64_t now)
{
    dial(door, now);
    bool moved = usb_bus_flow(door->bus, now);
    if (door->host >= 0 && !usb_redir_flow(door->redir))
        hang_up(door);
    return moved;
}

uint64_t usb_door_wake(const struct usb_door *door, uint64_t now)
{
    if (door->scheme != DOOR_USB_DIAL || door->host >= 0)
        return CLOCK_NEVER;
    return door->dial_at > now ? door->dial_at : now;
}
