/* The chatter of a job's device, for whoever asked to see it (chatter.h). */
#include "loader/session/job_inner.h"

static void tell_event(void *context, struct span line, uint64_t passed_over)
{
    char text[CHATTER_LINE_MAX + 1];

    text_harmless(text, sizeof text, (const char *)line.data, line.size);
    job_tell(context, (struct event){.kind = EVENT_CHATTER, .text = text, .passed_over = passed_over});
}

static void hear(void *context, struct span text)
{
    struct job *job = context;
    chatter_take(&job->chatter, text, tell_event, job);
}

void job_listen(struct job *job)
{
    if (job->settings->chatter == CHATTER_SHOWN)
        session_chatter(&job->session, (struct frame_chatter){job, hear});
}

void job_tell_chatter(struct job *job, uint64_t now)
{
    if (job->settings->chatter == CHATTER_SHOWN)
        chatter_turn(&job->chatter, now, tell_event, job);
}

void job_end_chatter(struct job *job)
{
    if (job->settings->chatter == CHATTER_SHOWN)
        chatter_end(&job->chatter, tell_event, job);
}
