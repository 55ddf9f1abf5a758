/* TCP links over loopback: connecting that blocks nobody, each way to be refused, and addresses of both families. */
#include "loader/link/link.h"

#include "tests/support/test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

struct server {
    int file;
    char address[64];
};

static struct failure why;
static struct link wire;

static int clean_up(void **state)
{
    (void)state;
    link_close(&wire);
    return 0;
}

static void server_make(struct server *server, int backlog)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof name;

    server->file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(server->file, (struct sockaddr *)&name, sizeof name), 0);
    if (backlog >= 0)
        assert_int_equal(listen(server->file, backlog), 0);
    assert_int_equal(getsockname(server->file, (struct sockaddr *)&name, &size), 0);
    snprintf(server->address, sizeof server->address, "tcp:127.0.0.1:%u", ntohs(name.sin_port));
}

/* Lets the connection come about, or not. */
static enum link_result settled(uint64_t now)
{
    enum link_result result = LINK_OK;

    while (wire.connecting && result == LINK_OK) {
        assert_int_equal(poll(&(struct pollfd){wire.descriptor, POLLOUT, 0}, 1, 5000), 1);
        result = link_settle(&wire, now, &why);
    }
    return result;
}

static void connects(const char *address)
{
    if (!link_open(&wire, address, &why) || settled(1) == LINK_LOST)
        fail_msg("%s: %s", address, why.what);
}

static void bytes_go_both_ways_and_an_end_is_noticed(void **state)
{
    struct server server;
    uint8_t bytes[8];
    size_t count;
    (void)state;

    server_make(&server, 1);
    connects(server.address);
    assert_int_equal(wire.kind->wire, LINK_PACKETS);
    int other = accept(server.file, NULL, NULL);
    assert_int_equal(link_read(&wire, bytes, sizeof bytes, &count), LINK_OK);
    assert_int_equal(count, 0);
    assert_int_equal(link_write(&wire, (const uint8_t *)"hello", 5, &count), LINK_OK);
    assert_int_equal(count, 5);
    assert_int_equal(read(other, bytes, sizeof bytes), 5);
    assert_int_equal(write(other, "you", 3), 3);
    assert_int_equal(poll(&(struct pollfd){wire.descriptor, POLLIN, 0}, 1, 5000), 1);
    assert_int_equal(link_read(&wire, bytes, sizeof bytes, &count), LINK_OK);
    assert_int_equal(count, 3);
    close(other);
    assert_int_equal(poll(&(struct pollfd){wire.descriptor, POLLIN, 0}, 1, 5000), 1);
    assert_int_equal(link_read(&wire, bytes, sizeof bytes, &count), LINK_LOST);
    close(server.file);
}

static void small_requests_are_not_held_back(void **state)
{
    struct server server;
    int on = 0;
    socklen_t size = sizeof on;
    (void)state;

    server_make(&server, 1);
    connects(server.address);
    assert_int_equal(getsockopt(wire.descriptor, IPPROTO_TCP, TCP_NODELAY, &on, &size), 0);
    assert_int_not_equal(on, 0);
    close(server.file);
}

static void a_port_where_nobody_listens_is_no_device(void **state)
{
    struct server server;
    (void)state;

    server_make(&server, -1);
    assert_true(!link_open(&wire, server.address, &why) || settled(1) == LINK_LOST);
    assert_int_equal(why.id, FAIL_NO_DEVICE);
    assert_non_null(strstr(why.what, "127.0.0.1"));
    close(server.file);
}

/* Its queue is full: nobody answers, and nobody waits for it. */
static void a_host_that_does_not_answer_blocks_nobody(void **state)
{
    struct link first[4] = {{0}};
    struct server server;
    (void)state;

    server_make(&server, 0);
    for (size_t i = 0; i < 4; i++)
        assert_true(link_open(&first[i], server.address, &why));
    assert_true(link_open(&wire, server.address, &why));
    assert_true(wire.connecting);
    for (uint64_t now = 1; now < 100000; now += 1000)
        assert_int_equal(link_settle(&wire, now, &why), LINK_OK);
    assert_true(wire.connecting);
    for (size_t i = 0; i < 4; i++)
        link_close(&first[i]);
    close(server.file);
}

