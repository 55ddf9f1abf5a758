/* The two bulk pipes of an open device: reads that always wait, writes in flight, the short packet at an end, and doubts. */
#include "loader/link/usb_core.h"

#include "keys/base/bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void submit(struct usb_core *core, struct usb_transfer *transfer)
{
    transfer->done = 0;
    core->host.kind->submit(&core->host, transfer);
}

void usb_lose_because(struct usb_core *core, const struct failure *why)
{
    if (core->phase == USB_LOST)
        return;
    core->phase = USB_LOST;
    core->lost = *why;
}

void usb_lose(struct usb_core *core, enum failure_id id, const char *what)
{
    struct failure why;

    failure_set(&why, id, "%s: %s", core->name, what);
    usb_lose_because(core, &why);
}

void usb_ask(struct usb_core *core, uint8_t type, uint8_t request, uint16_t value, uint16_t index,
             size_t size)
{
    struct usb_transfer *control = &core->control;

    control->setup[0] = type;
    control->setup[1] = request;
    put_le16(control->setup + 2, value);
    put_le16(control->setup + 4, index);
    put_le16(control->setup + 6, (uint16_t)size);
    control->data = core->answer;
    control->size = size;
    core->deadline = core->now + USB_ANSWER_MS;
    submit(core, control);
}

/* ---- from the device */

static bool has_bytes(const struct usb_transfer *transfer)
{
    return transfer->state == USB_ENDED && transfer->outcome == USB_DONE;
}

/* Something came that was not read yet: it counts, whatever became of the device since. */
static bool is_unread(const struct usb_core *core)
{
    size_t taken = core->in_taken;

    for (size_t i = 0; i < USB_IN_FLIGHT; i++) {
        const struct usb_transfer *one = &core->in[(core->in_at + i) % USB_IN_FLIGHT];
        if (!has_bytes(one))
            return false;
        if (one->done > taken)
            return true;
        taken = 0;
    }
    return false;
}

enum link_result usb_read(struct link *link, uint8_t *data, size_t capacity, size_t *got)
{
    struct usb_core *core = link->own;

    *got = 0;
    while (*got < capacity && has_bytes(&core->in[core->in_at])) {
        struct usb_transfer *one = &core->in[core->in_at];
        size_t left = one->done - core->in_taken, size = capacity - *got;
        size = size < left ? size : left;
        memcpy(data + *got, one->data + core->in_taken, size);
        *got += size;
        core->in_taken += size;
        if (core->in_taken < one->done)
            continue;
        core->in_taken = 0;
        core->in_at = (core->in_at + 1) % USB_IN_FLIGHT;
        one->state = USB_IDLE;
        if (core->phase == USB_RUNNING)
            submit(core, one);
    }
    return LINK_OK;
}

/* ---- to the device */

static bool flies_out(const struct usb_core *core)
{
    bool flies = core->zero.state != USB_IDLE;

    for (size_t i = 0; i < USB_IN_FLIGHT; i++)
        flies = flies || core->out[i].state != USB_IDLE;
    return flies;
}

static void send_filled(struct usb_core *core)
{
    struct usb_transfer *one = &core->out[core->out_at];

    if (!flies_out(core))
        core->out_since = core->now;
    one->size = core->out_filled;
    core->zero_owed = one->size % core->interface.out_packet == 0;
    core->out_at = (core->out_at + 1) % USB_IN_FLIGHT;
    core->out_filled = 0;
    submit(core, one);
}

/* Nothing more is to be said now. */
static void end_with_short_packet(struct usb_core *core)
{
    if (core->out_filled > 0)
        send_filled(core);
    if (!core->zero_owed || core->zero.state != USB_IDLE)
        return;
    core->zero_owed = false;
    submit(core, &core->zero);
}

/* What is written while others fly is gathered, up to a whole transfer: it goes when that is full or they have landed. */
enum link_result usb_write(struct link *link, const uint8_t *data, size_t size, size_t *put)
{
    struct usb_core *core = link->own;
    bool flew = flies_out(core);

    *put = 0;
    while (core->phase == USB_RUNNING && *put < size && core->out[core->out_at].state == USB_IDLE) {
        size_t room = USB_SMP_OUT - core->out_filled, part = size - *put;
        part = part < room ? part : room;
        memcpy(core->out[core->out_at].data + core->out_filled, data + *put, part);
        core->out_filled += part;
        *put += part;
        if (core->out_filled == USB_SMP_OUT)
            send_filled(core);
    }
    if (!flew && size > 0 && *put == size)
        end_with_short_packet(core);
    return LINK_OK;
}

/* ---- doubts */

static void doubt(struct usb_core *core, enum usb_doubt doubt)
{
    core->doubt = doubt;
    usb_ask_status(core);
}

static void has_failed(struct usb_core *core, const struct usb_transfer *transfer)
{
    static const char *const outcomes[] = {"cut short", "refused by the device",  "failed",
                                           "overrun",   "stopped from elsewhere", "gone"};

    if (transfer->outcome == USB_GONE) {
        usb_lose(core, FAIL_USB_VANISHED, "it was unplugged");
        return;
    }
    if (core->doubt == USB_HAS_FAILED)
        return;
    snprintf(core->failed, sizeof core->failed, "a transfer %s it was %s",
             transfer->endpoint & 0x80 ? "from" : "to", outcomes[transfer->outcome]);
    if (core->doubt == USB_SURE)
        doubt(core, USB_HAS_FAILED);
    core->doubt = USB_HAS_FAILED;
}

