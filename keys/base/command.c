/* One table of commands, one parser, one help for every program. */
#include "keys/base/command.h"
#include "keys/base/command_pages.h"

#include <stdlib.h>
#include <string.h>

size_t command_option_count(const struct command *command)
{
    size_t count = 0;
    while (command->options != NULL && command->options[count].name != NULL)
        count++;
    return count;
}

static int option_index(const struct command *command, const char *name, size_t length)
{
    for (size_t i = 0; i < command_option_count(command); i++)
        if (strlen(command->options[i].name) == length &&
            strncmp(command->options[i].name, name, length) == 0)
            return (int)i;
    return -1;
}

static enum exit_code wrong_use(const struct program *program, const struct command *command,
                                const char *what, const char *subject)
{
    struct failure why;

    if (command != NULL)
        command_usage(stderr, program, command);
    failure_set(&why, FAIL_USAGE, "%s%s%s: %s%s", program->name, command ? " " : "",
                command ? command->name : "", what, subject);
    return command_fail(&why);
}

static enum exit_code unknown_command(const struct program *program, const char *name)
{
    const struct command *near = command_near(program, name);
    char subject[160];

    if (near != NULL)
        snprintf(subject, sizeof subject, "%.64s; did you mean: %s %s", name, program->name, near->name);
    else
        snprintf(subject, sizeof subject, "%.64s; type: %s help", name, program->name);
    return wrong_use(program, NULL, "no command is called ", subject);
}

static enum exit_code help_failure(const struct program *program, const char *id)
{
    char *end;
    long number = strtol(id + 2, &end, 10);
    const struct failure_entry *entry = failure_entry((enum failure_id)number);

    if (end == id + 2 || *end != '\0' || entry->id == FAIL_NONE)
        return wrong_use(program, NULL, "no failure has the id ", id);
    printf("E-%02d %s\n\n  cause  %s\n  next   %s\n  exit   %d\n", entry->id, entry->title, entry->cause,
           entry->next, entry->exit);
    return EXIT_VERIFIED;
}

static enum exit_code help_completion(const struct program *program, const char *shell)
{
    if (shell == NULL || !command_completion(stdout, program, shell))
        return wrong_use(program, NULL, "help --completion takes bash, zsh or fish, not ",
                         shell == NULL ? "nothing" : shell);
    return EXIT_VERIFIED;
}

static enum exit_code help(const struct program *program, int count, char **words)
{
    const struct command *command;

    if (count == 0 || strcmp(words[0], "help") == 0 || strcmp(words[0], "--help") == 0)
        command_help_program(stdout, program);
    else if (strcmp(words[0], "--man") == 0)
        command_man(stdout, program);
    else if (strcmp(words[0], "--completion") == 0)
        return help_completion(program, count > 1 ? words[1] : NULL);
    else if (strncmp(words[0], "E-", 2) == 0)
        return help_failure(program, words[0]);
    else if ((command = command_find(program, words[0])) != NULL)
        command_help(stdout, program, command);
    else if (strcmp(words[0], "failures") == 0)
        command_help_failures(stdout);
    else if (strcmp(words[0], "exit-codes") == 0)
        command_help_exits(stdout);
    else
        return unknown_command(program, words[0]);
    return EXIT_VERIFIED;
}

/* Takes one word that begins with "--"; `next` is the word after it or NULL. Answers how many words it took, 0 for a
 * mistake, which was then printed. */
static int take_option(const struct program *program, struct invocation *call, const char *word,
                       const char *next)
{
    const struct command *command = call->command;
    const char *equals = strchr(word, '=');
    size_t length = equals ? (size_t)(equals - word) - 2 : strlen(word) - 2;
    int index = option_index(command, word + 2, length);

    if (index < 0) {
        wrong_use(program, command, "no option is called ", word);
        return 0;
    }
    bool wants_value = command->options[index].value != NULL;
    const char *value = equals ? equals + 1 : wants_value ? next : "";
    if (wants_value && value == NULL) {
        wrong_use(program, command, "a value is missing after ", word);
        return 0;
    }
    if (!wants_value && equals != NULL) {
        wrong_use(program, command, "no value may be given to ", word);
        return 0;
    }
    unsigned most = sizeof call->values[0] / sizeof call->values[0][0];
    if (call->counts[index] == most) {
        wrong_use(program, command, "given too often: ", word);
        return 0;
    }
    call->values[index][call->counts[index]++] = value;
    return wants_value && equals == NULL ? 2 : 1;
}

