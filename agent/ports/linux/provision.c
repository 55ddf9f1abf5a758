/* Proof first, then slot, META, identity and root, records last; all through the agent's own writers. */
#include "agent/ports/linux/provision.h"

#include "agent/document.h"
#include "agent/identity.h"
#include "agent/meta.h"
#include "agent/ports/linux/boot_control.h"
#include "agent/ports/linux/storage.h"
#include "agent/slot.h"
#include "keys/credentials.h"
#include "keys/uuid.h"

#include <stdlib.h>
#include <string.h>

#define PAGE_SIZE  (64u * 1024)
#define PIECE_SIZE 4096

struct making {
    const struct config_file *config;
    const struct provision_order *order;
    struct storage storage;
    uint8_t vendor[UUID_SIZE], class_id[UUID_SIZE];
    struct credentials credentials;
    FILE *push;
    struct buffer envelope; /* allocated: manifest_max */
    uint8_t stream;
    uint64_t push_length;
    struct suit_envelope read;
    struct suit_manifest manifest;
    struct plan plan;
    struct slot_writer writer;
    struct patch_reader reader;
    uint8_t page[PAGE_SIZE], piece[PIECE_SIZE], pieces[512];
    uint8_t *ram; /* block and decoder */
    struct area_stream area_stream;
};

/* ---- proving */

