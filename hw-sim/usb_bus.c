/* Transfers of a host against the device's pipes. */
#include "hw-sim/usb_bus.h"

#include "agent/identity.h"
#include "agent/ports/usb/os_descriptors.h"

#include <stdlib.h>
#include <string.h>

#define FRAME_LEAST 512
#define FRAME_USUAL 2048

struct transfer {
    uint64_t id;
    uint8_t endpoint;
    uint8_t *data; /* OUT: owned; what is left of it stands at `done` */
    size_t size, done;
};

struct usb_bus {
    struct device *device;
    struct usb_identity identity;
    uint8_t identity_bytes[IDENTITY_MAX];
    struct usb_device machine;
    struct pipes pipes;
    uint8_t *memory;
    uint8_t block[USB_DFU_TRANSFER];
    bool attached;
    uint64_t arrivals;
    uint64_t boots, now;
    struct transfer transfers[USB_TRANSFERS_MAX]; /* in the order of submission */
    size_t count, under_way;
    bool end_owed[USB_PIPES]; /* the last packet was a whole one and nothing followed yet */
    uint8_t gathered[USB_BULK_IN_MAX];
    usb_ended *ended;
    void *context;
};

/* Making ------------------------------------------------------------------------------------------------------------- */

static enum dfu_taken take(void *context, uint64_t offset, struct span bytes, enum refusal *refusal,
                           struct push_answer *out)
{
    struct usb_bus *bus = context;

    return device_push(bus->device, offset, bytes, bus->now, refusal, out) ? TAKEN : TAKEN_LATER;
}

static enum push_state push_state(void *context)
{
    struct usb_bus *bus = context;

    return device_push_state(bus->device);
}

static uint8_t *carve(uint8_t **at, size_t size)
{
    uint8_t *begin = *at;

    *at += size;
    return begin;
}

/* One SMP packet either way, as agent_memory of this profile holds it. */
static size_t frame_of(const struct device *device)
{
    size_t frame = device_profile(device)->content->buffer;

    frame = frame ? frame : FRAME_USUAL;
    return frame < FRAME_LEAST ? FRAME_LEAST : frame;
}

static void pipes_make(struct usb_bus *bus)
{
    size_t frame = frame_of(bus->device), in = frame + FRAME_OVERHEAD;
    struct pipe_memory memory[USB_PIPES];
    uint8_t *at = bus->memory;

    for (size_t i = 0; i < USB_PIPES; i++) {
        memory[i].in = buffer_over(carve(&at, in), in);
        memory[i].answers = buffer_over(carve(&at, 2 * frame), 2 * frame);
    }
    pipes_start(&bus->pipes, frame, memory, buffer_over(carve(&at, frame), frame));
}

bool usb_bus_open(struct device *device, struct usb_bus **out, struct failure *why)
{
    size_t frame = frame_of(device);
    struct usb_bus *bus = calloc(1, sizeof *bus);

    if (bus == NULL)
        return failure_set(why, FAIL_MEMORY, "no memory for a device on USB");
    bus->device = device;
    bus->memory = malloc(USB_PIPES * (3 * frame + FRAME_OVERHEAD) + frame);
    if (bus->memory == NULL) {
        free(bus);
        return failure_set(why, FAIL_MEMORY, "no memory for a device on USB");
    }
    *out = bus;
    return true;
}

void usb_bus_close(struct usb_bus *bus)
{
    if (bus == NULL)
        return;
    for (size_t i = 0; i < bus->count; i++)
        free(bus->transfers[i].data);
    free(bus->memory);
    free(bus);
}

void usb_bus_on_end(struct usb_bus *bus, usb_ended *ended, void *context)
{
    bus->ended = ended;
    bus->context = context;
}

bool usb_bus_attached(const struct usb_bus *bus)
{
    return bus->attached;
}

uint64_t usb_bus_arrivals(const struct usb_bus *bus)
{
    return bus->arrivals;
}

const struct usb_device *usb_bus_device(const struct usb_bus *bus)
{
    return &bus->machine;
}

/* Transfers ---------------------------------------------------------------------------------------------------------- */

static void end(struct usb_bus *bus, size_t at, enum usb_outcome outcome, struct span data)
{
    struct transfer transfer = bus->transfers[at];

    bus->count--;
    memmove(bus->transfers + at, bus->transfers + at + 1, (bus->count - at) * sizeof *bus->transfers);
    if (transfer.data != NULL)
        bus->under_way -= transfer.size;
    free(transfer.data);
    if (bus->ended != NULL)
        bus->ended(bus->context, transfer.id, transfer.endpoint, outcome, data, transfer.done);
}

static void end_all(struct usb_bus *bus)
{
    while (bus->count > 0)
        end(bus, 0, USB_CANCELLED, (struct span){0});
}

static bool is_in(uint8_t endpoint)
{
    return (endpoint & 0x80) != 0;
}

