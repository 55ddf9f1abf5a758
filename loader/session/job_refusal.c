/* What an error of the device means to a person. */
#include "loader/session/job_inner.h"

#include <inttypes.h>

static enum failure_id failure_of_suture(uint32_t code)
{
    static const enum failure_id ids[] = {
        [SUTURE_IN_USE] = FAIL_IN_USE,      [SUTURE_BATTERY] = FAIL_BATTERY,
        [SUTURE_BUSY] = FAIL_DEVICE_BUSY,   [SUTURE_MANIFEST] = FAIL_DEVICE_REFUSED,
        [SUTURE_BASE] = FAIL_WRONG_BASE,    [SUTURE_MEMORY] = FAIL_DEVICE_MEMORY,
        [SUTURE_BLOCK] = FAIL_STREAM,       [SUTURE_FLASH] = FAIL_DEVICE_FLASH,
        [SUTURE_STATE] = FAIL_DEVICE_STATE, [SUTURE_DIGEST] = FAIL_DEVICE_FLASH,
        [SUTURE_FLOOR] = FAIL_BELOW_FLOOR,  [SUTURE_TRIAL] = FAIL_TRIAL_RUNNING,
        [SUTURE_TRUST] = FAIL_SIGNATURE,    [SUTURE_NO_KEY] = FAIL_NO_EVIDENCE,
    };
    bool known = code < sizeof ids / sizeof *ids && ids[code] != FAIL_NONE;
    return known ? ids[code] : FAIL_DEVICE_STATE;
}

enum { IMAGE_FLASH_WRITE = 12 }; /* MCUmgr's image group; not in messages.h */

static enum failure_id failure_of_image(uint32_t code)
{
    switch (code) {
    case IMAGE_OLDER:
        return FAIL_OLD_SEQUENCE;
    case IMAGE_TOO_LARGE:
        return FAIL_IMAGE_TOO_LARGE;
    case IMAGE_BAD_HASH:
        return FAIL_STREAM;
    case IMAGE_CONFIRM_DENIED:
        return FAIL_DEVICE_STATE;
    case IMAGE_FLASH_WRITE:
        return FAIL_DEVICE_FLASH;
    default:
        return FAIL_DEVICE_REFUSED;
    }
}

/* The codes behind which the interlock stands; `id` gets what is said when it has no reason any more. */
static bool interlock_refused(const struct smp_error *error, enum failure_id *id)
{
    if (error->from_group && error->group == SMP_GROUP_SUTURE) {
        *id = error->rc == SUTURE_IN_USE ? FAIL_IN_USE : FAIL_BATTERY;
        return error->rc == SUTURE_IN_USE || error->rc == SUTURE_BATTERY;
    }
    *id = error->rc == SMP_BUSY ? FAIL_DEVICE_BUSY : FAIL_NOT_SERVICE;
    return !error->from_group && (error->rc == SMP_BUSY || error->rc == SMP_ACCESS_DENIED);
}

static bool is_too_long(const struct job *job, const struct smp_error *error)
{
    bool sends = job->step == STEP_TRUST || job->step == STEP_CHECK || job->step == STEP_SEND;
    return sends && !error->from_group && error->rc == SMP_TOO_LONG;
}

/* Whatever it announced: it is asked again with less at a time. */
static bool sends_smaller(struct job *job, uint64_t now)
{
    size_t refused = job->session.client.packet_max;
    char text[96];

    if (!session_packet_halve(&job->session))
        return false;
    snprintf(text, sizeof text, "the device refuses packets of %zu bytes, which it announced: smaller ones",
             refused);
    job_tell_note(job, text);
    job_go(job, job->step, now);
    return true;
}

void job_refused(struct job *job, uint64_t now)
{
    const struct smp_error *error = client_error(&job->session.client);
    struct failure why;
    enum failure_id id = FAIL_DEVICE_STATE;

    if (job->met && job->step != STEP_WHY && interlock_refused(error, &job->refusal)) {
        job_go(job, STEP_WHY, now);
        return;
    }
    if (is_too_long(job, error) && sends_smaller(job, now))
        return;
    if (error->from_group)
        id = error->group == SMP_GROUP_IMAGE ? failure_of_image(error->rc) : failure_of_suture(error->rc);
    else if (error->rc == SMP_TOO_LONG)
        id = FAIL_PACKET_SIZE;
    if (job->step == STEP_ROLLBACK &&
        (id == FAIL_DEVICE_STATE || id == FAIL_DEVICE_FLASH || id == FAIL_BELOW_FLOOR))
        id = FAIL_NO_ROLLBACK;
    if (!job->met)
        id = FAIL_NONSENSE;
    failure_set(&why, id, "%s answered error %" PRIu32 "%s to %s", job_label(job), error->rc,
                error->from_group ? " of its group" : "", job_rows[job->step].name);
    job_fail(job, now, &why);
}
