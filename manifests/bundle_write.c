/* A bundle as a file: its entries as one archive, in place by rename. */
#include "manifests/bundle_file.h"

#include "keys/base/file.h"

#include <stdlib.h>

bool bundle_write(const char *path, const struct tar_entry *entries, size_t count, struct failure *why)
{
    struct buffer archive;

    if (!tar_write(entries, count, &archive, why))
        return false;
    bool written = file_write(path, span_used(&archive), 0644, why);
    free(archive.data);
    return written;
}

/* Reads all entries behind the envelope as they are; they were verified, and `bundle_unchanged` says that they still are. */
static bool read_rest(const struct bundle *bundle, struct tar_entry *entries, uint8_t *memory,
                      struct failure *why)
{
    for (size_t i = 1; i < bundle->place_count; i++) {
        const struct bundle_place *place = &bundle->places[i];
        if (!bundle_pread(bundle, place->data, memory, (size_t)place->size, NULL))
            return failure_set(why, FAIL_BUNDLE_CHANGED, "%s: became shorter", bundle->path);
        entries[i] = (struct tar_entry){place->name, span_of(memory, (size_t)place->size)};
        memory += place->size;
    }
    return bundle_unchanged(bundle, why);
}

bool bundle_rewrite(const struct bundle *bundle, const char *path, struct span envelope, struct failure *why)
{
    struct tar_entry entries[BUNDLE_PLACES_MAX] = {{"manifest.suit", envelope}};

    if (!bundle->verified)
        return failure_set(why, FAIL_INTERNAL, "%s was not verified yet", bundle->path);
    uint8_t *memory = malloc((size_t)bundle->end);
    if (memory == NULL)
        return failure_set(why, FAIL_MEMORY, "%s", bundle->path);
    bool fine =
        read_rest(bundle, entries, memory, why) && bundle_write(path, entries, bundle->place_count, why);
    free(memory);
    return fine;
}
