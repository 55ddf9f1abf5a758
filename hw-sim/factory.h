/* The first flash image of a device (docs/formats.md 2): slot A good, META_A, record 1 settled and affirmed, identity, root
 * document, empty log. Everything is verified before a byte is made: the bundle by the root document, the certificate by the
 * root document, the key by the certificate, the serial number by both. */
#ifndef SUTURE_SIM_FACTORY_H
#define SUTURE_SIM_FACTORY_H

#include "hw-sim/placement.h"
#include "manifests/plan.h"

struct factory_order {
    const char *bundle, *root;            /* paths */
    const char *device_key, *certificate; /* paths; both NULL: a device that can't prove anything */
    const char *serial;
    uint64_t now; /* seconds since 1970: which keys of the root document still count */
};

struct factory_result {
    struct flash_cells *cells; /* in memory; the caller closes them */
    struct plan plan;          /* of the stream that slot A was made from */
};

/* FAIL_FILE_*, FAIL_ROOT_*, FAIL_BUNDLE_* and what bundle_authenticate says, FAIL_WRONG_CLASS, FAIL_KEY_*,
 * FAIL_CERTIFICATE, FAIL_IMAGE_TOO_LARGE, FAIL_MANIFEST_TOO_LARGE, FAIL_BLOCK_TOO_LARGE, FAIL_DEVICE_MEMORY, FAIL_LAYOUT. */
bool factory_make(const struct profile_file *profile, const struct factory_order *order,
                  struct factory_result *out, struct failure *why);

#endif
