/* What the loader says when the kernel's USB says no: libusb played by this file, one device behind it, or none, or two. */
#include "loader/link/link.h"

#include "agent/protocol/usb.h"
#include "tests/support/test.h"

#include <libusb.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- the bus, as each story wants it */

static struct bus {
    int devices, init_code, list_code, open_code, claim_code;
    int driver;   /* a kernel driver holds the interface */
    bool foreign; /* no service port on the device */
    bool gone;    /* it was unplugged: whatever flies ends so */
    int claims, releases, opened, closed;
    struct libusb_transfer *flying[32];
    size_t count;
} bus;

static const uint8_t device_bytes[] = {0x12, 1, 0x00, 2, 0xef, 2, 1, 64, 9, 0x12, 1, 0, 0, 1, 1, 2, 3, 1};
static const uint8_t layout_bytes[] = {
    9, 2, 32,   0, 1, 1, 0, 0x80, 50, 9, 4, 0, 0, 2, USB_SMP_CLASS, USB_SMP_SUBCLASS, USB_SMP_PROTOCOL, 0,
    7, 5, 0x81, 2, 0, 2, 0, 7,    5,  1, 2, 0, 2, 0};

int libusb_init(libusb_context **context)
{
    static int one;

    *context = (libusb_context *)&one;
    return bus.init_code;
}

void libusb_exit(libusb_context *context)
{
    (void)context;
}

const char *libusb_strerror(int code)
{
    return code == LIBUSB_ERROR_NO_MEM ? "no memory" : "something else";
}

/* Devices are numbers: never looked into by the loader. */
static char tokens[4];

ssize_t libusb_get_device_list(libusb_context *context, libusb_device ***list)
{
    (void)context;
    *list = calloc((size_t)bus.devices + 1, sizeof **list);
    for (int i = 0; i < bus.devices; i++)
        (*list)[i] = (libusb_device *)&tokens[i];
    if (bus.list_code < 0)
        free(*list);
    return bus.list_code < 0 ? bus.list_code : bus.devices;
}

void libusb_free_device_list(libusb_device **list, int unref)
{
    (void)unref;
    free(list);
}

uint8_t libusb_get_bus_number(libusb_device *device)
{
    (void)device;
    return 3;
}

uint8_t libusb_get_device_address(libusb_device *device)
{
    return (uint8_t)(7 + ((char *)device - tokens));
}

int libusb_get_port_numbers(libusb_device *device, uint8_t *numbers, int size)
{
    (void)size;
    numbers[0] = (uint8_t)(1 + ((char *)device - tokens));
    return 1;
}

int libusb_get_device_descriptor(libusb_device *device, struct libusb_device_descriptor *out)
{
    (void)device;
    *out = (struct libusb_device_descriptor){.bNumConfigurations = 1};
    return 0;
}

int libusb_get_config_descriptor(libusb_device *device, uint8_t index, struct libusb_config_descriptor **out)
{
    static struct libusb_interface_descriptor setting;
    static const struct libusb_interface interface = {&setting, 1};
    static struct libusb_config_descriptor layout = {.bNumInterfaces = 1, .interface = &interface};

    (void)device, (void)index;
    setting = (struct libusb_interface_descriptor){.bInterfaceClass = bus.foreign ? 8 : USB_SMP_CLASS,
                                                   .bInterfaceSubClass = USB_SMP_SUBCLASS,
                                                   .bInterfaceProtocol = USB_SMP_PROTOCOL};
    *out = &layout;
    return 0;
}

void libusb_free_config_descriptor(struct libusb_config_descriptor *layout)
{
    (void)layout;
}

int libusb_open(libusb_device *device, libusb_device_handle **out)
{
    if (bus.open_code == 0)
        *out = (libusb_device_handle *)device;
    bus.opened += bus.open_code == 0;
    return bus.open_code;
}

void libusb_close(libusb_device_handle *device)
{
    (void)device;
    bus.closed++;
}

int libusb_claim_interface(libusb_device_handle *device, int interface)
{
    (void)device, (void)interface;
    bus.claims += bus.claim_code == 0;
    return bus.claim_code;
}

int libusb_release_interface(libusb_device_handle *device, int interface)
{
    (void)device, (void)interface;
    bus.releases++;
    return 0;
}

int libusb_kernel_driver_active(libusb_device_handle *device, int interface)
{
    (void)device, (void)interface;
    return bus.driver;
}

