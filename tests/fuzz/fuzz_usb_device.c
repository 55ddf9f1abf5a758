/* The USB surface of a device. The first byte chooses who is attacked:
 *   even  endpoint 0, both pipes and DFU of a bench's device: malformed control requests, data of another length than wLength,
 *         resets in each state, empty packets everywhere, a host that reads seldom
 *   odd   the simulator's usbredir door: packets of any type with lengths that are mended or lies
 * Whatever comes, what ran still runs, and afterwards the device answers a host that means well. */
#include "hw-sim/usb_redir.h"

#include "agent/ports/usb/os_descriptors.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/bench_device.h"
#include "tests/support/pump.h"
#include "tests/support/usb_kit.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <usbredirparser.h>

#define FRAME 512

/* Bytes of the input, taken from the front. */
static struct span take(struct span *input, size_t size)
{
    struct span piece = span_first(*input, size);

    *input = span_from(*input, piece.size);
    return piece;
}

static uint8_t take_byte(struct span *input)
{
    struct span piece = take(input, 1);

    return piece.size > 0 ? piece.data[0] : 0;
}

static uint16_t take_word(struct span *input)
{
    uint8_t low = take_byte(input);

    return (uint16_t)(low | take_byte(input) << 8);
}

/* Machines ------------------------------------------------------------------------------------------------------------- */

struct target {
    struct bench *bench;
    struct usb_kit kit;
    struct pipes pipes;
    uint8_t in[USB_PIPES][FRAME + FRAME_OVERHEAD], answers[USB_PIPES][2 * FRAME], line_out[FRAME];
};

static void pipes_make(struct target *target)
{
    struct pipe_memory memory[USB_PIPES];

    for (size_t i = 0; i < USB_PIPES; i++)
        memory[i] = (struct pipe_memory){buffer_over(target->in[i], sizeof target->in[i]),
                                         buffer_over(target->answers[i], sizeof target->answers[i])};
    pipes_start(&target->pipes, FRAME, memory, buffer_over(target->line_out, FRAME));
}

static void control(struct target *target, struct span *input)
{
    static const uint8_t requests[] = {0x21, 0xA1, 0x00, 0x80, 0x01, 0x81, 0x02, 0x82, 0xC0, 0xC1};
    uint8_t bytes[SETUP_SIZE] = {0}, answer[USB_OS_SIZE], choice = take_byte(input);
    struct span head = take(input, sizeof bytes);
    struct buffer out = buffer_over(answer, sizeof answer);

    memcpy(bytes, head.data, head.size);
    if (choice < 0xC0)
        bytes[0] = requests[choice % sizeof requests];
    if ((choice & 0x20) != 0)
        bytes[4] = USB_INTERFACE_DFU, bytes[5] = 0;
    struct usb_setup setup = usb_setup_read(bytes);
    struct span data = (setup.type & SETUP_IN) != 0 ? (struct span){0} : take(input, setup.length);
    if ((choice & 7) != 7)
        setup.length = (setup.type & SETUP_IN) != 0 ? setup.length : (uint16_t)data.size;
    usb_device_control(&target->kit.device, &setup, data, &out);
    fuzz_must(out.size <= setup.length, "no more is answered than was asked for");
}

static void work(struct target *target, bool reads)
{
    struct bench *bench = target->bench;
    uint8_t bytes[256];
    size_t size;

    for (size_t i = 0; i < USB_PIPES; i++)
        if (usb_device_restarted(&target->kit.device, (enum usb_pipe)i))
            pipes_reset(&target->pipes, (enum usb_pipe)i);
    for (int round = 0; round < 20; round++) {
        struct span request = pipes_request(&target->pipes);
        if (request.size > 0)
            pipes_requested(&target->pipes, agent_receive(&bench->agent, request, bench->now));
        while ((size = agent_send(&bench->agent, bytes, sizeof bytes)) > 0)
            pipes_answer(&target->pipes, span_of(bytes, size));
        for (size_t i = 0; reads && i < USB_PIPES; i++)
            pipes_send(&target->pipes, (enum usb_pipe)i, bytes, 64);
        agent_step(&bench->agent, bench->now);
    }
    usb_dfu_work(&target->kit.device.dfu);
}

static void bulk(struct target *target, uint8_t choice, struct span *input)
{
    struct span bytes = take(input, take_word(input) % 1100);

    pipes_take(&target->pipes, choice & 1 ? USB_PIPE_CONSOLE : USB_PIPE_SMP, bytes, target->bench->now);
}

/* An echo is answered on the raw pipe. */
static void must_answer(struct target *target)
{
    static const uint8_t parameters[] = {0x08, 0, 0, 0, 0, 0, 0x77, 6};
    uint8_t bytes[64] = {0};
    size_t size = 0;

    usb_device_reset(&target->kit.device);
    usb_device_configure(&target->kit.device, 1);
    agent_link_reset(&target->bench->agent);
    for (int i = 0; i < 40 && size == 0; i++) {
        work(target, false);
        if (i == 0)
            pipes_take(&target->pipes, USB_PIPE_SMP, span_of(parameters, sizeof parameters),
                       target->bench->now);
        size = pipes_send(&target->pipes, USB_PIPE_SMP, bytes, sizeof bytes);
        target->bench->now += 2000;
    }
    fuzz_must(size >= SMP_HEADER_SIZE && bytes[6] == 0x77, "the device answers a host that means well");
}

