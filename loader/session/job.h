/* A job: one device from plug-in to verdict. A machine of steps over a session, driven by one event loop for any number of
 * devices; it never blocks.
 *
 *  capabilities ─► identity ─► (choose) ─► preflight ─► trust ─► check ─► send ─► activate ─► away ─► confirm ─► report ─► end
 *       devices ends ┘            │ already current ─────────────────────────────────────────────────────────────► ┤
 *       verify ───────────────────┴────────────────────────────────────────────────────────────────────────────► ┤
 *       rollback ─► preflight ─► rollback ─► away ───────────────────────────────────────────────────────────────► ┘
 *
 * A lost link or a silent device is waited for, then the step is entered again: every verb names a digest, so a repeat
 * does no harm. Whatever happens after the device was touched ends in a report, and the verdict is the report's. */
#ifndef SUTURE_LOADER_SESSION_JOB_H
#define SUTURE_LOADER_SESSION_JOB_H

#include "loader/record/receipt.h"
#include "loader/session/choose.h"
#include "loader/session/session.h"
#include "loader/show/show.h"

enum job_kind { JOB_DEVICES, JOB_CHECK, JOB_UPDATE, JOB_RESUME, JOB_ROLLBACK, JOB_VERIFY };

/* The same for all jobs of a run; must outlive them. */
struct job_settings {
    struct choose_from from;
    const char *store;    /* folder of the trust store */
    const char *receipts; /* folder of receipts */
    const char *station;
    struct show *show;
    uint32_t wait_ms; /* how long a device that vanished may stay away, beside what its manifest says */
    const char *const *answers; /* guided checks: "ID=VALUE" */
    size_t answer_count;
};

enum job_step {
    STEP_CAPABILITIES,
    STEP_IDENTITY,
    STEP_PREFLIGHT,
    STEP_TRUST,
    STEP_CHECK,
    STEP_SEND,
    STEP_ACTIVATE,
    STEP_ROLLBACK,
    STEP_AWAY,
    STEP_CONFIRM,
    STEP_WHY,
    STEP_REPORT,
    STEP_END,
};

struct job {
    enum job_kind kind;
    const struct job_settings *settings;
    struct session session;
    enum job_step step;
    uint64_t pause_until; /* ms; 0: no pause */
    uint64_t away_since;  /* ms; 0: the link is there */
    uint64_t deadline;    /* ms; of the steps that wait for the device */
    enum touched touched;
    bool met, activated, interrupted, sending, trial_told;
    /* what is known */
    struct device_facts device, now; /* at the beginning; at the last identity */
    struct message_preflight preflight;
    bool preflight_known;
    struct trust_document root, next_root;
    struct chosen chosen;
    struct push *push;
    uint8_t push_sha[DIGEST_SIZE];
    uint8_t request[512]; /* body of the request that runs */
    /* counts over all transfers of the push file */
    uint64_t sent, not_sent_again, send_started, progress_shown;
    unsigned retries, transfers;
    /* evidence */
    struct session_header header;
    uint64_t started; /* seconds since 1970 */
    uint8_t report_bytes[REPORT_MAX];
    size_t report_size;
    bool report_proven, no_key;
    struct report report;
    unsigned report_tries;
    struct receipt_check checks[RECEIPT_CHECKS_MAX];
    size_t check_count;
    /* end */
    struct failure failure; /* id FAIL_NONE: nothing failed */
    struct verdict verdict;
    char receipt[4096]; /* path; empty: none written */
    char note[256];     /* beside the verdict */
};

/* Connects and asks who is there. A failure to connect is a verdict, not a failure of this call. FAIL_MEMORY. */
bool job_start(struct job *job, enum job_kind kind, const char *address, const struct job_settings *settings,
               uint64_t now, struct failure *why);
void job_free(struct job *job);
/* Does what can be done now. */
void job_run(struct job *job, uint64_t now);
/* When to run it again at the latest (ms). */
uint64_t job_wake(const struct job *job);
bool job_ended(const struct job *job);
/* The person wants to stop. Before activation the job ends at once, with what ran still running; after it the job goes on
 * to its verdict, which is the safe thing. */
void job_interrupt(struct job *job, uint64_t now);

/* Runs all jobs to their ends; `interrupted` is looked at now and then. Returns the worst exit code. */
enum exit_code jobs_run(struct job *jobs, size_t count, const volatile int *interrupted);

#endif
