/* Guided checks: what the bundle asks a person to look at after the update, against the answers given on the command line.
 * A person's claim, kept apart from what the device proves. */
#include "loader/session/job_inner.h"

#include <stdlib.h>
#include <string.h>

/* The value of "ID=VALUE" for this check, or NULL. */
static const char *answer_to(const struct job_settings *settings, const char *id)
{
    size_t length = strlen(id);

    for (size_t i = 0; i < settings->answer_count; i++)
        if (strncmp(settings->answers[i], id, length) == 0 && settings->answers[i][length] == '=')
            return settings->answers[i] + length + 1;
    return NULL;
}

static bool number_passes(const struct suit_check *check, const char *value)
{
    char *end;
    double number = strtod(value, &end);

    if (end == value || *end != '\0')
        return false;
    if (check->least == 0 && check->most == 0)
        return true;
    return number * 1000 >= (double)check->least && number * 1000 <= (double)check->most;
}

static bool answer_passes(const struct suit_check *check, const char *value)
{
    if (strcmp(check->kind, "yes-no") == 0)
        return strcmp(value, "yes") == 0;
    if (strcmp(check->kind, "number") == 0)
        return number_passes(check, value);
    return value[0] != '\0';
}

static void ask_person(struct job *job, const struct suit_check *check)
{
    char text[256], limits[80] = "";

    if (strcmp(check->kind, "number") == 0 && (check->least != 0 || check->most != 0))
        snprintf(limits, sizeof limits, " (%.3f to %.3f %s)", (double)check->least / 1000,
                 (double)check->most / 1000, check->unit);
    snprintf(text, sizeof text, "check %s%s: %s%s", check->id, check->required ? "" : " (optional)",
             check->text, limits);
    char harmless[256];
    text_harmless(harmless, sizeof harmless, text, strlen(text));
    job_tell_note(job, harmless);
}

enum checks job_judge_checks(struct job *job)
{
    const struct suit_content *content = bundle_text(job->chosen.bundle);
    enum checks result = CHECKS_PASSED;

    job->check_count = 0;
    for (size_t i = 0; i < content->check_count && i < RECEIPT_CHECKS_MAX; i++) {
        const struct suit_check *check = &content->checks[i];
        const char *value = answer_to(job->settings, check->id);
        if (value == NULL) {
            if (check->required && result == CHECKS_PASSED)
                result = CHECKS_MISSING;
            if (check->required)
                ask_person(job, check);
            continue;
        }
        bool pass = answer_passes(check, value);
        job->checks[job->check_count++] = (struct receipt_check){check->id, value, pass};
        if (!pass && check->required)
            result = CHECKS_FAILED;
    }
    return result;
}
