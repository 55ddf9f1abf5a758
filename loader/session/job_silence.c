/* A device that says nothing: how long that is normal, by the word of its release, and when this run will call it unknown. */
#include "loader/session/job_inner.h"

#include <inttypes.h>

#define SILENCE_TOLD_MS 3000 /* shorter ones are nobody's business */

enum { TOLD_NOTHING, TOLD_SILENT, TOLD_LONG };

/* Seconds, or -1: nothing says so. */
static long normal_silence(const struct job *job)
{
    if (job->chosen.bundle == NULL || job->touched == DEVICE_UNTOUCHED)
        return -1;
    return (long)(job->touched == DEVICE_ACTIVATED ? job->chosen.plan.silence_boot
                                                   : job->chosen.plan.silence_staging);
}

/* When the run gives up if nothing changes (ms): the request's own end, and the job's patience with a device that is away. */
static uint64_t given_up_at(const struct job *job, uint64_t now)
{
    bool asks = link_is_open(&job->session.link) && job->pause_until == 0;
    uint64_t ends = asks ? client_ends(&job->session.client) : now;

    if (job->away_since == 0)
        return ends + job_patience_ms(job);
    return ends > job->away_since + job_patience_ms(job) ? ends : job->away_since + job_patience_ms(job);
}

/* What is untouched is not unknown when it is given up. */
static void describe(const struct job *job, char *out, size_t capacity, const struct event *event)
{
    const char *then = job->touched == DEVICE_UNTOUCHED ? "given up" : "unknown";
    long silent = event->silent, normal = event->normal, left = event->unknown;

    if (normal < 0)
        snprintf(out, capacity, "no answer for %ld s: %s in %ld s", silent, then, left);
    else if (silent <= normal)
        snprintf(out, capacity, "no answer for %ld s: up to %ld s is normal; %s in %ld s", silent, normal,
                 then, left);
    else
        snprintf(out, capacity, "no answer for %ld s, longer than the %ld s that are normal: %s in %ld s",
                 silent, normal, then, left);
}

/* A terminal counts along; a log gets a line when it begins and one when it is no longer normal. */
static bool is_due(struct job *job, unsigned level, uint64_t now)
{
    bool due = show_lives(job->settings->show) ? now - job->silence_shown >= 1000 : level > job->silence_told;

    if (due) {
        job->silence_shown = now;
        job->silence_told = level;
    }
    return due;
}

bool job_is_silent(const struct job *job, uint64_t now)
{
    uint64_t answered = client_answered_at(&job->session.client);

    return job->phase_name != NULL && job->step != STEP_GATHER && now - answered >= SILENCE_TOLD_MS;
}

void job_tell_silence(struct job *job, uint64_t now)
{
    char text[160];

    if (!job_is_silent(job, now)) {
        job->silence_told = TOLD_NOTHING;
        return;
    }
    struct event event = {.kind = EVENT_SILENCE,
                          .number = job->phase,
                          .name = job->phase_name,
                          .text = text,
                          .silent = (long)((now - client_answered_at(&job->session.client)) / 1000),
                          .normal = normal_silence(job)};
    if (!is_due(job, event.normal >= 0 && event.silent > event.normal ? TOLD_LONG : TOLD_SILENT, now))
        return;
    uint64_t end = given_up_at(job, now);
    event.unknown = end > now ? (long)((end - now) / 1000) : 0;
    describe(job, text, sizeof text, &event);
    job_tell(job, event);
}
