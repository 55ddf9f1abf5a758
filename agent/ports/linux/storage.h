/* State and slots of one device, placed as areas: the layout that the engine works on. */
#ifndef SUTURE_AGENT_PORTS_LINUX_STORAGE_H
#define SUTURE_AGENT_PORTS_LINUX_STORAGE_H

#include "agent/ports/linux/config.h"
#include "agent/ports/linux/slot_disk.h"
#include "agent/ports/linux/state_disk.h"

#define STORAGE_JOURNAL_BLOCKS 4
#define STORAGE_LOG_BLOCKS     16 /* of 16 entries each */

struct storage {
    struct state_disk state;
    struct slot_disk slots[2];
    struct layout layout;
};

/* Must not be moved afterwards: the layout points into it. FAIL_AGENT_DISK, FAIL_AGENT_LOCKED, FAIL_LAYOUT. */
bool storage_open(const struct config_file *config, enum disk_use use, struct storage *out,
                  struct failure *why);
void storage_close(struct storage *storage);

#endif
