/* What may be attached to a bundle: notes that are text, an SBOM that is CycloneDX, a VEX that is CSAF. Host code. Looks at
 * the outside only, so that a wrong file is noticed when the bundle is built. */
#ifndef SUTURE_MANIFESTS_ATTACHMENT_H
#define SUTURE_MANIFESTS_ATTACHMENT_H

#include "keys/base/failure.h"
#include "keys/base/span.h"

/* `name` is one of bundle_attachment_names; `path` is for the message. FAIL_RECIPE. */
bool attachment_check(const char *name, const char *path, struct span bytes, struct failure *why);

#endif
