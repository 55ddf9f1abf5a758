/* The log of a forgetful disk: every write and flush in the order it was answered, with its data. What follows an entry of
 * kind WRITE are `size` bytes. In the byte order of this machine: a log is read where it was written. */
#ifndef SUTURE_TESTS_VM_DISK_LOG_H
#define SUTURE_TESTS_VM_DISK_LOG_H

#include <stdint.h>

#define DISK_SECTOR 512u /* bytes; what a cut keeps or loses as one */

enum disk_command {
    COMMAND_WRITE = 1,
    COMMAND_FLUSH = 2,
    COMMAND_WRITE_THROUGH = 3, /* with FUA: durable when answered */
};

struct disk_entry {
    uint64_t offset; /* bytes; 0 for a flush */
    uint32_t size;   /* bytes; 0 for a flush */
    uint32_t command;
};

/* What the witness writes to its place on the disk: the beginning of an answer that is about to leave, and the two boot records
 * as the agent sees them by then, flushed or not: the first bytes of each disk sector that holds one of their units
 * (agent/ports/linux/state_disk.h). */
#define DISK_ANSWER       0x5754u
#define DISK_RECORDS_SIZE 8192u /* bytes: two erase blocks of state */
struct disk_answer {
    uint32_t magic, number; /* from 1, in one run of the agent */
    uint32_t size;          /* bytes of the answer */
    uint8_t bytes[DISK_SECTOR - 12];
    uint8_t records[DISK_RECORDS_SIZE];
};

/* The seeded coin of a cut (a linear congruence; its high bits are used). */
static inline uint64_t disk_toss(uint64_t *chance)
{
    *chance = *chance * 6364136223846793005u + 1442695040888963407u;
    return *chance >> 33;
}

#endif
