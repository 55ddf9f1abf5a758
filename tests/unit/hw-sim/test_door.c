/* A device's door: who gets in, who does not, what is left on the path, and bytes both ways. */
#include "hw-sim/door.h"

#include "tests/support/test.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct street {
    char folder[64], path[80];
    struct door door;
};

static void street_make(struct street *street)
{
    strcpy(street->folder, "/tmp/suture-door-XXXXXX");
    assert_non_null(mkdtemp(street->folder));
    snprintf(street->path, sizeof street->path, "%s/p.sock", street->folder);
    door_start(&street->door, &door_unix, street->path, 0, NULL);
    assert_true(door_open(&street->door, NULL));
}

static void street_gone(struct street *street)
{
    door_shut(&street->door);
    unlink(street->path);
    assert_int_equal(rmdir(street->folder), 0);
}

/* Lets the door do what poll says is due, until nothing is. */
static void let_it_serve(struct street *street)
{
    struct pollfd polls[DOOR_POLLS];
    for (int i = 0; i < 100; i++) {
        bool flowed = door_flow(&street->door, 0);
        door_watch(&street->door, polls, 0);
        if (poll(polls, DOOR_POLLS, 0) <= 0 && !flowed)
            return;
        door_serve(&street->door, polls, 0);
        if (street->door.in.size == street->door.in.capacity)
            return;
    }
}

static int knock(const struct street *street)
{
    return unix_connect(street->path, FAIL_LINK_LOST, NULL);
}

static void bytes_pass_both_ways(void **state)
{
    (void)state;
    struct street street;
    char back[8];
    street_make(&street);
    int loader = knock(&street);
    let_it_serve(&street);
    assert_true(door_changed(&street.door));
    assert_false(door_changed(&street.door));

    assert_int_equal(send(loader, "knock", 5, 0), 5);
    let_it_serve(&street);
    assert_true(span_equal(span_used(&street.door.in), span_text("knock")));
    door_took(&street.door.in, 2);
    assert_true(span_equal(span_used(&street.door.in), span_text("ock")));
    assert_true(buffer_append(&street.door.out, span_text("who?")));
    let_it_serve(&street);
    assert_int_equal(recv(loader, back, sizeof back, 0), 4);
    assert_memory_equal(back, "who?", 4);
    close(loader);
    street_gone(&street);
}

static void only_the_owner_may_connect(void **state)
{
    (void)state;
    struct street street;
    struct stat stat;
    street_make(&street);
    assert_int_equal(lstat(street.path, &stat), 0);
    assert_int_equal(stat.st_mode & 0777, 0600);
    street_gone(&street);
}

static void a_second_loader_is_shown_out_and_the_first_keeps_its_place(void **state)
{
    (void)state;
    struct street street;
    char back[8];
    street_make(&street);
    int first = knock(&street);
    let_it_serve(&street);
    int second = knock(&street);
    let_it_serve(&street);

    assert_int_equal(recv(second, back, sizeof back, 0), 0);
    assert_true(buffer_append(&street.door.out, span_text("you")));
    let_it_serve(&street);
    assert_int_equal(recv(first, back, sizeof back, 0), 3);
    close(first), close(second);
    street_gone(&street);
}

static void after_one_loader_has_gone_the_next_may_come(void **state)
{
    (void)state;
    struct street street;
    street_make(&street);
    int first = knock(&street);
    let_it_serve(&street);
    assert_int_equal(send(first, "half a fra", 10, 0), 10);
    let_it_serve(&street);
    close(first);
    let_it_serve(&street);
    assert_true(door_changed(&street.door));
    assert_int_equal(street.door.in.size, 0);

    int second = knock(&street);
    let_it_serve(&street);
    assert_true(street.door.client >= 0);
    close(second);
    street_gone(&street);
}

static void a_shut_door_hangs_up_and_leaves_nothing_on_the_path(void **state)
{
    (void)state;
    struct street street;
    char back[8];
    street_make(&street);
    int loader = knock(&street);
    let_it_serve(&street);
    door_shut(&street.door);
    assert_int_equal(recv(loader, back, sizeof back, 0), 0);
    assert_int_equal(knock(&street), -1);
    assert_int_not_equal(access(street.path, F_OK), 0);

    assert_true(door_open(&street.door, NULL));
    int again = knock(&street);
    assert_true(again >= 0);
    close(loader), close(again);
    street_gone(&street);
}

static void writing_to_a_loader_that_left_ends_nothing(void **state)
{
    (void)state;
    struct street street;
    street_make(&street);
    int loader = knock(&street);
    let_it_serve(&street);
    close(loader);
    for (int i = 0; i < 3; i++) {
        buffer_append(&street.door.out, span_text("anybody there?"));
        door_flow(&street.door, 0);
    }
    assert_int_equal(street.door.client, -1);
    street_gone(&street);
}

