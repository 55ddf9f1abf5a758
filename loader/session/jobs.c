/* Any number of jobs in one event loop: who is woken when, who waits for whom, and the batch's exit code. */
#include "loader/session/job_inner.h"

#include "keys/base/steady.h"

#include <stdlib.h>

struct pollfd job_poll(const struct job *job, uint64_t now)
{
    bool listens = !job_ended(job) && !job_pauses(job, now) && link_is_open(&job->session.link);
    short events = session_wants_write(&job->session) ? POLLIN | POLLOUT : POLLIN;

    return (struct pollfd){.fd = listens ? job->session.link.descriptor : -1, .events = events};
}

/* Sleeps until a link has something or a job wants to run. */
static void wait_for_any(struct job *jobs, size_t count, struct pollfd *polls)
{
    uint64_t now = steady_ms(), wake = now + 1000;

    for (size_t i = 0; i < count; i++) {
        polls[i] = job_poll(&jobs[i], now);
        if (job_wake(&jobs[i]) < wake)
            wake = job_wake(&jobs[i]);
    }
    poll(polls, (nfds_t)count, wake > now ? (int)(wake - now) : 0);
}

static bool is_known(const struct job *job)
{
    return job->met || job_ended(job);
}

static bool all_are_known(const struct job *jobs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!is_known(&jobs[i]))
            return false;
    return true;
}

static const struct job *namesake(const struct job *jobs, size_t count, const struct job *job)
{
    for (size_t i = 0; i < count; i++)
        if (&jobs[i] != job && jobs[i].met && device_same(&jobs[i].device, &job->device))
            return &jobs[i];
    return NULL;
}

/* Those that wait are judged before any of them goes on. One that comes later than GATHER_MS is compared with all others,
 * so that it alone is refused. */
static void gather(struct job *jobs, size_t count, uint64_t now)
{
    struct failure why;

    for (size_t i = 0; i < count; i++) {
        if (jobs[i].step != STEP_GATHER)
            continue;
        const struct job *other = namesake(jobs, count, &jobs[i]);
        if (other == NULL) {
            job_gathered(&jobs[i], now);
            continue;
        }
        failure_set(&why, FAIL_SAME_SERIAL, "%s is at %s and at %s", jobs[i].device.serial,
                    jobs[i].session.address, other->session.address);
        job_fail(&jobs[i], now, &why);
    }
}

static void interrupt_all(struct job *jobs, size_t count, int *seen, int interrupts)
{
    for (; *seen < interrupts; *seen += 1)
        for (size_t i = 0; i < count; i++)
            job_interrupt(&jobs[i], steady_ms());
}

enum exit_code jobs_run(struct job *jobs, size_t count, const volatile int *interrupts)
{
    struct pollfd *polls = calloc(count ? count : 1, sizeof *polls);
    enum exit_code worst = EXIT_VERIFIED;
    bool running = polls != NULL;
    uint64_t gather_by = steady_ms() + GATHER_MS;
    int seen = 0;

    for (size_t i = 0; i < count; i++)
        jobs[i].in_company = count > 1;
    while (running) {
        running = false;
        interrupt_all(jobs, count, &seen, *interrupts);
        for (size_t i = 0; i < count; i++) {
            job_run(&jobs[i], steady_ms());
        }
        if (all_are_known(jobs, count) || steady_ms() >= gather_by)
            gather(jobs, count, steady_ms());
        for (size_t i = 0; i < count; i++)
            running = running || !job_ended(&jobs[i]);
        if (running)
            wait_for_any(jobs, count, polls);
    }
    for (size_t i = 0; i < count; i++)
        worst = jobs[i].passed_over ? worst : exit_worst(worst, jobs[i].verdict.code);
    if (polls == NULL)
        worst = EXIT_INTERNAL;
    free(polls);
    return worst;
}
