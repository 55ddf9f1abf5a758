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

/* Length of the well-formed printable UTF-8 character at `text`, or 0 for what must not reach a terminal: control
 * characters (C0, DEL, C1), malformed bytes, and the marks that reorder a line (U+202A..202E, U+2066..2069). */
static size_t printable(const unsigned char *text, size_t size)
{
    if (text[0] >= 0x20 && text[0] < 0x7f)
        return 1;

    size_t length = text[0] >= 0xc2 && text[0] <= 0xdf ? 2
                    : (text[0] & 0xf0) == 0xe0         ? 3
                    : (text[0] & 0xf8) == 0xf0         ? 4
                                                       : 0;
    if (length == 0 || length > size)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    if (text[0] == 0xc2 && text[1] < 0xa0)
        return 0;
    if (text[0] == 0xe2 && ((text[1] == 0x80 && text[2] >= 0xaa && text[2] <= 0xae) ||
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
