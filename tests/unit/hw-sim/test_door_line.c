/* Doors that are lines and ports: a pty under a stable name, a loopback port, and a wire's pace in real time. */
#include "hw-sim/clock.h"
#include "hw-sim/door.h"

#include "tests/support/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static struct door door;
static char folder[64], path[96];

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/suture-line-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/p.tty", folder);
    return 0;
}

static int folder_gone(void **state)
{
    (void)state;
    door_shut(&door);
    unlink(path);
    assert_int_equal(rmdir(folder), 0);
    return 0;
}

static void open_pty(uint32_t baud)
{
    struct failure why;
    door_start(&door, &door_pty, path, baud, NULL);
    if (!door_open(&door, &why))
        fail_msg("%s", why.what);
}

static void serve_until_still(uint64_t now_us)
{
    struct pollfd polls[DOOR_POLLS];
    for (int i = 0; i < 200; i++) {
        bool flowed = door_flow(&door, now_us);
        door_watch(&door, polls, now_us);
        if (poll(polls, DOOR_POLLS, 0) <= 0 && !flowed)
            return;
        door_serve(&door, polls, now_us);
    }
    fail_msg("the door never comes to rest");
}

static int open_port(void)
{
    int port = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK);
    assert_true(port >= 0);
    return port;
}

/* An SMP packet of `size` bytes in the console framing. */
static size_t console_of(size_t size, uint8_t *out, size_t capacity)
{
    uint8_t packet[DOOR_PACKET] = {0, 0, (uint8_t)((size - 8) >> 8), (uint8_t)(size - 8), 0, 0, 3, 0};
    struct frame_writer writer;
    frame_writer_start(&writer, FRAMING_CONSOLE, span_of(packet, size));
    return frame_writer_take(&writer, out, capacity);
}

static void a_frame_written_to_the_port_is_a_packet_for_the_device(void **state)
{
    (void)state;
    uint8_t wire[400];
    open_pty(0);
    int port = open_port();
    size_t size = console_of(90, wire, sizeof wire);
    assert_int_equal(write(port, wire, size), size);
    serve_until_still(0);
    assert_int_equal(door.in.size, 90);
    assert_int_equal(door.in.data[6], 3);
    close(port);
}

static void an_answer_comes_as_a_frame_raw_and_unechoed(void **state)
{
    (void)state;
    static const uint8_t answer[9] = {1, 0, 0, 1, 0, 0, 3, 0, 0xa0};
    uint8_t back[64];
    open_pty(0);
    int port = open_port();
    assert_true(buffer_append(&door.out, span_of(answer, sizeof answer)));
    serve_until_still(0);
    ssize_t got = read(port, back, sizeof back);
    assert_true(got > 4);
    assert_true(back[0] == 0x06 && back[1] == 0x09 && back[got - 1] == '\n');
    assert_int_equal(read(port, back, sizeof back), -1);
    assert_int_equal(door.in.size, 0);
    close(port);
}

static void programs_come_and_go_and_the_line_stays(void **state)
{
    (void)state;
    uint8_t wire[200];
    struct pollfd polls[DOOR_POLLS];
    size_t size = console_of(20, wire, sizeof wire);
    open_pty(0);
    door_changed(&door);
    for (size_t i = 1; i <= 5; i++) {
        int port = open_port();
        assert_int_equal(write(port, wire, size), size);
        close(port);
        serve_until_still(i);
        assert_int_equal(door.in.size, 20 * i);
    }
    assert_false(door_changed(&door));
    door_watch(&door, polls, 10);
    assert_int_equal(poll(polls, DOOR_POLLS, 0), 0); /* no hang-up to spin on */
    assert_int_equal(door_wake(&door, 10), FAULTS_NEVER);
}

static void the_name_goes_when_the_door_shuts_and_comes_back(void **state)
{
    (void)state;
    struct stat about;
    open_pty(0);
    assert_int_equal(lstat(path, &about), 0);
    assert_true(S_ISLNK(about.st_mode));
    door_shut(&door);
    assert_int_equal(lstat(path, &about), -1);
    assert_true(door_open(&door, NULL));
    close(open_port());
}