static void a_flood_waits_until_the_device_took_what_came(void **state)
{
    (void)state;
    static uint8_t flood[3 * DOOR_BUFFER];
    struct street street;
    size_t through = 0;
    street_make(&street);
    int loader = knock(&street);
    memset(flood, 0x5a, sizeof flood);
    let_it_serve(&street);
    assert_int_equal(send(loader, flood, sizeof flood, MSG_DONTWAIT), sizeof flood);

    for (int i = 0; i < 10 && through < sizeof flood; i++) {
        let_it_serve(&street);
        assert_true(street.door.in.size <= DOOR_BUFFER);
        through += street.door.in.size;
        door_took(&street.door.in, street.door.in.size);
    }
    assert_int_equal(through, sizeof flood);
    close(loader);
    street_gone(&street);
}

/* A socket that a dead process left behind: bound, and nobody listens. */
static void leave_stale_socket(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int file = socket(AF_UNIX, SOCK_STREAM, 0);
    strcpy(address.sun_path, path);
    assert_int_equal(bind(file, (struct sockaddr *)&address, sizeof address), 0);
    close(file);
}

static void a_stale_socket_is_replaced(void **state)
{
    (void)state;
    struct street street;
    street_make(&street);
    door_shut(&street.door);
    leave_stale_socket(street.path);
    assert_true(door_open(&street.door, NULL));
    int loader = knock(&street);
    assert_true(loader >= 0);
    close(loader);
    street_gone(&street);
}

static void a_socket_that_answers_is_left_alone(void **state)
{
    (void)state;
    struct street street;
    struct door other;
    struct failure why;
    street_make(&street);
    door_start(&other, &door_unix, street.path, 0, NULL);
    assert_false(door_open(&other, &why));
    assert_int_equal(why.id, FAIL_DOOR);
    door_shut(&other);
    int loader = knock(&street);
    assert_true(loader >= 0);
    close(loader);
    street_gone(&street);
}

static void a_file_on_the_path_is_left_alone(void **state)
{
    (void)state;
    struct street street;
    struct failure why;
    street_make(&street);
    door_shut(&street.door);
    FILE *file = fopen(street.path, "w");
    fputs("precious", file);
    fclose(file);
    assert_false(door_open(&street.door, &why));
    assert_int_equal(why.id, FAIL_DOOR);
    assert_int_equal(access(street.path, F_OK), 0);
    street_gone(&street);
}

static void somebody_elses_socket_is_not_removed_when_the_door_shuts(void **state)
{
    (void)state;
    struct street street;
    street_make(&street);
    unlink(street.path);
    leave_stale_socket(street.path);
    door_shut(&street.door);
    assert_int_equal(access(street.path, F_OK), 0);
    street_gone(&street);
}

static void a_path_too_long_for_a_socket_is_refused(void **state)
{
    (void)state;
    char path[120];
    struct door door;
    struct failure why;
    memset(path, 'a', sizeof path);
    path[0] = '/';
    path[108] = '\0';
    door_start(&door, &door_unix, path, 0, NULL);
    assert_false(door_open(&door, &why));
    assert_int_equal(why.id, FAIL_DOOR);
    door_start(&door, &door_unix, "", 0, NULL);
    assert_false(door_open(&door, &why));
    assert_int_equal(unix_connect(path, FAIL_CONTROL, &why), -1);
    assert_int_equal(why.id, FAIL_CONTROL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_pass_both_ways),
        cmocka_unit_test(only_the_owner_may_connect),
        cmocka_unit_test(a_second_loader_is_shown_out_and_the_first_keeps_its_place),
        cmocka_unit_test(after_one_loader_has_gone_the_next_may_come),
        cmocka_unit_test(a_shut_door_hangs_up_and_leaves_nothing_on_the_path),
        cmocka_unit_test(writing_to_a_loader_that_left_ends_nothing),
        cmocka_unit_test(a_flood_waits_until_the_device_took_what_came),
        cmocka_unit_test(a_stale_socket_is_replaced),
        cmocka_unit_test(a_socket_that_answers_is_left_alone),
        cmocka_unit_test(a_file_on_the_path_is_left_alone),
        cmocka_unit_test(somebody_elses_socket_is_not_removed_when_the_door_shuts),
        cmocka_unit_test(a_path_too_long_for_a_socket_is_refused),
    };
    return cmocka_run_group_tests_name("door", tests, NULL, NULL);
}
