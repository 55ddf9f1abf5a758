/* Looking through files, and what speaks against each; the order of the questions is choose_bundle's. */
#include "loader/session/choose.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { SLOT_STATE_GOOD = 3 };

const struct message_slot *device_running(const struct device_facts *device)
{
    for (size_t i = 0; i < device->slot_count; i++)
        if (device->slots[i].active)
            return &device->slots[i];
    return NULL;
}

void chosen_free(struct chosen *chosen)
{
    bundle_close(chosen->bundle);
    memset(chosen, 0, sizeof *chosen);
}

/* Whether the bundle is for this device, by what its manifest executes. */
static bool bundle_fits(const struct bundle *bundle, const struct device_facts *device, struct failure *why)
{
    uint8_t vendor[UUID_SIZE], classes[SUIT_CLASSES_MAX][UUID_SIZE];
    size_t class_count;

    if (!bundle_targets(bundle, vendor, classes, &class_count, why))
        return false;
    if (memcmp(vendor, device->vendor, UUID_SIZE) != 0)
        return failure_set(why, FAIL_WRONG_VENDOR, "%s, device %s", bundle_path(bundle), device->serial);
    for (size_t i = 0; i < class_count; i++)
        if (memcmp(classes[i], device->class_id, UUID_SIZE) == 0)
            return true;
    return failure_set(why, FAIL_WRONG_CLASS, "%s, device %s is a %s revision %s", bundle_path(bundle),
                       device->serial, device->model, device->hardware);
}

static bool ends_with(const char *name, const char *end)
{
    size_t length = strlen(name), tail = strlen(end);
    return length > tail && strcmp(name + length - tail, end) == 0;
}

/* A walk through a folder. */
struct search {
    const struct device_facts *device;
    struct bundle *best; /* owned */
    bool ambiguous;      /* another release has the sequence of the best */
    char rival[4096];
    size_t broken;
    struct failure first_broken;
};

static void note_broken(struct search *search, const struct failure *why)
{
    if (search->broken++ == 0)
        search->first_broken = *why;
}

/* One file of the folder against the best so far. */
static void consider(struct search *search, const char *path)
{
    struct bundle *bundle;
    struct failure why;

    if (!bundle_open(path, &bundle, &why)) {
        note_broken(search, &why);
        return;
    }
    if (!bundle_fits(bundle, search->device, &why)) {
        bundle_close(bundle);
        return;
    }
    uint32_t sequence = bundle_manifest(bundle)->sequence;
    uint32_t so_far = search->best ? bundle_manifest(search->best)->sequence : 0;
    if (search->best == NULL || sequence > so_far) {
        bundle_close(search->best);
        search->best = bundle;
        search->ambiguous = false;
        return;
    }
    if (sequence == so_far &&
        !digest_equal(bundle_envelope(bundle)->digest, bundle_envelope(search->best)->digest)) {
        search->ambiguous = true;
        snprintf(search->rival, sizeof search->rival, "%s", path);
    }
    bundle_close(bundle);
}

static int is_bundle_name(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && ends_with(entry->d_name, ".suture");
}

static bool search_failed(const struct search *search, const char *folder, int count, struct failure *why)
{
    if (search->ambiguous)
        return failure_set(why, FAIL_AMBIGUOUS_BUNDLE, "%s and %s, sequence %" PRIu32,
                           bundle_path(search->best), search->rival, bundle_manifest(search->best)->sequence);
    if (search->broken == 0)
        return failure_set(why, FAIL_NO_BUNDLE, "%s, for %s revision %s (%d bundles looked at)", folder,
                           search->device->model, search->device->hardware, count);
    *why = search->first_broken;
    return false;
}

static bool search_folder(const char *folder, const struct device_facts *device, struct chosen *out,
                          struct failure *why)
{
    struct dirent **entries;
    struct search search = {.device = device};
    int count = scandir(folder, &entries, is_bundle_name, alphasort);

    if (count < 0)
        return failure_set(why, FAIL_FILE_OPEN, "%s: %s", folder, strerror(errno));
    for (int i = 0; i < count; i++) {
        char path[4096];
        int length = snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        if (length > 0 && (size_t)length < sizeof path)
            consider(&search, path);
        free(entries[i]);
    }
    free(entries);
    if (search.best == NULL || search.ambiguous) {
        search_failed(&search, folder, count, why);
        bundle_close(search.best);
        return false;
    }
    out->bundle = search.best;
    out->passed_over = search.broken;
    out->passed_first = search.first_broken;
    return true;
}

static bool open_file(const char *file, const struct device_facts *device, struct chosen *out,
                      struct failure *why)
{
    if (!bundle_open(file, &out->bundle, why))
        return false;
    if (bundle_fits(out->bundle, device, why))
        return true;
    chosen_free(out);
    return false;
}