static void a_name_left_by_a_dead_simulator_is_replaced(void **state)
{
    (void)state;
    assert_int_equal(symlink("/dev/pts/999999", path), 0);
    open_pty(0);
    close(open_port());
}

static void whatever_else_stands_there_is_left_alone(void **state)
{
    (void)state;
    struct failure why;
    char to[64] = {0};
    assert_int_equal(symlink("/etc/hostname", path), 0);
    door_start(&door, &door_pty, path, 0, NULL);
    assert_false(door_open(&door, &why));
    assert_int_equal(why.id, FAIL_DOOR);
    door_shut(&door);
    assert_true(readlink(path, to, sizeof to - 1) > 0);
    assert_string_equal(to, "/etc/hostname");
    unlink(path);
    close(open(path, O_CREAT | O_WRONLY, 0600));
    assert_false(door_open(&door, &why));
    assert_int_equal(access(path, F_OK), 0);
}

static void a_name_that_another_simulator_took_is_not_removed(void **state)
{
    (void)state;
    open_pty(0);
    unlink(path);
    assert_int_equal(symlink("/dev/pts/999999", path), 0);
    door_shut(&door);
    char to[64];
    assert_true(readlink(path, to, sizeof to) > 0);
}

static void a_folder_that_is_not_there_is_said(void **state)
{
    (void)state;
    struct failure why;
    door_start(&door, &door_pty, "/nowhere/at/all/p.tty", 0, NULL);
    assert_false(door_open(&door, &why));
    assert_int_equal(why.id, FAIL_DOOR);
    assert_false(door_is_open(&door));
}

static void bytes_of_a_slow_line_arrive_when_they_are_due(void **state)
{
    (void)state;
    uint8_t wire[200];
    size_t size = console_of(20, wire, sizeof wire);
    open_pty(9600);
    int port = open_port();
    assert_int_equal(write(port, wire, size), size);
    serve_until_still(0);
    uint64_t last = size * 10 * 1000000 / 9600;
    for (uint64_t now = 0; now < last; now = door_wake(&door, now)) {
        serve_until_still(now);
        assert_int_equal(door.in.size, 0);
        assert_true(door_wake(&door, now) > now);
    }
    serve_until_still(last + 1);
    assert_int_equal(door.in.size, 20);
    close(port);
}

static uint64_t lesser(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Real time: what a person with a stopwatch at both ends measures, ms. */
static uint64_t ms_of(size_t frames, enum fault_way way)
{
    static uint8_t wire[8192];
    uint8_t packet[DOOR_PACKET] = {1, 0, 0xf, 0xf8}, back[4096];
    size_t size = console_of(sizeof packet, wire, sizeof wire), sent = 0, got = 0, due = frames * size;
    struct clock clock;
    struct pollfd polls[DOOR_POLLS + 1];
    int port = open_port();

    clock_start(&clock, CLOCK_REAL);
    while (got < due) {
        uint64_t now = clock_now_us(&clock);
        if (way == FAULT_IN && sent < due) {
            ssize_t put = write(port, wire + sent % size, size - sent % size);
            sent += put > 0 ? (size_t)put : 0;
        } else if (way == FAULT_OUT && door.out.size == 0 && sent < due) {
            assert_true(buffer_append(&door.out, span_of(packet, sizeof packet)));
            sent += size;
        }
        bool flowed = door_flow(&door, now);
        ssize_t read_now = read(port, back, sizeof back);
        got += read_now > 0 ? (size_t)read_now : 0;
        if (way == FAULT_IN) {
            got += door.in.size / sizeof packet * size;
            door.in.size = 0;
        }
        door_watch(&door, polls, now);
        polls[DOOR_POLLS] = (struct pollfd){port, POLLIN, 0};
        uint64_t wake = lesser(door_wake(&door, now), now + 5000);
        if (poll(polls, DOOR_POLLS + 1, flowed || wake <= now ? 0 : (int)((wake - now + 999) / 1000)) > 0)
            door_serve(&door, polls, clock_now_us(&clock));
    }
    close(port);
    return clock_now(&clock);
}

static void in_real_time_a_line_is_never_faster_than_its_baud_rate(void **state)
{
    (void)state;
    uint8_t wire[8192];
    uint64_t frame = console_of(DOOR_PACKET, wire, sizeof wire) * 10 * 1000;
    static const struct {
        uint32_t baud;
        size_t frames;
    } lines[] = {{115200, 1}, {921600, 8}};
    for (size_t i = 0; i < 2; i++) {
        uint64_t ideal = frame * lines[i].frames / lines[i].baud;
        for (enum fault_way way = FAULT_IN; way <= FAULT_OUT; way++) {
            open_pty(lines[i].baud);
            uint64_t took = ms_of(lines[i].frames, way);
            print_message("# %u baud: %u ms, by arithmetic %u ms\n", lines[i].baud, (unsigned)took,
                          (unsigned)ideal);
            /* how much slower is the machine's affair here: `make bench-link` measures it */
            assert_true(took >= ideal - 2);
            door_shut(&door);
        }
    }
}

static int connect_to(uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int file = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(file, (struct sockaddr *)&address, sizeof address) == 0)
        return file;
    close(file);
    return -1;
}

