/* The command table of every program: parsing, help and exit codes in one place. Host code. */
#ifndef SUTURE_KEYS_BASE_COMMAND_H
#define SUTURE_KEYS_BASE_COMMAND_H

#include "keys/base/failure.h"
#include "keys/base/version.h"

#define COMMAND_OPTIONS_MAX 24

/* One option of a command: long only ("--from DIR"). */
struct command_option {
    const char *name;  /* without the dashes */
    const char *value; /* name of its value for the help, or NULL for a flag */
    const char *help;
};

struct command;

/* What a command is run with. Lives until the command returns. */
struct invocation {
    const struct command *command;
    const char *values[COMMAND_OPTIONS_MAX]
                      [16]; /* per option, in order of appearance: a repeated option keeps all */
    unsigned counts[COMMAND_OPTIONS_MAX]; /* how often each was given */
    const char *const *arguments;         /* the rest, in order */
    size_t argument_count;
};

struct command {
    const char *name;
    const char *arguments;                  /* for the usage line: "BUNDLE [ADDRESS…]" */
    size_t least_arguments, most_arguments; /* checked before `run`; SIZE_MAX: any number */
    const char *summary;                    /* one line */
    const struct command_option *options;   /* ends with a row of NULL name; may be NULL */
    const char *const *examples; /* ends with NULL: command lines with "# what it does" lines before */
    enum exit_code (*run)(const struct invocation *call);
};

/* A form of the word ADDRESS: "serial:PATH[@BAUD]". */
struct command_address {
    const char *scheme;
    const char *rest;  /* "PATH…" is completed as a file */
    const char *start; /* what a path of this kind begins with, or "" */
    const char *help;
};

struct program {
    const char *name;
    const char *summary;
    const struct command *const *commands;   /* ends with NULL */
    const struct command_address *addresses; /* ends with a row of NULL scheme; may be NULL */
    /* variables: name, NULL, help; ends as options do; may be NULL */
    const struct command_option *environment;
};

/* The whole of main(): picks the command, parses, runs; knows "help" with all that it may be followed by (a command,
 * E-12, failures, exit-codes, --man, --completion SHELL), "--help", "-h" and "--version" by itself. Wrong use is E-01
 * with exit code 64. */
int command_main(const struct program *program, int argc, char **argv);

/* The last value of an option, or `otherwise` when it was not given. Asking for an option that the command doesn't list
 * is a mistake of the program and ends it. */
const char *option_value(const struct invocation *call, const char *name, const char *otherwise);
bool option_given(const struct invocation *call, const char *name);
/* Whether the command lists the option at all: for code that several commands share. */
bool option_listed(const struct invocation *call, const char *name);
/* The k-th value of a repeated option, or NULL past the last. */
const char *option_at(const struct invocation *call, const char *name, size_t k);
/* Prints a failure to standard error and returns its exit code. */
enum exit_code command_fail(const struct failure *why);

#endif
