/* The doctor's round: every check in order, and what they have in common. */
#include "loader/doctor/doctor.h"

#include "loader/doctor/doctor_inner.h"

#include <stdarg.h>
#include <string.h>

const char *grade_name(enum grade grade)
{
    static const char *const names[] = {"well", "hint", "mend"};
    return names[grade];
}

static void found(struct look *look, enum grade grade, enum failure_id id, const char *mend,
                  const char *format, va_list arguments)
{
    struct finding finding = {.check = look->check, .grade = grade, .id = id};
    char what[sizeof finding.what];

    vsnprintf(what, sizeof what, format, arguments);
    text_harmless(finding.what, sizeof finding.what, what, strlen(what));
    text_harmless(finding.mend, sizeof finding.mend, mend, strlen(mend));
    look->diagnosis->counts[grade] += 1;
    if (grade == GRADE_MEND)
        look->diagnosis->code = exit_worst(look->diagnosis->code, failure_entry(id)->exit);
    look->tell(look->context, &finding);
}

void look_well(struct look *look, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    found(look, GRADE_WELL, FAIL_NONE, "", format, arguments);
    va_end(arguments);
}

void look_hint(struct look *look, const char *mend, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    found(look, GRADE_HINT, FAIL_NONE, mend, format, arguments);
    va_end(arguments);
}

void look_mend(struct look *look, enum failure_id id, const char *mend, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    found(look, GRADE_MEND, id, mend, format, arguments);
    va_end(arguments);
}

static bool is_plain(const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+:@%,=";
    return text[0] != '\0' && text[0] != '-' && text[strspn(text, plain)] == '\0';
}

bool shell_word(const char *text, char *out, size_t capacity)
{
    size_t used = 0;

    out[0] = '\0';
    if (is_plain(text)) {
        bool fits = strlen(text) < capacity;
        if (fits)
            memcpy(out, text, strlen(text) + 1);
        return fits;
    }
    /* In single quotes every character is itself, but the quote. */
    for (const char *at = text; *at != '\0'; at++)
        used += *at == '\'' ? 4 : 1;
    if (used + 3 > capacity)
        return false;
    char *to = out;
    *to++ = '\'';
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == '\'') {
            memcpy(to, "'\\''", 4);
            to += 4;
        } else {
            *to++ = *at;
        }
    }
    *to++ = '\'';
    *to = '\0';
    return true;
}

const char *mend_with(char out[MEND_MAX], const char *before, const char *word, const char *after)
{
    char quoted[MEND_MAX / 2];

    shell_word(word, quoted, sizeof quoted);
    snprintf(out, MEND_MAX, "%s%s%s", before, quoted, after);
    return out;
}

void doctor_look(const struct doctor_world *world, void (*tell)(void *context, const struct finding *finding),
                 void *context, struct diagnosis *out)
{
    static const struct {
        const char *check;
        void (*look)(struct look *look);
    } rounds[] = {{"udev-rule", look_at_rule}, {"modem-manager", look_at_modem_manager},
                  {"port", look_at_ports},     {"clock", look_at_clock},
                  {"disk", look_at_disk},      {"trust", look_at_trust},
                  {"bundles", look_at_bundles}};
    struct look look = {.world = world, .tell = tell, .context = context, .diagnosis = out};

    *out = (struct diagnosis){.code = EXIT_VERIFIED};
    for (size_t i = 0; i < sizeof rounds / sizeof *rounds; i++) {
        look.check = rounds[i].check;
        rounds[i].look(&look);
    }
}
