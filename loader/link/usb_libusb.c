/* The kernel's USB by libusb, asynchronous. Each opening looks with a context of its own: without udevd a context that lives
 * on never learns of a device that came back. */
#include "loader/link/port_holder.h"
#include "loader/link/usb.h"
#include "loader/link/usb_find.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define FLYING_MAX     16
#define PARTING_MS     1000 /* until what was cancelled must have ended */
#define NAME_SIZE      (USB_PORT_SIZE + 8)
#define HALT_RECIPIENT (LIBUSB_REQUEST_TYPE_STANDARD | LIBUSB_RECIPIENT_ENDPOINT)

struct kernel {
    libusb_context *context;
    libusb_device_handle *device;
    int epoll;
    char name[NAME_SIZE]; /* "usb:3-1.4" */
    char port[USB_PORT_SIZE], node[64];
    int claimed; /* interface, or -1 */
    bool gone;
    struct libusb_transfer *transfers[FLYING_MAX];
    size_t count;
    unsigned flying;
};

/* What libusb carries for one transfer: its own buffer where setup and data must be together. */
struct carrier {
    struct kernel *kernel;
    struct usb_transfer *transfer;
    struct libusb_transfer *raw;
    uint8_t control[LIBUSB_CONTROL_SETUP_SIZE + USB_LAYOUT_MAX];
};

static bool vanished(const struct kernel *kernel, struct failure *why)
{
    return failure_set(why, FAIL_USB_VANISHED, "%s: it was unplugged", kernel->name);
}

/* ---- transfers */

static enum usb_outcome outcome_of(enum libusb_transfer_status status)
{
    switch (status) {
    case LIBUSB_TRANSFER_COMPLETED:
        return USB_DONE;
    case LIBUSB_TRANSFER_STALL:
        return USB_STALLED;
    case LIBUSB_TRANSFER_OVERFLOW:
        return USB_OVERRUN;
    case LIBUSB_TRANSFER_CANCELLED:
        return USB_STOPPED;
    case LIBUSB_TRANSFER_NO_DEVICE:
        return USB_GONE;
    default:
        return USB_FAILED;
    }
}

static enum usb_outcome outcome_of_code(int code)
{
    switch (code) {
    case LIBUSB_SUCCESS:
        return USB_DONE;
    case LIBUSB_ERROR_PIPE:
        return USB_STALLED;
    case LIBUSB_ERROR_NO_DEVICE:
        return USB_GONE;
    default:
        return USB_FAILED;
    }
}

static void end_with(struct usb_transfer *transfer, enum usb_outcome outcome)
{
    transfer->outcome = outcome;
    transfer->state = USB_ENDED;
}

static void LIBUSB_CALL on_end(struct libusb_transfer *raw)
{
    struct carrier *carrier = raw->user_data;
    struct usb_transfer *transfer = carrier->transfer;

    carrier->kernel->flying -= 1;
    transfer->done = raw->actual_length > 0 ? (size_t)raw->actual_length : 0;
    if (transfer->endpoint == 0 && (transfer->setup[0] & LIBUSB_ENDPOINT_IN))
        memcpy(transfer->data, libusb_control_transfer_get_data(raw), transfer->done);
    end_with(transfer, outcome_of(raw->status));
    carrier->kernel->gone = carrier->kernel->gone || transfer->outcome == USB_GONE;
}

static struct carrier *carrier_of(struct kernel *kernel, struct usb_transfer *transfer)
{
    struct carrier *carrier = transfer->own;

    if (carrier != NULL || kernel->count == FLYING_MAX)
        return carrier;
    carrier = calloc(1, sizeof *carrier);
    struct libusb_transfer *raw = libusb_alloc_transfer(0);
    if (carrier == NULL || raw == NULL) {
        free(carrier);
        libusb_free_transfer(raw);
        return NULL;
    }
    *carrier = (struct carrier){.kernel = kernel, .transfer = transfer, .raw = raw};
    raw->user_data = carrier;
    kernel->transfers[kernel->count++] = raw;
    transfer->own = carrier;
    return carrier;
}

