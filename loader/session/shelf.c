/* Verified bundles, kept open for the next device that takes the same file. */
#include "loader/session/shelf.h"

static struct bundle *find(const struct shelf *shelf, const struct bundle *bundle)
{
    for (size_t i = 0; i < shelf->count; i++)
        if (bundle_same(shelf->verified[i], bundle))
            return shelf->verified[i];
    return NULL;
}

bool shelf_verify(struct shelf *shelf, struct bundle **bundle, struct failure *why)
{
    if (shelf == NULL)
        return bundle_verify(*bundle, BUNDLE_AUTHENTICATED, BUNDLE_TAKEN, why);
    struct bundle *known = find(shelf, *bundle);
    if (known != NULL) {
        bundle_close(*bundle);
        *bundle = bundle_share(known);
        return true;
    }
    if (!bundle_verify(*bundle, BUNDLE_AUTHENTICATED, BUNDLE_TAKEN, why))
        return false;
    if (shelf->count < SHELF_MAX)
        shelf->verified[shelf->count++] = bundle_share(*bundle);
    return true;
}

void shelf_clear(struct shelf *shelf)
{
    while (shelf->count > 0)
        bundle_close(shelf->verified[--shelf->count]);
}
