/* A simulated pump on USB, driven by hand in virtual time: transfers as a host submits them, and what becomes of them. */
#include "hw-sim/usb_bus.h"

#include "tests/support/pump.h"
#include "tests/support/test.h"

#include <stdio.h>

#define ENDED_MAX 128

struct ended {
    uint64_t id;
    uint8_t endpoint;
    enum usb_outcome outcome;
    uint8_t data[4096];
    size_t size, took;
};

struct ward {
    struct pump pump;
    struct usb_bus *bus;
    struct ended ended[ENDED_MAX];
    size_t count;
    uint64_t next_id;
};

static void on_ended(void *context, uint64_t id, uint8_t endpoint, enum usb_outcome outcome, struct span data,
                     size_t size)
{
    struct ward *ward = context;
    struct ended *row = &ward->ended[ward->count];

    assert_true(ward->count < ENDED_MAX && data.size <= sizeof row->data);
    *row =
        (struct ended){.id = id, .endpoint = endpoint, .outcome = outcome, .size = data.size, .took = size};
    if (data.size > 0)
        memcpy(row->data, data.data, data.size);
    ward->count++;
}

/* Lets everything happen that is due within `ms`. */
static void pass(struct ward *ward, uint64_t ms)
{
    uint64_t until = ward->pump.now + ms;

    for (int round = 0; round < 200000; round++) {
        bool moved = usb_bus_flow(ward->bus, ward->pump.now);
        uint64_t wake = device_step(ward->pump.device, ward->pump.now);
        if (moved || wake <= ward->pump.now)
            continue;
        if (wake > until) {
            ward->pump.now = until;
            usb_bus_flow(ward->bus, until);
            return;
        }
        ward->pump.now = wake;
    }
    fail_msg("it never rests");
}

static bool control(struct ward *ward, uint8_t type, uint8_t request, uint16_t value, uint16_t index,
                    struct span data)
{
    struct usb_setup setup = {type, request, value, index, (uint16_t)data.size};
    struct buffer none = {0};

    return usb_bus_control(ward->bus, &setup, data, &none, ward->pump.now);
}

static void ward_make(struct ward *ward, const char *more)
{
    char lines[200];

    memset(ward, 0, sizeof *ward);
    snprintf(lines, sizeof lines, "service: true\n%s", more);
    pump_make(&ward->pump, lines);
    assert_true(usb_bus_open(ward->pump.device, &ward->bus, NULL));
    usb_bus_on_end(ward->bus, on_ended, ward);
    device_power_on(ward->pump.device, ward->pump.now);
    pass(ward, 1000);
    assert_true(usb_bus_attached(ward->bus));
    assert_true(usb_bus_configure(ward->bus, 1));
}

static void ward_gone(struct ward *ward)
{
    usb_bus_close(ward->bus);
    pump_gone(&ward->pump);
}

static uint64_t read_in(struct ward *ward, uint8_t endpoint, size_t length)
{
    usb_bus_submit(ward->bus, ++ward->next_id, endpoint, (struct span){0}, length);
    return ward->next_id;
}

static uint64_t write_out(struct ward *ward, uint8_t endpoint, struct span data)
{
    usb_bus_submit(ward->bus, ++ward->next_id, endpoint, data, 0);
    return ward->next_id;
}

/* How the transfer ended; NULL: it has not. */
static const struct ended *end_of(const struct ward *ward, uint64_t id)
{
    for (size_t i = 0; i < ward->count; i++)
        if (ward->ended[i].id == id)
            return &ward->ended[i];
    return NULL;
}

/* An echo whose answer has `size` bytes in all: header, {"r": text}. */
static struct span echo_for(size_t size, uint8_t out[512])
{
    static char text[300];
    struct buffer body = buffer_over(out + SMP_HEADER_SIZE, 400);
    struct cbor_writer writer = cbor_into(&body);
    size_t length = size - SMP_HEADER_SIZE - 3 - (size - SMP_HEADER_SIZE - 4 < 24 ? 1 : 2);

    memset(text, 'e', length);
    text[length] = '\0';
    cbor_put_map(&writer, 1);
    cbor_put_text(&writer, "d");
    cbor_put_text(&writer, text);
    struct smp_header header = {1, SMP_WRITE, 0, (uint16_t)body.size, SMP_GROUP_OS, 1, OS_ECHO};
    smp_header_write(&header, out);
    return span_of(out, SMP_HEADER_SIZE + body.size);
}

