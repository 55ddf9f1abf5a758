/* The end of a job: the device's signed report, the verdict that follows from it, and the receipt. */
#include "loader/session/job_inner.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#define REPORT_ASK_MS   5000 /* the device signs, perhaps slowly */
#define REPORT_AGAIN_MS 1000 /* it gives one report in 5 s */
#define REPORT_TRIES    12

void report_enter(struct job *job, uint64_t now)
{
    struct buffer body = buffer_over(job->request, sizeof job->request);

    if (job->report_size == 0 && job->report_tries == 0)
        job_tell_phase(job, 6, "report", "the device signs what it runs");
    if (request_report_write(&body, job->header.nonce, job->report_size) == OK)
        job_ask(job, now, SMP_READ, SMP_GROUP_SUTURE, VERB_REPORT, body.size, REPORT_ASK_MS);
}

static void judge_report(struct job *job, uint64_t now)
{
    struct span bytes = span_of(job->report_bytes, job->report_size);
    struct failure why;
    enum status status = report_verify(bytes, &job->root.trust, job->header.nonce, &job->report);

    if (!status && (memcmp(job->report.vendor, job->device.vendor, UUID_SIZE) != 0 ||
                    memcmp(job->report.class_id, job->device.class_id, UUID_SIZE) != 0))
        status = WRONG_CLASS;
    if (!status) {
        char serial[SERIAL_MAX + 1];
        text_harmless(serial, sizeof serial, (const char *)job->report.serial.data, job->report.serial.size);
        if (strcmp(serial, job->device.serial) != 0)
            status = WRONG_CLASS;
    }
    if (status) {
        failure_set(&why, FAIL_REPORT, "%s: %s", job->device.serial, status_name(status));
        if (job->failure.id == FAIL_NONE)
            job->failure = why;
    } else {
        job->report_proven = true;
    }
    job_go(job, STEP_END, now);
}

static void report_refused(struct job *job, uint64_t now)
{
    const struct smp_error *error = client_error(&job->session.client);
    bool busy = error->rc == (error->from_group ? (uint32_t)SUTURE_BUSY : (uint32_t)SMP_BUSY);
    struct failure why;

    if (busy && ++job->report_tries < REPORT_TRIES) {
        job_pause(job, now, REPORT_AGAIN_MS);
        return;
    }
    if (error->from_group && error->rc == SUTURE_NO_KEY) {
        job->no_key = true;
        failure_set(&why, FAIL_NO_EVIDENCE, "%s", job->device.serial);
    } else {
        failure_set(&why, FAIL_REPORT, "%s answered error %" PRIu32, job->device.serial, error->rc);
    }
    if (job->failure.id == FAIL_NONE)
        job->failure = why;
    job_go(job, STEP_END, now);
}

void report_answer(struct job *job, enum client_event event, uint64_t now)
{
    struct message_report piece;
    struct failure why;

    if (event == CLIENT_REFUSED) {
        report_refused(job, now);
        return;
    }
    enum status status = message_report_read(client_answer(&job->session.client), &piece);
    if (!status && (piece.length == 0 || piece.length > REPORT_MAX || piece.offset != job->report_size ||
                    piece.data.size == 0 || piece.data.size > piece.length - piece.offset))
        status = BAD_FORMAT;
    if (status) {
        failure_set(&why, FAIL_NONSENSE, "%s: report (%s)", job->device.serial, status_name(status));
        job_fail(job, now, &why);
        return;
    }
    memcpy(job->report_bytes + job->report_size, piece.data.data, piece.data.size);
    job->report_size += piece.data.size;
    if (job->report_size == piece.length)
        judge_report(job, now);
    else
        job_go(job, STEP_REPORT, now);
}

static enum intent intent_of(const struct job *job)
{
    if (job->kind == JOB_ROLLBACK)
        return INTENT_ROLLBACK;
    return job->kind == JOB_VERIFY ? INTENT_VERIFY : INTENT_UPDATE;
}

/* The image that should run when all went well, or NULL when any proven one will do. */
static const uint8_t *target_of(const struct job *job)
{
    return job->chosen.bundle != NULL ? job->chosen.plan.image_digest : NULL;
}

static void judge(struct job *job)
{
    const struct message_slot *before = device_running(&job->device);
    struct verdict by_report;

    if (!job->report_proven) {
        job->verdict = job->failure.id != FAIL_NONE ? verdict_of_failure(job->failure.id, job->touched)
                                                    : (struct verdict){EXIT_VERIFIED, DISPOSITION_UNTOUCHED};
        return;
    }
    by_report = verdict_of_report(&job->report, intent_of(job), target_of(job));
    job->verdict = by_report;
    if (by_report.code == EXIT_VERIFIED && job->kind == JOB_ROLLBACK && before != NULL &&
        before->slot == job->report.running.slot)
        job->verdict = (struct verdict){EXIT_FAILED_SAFE, DISPOSITION_RETURN};
    if (by_report.code == EXIT_VERIFIED && job->kind == JOB_UPDATE && job->touched == DEVICE_UNTOUCHED)
        job->verdict.code = EXIT_NOTHING_TO_DO;
    /* A rule refused, and the old image is proven to run: the rule's code says more than "failed". */
    enum exit_code code = job->failure.id != FAIL_NONE ? failure_exit(&job->failure) : EXIT_VERIFIED;
    if (by_report.code == EXIT_FAILED_SAFE && (code == EXIT_REFUSED_INTERLOCK || code == EXIT_REFUSED_BUNDLE))
        job->verdict.code = code;
    /* What the screen says is what the report says. */
    if (job->verdict.code == EXIT_VERIFIED || job->verdict.code == EXIT_NOTHING_TO_DO)
        job->failure.id = FAIL_NONE;
    else if (job->failure.id == FAIL_NONE)
        failure_set(&job->failure,
                    job->verdict.code == EXIT_ROLLED_BACK    ? FAIL_ROLLED_BACK
                    : job->verdict.code == EXIT_UNSAFE       ? FAIL_UNSAFE
                    : job->verdict.code == EXIT_NEEDS_PERSON ? FAIL_TRIAL_RUNNING
                                                             : FAIL_NOT_CURRENT,
                    "%s, self test code %u", job->device.serial, job->report.self_test_code);
}