static bool prove_credentials(struct making *making, struct failure *why)
{
    const struct provision_order *order = making->order;
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

static bool not_ours(const struct making *making, const char *what, struct failure *why)
{
    return failure_set(why, FAIL_AGENT_PUSH, "%s: %s", making->order->push, what);
}

/* Envelope and N from the file's start; the stream comes next. */
static bool envelope_read(struct making *making, struct failure *why)
{
    struct buffer *envelope = &making->envelope;
    size_t most = making->config->device_class->manifest_max, extent;
    int number;

    *envelope = buffer_over(malloc(most), most);
    making->push = fopen(making->order->push, "re");
    if (making->push == NULL)
        return failure_set(why, FAIL_FILE_OPEN, "%s can't be opened", making->order->push);
    if (envelope->data == NULL)
        return failure_set(why, FAIL_MEMORY, "no memory for the manifest");
    size_t got = fread(envelope->data, 1, most, making->push);
    if (suit_envelope_extent(span_of(envelope->data, got), &extent) || extent > got)
        return not_ours(making, "no push file, or its manifest is larger than the class takes", why);
    envelope->size = extent;
    if (fseek(making->push, (long)extent, SEEK_SET) != 0 || (number = getc(making->push)) == EOF)
        return not_ours(making, "ends early", why);
    making->stream = (uint8_t)number;
    return true;
}

static bool sizes_fit(const struct making *making)
{
    const struct device_class *class = making->config->device_class;
    const struct plan *plan = &making->plan;

    return plan->image_size > 0 && plan->image_size <= class->slot_size &&
           plan->patch.block_max <= class->block_max && plan->patch.segment_max <= class->segment_max &&
           plan->patch.ram <= class->ram && plan->sequence >= plan->floor_after;
}

static bool prove_push(struct making *making, struct failure *why)
{
    struct plan_target target = {.stream = making->stream};

    if (!envelope_read(making, why))
        return false;
    target.stream = making->stream;
    memcpy(target.vendor, making->vendor, UUID_SIZE);
    memcpy(target.class_id, making->class_id, UUID_SIZE);
    enum status status = suit_envelope_read(span_used(&making->envelope), &making->read, NULL);
    if (!status)
        status = suit_authorized(&making->read, &making->credentials.trust, making->vendor, making->class_id,
                                 making->order->now);
    if (!status)
        status = suit_manifest_read(&making->read, &making->manifest, NULL);
    if (!status)
        status = plan_make(&making->manifest, &target, &making->plan, NULL);
    if (status)
        return not_ours(making, status_name(status), why);
    if (making->plan.has_base)
        return not_ours(making, "its patch needs an older image", why);
    return sizes_fit(making) || not_ours(making, "larger than the class allows", why);
}

/* ---- writing */

static bool written(enum status status, const struct making *making, const char *what, struct failure *why)
{
    return status == OK || failure_set(why, FAIL_AGENT_DISK, "%s: %s can't be written: %s",
                                       making->config->state, what, status_name(status));
}

static enum status decode_start(struct making *making)
{
    const struct patch_description *patch = &making->plan.patch;
    size_t block = (patch->block_max + 15u) / 16 * 16;
    size_t decoder = patch->ram - patch->block_max;

    making->ram = aligned_alloc(16, (block + decoder + 15) / 16 * 16);
    if (making->ram == NULL)
        return TOO_LARGE;
    struct patch_memory memory = {
        .block = buffer_over(making->ram, patch->block_max),
        .decoder = buffer_over(making->ram + block, decoder),
        .output = buffer_over(making->pieces, sizeof making->pieces),
    };
    slot_writer_start(&making->writer, &making->storage.layout.areas[AREA_SLOT_A], making->plan.image_size, 0,
                      buffer_over(making->page, sizeof making->page));
    return patch_start(&making->reader, patch, making->plan.image_size, NULL, memory,
                       slot_writer_sink(&making->writer));
}

static bool write_slot(struct making *making, struct failure *why)
{
    enum status status = decode_start(making);
    size_t got = 1;

    while (!status && !patch_done(&making->reader) && got > 0) {
        got = fread(making->piece, 1, sizeof making->piece, making->push);
        status = patch_feed(&making->reader, span_of(making->piece, got));
    }
    if (status == FLASH_FAILED)
        return written(status, making, "slot A", why);
    if (status || !patch_done(&making->reader))
        return not_ours(making, status ? status_name(status) : "ends early", why);
    making->push_length =
        making->envelope.size + 1 + making->plan.patch.stream_size; /* what an agent would have counted */
    return written(slot_writer_finish(&making->writer), making, "slot A", why);
}

static bool write_meta(struct making *making, struct failure *why)
{
    struct meta meta = {
        .envelope_length = (uint32_t)making->envelope.size,
        .push_length = making->push_length,
        .stream_offset = (uint32_t)making->envelope.size + 1,
        .stream = making->stream,
    };

    memcpy(meta.manifest, making->read.digest, DIGEST_SIZE);
    return written(meta_write(&making->storage.layout.areas[AREA_META_A], &meta, span_used(&making->envelope),
                              &making->area_stream),
                   making, "META_A", why);
}

static bool write_identity(struct making *making, struct failure *why)
{
    const struct credentials *credentials = &making->credentials;
    uint8_t memory[IDENTITY_MAX];
    struct buffer bytes = buffer_over(memory, sizeof memory);
    struct identity identity = {
        .model = span_text(making->config->device_class->model),
        .hardware = span_text(making->config->hardware_revision),
        .serial = span_text(making->order->serial),
    };

    memcpy(identity.vendor, making->vendor, UUID_SIZE);
    memcpy(identity.class_id, making->class_id, UUID_SIZE);
    if (credentials->has_key)
        identity.private_key = span_of(credentials->private_key, sizeof credentials->private_key);
    if (credentials->certificate.size > 0)
        identity.certificate = span_used(&credentials->certificate);
    bool done = written(identity_encode(&bytes, &identity), making, "the identity", why) &&
                written(document_write(&making->storage.layout.areas[AREA_IDENTITY], DOCUMENT_IDENTITY,
                                       span_used(&bytes), &making->area_stream),
                        making, "the identity", why);
    explicit_bzero(memory, sizeof memory);
    return done;
}

static struct record record_made(const struct making *making)
{
    const struct plan *plan = &making->plan;
    struct record_slot image = {.state = SLOT_GOOD, .sequence = plan->sequence, .size = plan->image_size};

    memcpy(image.digest, plan->image_digest, DIGEST_SIZE);
    memcpy(image.manifest_id, making->read.digest, sizeof image.manifest_id);
    return record_first(&image, plan->floor_after);
}

/* Handed out only when the slot reads back as it should. */
static bool write_record(struct making *making, struct failure *why)
{
    const struct boot_control *control = boot_control_of(making->config);
    const struct layout *layout = &making->storage.layout;
    const struct record record = record_made(making);
    const struct boot_copy copy = boot_copy_of(&record);

    return written(slot_measure(&layout->areas[AREA_SLOT_A], record.slots[SLOT_A].size,
                                record.slots[SLOT_A].digest, buffer_over(making->page, sizeof making->page)),
                   making, "slot A", why) &&
           written(record_write(layout, 0, &record), making, "the boot record", why) &&
           (control == NULL || control->write(making->config, &copy, why));
}

static bool is_new(const struct making *making, struct failure *why)
{
    struct record_copy copies[2];

    if (making->order->what == PROVISION_AGAIN)
        return true;
    record_read(&making->storage.layout, 0, &copies[0]);
    record_read(&making->storage.layout, 1, &copies[1]);
    return (!copies[0].valid && !copies[1].valid) ||
           failure_set(why, FAIL_FILE_EXISTS, "%s: holds the records of a device", making->config->state);
}

static bool write_all(struct making *making, struct failure *why)
{
    const struct layout *layout = &making->storage.layout;

    if (!storage_open(making->config, DISK_MAKE, &making->storage, why))
        return false;
    bool done = is_new(making, why);
    for (unsigned area = 0; done && area < AREA_SLOT_A; area++)
        done = written(area_erase_all(&layout->areas[area]), making, "an area", why);
    done = done && write_slot(making, why) && write_meta(making, why) && write_identity(making, why) &&
           written(document_write(&layout->areas[AREA_TRUST0], DOCUMENT_ROOT,
                                  span_used(&making->credentials.root), &making->area_stream),
                   making, "the root document", why) &&
           write_record(making, why);
    storage_close(&making->storage);
    return done;
}

bool provision(const struct config_file *config, const struct provision_order *order, struct plan *out,
               struct failure *why)
{
    struct making *making = calloc(1, sizeof *making);

    if (making == NULL)
        return failure_set(why, FAIL_MEMORY, "no memory for the factory");
    making->config = config;
    making->order = order;
    uuid_of_vendor(config->device_class->vendor_domain, making->vendor);
    uuid_of_class(making->vendor, config->device_class->model, config->hardware_revision, making->class_id);
    bool done = prove_credentials(making, why) && prove_push(making, why) && write_all(making, why);
    if (done)
        *out = making->plan;
    if (making->push != NULL)
        fclose(making->push);
    free(making->envelope.data);
    free(making->ram);
    credentials_free(&making->credentials);
    free(making);
    return done;
}
