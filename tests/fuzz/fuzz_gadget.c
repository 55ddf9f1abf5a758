/* The USB surface of suture-agent on Linux: endpoint 0 as FunctionFS hands it over. Events of the bus in any order, requests of
 * any kind with data of another length than wLength or none at all, empty packets, blocks that the agent puts off. Whatever
 * comes, nothing of it makes one round last for ever, no answer is longer than was asked for, and afterwards DFU is idle for a
 * host that means well. */
#include "agent/ports/usb/descriptors.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/gadget_kit.h"

#include <linux/usb/functionfs.h>
#include <string.h>
#include <sys/socket.h>

#define ROUNDS_MAX 4096

static struct span take(struct span *input, size_t size)
{
    struct span piece = span_first(*input, size);

    *input = span_from(*input, piece.size);
    return piece;
}

/* Mostly requests that DFU knows, at its interface. */
static struct usb_setup setup_next(struct span *input, uint8_t choice)
{
    static const uint8_t types[] = {0x21, 0xA1, 0x21, 0xA1, 0x41, 0xC1, 0x00, 0x80};
    uint8_t bytes[5] = {0};
    struct span head = take(input, sizeof bytes);

    memcpy(bytes, head.data, head.size);
    return (struct usb_setup){
        .type = (choice & 0x40) != 0 ? bytes[0] : types[bytes[0] % sizeof types],
        .request = (choice & 0x20) != 0 ? bytes[1] : bytes[1] % 7,
        .value = bytes[2],
        .index = (choice & 0x18) != 0x18 ? USB_INTERFACE_DFU : bytes[3],
        .length = (uint16_t)(bytes[3] << (bytes[4] % 9)),
    };
}

/* Answers to the last request: none is longer than it allowed. */
static void answers_lose(struct gadget_kit *kit)
{
    uint8_t bytes[4096];
    ssize_t size;

    while ((size = gadget_kit_answer(kit, bytes, sizeof bytes)) >= 0)
        fuzz_must(size <= DFU_STATUS_SIZE, "no request has a longer answer");
}

static void pipes_used(struct gadget_kit *kit)
{
    uint8_t bytes[600] = {0};
    size_t got = gadget_read(&kit->gadget, bytes, sizeof bytes);

    fuzz_must(got == 0, "nothing comes out of pipes that carry nothing");
    fuzz_must(gadget_write(&kit->gadget, bytes, sizeof bytes) == 0, "nothing goes into them");
    fuzz_must(gadget_quiet(&kit->gadget), "and nothing waits in them");
}

static void serve_all(struct gadget_kit *kit)
{
    gadget_serve(&kit->gadget);
    answers_lose(kit);
    usb_dfu_work(&kit->gadget.dfu);
}

/* What was left behind on ep0 goes by: a round takes something, or there is nothing. */
static void rest_goes_by(struct gadget_kit *kit)
{
    uint8_t byte;

    for (unsigned round = 0; recv(kit->gadget.ep0, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0; round++) {
        fuzz_must(round < ROUNDS_MAX, "each round takes something");
        serve_all(kit);
    }
}

/* Then the bus is reset, and the state asked for. */
static void must_be_idle(struct gadget_kit *kit)
{
    const struct usb_setup ask = {0xA1, DFU_GETSTATUS, 0, USB_INTERFACE_DFU, DFU_STATUS_SIZE};
    uint8_t bytes[64] = {0};

    kit->later = false;
    rest_goes_by(kit);
    fuzz_must(gadget_kit_event(kit, FUNCTIONFS_DISABLE, NULL) &&
                  gadget_kit_event(kit, FUNCTIONFS_ENABLE, NULL) &&
                  gadget_kit_ask(kit, &ask, (struct span){0}),
              "room for three events");
    gadget_serve(&kit->gadget);
    fuzz_must(gadget_kit_answer(kit, bytes, sizeof bytes) == DFU_STATUS_SIZE && bytes[0] == DFU_OK &&
                  bytes[4] == DFU_IDLE,
              "after a reset of the bus the device is idle");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span input = span_of(data, size);
    struct gadget_kit kit;

    gadget_kit_start(&kit);
    while (input.size > 0) {
        uint8_t choice = take(&input, 1).data[0];
        kit.later = (choice & 0x80) != 0;
        if (choice % 8 == 7) {
            struct span piece = take(&input, 1);
            (void)gadget_kit_event(&kit, piece.size > 0 ? piece.data[0] % 8 : 0, NULL);
        } else {
            struct usb_setup setup = setup_next(&input, choice);
            size_t sent = choice % 8 < 5 ? setup.length : setup.length / 2;
            (void)gadget_kit_ask(&kit, &setup, setup.type & SETUP_IN ? (struct span){0} : take(&input, sent));
        }
        if (choice % 8 != 6)
            serve_all(&kit);
        pipes_used(&kit);
    }
    must_be_idle(&kit);
    gadget_kit_end(&kit);
    return 0;
}
