/* Files and block devices: opened once, of a known size, read and written at offsets without holes in the answer. */
#ifndef SUTURE_AGENT_PORTS_LINUX_DISK_H
#define SUTURE_AGENT_PORTS_LINUX_DISK_H

#include "keys/base/failure.h"
#include "keys/base/span.h"

#include <stdint.h>

/* READ looks only. WRITE is for a running agent: the file must be there and large enough. MAKE is the factory's: a file is
 * made, or made larger, with its blocks allocated; a block device must be there. */
enum disk_use { DISK_READ, DISK_WRITE, DISK_MAKE };

struct disk {
    int file;         /* -1: closed */
    const char *path; /* borrowed */
};

/* Opens `path`, which must hold `size` bytes. What the kernel remembers of it is dropped, so that the first reads come from
 * the medium. FAIL_AGENT_DISK; `out` is then closed. */
bool disk_open(const char *path, enum disk_use use, uint64_t size, struct disk *out, struct failure *why);
void disk_close(struct disk *disk);
/* Nobody else writes here as long as the disk is open: FAIL_AGENT_LOCKED when somebody does. */
bool disk_lock(const struct disk *disk, struct failure *why);

/* All of it, or false. */
bool disk_read(const struct disk *disk, uint64_t offset, uint8_t *data, size_t size);
bool disk_write(const struct disk *disk, uint64_t offset, const uint8_t *data, size_t size);
/* What was written is on the medium, and in no cache of kernel or disk. False: part of it may be lost, whatever reads say. */
bool disk_flush(const struct disk *disk);

#endif