/* What runs now: by the report when there is one, with the version that the device names beside it. */
static struct receipt_image image_now(const struct job *job)
{
    struct receipt_image image = {0};
    const struct message_slot *running = device_running(&job->now);

    if (!job->report_proven || !job->report.has_running)
        return image;
    image.known = true;
    image.slot = job->report.running.slot;
    image.sequence = job->report.running.sequence;
    memcpy(image.digest, job->report.running.digest, DIGEST_SIZE);
    if (running != NULL && digest_equal(running->hash, image.digest))
        memcpy(image.version, running->version, sizeof image.version);
    return image;
}

static struct receipt_image image_before(const struct job *job)
{
    struct receipt_image image = {0};
    const struct message_slot *running = device_running(&job->device);

    if (running == NULL)
        return image;
    image.known = true;
    image.slot = running->slot;
    image.sequence = running->sequence;
    memcpy(image.version, running->version, sizeof image.version);
    memcpy(image.digest, running->hash, DIGEST_SIZE);
    return image;
}

static void write_receipt(struct job *job)
{
    struct failure why;
    struct receipt receipt = {
        .header = job->header,
        .intent = intent_of(job),
        .station = job->settings->station,
        .address = job->session.address,
        .started = job->started,
        .ended = (uint64_t)time(NULL),
        .model = job->device.model,
        .hardware = job->device.hardware,
        .serial = job->device.serial,
        .before = image_before(job),
        .after = image_now(job),
        .size = job->push ? push_size(job->push) : 0,
        .sent = job->sent,
        .not_sent_again = job->not_sent_again,
        .retries = job->retries,
        .preflight_known = job->preflight_known,
        .use = job->preflight.use,
        .battery = job->preflight.battery,
        .service = job->preflight.service,
        .mains = job->preflight.mains,
        .check_count = job->check_count,
        .verdict = job->verdict,
        .failure = job->failure.id != FAIL_NONE ? &job->failure : NULL,
    };

    memcpy(receipt.vendor, job->device.vendor, UUID_SIZE);
    memcpy(receipt.class_id, job->device.class_id, UUID_SIZE);
    memcpy(receipt.checks, job->checks, sizeof receipt.checks);
    if (job->report_proven)
        receipt.report = span_of(job->report_bytes, job->report_size);
    if (job->chosen.bundle != NULL) {
        receipt.file = bundle_path(job->chosen.bundle);
        receipt.sequence = job->chosen.plan.sequence;
        memcpy(receipt.version, job->chosen.plan.version, sizeof receipt.version);
        memcpy(receipt.manifest_digest, bundle_envelope(job->chosen.bundle)->digest, DIGEST_SIZE);
        memcpy(receipt.image_digest, job->chosen.plan.image_digest, DIGEST_SIZE);
        receipt.signer_count = job->chosen.signer_count;
        memcpy(receipt.signers, job->chosen.signers, sizeof receipt.signers);
    }
    if (receipt_write(&receipt, job->settings->receipts, job->receipt, sizeof job->receipt, &why))
        return;
    /* The device was handled as the screen says; only the paper is missing. */
    job->receipt[0] = '\0';
    job->verdict.code = exit_worst(job->verdict.code, EXIT_LOCAL_IO);
    if (job->failure.id == FAIL_NONE)
        job->failure = why;
    else
        job_tell_note(job, why.what);
}

static void describe(struct job *job)
{
    const struct message_slot *before = device_running(&job->device), *running = device_running(&job->now);

    if (job->note[0] != '\0' || !job->met || !job->report_proven || before == NULL || running == NULL)
        return;
    if (job->kind == JOB_VERIFY || digest_equal(before->hash, running->hash))
        snprintf(job->note, sizeof job->note,
                 "%" PRIu32 ".%" PRIu32 ".%" PRIu32 " runs, proven by its signed report", running->version[0],
                 running->version[1], running->version[2]);
    else
        snprintf(job->note, sizeof job->note,
                 "%" PRIu32 ".%" PRIu32 ".%" PRIu32 " -> %" PRIu32 ".%" PRIu32 ".%" PRIu32
                 ", proven by its signed report",
                 before->version[0], before->version[1], before->version[2], running->version[0],
                 running->version[1], running->version[2]);
}

void job_end(struct job *job, uint64_t now)
{
    (void)now;
    session_disconnect(&job->session);
    judge(job);
    if (job->kind == JOB_DEVICES && job->failure.id == FAIL_NONE)
        return;
    /* Refusals are receipts too; a run that met nobody, or only looked, has nothing to say. */
    if (job->met && job->header.size > 0 && job->kind != JOB_CHECK && job->kind != JOB_DEVICES)
        write_receipt(job);
    describe(job);
    show_event(job->settings->show,
               &(struct event){.kind = EVENT_RESULT,
                               .address = job->session.address,
                               .label = job_label(job),
                               .device = job->met ? &job->now : NULL,
                               .name = "",
                               .text = job->note,
                               .verdict = job->verdict,
                               .failure = job->failure.id != FAIL_NONE ? &job->failure : NULL,
                               .receipt = job->receipt[0] != '\0' ? job->receipt : NULL});
}
