/* Hooks that behave and hooks that don't, and holds from both sides. */
#include "agent/ports/linux/holds.h"
#include "agent/ports/linux/hook.h"

#include "keys/base/file.h"
#include "tests/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/suture-hook-XXXXXX";
static char program[64];

static int folder_new(void **state)
{
    (void)state;
    memcpy(folder + sizeof folder - 7, "XXXXXX", 6);
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(program, sizeof program, "%s/hook", folder);
    return 0;
}

static int folder_gone(void **state)
{
    char command[96];

    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command) == 0 ? 0 : -1;
}

static void hook_write(const char *text, unsigned mode)
{
    char script[512];

    snprintf(script, sizeof script, "#!/bin/sh\n%s\n", text);
    assert_true(file_write(program, span_text(script), 0600, NULL));
    assert_int_equal(chmod(program, mode), 0);
}

/* Runs one of this text. */
static struct hook hooked(const char *text)
{
    struct hook hook;

    hook_write(text, 0755);
    hook_run(&hook, program, NULL, (struct span){0}, 1);
    assert_true(hook.out < 0 && hook.err < 0 && hook.process == 0);
    return hook;
}

static void each_end_has_its_name(void **state)
{
    (void)state;
    struct hook hook = hooked("echo fine");
    assert_int_equal(hook.end, HOOK_EXITED);
    assert_int_equal(hook.code, 0);
    assert_string_equal(hook.text, "fine\n");
    hook = hooked("echo why >&2; exit 3");
    assert_int_equal(hook.end, HOOK_EXITED);
    assert_int_equal(hook.code, 3);
    assert_string_equal(hook.note, "why\n");
    hook = hooked("kill -ABRT $$");
    assert_int_equal(hook.end, HOOK_CRASHED);
    assert_int_equal(hook.code, 6);
    hook = hooked("sleep 100");
    assert_int_equal(hook.end, HOOK_LATE);
    hook = hooked("exec yes");
    assert_int_equal(hook.end, HOOK_FLOODED);
    assert_int_equal(hook.size, HOOK_TEXT_MAX);
}

static void a_link_is_called_by_its_own_name(void **state)
{
    char target[80];
    struct hook hook;

    (void)state;
    snprintf(target, sizeof target, "%s/many", folder);
    hook_write("basename $0", 0755);
    assert_int_equal(rename(program, target), 0);
    assert_int_equal(symlink(target, program), 0);
    assert_true(hook_run(&hook, program, NULL, (struct span){0}, 1));
    assert_string_equal(hook.text, "hook\n");
}

static void a_program_that_is_not_there_is_absent(void **state)
{
    struct hook hook;

    (void)state;
    assert_false(hook_run(&hook, "/nonexistent/hook", NULL, (struct span){0}, 1));
    assert_int_equal(hook.end, HOOK_ABSENT);
    assert_int_equal(hook.code, ENOENT);
}

static void an_answer_as_long_as_allowed_is_whole(void **state)
{
    (void)state;
    struct hook hook = hooked("head -c 1024 /dev/zero | tr '\\0' x");
    assert_int_equal(hook.end, HOOK_EXITED);
    assert_int_equal(hook.size, 1024);
    hook = hooked("head -c 1025 /dev/zero | tr '\\0' x");
    assert_int_equal(hook.end, HOOK_FLOODED);
}

static void noise_on_standard_error_is_cut_and_no_failure(void **state)
{
    (void)state;
    struct hook hook = hooked("head -c 100000 /dev/zero | tr '\\0' n >&2; echo done");
    assert_int_equal(hook.end, HOOK_EXITED);
    assert_int_equal(hook.note_size, HOOK_NOTE_MAX);
    assert_string_equal(hook.text, "done\n");
}

static void input_and_arguments_arrive_without_a_shell(void **state)
{
    static const char *const words[] = {"$(touch /tmp/never)", "two words", NULL};
    struct hook hook;

    (void)state;
    hook_write("printf '%s|%s|%s|' \"$1\" \"$2\" \"$#\"; cat", 0755);
    assert_true(hook_run(&hook, program, words, span_text("given"), 2));
    assert_string_equal(hook.text, "$(touch /tmp/never)|two words|2|given");
    assert_int_equal(access("/tmp/never", F_OK), -1);
}

static void values_are_found_once_or_not_at_all(void **state)
{
    char value[8];

    (void)state;
    struct hook hook = hooked("printf 'use=free\\nuser=me\\nempty=\\nlong=12345678\\nlast=x'");
    assert_string_equal(hook_value(&hook, "use", value, sizeof value), "free");
    assert_string_equal(hook_value(&hook, "empty", value, sizeof value), "");
    assert_string_equal(hook_value(&hook, "last", value, sizeof value), "x");
    assert_null(hook_value(&hook, "long", value, sizeof value));
    assert_null(hook_value(&hook, "none", value, sizeof value));
    hook = hooked("printf 'use=free\\nuse=therapy\\n'");
    assert_null(hook_value(&hook, "use", value, sizeof value));
    hook = hooked("printf 'use=free\\n\\0'");
    assert_null(hook_value(&hook, "use", value, sizeof value));
}

