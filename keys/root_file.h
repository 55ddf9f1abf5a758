/* Root documents as files on a host, with what is wrong said in a person's words. */
#ifndef SUTURE_KEYS_ROOT_FILE_H
#define SUTURE_KEYS_ROOT_FILE_H

#include "keys/base/failure.h"
#include "keys/root.h"

/* Reads PATH into `bytes` (ROOT_MAX of them) and, as root_read does, into `trust`, which borrows from them. */
bool root_file_read(const char *path, uint8_t bytes[ROOT_MAX], struct trust *trust, struct failure *why);

/* What a status of root_read or root_follows means: fills `why` and returns false. `path` is the document's name. */
bool root_failure(enum status status, const char *path, struct failure *why);

#endif
