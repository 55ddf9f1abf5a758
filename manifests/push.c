#include "manifests/bundle_file.h"

#include <stdlib.h>
#include <string.h>

struct push {
    const struct bundle *bundle;
    struct buffer head; /* envelope without text, then N */
    uint64_t stream_at; /* offset of the stream in the bundle's file */
    uint64_t stream_size;
};

static bool make_head(struct push *push, unsigned stream, struct failure *why)
{
    size_t capacity = push->bundle->bytes.size + 1;

    push->head = buffer_over(malloc(capacity), capacity);
    if (push->head.data == NULL)
        return failure_set(why, FAIL_MEMORY, "%s", push->bundle->path);
    enum status status = suit_sever_text(&push->head, span_used(&push->bundle->bytes));
    if (status != OK || !buffer_put(&push->head, (uint8_t)stream))
        return failure_set(why, FAIL_INTERNAL, "%s: its text can't be cut off: %s", push->bundle->path,
                           status_name(status));
    return true;
}

bool push_open(const struct bundle *bundle, unsigned stream, struct push **out, struct failure *why)
{
    const struct bundle_place *place = bundle_place_of(bundle, stream);

    if (!bundle->verified || place == NULL)
        return failure_set(why, FAIL_INTERNAL, "%s: stream %u of a bundle that was not verified",
                           bundle->path, stream);
    struct push *push = calloc(1, sizeof *push);
    if (push == NULL)
        return failure_set(why, FAIL_MEMORY, "%s", bundle->path);
    push->bundle = bundle;
    push->stream_at = place->data;
    push->stream_size = place->size;
    if (!make_head(push, stream, why)) {
        push_close(push);
        return false;
    }
    *out = push;
    return true;
}

void push_close(struct push *push)
{
    if (push == NULL)
        return;
    free(push->head.data);
    free(push);
}

uint64_t push_size(const struct push *push)
{
    return push->head.size + push->stream_size;
}

uint64_t push_stream_offset(const struct push *push)
{
    return push->head.size;
}

bool push_digest(const struct push *push, uint8_t sha[DIGEST_SIZE], struct failure *why)
{
    struct digest digest;
    uint8_t piece[16384];
    uint64_t size = push_size(push);

    digest_start(&digest);
    for (uint64_t at = 0; at < size;) {
        size_t some = size - at < sizeof piece ? (size_t)(size - at) : sizeof piece;
        if (!push_read(push, at, piece, some, why))
            return false;
        digest_update(&digest, span_of(piece, some));
        at += some;
    }
    digest_finish(&digest, sha);
    return true;
}

bool push_read(const struct push *push, uint64_t offset, void *data, size_t size, struct failure *why)
{
    uint8_t *at = data;

    if (offset > push_size(push) || size > push_size(push) - offset)
        return failure_set(why, FAIL_INTERNAL, "%s: read past the end of the push file", push->bundle->path);
    if (offset < push->head.size) {
        size_t from = (size_t)offset;
        size_t some = size < push->head.size - from ? size : push->head.size - from;
        memcpy(at, push->head.data + from, some);
        at += some;
        offset += some;
        size -= some;
    }
    if (size == 0)
        return bundle_unchanged(push->bundle, why);
    if (!bundle_pread(push->bundle, push->stream_at + (offset - push->head.size), at, size, NULL))
        return failure_set(why, FAIL_BUNDLE_CHANGED, "%s: became shorter", push->bundle->path);
    /* asked after the read: a change before or during it is seen, one after it does not concern these bytes */
    return bundle_unchanged(push->bundle, why);
}
