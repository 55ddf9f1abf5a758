/* A slot on a file or block device, as flash with a sync (agent/layout.h): bytes go to the disk as they come, and the disk
 * begins with each half MiB; a thread of the slot's own waits for it. So the disk writes while the agent hashes and decodes.
 *
 * An erase writes nothing: it is remembered, for one block, that what was not programmed there reads as erased. Before sync
 * returns, and before another block is erased, those pieces are written. So an image is written once. */
#ifndef SUTURE_AGENT_PORTS_LINUX_SLOT_DISK_H
#define SUTURE_AGENT_PORTS_LINUX_SLOT_DISK_H

#include "agent/layout.h"
#include "agent/ports/linux/disk.h"

#include <pthread.h>

#define SLOT_UNIT   16 /* bytes: pieces of zeros smaller than this are not looked for */
#define SLOT_ERASED 0x00

struct slot_disk {
    struct disk disk;
    struct flash flash;  /* hand its address to areas */
    uint64_t size;       /* bytes, whole erase blocks */
    bool open;           /* a block is erased and not wholly written */
    uint64_t block;      /* its offset */
    uint64_t written_to; /* offset below which it was written, filler included */
    uint64_t begun_to;   /* offset in it below which the disk was told to begin */
    uint64_t synced_to;  /* offset below which a sync was begun */
    bool failed;         /* a write or flush failed since the disk was opened */

    /* The flushing thread, started with the first sync_begin. Below: under `lock`. */
    bool has_thread;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    enum { FLUSH_IDLE, FLUSH_ASKED, FLUSH_RUNS, FLUSH_END } flush;
    bool flush_failed;
};

/* `block` is the erase block: how many bytes are written between two flushes. Must not be moved afterwards. FAIL_AGENT_DISK. */
bool slot_disk_open(const char *path, enum disk_use use, uint64_t size, uint32_t block, struct slot_disk *out,
                    struct failure *why);
void slot_disk_close(struct slot_disk *slot);

#endif
