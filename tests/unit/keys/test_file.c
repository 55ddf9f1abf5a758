/* Whole files: read with a bound, written so that a reader sees the old file or the new one. */
#include "keys/base/file.h"

#include "tests/support/test.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/suture-file-XXXXXX";

static const char *in_folder(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static unsigned files_in_folder(void)
{
    unsigned count = 0;
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
        count += entry->d_name[0] != '.' || strlen(entry->d_name) > 2;
    closedir(dir);
    return count;
}

static void what_was_written_reads_back_with_its_mode(void **state)
{
    (void)state;
    struct buffer back;
    struct stat about;

    assert_true(file_write(in_folder("a"), span_text("hello"), 0600, NULL));
    assert_true(file_read(in_folder("a"), 5, &back, NULL));
    assert_true(span_equal(span_used(&back), span_text("hello")));
    free(back.data);
    assert_int_equal(stat(in_folder("a"), &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    unlink(in_folder("a"));
}

static void a_file_above_the_bound_is_refused(void **state)
{
    (void)state;
    struct buffer back;
    struct failure why;

    assert_true(file_write(in_folder("a"), span_text("hello"), 0644, NULL));
    assert_false(file_read(in_folder("a"), 4, &back, &why));
    assert_int_equal(why.id, FAIL_FILE_TOO_LARGE);
    unlink(in_folder("a"));
}

static void what_is_no_regular_file_is_not_opened(void **state)
{
    (void)state;
    struct buffer back;
    struct failure why;

    assert_false(file_read(folder, 100, &back, &why));
    assert_int_equal(why.id, FAIL_FILE_OPEN);
    assert_int_equal(mkfifo(in_folder("pipe"), 0600), 0);
    assert_false(file_read(in_folder("pipe"), 100, &back, &why));
    assert_int_equal(why.id, FAIL_FILE_OPEN);
    unlink(in_folder("pipe"));
    assert_false(file_read(in_folder("absent"), 100, &back, &why));
    assert_int_equal(why.id, FAIL_FILE_OPEN);
}

static void a_write_that_fails_leaves_nothing_behind(void **state)
{
    (void)state;
    struct failure why;

    assert_int_equal(mkdir(in_folder("b"), 0755), 0);
    assert_false(file_write(in_folder("b"), span_text("x"), 0644, &why)); /* a folder stands there */
    assert_int_equal(why.id, FAIL_FILE_WRITE);
    assert_int_equal(files_in_folder(), 1);
    rmdir(in_folder("b"));
    assert_false(file_write(in_folder("none/x"), span_text("x"), 0644, &why));
    assert_int_equal(why.id, FAIL_FILE_WRITE);
    assert_false(file_write("/dev/full/x", span_text("x"), 0644, &why));
    assert_int_equal(files_in_folder(), 0);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_reads_back_with_its_mode),
        cmocka_unit_test(a_file_above_the_bound_is_refused),
        cmocka_unit_test(what_is_no_regular_file_is_not_opened),
        cmocka_unit_test(a_write_that_fails_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
