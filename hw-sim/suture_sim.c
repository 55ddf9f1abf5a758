/* suture-sim: devices made of memory, for vendors and CI to prove an update before it reaches a ward. */
#include "hw-sim/commands.h"

int main(int argc, char **argv)
{
    static const struct command *const commands[] = {&command_factory, &command_run, &command_ctl, NULL};
    static const struct program program = {
        .name = "suture-sim",
        .summary = "simulated devices with the real agent inside",
        .commands = commands,
    };
    return command_main(&program, argc, argv);
}
