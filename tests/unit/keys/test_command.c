/* The command table: what is parsed, what is refused, and with which exit code. */
#include "keys/base/command.h"
#include "keys/base/command_pages.h"

#include "tests/support/test.h"

#include <stdlib.h>

static struct {
    unsigned runs;
    size_t arguments;
    const char *from, *second_from, *first;
    bool quick;
} seen;

static enum exit_code run_pack(const struct invocation *call)
{
    seen.runs++;
    seen.arguments = call->argument_count;
    seen.first = call->argument_count ? call->arguments[0] : NULL;
    seen.from = option_value(call, "from", "nowhere");
    seen.second_from = option_at(call, "from", 1);
    seen.quick = option_given(call, "quick");
    return EXIT_NOTHING_TO_DO;
}

static const struct command_option options[] = {
    {"from", "DIR", "where to look"}, {"quick", NULL, "without a pause"}, {NULL, NULL, NULL}};
static const struct command pack = {"pack", "FILE [FILE]", 1, 2, "packs", options, NULL, run_pack};
static const struct command *const commands[] = {&pack, NULL};
static const struct program program = {"tool", "a tool", commands, NULL, NULL};

static int type(const char *a, const char *b, const char *c, const char *d, const char *e)
{
    char *words[] = {"tool", (char *)a, (char *)b, (char *)c, (char *)d, (char *)e, NULL};
    int count = 0;

    memset(&seen, 0, sizeof seen);
    while (count < 6 && words[count] != NULL)
        count++;
    return command_main(&program, count, words);
}

static void options_may_stand_anywhere_and_give_their_value_both_ways(void **state)
{
    (void)state;
    assert_int_equal(type("pack", "--from", "here", "x", "--quick"), EXIT_NOTHING_TO_DO);
    assert_string_equal(seen.from, "here");
    assert_true(seen.quick && seen.arguments == 1);
    assert_int_equal(type("pack", "x", "--from=here", NULL, NULL), EXIT_NOTHING_TO_DO);
    assert_string_equal(seen.from, "here");
    assert_null(seen.second_from);
}

static void a_repeated_option_keeps_all_its_values(void **state)
{
    (void)state;
    assert_int_equal(type("pack", "x", "--from=a", "--from=b", NULL), EXIT_NOTHING_TO_DO);
    assert_string_equal(seen.from, "b");
    assert_string_equal(seen.second_from, "b");
}

static void what_follows_two_dashes_is_never_an_option(void **state)
{
    (void)state;
    assert_int_equal(type("pack", "--", "--quick", NULL, NULL), EXIT_NOTHING_TO_DO);
    assert_string_equal(seen.first, "--quick");
    assert_false(seen.quick);
}

static void wrong_use_runs_nothing_and_ends_with_64(void **state)
{
    (void)state;
    static const char *const mistakes[][4] = {
        {"nothing", NULL, NULL, NULL},
        {"pack", NULL, NULL, NULL},
        {"pack", "a", "b", "c"},
        {"pack", "x", "--slow", NULL},
        {"pack", "x", "--from", NULL},
        {"pack", "x", "--quick=1", NULL},
        {"pack", "x", "-f", NULL},
        {"help", "nothing", NULL, NULL},
        {"help", "E-", NULL, NULL},
        {"help", "E-99999", NULL, NULL},
        {"help", "--completion", NULL, NULL},
        {"help", "--completion", "tcsh", NULL},
    };

    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        assert_int_equal(type(mistakes[i][0], mistakes[i][1], mistakes[i][2], mistakes[i][3], NULL),
                         EXIT_USAGE);
        assert_int_equal(seen.runs, 0);
    }
}