/* Time-outs are the link's own: a frozen device gives no code at all. */
static void fill(struct carrier *carrier)
{
    struct usb_transfer *transfer = carrier->transfer;
    libusb_device_handle *device = carrier->kernel->device;

    if (transfer->endpoint == 0) {
        memcpy(carrier->control, transfer->setup, USB_SETUP_SIZE);
        libusb_fill_control_transfer(carrier->raw, device, carrier->control, on_end, carrier, 0);
    } else {
        libusb_fill_bulk_transfer(carrier->raw, device, transfer->endpoint, transfer->data,
                                  (int)transfer->size, on_end, carrier, 0);
    }
}

/* Requests that the kernel must know of, or it would go on with another configuration or data toggle. True: it was one. */
static bool concerns_kernel(struct kernel *kernel, struct usb_transfer *transfer)
{
    const uint8_t *setup = transfer->setup;
    int code;

    if (transfer->endpoint != 0)
        return false;
    if (setup[0] == 0 && setup[1] == LIBUSB_REQUEST_SET_CONFIGURATION)
        code = libusb_set_configuration(kernel->device, setup[2]);
    else if (setup[0] == HALT_RECIPIENT && setup[1] == LIBUSB_REQUEST_CLEAR_FEATURE)
        code = libusb_clear_halt(kernel->device, setup[4]);
    else
        return false;
    transfer->done = 0;
    end_with(transfer, outcome_of_code(code));
    return true;
}

static void kernel_submit(struct usb_host *host, struct usb_transfer *transfer)
{
    struct kernel *kernel = host->own;
    struct carrier *carrier;

    if (kernel->gone) {
        end_with(transfer, USB_GONE);
        return;
    }
    if (concerns_kernel(kernel, transfer))
        return;
    carrier = carrier_of(kernel, transfer);
    if (carrier == NULL) {
        end_with(transfer, USB_FAILED);
        return;
    }
    fill(carrier);
    transfer->state = USB_FLYING;
    int code = libusb_submit_transfer(carrier->raw);
    if (code == 0)
        kernel->flying += 1;
    else
        end_with(transfer, outcome_of_code(code));
}

static void kernel_cancel(struct usb_host *host, struct usb_transfer *transfer)
{
    struct carrier *carrier = transfer->own;

    (void)host;
    if (carrier != NULL && transfer->state == USB_FLYING)
        libusb_cancel_transfer(carrier->raw);
}

static enum usb_presence kernel_attend(struct usb_host *host, uint64_t now, struct failure *why)
{
    struct kernel *kernel = host->own;
    struct timeval none = {0, 0};

    (void)now;
    libusb_handle_events_timeout_completed(kernel->context, &none, NULL);
    if (!kernel->gone)
        return USB_PRESENT;
    vanished(kernel, why);
    return USB_ABSENT;
}

/* ---- claiming */

/* The driver of an interface by the kernel's own word, or "another". */
static void driver_of(const struct kernel *kernel, const struct usb_interface *interface, char out[64])
{
    char path[160], target[512];

    snprintf(path, sizeof path, "/sys/bus/usb/devices/%s:%u.%u/driver", kernel->port,
             interface->configuration, interface->number);
    ssize_t size = readlink(path, target, sizeof target - 1);
    target[size > 0 ? size : 0] = '\0';
    const char *name = strrchr(target, '/');
    snprintf(out, 64, "%.60s", name != NULL ? name + 1 : "another");
}

static bool is_taken(const struct kernel *kernel, const struct usb_interface *interface, struct failure *why)
{
    struct port_holder holder;
    char driver[64];

    if (libusb_kernel_driver_active(kernel->device, interface->number) == 1) {
        driver_of(kernel, interface, driver);
        return failure_set(why, FAIL_USB_DRIVER,
                           "%s: the kernel's driver %s. Free it with: echo %s:%u.%u | sudo tee "
                           "/sys/bus/usb/devices/%s:%u.%u/driver/unbind",
                           kernel->name, driver, kernel->port, interface->configuration, interface->number,
                           kernel->port, interface->configuration, interface->number);
    }
    if (!port_holder_find(kernel->node, &holder))
        return failure_set(why, FAIL_USB_BUSY, "%s: held by a process that this user can't see",
                           kernel->name);
    return failure_set(why, FAIL_USB_BUSY, "%s: held by %s, process %d", kernel->name,
                       holder.pid == getpid() ? "this program" : holder.program, (int)holder.pid);
}

