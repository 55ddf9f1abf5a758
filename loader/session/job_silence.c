/* A device that says nothing: how long that is normal, by the word of its release, and when this run will call it unknown. */
#include "loader/session/job_inner.h"

#include <inttypes.h>

#define SILENCE_TOLD_MS 3000 /* shorter ones are nobody's business */

enum { TOLD_NOTHING, TOLD_SILENT, TOLD_LONG };

/* Seconds, or -1: nothing says so. */
static long normal_silence(const struct job *job)
{
    if (job->chosen.bundle == NULL)
        return -1;
    return (long)(job->touched == DEVICE_ACTIVATED ? job->chosen.plan.silence_boot
                                                   : job->chosen.plan.silence_staging);
}

/* When the run gives up if nothing changes (ms): the request's own patience, then the job's with a device that is away. */
static uint64_t unknown_at(const struct job *job)
{
    if (job->away_since != 0)
        return job->away_since + job_patience_ms(job);
    return job->session.heard_at + job->request_ms + job_patience_ms(job);
}

static void describe(char *out, size_t capacity, long silent, long normal, long unknown)
{
    if (normal < 0)
        snprintf(out, capacity, "silent for %ld s: unknown in %ld s", silent, unknown);
    else if (silent <= normal)
        snprintf(out, capacity, "silent for %ld s: up to %ld s is normal; unknown in %ld s", silent, normal,
                 unknown);
    else
        snprintf(out, capacity, "silent for %ld s, longer than the %ld s that are normal: unknown in %ld s",
                 silent, normal, unknown);
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
    return job->touched != DEVICE_UNTOUCHED && now - job->session.heard_at >= SILENCE_TOLD_MS;
}

void job_tell_silence(struct job *job, uint64_t now)
{
    uint64_t heard = job->session.heard_at, end;
    char text[160];

    if (!job_is_silent(job, now)) {
        job->silence_told = TOLD_NOTHING;
        return;
    }
    long silent = (long)((now - heard) / 1000), normal = normal_silence(job);
    if (!is_due(job, normal >= 0 && silent > normal ? TOLD_LONG : TOLD_SILENT, now))
        return;
    end = unknown_at(job);
    long left = end > now ? (long)((end - now) / 1000) : 0;
    describe(text, sizeof text, silent, normal, left);
    job_tell(job, (struct event){.kind = EVENT_SILENCE,
                                 .number = job->phase,
                                 .name = job->phase_name,
                                 .text = text,
                                 .silent = silent,
                                 .normal = normal,
                                 .unknown = left});
}
