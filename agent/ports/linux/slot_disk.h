/* A slot on a file or block device, as flash with a sync (agent/layout.h): bytes go to the disk as they come, and the disk
 * begins at once; sync waits for it. So the disk writes while the agent hashes and decodes.
 *
 * An erase writes nothing: it is remembered, for one block, that what was not programmed there reads as erased. Before sync
 * returns, and before another block is erased, those pieces are written. So an image is written once. */
#ifndef SUTURE_AGENT_PORTS_LINUX_SLOT_DISK_H
#define SUTURE_AGENT_PORTS_LINUX_SLOT_DISK_H

#include "agent/layout.h"
#include "agent/ports/linux/disk.h"

#define SLOT_UNIT   16 /* bytes: pieces of zeros smaller than this are not looked for */
#define SLOT_ERASED 0x00

struct slot_disk {
    struct disk disk;
    struct flash flash;  /* hand its address to areas */
    uint64_t size;       /* bytes, whole erase blocks */
    bool open;           /* a block is erased and not wholly written */
    uint64_t block;      /* its offset */
    uint64_t written_to; /* offset below which it was written, filler included */
    bool failed;         /* a write or flush failed since the disk was opened */
};

/* `block` is the erase block: how many bytes are written between two flushes. FAIL_AGENT_DISK. */
bool slot_disk_open(const char *path, enum disk_use use, uint64_t size, uint32_t block, struct slot_disk *out,
                    struct failure *why);
void slot_disk_close(struct slot_disk *slot);

#endif
