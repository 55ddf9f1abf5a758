/* The log of a forgetful disk, told again command by command. At any moment three files can be filled with what a power cut
 * would leave of the disk's partitions: what was flushed, and of the rest each sector by the toss of a coin. */
#ifndef SUTURE_TESTS_VM_DISK_REPLAY_H
#define SUTURE_TESTS_VM_DISK_REPLAY_H

#include "tests/vm/disk/disk_log.h"

#include <stdbool.h>
#include <stddef.h>

#define REPLAY_PARTS 3 /* state, slot A, slot B: the first three partitions */

struct replay {
    const uint8_t *log; /* mapped */
    size_t log_size, at;
    uint64_t size; /* bytes of the disk */
    uint8_t *safe, *view;
    uint8_t *dirty;      /* one byte a sector */
    uint64_t *unflushed; /* dirty sectors */
    size_t unflushed_count;
    uint64_t commands, flushes; /* told so far */
    uint64_t answer_offset;     /* of the witness's sector, bytes */
    struct {
        uint64_t offset, size; /* bytes */
        int file;
    } parts[REPLAY_PARTS];
};

/* What a command was. */
enum replay_told { REPLAY_END, REPLAY_COMMAND, REPLAY_ANSWER };

/* `disk` is the image before the first command, with an MBR; the files are made in `folder`, as state.part, a.part and b.part.
 * Ends the program with a message when something is not as it must be. */
void replay_open(struct replay *replay, const char *log, const char *disk, uint64_t answer_offset,
                 const char *folder);
/* Commands in the whole log. */
uint64_t replay_count(const struct replay *replay);
/* Tells the next command. REPLAY_ANSWER: the witness wrote `answer`. */
enum replay_told replay_next(struct replay *replay, struct disk_answer *answer);
/* Fills the files. The same chance gives the same cut. Returns how many sectors were lost. */
size_t replay_cut(struct replay *replay, uint64_t chance);

#endif
