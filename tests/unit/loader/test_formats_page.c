/* docs/formats.md against the code that it describes: what it lists exists, and what exists is listed. The stories about
 * command lines and file names in all documents are in tests/e2e/test_documents.sh. */
#include "keys/base/failure.h"
#include "keys/base/file.h"
#include "loader/record/verdict.h"
#include "manifests/suit_labels.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

static const enum exit_code codes[] = {
    EXIT_VERIFIED,      EXIT_NOTHING_TO_DO, EXIT_REFUSED_INTERLOCK, EXIT_REFUSED_BUNDLE, EXIT_NO_DEVICE,
    EXIT_NO_PERMISSION, EXIT_FAILED_SAFE,   EXIT_ROLLED_BACK,       EXIT_UNKNOWN,        EXIT_UNSAFE,
    EXIT_NEEDS_PERSON,  EXIT_USAGE,         EXIT_INTERNAL,          EXIT_LOCAL_IO,       EXIT_INTERRUPTED};
enum { CODES = sizeof codes / sizeof *codes };

static char *page; /* the whole document, NUL at its end */

static int page_open(void **state)
{
    struct buffer bytes;
    struct failure why;

    (void)state;
    if (!file_read("docs/formats.md", 1024 * 1024, &bytes, &why)) {
        print_error("%s (run from the top folder)\n", why.what);
        return -1;
    }
    page = calloc(bytes.size + 1, 1);
    if (page != NULL)
        memcpy(page, bytes.data, bytes.size);
    free(bytes.data);
    return page == NULL ? -1 : 0;
}

static int page_close(void **state)
{
    (void)state;
    free(page);
    return 0;
}

/* The text of the section with this heading, up to the next one; the caller frees. */
static char *section(const char *heading)
{
    char *start = strstr(page, heading);

    assert_non_null(start);
    start += strlen(heading);
    char *end = strstr(start, "\n## ");
    char *text = strndup(start, end != NULL ? (size_t)(end - start) : strlen(start));
    assert_non_null(text);
    return text;
}

/* Whether a table row of the section begins "| first | second |". */
static bool has_row(const char *text, const char *first, const char *second)
{
    char row[160];

    snprintf(row, sizeof row, "\n| %s | %s |", first, second);
    return strstr(text, row) != NULL;
}

static void every_exit_code_is_listed_with_its_outcome_and_no_other(void **state)
{
    char *text = section("## 11. Exit codes");
    char *table = strstr(text, "\n| code | outcome |");
    unsigned rows = 0;

    (void)state;
    assert_non_null(table);
    *strstr(table, "\n\n") = '\0';
    for (size_t i = 0; i < CODES; i++) {
        char number[8];
        snprintf(number, sizeof number, "%d", codes[i]);
        if (!has_row(table, number, verdict_outcome(codes[i])))
            fail_msg("docs/formats.md does not list exit code %s as %s", number, verdict_outcome(codes[i]));
    }
    for (const char *at = table; (at = strstr(at, "\n| ")) != NULL; at++)
        rows += at[3] >= '0' && at[3] <= '9';
    assert_int_equal(rows, CODES);
    free(text);
}

static void every_failure_ends_with_a_listed_exit_code(void **state)
{
    size_t count;
    const struct failure_entry *rows = failure_catalogue(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        bool listed = false;
        for (size_t k = 0; k < CODES; k++)
            listed = listed || codes[k] == rows[i].exit;
        if (!listed)
            fail_msg("E-%02d ends with %d, which no table lists", rows[i].id, rows[i].exit);
    }
}

