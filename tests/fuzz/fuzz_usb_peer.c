/* The other end of a USB link as an enemy: a usbredir peer, and a device behind it.
 *   even  a peer that knows the protocol: packets of any type, with ids that are awaited, and lengths that are true or lies
 *   odd   a device with descriptors and answers of its own making
 * Whatever they do, the link is open, waits no longer than its own time-outs, or is lost for a reason that it names. */
#include "loader/link/usb.h"

#include "keys/base/bytes.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/redir_device.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TURNS_MAX 64
#define CAPS                                                                                                 \
    (1u << usb_redir_cap_connect_device_version | 1u << usb_redir_cap_ep_info_max_packet_size |              \
     1u << usb_redir_cap_64bits_ids | 1u << usb_redir_cap_32bits_bulk_length)

struct duel {
    struct link link;
    struct failure lost;
    uint64_t now;
    bool over;
    int peer;
};

static void duel_begin(struct duel *duel)
{
    int ends[2];

    memset(duel, 0, sizeof *duel);
    fuzz_must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0, "two sockets");
    struct link wire = {.kind = &link_socket, .descriptor = ends[1]};
    duel->peer = ends[0];
    duel->now = 1000;
    fuzz_must(usb_redir_link(&duel->link, wire, "usbredir:fuzz", NULL), "a link");
}

/* One turn of the loader, with a word to say whenever it may. */
static void loader_turn(struct duel *duel)
{
    uint8_t bytes[600];
    size_t count;

    if (duel->over)
        return;
    duel->over = link_settle(&duel->link, duel->now, &duel->lost) == LINK_LOST;
    if (duel->over) {
        fuzz_must(duel->lost.id != FAIL_NONE && duel->lost.what[0] != '\0', "a reason is named");
        return;
    }
    memset(bytes, 0x55, sizeof bytes);
    if (!duel->link.connecting)
        link_write(&duel->link, bytes, sizeof bytes, &count);
    link_read(&duel->link, bytes, sizeof bytes, &count);
    fuzz_must(count <= sizeof bytes, "no more is read than there is room for");
}

/* A silent peer: time goes to where the link itself wants to look again. It comes to an end. */
static void silence(struct duel *duel)
{
    for (unsigned turns = 0; !duel->over && duel->link.wake != UINT64_MAX; turns++) {
        fuzz_must(turns < TURNS_MAX, "it does not wait for ever");
        if (duel->link.wake > duel->now)
            duel->now = duel->link.wake;
        loader_turn(duel);
    }
}

/* ---- a peer */

static void say(struct duel *duel, uint32_t type, uint32_t claimed, uint64_t id, size_t id_size,
                struct span body)
{
    uint8_t head[16];

    put_le32(head, type);
    put_le32(head + 4, claimed);
    put_le64(head + 8, id);
    /* what does not fit any more is lost, as with a peer that dies */
    if (send(duel->peer, head, 8 + id_size, MSG_NOSIGNAL) == (ssize_t)(8 + id_size) && body.size > 0)
        (void)!send(duel->peer, body.data, body.size, MSG_NOSIGNAL);
}

static void greet(struct duel *duel)
{
    uint8_t hello[68] = "fuzz", connect[10] = {usb_redir_speed_high};

    put_le32(hello + 64, CAPS);
    say(duel, usb_redir_hello, sizeof hello, 0, 4, span_of(hello, sizeof hello));
    say(duel, usb_redir_device_connect, sizeof connect, 0, 8, span_of(connect, sizeof connect));
}

/* type, id, how its length is meant, size, bytes */
static struct span say_next(struct duel *duel, struct span in)
{
    static const uint8_t types[] = {
        usb_redir_control_packet,       usb_redir_bulk_packet,     usb_redir_configuration_status,
        usb_redir_device_disconnect,    usb_redir_ep_info,         usb_redir_interface_info,
        usb_redir_filter_filter,        usb_redir_hello,           usb_redir_iso_packet,
        usb_redir_buffered_bulk_packet, usb_redir_interrupt_packet};
    uint32_t type = in.data[0] < 64 ? in.data[0] : types[in.data[0] % sizeof types];
    uint64_t id = in.data[1];
    struct span body = span_first(span_from(in, 4), in.data[3]);
    uint32_t claimed = (uint32_t)body.size;

    if (in.data[2] > 250)
        claimed = (uint32_t)in.data[2] << (in.data[3] % 25);
    say(duel, type, claimed, id, 8, body);
    return span_from(in, 4 + body.size);
}

static void fight_peer(struct span in)
{
    uint8_t nothing[65536];
    struct duel duel;

    duel_begin(&duel);
    greet(&duel);
    loader_turn(&duel);
    while (in.size >= 4 && !duel.over) {
        in = say_next(&duel, in);
        loader_turn(&duel);
        (void)!recv(duel.peer, nothing, sizeof nothing, 0);
    }
    silence(&duel);
    link_close(&duel.link);
    close(duel.peer);
}

/* ---- a device */

static void fight_device(struct span in)
{
    static struct redir_device device;
    struct redir_manners manners = {0};
    struct duel duel;

    if (in.size < 8)
        return;
    manners.configuration = in.data[0];
    manners.control_status = in.data[1] > 200 ? in.data[1] : 0;
    manners.in_piece = in.data[2];
    manners.in_zeros = in.data[3] & 1;
    manners.in_excess = (in.data[3] & 6) == 6;
    manners.out_waits = (in.data[3] & 24) == 24;
    struct span said = span_first(span_from(in, 8), in.data[6]);
    if (in.data[7] & 1)
        manners.layout = span_from(in, 8);
    if ((in.data[7] & 6) == 6)
        manners.device = span_from(in, 8);
    duel_begin(&duel);
    redir_device_start(&device, duel.peer, &manners);
    redir_device_says(&device, said);
    for (unsigned turns = 0; turns < TURNS_MAX && !duel.over; turns++) {
        redir_device_turn(&device);
        loader_turn(&duel);
        if (turns == in.data[4])
            device.manners.in_status = in.data[5];
    }
    device.manners.frozen = true;
    silence(&duel);
    link_close(&duel.link);
    redir_device_stop(&device);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    if (data[0] & 1)
        fight_device(span_of(data + 1, size - 1));
    else
        fight_peer(span_of(data + 1, size - 1));
    return 0;
}