static void refuse(struct usb_bus *bus, uint64_t id, uint8_t endpoint, enum usb_outcome outcome)
{
    if (bus->ended != NULL)
        bus->ended(bus->context, id, endpoint, outcome, (struct span){0}, 0);
}

void usb_bus_submit(struct usb_bus *bus, uint64_t id, uint8_t endpoint, struct span data, size_t length)
{
    struct transfer transfer = {.id = id, .endpoint = endpoint, .size = is_in(endpoint) ? length : data.size};
    enum usb_pipe pipe;

    if (!bus->attached || !usb_device_pipe(&bus->machine, endpoint, &pipe) ||
        bus->count == USB_TRANSFERS_MAX || data.size > USB_TRANSFER_MAX) {
        refuse(bus, id, endpoint, USB_REFUSED);
        return;
    }
    if (usb_device_halted(&bus->machine, endpoint)) {
        refuse(bus, id, endpoint, USB_STALLED);
        return;
    }
    if (!is_in(endpoint)) {
        transfer.data = malloc(data.size + 1);
        if (transfer.data == NULL) {
            refuse(bus, id, endpoint, USB_REFUSED);
            return;
        }
        if (data.size > 0)
            memcpy(transfer.data, data.data, data.size);
        bus->under_way += data.size;
    }
    bus->transfers[bus->count++] = transfer;
}

void usb_bus_cancel(struct usb_bus *bus, uint64_t id)
{
    for (size_t i = 0; i < bus->count; i++) {
        if (bus->transfers[i].id == id) {
            end(bus, i, USB_CANCELLED, (struct span){0});
            return;
        }
    }
}

bool usb_bus_full(const struct usb_bus *bus)
{
    return bus->count >= USB_TRANSFERS_MAX - 1 || bus->under_way >= USB_UNDER_WAY_MAX;
}

/* Coming and going --------------------------------------------------------------------------------------------------- */

/* What the factory wrote; a profile's flash may be another by the next power on. */
static void attach(struct usb_bus *bus)
{
    const struct profile_file *profile = device_profile(bus->device);
    struct buffer bytes = buffer_over(bus->identity_bytes, sizeof bus->identity_bytes);
    struct dfu_taker taker = {bus, take, push_state};
    struct identity identity;
    bool known = identity_read(&device_layout(bus->device)->areas[AREA_IDENTITY], &bytes, &identity) == OK;

    usb_identity_make(&bus->identity, USB_LAB_VENDOR_ID, USB_LAB_PRODUCT_ID,
                      span_text(profile->device_class->vendor_name), known ? &identity : NULL);
    usb_device_start(&bus->machine, &bus->identity, profile->content->usb_speed, &taker,
                     buffer_over(bus->block, sizeof bus->block));
    pipes_make(bus);
    memset(bus->end_owed, 0, sizeof bus->end_owed);
    device_link_reset(bus->device);
    bus->attached = true;
    bus->arrivals++;
}

static void detach(struct usb_bus *bus)
{
    end_all(bus);
    bus->attached = false;
}

static bool settle_presence(struct usb_bus *bus)
{
    struct usb_wishes *wishes = device_usb_wishes(bus->device);
    struct device_status status;
    bool was = bus->attached;

    device_status(bus->device, &status);
    bool on_bus =
        (status.state == DEVICE_RUNNING || status.state == DEVICE_HUNG) && device_cable(bus->device)->plugged;
    if (was && (!on_bus || status.boots != bus->boots || wishes->leave))
        detach(bus);
    wishes->leave = false;
    bus->boots = status.boots;
    if (on_bus && !bus->attached)
        attach(bus);
    if (wishes->stall && bus->attached) {
        bus->machine.halted_in[USB_ENDPOINT_SMP_OUT] = bus->machine.halted_out[USB_ENDPOINT_SMP_OUT] = true;
        wishes->stall = false;
    }
    return was != bus->attached;
}

/* Bytes -------------------------------------------------------------------------------------------------------------- */

static void restart_pipes(struct usb_bus *bus)
{
    for (size_t i = 0; i < USB_PIPES; i++) {
        if (!usb_device_restarted(&bus->machine, (enum usb_pipe)i))
            continue;
        pipes_reset(&bus->pipes, (enum usb_pipe)i);
        bus->end_owed[i] = false;
    }
}

/* A bulk OUT, as far as the pipe takes it; true when it ended. */
static bool serve_out(struct usb_bus *bus, size_t at, enum usb_pipe pipe, bool *moved)
{
    struct transfer *transfer = &bus->transfers[at];
    struct span rest = span_of(transfer->data + transfer->done, transfer->size - transfer->done);
    size_t taken = pipes_take(&bus->pipes, pipe, rest, bus->now);

    transfer->done += taken;
    *moved = *moved || taken > 0;
    if (transfer->done < transfer->size)
        return false;
    end(bus, at, USB_DONE, (struct span){0});
    return true;
}

