/* Guided checks: what the bundle asks a person to look at after the update, against the answers given on the command line.
 * A person's claim, kept apart from what the device proves. */
#include "loader/session/job_inner.h"

#include <limits.h>
#include <math.h>
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

enum answer { ANSWER_YES, ANSWER_NO, ANSWER_UNREADABLE };

static enum answer judge_number(const struct suit_check *check, const char *value)
{
    char *end;
    double number = strtod(value, &end);

    if (end == value || *end != '\0' || !isfinite(number))
        return ANSWER_UNREADABLE;
    if (check->least == 0 && check->most == 0)
        return ANSWER_YES;
    /* Limits are thousandths; a measured 126.0 must not fail by the last bit of a fraction. */
    long long thousandths = fabs(number) < 1e12 ? llround(number * 1000) : LLONG_MAX;
    return thousandths >= check->least && thousandths <= check->most ? ANSWER_YES : ANSWER_NO;
}

/* A slip of the finger must not send a device back to its old version: only "no", or a number outside, says no. */
static enum answer judge_answer(const struct suit_check *check, const char *value)
{
    if (strcmp(check->kind, "yes-no") == 0)
        return strcmp(value, "yes") == 0  ? ANSWER_YES
               : strcmp(value, "no") == 0 ? ANSWER_NO
                                          : ANSWER_UNREADABLE;
    if (strcmp(check->kind, "number") == 0)
        return judge_number(check, value);
    return value[0] != '\0' ? ANSWER_YES : ANSWER_UNREADABLE;
}

static void ask_person(struct job *job, const struct suit_check *check, const char *unreadable)
{
    char text[512], limits[96] = "", harmless[512];
    bool number = strcmp(check->kind, "number") == 0;

    if (number && (check->least != 0 || check->most != 0))
        snprintf(limits, sizeof limits, " (%.10g to %.10g %.32s)", (double)check->least / 1000,
                 (double)check->most / 1000, check->unit);
    else
        snprintf(limits, sizeof limits, "%s", number ? " (a number)" : "");
    snprintf(text, sizeof text, "%scheck%s: %s%s  --check %s=%s", unreadable ? "not understood, " : "",
             check->required ? "" : " (optional)", check->text, limits, check->id,
             strcmp(check->kind, "yes-no") == 0 ? "yes|no"
             : number                           ? "NUMBER"
                                                : "TEXT");
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
        enum answer answer = value ? judge_answer(check, value) : ANSWER_UNREADABLE;
        if (answer == ANSWER_UNREADABLE) {
            if (check->required && result == CHECKS_PASSED)
                result = CHECKS_MISSING;
            if ((check->required || value) && !job->checks_asked)
                ask_person(job, check, value);
            continue;
        }
        job->checks[job->check_count++] = (struct receipt_check){check->id, value, answer == ANSWER_YES};
        if (answer == ANSWER_NO && check->required)
            result = CHECKS_FAILED;
    }
    job->checks_asked = true;
    return result;
}
