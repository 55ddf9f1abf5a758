/* Places follow one another in the order of enum area_id. */
#include "agent/ports/linux/storage.h"

#include "agent/document.h"
#include "agent/identity.h"
#include "agent/meta.h"
#include "agent/record.h"
#include "keys/base/bytes.h"
#include "keys/root.h"

static uint64_t area_size(const struct config_file *config, enum area_id area)
{
    switch (area) {
    case AREA_RECORD0:
    case AREA_RECORD1:
        return round_up(round_up(RECORD_SIZE, STATE_UNIT) + RECORD_MARKS_SIZE * STATE_UNIT, STATE_BLOCK);
    case AREA_IDENTITY:
        return round_up(DOCUMENT_HEADER_SIZE + IDENTITY_MAX, STATE_BLOCK);
    case AREA_TRUST0:
    case AREA_TRUST1:
        return round_up(DOCUMENT_HEADER_SIZE + ROOT_MAX, STATE_BLOCK);
    case AREA_META_A:
    case AREA_META_B:
        return round_up(META_HEADER_SIZE + config->device_class->manifest_max, STATE_BLOCK);
    case AREA_JOURNAL:
        return STORAGE_JOURNAL_BLOCKS * STATE_BLOCK;
    case AREA_LOG:
        return STORAGE_LOG_BLOCKS * STATE_BLOCK;
    default:
        return config->slot_size;
    }
}

static uint64_t state_size(const struct config_file *config)
{
    uint64_t size = 0;

    for (unsigned area = 0; area < AREA_SLOT_A; area++)
        size += area_size(config, (enum area_id)area);
    return size;
}

static void layout_make(const struct config_file *config, struct storage *storage)
{
    uint64_t at = 0;

    for (unsigned area = 0; area < AREA_SLOT_A; area++) {
        uint64_t size = area_size(config, (enum area_id)area);
        storage->layout.areas[area] = (struct area){&storage->state.flash, at, size};
        at += size;
    }
    for (unsigned slot = 0; slot < 2; slot++)
        storage->layout.areas[AREA_SLOT_A + slot] =
            (struct area){&storage->slots[slot].flash, 0, config->slot_size};
}

bool storage_open(const struct config_file *config, enum disk_use use, struct storage *out,
                  struct failure *why)
{
    out->slots[0].disk.file = out->slots[1].disk.file = -1;
    bool done = state_disk_open(config->state, use, state_size(config), &out->state, why) &&
                slot_disk_open(config->slot_a, use, config->slot_size, config->block, &out->slots[0], why) &&
                slot_disk_open(config->slot_b, use, config->slot_size, config->block, &out->slots[1], why);
    if (done) {
        layout_make(config, out);
        done = layout_check(&out->layout) == OK ||
               failure_set(why, FAIL_LAYOUT, "%s: the areas can't be placed", config->path);
    }
    if (!done)
        storage_close(out);
    return done;
}

void storage_close(struct storage *storage)
{
    state_disk_close(&storage->state);
    slot_disk_close(&storage->slots[0]);
    slot_disk_close(&storage->slots[1]);
}
