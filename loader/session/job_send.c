/* The transfers of a job: newer root documents, the manifest to be judged in the device, and the push file. */
#include "loader/session/job_inner.h"

#include <inttypes.h>
#include <string.h>

#define TRANSFER_MS    4000 /* a chunk may wait for an erase */
#define TRANSFER_TRIES 5
#define SILENCE_MAX_S  3600 /* a manifest may ask for more, nobody waits for more */

#define FIRST_HEADS_MAX 96 /* bytes of a first packet before its data, at most */

static void start_transfer(struct job *job, uint64_t now, uint16_t group, uint8_t id,
                           struct client_source source, const uint8_t *sha, unsigned tries)
{
    const struct client_transfer transfer = {
        .group = group, .id = id, .source = source, .sha = sha, .window = job->device.buffer_count};
    struct failure why;
    enum status status = client_transfer_start(&job->session.client, &transfer, now, TRANSFER_MS, tries);
    if (status) {
        failure_set(&why, FAIL_INTERNAL, "transfer %u.%u: %s", group, id, status_name(status));
        job_fail(job, now, &why);
    }
}

static enum status read_next_root(void *context, uint64_t offset, uint8_t *data, size_t size)
{
    const struct job *job = context;
    memcpy(data, job->next_root.bytes.data + offset, size);
    return OK;
}

/* The station sends the root documents that the device lacks, one version after the other. */
void trust_enter(struct job *job, uint64_t now)
{
    struct failure why;
    char text[160];

    if (job->device.root_version >= job->root.trust.version) {
        if (job->device.root_version > job->root.trust.version)
            job_tell_note(job, "it knows a newer root document of its vendor than this station: add it here");
        job_go(job, STEP_CHECK, now);
        return;
    }
    trust_document_free(&job->next_root);
    if (!trust_store_version(job->settings->store, job->device.vendor, job->device.root_version + 1,
                             &job->next_root, &why)) {
        snprintf(text, sizeof text,
                 "this station lacks the vendor's root document %" PRIu32
                 ", which comes next for it: it judges by its document %" PRIu32,
                 job->device.root_version + 1, job->device.root_version);
        job_tell_note(job, text);
        job_go(job, STEP_CHECK, now);
        return;
    }
    start_transfer(job, now, SMP_GROUP_SUTURE, VERB_TRUST,
                   (struct client_source){job, job->next_root.bytes.size, read_next_root}, NULL,
                   TRANSFER_TRIES);
}

void trust_answer(struct job *job, enum client_event event, uint64_t now)
{
    if (event == CLIENT_REFUSED) {
        job_refused(job, now);
        return;
    }
    job_tell_note(job, "it got the vendor's newer root document");
    job->device.root_version += 1;
    job_go(job, STEP_TRUST, now);
}

static enum status read_push(void *context, uint64_t offset, uint8_t *data, size_t size)
{
    const struct job *job = context;
    return push_read(job->push, offset, data, size, NULL) ? OK : FAILED;
}

static bool open_push(struct job *job, uint64_t now)
{
    struct failure why;

    push_close(job->push);
    job->push = NULL;
    if (!push_open(job->chosen.bundle, job->chosen.plan.stream, &job->push, &why)) {
        job_fail(job, now, &why);
        return false;
    }
    return true;
}

/* The device judges the manifest in its memory, before anything is erased. */
void check_enter(struct job *job, uint64_t now)
{
    if (job->kind == JOB_CHECK && job->device.root_version < job->root.trust.version) {
        snprintf(job->note, sizeof job->note,
                 "this station says it may; the device gets its vendor's newer root document first, "
                 "and judges then");
        job_go(job, STEP_END, now);
        return;
    }
    if (!open_push(job, now))
        return;
    job_tell_phase(job, 2, "check", "the device checks signature, target and conditions");
    start_transfer(job, now, SMP_GROUP_SUTURE, VERB_CHECK,
                   (struct client_source){job, push_stream_offset(job->push) - 1, read_push}, NULL,
                   TRANSFER_TRIES);
}

static enum failure_id failure_of_check(const struct message_check *check)
{
    switch ((enum status)(-(int)check->reason)) {
    case WRONG_VENDOR:
        return FAIL_WRONG_VENDOR;
    case WRONG_CLASS:
        return FAIL_WRONG_CLASS;
    case WRONG_BASE:
        return FAIL_WRONG_BASE;
    case OLD_SEQUENCE:
        return FAIL_OLD_SEQUENCE;
    case BELOW_FLOOR:
        return FAIL_BELOW_FLOOR;
    case UNKNOWN_KEY:
        return FAIL_KEY_UNKNOWN;
    case WITHDRAWN:
        return FAIL_MANIFEST_WITHDRAWN;
    case WRONG_SCOPE:
        return FAIL_KEY_SCOPE;
    case BAD_SIGNATURE:
        return FAIL_SIGNATURE;
    case TOO_FEW:
        return FAIL_TOO_FEW_SIGNATURES;
    case TOO_LARGE:
        return FAIL_IMAGE_TOO_LARGE; /* memory and manifest were compared with the capabilities before */
    default:
        return FAIL_DEVICE_REFUSED;
    }
}