/* FORMATS 1: the sequence is the only order; equal repairs the same image. */
static bool order_allows(const struct chosen *chosen, const struct device_facts *device, struct failure *why)
{
    const struct message_slot *running = device_running(device);
    const struct plan *plan = &chosen->plan;
    const char *path = bundle_path(chosen->bundle);

    if (plan->sequence < device->floor)
        return failure_set(why, FAIL_BELOW_FLOOR, "%s has sequence %" PRIu32 ", the floor is %" PRIu32, path,
                           plan->sequence, device->floor);
    if (running == NULL || running->state != SLOT_STATE_GOOD)
        return true;
    if (plan->sequence < running->sequence ||
        (plan->sequence == running->sequence && !digest_equal(plan->image_digest, running->hash)))
        return failure_set(why, FAIL_OLD_SEQUENCE, "%s has sequence %" PRIu32 ", %s runs %" PRIu32, path,
                           plan->sequence, device->serial, running->sequence);
    return true;
}

static bool decoder_fits(const struct chosen *chosen, const struct device_facts *device, struct failure *why)
{
    const struct patch_description *patch = &chosen->plan.patch;
    const char *path = bundle_path(chosen->bundle);

    if (patch->block_max > device->block_max || patch->segment_max > device->segment_max)
        return failure_set(why, FAIL_BLOCK_TOO_LARGE,
                           "%s: blocks of %" PRIu32 " and segments of %" PRIu32
                           " bytes, the device takes %" PRIu32 " and %" PRIu32,
                           path, patch->block_max, patch->segment_max, device->block_max,
                           device->segment_max);
    if (patch->ram > device->ram)
        return failure_set(why, FAIL_DEVICE_MEMORY, "%s: %" PRIu32 " bytes, the device has %" PRIu32, path,
                           patch->ram, device->ram);
    return true;
}

static bool device_holds(const struct chosen *chosen, const struct device_facts *device, struct failure *why)
{
    struct push *push;

    if (!decoder_fits(chosen, device, why) || !push_open(chosen->bundle, chosen->plan.stream, &push, why))
        return false;
    uint64_t envelope = push_stream_offset(push) - 1;
    push_close(push);
    if (envelope > device->manifest_max)
        return failure_set(why, FAIL_MANIFEST_TOO_LARGE, "%s: %" PRIu64 " bytes, the device holds %" PRIu32,
                           bundle_path(chosen->bundle), envelope, device->manifest_max);
    return true;
}

bool choose_stream(struct chosen *chosen, unsigned stream, const struct device_facts *device,
                   struct failure *why)
{
    const struct plan *plan = bundle_plan(chosen->bundle, stream);

    if (plan == NULL)
        return failure_set(why, FAIL_NONSENSE, "%s wants stream %u, the bundle has %zu", device->serial,
                           stream, bundle_stream_count(chosen->bundle));
    chosen->plan.stream = plan->stream;
    chosen->plan.has_base = plan->has_base;
    memcpy(chosen->plan.base_digest, plan->base_digest, DIGEST_SIZE);
    chosen->plan.patch = plan->patch;
    return decoder_fits(chosen, device, why);
}

static bool make_plan(struct chosen *chosen, const struct device_facts *device, struct failure *why)
{
    const struct message_slot *running = device_running(device);
    struct plan_target target = {.stream = PLAN_ANY_STREAM};
    struct suit_where where = {SUIT_NOWHERE, 0};

    memcpy(target.vendor, device->vendor, UUID_SIZE);
    memcpy(target.class_id, device->class_id, UUID_SIZE);
    if (running != NULL)
        memcpy(target.running_digest, running->hash, DIGEST_SIZE);
    enum status status = plan_make(bundle_manifest(chosen->bundle), &target, &chosen->plan, &where);
    if (status == OK)
        return true;
    enum failure_id id = status == WRONG_BASE     ? FAIL_WRONG_BASE
                         : status == WRONG_CLASS  ? FAIL_WRONG_CLASS
                         : status == WRONG_VENDOR ? FAIL_WRONG_VENDOR
                         : status == UNSUPPORTED  ? FAIL_MANIFEST_PROFILE
                                                  : FAIL_MANIFEST_FORMAT;
    return failure_set(why, id, "%s: %s at label %" PRId64, bundle_path(chosen->bundle), status_name(status),
                       where.label);
}

bool choose_bundle(const struct choose_from *from, enum choose_purpose purpose,
                   const struct device_facts *device, const struct trust *trust, uint64_t now,
                   struct chosen *out, struct failure *why)
{
    struct chosen chosen = {0};
    bool found = from->file ? open_file(from->file, device, &chosen, why)
                            : search_folder(from->folder, device, &chosen, why);

    if (!found)
        return false;
    bool fits = bundle_authenticate(chosen.bundle, trust, device->class_id, now, why) &&
                shelf_verify(from->shelf, &chosen.bundle, why);
    if (fits && purpose == CHOOSE_TO_COMPARE)
        chosen.plan = *bundle_plan(chosen.bundle, 0); /* its streams all lead to the same image */
    if (fits && purpose == CHOOSE_TO_INSTALL)
        fits = make_plan(&chosen, device, why) && order_allows(&chosen, device, why) &&
               device_holds(&chosen, device, why);
    if (!fits) {
        chosen_free(&chosen);
        return false;
    }
    chosen.signer_count = suit_votes(bundle_envelope(chosen.bundle), trust, chosen.signers, NULL);
    *out = chosen;
    return true;
}
