/* The life of the gadget: events of the bus, transfers in flight, control requests of DFU. */
#include "agent/ports/linux/gadget.h"

#include "agent/ports/linux/say.h"
#include "agent/protocol/usb.h"

#include <dirent.h>
#include <errno.h>
#include <linux/usb/functionfs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define TRANSFERS   (2 * GADGET_TRANSFERS)
#define PAIR_SIZE   ((size_t)USB_SMP_OUT + USB_SMP_IN)
#define EVENTS_MAX  16 /* at once: a host that asks without end must not keep the other doors waiting */
#define CONTROLLERS "/sys/class/udc"

/* ---- transfers */

static void transfers_fly(struct gadget *gadget, struct gadget_transfer *const *transfers, unsigned count)
{
    struct iocb *requests[GADGET_TRANSFERS];
    int taken = 0;

    for (unsigned i = 0; i < count; i++) {
        requests[i] = &transfers[i]->request;
        io_set_eventfd(requests[i], gadget->events);
        requests[i]->data = transfers[i];
    }
    if (count > 0)
        taken = io_submit(gadget->queue, count, requests);
    for (unsigned i = 0; i < count; i++) {
        transfers[i]->flying = (int)i < taken;
        transfers[i]->result = transfers[i]->flying ? 0 : -EAGAIN;
        transfers[i]->used = 0;
    }
}

static void reads_fly(struct gadget *gadget, struct gadget_transfer *const *transfers, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        io_prep_pread(&transfers[i]->request, gadget->out.file, transfers[i]->data, USB_SMP_OUT, 0);
    transfers_fly(gadget, transfers, count);
}

/* Takes what came back; does not wait. */
static void transfers_land(struct gadget *gadget)
{
    struct io_event events[TRANSFERS];
    struct timespec now = {0};
    uint64_t count;

    if (read(gadget->events, &count, sizeof count) < 0)
        return;
    /* no more than all of them can have come back */
    int landed = io_getevents(gadget->queue, 0, TRANSFERS, events, &now);
    for (int i = 0; i < landed; i++) {
        struct gadget_transfer *transfer = events[i].data;
        transfer->flying = false;
        transfer->result = (long)events[i].res;
    }
}

static struct gadget_transfer *oldest(struct gadget_pipe *pipe)
{
    return &pipe->transfers[pipe->next];
}

static void step(struct gadget_pipe *pipe)
{
    pipe->next = (pipe->next + 1) % GADGET_TRANSFERS;
}

size_t gadget_read(struct gadget *gadget, uint8_t *data, size_t capacity)
{
    struct gadget_transfer *again[GADGET_TRANSFERS];
    unsigned count = 0;
    size_t given = 0;

    transfers_land(gadget);
    while (gadget->enabled && count < GADGET_TRANSFERS) {
        struct gadget_transfer *transfer = oldest(&gadget->out);
        if (transfer->flying)
            break;
        size_t came = transfer->result > 0 ? (size_t)transfer->result : 0;
        size_t left = came - transfer->used;
        size_t part = left < capacity - given ? left : capacity - given;
        memcpy(data + given, transfer->data + transfer->used, part);
        given += part;
        transfer->used += part;
        if (transfer->used < came)
            break;
        again[count++] = transfer;
        step(&gadget->out);
    }
    reads_fly(gadget, again, count);
    return given;
}

static bool write_fly(struct gadget *gadget, const uint8_t *data, size_t size)
{
    struct gadget_transfer *transfer = oldest(&gadget->in);

    if (size > 0)
        memcpy(transfer->data, data, size);
    io_prep_pwrite(&transfer->request, gadget->in.file, transfer->data, size, 0);
    transfers_fly(gadget, &transfer, 1);
    if (transfer->flying)
        step(&gadget->in);
    return transfer->flying;
}

static unsigned writes_free(const struct gadget *gadget)
{
    unsigned count = 0;

    for (unsigned i = 0; i < GADGET_TRANSFERS; i++)
        count += !gadget->in.transfers[i].flying;
    return count;
}

size_t gadget_write(struct gadget *gadget, const uint8_t *data, size_t size)
{
    transfers_land(gadget);
    if (!gadget->enabled || writes_free(gadget) < 2)
        return 0;
    size = size < USB_SMP_IN ? size : USB_SMP_IN;
    if (!write_fly(gadget, data, size))
        return 0;
    if (size % gadget->packet == 0)
        (void)write_fly(gadget, NULL, 0);
    return size;
}

