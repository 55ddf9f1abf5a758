/* Making patch streams on a host. Deterministic: the same inputs give the same bytes. */
#ifndef SUTURE_MANIFESTS_PATCH_WRITE_H
#define SUTURE_MANIFESTS_PATCH_WRITE_H

#include "keys/base/failure.h"
#include "manifests/patch.h"

struct patch_settings {
    uint8_t codec;         /* PATCH_STORED or PATCH_DEFLATE */
    uint8_t window_bits;   /* deflate: 9..15 */
    uint32_t block_max;    /* bytes of a block, head included */
    uint32_t segment_size; /* encoded bytes after which a new segment starts */
};

/* Encodes `image`; `out` is allocated (the caller frees out->data). Deflate that would be larger than stored is stored. */
bool patch_write(struct span image, const struct patch_settings *settings, struct buffer *out,
                 struct patch_description *description, struct failure *why);

#endif
