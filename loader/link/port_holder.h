/* Who holds a port that refuses to open, as far as /proc tells this user. */
#ifndef SUTURE_LOADER_LINK_PORT_HOLDER_H
#define SUTURE_LOADER_LINK_PORT_HOLDER_H

#include <stdbool.h>
#include <sys/types.h>

struct port_holder {
    pid_t pid;
    char program[32]; /* harmless on a terminal */
};

/* Finds the process that locked the port (flock), else one that has it open; this process only when there is no other.
 * False: none is visible, as other users' processes may be. */
bool port_holder_find(const char *path, struct port_holder *holder);

#endif
