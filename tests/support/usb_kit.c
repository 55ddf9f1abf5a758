/* Control requests to a machine, and DFU with the bench's agent behind it. */
#include "tests/support/usb_kit.h"

#include "tests/support/test.h"

#define DFU_TELL 0x21
#define DFU_ASK  0xA1
#define POLLS    10000

static enum dfu_taken take(void *context, uint64_t offset, struct span bytes, enum refusal *refusal,
                           struct push_answer *out)
{
    struct usb_kit *kit = context;

    if (kit->busy > 0) {
        kit->busy--;
        return TAKEN_LATER;
    }
    assert_non_null(kit->bench);
    *refusal = agent_push(&kit->bench->agent, offset, bytes, kit->bench->now, out);
    return TAKEN;
}

static enum push_state state_of(void *context)
{
    struct usb_kit *kit = context;

    return agent_push_state(&kit->bench->agent);
}

void usb_kit_start(struct usb_kit *kit, struct bench *bench)
{
    struct identity written = {.model = span_text("P200"), .serial = span_text("7F31")};
    struct dfu_taker taker = {kit, take, state_of};

    memset(kit, 0, sizeof *kit);
    kit->bench = bench;
    usb_identity_make(&kit->identity, USB_LAB_VENDOR_ID, USB_LAB_PRODUCT_ID, span_text("Acme"), &written);
    usb_device_start(&kit->device, &kit->identity, USB_HIGH, &taker,
                     buffer_over(kit->block, sizeof kit->block));
    assert_true(usb_kit_ask(kit, 0x00, REQUEST_SET_CONFIGURATION, USB_CONFIGURATION, 0, 0));
    for (size_t i = 0; i < USB_PIPES; i++)
        usb_device_restarted(&kit->device, (enum usb_pipe)i);
}

bool usb_kit_ask(struct usb_kit *kit, uint8_t type, uint8_t request, uint16_t value, uint16_t index,
                 uint16_t length)
{
    struct usb_setup setup = {type, request, value, index, length};
    struct buffer out = buffer_over(kit->answer, sizeof kit->answer);
    bool answered = usb_device_control(&kit->device, &setup, (struct span){0}, &out);

    kit->size = answered ? out.size : 0;
    assert_true(kit->size <= length);
    return answered;
}

bool usb_kit_tell(struct usb_kit *kit, uint8_t type, uint8_t request, uint16_t value, uint16_t index,
                  struct span data)
{
    struct usb_setup setup = {type, request, value, index, (uint16_t)data.size};
    struct buffer out = buffer_over(kit->answer, sizeof kit->answer);
    bool taken = usb_device_control(&kit->device, &setup, data, &out);

    assert_int_equal(out.size, 0);
    return taken;
}

struct usb_kit_status usb_kit_status(struct usb_kit *kit)
{
    assert_true(usb_kit_ask(kit, DFU_ASK, DFU_GETSTATUS, 0, USB_INTERFACE_DFU, DFU_STATUS_SIZE));
    assert_int_equal(kit->size, DFU_STATUS_SIZE);
    return (struct usb_kit_status){
        .status = (enum dfu_status)kit->answer[0],
        .state = (enum dfu_state)kit->answer[4],
        .poll_ms = kit->answer[1] | (uint32_t)kit->answer[2] << 8 | (uint32_t)kit->answer[3] << 16,
        .text = kit->answer[5],
    };
}

/* Asks until the device is done with what it does, waiting as long as it says. */
static struct usb_kit_status settled(struct usb_kit *kit)
{
    for (int polls = 0; polls < POLLS; polls++) {
        struct usb_kit_status status = usb_kit_status(kit);
        if (status.state != DFU_DNBUSY && status.state != DFU_MANIFEST && status.state != DFU_MANIFEST_SYNC)
            return status;
        if (kit->bench != NULL)
            bench_run(kit->bench, status.poll_ms);
    }
    fail_msg("the device is never done");
    return (struct usb_kit_status){0};
}

struct usb_kit_status usb_kit_download(struct usb_kit *kit, struct span file, size_t size)
{
    struct usb_kit_status status = {DFU_OK, DFU_IDLE, 0, 0};
    uint16_t turn = 0;

    if (usb_kit_status(kit).state == DFU_ERROR)
        assert_true(usb_kit_ask(kit, DFU_TELL, DFU_CLRSTATUS, 0, USB_INTERFACE_DFU, 0));
    for (size_t at = 0; at < file.size; at += size) {
        struct span block = span_first(span_from(file, at), size);
        if (!usb_kit_tell(kit, DFU_TELL, DFU_DNLOAD, turn++, USB_INTERFACE_DFU, block))
            return usb_kit_status(kit);
        status = settled(kit);
        if (status.state != DFU_DNLOAD_IDLE)
            return status;
    }
    if (!usb_kit_tell(kit, DFU_TELL, DFU_DNLOAD, turn, USB_INTERFACE_DFU, (struct span){0}))
        return usb_kit_status(kit);
    return settled(kit);
}
