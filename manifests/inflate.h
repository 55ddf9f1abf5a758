/* Raw deflate (RFC 1951) in bounded, caller-given memory. The implementation is chosen by what is linked
 * (inflate_zlib.c on a host). Needs PATCH_INFLATE_RAM + 2^window_bits bytes, aligned to 8. */
#ifndef SUTURE_MANIFESTS_INFLATE_H
#define SUTURE_MANIFESTS_INFLATE_H

#include "keys/base/span.h"
#include "keys/base/status.h"

/* Begins a stream in `memory`, which holds all its state. TOO_LARGE: not enough. */
enum status inflate_start(struct buffer memory, uint8_t window_bits);
/* Decodes from `*in` (advanced past what was taken) into `*out` (appended up to its capacity). `ended` becomes true at the
 * end of the deflate stream. BAD_FORMAT: not deflate, or a distance beyond the window. */
enum status inflate_more(struct buffer memory, struct span *in, struct buffer *out, bool *ended);

#endif
