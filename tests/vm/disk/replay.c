/* Keeping two states of the disk, and writing either out. */
#include "tests/vm/disk/replay.h"

#include <endian.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MBR_TABLE 446 /* bytes; entries of 16, with start and count of sectors at 8 and 12 */

static _Noreturn void give_up(const char *what, const char *why)
{
    fprintf(stderr, "replay: %s: %s\n", what, why);
    exit(70);
}

static uint8_t *file_map(const char *path, size_t *size)
{
    struct stat found;
    int file = open(path, O_RDONLY | O_CLOEXEC);

    if (file < 0 || fstat(file, &found) || found.st_size == 0)
        give_up(path, "can't be read, or is empty");
    *size = (size_t)found.st_size;
    void *at = mmap(NULL, *size, PROT_READ, MAP_PRIVATE, file, 0);
    close(file);
    if (at == MAP_FAILED)
        give_up(path, "can't be mapped");
    return at;
}

static int part_file(const char *folder, const char *name, uint64_t size)
{
    char path[512];

    snprintf(path, sizeof path, "%s/%s.part", folder, name);
    int file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0 || ftruncate(file, (off_t)size))
        give_up(path, "can't be made");
    return file;
}

static void parts_find(struct replay *replay, const char *folder)
{
    static const char *const names[REPLAY_PARTS] = {"state", "a", "b"};

    for (size_t i = 0; i < REPLAY_PARTS; i++) {
        uint32_t start, count;
        memcpy(&start, replay->safe + MBR_TABLE + 16 * i + 8, sizeof start);
        memcpy(&count, replay->safe + MBR_TABLE + 16 * i + 12, sizeof count);
        replay->parts[i].offset = (uint64_t)le32toh(start) * DISK_SECTOR;
        replay->parts[i].size = (uint64_t)le32toh(count) * DISK_SECTOR;
        if (count == 0 || replay->parts[i].offset > replay->size ||
            replay->parts[i].size > replay->size - replay->parts[i].offset)
            give_up(names[i], "the disk has no such partition");
        replay->parts[i].file = part_file(folder, names[i], replay->parts[i].size);
    }
}

void replay_open(struct replay *replay, const char *log, const char *disk, uint64_t answer_offset,
                 const char *folder)
{
    size_t size;
    const uint8_t *image = file_map(disk, &size);

    *replay = (struct replay){.size = size, .answer_offset = answer_offset};
    replay->log = file_map(log, &replay->log_size);
    replay->safe = malloc(size);
    replay->view = malloc(size);
    replay->dirty = calloc(size / DISK_SECTOR, 1);
    replay->unflushed = malloc(size / DISK_SECTOR * sizeof *replay->unflushed);
    if (!replay->safe || !replay->view || !replay->dirty || !replay->unflushed)
        give_up(disk, "no memory");
    memcpy(replay->safe, image, size);
    memcpy(replay->view, image, size);
    parts_find(replay, folder);
}

/* The entry at `at`; false at the end, or where the log was broken off. */
static bool entry_at(const struct replay *replay, size_t at, struct disk_entry *out, const uint8_t **data)
{
    if (replay->log_size - at < sizeof *out)
        return false;
    memcpy(out, replay->log + at, sizeof *out);
    *data = replay->log + at + sizeof *out;
    return out->size <= replay->log_size - at - sizeof *out &&
           (out->command == COMMAND_FLUSH ||
            (out->offset <= replay->size && out->size <= replay->size - out->offset));
}

uint64_t replay_count(const struct replay *replay)
{
    struct disk_entry entry;
    const uint8_t *data;
    uint64_t count = 0;

    for (size_t at = 0; entry_at(replay, at, &entry, &data); at += sizeof entry + entry.size)
        count++;
    return count;
}

static void sector_settle(struct replay *replay, uint64_t sector)
{
    memcpy(replay->safe + sector * DISK_SECTOR, replay->view + sector * DISK_SECTOR, DISK_SECTOR);
    replay->dirty[sector] = 0;
}

static void write_tell(struct replay *replay, const struct disk_entry *entry, const uint8_t *data)
{
    memcpy(replay->view + entry->offset, data, entry->size);
    for (uint64_t sector = entry->offset / DISK_SECTOR; sector * DISK_SECTOR < entry->offset + entry->size;
         sector++) {
        if (entry->command == COMMAND_WRITE_THROUGH)
            memcpy(replay->safe + sector * DISK_SECTOR, replay->view + sector * DISK_SECTOR, DISK_SECTOR);
        else if (!replay->dirty[sector])
            replay->unflushed[replay->unflushed_count++] = sector;
        replay->dirty[sector] |= entry->command == COMMAND_WRITE;
    }
}

static void flush_tell(struct replay *replay)
{
    for (size_t i = 0; i < replay->unflushed_count; i++)
        sector_settle(replay, replay->unflushed[i]);
    replay->unflushed_count = 0;
    replay->flushes++;
}

enum replay_told replay_next(struct replay *replay, struct disk_answer *answer)
{
    struct disk_entry entry;
    const uint8_t *data;

    if (!entry_at(replay, replay->at, &entry, &data))
        return REPLAY_END;
    replay->at += sizeof entry + entry.size;
    replay->commands++;
    if (entry.command == COMMAND_FLUSH) {
        flush_tell(replay);
        return REPLAY_COMMAND;
    }
    if (entry.offset == replay->answer_offset && entry.size == sizeof *answer) {
        memcpy(answer, data, sizeof *answer);
        return REPLAY_ANSWER;
    }
    write_tell(replay, &entry, data);
    return REPLAY_COMMAND;
}

static void part_write(int file, const uint8_t *data, uint64_t offset, uint64_t size)
{
    if (pwrite(file, data, size, (off_t)offset) != (ssize_t)size)
        give_up("a partition", "can't be written");
}

static void cut_sector_write(const struct replay *replay, uint64_t sector)
{
    uint64_t offset = sector * DISK_SECTOR;

    for (size_t i = 0; i < REPLAY_PARTS; i++)
        if (offset >= replay->parts[i].offset && offset - replay->parts[i].offset < replay->parts[i].size)
            part_write(replay->parts[i].file, replay->view + offset, offset - replay->parts[i].offset,
                       DISK_SECTOR);
}

size_t replay_cut(struct replay *replay, uint64_t chance)
{
    size_t lost = 0;

    for (size_t i = 0; i < REPLAY_PARTS; i++)
        part_write(replay->parts[i].file, replay->safe + replay->parts[i].offset, 0, replay->parts[i].size);
    for (size_t i = 0; i < replay->unflushed_count; i++) {
        if (disk_toss(&chance) & 1)
            cut_sector_write(replay, replay->unflushed[i]);
        else
            lost++;
    }
    return lost;
}
