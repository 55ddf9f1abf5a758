/* Making patch streams on a host. Deterministic: the same inputs give the same bytes. */
#ifndef SUTURE_MANIFESTS_PATCH_WRITE_H
#define SUTURE_MANIFESTS_PATCH_WRITE_H

#include "keys/base/failure.h"
#include "manifests/patch.h"

struct patch_settings {
    uint8_t codec;         /* PATCH_STORED or PATCH_DEFLATE */
    uint8_t window_bits;   /* deflate: 9..15 */
    uint32_t block_max;    /* bytes of a block at most, head included; 64 or more */
    uint32_t segment_size; /* bytes of a segment at most, heads included; block_max or more */
};

/* Encodes `image`; `out` is allocated (the caller frees out->data). Deflate that would be larger than stored is stored.
 * The stream is read back by the device's reader before it is handed out. FAIL_STREAM: an empty image, or settings that
 * no description may have (patch_description_check); FAIL_MEMORY; `out` and `description` are then as they were. */
bool patch_write(struct span image, const struct patch_settings *settings, struct buffer *out,
                 struct patch_description *description, struct failure *why);

#endif
