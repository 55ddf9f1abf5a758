/* The USB door over real sockets: the order in which a host hears things, what it may ask, how it is shown out, and how a door
 * that dials finds its host again. */
#include "hw-sim/usb_door.h"

#include "tests/support/pump.h"
#include "tests/support/redir_host.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <unistd.h>

struct street {
    struct pump pump;
    struct usb_door *door;
    struct redir_host host;
    bool has_host;
    char path[128];
};

/* A turn of the simulator's loop, and one of the host, in virtual time. */
static void turn(struct street *street)
{
    struct pump *pump = &street->pump;
    struct pollfd polls[DOOR_POLLS];

    bool moved = usb_door_flow(street->door, pump->now);
    uint64_t wake = device_step(pump->device, pump->now);
    usb_door_watch(street->door, polls);
    if (poll(polls, DOOR_POLLS, 0) > 0) {
        usb_door_serve(street->door, polls, pump->now);
        moved = true;
    }
    if (street->has_host)
        redir_host_move(&street->host);
    if (!moved && wake > pump->now)
        pump->now += wake < pump->now + 20 ? wake - pump->now : 20;
}

static void turns(struct street *street, int count)
{
    for (int i = 0; i < count; i++)
        turn(street);
}

static void street_open(struct street *street, const char *door, const char *more)
{
    char lines[400];

    memset(street, 0, sizeof *street);
    snprintf(lines, sizeof lines, "service: true\ndoor: %s\n%s", door, more);
    pump_make(&street->pump, lines);
    snprintf(street->path, sizeof street->path, "%s/p.sock", street->pump.folder);
    assert_true(usb_door_open(&street->pump.profile, street->pump.device, &street->door, NULL));
    device_power_on(street->pump.device, street->pump.now);
    turns(street, 100);
}

static void host_comes(struct street *street)
{
    int socket = unix_connect(street->path, FAIL_LINK_LOST, NULL);

    assert_true(socket >= 0);
    redir_host_start(&street->host, socket);
    street->has_host = true;
    turns(street, 50);
}

static void host_leaves(struct street *street)
{
    redir_host_end(&street->host);
    street->has_host = false;
    turns(street, 20);
}

static void street_make(struct street *street)
{
    street_open(street, "usbredir:unix:p.sock", "");
    host_comes(street);
}

static void street_gone(struct street *street)
{
    if (street->has_host)
        redir_host_end(&street->host);
    usb_door_close(street->door);
    pump_gone(&street->pump);
}

static void configure(struct street *street)
{
    struct usb_redir_set_configuration_header header = {1};

    usbredirparser_send_set_configuration(street->host.parser, 5, &header);
    turns(street, 20);
}

static struct span identity_request(uint8_t out[SMP_HEADER_SIZE])
{
    struct smp_header header = {1, SMP_READ, 0, 0, SMP_GROUP_SUTURE, 3, VERB_IDENTITY};

    smp_header_write(&header, out);
    return span_of(out, SMP_HEADER_SIZE);
}

static void assert_answers(struct street *street)
{
    uint8_t memory[SMP_HEADER_SIZE];
    unsigned before = street->host.bulks;

    redir_host_bulk(&street->host, 70, USB_ENDPOINT_SMP_IN, (struct span){0}, 16384);
    redir_host_bulk(&street->host, 71, USB_ENDPOINT_SMP_OUT, identity_request(memory), 0);
    turns(street, 50);
    assert_int_equal(street->host.bulks - before, 2);
    assert_int_equal(street->host.bulk_id, 70);
    assert_int_equal(street->host.bulk.status, usb_redir_success);
    assert_int_equal(street->host.data[6], 3);
}

static void a_host_hears_the_layout_before_the_device(void **state)
{
    (void)state;
    static const enum redir_heard order[] = {HEARD_HELLO, HEARD_INTERFACES, HEARD_ENDPOINTS, HEARD_CONNECT};
    struct street street;
    street_make(&street);

    assert_int_equal(street.host.heard_count, 4);
    assert_memory_equal(street.host.heard, order, sizeof order);
    assert_int_equal(street.host.connect.vendor_id, USB_LAB_VENDOR_ID);
    assert_int_equal(street.host.connect.speed, usb_redir_speed_high);
    assert_int_equal(street.host.interfaces.interface_count, USB_INTERFACES);
    assert_int_equal(street.host.endpoints.type[1], usb_redir_type_bulk);
    assert_int_equal(street.host.endpoints.max_packet_size[17], 512);
    assert_int_equal(street.host.endpoints.type[19], usb_redir_type_interrupt);
    assert_int_equal(street.host.endpoints.interface[18], USB_INTERFACE_CONSOLE_DATA);
    assert_int_equal(street.host.endpoints.type[4], usb_redir_type_invalid);
    street_gone(&street);
}

