/* What all doors share: two buffers, and the kind behind them. */
#include "hw-sim/door.h"

#include <string.h>

void door_start(struct door *door, const struct door_kind *kind, const char *path)
{
    memset(door, 0, sizeof *door);
    door->kind = kind;
    door->path = path;
    door->listener.file = -1;
    door->client = -1;
    door->serial.slave = -1;
    door->in = buffer_over(door->in_bytes, sizeof door->in_bytes);
    door->out = buffer_over(door->out_bytes, sizeof door->out_bytes);
}

bool door_open(struct door *door, struct failure *why)
{
    return door->kind->open(door, why);
}

void door_shut(struct door *door)
{
    door->kind->shut(door);
}

void door_watch(const struct door *door, struct pollfd polls[DOOR_POLLS])
{
    door->kind->watch(door, polls);
}

void door_serve(struct door *door, const struct pollfd polls[DOOR_POLLS])
{
    door->kind->serve(door, polls);
}

void door_flush(struct door *door)
{
    door->kind->flush(door);
}

void door_babbles(struct door *door, bool babbles)
{
    if (door->serial.babbles && !babbles) {
        line_reset(&door->serial.line);
        door->out.size = 0;
    }
    door->serial.babbles = babbles;
}

bool door_changed(struct door *door)
{
    bool changed = door->newly;
    door->newly = false;
    return changed;
}

void door_took(struct buffer *buffer, size_t size)
{
    memmove(buffer->data, buffer->data + size, buffer->size - size);
    buffer->size -= size;
}