static void a_loopback_port_carries_packets_and_says_its_number(void **state)
{
    (void)state;
    char address[DOOR_ADDRESS], expected[DOOR_ADDRESS], back[8];
    door_start(&door, &door_tcp, "127.0.0.1:0", 0, NULL);
    assert_true(door_open(&door, NULL));
    door.kind->address(&door, address);
    snprintf(expected, sizeof expected, "tcp:127.0.0.1:%u", door.port);
    assert_string_equal(address, expected);
    int loader = connect_to(door.port), second = connect_to(door.port);
    serve_until_still(0);
    assert_int_equal(send(loader, "knock", 5, 0), 5);
    serve_until_still(0);
    assert_true(span_equal(span_used(&door.in), span_text("knock")));
    assert_true(buffer_append(&door.out, span_text("who?")));
    serve_until_still(0);
    assert_int_equal(recv(loader, back, sizeof back, 0), 4);
    assert_int_equal(recv(second, back, sizeof back, 0), 0);
    close(loader), close(second);
}

static void a_port_is_the_same_after_the_door_was_shut(void **state)
{
    (void)state;
    door_start(&door, &door_tcp, "127.0.0.1:0", 0, NULL);
    assert_true(door_open(&door, NULL));
    uint16_t port = door.port;
    int loader = connect_to(port);
    serve_until_still(0);
    door_shut(&door);
    assert_int_equal(connect_to(port), -1);
    assert_true(door_open(&door, NULL));
    assert_int_equal(door.port, port);
    close(loader);
}

static void a_port_in_use_is_said(void **state)
{
    (void)state;
    struct door other;
    struct failure why;
    char place[32];
    door_start(&door, &door_tcp, "127.0.0.1:0", 0, NULL);
    assert_true(door_open(&door, NULL));
    snprintf(place, sizeof place, "127.0.0.1:%u", door.port);
    door_start(&other, &door_tcp, place, 0, NULL);
    assert_false(door_open(&other, &why));
    assert_int_equal(why.id, FAIL_DOOR);
}

int main(void)
{
#define STORY(name) cmocka_unit_test_setup_teardown(name, make_folder, folder_gone)
    const struct CMUnitTest tests[] = {
        STORY(a_frame_written_to_the_port_is_a_packet_for_the_device),
        STORY(an_answer_comes_as_a_frame_raw_and_unechoed),
        STORY(programs_come_and_go_and_the_line_stays),
        STORY(the_name_goes_when_the_door_shuts_and_comes_back),
        STORY(a_name_left_by_a_dead_simulator_is_replaced),
        STORY(whatever_else_stands_there_is_left_alone),
        STORY(a_name_that_another_simulator_took_is_not_removed),
        STORY(a_folder_that_is_not_there_is_said),
        STORY(bytes_of_a_slow_line_arrive_when_they_are_due),
        STORY(in_real_time_a_line_is_never_faster_than_its_baud_rate),
        STORY(a_loopback_port_carries_packets_and_says_its_number),
        STORY(a_port_is_the_same_after_the_door_was_shut),
        STORY(a_port_in_use_is_said),
    };
    return cmocka_run_group_tests_name("door: lines and ports", tests, NULL, NULL);
}
