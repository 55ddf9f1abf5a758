/* Opening, the loop, and the order of things: record, copy for the boot loader, answer. */
#include "agent/ports/linux/machine.h"

#include "agent/ports/linux/holds.h"
#include "agent/ports/linux/hook.h"
#include "agent/ports/linux/say.h"
#include "keys/base/file.h"
#include "keys/base/steady.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#define TELL_AGAIN_MS 1000
#define FREE_AGAIN_MS 250 /* a reset that waits for the device to be free looks so often */
static bool copy_settled(struct machine *machine);

#define ROUNDS_MAX 64 /* pieces of work before signals and newcomers are looked at */

/* ---- opening */

static struct buffer carve(uint8_t **at, size_t size)
{
    struct buffer buffer = buffer_over(*at, size);

    *at += (size + 15) / 16 * 16;
    return buffer;
}

static bool memory_make(struct machine *machine, struct failure *why)
{
    const struct device_class *class = machine->config.device_class;
    size_t frame = machine->config.buffer;
    size_t decoder = class->ram > class->block_max ? class->ram - class->block_max : 0;
    size_t size = (size_t) class->manifest_max + class->block_max + decoder + 3 * frame + MACHINE_PAGE +
                  2 * REPORT_MAX + MACHINE_OUTPUT + 8 * 16;

    machine->ram = aligned_alloc(16, (size + 15) / 16 * 16);
    if (machine->ram == NULL)
        return failure_set(why, FAIL_MEMORY, "no memory for %zu bytes that the class asks for", size);
    uint8_t *at = machine->ram;
    machine->memory = (struct agent_memory){
        .manifest = carve(&at, class->manifest_max),
        .block = carve(&at, class->block_max),
        .decoder = carve(&at, decoder),
        .receive = carve(&at, frame),
        .send = carve(&at, 2 * frame),
        .page = carve(&at, MACHINE_PAGE),
        .report = carve(&at, 2 * REPORT_MAX),
        .output = carve(&at, MACHINE_OUTPUT),
    };
    return true;
}

/* A disk that was moved into another device must not speak for it. */
static bool identity_fits(const struct machine *machine, struct failure *why)
{
    char serial[SERIAL_MAX + 1];
    const struct identity *identity = &machine->agent.identity;
    int asked = linux_port_serial(&machine->config, serial, sizeof serial);

    if (asked == 0 || !machine->agent.has_identity)
        return true;
    if (asked < 0)
        return failure_set(why, FAIL_AGENT_HOOK, "%s: no serial=", machine->config.content->hooks->identity);
    if (span_equal(identity->serial, span_text(serial)))
        return true;
    return failure_set(why, FAIL_AGENT_IDENTITY, "%s: records of %.*s, in the device %s",
                       machine->config.state, (int)identity->serial.size, (const char *)identity->serial.data,
                       serial);
}

static enum port_link link_of(const struct config_file *config)
{
    for (unsigned i = 0; i < config->content->doors_count; i++)
        if (strncmp(config->content->doors[i], "tty:", 4) != 0)
            return PORT_LINK_PACKETS;
    return PORT_LINK_LINE;
}

static bool door_add(struct machine *machine, const char *word, struct failure *why)
{
    struct door *door = &machine->doors[machine->door_count];

    if (!door_open(door, &machine->config, word, &machine->gadget, why))
        return false;
    machine->door_count++;
    return true;
}

/* Blocks of a DFU download. While the boot loader's copy of a record is not made, nothing more is taken. */
static enum dfu_taken push_take(void *context, uint64_t offset, struct span bytes, enum refusal *refusal,
                                struct push_answer *out)
{
    struct machine *machine = context;

    if (!copy_settled(machine))
        return TAKEN_LATER;
    *refusal = agent_push(&machine->agent, offset, bytes, steady_ms(), out);
    return TAKEN;
}

static enum push_state push_state(void *context)
{
    const struct machine *machine = context;

    return agent_push_state(&machine->agent);
}

/* The serial line is raw before a host can write on it. */
static bool usb_begin(struct machine *machine, struct failure *why)
{
    const struct agent *agent = &machine->agent;

    machine->dfu_taker = (struct dfu_taker){machine, push_take, push_state};
    return gadget_open(&machine->gadget, &machine->config, agent->has_identity ? &agent->identity : NULL,
                       &machine->dfu_taker, why) &&
           door_add(machine, "usb", why) && door_add(machine, machine->gadget.console, why) &&
           gadget_bind(&machine->gadget, why);
}

