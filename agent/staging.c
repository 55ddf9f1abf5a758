/* From verified stream bytes to a slot that was written and read back. */
#include "agent/staging.h"

#include "agent/gather.h"
#include "agent/interlock.h"
#include "agent/measure.h"
#include "agent/steps.h"

#include <string.h>

#define FAILURES_MOST 2 /* read-backs in a row, then the slot is called bad */

static struct journal_entry entry_now(const struct agent *agent)
{
    const struct staging *staging = &agent->staging;
    struct journal_entry entry = {.target = staging->target, .running = agent->boot.running};

    memcpy(entry.manifest_id, staging->meta.manifest, sizeof entry.manifest_id);
    memcpy(entry.running_id, agent->record.slots[agent->boot.running].digest, sizeof entry.running_id);
    return entry;
}

static enum status journal_start(struct agent *agent)
{
    struct journal_entry entry = entry_now(agent);

    return journal_append(&agent->journal, &entry);
}

static struct journal_entry entry_position(const struct agent *agent)
{
    struct journal_entry entry = entry_now(agent);

    entry.segment = agent->staging.segment;
    entry.output_done = agent->staging.writer.done;
    return entry;
}

enum status staging_note_position(struct agent *agent)
{
    struct journal_entry entry = entry_position(agent);

    return journal_append(&agent->journal, &entry);
}

/* A block is finished. Behind a sync the journal stays one block behind: this block's sync runs while the next is decoded. */
static enum status block_note(struct agent *agent)
{
    struct staging *staging = &agent->staging;
    const struct area *slot = staging->writer.area;

    if (!slot->flash->sync)
        return staging_note_position(agent);
    if (staging->unsynced && (area_sync(slot) || journal_append(&agent->journal, &staging->synced)))
        return FLASH_FAILED;
    staging->synced = entry_position(agent);
    staging->unsynced = true;
    return area_sync_begin(slot);
}

static enum status journal_finished(struct agent *agent)
{
    struct journal_entry entry = entry_position(agent);

    entry.finished = true;
    return journal_append(&agent->journal, &entry);
}

/* The record says already that this manifest is being staged, from an earlier attempt. */
static bool record_says_staging(const struct agent *agent)
{
    const struct record_slot *slot = &agent->record.slots[agent_other(agent)];

    return agent->record.kind == RECORD_SETTLED && agent->record.primary == agent->boot.running &&
           agent->record.fallback == SLOT_NONE && slot->state == SLOT_STAGING &&
           memcmp(slot->manifest_id, agent->staging.meta.manifest, sizeof slot->manifest_id) == 0;
}

/* META is kept when a journal entry stands on it: what was cut while it was written may read well by chance. With another
 * stream of the same manifest, no older journal entry may meet the new META: a start entry goes before it. */
static enum status meta_replace(struct agent *agent)
{
    const struct staging *staging = &agent->staging;
    const struct area *area = agent_meta_area(agent, staging->target);
    struct meta there;
    bool resumable = resume_possible(agent);

    if (resumable && meta_read(area, &there) == OK && meta_equal(&there, &staging->meta))
        return OK;
    if (resumable && journal_start(agent))
        return FLASH_FAILED;
    agent->has_meta[staging->target] = false;
    return meta_write(area, &staging->meta, span_used(&agent->memory.manifest), &agent->stream);
}

/* The first block is proven: record, META, journal entry of the start. */
static enum status staging_begin(struct agent *agent)
{
    struct staging *staging = &agent->staging;
    enum status status = OK;

    if (!record_says_staging(agent))
        status = step_stage(agent, &staging->plan, staging->meta.manifest);
    if (!status)
        status = meta_replace(agent);
    if (!status)
        status = journal_start(agent);
    if (status)
        return FLASH_FAILED;
    agent->has_meta[staging->target] = true;
    agent->meta[staging->target] = staging->meta;
    memcpy(agent->version[staging->target], staging->plan.version, sizeof staging->plan.version);
    agent->test_wanted = false;
    gather_end(agent);
    staging->state = STAGING_WRITING;
    agent_log(agent, LOG_STAGE, staging->plan.sequence, staging->meta.stream);
    return OK;
}

/* patch_sink.write: output that flash has already is dropped without a flash operation. */
static enum status sink_write(void *context, uint64_t offset, struct span bytes)
{
    struct agent *agent = context;
    struct slot_writer *writer = &agent->staging.writer;
    bool block_done;

    if (agent->staging.state == STAGING_WAITING && staging_begin(agent))
        return FLASH_FAILED;
    if (offset < writer->made) {
        uint64_t known = writer->made - offset;
        bytes = known < bytes.size ? span_from(bytes, (size_t)known) : (struct span){bytes.data, 0};
    } else if (offset > writer->made) {
        return FAILED;
    }
    while (bytes.size > 0) {
        if (slot_writer_put(writer, &bytes, &block_done)) {
            agent_log(agent, LOG_FLASH, AREA_SLOT_A + agent->staging.target, (uint32_t)(writer->done / 16));
            return FLASH_FAILED;
        }
        if (block_done && block_note(agent))
            return FLASH_FAILED;
    }
    return OK;
}

static void sink_segment(void *context, const struct patch_restart *restart)
{
    struct agent *agent = context;

    agent->staging.segment = *restart;
}

