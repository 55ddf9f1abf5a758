/* A job: one device from plug-in to verdict. A machine of steps over a session, driven by one event loop for any number of
 * devices; it never blocks.
 *
 *  capabilities ─► identity ─► (gather) ─► (choose) ─► preflight ─► trust ─► check ─► send ─► activate ─► away ─► confirm ─► report ─► end
 *       devices ends ┘            │ already current, or a resume of nothing ───────────────────────────────────────► ┤
 *       log ends ┘ after its entries; identify ─► report ends ┘
 *       verify ───────────────────┴────────────────────────────────────────────────────────────────────────────────► ┤
 *       rollback ─► preflight ─► rollback ─► away ───────────────────────────────────────────────────────────────────► ┘
 *
 * A lost link or a silent device is waited for; then `again` asks whether it is still the same device, and the step is
 * entered anew: every verb names a digest, so a repeat does no harm. Whatever happens after the device was touched ends in a
 * report, and the verdict is the report's. */
#ifndef SUTURE_LOADER_SESSION_JOB_H
#define SUTURE_LOADER_SESSION_JOB_H

#include "loader/record/receipt.h"
#include "loader/session/chatter.h"
#include "loader/session/choose.h"
#include "loader/session/session.h"
#include "loader/show/show.h"

#include <poll.h>

/* A place that was found may be anything: what is no device of ours there is passed over, within FOUND_MS. */
enum job_origin { JOB_NAMED, JOB_FOUND };
#define FOUND_MS 5000

enum job_kind {
    JOB_DEVICES,
    JOB_CHECK,
    JOB_UPDATE,
    JOB_RESUME,
    JOB_ROLLBACK,
    JOB_VERIFY,
    JOB_IDENTIFY,
    JOB_LOG
};

/* Whether what a firmware says between frames is told (CHATTER_SHOWN), on links that are lines. */
enum chatter_wish { CHATTER_HIDDEN, CHATTER_SHOWN };

/* The same for all jobs of a run; must outlive them. */
struct job_settings {
    struct choose_from from;
    const char *store;    /* folder of the trust store */
    const char *receipts; /* folder of receipts */
    const char *station;
    struct show *show;
    uint32_t wait_ms; /* how long a device that vanished may stay away, beside what its manifest says */
    enum chatter_wish chatter;
    uint32_t log_from;          /* least number of a log's entries to be shown */
    const char *const *answers; /* guided checks: "ID=VALUE" */
    size_t answer_count;
};

enum job_step {
    STEP_CAPABILITIES,
    STEP_IDENTITY,
    STEP_GATHER,
    STEP_PREFLIGHT,
    STEP_TRUST,
    STEP_CHECK,
    STEP_SEND,
    STEP_ACTIVATE,
    STEP_ROLLBACK,
    STEP_AWAY,
    STEP_CONFIRM,
    STEP_AGAIN,
    STEP_WHY,
    STEP_REPORT,
    STEP_LOG,
    STEP_END,
};

struct job {
    enum job_kind kind;
    enum job_origin origin;
    const struct job_settings *settings;
    struct session session;
    struct chatter chatter;
    enum job_step step, after; /* after: where `again` leads */
    uint64_t pause_until;      /* ms; 0: no pause */
    uint64_t away_since;       /* ms; 0: the link is there, or progress was made since it was lost */
    unsigned phase;            /* told last */
    const char *phase_name;    /* static */
    unsigned silence_told;     /* how much of the present silence was told */
    uint64_t silence_shown;    /* ms */
    uint64_t met_by;           /* ms; of a found one; 0: not begun */
    uint64_t deadline;         /* ms; of the steps that wait for the device; 0: not set */
    unsigned losses;           /* times that the link had to be opened again */
    enum touched touched;
    bool in_company; /* others run beside it: once it is known who they are, jobs_run lets it go on */
    /* ended, a found one where no device of ours is: no result, no part of the batch's exit code */
    bool passed_over;
    bool met, sending, trial_told, decision_told, decided, doubted;
    unsigned interrupts;
    enum failure_id refusal; /* that STEP_WHY asks the reason of */
    /* what is known */
    struct device_facts device, now; /* at the beginning; at the last identity of this device */
    struct device_abilities abilities;
    struct message_preflight preflight;
    bool preflight_known;
    struct trust_document root, next_root;
    struct chosen chosen;
    struct push *push;
    uint8_t push_sha[DIGEST_SIZE];
    uint8_t request[512]; /* body of the request that runs */
    /* counts over all transfers of the push file */
    uint64_t sent, not_sent_again, furthest, send_started, progress_shown;
    unsigned retries;
    bool answered, whole_shown;
    /* evidence */
    struct session_header header;
    uint64_t started; /* seconds since 1970 */
    uint8_t report_bytes[REPORT_MAX];
    size_t report_size;
    bool report_proven, report_told;
    struct report report;
    struct receipt_check checks[RECEIPT_CHECKS_MAX];
    size_t check_count;
    bool checks_asked;
    uint32_t log_next;  /* number of the next entry to be asked for */
    unsigned log_pages; /* answers so far */
    /* end */
    struct failure failure; /* id FAIL_NONE: nothing failed */
    struct verdict verdict;
    char receipt[4096]; /* path; empty: none written */
    char note[256];     /* beside the verdict */
};

/* Whether jobs of this kind only ask the device: they change nothing and leave no receipt, and a good one has no result. */
bool job_only_asks(enum job_kind kind);
/* Prepares a job; job_run connects and asks who is there. FAIL_MEMORY. */
bool job_start(struct job *job, enum job_kind kind, const char *address, const struct job_settings *settings,
               struct failure *why);
void job_free(struct job *job);
/* Does what can be done now. */
void job_run(struct job *job, uint64_t now);
/* When to run it again at the latest (ms). */
uint64_t job_wake(const struct job *job);
/* True while it waits for time, not for the link. */
bool job_pauses(const struct job *job, uint64_t now);
/* What to poll(2) for until job_wake; descriptor -1 where there is nothing. */
struct pollfd job_poll(const struct job *job, uint64_t now);
bool job_ended(const struct job *job);
/* The person wants to stop. Before the device was told to restart the job ends at once, with what ran still running; after
 * that it goes on to its verdict, which is the safe thing, and only a second interrupt ends it: unknown, on hold. */
void job_interrupt(struct job *job, uint64_t now);

/* Runs all jobs to their ends; `*interrupts` counts the person's wishes to stop and is looked at now and then. Several wait
 * for each other until all are known, at most GATHER_MS: two of one identity are FAIL_SAME_SERIAL, and neither is touched.
 * Returns the worst exit code of those that were not passed over. */
#define GATHER_MS 15000
enum exit_code jobs_run(struct job *jobs, size_t count, const volatile int *interrupts);

#endif
