/* The first steps of a job: who the device is, which bundle it gets, and whether it may be touched now. */
#include "loader/session/job_inner.h"

#include <inttypes.h>
#include <string.h>

#define ASK_MS       2000 /* answers that need no flash */
#define ASK_FOUND_MS 800  /* of a port that may lead nowhere */

void job_ask_plain(struct job *job, uint64_t now, enum suture_verb verb)
{
    bool anybody = job->origin == JOB_FOUND && !job->met;
    job_ask(job, now, SMP_READ, SMP_GROUP_SUTURE, (uint8_t)verb, 0, anybody ? ASK_FOUND_MS : ASK_MS);
}

void job_nonsense(struct job *job, uint64_t now, const char *what, enum status status)
{
    struct failure why;
    failure_set(&why, FAIL_NONSENSE, "%s: %s (%s)", job->session.address, what, status_name(status));
    job_fail(job, now, &why);
}

/* ---- who are you */

void capabilities_enter(struct job *job, uint64_t now)
{
    job_ask_plain(job, now, VERB_CAPABILITIES);
}

void capabilities_answer(struct job *job, enum client_event event, uint64_t now)
{
    struct message_capabilities caps;

    if (event == CLIENT_REFUSED) {
        job_refused(job, now);
        return;
    }
    enum status status = message_capabilities_read(client_answer(&job->session.client), &caps);
    if (!status && caps.protocol != 1)
        status = BAD_VERSION;
    if (!status && (caps.buffer_size < 64 || caps.buffer_count == 0))
        status = BAD_FORMAT;
    if (status) {
        job_nonsense(job, now, "capabilities", status);
        return;
    }
    job->now.buffer_size = caps.buffer_size < SESSION_PACKET_MAX ? caps.buffer_size : SESSION_PACKET_MAX;
    job->now.buffer_count = caps.buffer_count;
    job->now.manifest_max = caps.manifest_max;
    job->now.block_max = caps.block_max;
    job->now.segment_max = caps.segment_max;
    job->now.ram = caps.ram;
    job->now.root_version = caps.root_version;
    abilities_take(&caps, &job->abilities);
    session_packet_max(&job->session, job->now.buffer_size);
    session_framings(&job->session, caps.framings, caps.framing_count);
    job_go(job, STEP_IDENTITY, now);
}

void identity_enter(struct job *job, uint64_t now)
{
    job_ask_plain(job, now, VERB_IDENTITY);
}

/* Takes an identity into job->now. False: no identity, the job has failed. */
bool job_take_identity(struct job *job, uint64_t now)
{
    struct message_identity identity;
    struct device_facts *facts = &job->now;
    enum status status = message_identity_read(client_answer(&job->session.client), &identity);

    /* A serial is 1 to SERIAL_MAX bytes, as its certificate has it: cut, two devices could look like one. */
    if (!status && (identity.serial.size == 0 || identity.serial.size > SERIAL_MAX))
        status = BAD_FORMAT;
    if (status) {
        job_nonsense(job, now, "identity", status);
        return false;
    }
    memcpy(facts->vendor, identity.vendor, UUID_SIZE);
    memcpy(facts->class_id, identity.class_id, UUID_SIZE);
    text_harmless(facts->model, sizeof facts->model, (const char *)identity.model.data, identity.model.size);
    text_harmless(facts->hardware, sizeof facts->hardware, (const char *)identity.hardware.data,
                  identity.hardware.size);
    text_harmless(facts->serial, sizeof facts->serial, (const char *)identity.serial.data,
                  identity.serial.size);
    facts->boot_kind = identity.boot_kind;
    facts->tries_left = identity.tries_left;
    facts->outcome = identity.outcome;
    facts->floor = identity.floor;
    facts->slot_count = identity.slot_count;
    memcpy(facts->slots, identity.slots, sizeof facts->slots);
    return true;
}

bool device_same(const struct device_facts *a, const struct device_facts *b)
{
    return memcmp(a->vendor, b->vendor, UUID_SIZE) == 0 && memcmp(a->class_id, b->class_id, UUID_SIZE) == 0 &&
           strcmp(a->serial, b->serial) == 0;
}

