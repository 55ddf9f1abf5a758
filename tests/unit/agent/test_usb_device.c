/* Endpoint 0 as a host asks it, rightly and wrongly. */
#include "tests/support/test.h"
#include "tests/support/usb_kit.h"

#define OUT_DEVICE    0x00
#define OUT_INTERFACE 0x01
#define OUT_ENDPOINT  0x02
#define IN_DEVICE     0x80
#define IN_INTERFACE  0x81
#define IN_ENDPOINT   0x82
#define CLASS_OUT     0x21
#define CLASS_IN      0xA1

static void a_descriptor_is_cut_to_what_was_asked_for(void **state)
{
    (void)state;
    struct usb_kit kit;

    usb_kit_start(&kit, NULL);
    assert_true(usb_kit_ask(&kit, IN_DEVICE, REQUEST_GET_DESCRIPTOR, DESCRIPTOR_CONFIGURATION << 8, 0, 9));
    assert_int_equal(kit.size, 9);
    uint16_t total = get_le16(kit.answer + 2);
    assert_true(
        usb_kit_ask(&kit, IN_DEVICE, REQUEST_GET_DESCRIPTOR, DESCRIPTOR_CONFIGURATION << 8, 0, 0xFFFF));
    assert_int_equal(kit.size, total);
    assert_true(usb_kit_ask(&kit, IN_DEVICE, REQUEST_GET_DESCRIPTOR, DESCRIPTOR_DEVICE << 8, 0, 0));
    assert_int_equal(kit.size, 0);
    assert_false(usb_kit_ask(&kit, IN_DEVICE, REQUEST_GET_DESCRIPTOR, 0x4200, 0, 255));
}

static void only_the_configuration_that_there_is_can_be_set(void **state)
{
    (void)state;
    struct usb_kit kit;

    usb_kit_start(&kit, NULL);
    assert_false(usb_kit_ask(&kit, OUT_DEVICE, REQUEST_SET_CONFIGURATION, 2, 0, 0));
    assert_false(usb_kit_ask(&kit, OUT_DEVICE, REQUEST_SET_CONFIGURATION, 0x101, 0, 0));
    assert_true(usb_kit_ask(&kit, IN_DEVICE, REQUEST_GET_CONFIGURATION, 0, 0, 1));
    assert_int_equal(kit.answer[0], 1);
    assert_true(usb_kit_ask(&kit, OUT_DEVICE, REQUEST_SET_CONFIGURATION, 0, 0, 0));
    assert_true(usb_kit_ask(&kit, IN_DEVICE, REQUEST_GET_CONFIGURATION, 0, 0, 1));
    assert_int_equal(kit.answer[0], 0);
}

static void a_device_that_is_not_configured_has_no_pipes_and_no_classes(void **state)
{
    (void)state;
    struct usb_kit kit;
    enum usb_pipe pipe;

    usb_kit_start(&kit, NULL);
    assert_true(usb_device_pipe(&kit.device, USB_ENDPOINT_SMP_IN, &pipe));
    assert_true(usb_kit_ask(&kit, OUT_DEVICE, REQUEST_SET_CONFIGURATION, 0, 0, 0));
    assert_false(usb_device_pipe(&kit.device, USB_ENDPOINT_SMP_IN, &pipe));
    assert_false(usb_kit_ask(&kit, CLASS_IN, DFU_GETSTATUS, 0, USB_INTERFACE_DFU, 6));
    assert_false(usb_kit_ask(&kit, IN_INTERFACE, REQUEST_GET_STATUS, 0, 0, 2));
    assert_false(usb_kit_ask(&kit, IN_ENDPOINT, REQUEST_GET_STATUS, 0, 0x81, 2));
    assert_true(usb_kit_ask(&kit, IN_ENDPOINT, REQUEST_GET_STATUS, 0, 0x00, 2));
}

static void each_pipe_is_found_by_its_endpoints_and_by_no_other(void **state)
{
    (void)state;
    struct usb_kit kit;
    enum usb_pipe pipe;
    unsigned found[USB_PIPES] = {0};

    usb_kit_start(&kit, NULL);
    for (unsigned endpoint = 0; endpoint < 256; endpoint++)
        if (usb_device_pipe(&kit.device, (uint8_t)endpoint, &pipe))
            found[pipe]++;
    assert_int_equal(found[USB_PIPE_SMP], 2);
    assert_int_equal(found[USB_PIPE_CONSOLE], 2);
}

