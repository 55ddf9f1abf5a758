/* Events as text for people; show_json.c has the machines' form. */
#include "loader/show/show.h"
#include "loader/show/show_json.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#define BAR_WIDTH 24

void show_init(struct show *show, FILE *out, enum show_wish wish)
{
    const char *no_colour = getenv("NO_COLOR");
    bool terminal = isatty(fileno(out)) == 1;

    show->format = wish == SHOW_FOR_MACHINES ? SHOW_JSON : terminal ? SHOW_TERMINAL : SHOW_LINES;
    show->out = out;
    show->colour = show->format == SHOW_TERMINAL && (no_colour == NULL || no_colour[0] == '\0');
    show->line_open = false;
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

static void end_living_line(struct show *show)
{
    if (show->line_open)
        fputc('\n', show->out);
    show->line_open = false;
}

static void show_bar(struct show *show, const struct event *event)
{
    unsigned share = event->total ? (unsigned)(event->done * 100 / event->total) : 100;
    char bar[BAR_WIDTH + 1];

    for (unsigned i = 0; i < BAR_WIDTH; i++)
        bar[i] = i < share * BAR_WIDTH / 100 ? '#' : '-';
    bar[BAR_WIDTH] = '\0';
    fprintf(show->out, "\r%-12s [%u/%u %-8s] %s %3u%%", event->label, event->number, event->of, event->name,
            bar, share);
    if (event->eta >= 0)
        fprintf(show->out, "  %ld:%02ld left ", event->eta / 60, event->eta % 60);
    else
        fprintf(show->out, "             ");
    fflush(show->out);
    show->line_open = true;
}

static const char *colour_of(const struct show *show, enum disposition disposition)
{
    static const char *const colours[] = {"\x1b[36m", "\x1b[32m", "\x1b[33m", "\x1b[31m"};
    return show->colour ? colours[disposition] : "";
}

static void show_result(struct show *show, const struct event *event)
{
    const char *reset = show->colour ? "\x1b[0m" : "";

    if (event->failure != NULL) {
        const struct failure_entry *entry = failure_entry(event->failure->id);
        fprintf(show->out, "%-12s E-%02d %s: %s\n", event->label, entry->id, entry->title,
                event->failure->what);
        fprintf(show->out, "%-12s next: %s\n", event->label, entry->next);
    }
    fprintf(show->out, "%-12s %s%-11s%s %s%s%s\n", event->label, colour_of(show, event->verdict.disposition),
            disposition_screen(event->verdict.disposition), reset, verdict_outcome(event->verdict.code),
            event->text[0] != '\0' ? ": " : "", event->text);
    if (event->receipt != NULL)
        fprintf(show->out, "%-12s receipt %s\n", event->label, event->receipt);
}

void show_event(struct show *show, const struct event *event)
{
    char line[256];

    if (show->format == SHOW_JSON) {
        show_event_json(show->out, event);
        return;
    }
    if (event->kind == EVENT_PROGRESS) {
        if (show->format == SHOW_TERMINAL)
            show_bar(show, event);
        return;
    }
    end_living_line(show);
    switch (event->kind) {
    case EVENT_DEVICE:
        show_device_line(event->device, line, sizeof line);
        fprintf(show->out, "%-12s %s  at %s\n", event->label, line, event->address);
        break;
    case EVENT_PHASE:
        fprintf(show->out, "%-12s [%u/%u %-8s] %s\n", event->label, event->number, event->of, event->name,
                event->text);
        break;
    case EVENT_NOTE:
        fprintf(show->out, "%-12s %s\n", event->label, event->text);
        break;
    case EVENT_RESULT:
        show_result(show, event);
        break;
    case EVENT_PROGRESS:
        break;
    }
    fflush(show->out);
}