static struct span identity_request(uint8_t sequence, uint8_t out[SMP_HEADER_SIZE])
{
    struct smp_header header = {1, SMP_READ, 0, 0, SMP_GROUP_SUTURE, sequence, VERB_IDENTITY};

    smp_header_write(&header, out);
    return span_of(out, SMP_HEADER_SIZE);
}

static bool answers_identity(const struct ended *end)
{
    struct message_identity identity;

    return end != NULL && end->outcome == USB_DONE && end->size > SMP_HEADER_SIZE &&
           message_identity_read(span_of(end->data + SMP_HEADER_SIZE, end->size - SMP_HEADER_SIZE),
                                 &identity) == OK &&
           span_equal(identity.serial, span_text(PUMP_SERIAL));
}

/* The device answers over raw SMP. */
static void assert_answers(struct ward *ward)
{
    uint8_t memory[SMP_HEADER_SIZE];
    uint64_t in = read_in(ward, USB_ENDPOINT_SMP_IN, 16384);

    write_out(ward, USB_ENDPOINT_SMP_OUT, identity_request(42, memory));
    pass(ward, 500);
    assert_true(answers_identity(end_of(ward, in)));
}

static void a_request_goes_out_and_its_answer_comes_in(void **state)
{
    (void)state;
    struct ward ward;
    ward_make(&ward, "");
    assert_answers(&ward);
    assert_string_equal(usb_bus_device(ward.bus)->identity->serial, PUMP_SERIAL);
    ward_gone(&ward);
}

static void an_answer_of_whole_packets_ends_with_an_empty_one(void **state)
{
    (void)state;
    struct ward ward;
    uint8_t memory[512];
    ward_make(&ward, "usb_speed: full\n");
    uint64_t exact = read_in(&ward, USB_ENDPOINT_SMP_IN, 128);
    uint64_t next = read_in(&ward, USB_ENDPOINT_SMP_IN, 64);

    write_out(&ward, USB_ENDPOINT_SMP_OUT, echo_for(128, memory));
    pass(&ward, 100);
    assert_int_equal(end_of(&ward, exact)->size, 128);
    assert_non_null(end_of(&ward, next));
    assert_int_equal(end_of(&ward, next)->size, 0);
    assert_int_equal(end_of(&ward, next)->outcome, USB_DONE);
    ward_gone(&ward);
}

static void a_read_of_more_than_there_is_ends_with_the_short_packet(void **state)
{
    (void)state;
    struct ward ward;
    uint8_t memory[512];
    ward_make(&ward, "usb_speed: full\n");
    for (size_t size = 120; size <= 136; size += 8) {
        ward.count = 0;
        uint64_t in = read_in(&ward, USB_ENDPOINT_SMP_IN, 4096);
        write_out(&ward, USB_ENDPOINT_SMP_OUT, echo_for(size, memory));
        pass(&ward, 3000);
        assert_int_equal(end_of(&ward, in)->size, size);
        uint64_t after = read_in(&ward, USB_ENDPOINT_SMP_IN, 64);
        pass(&ward, 10);
        assert_null(end_of(&ward, after));
        usb_bus_cancel(ward.bus, after);
    }
    ward_gone(&ward);
}

static void empty_packets_from_the_host_are_nothing(void **state)
{
    (void)state;
    struct ward ward;
    ward_make(&ward, "");
    for (int i = 0; i < 5; i++) {
        uint64_t out = write_out(&ward, USB_ENDPOINT_SMP_OUT, (struct span){0});
        pass(&ward, 10);
        assert_int_equal(end_of(&ward, out)->outcome, USB_DONE);
    }
    assert_answers(&ward);
    ward_gone(&ward);
}

static void one_request_may_come_byte_by_byte(void **state)
{
    (void)state;
    struct ward ward;
    uint8_t memory[SMP_HEADER_SIZE];
    ward_make(&ward, "");
    struct span request = identity_request(1, memory);
    uint64_t in = read_in(&ward, USB_ENDPOINT_SMP_IN, 16384);

    for (size_t i = 0; i < request.size; i++) {
        write_out(&ward, USB_ENDPOINT_SMP_OUT, span_first(span_from(request, i), 1));
        pass(&ward, 1);
    }
    assert_true(answers_identity(end_of(&ward, in)));
    ward_gone(&ward);
}