static void a_halted_endpoint_says_so_until_it_is_cleared(void **state)
{
    (void)state;
    struct usb_kit kit;

    usb_kit_start(&kit, NULL);
    assert_true(usb_kit_ask(&kit, OUT_ENDPOINT, REQUEST_SET_FEATURE, 0, USB_ENDPOINT_SMP_IN, 0));
    assert_true(usb_device_halted(&kit.device, USB_ENDPOINT_SMP_IN));
    assert_false(usb_device_halted(&kit.device, USB_ENDPOINT_SMP_OUT));
    assert_true(usb_kit_ask(&kit, IN_ENDPOINT, REQUEST_GET_STATUS, 0, USB_ENDPOINT_SMP_IN, 2));
    assert_int_equal(kit.answer[0], 1);
    assert_true(usb_kit_ask(&kit, OUT_ENDPOINT, REQUEST_CLEAR_FEATURE, 0, USB_ENDPOINT_SMP_IN, 0));
    assert_false(usb_device_halted(&kit.device, USB_ENDPOINT_SMP_IN));
    assert_true(usb_device_restarted(&kit.device, USB_PIPE_SMP));
    assert_false(usb_device_restarted(&kit.device, USB_PIPE_SMP));
    assert_false(usb_device_restarted(&kit.device, USB_PIPE_CONSOLE));
    assert_false(usb_kit_ask(&kit, OUT_ENDPOINT, REQUEST_SET_FEATURE, 0, 0x85, 0));
    assert_false(usb_kit_ask(&kit, OUT_ENDPOINT, REQUEST_SET_FEATURE, 1, 0x81, 0));
    assert_false(usb_kit_ask(&kit, OUT_ENDPOINT, REQUEST_SET_FEATURE, 0, 0x181, 0));
}

static void a_reset_and_a_configuration_restart_everything(void **state)
{
    (void)state;
    struct usb_kit kit;

    usb_kit_start(&kit, NULL);
    assert_true(usb_kit_ask(&kit, OUT_ENDPOINT, REQUEST_SET_FEATURE, 0, USB_ENDPOINT_CONSOLE_OUT, 0));
    usb_device_reset(&kit.device);
    assert_int_equal(kit.device.configuration, 0);
    assert_true(usb_device_restarted(&kit.device, USB_PIPE_SMP));
    assert_true(usb_device_restarted(&kit.device, USB_PIPE_CONSOLE));
    assert_true(usb_device_configure(&kit.device, 1));
    assert_false(usb_device_halted(&kit.device, USB_ENDPOINT_CONSOLE_OUT));
    assert_true(usb_device_restarted(&kit.device, USB_PIPE_CONSOLE));
}

static void interfaces_have_one_setting(void **state)
{
    (void)state;
    struct usb_kit kit;

    usb_kit_start(&kit, NULL);
    for (uint16_t number = 0; number < USB_INTERFACES; number++) {
        assert_true(usb_kit_ask(&kit, IN_INTERFACE, REQUEST_GET_INTERFACE, 0, number, 1));
        assert_int_equal(kit.answer[0], 0);
        assert_true(usb_kit_ask(&kit, OUT_INTERFACE, REQUEST_SET_INTERFACE, 0, number, 0));
        assert_false(usb_kit_ask(&kit, OUT_INTERFACE, REQUEST_SET_INTERFACE, 1, number, 0));
    }
    assert_false(usb_kit_ask(&kit, OUT_INTERFACE, REQUEST_SET_INTERFACE, 0, USB_INTERFACES, 0));
    assert_true(usb_device_restarted(&kit.device, USB_PIPE_SMP));
    assert_true(usb_device_restarted(&kit.device, USB_PIPE_CONSOLE));
}

static void the_console_keeps_a_line_coding_and_takes_no_other_length(void **state)
{
    (void)state;
    static const uint8_t coding[8] = {0x80, 0x25, 0, 0, 2, 1, 7, 0};
    struct usb_kit kit;

    usb_kit_start(&kit, NULL);
    assert_true(usb_kit_ask(&kit, CLASS_IN, 0x21, 0, USB_INTERFACE_CONSOLE, 7));
    assert_int_equal(get_le32(kit.answer), 115200);
    assert_true(usb_kit_tell(&kit, CLASS_OUT, 0x20, 0, USB_INTERFACE_CONSOLE, span_of(coding, 7)));
    assert_false(usb_kit_tell(&kit, CLASS_OUT, 0x20, 0, USB_INTERFACE_CONSOLE, span_of(coding, 6)));
    assert_false(usb_kit_tell(&kit, CLASS_OUT, 0x20, 0, USB_INTERFACE_CONSOLE, span_of(coding, 8)));
    assert_false(usb_kit_tell(&kit, CLASS_OUT, 0x20, 0, USB_INTERFACE_SMP, span_of(coding, 7)));
    assert_true(usb_kit_ask(&kit, CLASS_IN, 0x21, 0, USB_INTERFACE_CONSOLE, 64));
    assert_int_equal(kit.size, 7);
    assert_memory_equal(kit.answer, coding, 7);
}