static bool doors_open(struct machine *machine, struct failure *why)
{
    const struct config *content = machine->config.content;

    for (unsigned i = 0; i < content->doors_count; i++) {
        bool usb = strcmp(content->doors[i], "usb") == 0;
        if (usb ? !usb_begin(machine, why) : !door_add(machine, content->doors[i], why))
            return false;
    }
    return true;
}

static bool agent_begin(struct machine *machine, struct failure *why)
{
    linux_port_start(&machine->port, &machine->config, &machine->storage.layout, link_of(&machine->config));
    agent_start(&machine->agent, &machine->port.port, &machine->memory, &machine->boot, steady_ms());
    machine->told = machine->boot.record;
    return identity_fits(machine, why) && doors_open(machine, why) &&
           status_open(&machine->status, machine->config.run, why);
}

enum machine_end machine_open(struct machine *machine, const char *config, struct failure *why)
{
    memset(machine, 0, sizeof *machine);
    machine->status.file = -1;
    machine->storage.state.disk.file = machine->storage.slots[0].disk.file =
        machine->storage.slots[1].disk.file = -1;
    if (!config_read(config, &machine->config, why) || !folder_make(machine->config.run, why) ||
        !memory_make(machine, why) || !storage_open(&machine->config, DISK_WRITE, &machine->storage, why))
        return MACHINE_FAILED;
    switch (
        boot_find(&machine->config, &machine->storage.layout, machine->memory.page, &machine->boot, why)) {
    case BOOT_LOST:
        return MACHINE_FAILED;
    case BOOT_RESTART:
        return MACHINE_RESET;
    case BOOT_FOUND:
        break;
    }
    return agent_begin(machine, why) ? MACHINE_ENDED : MACHINE_FAILED;
}

void machine_close(struct machine *machine)
{
    for (unsigned i = 0; i < machine->door_count; i++)
        door_shut(&machine->doors[i]);
    gadget_close(&machine->gadget);
    unix_unlisten(&machine->status);
    linux_port_end(&machine->port);
    storage_close(&machine->storage);
    free(machine->ram);
    config_free(&machine->config);
}

/* ---- running */

/* Until the boot loader has a copy of the record, nobody hears that it was written, and nothing restarts. */
static bool copy_settled(struct machine *machine)
{
    const struct boot_control *control = boot_control_of(&machine->config);
    const struct agent *agent = &machine->agent;
    struct failure why;

    if (control == NULL || !agent->has_record || agent->record.number == machine->told)
        return true;
    if (steady_ms() < machine->tell_again)
        return false;
    struct boot_copy copy = boot_copy_of(&agent->record);
    if (control->write(&machine->config, &copy, &why)) {
        machine->told = agent->record.number;
        return true;
    }
    agent_say("%s", why.what);
    machine->tell_again = steady_ms() + TELL_AGAIN_MS;
    return false;
}

/* Answers go to whoever asked last; true when bytes moved. */
static bool answers_give(struct machine *machine)
{
    uint8_t bytes[4096];
    bool moved = false;

    for (;;) {
        size_t room = machine->asker ? door_room(machine->asker) : SIZE_MAX;
        size_t size = agent_send(&machine->agent, bytes, room < sizeof bytes ? room : sizeof bytes);
        if (size == 0)
            return moved;
        if (machine->asker)
            door_give(machine->asker, span_of(bytes, size));
        moved = true;
    }
}

/* A late answer belongs to the door that asked for it: the others wait meanwhile. */
static bool door_may_ask(const struct machine *machine, const struct door *door)
{
    const struct agent *agent = &machine->agent;
    bool answers_wait = agent->pending.waiting || agent->sent < agent->memory.send.size;

    return !answers_wait || machine->asker == door || machine->asker == NULL;
}

static bool door_serve_packet(struct machine *machine, struct door *door)
{
    if (!door_packet(door, steady_ms()) || !door_may_ask(machine, door))
        return false;
    machine->asker = door;
    size_t taken = agent_receive(&machine->agent, door->packet, steady_ms());
    door->packet = span_from(door->packet, taken);
    return taken > 0;
}

static void door_came_or_went(struct machine *machine, struct door *door)
{
    if (!door_changed(door) || machine->asker != door)
        return;
    machine->asker = NULL;
    agent_link_reset(&machine->agent);
}