bool job_other_device(struct job *job, uint64_t now)
{
    struct failure why;

    if (device_same(&job->device, &job->now))
        return false;
    failure_set(&why, FAIL_OTHER_DEVICE, "%s: expected %s, %s answered", job->session.address,
                job->device.serial, job->now.serial);
    job->now = job->device;
    job_fail(job, now, &why);
    return true;
}

bool job_target_runs(const struct job *job, const struct device_facts *facts)
{
    const struct message_slot *running = device_running(facts);
    return running != NULL && running->sequence == job->chosen.plan.sequence &&
           digest_equal(running->hash, job->chosen.plan.image_digest);
}

bool job_target_waits(const struct job *job, const struct device_facts *facts, uint8_t state,
                      uint8_t or_state)
{
    for (size_t i = 0; i < facts->slot_count; i++) {
        const struct message_slot *slot = &facts->slots[i];
        if (!slot->active && (slot->state == state || slot->state == or_state) &&
            slot->sequence == job->chosen.plan.sequence &&
            digest_equal(slot->hash, job->chosen.plan.image_digest))
            return true;
    }
    return false;
}

static bool needs_bundle(const struct job *job)
{
    if (job->kind == JOB_VERIFY || job->kind == JOB_ROLLBACK)
        return false;
    return job->kind != JOB_DEVICES;
}

static bool wants_bundle(const struct job *job)
{
    return needs_bundle(job) ||
           (job->kind == JOB_VERIFY && (job->settings->from.file || job->settings->from.folder));
}

bool job_make_header(struct job *job, uint64_t now)
{
    static const uint8_t none[DIGEST_SIZE];
    struct failure why;
    const uint8_t *manifest = job->chosen.bundle ? bundle_envelope(job->chosen.bundle)->digest : none;

    if (session_header_make(&job->header, manifest, job->settings->station, job->started, &why))
        return true;
    job_fail(job, now, &why);
    return false;
}

/* Finds root and bundle. False: the job has failed; a refusal is a receipt too, so it has a header. */
static bool choose(struct job *job, uint64_t now)
{
    enum choose_purpose purpose = job->kind == JOB_VERIFY ? CHOOSE_TO_COMPARE : CHOOSE_TO_INSTALL;
    struct failure why;

    if (trust_store_find(job->settings->store, job->device.vendor, &job->root, &why) &&
        (!wants_bundle(job) || choose_bundle(&job->settings->from, purpose, &job->device, &job->root.trust,
                                             job->started, &job->chosen, &why)))
        return job_make_header(job, now);
    if (job_make_header(job, now))
        job_fail(job, now, &why);
    return false;
}

static void tell_validity(struct job *job)
{
    const char *until = bundle_text(job->chosen.bundle)->valid_until;
    char today[24], text[160], harmless[32];

    time_text(job->started, today);
    if (until == NULL || strncmp(today, until, 10) <= 0)
        return;
    text_harmless(harmless, sizeof harmless, until, strlen(until));
    snprintf(text, sizeof text, "the vendor meant this release to be used until %s: ask for a newer one",
             harmless);
    job_tell_note(job, text);
}

static void tell_choice(struct job *job)
{
    const struct plan *plan = &job->chosen.plan;
    const char *path = bundle_path(job->chosen.bundle), *name = strrchr(path, '/');
    char text[768];

    if (job->chosen.passed_over > 0) {
        snprintf(text, sizeof text, "passed over %zu unusable in the folder; the first: E-%02d %s",
                 job->chosen.passed_over, job->chosen.passed_first.id, job->chosen.passed_first.what);
        job_tell_note(job, text);
    }
    snprintf(text, sizeof text, "%.80s: version %" PRIu32 ".%" PRIu32 ".%" PRIu32 ", sequence %" PRIu32 "%s",
             name ? name + 1 : path, plan->version[0], plan->version[1], plan->version[2], plan->sequence,
             plan->has_base ? ", as a delta" : "");
    job_tell_phase(job, 1, "choose", text);
    tell_validity(job);
}

/* A check ends here when there is nothing to ask the device; a trial is another one's business. */
static void check_after_choice(struct job *job, uint64_t now)
{
    if (job_target_runs(job, &job->device)) {
        snprintf(job->note, sizeof job->note, "it runs this version already");
        job_go(job, STEP_END, now);
        return;
    }
    job_go(job, STEP_PREFLIGHT, now);
}