bool gadget_quiet(const struct gadget *gadget)
{
    return !gadget->enabled || writes_free(gadget) == GADGET_TRANSFERS;
}

/* ---- the bus */

static size_t packet_size(const struct gadget *gadget)
{
    struct usb_endpoint_descriptor endpoint;

    if (ioctl(gadget->in.file, FUNCTIONFS_ENDPOINT_DESC, &endpoint) < 0)
        return USB_BULK_HIGH;
    size_t size = get_le16((const uint8_t *)&endpoint.wMaxPacketSize) & 0x7ff;
    return size > 0 ? size : USB_BULK_HIGH;
}

/* A host has configured the device: reads wait from now on. What the last host was sent is forgotten. */
static void bus_enable(struct gadget *gadget)
{
    transfers_land(gadget);
    gadget->enabled = gadget->newly = true;
    gadget->packet = packet_size(gadget);
    gadget->out.next = gadget->in.next = 0;
    usb_dfu_reset(&gadget->dfu);
    for (unsigned i = 0; i < GADGET_TRANSFERS; i++) {
        struct gadget_transfer *transfer = &gadget->out.transfers[i];
        if (!transfer->flying)
            reads_fly(gadget, &transfer, 1);
    }
}

static void bus_disable(struct gadget *gadget)
{
    gadget->enabled = false;
    gadget->newly = true;
    usb_dfu_reset(&gadget->dfu);
}

/* The wrong direction on ep0 stalls; EL2HLT says that it did. */
static void stall(const struct gadget *gadget, bool in)
{
    uint8_t nothing;
    ssize_t done = in ? read(gadget->ep0, &nothing, 0) : write(gadget->ep0, &nothing, 0);

    if (done < 0 && errno != EL2HLT)
        agent_say("usb: a control request could not be refused: %s", strerror(errno));
}

static void control_in(struct gadget *gadget, const struct usb_setup *setup)
{
    uint8_t bytes[64];
    struct buffer out = buffer_over(bytes, sizeof bytes);

    if (!usb_dfu_request(&gadget->dfu, setup, (struct span){0}, &out)) {
        stall(gadget, true);
        return;
    }
    (void)!write(gadget->ep0, out.data, out.size < setup->length ? out.size : setup->length);
}

/* Reading the data says yes to the host: what does not fit is refused before. */
static void control_out(struct gadget *gadget, const struct usb_setup *setup)
{
    uint8_t data[USB_DFU_TRANSFER];
    struct buffer nothing = buffer_over(NULL, 0);

    if (setup->length > sizeof data || !usb_dfu_fits(&gadget->dfu, setup)) {
        usb_dfu_refuse(&gadget->dfu);
        stall(gadget, false);
        return;
    }
    if (read(gadget->ep0, data, setup->length) == (ssize_t)setup->length)
        (void)usb_dfu_request(&gadget->dfu, setup, span_of(data, setup->length), &nothing);
}

static void control(struct gadget *gadget, const struct usb_ctrlrequest *request)
{
    struct usb_setup setup = usb_setup_read((const uint8_t *)request);
    bool in = (setup.type & SETUP_IN) != 0;
    bool ours = (setup.type & SETUP_KIND) == SETUP_CLASS &&
                (setup.type & SETUP_RECIPIENT) == SETUP_TO_INTERFACE && setup.index == USB_INTERFACE_DFU;

    if (!ours)
        stall(gadget, in);
    else if (in)
        control_in(gadget, &setup);
    else
        control_out(gadget, &setup);
}

void gadget_serve(struct gadget *gadget)
{
    struct usb_functionfs_event event;

    for (unsigned i = 0; i < EVENTS_MAX; i++) {
        if (read(gadget->ep0, &event, sizeof event) != (ssize_t)sizeof event)
            return;
        switch (event.type) {
        case FUNCTIONFS_ENABLE:
            bus_enable(gadget);
            break;
        case FUNCTIONFS_DISABLE:
        case FUNCTIONFS_UNBIND:
            bus_disable(gadget);
            break;
        case FUNCTIONFS_SETUP:
            control(gadget, &event.u.setup);
            break;
        default:
            break;
        }
    }
}

