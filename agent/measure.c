/* Piecewise SHA-256 of a slot. What follows from it stands in measured.c. */
#include "agent/measure.h"

void measure_start(struct agent *agent, enum measure_purpose purpose, uint8_t slot)
{
    agent->measure.purpose = purpose;
    agent->measure.slot = slot;
    agent->measure.offset = 0;
    digest_start(&agent->measure.digest);
}

/* Reads on; OK with more to come, or at the end. */
static enum status measure_piece(struct agent *agent, uint64_t size)
{
    struct measure *measure = &agent->measure;
    const struct area *slot = agent_slot(agent, measure->slot);
    uint64_t stop = measure->offset + slot->flash->erase_block;

    if (stop > size)
        stop = size;
    while (measure->offset < stop) {
        uint64_t left = stop - measure->offset;
        size_t part = left < agent->memory.page.capacity ? (size_t)left : agent->memory.page.capacity;
        if (area_read(slot, measure->offset, agent->memory.page.data, part))
            return FLASH_FAILED;
        digest_update(&measure->digest, span_of(agent->memory.page.data, part));
        measure->offset += part;
    }
    return OK;
}

enum measured measure_step(struct agent *agent, enum status *result)
{
    const struct record_slot *slot = &agent->record.slots[agent->measure.slot];
    struct digest digest;
    uint8_t measured[DIGEST_SIZE];

    *result = measure_piece(agent, slot->size);
    if (*result)
        return MEASURED_ALL;
    if (agent->measure.offset < slot->size)
        return MEASURED_MORE;
    digest = agent->measure.digest;
    digest_finish(&digest, measured);
    *result = digest_equal(measured, slot->digest) ? OK : BAD_DIGEST;
    return MEASURED_ALL;
}
