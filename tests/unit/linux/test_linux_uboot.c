/* U-Boot's environment as the copy of a record: valid, torn, never saved, one copy or two. */
#include "agent/ports/linux/boot_control.h"

#include "keys/base/bytes.h"
#include "keys/base/crc.h"
#include "keys/base/file.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define COPY 0x1000u /* bytes of one copy of the environment */

static char folder[] = "/tmp/suture-uboot-XXXXXX";
static char environment[64], description[64];
static struct config_file config;

static int folder_new(void **state)
{
    char text[256];

    (void)state;
    alarm(60); /* a lock that is never given back would be waited for for ever */
    memcpy(folder + sizeof folder - 7, "XXXXXX", 6);
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(environment, sizeof environment, "%s/environment", folder);
    snprintf(description, sizeof description, "%s/fw_env.config", folder);
    snprintf(text, sizeof text, "%s 0x0 0x%x\n%s 0x%x 0x%x\n", environment, COPY, environment, COPY, COPY);
    assert_true(file_write(description, span_text(text), 0600, NULL));
    config = (struct config_file){.boot = CONFIG_BOOT_UBOOT, .boot_path = description};
    return 0;
}

static int folder_gone(void **state)
{
    char command[96];

    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command) == 0 ? 0 : -1;
}

/* Both copies as U-Boot writes them: CRC, a flag that counts, variables ended by NULs. */
static void saved(uint8_t bytes[2 * COPY], const char *variables, size_t size)
{
    memset(bytes, 0, (size_t)2 * COPY);
    for (unsigned i = 0; i < 2; i++) {
        uint8_t *copy = bytes + (size_t)i * COPY;
        copy[4] = (uint8_t)(i + 1);
        memcpy(copy + 5, variables, size);
        put_le32(copy, crc32_of(span_of(copy + 5, COPY - 5)));
    }
}

static void store(const uint8_t bytes[2 * COPY])
{
    assert_true(file_write(environment, span_of(bytes, (size_t)2 * COPY), 0600, NULL));
}

static void a_copy_comes_back_as_it_was(void **state)
{
    static const char before[] = "bootdelay=2\0suture_running=a\0";
    const struct boot_copy copies[] = {
        {SLOT_B, SLOT_A, RECORD_TRIAL, 3, 17, SLOT_NONE},
        {SLOT_A, SLOT_NONE, RECORD_SETTLED, 0, UINT32_MAX, SLOT_NONE},
    };
    static uint8_t bytes[2 * COPY];
    struct boot_copy back;
    struct failure why;

    (void)state;
    saved(bytes, before, sizeof before);
    store(bytes);
    for (size_t i = 0; i < sizeof copies / sizeof copies[0]; i++) {
        assert_true(boot_uboot.write(&config, &copies[i], &why));
        assert_true(boot_uboot.read(&config, &back, &why));
        assert_int_equal(back.slot, copies[i].slot);
        assert_int_equal(back.fallback, copies[i].fallback);
        assert_int_equal(back.kind, copies[i].kind);
        assert_int_equal(back.tries, copies[i].tries);
        assert_int_equal(back.record, copies[i].record);
        assert_int_equal(back.running, SLOT_A);
    }
}

static void one_torn_copy_leaves_the_other(void **state)
{
    static const char before[] = "bootdelay=2\0";
    const struct boot_copy first = {SLOT_A, SLOT_NONE, RECORD_SETTLED, 0, 1, SLOT_NONE};
    const struct boot_copy second = {SLOT_B, SLOT_A, RECORD_TRIAL, 3, 2, SLOT_NONE};
    static uint8_t bytes[2 * COPY];
    struct boot_copy back;
    struct buffer file;
    struct failure why;

    (void)state;
    saved(bytes, before, sizeof before);
    store(bytes);
    assert_true(boot_uboot.write(&config, &first, &why));
    assert_true(boot_uboot.write(&config, &second, &why));
    assert_true(file_read(environment, 2 * COPY, &file, &why));
    for (unsigned torn = 0; torn < 2; torn++) {
        memcpy(bytes, file.data, sizeof bytes);
        bytes[torn * COPY + 100] ^= 1;
        store(bytes);
        assert_true(boot_uboot.read(&config, &back, &why));
        assert_true(back.record == 1 || back.record == 2);
    }
    free(file.data);
}

/* Each of these is asked more than once, as by an agent that tries again each second. */
static void an_environment_that_was_never_saved_holds_nothing_and_takes_nothing(void **state)
{
    const struct boot_copy copy = {SLOT_A, SLOT_NONE, RECORD_SETTLED, 0, 1, SLOT_NONE};
    static uint8_t bytes[2 * COPY];
    struct boot_copy back;
    struct failure why;

    (void)state;
    memset(bytes, 0xff, sizeof bytes);
    store(bytes);
    for (unsigned again = 0; again < 3; again++) {
        assert_true(boot_uboot.read(&config, &back, &why));
        assert_int_equal(back.record, 0);
        assert_int_equal(back.running, SLOT_NONE);
        assert_false(boot_uboot.write(&config, &copy, &why));
        assert_int_equal(why.id, FAIL_AGENT_BOOT_CONTROL);
        assert_non_null(strstr(why.what, "save it once"));
    }
    saved(bytes, "bootdelay=2", sizeof "bootdelay=2");
    store(bytes);
    assert_true(boot_uboot.write(&config, &copy, &why));
}

static void variables_that_make_no_sense_are_no_copy(void **state)
{
    static const char *const texts[] = {
        "suture_slot=c",   "suture_fallback=",   "suture_kind=TRIAL",        "suture_tries=8",
        "suture_tries=-1", "suture_record=0x11", "suture_record=4294967296", "suture_record=1 ",
    };
    static uint8_t bytes[2 * COPY];
    struct boot_copy back;
    struct failure why;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char variables[256];
        static const char *const good[] = {"suture_slot=b", "suture_fallback=a", "suture_kind=trial",
                                           "suture_tries=2", "suture_record=9"};
        size_t size = 0, key = strcspn(texts[i], "=") + 1;
        for (size_t k = 0; k < sizeof good / sizeof good[0]; k++) {
            const char *text = strncmp(good[k], texts[i], key) == 0 ? texts[i] : good[k];
            memcpy(variables + size, text, strlen(text) + 1);
            size += strlen(text) + 1;
        }
        saved(bytes, variables, size);
        store(bytes);
        assert_true(boot_uboot.read(&config, &back, &why));
        if (back.record != 0)
            fail_msg("taken: %s", texts[i]);
    }
}

static void a_description_that_is_none_is_said(void **state)
{
    struct boot_copy back;
    struct failure why = {0};

    (void)state;
    assert_int_equal(unlink(description), 0);
    assert_false(boot_uboot.read(&config, &back, &why));
    assert_int_equal(why.id, FAIL_AGENT_BOOT_CONTROL);
    assert_non_null(strstr(why.what, "fw_env.config"));
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_new, folder_gone)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(a_copy_comes_back_as_it_was),
        WITH_FOLDER(one_torn_copy_leaves_the_other),
        WITH_FOLDER(an_environment_that_was_never_saved_holds_nothing_and_takes_nothing),
        WITH_FOLDER(variables_that_make_no_sense_are_no_copy),
        WITH_FOLDER(a_description_that_is_none_is_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
