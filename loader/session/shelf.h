/* Bundles that were verified whole in this run. Forty pumps of a cart take the same release: its stream is decoded once, not
 * while thirty-nine others wait. */
#ifndef SUTURE_LOADER_SESSION_SHELF_H
#define SUTURE_LOADER_SESSION_SHELF_H

#include "manifests/bundle.h"

#define SHELF_MAX 16 /* open files; what does not fit is verified each time */

struct shelf {
    struct bundle *verified[SHELF_MAX]; /* shared */
    size_t count;
};

/* bundle_verify for an authenticated bundle, or the shelf's in its place when it is the same: then `*bundle` is closed and
 * becomes that. The caller stays an owner of `*bundle` whatever comes out. `shelf` may be NULL. Errors: bundle_verify's. */
bool shelf_verify(struct shelf *shelf, struct bundle **bundle, struct failure *why);
/* Closes its own share of each. */
void shelf_clear(struct shelf *shelf);

#endif