enum status staging_position(struct agent *agent, const struct journal_entry *entry)
{
    struct staging *staging = &agent->staging;
    const struct patch_restart *restart = entry && entry->segment.length > 0 ? &entry->segment : NULL;
    struct patch_memory memory = {
        .block = agent->memory.block,
        .decoder = agent->memory.decoder,
        .output = agent->memory.output.capacity > 0 ? agent->memory.output
                                                    : buffer_over(agent->pieces, sizeof agent->pieces),
    };
    struct patch_sink sink = {.context = agent, .write = sink_write, .segment = sink_segment};

    staging->target = agent_other(agent);
    staging->unsynced = false;
    staging->segment = restart ? *restart : (struct patch_restart){0};
    slot_writer_start(&staging->writer, agent_slot(agent, staging->target), staging->plan.image_size,
                      entry ? entry->output_done : 0, agent->memory.page);
    return patch_start(&staging->reader, &staging->plan.patch, staging->plan.image_size, restart, memory,
                       sink);
}

enum refusal staging_prepare(struct agent *agent, const struct meta *meta)
{
    struct staging *staging = &agent->staging;

    if (meta->push_length - meta->stream_offset != agent->scratch.judged.plan.patch.stream_size)
        return REFUSED_MANIFEST;
    staging->state = STAGING_NONE;
    staging->plan = agent->scratch.judged.plan;
    staging->meta = *meta;
    staging->has_plan = true;
    if (staging_position(agent, NULL))
        return REFUSED_MEMORY;
    staging->state = STAGING_WAITING;
    agent->gather.owner = GATHER_STAGED;
    return ALLOWED;
}

uint64_t staging_wanted(const struct agent *agent)
{
    return agent->staging.meta.stream_offset + agent->staging.reader.offset;
}

bool staging_open(const struct agent *agent)
{
    return agent->staging.state == STAGING_WAITING || agent->staging.state == STAGING_WRITING;
}

static void staging_drop(struct agent *agent)
{
    if (agent->gather.owner == GATHER_STAGED)
        gather_end(agent);
    agent->staging.state = STAGING_NONE;
    agent->session = UPLOAD_NONE;
}

/* Once in a row: start again from the beginning. Twice: the slot is bad. */
static void staging_failed(struct agent *agent)
{
    struct failures *failures = &agent->failures;
    const uint8_t *manifest = agent->staging.meta.manifest;
    bool same = memcmp(failures->manifest_id, manifest, sizeof failures->manifest_id) == 0;

    memcpy(failures->manifest_id, manifest, sizeof failures->manifest_id);
    failures->count = same ? failures->count + 1 : 1;
    if (record_says_staging(agent)) {
        if (failures->count < FAILURES_MOST) {
            journal_start(agent);
        } else {
            step_bad(agent);
            failures->count = 0;
        }
    }
    staging_drop(agent);
}

/* The stream's end: last block, journal, then the whole slot is read back in steps. */
static enum status staging_written(struct agent *agent)
{
    enum status status = slot_writer_finish(&agent->staging.writer);

    if (!status)
        status = journal_finished(agent);
    if (status)
        return FLASH_FAILED;
    agent->staging.state = STAGING_READING_BACK;
    measure_start(agent, MEASURE_STAGED, agent->staging.target);
    return OK;
}

enum refusal staging_feed(struct agent *agent, struct span bytes)
{
    struct staging *staging = &agent->staging;
    enum status status = patch_feed(&staging->reader, bytes);

    if (!status && patch_done(&staging->reader))
        status = staging_written(agent);
    else if (!status && staging->reader.offset == staging->plan.patch.stream_size)
        status = BAD_FORMAT;
    if (!status)
        return ALLOWED;
    if (status == FLASH_FAILED) {
        staging_failed(agent);
        return REFUSED_FLASH;
    }
    if (staging->state == STAGING_WRITING)
        agent_log(agent, LOG_REFUSED, REFUSED_BLOCK, (uint32_t)-status);
    staging_drop(agent);
    return REFUSED_BLOCK;
}

bool staging_erase_ahead(struct agent *agent)
{
    bool erased = false;

    if (agent->staging.state != STAGING_WRITING || interlock_allows(agent))
        return false;
    return slot_writer_erase_ahead(&agent->staging.writer, &erased) == OK && erased;
}

enum refusal staging_measured(struct agent *agent, enum status measured)
{
    if (measured) {
        staging_failed(agent);
        return REFUSED_DIGEST;
    }
    if (step_staged(agent)) {
        staging_drop(agent);
        return REFUSED_FLASH;
    }
    agent->failures.count = 0;
    agent->staging.state = STAGING_STAGED;
    agent_log(agent, LOG_STAGED, agent->staging.plan.sequence, 0);
    return ALLOWED;
}

enum status staging_abort(struct agent *agent)
{
    uint8_t other = agent_other(agent);
    uint32_t sequence = agent->record.slots[other].sequence;
    enum status status = step_abort(agent);

    staging_drop(agent);
    if (status)
        return status;
    agent->staging.has_plan = false;
    agent->has_meta[other] = false;
    agent->test_wanted = false;
    memset(agent->version[other], 0, sizeof agent->version[other]);
    agent_log(agent, LOG_ABORTED, sequence, 0);
    return OK;
}