static bool kernel_claim(struct usb_host *host, const struct usb_interface *interface, struct failure *why)
{
    struct kernel *kernel = host->own;
    int code = libusb_claim_interface(kernel->device, interface->number);

    switch (code) {
    case LIBUSB_SUCCESS:
        kernel->claimed = interface->number;
        return true;
    case LIBUSB_ERROR_BUSY:
        return is_taken(kernel, interface, why);
    case LIBUSB_ERROR_NO_DEVICE:
        return vanished(kernel, why);
    default:
        return failure_set(why, FAIL_USB_DESCRIPTORS, "%s: the kernel knows no interface %u of it: %s",
                           kernel->name, interface->number, libusb_strerror(code));
    }
}

/* ---- opening and closing */

static void part(struct kernel *kernel)
{
    struct timeval slice = {0, 50 * 1000};

    for (size_t i = 0; i < kernel->count; i++)
        libusb_cancel_transfer(kernel->transfers[i]); /* of one that flies no more: NOT_FOUND */
    for (int ms = 0; kernel->flying > 0 && ms < PARTING_MS; ms += 50)
        libusb_handle_events_timeout_completed(kernel->context, &slice, NULL);
    if (kernel->claimed >= 0)
        libusb_release_interface(kernel->device, kernel->claimed);
}

static void kernel_close(struct usb_host *host)
{
    struct kernel *kernel = host->own;

    if (kernel->device != NULL) {
        part(kernel);
        libusb_close(kernel->device);
    }
    /* What the kernel did not give back in time must not be freed under it. */
    for (size_t i = 0; kernel->flying == 0 && i < kernel->count; i++) {
        free(kernel->transfers[i]->user_data);
        libusb_free_transfer(kernel->transfers[i]);
    }
    if (kernel->context != NULL) {
        libusb_set_pollfd_notifiers(kernel->context, NULL, NULL, NULL);
        libusb_exit(kernel->context);
    }
    if (kernel->epoll >= 0)
        close(kernel->epoll);
    free(kernel);
}

static const struct usb_host_kind kernel_kind = {.attend = kernel_attend,
                                                 .submit = kernel_submit,
                                                 .cancel = kernel_cancel,
                                                 .claim = kernel_claim,
                                                 .close = kernel_close};

static void LIBUSB_CALL on_added(int file, short events, void *context)
{
    const struct kernel *kernel = context;
    struct epoll_event wanted = {.events =
                                     (events & POLLIN ? EPOLLIN : 0u) | (events & POLLOUT ? EPOLLOUT : 0u)};

    epoll_ctl(kernel->epoll, EPOLL_CTL_ADD, file, &wanted);
}

static void LIBUSB_CALL on_removed(int file, void *context)
{
    const struct kernel *kernel = context;

    epoll_ctl(kernel->epoll, EPOLL_CTL_DEL, file, NULL);
}

/* libusb waits for several descriptors, and more when a device is opened: one stands for all. */
static bool watch(struct kernel *kernel, struct failure *why)
{
    kernel->epoll = epoll_create1(EPOLL_CLOEXEC);
    const struct libusb_pollfd **files = libusb_get_pollfds(kernel->context);
    if (kernel->epoll < 0 || files == NULL)
        return failure_set(why, FAIL_USB_SYSTEM, "waiting for it: %s", strerror(errno));
    for (size_t i = 0; files[i] != NULL; i++)
        on_added(files[i]->fd, files[i]->events, kernel);
    libusb_free_pollfds(files);
    libusb_set_pollfd_notifiers(kernel->context, on_added, on_removed, kernel);
    return true;
}

