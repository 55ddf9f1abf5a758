/* What the checks share. */
#ifndef SUTURE_LOADER_DOCTOR_DOCTOR_INNER_H
#define SUTURE_LOADER_DOCTOR_DOCTOR_INNER_H

#include "loader/doctor/doctor.h"

/* One look at a station. */
struct look {
    const struct doctor_world *world;
    void (*tell)(void *context, const struct finding *finding);
    void *context;
    struct diagnosis *diagnosis;
    const char *check; /* that runs now */
    bool rule_there;   /* the udev rule is installed */
};

/* The findings of the check that runs. */
void look_well(struct look *look, const char *format, ...) __attribute__((format(printf, 2, 3)));
void look_hint(struct look *look, const char *mend, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void look_mend(struct look *look, enum failure_id id, const char *mend, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* `text` as one word for a shell; false, and `out` is empty, when it does not fit. */
bool shell_word(const char *text, char *out, size_t capacity);
/* `before`, then `word` as one word for a shell, then `after`. Returns `out`; when it does not fit, without the word. */
#define MEND_MAX 1024
const char *mend_with(char out[MEND_MAX], const char *before, const char *word, const char *after);

/* look_ports.c */
void look_at_rule(struct look *look);
void look_at_modem_manager(struct look *look);
void look_at_ports(struct look *look);
/* look_folders.c */
void look_at_clock(struct look *look);
void look_at_disk(struct look *look);
void look_at_bundles(struct look *look);
/* look_trust.c */
void look_at_trust(struct look *look);

#endif
