/* The commands of suture-bundle, one a file (cmd_NAME.c). */
#ifndef SUTURE_MANIFESTS_COMMANDS_H
#define SUTURE_MANIFESTS_COMMANDS_H

#include "keys/base/command.h"

extern const struct command command_build, command_sign, command_check, command_explain, command_extract;

#endif