/* ---- from nothing to bound, and back */

/* The one that the configuration names, or the only one. */
static bool controller_find(struct gadget *gadget, struct failure *why)
{
    const char *named = gadget->config->content->usb->controller;
    struct dirent *entry;
    unsigned found = 0;
    DIR *folder = opendir(CONTROLLERS);

    if (folder == NULL)
        return gadget_refuse(CONTROLLERS, "the kernel has no USB device controller", why);
    while ((entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] == '.' || (named != NULL && strcmp(named, entry->d_name) != 0))
            continue;
        found++;
        snprintf(gadget->controller, sizeof gadget->controller, "%.63s", entry->d_name);
    }
    closedir(folder);
    if (found == 1)
        return true;
    return gadget_refuse(
        CONTROLLERS, found ? "several controllers: name one (usb: controller)" : "no such controller here",
        why);
}

static bool memory_make(struct gadget *gadget, const struct dfu_taker *taker, struct failure *why)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    gadget->memory = aligned_alloc(page, GADGET_TRANSFERS * PAIR_SIZE + USB_DFU_TRANSFER);
    gadget->events = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (gadget->memory == NULL || gadget->events < 0 || io_setup(TRANSFERS, &gadget->queue) != 0)
        return gadget_refuse("transfers", "no memory, or the kernel has no asynchronous ones", why);
    for (unsigned i = 0; i < GADGET_TRANSFERS; i++) {
        gadget->out.transfers[i].data = gadget->memory + i * PAIR_SIZE;
        gadget->in.transfers[i].data = gadget->out.transfers[i].data + USB_SMP_OUT;
    }
    usb_dfu_start(&gadget->dfu, taker,
                  buffer_over(gadget->memory + GADGET_TRANSFERS * PAIR_SIZE, USB_DFU_TRANSFER), 0);
    return true;
}

bool gadget_open(struct gadget *gadget, const struct config_file *config, const struct identity *identity,
                 const struct dfu_taker *taker, struct failure *why)
{
    const struct config_usb *usb = config->content->usb;
    const char *maker = usb->manufacturer ? usb->manufacturer : config->device_class->vendor_name;

    *gadget = (struct gadget){.config = config, .ep0 = -1, .events = -1, .out.file = -1, .in.file = -1};
    usb_identity_make(&gadget->identity, usb->vendor_id, usb->product_id, span_text(maker), identity);
    if (usb->product != NULL)
        snprintf(gadget->identity.product, sizeof gadget->identity.product, "%.*s", IDENTITY_TEXT_MAX,
                 usb->product);
    snprintf(gadget->root, sizeof gadget->root, "/sys/kernel/config/usb_gadget/suture");
    bool fits = (size_t)snprintf(gadget->mount, sizeof gadget->mount, "%s/functions", config->run) <
                sizeof gadget->mount;
    if ((fits || gadget_refuse(config->run, "too long a path", why)) && controller_find(gadget, why) &&
        memory_make(gadget, taker, why) && gadget_make(gadget, why) && gadget_describe(gadget, why))
        return true;
    gadget_close(gadget);
    return false;
}

bool gadget_bind(struct gadget *gadget, struct failure *why)
{
    if (!gadget_controller(gadget, gadget->controller, why))
        return false;
    agent_say("usb: bound to %s%s", gadget->controller,
              gadget->form == USB_DFU_WHOLE ? ""
                                            : "; this kernel takes no DFU functional descriptor: dfu-util "
                                              "needs -t 4096");
    return true;
}

static void close_file(int *file)
{
    if (*file >= 0)
        close(*file);
    *file = -1;
}

void gadget_close(struct gadget *gadget)
{
    struct failure ignored;

    if (gadget->root[0] == '\0')
        return;
    /* unbound first: transfers that fly then come back, and io_destroy need not wait */
    (void)gadget_controller(gadget, "\n", &ignored);
    if (gadget->queue)
        io_destroy(gadget->queue);
    close_file(&gadget->out.file);
    close_file(&gadget->in.file);
    close_file(&gadget->ep0);
    close_file(&gadget->events);
    gadget_remove(gadget);
    free(gadget->memory);
    *gadget = (struct gadget){.ep0 = -1, .events = -1, .out.file = -1, .in.file = -1};
}
