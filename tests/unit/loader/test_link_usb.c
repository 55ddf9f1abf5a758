/* USB links against a scripted device behind usbredir, in one process and under a clock that the test turns: opening, both
 * pipes, how transfers end, and every way in which a device or a peer goes wrong. */
#include "loader/link/usb.h"

#include "agent/protocol/usb.h"
#include "tests/support/redir_device.h"
#include "tests/support/test.h"

#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static struct redir_device device;
static struct link wire;
static struct failure why;
static uint64_t now;
static uint8_t bytes[REDIR_BYTES];

static void plug(const struct redir_manners *manners)
{
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    redir_device_start(&device, ends[0], manners);
    memset(&wire, 0, sizeof wire);
    memset(&why, 0, sizeof why);
    now = 1000;
    struct link inner = {.kind = &link_socket, .descriptor = ends[1]};
    assert_true(usb_redir_link(&wire, inner, "usbredir:test", &why));
}

static int unplug_all(void **state)
{
    (void)state;
    link_close(&wire);
    redir_device_stop(&device);
    return 0;
}

/* Turns of both, until nothing more is to be done; then a moment passes. */
static enum link_result turn(void)
{
    enum link_result result = LINK_OK;

    for (unsigned quiet = 0; quiet < 3 && result == LINK_OK; quiet++) {
        if (redir_device_turn(&device))
            quiet = 0;
        result = link_settle(&wire, now, &why);
    }
    now += 1;
    return result;
}

static void opens(void)
{
    if (turn() != LINK_OK || wire.connecting)
        fail_msg("it did not open: E-%d %s", why.id, why.what);
}

static void plug_and_open(const struct redir_manners *manners)
{
    plug(manners);
    opens();
}

/* It is lost for this reason, after at most this time, without being asked before a time that it names itself. */
static void is_lost_within(uint64_t most_ms, enum failure_id id)
{
    uint64_t began = now;

    while (turn() == LINK_OK) {
        if (now - began > most_ms)
            fail_msg("still there after %llu ms", (unsigned long long)(now - began));
        if (wire.wake > now && wire.wake != UINT64_MAX)
            now = wire.wake;
    }
    if (why.id != id)
        fail_msg("lost for E-%d %s, not for E-%d", why.id, why.what, id);
}

static size_t reads(uint8_t *out, size_t capacity)
{
    size_t got, all = 0;

    do {
        assert_int_equal(link_read(&wire, out + all, capacity - all, &got), LINK_OK);
        all += got;
    } while (got > 0 && turn() == LINK_OK);
    return all;
}

static void writes(const uint8_t *data, size_t size)
{
    for (size_t put, at = 0; at < size; at += put) {
        assert_int_equal(link_write(&wire, data + at, size - at, &put), LINK_OK);
        if (put == 0)
            assert_int_equal(turn(), LINK_OK);
    }
}

static void fill_bytes(void)
{
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 13 + i / 251);
}

/* ---- opening */

static void the_interface_is_found_by_its_class_behind_others(void **state)
{
    (void)state;
    plug_and_open(NULL);
    assert_int_equal(wire.kind->wire, LINK_PACKETS);
    writes((const uint8_t *)"hello", 5);
    assert_int_equal(turn(), LINK_OK);
    assert_memory_equal(device.taken, "hello", 5);
    redir_device_says(&device, span_text("you"));
    assert_int_equal(turn(), LINK_OK);
    assert_int_equal(reads(bytes, sizeof bytes), 3);
    assert_memory_equal(bytes, "you", 3);
}

static void a_device_without_configuration_gets_one_and_both_pipes_begin_anew(void **state)
{
    (void)state;
    plug_and_open(NULL);
    assert_int_equal(device.configuration, 1);
    assert_int_equal(device.configured, 1);
    assert_int_equal(device.cleared, 2);
}

/* A kernel driver may hold other interfaces of it. */
static void a_configuration_in_force_is_left_alone(void **state)
{
    (void)state;
    plug_and_open(&(struct redir_manners){.configuration = 1});
    assert_int_equal(device.configured, 0);
    assert_int_equal(device.cleared, 2);
}

