/* The machine of a job: connecting, waiting, moving from step to step. It knows no step by name. */
#include "loader/session/job_inner.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RECONNECT_MS 250
#define ASK_TRIES    3
#define LOSSES_MAX   300 /* a link that comes and goes without end is no link */

const char *job_label(const struct job *job)
{
    return job->met ? job->device.serial : job->session.address;
}

void job_tell(struct job *job, struct event event)
{
    event.address = job->session.address;
    event.label = job_label(job);
    event.device = job->met ? &job->now : NULL;
    event.of = 6;
    if (event.name == NULL)
        event.name = "";
    if (event.text == NULL)
        event.text = "";
    show_event(job->settings->show, &event);
}

void job_tell_phase(struct job *job, unsigned number, const char *name, const char *text)
{
    job->phase = number;
    job->phase_name = name;
    job_tell(job, (struct event){.kind = EVENT_PHASE, .number = number, .name = name, .text = text});
}

void job_tell_note(struct job *job, const char *text)
{
    job_tell(job, (struct event){.kind = EVENT_NOTE, .text = text});
}

void job_tell_device(struct job *job)
{
    job_tell(job, (struct event){.kind = EVENT_DEVICE});
}

/* Seconds that the rest will take, or -1: a rate is a promise only after a second of it. */
static long seconds_left(const struct job *job, const struct client_progress *progress, uint64_t now)
{
    uint64_t began = progress->first_offset, at = progress->acknowledged, took = now - job->send_started;

    if (took <= 1000 || at <= began || at >= progress->size)
        return -1;
    return (long)((double)(progress->size - at) * (double)took / (double)(at - began) / 1000.0);
}

void job_tell_progress(struct job *job, uint64_t now)
{
    const struct client_progress *progress = client_progress(&job->session.client);
    bool whole = progress->acknowledged >= progress->size;

    if (whole ? job->whole_shown : now - job->progress_shown < show_progress_interval(job->settings->show))
        return;
    job->whole_shown = whole;
    job->progress_shown = now;
    job_tell(job, (struct event){.kind = EVENT_PROGRESS,
                                 .number = 3,
                                 .name = "send",
                                 .done = progress->acknowledged,
                                 .total = progress->size,
                                 .eta = seconds_left(job, progress, now)});
}

void job_go(struct job *job, enum job_step step, uint64_t now)
{
    job_bank_progress(job);
    job->step = step;
    job->pause_until = 0;
    client_cancel(&job->session.client);
    if (step == STEP_END)
        job_end(job, now);
    else
        job_rows[step].enter(job, now);
}

void job_pause(struct job *job, uint64_t now, uint32_t ms)
{
    job->pause_until = now + ms;
}

void job_note_failure(struct job *job, const struct failure *why)
{
    if (job->failure.id == FAIL_NONE)
        job->failure = *why;
}

void job_fail(struct job *job, uint64_t now, const struct failure *why)
{
    job_note_failure(job, why);
    bool reachable = why->id != FAIL_LINK_LOST && why->id != FAIL_TIMEOUT && why->id != FAIL_OTHER_DEVICE &&
                     why->id != FAIL_INTERRUPTED;
    bool reporting = job->step == STEP_REPORT || job->step == STEP_END;
    job_go(job, job->touched != DEVICE_UNTOUCHED && reachable && !reporting ? STEP_REPORT : STEP_END, now);
}

void job_ask(struct job *job, uint64_t now, enum smp_op op, uint16_t group, uint8_t id, size_t body_size,
             uint32_t timeout_ms)
{
    struct failure why;
    enum status status = client_request(&job->session.client, op, group, id, span_of(job->request, body_size),
                                        now, timeout_ms, ASK_TRIES);
    if (status) {
        failure_set(&why, FAIL_INTERNAL, "request %u.%u: %s", group, id, status_name(status));
        job_fail(job, now, &why);
    }
}

/* How long a device may be away now: after an activation what its manifest says for each try, else the station's patience. */
uint64_t job_patience_ms(const struct job *job)
{
    const struct plan *plan = &job->chosen.plan;
    uint64_t patience = job->settings->wait_ms;

    if (job->touched == DEVICE_ACTIVATED && job->chosen.bundle != NULL)
        patience += 1000ull * plan->silence_boot * plan->confirm_tries;
    return patience;
}

static void gone(struct job *job, uint64_t now, enum failure_id id, const char *how)
{
    struct failure why;
    char text[256];

    session_disconnect(&job->session);
    if (job->away_since == 0) {
        job->away_since = now ? now : 1;
        snprintf(text, sizeof text, "%s; waiting up to %" PRIu64 " s for it to come back", how,
                 job_patience_ms(job) / 1000);
        if (job->met && job->step != STEP_AWAY)
            job_tell_note(job, text);
    }
    if (now - job->away_since >= job_patience_ms(job) || job->losses > LOSSES_MAX) {
        failure_set(&why, id, "%s, %s", job->session.address, how);
        job_fail(job, now, &why);
        return;
    }
    job->pause_until = now + RECONNECT_MS;
}

/* Steps that ask who is there anyway go on at once; any other asks first whether it is still the same device. */
static void enter_again(struct job *job, uint64_t now)
{
    job->report_size = 0;
    job->losses += job->met;
    if (job->step > STEP_IDENTITY && job->step != STEP_AWAY && job->step != STEP_AGAIN) {
        job->after = job->step;
        job_go(job, STEP_AGAIN, now);
    } else {
        job_go(job, job->step, now);
    }
}

