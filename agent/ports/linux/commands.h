/* The commands of suture-agent, one a file, and what they share. */
#ifndef SUTURE_AGENT_PORTS_LINUX_COMMANDS_H
#define SUTURE_AGENT_PORTS_LINUX_COMMANDS_H

#include "keys/base/command.h"

extern const struct command command_run, command_boot, command_hold, command_status, command_factory;

#endif
