/* Completion for shells, from the command table: one script a program and shell. What completes a word is read from its name
 * in the table, see complete_of. */
#include "keys/base/command_pages.h"

#include <ctype.h>
#include <string.h>

enum complete { COMPLETE_NOTHING = 0, COMPLETE_FILE = 1, COMPLETE_FOLDER = 2, COMPLETE_ADDRESS = 4 };

#define WORD_MAX 32

static unsigned complete_of_word(const char *word)
{
    static const struct {
        const char *word;
        enum complete complete;
    } rows[] = {
        {"FILE", COMPLETE_FILE},       {"BUNDLE", COMPLETE_FILE},  {"RECIPE", COMPLETE_FILE},
        {"ROOT", COMPLETE_FILE},       {"KEY", COMPLETE_FILE},     {"SIGNER", COMPLETE_FILE},
        {"SPEC", COMPLETE_FILE},       {"PROFILE", COMPLETE_FILE}, {"DIR", COMPLETE_FOLDER},
        {"ADDRESS", COMPLETE_ADDRESS},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].word, word) == 0)
            return rows[i].complete;
    return COMPLETE_NOTHING;
}

/* Takes the next word of a usage text: letters, digits and inner hyphens. False: no more. */
static bool next_word(const char **text, char word[WORD_MAX])
{
    size_t length = 0;

    while (**text != '\0' && !isalnum((unsigned char)**text))
        *text += 1;
    for (; isalnum((unsigned char)**text) || (length > 0 && **text == '-'); *text += 1)
        if (length + 1 < WORD_MAX)
            word[length++] = **text;
    word[length] = '\0';
    if (**text == '.') /* "PROFILE.yaml" is one word, and named by its first half */
        while (isalnum((unsigned char)**text) || **text == '.')
            *text += 1;
    return length > 0;
}

/* What completes a value or an argument: all that its words in capitals stand for. */
static unsigned complete_of(const char *text)
{
    unsigned all = COMPLETE_NOTHING;
    char word[WORD_MAX];

    while (text != NULL && next_word(&text, word))
        all |= complete_of_word(word);
    return all;
}

/* Calls `put` with each word in lower case: the verbs of a command that has some. Answers how many. */
static size_t each_verb(const struct command *command, FILE *out, const char *format)
{
    const char *text = command->arguments;
    char word[WORD_MAX];
    size_t count = 0;

    while (next_word(&text, word))
        if (islower((unsigned char)word[0])) {
            count += 1;
            if (out != NULL)
                fprintf(out, format, word);
        }
    return count;
}

/* A name as shells take it for a function. */
static const char *function_name(const struct program *program, char out[64])
{
    snprintf(out, 64, "%s", program->name);
    for (char *at = out; *at != '\0'; at++)
        if (!isalnum((unsigned char)*at))
            *at = '_';
    return out;
}

/* Text in single quotes; each quote in it as the shell at hand wants it, other characters of `escape` with a backslash. */
static void put_quoted(FILE *out, const char *text, const char *quote, const char *escape)
{
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            fputs(quote, out);
        else if (strchr(escape, *text) != NULL)
            fprintf(out, "\\%c", *text);
        else
            fputc(*text, out);
    }
}

static void put_help_words(FILE *out, const struct program *program, const char *between)
{
    size_t count;
    const struct failure_entry *rows = failure_catalogue(&count);

    for (size_t i = 0; program->commands[i] != NULL; i++)
        fprintf(out, "%s%s", program->commands[i]->name, between);
    for (size_t i = 0; i < count; i++)
        fprintf(out, "E-%02d%s", rows[i].id, between);
    fprintf(out, "failures%sexit-codes%s--man%s--completion", between, between, between);
}

/* ---- bash: a colon and an equals sign are words of their own there, unless the person changed COMP_WORDBREAKS */