/* Finish what was begun, or find out how it ended. */
static void resume_after_choice(struct job *job, uint64_t now)
{
    if (job_target_waits(job, &job->device, STATE_STAGING, STATE_STAGED)) {
        job_go(job, STEP_PREFLIGHT, now);
        return;
    }
    job_tell_note(job, job_target_waits(job, &job->device, STATE_BAD, STATE_BAD)
                           ? "it has tried this version and went back"
                           : "nothing of this release was begun in it, or all of it was lost");
    job_go(job, STEP_REPORT, now);
}

static void after_choice(struct job *job, uint64_t now)
{
    struct failure why;
    bool runs = job->chosen.bundle != NULL && job_target_runs(job, &job->device);
    bool trial = job->device.boot_kind == KIND_TRIAL;

    if (job->kind == JOB_VERIFY) {
        job_go(job, STEP_REPORT, now);
    } else if (job->kind == JOB_ROLLBACK) {
        job_go(job, STEP_PREFLIGHT, now);
    } else if (trial && (!runs || job->kind == JOB_CHECK)) {
        failure_set(&why, FAIL_TRIAL_RUNNING, "%s%s", job->device.serial,
                    runs ? "" : ", of another release than the bundle's");
        job_fail(job, now, &why);
    } else if (trial) {
        job->touched = DEVICE_ACTIVATED;
        job_go(job, STEP_AWAY, now);
    } else if (job->kind == JOB_CHECK) {
        check_after_choice(job, now);
    } else if (runs) {
        job_tell_note(job, "it runs this version already");
        job_go(job, STEP_REPORT, now);
    } else if (job->kind == JOB_RESUME) {
        resume_after_choice(job, now);
    } else {
        job_go(job, STEP_PREFLIGHT, now);
    }
}

/* It runs nothing proven. A report may still say so under its signature; the verdict stands either way. */
static void meet_unsafe(struct job *job, uint64_t now)
{
    struct failure why;

    failure_set(&why, FAIL_UNSAFE, "%s", job->device.serial);
    job_note_failure(job, &why);
    if (!job_make_header(job, now))
        return;
    bool rooted = trust_store_find(job->settings->store, job->device.vendor, &job->root, &why);
    job_go(job, rooted && job->kind != JOB_CHECK ? STEP_REPORT : STEP_END, now);
}

void identity_answer(struct job *job, enum client_event event, uint64_t now)
{
    if (event == CLIENT_REFUSED) {
        job_refused(job, now);
        return;
    }
    if (!job_take_identity(job, now))
        return;
    job->device = job->now;
    job->met = true;
    job_tell_device(job);
    if (job->in_company)
        job_go(job, STEP_GATHER, now);
    else
        job_gathered(job, now);
}

void gather_enter(struct job *job, uint64_t now)
{
    (void)now;
    job->pause_until = UINT64_MAX; /* jobs_run wakes it */
}

void job_gathered(struct job *job, uint64_t now)
{
    if (job->kind == JOB_DEVICES) {
        job_go(job, STEP_END, now);
    } else if (job->kind == JOB_LOG) {
        job_go(job, STEP_LOG, now);
    } else if (job->kind == JOB_IDENTIFY) {
        job_identify(job, now);
    } else if (job->device.boot_kind == KIND_RECOVERY) {
        meet_unsafe(job, now);
    } else if (choose(job, now)) {
        if (job->chosen.bundle != NULL)
            tell_choice(job);
        after_choice(job, now);
    }
}

/* Where a step goes on, seen from where the device is now: told to restart, it may have done so before its answer came. */
static enum job_step step_from_here(const struct job *job)
{
    const struct message_slot *before = device_running(&job->device), *running = device_running(&job->now);
    bool as_before = job->now.boot_kind == job->device.boot_kind && before != NULL && running != NULL &&
                     before->slot == running->slot;

