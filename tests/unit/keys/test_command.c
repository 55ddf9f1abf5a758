/* The command table: what is parsed, what is refused, and with which exit code. */
#include "keys/base/command.h"

#include "tests/support/test.h"

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
static const struct program program = {"tool", "a tool", commands};

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
        {"nothing", NULL, NULL, NULL},   {"pack", NULL, NULL, NULL},      {"pack", "a", "b", "c"},
        {"pack", "x", "--slow", NULL},   {"pack", "x", "--from", NULL},   {"pack", "x", "--quick=1", NULL},
        {"pack", "x", "-f", NULL},       {"help", "nothing", NULL, NULL}, {"help", "E-", NULL, NULL},
        {"help", "E-99999", NULL, NULL},
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
    assert_int_equal(type("help", "E-30", NULL, NULL, NULL), 0);
    assert_int_equal(seen.runs, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_may_stand_anywhere_and_give_their_value_both_ways),
        cmocka_unit_test(a_repeated_option_keeps_all_its_values),
        cmocka_unit_test(what_follows_two_dashes_is_never_an_option),
        cmocka_unit_test(wrong_use_runs_nothing_and_ends_with_64),
        cmocka_unit_test(help_is_no_mistake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
