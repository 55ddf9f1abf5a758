#include "loader/cmd/run.h"

#include "loader/record/folders.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
    (void)number;
    interrupted = 1;
}

/* Everything that the settings point to. */
struct run {
    struct job_settings settings;
    struct show show;
    char store[FOLDER_NAME_MAX], receipts[FOLDER_NAME_MAX], bundles[FOLDER_NAME_MAX], station[65];
    const char *answers[RECEIPT_CHECKS_MAX];
};

static const char *value_of(const struct invocation *call, const char *name)
{
    return option_listed(call, name) ? option_value(call, name, NULL) : NULL;
}

static bool read_wait(const struct invocation *call, uint32_t *wait_ms, struct failure *why)
{
    const char *text = value_of(call, "wait");
    char *end = NULL;
    unsigned long seconds = text ? strtoul(text, &end, 10) : 20;

    if (text != NULL && (end == text || *end != '\0' || text[0] == '-' || seconds > 86400))
        return failure_set(why, FAIL_USAGE, "--wait %s: seconds, at most 86400", text);
    *wait_ms = (uint32_t)seconds * 1000;
    return true;
}

static bool choose_from(const struct invocation *call, enum job_kind kind, struct run *run,
                        struct failure *why)
{
    const char *file = value_of(call, "bundle"), *folder = value_of(call, "from");

    if (file != NULL && folder != NULL)
        return failure_set(why, FAIL_USAGE, "--bundle and --from exclude each other");
    run->settings.from.file = file;
    if (file != NULL || !option_listed(call, "from") || (kind == JOB_VERIFY && folder == NULL))
        return true;
    run->settings.from.folder = run->bundles;
    return folder_name(FOLDER_BUNDLES, folder, run->bundles, why);
}

static bool settle(const struct invocation *call, enum job_kind kind, struct run *run, struct failure *why)
{
    const char *station = value_of(call, "station");

    memset(run, 0, sizeof *run);
    show_init(&run->show, stdout, option_given(call, "json") ? SHOW_FOR_MACHINES : SHOW_FOR_PEOPLE);
    if (station == NULL && gethostname(run->station, sizeof run->station - 1) != 0)
        station = "unnamed";
    if (station != NULL)
        text_harmless(run->station, sizeof run->station, station, strlen(station));
    run->settings.show = &run->show;
    run->settings.station = run->station;
    run->settings.store = run->store;
    run->settings.receipts = run->receipts;
    run->settings.answers = run->answers;
    while (option_listed(call, "check") && run->settings.answer_count < RECEIPT_CHECKS_MAX &&
           option_at(call, "check", run->settings.answer_count) != NULL) {
        const char *answer = option_at(call, "check", run->settings.answer_count);
        if (strchr(answer, '=') == NULL)
            return failure_set(why, FAIL_USAGE, "--check %s: not of the form ID=VALUE", answer);
        run->answers[run->settings.answer_count++] = answer;
    }
    return read_wait(call, &run->settings.wait_ms, why) && choose_from(call, kind, run, why) &&
           (!option_listed(call, "store") ||
            folder_name(FOLDER_TRUST, value_of(call, "store"), run->store, why)) &&
           (!option_listed(call, "receipts") ||
            folder_name(FOLDER_RECEIPTS, value_of(call, "receipts"), run->receipts, why));
}

/* Two jobs on one wire would answer each other's questions. */
static bool addresses_are_good(const struct invocation *call, struct failure *why)
{
    for (size_t i = 0; i < call->argument_count; i++) {
        if (!link_address_check(call->arguments[i], why))
            return false;
        for (size_t k = 0; k < i; k++)
            if (strcmp(call->arguments[i], call->arguments[k]) == 0)
                return failure_set(why, FAIL_USAGE, "%s is named twice", call->arguments[i]);
    }
    return true;
}

static void print_table(FILE *out, const struct job *jobs, size_t count)
{
    fprintf(out, "\n");
    for (size_t i = 0; i < count; i++) {
        const struct job *job = &jobs[i];
        const struct message_slot *running = job->met ? device_running(&job->now) : NULL;
        char version[40] = "-";
        if (running != NULL)
            snprintf(version, sizeof version, "%" PRIu32 ".%" PRIu32 ".%" PRIu32, running->version[0],
                     running->version[1], running->version[2]);
        fprintf(out, "  %-11s  %-12s  %-10s  %s\n", disposition_screen(job->verdict.disposition),
                job->met ? job->device.serial : job->session.address, version,
                verdict_outcome(job->verdict.code));
    }
}

enum exit_code run_jobs(const struct invocation *call, enum job_kind kind)
{
    struct run *run = malloc(sizeof *run);
    struct job *jobs = calloc(call->argument_count, sizeof *jobs);
    struct sigaction action = {.sa_handler = on_interrupt};
    struct failure why;
    enum exit_code code;
    size_t started = 0;

    if (run == NULL || jobs == NULL) {
        failure_set(&why, FAIL_MEMORY, "%zu devices", call->argument_count);
        code = command_fail(&why);
        goto out;
    }
    if (!settle(call, kind, run, &why) || !addresses_are_good(call, &why)) {
        code = command_fail(&why);
        goto out;
    }
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    for (; started < call->argument_count; started++)
        if (!job_start(&jobs[started], kind, call->arguments[started], &run->settings, 1, &why)) {
            code = command_fail(&why);
            goto out;
        }
    code = jobs_run(jobs, started, &interrupted);
    if (started > 1 && kind != JOB_DEVICES && run->show.format != SHOW_JSON)
        print_table(stdout, jobs, started);
out:
    for (size_t i = 0; i < started; i++)
        job_free(&jobs[i]);
    free(jobs);
    free(run);
    return code;
}
