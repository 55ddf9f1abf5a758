/* Parameter -257 of the manifest (docs/formats.md 5): what a patch stream is, as a canonical CBOR array. The numbers are
 * compared with each other here; whether a device can hold them is the device's question. */
#include "manifests/patch.h"

#include <string.h>

enum { DESCRIPTION_VERSION = 1, DESCRIPTION_ITEMS = 13 };
enum { WINDOW_BITS_LEAST = 9, WINDOW_BITS_MOST = 15 };
enum { INSTRUCTION_SETS = 6 };

static uint32_t codec_ram(const struct patch_description *description)
{
    if (description->codec == PATCH_STORED)
        return 0;
    return ((uint32_t)1 << description->window_bits) + PATCH_INFLATE_RAM;
}

static bool window_fits(const struct patch_description *description)
{
    if (description->codec == PATCH_STORED)
        return description->window_bits == 0;
    return description->window_bits >= WINDOW_BITS_LEAST && description->window_bits <= WINDOW_BITS_MOST;
}

static bool sizes_fit(const struct patch_description *description)
{
    if (description->block_max < PATCH_BLOCK_LEAST || description->segment_max < description->block_max)
        return false;
    if (description->first_length < PATCH_LENGTH_LEAST || description->first_length > description->block_max)
        return false;
    if (description->first_length > description->stream_size)
        return false;
    return description->ram == (uint64_t)description->block_max + codec_ram(description);
}

/* What only the codecs with a context or an address model use. */
static bool model_is_absent(const struct patch_description *description)
{
    return description->context_size == 0 && description->instruction_set == 0 &&
           description->old_address == 0 && description->new_address == 0;
}

enum status patch_description_check(const struct patch_description *description)
{
    if (description->instruction_set >= INSTRUCTION_SETS)
        return BAD_FORMAT;
    if (description->codec != PATCH_STORED && description->codec != PATCH_DEFLATE)
        return UNSUPPORTED;
    if (!window_fits(description) || !sizes_fit(description) || !model_is_absent(description))
        return BAD_FORMAT;
    return OK;
}

static enum status read_sizes(struct cbor *cbor, struct patch_description *out)
{
    enum status status;

    if ((status = cbor_uint8(cbor, &out->codec)) || (status = cbor_uint8(cbor, &out->window_bits)) ||
        (status = cbor_uint32(cbor, &out->block_max)) || (status = cbor_uint32(cbor, &out->segment_max)) ||
        (status = cbor_uint32(cbor, &out->ram)) || (status = cbor_uint(cbor, &out->stream_size)))
        return status;
    return cbor_uint32(cbor, &out->context_size);
}

static enum status read_rest(struct cbor *cbor, struct patch_description *out)
{
    enum status status;

    if ((status = cbor_uint32(cbor, &out->first_length)) ||
        (status = cbor_bytes_exact(cbor, out->first_digest, DIGEST_SIZE)) ||
        (status = cbor_uint8(cbor, &out->instruction_set)) || (status = cbor_uint(cbor, &out->old_address)) ||
        (status = cbor_uint(cbor, &out->new_address)))
        return status;
    return cbor_end(cbor);
}

enum status patch_description_read(struct span content, struct patch_description *out)
{
    struct cbor cbor = cbor_over(content, CBOR_CANONICAL);
    struct patch_description description;
    struct cbor_items items;
    uint64_t version;

    if (cbor_enter_array(&cbor, &items) || cbor_uint(&cbor, &version))
        return BAD_FORMAT;
    if (version != DESCRIPTION_VERSION)
        return BAD_VERSION;
    /* The content is whole: what ends early or passes its type is as wrong as any other shape. */
    if (items.left != DESCRIPTION_ITEMS || read_sizes(&cbor, &description) || read_rest(&cbor, &description))
        return BAD_FORMAT;
    enum status status = patch_description_check(&description);
    if (!status)
        *out = description;
    return status;
}

enum status patch_description_write(struct buffer *out, const struct patch_description *description)
{
    enum status status = patch_description_check(description);
    if (status)
        return status;

    struct buffer whole = *out;
    struct cbor_writer writer = cbor_into(&whole);
    cbor_put_array(&writer, DESCRIPTION_ITEMS);
    cbor_put_uint(&writer, DESCRIPTION_VERSION);
    cbor_put_uint(&writer, description->codec);
    cbor_put_uint(&writer, description->window_bits);
    cbor_put_uint(&writer, description->block_max);
    cbor_put_uint(&writer, description->segment_max);
    cbor_put_uint(&writer, description->ram);
    cbor_put_uint(&writer, description->stream_size);
    cbor_put_uint(&writer, description->context_size);
    cbor_put_uint(&writer, description->first_length);
    cbor_put_bytes(&writer, span_of(description->first_digest, DIGEST_SIZE));
    cbor_put_uint(&writer, description->instruction_set);
    cbor_put_uint(&writer, description->old_address);
    cbor_put_uint(&writer, description->new_address);
    status = cbor_written(&writer);
    if (!status)
        *out = whole;
    return status;
}