static void bash_addresses(FILE *out, const struct program *program, const char *name)
{
    fprintf(out, "_%s_addresses() {\n    case $scheme in\n", name);
    for (const struct command_address *form = program->addresses; form->scheme != NULL; form++) {
        fprintf(out, "    %s) ", form->scheme);
        if (strncmp(form->rest, "PATH", 4) == 0)
            fprintf(out, "word=${word:-%s}; _%s_files", form->start, name);
        else
            fputs("COMPREPLY=()", out);
        fputs(" ;;\n", out);
    }
    fprintf(out, "    '') _%s_words '", name);
    for (const struct command_address *form = program->addresses; form->scheme != NULL; form++)
        fprintf(out, "%s: ", form->scheme);
    fputs("'; compopt -o nospace 2>/dev/null ;;\n    esac\n", out);
    fputs("    [ -z \"$prefix\" ] || COMPREPLY=(\"${COMPREPLY[@]/#/$prefix}\")\n}\n", out);
}

static void bash_complete(FILE *out, const char *name, unsigned complete)
{
    if (complete & COMPLETE_ADDRESS)
        fprintf(out, "_%s_addresses", name);
    else if (complete & COMPLETE_FILE)
        fprintf(out, "_%s_files", name);
    else if (complete & COMPLETE_FOLDER)
        fprintf(out, "_%s_folders", name);
    else
        fputs(":", out);
}

static void bash_command(FILE *out, const struct command *command, const char *name)
{
    size_t options = command_option_count(command);

    fprintf(out, "    %s)\n        case $before in\n", command->name);
    for (size_t i = 0; i < options; i++)
        if (command->options[i].value != NULL) {
            fprintf(out, "        --%s) ", command->options[i].name);
            bash_complete(out, name, complete_of(command->options[i].value));
            fputs("; return ;;\n", out);
        }
    fprintf(out, "        esac\n        case $word in -*)\n            _%s_words '", name);
    for (size_t i = 0; i < options; i++)
        fprintf(out, "--%s ", command->options[i].name);
    fputs("--help'\n            return ;;\n        esac\n        ", out);
    if (each_verb(command, NULL, NULL) > 0) {
        fprintf(out, "if [ \"$COMP_CWORD\" -eq 2 ]; then _%s_words '", name);
        each_verb(command, out, "%s ");
        fputs("'; return; fi\n        ", out);
    }
    bash_complete(out, name, complete_of(command->arguments));
    fputs("\n        ;;\n", out);
}

static void bash_script(FILE *out, const struct program *program)
{
    char name[64];

    function_name(program, name);
    fprintf(out, "# bash completion for %s; made by: %s help --completion bash\n", program->name,
            program->name);
    fprintf(out, "_%s_words() { mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$word\"); }\n", name);
    fprintf(out,
            "_%s_files() { mapfile -t COMPREPLY < <(compgen -f -- \"$word\"); compopt -o filenames "
            "2>/dev/null; }\n",
            name);
    fprintf(out,
            "_%s_folders() { mapfile -t COMPREPLY < <(compgen -d -- \"$word\"); compopt -o filenames "
            "2>/dev/null; "
            "}\n",
            name);
    if (program->addresses != NULL)
        bash_addresses(out, program, name);
    fprintf(out, "_%s() {\n", name);
    fputs("    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} sign='' scheme='' "
          "prefix=''\n"
          "    COMPREPLY=()\n"
          "    if [[ $word == [:=] ]]; then\n"
          "        sign=$word word=''\n"
          "    elif [[ $before == [:=] ]]; then\n"
          "        sign=$before before=${COMP_WORDS[COMP_CWORD-2]}\n"
          "    fi\n"
          "    if [[ $sign == : ]]; then scheme=$before before=''; fi\n"
          "    if [[ -z $sign && $word == --*=* ]]; then\n"
          "        before=${word%%=*} prefix=${word%%=*}= word=${word#*=}\n"
          "    elif [[ -z $sign && $word == [a-z]*:* ]]; then\n"
          "        scheme=${word%%:*} prefix=${word%%:*}: word=${word#*:}\n"
          "    fi\n"
          "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n",
          out);
    fprintf(out, "        _%s_words '", name);
    for (size_t i = 0; program->commands[i] != NULL; i++)
        fprintf(out, "%s ", program->commands[i]->name);
    fputs("help --help --version'\n        return\n    fi\n    case ${COMP_WORDS[1]} in\n", out);
    for (size_t i = 0; program->commands[i] != NULL; i++)
        bash_command(out, program->commands[i], name);
    fprintf(
        out,
        "    help)\n        if [[ $before == --completion ]]; then _%s_words 'bash zsh fish'; return; fi\n",
        name);
    fprintf(out, "        _%s_words '", name);
    put_help_words(out, program, " ");
    fprintf(out, "' ;;\n    esac\n}\ncomplete -F _%s %s\n", name, program->name);
}

