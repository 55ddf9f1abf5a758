/* Serial links on ptys: opened raw and alone, and honest about what is not there. */
#include "loader/link/link.h"

#include "tests/support/test.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
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
    assert_int_equal(link.baud, 115200);
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
    assert_non_null(strstr(why.what, "this program"));
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

/* A process of that name that has locked the port, until it is told to let go. */
static pid_t other_program(const char *name, const char *port, int *leash)
{
    int ready[2], hold[2];
    char byte = 0;

    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(hold), 0);
    pid_t child = fork();
    if (child == 0) {
        close(hold[1]);
        prctl(PR_SET_NAME, name);
        int file = open(port, O_RDWR | O_NOCTTY);
        bool held = file >= 0 && flock(file, LOCK_EX | LOCK_NB) == 0;
        if (held && write(ready[1], &byte, 1) == 1 && read(hold[0], &byte, 1) == 0)
            _exit(0);
        _exit(1);
    }
    close(ready[1]);
    close(hold[0]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    *leash = hold[1];
    return child;
}

static void lets_go(pid_t child, int leash)
{
    int ended = -1;

    close(leash);
    assert_int_equal(waitpid(child, &ended, 0), child);
    assert_int_equal(ended, 0);
}

static void held_by(const char *program, enum failure_id id)
{
    struct link link = {0};
    struct failure why;
    struct port port;
    char number[16];
    int leash;

    port_make(&port);
    pid_t child = other_program(program, port.name, &leash);
    assert_false(link_open(&link, port.address, &why));
    assert_int_equal(why.id, id);
    assert_int_equal(failure_exit(&why), EXIT_NO_PERMISSION);
    snprintf(number, sizeof number, "process %d", (int)child);
    assert_non_null(strstr(why.what, number));
    if (id == FAIL_LINK_BUSY)
        assert_non_null(strstr(why.what, program));
    lets_go(child, leash);
    assert_true(link_open(&link, port.address, &why));
    link_close(&link);
    close(port.master);
}

static void the_program_that_holds_a_port_is_named(void **state)
{
    (void)state;
    held_by("minicom", FAIL_LINK_BUSY);
}

static void modem_manager_has_a_word_of_its_own(void **state)
{
    (void)state;
    held_by("ModemManager", FAIL_MODEM_MANAGER);
}

/* A loader without root's rights that opens the port and dies in the end, cleanly or not; its wait(2) status. */
static int loader_dies(const struct port *port, int by_signal)
{
    struct link link = {0};
    int ended = -1;

    pid_t child = fork();
    if (child == 0) {
        if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
            _exit(2);
        if (!link_open(&link, port->address, NULL))
            _exit(1);
        if (by_signal != 0)
            raise(by_signal);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &ended, 0), child);
    return ended;
}

static void a_port_whose_holder_was_killed_is_free(void **state)
{
    struct port port;
    (void)state;

    port_make(&port);
    assert_int_equal(chmod(port.name, 0666), 0);
    int kept_open = open(port.name, O_RDWR | O_NOCTTY); /* as the simulator does */
    int ended = loader_dies(&port, SIGKILL);
    assert_true(WIFSIGNALED(ended));
    assert_int_equal(loader_dies(&port, 0), 0);
    close(kept_open);
    close(port.master);
}

static void a_port_of_others_names_its_group(void **state)
{
    struct link link = {0};
    struct failure why;
    struct port port;
    int ended = -1;
    (void)state;

    port_make(&port);
    assert_int_equal(chmod(port.name, 0), 0);
    pid_t child = fork();
    if (child == 0) {
        if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
            _exit(2);
        _exit(!link_open(&link, port.address, &why) && why.id == FAIL_LINK_PERMISSION &&
                      strstr(why.what, "belongs to the group") != NULL
                  ? 0
                  : 1);
    }
    assert_int_equal(waitpid(child, &ended, 0), child);
    assert_int_equal(ended, 0);
    close(port.master);
}

static void what_came_before_the_opening_is_thrown_away(void **state)
{
    struct link link = {0};
    struct port port;
    uint8_t bytes[8];
    size_t got;
    (void)state;

    port_make(&port);
    int kept_open = open(port.name, O_RDWR | O_NOCTTY | O_NONBLOCK);
    assert_int_equal(write(port.master, "login:\n", 7), 7);
    assert_int_equal(poll(&(struct pollfd){kept_open, POLLIN, 0}, 1, 1000), 1);
    assert_true(link_open(&link, port.address, NULL));
    assert_int_equal(link_read(&link, bytes, sizeof bytes, &got), LINK_OK);
    assert_int_equal(got, 0);
    link_close(&link);
    close(kept_open);
    close(port.master);
}

/* No echo to begin with, no hang-up at the end: HUPCL would drop DTR and reset boards that listen to it. */
static void the_line_is_raw_and_stays_up_after_closing(void **state)
{
    struct link link = {0};
    struct termios line;
    struct port port;
    (void)state;

    port_make(&port);
    int kept_open = open(port.name, O_RDWR | O_NOCTTY);
    assert_true(link_open(&link, port.address, NULL));
    link_close(&link);
    assert_int_equal(tcgetattr(kept_open, &line), 0);
    assert_int_equal(line.c_lflag & (ECHO | ICANON | ISIG), 0);
    assert_int_equal(line.c_iflag & (IXON | ICRNL), 0);
    assert_int_equal(line.c_oflag & OPOST, 0);
    assert_int_equal(line.c_cflag & (HUPCL | PARENB | CSTOPB), 0);
    assert_int_equal(line.c_cflag & (CLOCAL | CREAD | CS8), CLOCAL | CREAD | CS8);
    close(kept_open);
    close(port.master);
}

/* Closing would wait half a minute for a line that takes nothing. */
static void closing_a_stuck_line_waits_for_nobody(void **state)
{
    static uint8_t flood[65536];
    struct timespec before, after;
    struct link link = {0};
    struct port port;
    size_t put = 1;
    (void)state;

    port_make(&port);
    assert_true(link_open(&link, port.address, NULL));
    while (put > 0)
        assert_int_equal(link_write(&link, flood, sizeof flood, &put), LINK_OK);
    clock_gettime(CLOCK_MONOTONIC, &before);
    link_close(&link);
    clock_gettime(CLOCK_MONOTONIC, &after);
    assert_in_range(after.tv_sec - before.tv_sec, 0, 2);
    close(port.master);
}

static void what_is_no_port_is_said(void **state)
{
    (void)state;
    refuses("serial:/nowhere/tty", FAIL_NO_DEVICE);
    refuses("serial:/dev/null", FAIL_NOT_A_PORT);
    refuses("serial:/tmp", FAIL_NOT_A_PORT);
    refuses("serial:/etc/hostname", FAIL_NOT_A_PORT);
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
        cmocka_unit_test(the_program_that_holds_a_port_is_named),
        cmocka_unit_test(modem_manager_has_a_word_of_its_own),
        cmocka_unit_test(a_port_whose_holder_was_killed_is_free),
        cmocka_unit_test(a_port_of_others_names_its_group),
        cmocka_unit_test(what_came_before_the_opening_is_thrown_away),
        cmocka_unit_test(the_line_is_raw_and_stays_up_after_closing),
        cmocka_unit_test(closing_a_stuck_line_waits_for_nobody),
        cmocka_unit_test(what_is_no_port_is_said),
        cmocka_unit_test(a_speed_is_a_plain_number),
        cmocka_unit_test(two_names_of_one_port_are_one_wire),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
