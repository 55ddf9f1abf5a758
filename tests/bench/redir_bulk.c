/* SMP over usbredir without a kernel: what of a bare parser's speed is left when the loader's link and session are above it.
 *
 * Two processes on a socket. The device is the same both times, Debian's parser with a service interface; it throws away what
 * it is sent, or takes it for uploads and answers. The host is a loop of bulk transfers of USB_SMP_OUT bytes, 1 to 8 in flight,
 * or an upload through the loader's own session, as many requests in flight. In turns, medians;
 * the last line, "FIGURES {...}", is for build/bench/usb.json. */
#include "agent/protocol/usb.h"
#include "agent/gather.h"
#include "keys/base/unix_socket.h"
#include "loader/session/session.h"
#include "tests/support/redir_device.h"
#include "tests/support/redir_host.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS    5
#define RUN_MS    400
#define ANSWER_MS 4000
#define ENDLESS   (UINT64_C(1) << 40) /* bytes: more than any run takes */
#define DEPTHS    4                   /* 1, 2, 4, 8 in flight */

static char path[64];

static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "redir_bulk: %s\n", what);
    exit(69);
}

static uint64_t now_ms(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

/* ---- the device */

static void upload_answer(struct redir_device *device, struct span packet)
{
    uint8_t memory[256];
    struct buffer body = buffer_over(memory + SMP_HEADER_SIZE, sizeof memory - SMP_HEADER_SIZE);
    struct smp_header header;
    struct chunk chunk;

    if (smp_header_read(packet, &header) != OK ||
        chunk_read(span_from(packet, SMP_HEADER_SIZE), &chunk) != ALLOWED)
        give_up("a request that is no upload");
    struct message_upload_answer answer = {.offset = chunk.offset + chunk.data.size};
    if (message_upload_answer_write(&body, &answer) != OK)
        give_up("an answer that does not fit");
    header.op = SMP_WRITE_RESPONSE;
    header.length = (uint16_t)body.size;
    smp_header_write(&header, memory);
    redir_device_says(device, span_of(memory, SMP_HEADER_SIZE + body.size));
}

enum device_kind { DEVICE_THROWS_AWAY, DEVICE_ANSWERS };

static _Noreturn void device_run(struct unix_listener *listener, enum device_kind kind)
{
    static struct redir_device device;
    static uint8_t memory[SESSION_PACKET_MAX];
    struct frame_raw frame;
    struct pollfd knock = {listener->file, POLLIN, 0};

    poll(&knock, 1, -1);
    redir_device_start(&device, unix_accept(listener), NULL);
    frame_raw_start(&frame, buffer_over(memory, sizeof memory));
    while (device.wire >= 0) {
        struct pollfd wire = {device.wire, POLLIN, 0};
        poll(&wire, 1, 1000);
        while (redir_device_turn(&device)) {
            struct span rest = span_of(device.taken, device.taken_size), packet;
            while (kind == DEVICE_ANSWERS && frame_raw_take(&frame, &rest, &packet) == OK)
                upload_answer(&device, packet);
            device.taken_size = device.transfer_count = 0;
            if (device.said_sent == device.said_size)
                device.said_sent = device.said_size = 0;
        }
    }
    exit(0);
}

static pid_t device_plug(enum device_kind kind)
{
    struct unix_listener listener;
    struct failure why;

    if (!unix_listen(path, FAIL_DOOR, &listener, &why))
        give_up(why.what);
    pid_t child = fork();
    if (child == 0)
        device_run(&listener, kind);
    if (child < 0)
        give_up("no second process");
    close(listener.file);
    return child;
}

static void device_unplug(pid_t child)
{
    kill(child, SIGTERM);
    waitpid(child, NULL, 0);
    unlink(path);
}

/* ---- the bare host */

static void host_turn(struct redir_host *host)
{
    struct pollfd wire = {host->socket, POLLIN, 0};

    poll(&wire, 1, 1000);
    redir_host_move(host);
    if (host->gone)
        give_up("the device hung up");
}

static void host_open(struct redir_host *host)
{
    struct usb_redir_set_configuration_header header = {1};
    struct failure why;
    int file = unix_connect(path, FAIL_LINK_LOST, &why);

    if (file < 0)
        give_up(why.what);
    redir_host_start(host, file);
    while (host->heard_count == 0 || host->heard[host->heard_count - 1] != HEARD_CONNECT)
        host_turn(host);
    usbredirparser_send_set_configuration(host->parser, 1, &header);
    while (host->configured == 0)
        host_turn(host);
}

/* MB/s */
static double bare_rate(unsigned depth)
{
    static uint8_t data[USB_SMP_OUT];
    static struct redir_host host;
    pid_t device = device_plug(DEVICE_THROWS_AWAY);
    unsigned sent = 0;

    host_open(&host);
    uint64_t began = now_ms();
    while (now_ms() - began < RUN_MS) {
        while (sent - host.bulks < depth)
            redir_host_bulk(&host, sent++, REDIR_OUT, span_of(data, sizeof data), 0);
        host_turn(&host);
    }
    double rate = (double)host.bulks * sizeof data / 1e3 / (double)(now_ms() - began);
    redir_host_end(&host);
    device_unplug(device);
    return rate;
}

/* ---- the loader */

static enum status bytes_read(void *context, uint64_t offset, uint8_t *data, size_t size)
{
    (void)context, (void)offset;
    memset(data, 0x5a, size);
    return OK;
}

static void session_turn(struct session *session)
{
    uint64_t wake = client_wake(&session->client), now = now_ms();
    struct pollfd wire = {session->link.descriptor, POLLIN, 0};

    poll(&wire, 1, wake <= now ? 0 : wake - now < 100 ? (int)(wake - now) : 100);
    if (!session_pump(session, now_ms()))
        give_up(session->refused.id ? session->refused.what : session->lost.what);
}

static void upload_start(struct session *session, unsigned window)
{
    const struct client_transfer transfer = {.group = SMP_GROUP_IMAGE,
                                             .id = IMAGE_UPLOAD,
                                             .source = {.size = ENDLESS, .read = bytes_read},
                                             .window = window};
    char address[96];
    struct failure why;

    snprintf(address, sizeof address, "usbredir:unix:%s", path);
    if (!session_init(session, address, &why) || !session_connect(session, now_ms(), &why))
        give_up(why.what);
    client_packet_max(&session->client, SESSION_PACKET_MAX); /* as after the capabilities of a large device */
    while (session->link.connecting)
        session_turn(session);
    if (client_transfer_start(&session->client, &transfer, now_ms(), ANSWER_MS, 3) != OK)
        give_up("a transfer can't be started");
}

/* MB/s of payload that the device has taken. */
static double smp_rate(unsigned window)
{
    static struct session session;
    pid_t device = device_plug(DEVICE_ANSWERS);

    upload_start(&session, window);
    uint64_t began = now_ms();
    while (now_ms() - began < RUN_MS) {
        session_turn(&session);
        if (client_poll(&session.client, now_ms()) != CLIENT_WAITING)
            give_up("the device ended the transfer");
    }
    double rate = (double)client_progress(&session.client)->acknowledged / 1e3 / (double)(now_ms() - began);
    session_free(&session);
    device_unplug(device);
    return rate;
}

/* ---- rounds */

static int order(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* The highest median over the depths. */
static double best(double rates[DEPTHS][ROUNDS], const char *name)
{
    double highest = 0;

    for (unsigned i = 0; i < DEPTHS; i++) {
        qsort(rates[i], ROUNDS, sizeof rates[i][0], order);
        double median = rates[i][ROUNDS / 2];
        printf("  %-10s %u in flight: %7.1f MB/s\n", name, 1u << i, median);
        highest = median > highest ? median : highest;
    }
    return highest;
}

int main(void)
{
    static double bare[DEPTHS][ROUNDS], smp[DEPTHS][ROUNDS];

    signal(SIGPIPE, SIG_IGN);
    snprintf(path, sizeof path, "/tmp/redir-bulk-%d.sock", (int)getpid());
    for (unsigned round = 0; round < ROUNDS; round++)
        for (unsigned i = 0; i < DEPTHS; i++) {
            bare[i][round] = bare_rate(1u << i);
            smp[i][round] = smp_rate(1u << i);
        }
    printf("usbredir between two processes, medians of %d:\n", ROUNDS);
    double fast = best(bare, "bare"), ours = best(smp, "SMP");
    printf("FIGURES {\"usbredir_vs_bare\": %.3f, \"usbredir_mb_s\": %.1f, \"usbredir_bare_mb_s\": %.1f}\n",
           ours / fast, ours, fast);
    return 0;
}
