/* The log of a forgetful disk: every write and flush in the order it was answered, with its data. What follows an entry of
 * kind WRITE are `size` bytes. In the byte order of this machine: a log is read where it was written. */
#ifndef SUTURE_TESTS_VM_DISK_LOG_H
#define SUTURE_TESTS_VM_DISK_LOG_H

#include <stdint.h>

#define DISK_SECTOR 512u /* bytes; what a cut keeps or loses as one */

enum disk_command {
    DISK_WRITE = 1,
    DISK_FLUSH = 2,
    DISK_WRITE_THROUGH = 3, /* with FUA: durable when answered */
};

struct disk_entry {
    uint64_t offset; /* bytes; 0 for a flush */
    uint32_t size;   /* bytes; 0 for a flush */
    uint32_t command;
};

/* The seeded coin of a cut (a linear congruence; its high bits are used). */
static inline uint64_t disk_toss(uint64_t *chance)
{
    *chance = *chance * 6364136223846793005u + 1442695040888963407u;
    return *chance >> 33;
}

#endif