/* ---- zsh */

static void zsh_addresses(FILE *out, const struct program *program, const char *name)
{
    const char *word = "if";

    fprintf(out, "_%s_addresses() {\n  local -a found\n", name);
    for (const struct command_address *form = program->addresses; form->scheme != NULL;
         form++, word = "elif") {
        fprintf(out, "  %s compset -P '%s:'; then\n", word, form->scheme);
        if (strncmp(form->rest, "PATH", 4) != 0)
            fputs("    _message 'address'\n", out);
        else if (form->start[0] == '\0')
            fputs("    _files\n", out);
        else
            fprintf(out, "    found=(%s*(N))\n    compadd -a found || _files\n", form->start);
    }
    fputs("  else\n    compadd -S '' --", out);
    for (const struct command_address *form = program->addresses; form->scheme != NULL; form++)
        fprintf(out, " %s:", form->scheme);
    fputs("\n  fi\n}\n", out);
}

static void zsh_action(FILE *out, const char *name, unsigned complete)
{
    if (complete & COMPLETE_ADDRESS)
        fprintf(out, "_%s_addresses", name);
    else if (complete & COMPLETE_FILE)
        fputs("_files", out);
    else if (complete & COMPLETE_FOLDER)
        fputs("_files -/", out);
    else
        fputs(" ", out);
}

static void zsh_command(FILE *out, const struct command *command, const char *name)
{
    fprintf(out, "    %s)\n      _arguments \\\n", command->name);
    for (size_t i = 0; i < command_option_count(command); i++) {
        const struct command_option *option = &command->options[i];
        fprintf(out, "        '%s--%s%s[", option->value ? "*" : "", option->name, option->value ? "=" : "");
        put_quoted(out, option->help, "'\\''", "[]:\\");
        fputc(']', out);
        if (option->value != NULL) {
            fputc(':', out);
            put_quoted(out, option->value, "'\\''", ":\\");
            fputc(':', out);
            zsh_action(out, name, complete_of(option->value));
        }
        fputs("' \\\n", out);
    }
    fputs("        '(- *)--help[options and examples]'", out);
    if (each_verb(command, NULL, NULL) > 0) {
        fputs(" \\\n        '1:verb:(", out);
        each_verb(command, out, "%s ");
        fputs(")'", out);
    }
    if (command->most_arguments > 0) {
        fputs(" \\\n        '*:argument:", out);
        zsh_action(out, name, complete_of(command->arguments));
        fputc('\'', out);
    }
    fputs(" ;;\n", out);
}

static void zsh_script(FILE *out, const struct program *program)
{
    char name[64];

    function_name(program, name);
    fprintf(out, "#compdef %s\n# made by: %s help --completion zsh\n", program->name, program->name);
    if (program->addresses != NULL)
        zsh_addresses(out, program, name);
    fprintf(out, "_%s() {\n  local context state state_descr line\n  typeset -A opt_args\n", name);
    fputs("  _arguments -C '--help[commands]' '--version[version]' '1:command:->command' "
          "'*::argument:->argument'\n",
          out);
    fputs("  case $state in\n  command)\n    local -a commands\n    commands=(\n", out);
    for (size_t i = 0; program->commands[i] != NULL; i++) {
        fprintf(out, "      '%s:", program->commands[i]->name);
        put_quoted(out, program->commands[i]->summary, "'\\''", "\\:");
        fputs("'\n", out);
    }
    fputs("      'help:options, examples, failures'\n    )\n    _describe command commands ;;\n", out);
    fputs("  argument)\n    case $words[1] in\n", out);
    for (size_t i = 0; program->commands[i] != NULL; i++)
        zsh_command(out, program->commands[i], name);
    fputs("    help)\n      _arguments '--completion[for a shell]:shell:(bash zsh fish)' '1:about:(", out);
    put_help_words(out, program, " ");
    fputs(")' ;;\n    esac ;;\n  esac\n}\n", out);
    fprintf(out, "if [[ $funcstack[1] == _%s ]]; then _%s \"$@\"; else compdef _%s %s; fi\n", program->name,
            name, name, program->name);
}

