/* Pages, blocks and their read-back. Write units equal to the erased value cost no operation. */
#include "agent/slot.h"

#include "keys/base/bytes.h"
#include "keys/base/crc.h"

#include <string.h>

void slot_writer_start(struct slot_writer *writer, const struct area *area, uint64_t size, uint64_t done,
                       struct buffer page)
{
    size_t unit = area->flash->write_unit;

    *writer = (struct slot_writer){
        .area = area,
        .size = size,
        .made = done,
        .done = done,
        .erased_to = done,
        .page = buffer_over(page.data, page.capacity - page.capacity % unit),
    };
}

static uint64_t block_start(const struct slot_writer *writer, uint64_t offset)
{
    return offset - offset % writer->area->flash->erase_block;
}

/* Where the page will be programmed: always a write unit's start. */
static uint64_t page_start(const struct slot_writer *writer)
{
    return writer->made - writer->page.size;
}

static enum status erase_next(struct slot_writer *writer)
{
    if (area_erase_block(writer->area, writer->erased_to))
        return FLASH_FAILED;
    writer->erased_to += writer->area->flash->erase_block;
    return OK;
}

/* Size of the run of write units from `at` on that are alike: all erased, or none of them. */
static size_t run_size(const struct slot_writer *writer, size_t at, bool *erased)
{
    size_t unit = writer->area->flash->write_unit, end = at;
    uint8_t value = writer->area->flash->erased;

    *erased = bytes_all(writer->page.data + at, unit, value);
    while (end < writer->page.size && bytes_all(writer->page.data + end, unit, value) == *erased)
        end += unit;
    return end - at;
}

/* Behind a sync stands a disk: it is given whole pages, and what is not programmed it writes as erased in any case. Also, a
 * block that was just written would be read from a cache, which proves nothing of the medium: only the whole slot is read
 * back, in the end. */
static bool is_behind_sync(const struct slot_writer *writer)
{
    return writer->area->flash->sync != NULL;
}

static enum status page_program(struct slot_writer *writer, uint64_t start)
{
    if (is_behind_sync(writer))
        return area_program(writer->area, start, writer->page.data, writer->page.size);
    for (size_t at = 0; at < writer->page.size;) {
        bool erased;
        size_t size = run_size(writer, at, &erased);
        if (!erased && area_program(writer->area, start + at, writer->page.data + at, size))
            return FLASH_FAILED;
        at += size;
    }
    return OK;
}

static enum status page_flush(struct slot_writer *writer)
{
    uint64_t start = page_start(writer);
    uint32_t unit = writer->area->flash->write_unit;

    if (writer->page.size == 0)
        return OK;
    while (start >= writer->erased_to)
        if (erase_next(writer))
            return FLASH_FAILED;
    while (writer->page.size % unit != 0)
        writer->page.data[writer->page.size++] = writer->area->flash->erased;
    if (page_program(writer, start))
        return FLASH_FAILED;
    if (!is_behind_sync(writer))
        writer->block_crc = crc32_more(writer->block_crc, span_used(&writer->page));
    writer->page.size = 0;
    return OK;
}

/* The block's programmed part must read as it was given; the page serves as memory, it is empty now. */
static enum status block_read_back(struct slot_writer *writer, uint64_t start, uint64_t end)
{
    uint32_t crc = 0;

    for (uint64_t at = start; at < end;) {
        size_t size = end - at < writer->page.capacity ? (size_t)(end - at) : writer->page.capacity;
        if (area_read(writer->area, at, writer->page.data, size))
            return FLASH_FAILED;
        crc = crc32_more(crc, span_of(writer->page.data, size));
        at += size;
    }
    return crc == writer->block_crc ? OK : FLASH_FAILED;
}

static enum status block_finish(struct slot_writer *writer)
{
    uint64_t start = block_start(writer, writer->made - 1);
    uint64_t unit = writer->area->flash->write_unit;
    uint64_t end = (writer->made + unit - 1) / unit * unit;
    enum status status = page_flush(writer);

    if (!status && !is_behind_sync(writer))
        status = block_read_back(writer, start, end);
    if (status)
        return status;
    writer->done = writer->made;
    writer->block_crc = 0;
    return OK;
}

/* Bytes that the page takes before it must be flushed: it ends with its block. */
static size_t page_room(const struct slot_writer *writer)
{
    uint64_t block = writer->area->flash->erase_block;
    uint64_t in_block = block - writer->made % block;
    size_t room = writer->page.capacity - writer->page.size;

    return in_block < room ? (size_t)in_block : room;
}

enum status slot_writer_put(struct slot_writer *writer, struct span *bytes, bool *block_done)
{
    *block_done = false;
    if (bytes->size > writer->size - writer->made)
        return TOO_LARGE;
    while (bytes->size > 0) {
        struct span piece = span_first(*bytes, page_room(writer));
        buffer_append(&writer->page, piece);
        writer->made += piece.size;
        *bytes = span_from(*bytes, piece.size);
        if (writer->made % writer->area->flash->erase_block == 0) {
            *block_done = true;
            return block_finish(writer);
        }
        if (writer->page.size == writer->page.capacity && page_flush(writer))
            return FLASH_FAILED;
    }
    return OK;
}

static enum status put_piece(void *context, uint64_t offset, struct span bytes)
{
    struct slot_writer *writer = context;
    bool block_done;

    if (offset != writer->made)
        return WRONG_STATE;
    while (bytes.size > 0) {
        enum status status = slot_writer_put(writer, &bytes, &block_done);
        if (status)
            return status;
    }
    return OK;
}

struct patch_sink slot_writer_sink(struct slot_writer *writer)
{
    return (struct patch_sink){writer, put_piece, NULL};
}

enum status slot_writer_finish(struct slot_writer *writer)
{
    if (writer->made != writer->size)
        return WRONG_STATE;
    enum status status = writer->done == writer->made ? OK : block_finish(writer);
    if (!status)
        status = area_sync_begin(writer->area);
    return status ? status : area_sync(writer->area);
}

enum status slot_writer_erase_ahead(struct slot_writer *writer, bool *erased)
{
    uint64_t block = writer->area->flash->erase_block;

    *erased = false;
    if (writer->area->flash->sync)
        return OK;
    if (writer->erased_to >= writer->size || writer->erased_to > block_start(writer, writer->made) + block)
        return OK;
    if (writer->erased_to + block > writer->area->size)
        return OK;
    *erased = true;
    return erase_next(writer);
}
