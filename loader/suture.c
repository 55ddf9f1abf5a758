/* suture: the technician's program. */
#include "loader/cmd/run.h"

static const struct command *const commands[] = {
    &command_devices, &command_check,    &command_update,
    &command_resume,  &command_rollback, &command_verify,
    &command_receipt, &command_trust,    NULL,
};

int main(int argc, char **argv)
{
    static const struct program program = {"suture", "update devices through their service port", commands};
    return command_main(&program, argc, argv);
}
