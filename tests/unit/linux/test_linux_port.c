/* What the agent believes of hooks, and for how long: answers that make sense, answers that don't, and the last question before
 * anything is activated. */
#include "agent/ports/linux/holds.h"
#include "agent/ports/linux/linux_port.h"

#include "keys/base/file.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define FREE_NOW "use=free\nservice=yes\nmains=yes\nbattery=80\n"

static char folder[] = "/tmp/suture-port-XXXXXX";
static char interlock[64], answer[64], service[64];

static void place(const char *path, const char *text, unsigned mode)
{
    assert_true(file_write(path, span_text(text), mode, NULL));
    assert_int_equal(chmod(path, mode), 0);
}

/* An interlock hook that prints the file `answer`, or fails without one, and notes each run. */
static int folder_new(void **state)
{
    char script[256];

    (void)state;
    memcpy(folder + sizeof folder - 7, "XXXXXX", 6);
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(interlock, sizeof interlock, "%s/interlock", folder);
    snprintf(answer, sizeof answer, "%s/answer", folder);
    snprintf(service, sizeof service, "%s/service", folder);
    snprintf(script, sizeof script, "#!/bin/sh\necho ran >>%s/runs\ncat %s 2>/dev/null\n", folder, answer);
    place(interlock, script, 0755);
    return 0;
}

static int folder_gone(void **state)
{
    char command[96];

    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command) == 0 ? 0 : -1;
}

static unsigned runs(void)
{
    char path[64];
    struct stat stat_of;

    snprintf(path, sizeof path, "%s/runs", folder);
    return stat(path, &stat_of) == 0 ? (unsigned)stat_of.st_size / 4 : 0;
}

/* As much of a configuration as the interlock needs. */
struct ward {
    struct config_hooks hooks;
    struct config content;
    struct device_class device_class;
    struct config_file config;
    struct layout layout;
    struct linux_port port;
};

static void ward_start(struct ward *ward)
{
    memset(ward, 0, sizeof *ward);
    ward->hooks.interlock = interlock;
    ward->content.hooks = &ward->hooks;
    ward->config = (struct config_file){
        .content = &ward->content, .device_class = &ward->device_class, .run = folder, .hook_seconds = 2};
    ward->config.buffer = CONFIG_BUFFER;
    linux_port_start(&ward->port, &ward->config, &ward->layout, PORT_LINK_PACKETS);
}

static struct interlock asked(struct ward *ward)
{
    struct interlock out;

    ward->port.port.interlock(&ward->port, &out);
    return out;
}

static struct interlock asked_now(struct ward *ward)
{
    struct interlock out;

    ward->port.port.interlock_now(&ward->port, &out);
    return out;
}

/* What a new agent makes of this answer. */
static struct interlock of(const char *text)
{
    static struct ward ward;

    place(answer, text, 0644);
    ward_start(&ward);
    return asked(&ward);
}

static void an_answer_that_makes_sense_is_believed(void **state)
{
    (void)state;
    struct interlock it = of("use=patient\nservice=yes\nmains=no\nbattery=7\n");
    assert_int_equal(it.use, USE_PATIENT);
    assert_true(it.service);
    assert_false(it.mains);
    assert_int_equal(it.battery, 7);
    it = of("noise\nmains=yes\nuse=free\nservice=no");
    assert_int_equal(it.use, USE_FREE);
    assert_false(it.service);
    assert_int_equal(it.battery, 255);
    assert_int_equal(of("use=free\nservice=yes\nmains=yes\nbattery=unknown\n").battery, 255);
    assert_int_equal(of("use=free\nservice=yes\nmains=yes\nbattery=100\n").battery, 100);
}

