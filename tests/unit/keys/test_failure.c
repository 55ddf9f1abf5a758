/* The catalogue of failures: complete, in order, and harmless on a terminal. */
#include "keys/base/failure.h"

#include "tests/support/test.h"

static void every_row_has_an_id_of_its_own_a_cause_and_a_next_step(void **state)
{
    (void)state;
    size_t count;
    const struct failure_entry *rows = failure_catalogue(&count);

    assert_true(count > 50);
    for (size_t i = 0; i < count; i++) {
        assert_true(i == 0 || rows[i - 1].id < rows[i].id);
        assert_ptr_equal(failure_entry(rows[i].id), &rows[i]);
        assert_true(strlen(rows[i].title) > 5 && strlen(rows[i].cause) > 20 && strlen(rows[i].next) > 10);
        assert_int_not_equal(rows[i].exit, EXIT_VERIFIED);
    }
}

static void a_batch_ends_with_the_worst_code(void **state)
{
    (void)state;
    static const enum exit_code worst_first[] = {17, 16, 15, 14, 18, 70, 74, 130, 11, 13, 12, 10, 64, 2, 0};
    const size_t count = sizeof worst_first / sizeof *worst_first;

    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < count; k++)
            assert_int_equal(exit_worst(worst_first[i], worst_first[k]), worst_first[i < k ? i : k]);
}

static void terminal_escapes_and_broken_text_become_question_marks(void **state)
{
    (void)state;
    static const struct {
        const char *text, *shown;
    } rows[] = {
        {"SN \x1b[2J1", "SN ?[2J1"},
        {"a\nb\rc\x7f", "a?b?c?"},
        {"\xc2\x9b"
         "31m",
         "??31m"},
        {"\xff\xfe", "??"},
        {"Käse", "Käse"},
        {"\xe2\x80\xae"
         "abc",
         "???abc"},
        /* overlong, a surrogate, above U+10FFFF, cut short: JSON and CBOR would refuse the text */
        {"\xe0\x80\x80", "???"},
        {"\xed\xa0\x80", "???"},
        {"\xf4\x90\x80\x80", "????"},
        {"\xf0\x8f\xbf\xbf", "????"},
        {"\xf5\x80\x80\x80", "????"},
        {"\xe2\x82", "??"},
        {"\xed\x9f\xbf\xf4\x8f\xbf\xbf", "\xed\x9f\xbf\xf4\x8f\xbf\xbf"},
    };
    char out[64];

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        text_harmless(out, sizeof out, rows[i].text, strlen(rows[i].text));
        assert_string_equal(out, rows[i].shown);
    }
}

static void a_text_that_does_not_fit_is_cut_between_characters(void **state)
{
    (void)state;
    char out[4];
    text_harmless(out, sizeof out, "aaä", 4);
    assert_string_equal(out, "aa");
}

static void a_failure_carries_what_happened_in_one_line(void **state)
{
    (void)state;
    struct failure why;
    assert_false(failure_set(&why, FAIL_UNSIGNED, "%s\n", "pump.suture"));
    assert_string_equal(why.what, "pump.suture?");
    assert_int_equal(failure_exit(&why), EXIT_REFUSED_BUNDLE);
}

static void every_exit_code_is_explained_once_from_the_lowest_up(void **state)
{
    (void)state;
    size_t codes, failures;
    const struct exit_entry *all = exit_catalogue(&codes);
    const struct failure_entry *rows = failure_catalogue(&failures);

    for (size_t i = 1; i < codes; i++)
        assert_true(all[i - 1].code < all[i].code);
    for (size_t i = 0; i < failures; i++) {
        size_t at = 0;
        while (at < codes && all[at].code != rows[i].exit)
            at++;
        assert_true(at < codes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_has_an_id_of_its_own_a_cause_and_a_next_step),
        cmocka_unit_test(a_batch_ends_with_the_worst_code),
        cmocka_unit_test(terminal_escapes_and_broken_text_become_question_marks),
        cmocka_unit_test(a_text_that_does_not_fit_is_cut_between_characters),
        cmocka_unit_test(a_failure_carries_what_happened_in_one_line),
        cmocka_unit_test(every_exit_code_is_explained_once_from_the_lowest_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
