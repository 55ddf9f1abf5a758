/* From a recipe to an unsigned bundle. Host code. */
#ifndef SUTURE_MANIFESTS_BUNDLE_BUILD_H
#define SUTURE_MANIFESTS_BUNDLE_BUILD_H

#include "manifests/bundle.h"

#include <limits.h>

#define BUILD_WINDOW_MAX   15    /* deflate's; the largest that the device's RAM allows is taken */
#define BUILD_SEGMENT_SIZE 32768 /* bytes of a segment, unless the device or its blocks say otherwise */
#define BUILD_LEAST_LOADER "0.1.0"

/* Builds and writes to `output`; NULL: MODEL-VERSION.suture in the current folder, MODEL in lower case. The same inputs give
 * the same bytes. `written` gets the path. Failures: as recipe_read and device_class_read; FAIL_RECIPE for an attachment
 * that is not what it should be; as fit_check for what the class can't hold; FAIL_STREAM; as bundle_write. */
bool bundle_build(const char *recipe_path, const char *output, char written[PATH_MAX], struct failure *why);

#endif
