/* What the files of a job share: job.c (the machine), job_rows.c (the table of
 * steps), and a file for each group of steps. */
#ifndef SUTURE_LOADER_SESSION_JOB_INNER_H
#define SUTURE_LOADER_SESSION_JOB_INNER_H

#include "loader/session/job.h"

/* One step: what it asks when it is entered, and what an answer leads to. */
struct job_row {
    const char *name;
    void (*enter)(struct job *job, uint64_t now);
    void (*answer)(struct job *job, enum client_event event, uint64_t now);
};
extern const struct job_row job_rows[STEP_END];

/* Enters a step. */
void job_go(struct job *job, enum job_step step, uint64_t now);
/* Enters the same step again after a pause. */
void job_pause(struct job *job, uint64_t now, uint32_t ms);
/* Notes what went wrong (the first failure stands) and goes where the truth is: to the report when the device was touched,
 * else to the end. */
void job_fail(struct job *job, uint64_t now, const struct failure *why);
/* Only notes it. */
void job_note_failure(struct job *job, const struct failure *why);
/* The same as job_fail, from an error that the device answered. */
void job_refused(struct job *job, uint64_t now);

/* What slots and boots are in, as numbers on the wire (docs/formats.md 3). */
enum { KIND_RECOVERY = 0, KIND_SETTLED = 1, KIND_TRIAL = 2 };
enum { STATE_STAGING = 1, STATE_STAGED = 2, STATE_GOOD = 3, STATE_BAD = 4 };

/* Starts a request with job->request as its body. */
void job_ask(struct job *job, uint64_t now, enum smp_op op, uint16_t group, uint8_t id, size_t body_size,
             uint32_t timeout_ms);

/* `name` lives as long as the program. */
void job_tell_phase(struct job *job, unsigned number, const char *name, const char *text);
void job_tell_note(struct job *job, const char *text);
void job_tell_progress(struct job *job, uint64_t now);
/* Fills in what every event has, and shows it. */
void job_tell(struct job *job, struct event event);
/* job_silence.c: tells of a silence of a device that was touched; called at every turn. */
void job_tell_silence(struct job *job, uint64_t now);
/* Whether it is silent for so long that the screen says so: a bar that stands still would hide that. */
bool job_is_silent(const struct job *job, uint64_t now);
/* job_chatter.c: from the start on, where the settings say so; its clock, called at every turn; its end. */
void job_listen(struct job *job);
void job_tell_chatter(struct job *job, uint64_t now);
void job_end_chatter(struct job *job);
/* How long a device may be away now (ms). */
uint64_t job_patience_ms(const struct job *job);
void job_tell_device(struct job *job);
const char *job_label(const struct job *job);

/* Both facts are of one device: vendor, class and serial. */
bool device_same(const struct device_facts *a, const struct device_facts *b);
/* A job in STEP_GATHER goes on: it is alone of its name. */
void job_gathered(struct job *job, uint64_t now);
void gather_enter(struct job *job, uint64_t now);

/* job_evidence.c */
void report_enter(struct job *job, uint64_t now);
void report_answer(struct job *job, enum client_event event, uint64_t now);
void job_end(struct job *job, uint64_t now);

/* job_ask.c */
void job_identify(struct job *job, uint64_t now); /* goes for the report */
void job_tell_identity(struct job *job);
void log_enter(struct job *job, uint64_t now);
void log_answer(struct job *job, enum client_event event, uint64_t now);

/* job_checks.c: the guided checks of the bundle against the answers given. */
enum checks { CHECKS_PASSED, CHECKS_FAILED, CHECKS_MISSING };
/* Answers that are there go into job->checks; a required one that is missing, and any that can't be read, is asked for in a
 * note, once. */
enum checks job_judge_checks(struct job *job);

/* job_meet.c */
void capabilities_enter(struct job *job, uint64_t now);
void capabilities_answer(struct job *job, enum client_event event, uint64_t now);
void identity_enter(struct job *job, uint64_t now);
void identity_answer(struct job *job, enum client_event event, uint64_t now);
/* After a lost link or a doubtful refusal: the same device, and where is it now? */
void again_answer(struct job *job, enum client_event event, uint64_t now);
void preflight_enter(struct job *job, uint64_t now);
void preflight_answer(struct job *job, enum client_event event, uint64_t now);
/* A write was refused, and the interlock may know why. */
void why_answer(struct job *job, enum client_event event, uint64_t now);
/* Asks a verb that needs no body. */
void job_ask_plain(struct job *job, uint64_t now, enum suture_verb verb);
/* The answer could not be read: the job fails with FAIL_NONSENSE. */
void job_nonsense(struct job *job, uint64_t now, const char *what, enum status status);
/* Takes an identity into job->now. False: no identity, the job has failed. */
bool job_take_identity(struct job *job, uint64_t now);
/* True: another device than at the beginning answers, the job has failed, and job->now is the first one's again. */
bool job_other_device(struct job *job, uint64_t now);
/* The session header binds the report that will come to this run and this bundle. False: the job has failed. */
bool job_make_header(struct job *job, uint64_t now);
/* Whether the chosen release runs in `facts`; and whether it stands in the other slot in one of two states. */
bool job_target_runs(const struct job *job, const struct device_facts *facts);
bool job_target_waits(const struct job *job, const struct device_facts *facts, uint8_t state,
                      uint8_t or_state);

/* job_send.c */
void trust_enter(struct job *job, uint64_t now);
void trust_answer(struct job *job, enum client_event event, uint64_t now);
void check_enter(struct job *job, uint64_t now);
void check_answer(struct job *job, enum client_event event, uint64_t now);
void send_enter(struct job *job, uint64_t now);
void send_answer(struct job *job, enum client_event event, uint64_t now);
/* Adds the counts of a transfer that ends; once per transfer. */
void job_bank_progress(struct job *job);

/* job_change.c */
void activate_enter(struct job *job, uint64_t now);
void rollback_enter(struct job *job, uint64_t now);
void resets(struct job *job, enum client_event event, uint64_t now); /* the device said that it resets */
void away_enter(struct job *job, uint64_t now);
void away_answer(struct job *job, enum client_event event, uint64_t now);
void confirm_enter(struct job *job, uint64_t now);
void confirm_answer(struct job *job, enum client_event event, uint64_t now);

#endif
