/* The words for a device's numbers against the agent's own lists, which the loader doesn't see. */
#include "tests/support/test.h"

#include "agent/log.h"
#include "agent/record.h"
#include "loader/show/log_words.h"

#include <string.h>

static const char *words_of(uint16_t code, uint32_t a, uint32_t b)
{
    static char text[160];
    const struct message_log_item item = {1, 0, code, a, b};
    log_item_text(&item, text, sizeof text);
    return text;
}

static void every_code_of_the_agent_has_its_name_and_words(void **state)
{
    (void)state;
    static const struct {
        enum log_code code;
        const char *name;
        uint32_t a, b;
        const char *text;
    } rows[] = {
        {LOG_START, "start", 1, 2, "started from slot B, on trial"},
        {LOG_STAGE, "stage", 7, 2, "staging of sequence 7 begun, stream #2"},
        {LOG_RESUME, "resume", 7, 64, "staging of sequence 7 resumed at 64 KiB"},
        {LOG_STAGED, "staged", 7, 0, "sequence 7 staged and read back"},
        {LOG_ACTIVATE, "activate", 7, 3, "sequence 7 put on trial, 3 tries"},
        {LOG_CONFIRMED, "confirmed", 7, 1, "sequence 7 confirmed by the device"},
        {LOG_GIVEN_UP, "given_up", 7, OUTCOME_SELF_TEST, "sequence 7 given up: its self test failed"},
        {LOG_FELL_BACK, "fell_back", 7, OUTCOME_TRIES_USED,
         "fell back from sequence 7: its tries were used up"},
        {LOG_ROLLED_BACK, "rolled_back", 6, 0, "rolled back to sequence 6"},
        {LOG_ABORTED, "aborted", 7, 0, "staging of sequence 7 aborted"},
        {LOG_REFUSED, "refused", SUTURE_BLOCK, (uint32_t)-BAD_DIGEST, "refused: patch block (BAD_DIGEST)"},
        {LOG_FLASH, "flash", AREA_SLOT_B, 256, "flash took no write: slot B, at byte 4096"},
        {LOG_TRUST, "trust", 3, 0, "root document version 3 taken"},
    };

    assert_int_equal(rows[sizeof rows / sizeof *rows - 1].code, sizeof rows / sizeof *rows);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_string_equal(log_code_name((uint16_t)rows[i].code), rows[i].name);
        assert_string_equal(words_of((uint16_t)rows[i].code, rows[i].a, rows[i].b), rows[i].text);
    }
}

static void numbers_beyond_the_lists_are_unknown(void **state)
{
    (void)state;
    assert_string_equal(log_code_name(0), "unknown");
    assert_string_equal(log_code_name(UINT16_MAX), "unknown");
    assert_string_equal(words_of(99, 1, UINT32_MAX), "code 99, 1, 4294967295");
    assert_string_equal(words_of(LOG_START, 9, 9), "started, unknown");
    assert_string_equal(words_of(LOG_GIVEN_UP, 7, UINT32_MAX), "sequence 7 given up: unknown");
    assert_string_equal(words_of(LOG_REFUSED, 0, UINT32_MAX), "refused: unknown (unknown)");
    assert_string_equal(words_of(LOG_FLASH, AREA_COUNT, UINT32_MAX),
                        "flash took no write: unknown, at byte 68719476720");
    assert_string_equal(outcome_name(UINT8_MAX), "unknown");
    assert_string_equal(boot_kind_name(3), "unknown");
    assert_string_equal(slot_state_name(5), "unknown");
}

static void every_area_error_and_outcome_has_its_word(void **state)
{
    (void)state;
    for (uint32_t area = 0; area < AREA_COUNT; area++)
        assert_null(strstr(words_of(LOG_FLASH, area, 0), "unknown"));
    assert_non_null(strstr(words_of(LOG_FLASH, AREA_JOURNAL, 0), "journal"));
    assert_non_null(strstr(words_of(LOG_FLASH, AREA_META_B, 0), "manifest B"));
    for (uint32_t error = SUTURE_IN_USE; error <= SUTURE_NO_KEY; error++)
        assert_null(strstr(words_of(LOG_REFUSED, error, 1), "unknown"));
    for (uint32_t outcome = OUTCOME_NONE; outcome <= OUTCOME_WATCHDOG; outcome++)
        assert_string_not_equal(outcome_name((uint8_t)outcome), "unknown");
    assert_string_equal(outcome_name(OUTCOME_WATCHDOG), "watchdog");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_of_the_agent_has_its_name_and_words),
        cmocka_unit_test(numbers_beyond_the_lists_are_unknown),
        cmocka_unit_test(every_area_error_and_outcome_has_its_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
