/* Buffers and framing; the kinds only move bytes. */
#include "agent/ports/linux/door.h"

#include "agent/agent.h"
#include "keys/base/steady.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_ROOM (DOOR_PACKET + FRAME_OVERHEAD)

static const struct {
    const char *word;
    const struct door_kind *kind;
} kinds[] = {{"unix:", &door_unix}, {"tcp:", &door_tcp}, {"tty:", &door_tty}, {"usb", &door_usb}};

static bool kind_find(struct door *door, const char *word, struct failure *why)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        size_t length = strlen(kinds[i].word);
        if (strncmp(word, kinds[i].word, length) != 0)
            continue;
        door->kind = kinds[i].kind;
        door->place = word + length;
        return true;
    }
    return failure_set(why, FAIL_AGENT_CONFIG,
                       "%s: doors: '%s' is none of unix:PATH, tcp:PORT, tty:PATH@BAUD, usb",
                       door->config->path, word);
}

static void framing_start(struct door *door)
{
    if (door->kind->carries == DOOR_FRAMES)
        line_reset(&door->line);
    else
        frame_raw_start(&door->frame, door->frame.packet);
    door->packet.size = 0;
    door->in.size = door->out.size = door->taken = 0;
}

static bool memory_make(struct door *door, struct failure *why)
{
    size_t framing = door->kind->carries == DOOR_FRAMES ? LINE_ROOM + DOOR_PACKET : DOOR_PACKET;

    door->memory = malloc(2 * DOOR_BYTES + framing);
    if (door->memory == NULL)
        return failure_set(why, FAIL_MEMORY, "no memory for a door");
    uint8_t *rest = door->memory + 2 * DOOR_BYTES;
    door->in = buffer_over(door->memory, DOOR_BYTES);
    door->out = buffer_over(door->memory + DOOR_BYTES, DOOR_BYTES);
    if (door->kind->carries == DOOR_FRAMES)
        line_start(&door->line, LINE_DEVICE, buffer_over(rest, LINE_ROOM),
                   buffer_over(rest + LINE_ROOM, DOOR_PACKET), (struct frame_chatter){NULL, NULL});
    else
        frame_raw_start(&door->frame, buffer_over(rest, DOOR_PACKET));
    return true;
}

bool door_open(struct door *door, const struct config_file *config, const char *word, void *more,
               struct failure *why)
{
    *door = (struct door){.config = config, .listener.file = -1, .file = -1, .more = more};
    if (kind_find(door, word, why) && memory_make(door, why) && door->kind->open(door, why))
        return true;
    free(door->memory);
    door->memory = NULL;
    return false;
}

void door_shut(struct door *door)
{
    door->kind->shut(door);
    free(door->memory);
    door->memory = NULL;
}

void door_hang_up(struct door *door)
{
    if (door->file >= 0)
        close(door->file);
    door->file = -1;
    door->newly = true;
    framing_start(door);
}

bool door_changed(struct door *door)
{
    bool newly = door->newly;

    door->newly = false;
    return newly;
}

static void drop_first(struct buffer *buffer, size_t size)
{
    memmove(buffer->data, buffer->data + size, buffer->size - size);
    buffer->size -= size;
}

/* What a line has ready goes behind the bytes that wait. */
static void line_flow(struct door *door)
{
    if (door->kind->carries == DOOR_FRAMES)
        door->out.size +=
            line_send(&door->line, door->out.data + door->out.size, door->out.capacity - door->out.size);
}

static void stuck_forget(struct door *door)
{
    uint64_t now = steady_ms();

    if (door->stuck == 0)
        door->stuck = now;
    if (now - door->stuck < DOOR_STUCK_MS)
        return;
    door->stuck = 0;
    door->newly = true;
    framing_start(door);
}

static bool move_out(struct door *door)
{
    line_flow(door);
    if (door->out.size == 0)
        return false;
    ssize_t put = door->kind->write(door, door->out.data, door->out.size);
    if (put == DOOR_GONE)
        door_hang_up(door);
    else if (put > 0)
        drop_first(&door->out, (size_t)put);
    else
        stuck_forget(door);
    if (put != 0)
        door->stuck = 0;
    return put != 0;
}

static bool move_in(struct door *door)
{
    if (door->taken == door->in.size && door->packet.size == 0)
        door->in.size = door->taken = 0;
    size_t room = door->in.capacity - door->in.size;
    if (room == 0)
        return false;
    ssize_t got = door->kind->read(door, door->in.data + door->in.size, room);
    if (got == DOOR_GONE)
        door_hang_up(door);
    else if (got > 0)
        door->in.size += (size_t)got;
    return got != 0;
}

bool door_move(struct door *door)
{
    bool moved = false;

    if (door->file >= 0)
        moved = move_out(door);
    if (door->file >= 0)
        moved = move_in(door) || moved;
    return moved;
}

/* Only silence tells that the rest of a raw packet was lost. */
static void half_packet_forget(struct door *door, uint64_t now)
{
    if (now - door->heard > AGENT_GAP_MS && !frame_raw_between(&door->frame))
        frame_raw_start(&door->frame, door->frame.packet);
    door->heard = now;
}

bool door_packet(struct door *door, uint64_t now)
{
    struct span rest = span_from(span_used(&door->in), door->taken);
    enum status status = INCOMPLETE;

    if (door->packet.size > 0)
        return true;
    if (rest.size == 0)
        return false;
    if (door->kind->carries == DOOR_FRAMES) {
        status = line_take(&door->line, &rest, now, &door->packet);
    } else {
        half_packet_forget(door, now);
        status = frame_raw_take_in_place(&door->frame, &rest, &door->packet);
        while (status != OK && rest.size > 0)
            status = frame_raw_take(&door->frame, &rest, &door->packet);
    }
    door->taken = door->in.size - rest.size;
    if (status != OK)
        door->packet.size = 0;
    return status == OK;
}

size_t door_room(const struct door *door)
{
    if (door->file < 0)
        return SIZE_MAX; /* nobody is there: what is given is lost, as on a line that nobody holds */
    if (door->kind->carries == DOOR_FRAMES)
        return line_wants(&door->line);
    return door->out.capacity - door->out.size;
}

void door_give(struct door *door, struct span raw)
{
    if (door->file < 0)
        return;
    if (door->kind->carries == DOOR_FRAMES)
        line_give(&door->line, raw);
    else
        buffer_append(&door->out, raw);
}

bool door_quiet(const struct door *door)
{
    if (door->file < 0)
        return true;
    return door->out.size == 0 &&
           (door->kind->carries == DOOR_PACKETS || !frame_writer_busy(&door->line.writer)) &&
           (door->kind->quiet == NULL || door->kind->quiet(door));
}