/* ---- fish */

static void fish_addresses(FILE *out, const struct program *program, const char *name)
{
    fprintf(out, "function __%s_addresses\n    set -l word (commandline -ct)\n", name);
    for (const struct command_address *form = program->addresses; form->scheme != NULL; form++) {
        fprintf(out, "    echo %s:\n", form->scheme);
        if (strncmp(form->rest, "PATH", 4) != 0)
            continue;
        fprintf(out,
                "    if string match -q '%s:*' -- $word\n        set -l path (string replace '%s:' '' -- "
                "$word)\n",
                form->scheme, form->scheme);
        if (form->start[0] != '\0')
            fprintf(out, "        test -n \"$path\"; or set path %s\n", form->start);
        fprintf(out, "        for found in $path*\n            echo %s:$found\n        end\n    end\n",
                form->scheme);
    }
    fputs("end\n", out);
}

static void fish_action(FILE *out, const char *name, unsigned complete)
{
    if (complete & COMPLETE_ADDRESS)
        fprintf(out, " -a '(__%s_addresses)'", name);
    else if (complete & COMPLETE_FILE)
        fputs(" -F", out);
    else if (complete & COMPLETE_FOLDER)
        fputs(" -a '(__fish_complete_directories (commandline -ct))'", out);
}

static void fish_command(FILE *out, const struct program *program, const struct command *command,
                         const char *name)
{
    unsigned complete = complete_of(command->arguments);

    fprintf(out, "complete -c %s -n __fish_use_subcommand -a %s -d '", program->name, command->name);
    put_quoted(out, command->summary, "\\'", "\\");
    fputs("'\n", out);
    for (size_t i = 0; i < command_option_count(command); i++) {
        const struct command_option *option = &command->options[i];
        fprintf(out, "complete -c %s -n '__fish_seen_subcommand_from %s' -l %s", program->name, command->name,
                option->name);
        if (option->value != NULL) {
            fputs(" -r", out);
            fish_action(out, name, complete_of(option->value));
        }
        fputs(" -d '", out);
        put_quoted(out, option->help, "\\'", "\\");
        fputs("'\n", out);
    }
    if (each_verb(command, NULL, NULL) > 0) {
        fprintf(out, "complete -c %s -n '__fish_seen_subcommand_from %s' -a '", program->name, command->name);
        each_verb(command, out, "%s ");
        fputs("'\n", out);
    }
    if (complete != COMPLETE_NOTHING) {
        fprintf(out, "complete -c %s -n '__fish_seen_subcommand_from %s'", program->name, command->name);
        fish_action(out, name, complete);
        fputc('\n', out);
    }
}

static void fish_script(FILE *out, const struct program *program)
{
    char name[64];

    function_name(program, name);
    fprintf(out, "# fish completion for %s; made by: %s help --completion fish\n", program->name,
            program->name);
    if (program->addresses != NULL)
        fish_addresses(out, program, name);
    fprintf(out, "complete -c %s -f\n", program->name);
    for (size_t i = 0; program->commands[i] != NULL; i++)
        fish_command(out, program, program->commands[i], name);
    fprintf(out, "complete -c %s -n __fish_use_subcommand -a help -d 'options, examples, failures'\n",
            program->name);
    fprintf(out, "complete -c %s -n __fish_use_subcommand -l version\n", program->name);
    fprintf(out, "complete -c %s -n '__fish_seen_subcommand_from help' -a '", program->name);
    put_help_words(out, program, " ");
    fputs("'\n", out);
}

bool command_completion(FILE *out, const struct program *program, const char *shell)
{
    static const struct {
        const char *shell;
        void (*script)(FILE *out, const struct program *program);
    } rows[] = {{"bash", bash_script}, {"zsh", zsh_script}, {"fish", fish_script}};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].shell, shell) == 0) {
            rows[i].script(out, program);
            return true;
        }
    return false;
}