int libusb_set_configuration(libusb_device_handle *device, int configuration)
{
    (void)device, (void)configuration;
    return 0;
}

int libusb_clear_halt(libusb_device_handle *device, unsigned char endpoint)
{
    (void)device, (void)endpoint;
    return 0;
}

const struct libusb_pollfd **libusb_get_pollfds(libusb_context *context)
{
    (void)context;
    return calloc(1, sizeof(struct libusb_pollfd *));
}

void libusb_free_pollfds(const struct libusb_pollfd **files)
{
    free((void *)(uintptr_t)files);
}

void libusb_set_pollfd_notifiers(libusb_context *context, libusb_pollfd_added_cb added,
                                 libusb_pollfd_removed_cb removed, void *with)
{
    (void)context, (void)added, (void)removed, (void)with;
}

struct libusb_transfer *libusb_alloc_transfer(int packets)
{
    (void)packets;
    return calloc(1, sizeof(struct libusb_transfer));
}

void libusb_free_transfer(struct libusb_transfer *transfer)
{
    free(transfer);
}

int libusb_submit_transfer(struct libusb_transfer *transfer)
{
    if (bus.gone)
        return LIBUSB_ERROR_NO_DEVICE;
    bus.flying[bus.count++] = transfer;
    return 0;
}

static void end(size_t which, enum libusb_transfer_status status)
{
    struct libusb_transfer *transfer = bus.flying[which];

    bus.flying[which] = bus.flying[--bus.count];
    transfer->status = status;
    transfer->callback(transfer);
}

int libusb_cancel_transfer(struct libusb_transfer *transfer)
{
    for (size_t i = 0; i < bus.count; i++)
        if (bus.flying[i] == transfer) {
            end(i, LIBUSB_TRANSFER_CANCELLED);
            return 0;
        }
    return LIBUSB_ERROR_NOT_FOUND;
}

static void control_answer(struct libusb_transfer *transfer)
{
    static const uint8_t configured[] = {1};
    const uint8_t *setup = transfer->buffer;
    struct span answer = setup[1] == LIBUSB_REQUEST_GET_CONFIGURATION ? span_of(configured, 1)
                         : setup[3] == LIBUSB_DT_DEVICE ? span_of(device_bytes, sizeof device_bytes)
                                                        : span_of(layout_bytes, sizeof layout_bytes);

    answer = span_first(answer, (size_t)setup[6] + 256u * setup[7]);
    memcpy(transfer->buffer + LIBUSB_CONTROL_SETUP_SIZE, answer.data, answer.size);
    transfer->actual_length = (int)answer.size;
}

int libusb_handle_events_timeout_completed(libusb_context *context, struct timeval *timeout, int *completed)
{
    (void)context, (void)timeout, (void)completed;
    for (size_t i = bus.count; i-- > 0;) {
        if (bus.gone) {
            end(i, LIBUSB_TRANSFER_NO_DEVICE);
        } else if (bus.flying[i]->endpoint == 0) {
            control_answer(bus.flying[i]);
            end(i, LIBUSB_TRANSFER_COMPLETED);
        }
    }
    return 0;
}

/* ---- stories */

static int bus_new(void **state)
{
    (void)state;
    bus = (struct bus){.devices = 1};
    return 0;
}

/* Opens and attends until the link is open: 0, or why not. */
static enum failure_id opened(const char *address, struct link *link, struct failure *why)
{
    *why = (struct failure){0};
    if (!link_open(link, address, why))
        return why->id;
    for (uint64_t now = 1000; link->connecting && now < 1100; now++)
        if (link_settle(link, now, why) == LINK_LOST) {
            link_close(link);
            return why->id;
        }
    assert_false(link->connecting);
    return FAIL_NONE;
}

static void is_told(const char *address, enum failure_id id, const char *words)
{
    struct failure why;
    struct link link;

    assert_int_equal(opened(address, &link, &why), id);
    if (strstr(why.what, words) == NULL)
        fail_msg("'%s' does not say '%s'", why.what, words);
    assert_int_equal(bus.opened, bus.closed);
    assert_int_equal(bus.claims, bus.releases);
    assert_int_equal(bus.count, 0);
}

static void a_device_that_lets_itself_be_claimed_is_open_and_given_back(void **state)
{
    struct failure why;
    struct link link;

    (void)state;
    assert_int_equal(opened("usb", &link, &why), FAIL_NONE);
    assert_string_equal(link.again, "usb:3-1");
    assert_int_equal(bus.claims, 1);
    link_close(&link);
    assert_int_equal(bus.releases, 1);
    assert_int_equal(bus.closed, 1);
}