    switch (job->after) {
    case STEP_ACTIVATE:
        return as_before && job_target_waits(job, &job->now, STATE_STAGED, STATE_STAGED) ? STEP_ACTIVATE
                                                                                         : STEP_AWAY;
    case STEP_ROLLBACK:
        return as_before ? STEP_ROLLBACK : STEP_AWAY;
    case STEP_CONFIRM:
        return STEP_AWAY;
    default:
        return job->after;
    }
}

void again_answer(struct job *job, enum client_event event, uint64_t now)
{
    struct failure why;

    if (event == CLIENT_REFUSED) {
        job_refused(job, now);
        return;
    }
    if (!job_take_identity(job, now) || job_other_device(job, now))
        return;
    if (job->now.boot_kind == KIND_RECOVERY && job->after != STEP_REPORT) {
        failure_set(&why, FAIL_UNSAFE, "%s", job->device.serial);
        job_note_failure(job, &why);
        job_go(job, STEP_REPORT, now);
        return;
    }
    job_go(job, step_from_here(job), now);
}

/* ---- may it */

void preflight_enter(struct job *job, uint64_t now)
{
    job_ask_plain(job, now, VERB_PREFLIGHT);
}

static bool has_reason(const struct message_preflight *preflight, uint8_t reason)
{
    for (size_t i = 0; i < preflight->reason_count; i++)
        if (preflight->reasons[i] == reason)
            return true;
    return false;
}

static bool battery_reason(const struct job *job, struct failure *why)
{
    const struct message_preflight *preflight = &job->preflight;

    if (preflight->battery == 255)
        return failure_set(why, FAIL_BATTERY_UNKNOWN, "%s", job->device.serial), true;
    failure_set(why, FAIL_BATTERY, "%s: %u %%, mains %s", job->device.serial, preflight->battery,
                preflight->mains ? "connected" : "not connected");
    return true;
}

/* The reason of a refused preflight, what a person must do first. False: there is none that forbids this job. */
static bool preflight_reason(const struct job *job, struct failure *why)
{
    static const char *const uses[] = {"free", "therapy is running", "a patient is attached",
                                       "an alarm is active"};
    const struct message_preflight *preflight = &job->preflight;

    if (preflight->use != 0) {
        failure_set(why, FAIL_IN_USE, "%s: %s", job->device.serial,
                    preflight->use < 4 ? uses[preflight->use] : "in a use that this program does not know");
        return true;
    }
    if (!preflight->service) {
        failure_set(why, FAIL_NOT_SERVICE, "%s", job->device.serial);
        return true;
    }
    if (preflight->ready)
        return false;
    if (has_reason(preflight, SUTURE_BATTERY) || preflight->reason_count == 0)
        return battery_reason(job, why);
    if (has_reason(preflight, SUTURE_TRIAL) && preflight->reason_count == 1) {
        failure_set(why, FAIL_TRIAL_RUNNING, "%s", job->device.serial);
        return job->kind != JOB_ROLLBACK; /* going back is a way to end a trial */
    }
    failure_set(why, FAIL_DEVICE_STATE, "%s is not ready, reason %u", job->device.serial,
                preflight->reasons[0]);
    return true;
}

static bool take_preflight(struct job *job, enum client_event event, uint64_t now)
{
    if (event == CLIENT_REFUSED) {
        job_refused(job, now);
        return false;
    }
    enum status status = message_preflight_read(client_answer(&job->session.client), &job->preflight);
    if (status) {
        job_nonsense(job, now, "preflight", status);
        return false;
    }
    job->preflight_known = true;
    return true;
}

void preflight_answer(struct job *job, enum client_event event, uint64_t now)
{
    struct failure why;

    if (!take_preflight(job, event, now))
        return;
    if (preflight_reason(job, &why)) {
        job_fail(job, now, &why);
        return;
    }
    if (job->kind == JOB_ROLLBACK)
        job_go(job, STEP_ROLLBACK, now);
    else
        job_go(job, job->kind == JOB_CHECK ? STEP_CHECK : STEP_TRUST, now);
}

void why_answer(struct job *job, enum client_event event, uint64_t now)
{
    struct failure why;

    if (!take_preflight(job, event, now))
        return;
    /* It may have changed since: then the device's word stands as it was given. */
    if (!preflight_reason(job, &why))
        failure_set(&why, job->refusal, "%s", job->device.serial);
    job_fail(job, now, &why);
}
