/* Dates and domain names as people type them. */
#include "keys/notation.h"

#include "tests/support/test.h"

static void assert_date(const char *text, uint64_t seconds)
{
    uint64_t got = 0;
    char back[DATE_TEXT_SIZE];

    if (!date_read(text, &got))
        fail_msg("%s is no date", text);
    assert_true(got == seconds);
    date_write(back, got);
    assert_memory_equal(back, text, 10);
}

static void dates_are_read_and_written(void **state)
{
    (void)state;
    assert_date("1970-01-01", 0);
    assert_date("1970-01-01T00:00:01Z", 1);
    assert_date("2000-02-29", 951782400);
    assert_date("2024-02-29T23:59:59Z", 1709251199);
    assert_date("2038-01-19T03:14:08Z", 2147483648); /* one second past 31 bits */
    assert_date("9999-12-31T23:59:59Z", 253402300799);
}

static void what_is_in_no_calendar_is_no_date(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "2026",
                                      "2026-1-1",
                                      "2026-13-01",
                                      "2026-00-10",
                                      "2026-01-00",
                                      "2026-02-30",
                                      "2025-02-29",
                                      "2026-01-01T24:00:00Z",
                                      "2026-01-01T00:60:00Z",
                                      "2026-01-01T00:00:60Z",
                                      "2026-01-01T00:00:00",
                                      "2026-01-01T00:00:00+01:00",
                                      "2026-01-01 00:00:00Z",
                                      "2026-01-01T00:00:00.5Z",
                                      "1969-12-31",
                                      "0000-01-01",
                                      "-026-01-01",
                                      " 2026-01-01",
                                      "2026-01-01 ",
                                      "20260101"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint64_t seconds = 7;
        if (date_read(bad[i], &seconds))
            fail_msg("'%s' was taken for a date", bad[i]);
        assert_true(seconds == 7);
    }
}

static void seconds_beyond_every_calendar_are_written_as_a_number(void **state)
{
    (void)state;
    char text[DATE_TEXT_SIZE];

    date_write(text, UINT64_MAX);
    assert_string_equal(text, "18446744073709551615");
    date_write(text, 253402300800);
    assert_string_equal(text, "253402300800");
}

static void a_domain_has_one_spelling(void **state)
{
    (void)state;
    static const char *const good[] = {
        "example.com", "a.b", "pumps-4.example", "1.2.3.example",
        "a23456789012345678901234567890123456789012345678901234567890123.example"};
    static const char *const bad[] = {
        "",
        "example",
        "Example.com",
        "example.com.",
        ".example.com",
        "example..com",
        "-a.example",
        "a-.example",
        "a_b.example",
        "a b.example",
        "größe.example",
        "http://example.com",
        "example.com/",
        "a234567890123456789012345678901234567890123456789012345678901234.example"};

    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (!domain_is_plain(good[i]))
            fail_msg("'%s' was refused", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (domain_is_plain(bad[i]))
            fail_msg("'%s' was taken", bad[i]);
}

static void a_domain_has_at_most_253_characters(void **state)
{
    (void)state;
    char text[256];

    for (size_t i = 0; i < 254; i++)
        text[i] = i % 2 ? '.' : 'a';
    text[253] = '\0';
    assert_true(domain_is_plain(text));
    text[252] = 'a';
    text[253] = 'a';
    text[254] = '\0';
    assert_false(domain_is_plain(text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates_are_read_and_written),
        cmocka_unit_test(what_is_in_no_calendar_is_no_date),
        cmocka_unit_test(seconds_beyond_every_calendar_are_written_as_a_number),
        cmocka_unit_test(a_domain_has_one_spelling),
        cmocka_unit_test(a_domain_has_at_most_253_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