static void help_is_no_mistake(void **state)
{
    (void)state;
    assert_int_equal(type("help", NULL, NULL, NULL, NULL), 0);
    assert_int_equal(type("help", "pack", NULL, NULL, NULL), 0);
    assert_int_equal(type("pack", "--help", NULL, NULL, NULL), 0);
    assert_int_equal(type("help", "help", NULL, NULL, NULL), 0);
    assert_int_equal(type("help", "--help", NULL, NULL, NULL), 0);
    assert_int_equal(type("help", "E-30", NULL, NULL, NULL), 0);
    assert_int_equal(type("-h", NULL, NULL, NULL, NULL), 0);
    assert_int_equal(type("pack", "-h", NULL, NULL, NULL), 0);
    assert_int_equal(type("help", "failures", NULL, NULL, NULL), 0);
    assert_int_equal(type("help", "exit-codes", NULL, NULL, NULL), 0);
    assert_int_equal(type("help", "--man", NULL, NULL, NULL), 0);
    assert_int_equal(type("help", "--completion", "zsh", NULL, NULL), 0);
    assert_int_equal(seen.runs, 0);
}

static void a_mistyped_name_finds_its_nearest_command(void **state)
{
    (void)state;
    static const struct command named[] = {{.name = "update"}, {.name = "resume"}, {.name = "log"}};
    static const struct command *const all[] = {&named[0], &named[1], &named[2], NULL};
    static const struct program tool = {.name = "tool", .commands = all};

    assert_ptr_equal(command_near(&tool, "updat"), all[0]);
    assert_ptr_equal(command_near(&tool, "udpate"), all[0]);
    assert_ptr_equal(command_near(&tool, "lgo"), all[2]);
    assert_null(command_near(&tool, "x"));
    assert_null(command_near(&tool, ""));
    assert_null(command_near(&tool, "downgrade"));
    assert_null(command_near(&tool, "updateupdateupdateupdateupdateupdateupdate"));
}

/* What a program of one command makes, as text that the caller frees. */
static char *made_for(const struct program *tool, const char *shell)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    assert_non_null(out);
    if (shell == NULL)
        command_man(out, tool);
    else
        assert_true(command_completion(out, tool, shell));
    fclose(out);
    return text;
}

static void help_texts_can_not_break_out_of_their_page_or_script(void **state)
{
    (void)state;
    static const struct command_option nasty_options[] = {{"x", "FILE", ".so it's [a]: \\ \"q\" – é"},
                                                          {NULL, NULL, NULL}};
    static const struct command nasty = {"go", "", 0, 0, "'br it's: a\\b", nasty_options, NULL, run_pack};
    static const struct command *const all[] = {&nasty, NULL};
    static const struct program tool = {"tool", ".a tool's", all, NULL, NULL};
    char *page = made_for(&tool, NULL), *zsh = made_for(&tool, "zsh"), *fish = made_for(&tool, "fish");

    assert_non_null(strstr(page, "\n\\&.so it\\(aqs [a]: \\(rs \\(dqq\\(dq \\[u2013] \\[u00E9]\n"));
    assert_non_null(strstr(page, "\n\\&\\(aqbr it\\(aqs: a\\(rsb\n"));
    assert_non_null(strstr(zsh, "[.so it'\\''s \\[a\\]\\: \\\\ \"q\""));
    assert_non_null(strstr(zsh, "'go:'\\''br it'\\''s\\: a\\\\b'"));
    assert_non_null(strstr(fish, "-d '.so it\\'s [a]: \\\\ \"q\""));
    free(page);
    free(zsh);
    free(fish);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_may_stand_anywhere_and_give_their_value_both_ways),
        cmocka_unit_test(a_repeated_option_keeps_all_its_values),
        cmocka_unit_test(what_follows_two_dashes_is_never_an_option),
        cmocka_unit_test(wrong_use_runs_nothing_and_ends_with_64),
        cmocka_unit_test(help_is_no_mistake),
        cmocka_unit_test(a_mistyped_name_finds_its_nearest_command),
        cmocka_unit_test(help_texts_can_not_break_out_of_their_page_or_script),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
