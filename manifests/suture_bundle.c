/* suture-bundle: what a vendor's release engineer types. */
#include "manifests/commands.h"

static const struct command *const commands[] = {
    &command_build, &command_sign, &command_check, &command_explain, &command_extract, NULL,
};

int main(int argc, char **argv)
{
    static const struct program program = {
        .name = "suture-bundle",
        .summary = "builds, signs and proves patch bundles",
        .commands = commands,
    };

    return command_main(&program, argc, argv);
}