/* The device answered, or something ended instead. */
static void doubt_answered(struct usb_core *core)
{
    enum usb_outcome outcome = core->control.outcome;
    bool there = outcome == USB_DONE || outcome == USB_STALLED;
    char what[128];

    core->deadline = 0;
    if (!there) {
        usb_lose(core, FAIL_USB_VANISHED, "it was unplugged, or its cable is broken");
    } else if (core->doubt == USB_HAS_FAILED) {
        snprintf(what, sizeof what, "%s, though the device is there", core->failed);
        usb_lose(core, FAIL_USB_TRANSFER, what);
    }
    core->doubt = USB_SURE;
    core->out_since = core->now;
}

/* ---- turns */

static void look_at_in(struct usb_core *core)
{
    for (size_t i = 0; i < USB_IN_FLIGHT; i++)
        if (core->in[i].state == USB_ENDED && core->in[i].outcome != USB_DONE)
            has_failed(core, &core->in[i]);
}

static void land(struct usb_core *core, struct usb_transfer *transfer)
{
    if (transfer->state != USB_ENDED)
        return;
    if (transfer->outcome != USB_DONE || transfer->done != transfer->size) {
        has_failed(core, transfer);
        return;
    }
    transfer->state = USB_IDLE;
    core->out_since = core->now;
}

static void look_at_out(struct usb_core *core)
{
    for (size_t i = 0; i < USB_IN_FLIGHT; i++)
        land(core, &core->out[i]);
    land(core, &core->zero);
    if (core->phase != USB_RUNNING)
        return;
    if (!flies_out(core))
        end_with_short_packet(core);
    else if (core->doubt == USB_SURE && core->now - core->out_since >= USB_STUCK_MS)
        doubt(core, USB_IS_STUCK);
}

static void begin_to_read(struct usb_core *core)
{
    core->deadline = 0;
    for (size_t i = 0; i < USB_IN_FLIGHT; i++) {
        core->in[i].endpoint = core->interface.in;
        core->out[i].endpoint = core->interface.out;
        core->in[i].size = USB_SMP_IN;
        submit(core, &core->in[i]);
    }
    core->zero.endpoint = core->interface.out;
}

static void look_at_answers(struct usb_core *core)
{
    while (core->phase != USB_LOST && core->control.state == USB_ENDED) {
        core->control.state = USB_IDLE;
        if (core->phase == USB_RUNNING) {
            doubt_answered(core);
            continue;
        }
        usb_open_answered(core);
        if (core->phase == USB_RUNNING)
            begin_to_read(core);
    }
}

static void look_at_time(struct usb_core *core)
{
    if (core->phase == USB_LOST || core->deadline == 0 || core->now < core->deadline)
        return;
    if (core->phase == USB_ARRIVING) {
        usb_lose(core, FAIL_NO_DEVICE, "the other end shares no USB device");
        return;
    }
    core->host.kind->cancel(&core->host, &core->control);
    usb_lose(core, FAIL_USB_FROZEN,
             core->doubt == USB_SURE ? "it does not say what it is" : "it takes nothing and answers nothing");
}

static void attend(struct usb_core *core)
{
    struct failure why;

    switch (core->host.kind->attend(&core->host, core->now, &why)) {
    case USB_ABSENT:
        usb_lose_because(core, &why);
        break;
    case USB_PRESENT:
        if (core->phase == USB_ARRIVING)
            usb_open_begin(core);
        break;
    case USB_REACHING:
        break;
    case USB_AWAITED:
        if (core->deadline == 0)
            core->deadline = core->now + USB_ARRIVE_MS;
        break;
    }
}

static uint64_t next_turn(const struct usb_core *core)
{
    uint64_t wake = core->deadline != 0 ? core->deadline : UINT64_MAX;

    if (core->phase == USB_LOST)
        return core->now;
    if (core->phase == USB_RUNNING && core->doubt == USB_SURE && flies_out(core) &&
        core->out_since + USB_STUCK_MS < wake)
        wake = core->out_since + USB_STUCK_MS;
    return wake;
}

enum link_result usb_settle(struct link *link, uint64_t now, struct failure *why)
{
    struct usb_core *core = link->own;

    core->now = now;
    attend(core);
    look_at_answers(core);
    if (core->phase == USB_RUNNING) {
        look_at_in(core);
        look_at_out(core);
        look_at_answers(core);
    }
    look_at_time(core);
    link->connecting = core->phase < USB_RUNNING;
    link->wake = next_turn(core);
    if (core->phase != USB_LOST || is_unread(core))
        return LINK_OK;
    *why = core->lost;
    return LINK_LOST;
}

void usb_close(struct link *link)
{
    struct usb_core *core = link->own;

    core->host.kind->close(&core->host);
    free(core);
}

bool usb_link_start(struct link *link, struct usb_host host, const char *name, struct failure *why)
{
    struct usb_core *core = calloc(1, sizeof *core);

    if (core == NULL) {
        host.kind->close(&host);
        return failure_set(why, FAIL_MEMORY, "%s", name);
    }
    core->host = host;
    snprintf(core->name, sizeof core->name, "%s", name);
    for (size_t i = 0; i < USB_IN_FLIGHT; i++) {
        core->in[i].data = core->in_memory[i];
        core->out[i].data = core->out_memory[i];
    }
    link->own = core;
    link->descriptor = host.descriptor;
    link->connecting = true;
    link->wake = 0;
    return true;
}
