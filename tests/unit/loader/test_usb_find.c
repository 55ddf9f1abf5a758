/* USB addresses: what they may look like, and which of several devices they mean. What a kernel's bus shows is told in the
 * suite with a kernel; here is a computer without USB devices of ours. */
#include "loader/link/link.h"
#include "loader/link/usb_find.h"

#include "tests/support/test.h"

#include <stdio.h>

static struct failure why;
static struct usb_wish wish;

static void reads(const char *rest, const char *port, const char *serial)
{
    if (!usb_wish_read(rest, &wish, &why))
        fail_msg("%s: %s", rest, why.what);
    assert_string_equal(wish.port, port);
    assert_string_equal(wish.serial, serial);
}

static void addresses_name_a_port_a_serial_number_or_nothing(void **state)
{
    (void)state;
    reads("", "", "");
    reads("3-1", "3-1", "");
    reads("3-1.4", "3-1.4", "");
    reads("128-12.3.1.4.2.6.7", "128-12.3.1.4.2.6.7", "");
    reads("serial=7F31", "", "7F31");
    reads("serial=a, b=c", "", "a, b=c");
    reads("3-1.4,serial=7F31", "3-1.4", "7F31");
}

static void anything_else_is_no_address(void **state)
{
    static const char *const bad[] = {"3",       "3-",        "-1",
                                      "3-1.",    "3-1..2",    "3-0",
                                      "0-1",     "3-01",      "3.1",
                                      "003:004", "3-1 ",      "serial",
                                      "serial=", "3-1,",      "3-1,x",
                                      "x",       "1209:0001", "3-1,serial=",
                                      "1000-1",  "1-1000",    "3-1.4.5.6.7.8.9.1.2.3.4.5.6.7.8.9.1.2.3.4"};
    char address[160], long_serial[120];
    struct link link = {0};
    (void)state;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (usb_wish_read(bad[i], &wish, &why))
            fail_msg("taken: %s", bad[i]);
        assert_int_equal(why.id, FAIL_ADDRESS);
        snprintf(address, sizeof address, "usb:%s", bad[i]);
        assert_false(link_open(&link, address, &why));
        assert_int_equal(why.id, FAIL_ADDRESS);
    }
    snprintf(long_serial, sizeof long_serial, "serial=%080d", 1);
    assert_false(usb_wish_read(long_serial, &wish, &why));
}

/* ---- which of several */

static const struct usb_places three = {
    .list = {{"3-1", "A"}, {"3-2", "B"}, {"4-1.2", ""}}, .count = 3, .looked = 9};
static const struct usb_places twins = {.list = {{"3-1", "A"}, {"3-2", "A"}}, .count = 2};

static void means(const struct usb_places *places, const char *rest, size_t index)
{
    size_t chosen = 99;

    assert_true(usb_wish_read(rest, &wish, &why));
    assert_int_equal(usb_choose(places, &wish, &chosen), USB_ONE);
    assert_int_equal(chosen, index);
}

static void means_none(const struct usb_places *places, const char *rest, enum usb_match match)
{
    size_t chosen;

    assert_true(usb_wish_read(rest, &wish, &why));
    assert_int_equal(usb_choose(places, &wish, &chosen), match);
}

static void a_port_or_a_serial_number_means_the_one_that_has_it(void **state)
{
    (void)state;
    means(&three, "3-2", 1);
    means(&three, "serial=A", 0);
    means(&three, "4-1.2", 2);
    means_none(&three, "4-1", USB_NONE);
    means_none(&three, "serial=C", USB_NONE);
    means_none(&three, "serial=a", USB_NONE);
}

static void any_is_the_only_one(void **state)
{
    static const struct usb_places one = {.list = {{"3-1", "A"}}, .count = 1}, none = {.count = 0};
    (void)state;

    means(&one, "", 0);
    means_none(&none, "", USB_NONE);
    means_none(&three, "", USB_SEVERAL);
    means_none(&twins, "serial=A", USB_SEVERAL);
}

static void a_device_that_comes_back_is_the_one_at_its_port_with_its_serial_number(void **state)
{
    (void)state;
    means(&three, "3-2,serial=B", 1);
    means(&twins, "3-2,serial=A", 1);
}

