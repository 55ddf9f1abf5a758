/* The gadget at endpoint 0: who is answered, who is refused, and what a bus that changes in each state leaves behind. */
#include "agent/ports/usb/descriptors.h"
#include "tests/support/gadget_kit.h"
#include "tests/support/test.h"

#include <linux/usb/functionfs.h>

#define TO_DFU   0x21
#define FROM_DFU 0xA1

static struct usb_setup setup_of(uint8_t type, uint8_t request, uint16_t value, uint16_t length)
{
    return (struct usb_setup){type, request, value, USB_INTERFACE_DFU, length};
}

static void tell(struct gadget_kit *kit, uint8_t request, uint16_t value, uint16_t length, struct span data)
{
    struct usb_setup setup = setup_of(TO_DFU, request, value, length);

    assert_true(gadget_kit_ask(kit, &setup, data));
    gadget_serve(&kit->gadget);
}

static enum dfu_state state_asked(struct gadget_kit *kit)
{
    struct usb_setup setup = setup_of(FROM_DFU, DFU_GETSTATUS, 0, DFU_STATUS_SIZE);
    uint8_t bytes[64];

    assert_true(gadget_kit_ask(kit, &setup, (struct span){0}));
    gadget_serve(&kit->gadget);
    assert_int_equal(gadget_kit_answer(kit, bytes, sizeof bytes), DFU_STATUS_SIZE);
    return (enum dfu_state)bytes[4];
}

static void is_refused(struct gadget_kit *kit)
{
    uint8_t bytes[64];

    /* the wrong direction: nothing written where something was to come, an empty write where something was to be read */
    assert_int_equal(gadget_kit_answer(kit, bytes, sizeof bytes), 0);
    assert_int_equal(gadget_kit_answer(kit, bytes, sizeof bytes), -1);
}

static void a_host_that_asks_without_end_keeps_nobody_waiting(void **state)
{
    struct usb_setup setup = setup_of(FROM_DFU, DFU_GETSTATUS, 0, DFU_STATUS_SIZE);
    struct gadget_kit kit;
    unsigned asked = 0, rounds = 0, answered = 0;
    uint8_t bytes[64];

    (void)state;
    gadget_kit_start(&kit);
    while (asked < 64 && gadget_kit_ask(&kit, &setup, (struct span){0}))
        asked++;
    assert_int_equal(asked, 64);
    while (answered < asked) {
        unsigned before = answered;
        gadget_serve(&kit.gadget);
        while (gadget_kit_answer(&kit, bytes, sizeof bytes) == DFU_STATUS_SIZE)
            answered++;
        assert_in_range(answered - before, 1, 16);
        rounds++;
    }
    assert_int_equal(rounds, 4);
    gadget_kit_end(&kit);
}

static void no_more_is_answered_than_was_asked_for(void **state)
{
    struct gadget_kit kit;
    uint8_t bytes[64];

    (void)state;
    gadget_kit_start(&kit);
    for (uint16_t length = 1; length < 10; length++) {
        struct usb_setup setup = setup_of(FROM_DFU, DFU_GETSTATUS, 0, length);
        assert_true(gadget_kit_ask(&kit, &setup, (struct span){0}));
        gadget_serve(&kit.gadget);
        assert_int_equal(gadget_kit_answer(&kit, bytes, sizeof bytes),
                         length < DFU_STATUS_SIZE ? length : DFU_STATUS_SIZE);
    }
    gadget_kit_end(&kit);
}

static void what_is_not_for_dfu_is_refused(void **state)
{
    static const struct usb_setup strange[] = {
        {0x40, 1, 0, 0, 0},                                 /* vendor, device */
        {0x41, 1, 0, USB_INTERFACE_SMP, 0},                 /* vendor, our other interface */
        {0x21, DFU_ABORT, 0, USB_INTERFACE_SMP, 0},         /* class, our other interface */
        {0x22, DFU_ABORT, 0, USB_INTERFACE_DFU, 0},         /* class, an endpoint */
        {0x21, DFU_DETACH, 1000, USB_INTERFACE_DFU, 0},     /* we are in DFU mode already */
        {0x21, 0x77, 0, USB_INTERFACE_DFU, 0},              /* no request of DFU */
        {0x21, DFU_DNLOAD, 0, USB_INTERFACE_DFU, 0xFFFF},   /* more than a transfer */
        {0x21, DFU_CLRSTATUS, 0, USB_INTERFACE_DFU, 0x100}, /* with data that it does not have */
    };
    struct gadget_kit kit;

    (void)state;
    for (size_t i = 0; i < sizeof strange / sizeof strange[0]; i++) {
        gadget_kit_start(&kit);
        assert_true(gadget_kit_ask(&kit, &strange[i], (struct span){0}));
        gadget_serve(&kit.gadget);
        is_refused(&kit);
        assert_int_equal(kit.offered, 0);
        gadget_kit_end(&kit);
    }
}