static void nothing_moves_before_it_is_open(void **state)
{
    size_t count;
    (void)state;

    plug(NULL);
    assert_true(wire.connecting);
    assert_int_equal(link_write(&wire, bytes, 5, &count), LINK_OK);
    assert_int_equal(count, 0);
    assert_int_equal(link_read(&wire, bytes, 5, &count), LINK_OK);
    assert_int_equal(count, 0);
    opens();
}

/* Whoever sleeps on its descriptor wakes for each step and each byte. */
static void the_descriptor_wakes_whoever_waits(void **state)
{
    struct pollfd ready;
    (void)state;

    plug(NULL);
    ready = (struct pollfd){wire.descriptor, POLLIN, 0};
    for (unsigned i = 0; wire.connecting; i++) {
        assert_true(i < 50);
        assert_int_equal(link_settle(&wire, now, &why), LINK_OK);
        redir_device_turn(&device);
        assert_true(!wire.connecting || poll(&ready, 1, 0) == 1);
    }
    assert_int_equal(turn(), LINK_OK);
    assert_int_equal(poll(&ready, 1, 0), 0);
    redir_device_says(&device, span_text("x"));
    redir_device_turn(&device);
    assert_int_equal(poll(&ready, 1, 0), 1);
}

static void a_peer_without_a_device_is_told_in_time(void **state)
{
    (void)state;
    plug(&(struct redir_manners){.shares_nothing = true});
    is_lost_within(USB_ARRIVE_MS + 10, FAIL_NO_DEVICE);
}

static void a_device_that_answers_no_question_is_frozen(void **state)
{
    (void)state;
    plug(&(struct redir_manners){.deaf = true});
    is_lost_within(USB_ANSWER_MS + 10, FAIL_USB_FROZEN);
}

static void a_device_that_refuses_every_question_is_none_of_ours(void **state)
{
    (void)state;
    plug(&(struct redir_manners){.control_status = usb_redir_stall});
    is_lost_within(10, FAIL_USB_DESCRIPTORS);
}

static void questions_that_fail_are_a_matter_of_the_cable(void **state)
{
    (void)state;
    plug(&(struct redir_manners){.control_status = usb_redir_ioerror});
    is_lost_within(10, FAIL_USB_TRANSFER);
}

static void descriptors_cut_at_any_byte_are_told_and_harm_nothing(void **state)
{
    struct span whole = redir_device_layout();
    (void)state;

    for (size_t size = 1; size < whole.size; size++) {
        plug(&(struct redir_manners){.layout = span_first(whole, size)});
        is_lost_within(10, FAIL_USB_DESCRIPTORS);
        unplug_all(NULL);
    }
    plug(&(struct redir_manners){.device = span_first(redir_device_descriptor(), 17)});
    is_lost_within(10, FAIL_USB_DESCRIPTORS);
}

/* ---- from the device */

static void four_reads_always_wait(void **state)
{
    (void)state;
    plug_and_open(NULL);
    assert_int_equal(device.waiting_count, 4);
    redir_device_says(&device, span_text("one"));
    assert_int_equal(turn(), LINK_OK);
    assert_int_equal(reads(bytes, sizeof bytes), 3);
    assert_int_equal(turn(), LINK_OK);
    assert_int_equal(device.waiting_count, 4);
    assert_int_equal(device.waiting[0].size, USB_SMP_IN);
}

static void comes_in_pieces_of(const struct redir_manners *manners, size_t size)
{
    static uint8_t got[REDIR_BYTES];
    size_t all = 0;

    plug_and_open(manners);
    fill_bytes();
    redir_device_says(&device, span_of(bytes, size));
    while (all < size) {
        assert_int_equal(turn(), LINK_OK);
        all += reads(got + all, sizeof got - all);
        assert_true(now < 100000);
    }
    assert_int_equal(all, size);
    assert_memory_equal(got, bytes, size);
}

static void single_bytes_come_in_order(void **state)
{
    (void)state;
    comes_in_pieces_of(&(struct redir_manners){.in_piece = 1}, 700);
}

