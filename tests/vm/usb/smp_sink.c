/* A device that believes every upload and keeps nothing, behind the Linux port's real gadget and door: so that smp_bulk.c times
 * the wire, the packets and the windows, and no disk or signature.
 *
 *   smp_sink CONFIG        the agent's configuration; only its class and `usb` are used
 *
 * Prints "ready" once the gadget is bound; ends with a signal. */
#include "agent/gather.h"
#include "agent/ports/linux/door.h"
#include "agent/ports/linux/gadget.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static volatile sig_atomic_t over;

static void end(int number)
{
    (void)number;
    over = 1;
}

static uint64_t now_ms(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "smp_sink: %s\n", what);
    exit(69);
}

static enum dfu_taken push_refuse(void *context, uint64_t offset, struct span bytes, enum refusal *refusal,
                                  struct push_answer *out)
{
    (void)context, (void)offset, (void)bytes, (void)out;
    *refusal = REFUSED_INVALID;
    return TAKEN;
}

static enum push_state push_none(void *context)
{
    (void)context;
    return PUSH_NONE;
}

/* The offset wanted next is behind what came, whatever it was. */
static void request_answer(struct door *door)
{
    uint8_t memory[256];
    struct buffer body = buffer_over(memory + SMP_HEADER_SIZE, sizeof memory - SMP_HEADER_SIZE);
    struct span packet = door->packet;
    struct smp_header header;
    struct chunk chunk;

    if (smp_header_read(packet, &header) != OK ||
        chunk_read(span_of(packet.data + SMP_HEADER_SIZE, header.length), &chunk) != ALLOWED)
        give_up("a request that is no upload");
    struct message_upload_answer answer = {.offset = chunk.offset + chunk.data.size};
    if (message_upload_answer_write(&body, &answer) != OK)
        give_up("an answer that does not fit");
    header.op = SMP_WRITE_RESPONSE;
    header.length = (uint16_t)body.size;
    smp_header_write(&header, memory);
    door_give(door, span_of(memory, SMP_HEADER_SIZE + body.size));
    door->packet = (struct span){0};
}

static void turn(struct door *door)
{
    struct pollfd polls[DOOR_POLLS];
    bool moved = door_move(door);

    while (door_room(door) >= 256 && door_packet(door, now_ms())) {
        request_answer(door);
        moved = true;
    }
    if (moved)
        return;
    door->kind->watch(door, polls, true, door->out.size > 0);
    if (poll(polls, DOOR_POLLS, 1000) < 0 && errno != EINTR)
        give_up(strerror(errno));
    door->kind->serve(door, polls);
}

int main(int argc, char **argv)
{
    static const struct dfu_taker taker = {NULL, push_refuse, push_none};
    static struct gadget gadget;
    static struct door door;
    struct sigaction action = {.sa_handler = end};
    struct config_file config;
    struct failure why;

    if (argc != 2)
        return 64;
    sigaction(SIGTERM, &action, NULL);
    if (!config_read(argv[1], &config, &why) || !gadget_open(&gadget, &config, NULL, &taker, &why) ||
        !door_open(&door, &config, "usb", &gadget, &why) || !gadget_bind(&gadget, &why))
        give_up(why.what);
    puts("ready");
    fflush(stdout);
    while (!over)
        turn(&door);
    door_shut(&door);
    gadget_close(&gadget);
    config_free(&config);
    return 0;
}
