/* The one form of tar that a bundle may have (docs/formats.md 6): ustar, regular files, mode 0644, owner, group and time 0,
 * no owner names, two zero blocks at the end and nothing after. What a header must be is what our own writer makes of a
 * name and a size, so a header that differs in any byte is refused before another program's reader interprets it. */
#ifndef SUTURE_MANIFESTS_TAR_H
#define SUTURE_MANIFESTS_TAR_H

#include "keys/base/failure.h"
#include "keys/base/span.h"

#define TAR_BLOCK 512  /* bytes: a header, and what data is padded to */
#define TAR_END   1024 /* bytes of zeros at the end */

struct tar_entry {
    const char *name; /* plain and relative, at most 99 bytes */
    struct span bytes;
};

/* `size` rounded up to whole blocks. The caller guarantees that it does not overflow. */
uint64_t tar_padded(uint64_t size);

/* Judges the header of the entry that must be `name`, with `least` to `most` bytes, in the file `path`; `*size` gets its
 * size. FAIL_BUNDLE_FORMAT: no tar header. FAIL_BUNDLE_ENTRY: another name, type, size or form, said in words. */
bool tar_header_check(const uint8_t header[TAR_BLOCK], const char *path, const char *name, uint64_t least,
                      uint64_t most, uint64_t *size, struct failure *why);

/* All entries as one archive in memory that the caller frees. FAIL_MEMORY, FAIL_INTERNAL. */
bool tar_write(const struct tar_entry *entries, size_t count, struct buffer *out, struct failure *why);

#endif
