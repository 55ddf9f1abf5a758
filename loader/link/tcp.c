/* tcp:HOST:PORT and tcp:[V6]:PORT: SMP packets on a stream, as agents with a network offer them. Connecting goes on beside
 * everything else; only a name (no number) is looked up at once, for at most NAME_MS. */
#include "loader/link/link.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define NAME_MS    3000
#define ADDRESS_MS 1500 /* for an address when another one follows */
#define HOST_SIZE  256

struct place {
    char host[HOST_SIZE], port[6];
};

/* What a link keeps while it connects. */
struct tcp {
    struct addrinfo *addresses, *next; /* all; those not tried yet */
    uint64_t began;                    /* ms, with the address that is tried; 0: not seen yet */
    int error;                         /* of the last address that failed */
    struct place place;
};

static bool split_port(const char *text, char port[6])
{
    size_t digits = strspn(text, "0123456789");

    if (digits == 0 || digits > 5 || text[digits] != '\0' || atoi(text) == 0 || atoi(text) > 65535)
        return false;
    memcpy(port, text, digits + 1);
    return true;
}

static bool split(const char *rest, struct place *place)
{
    const char *host = rest, *end = strchr(rest, ':');
    bool bracket = rest[0] == '[';

    if (bracket) {
        host = rest + 1;
        end = strchr(host, ']');
    }
    if (end == NULL || end == host || end - host >= HOST_SIZE || (bracket && end[1] != ':'))
        return false;
    memcpy(place->host, host, (size_t)(end - host));
    place->host[end - host] = '\0';
    return split_port(end + (bracket ? 2 : 1), place->port);
}

/* Owned by the resolver's thread until that is done, so it has a life of its own. */
struct question {
    struct gaicb ask;
    struct addrinfo hints;
    struct place place;
};

/* 0 or an EAI code. */
static int look_up_name(const struct place *place, struct addrinfo **addresses)
{
    const struct timespec bound = {NAME_MS / 1000, NAME_MS % 1000 * 1000000};
    struct question *question = calloc(1, sizeof *question);

    if (question == NULL)
        return EAI_MEMORY;
    struct gaicb *list[1] = {&question->ask};
    question->place = *place;
    question->hints = (struct addrinfo){.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    question->ask.ar_name = question->place.host;
    question->ask.ar_service = question->place.port;
    question->ask.ar_request = &question->hints;
    int code = getaddrinfo_a(GAI_NOWAIT, list, 1, NULL);
    while (code == 0 && (code = gai_suspend((const struct gaicb *const *)list, 1, &bound)) == EAI_INTR)
        code = 0;
    if (code == EAI_AGAIN && gai_cancel(&question->ask) == EAI_NOTCANCELED)
        return EAI_AGAIN; /* the thread still writes there */
    code = code == EAI_ALLDONE ? gai_error(&question->ask) : code ? code : gai_error(&question->ask);
    *addresses = code == 0 ? question->ask.ar_result : NULL;
    free(question);
    return code;
}

static int look_up(const struct place *place, struct addrinfo **addresses)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};

    return getaddrinfo(place->host, place->port, &hints, addresses) == 0 ? 0 : look_up_name(place, addresses);
}

/* Begins with the next address that can be begun with. */
static bool try_next(struct link *link, struct tcp *tcp)
{
    const int on = 1;

    for (; tcp->next != NULL; tcp->next = tcp->next->ai_next) {
        int file = socket(tcp->next->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (file >= 0 &&
            (connect(file, tcp->next->ai_addr, tcp->next->ai_addrlen) == 0 || errno == EINPROGRESS)) {
            setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            setsockopt(file, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
            link->descriptor = file;
            tcp->began = 0;
            tcp->next = tcp->next->ai_next;
            return true;
        }
        tcp->error = errno;
        if (file >= 0)
            close(file);
    }
    return false;
}

static bool nobody(const struct tcp *tcp, struct failure *why)
{
    enum failure_id id = tcp->error == EACCES || tcp->error == EPERM ? FAIL_LINK_PERMISSION : FAIL_NO_DEVICE;
    return failure_set(why, id, "tcp:%s port %s: %s", tcp->place.host, tcp->place.port, strerror(tcp->error));
}

static void forget(struct link *link)
{
    struct tcp *tcp = link->own;

    freeaddrinfo(tcp->addresses);
    free(tcp);
    link->own = NULL;
}

static bool tcp_open(struct link *link, const char *rest, struct failure *why)
{
    struct tcp *tcp = calloc(1, sizeof *tcp);

    if (tcp == NULL)
        return failure_set(why, FAIL_MEMORY, "tcp:%s", rest);
    if (!split(rest, &tcp->place)) {
        free(tcp);
        return failure_set(why, FAIL_ADDRESS, "tcp:%s: HOST:PORT, or [IPV6]:PORT", rest);
    }
    int code = look_up(&tcp->place, &tcp->addresses);
    if (code != 0) {
        failure_set(why, FAIL_NO_DEVICE, "tcp:%s: %s", rest, gai_strerror(code));
        free(tcp);
        return false;
    }
    tcp->next = tcp->addresses;
    link->own = tcp;
    link->connecting = try_next(link, tcp);
    if (link->connecting)
        return true;
    nobody(tcp, why);
    forget(link);
    return false;
}

static enum link_result tcp_settle(struct link *link, uint64_t now, struct failure *why)
{
    struct pollfd ready = {link->descriptor, POLLOUT, 0};
    struct tcp *tcp = link->own;
    socklen_t size = sizeof tcp->error;

    link->wake = UINT64_MAX;
    if (!link->connecting)
        return LINK_OK;
    if (tcp->began == 0)
        tcp->began = now ? now : 1;
    if (poll(&ready, 1, 0) == 1) {
        getsockopt(link->descriptor, SOL_SOCKET, SO_ERROR, &tcp->error, &size);
        if (tcp->error == 0) {
            link->connecting = false;
            return LINK_OK;
        }
    } else if (tcp->next == NULL) {
        return LINK_OK;
    } else if (now - tcp->began < ADDRESS_MS) {
        link->wake = tcp->began + ADDRESS_MS;
        return LINK_OK;
    }
    close(link->descriptor);
    link->descriptor = -1;
    if (try_next(link, tcp))
        return LINK_OK;
    nobody(tcp, why);
    return LINK_LOST;
}

static void tcp_close(struct link *link)
{
    if (link->descriptor >= 0)
        close(link->descriptor);
    forget(link);
}

/* As far as it shows without asking who is behind a name. */
static bool tcp_same(const char *rest, const char *other)
{
    struct place a, b;

    return split(rest, &a) && split(other, &b) && strcasecmp(a.host, b.host) == 0 &&
           atoi(a.port) == atoi(b.port);
}

const struct link_kind link_tcp = {.scheme = "tcp",
                                   .wire = LINK_PACKETS,
                                   .open = tcp_open,
                                   .settle = tcp_settle,
                                   .read = stream_read,
                                   .write = stream_write,
                                   .close = tcp_close,
                                   .same = tcp_same};
