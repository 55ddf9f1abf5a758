/* What is made from a program's command table: help on a screen, a man page, completion for shells. Host code; command.c is
 * its only caller. The same table gives the same bytes every time. */
#ifndef SUTURE_KEYS_BASE_COMMAND_PAGES_H
#define SUTURE_KEYS_BASE_COMMAND_PAGES_H

#include "keys/base/command.h"

size_t command_option_count(const struct command *command);
/* NULL: no command is called so. */
const struct command *command_find(const struct program *program, const char *name);
/* The command whose name is nearest to a mistyped one; NULL: none is near. */
const struct command *command_near(const struct program *program, const char *name);

void command_usage(FILE *out, const struct program *program, const struct command *command);
void command_help(FILE *out, const struct program *program, const struct command *command);
void command_help_program(FILE *out, const struct program *program);
void command_help_exits(FILE *out);
void command_help_failures(FILE *out);

/* The page of section 1 as roff, man macros, ASCII only. */
void command_man(FILE *out, const struct program *program);

/* The completion script for "bash", "zsh" or "fish". False: no other shell is known, and nothing was printed. What a word of
 * a usage line or an option's value is completed with follows from its name: DIR a folder; FILE, BUNDLE, KEY and the like a
 * file; ADDRESS a form of the program's addresses; a word in lower case is itself. */
bool command_completion(FILE *out, const struct program *program, const char *shell);

#endif
