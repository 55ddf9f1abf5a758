/* A bare loop of libusb: what the wire below our link can move at the most.
 *
 *   bare_bulk MILLISECONDS
 *
 * Writes to the bulk OUT endpoint of the SMP interface (agent/protocol/usb.h), 4 to 64 KiB a transfer, 1 to 8 in flight,
 * each for so long. Prints "FIGURE bare_KIB_DEPTH MB/s" for each, and "FIGURE bare_best MB/s". */
#include "agent/protocol/usb.h"

#include <libusb.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define DEPTH_MAX       8
#define ARRIVAL_SECONDS 10
#define BARE_SIZE       65536

struct loop {
    libusb_context *context;
    libusb_device_handle *device;
    uint8_t endpoint;
    uint8_t data[DEPTH_MAX][BARE_SIZE];
    double until; /* seconds */
    uint64_t moved;
    unsigned flying;
    int failed;
};

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* The OUT endpoint of our interface and that interface's number; 0: not this device. */
static uint8_t endpoint_find(libusb_device *device, int *number)
{
    struct libusb_config_descriptor *configuration;
    uint8_t found = 0;

    if (libusb_get_active_config_descriptor(device, &configuration))
        return 0;
    for (int i = 0; i < configuration->bNumInterfaces; i++) {
        const struct libusb_interface_descriptor *one = configuration->interface[i].altsetting;
        if (one->bInterfaceClass != USB_SMP_CLASS || one->bInterfaceSubClass != USB_SMP_SUBCLASS)
            continue;
        *number = one->bInterfaceNumber;
        for (int e = 0; e < one->bNumEndpoints; e++)
            if (!(one->endpoint[e].bEndpointAddress & LIBUSB_ENDPOINT_IN))
                found = one->endpoint[e].bEndpointAddress;
    }
    libusb_free_config_descriptor(configuration);
    return found;
}

/* With a context of its own: without udevd one that lives on never sees what is plugged in later. */
static int device_open(struct loop *loop)
{
    libusb_device **list;
    int number = 0;

    if (loop->context)
        libusb_exit(loop->context);
    if (libusb_init(&loop->context) != 0)
        return 0;
    ssize_t count = libusb_get_device_list(loop->context, &list);

    for (ssize_t i = 0; i < count && !loop->device; i++) {
        loop->endpoint = endpoint_find(list[i], &number);
        if (loop->endpoint && libusb_open(list[i], &loop->device))
            loop->device = NULL;
    }
    libusb_free_device_list(list, 1);
    return loop->device && libusb_claim_interface(loop->device, number) == 0;
}

static void LIBUSB_CALL ended(struct libusb_transfer *transfer)
{
    struct loop *loop = transfer->user_data;

    loop->flying--;
    if (transfer->status != LIBUSB_TRANSFER_COMPLETED) {
        loop->failed = 1;
        return;
    }
    loop->moved += (uint64_t)transfer->actual_length;
    if (now() < loop->until && libusb_submit_transfer(transfer) == 0)
        loop->flying++;
}

/* MB/s */
static double rate(struct loop *loop, int size, unsigned depth, double seconds)
{
    struct libusb_transfer *transfers[DEPTH_MAX];
    double start = now();

    loop->moved = 0;
    loop->until = start + seconds;
    for (unsigned i = 0; i < depth; i++) {
        transfers[i] = libusb_alloc_transfer(0);
        libusb_fill_bulk_transfer(transfers[i], loop->device, loop->endpoint, loop->data[i], size, ended,
                                  loop, 5000);
        loop->flying += libusb_submit_transfer(transfers[i]) == 0;
    }
    while (loop->flying > 0)
        libusb_handle_events(loop->context);
    for (unsigned i = 0; i < depth; i++)
        libusb_free_transfer(transfers[i]);
    return (double)loop->moved / 1e6 / (now() - start);
}

int main(int argc, char **argv)
{
    static struct loop loop;
    static const int kib[] = {4, 16, 32, 64};
    double best = 0, seconds = argc == 2 ? (double)strtoul(argv[1], NULL, 10) / 1e3 : 0;
    double patience = now() + ARRIVAL_SECONDS;

    if (seconds <= 0)
        return 64;
    while (!device_open(&loop)) {
        if (now() > patience) {
            fputs("bare_bulk: no device with our interface that could be claimed\n", stderr);
            return 69;
        }
        usleep(50000);
    }
    for (size_t k = 0; k < sizeof kib / sizeof *kib; k++)
        for (unsigned depth = 1; depth <= DEPTH_MAX; depth *= 2) {
            double here = rate(&loop, kib[k] << 10, depth, seconds);
            printf("FIGURE bare_%d_%u %.2f\n", kib[k], depth, here);
            best = here > best ? here : best;
        }
    printf("FIGURE bare_best %.2f\n", best);
    return loop.failed ? 74 : 0;
}