static void any_other_answer_is_therapy_and_no_service_mode(void **state)
{
    static const char *const texts[] = {
        "",
        "use=free\n",
        "use=free\nservice=yes\n",
        "use=free\nservice=yes\nmains=\n",
        "use=free\nservice=1\nmains=yes\n",
        "use= free\nservice=yes\nmains=yes\n",
        "use=FREE\nservice=yes\nmains=yes\n",
        "use=free\r\nservice=yes\r\nmains=yes\r\n",
        "use=free\nuse=alarm\nservice=yes\nmains=yes\n",
        "use=free\nservice=yes\nmains=yes\nbattery=\n",
        "use=free\nservice=yes\nmains=yes\nbattery=-1\n",
        "use=free\nservice=yes\nmains=yes\nbattery=101\n",
        "use=free\nservice=yes\nmains=yes\nbattery=80%\n",
        "use=free\nservice=yes\nmains=yes\nbattery=18446744073709551696\n",
        "use=free\nservice=yes\nmains=yes\nbattery=80\nbattery=90\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct interlock it = of(texts[i]);
        if (it.use != USE_THERAPY || it.service || it.mains)
            fail_msg("believed: %s", texts[i]);
    }
}

static void an_answer_is_kept_for_a_moment_but_not_before_an_activation(void **state)
{
    static struct ward ward;

    (void)state;
    place(answer, FREE_NOW, 0644);
    ward_start(&ward);
    assert_int_equal(asked(&ward).use, USE_FREE);
    ward.port.fresh_until = UINT64_MAX; /* as long as a moment may last on a slow machine */
    place(answer, "use=therapy\nservice=yes\nmains=yes\n", 0644);
    assert_int_equal(asked(&ward).use, USE_FREE);
    assert_int_equal(runs(), 1);
    assert_int_equal(asked_now(&ward).use, USE_THERAPY);
    assert_int_equal(runs(), 2);
    assert_int_equal(asked(&ward).use, USE_THERAPY);
}

static void a_hold_counts_from_the_moment_it_is_there(void **state)
{
    static struct ward ward;
    struct hold hold = {.use = USE_PATIENT, .reason = "line attached"};
    struct failure why;
    char path[128];
    int file;

    (void)state;
    place(answer, FREE_NOW, 0644);
    ward_start(&ward);
    assert_int_equal(asked(&ward).use, USE_FREE);
    ward.port.holds_fresh_until = UINT64_MAX;
    assert_true(hold_make(folder, &hold, &file, path, sizeof path, &why));
    assert_int_equal(asked_now(&ward).use, USE_PATIENT);
    hold_end(file, path);
    assert_int_equal(asked_now(&ward).use, USE_FREE);
}

static void a_hook_that_failed_is_let_alone_for_a_while(void **state)
{
    static struct ward ward;

    (void)state;
    ward_start(&ward);
    assert_int_equal(asked_now(&ward).use, USE_THERAPY);
    assert_int_equal(asked(&ward).use, USE_THERAPY);
    assert_int_equal(asked_now(&ward).use, USE_THERAPY);
    assert_int_equal(runs(), 1);
    place(answer, FREE_NOW, 0644);
    ward.port.fresh_until = 0;
    assert_int_equal(asked_now(&ward).use, USE_FREE);
}

static void service_mode_may_have_a_hook_of_its_own(void **state)
{
    static struct ward ward;
    static const struct {
        const char *script;
        bool service;
    } rows[] = {{"exit 0", true}, {"exit 1", false}, {"exit 2", false}, {"kill -9 $$", false}};

    (void)state;
    place(answer, "use=free\nmains=yes\n", 0644);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char script[64];
        snprintf(script, sizeof script, "#!/bin/sh\n%s\n", rows[i].script);
        place(service, script, 0755);
        ward_start(&ward);
        ward.hooks.service = service;
        assert_int_equal(asked(&ward).use, USE_FREE);
        assert_int_equal(asked(&ward).service, rows[i].service);
    }
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_new, folder_gone)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(an_answer_that_makes_sense_is_believed),
        WITH_FOLDER(any_other_answer_is_therapy_and_no_service_mode),
        WITH_FOLDER(an_answer_is_kept_for_a_moment_but_not_before_an_activation),
        WITH_FOLDER(a_hold_counts_from_the_moment_it_is_there),
        WITH_FOLDER(a_hook_that_failed_is_let_alone_for_a_while),
        WITH_FOLDER(service_mode_may_have_a_hook_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
