/* The device's own word on whether it may be touched now (docs/formats.md 7, hospital rules 4.1). No flag of any loader
 * overrides it. */
#ifndef SUTURE_AGENT_INTERLOCK_H
#define SUTURE_AGENT_INTERLOCK_H

#include "agent/agent_state.h"

#define BATTERY_LEAST_ALONE 50 /* percent, without mains */
#define BATTERY_LEAST_MAINS 20
#define BATTERY_UNKNOWN     255

/* NOT_SERVICE, then IN_USE, then LOW_BATTERY; OK when none holds. An unknown battery is believed with mains only: a device
 * without any has mains. */
enum status interlock_judge(const struct interlock *interlock);
/* The same, as the port says it. For everything that stages. */
enum status interlock_allows(const struct agent *agent);
/* The same, of this very moment, whatever the port remembers. Right before what activates, rolls back or resets. */
enum status interlock_allows_now(const struct agent *agent);
/* Service mode and use only: for acts that are over in a moment and leave the device safer (confirm, abort, trust). */
enum status interlock_allows_moment(const struct agent *agent);
/* What stands between this device and an update, for preflight. */
void interlock_preflight(const struct agent *agent, struct message_preflight *out);

#endif