static void link_gone(struct job *job, uint64_t now)
{
    const struct failure *lost = &job->session.lost;
    char how[160] = "the connection was lost";

    if (lost->id != FAIL_NONE)
        snprintf(how, sizeof how, "the connection was lost: %s", lost->what);
    gone(job, now, FAIL_LINK_LOST, how);
}

static void reconnect(struct job *job, uint64_t now)
{
    struct failure why;

    if (session_connect(&job->session, now, &why))
        enter_again(job, now);
    else if (!job->met)
        job_fail(job, now, &why);
    else
        gone(job, now, FAIL_LINK_LOST, "the connection was lost");
}

static void take_event(struct job *job, enum client_event event, uint64_t now)
{
    struct failure why;

    switch (event) {
    case CLIENT_TIMEOUT:
        if (job->met) {
            gone(job, now, FAIL_TIMEOUT, "the device is silent");
            return;
        }
        if (job->step == STEP_CAPABILITIES && job->session.heard)
            failure_set(&why, FAIL_NONSENSE, "%s: what comes from there is no answer", job->session.address);
        else
            failure_set(&why, FAIL_NO_DEVICE, "%s: nothing answers there", job->session.address);
        job_fail(job, now, &why);
        return;
    case CLIENT_STUCK:
        failure_set(&why, FAIL_STUCK, "%s: byte %" PRIu64 " of %" PRIu64, job_label(job),
                    client_progress(&job->session.client)->acknowledged,
                    client_progress(&job->session.client)->size);
        job_fail(job, now, &why);
        return;
    case CLIENT_NONSENSE:
        failure_set(&why, FAIL_NONSENSE, "%s", job->session.address);
        job_fail(job, now, &why);
        return;
    case CLIENT_SOURCE:
        failure_set(&why, FAIL_BUNDLE_CHANGED, "%s", bundle_path(job->chosen.bundle));
        job_fail(job, now, &why);
        return;
    default:
        if (job->step != STEP_AGAIN)
            job->away_since = 0;
        job_rows[job->step].answer(job, event, now);
    }
}

/* What moves forward is not lost, however often the link comes and goes. */
static void look_at_transfer(struct job *job, uint64_t now)
{
    uint64_t at = client_progress(&job->session.client)->acknowledged;

    if (at > job->furthest) {
        job->furthest = at;
        job->away_since = 0;
    }
    if (!job_is_silent(job, now))
        job_tell_progress(job, now);
}

/* Whoever sits there has had its time to say who it is. */
static bool is_late(struct job *job, uint64_t now)
{
    struct failure why;

    if (job->origin != JOB_FOUND || job->met)
        return false;
    if (job->met_by == 0)
        job->met_by = now + FOUND_MS;
    if (now < job->met_by)
        return false;
    failure_set(&why, FAIL_NO_DEVICE, "%s: nobody said who is there within %u s", job->session.address,
                FOUND_MS / 1000);
    job_fail(job, now, &why);
    return true;
}

void job_run(struct job *job, uint64_t now)
{
    while (!job_ended(job)) {
        if (is_late(job, now))
            return;
        job_tell_chatter(job, now);
        job_tell_silence(job, now);
        if (job_pauses(job, now))
            return;
        if (!link_is_open(&job->session.link)) {
            reconnect(job, now);
            continue;
        }
        if (job->pause_until != 0) {
            job_go(job, job->step, now);
            continue;
        }
        bool there = session_pump(&job->session, now);
        if (job->step == STEP_SEND)
            look_at_transfer(job, now);
        enum client_event event = client_poll(&job->session.client, now);
        if (event != CLIENT_WAITING) {
            take_event(job, event, now);
            continue;
        }
        if (!there && !job->met && job->session.refused.id != FAIL_NONE) {
            job_fail(job, now, &job->session.refused);
            continue;
        }
        if (!there) {
            link_gone(job, now);
            continue;
        }
        return;
    }
}

bool job_pauses(const struct job *job, uint64_t now)
{
    return job->pause_until > now;
}

uint64_t job_wake(const struct job *job)
{
    if (job_ended(job))
        return UINT64_MAX;
    uint64_t wake = job->pause_until != 0 ? job->pause_until : session_wake(&job->session);
    return job->met || job->met_by == 0 || wake < job->met_by ? wake : job->met_by;
}

bool job_ended(const struct job *job)
{
    return job->step == STEP_END;
}

void job_interrupt(struct job *job, uint64_t now)
{
    bool armed = job->touched == DEVICE_ACTIVATED;
    struct failure why;

    if (job_ended(job))
        return;
    if (armed && job->interrupts++ == 0) {
        job_tell_note(job, "the device is restarting: going on until it is known what it runs "
                           "(once more: end, and put it on hold)");
        return;
    }
    failure_set(&why, FAIL_INTERRUPTED, "%s%s", job_label(job),
                armed ? "; it is not known what it runs" : "; it is safe to unplug now");
    job_fail(job, now, &why);
}

bool job_start(struct job *job, enum job_kind kind, const char *address, const struct job_settings *settings,
               struct failure *why)
{
    memset(job, 0, sizeof *job);
    job->kind = kind;
    job->settings = settings;
    job->log_next = settings->log_from;
    job->started = (uint64_t)time(NULL);
    job->step = STEP_CAPABILITIES;
    if (!session_init(&job->session, address, why))
        return false;
    job_listen(job);
    return true;
}

void job_free(struct job *job)
{
    push_close(job->push);
    job->push = NULL;
    chosen_free(&job->chosen);
    trust_document_free(&job->root);
    trust_document_free(&job->next_root);
    session_free(&job->session);
}
