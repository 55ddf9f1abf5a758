/* The coded log as a ring: where it ends, how it goes on, how an entry is found again. */
#include "agent/log.h"

#include "keys/base/bytes.h"
#include "keys/base/crc.h"
#include "keys/digest.h"

#include <string.h>

#define ENTRY_SIZE   64
#define CHAINED_SIZE 28 /* bytes under the head */
#define CRC_AT       60
#define UNIT_MAX     256
#define ATTEMPTS     3 /* slots tried for one entry before the flash is called failed */

static const uint8_t magic[4] = {'S', 'U', 'T', 'L'};

static uint32_t stride(const struct area *area)
{
    return round_up(ENTRY_SIZE, area_unit(area));
}

/* The offset of the entry's place after `offset`; entries don't cross erase blocks, and the ring closes. */
static uint64_t place_after(const struct area *area, uint64_t offset)
{
    uint32_t block = area->flash->erase_block, step = stride(area);
    uint64_t within = offset % block;

    if (block - within >= 2 * (uint64_t)step)
        return offset + step;
    return (offset - within + block) % area->size;
}

static bool starts_block(const struct area *area, uint64_t offset)
{
    return offset % area->flash->erase_block == 0;
}

static bool entry_read(const struct area *area, uint64_t offset, uint8_t bytes[ENTRY_SIZE])
{
    if (area_read(area, offset, bytes, ENTRY_SIZE))
        return false;
    return memcmp(bytes, magic, sizeof magic) == 0 && get_le32(bytes + 4) != 0 && get_le16(bytes + 18) == 0 &&
           get_le32(bytes + CRC_AT) == crc32_of(span_of(bytes, CRC_AT));
}

static bool place_erased(const struct area *area, uint64_t offset)
{
    uint8_t bytes[UNIT_MAX];

    return area_read(area, offset, bytes, stride(area)) == OK &&
           bytes_all(bytes, stride(area), area->flash->erased);
}

/* A torn entry that did not read was followed by one of the same number; should it read again, the one further round
 * the ring is the entry. */
static bool further_round(const struct area *area, uint64_t offset, uint64_t than)
{
    return (offset + area->size - than) % area->size <= area->size / 2;
}

/* Finds the entry `number`, or with number 0 the newest. */
static bool entry_find(const struct area *area, uint32_t number, uint64_t *offset, uint8_t found[ENTRY_SIZE])
{
    uint8_t bytes[ENTRY_SIZE];
    bool any = false;
    uint64_t at = 0;

    do {
        if (entry_read(area, at, bytes) && (number == 0 || get_le32(bytes + 4) == number)) {
            uint32_t best = any ? get_le32(found + 4) : 0, this = get_le32(bytes + 4);
            if (this > best || (this == best && further_round(area, at, *offset))) {
                memcpy(found, bytes, ENTRY_SIZE);
                *offset = at;
                any = true;
            }
        }
        at = place_after(area, at);
    } while (at != 0);
    return any;
}

/* The first place from `offset` on that is fresh, or the start of the next block, which is erased before use. */
static uint64_t place_free(const struct area *area, uint64_t offset)
{
    while (!starts_block(area, offset) && !place_erased(area, offset))
        offset = place_after(area, offset);
    return offset;
}

void log_open(struct log *log, const struct area *area)
{
    uint8_t last[ENTRY_SIZE];
    uint64_t offset = 0;

    *log = (struct log){.area = area, .next_number = 1};
    if (!entry_find(area, 0, &offset, last))
        return;
    log->next_number = get_le32(last + 4) + 1;
    log->boot_counter = get_le32(last + 8);
    memcpy(log->head, last + CHAINED_SIZE, sizeof log->head);
    log->next_offset = place_free(area, place_after(area, offset));
}

static void head_after(const uint8_t before[32], const uint8_t chained[CHAINED_SIZE], uint8_t out[32])
{
    struct digest digest;

    digest_start(&digest);
    digest_update(&digest, span_of(before, 32));
    digest_update(&digest, span_of(chained, CHAINED_SIZE));
    digest_finish(&digest, out);
}

static void entry_encode(const struct log *log, const struct log_entry *entry, uint8_t out[ENTRY_SIZE])
{
    memset(out, 0, ENTRY_SIZE);
    memcpy(out, magic, sizeof magic);
    put_le32(out + 4, entry->number);
    put_le32(out + 8, entry->boot_counter);
    put_le32(out + 12, entry->seconds);
    put_le16(out + 16, entry->code);
    put_le32(out + 20, entry->a);
    put_le32(out + 24, entry->b);
    head_after(log->head, out, out + CHAINED_SIZE);
    put_le32(out + CRC_AT, crc32_of(span_of(out, CRC_AT)));
}

static enum status entry_program(const struct area *area, uint64_t offset, const uint8_t entry[ENTRY_SIZE])
{
    uint8_t bytes[UNIT_MAX];

    memset(bytes, area->flash->erased, sizeof bytes);
    memcpy(bytes, entry, ENTRY_SIZE);
    if (starts_block(area, offset) && area_erase_block(area, offset))
        return FLASH_FAILED;
    if (area_program(area, offset, bytes, stride(area)) || area_read(area, offset, bytes, ENTRY_SIZE))
        return FLASH_FAILED;
    return memcmp(bytes, entry, ENTRY_SIZE) == 0 ? OK : FLASH_FAILED;
}

enum status log_append(struct log *log, uint32_t seconds, enum log_code code, uint32_t a, uint32_t b)
{
    struct log_entry entry = {.number = log->next_number,
                              .boot_counter = log->boot_counter + (code == LOG_START),
                              .seconds = seconds,
                              .code = (uint16_t)code,
                              .a = a,
                              .b = b};
    uint8_t bytes[ENTRY_SIZE];
    uint64_t offset = log->next_offset;

    if (entry.number == 0)
        return TOO_LARGE;
    entry_encode(log, &entry, bytes);
    for (unsigned attempt = 0; attempt < ATTEMPTS; attempt++) {
        offset = place_free(log->area, offset);
        if (entry_program(log->area, offset, bytes) == OK) {
            log->next_number = entry.number + 1;
            log->boot_counter = entry.boot_counter;
            log->next_offset = place_after(log->area, offset);
            memcpy(log->head, bytes + CHAINED_SIZE, sizeof log->head);
            return OK;
        }
        offset = place_after(log->area, offset);
    }
    return FLASH_FAILED;
}

enum status log_read(const struct log *log, uint32_t number, struct log_entry *out)
{
    uint8_t bytes[ENTRY_SIZE];
    uint64_t offset = 0;

    if (number == 0 || !entry_find(log->area, number, &offset, bytes))
        return NOT_FOUND;
    *out = (struct log_entry){.number = get_le32(bytes + 4),
                              .boot_counter = get_le32(bytes + 8),
                              .seconds = get_le32(bytes + 12),
                              .code = get_le16(bytes + 16),
                              .a = get_le32(bytes + 20),
                              .b = get_le32(bytes + 24)};
    return OK;
}

uint32_t log_first(const struct log *log)
{
    uint8_t bytes[ENTRY_SIZE];
    uint32_t first = log->next_number;
    uint64_t at = 0;

    do {
        if (entry_read(log->area, at, bytes) && get_le32(bytes + 4) < first)
            first = get_le32(bytes + 4);
        at = place_after(log->area, at);
    } while (at != 0);
    return first;
}
