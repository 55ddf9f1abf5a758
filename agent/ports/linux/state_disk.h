/* The agent's small areas (records, identity, root, META, journal, log) on a file or block device, as flash that keeps the
 * strict contract of agent/layout.h: program and erase return when the disk has them for good.
 *
 * A disk loses or tears whole sectors. So each write unit has a sector of its own, which is never written again before its
 * block is erased: what a power cut spoils is the unit that was being written, and no neighbour.
 *
 *   flash   │ unit 0: 256 bytes │ unit 1 │ …
 *   disk    │ sector 0: 4,096 bytes, the unit in its first 256, zeros behind │ sector 1 │ … */
#ifndef SUTURE_AGENT_PORTS_LINUX_STATE_DISK_H
#define SUTURE_AGENT_PORTS_LINUX_STATE_DISK_H

#include "agent/layout.h"
#include "agent/ports/linux/disk.h"

#define STATE_UNIT   256  /* bytes of flash */
#define STATE_BLOCK  4096 /* bytes of flash in one erase block */
#define STATE_SECTOR 4096 /* bytes of disk that hold one unit: the largest sector that disks have */
/* Erased is zero: what a factory makes of a new file needs no writing. */
#define STATE_ERASED 0x00

struct state_disk {
    struct disk disk;
    struct flash flash; /* hand its address to areas */
    uint64_t size;      /* bytes of flash */
    bool failed; /* a flush failed: what reads say proves nothing any more, so that no write is believed */
};

/* `size` in bytes of flash, whole erase blocks. FAIL_AGENT_DISK, FAIL_AGENT_LOCKED (unless it is only read). */
bool state_disk_open(const char *path, enum disk_use use, uint64_t size, struct state_disk *out,
                     struct failure *why);
void state_disk_close(struct state_disk *state);
/* Bytes of disk that so much flash takes. */
uint64_t state_disk_bytes(uint64_t size);

#endif
