/* Addresses and sockets: which address leads where, and what is said when nobody is there or nobody may. Beside them the
 * folders of a station: an option, else a variable, else the XDG folders. */
#include "tests/unit/loader/loader_kit.h"

#include "loader/link/link.h"
#include "loader/record/folders.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

static struct failure why;
static struct link wire;
static int door = -1;

static int set_up(void **state)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int opened = station_open(state);

    snprintf(name.sun_path, sizeof name.sun_path, "%s/door", kit.folder);
    door = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(door, (struct sockaddr *)&name, sizeof name), 0);
    assert_int_equal(listen(door, 1), 0);
    memset(&wire, 0, sizeof wire);
    return opened;
}

static int clean_up(void **state)
{
    link_close(&wire);
    close(door);
    return station_close(state);
}

static const char *address_of(const char *name)
{
    static char addresses[2][512];
    static unsigned next;
    char *address = addresses[next++ % 2];

    snprintf(address, sizeof addresses[0], "unix:%s/%s", kit.folder, name);
    return address;
}

static void an_address_without_a_known_scheme_is_none(void **state)
{
    static const char *const wrong[] = {
        "", "unix", "unix:", "pump.sock", "/run/pump.sock", "udp:localhost:1", "UNIX:/run/pump.sock", ":x"};
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_false(link_address_check(wrong[i], &why));
        assert_int_equal(why.id, FAIL_ADDRESS);
        assert_false(link_open(&wire, wrong[i], &why));
        assert_int_equal(why.id, FAIL_ADDRESS);
        assert_false(link_is_open(&wire));
    }
    assert_true(link_address_check("unix:pump.sock", &why));
}

static void a_path_longer_than_a_socket_can_have_is_no_address(void **state)
{
    char address[256] = "unix:/";

    (void)state;
    memset(address + 6, 'x', 108);
    assert_false(link_open(&wire, address, &why));
    assert_int_equal(why.id, FAIL_ADDRESS);
}

static void bytes_go_both_ways_and_an_end_is_noticed(void **state)
{
    uint8_t bytes[8];
    size_t count;

    (void)state;
    assert_true(link_open(&wire, address_of("door"), &why));
    int other = accept(door, NULL, NULL);
    assert_int_equal(link_read(&wire, bytes, sizeof bytes, &count), LINK_OK);
    assert_int_equal(count, 0);
    assert_int_equal(link_write(&wire, (const uint8_t *)"hello", 5, &count), LINK_OK);
    assert_int_equal(count, 5);
    assert_int_equal(read(other, bytes, sizeof bytes), 5);
    assert_int_equal(write(other, "you", 3), 3);
    assert_int_equal(link_read(&wire, bytes, sizeof bytes, &count), LINK_OK);
    assert_int_equal(count, 3);
    close(other);
    assert_int_equal(link_read(&wire, bytes, sizeof bytes, &count), LINK_LOST);
    assert_int_equal(link_write(&wire, bytes, 1, &count), LINK_LOST);
}

/* A device that does not read must not make the loader wait, nor lose a byte. */
static void a_full_wire_takes_what_it_can(void **state)
{
    static uint8_t much[1 << 20];
    size_t put_now, all = 0;

    (void)state;
    assert_true(link_open(&wire, address_of("door"), &why));
    do {
        assert_int_equal(link_write(&wire, much, sizeof much, &put_now), LINK_OK);
        all += put_now;
    } while (put_now > 0);
    assert_true(all > 0);
}

static void nobody_there_is_no_device(void **state)
{
    (void)state;
    assert_false(link_open(&wire, address_of("absent"), &why));
    assert_int_equal(why.id, FAIL_NO_DEVICE);
    put("file", span_text("x"));
    assert_false(link_open(&wire, address_of("file"), &why));
    assert_int_equal(why.id, FAIL_NO_DEVICE);
    close(door);
    assert_false(link_open(&wire, address_of("door"), &why));
    assert_int_equal(why.id, FAIL_NO_DEVICE);
    door = -1;
}

