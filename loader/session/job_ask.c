/* Jobs that only ask: all that a device is and can, with its signed report; and its coded log. They leave no receipt. */
#include "loader/session/job_inner.h"

#include <inttypes.h>
#include <string.h>

#define LOG_PAGES_MAX 4096 /* answers to `log`; the largest ring of a device has far fewer entries */

void abilities_take(const struct message_capabilities *said, struct device_abilities *out)
{
    out->said = *said;
    text_harmless(out->agent, sizeof out->agent, (const char *)said->agent.data, said->agent.size);
    out->said.agent = span_of(NULL, 0);
}

bool job_only_asks(enum job_kind kind)
{
    return kind == JOB_DEVICES || kind == JOB_IDENTIFY || kind == JOB_LOG;
}

void job_identify(struct job *job, uint64_t now)
{
    struct failure why;

    /* The report is asked for in any case: without a root it is shown as what the device says, not as proven. */
    if (!trust_store_find(job->settings->store, job->device.vendor, &job->root, &why))
        job_note_failure(job, &why);
    if (job_make_header(job, now))
        job_go(job, STEP_REPORT, now);
}

void job_tell_identity(struct job *job)
{
    struct report read;
    const struct report *report = job->report_proven ? &job->report : NULL;

    if (report == NULL && job->report_size > 0 &&
        report_read(span_of(job->report_bytes, job->report_size), &read) == OK)
        report = &read;
    show_event(job->settings->show, &(struct event){.kind = EVENT_IDENTIFY,
                                                    .address = job->session.address,
                                                    .label = job_label(job),
                                                    .device = &job->device,
                                                    .abilities = &job->abilities,
                                                    .report = report,
                                                    .proven = job->report_proven,
                                                    .name = "",
                                                    .text = ""});
}

void log_enter(struct job *job, uint64_t now)
{
    struct buffer body = buffer_over(job->request, sizeof job->request);

    if (request_log_write(&body, job->log_next) == OK)
        job_ask(job, now, SMP_READ, SMP_GROUP_SUTURE, VERB_LOG, body.size, 2000);
}

/* Numbers only rise, from the one that was asked for up to `next`. */
static bool log_in_order(const struct message_log *log, uint32_t asked)
{
    uint32_t least = asked;

    for (size_t i = 0; i < log->item_count; i++) {
        if (log->items[i].number < least || log->items[i].number >= log->next)
            return false;
        least = log->items[i].number + 1;
    }
    return log->item_count == 0 || log->next > asked;
}

void log_answer(struct job *job, enum client_event event, uint64_t now)
{
    struct message_log log;
    struct failure why;

    if (event == CLIENT_REFUSED) {
        job_refused(job, now);
        return;
    }
    enum status status = message_log_read(client_answer(&job->session.client), &log);
    if (!status && !log_in_order(&log, job->log_next))
        status = BAD_FORMAT;
    if (status) {
        job_nonsense(job, now, "log", status);
        return;
    }
    for (size_t i = 0; i < log.item_count; i++)
        show_event(job->settings->show, &(struct event){.kind = EVENT_LOG,
                                                        .address = job->session.address,
                                                        .label = job_label(job),
                                                        .device = &job->device,
                                                        .log = &log.items[i],
                                                        .name = "",
                                                        .text = ""});
    if (log.next <= job->log_next) {
        job_go(job, STEP_END, now);
        return;
    }
    job->log_next = log.next;
    if (++job->log_pages < LOG_PAGES_MAX) {
        job_go(job, STEP_LOG, now);
        return;
    }
    failure_set(&why, FAIL_NONSENSE, "%s: a log without an end", job->session.address);
    job_fail(job, now, &why);
}
