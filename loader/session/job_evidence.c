/* The end of a job: the device's signed report, the verdict that follows from it, and the receipt. */
#include "loader/session/job_inner.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

/* The device signs, perhaps slowly; one report in 5 s: the client waits while it is busy. */
#define REPORT_ASK_MS 5000

void report_enter(struct job *job, uint64_t now)
{
    struct buffer body = buffer_over(job->request, sizeof job->request);

    if (job->report_size == 0 && !job->report_told)
        job_tell_phase(job, 6, "report", "the device signs what it runs");
    job->report_told = true;
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
        failure_set(&why, failure_of_report(status), "%s: %s", job->device.serial, status_name(status));
        job_note_failure(job, &why);
    } else {
        job->report_proven = true;
    }
    job_go(job, STEP_END, now);
}

static void report_refused(struct job *job, uint64_t now)
{
    const struct smp_error *error = client_error(&job->session.client);
    bool busy = error->rc == (error->from_group ? (uint32_t)SUTURE_BUSY : (uint32_t)SMP_BUSY);
    bool no_key = error->from_group && error->group == SMP_GROUP_SUTURE && error->rc == SUTURE_NO_KEY;
    struct failure why;

    if (no_key)
        failure_set(&why, FAIL_NO_EVIDENCE, "%s", job->device.serial);
    else
        failure_set(&why, busy ? FAIL_DEVICE_BUSY : FAIL_REPORT, "%s answered error %" PRIu32 " to report",
                    job->device.serial, error->rc);
    job_note_failure(job, &why);
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

static uint8_t slot_before(const struct job *job)
{
    const struct message_slot *before = device_running(&job->device);
    return before != NULL ? before->slot : SLOT_BEFORE_UNKNOWN;
}

/* The report against what the run was to bring about. */
static struct verdict judge_by_report(const struct job *job)
{
    struct verdict_target target = {.sequence = job->chosen.plan.sequence};
    struct verdict_question question = {.intent = intent_of(job), .slot_before = slot_before(job)};

    if (job->chosen.bundle != NULL) {
        memcpy(target.image, job->chosen.plan.image_digest, DIGEST_SIZE);
        memcpy(target.manifest_id, bundle_envelope(job->chosen.bundle)->digest, TRUST_MANIFEST_ID);
        question.target = &target;
    }
    return verdict_of_report(&job->report, &question);
}

/* A release that the device confirms by itself may still ask a person to look, at the end of this run or later. */
static bool checks_are_open(struct job *job, const struct verdict *verdict)
{
    struct failure why;
    bool wanted = job->chosen.bundle != NULL && job->chosen.plan.confirm_who == CONFIRM_BY_DEVICE &&
                  (job->kind == JOB_RESUME || job->touched == DEVICE_ACTIVATED);

    if (!wanted || verdict->code != EXIT_VERIFIED || intent_of(job) != INTENT_UPDATE)
        return false;
    enum checks checks = job_judge_checks(job);
    if (checks == CHECKS_PASSED)
        return false;
    failure_set(&why, FAIL_CHECKS, "%s runs the new version, %s", job->device.serial,
                checks == CHECKS_MISSING ? "nobody has answered them all" : "and one of them failed");
    job->failure = why;
    return true;
}

/* What the station knows beside the report (verdict_may_stand). */
static struct verdict refine(struct job *job, struct verdict verdict)
{
    enum exit_code code = job->failure.id != FAIL_NONE ? failure_exit(&job->failure) : EXIT_VERIFIED;

    if (code == EXIT_UNSAFE)
        return (struct verdict){EXIT_UNSAFE, DISPOSITION_DO_NOT_USE};
    if (checks_are_open(job, &verdict))
        return (struct verdict){EXIT_NEEDS_PERSON, DISPOSITION_HOLD};
    if (verdict.code == EXIT_VERIFIED && job->kind == JOB_UPDATE && job->touched == DEVICE_UNTOUCHED)
        verdict.code = EXIT_NOTHING_TO_DO;
    /* A rule refused, and the old image is proven to run: the rule's code says more than "failed". */
    if (verdict.code == EXIT_FAILED_SAFE && (code == EXIT_REFUSED_INTERLOCK || code == EXIT_REFUSED_BUNDLE))
        verdict.code = code;
    return verdict;
}

static void judge_unproven(struct job *job)
{
    bool current = job->kind == JOB_CHECK && job->chosen.bundle != NULL && job_target_runs(job, &job->device);

    if (job->failure.id != FAIL_NONE)
        job->verdict = verdict_of_failure(job->failure.id, job->touched);
    else
        job->verdict = (struct verdict){current ? EXIT_NOTHING_TO_DO : EXIT_VERIFIED, DISPOSITION_UNTOUCHED};
}

/* What the screen says is what the report says. */
static void match_failure(struct job *job)
{
    enum exit_code code = job->verdict.code;
    struct failure why;

    if (code == EXIT_VERIFIED || code == EXIT_NOTHING_TO_DO) {
        job->failure.id = FAIL_NONE;
        return;
    }
    failure_set(&why,
                code == EXIT_ROLLED_BACK    ? FAIL_ROLLED_BACK
                : code == EXIT_UNSAFE       ? FAIL_UNSAFE
                : code == EXIT_NEEDS_PERSON ? FAIL_TRIAL_RUNNING
                                            : FAIL_NOT_CURRENT,
                "%s, self test code %u", job->device.serial, job->report.self_test_code);
    job_note_failure(job, &why);
}

static void judge(struct job *job)
{
    if (!job->report_proven || job_only_asks(job->kind)) {
        judge_unproven(job);
        return;
    }
    job->verdict = refine(job, judge_by_report(job));
    match_failure(job);
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

/* The release that the run was about. */
static void receipt_add_bundle(const struct job *job, struct receipt *receipt)
{
    if (job->chosen.bundle == NULL)
        return;
    receipt->file = bundle_path(job->chosen.bundle);
    receipt->sequence = job->chosen.plan.sequence;
    memcpy(receipt->version, job->chosen.plan.version, sizeof receipt->version);
    memcpy(receipt->manifest_digest, bundle_envelope(job->chosen.bundle)->digest, DIGEST_SIZE);
    memcpy(receipt->image_digest, job->chosen.plan.image_digest, DIGEST_SIZE);
    receipt->signer_count = job->chosen.signer_count;
    memcpy(receipt->signers, job->chosen.signers, sizeof receipt->signers);
}

static struct receipt receipt_of(const struct job *job)
{
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
    receipt_add_bundle(job, &receipt);
    return receipt;
}

static void write_receipt(struct job *job)
{
    const struct receipt receipt = receipt_of(job);
    struct failure why;
    char text[640];

    if (receipt_write(&receipt, job->settings->receipts, job->receipt, sizeof job->receipt, &why))
        return;
    /* The device was handled as the screen says; only the paper is missing. */
    job->receipt[0] = '\0';
    job->verdict.code = exit_worst(job->verdict.code, EXIT_LOCAL_IO);
    if (job->failure.id == FAIL_NONE) {
        job->failure = why;
        return;
    }
    snprintf(text, sizeof text, "E-%02d %s: %s", why.id, failure_entry(why.id)->title, why.what);
    job_tell_note(job, text);
}

static void version_text(const struct message_slot *slot, char out[40])
{
    snprintf(out, 40, "%" PRIu32 ".%" PRIu32 ".%" PRIu32, slot->version[0], slot->version[1],
             slot->version[2]);
}

/* What the verdict line says beside the verdict: what runs, and on whose word. */
static void describe(struct job *job)
{
    const struct message_slot *before = device_running(&job->device), *running = device_running(&job->now);
    char old[40], new[40];

    if (job->note[0] != '\0' || !job->met || job_only_asks(job->kind) || before == NULL || running == NULL)
        return;
    version_text(before, old);
    version_text(running, new);
    if (!job->report_proven)
        snprintf(job->note, sizeof job->note, "%s ran when it was last asked, unsigned", new);
    else if (job->kind == JOB_VERIFY || digest_equal(before->hash, running->hash))
        snprintf(job->note, sizeof job->note, "%s runs, proven by its signed report", new);
    else
        snprintf(job->note, sizeof job->note, "%s -> %s, proven by its signed report", old, new);
}

/* A found port is no device of ours, unless something of this station keeps us from asking. */
static bool is_nobody(const struct job *job)
{
    switch (job->failure.id) {
    case FAIL_LINK_PERMISSION:
    case FAIL_LINK_BUSY:
    case FAIL_MODEM_MANAGER:
    case FAIL_USB_PERMISSION:
    case FAIL_USB_BUSY:
    case FAIL_USB_DRIVER:
    case FAIL_INTERRUPTED:
    case FAIL_MEMORY:
    case FAIL_INTERNAL:
        return false;
    default:
        return job->origin == JOB_FOUND && !job->met;
    }
}

static void pass_over(struct job *job)
{
    char text[640];

    job->passed_over = true;
    snprintf(text, sizeof text, "passed over: %s", job->failure.what);
    job_tell_note(job, text);
}

void job_end(struct job *job, uint64_t now)
{
    (void)now;
    session_disconnect(&job->session);
    job_end_chatter(job);
    judge(job);
    if (is_nobody(job)) {
        pass_over(job);
        return;
    }
    if (job->kind == JOB_IDENTIFY && job->met)
        job_tell_identity(job);
    if (job_only_asks(job->kind) && job->failure.id == FAIL_NONE)
        return;
    /* Refusals are receipts too; a run that met nobody, or only looked, has nothing to say. */
    if (job->met && job->header.size > 0 && job->kind != JOB_CHECK && !job_only_asks(job->kind))
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
