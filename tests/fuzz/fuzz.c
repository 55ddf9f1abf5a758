#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

void fuzz_must(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "does not hold: %s\n", what);
    abort();
}

const char *fuzz_file(struct span bytes)
{
    static int file = -1;
    static char name[64];

    if (file < 0)
        file = memfd_create("fuzz", MFD_CLOEXEC);
    fuzz_must(file >= 0 && fchmod(file, 0600) == 0 && ftruncate(file, 0) == 0 &&
                  pwrite(file, bytes.data, bytes.size, 0) == (ssize_t)bytes.size,
              "a file in memory");
    snprintf(name, sizeof name, "/proc/self/fd/%d", file);
    return name;
}