static bool open_device(struct kernel *kernel, libusb_device *device, struct failure *why)
{
    snprintf(kernel->node, sizeof kernel->node, "/dev/bus/usb/%03u/%03u", libusb_get_bus_number(device),
             libusb_get_device_address(device));
    int code = libusb_open(device, &kernel->device);
    switch (code) {
    case LIBUSB_SUCCESS:
        return true;
    case LIBUSB_ERROR_ACCESS:
        return failure_set(why, FAIL_USB_PERMISSION, "%s: %s can't be written by this user", kernel->name,
                           kernel->node);
    case LIBUSB_ERROR_NO_DEVICE:
    case LIBUSB_ERROR_NOT_FOUND:
        return vanished(kernel, why);
    default:
        return failure_set(why, FAIL_USB_SYSTEM, "%s: %s", kernel->name, libusb_strerror(code));
    }
}

static bool several(const struct usb_places *places, const struct usb_wish *wish, struct failure *why)
{
    char all[256] = "";
    size_t at = 0;

    for (size_t i = 0; i < places->count && at < sizeof all - 1; i++)
        if (wish->serial[0] == '\0' || strcmp(places->list[i].serial, wish->serial) == 0)
            at += (size_t)snprintf(all + at, sizeof all - at, " usb:%s", places->list[i].port);
    return failure_set(why, FAIL_USB_SEVERAL, "it could be any of%s", all);
}

static bool none(const struct usb_places *places, const char *rest, struct failure *why)
{
    return failure_set(why, FAIL_NO_DEVICE,
                       "usb%s%.100s: %zu USB devices are plugged in, %zu of them with a service port",
                       rest[0] != '\0' ? ":" : "", rest, places->looked, places->count);
}

/* The address by which the very same device is found again after a reset. */
static void name_again(struct link *link, const struct usb_wish *wish, const struct usb_place *place)
{
    if (wish->serial[0] != '\0' && wish->port[0] == '\0')
        return;
    if (place->serial[0] != '\0')
        snprintf(link->again, sizeof link->again, "usb:%s,serial=%s", place->port, place->serial);
    else
        snprintf(link->again, sizeof link->again, "usb:%s", place->port);
}

static bool find_and_open(struct kernel *kernel, struct link *link, const char *rest, struct failure *why)
{
    struct usb_places places;
    struct usb_wish wish;
    libusb_device **list = NULL;
    size_t index = 0;
    bool opened = false;

    if (!usb_wish_read(rest, &wish, why))
        return false;
    int code = libusb_init(&kernel->context);
    if (code != 0) {
        kernel->context = NULL;
        return failure_set(why, FAIL_USB_SYSTEM, "%s", libusb_strerror(code));
    }
    if (!usb_look(kernel->context, &places, &list, why))
        return false;
    switch (usb_choose(&places, &wish, &index)) {
    case USB_NONE:
        none(&places, rest, why);
        break;
    case USB_SEVERAL:
        several(&places, &wish, why);
        break;
    case USB_ONE:
        memcpy(kernel->port, places.list[index].port, sizeof kernel->port);
        snprintf(kernel->name, sizeof kernel->name, "usb:%s", kernel->port);
        opened = watch(kernel, why) && open_device(kernel, places.devices[index], why);
        name_again(link, &wish, &places.list[index]);
        break;
    }
    libusb_free_device_list(list, 1);
    return opened;
}

static bool kernel_open(struct link *link, const char *rest, struct failure *why)
{
    struct kernel *kernel = calloc(1, sizeof *kernel);
    struct usb_host host = {&kernel_kind, -1, kernel};

    if (kernel == NULL)
        return failure_set(why, FAIL_MEMORY, "usb:%.100s", rest);
    kernel->epoll = kernel->claimed = -1;
    if (!find_and_open(kernel, link, rest, why)) {
        kernel_close(&host);
        return false;
    }
    host.descriptor = kernel->epoll;
    return usb_link_start(link, host, kernel->name, why);
}

static bool kernel_same(const char *rest, const char *other)
{
    return strcmp(rest, other) == 0;
}

const struct link_kind link_usb = {.scheme = "usb",
                                   .wire = LINK_PACKETS,
                                   .bare = true,
                                   .open = kernel_open,
                                   .settle = usb_settle,
                                   .read = usb_read,
                                   .write = usb_write,
                                   .close = usb_close,
                                   .same = kernel_same};