static void a_device_that_comes_back_elsewhere_is_known_by_its_serial_number(void **state)
{
    (void)state;
    means(&three, "5-1,serial=B", 1);
    means(&three, "3-1,serial=B", 1); /* even when another one has taken its place */
    means_none(&twins, "5-1,serial=A", USB_SEVERAL);
}

static void a_device_whose_serial_number_changed_is_known_by_its_port(void **state)
{
    (void)state;
    means(&three, "4-1.2,serial=was C", 2);
    means_none(&three, "5-1,serial=C", USB_NONE);
}

/* ---- a computer without any */

static void says(const char *address, enum failure_id id, const char *words)
{
    struct link link = {0};

    assert_false(link_open(&link, address, &why));
    assert_int_equal(why.id, id);
    if (strstr(why.what, words) == NULL)
        fail_msg("%s: '%s' does not say '%s'", address, why.what, words);
    assert_false(link_is_open(&link));
}

static void a_device_that_is_not_plugged_in_is_no_device(void **state)
{
    struct usb_places places;
    (void)state;

    assert_true(usb_find(&places, &why));
    assert_true(places.count <= places.looked);
    says("usb:255-99.99", FAIL_NO_DEVICE, "usb:255-99.99: ");
    says("usb:serial=no such device", FAIL_NO_DEVICE, "plugged in");
    if (places.count == 0)
        says("usb", FAIL_NO_DEVICE, "0 of them with a service port");
}

static void the_schemes_are_told_apart(void **state)
{
    (void)state;
    assert_true(link_address_check("usb", &why));
    assert_false(link_address_check("usb:", &why));
    assert_false(link_address_check("usbredir", &why));
    assert_false(link_address_check("serial", &why));
    assert_false(link_address_check("usbx:1", &why));
    assert_true(link_address_same("usb:3-1", "usb:3-1"));
    assert_false(link_address_same("usb:3-1", "usb:3-2"));
    assert_true(link_address_same("usbredir:localhost:4000", "usbredir:LOCALHOST:4000"));
    assert_true(link_address_same("usbredir:unix:pump", "usbredir:unix:pump"));
    assert_false(link_address_same("usbredir:unix:pump", "usbredir:localhost:1"));
}

static void a_tty_that_is_no_usb_adapter_has_no_port(void **state)
{
    char port[USB_PORT_SIZE];
    (void)state;

    assert_false(usb_port_of_tty("/dev/ptmx", port));
    assert_false(usb_port_of_tty("/dev/no-such-port", port));
    assert_false(usb_port_of_tty("nothing", port));
    assert_false(usb_port_of_tty("", port));
}

static void a_usbredir_address_that_cannot_be_is_told(void **state)
{
    char address[2048];
    (void)state;

    says("usbredir:unix:/nowhere/at/all", FAIL_NO_DEVICE, "/nowhere");
    says("usbredir:host", FAIL_ADDRESS, "host");
    says("usbredir:host:99999", FAIL_ADDRESS, "99999");
    memset(address, 'x', sizeof address);
    memcpy(address, "usbredir:", 9);
    address[sizeof address - 1] = '\0';
    says(address, FAIL_ADDRESS, "usbredir");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_name_a_port_a_serial_number_or_nothing),
        cmocka_unit_test(anything_else_is_no_address),
        cmocka_unit_test(a_port_or_a_serial_number_means_the_one_that_has_it),
        cmocka_unit_test(any_is_the_only_one),
        cmocka_unit_test(a_device_that_comes_back_is_the_one_at_its_port_with_its_serial_number),
        cmocka_unit_test(a_device_that_comes_back_elsewhere_is_known_by_its_serial_number),
        cmocka_unit_test(a_device_whose_serial_number_changed_is_known_by_its_port),
        cmocka_unit_test(a_device_that_is_not_plugged_in_is_no_device),
        cmocka_unit_test(the_schemes_are_told_apart),
        cmocka_unit_test(a_tty_that_is_no_usb_adapter_has_no_port),
        cmocka_unit_test(a_usbredir_address_that_cannot_be_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