static void only_programs_that_nobody_else_can_change_are_run(void **state)
{
    struct failure why = {0};

    (void)state;
    hook_write("exit 0", 0755);
    assert_true(hook_check(program, &why));
    assert_int_equal(chmod(program, 0775), 0);
    assert_false(hook_check(program, &why));
    assert_int_equal(why.id, FAIL_AGENT_CONFIG);
    assert_int_equal(chmod(program, 0757), 0);
    assert_false(hook_check(program, &why));
    assert_int_equal(chmod(program, 0644), 0);
    assert_false(hook_check(program, &why));
    assert_false(hook_check(folder, &why));
    assert_false(hook_check("/nonexistent/hook", &why));
}

/* ---- holds */

struct seen {
    unsigned count;
    char reasons[256];
};

static void remember(void *context, const struct hold *hold)
{
    struct seen *seen = context;

    seen->count++;
    strncat(seen->reasons, hold->reason, sizeof seen->reasons - strlen(seen->reasons) - 1);
}

static void hold_now(enum use use, const char *reason, int *file, char path[128])
{
    struct hold hold = {.use = use};
    struct failure why;

    snprintf(hold.reason, sizeof hold.reason, "%s", reason);
    assert_true(hold_make(folder, &hold, file, path, 128, &why));
}

static void the_gravest_of_several_holds_is_the_use(void **state)
{
    struct seen seen = {0};
    char paths[3][128];
    int files[3];

    (void)state;
    assert_int_equal(holds_look(folder, NULL, NULL), USE_FREE);
    hold_now(USE_ALARM, "alarm", &files[0], paths[0]);
    assert_int_equal(holds_look(folder, NULL, NULL), USE_ALARM);
    hold_now(USE_THERAPY, "dialysis", &files[1], paths[1]);
    hold_now(USE_PATIENT, "line", &files[2], paths[2]);
    assert_int_equal(holds_look(folder, remember, &seen), USE_THERAPY);
    assert_int_equal(seen.count, 3);
    assert_non_null(strstr(seen.reasons, "dialysis"));
    hold_end(files[1], paths[1]);
    assert_int_equal(holds_look(folder, NULL, NULL), USE_PATIENT);
    hold_end(files[2], paths[2]);
    hold_end(files[0], paths[0]);
    assert_int_equal(holds_look(folder, NULL, NULL), USE_FREE);
}

static void what_a_fallen_machine_left_is_no_hold_and_goes(void **state)
{
    char path[128];
    int file;

    (void)state;
    hold_now(USE_THERAPY, "dialysis", &file, path);
    close(file);
    assert_int_equal(access(path, F_OK), 0);
    assert_int_equal(holds_look(folder, NULL, NULL), USE_FREE);
    assert_int_equal(access(path, F_OK), -1);
}

static void a_hold_that_says_nonsense_is_a_hold(void **state)
{
    char path[128];
    int file;

    (void)state;
    hold_now(USE_ALARM, "alarm", &file, path);
    assert_int_equal(ftruncate(file, 0), 0);
    assert_int_equal(holds_look(folder, NULL, NULL), USE_THERAPY);
    assert_int_equal(pwrite(file, "free as a bird", 14, 0), 14);
    assert_int_equal(holds_look(folder, NULL, NULL), USE_THERAPY);
    hold_end(file, path);
}

static void a_folder_that_can_not_be_looked_into_counts_as_use(void **state)
{
    char path[128];

    (void)state;
    snprintf(path, sizeof path, "%s/holds", folder);
    assert_true(file_write(path, span_text("no folder"), 0600, NULL));
    assert_int_equal(holds_look(folder, NULL, NULL), USE_THERAPY);
}

static void a_refusal_stands_until_it_is_taken_back(void **state)
{
    char reason[64];

    (void)state;
    assert_false(holds_refused(folder, reason, sizeof reason));
    assert_true(holds_refuse(folder, NULL));
    assert_true(holds_refuse(folder, "a trial runs"));
    assert_true(holds_refused(folder, reason, sizeof reason));
    assert_string_equal(reason, "a trial runs");
    assert_true(holds_refuse(folder, NULL));
    assert_false(holds_refused(folder, reason, sizeof reason));
    assert_false(holds_refuse("/nonexistent", "a trial runs"));
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_new, folder_gone)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(each_end_has_its_name),
        WITH_FOLDER(a_link_is_called_by_its_own_name),
        WITH_FOLDER(a_program_that_is_not_there_is_absent),
        WITH_FOLDER(an_answer_as_long_as_allowed_is_whole),
        WITH_FOLDER(noise_on_standard_error_is_cut_and_no_failure),
        WITH_FOLDER(input_and_arguments_arrive_without_a_shell),
        WITH_FOLDER(values_are_found_once_or_not_at_all),
        WITH_FOLDER(only_programs_that_nobody_else_can_change_are_run),
        WITH_FOLDER(the_gravest_of_several_holds_is_the_use),
        WITH_FOLDER(what_a_fallen_machine_left_is_no_hold_and_goes),
        WITH_FOLDER(a_hold_that_says_nonsense_is_a_hold),
        WITH_FOLDER(a_folder_that_can_not_be_looked_into_counts_as_use),
        WITH_FOLDER(a_refusal_stands_until_it_is_taken_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
