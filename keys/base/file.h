/* Whole files on a host, read once with a bound and written so that a reader sees the old file or the new one. */
#ifndef SUTURE_KEYS_BASE_FILE_H
#define SUTURE_KEYS_BASE_FILE_H

#include "keys/base/failure.h"
#include "keys/base/span.h"

/* Reads a regular file of at most `most` bytes into memory that the caller frees. Failures: FAIL_FILE_OPEN, _READ,
 * _TOO_LARGE, FAIL_MEMORY. */
bool file_read(const char *path, size_t most, struct buffer *out, struct failure *why);
/* Writes PATH through a temporary file beside it, fsync, rename, fsync of the folder; `mode` as for open(2).
 * On failure nothing is left behind and an older file stays as it was. */
bool file_write(const char *path, struct span bytes, unsigned mode, struct failure *why);
/* Makes a folder and what is missing above it, mode 0700. FAIL_FILE_WRITE; one that exists is fine. */
bool folder_make(const char *path, struct failure *why);

#endif