static void a_program_that_opens_or_leaves_the_console_finds_no_half_frame(void **state)
{
    (void)state;
    struct usb_kit kit;

    usb_kit_start(&kit, NULL);
    assert_true(usb_kit_ask(&kit, CLASS_OUT, 0x22, 3, USB_INTERFACE_CONSOLE, 0));
    assert_true(usb_device_restarted(&kit.device, USB_PIPE_CONSOLE));
    assert_true(usb_kit_ask(&kit, CLASS_OUT, 0x22, 1, USB_INTERFACE_CONSOLE, 0));
    assert_false(usb_device_restarted(&kit.device, USB_PIPE_CONSOLE));
    assert_true(usb_kit_ask(&kit, CLASS_OUT, 0x22, 0, USB_INTERFACE_CONSOLE, 0));
    assert_true(usb_device_restarted(&kit.device, USB_PIPE_CONSOLE));
    assert_false(usb_kit_ask(&kit, CLASS_OUT, 0x23, 100, USB_INTERFACE_CONSOLE, 0));
}

static void requests_that_nobody_knows_stall(void **state)
{
    (void)state;
    static const uint8_t known[][2] = {{0x00, 5}, {0x00, 9}, {0x80, 0}, {0x80, 8}};
    struct usb_kit kit;

    usb_kit_start(&kit, NULL);
    for (unsigned request = 0; request < 256; request++) {
        bool is_known[2] = {false, false};
        for (size_t i = 0; i < 4; i++)
            is_known[known[i][0] != 0] |= known[i][1] == request;
        assert_int_equal(usb_kit_ask(&kit, OUT_DEVICE, (uint8_t)request, 0, 0, 0), is_known[0]);
        if (request == REQUEST_SET_CONFIGURATION)
            assert_true(usb_device_configure(&kit.device, 1));
        assert_int_equal(usb_kit_ask(&kit, IN_DEVICE, (uint8_t)request, 0, 0, 64), is_known[1]);
        assert_false(usb_kit_ask(&kit, 0x60, (uint8_t)request, 0, 0, 0));
        assert_false(usb_kit_ask(&kit, 0x83, (uint8_t)request, 0, 0, 64));
        assert_false(usb_kit_ask(&kit, CLASS_IN, (uint8_t)request, 0, USB_INTERFACE_SMP, 64));
        assert_false(usb_kit_ask(&kit, 0x20, (uint8_t)request, 0, 0, 0));
    }
}

static void data_that_lie_about_their_length_stall(void **state)
{
    (void)state;
    struct usb_kit kit;
    struct usb_setup setup = {CLASS_OUT, DFU_DNLOAD, 0, USB_INTERFACE_DFU, 4096};
    struct buffer out = buffer_over(kit.answer, sizeof kit.answer);

    usb_kit_start(&kit, NULL);
    assert_false(usb_device_control(&kit.device, &setup, span_of(kit.answer, 10), &out));
    setup = (struct usb_setup){CLASS_OUT, 0x20, 0, USB_INTERFACE_CONSOLE, 7};
    assert_false(usb_device_control(&kit.device, &setup, (struct span){0}, &out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_descriptor_is_cut_to_what_was_asked_for),
        cmocka_unit_test(only_the_configuration_that_there_is_can_be_set),
        cmocka_unit_test(a_device_that_is_not_configured_has_no_pipes_and_no_classes),
        cmocka_unit_test(each_pipe_is_found_by_its_endpoints_and_by_no_other),
        cmocka_unit_test(a_halted_endpoint_says_so_until_it_is_cleared),
        cmocka_unit_test(a_reset_and_a_configuration_restart_everything),
        cmocka_unit_test(interfaces_have_one_setting),
        cmocka_unit_test(the_console_keeps_a_line_coding_and_takes_no_other_length),
        cmocka_unit_test(a_program_that_opens_or_leaves_the_console_finds_no_half_frame),
        cmocka_unit_test(requests_that_nobody_knows_stall),
        cmocka_unit_test(data_that_lie_about_their_length_stall),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
