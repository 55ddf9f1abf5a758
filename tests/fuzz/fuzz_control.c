/* Whoever is at a simulated device's control socket: lines in pieces of any size, and time that passes between them. Whatever is
 * asked, each answer is one line of text that says "ok" or "error", nobody waits beyond its time, and the device stays one. */
#include "hw-sim/control.h"

#include "tests/fuzz/fuzz.h"
#include "tests/support/pump.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PIECE_MAX    200
#define WAIT_MAX_MS  (3600ull * 1000)
#define ANSWERS_SIZE (64 * CONTROL_ANSWER)

struct desk {
    struct pump pump;
    struct control control;
    int loader; /* our end of the only client's socket */
};

static bool is_here(const struct desk *desk)
{
    return desk->control.clients[0].file >= 0;
}

static void sit_down(struct desk *desk)
{
    int ends[2];

    if (desk->pump.device == NULL) {
        pump_make(&desk->pump, "service: true\n");
        desk->control.device = desk->pump.device;
        for (size_t i = 0; i < CONTROL_CLIENTS; i++)
            desk->control.clients[i].file = -1;
        desk->control.listener.file = -1;
    }
    fuzz_must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0, "two sockets");
    desk->loader = ends[0];
    desk->control.clients[0] = (struct control_client){.file = ends[1]};
}

/* Each answer that lies there is a line of its own, and can be shown as it is. */
static void hear_answers(const struct desk *desk)
{
    static char text[ANSWERS_SIZE];
    ssize_t got = recv(desk->loader, text, sizeof text - 1, 0);

    if (got <= 0)
        return;
    text[got] = '\0';
    fuzz_must(text[got - 1] == '\n', "an answer has an end");
    for (char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        *end = '\0';
        fuzz_must(strcmp(line, "ok") == 0 || strncmp(line, "ok {", 4) == 0 ||
                      (strncmp(line, "error ", 6) == 0 && isdigit((unsigned char)line[6])),
                  "an answer says ok or error");
        fuzz_must(end - line < CONTROL_ANSWER, "an answer is not cut off");
    }
}

static void goes_on(struct desk *desk)
{
    uint64_t now = desk->pump.now;

    device_step(desk->pump.device, now);
    uint64_t wake = control_settle(&desk->control, now);
    fuzz_must(wake > now, "who is due was answered");
    fuzz_must(wake == CLOCK_NEVER || wake - now <= WAIT_MAX_MS, "nobody waits longer than an hour");
    hear_answers(desk);
}

static void hand_over(struct desk *desk, struct span piece)
{
    struct pollfd polls[CONTROL_POLLS];

    if (send(desk->loader, piece.data, piece.size, MSG_NOSIGNAL) < 0)
        return;
    control_watch(&desk->control, polls);
    poll(polls, CONTROL_POLLS, 0);
    control_serve(&desk->control, polls, desk->pump.now);
    goes_on(desk);
}

/* One that means well is understood, whatever was asked before. */
static void still_a_device(struct desk *desk)
{
    static const char status[] = "status\n";

    close(desk->loader);
    close(desk->control.clients[0].file);
    sit_down(desk);
    device_power_on(desk->pump.device, desk->pump.now);
    hand_over(desk, span_of((const uint8_t *)status, sizeof status - 1));
    fuzz_must(is_here(desk), "who asks for the status is not shown out");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct desk desk;
    struct span input = span_of(data, size);

    sit_down(&desk);
    while (input.size > 0 && is_here(&desk)) {
        size_t length = input.data[0] % PIECE_MAX;
        desk.pump.now += input.data[0] / PIECE_MAX * 1000ull;
        input = span_from(input, 1);
        hand_over(&desk, span_first(input, length));
        input = span_from(input, length < input.size ? length : input.size);
    }
    still_a_device(&desk);
    close(desk.loader);
    if (is_here(&desk))
        close(desk.control.clients[0].file);
    return 0;
}