static void a_node_that_this_user_may_not_write_is_a_matter_of_permission(void **state)
{
    (void)state;
    bus.open_code = LIBUSB_ERROR_ACCESS;
    is_told("usb", FAIL_USB_PERMISSION, "/dev/bus/usb/003/007");
}

static void a_driver_of_the_kernel_is_told_with_the_command_that_frees_the_device(void **state)
{
    (void)state;
    bus.claim_code = LIBUSB_ERROR_BUSY;
    bus.driver = 1;
    is_told("usb", FAIL_USB_DRIVER, "echo 3-1:1.0 | sudo tee /sys/bus/usb/devices/3-1:1.0/driver/unbind");
}

static void another_program_is_told_as_such(void **state)
{
    (void)state;
    bus.claim_code = LIBUSB_ERROR_BUSY;
    is_told("usb:3-1", FAIL_USB_BUSY, "held by");
}

static void one_that_went_away_meanwhile_is_told_as_gone(void **state)
{
    (void)state;
    bus.open_code = LIBUSB_ERROR_NO_DEVICE;
    is_told("usb", FAIL_USB_VANISHED, "unplugged");
    bus.open_code = LIBUSB_ERROR_NOT_FOUND;
    is_told("usb", FAIL_USB_VANISHED, "unplugged");
    bus.open_code = 0;
    bus.claim_code = LIBUSB_ERROR_NO_DEVICE;
    is_told("usb", FAIL_USB_VANISHED, "unplugged");
}

static void one_that_is_unplugged_under_an_open_link_is_told_as_gone(void **state)
{
    struct failure why;
    struct link link;

    (void)state;
    assert_int_equal(opened("usb", &link, &why), FAIL_NONE);
    bus.gone = true;
    assert_int_equal(link_settle(&link, 2000, &why), LINK_LOST);
    assert_int_equal(why.id, FAIL_USB_VANISHED);
    link_close(&link);
    assert_int_equal(bus.count, 0);
}

static void a_kernel_that_knows_no_such_interface_is_told(void **state)
{
    (void)state;
    bus.claim_code = LIBUSB_ERROR_NOT_FOUND;
    is_told("usb", FAIL_USB_DESCRIPTORS, "no interface 0");
}

static void who_is_not_there_is_no_device(void **state)
{
    (void)state;
    is_told("usb:3-9", FAIL_NO_DEVICE, "1 USB devices are plugged in, 1 of them with a service port");
    bus.foreign = true;
    is_told("usb", FAIL_NO_DEVICE, "1 USB devices are plugged in, 0 of them");
    bus.devices = 0;
    is_told("usb", FAIL_NO_DEVICE, "0 USB devices");
}

static void two_that_fit_are_both_named(void **state)
{
    (void)state;
    bus.devices = 2;
    is_told("usb", FAIL_USB_SEVERAL, "usb:3-1 usb:3-2");
}

static void a_machine_without_usb_is_told(void **state)
{
    (void)state;
    bus.open_code = LIBUSB_ERROR_IO;
    is_told("usb", FAIL_USB_SYSTEM, "something else");
    bus.list_code = LIBUSB_ERROR_NO_MEM;
    is_told("usb", FAIL_USB_SYSTEM, "no memory");
    bus.init_code = LIBUSB_ERROR_OTHER;
    is_told("usb", FAIL_USB_SYSTEM, "something else");
}

#define ON_BUS(test) cmocka_unit_test_setup(test, bus_new)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_BUS(a_device_that_lets_itself_be_claimed_is_open_and_given_back),
        ON_BUS(a_node_that_this_user_may_not_write_is_a_matter_of_permission),
        ON_BUS(a_driver_of_the_kernel_is_told_with_the_command_that_frees_the_device),
        ON_BUS(another_program_is_told_as_such),
        ON_BUS(one_that_went_away_meanwhile_is_told_as_gone),
        ON_BUS(one_that_is_unplugged_under_an_open_link_is_told_as_gone),
        ON_BUS(a_kernel_that_knows_no_such_interface_is_told),
        ON_BUS(who_is_not_there_is_no_device),
        ON_BUS(two_that_fit_are_both_named),
        ON_BUS(a_machine_without_usb_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
