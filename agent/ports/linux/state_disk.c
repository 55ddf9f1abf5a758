/* A unit a sector, and a flush after each write. */
#include "agent/ports/linux/state_disk.h"

#include <string.h>

static bool state_holds(const struct state_disk *state, uint64_t offset, size_t size)
{
    return offset <= state->size && size <= state->size - offset;
}

static uint64_t sector_of(uint64_t offset)
{
    return offset / STATE_UNIT * STATE_SECTOR;
}

static enum status state_read(void *context, uint64_t offset, uint8_t *data, size_t size)
{
    struct state_disk *state = context;

    if (!state_holds(state, offset, size))
        return FLASH_FAILED;
    while (size > 0) {
        uint64_t within = offset % STATE_UNIT;
        size_t part = STATE_UNIT - within < size ? (size_t)(STATE_UNIT - within) : size;
        if (!disk_read(&state->disk, sector_of(offset) + within, data, part))
            return FLASH_FAILED;
        data += part;
        offset += part;
        size -= part;
    }
    return OK;
}

/* A failed flush is never forgotten: the kernel may call the lost pages clean from then on. */
static enum status state_flush(struct state_disk *state, bool written)
{
    state->failed = state->failed || !written || !disk_flush(&state->disk);
    return state->failed ? FLASH_FAILED : OK;
}

static enum status state_program(void *context, uint64_t offset, const uint8_t *data, size_t size)
{
    struct state_disk *state = context;
    uint8_t sector[STATE_SECTOR] = {0};
    bool written = true;

    if (!state_holds(state, offset, size) || offset % STATE_UNIT != 0 || size % STATE_UNIT != 0 ||
        state->failed)
        return FLASH_FAILED;
    for (size_t at = 0; written && at < size; at += STATE_UNIT) {
        memcpy(sector, data + at, STATE_UNIT);
        written = disk_write(&state->disk, sector_of(offset + at), sector, sizeof sector);
    }
    return state_flush(state, written);
}

static enum status state_erase(void *context, uint64_t offset)
{
    static const uint8_t erased[STATE_BLOCK / STATE_UNIT * STATE_SECTOR];
    struct state_disk *state = context;

    if (!state_holds(state, offset, STATE_BLOCK) || offset % STATE_BLOCK != 0 || state->failed)
        return FLASH_FAILED;
    return state_flush(state, disk_write(&state->disk, sector_of(offset), erased, sizeof erased));
}

uint64_t state_disk_bytes(uint64_t size)
{
    return size / STATE_UNIT * STATE_SECTOR;
}

bool state_disk_open(const char *path, enum disk_use use, uint64_t size, struct state_disk *out,
                     struct failure *why)
{
    *out = (struct state_disk){
        .flash = {out, STATE_UNIT, STATE_BLOCK, STATE_ERASED, state_read, state_program, state_erase, NULL,
                  NULL},
        .size = size,
    };
    if (!disk_open(path, use, state_disk_bytes(size), &out->disk, why))
        return false;
    if (use == DISK_READ || disk_lock(&out->disk, why))
        return true;
    disk_close(&out->disk);
    return false;
}

void state_disk_close(struct state_disk *state)
{
    disk_close(&state->disk);
}
