/* Decoding a bundle's stream on a host with the device's own reader, into a sink and a digest. */
#include "manifests/bundle_file.h"

#include <stdlib.h>
#include <string.h>

enum { OUTPUT_SIZE = 16384 }; /* bytes of a piece of the image */

static enum status take_output(void *context, uint64_t offset, struct span bytes)
{
    struct bundle_decoder *decoder = context;

    digest_beside_update(decoder->digest, bytes);
    return decoder->sink.write != NULL ? decoder->sink.write(decoder->sink.context, offset, bytes) : OK;
}

bool bundle_decoder_start(struct bundle_decoder *decoder, const struct bundle *bundle, unsigned stream,
                          struct patch_sink sink, struct failure *why)
{
    const struct plan *plan = &bundle->plans[stream];
    const struct patch_description *patch = &plan->patch;

    memset(decoder, 0, sizeof *decoder);
    if (patch->ram < patch->block_max || patch->ram > BUNDLE_MEMORY_MAX)
        return failure_set(why, FAIL_STREAM, "%s: patch/%u needs %u bytes of memory, at most %u",
                           bundle->path, stream, patch->ram, BUNDLE_MEMORY_MAX);
    /* the decoder's part comes first: it must be aligned, a block need not be */
    size_t decoder_size = patch->ram - patch->block_max;
    decoder->memory = malloc((size_t)patch->ram + OUTPUT_SIZE);
    decoder->digest = digest_beside_start();
    if (decoder->memory == NULL || decoder->digest == NULL) {
        bundle_decoder_stop(decoder);
        return failure_set(why, FAIL_MEMORY, "%s: patch/%u", bundle->path, stream);
    }
    decoder->sink = sink;
    struct patch_memory memory = {
        .block = buffer_over(decoder->memory + decoder_size, patch->block_max),
        .decoder = buffer_over(decoder->memory, decoder_size),
        .output = buffer_over(decoder->memory + patch->ram, OUTPUT_SIZE),
    };
    enum status status = patch_start(&decoder->reader, patch, plan->image_size, NULL, memory,
                                     (struct patch_sink){decoder, take_output, NULL});
    if (status == OK)
        return true;
    bundle_stream_failed(bundle, stream, decoder, status, why);
    bundle_decoder_stop(decoder);
    return false;
}

enum status bundle_decoder_feed(struct bundle_decoder *decoder, struct span bytes)
{
    return patch_feed(&decoder->reader, bytes);
}

enum status bundle_decoder_finish(struct bundle_decoder *decoder, const struct plan *plan)
{
    uint8_t made[DIGEST_SIZE];

    if (!patch_done(&decoder->reader))
        return INCOMPLETE;
    digest_beside_finish(decoder->digest, made);
    return digest_equal(made, plan->image_digest) ? OK : CONDITION_FAILED;
}

void bundle_decoder_stop(struct bundle_decoder *decoder)
{
    free(decoder->memory);
    digest_beside_stop(decoder->digest);
    decoder->memory = NULL;
    decoder->digest = NULL;
}

bool bundle_stream_failed(const struct bundle *bundle, unsigned stream, const struct bundle_decoder *decoder,
                          enum status status, struct failure *why)
{
    uintmax_t in = decoder->reader.offset, out = decoder->reader.output;

    switch (status) {
    case BAD_DIGEST:
        return failure_set(why, FAIL_BUNDLE_DIGEST,
                           "%s: patch/%u: the block that ends near byte %ju is not the one named",
                           bundle->path, stream, in);
    case TOO_LARGE:
        return failure_set(why, FAIL_STREAM, "%s: patch/%u: gives more than the image's %ju bytes",
                           bundle->path, stream, (uintmax_t)bundle->plans[stream].image_size);
    case INCOMPLETE:
        return failure_set(why, FAIL_STREAM, "%s: patch/%u: ends after %ju of the image's %ju bytes",
                           bundle->path, stream, out, (uintmax_t)bundle->plans[stream].image_size);
    case CONDITION_FAILED:
        return failure_set(why, FAIL_STREAM, "%s: patch/%u: decodes to another image than the manifest names",
                           bundle->path, stream);
    default:
        return failure_set(why, FAIL_STREAM, "%s: patch/%u: %s near byte %ju", bundle->path, stream,
                           status_name(status), in);
    }
}

const struct bundle_place *bundle_place_of(const struct bundle *bundle, unsigned stream)
{
    for (size_t i = 0; i < bundle->place_count; i++)
        if (bundle->places[i].stream == (int)stream)
            return &bundle->places[i];
    return NULL;
}

static bool feed_from_file(struct bundle_decoder *decoder, const struct bundle *bundle,
                           const struct bundle_place *place, struct failure *why)
{
    uint8_t piece[16384];
    enum status status = OK;

    for (uint64_t done = 0; done < place->size && status == OK;) {
        size_t size = place->size - done < sizeof piece ? (size_t)(place->size - done) : sizeof piece;
        if (!bundle_pread(bundle, place->data + done, piece, size, NULL))
            return failure_set(why, FAIL_BUNDLE_CHANGED, "%s: became shorter", bundle->path);
        status = bundle_decoder_feed(decoder, span_of(piece, size));
        done += size;
    }
    if (status == OK)
        status = bundle_decoder_finish(decoder, &bundle->plans[place->stream]);
    if (status == FAILED)
        return failure_set(why, FAIL_FILE_WRITE, "the image of %s could not be written", bundle->path);
    return status == OK || failure_set(why, FAIL_BUNDLE_CHANGED, "%s: patch/%d decoded well before",
                                       bundle->path, place->stream);
}

bool bundle_decode(const struct bundle *bundle, unsigned stream, struct patch_sink sink, struct failure *why)
{
    const struct bundle_place *place = bundle_place_of(bundle, stream);
    struct bundle_decoder decoder;

    if (!bundle->verified || place == NULL)
        return failure_set(why, FAIL_INTERNAL, "%s: stream %u of a bundle that was not verified",
                           bundle->path, stream);
    if (!bundle_decoder_start(&decoder, bundle, stream, sink, why))
        return false;
    bool fine = feed_from_file(&decoder, bundle, place, why);
    bundle_decoder_stop(&decoder);
    return fine;
}
