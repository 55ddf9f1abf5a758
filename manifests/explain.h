/* What a bundle does, as a plain table computed by running its manifest, not read from its text. Host code. */
#ifndef SUTURE_MANIFESTS_EXPLAIN_H
#define SUTURE_MANIFESTS_EXPLAIN_H

#include "manifests/bundle.h"

bool explain_print(FILE *out, const struct bundle *bundle, struct failure *why);

#endif