static void empty_transfers_are_nothing(void **state)
{
    (void)state;
    comes_in_pieces_of(&(struct redir_manners){.in_piece = 512, .in_zeros = true}, 20000);
}

static void whole_transfers_come_in_order(void **state)
{
    (void)state;
    comes_in_pieces_of(NULL, 200000);
}

/* A reader with little room gets the rest next time. */
static void a_reader_takes_as_much_as_it_likes(void **state)
{
    size_t got;
    (void)state;

    plug_and_open(NULL);
    redir_device_says(&device, span_text("abcdefg"));
    assert_int_equal(turn(), LINK_OK);
    assert_int_equal(link_read(&wire, bytes, 3, &got), LINK_OK);
    assert_int_equal(got, 3);
    assert_int_equal(link_read(&wire, bytes + 3, 100, &got), LINK_OK);
    assert_int_equal(got, 4);
    assert_memory_equal(bytes, "abcdefg", 7);
}

/* ---- to the device */

static void a_whole_number_of_packets_is_followed_by_an_empty_one(void **state)
{
    (void)state;
    plug_and_open(NULL);
    writes(bytes, 1024);
    assert_int_equal(turn(), LINK_OK);
    assert_int_equal(device.transfer_count, 2);
    assert_int_equal(device.transfers[0], 1024);
    assert_int_equal(device.transfers[1], 0);
}

static void a_short_packet_ends_a_write_by_itself(void **state)
{
    (void)state;
    plug_and_open(NULL);
    writes(bytes, 1023);
    assert_int_equal(turn(), LINK_OK);
    assert_int_equal(device.transfer_count, 1);
    assert_int_equal(device.transfers[0], 1023);
}

static size_t bytes_of_transfers(void)
{
    size_t all = 0;

    for (size_t i = 0; i < device.transfer_count; i++) {
        assert_true(device.transfers[i] <= USB_SMP_OUT);
        all += device.transfers[i];
    }
    return all;
}

static void much_flies_four_at_a_time_and_ends_short(void **state)
{
    size_t put;
    (void)state;

    plug_and_open(&(struct redir_manners){.out_waits = true});
    fill_bytes();
    assert_int_equal(link_write(&wire, bytes, 200000, &put), LINK_OK);
    assert_int_equal(put, 4 * USB_SMP_OUT);
    assert_int_equal(turn(), LINK_OK);
    assert_int_equal(device.transfer_count, 4);
    device.manners.out_waits = false;
    redir_device_takes(&device);
    writes(bytes + put, 4 * USB_SMP_OUT);
    assert_int_equal(turn(), LINK_OK);
    assert_int_equal(turn(), LINK_OK);
    assert_int_equal(device.taken_size, 8 * USB_SMP_OUT);
    assert_memory_equal(device.taken, bytes, device.taken_size);
    assert_int_equal(bytes_of_transfers(), device.taken_size);
    assert_int_equal(device.transfers[device.transfer_count - 1], 0);
}

/* What is written while something flies goes together, and is never forgotten. */
static void small_writes_gather_behind_a_slow_one(void **state)
{
    (void)state;
    plug_and_open(&(struct redir_manners){.out_waits = true});
    fill_bytes();
    for (size_t i = 0; i < 100; i++)
        writes(bytes + i, 1);
    assert_int_equal(turn(), LINK_OK);
    assert_int_equal(device.transfer_count, 1);
    device.manners.out_waits = false;
    redir_device_takes(&device);
    assert_int_equal(turn(), LINK_OK);
    assert_int_equal(device.transfer_count, 2);
    assert_int_equal(device.transfers[1], 99);
    assert_memory_equal(device.taken, bytes, 100);
}

static void every_size_up_to_three_packets_arrives_and_ends_short(void **state)
{
    size_t sent = 0;
    (void)state;

    plug_and_open(NULL);
    fill_bytes();
    for (size_t size = 1; size <= 1536; size += size % 512 < 3 || size % 512 > 509 ? 1 : 101) {
        device.transfer_count = device.taken_size = 0;
        writes(bytes + sent % 1000, size);
        assert_int_equal(turn(), LINK_OK);
        assert_int_equal(device.taken_size, size);
        assert_memory_equal(device.taken, bytes + sent % 1000, size);
        assert_true(device.transfers[device.transfer_count - 1] % 512 != 0 ||
                    device.transfers[device.transfer_count - 1] == 0);
        sent += size;
    }
}