static bool bytes_move(struct machine *machine)
{
    bool moved = false;

    for (unsigned i = 0; i < machine->door_count; i++) {
        struct door *door = &machine->doors[i];
        moved = door_move(door) || moved;
        door_came_or_went(machine, door);
        if (!copy_settled(machine))
            continue;
        moved = door_serve_packet(machine, door) || moved;
        if (copy_settled(machine))
            moved = answers_give(machine) || moved;
    }
    return moved;
}

static uint64_t lesser(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* One round of work; returns when the next is due. */
static uint64_t work(struct machine *machine)
{
    bool moved = bytes_move(machine);
    uint64_t now = steady_ms();
    uint64_t wake = agent_step(&machine->agent, now);

    if (!copy_settled(machine))
        return lesser(wake > now ? wake : machine->tell_again, machine->tell_again);
    moved = answers_give(machine) || moved;
    return moved ? now : wake;
}

static bool doors_quiet(const struct machine *machine)
{
    for (unsigned i = 0; i < machine->door_count; i++)
        if (!door_quiet(&machine->doors[i]))
            return false;
    return true;
}

/* The agent asked the interlock before it wrote the record, and somebody may have begun to use the device since: the restart
 * waits for him, and from now on nobody begins. `wake` gets when to look again. */
static bool may_reset(struct machine *machine, uint64_t *wake)
{
    const struct agent *agent = &machine->agent;

    if (!agent_reset_wanted(agent) || !copy_settled(machine))
        return false;
    holds_refuse(machine->config.run, "the device restarts");
    if (holds_look(machine->config.run, NULL, NULL) != USE_FREE) {
        if (!machine->waits)
            agent_say("the restart waits: the device is held in use");
        machine->waits = true;
        *wake = lesser(*wake, steady_ms() + FREE_AGAIN_MS);
        return false;
    }
    return doors_quiet(machine) || steady_ms() >= agent->reset_at;
}

static int wait_ms(uint64_t wake)
{
    uint64_t now = steady_ms();

    if (wake == AGENT_IDLE)
        return 1000;
    if (wake <= now)
        return 0;
    return wake - now < 1000 ? (int)(wake - now) : 1000;
}

/* Waits for bytes, newcomers, or `wake`. False: a signal came, or poll failed (`why`). */
static bool wait(struct machine *machine, int signals, uint64_t wake, struct failure *why)
{
    struct pollfd polls[2 + MACHINE_DOORS_MAX * DOOR_POLLS];
    nfds_t count = 2;

    polls[0] = (struct pollfd){signals, POLLIN, 0};
    polls[1] = (struct pollfd){machine->status.file, POLLIN, 0};
    for (unsigned i = 0; i < machine->door_count; i++, count += DOOR_POLLS) {
        const struct door *door = &machine->doors[i];
        door->kind->watch(door, polls + count, door->packet.size == 0, door->out.size > 0);
    }
    if (poll(polls, count, wait_ms(wake)) < 0 && errno != EINTR)
        return failure_set(why, FAIL_INTERNAL, "poll: %s", strerror(errno));
    if (polls[0].revents != 0)
        return false;
    if (polls[1].revents != 0)
        status_serve(&machine->status, machine);
    for (unsigned i = 0; i < machine->door_count; i++)
        machine->doors[i].kind->serve(&machine->doors[i], polls + 2 + i * DOOR_POLLS);
    return true;
}

enum machine_end machine_run(struct machine *machine, int signals, struct failure *why)
{
    for (;;) {
        uint64_t wake = 0;
        for (unsigned round = 0; round < ROUNDS_MAX && wake <= steady_ms(); round++)
            wake = work(machine);
        bytes_move(machine);
        if (may_reset(machine, &wake))
            return MACHINE_RESET;
        why->id = FAIL_NONE;
        if (!wait(machine, signals, wake, why))
            return why->id == FAIL_NONE ? MACHINE_ENDED : MACHINE_FAILED;
    }
}

bool machine_reset(const struct machine *machine, struct failure *why)
{
    const struct config_file *config = &machine->config;
    struct hook hook;

    return hook_run(&hook, config->content->hooks->reset, NULL, (struct span){0}, config->hook_seconds) ||
           failure_set(why, FAIL_AGENT_HOOK, "%s: the device was to restart and does not",
                       config->content->hooks->reset);
}
