/* Patch streams behind a description: first byte codec, then the blocks with their digests mended, so that the decoder itself is
 * reached. Output never passes the image, whatever the vendor signed. */
#include "keys/base/bytes.h"
#include "manifests/patch.h"

#include "tests/fuzz/fuzz.h"

#include <string.h>

#define IMAGE_MAX 4096
#define BLOCK_MAX 1024

static uint64_t made;

static enum status take(void *context, uint64_t offset, struct span bytes)
{
    const uint64_t *image = context;

    fuzz_must(offset == made && bytes.size <= *image - made, "output in order, within the image");
    made += bytes.size;
    return OK;
}

/* Splits `bytes` at BLOCK_MAX and writes each block's next length and digest, from the last to the first. */
static void chain(uint8_t *bytes, size_t size, struct patch_description *description)
{
    size_t count = (size + BLOCK_MAX - 1) / BLOCK_MAX, length = 0;
    uint8_t digest[DIGEST_SIZE];

    for (size_t block = count; block > 0; block--) {
        uint8_t *at = bytes + (block - 1) * BLOCK_MAX;
        size_t this_length = block == count ? size - (count - 1) * BLOCK_MAX : BLOCK_MAX;
        if (block < count && this_length >= PATCH_HEAD_SIZE) {
            put_le32(at + 2, (uint32_t)length);
            memcpy(at + 6, digest, DIGEST_SIZE);
        }
        length = this_length;
        digest_of(span_of(at, length), digest);
    }
    description->first_length = (uint32_t)length;
    memcpy(description->first_digest, digest, DIGEST_SIZE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t stream[8 * BLOCK_MAX], block[BLOCK_MAX], output[256];
    static _Alignas(8) uint8_t decoder[PATCH_INFLATE_RAM + 512];
    static struct patch_reader reader;
    struct patch_description description = {.block_max = BLOCK_MAX, .segment_max = sizeof stream};
    struct patch_memory memory = {.block = buffer_over(block, sizeof block),
                                  .decoder = buffer_over(decoder, sizeof decoder),
                                  .output = buffer_over(output, sizeof output)};
    uint64_t image;

    (void)patch_description_read(span_of(data, size), &description);
    if (size < 4 || size - 3 > sizeof stream)
        return 0;
    description = (struct patch_description){.block_max = BLOCK_MAX, .segment_max = sizeof stream};
    description.codec = data[0] & 1;
    description.window_bits = description.codec ? 9 : 0;
    description.ram = BLOCK_MAX + (description.codec ? PATCH_INFLATE_RAM + 512 : 0);
    image = 1 + get_le16(data + 1) % IMAGE_MAX;
    memcpy(stream, data + 3, size - 3);
    description.stream_size = size - 3;
    chain(stream, size - 3, &description);
    made = 0;
    if (patch_start(&reader, &description, image, NULL, memory, (struct patch_sink){&image, take, NULL}) !=
        OK)
        return 0;
    if (patch_feed(&reader, span_of(stream, size - 3)) == OK && patch_done(&reader))
        fuzz_must(made == image, "a stream that is done made the whole image");
    return 0;
}