/* ---- trouble */

static void what_came_before_it_was_unplugged_is_still_read(void **state)
{
    (void)state;
    plug_and_open(NULL);
    redir_device_says(&device, span_text("last words"));
    redir_device_turn(&device);
    redir_device_unplug(&device);
    assert_int_equal(link_settle(&wire, now, &why), LINK_OK);
    assert_int_equal(reads(bytes, sizeof bytes), 10);
    is_lost_within(10, FAIL_USB_VANISHED);
}

static void unplugged_in_the_middle_of_a_write_it_is_told_at_once(void **state)
{
    (void)state;
    plug_and_open(&(struct redir_manners){.out_waits = true});
    writes(bytes, 3 * USB_SMP_OUT);
    assert_int_equal(turn(), LINK_OK);
    redir_device_unplug(&device);
    is_lost_within(10, FAIL_USB_VANISHED);
    assert_non_null(strstr(why.what, "unplugged"));
}

static void a_peer_that_hangs_up_is_told_at_once(void **state)
{
    (void)state;
    plug_and_open(NULL);
    redir_device_stop(&device);
    is_lost_within(10, FAIL_USB_VANISHED);
    assert_non_null(strstr(why.what, "hung up"));
}

static void a_stall_is_asked_about_and_the_device_is_there(void **state)
{
    (void)state;
    plug_and_open(NULL);
    device.manners.in_status = usb_redir_stall;
    is_lost_within(10, FAIL_USB_TRANSFER);
    assert_int_equal(device.asked, 1);
    assert_non_null(strstr(why.what, "though the device is there"));
}

static void a_failed_write_is_asked_about_and_the_device_is_there(void **state)
{
    (void)state;
    plug_and_open(&(struct redir_manners){.out_status = usb_redir_ioerror});
    writes(bytes, 10);
    is_lost_within(10, FAIL_USB_TRANSFER);
    assert_int_equal(device.asked, 1);
}

/* Some host controllers say ERROR for a device that was pulled, and only the next question tells. */
static void a_failed_transfer_of_a_device_that_is_gone_blames_no_cable(void **state)
{
    (void)state;
    plug_and_open(NULL);
    device.manners.in_status = device.manners.control_status = usb_redir_ioerror;
    is_lost_within(10, FAIL_USB_VANISHED);
}

static void a_failed_transfer_and_then_silence_is_frozen(void **state)
{
    (void)state;
    plug_and_open(NULL);
    device.manners.in_status = usb_redir_ioerror;
    device.manners.deaf = true;
    is_lost_within(USB_ANSWER_MS + 10, FAIL_USB_FROZEN);
}

static void a_device_that_freezes_under_a_write_is_told_in_time(void **state)
{
    (void)state;
    plug_and_open(NULL);
    device.manners.frozen = true;
    writes(bytes, 10);
    is_lost_within(USB_STUCK_MS + USB_ANSWER_MS + 10, FAIL_USB_FROZEN);
}

/* It erases flash, and will read when it has done so. */
static void a_device_that_only_takes_its_time_is_waited_for(void **state)
{
    (void)state;
    plug_and_open(&(struct redir_manners){.out_waits = true});
    writes(bytes, 10);
    for (unsigned i = 0; i < 5; i++) {
        now += USB_STUCK_MS + 1;
        assert_int_equal(turn(), LINK_OK);
    }
    assert_int_equal(device.asked, 5);
    redir_device_takes(&device);
    assert_int_equal(turn(), LINK_OK);
    assert_int_equal(wire.wake, UINT64_MAX);
}

static void an_idle_device_is_left_in_peace(void **state)
{
    (void)state;
    plug_and_open(NULL);
    assert_int_equal(wire.wake, UINT64_MAX);
    now += 3600000;
    assert_int_equal(turn(), LINK_OK);
    assert_int_equal(device.asked, 0);
}

/* ---- peers that lie */

