/* Serial links on ptys: opened raw and alone, and honest about what is not there. */
#include "loader/link/link.h"

#include "tests/support/test.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

struct port {
    int master;
    char name[64], address[128];
};

static void port_make(struct port *port)
{
    port->master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
    assert_true(port->master >= 0);
    assert_int_equal(grantpt(port->master), 0);
    assert_int_equal(unlockpt(port->master), 0);
    assert_int_equal(ptsname_r(port->master, port->name, sizeof port->name), 0);
    snprintf(port->address, sizeof port->address, "serial:%s", port->name);
}

static void bytes_pass_as_they_are_both_ways(void **state)
{
    static const char odd[] = "a\n\r\x03\x04\x11\x13\x7f\xff";
    struct link link = {0};
    struct port port;
    uint8_t bytes[64];
    size_t got, put;
    (void)state;

    port_make(&port);
    assert_true(link_open(&link, port.address, NULL));
    assert_int_equal(link.kind->wire, LINK_LINE);
    assert_int_equal(link_write(&link, (const uint8_t *)odd, sizeof odd, &put), LINK_OK);
    assert_int_equal(put, sizeof odd);
    assert_int_equal(read(port.master, bytes, sizeof bytes), sizeof odd);
    assert_memory_equal(bytes, odd, sizeof odd);
    assert_int_equal(write(port.master, odd, sizeof odd), sizeof odd);
    assert_int_equal(poll(&(struct pollfd){link.descriptor, POLLIN, 0}, 1, 1000), 1);
    assert_int_equal(link_read(&link, bytes, sizeof bytes, &got), LINK_OK);
    assert_int_equal(got, sizeof odd);
    assert_memory_equal(bytes, odd, sizeof odd);
    link_close(&link);
    close(port.master);
}

static void a_quiet_line_gives_nothing_and_is_not_lost(void **state)
{
    struct link link = {0};
    struct port port;
    uint8_t byte;
    size_t got;
    (void)state;

    port_make(&port);
    assert_true(link_open(&link, port.address, NULL));
    assert_int_equal(link_read(&link, &byte, 1, &got), LINK_OK);
    assert_int_equal(got, 0);
    link_close(&link);
    close(port.master);
}

static void a_port_that_vanishes_is_lost(void **state)
{
    struct link link = {0};
    struct port port;
    uint8_t byte = 0;
    size_t moved;
    (void)state;

    port_make(&port);
    assert_true(link_open(&link, port.address, NULL));
    close(port.master);
    assert_int_equal(link_read(&link, &byte, 1, &moved), LINK_LOST);
    assert_int_equal(link_write(&link, &byte, 1, &moved), LINK_LOST);
    link_close(&link);
}

static void a_line_that_takes_nothing_blocks_nobody(void **state)
{
    static uint8_t flood[65536];
    struct link link = {0};
    struct port port;
    size_t put = 1, total = 0;
    (void)state;

    port_make(&port);
    assert_true(link_open(&link, port.address, NULL));
    while (put > 0 && total < 64 * sizeof flood) {
        assert_int_equal(link_write(&link, flood, sizeof flood, &put), LINK_OK);
        total += put;
    }
    assert_int_equal(put, 0);
    link_close(&link);
    close(port.master);
}

static void a_port_that_somebody_holds_is_in_use(void **state)
{
    struct link first = {0}, second = {0};
    struct failure why;
    struct port port;
    (void)state;

    port_make(&port);
    assert_true(link_open(&first, port.address, NULL));
    assert_false(link_open(&second, port.address, &why));
    assert_int_equal(why.id, FAIL_LINK_BUSY);
    assert_int_equal(failure_exit(&why), EXIT_NO_PERMISSION);
    link_close(&first);
    assert_true(link_open(&second, port.address, NULL));
    link_close(&second);
    close(port.master);
}

static void refuses(const char *address, enum failure_id id)
{
    struct link link = {0};
    struct failure why;

    assert_false(link_open(&link, address, &why));
    assert_int_equal(why.id, id);
    assert_false(link_is_open(&link));
}

static void what_is_no_port_is_said(void **state)
{
    (void)state;
    refuses("serial:/nowhere/tty", FAIL_NO_DEVICE);
    refuses("serial:/dev/null", FAIL_ADDRESS);
    refuses("serial:/tmp", FAIL_NO_DEVICE);
    refuses("serial:@9600", FAIL_ADDRESS);
    refuses("serial:", FAIL_ADDRESS);
}

static void a_speed_is_a_plain_number(void **state)
{
    static const char *const bad[] = {
        "", "0", "-1", "+9600", " 9600", "9600x", "0x10", "4000001", "99999999999999999999"};
    struct link link = {0};
    struct port port;
    char address[200];
    (void)state;

    port_make(&port);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(address, sizeof address, "%s@%s", port.address, bad[i]);
        refuses(address, FAIL_ADDRESS);
    }
    for (unsigned baud = 50; baud <= 4000000; baud = baud * 7 / 3) { /* named speeds and others */
        snprintf(address, sizeof address, "%s@%u", port.address, baud);
        assert_true(link_open(&link, address, NULL));
        link_close(&link);
    }
    close(port.master);
}

static void two_names_of_one_port_are_one_wire(void **state)
{
    struct port port, other;
    char address[200];
    (void)state;

    port_make(&port);
    port_make(&other);
    snprintf(address, sizeof address, "serial:/dev/../%s@9600", port.name + 1);
    assert_true(link_address_same(port.address, address));
    assert_false(link_address_same(port.address, other.address));
    close(port.master);
    close(other.master);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_pass_as_they_are_both_ways),
        cmocka_unit_test(a_quiet_line_gives_nothing_and_is_not_lost),
        cmocka_unit_test(a_port_that_vanishes_is_lost),
        cmocka_unit_test(a_line_that_takes_nothing_blocks_nobody),
        cmocka_unit_test(a_port_that_somebody_holds_is_in_use),
        cmocka_unit_test(what_is_no_port_is_said),
        cmocka_unit_test(a_speed_is_a_plain_number),
        cmocka_unit_test(two_names_of_one_port_are_one_wire),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