/* The next packet that the device sends on this pipe: its size, 0 for an empty one, -1 for none. */
static int next_packet(struct usb_bus *bus, enum usb_pipe pipe, uint8_t packet[USB_BULK_HIGH])
{
    size_t most = usb_bulk_packet(bus->machine.speed);
    struct cable *cable = device_cable(bus->device);
    size_t size = cable->fault == CABLE_BABBLE && pipe == USB_PIPE_SMP
                      ? cable_babble(cable, packet, most)
                      : pipes_send(&bus->pipes, pipe, packet, most);

    if (size == 0 && !bus->end_owed[pipe])
        return -1;
    bus->end_owed[pipe] = size == most;
    return (int)size;
}

/* A bulk IN: whole packets until a short one, or until it has what it asked for; true when it ended. */
static bool serve_in(struct usb_bus *bus, size_t at, enum usb_pipe pipe)
{
    size_t wanted = bus->transfers[at].size, most = usb_bulk_packet(bus->machine.speed), filled = 0;
    uint8_t packet[USB_BULK_HIGH];

    wanted = wanted > sizeof bus->gathered ? sizeof bus->gathered : wanted;
    while (filled < wanted) {
        int size = next_packet(bus, pipe, packet);
        if (size < 0)
            break;
        if ((size_t)size > wanted - filled) {
            end(bus, at, USB_BABBLED, (struct span){0});
            return true;
        }
        memcpy(bus->gathered + filled, packet, (size_t)size);
        filled += (size_t)size;
        if ((size_t)size == most && filled < wanted)
            continue;
        end(bus, at, USB_DONE, span_of(bus->gathered, filled));
        return true;
    }
    return false;
}

/* Each transfer once, in order; on one endpoint none overtakes another. */
static bool serve_transfers(struct usb_bus *bus)
{
    bool waits[256] = {false}, moved = false;

    for (size_t at = 0; at < bus->count;) {
        uint8_t endpoint = bus->transfers[at].endpoint;
        enum usb_pipe pipe;
        bool ended = false;

        if (waits[endpoint] || !usb_device_pipe(&bus->machine, endpoint, &pipe)) {
            at++;
            continue;
        }
        if (usb_device_halted(&bus->machine, endpoint)) {
            end(bus, at, USB_STALLED, (struct span){0});
            ended = true;
        } else {
            ended = is_in(endpoint) ? serve_in(bus, at, pipe) : serve_out(bus, at, pipe, &moved);
        }
        moved = moved || ended;
        waits[endpoint] = !ended;
        at += !ended;
    }
    return moved;
}

/* Requests to the agent, answers from it. */
static bool serve_agent(struct usb_bus *bus)
{
    struct span request = pipes_request(&bus->pipes);
    uint8_t bytes[1024];
    bool moved = false;
    size_t size;

    if (request.size > 0) {
        size = device_receive(bus->device, request, bus->now);
        size = size < request.size ? size : request.size;
        pipes_requested(&bus->pipes, size);
        moved = size > 0;
    }
    if (device_cable(bus->device)->fault == CABLE_BABBLE)
        return moved;
    while ((size = device_send(bus->device, bytes, sizeof bytes, bus->now)) > 0) {
        pipes_answer(&bus->pipes, span_of(bytes, size));
        moved = true;
    }
    return moved;
}

bool usb_bus_flow(struct usb_bus *bus, uint64_t now)
{
    bus->now = now;
    bool moved = settle_presence(bus);

    if (!bus->attached)
        return moved;
    restart_pipes(bus);
    usb_dfu_work(&bus->machine.dfu);
    moved = serve_agent(bus) || moved;
    return serve_transfers(bus) || moved;
}

/* The host ----------------------------------------------------------------------------------------------------------- */

bool usb_bus_control(struct usb_bus *bus, const struct usb_setup *setup, struct span data, struct buffer *out,
                     uint64_t now)
{
    bus->now = now;
    bool configures = setup->type == 0 && setup->request == REQUEST_SET_CONFIGURATION;

    if (!bus->attached || !usb_device_control(&bus->machine, setup, data, out))
        return false;
    if (configures)
        end_all(bus);
    restart_pipes(bus);
    return true;
}

void usb_bus_reset(struct usb_bus *bus)
{
    end_all(bus);
    if (!bus->attached)
        return;
    usb_device_reset(&bus->machine);
    restart_pipes(bus);
}

bool usb_bus_configure(struct usb_bus *bus, uint16_t configuration)
{
    const struct usb_setup setup = {0, REQUEST_SET_CONFIGURATION, configuration, 0, 0};
    struct buffer none = {0};

    return usb_bus_control(bus, &setup, (struct span){0}, &none, bus->now);
}