static enum exit_code run(const struct program *program, const struct command *command, int count,
                          char **words)
{
    const char **arguments = calloc((size_t)count + 1, sizeof *arguments);
    struct invocation call = {.command = command, .arguments = arguments};
    enum exit_code code = EXIT_USAGE;
    bool options_end = false;

    if (arguments == NULL || command_option_count(command) > COMMAND_OPTIONS_MAX) {
        free(arguments);
        return EXIT_INTERNAL;
    }
    for (int i = 0; i < count;) {
        if (!options_end && strcmp(words[i], "--") == 0) {
            options_end = true;
            i += 1;
        } else if (!options_end && (strcmp(words[i], "--help") == 0 || strcmp(words[i], "-h") == 0)) {
            command_help(stdout, program, command);
            code = EXIT_VERIFIED;
            goto out;
        } else if (!options_end && strncmp(words[i], "--", 2) == 0) {
            int taken = take_option(program, &call, words[i], i + 1 < count ? words[i + 1] : NULL);
            if (taken == 0)
                goto out;
            i += taken;
        } else if (!options_end && words[i][0] == '-' && words[i][1] != '\0') {
            code = wrong_use(program, command, "options are long here; no option is called ", words[i]);
            goto out;
        } else {
            arguments[call.argument_count++] = words[i++];
        }
    }
    if (call.argument_count < command->least_arguments)
        code = wrong_use(program, command, "something is missing: ", command->arguments);
    else if (call.argument_count > command->most_arguments)
        code = wrong_use(program, command, "one too many: ", arguments[command->most_arguments]);
    else
        code = command->run(&call);
out:
    free(arguments);
    return code;
}

int command_main(const struct program *program, int argc, char **argv)
{
    enum exit_code code;

    if (argc < 2) {
        command_help_program(stderr, program);
        return EXIT_USAGE;
    }
    const struct command *command = command_find(program, argv[1]);
    if (command != NULL) {
        code = run(program, command, argc - 2, argv + 2);
    } else if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        code = help(program, argc - 2, argv + 2);
    } else if (strcmp(argv[1], "--version") == 0) {
        printf("%s %s\n", program->name, SUTURE_VERSION);
        code = EXIT_VERIFIED;
    } else {
        code = unknown_command(program, argv[1]);
    }
    /* What was printed and could not be is a lost answer, not a success. */
    if (fflush(stdout) != 0 && code == EXIT_VERIFIED)
        code = EXIT_LOCAL_IO;
    return code;
}

static size_t wanted_option(const struct invocation *call, const char *name)
{
    int index = option_index(call->command, name, strlen(name));
    if (index < 0) {
        fprintf(stderr, "%s does not list the option --%s\n", call->command->name, name);
        abort();
    }
    return (size_t)index;
}

const char *option_value(const struct invocation *call, const char *name, const char *otherwise)
{
    size_t index = wanted_option(call, name);
    return call->counts[index] ? call->values[index][call->counts[index] - 1] : otherwise;
}

bool option_listed(const struct invocation *call, const char *name)
{
    return option_index(call->command, name, strlen(name)) >= 0;
}

bool option_given(const struct invocation *call, const char *name)
{
    return call->counts[wanted_option(call, name)] > 0;
}

const char *option_at(const struct invocation *call, const char *name, size_t k)
{
    size_t index = wanted_option(call, name);
    return k < call->counts[index] ? call->values[index][k] : NULL;
}

enum exit_code command_fail(const struct failure *why)
{
    fflush(stdout);
    failure_print(stderr, why);
    return failure_exit(why);
}
