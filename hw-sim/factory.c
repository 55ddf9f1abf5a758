/* Verify first, then write area by area through the agent's own writers, then let the boot loader judge. */
#include "hw-sim/factory.h"

#include "agent/boot.h"
#include "agent/document.h"
#include "agent/identity.h"
#include "agent/meta.h"
#include "agent/slot.h"
#include "keys/credentials.h"
#include "keys/uuid.h"
#include "manifests/fit.h"

#include <stdlib.h>
#include <string.h>

#define PAGE_SIZE 4096

/* What is being made, and what was proven of it. */
struct making {
    const struct profile_file *profile;
    const struct factory_order *order;
    uint8_t vendor[UUID_SIZE], class_id[UUID_SIZE];
    struct credentials credentials;
    struct bundle *bundle;
    unsigned stream;
    struct push *push;
    struct flash_cells *cells;
    struct layout layout;
    uint8_t page[PAGE_SIZE];
    struct area_stream area_stream;
};

/* Verifying ------------------------------------------------------------------------------------------------------- */

static bool verify_credentials(struct making *making, struct failure *why)
{
    const struct factory_order *order = making->order;
    const struct credentials_order wanted = {
        .root = order->root,
        .certificate = order->certificate,
        .device_key = order->device_key,
        .serial = order->serial,
        .vendor = making->vendor,
        .class_id = making->class_id,
    };

    return credentials_prove(&wanted, &making->credentials, why);
}

static bool verify_serial(const struct making *making, struct failure *why)
{
    const char *serial = making->order->serial, *expected = making->profile->content->serial;

    if (expected != NULL && strcmp(serial, expected) != 0)
        return failure_set(why, FAIL_PROFILE, "%s is for serial number %s, not %s", making->profile->path,
                           expected, serial);
    return true;
}

/* A first image has no base to start from. */
static bool find_full_stream(struct making *making, const struct plan **plan, struct failure *why)
{
    for (unsigned n = 0; (*plan = bundle_plan(making->bundle, n)) != NULL; n++) {
        if (!(*plan)->has_base) {
            making->stream = n;
            return true;
        }
    }
    return failure_set(why, FAIL_WRONG_BASE, "%s has no patch that needs no older image",
                       making->order->bundle);
}

static bool verify_bundle(struct making *making, struct plan *out, struct failure *why)
{
    const struct plan *plan;

    if (!bundle_open(making->order->bundle, &making->bundle, why) ||
        !bundle_authenticate(making->bundle, &making->credentials.trust, making->class_id, making->order->now,
                             why) ||
        !bundle_verify(making->bundle, BUNDLE_AUTHENTICATED, BUNDLE_TAKEN, why) ||
        !find_full_stream(making, &plan, why) ||
        !push_open(making->bundle, making->stream, &making->push, why) ||
        !fit_check(making->profile->device_class, (size_t)push_stream_offset(making->push) - 1, plan, why))
        return false;
    if (plan->sequence < plan->floor_after)
        return failure_set(why, FAIL_BELOW_FLOOR, "%s: below its own floor", making->order->bundle);
    *out = *plan;
    return true;
}

/* Writing --------------------------------------------------------------------------------------------------------- */

static bool written(enum status status, const char *what, struct failure *why)
{
    return status == OK ||
           failure_set(why, FAIL_LAYOUT, "%s can't be written: %s", what, status_name(status));
}

static bool write_slot(struct making *making, const struct plan *plan, struct failure *why)
{
    struct slot_writer writer;

    slot_writer_start(&writer, &making->layout.areas[AREA_SLOT_A], plan->image_size, 0,
                      buffer_over(making->page, sizeof making->page));
    return bundle_decode(making->bundle, making->stream, slot_writer_sink(&writer), why) &&
           written(slot_writer_finish(&writer), "slot A", why);
}

