#include "loader/cmd/run.h"

#include "loader/cmd/addresses.h"
#include "loader/record/folders.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t interrupts; /* how often the person wished to stop */

static void on_interrupt(int number)
{
    (void)number;
    if (interrupts < 100)
        interrupts += 1;
}

/* A reader that goes away, or a terminal that is closed, must not end the program in the middle of an activation. */
const volatile int *run_catch_interrupts(void)
{
    struct sigaction stop = {.sa_handler = on_interrupt}, ignore = {.sa_handler = SIG_IGN};

    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGHUP, &stop, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
    return &interrupts;
}

/* Everything that the settings point to. */
struct run {
    struct job_settings settings;
    struct show show;
    struct shelf shelf;
    char store[FOLDER_NAME_MAX], receipts[FOLDER_NAME_MAX], bundles[FOLDER_NAME_MAX],
        station[STATION_MAX + 1];
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

static bool read_since(const struct invocation *call, uint32_t *from, struct failure *why)
{
    const char *text = value_of(call, "since");
    char *end = NULL;
    unsigned long long number = text ? strtoull(text, &end, 10) : 0;

    if (text != NULL && (text[0] < '0' || text[0] > '9' || *end != '\0' || number > UINT32_MAX))
        return failure_set(why, FAIL_USAGE, "--since %s: the number of a log entry", text);
    *from = (uint32_t)number;
    return true;
}

static bool choose_from(const struct invocation *call, enum job_kind kind, struct run *run,
                        struct failure *why)
{
    const char *file = value_of(call, "bundle"), *folder = value_of(call, "from");

    if (file != NULL && folder != NULL)
        return failure_set(why, FAIL_USAGE, "--bundle and --from exclude each other");
    run->settings.from.file = file;
    run->settings.from.shelf = &run->shelf;
    if (file != NULL || !option_listed(call, "from") || (kind == JOB_VERIFY && folder == NULL))
        return true;
    run->settings.from.folder = run->bundles;
    return folder_name(FOLDER_BUNDLES, folder, run->bundles, why);
}

static void name_station(const struct invocation *call, struct run *run)
{
    const char *station = value_of(call, "station");
    char host[256] = "";

    if (station == NULL)
        station = gethostname(host, sizeof host - 1) == 0 && host[0] != '\0' ? host : "unnamed";
    text_harmless(run->station, sizeof run->station, station, strlen(station));
}

static bool read_answers(const struct invocation *call, struct run *run, struct failure *why)
{
    const char *answer;

    if (!option_listed(call, "check"))
        return true;
    for (size_t i = 0; (answer = option_at(call, "check", i)) != NULL; i++) {
        if (i == RECEIPT_CHECKS_MAX)
            return failure_set(why, FAIL_USAGE, "--check: at most %d answers", RECEIPT_CHECKS_MAX);
        if (strchr(answer, '=') == NULL || answer[0] == '=')
            return failure_set(why, FAIL_USAGE, "--check %s: not of the form ID=VALUE", answer);
        run->answers[run->settings.answer_count++] = answer;
    }
    return true;
}

static bool open_record(struct show *show, struct failure *why)
{
    const char *path = getenv("SUTURE_LINES");
    return path == NULL || path[0] == '\0' || show_record(show, path, why);
}

static bool settle(const struct invocation *call, enum job_kind kind, struct run *run, struct failure *why)
{
    memset(run, 0, sizeof *run);
    show_init(&run->show, stdout, option_given(call, "json") ? SHOW_FOR_MACHINES : SHOW_FOR_PEOPLE);
    name_station(call, run);
    run->settings.show = &run->show;
    run->settings.station = run->station;
    run->settings.store = run->store;
    run->settings.receipts = run->receipts;
    run->settings.answers = run->answers;
    run->settings.chatter = option_given(call, "chatter") ? CHATTER_SHOWN : CHATTER_HIDDEN;
    return open_record(&run->show, why) && read_wait(call, &run->settings.wait_ms, why) &&
           read_since(call, &run->settings.log_from, why) && read_answers(call, run, why) &&
           choose_from(call, kind, run, why) &&
           (!option_listed(call, "store") ||
            folder_name(FOLDER_TRUST, value_of(call, "store"), run->store, why)) &&
           (!option_listed(call, "receipts") ||
            folder_name(FOLDER_RECEIPTS, value_of(call, "receipts"), run->receipts, why));
}

static void version_text(const struct message_slot *slot, char out[40])
{
    snprintf(out, 40, "-");
    if (slot != NULL)
        snprintf(out, 40, "%" PRIu32 ".%" PRIu32 ".%" PRIu32, slot->version[0], slot->version[1],
                 slot->version[2]);
}

/* "4.2.0 -> 4.3.1", or the one version that ran all the time. */
static void versions_text(const struct job *job, char out[96])
{
    const struct message_slot *before = job->met ? device_running(&job->device) : NULL,
                              *now = job->met ? device_running(&job->now) : NULL;
    char old[40], new[40];

    version_text(before, old);
    version_text(now, new);
    if (before == NULL || now == NULL || digest_equal(before->hash, now->hash))
        snprintf(out, 96, "%s", new);
    else
        snprintf(out, 96, "%s -> %s", old, new);
}

static void print_row(FILE *out, const struct job *job, unsigned width)
{
    const char *label = job->met ? job->device.serial : job->session.address;
    char versions[96], harmless[128];

    versions_text(job, versions);
    text_harmless(harmless, sizeof harmless, label, strlen(label));
    unsigned columns = show_columns(harmless);
    fprintf(out, "  %-11s  %s%*s  %-18s  %s", disposition_screen(job->verdict.disposition), harmless,
            columns < width ? (int)(width - columns) : 0, "", versions, verdict_outcome(job->verdict.code));
    if (job->failure.id != FAIL_NONE)
        fprintf(out, "  E-%02d %s", job->failure.id, failure_entry(job->failure.id)->title);
    fputc('\n', out);
}

/* The cart at one glance: a line a device in the order of the command line, then how many of each. */
static void print_table(FILE *out, const struct job *jobs, size_t count)
{
    size_t counts[DISPOSITION_DO_NOT_USE + 1] = {0}, devices = 0;
    unsigned width = 12;
    const char *between = "";

    for (size_t i = 0; i < count; i++) {
        if (jobs[i].passed_over)
            continue;
        devices += 1;
        unsigned columns = show_columns(jobs[i].met ? jobs[i].device.serial : jobs[i].session.address);
        width = columns > width ? columns : width;
        counts[jobs[i].verdict.disposition] += 1;
    }
    if (devices < 2)
        return;
    fprintf(out, "\n");
    for (size_t i = 0; i < count; i++)
        if (!jobs[i].passed_over)
            print_row(out, &jobs[i], width < 48 ? width : 48);
    fprintf(out, "  %zu devices: ", devices);
    for (int i = DISPOSITION_DO_NOT_USE; i >= 0; i--)
        if (counts[i] > 0) {
            fprintf(out, "%s%zu %s", between, counts[i], disposition_screen((enum disposition)i));
            between = ", ";
        }
    fputc('\n', out);
}

/* Looking is a question too: nobody is an answer, and no success. */
static enum exit_code nobody_found(const struct job *jobs, const struct addresses *addresses,
                                   enum exit_code code)
{
    struct failure why;

