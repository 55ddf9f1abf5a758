/* Help on a screen, from the command table and the catalogue of failures. */
#include "keys/base/command_pages.h"

#include <string.h>

#define NAME_MAX_NEAR 32 /* bytes of a name that is compared */

const struct command *command_find(const struct program *program, const char *name)
{
    for (size_t i = 0; program->commands[i] != NULL; i++)
        if (strcmp(program->commands[i]->name, name) == 0)
            return program->commands[i];
    return NULL;
}

/* Least number of letters to add, drop or change (Levenshtein); both at most NAME_MAX_NEAR bytes. */
static size_t distance(const char *a, const char *b)
{
    size_t row[NAME_MAX_NEAR + 1], width = strlen(b);

    for (size_t k = 0; k <= width; k++)
        row[k] = k;
    for (size_t i = 1; a[i - 1] != '\0'; i++) {
        size_t corner = row[0];
        row[0] = i;
        for (size_t k = 1; k <= width; k++) {
            size_t best = corner + (a[i - 1] != b[k - 1]);
            corner = row[k];
            best = row[k] + 1 < best ? row[k] + 1 : best;
            row[k] = row[k - 1] + 1 < best ? row[k - 1] + 1 : best;
        }
    }
    return row[width];
}

const struct command *command_near(const struct program *program, const char *name)
{
    const struct command *near = NULL;
    size_t least = 3;

    if (strlen(name) > NAME_MAX_NEAR)
        return NULL;
    for (size_t i = 0; program->commands[i] != NULL; i++) {
        const char *candidate = program->commands[i]->name;
        size_t away = strlen(candidate) <= NAME_MAX_NEAR ? distance(name, candidate) : least;
        if (away < least && away < strlen(candidate)) {
            least = away;
            near = program->commands[i];
        }
    }
    return near;
}

void command_usage(FILE *out, const struct program *program, const struct command *command)
{
    fprintf(out, "usage: %s %s%s%s%s\n", program->name, command->name,
            command_option_count(command) ? " [OPTION…]" : "", command->arguments[0] != '\0' ? " " : "",
            command->arguments);
}

static void print_addresses(FILE *out, const struct program *program)
{
    fprintf(out, "\naddresses:\n");
    for (const struct command_address *form = program->addresses; form->scheme != NULL; form++) {
        char left[64];
        snprintf(left, sizeof left, "%s:%s", form->scheme, form->rest);
        fprintf(out, "  %-26s %s\n", left, form->help);
    }
}

void command_help(FILE *out, const struct program *program, const struct command *command)
{
    command_usage(out, program, command);
    fprintf(out, "\n%s\n", command->summary);
    if (command_option_count(command) > 0)
        fprintf(out, "\noptions:\n");
    for (size_t i = 0; i < command_option_count(command); i++) {
        const struct command_option *option = &command->options[i];
        char left[64];
        snprintf(left, sizeof left, "--%s%s%s", option->name, option->value ? " " : "",
                 option->value ? option->value : "");
        fprintf(out, "  %-26s %s\n", left, option->help);
    }
    if (program->addresses != NULL && strstr(command->arguments, "ADDRESS") != NULL)
        print_addresses(out, program);
    if (command->examples != NULL && command->examples[0] != NULL)
        fprintf(out, "\nexamples:\n");
    for (size_t i = 0; command->examples != NULL && command->examples[i] != NULL; i++)
        fprintf(out, "  %s\n", command->examples[i]);
}

void command_help_program(FILE *out, const struct program *program)
{
    fprintf(out, "%s: %s\n\nusage: %s COMMAND [OPTION…] [ARGUMENT…]\n\ncommands:\n", program->name,
            program->summary, program->name);
    for (size_t i = 0; program->commands[i] != NULL; i++)
        fprintf(out, "  %-10s %s\n", program->commands[i]->name, program->commands[i]->summary);
    fprintf(out, "\nhelp:\n");
    fprintf(out, "  %-18s options and examples of a command; COMMAND --help is the same\n", "help COMMAND");
    fprintf(out, "  %-18s cause and next step of a failure\n", "help E-12");
    fprintf(out, "  %-18s all failures\n", "help failures");
    fprintf(out, "  %-18s what the exit codes mean\n", "help exit-codes");
    fprintf(out, "  %-18s this program's man page (see it with: man -l FILE)\n", "help --man");
    fprintf(out, "  %-18s completion for bash, zsh or fish\n", "help --completion");
}

void command_help_exits(FILE *out)
{
    size_t count;
    const struct exit_entry *rows = exit_catalogue(&count);

    for (size_t i = 0; i < count; i++)
        fprintf(out, "%4d  %s\n", rows[i].code, rows[i].meaning);
}

void command_help_failures(FILE *out)
{
    size_t count;
    const struct failure_entry *rows = failure_catalogue(&count);

    for (size_t i = 0; i < count; i++)
        fprintf(out, "E-%02d  exit %3d  %s\n", rows[i].id, rows[i].exit, rows[i].title);
}
