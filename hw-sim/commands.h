/* The commands of suture-sim, one a file. */
#ifndef SUTURE_SIM_COMMANDS_H
#define SUTURE_SIM_COMMANDS_H

#include "keys/base/command.h"

extern const struct command command_factory, command_run, command_ctl;

#endif