static void data_that_are_not_as_long_as_was_said_are_not_taken(void **state)
{
    static const uint8_t data[64] = {0};
    struct gadget_kit kit;

    (void)state;
    gadget_kit_start(&kit);
    tell(&kit, DFU_DNLOAD, 0, 64, span_of(data, 63));
    assert_int_equal(kit.offered, 0);
    assert_int_equal(state_asked(&kit), DFU_IDLE);
    tell(&kit, DFU_DNLOAD, 0, 64, span_of(data, 64));
    assert_int_equal(kit.offered, 1);
    assert_int_equal(state_asked(&kit), DFU_DNLOAD_IDLE);
    gadget_kit_end(&kit);
}

/* What brings a gadget into each state of DFU. */
static void brought_to(struct gadget_kit *kit, enum dfu_state state)
{
    static const uint8_t data[64] = {0};

    if (state == DFU_IDLE)
        return;
    if (state == DFU_ERROR) {
        tell(kit, DFU_DNLOAD, 0, 0, (struct span){0});
        uint8_t nothing[8];
        while (gadget_kit_answer(kit, nothing, sizeof nothing) >= 0)
            continue;
    } else {
        kit->later = state != DFU_DNLOAD_IDLE;
        tell(kit, DFU_DNLOAD, 0, 64, span_of(data, 64));
        if (state != DFU_DNLOAD_SYNC)
            assert_int_equal(state_asked(kit), state);
        kit->later = false;
    }
    assert_int_equal(kit->gadget.dfu.state, state);
}

static void a_reset_or_an_unbinding_in_each_state_leaves_an_idle_device(void **state)
{
    static const enum dfu_state states[] = {DFU_IDLE, DFU_DNLOAD_SYNC, DFU_DNBUSY, DFU_DNLOAD_IDLE,
                                            DFU_ERROR};
    static const uint8_t changes[][4] = {
        {FUNCTIONFS_DISABLE, FUNCTIONFS_ENABLE},                     /* a bus reset */
        {FUNCTIONFS_SUSPEND, FUNCTIONFS_DISABLE, FUNCTIONFS_UNBIND}, /* unbound */
        {FUNCTIONFS_ENABLE},                                         /* configured twice */
        {FUNCTIONFS_UNBIND},
    };
    struct gadget_kit kit;
    uint8_t bytes[64];

    (void)state;
    for (size_t s = 0; s < sizeof states / sizeof states[0]; s++)
        for (size_t c = 0; c < sizeof changes / sizeof changes[0]; c++) {
            gadget_kit_start(&kit);
            brought_to(&kit, states[s]);
            for (size_t i = 0; i < 4 && (i == 0 || changes[c][i] != 0); i++)
                assert_true(gadget_kit_event(&kit, changes[c][i], NULL));
            gadget_serve(&kit.gadget);
            assert_true(kit.gadget.newly);
            if (!kit.gadget.enabled) {
                assert_int_equal(gadget_read(&kit.gadget, bytes, sizeof bytes), 0);
                assert_int_equal(gadget_write(&kit.gadget, bytes, sizeof bytes), 0);
                assert_true(gadget_quiet(&kit.gadget));
            }
            assert_int_equal(state_asked(&kit), DFU_IDLE);
            gadget_kit_end(&kit);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_host_that_asks_without_end_keeps_nobody_waiting),
        cmocka_unit_test(no_more_is_answered_than_was_asked_for),
        cmocka_unit_test(what_is_not_for_dfu_is_refused),
        cmocka_unit_test(data_that_are_not_as_long_as_was_said_are_not_taken),
        cmocka_unit_test(a_reset_or_an_unbinding_in_each_state_leaves_an_idle_device),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
