/* serial:auto: which names are ports, in which order, and each port once. */
#include "loader/link/serial_find.h"

#include "tests/support/test.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];
static int masters[4];
static char ports_made[4][64];
static struct failure why;

static int bench(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/suture-find-XXXXXX");
    assert_non_null(mkdtemp(folder));
    for (size_t i = 0; i < 4; i++) {
        masters[i] = posix_openpt(O_RDWR | O_NOCTTY);
        assert_true(masters[i] >= 0 && grantpt(masters[i]) == 0 && unlockpt(masters[i]) == 0);
        assert_int_equal(ptsname_r(masters[i], ports_made[i], sizeof ports_made[i]), 0);
    }
    return setenv("SUTURE_SERIAL_DIR", folder, 1);
}

static int clean(void **state)
{
    char name[512];
    DIR *dir = opendir(folder);
    (void)state;

    for (struct dirent *one; dir != NULL && (one = readdir(dir)) != NULL;) {
        snprintf(name, sizeof name, "%s/%s", folder, one->d_name);
        unlink(name);
    }
    closedir(dir);
    for (size_t i = 0; i < 4; i++)
        close(masters[i]);
    unsetenv("SUTURE_SERIAL_DIR");
    return rmdir(folder);
}

static void link_named(const char *name, const char *target)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(symlink(target, path), 0);
}

/* Looks, and compares with the names in the folder. */
static void finds(const char *address, const char *const *names, size_t count)
{
    struct serial_ports ports;
    char wanted[512];

    if (!serial_find(address, &ports, &why))
        fail_msg("%s", why.what);
    assert_int_equal(ports.count, count);
    for (size_t i = 0; i < count; i++) {
        snprintf(wanted, sizeof wanted, "serial:%s/%s", folder, names[i]);
        assert_string_equal(ports.addresses[i], wanted);
    }
    serial_ports_free(&ports);
}

static void links_to_ports_are_found_in_the_order_of_their_numbers(void **state)
{
    (void)state;
    link_named("pump10", ports_made[0]);
    link_named("pump9", ports_made[1]);
    link_named("pump1", ports_made[2]);
    finds("serial:auto", (const char *[]){"pump1", "pump9", "pump10"}, 3);
    finds("serial:auto@9600", (const char *[]){"pump1@9600", "pump9@9600", "pump10@9600"}, 3);
}

static void a_port_of_many_names_is_found_once(void **state)
{
    (void)state;
    link_named("a", ports_made[0]);
    link_named("b", ports_made[0]);
    link_named("c", "a");
    finds("serial:auto", (const char *[]){"a"}, 1);
}

static void files_folders_and_dead_links_are_no_ports(void **state)
{
    char path[512];
    (void)state;

    snprintf(path, sizeof path, "%s/file", folder);
    close(open(path, O_CREAT | O_WRONLY, 0600));
    link_named("folder", "/tmp");
    link_named("pulled", "/dev/pts/no-such-port");
    link_named("round", "round");
    link_named(".hidden", ports_made[0]);
    finds("serial:auto", NULL, 0);
    link_named("port", ports_made[1]);
    finds("serial:auto", (const char *[]){"port"}, 1);
}

static void a_folder_that_is_not_there_is_said(void **state)
{
    struct serial_ports ports;
    (void)state;

    setenv("SUTURE_SERIAL_DIR", "/nowhere/ports", 1);
    assert_false(serial_find("serial:auto", &ports, &why));
    assert_int_equal(why.id, FAIL_SERIAL_DIR);
    assert_non_null(strstr(why.what, "/nowhere/ports"));
}

/* Whatever this machine has: nothing but the names that a device could have. */
static void without_a_folder_dev_is_looked_at(void **state)
{
    struct serial_ports ports;
    (void)state;

    setenv("SUTURE_SERIAL_DIR", "", 1);
    assert_true(serial_find("serial:auto", &ports, &why));
    assert_string_equal(ports.folder, "/dev");
    for (size_t i = 0; i < ports.count; i++)
        assert_memory_equal(ports.addresses[i], "serial:/dev/tty", 15);
    serial_ports_free(&ports);
}

static void only_auto_is_auto(void **state)
{
    (void)state;
    assert_true(serial_is_auto("serial:auto"));
    assert_true(serial_is_auto("serial:auto@9600"));
    assert_false(serial_is_auto("serial:automat"));
    assert_false(serial_is_auto("serial:./auto"));
    assert_false(serial_is_auto("serial:/dev/ttyUSB0"));
    assert_false(serial_is_auto("unix:auto"));
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, bench, clean)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(links_to_ports_are_found_in_the_order_of_their_numbers),
        STORY(a_port_of_many_names_is_found_once),
        STORY(files_folders_and_dead_links_are_no_ports),
        STORY(a_folder_that_is_not_there_is_said),
        STORY(without_a_folder_dev_is_looked_at),
        cmocka_unit_test(only_auto_is_auto),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
