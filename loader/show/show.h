/* What a run tells its reader: a terminal gets a line a device that lives, a pipe one line an event, --json one JSON object a line
 * (docs/formats.md, "JSON lines"). Jobs say what happens; how it looks is decided here alone. */
#ifndef SUTURE_LOADER_SHOW_SHOW_H
#define SUTURE_LOADER_SHOW_SHOW_H

#include "loader/record/verdict.h"
#include "loader/session/abilities.h"
#include "loader/session/choose.h"

#define SHOW_SCHEMA 1

enum show_format { SHOW_TERMINAL, SHOW_LINES, SHOW_JSON };

enum event_kind {
    EVENT_DEVICE,   /* a device said who it is: `device` */
    EVENT_PHASE,    /* step `number` of `of` begins: `name`, `text` */
    EVENT_PROGRESS, /* `done` of `total` bytes, `eta` seconds or -1 */
    EVENT_SILENCE,  /* in step `number`: `silent`, `normal`, `unknown` seconds, `text` */
    EVENT_NOTE,     /* `text` */
    EVENT_RESULT,   /* the end: `verdict`, `failure` or NULL, `receipt` path or NULL, `text` */
    EVENT_IDENTIFY, /* all of it: `device`, `abilities`, `report` or NULL, `proven` */
    EVENT_LOG,      /* one entry of its log: `log` */
    EVENT_CHATTER,  /* what its firmware said between frames: `text`, or how many lines more: `passed_over` */
    EVENT_GONE,     /* while it is watched: `device`, as it was known last, is no longer at `address` */
};

struct event {
    enum event_kind kind;
    const char *address;               /* never NULL */
    const char *label;                 /* serial once known, else the address */
    const struct device_facts *device; /* NULL until known */
    unsigned number, of;
    const char *name, *text; /* never NULL */
    uint64_t done, total;
    long eta;
    long silent, normal,
        unknown; /* seconds so far; that are normal, or -1; left until it is called unknown */
    struct verdict verdict;
    const struct failure *failure;
    const char *receipt;
    const struct device_abilities *abilities;
    const struct report *report;
    bool proven; /* the report, by the vendor's root */
    const struct message_log_item *log;
    uint64_t passed_over;
};

#define SHOW_ROWS_MAX  64 /* living lines at once; what is beyond is counted */
#define SHOW_LABEL_MAX 32 /* columns */

struct show_row {
    char address[128]; /* whose it is */
    char text[1280];
};

struct show {
    enum show_format format;
    FILE *out;
    FILE *record; /* gets the JSON line of each event too; NULL: nothing does */
    bool colour;
    bool watching;           /* on a terminal devices are living lines, until EVENT_GONE */
    unsigned label_width;    /* of the longest label so far, at least 12 columns */
    unsigned columns, lines; /* of the terminal, which may be resized */
    unsigned drawn;          /* living lines that stand on the terminal now */
    unsigned drawn_columns;  /* of the widest of them */
    size_t row_count;
    struct show_row rows[SHOW_ROWS_MAX];
};

/* SHOW_JSON when asked for, SHOW_TERMINAL when `out` is one, else SHOW_LINES. Colour on a terminal unless NO_COLOR. */
enum show_wish { SHOW_FOR_PEOPLE, SHOW_FOR_MACHINES };
void show_init(struct show *show, FILE *out, enum show_wish wish);
/* Adds the JSON lines to this file, whatever `out` gets: each line in one piece, so that several programs may share the file.
 * FAIL_FILE_WRITE. */
bool show_record(struct show *show, const char *path, struct failure *why);
/* Ends the record, if there is one. FAIL_FILE_WRITE: a line of it was lost. */
bool show_end(struct show *show, struct failure *why);
/* Whatever the event's texts hold comes out as valid UTF-8 without control characters. */
void show_event(struct show *show, const struct event *event);
/* Least time between two EVENT_PROGRESS of one device, ms: a terminal lives, a log must stay readable. */
uint64_t show_progress_interval(const struct show *show);
/* Whether its lines live: a count may run on them. */
bool show_lives(const struct show *show);
/* "P-200 rev B  SN 7F31  slot A 4.2.0 (seq 12)  settled" */
void show_device_line(const struct device_facts *device, char *out, size_t capacity);
/* Columns that a text takes: its characters, not its bytes. */
unsigned show_columns(const char *text);

#endif
