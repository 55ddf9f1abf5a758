/* The other half of bare_bulk: a FunctionFS gadget with our interfaces that throws away what comes, and nothing else, so that
 * a loop through it is the most that this controller and kernel can move.
 *
 *   bare_gadget FOLDER KIB DEPTH
 *
 * FOLDER: a mounted functionfs. DEPTH reads of KIB each always wait in the kernel. Prints "ready" once the gadget may be
 * bound; goes on until it is killed. */
#include "agent/ports/usb/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/usb/functionfs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DEPTH_MAX 32

static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "bare_gadget: %s: %s\n", what, strerror(errno));
    exit(70);
}

static int endpoint_open(const char *folder, const char *name)
{
    char path[256];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    int file = open(path, O_RDWR | O_CLOEXEC);
    if (file < 0)
        give_up(path);
    return file;
}

static void number_put(struct buffer *out, uint32_t number)
{
    for (unsigned i = 0; i < 4; i++)
        out->data[out->size++] = (uint8_t)(number >> 8 * i);
}

/* linux/usb/functionfs.h: a head with magic, length and flags, a count for each speed, then the descriptors. */
static void descriptors_hand_over(int control)
{
    uint8_t memory[512], pieces_memory[256], strings_memory[128];
    struct buffer out = buffer_over(memory, sizeof memory);
    struct buffer pieces = buffer_over(pieces_memory, sizeof pieces_memory);
    struct buffer strings = buffer_over(strings_memory, sizeof strings_memory);
    uint32_t full, high;

    if (!usb_function_descriptors(USB_FULL, USB_DFU_WITHOUT_FUNCTIONAL, &pieces, &full) ||
        !usb_function_descriptors(USB_HIGH, USB_DFU_WITHOUT_FUNCTIONAL, &pieces, &high) ||
        !usb_function_strings(&strings))
        give_up("descriptors");
    number_put(&out, FUNCTIONFS_DESCRIPTORS_MAGIC_V2);
    number_put(&out, (uint32_t)(20 + pieces.size));
    number_put(&out, FUNCTIONFS_HAS_FS_DESC | FUNCTIONFS_HAS_HS_DESC);
    number_put(&out, full);
    number_put(&out, high);
    memcpy(out.data + out.size, pieces.data, pieces.size);
    if (write(control, out.data, out.size + pieces.size) < 0)
        give_up("descriptors");

    out.size = 0;
    number_put(&out, FUNCTIONFS_STRINGS_MAGIC);
    number_put(&out, (uint32_t)(16 + strings.size));
    number_put(&out, USB_FUNCTION_STRINGS);
    number_put(&out, 1);
    memcpy(out.data + out.size, strings.data, strings.size);
    if (write(control, out.data, out.size + strings.size) < 0)
        give_up("strings");
}

static void read_submit(aio_context_t context, struct iocb *block)
{
    /* a gadget that is not configured refuses, or waits */
    while (syscall(SYS_io_submit, context, 1, &block) != 1)
        usleep(10000);
}

static _Noreturn void sink(int endpoint, size_t size, unsigned depth)
{
    struct iocb blocks[DEPTH_MAX];
    struct io_event events[DEPTH_MAX];
    aio_context_t context = 0;

    if (syscall(SYS_io_setup, DEPTH_MAX, &context) != 0)
        give_up("io_setup");
    for (unsigned i = 0; i < depth; i++) {
        void *memory = malloc(size);
        if (!memory)
            give_up("memory");
        blocks[i] = (struct iocb){.aio_lio_opcode = IOCB_CMD_PREAD,
                                  .aio_fildes = (uint32_t)endpoint,
                                  .aio_buf = (uintptr_t)memory,
                                  .aio_nbytes = size,
                                  .aio_data = i};
        read_submit(context, &blocks[i]);
    }
    for (;;) {
        long count = syscall(SYS_io_getevents, context, 1, DEPTH_MAX, events, NULL);
        for (long i = 0; i < count; i++)
            read_submit(context, &blocks[events[i].data]);
    }
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 64;
    unsigned depth = (unsigned)strtoul(argv[3], NULL, 10);
    int control = endpoint_open(argv[1], "ep0");
    descriptors_hand_over(control);
    int endpoint = endpoint_open(argv[1], "ep1");
    puts("ready");
    fflush(stdout);
    sink(endpoint, strtoul(argv[2], NULL, 10) << 10, depth < DEPTH_MAX ? depth : DEPTH_MAX);
}