static void asking_for_less_than_a_packet_is_babble(void **state)
{
    (void)state;
    struct ward ward;
    uint8_t memory[SMP_HEADER_SIZE];
    ward_make(&ward, "");
    uint64_t in = read_in(&ward, USB_ENDPOINT_SMP_IN, 10);

    write_out(&ward, USB_ENDPOINT_SMP_OUT, identity_request(1, memory));
    pass(&ward, 100);
    assert_int_equal(end_of(&ward, in)->outcome, USB_BABBLED);
    assert_int_equal(end_of(&ward, in)->size, 0);
    ward_gone(&ward);
}

static void a_read_waits_until_it_is_cancelled(void **state)
{
    (void)state;
    struct ward ward;
    ward_make(&ward, "");
    uint64_t in = read_in(&ward, USB_ENDPOINT_SMP_IN, 512);

    pass(&ward, 60000);
    assert_null(end_of(&ward, in));
    usb_bus_cancel(ward.bus, in);
    assert_int_equal(end_of(&ward, in)->outcome, USB_CANCELLED);
    usb_bus_cancel(ward.bus, in);
    usb_bus_cancel(ward.bus, 12345);
    assert_int_equal(ward.count, 1);
    assert_answers(&ward);
    ward_gone(&ward);
}

static void endpoints_that_are_none_are_refused(void **state)
{
    (void)state;
    static const uint8_t endpoints[] = {0x00, 0x80, 0x03, 0x83, 0x04, 0x8F, 0xFF};
    struct ward ward;
    ward_make(&ward, "");
    for (size_t i = 0; i < sizeof endpoints; i++)
        assert_int_equal(end_of(&ward, read_in(&ward, endpoints[i], 64))->outcome, USB_REFUSED);
    assert_true(usb_bus_configure(ward.bus, 0));
    assert_int_equal(end_of(&ward, read_in(&ward, USB_ENDPOINT_SMP_IN, 64))->outcome, USB_REFUSED);
    ward_gone(&ward);
}

static void a_halted_pipe_stalls_until_the_host_clears_it(void **state)
{
    (void)state;
    struct ward ward;
    ward_make(&ward, "");
    uint64_t waiting = read_in(&ward, USB_ENDPOINT_SMP_IN, 512);

    device_usb_wishes(ward.pump.device)->stall = true;
    pass(&ward, 10);
    assert_int_equal(end_of(&ward, waiting)->outcome, USB_STALLED);
    assert_int_equal(end_of(&ward, read_in(&ward, USB_ENDPOINT_SMP_IN, 512))->outcome, USB_STALLED);
    assert_int_equal(end_of(&ward, write_out(&ward, USB_ENDPOINT_SMP_OUT, span_text("x")))->outcome,
                     USB_STALLED);
    assert_true(control(&ward, 0x02, REQUEST_CLEAR_FEATURE, 0, USB_ENDPOINT_SMP_IN, (struct span){0}));
    assert_true(control(&ward, 0x02, REQUEST_CLEAR_FEATURE, 0, USB_ENDPOINT_SMP_OUT, (struct span){0}));
    assert_answers(&ward);
    ward_gone(&ward);
}

static void a_bus_reset_ends_transfers_and_half_packets(void **state)
{
    (void)state;
    struct ward ward;
    uint8_t memory[512];
    ward_make(&ward, "");
    uint64_t in = read_in(&ward, USB_ENDPOINT_SMP_IN, 512);
    write_out(&ward, USB_ENDPOINT_SMP_OUT, span_first(echo_for(100, memory), 50));
    pass(&ward, 10);

    usb_bus_reset(ward.bus);
    assert_int_equal(end_of(&ward, in)->outcome, USB_CANCELLED);
    assert_int_equal(usb_bus_device(ward.bus)->configuration, 0);
    assert_true(usb_bus_configure(ward.bus, 1));
    assert_answers(&ward);
    ward_gone(&ward);
}

static void a_reset_at_any_moment_leaves_a_device_that_answers(void **state)
{
    (void)state;
    struct ward ward;
    uint8_t memory[SMP_HEADER_SIZE];
    ward_make(&ward, "");
    for (int steps = 0; steps < 12; steps++) {
        ward.count = 0;
        read_in(&ward, USB_ENDPOINT_SMP_IN, 512);
        write_out(&ward, USB_ENDPOINT_SMP_OUT, identity_request(7, memory));
        for (int i = 0; i < steps; i++)
            usb_bus_flow(ward.bus, ward.pump.now);
        usb_bus_reset(ward.bus);
        assert_true(usb_bus_configure(ward.bus, 1));
        assert_answers(&ward);
    }
    ward_gone(&ward);
}