    for (size_t i = 0; i < addresses->count; i++)
        if (!jobs[i].passed_over)
            return code;
    if (!addresses->looked)
        return code;
    failure_set(&why, FAIL_NO_DEVICE, "looked at %zu ports in %s%s", addresses->count, addresses->where,
                addresses->looked_at_usb ? " and at USB" : "");
    return command_fail(&why);
}

static enum exit_code run_all(struct job *jobs, const struct addresses *addresses, struct run *run,
                              enum job_kind kind)
{
    struct failure why;
    enum exit_code code = EXIT_INTERNAL;
    size_t started = 0;

    const volatile int *wishes = run_catch_interrupts();

    if (addresses->usb_unseen.id != FAIL_NONE)
        failure_print(stderr, &addresses->usb_unseen);
    for (; started < addresses->count; started++) {
        if (!job_start(&jobs[started], kind, addresses->list[started].text, &run->settings, &why)) {
            code = command_fail(&why);
            goto out;
        }
        jobs[started].origin = addresses->list[started].origin;
    }
    code = nobody_found(jobs, addresses, jobs_run(jobs, started, wishes));
    if (started > 1 && !job_only_asks(kind) && run->show.format != SHOW_JSON)
        print_table(stdout, jobs, started);
out:
    for (size_t i = 0; i < started; i++)
        job_free(&jobs[i]);
    shelf_clear(&run->shelf);
    return code;
}

enum exit_code run_jobs(const struct invocation *call, enum job_kind kind)
{
    struct run *run = malloc(sizeof *run);
    struct addresses addresses = {0};
    struct job *jobs = NULL;
    struct failure why;
    enum exit_code code;

    if (run == NULL) {
        failure_set(&why, FAIL_MEMORY, "%zu devices", call->argument_count);
        code = command_fail(&why);
    } else if (!settle(call, kind, run, &why) || !addresses_read(call, kind, &addresses, &why)) {
        code = command_fail(&why);
    } else if ((jobs = calloc(addresses.count + 1, sizeof *jobs)) == NULL) {
        failure_set(&why, FAIL_MEMORY, "%zu devices", addresses.count);
        code = command_fail(&why);
    } else {
        code = run_all(jobs, &addresses, run, kind);
    }
    if (run != NULL && !show_end(&run->show, &why))
        code = exit_worst(code, command_fail(&why));
    addresses_free(&addresses);
    free(jobs);
    free(run);
    return code;
}