/* "localhost" is ::1 first on most machines, where nobody listens here. */
static void a_name_leads_to_whichever_address_takes_the_call(void **state)
{
    struct server server;
    char address[64];
    (void)state;

    server_make(&server, 1);
    snprintf(address, sizeof address, "tcp:localhost:%s", strrchr(server.address, ':') + 1);
    connects(address);
    close(server.file);
}

static void version_6_goes_in_brackets(void **state)
{
    struct sockaddr_in6 name = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    socklen_t size = sizeof name;
    char address[64];
    (void)state;

    int file = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (file < 0 || bind(file, (struct sockaddr *)&name, sizeof name) != 0) {
        /* a machine without IPv6: then it must be said so, and nothing else */
        assert_true(!link_open(&wire, "tcp:[::1]:9", &why) || settled(1) == LINK_LOST);
        assert_int_equal(why.id, FAIL_NO_DEVICE);
        return;
    }
    assert_int_equal(listen(file, 1), 0);
    assert_int_equal(getsockname(file, (struct sockaddr *)&name, &size), 0);
    snprintf(address, sizeof address, "tcp:[::1]:%u", ntohs(name.sin6_port));
    connects(address);
    close(file);
}

static void what_is_no_host_and_port_is_no_address(void **state)
{
    static const char *const bad[] = {"localhost",        "localhost:",   ":4000",        "localhost:0",
                                      "localhost:65536",  "localhost:-1", "localhost:+1", "localhost:1x",
                                      "localhost:000001", "::1:4000",     "[::1]",        "[::1]4000",
                                      "[::1]:",           "[]:4000",      "[::1:4000",    "localhost: 1",
                                      "localhost:http",   "localhost:1:2"};
    char address[600];
    (void)state;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(address, sizeof address, "tcp:%s", bad[i]);
        assert_false(link_open(&wire, address, &why));
        if (why.id != FAIL_ADDRESS)
            fail_msg("%s: E-%d %s", address, why.id, why.what);
    }
    memset(address, 'h', sizeof address);
    memcpy(address, "tcp:", 4);
    memcpy(address + 590, ":4000", 6);
    assert_false(link_open(&wire, address, &why));
    assert_int_equal(why.id, FAIL_ADDRESS);
}

static void a_name_that_nobody_has_is_no_device(void **state)
{
    (void)state;
    assert_false(link_open(&wire, "tcp:no-such-pump.invalid:4000", &why));
    assert_int_equal(why.id, FAIL_NO_DEVICE);
    assert_false(link_is_open(&wire));
}

static void one_place_has_many_spellings(void **state)
{
    (void)state;
    assert_true(link_address_same("tcp:Pump-7:4000", "tcp:pump-7:04000"));
    assert_false(link_address_same("tcp:pump-7:4000", "tcp:pump-7:4001"));
    assert_false(link_address_same("tcp:pump-7:4000", "tcp:pump-8:4000"));
    assert_false(link_address_same("tcp:pump-7:4000", "unix:pump-7:4000"));
}

#define STORY(name) cmocka_unit_test_teardown(name, clean_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(bytes_go_both_ways_and_an_end_is_noticed),
        STORY(small_requests_are_not_held_back),
        STORY(a_port_where_nobody_listens_is_no_device),
        STORY(a_host_that_does_not_answer_blocks_nobody),
        STORY(a_name_leads_to_whichever_address_takes_the_call),
        STORY(version_6_goes_in_brackets),
        STORY(what_is_no_host_and_port_is_no_address),
        STORY(a_name_that_nobody_has_is_no_device),
        STORY(one_place_has_many_spellings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
