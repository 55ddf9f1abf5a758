/* Changing over: activate or roll back, wait while the device restarts, and confirm where a person does. */
#include "loader/session/job_inner.h"

#include <inttypes.h>
#include <string.h>

#define ACT_MS        4000 /* a record is written before the answer */
#define POLL_MS       250
#define AWAY_EXTRA_MS 5000

static void ask_with_digest(struct job *job, uint64_t now, enum suture_verb verb, const char *key,
                            const uint8_t *digest)
{
    struct buffer body = buffer_over(job->request, sizeof job->request);

    if (request_digest_write(&body, key, digest) == OK)
        job_ask(job, now, SMP_WRITE, SMP_GROUP_SUTURE, (uint8_t)verb, body.size, ACT_MS);
}

void activate_enter(struct job *job, uint64_t now)
{
    char text[160];

    snprintf(text, sizeof text,
             "restarting into the new version, back within %" PRIu32 " s: keep the cable in",
             job->chosen.plan.silence_boot);
    job_tell_phase(job, 4, "activate", text);
    /* From the asking on: its answer may be lost. */
    job->touched = DEVICE_ACTIVATED;
    ask_with_digest(job, now, VERB_ACTIVATE, "manifest", bundle_envelope(job->chosen.bundle)->digest);
}

/* Refused because it is not where this verb expects it: it may have done it already, and its answer was lost. */
static bool is_doubtful(const struct job *job)
{
    const struct smp_error *error = client_error(&job->session.client);

    return error->from_group && error->group == SMP_GROUP_SUTURE && !job->doubted &&
           (error->rc == SUTURE_STATE || error->rc == SUTURE_TRIAL || error->rc == SUTURE_DIGEST);
}

void resets(struct job *job, enum client_event event, uint64_t now)
{
    if (event == CLIENT_REFUSED && is_doubtful(job)) {
        job->doubted = true;
        job->after = job->step;
        job_go(job, STEP_AGAIN, now);
    } else if (event == CLIENT_REFUSED) {
        /* It said that it does not restart. */
        job->touched = DEVICE_STAGED;
        job_refused(job, now);
    } else {
        job_go(job, STEP_AWAY, now);
        job_pause(job, now, POLL_MS);
    }
}

void rollback_enter(struct job *job, uint64_t now)
{
    const struct message_slot *running = device_running(&job->device);

    job->touched = DEVICE_ACTIVATED;
    job_tell_phase(job, 4, "rollback", "going back to the other slot's image");
    ask_with_digest(job, now, VERB_ROLLBACK, "hash", running ? running->hash : job->device.slots[0].hash);
}

/* Time for all that may happen until it has settled: each try's boot, the healthy time, and some patience. */
static uint64_t settle_ms(const struct job *job)
{
    const struct plan *plan = &job->chosen.plan;
    uint64_t seconds = job->chosen.bundle == NULL
                           ? job->settings->wait_ms / 1000
                           : (uint64_t)plan->silence_boot * plan->confirm_tries + plan->confirm_healthy;

    return seconds * 1000 + job->settings->wait_ms + AWAY_EXTRA_MS;
}

/* Asks who is there until the device has settled. */
void away_enter(struct job *job, uint64_t now)
{
    if (job->deadline == 0)
        job->deadline = now + settle_ms(job);
    job_ask_plain(job, now, VERB_IDENTITY);
}

static bool has_settled(const struct job *job)
{
    const struct message_slot *before = device_running(&job->device), *running = device_running(&job->now);

    if (job->now.boot_kind == KIND_RECOVERY)
        return true;
    if (job->now.boot_kind != KIND_SETTLED || running == NULL)
        return false;
    if (job->chosen.bundle != NULL)
        return job_target_runs(job, &job->now) || job_target_waits(job, &job->now, STATE_BAD, STATE_BAD);
    return before == NULL || running->slot != before->slot;
}

void away_answer(struct job *job, enum client_event event, uint64_t now)
{
    struct failure why;

    if (event == CLIENT_REFUSED) {
        job_refused(job, now);
        return;
    }
    if (!job_take_identity(job, now) || job_other_device(job, now))
        return;
    bool on_trial =
        job->now.boot_kind == KIND_TRIAL && job->chosen.bundle != NULL && job_target_runs(job, &job->now);
    if (on_trial && !job->trial_told)
        job_tell_phase(job, 5, "trial", "the new version runs on trial");
    job->trial_told = job->trial_told || on_trial;
    if (job->now.boot_kind == KIND_RECOVERY) {
        failure_set(&why, FAIL_UNSAFE, "%s", job->device.serial);
        job_note_failure(job, &why);
    }
    if (has_settled(job)) {
        job_go(job, STEP_REPORT, now);
    } else if (now >= job->deadline) {
        failure_set(&why, FAIL_DEVICE_STATE, "%s has not settled in the time it should need",
                    job->device.serial);
        job_fail(job, now, &why);
    } else if (on_trial && job->chosen.plan.confirm_who == CONFIRM_BY_TECHNICIAN && !job->decided) {
        job_go(job, STEP_CONFIRM, now);
    } else {
        job_pause(job, now, POLL_MS);
    }
}

/* It is asked again until its self test has passed. */
static void tell_once(struct job *job, const char *name, const char *text)
{
    if (!job->decision_told)
        job_tell_phase(job, 5, name, text);
    job->decision_told = true;
}

void confirm_enter(struct job *job, uint64_t now)
{
    struct failure why;

    switch (job_judge_checks(job)) {
    case CHECKS_MISSING:
        failure_set(&why, FAIL_CHECKS, "%s runs on trial until they are answered", job->device.serial);
        job_fail(job, now, &why);
        return;
    case CHECKS_FAILED:
        tell_once(job, "give up", "a guided check failed: going back to the old version");
        ask_with_digest(job, now, VERB_ROLLBACK, "hash", job->chosen.plan.image_digest);
        return;
    case CHECKS_PASSED:
        tell_once(job, "confirm", "all required checks passed");
        ask_with_digest(job, now, VERB_CONFIRM, "hash", job->chosen.plan.image_digest);
        return;
    }
}

void confirm_answer(struct job *job, enum client_event event, uint64_t now)
{
    const struct smp_error *error = client_error(&job->session.client);
    /* Until its self test has passed the device answers "state"; "trial" and "digest" come when it has moved on. */
    bool ask_again = event == CLIENT_REFUSED && error->from_group && error->group == SMP_GROUP_SUTURE &&
                     (error->rc == SUTURE_STATE || error->rc == SUTURE_DIGEST) && now < job->deadline;

    if (event == CLIENT_REFUSED && !ask_again) {
        job_refused(job, now);
        return;
    }
    if (event != CLIENT_REFUSED) {
        job->decided = true;
        job->deadline = now + settle_ms(job);
    }
    job_go(job, STEP_AWAY, now);
    job_pause(job, now, POLL_MS);
}
