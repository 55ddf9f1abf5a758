/* The first steps of a job: who the device is, which bundle it gets, and whether it may be touched now. */
#include "loader/session/job_inner.h"

#include <inttypes.h>
#include <string.h>

#define ASK_MS 2000 /* answers that need no flash */

enum { KIND_RECOVERY = 0, KIND_TRIAL = 2, STATE_BAD = 4 }; /* docs/formats.md 3 */

void job_ask_plain(struct job *job, uint64_t now, enum suture_verb verb)
{
    job_ask(job, now, SMP_READ, SMP_GROUP_SUTURE, (uint8_t)verb, 0, ASK_MS);
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
    client_packet_max(&job->session.client, job->now.buffer_size);
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

static bool same_device(const struct device_facts *a, const struct device_facts *b)
{
    return memcmp(a->vendor, b->vendor, UUID_SIZE) == 0 && memcmp(a->class_id, b->class_id, UUID_SIZE) == 0 &&
           strcmp(a->serial, b->serial) == 0;
}

bool job_other_device(struct job *job, uint64_t now)
{
    struct failure why;

    if (same_device(&job->device, &job->now))
        return false;
    failure_set(&why, FAIL_OTHER_DEVICE, "%s: expected %s, %s answered", job->session.address,
                job->device.serial, job->now.serial);
    job_fail(job, now, &why);
    return true;
}

/* Whether the image of the chosen bundle runs in `facts`, and how. */
bool job_target_runs(const struct job *job, const struct device_facts *facts)
{
    const struct message_slot *running = device_running(facts);
    return running != NULL && digest_equal(running->hash, job->chosen.plan.image_digest);
}

bool job_target_is_bad(const struct job *job, const struct device_facts *facts)
{
    for (size_t i = 0; i < facts->slot_count; i++)
        if (!facts->slots[i].active && facts->slots[i].state == STATE_BAD &&
            digest_equal(facts->slots[i].hash, job->chosen.plan.image_digest))
            return true;
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

/* Finds root and bundle. False: the job has failed. */
static bool choose(struct job *job, uint64_t now)
{
    struct failure why;
    char text[160];

    if (!trust_store_find(job->settings->store, job->device.vendor, &job->root, &why) ||
        (wants_bundle(job) && !choose_bundle(&job->settings->from, &job->device, &job->root.trust,
                                             job->started, &job->chosen, &why))) {
        job_fail(job, now, &why);
        return false;
    }
    if (job->chosen.bundle == NULL)
        return true;
    const struct plan *plan = &job->chosen.plan;
    snprintf(text, sizeof text,
             "%.80s: version %" PRIu32 ".%" PRIu32 ".%" PRIu32 ", sequence %" PRIu32 ", stream %u%s",
             strrchr(bundle_path(job->chosen.bundle), '/') ? strrchr(bundle_path(job->chosen.bundle), '/') + 1
                                                           : bundle_path(job->chosen.bundle),
             plan->version[0], plan->version[1], plan->version[2], plan->sequence, plan->stream,
             plan->has_base ? " (delta)" : "");
    job_tell_phase(job, 1, "choose", text);
    return true;
}

/* The session header binds the report that will come to this run and this bundle. */
static bool make_header(struct job *job, uint64_t now)
{
    static const uint8_t none[DIGEST_SIZE];
    struct failure why;
    const uint8_t *manifest = job->chosen.bundle ? bundle_envelope(job->chosen.bundle)->digest : none;

    if (session_header_make(&job->header, manifest, job->settings->station, job->started, &why))
        return true;
    job_fail(job, now, &why);
    return false;
}

static void after_choice(struct job *job, uint64_t now)
{
    struct failure why;
    bool runs = job->chosen.bundle != NULL && job_target_runs(job, &job->device);

    if (job->kind == JOB_VERIFY) {
        job_go(job, STEP_REPORT, now);
    } else if (job->kind == JOB_ROLLBACK || job->kind == JOB_CHECK) {
        job_go(job, STEP_PREFLIGHT, now);
    } else if (job->device.boot_kind == KIND_TRIAL && runs) {
        job->touched = DEVICE_TOUCHED;
        job->activated = true;
        job_go(job, STEP_AWAY, now);
    } else if (job->device.boot_kind == KIND_TRIAL) {
        failure_set(&why, FAIL_TRIAL_RUNNING, "%s, of another release than the bundle's", job->device.serial);
        job_fail(job, now, &why);
    } else if (runs || (job->kind == JOB_RESUME && job_target_is_bad(job, &job->device))) {
        job_tell_note(job, runs ? "it runs this version already" : "it has tried this version and went back");
        job_go(job, STEP_REPORT, now);
    } else {
        job_go(job, STEP_PREFLIGHT, now);
    }
}

void identity_answer(struct job *job, enum client_event event, uint64_t now)
{
    struct failure why;

    if (event == CLIENT_REFUSED) {
        job_refused(job, now);
        return;
    }
    if (!job_take_identity(job, now))
        return;
    if (job->met) {
        if (!job_other_device(job, now))
            after_choice(job, now);
        return;
    }
    job->device = job->now;
    job->met = true;
    job_tell_device(job);
    if (job->kind == JOB_DEVICES) {
        job_go(job, STEP_END, now);
        return;
    }
    if (job->device.boot_kind == KIND_RECOVERY) {
        failure_set(&why, FAIL_UNSAFE, "%s", job->device.serial);
        job_fail(job, now, &why);
        return;
    }
    if (choose(job, now) && make_header(job, now))
        after_choice(job, now);
}

/* ---- may it */

void preflight_enter(struct job *job, uint64_t now)
{
    job_ask_plain(job, now, VERB_PREFLIGHT);
}

/* The reason of a refused preflight, worst first. False: there is none. */
static bool preflight_reason(const struct job *job, struct failure *why)
{
    static const char *const uses[] = {"free", "therapy is running", "a patient is attached",
                                       "an alarm is active"};
    const struct message_preflight *preflight = &job->preflight;

    if (preflight->use != 0) {
        failure_set(why, FAIL_IN_USE, "%s: %s", job->device.serial,
                    preflight->use < 4 ? uses[preflight->use] : "?");
        return true;
    }
    if (!preflight->service) {
        failure_set(why, FAIL_NOT_SERVICE, "%s", job->device.serial);
        return true;
    }
    if (!preflight->ready) {
        if (preflight->battery == 255)
            failure_set(why, FAIL_BATTERY_UNKNOWN, "%s", job->device.serial);
        else
            failure_set(why, FAIL_BATTERY, "%s: %u %%, mains %s", job->device.serial, preflight->battery,
                        preflight->mains ? "connected" : "not connected");
        return true;
    }
    return false;
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

/* A write was refused as busy or denied: the interlock knows why. */
void why_answer(struct job *job, enum client_event event, uint64_t now)
{
    struct failure why;

    if (!take_preflight(job, event, now))
        return;
    if (!preflight_reason(job, &why))
        failure_set(&why, FAIL_DEVICE_BUSY, "%s", job->device.serial);
    job_fail(job, now, &why);
}