void check_answer(struct job *job, enum client_event event, uint64_t now)
{
    struct message_check check;
    struct failure why;

    if (event == CLIENT_REFUSED) {
        job_refused(job, now);
        return;
    }
    enum status status = message_check_read(client_answer(&job->session.client), &check);
    if (!status && !check.has_verdict)
        status = MISSING;
    if (status) {
        job_nonsense(job, now, "check", status);
        return;
    }
    if (check.verdict != 0) {
        failure_set(&why, failure_of_check(&check), "the device says: error %u, %s, at label %" PRId32,
                    check.verdict, status_name((enum status)(-(int)check.reason)), check.section);
        job_fail(job, now, &why);
        return;
    }
    if (check.has_want && check.want != job->chosen.plan.stream &&
        !choose_stream(&job->chosen, check.want, &job->device, &why)) {
        job_fail(job, now, &why);
        return;
    }
    if (job->kind == JOB_CHECK) {
        snprintf(job->note, sizeof job->note,
                 "ready for %" PRIu32 ".%" PRIu32 ".%" PRIu32 ", nothing was changed",
                 job->chosen.plan.version[0], job->chosen.plan.version[1], job->chosen.plan.version[2]);
        job_go(job, STEP_END, now);
        return;
    }
    job_go(job, STEP_SEND, now);
}

/* The vendor says how long the device may be silent. */
static unsigned send_tries(const struct plan *plan)
{
    uint32_t silence = plan->silence_staging < SILENCE_MAX_S ? plan->silence_staging : SILENCE_MAX_S;
    unsigned tries = (unsigned)(silence * 1000ull / TRANSFER_MS) + 2;

    return tries > TRANSFER_TRIES ? tries : TRANSFER_TRIES;
}

/* A device knows a push file again by its digest or by its envelope (docs/formats.md, Upload). Where the first packet carries
 * the whole envelope, reading all of the file once more for the digest would only cost time. */
static bool digest_push(struct job *job, const uint8_t **sha, uint64_t now)
{
    struct failure why;

    *sha = NULL;
    if (push_stream_offset(job->push) + FIRST_HEADS_MAX <= job->session.client.packet_max)
        return true;
    if (!push_digest(job->push, job->push_sha, &why)) {
        job_fail(job, now, &why);
        return false;
    }
    *sha = job->push_sha;
    return true;
}

void send_enter(struct job *job, uint64_t now)
{
    char text[128];
    const uint8_t *sha;

    if (!open_push(job, now) || !digest_push(job, &sha, now))
        return;
    snprintf(text, sizeof text, "%" PRIu64 " bytes; silence of up to %" PRIu32 " s is normal",
             push_size(job->push), job->chosen.plan.silence_staging);
    job_tell_phase(job, 3, "send", text);
    job->touched = DEVICE_STAGED;
    job->sending = true;
    job->whole_shown = false;
    job->send_started = job->progress_shown = now;
    start_transfer(job, now, SMP_GROUP_IMAGE, IMAGE_UPLOAD,
                   (struct client_source){job, push_size(job->push), read_push}, sha,
                   send_tries(&job->chosen.plan));
}

void job_bank_progress(struct job *job)
{
    const struct client_progress *progress = client_progress(&job->session.client);

    if (!job->sending)
        return;
    job->sending = false;
    job->sent += progress->sent;
    job->retries += progress->retries;
    /* What this run itself sent before the link was lost is not a saving. */
    if (!job->answered && progress->acknowledged > 0) {
        job->answered = true;
        job->not_sent_again = progress->skipped;
    }
}

void send_answer(struct job *job, enum client_event event, uint64_t now)
{
    char text[160];

    job_bank_progress(job);
    if (event == CLIENT_REFUSED) {
        job_refused(job, now);
        return;
    }
    job_tell_progress(job, now);
    snprintf(text, sizeof text,
             "%" PRIu64 " bytes sent, %" PRIu64 " were there already: staged and read back", job->sent,
             job->not_sent_again);
    job_tell_phase(job, 3, "send", text);
    job_go(job, STEP_ACTIVATE, now);
}