static void a_cable_pulled_in_the_middle_ends_everything_and_a_fresh_device_comes(void **state)
{
    (void)state;
    struct ward ward;
    ward_make(&ward, "");
    uint64_t in = read_in(&ward, USB_ENDPOINT_SMP_IN, 512), arrivals = usb_bus_arrivals(ward.bus);

    device_cable(ward.pump.device)->plugged = false;
    pass(&ward, 10);
    assert_false(usb_bus_attached(ward.bus));
    assert_int_equal(end_of(&ward, in)->outcome, USB_CANCELLED);
    assert_int_equal(end_of(&ward, read_in(&ward, USB_ENDPOINT_SMP_IN, 512))->outcome, USB_REFUSED);
    assert_false(control(&ward, 0x00, REQUEST_SET_CONFIGURATION, 1, 0, (struct span){0}));

    device_cable(ward.pump.device)->plugged = true;
    pass(&ward, 10);
    assert_int_equal(usb_bus_arrivals(ward.bus), arrivals + 1);
    assert_int_equal(usb_bus_device(ward.bus)->configuration, 0);
    assert_true(usb_bus_configure(ward.bus, 1));
    assert_answers(&ward);
    ward_gone(&ward);
}

static void a_device_that_is_told_to_leaves_the_bus_and_comes_again(void **state)
{
    (void)state;
    struct ward ward;
    ward_make(&ward, "");
    uint64_t arrivals = usb_bus_arrivals(ward.bus);

    device_usb_wishes(ward.pump.device)->leave = true;
    pass(&ward, 10);
    assert_int_equal(usb_bus_arrivals(ward.bus), arrivals + 1);
    assert_true(usb_bus_configure(ward.bus, 1));
    assert_answers(&ward);
    ward_gone(&ward);
}

static void a_host_that_never_reads_is_not_listened_to(void **state)
{
    (void)state;
    struct ward ward;
    uint8_t memory[SMP_HEADER_SIZE];
    unsigned taken = 0;
    ward_make(&ward, "");

    while (!usb_bus_full(ward.bus) && taken < ENDED_MAX - 1) {
        write_out(&ward, USB_ENDPOINT_SMP_OUT, identity_request(1, memory));
        pass(&ward, 1);
        taken++;
    }
    assert_true(usb_bus_full(ward.bus));
    for (int i = 0; i < 20; i++) {
        ward.count = 0;
        read_in(&ward, USB_ENDPOINT_SMP_IN, 16384);
        pass(&ward, 1);
    }
    assert_false(usb_bus_full(ward.bus));
    ward_gone(&ward);
}

/* Console -------------------------------------------------------------------------------------------------------------- */

static void the_console_answers_in_console_frames_beside_raw_smp(void **state)
{
    (void)state;
    struct ward ward;
    struct line line;
    uint8_t in[4200], out[512], wire[256], memory[SMP_HEADER_SIZE];
    struct span packet;
    ward_make(&ward, "");
    line_start(&line, LINE_HOST, buffer_over(in, sizeof in), buffer_over(out, sizeof out),
               (struct frame_chatter){NULL, NULL});
    line_give(&line, identity_request(9, memory));
    uint64_t console = read_in(&ward, USB_ENDPOINT_CONSOLE_IN, 16384);
    uint64_t raw = read_in(&ward, USB_ENDPOINT_SMP_IN, 16384);

    write_out(&ward, USB_ENDPOINT_CONSOLE_OUT, span_of(wire, line_send(&line, wire, sizeof wire)));
    pass(&ward, 100);
    assert_null(end_of(&ward, raw));
    struct span bytes = span_of(end_of(&ward, console)->data, end_of(&ward, console)->size);
    assert_int_equal(line_take(&line, &bytes, 0, &packet), OK);
    assert_int_equal(packet.data[6], 9);
    write_out(&ward, USB_ENDPOINT_SMP_OUT, identity_request(9, memory));
    pass(&ward, 100);
    assert_true(answers_identity(end_of(&ward, raw)));
    ward_gone(&ward);
}

/* DFU ------------------------------------------------------------------------------------------------------------------ */

static const struct pump_release second_release = {
    .version = {2, 0, 0}, .sequence = 2, .image_size = 40000, .healthy = 1};

struct told {
    uint8_t status, state, poll_ms;
};

