/* Key files: what is written is read back by its owner only, and nothing else passes for a key. */
#include "keys/keyfile.h"
#include "keys/base/file.h"
#include "keys/pem.h"

#include "tests/support/keys.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64], path[96], public_path[96];
static struct test_key key;

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/test_keyfile.XXXXXX");
    key = test_key_named("key file");
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/key", folder);
    snprintf(public_path, sizeof public_path, "%s/key.pub", folder);
    return 0;
}

static int empty_folder(void **state)
{
    (void)state;
    char command[128];

    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static unsigned mode_of(const char *file)
{
    struct stat about;

    assert_int_equal(stat(file, &about), 0);
    return about.st_mode & 07777;
}

static size_t files_in_folder(void)
{
    char command[128];
    size_t count = 0;

    snprintf(command, sizeof command, "ls -A %s | wc -l", folder);
    FILE *out = popen(command, "r");
    assert_non_null(out);
    assert_int_equal(fscanf(out, "%zu", &count), 1);
    pclose(out);
    return count;
}

static void put_file(const char *text, unsigned mode)
{
    struct failure why;

    if (!file_write(path, span_text(text), mode, &why))
        fail_msg("%s", why.what);
}

static void a_written_key_is_read_back_with_its_modes(void **state)
{
    (void)state;
    uint8_t private_key[P256_PRIVATE_SIZE], public_key[P256_PUBLIC_SIZE];
    struct failure why;

    mode_t before = umask(0);
    assert_true(keyfile_write(path, key.private_key, &why));
    umask(before);
    assert_int_equal(mode_of(path), 0600);
    assert_int_equal(mode_of(public_path), 0644);
    assert_int_equal(files_in_folder(), 2);
    assert_true(keyfile_read_private(path, private_key, &why));
    assert_memory_equal(private_key, key.private_key, sizeof private_key);
    assert_true(keyfile_read_public(path, public_key, &why));
    assert_memory_equal(public_key, key.public_key, sizeof public_key);
    memset(public_key, 0, sizeof public_key);
    assert_true(keyfile_read_public(public_path, public_key, &why));
    assert_memory_equal(public_key, key.public_key, sizeof public_key);
}

static void an_existing_file_is_never_overwritten(void **state)
{
    (void)state;
    struct failure why;

    put_file("precious", 0600);
    assert_false(keyfile_write(path, key.private_key, &why));
    assert_int_equal(why.id, FAIL_FILE_EXISTS);
    assert_int_equal(files_in_folder(), 1);

    assert_int_equal(rename(path, public_path), 0);
    assert_false(keyfile_write(path, key.private_key, &why));
    assert_int_equal(why.id, FAIL_FILE_EXISTS);
    assert_int_equal(files_in_folder(), 1);

    struct buffer text;
    assert_true(file_read(public_path, 100, &text, &why));
    assert_true(span_equal(span_used(&text), span_text("precious")));
    free(text.data);
}

static void a_link_to_nowhere_is_not_followed(void **state)
{
    (void)state;
    struct failure why;

    assert_int_equal(symlink("elsewhere", path), 0);
    assert_false(keyfile_write(path, key.private_key, &why));
    assert_int_equal(why.id, FAIL_FILE_EXISTS);
    assert_int_equal(files_in_folder(), 1);
}

static void what_can_not_be_written_leaves_nothing(void **state)
{
    (void)state;
    struct failure why;
    char missing[128];

    snprintf(missing, sizeof missing, "%s/no/such/key", folder);
    assert_false(keyfile_write(missing, key.private_key, &why));
    assert_int_equal(why.id, FAIL_FILE_WRITE);
    assert_int_equal(files_in_folder(), 0);
}

static void a_private_key_that_others_can_read_is_refused(void **state)
{
    (void)state;
    static const unsigned bad[] = {0640, 0604, 0660, 0644, 0610, 0601, 0777}, good[] = {0600, 0400, 0700};
    uint8_t private_key[P256_PRIVATE_SIZE] = {7};
    struct failure why;
    assert_true(keyfile_write(path, key.private_key, &why));

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(chmod(path, bad[i]), 0);
        assert_false(keyfile_read_private(path, private_key, &why));
        assert_int_equal(why.id, FAIL_KEY_READABLE);
        assert_int_equal(private_key[0], 7);
    }
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(chmod(path, good[i]), 0);
        assert_true(keyfile_read_private(path, private_key, &why));
    }
}

