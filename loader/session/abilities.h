/* What a device can, from its capabilities: kept for whoever wants to see all of it. What a job needs of them stands in
 * struct device_facts. */
#ifndef SUTURE_LOADER_SESSION_ABILITIES_H
#define SUTURE_LOADER_SESSION_ABILITIES_H

#include "agent/protocol/messages.h"

struct device_abilities {
    struct message_capabilities said; /* but for `agent`, which points nowhere */
    char agent[65];                   /* version of its agent, harmless on a terminal */
};

void abilities_take(const struct message_capabilities *said, struct device_abilities *out);

#endif
