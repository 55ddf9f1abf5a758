/* What the agent says of its device to whoever is on the device: one JSON object to each who connects to RUN/status. */
#ifndef SUTURE_AGENT_PORTS_LINUX_STATUS_H
#define SUTURE_AGENT_PORTS_LINUX_STATUS_H

#include "keys/base/failure.h"

struct machine;
struct status_door {
    int listener; /* -1: closed */
    char path[108];
};

/* FAIL_AGENT_DOOR. */
bool status_open(struct status_door *door, const char *run, struct failure *why);
void status_close(struct status_door *door);
/* Somebody knocks: he gets the object and is shown out. Does not block. */
void status_serve(const struct status_door *door, struct machine *machine);
/* The other side: the object, allocated. FAIL_AGENT_SILENT. */
bool status_ask(const char *run, char **out, struct failure *why);

#endif