static void assert_no_key(const char *text)
{
    uint8_t private_key[P256_PRIVATE_SIZE] = {7}, public_key[P256_PUBLIC_SIZE] = {7};
    struct failure why;

    put_file(text, 0600);
    assert_false(keyfile_read_private(path, private_key, &why));
    assert_int_equal(why.id, FAIL_KEY_FORMAT);
    assert_false(keyfile_read_public(path, public_key, &why));
    assert_int_equal(why.id, FAIL_KEY_FORMAT);
    assert_int_equal(private_key[0], 7);
    assert_int_equal(public_key[0], 7);
}

static void what_is_no_key_is_refused(void **state)
{
    (void)state;
    assert_no_key("");
    assert_no_key("hello");
    assert_no_key("-----BEGIN EC PRIVATE KEY-----\n");
    assert_no_key("-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n");
    assert_no_key("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n");
    assert_no_key("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
}

static void a_public_key_is_no_private_key(void **state)
{
    (void)state;
    uint8_t private_key[P256_PRIVATE_SIZE] = {7};
    struct failure why;
    assert_true(keyfile_write(path, key.private_key, &why));
    assert_int_equal(chmod(public_path, 0600), 0);

    assert_false(keyfile_read_private(public_path, private_key, &why));
    assert_int_equal(why.id, FAIL_KEY_FORMAT);
    assert_int_equal(private_key[0], 7);
}

static void a_folder_and_a_missing_file_are_no_files(void **state)
{
    (void)state;
    uint8_t private_key[P256_PRIVATE_SIZE], public_key[P256_PUBLIC_SIZE];
    struct failure why;

    assert_false(keyfile_read_private(folder, private_key, &why));
    assert_int_equal(why.id, FAIL_FILE_OPEN);
    assert_false(keyfile_read_public(folder, public_key, &why));
    assert_int_equal(why.id, FAIL_FILE_OPEN);
    assert_false(keyfile_read_private(path, private_key, &why));
    assert_int_equal(why.id, FAIL_FILE_OPEN);
}

static void a_file_larger_than_any_key_is_refused_unread(void **state)
{
    (void)state;
    static char text[PEM_MAX + 2];
    uint8_t public_key[P256_PUBLIC_SIZE];
    struct failure why;

    memset(text, ' ', sizeof text - 1);
    put_file(text, 0600);
    assert_false(keyfile_read_public(path, public_key, &why));
    assert_int_equal(why.id, FAIL_FILE_TOO_LARGE);
}

/* A cut copy, and a copy with one letter changed: never a crash, and never another key. */
static void damaged_pem_never_gives_another_private_key(void **state)
{
    (void)state;
    uint8_t text[512], got[P256_PRIVATE_SIZE];
    struct buffer pem = buffer_over(text, sizeof text);
    size_t same = 0;
    assert_true(pem_write_private(&pem, key.private_key));

    for (size_t size = 0; size < pem.size; size++)
        if (pem_read_private(span_of(text, size), got) == NULL)
            assert_memory_equal(got, key.private_key, sizeof got);
    for (size_t i = 0; i < pem.size; i++) {
        uint8_t kept = text[i];
        text[i] = kept == 'A' ? 'B' : 'A';
        if (pem_read_private(span_used(&pem), got) == NULL) {
            assert_memory_equal(got, key.private_key, sizeof got);
            same += 1;
        }
        text[i] = kept;
    }
    print_message("%zu letters of %zu may differ without a change of the key\n", same, pem.size);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_written_key_is_read_back_with_its_modes, make_folder, empty_folder),
        cmocka_unit_test_setup_teardown(an_existing_file_is_never_overwritten, make_folder, empty_folder),
        cmocka_unit_test_setup_teardown(a_link_to_nowhere_is_not_followed, make_folder, empty_folder),
        cmocka_unit_test_setup_teardown(what_can_not_be_written_leaves_nothing, make_folder, empty_folder),
        cmocka_unit_test_setup_teardown(a_private_key_that_others_can_read_is_refused, make_folder,
                                        empty_folder),
        cmocka_unit_test_setup_teardown(what_is_no_key_is_refused, make_folder, empty_folder),
        cmocka_unit_test_setup_teardown(a_public_key_is_no_private_key, make_folder, empty_folder),
        cmocka_unit_test_setup_teardown(a_folder_and_a_missing_file_are_no_files, make_folder, empty_folder),
        cmocka_unit_test_setup_teardown(a_file_larger_than_any_key_is_refused_unread, make_folder,
                                        empty_folder),
        cmocka_unit_test_setup_teardown(damaged_pem_never_gives_another_private_key, make_folder,
                                        empty_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