/* In a child, as a user who owns nothing here: the kit's folder is closed to others. */
static void a_port_of_another_user_asks_for_permission(void **state)
{
    int ended = -1;

    (void)state;
    if (geteuid() != 0) {
        /* an own socket without its write bit says the same */
        assert_int_equal(chmod(in_folder("door"), 0), 0);
        assert_false(link_open(&wire, address_of("door"), &why));
        assert_int_equal(why.id, FAIL_LINK_PERMISSION);
        return;
    }
    pid_t child = fork();
    if (child == 0) {
        if (setgid(65534) != 0 || setuid(65534) != 0)
            _exit(2);
        _exit(!link_open(&wire, address_of("door"), &why) && why.id == FAIL_LINK_PERMISSION ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &ended, 0), child);
    assert_true(WIFEXITED(ended));
    assert_int_equal(WEXITSTATUS(ended), 0);
}

static void one_door_has_many_names(void **state)
{
    char around[512];

    (void)state;
    assert_int_equal(symlink("door", in_folder("alias")), 0);
    snprintf(around, sizeof around, "unix:%s/./door", kit.folder);
    assert_true(link_address_same(address_of("door"), address_of("door")));
    assert_true(link_address_same(address_of("door"), address_of("alias")));
    assert_true(link_address_same(address_of("door"), around));
    assert_false(link_address_same(address_of("door"), address_of("absent")));
    assert_false(link_address_same("unix:a", "unix:b"));
    assert_true(link_address_same("unix:absent", "unix:absent"));
}

/* ---- folders */

static void folder_is(enum folder folder, const char *given, const char *wanted)
{
    char name[FOLDER_NAME_MAX];

    if (!folder_name(folder, given, name, &why))
        fail_msg("%s", why.what);
    assert_string_equal(name, wanted);
}

static void without_variables(void)
{
    static const char *const names[] = {"SUTURE_TRUST",
                                        "SUTURE_RECEIPTS",
                                        "SUTURE_BUNDLES",
                                        "XDG_CONFIG_HOME",
                                        "XDG_STATE_HOME",
                                        "XDG_DATA_HOME",
                                        "HOME"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unsetenv(names[i]);
}

static void an_option_wins_over_a_variable_over_xdg_over_home(void **state)
{
    (void)state;
    without_variables();
    setenv("HOME", "/people/ada", 1);
    folder_is(FOLDER_TRUST, NULL, "/people/ada/.config/suture/trust");
    folder_is(FOLDER_RECEIPTS, NULL, "/people/ada/.local/state/suture/receipts");
    folder_is(FOLDER_BUNDLES, NULL, "/people/ada/.local/share/suture/bundles");
    setenv("XDG_STATE_HOME", "relative/is/ignored", 1);
    folder_is(FOLDER_RECEIPTS, NULL, "/people/ada/.local/state/suture/receipts");
    setenv("XDG_STATE_HOME", "/state", 1);
    folder_is(FOLDER_RECEIPTS, NULL, "/state/suture/receipts");
    setenv("SUTURE_RECEIPTS", "", 1);
    folder_is(FOLDER_RECEIPTS, NULL, "/state/suture/receipts");
    setenv("SUTURE_RECEIPTS", "here", 1);
    folder_is(FOLDER_RECEIPTS, NULL, "here");
    folder_is(FOLDER_RECEIPTS, "there", "there");
    without_variables();
}

static void a_folder_that_nothing_names_is_said_with_the_option(void **state)
{
    static char longest[FOLDER_NAME_MAX + 8];
    char name[FOLDER_NAME_MAX];

    (void)state;
    without_variables();
    assert_false(folder_name(FOLDER_TRUST, NULL, name, &why));
    assert_int_equal(why.id, FAIL_STORE);
    assert_non_null(strstr(why.what, "--store"));
    assert_false(folder_name(FOLDER_TRUST, "", name, &why));
    memset(longest, 'x', FOLDER_NAME_MAX);
    assert_false(folder_name(FOLDER_TRUST, longest, name, &why));
    assert_int_equal(why.id, FAIL_STORE);
    longest[FOLDER_NAME_MAX - 1] = '\0';
    assert_true(folder_name(FOLDER_TRUST, longest, name, &why));
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, set_up, clean_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(an_address_without_a_known_scheme_is_none),
        STORY(a_path_longer_than_a_socket_can_have_is_no_address),
        STORY(bytes_go_both_ways_and_an_end_is_noticed),
        STORY(a_full_wire_takes_what_it_can),
        STORY(nobody_there_is_no_device),
        STORY(a_port_of_another_user_asks_for_permission),
        STORY(one_door_has_many_names),
        cmocka_unit_test(an_option_wins_over_a_variable_over_xdg_over_home),
        cmocka_unit_test(a_folder_that_nothing_names_is_said_with_the_option),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
