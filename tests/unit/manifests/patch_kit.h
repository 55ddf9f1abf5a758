/* A device as far as a patch stream sees it: memory of the stated size and a sink that compares what it gets with the image
 * that should come out. */
#ifndef SUTURE_TESTS_PATCH_KIT_H
#define SUTURE_TESTS_PATCH_KIT_H

#include "tests/support/test.h"
#include "manifests/patch.h"

#define KIT_SEGMENTS 256

struct kit_device {
    struct patch_reader reader;
    struct span image; /* what should come out */
    uint64_t expected; /* offset of the next output byte */
    uint64_t given;    /* output bytes that came */
    bool wrong;        /* a byte that is not the image's came */
    /* decoder and block, exactly as large as described, so that sanitizers see one byte too many */
    uint8_t *room;
    uint8_t *piece;
    struct patch_restart segments[KIT_SEGMENTS];
    size_t segment_count;
    enum status answer; /* of the sink */
};

/* A small generator (xorshift), so that a printed seed is all one needs. */
static inline uint32_t kit_random(uint32_t *seed)
{
    uint32_t x = *seed;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return *seed = x;
}

static enum status kit_write(void *context, uint64_t offset, struct span bytes)
{
    struct kit_device *device = context;
    assert_true(offset == device->expected);
    assert_true(bytes.size > 0);
    if (offset > device->image.size || bytes.size > device->image.size - offset ||
        memcmp(device->image.data + offset, bytes.data, bytes.size) != 0)
        device->wrong = true;
    if (device->answer == OK) {
        device->expected += bytes.size;
        device->given += bytes.size;
    }
    return device->answer;
}

static void kit_segment(void *context, const struct patch_restart *restart)
{
    struct kit_device *device = context;
    assert_true(device->segment_count < KIT_SEGMENTS);
    assert_true(restart->output_offset == device->expected);
    device->segments[device->segment_count++] = *restart;
}

static inline struct patch_memory kit_memory(struct kit_device *device,
                                             const struct patch_description *description, size_t piece)
{
    size_t decoder = description->ram - description->block_max;
    device->room = malloc(description->ram);
    device->piece = malloc(piece);
    assert_non_null(device->room);
    assert_non_null(device->piece);
    return (struct patch_memory){buffer_over(device->room + decoder, description->block_max),
                                 buffer_over(device->room, decoder), buffer_over(device->piece, piece)};
}

static inline struct kit_device *kit_open(struct span image, const struct patch_description *description,
                                          const struct patch_restart *restart, size_t piece)
{
    struct kit_device *device = calloc(1, sizeof *device);
    assert_non_null(device);
    device->image = image;
    device->expected = restart == NULL ? 0 : restart->output_offset;
    struct patch_sink sink = {device, kit_write, kit_segment};
    enum status status = patch_start(&device->reader, description, image.size, restart,
                                     kit_memory(device, description, piece), sink);
    assert_int_equal(status, OK);
    return device;
}

static inline void kit_close(struct kit_device *device)
{
    free(device->room);
    free(device->piece);
    free(device);
}

static inline void kit_assert_status(enum status got, enum status wanted)
{
    if (got != wanted)
        fail_msg("%s instead of %s", status_name(got), status_name(wanted));
}

#endif
