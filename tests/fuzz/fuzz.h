/* What every fuzz target has in common: one input, and files for readers that take a path. A target must neither crash, hang
 * nor leak, whatever the bytes are; what it checks beside stands in its own file. */
#ifndef SUTURE_TESTS_FUZZ_FUZZ_H
#define SUTURE_TESTS_FUZZ_FUZZ_H

#include "keys/base/span.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the run when something that must hold does not. */
void fuzz_must(bool holds, const char *what);
/* A file with these bytes, whose name stays valid until the next call. */
const char *fuzz_file(struct span bytes);

#endif