static bool write_meta(struct making *making, struct failure *why)
{
    size_t size = (size_t)push_stream_offset(making->push) - 1;
    struct meta meta = {
        .envelope_length = (uint32_t)size,
        .push_length = push_size(making->push),
        .stream_offset = (uint32_t)(size + 1),
        .stream = (uint8_t)making->stream,
    };
    uint8_t *envelope = malloc(size);

    if (envelope == NULL)
        return failure_set(why, FAIL_MEMORY, "no memory for the manifest");
    memcpy(meta.manifest, bundle_envelope(making->bundle)->digest, DIGEST_SIZE);
    bool done = push_digest(making->push, meta.sha, why) && push_read(making->push, 0, envelope, size, why) &&
                written(meta_write(&making->layout.areas[AREA_META_A], &meta, span_of(envelope, size),
                                   &making->area_stream),
                        "META_A", why);
    free(envelope);
    return done;
}

static bool write_identity(struct making *making, struct failure *why)
{
    const struct credentials *credentials = &making->credentials;
    uint8_t memory[IDENTITY_MAX];
    struct buffer bytes = buffer_over(memory, sizeof memory);
    struct identity identity = {
        .model = span_text(making->profile->device_class->model),
        .hardware = span_text(making->profile->hardware_revision),
        .serial = span_text(making->order->serial),
    };

    memcpy(identity.vendor, making->vendor, UUID_SIZE);
    memcpy(identity.class_id, making->class_id, UUID_SIZE);
    if (credentials->has_key) {
        identity.private_key = span_of(credentials->private_key, sizeof credentials->private_key);
        identity.certificate = span_used(&credentials->certificate);
    }
    return written(identity_encode(&bytes, &identity), "the identity", why) &&
           written(document_write(&making->layout.areas[AREA_IDENTITY], DOCUMENT_IDENTITY, span_used(&bytes),
                                  &making->area_stream),
                   "the identity", why);
}

static bool write_record(struct making *making, const struct plan *plan, struct failure *why)
{
    struct record_slot image = {.state = SLOT_GOOD, .sequence = plan->sequence, .size = plan->image_size};

    memcpy(image.digest, plan->image_digest, DIGEST_SIZE);
    memcpy(image.manifest_id, bundle_envelope(making->bundle)->digest, sizeof image.manifest_id);
    const struct record record = record_first(&image, plan->floor_after);
    return written(record_write(&making->layout, 0, &record), "the boot record", why);
}

/* The image is handed out only when the real boot loader would start it. */
static bool boots(struct making *making, struct failure *why)
{
    struct boot_outcome outcome;

    boot_run(&making->layout, 0, buffer_over(making->page, sizeof making->page), &outcome);
    if (outcome.kind != BOOT_SETTLED || outcome.running != SLOT_A || outcome.digest_failed)
        return failure_set(why, FAIL_INTERNAL, "the image that was made does not boot");
    return true;
}

static bool make_flash(struct making *making, const struct plan *plan, struct failure *why)
{
    struct placement placement;

    if (!placement_make(making->profile, &placement, why) ||
        !flash_cells_new(placement.chips, placement.chip_count, 0, &making->cells, why))
        return false;
    placement_layout(&placement, making->cells, VIEW_DEVICE, &making->layout);
    return write_slot(making, plan, why) && write_meta(making, why) && write_identity(making, why) &&
           written(document_write(&making->layout.areas[AREA_TRUST0], DOCUMENT_ROOT,
                                  span_used(&making->credentials.root), &making->area_stream),
                   "the root document", why) &&
           write_record(making, plan, why) && boots(making, why);
}

bool factory_make(const struct profile_file *profile, const struct factory_order *order,
                  struct factory_result *out, struct failure *why)
{
    struct making *making = calloc(1, sizeof *making);
    struct plan plan;
    bool done;

    if (making == NULL)
        return failure_set(why, FAIL_MEMORY, "no memory for the factory");
    making->profile = profile;
    making->order = order;
    uuid_of_vendor(profile->device_class->vendor_domain, making->vendor);
    uuid_of_class(making->vendor, profile->device_class->model, profile->hardware_revision, making->class_id);

    done = verify_serial(making, why) && verify_credentials(making, why) &&
           verify_bundle(making, &plan, why) && make_flash(making, &plan, why);
    if (done)
        *out = (struct factory_result){making->cells, plan};
    else
        flash_cells_close(making->cells);
    push_close(making->push);
    bundle_close(making->bundle);
    credentials_free(&making->credentials);
    free(making);
    return done;
}
