/* A session over a serial line: which framing it speaks when, towards devices that keep their word and others. */
#include "loader/session/session.h"

#include "tests/support/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#define ASK_MS 2000

/* A device on a pty that answers every request with an empty map. */
struct stand_in {
    int master;
    char address[128];
    struct line line;
    uint8_t in[512 + FRAME_OVERHEAD], out[512];
    bool deaf_to_cobs;
    unsigned lose; /* so many requests get no answer */
    unsigned heard[3];
};

struct desk {
    struct stand_in device;
    struct session session;
    uint64_t now;
    char text[256];
    size_t text_size;
};

static struct desk *desk_open(void)
{
    struct desk *desk = calloc(1, sizeof *desk);
    struct stand_in *device = &desk->device;
    char name[64];

    device->master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
    assert_true(device->master >= 0);
    assert_int_equal(grantpt(device->master), 0);
    assert_int_equal(unlockpt(device->master), 0);
    assert_int_equal(ptsname_r(device->master, name, sizeof name), 0);
    snprintf(device->address, sizeof device->address, "serial:%s", name);
    line_start(&device->line, LINE_DEVICE, buffer_over(device->in, sizeof device->in),
               buffer_over(device->out, sizeof device->out), (struct frame_chatter){NULL, NULL});
    desk->now = 1000;
    assert_true(session_init(&desk->session, device->address, NULL));
    assert_true(session_connect(&desk->session, desk->now, NULL));
    return desk;
}

static void desk_close(struct desk *desk)
{
    session_free(&desk->session);
    close(desk->device.master);
    free(desk);
}

static void answer(struct stand_in *device, struct span request)
{
    uint8_t packet[SMP_HEADER_SIZE + 1], wire[64];
    struct smp_header header;

    device->heard[device->line.took]++;
    if (device->lose > 0) {
        device->lose--;
        return;
    }
    assert_int_equal(smp_header_read(request, &header), OK);
    header.op++;
    header.length = 1;
    smp_header_write(&header, packet);
    packet[SMP_HEADER_SIZE] = 0xa0;
    for (struct span raw = span_of(packet, sizeof packet); raw.size > 0;) {
        size_t wanted = line_wants(&device->line);
        line_give(&device->line, span_first(raw, wanted));
        raw = span_from(raw, wanted < raw.size ? wanted : raw.size);
    }
    size_t size = line_send(&device->line, wire, sizeof wire);
    assert_int_equal(write(device->master, wire, size), size);
}

static void device_runs(struct desk *desk)
{
    struct stand_in *device = &desk->device;
    uint8_t bytes[512];
    struct span packet;
    ssize_t got;

    while ((got = read(device->master, bytes, sizeof bytes)) > 0) {
        struct span in = span_of(bytes, (size_t)got);
        while (line_take(&device->line, &in, desk->now, &packet) == OK)
            if (device->line.took != FRAMING_COBS || !device->deaf_to_cobs)
                answer(device, packet);
    }
}

/* One request, until something comes of it; time passes only in silence. Returns the milliseconds that it took. */
static uint64_t ask(struct desk *desk, enum client_event expected)
{
    struct client *client = &desk->session.client;
    enum client_event event;
    uint64_t begun = desk->now;

    assert_int_equal(
        client_request(client, SMP_READ, SMP_GROUP_SUTURE, 1, (struct span){0}, desk->now, ASK_MS, 3), OK);
    for (;;) {
        for (unsigned turn = 0; turn < 3; turn++) {
            assert_true(session_pump(&desk->session, desk->now));
            device_runs(desk);
        }
        event = client_poll(client, desk->now);
        if (event != CLIENT_WAITING)
            break;
        if (client_wake(client) > desk->now)
            desk->now = client_wake(client);
    }
    assert_int_equal(event, expected);
    return desk->now - begun;
}

static void offer_cobs(struct desk *desk)
{
    static const uint8_t both[] = {FRAMING_CONSOLE, FRAMING_COBS};
    session_framings(&desk->session, both, sizeof both);
}

/* So many requests came in this framing since the last time this was asked. */
static unsigned heard_in(struct desk *desk, enum framing framing)
{
    unsigned heard = desk->device.heard[framing];
    desk->device.heard[framing] = 0;
    return heard;
}

static void the_first_words_are_console(void **state)
{
    struct desk *desk = desk_open();
    (void)state;

    ask(desk, CLIENT_ANSWER);
    assert_int_equal(heard_in(desk, FRAMING_CONSOLE), 1);
    desk_close(desk);
}

static void a_device_that_offers_cobs_gets_it(void **state)
{
    struct desk *desk = desk_open();
    (void)state;

    ask(desk, CLIENT_ANSWER);
    offer_cobs(desk);
    ask(desk, CLIENT_ANSWER);
    ask(desk, CLIENT_ANSWER);
    assert_int_equal(heard_in(desk, FRAMING_CONSOLE), 1);
    assert_int_equal(heard_in(desk, FRAMING_COBS), 2);
    desk_close(desk);
}