static void more_bytes_than_were_asked_for_are_not_taken(void **state)
{
    (void)state;
    plug_and_open(NULL);
    device.manners.in_excess = true;
    is_lost_within(10, FAIL_USB_PEER);
}

static void a_peer_says(const void *raw, size_t size, enum failure_id id)
{
    plug(&(struct redir_manners){.frozen = true});
    assert_int_equal(send(device.wire, raw, size, MSG_NOSIGNAL), size);
    is_lost_within(USB_ARRIVE_MS + 10, id);
    unplug_all(NULL);
}

static void what_is_no_usbredir_is_told(void **state)
{
    static const char page[] =
        "HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n"
        "<html><body>400</body></html>\r\n";
    static const uint8_t hello_too_long[12] = {0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0x7F};
    static const uint8_t bulk_before_hello[12] = {101, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF};
    (void)state;

    a_peer_says(page, sizeof page - 1, FAIL_USB_PEER);
    a_peer_says(hello_too_long, sizeof hello_too_long, FAIL_USB_PEER);
    a_peer_says(bulk_before_hello, sizeof bulk_before_hello, FAIL_USB_PEER);
    a_peer_says("\0\0", 2, FAIL_NO_DEVICE); /* and then nothing */
}

/* Zeros are packets of no length and type hello. */
static void a_peer_that_floods_leaves_time_for_others(void **state)
{
    static const uint8_t zeros[65536];
    (void)state;

    plug(&(struct redir_manners){.frozen = true});
    while (send(device.wire, zeros, sizeof zeros, MSG_NOSIGNAL | MSG_DONTWAIT) > 0)
        ;
    while (link_settle(&wire, now, &why) == LINK_OK) {
        now += 100;
        send(device.wire, zeros, sizeof zeros, MSG_NOSIGNAL | MSG_DONTWAIT);
        assert_true(now < 1000 + USB_ARRIVE_MS + 200);
    }
}

#define STORY(name) cmocka_unit_test_teardown(name, unplug_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(the_interface_is_found_by_its_class_behind_others),
        STORY(a_device_without_configuration_gets_one_and_both_pipes_begin_anew),
        STORY(a_configuration_in_force_is_left_alone),
        STORY(nothing_moves_before_it_is_open),
        STORY(the_descriptor_wakes_whoever_waits),
        STORY(a_peer_without_a_device_is_told_in_time),
        STORY(a_device_that_answers_no_question_is_frozen),
        STORY(a_device_that_refuses_every_question_is_none_of_ours),
        STORY(questions_that_fail_are_a_matter_of_the_cable),
        STORY(descriptors_cut_at_any_byte_are_told_and_harm_nothing),
        STORY(four_reads_always_wait),
        STORY(single_bytes_come_in_order),
        STORY(empty_transfers_are_nothing),
        STORY(whole_transfers_come_in_order),
        STORY(a_reader_takes_as_much_as_it_likes),
        STORY(a_whole_number_of_packets_is_followed_by_an_empty_one),
        STORY(a_short_packet_ends_a_write_by_itself),
        STORY(much_flies_four_at_a_time_and_ends_short),
        STORY(small_writes_gather_behind_a_slow_one),
        STORY(every_size_up_to_three_packets_arrives_and_ends_short),
        STORY(what_came_before_it_was_unplugged_is_still_read),
        STORY(unplugged_in_the_middle_of_a_write_it_is_told_at_once),
        STORY(a_peer_that_hangs_up_is_told_at_once),
        STORY(a_stall_is_asked_about_and_the_device_is_there),
        STORY(a_failed_write_is_asked_about_and_the_device_is_there),
        STORY(a_failed_transfer_of_a_device_that_is_gone_blames_no_cable),
        STORY(a_failed_transfer_and_then_silence_is_frozen),
        STORY(a_device_that_freezes_under_a_write_is_told_in_time),
        STORY(a_device_that_only_takes_its_time_is_waited_for),
        STORY(an_idle_device_is_left_in_peace),
        STORY(more_bytes_than_were_asked_for_are_not_taken),
        STORY(what_is_no_usbredir_is_told),
        STORY(a_peer_that_floods_leaves_time_for_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
