#include "keys/root_file.h"
#include "keys/base/file.h"

#include <stdlib.h>
#include <string.h>

bool root_failure(enum status status, const char *path, struct failure *why)
{
    switch (status) {
    case BAD_VERSION:
        return failure_set(why, FAIL_ROOT_FORMAT, "%s: of a format that this program does not know", path);
    case TOO_LARGE:
        return failure_set(why, FAIL_ROOT_FORMAT,
                           "%s: more than %d bytes, %d keys, or %d classes or withdrawn ids", path, ROOT_MAX,
                           TRUST_KEYS_MAX, TRUST_CLASSES_MAX);
    case UNSUPPORTED:
        return failure_set(why, FAIL_ROOT_FORMAT, "%s: lists a key of an unknown algorithm", path);
    case WITHDRAWN:
        return failure_set(why, FAIL_KEY_WITHDRAWN, "%s: lists a key that is withdrawn, or was published",
                           path);
    case BAD_SIGNATURE:
        return failure_set(why, FAIL_ROOT_SIGNATURE, "%s: a signature does not fit the content", path);
    case UNKNOWN_KEY:
        return failure_set(why, FAIL_ROOT_SIGNATURE, "%s: signed by a key that is not listed", path);
    case WRONG_SCOPE:
        return failure_set(why, FAIL_ROOT_SIGNATURE,
                           "%s: signed by a key that is no root key, or limited to classes", path);
    case TOO_FEW:
        return failure_set(why, FAIL_ROOT_SIGNATURE, "%s: signed by fewer root keys than the policy asks for",
                           path);
    case OLD_SEQUENCE:
        return failure_set(why, FAIL_ROOT_OLD, "%s: not the version after the one it should follow", path);
    case WRONG_VENDOR:
        return failure_set(why, FAIL_ROOT_FORMAT, "%s: of another vendor than the one it should follow",
                           path);
    default:
        return failure_set(why, FAIL_ROOT_FORMAT, "%s", path);
    }
}

bool root_file_read(const char *path, uint8_t bytes[ROOT_MAX], struct trust *trust, struct failure *why)
{
    struct buffer file = {NULL, 0, 0};

    if (!file_read(path, ROOT_MAX, &file, why))
        return false;
    size_t size = file.size;
    memcpy(bytes, file.data, size);
    free(file.data);
    enum status status = root_read(span_of(bytes, size), trust);
    return status == OK || root_failure(status, path, why);
}
