/* What suture-agent boot did, for the agent that starts later: RUN/boot, lines KEY=VALUE. It counts in the power-on in which it
 * was written only (the kernel's boot id stands in it): a file on a disk by mistake says nothing after the next start. */
#ifndef SUTURE_AGENT_PORTS_LINUX_HANDOVER_H
#define SUTURE_AGENT_PORTS_LINUX_HANDOVER_H

#include "agent/boot.h"
#include "keys/base/failure.h"

/* As file_write. */
bool handover_write(const char *run, const struct boot_outcome *outcome, struct failure *why);
/* FAIL_AGENT_NO_BOOT: there is none of this power-on. */
bool handover_read(const char *run, struct boot_outcome *out, struct failure *why);

#endif
