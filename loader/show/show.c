/* Events as text for people; show_json.c has the machines' form. */
#include "loader/show/show.h"
#include "loader/show/show_facts.h"
#include "loader/show/show_json.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define LABEL_LEAST 12
#define BAR_MOST    24
#define BAR_LEAST   8
#define BAR_AROUND  34 /* columns of a living line beside label and bar */

enum { INTERVAL_LEAST = 100, INTERVAL_EACH = 25 /* for each living line */, INTERVAL_MOST = 1000 }; /* ms */

static void look_at_terminal(struct show *show)
{
    struct winsize size;
    bool known = ioctl(fileno(show->out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0;

    show->columns = known ? size.ws_col : 80;
    show->lines = known ? size.ws_row : 24;
}

void show_init(struct show *show, FILE *out, enum show_wish wish)
{
    const char *no_colour = getenv("NO_COLOR");
    bool terminal = isatty(fileno(out)) == 1;

    memset(show, 0, sizeof *show);
    show->format = wish == SHOW_FOR_MACHINES ? SHOW_JSON : terminal ? SHOW_TERMINAL : SHOW_LINES;
    show->out = out;
    show->colour = show->format == SHOW_TERMINAL && (no_colour == NULL || no_colour[0] == '\0');
    show->label_width = LABEL_LEAST;
    look_at_terminal(show);
}

#define RECORD_LINE_MAX 16384 /* bytes; the longest line, an identity, has a quarter of it */

bool show_record(struct show *show, const char *path, struct failure *why)
{
    show->record = fopen(path, "ae");
    if (show->record == NULL)
        return failure_set(why, FAIL_FILE_WRITE, "%s: %s", path, strerror(errno));
    setvbuf(show->record, NULL, _IOFBF, RECORD_LINE_MAX);
    return true;
}

bool show_end(struct show *show, struct failure *why)
{
    FILE *record = show->record;

    show->record = NULL;
    if (record == NULL)
        return true;
    bool lost = ferror(record) != 0;
    lost = fclose(record) != 0 || lost;
    return !lost ||
           failure_set(why, FAIL_FILE_WRITE, "lines of this run are missing in the file of SUTURE_LINES");
}

/* Each bar that moves draws all living lines anew: with many of them each moves more seldom, so that a slow terminal keeps up. */
uint64_t show_progress_interval(const struct show *show)
{
    uint64_t interval = INTERVAL_EACH * show->row_count;

    if (show->format != SHOW_TERMINAL || interval > INTERVAL_MOST)
        return INTERVAL_MOST;
    return interval > INTERVAL_LEAST ? interval : INTERVAL_LEAST;
}

bool show_lives(const struct show *show)
{
    return show->format == SHOW_TERMINAL;
}

unsigned show_columns(const char *text)
{
    unsigned columns = 0;
    for (; *text != '\0'; text++)
        columns += (*text & 0xc0) != 0x80;
    return columns;
}

void show_device_line(const struct device_facts *device, char *out, size_t capacity)
{
    static const char *const kinds[] = {"NOTHING PROVEN RUNS", "settled", "on trial"};
    const struct message_slot *running = device_running(device);
    const char *kind = device->boot_kind < 3 ? kinds[device->boot_kind] : "?";

    if (running == NULL)
        snprintf(out, capacity, "%s rev %s  SN %s  %s", device->model, device->hardware, device->serial,
                 kind);
    else
        snprintf(out, capacity,
                 "%s rev %s  SN %s  slot %c %" PRIu32 ".%" PRIu32 ".%" PRIu32 " (seq %" PRIu32 ")  %s",
                 device->model, device->hardware, device->serial, running->slot ? 'B' : 'A',
                 running->version[0], running->version[1], running->version[2], running->sequence, kind);
}

/* ---- living lines: what each device is at now, always the last on the terminal */

/* The bytes of `text` that fit into one line of the terminal: one that wraps would not be erased whole. Characters from
 * U+1000 on may take two columns. */
static int row_fit(const struct show *show, const char *text, unsigned *columns)
{
    int size = 0;

    for (*columns = 0; text[size] != '\0';) {
        unsigned more = (unsigned char)text[size] >= 0xe1 ? 2 : 1;
        if (*columns + more >= show->columns)
            break;
        *columns += more;
        do
            size += 1;
        while ((text[size] & 0xc0) == 0x80);
    }
    return size;
}

/* In a window made narrower some terminals have wrapped what stands there: then nobody knows how many lines it takes, and
 * going up too far would erase a result. It stays, and the living lines go on below. */
static void rows_erase(struct show *show)
{
    look_at_terminal(show);
    if (show->drawn > 0 && show->drawn_columns < show->columns)
        fprintf(show->out, "\x1b[%uA\r\x1b[J", show->drawn);
    show->drawn = show->drawn_columns = 0;
}

static void rows_draw(struct show *show)
{
    size_t most = show->lines > 3 ? show->lines - 2 : 1;

    for (size_t i = 0; i < show->row_count && i < most; i++, show->drawn++) {
        unsigned columns;
        int size = row_fit(show, show->rows[i].text, &columns);
        fprintf(show->out, "%.*s\n", size, show->rows[i].text);
        if (columns > show->drawn_columns)
            show->drawn_columns = columns;
    }
    if (show->row_count > most) {
        fprintf(show->out, "… and %zu more\n", show->row_count - most);
        show->drawn += 1;
    }
}

static struct show_row *row_of(struct show *show, const char *address)
{
    for (size_t i = 0; i < show->row_count; i++)
        if (strcmp(show->rows[i].address, address) == 0)
            return &show->rows[i];
    if (show->row_count == SHOW_ROWS_MAX)
        return NULL;
    struct show_row *row = &show->rows[show->row_count++];
    snprintf(row->address, sizeof row->address, "%s", address);
    return row;
}

static void row_remove(struct show *show, const char *address)
{
    for (size_t i = 0; i < show->row_count; i++)
        if (strcmp(show->rows[i].address, address) == 0) {
            show->row_count -= 1;
            memmove(&show->rows[i], &show->rows[i + 1], (show->row_count - i) * sizeof *show->rows);
            return;
        }
}

static int padding(const struct show *show, const char *label)
{
    unsigned columns = show_columns(label);
    return columns < show->label_width ? (int)(show->label_width - columns) : 0;
}

static unsigned share_of(const struct event *event)
{
    return event->total > 0 ? (unsigned)((double)event->done * 100.0 / (double)event->total) : 100;
}

static void time_left(const struct event *event, char out[32])
{
    out[0] = '\0';
    if (event->eta >= 0)
        snprintf(out, 32, "  %ld:%02ld left", event->eta / 60, event->eta % 60);
}

static void row_phase(const struct show *show, const struct event *event, struct show_row *row)
{
    snprintf(row->text, sizeof row->text, "%s%*s [%u/%u %-8s] %s", event->label, padding(show, event->label),
             "", event->number, event->of, event->name, event->text);
}

/* Where there is no room for a bar its number says the same. */
static void row_bar(const struct show *show, const struct event *event, struct show_row *row)
{
    unsigned taken = show->label_width + BAR_AROUND, share = share_of(event);
    unsigned room = show->columns > taken ? show->columns - taken : 0;
    unsigned width = room > BAR_MOST ? BAR_MOST : room;
    char bar[BAR_MOST + 1], left[32];

    time_left(event, left);
    if (width < BAR_LEAST) {
        snprintf(row->text, sizeof row->text, "%s [%u/%u %s] %3u%%%s", event->label, event->number, event->of,
                 event->name, share, left);
        return;
    }
    for (unsigned i = 0; i < width; i++)
        bar[i] = i < share * width / 100 ? '#' : '-';
    bar[width] = '\0';
    snprintf(row->text, sizeof row->text, "%s%*s [%u/%u %-8s] %s %3u%%%s", event->label,
             padding(show, event->label), "", event->number, event->of, event->name, bar, share, left);
}

static void log_progress(struct show *show, const struct event *event)
{
    char left[32];

    if (event->done >= event->total) /* a line of its own says so next */
        return;
    time_left(event, left);
    fprintf(show->out, "%s%*s [%u/%u %-8s] %u %%%s\n", event->label, padding(show, event->label), "",
            event->number, event->of, event->name, share_of(event), left);
}

/* ---- lines that stay */

static const char *colour_of(const struct show *show, enum disposition disposition)
{
    static const char *const colours[] = {"\x1b[36m", "\x1b[32m", "\x1b[33m", "\x1b[31m"};
    return show->colour ? colours[disposition] : "";
}

static void show_result(struct show *show, const struct event *event)
{
    const char *reset = show->colour ? "\x1b[0m" : "";
    int pad = padding(show, event->label);

    if (event->failure != NULL) {
        const struct failure_entry *entry = failure_entry(event->failure->id);
        fprintf(show->out, "%s%*s E-%02d %s: %s\n", event->label, pad, "", entry->id, entry->title,
                event->failure->what);
        fprintf(show->out, "%s%*s next: %s\n", event->label, pad, "", entry->next);
    }
    fprintf(show->out, "%s%*s %s%-11s%s %s%s%s\n", event->label, pad, "",
            colour_of(show, event->verdict.disposition), disposition_screen(event->verdict.disposition),
            reset, verdict_outcome(event->verdict.code), event->text[0] != '\0' ? ": " : "", event->text);
    if (event->receipt != NULL)
        fprintf(show->out, "%s%*s receipt %s\n", event->label, pad, "", event->receipt);
}

/* By the wire, not by the serial: on a wire is heard whoever sits there. */
static void show_chatter(struct show *show, const struct event *event)
{
    if (event->passed_over > 0)
        fprintf(show->out, "%s | … %" PRIu64 " more lines, not shown\n", event->address, event->passed_over);
    else
        fprintf(show->out, "%s | %s\n", event->address, event->text);
}

static void show_line(struct show *show, const struct event *event)
{
    int pad = padding(show, event->label);
    char line[256];

    switch (event->kind) {
    case EVENT_DEVICE:
        show_device_line(event->device, line, sizeof line);
        fprintf(show->out, "%s%*s %s  at %s\n", event->label, pad, "", line, event->address);
        break;
    case EVENT_PHASE:
    case EVENT_SILENCE:
        fprintf(show->out, "%s%*s [%u/%u %-8s] %s\n", event->label, pad, "", event->number, event->of,
                event->name, event->text);
        break;
    case EVENT_NOTE:
        fprintf(show->out, "%s%*s %s\n", event->label, pad, "", event->text);
        break;
    case EVENT_RESULT:
        show_result(show, event);
        break;
    case EVENT_IDENTIFY:
        show_identify(show, event);
        break;
    case EVENT_LOG:
        show_log(show, event);
        break;
    case EVENT_CHATTER:
        show_chatter(show, event);
        break;
    case EVENT_GONE:
        fprintf(show->out, "%s%*s gone from %s\n", event->label, pad, "", event->address);
        break;
    case EVENT_PROGRESS:
        break;
    }
}

/* The place first: the end of a line may not fit. */
static void row_device(const struct show *show, const struct event *event, struct show_row *row)
{
    char line[256];

    show_device_line(event->device, line, sizeof line);
    snprintf(row->text, sizeof row->text, "%s%*s at %s  %s", event->label, padding(show, event->label), "",
             event->address, line);
}

static bool event_lives(const struct show *show, const struct event *event)
{
    switch (event->kind) {
    case EVENT_PHASE:
    case EVENT_PROGRESS:
    case EVENT_SILENCE:
        return true;
    case EVENT_DEVICE:
    case EVENT_GONE:
        return show->watching;
    default:
        return false;
    }
}

static void row_take(struct show *show, const struct event *event)
{
    struct show_row *row = event->kind == EVENT_GONE ? NULL : row_of(show, event->address);

    if (event->kind == EVENT_GONE)
        row_remove(show, event->address);
    else if (row != NULL && event->kind == EVENT_DEVICE)
        row_device(show, event, row);
    else if (row != NULL && event->kind == EVENT_PROGRESS)
        row_bar(show, event, row);
    else if (row != NULL)
        row_phase(show, event, row);
}

/* On a terminal phases and bars live; who is there, notes and results stay, and a result ends the living line. */
static void show_terminal(struct show *show, const struct event *event)
{
    rows_erase(show);
    if (event_lives(show, event))
        row_take(show, event);
    else
        show_line(show, event);
    if (event->kind == EVENT_RESULT)
        row_remove(show, event->address);
    rows_draw(show);
}

static void show_text(struct show *show, const struct event *event)
{
    unsigned columns = show_columns(event->label);

    if (columns > show->label_width && event->device != NULL)
        show->label_width = columns < SHOW_LABEL_MAX ? columns : SHOW_LABEL_MAX;
    if (show->format == SHOW_TERMINAL)
        show_terminal(show, event);
    else if (event->kind == EVENT_PROGRESS)
        log_progress(show, event);
    else
        show_line(show, event);
}

void show_event(struct show *show, const struct event *event)
{
    struct event clean = *event;
    char address[128], label[128], text[1024], receipt[4096];

    text_harmless(address, sizeof address, event->address, strlen(event->address));
    text_harmless(label, sizeof label, event->label, strlen(event->label));
    text_harmless(text, sizeof text, event->text, strlen(event->text));
    clean.address = address;
    clean.label = label;
    clean.text = text;
    if (event->receipt != NULL) {
        text_harmless(receipt, sizeof receipt, event->receipt, strlen(event->receipt));
        clean.receipt = receipt;
    }
    if (show->record != NULL)
        show_event_json(show->record, &clean);
    if (show->format == SHOW_JSON)
        show_event_json(show->out, &clean);
    else
        show_text(show, &clean);
    fflush(show->out);
}