static void a_device_that_offers_no_cobs_never_sees_it(void **state)
{
    static const uint8_t others[] = {FRAMING_CONSOLE, FRAMING_RAW, 77};
    struct desk *desk = desk_open();
    (void)state;

    ask(desk, CLIENT_ANSWER);
    session_framings(&desk->session, others, sizeof others);
    ask(desk, CLIENT_ANSWER);
    assert_int_equal(heard_in(desk, FRAMING_CONSOLE), 2);
    assert_int_equal(heard_in(desk, FRAMING_COBS), 0);
    desk_close(desk);
}

static void what_was_not_answered_is_sent_again_as_console_and_then_cobs_goes_on(void **state)
{
    struct desk *desk = desk_open();
    (void)state;

    ask(desk, CLIENT_ANSWER);
    offer_cobs(desk);
    heard_in(desk, FRAMING_CONSOLE);
    for (unsigned loss = 0; loss < 10; loss++) {
        desk->device.lose = 1;
        assert_int_equal(ask(desk, CLIENT_ANSWER), ASK_MS);
        assert_int_equal(heard_in(desk, FRAMING_CONSOLE), 1);
        ask(desk, CLIENT_ANSWER);
        assert_int_equal(heard_in(desk, FRAMING_COBS), 2);
    }
    desk_close(desk);
}

/* After an update another image may run, whose agent knows console only. */
static void a_device_that_no_longer_takes_cobs_is_understood_and_soon_spared_it(void **state)
{
    struct desk *desk = desk_open();
    (void)state;

    ask(desk, CLIENT_ANSWER);
    offer_cobs(desk);
    ask(desk, CLIENT_ANSWER);
    desk->device.deaf_to_cobs = true;
    for (unsigned request = 0; request < 3; request++)
        assert_int_equal(ask(desk, CLIENT_ANSWER), ASK_MS);
    for (unsigned request = 0; request < 3; request++)
        assert_int_equal(ask(desk, CLIENT_ANSWER), 0);
    desk_close(desk);
}

static void a_line_opened_anew_begins_with_console_and_returns_to_cobs(void **state)
{
    struct desk *desk = desk_open();
    (void)state;

    ask(desk, CLIENT_ANSWER);
    offer_cobs(desk);
    ask(desk, CLIENT_ANSWER);
    heard_in(desk, FRAMING_CONSOLE);
    heard_in(desk, FRAMING_COBS);
    assert_true(session_connect(&desk->session, desk->now, NULL));
    ask(desk, CLIENT_ANSWER);
    assert_int_equal(heard_in(desk, FRAMING_CONSOLE), 1);
    ask(desk, CLIENT_ANSWER);
    assert_int_equal(heard_in(desk, FRAMING_COBS), 1);
    desk_close(desk);
}

static void half_an_answer_costs_one_timeout(void **state)
{
    static const char half[] = "\x06\x09"
                               "AA0LAAAB";
    struct desk *desk = desk_open();
    (void)state;

    desk->device.lose = 1;
    assert_int_equal(write(desk->device.master, half, sizeof half - 1), sizeof half - 1);
    assert_int_equal(ask(desk, CLIENT_ANSWER), ASK_MS);
    desk_close(desk);
}

static void hear(void *context, struct span text)
{
    struct desk *desk = context;

    for (size_t i = 0; i < text.size && desk->text_size + 1 < sizeof desk->text; i++)
        desk->text[desk->text_size++] = (char)text.data[i];
}

static void what_a_firmware_says_between_answers_can_be_heard(void **state)
{
    static const char said[] = "[00:01] pump ready\r\n";
    struct desk *desk = desk_open();
    (void)state;

    session_chatter(&desk->session, (struct frame_chatter){desk, hear});
    assert_int_equal(write(desk->device.master, said, sizeof said - 1), sizeof said - 1);
    ask(desk, CLIENT_ANSWER);
    assert_string_equal(desk->text, said);
    desk_close(desk);
}

/* What would still be on the wire when its answer counts as late is not sent in one piece. */
static void a_slow_line_gets_smaller_packets_than_its_device_takes(void **state)
{
    struct desk *desk = desk_open();
    char slow[sizeof desk->device.address + 8];
    struct session session;

    (void)state;
    session_packet_max(&desk->session, 4096);
    assert_int_equal(desk->session.client.packet_max, 4096);
    snprintf(slow, sizeof slow, "%s@9600", desk->device.address);
    session_disconnect(&desk->session);
    assert_true(session_init(&session, slow, NULL));
    assert_true(session_connect(&session, desk->now, NULL));
    session_packet_max(&session, 4096);
    assert_int_equal(session.client.packet_max, line_packet_max(9600));
    session_packet_max(&session, 256);
    assert_int_equal(session.client.packet_max, 256);
    session_free(&session);
    desk_close(desk);
}

