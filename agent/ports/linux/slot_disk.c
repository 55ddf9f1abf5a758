/* One open block at a time; sync is where the disk's promise is taken. */
#include "agent/ports/linux/slot_disk.h"

#include <fcntl.h>
#include <string.h>

#define FILLER      4096
#define BEGIN_SIZE  (512u * 1024) /* bytes written before the disk is told to begin with them */
#define FLUSH_STACK (64u * 1024)  /* bytes; it calls fdatasync and nothing else */

static bool slot_holds(const struct slot_disk *slot, uint64_t offset, size_t size)
{
    return offset <= slot->size && size <= slot->size - offset;
}

static enum status slot_fail(struct slot_disk *slot)
{
    slot->failed = true;
    return FLASH_FAILED;
}

static bool fill_to(struct slot_disk *slot, uint64_t end)
{
    static const uint8_t filler[FILLER];

    while (slot->written_to < end) {
        uint64_t left = end - slot->written_to;
        size_t part = left < sizeof filler ? (size_t)left : sizeof filler;
        if (!disk_write(&slot->disk, slot->written_to, filler, part))
            return false;
        slot->written_to += part;
    }
    return true;
}

/* What of the open block was not programmed is written as erased. */
static bool block_close(struct slot_disk *slot)
{
    if (slot->open && !fill_to(slot, slot->block + slot->flash.erase_block))
        return false;
    slot->open = false;
    return true;
}

static bool in_open_block(const struct slot_disk *slot, uint64_t offset)
{
    return slot->open && offset >= slot->block && offset - slot->block < slot->flash.erase_block;
}

/* The disk's bytes, and over them what the open block does not have yet. */
static enum status slot_read(void *context, uint64_t offset, uint8_t *data, size_t size)
{
    struct slot_disk *slot = context;

    if (!slot_holds(slot, offset, size) || !disk_read(&slot->disk, offset, data, size))
        return FLASH_FAILED;
    if (!slot->open)
        return OK;
    uint64_t from = slot->written_to > offset ? slot->written_to : offset;
    uint64_t end = slot->block + slot->flash.erase_block;
    end = end < offset + size ? end : offset + size;
    if (from < end)
        memset(data + (from - offset), SLOT_ERASED, (size_t)(end - from));
    return OK;
}

/* The disk begins to write soon; that it got there is known after the flush only. */
static void write_begin(struct slot_disk *slot)
{
    if (slot->written_to - slot->begun_to < BEGIN_SIZE)
        return;
    sync_file_range(slot->disk.file, (off_t)slot->begun_to, (off_t)(slot->written_to - slot->begun_to),
                    SYNC_FILE_RANGE_WRITE);
    slot->begun_to = slot->written_to;
}

static enum status slot_program(void *context, uint64_t offset, const uint8_t *data, size_t size)
{
    struct slot_disk *slot = context;

    if (!slot_holds(slot, offset, size) || slot->failed)
        return FLASH_FAILED;
    if (in_open_block(slot, offset)) {
        if (size > slot->block + slot->flash.erase_block - offset)
            return FLASH_FAILED;
        if (!fill_to(slot, offset))
            return slot_fail(slot);
    }
    if (!disk_write(&slot->disk, offset, data, size))
        return slot_fail(slot);
    if (in_open_block(slot, offset) && offset + size > slot->written_to)
        slot->written_to = offset + size;
    write_begin(slot);
    return OK;
}

static enum status slot_erase(void *context, uint64_t offset)
{
    struct slot_disk *slot = context;

    if (!slot_holds(slot, offset, slot->flash.erase_block) || offset % slot->flash.erase_block != 0 ||
        slot->failed)
        return FLASH_FAILED;
    if (!block_close(slot))
        return slot_fail(slot);
    slot->open = true;
    slot->block = slot->written_to = slot->begun_to = offset;
    return OK;
}

/* ---- flushing, beside the agent */

static void *flush_work(void *context)
{
    struct slot_disk *slot = context;

    pthread_mutex_lock(&slot->lock);
    while (slot->flush != FLUSH_END) {
        if (slot->flush != FLUSH_ASKED) {
            pthread_cond_wait(&slot->changed, &slot->lock);
            continue;
        }
        slot->flush = FLUSH_RUNS;
        pthread_mutex_unlock(&slot->lock);
        bool flushed = disk_flush(&slot->disk);
        pthread_mutex_lock(&slot->lock);
        slot->flush_failed = slot->flush_failed || !flushed;
        if (slot->flush == FLUSH_RUNS)
            slot->flush = FLUSH_IDLE;
        pthread_cond_broadcast(&slot->changed);
    }
    pthread_mutex_unlock(&slot->lock);
    return NULL;
}

static bool thread_start(struct slot_disk *slot)
{
    pthread_attr_t attributes;

    if (slot->has_thread)
        return true;
    if (pthread_attr_init(&attributes) != 0)
        return false;
    slot->has_thread = pthread_attr_setstacksize(&attributes, FLUSH_STACK) == 0 &&
                       pthread_create(&slot->thread, &attributes, flush_work, slot) == 0;
    pthread_attr_destroy(&attributes);
    return slot->has_thread;
}

static enum status slot_sync_begin(void *context)
{
    struct slot_disk *slot = context;

    if (slot->failed || !block_close(slot) || !thread_start(slot))
        return slot_fail(slot);
    pthread_mutex_lock(&slot->lock);
    /* one that runs may have begun before the last bytes came */
    while (slot->flush != FLUSH_IDLE)
        pthread_cond_wait(&slot->changed, &slot->lock);
    slot->flush = FLUSH_ASKED;
    pthread_cond_broadcast(&slot->changed);
    pthread_mutex_unlock(&slot->lock);
    slot->synced_to = slot->written_to;
    return OK;
}

/* What is on the medium is forgotten by the kernel, so that the whole slot is later read back from there. */
static enum status slot_sync(void *context)
{
    struct slot_disk *slot = context;

    pthread_mutex_lock(&slot->lock);
    while (slot->flush != FLUSH_IDLE)
        pthread_cond_wait(&slot->changed, &slot->lock);
    bool failed = slot->flush_failed;
    pthread_mutex_unlock(&slot->lock);
    if (slot->failed || failed)
        return slot_fail(slot);
    posix_fadvise(slot->disk.file, 0, (off_t)slot->synced_to, POSIX_FADV_DONTNEED);
    return OK;
}

bool slot_disk_open(const char *path, enum disk_use use, uint64_t size, uint32_t block, struct slot_disk *out,
                    struct failure *why)
{
    *out = (struct slot_disk){
        .flash = {out, SLOT_UNIT, block, SLOT_ERASED, slot_read, slot_program, slot_erase, slot_sync_begin,
                  slot_sync},
        .size = size,
        .lock = PTHREAD_MUTEX_INITIALIZER,
        .changed = PTHREAD_COND_INITIALIZER,
    };
    return disk_open(path, use, size, &out->disk, why);
}

void slot_disk_close(struct slot_disk *slot)
{
    if (slot->has_thread) {
        pthread_mutex_lock(&slot->lock);
        slot->flush = FLUSH_END;
        pthread_cond_broadcast(&slot->changed);
        pthread_mutex_unlock(&slot->lock);
        pthread_join(slot->thread, NULL);
    }
    slot->has_thread = false;
    disk_close(&slot->disk);
}