static void a_full_speed_device_says_so(void **state)
{
    (void)state;
    struct street street;
    street_open(&street, "usbredir:unix:p.sock", "usb_speed: full\n");
    host_comes(&street);
    assert_int_equal(street.host.connect.speed, usb_redir_speed_full);
    assert_int_equal(street.host.endpoints.max_packet_size[17], 64);
    street_gone(&street);
}

static void a_host_configures_and_speaks_smp(void **state)
{
    (void)state;
    struct street street;
    street_make(&street);
    configure(&street);
    assert_int_equal(street.host.configured, 1);
    assert_int_equal(street.host.configuration, 1);
    assert_answers(&street);
    street_gone(&street);
}

static void control_requests_are_answered_or_stalled(void **state)
{
    (void)state;
    struct street street;
    street_make(&street);
    redir_host_control(&street.host, 0x80, REQUEST_GET_DESCRIPTOR, DESCRIPTOR_DEVICE << 8, 0,
                       (struct span){0}, 64);
    turns(&street, 20);
    assert_int_equal(street.host.control.status, usb_redir_success);
    assert_int_equal(street.host.size, 18);
    redir_host_control(&street.host, 0x80, REQUEST_GET_DESCRIPTOR, 0x7700, 0, (struct span){0}, 64);
    turns(&street, 20);
    assert_int_equal(street.host.control.status, usb_redir_stall);
    configure(&street);
    redir_host_control(&street.host, 0x21, 0x20, 0, USB_INTERFACE_CONSOLE, span_text("1234567"), 0);
    turns(&street, 20);
    assert_int_equal(street.host.control.status, usb_redir_success);
    assert_int_equal(street.host.controls, 3);
    street_gone(&street);
}

static void alternate_settings_and_notifications_are_as_described(void **state)
{
    (void)state;
    struct street street;
    struct usb_redir_set_alt_setting_header zero = {USB_INTERFACE_SMP, 0}, one = {USB_INTERFACE_SMP, 1};
    struct usb_redir_start_interrupt_receiving_header notify = {USB_ENDPOINT_CONSOLE_NOTIFY}, none = {0x84};
    street_make(&street);
    configure(&street);
    usbredirparser_send_set_alt_setting(street.host.parser, 1, &zero);
    turns(&street, 20);
    assert_int_equal(street.host.alternate_status, usb_redir_success);
    usbredirparser_send_set_alt_setting(street.host.parser, 2, &one);
    turns(&street, 20);
    assert_int_equal(street.host.alternate_status, usb_redir_stall);
    usbredirparser_send_start_interrupt_receiving(street.host.parser, 3, &notify);
    turns(&street, 20);
    assert_int_equal(street.host.interrupt_status, usb_redir_success);
    usbredirparser_send_start_interrupt_receiving(street.host.parser, 4, &none);
    turns(&street, 20);
    assert_int_equal(street.host.interrupt_status, usb_redir_inval);
    street_gone(&street);
}

static void a_cancelled_read_is_answered_as_such(void **state)
{
    (void)state;
    struct street street;
    street_make(&street);
    configure(&street);
    redir_host_bulk(&street.host, 9, USB_ENDPOINT_SMP_IN, (struct span){0}, 512);
    turns(&street, 20);
    assert_int_equal(street.host.bulks, 0);
    usbredirparser_send_cancel_data_packet(street.host.parser, 9);
    turns(&street, 20);
    assert_int_equal(street.host.bulks, 1);
    assert_int_equal(street.host.bulk.status, usb_redir_cancelled);
    assert_answers(&street);
    street_gone(&street);
}

static void a_pulled_cable_is_told_on_a_socket_that_stays(void **state)
{
    (void)state;
    struct street street;
    street_make(&street);
    configure(&street);
    redir_host_bulk(&street.host, 9, USB_ENDPOINT_SMP_IN, (struct span){0}, 512);
    turns(&street, 20);
    street.host.heard_count = 0;
    device_cable(street.pump.device)->plugged = false;
    turns(&street, 20);
    assert_int_equal(street.host.heard_count, 1);
    assert_int_equal(street.host.heard[0], HEARD_DISCONNECT);
    assert_int_equal(street.host.bulk.status, usb_redir_cancelled);
    device_cable(street.pump.device)->plugged = true;
    turns(&street, 20);
    assert_int_equal(street.host.heard[3], HEARD_CONNECT);
    assert_false(street.host.gone);
    configure(&street);
    assert_answers(&street);
    street_gone(&street);
}

static void a_host_that_comes_while_the_device_is_off_hears_of_it_when_it_starts(void **state)
{
    (void)state;
    struct street street;
    street_open(&street, "usbredir:unix:p.sock", "");
    device_power_off(street.pump.device);
    host_comes(&street);
    assert_int_equal(street.host.heard_count, 1);
    device_power_on(street.pump.device, street.pump.now);
    turns(&street, 100);
    assert_int_equal(street.host.heard_count, 4);
    configure(&street);
    assert_answers(&street);
    street_gone(&street);
}