static void the_order_of_worst_is_that_of_exit_worst(void **state)
{
    static const char opening[] = "in this order: ";
    char *text = section("## 11. Exit codes");
    char *at = strstr(text, opening);
    int order[CODES];
    size_t count = 0;

    (void)state;
    assert_non_null(at);
    at += strlen(opening);
    while (count < CODES && *at >= '0' && *at <= '9') {
        order[count++] = (int)strtol(at, &at, 10);
        at += strspn(at, ", \n");
    }
    assert_int_equal(count, CODES);
    for (size_t i = 0; i + 1 < CODES; i++) {
        assert_int_equal(exit_worst((enum exit_code)order[i], (enum exit_code)order[i + 1]), order[i]);
        assert_int_equal(exit_worst((enum exit_code)order[i + 1], (enum exit_code)order[i]), order[i]);
    }
    free(text);
}

static void every_disposition_is_named(void **state)
{
    char *text = section("## 11. Exit codes");

    (void)state;
    for (int i = DISPOSITION_UNTOUCHED; i <= DISPOSITION_DO_NOT_USE; i++) {
        if (!has_row(text, disposition_name((enum disposition)i), disposition_screen((enum disposition)i)))
            fail_msg("docs/formats.md does not list disposition %s", disposition_name((enum disposition)i));
    }
    free(text);
}

static void every_failure_named_in_a_document_exists(void **state)
{
    static const char *const documents[] = {"README.md", "docs/design.md", "docs/formats.md", "docs/port.md",
                                            "docs/threats.md"};

    (void)state;
    for (size_t i = 0; i < sizeof documents / sizeof *documents; i++) {
        struct buffer bytes;
        struct failure why;
        if (!file_read(documents[i], 1024 * 1024, &bytes, &why))
            fail_msg("%s", why.what);
        for (size_t at = 0; at + 3 < bytes.size; at++) {
            const uint8_t *id = bytes.data + at;
            if (id[0] != 'E' || id[1] != '-' || id[2] < '0' || id[2] > '9' || id[3] < '0' || id[3] > '9')
                continue;
            int number = (id[2] - '0') * 10 + id[3] - '0';
            if (failure_entry((enum failure_id)number)->id != (enum failure_id)number)
                fail_msg("%s names E-%02d, which does not exist", documents[i], number);
        }
        free(bytes.data);
    }
}

static void row_of(const char *kind, int64_t label, const char *name, const char *text, unsigned *rows)
{
    char first[24], second[64];

    if (name == NULL)
        return;
    snprintf(first, sizeof first, "%lld", (long long)label);
    snprintf(second, sizeof second, "%s | %s", kind, name);
    if (!has_row(text, first, second))
        fail_msg("docs/formats.md does not list %s %s as '%s'", kind, first, name);
    *rows += 1;
}

static void every_label_of_the_profile_is_listed_and_no_other(void **state)
{
    char *text = section("## 6. Manifest and bundle");
    char *table = strstr(text, "\n| label | kind | name |");
    unsigned wanted = 0, rows = 0;

    (void)state;
    assert_non_null(table);
    *strstr(table, "\n\n") = '\0';
    for (int64_t label = -400; label <= 400; label++) {
        const struct suit_command_rule *rule = suit_command_rule(label);
        if (rule != NULL)
            row_of(rule->is_condition ? "condition" : "directive", label, rule->name, table, &wanted);
        row_of("parameter", label, suit_parameter_name(label), table, &wanted);
    }
    for (const char *at = table; (at = strstr(at, "\n| ")) != NULL; at++)
        rows += at[3] == '-' ? at[4] != '-' : at[3] >= '0' && at[3] <= '9';
    assert_int_equal(rows, wanted);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_exit_code_is_listed_with_its_outcome_and_no_other),
        cmocka_unit_test(every_failure_ends_with_a_listed_exit_code),
        cmocka_unit_test(the_order_of_worst_is_that_of_exit_worst),
        cmocka_unit_test(every_disposition_is_named),
        cmocka_unit_test(every_failure_named_in_a_document_exists),
        cmocka_unit_test(every_label_of_the_profile_is_listed_and_no_other),
    };
    return cmocka_run_group_tests(tests, page_open, page_close);
}
