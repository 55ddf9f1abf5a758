/* Uploads through the loader's own session and link, timed: what of a bare loop's speed (bare_bulk.c) is left when packets,
 * answers and windows are on the wire.
 *
 *   smp_bulk ADDRESS MILLISECONDS
 *
 * The device is smp_sink, or any that takes an upload whatever it holds. 1 to 16 requests in flight, each for so long. Prints
 * "FIGURE smp_WINDOW MB/s" for each, payload only, and "FIGURE smp_best MB/s". */
#include "loader/session/session.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ENDLESS    (UINT64_C(1) << 40) /* bytes: more than any run takes */
#define ANSWER_MS  4000
#define ARRIVAL_MS 10000

static double now_seconds(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static uint64_t now_ms(void)
{
    return (uint64_t)(now_seconds() * 1e3);
}

static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "smp_bulk: %s\n", what);
    exit(69);
}

static enum status bytes_read(void *context, uint64_t offset, uint8_t *data, size_t size)
{
    (void)context, (void)offset;
    memset(data, 0x5a, size);
    return OK;
}

/* Sleeps until bytes come, the link takes more, or the client wants to be asked. */
static void turn(struct session *session)
{
    uint64_t wake = client_wake(&session->client), now = now_ms();
    struct pollfd poll_for = {.fd = session->link.descriptor, .events = POLLIN};

    if (session_wants_write(session))
        poll_for.events |= POLLOUT;
    poll(&poll_for, 1, wake <= now ? 0 : wake - now < 100 ? (int)(wake - now) : 100);
    if (!session_pump(session, now_ms()))
        give_up(session->refused.id ? session->refused.what : session->lost.what);
}

static void connect_to(struct session *session, const char *address)
{
    struct failure why;
    uint64_t until = now_ms() + ARRIVAL_MS;

    if (!session_init(session, address, &why))
        give_up(why.what);
    client_packet_max(&session->client, SESSION_PACKET_MAX); /* as after the capabilities of a large device */
    while (!session_connect(session, now_ms(), &why)) {
        if (now_ms() > until)
            give_up(why.what);
        poll(NULL, 0, 50);
    }
}

/* MB/s of payload that the device has taken. */
static double rate(struct session *session, unsigned window, double seconds)
{
    struct client_transfer transfer = {
        .group = SMP_GROUP_IMAGE,
        .id = IMAGE_UPLOAD,
        .source = {.size = ENDLESS, .read = bytes_read},
        .window = window,
    };
    double start = now_seconds();

    if (client_transfer_start(&session->client, &transfer, now_ms(), ANSWER_MS, 3) != OK)
        give_up("a transfer can't be started");
    while (now_seconds() - start < seconds) {
        turn(session);
        if (client_poll(&session->client, now_ms()) != CLIENT_WAITING)
            give_up("the device ended the transfer");
    }
    double moved = (double)client_progress(&session->client)->acknowledged, took = now_seconds() - start;
    client_cancel(&session->client);
    for (uint64_t quiet = now_ms() + 200; now_ms() < quiet;)
        turn(session);
    return moved / 1e6 / took;
}

int main(int argc, char **argv)
{
    static struct session session;
    double best = 0, seconds = argc == 3 ? (double)strtoul(argv[2], NULL, 10) / 1e3 : 0;

    if (seconds <= 0)
        return 64;
    connect_to(&session, argv[1]);
    for (unsigned window = 1; window <= CLIENT_WINDOW_MAX; window *= 2) {
        double here = rate(&session, window, seconds);
        printf("FIGURE smp_%u %.2f\n", window, here);
        best = here > best ? here : best;
    }
    printf("FIGURE smp_best %.2f\n", best);
    session_free(&session);
    return 0;
}