static void attack_machines(struct span input)
{
    static struct target target;
    static uint8_t *fresh;

    if (target.bench == NULL) {
        target.bench = bench_new(NULL);
        fresh = bench_snapshot(target.bench);
    }
    memcpy(target.bench->chip->bytes, fresh, target.bench->chip->size);
    bench_power_on(target.bench);
    usb_kit_start(&target.kit, target.bench);
    pipes_make(&target);
    while (input.size > 0 && !agent_reset_wanted(&target.bench->agent)) {
        uint8_t choice = take_byte(&input);
        target.kit.busy = choice >> 6;
        if (choice % 8 < 4)
            control(&target, &input);
        else if (choice % 8 < 6)
            bulk(&target, choice, &input);
        else if (choice % 16 == 6)
            usb_device_reset(&target.kit.device);
        else
            target.bench->now += choice;
        work(&target, (choice & 0x10) != 0);
    }
    target.kit.busy = 0;
    if (!agent_reset_wanted(&target.bench->agent))
        must_answer(&target);
    fuzz_must(target.bench->agent.boot.running == SLOT_A, "what ran still runs");
    fuzz_must(target.bench->chip->abuses == 0, "the flash contract");
    bench_power_off(target.bench);
}

/* The door -------------------------------------------------------------------------------------------------------------- */

struct door {
    struct pump pump;
    struct usb_bus *bus;
    int sockets[2];
};

static void put_bytes(const struct door *door, struct span bytes)
{
    if (bytes.size > 0)
        (void)!send(door->sockets[0], bytes.data, bytes.size, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* Header with a 64-bit id, as both ends can. */
static void put_packet(const struct door *door, uint32_t type, uint32_t length, uint64_t id, struct span body)
{
    uint8_t head[16];

    put_le32(head, type);
    put_le32(head + 4, length);
    put_le64(head + 8, id);
    put_bytes(door, span_of(head, sizeof head));
    put_bytes(door, body);
}

static void put_hello(const struct door *door)
{
    uint8_t bytes[12 + 64 + 4] = {0};

    put_le32(bytes + 4, 64 + 4);
    put_le32(bytes + 12 + 64, 0x7E);
    put_bytes(door, span_of(bytes, sizeof bytes));
}

static void move(struct door *door, struct usb_redir *redir, bool reads)
{
    uint8_t lost[4096];
    bool goes_on = true;

    for (int round = 0; goes_on && round < 16; round++) {
        goes_on = usb_redir_read(redir, door->pump.now);
        usb_bus_flow(door->bus, door->pump.now);
        device_step(door->pump.device, door->pump.now);
        goes_on = usb_redir_flow(redir) && goes_on;
        while (reads && recv(door->sockets[0], lost, sizeof lost, MSG_DONTWAIT) > 0)
            continue;
    }
    door->pump.now += 20;
}

static void attack_door(struct span input)
{
    static const uint8_t types[] = {100, 101, 100, 101, 3, 5,  7,  8, 21,  11,
                                    13,  103, 102, 1,   0, 25, 18, 4, 104, 22};
    static struct door door;

    if (door.bus == NULL) {
        pump_make(&door.pump, "service: true\ndoor: usbredir:unix:p.sock\n");
        fuzz_must(usb_bus_open(door.pump.device, &door.bus, NULL), "a bus");
        device_power_on(door.pump.device, door.pump.now);
    }
    fuzz_must(socketpair(AF_UNIX, SOCK_STREAM, 0, door.sockets) == 0, "two sockets");
    struct usb_redir *redir = usb_redir_new(door.bus, door.sockets[1]);
    fuzz_must(redir != NULL, "memory");
    if (take_byte(&input) % 16 != 0)
        put_hello(&door);
    while (input.size > 0) {
        uint8_t choice = take_byte(&input), type = types[take_byte(&input) % sizeof types];
        struct span body = take(&input, take_byte(&input));
        uint32_t length =
            choice % 16 == 0 ? (uint32_t)take_word(&input) << (choice / 16) : (uint32_t)body.size;
        put_packet(&door, type, length, choice / 16, body);
        if (choice % 32 == 1)
            device_usb_wishes(door.pump.device)->leave = true;
        move(&door, redir, choice % 4 != 0);
    }
    usb_redir_free(redir);
    close(door.sockets[0]), close(door.sockets[1]);
    usb_bus_reset(door.bus);
    for (int wait = 0; wait < 1000 && !usb_bus_attached(door.bus); wait++, door.pump.now += 10) {
        device_step(door.pump.device, door.pump.now);
        usb_bus_flow(door.bus, door.pump.now);
    }
    fuzz_must(usb_bus_attached(door.bus), "the device is there");
    fuzz_must(pump_status(&door.pump).boot.running == SLOT_A, "what ran still runs");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span input = span_of(data, size);

    if (take_byte(&input) % 2 == 0)
        attack_machines(input);
    else
        attack_door(input);
    return 0;
}
