/* Dates and domain names as people type them. */
#include "keys/notation.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Whether `text` has a digit wherever `form` has a 0, and is equal elsewhere. */
static bool has_form(const char *text, const char *form)
{
    for (; *form != '\0'; text++, form++)
        if (*form == '0' ? *text < '0' || *text > '9' : *text != *form)
            return false;
    return *text == '\0';
}

static int number_at(const char *text, size_t digits)
{
    int value = 0;

    for (size_t i = 0; i < digits; i++)
        value = 10 * value + (text[i] - '0');
    return value;
}

bool date_read(const char *text, uint64_t *seconds)
{
    struct tm date = {0};
    bool with_time = has_form(text, "0000-00-00T00:00:00Z");

    if (!with_time && !has_form(text, "0000-00-00"))
        return false;
    date.tm_year = number_at(text, 4) - 1900;
    date.tm_mon = number_at(text + 5, 2) - 1;
    date.tm_mday = number_at(text + 8, 2);
    if (with_time) {
        date.tm_hour = number_at(text + 11, 2);
        date.tm_min = number_at(text + 14, 2);
        date.tm_sec = number_at(text + 17, 2);
    }
    const struct tm asked = date;
    time_t time = timegm(&date);
    /* timegm turns the 31st of February into a day of March: what comes back must be what was asked. */
    if (time < 0 || date.tm_mon != asked.tm_mon || date.tm_mday != asked.tm_mday ||
        date.tm_hour != asked.tm_hour || date.tm_min != asked.tm_min || date.tm_sec != asked.tm_sec)
        return false;
    *seconds = (uint64_t)time;
    return true;
}

void date_write(char out[DATE_TEXT_SIZE], uint64_t seconds)
{
    const uint64_t last_second_of_9999 = 253402300799;
    time_t time = (time_t)seconds;
    struct tm date;

    if (seconds > last_second_of_9999 || gmtime_r(&time, &date) == NULL ||
        strftime(out, DATE_TEXT_SIZE, "%Y-%m-%dT%H:%M:%SZ", &date) == 0)
        snprintf(out, DATE_TEXT_SIZE, "%" PRIu64, seconds);
}

static bool is_label(const char *at, size_t size)
{
    if (size == 0 || size > 63 || at[0] == '-' || at[size - 1] == '-')
        return false;
    for (size_t i = 0; i < size; i++)
        if (!((at[i] >= 'a' && at[i] <= 'z') || (at[i] >= '0' && at[i] <= '9') || at[i] == '-'))
            return false;
    return true;
}

bool domain_is_plain(const char *text)
{
    size_t labels = 0;

    if (strlen(text) > 253)
        return false;
    for (;;) {
        size_t size = strcspn(text, ".");
        if (!is_label(text, size))
            return false;
        labels += 1;
        if (text[size] == '\0')
            return labels >= 2;
        text += size + 1;
    }
}
