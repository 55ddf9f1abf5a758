/* A host at endpoint 0 of a device whose agent is the bench's: requests as a program makes them, DFU as dfu-util does it. */
#ifndef SUTURE_TESTS_SUPPORT_USB_KIT_H
#define SUTURE_TESTS_SUPPORT_USB_KIT_H

#include "agent/ports/usb/os_descriptors.h"
#include "agent/ports/usb/usb_device.h"
#include "tests/support/bench_device.h"

struct usb_kit {
    struct usb_identity identity;
    struct usb_device device;
    struct bench *bench; /* borrowed; NULL: nobody takes push files */
    unsigned busy;       /* so many times the taker says later */
    uint8_t block[USB_DFU_TRANSFER];
    uint8_t answer[USB_OS_SIZE];
    size_t size; /* of the answer */
};

/* Plugged in and configured. */
void usb_kit_start(struct usb_kit *kit, struct bench *bench);
/* One request without data to the device; false: stall. The answer is in kit->answer. */
bool usb_kit_ask(struct usb_kit *kit, uint8_t type, uint8_t request, uint16_t value, uint16_t index,
                 uint16_t length);
/* One request with data to the device. */
bool usb_kit_tell(struct usb_kit *kit, uint8_t type, uint8_t request, uint16_t value, uint16_t index,
                  struct span data);

struct usb_kit_status {
    enum dfu_status status;
    enum dfu_state state;
    uint32_t poll_ms;
    uint8_t text;
};
/* GETSTATUS. */
struct usb_kit_status usb_kit_status(struct usb_kit *kit);
/* Downloads as dfu-util does: clears an old error, blocks of `size`, waiting as told, then nothing, then manifestation; returns the last status. */
struct usb_kit_status usb_kit_download(struct usb_kit *kit, struct span file, size_t size);

#endif
