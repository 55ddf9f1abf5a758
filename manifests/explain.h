/* What a bundle does, as a plain table computed by running its manifest, not read from its text. Host code. */
#ifndef SUTURE_MANIFESTS_EXPLAIN_H
#define SUTURE_MANIFESTS_EXPLAIN_H

#include "manifests/bundle.h"
#include "manifests/device_class.h"

/* Prints the table, then apart and marked as such what the manifest's text says; control characters in it are made
 * harmless. Signatures are listed, not judged. `class` (may be NULL) gives class ids the names of its hardware revisions.
 * FAIL_FILE_WRITE: `out` did not take it. */
bool explain_print(FILE *out, const struct bundle *bundle, const struct device_class *class,
                   struct failure *why);

#endif
