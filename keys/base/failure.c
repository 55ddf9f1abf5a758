/* Messages, exit codes and harmless text; the rows themselves stand in failure_rows.c. */
#include "keys/base/failure.h"
#include "keys/base/failure_rows.h"

#include <stdarg.h>
#include <string.h>

static const struct failure_entry no_row = {
    FAIL_NONE,
    EXIT_INTERNAL,
    "unknown failure",
    "This id is not in the catalogue.",
    "Keep the message and report it to the project.",
};

enum exit_code exit_worst(enum exit_code a, enum exit_code b)
{
    static const enum exit_code worst_first[] = {
        EXIT_UNSAFE,    EXIT_UNKNOWN,           EXIT_ROLLED_BACK, EXIT_FAILED_SAFE,    EXIT_NEEDS_PERSON,
        EXIT_INTERNAL,  EXIT_LOCAL_IO,          EXIT_INTERRUPTED, EXIT_REFUSED_BUNDLE, EXIT_NO_PERMISSION,
        EXIT_NO_DEVICE, EXIT_REFUSED_INTERLOCK, EXIT_USAGE,       EXIT_NOTHING_TO_DO,
    };

    for (size_t i = 0; i < sizeof worst_first / sizeof *worst_first; i++)
        if (a == worst_first[i] || b == worst_first[i])
            return worst_first[i];
    return EXIT_VERIFIED;
}

const struct exit_entry *exit_catalogue(size_t *count)
{
    *count = exit_row_count;
    return exit_rows;
}

/* Length of the well-formed UTF-8 character at `text` (RFC 3629, table of clause 4), or 0. */
static size_t well_formed(const unsigned char *text, size_t size)
{
    static const struct {
        unsigned char first, last, second_least, second_most;
        size_t length;
    } rows[] = {
        {0x00, 0x7f, 0x00, 0x00, 1}, {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };

    for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
        size_t length = rows[row].length;
        if (text[0] < rows[row].first || text[0] > rows[row].last)
            continue;
        if (length > size ||
            (length > 1 && (text[1] < rows[row].second_least || text[1] > rows[row].second_most)))
            return 0;
        for (size_t i = 2; i < length; i++)
            if ((text[i] & 0xc0) != 0x80)
                return 0;
        return length;
    }
    return 0;
}

/* Length of the printable character at `text`, or 0 for what must not reach a terminal: control characters (C0, DEL, C1),
 * malformed bytes, and the marks that reorder a line (U+202A..202E, U+2066..2069). */
static size_t printable(const unsigned char *text, size_t size)
{
    if (text[0] < 0x20 || text[0] == 0x7f)
        return 0;
    size_t length = well_formed(text, size);
    if (length == 2 && text[0] == 0xc2 && text[1] < 0xa0)
        return 0;
    if (length == 3 && text[0] == 0xe2 &&
        ((text[1] == 0x80 && text[2] >= 0xaa && text[2] <= 0xae) ||
         (text[1] == 0x81 && text[2] >= 0xa6 && text[2] <= 0xa9)))
        return 0;
    return length;
}

void text_harmless(char *out, size_t capacity, const char *text, size_t size)
{
    size_t used = 0, at = 0;

    if (capacity == 0)
        return;
    while (at < size && text[at] != '\0') {
        size_t length = printable((const unsigned char *)text + at, size - at);
        size_t width = length ? length : 1;
        if (width >= capacity - used)
            break;
        if (length)
            memcpy(out + used, text + at, length);
        else
            out[used] = '?';
        used += width;
        at += width;
    }
    out[used] = '\0';
}

bool failure_set(struct failure *why, enum failure_id id, const char *format, ...)
{
    char message[sizeof why->what];
    va_list arguments;

    if (why == NULL)
        return false;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    why->id = id;
    text_harmless(why->what, sizeof why->what, message, strlen(message));
    return false;
}

const struct failure_entry *failure_entry(enum failure_id id)
{
    for (size_t i = 0; i < failure_row_count; i++)
        if (failure_rows[i].id == id)
            return &failure_rows[i];
    return &no_row;
}

const struct failure_entry *failure_catalogue(size_t *count)
{
    *count = failure_row_count;
    return failure_rows;
}

void failure_print(FILE *out, const struct failure *why)
{
    const struct failure_entry *entry = failure_entry(why->id);

    fprintf(out, "E-%02d %s: %s\n", why->id, entry->title, why->what);
    fprintf(out, "     next: %s\n", entry->next);
}

enum exit_code failure_exit(const struct failure *why)
{
    return failure_entry(why->id)->exit;
}
