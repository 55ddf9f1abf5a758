/* Raw deflate (RFC 1951) in bounded, caller-given memory. The implementation is chosen by what is linked
 * (inflate_zlib.c on a host). */
#ifndef SUTURE_MANIFESTS_INFLATE_H
#define SUTURE_MANIFESTS_INFLATE_H

#include "keys/base/span.h"
#include "keys/base/status.h"

/* A library may let a copy reach beyond the window while the bytes are still at hand, which depends on how the output was
 * taken. Whoever makes streams must know that none does: WATCHED. Whoever only decodes what a maker signed need not. */
enum inflate_window { INFLATE_TRUSTED, INFLATE_WATCHED };

#define PATCH_INFLATE_RAM 7168 /* bytes of decoder memory beside the window of 2^window_bits */

/* One decoder's handle; the tables and the window are in `memory`. Must not be moved between inflate_start and the end. */
struct inflate {
    _Alignas(8) uint8_t handle[128]; /* the library's own struct */
    struct buffer memory;
};

/* Begins a stream. `memory` (aligned to 8, PATCH_INFLATE_RAM + 2^window_bits bytes, window_bits 9..15) stays in use until
 * the stream is given up; nothing has to be released. TOO_LARGE: not enough memory. */
enum status inflate_start(struct inflate *inflate, struct buffer memory, uint8_t window_bits,
                          enum inflate_window window);
/* Decodes from `*in` (advanced past what was taken) into `*out` (appended up to its capacity). When `*out` came back full
 * there may be more, even with nothing left in `*in`: empty it and call again; when it did not, all of `*in` was taken or
 * the stream ended. `*ended` becomes true at the end of the deflate stream, and is never made false. BAD_FORMAT: not
 * deflate, or a distance beyond 2^window_bits (TRUSTED: beyond what is at hand). */
enum status inflate_more(struct inflate *inflate, struct span *in, struct buffer *out, bool *ended);

#endif
