/* The man page of a program, from its command table (man(7) macros, which groff and mandoc both read). */
#include "keys/base/command_pages.h"

#include <ctype.h>
#include <string.h>

/* The code point of the well-formed UTF-8 character at `*text`, which moves behind it. The table's texts are the program's
 * own. */
static unsigned long character(const char **text)
{
    const unsigned char *at = (const unsigned char *)*text;
    size_t more = at[0] >= 0xf0 ? 3 : at[0] >= 0xe0 ? 2 : at[0] >= 0xc0 ? 1 : 0;
    unsigned long point = more == 0 ? at[0] : at[0] & (0x3fu >> more);

    for (size_t i = 1; i <= more; i++)
        point = point << 6 | (at[i] & 0x3f);
    *text += more + 1;
    return point;
}

/* Text as roff shows it letter by letter. Quotes are named too, so that it may stand in a quoted macro argument. */
static void put(FILE *out, const char *text)
{
    if (*text == '.' || *text == '\'')
        fputs("\\&", out);
    while (*text != '\0') {
        unsigned long point = character(&text);
        switch (point) {
        case '\\':
            fputs("\\(rs", out);
            break;
        case '-':
            fputs("\\-", out);
            break;
        case '\'':
            fputs("\\(aq", out);
            break;
        case '"':
            fputs("\\(dq", out);
            break;
        case '`':
            fputs("\\(ga", out);
            break;
        case '^':
            fputs("\\(ha", out);
            break;
        case '~':
            fputs("\\(ti", out);
            break;
        default:
            if (point < 0x80)
                fputc((int)point, out);
            else
                fprintf(out, "\\[u%04lX]", point);
        }
    }
}

/* A macro with one quoted argument, which is not text that continues. */
static void macro(FILE *out, const char *name, const char *argument)
{
    fprintf(out, ".%s \"", name);
    put(out, argument);
    fputs("\"\n", out);
}

static void line(FILE *out, const char *text)
{
    put(out, text);
    fputc('\n', out);
}

/* One row of a list: a tag of a bold and an italic word, and what it means. */
static void row(FILE *out, const char *bold, const char *italic, const char *meaning)
{
    fputs(".TP\n\\fB", out);
    put(out, bold);
    fputs("\\fR", out);
    if (italic != NULL && italic[0] != '\0') {
        fputs("\\fI", out);
        put(out, italic);
        fputs("\\fR", out);
    }
    fputc('\n', out);
    line(out, meaning);
}

static void put_head(FILE *out, const struct program *program)
{
    fputs(".TH \"", out);
    for (const char *at = program->name; *at != '\0'; at++)
        fputc(toupper((unsigned char)*at), out);
    fprintf(out, "\" \"1\" \"\" \"suture %s\" \"Suture\"\n", SUTURE_VERSION);
    fputs(".SH NAME\n", out);
    put(out, program->name);
    fputs(" \\- ", out);
    line(out, program->summary);
    fputs(".SH SYNOPSIS\n", out);
    fprintf(out, ".nf\n\\fB%s\\fR \\fICOMMAND\\fR [\\fIOPTION\\fR]\\&... [\\fIARGUMENT\\fR]\\&...\n",
            program->name);
    fprintf(out,
            "\\fB%s help\\fR "
            "[\\fICOMMAND\\fR|\\fBE\\-\\fINUMBER\\fR|\\fBfailures\\fR|\\fBexit\\-codes\\fR]\n.fi\n",
            program->name);
}

static void put_examples(FILE *out, const struct command *command)
{
    if (command->examples == NULL || command->examples[0] == NULL)
        return;
    fputs(".PP\nExamples:\n.PP\n.nf\n.RS\n", out);
    for (size_t i = 0; command->examples[i] != NULL; i++)
        line(out, command->examples[i]);
    fputs(".RE\n.fi\n", out);
}

static void put_command(FILE *out, const struct program *program, const struct command *command)
{
    macro(out, "SS", command->name);
    fprintf(out, "\\fB%s ", program->name);
    put(out, command->name);
    fputs("\\fR", out);
    if (command_option_count(command) > 0)
        fputs(" [\\fIOPTION\\fR]\\&...", out);
    if (command->arguments[0] != '\0') {
        fputs(" \\fI", out);
        put(out, command->arguments);
        fputs("\\fR", out);
    }
    fputs("\n.PP\n", out);
    line(out, command->summary);
    for (size_t i = 0; i < command_option_count(command); i++) {
        char name[64], value[64];
        snprintf(name, sizeof name, "--%s", command->options[i].name);
        snprintf(value, sizeof value, "%s%s", command->options[i].value ? " " : "",
                 command->options[i].value ? command->options[i].value : "");
        row(out, name, value, command->options[i].help);
    }
    put_examples(out, command);
}

static void put_addresses(FILE *out, const struct program *program)
{
    if (program->addresses == NULL)
        return;
    fputs(".SH ADDRESSES\n", out);
    for (const struct command_address *form = program->addresses; form->scheme != NULL; form++) {
        char scheme[32];
        snprintf(scheme, sizeof scheme, "%s:", form->scheme);
        row(out, scheme, form->rest, form->help);
    }
}

static void put_environment(FILE *out, const struct program *program)
{
    if (program->environment == NULL)
        return;
    fputs(".SH ENVIRONMENT\n", out);
    for (const struct command_option *variable = program->environment; variable->name != NULL; variable++)
        row(out, variable->name, NULL, variable->help);
}

static void put_exits(FILE *out)
{
    size_t count;
    const struct exit_entry *rows = exit_catalogue(&count);

    fputs(".SH \"EXIT STATUS\"\n", out);
    for (size_t i = 0; i < count; i++) {
        char code[16];
        snprintf(code, sizeof code, "%d", rows[i].code);
        row(out, code, NULL, rows[i].meaning);
    }
}

static void put_failures(FILE *out, const struct program *program)
{
    size_t count;
    const struct failure_entry *rows = failure_catalogue(&count);

    fputs(".SH FAILURES\nEvery failure has an id, a cause, a next step and an exit code; ids are never "
          "reused.\n",
          out);
    fprintf(out, "\\fB%s help E\\-51\\fR shows one.\n", program->name);
    for (size_t i = 0; i < count; i++) {
        char id[16];
        snprintf(id, sizeof id, "E-%02d", rows[i].id);
        row(out, id, NULL, rows[i].title);
    }
}

static void put_see_also(FILE *out, const struct program *program)
{
    static const char *const pages[] = {"suture", "suture-bundle", "suture-key", "suture-sim"};
    const char *between = "";

    fputs(".SH \"SEE ALSO\"\n", out);
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
        if (strcmp(pages[i], program->name) != 0) {
            fprintf(out, "%s\\fB", between);
            put(out, pages[i]);
            fputs("\\fR(1)", out);
            between = ", ";
        }
    fputc('\n', out);
}

void command_man(FILE *out, const struct program *program)
{
    put_head(out, program);
    fputs(".SH COMMANDS\n", out);
    fputs("Options may stand anywhere behind the command; what follows \\fB\\-\\-\\fR is never an option.\n",
          out);
    for (size_t i = 0; program->commands[i] != NULL; i++)
        put_command(out, program, program->commands[i]);
    put_addresses(out, program);
    put_environment(out, program);
    put_exits(out);
    put_failures(out, program);
    put_see_also(out, program);
}
