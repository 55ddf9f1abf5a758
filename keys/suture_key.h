/* The commands of suture-key, one a file. */
#ifndef SUTURE_KEYS_SUTURE_KEY_H
#define SUTURE_KEYS_SUTURE_KEY_H

#include "keys/base/command.h"

extern const struct command cmd_new, cmd_show, cmd_root, cmd_certify;

#endif
