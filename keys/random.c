/* Random bytes from the kernel, in as many calls as it takes. */
#include "keys/random.h"

#include <errno.h>
#include <sys/random.h>
#include <sys/types.h>

bool random_bytes(uint8_t *out, size_t size)
{
    while (size > 0) {
        ssize_t got = getrandom(out, size, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        out += got;
        size -= (size_t)got;
    }
    return true;
}