/* A listener that takes nobody in: where usbredir is spoken, the link is connecting until a device shows. */
static int listener_at(const char *path)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int file = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(name.sun_path, sizeof name.sun_path, "%s", path);
    assert_int_equal(bind(file, (struct sockaddr *)&name, sizeof name), 0);
    assert_int_equal(listen(file, 1), 0);
    return file;
}

struct stream_desk {
    char folder[32], path[64], address[96];
    int listener;
    struct session session;
};

static void stream_open(struct stream_desk *desk, const char *kind)
{
    snprintf(desk->folder, sizeof desk->folder, "/tmp/suture-session-XXXXXX");
    assert_non_null(mkdtemp(desk->folder));
    snprintf(desk->path, sizeof desk->path, "%s/door", desk->folder);
    snprintf(desk->address, sizeof desk->address, "%sunix:%s", kind, desk->path);
    desk->listener = listener_at(desk->path);
    assert_true(session_init(&desk->session, desk->address, NULL));
    assert_true(session_connect(&desk->session, 1000, NULL));
}

static void stream_close(struct stream_desk *desk)
{
    session_free(&desk->session);
    close(desk->listener);
    unlink(desk->path);
    rmdir(desk->folder);
}

static void while_it_connects_only_time_wakes_it(void **state)
{
    struct stream_desk desk;
    struct client *client = &desk.session.client;
    (void)state;

    stream_open(&desk, "usbredir:");
    assert_int_equal(client_request(client, SMP_READ, SMP_GROUP_SUTURE, 1, (struct span){0}, 1000, ASK_MS, 3),
                     OK);
    assert_true(session_pump(&desk.session, 1000));
    assert_true(desk.session.link.connecting);
    assert_int_equal(session_wake(&desk.session), 1000 + ASK_MS);
    stream_close(&desk);
}

static enum status zeros(void *context, uint64_t offset, uint8_t *data, size_t size)
{
    (void)context, (void)offset;
    memset(data, 0, size);
    return OK;
}

/* The device takes what waits there, and wants the transfer to go on at byte 1000; no chunk ends there. */
static void one_chunk_is_answered(int device)
{
    static const uint8_t goes_on[] = {0xa1, 0x63, 'o', 'f', 'f', 0x19, 0x03, 0xe8};
    uint8_t packet[SESSION_PACKET_MAX];
    struct smp_header header;

    ssize_t got = read(device, packet, sizeof packet);
    assert_true(got > SMP_HEADER_SIZE);
    assert_int_equal(smp_header_read(span_of(packet, (size_t)got), &header), OK);
    header.op++;
    header.length = sizeof goes_on;
    smp_header_write(&header, packet);
    memcpy(packet + SMP_HEADER_SIZE, goes_on, sizeof goes_on);
    assert_int_equal(write(device, packet, SMP_HEADER_SIZE + sizeof goes_on),
                     SMP_HEADER_SIZE + sizeof goes_on);
}

static void while_the_link_takes_nothing_more_only_time_wakes_it(void **state)
{
    const struct client_transfer transfer = {
        .group = SMP_GROUP_IMAGE, .id = 1, .source = {NULL, 1 << 20, zeros}, .window = CLIENT_WINDOW_MAX};
    struct stream_desk desk;
    const int little = 1;
    (void)state;

    stream_open(&desk, "");
    int device = accept(desk.listener, NULL, NULL);
    assert_int_equal(client_transfer_start(&desk.session.client, &transfer, 1000, ASK_MS, 3), OK);
    assert_true(session_pump(&desk.session, 1000));
    one_chunk_is_answered(device);
    session_packet_max(&desk.session, SESSION_PACKET_MAX);
    assert_int_equal(setsockopt(desk.session.link.descriptor, SOL_SOCKET, SO_SNDBUF, &little, sizeof little),
                     0);
    for (unsigned turn = 0; turn < 3; turn++)
        assert_true(session_pump(&desk.session, 1001));
    assert_true(session_wants_write(&desk.session));
    assert_int_equal(write(device, "", 1), 1);
    assert_true(session_pump(&desk.session, 1001));
    assert_int_equal(session_wake(&desk.session), 1001 + ASK_MS);
    close(device);
    stream_close(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_words_are_console),
        cmocka_unit_test(a_device_that_offers_cobs_gets_it),
        cmocka_unit_test(a_device_that_offers_no_cobs_never_sees_it),
        cmocka_unit_test(what_was_not_answered_is_sent_again_as_console_and_then_cobs_goes_on),
        cmocka_unit_test(a_device_that_no_longer_takes_cobs_is_understood_and_soon_spared_it),
        cmocka_unit_test(a_line_opened_anew_begins_with_console_and_returns_to_cobs),
        cmocka_unit_test(half_an_answer_costs_one_timeout),
        cmocka_unit_test(what_a_firmware_says_between_answers_can_be_heard),
        cmocka_unit_test(while_it_connects_only_time_wakes_it),
        cmocka_unit_test(while_the_link_takes_nothing_more_only_time_wakes_it),
        cmocka_unit_test(a_slow_line_gets_smaller_packets_than_its_device_takes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
