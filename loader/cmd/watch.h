/* suture devices --watch: who is there, who comes and who goes, until a person ends it. */
#ifndef SUTURE_LOADER_CMD_WATCH_H
#define SUTURE_LOADER_CMD_WATCH_H

#include "keys/base/command.h"

/* Places are looked for every WATCH_LOOK_MS; a new one is asked at once, and each again WATCH_ASK_MS after its last answer,
 * since a device behind a serial adapter comes and goes without the port telling. A place that another program holds keeps
 * what was known of it. Tells EVENT_DEVICE for a device that is there or has changed, EVENT_GONE for one that no longer is,
 * and a note, once, where something of this station is in the way of asking. */
#define WATCH_LOOK_MS 500
#define WATCH_ASK_MS  3000

/* The command line of `devices`. EXIT_VERIFIED when it was ended by an interrupt; FAIL_ and exit codes of addresses_read. */
enum exit_code watch_devices(const struct invocation *call);

#endif
