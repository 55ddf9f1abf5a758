/* suture-key: the table of its commands. */
#include "keys/suture_key.h"

static const struct command *const commands[] = {&cmd_new, &cmd_show, &cmd_root, &cmd_certify, NULL};

static const struct program program = {
    .name = "suture-key",
    .summary = "keys, root documents and device certificates of a vendor",
    .commands = commands,
};

int main(int argc, char **argv)
{
    return command_main(&program, argc, argv);
}
