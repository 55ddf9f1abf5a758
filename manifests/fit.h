/* Whether a device of a class can hold a release: asked when a bundle is built and when it is checked. Host code. */
#ifndef SUTURE_MANIFESTS_FIT_H
#define SUTURE_MANIFESTS_FIT_H

#include "manifests/bundle.h"
#include "manifests/device_class.h"

#define FIT_SIGNATURES     2  /* for which an unsigned envelope must leave room */
#define FIT_SIGNATURE_SIZE 90 /* bytes that one P-256 block adds to an envelope, at most */

/* `envelope_size`: bytes of the envelope as it goes over the wire, without its text (fit_envelope_size). FAIL_IMAGE_TOO_LARGE,
 * FAIL_MANIFEST_TOO_LARGE, FAIL_BLOCK_TOO_LARGE (block or segment), FAIL_DEVICE_MEMORY. */
bool fit_check(const struct device_class *class, size_t envelope_size, const struct plan *plan,
               struct failure *why);

/* That size of an envelope, with room for the missing ones of FIT_SIGNATURES. FAIL_MEMORY, FAIL_INTERNAL. */
bool fit_envelope_size(const struct suit_envelope *envelope, size_t *size, struct failure *why);

/* All streams of a bundle, and that it is for this class:
 * FAIL_WRONG_VENDOR, FAIL_WRONG_CLASS (a hardware revision of the file that the bundle does not serve). */
bool fit_check_bundle(const struct device_class *class, const struct bundle *bundle, struct failure *why);

#endif
