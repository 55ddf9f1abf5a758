#include "manifests/fit.h"

#include "keys/uuid.h"

#include <stdlib.h>
#include <string.h>

bool fit_check(const struct device_class *class, size_t envelope_size, const struct plan *plan,
               struct failure *why)
{
    const struct patch_description *patch = &plan->patch;

    if (plan->image_size > class->slot_size)
        return failure_set(why, FAIL_IMAGE_TOO_LARGE, "image of %ju bytes, slot of %ju",
                           (uintmax_t)plan->image_size, (uintmax_t) class->slot_size);
    if (envelope_size > class->manifest_max)
        return failure_set(why, FAIL_MANIFEST_TOO_LARGE,
                           "manifest of %zu bytes with its signatures, manifest_max %u", envelope_size,
                           class->manifest_max);
    if (patch->block_max > class->block_max)
        return failure_set(why, FAIL_BLOCK_TOO_LARGE, "stream %u: blocks of %u bytes, block_max %u",
                           plan->stream, patch->block_max, class->block_max);
    if (patch->segment_max > class->segment_max)
        return failure_set(why, FAIL_BLOCK_TOO_LARGE, "stream %u: segments of %u bytes, segment_max %u",
                           plan->stream, patch->segment_max, class->segment_max);
    if (patch->ram > class->ram)
        return failure_set(why, FAIL_DEVICE_MEMORY, "stream %u: needs %u bytes to decode, ram %u",
                           plan->stream, patch->ram, class->ram);
    return true;
}

static bool serves(const struct device_class *class, const struct bundle *bundle, struct failure *why)
{
    uint8_t vendor[UUID_SIZE], wanted[UUID_SIZE], classes[SUIT_CLASSES_MAX][UUID_SIZE];
    size_t count;

    if (!bundle_targets(bundle, vendor, classes, &count, why))
        return false;
    uuid_of_vendor(class->vendor_domain, wanted);
    if (memcmp(vendor, wanted, UUID_SIZE) != 0)
        return failure_set(why, FAIL_WRONG_VENDOR, "%s: not for devices of %s", bundle_path(bundle),
                           class->vendor_domain);
    for (unsigned i = 0; i < class->hardware_revisions_count; i++) {
        bool found = false;
        uuid_of_class(vendor, class->model, class->hardware_revisions[i], wanted);
        for (size_t k = 0; k < count; k++)
            found = found || memcmp(classes[k], wanted, UUID_SIZE) == 0;
        if (!found)
            return failure_set(why, FAIL_WRONG_CLASS, "%s: not for %s revision %s", bundle_path(bundle),
                               class->model, class->hardware_revisions[i]);
    }
    return true;
}

bool fit_envelope_size(const struct suit_envelope *envelope, size_t *size, struct failure *why)
{
    struct buffer severed = buffer_over(malloc(envelope->whole.size), envelope->whole.size);
    size_t missing = envelope->block_count < FIT_SIGNATURES ? FIT_SIGNATURES - envelope->block_count : 0;

    if (severed.data == NULL)
        return failure_set(why, FAIL_MEMORY, "the envelope");
    enum status status = suit_sever_text(&severed, envelope->whole);
    free(severed.data);
    if (status != OK)
        return failure_set(why, FAIL_INTERNAL, "the envelope's text can't be cut off: %s",
                           status_name(status));
    *size = severed.size + missing * FIT_SIGNATURE_SIZE;
    return true;
}

bool fit_check_bundle(const struct device_class *class, const struct bundle *bundle, struct failure *why)
{
    size_t envelope_size;

    if (!serves(class, bundle, why) || !fit_envelope_size(bundle_envelope(bundle), &envelope_size, why))
        return false;
    for (unsigned i = 0; i < bundle_stream_count(bundle); i++)
        if (!fit_check(class, envelope_size, bundle_plan(bundle, i), why))
            return false;
    return true;
}
