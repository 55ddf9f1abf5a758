/* Changing over: activate or roll back, wait while the device restarts, and confirm where a person does. */
#include "loader/session/job_inner.h"

#include <inttypes.h>
#include <string.h>

#define ACT_MS        4000 /* a record is written before the answer */
#define POLL_MS       250
#define AWAY_EXTRA_MS 5000

enum { KIND_RECOVERY = 0, KIND_SETTLED = 1, KIND_TRIAL = 2 }; /* docs/formats.md 3 */

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
    ask_with_digest(job, now, VERB_ACTIVATE, "manifest", bundle_envelope(job->chosen.bundle)->digest);
}

void resets(struct job *job, enum client_event event, uint64_t now)
{
    if (event == CLIENT_REFUSED) {
        job_refused(job, now);
        return;
    }
    job->activated = true;
    job_go(job, STEP_AWAY, now);
    job_pause(job, now, POLL_MS);
}

void rollback_enter(struct job *job, uint64_t now)
{
    const struct message_slot *running = device_running(&job->device);

    job->touched = DEVICE_TOUCHED;
    job_tell_phase(job, 4, "rollback", "going back to the other slot's image");
    ask_with_digest(job, now, VERB_ROLLBACK, "hash", running ? running->hash : job->device.slots[0].hash);
}

/* Asks who is there until the device has settled. */
void away_enter(struct job *job, uint64_t now)
{
    if (job->deadline == 0) {
        const struct plan *plan = &job->chosen.plan;
        uint64_t seconds = job->chosen.bundle == NULL
                               ? job->settings->wait_ms / 1000
                               : (uint64_t)plan->silence_boot * plan->confirm_tries + plan->confirm_healthy;
        job->deadline = now + seconds * 1000 + job->settings->wait_ms + AWAY_EXTRA_MS;
    }
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
        return job_target_runs(job, &job->now) || job_target_is_bad(job, &job->now);
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
    if (has_settled(job)) {
        job_go(job, STEP_REPORT, now);
    } else if (on_trial && job->chosen.plan.confirm_who == CONFIRM_BY_TECHNICIAN) {
        job_go(job, STEP_CONFIRM, now);
    } else if (now >= job->deadline) {
        failure_set(&why, FAIL_DEVICE_STATE, "%s has not settled in the time it should need",
                    job->device.serial);
        job_fail(job, now, &why);
    } else {
        job_pause(job, now, POLL_MS);
    }
}

void confirm_enter(struct job *job, uint64_t now)
{
    struct failure why;

    switch (job_judge_checks(job)) {
    case CHECKS_MISSING:
        failure_set(&why, FAIL_TRIAL_RUNNING,
                    "%s waits for the guided checks: suture resume --check ID=VALUE…", job->device.serial);
        job_fail(job, now, &why);
        return;
    case CHECKS_FAILED:
        job_tell_phase(job, 5, "give up", "a guided check failed: going back to the old version");
        ask_with_digest(job, now, VERB_ROLLBACK, "hash", job->chosen.plan.image_digest);
        return;
    case CHECKS_PASSED:
        job_tell_phase(job, 5, "confirm", "all required checks passed");
        ask_with_digest(job, now, VERB_CONFIRM, "hash", job->chosen.plan.image_digest);
        return;
    }
}

void confirm_answer(struct job *job, enum client_event event, uint64_t now)
{
    const struct smp_error *error = client_error(&job->session.client);

    /* Until its self test has passed the device answers "state": ask again. */
    if (event == CLIENT_REFUSED && error->from_group && error->rc == SUTURE_STATE && now < job->deadline) {
        job_go(job, STEP_AWAY, now);
        job_pause(job, now, POLL_MS);
    } else if (event == CLIENT_REFUSED) {
        job_refused(job, now);
    } else {
        job_go(job, STEP_AWAY, now);
        job_pause(job, now, POLL_MS);
    }
}
