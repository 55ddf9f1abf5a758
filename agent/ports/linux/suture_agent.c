/* suture-agent: the agent of a device that runs Linux. */
#include "agent/ports/linux/commands.h"

int main(int argc, char **argv)
{
    static const struct command *const commands[] = {&command_run,    &command_boot,    &command_hold,
                                                     &command_status, &command_factory, NULL};
    static const struct program program = {
        .name = "suture-agent",
        .summary = "the agent of a device that runs Linux",
        .commands = commands,
    };
    return command_main(&program, argc, argv);
}