static struct told get_status(struct ward *ward)
{
    const struct usb_setup setup = {0xA1, DFU_GETSTATUS, 0, USB_INTERFACE_DFU, DFU_STATUS_SIZE};
    uint8_t bytes[DFU_STATUS_SIZE];
    struct buffer out = buffer_over(bytes, sizeof bytes);

    if (!usb_bus_control(ward->bus, &setup, (struct span){0}, &out, ward->pump.now))
        return (struct told){0xFF, 0xFF, 0};
    return (struct told){bytes[0], bytes[4], bytes[1]};
}

/* Downloads until the end, an error, or a device that is gone; counts how often it was busy. */
static struct told download(struct ward *ward, struct span file, unsigned *busy)
{
    struct told told = {0, DFU_IDLE, 0};
    uint16_t turn = 0;

    for (size_t at = 0;; at += USB_DFU_TRANSFER) {
        struct span block = span_first(span_from(file, at), USB_DFU_TRANSFER);
        if (!control(ward, 0x21, DFU_DNLOAD, turn++, USB_INTERFACE_DFU, block))
            return get_status(ward);
        do {
            told = get_status(ward);
            *busy += told.state == DFU_DNBUSY;
            pass(ward, told.poll_ms);
        } while (told.state == DFU_DNBUSY || told.state == DFU_MANIFEST || told.state == DFU_MANIFEST_SYNC);
        if (told.status != DFU_OK || block.size == 0)
            return told;
    }
}

static void a_download_into_slow_flash_is_busy_and_ends_staged(void **state)
{
    (void)state;
    struct ward ward;
    unsigned busy = 0;
    ward_make(&ward, "program_us: 100\nerase_ms: 40\n");
    pump_bundle(&ward.pump, "2.suture", &second_release);
    struct buffer push = pump_push(&ward.pump, "2.suture", NULL);

    struct told told = download(&ward, span_used(&push), &busy);
    assert_int_equal(told.status, DFU_OK);
    assert_int_equal(told.state, DFU_IDLE);
    assert_true(busy > 0);
    assert_true(control_reached(ward.pump.device, WAIT_STAGED));
    assert_answers(&ward);
    free(push.data);
    ward_gone(&ward);
}

static void power_lost_during_a_download_costs_no_more_than_power_lost_during_an_upload(void **state)
{
    (void)state;
    struct ward ward;
    unsigned busy = 0;
    ward_make(&ward, "");
    pump_bundle(&ward.pump, "2.suture", &second_release);
    struct buffer push = pump_push(&ward.pump, "2.suture", NULL);

    device_cut_at(ward.pump.device, 900, POWER_CUT_TORN);
    assert_int_equal(download(&ward, span_used(&push), &busy).status, 0xFF);
    assert_false(usb_bus_attached(ward.bus));
    device_power_on(ward.pump.device, ward.pump.now);
    pass(&ward, 1000);
    assert_true(usb_bus_configure(ward.bus, 1));
    assert_int_equal(download(&ward, span_used(&push), &busy).status, DFU_OK);
    assert_true(control_reached(ward.pump.device, WAIT_STAGED));
    free(push.data);
    ward_gone(&ward);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_goes_out_and_its_answer_comes_in),
        cmocka_unit_test(an_answer_of_whole_packets_ends_with_an_empty_one),
        cmocka_unit_test(a_read_of_more_than_there_is_ends_with_the_short_packet),
        cmocka_unit_test(empty_packets_from_the_host_are_nothing),
        cmocka_unit_test(one_request_may_come_byte_by_byte),
        cmocka_unit_test(asking_for_less_than_a_packet_is_babble),
        cmocka_unit_test(a_read_waits_until_it_is_cancelled),
        cmocka_unit_test(endpoints_that_are_none_are_refused),
        cmocka_unit_test(a_halted_pipe_stalls_until_the_host_clears_it),
        cmocka_unit_test(a_bus_reset_ends_transfers_and_half_packets),
        cmocka_unit_test(a_reset_at_any_moment_leaves_a_device_that_answers),
        cmocka_unit_test(a_cable_pulled_in_the_middle_ends_everything_and_a_fresh_device_comes),
        cmocka_unit_test(a_device_that_is_told_to_leaves_the_bus_and_comes_again),
        cmocka_unit_test(a_host_that_never_reads_is_not_listened_to),
        cmocka_unit_test(the_console_answers_in_console_frames_beside_raw_smp),
        cmocka_unit_test(a_download_into_slow_flash_is_busy_and_ends_staged),
        cmocka_unit_test(power_lost_during_a_download_costs_no_more_than_power_lost_during_an_upload),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