static void a_second_host_is_shown_out_and_the_next_may_come(void **state)
{
    (void)state;
    struct street street;
    uint8_t byte;
    street_make(&street);
    int second = unix_connect(street.path, FAIL_LINK_LOST, NULL);
    turns(&street, 20);
    assert_int_equal(read(second, &byte, 1), 0);
    close(second);
    configure(&street);
    assert_answers(&street);
    host_leaves(&street);
    host_comes(&street);
    configure(&street);
    assert_answers(&street);
    street_gone(&street);
}

static void a_host_that_asks_and_never_reads_is_not_read_from_and_leaves_room_when_it_goes(void **state)
{
    (void)state;
    struct street street;
    uint8_t memory[SMP_HEADER_SIZE];
    street_make(&street);
    configure(&street);
    for (uint64_t id = 100; id < 300; id++)
        redir_host_bulk(&street.host, id, USB_ENDPOINT_SMP_OUT, identity_request(memory), 0);
    turns(&street, 200);
    assert_in_range(street.host.bulks, 1, 100);
    host_leaves(&street);
    host_comes(&street);
    configure(&street);
    assert_answers(&street);
    street_gone(&street);
}

static void a_host_that_is_none_is_hung_up_on(void **state)
{
    (void)state;
    struct street street;
    uint8_t zeros[200] = {0};
    /* a bulk packet of 64 MiB: type 101, length, id, then its own header */
    uint8_t large[26] = {101, 0, 0, 0, 0x0A, 0, 0, 4};
    street_open(&street, "usbredir:unix:p.sock", "");

    host_comes(&street);
    large[16] = USB_ENDPOINT_SMP_OUT;
    put_le16(large + 24, 0x400);
    redir_host_raw(&street.host, span_of(large, sizeof large));
    redir_host_raw(&street.host, span_of(zeros, sizeof zeros));
    turns(&street, 50);
    assert_true(street.host.gone);
    host_leaves(&street);

    int stranger = unix_connect(street.path, FAIL_LINK_LOST, NULL);
    memset(zeros, 0xEE, sizeof zeros);
    assert_true(write(stranger, zeros, sizeof zeros) > 0);
    turns(&street, 50);
    close(stranger);
    turns(&street, 20);
    host_comes(&street);
    configure(&street);
    assert_answers(&street);
    street_gone(&street);
}

static void a_door_that_dials_finds_its_host_again(void **state)
{
    (void)state;
    struct street street;
    struct unix_listener qemu;
    street_open(&street, "usbredir:connect:p.sock", "");

    for (int i = 0; i < 2; i++) {
        assert_true(unix_listen(street.path, FAIL_DOOR, &qemu, NULL));
        int socket = -1;
        for (int k = 0; k < 100 && socket < 0; k++) {
            street.pump.now += USB_DOOR_AGAIN_MS;
            turn(&street);
            socket = unix_accept(&qemu);
        }
        assert_true(socket >= 0);
        redir_host_start(&street.host, socket);
        street.has_host = true;
        turns(&street, 50);
        configure(&street);
        assert_answers(&street);
        unix_unlisten(&qemu);
        host_leaves(&street);
    }
    street_gone(&street);
}

static void a_door_on_a_port_says_which(void **state)
{
    (void)state;
    struct street street;
    char address[DOOR_ADDRESS];
    unsigned port = 0;
    street_open(&street, "usbredir:127.0.0.1:0", "");
    usb_door_address(street.door, address);
    assert_int_equal(sscanf(address, "usbredir:127.0.0.1:%u", &port), 1);
    assert_in_range(port, 1, 65535);
    street_gone(&street);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_host_hears_the_layout_before_the_device),
        cmocka_unit_test(a_full_speed_device_says_so),
        cmocka_unit_test(a_host_configures_and_speaks_smp),
        cmocka_unit_test(control_requests_are_answered_or_stalled),
        cmocka_unit_test(alternate_settings_and_notifications_are_as_described),
        cmocka_unit_test(a_cancelled_read_is_answered_as_such),
        cmocka_unit_test(a_pulled_cable_is_told_on_a_socket_that_stays),
        cmocka_unit_test(a_host_that_comes_while_the_device_is_off_hears_of_it_when_it_starts),
        cmocka_unit_test(a_second_host_is_shown_out_and_the_next_may_come),
        cmocka_unit_test(a_host_that_asks_and_never_reads_is_not_read_from_and_leaves_room_when_it_goes),
        cmocka_unit_test(a_host_that_is_none_is_hung_up_on),
        cmocka_unit_test(a_door_that_dials_finds_its_host_again),
        cmocka_unit_test(a_door_on_a_port_says_which),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
