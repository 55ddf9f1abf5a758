/* The ring of journal entries: bytes, finding the last, appending the next. */
#include "agent/journal.h"

#include "keys/base/bytes.h"
#include "keys/base/crc.h"

#include <string.h>

#define CRC_AT        108
#define FLAG_FINISHED 1
#define UNIT_MAX      256
#define COPIES        3 /* of a block's first entry */
#define FAILURES      2 /* places that may fail before the flash is called failed */
#define COUNTER_ROOM  16

static const uint8_t magic[4] = {'S', 'U', 'T', 'J'};

void journal_entry_encode(const struct journal_entry *entry, uint8_t out[JOURNAL_ENTRY_SIZE])
{
    memset(out, 0, JOURNAL_ENTRY_SIZE);
    memcpy(out, magic, sizeof magic);
    put_le32(out + 4, entry->counter);
    put_le64(out + 8, entry->segment.stream_offset);
    put_le64(out + 16, entry->segment.output_offset);
    put_le64(out + 24, entry->output_done);
    put_le32(out + 32, entry->segment.length);
    out[36] = entry->target;
    out[37] = entry->running;
    put_le16(out + 38, entry->finished ? FLAG_FINISHED : 0);
    memcpy(out + 40, entry->segment.digest, DIGEST_SIZE);
    memcpy(out + 72, entry->manifest_id, sizeof entry->manifest_id);
    memcpy(out + 88, entry->running_id, sizeof entry->running_id);
    put_le32(out + CRC_AT, crc32_of(span_of(out, CRC_AT)));
}

bool journal_entry_decode(const uint8_t bytes[JOURNAL_ENTRY_SIZE], struct journal_entry *out)
{
    if (memcmp(bytes, magic, sizeof magic) != 0 ||
        get_le32(bytes + CRC_AT) != crc32_of(span_of(bytes, CRC_AT)))
        return false;
    if (get_le32(bytes + 4) == 0 || bytes[36] > SLOT_B || bytes[37] > SLOT_B ||
        (get_le16(bytes + 38) & ~FLAG_FINISHED) != 0 || get_le32(bytes + 104) != 0)
        return false;
    out->counter = get_le32(bytes + 4);
    out->segment.stream_offset = get_le64(bytes + 8);
    out->segment.output_offset = get_le64(bytes + 16);
    out->output_done = get_le64(bytes + 24);
    out->segment.length = get_le32(bytes + 32);
    out->target = bytes[36];
    out->running = bytes[37];
    out->finished = (get_le16(bytes + 38) & FLAG_FINISHED) != 0;
    memcpy(out->segment.digest, bytes + 40, DIGEST_SIZE);
    memcpy(out->manifest_id, bytes + 72, sizeof out->manifest_id);
    memcpy(out->running_id, bytes + 88, sizeof out->running_id);
    return true;
}

static uint32_t stride(const struct area *area)
{
    return round_up(JOURNAL_ENTRY_SIZE, area_unit(area));
}

static uint64_t block_after(const struct area *area, uint64_t offset)
{
    uint32_t block = area->flash->erase_block;

    return (offset - offset % block + block) % area->size;
}

static bool starts_block(const struct area *area, uint64_t offset)
{
    return offset % area->flash->erase_block == 0;
}

/* Entries don't cross erase blocks; the ring closes. */
static uint64_t place_after(const struct area *area, uint64_t offset)
{
    uint32_t block = area->flash->erase_block, step = stride(area);

    if (block - offset % block >= 2 * (uint64_t)step)
        return offset + step;
    return block_after(area, offset);
}

/* Entries that a block must hold to count; fewer where fewer fit. */
static unsigned entries_needed(const struct area *area)
{
    uint32_t places = area->flash->erase_block / stride(area);

    return places < COPIES ? (unsigned)places : COPIES;
}

/* Counts the valid entries of the block at `offset`; `last` gets the one with the highest counter. */
static unsigned block_read(const struct area *area, uint64_t offset, struct journal_entry *last)
{
    uint8_t bytes[JOURNAL_ENTRY_SIZE];
    struct journal_entry entry;
    unsigned count = 0;

    for (uint64_t at = offset;; at = place_after(area, at)) {
        if (area_read(area, at, bytes, sizeof bytes) == OK && journal_entry_decode(bytes, &entry) &&
            (count++ == 0 || entry.counter > last->counter))
            *last = entry;
        if (place_after(area, at) == block_after(area, offset))
            return count;
    }
}

void journal_open(struct journal *journal, const struct area *area)
{
    struct journal_entry last;
    bool counts = false;

    *journal = (struct journal){.area = area, .opened = true};
    for (uint64_t at = 0; at < area->size; at += area->flash->erase_block) {
        unsigned count = block_read(area, at, &last);
        bool counts_here = count >= entries_needed(area);
        if (count == 0 || (counts && !counts_here))
            continue;
        if (journal->has_last && counts == counts_here && last.counter < journal->last.counter)
            continue;
        counts = counts_here;
        journal->last = last;
        journal->has_last = true;
        journal->next = block_after(area, at);
    }
}

/* Programs one padded entry at `journal->next` and reads it back; moves on in any case. */
static enum status place_write(struct journal *journal, const struct journal_entry *entry)
{
    const struct area *area = journal->area;
    uint8_t unit[UNIT_MAX], back[JOURNAL_ENTRY_SIZE];
    uint64_t at = journal->next;

    if (!journal->block_ready && area_erase_block(area, at))
        return FLASH_FAILED;
    journal->next = place_after(area, at);
    journal->block_ready = !starts_block(area, journal->next);
    memset(unit, area->flash->erased, sizeof unit);
    journal_entry_encode(entry, unit);
    if (area_program(area, at, unit, stride(area)) || area_read(area, at, back, sizeof back))
        return FLASH_FAILED;
    return memcmp(unit, back, sizeof back) == 0 ? OK : FLASH_FAILED;
}

/* The first counter of a power-on leaves one out: the entry after the last may be there, torn. */
static uint32_t counter_step(const struct journal *journal)
{
    return journal->opened && journal->has_last ? 2 : 1;
}

enum status journal_append(struct journal *journal, struct journal_entry *entry)
{
    unsigned left = starts_block(journal->area, journal->next) ? entries_needed(journal->area) : 1;
    uint32_t counter = journal->has_last ? journal->last.counter : 0;

    if (counter > UINT32_MAX - COUNTER_ROOM)
        return FLASH_FAILED;
    counter += counter_step(journal);
    journal->opened = false;
    for (unsigned attempt = 0; attempt < COPIES + FAILURES && left > 0; attempt++) {
        entry->counter = counter;
        if (place_write(journal, entry) == OK) {
            counter++;
            left--;
        }
    }
    if (left > 0)
        return FLASH_FAILED;
    journal->last = *entry;
    journal->has_last = true;
    return OK;
}
