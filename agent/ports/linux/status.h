/* What the agent says of its device to whoever is on the device: one JSON object to each who connects to RUN/status. */
#ifndef SUTURE_AGENT_PORTS_LINUX_STATUS_H
#define SUTURE_AGENT_PORTS_LINUX_STATUS_H

#include "keys/base/unix_socket.h"

struct machine;

/* FAIL_AGENT_DOOR. */
bool status_open(struct unix_listener *door, const char *run, struct failure *why);
/* Somebody knocks: he gets the object and is shown out. Does not block. */
void status_serve(const struct unix_listener *door, struct machine *machine);
/* The other side: the object, allocated. FAIL_AGENT_SILENT. */
bool status_ask(const char *run, char **out, struct failure *why);

#endif
