/* How the bench's device and its vendor's releases are made. */
#ifndef SUTURE_TESTS_SUPPORT_BENCH_FACTORY_H
#define SUTURE_TESTS_SUPPORT_BENCH_FACTORY_H

#include "tests/support/bench_device.h"

#define BENCH_VENDOR 0xac
#define BENCH_CLASS  0xb1

/* Writes the first flash: version 1 in slot A with META_A, record 1, identity, root 1. */
void factory_fill(struct bench *bench, const struct bench_options *options);
/* A root document of the bench's vendor: version `version`, signed by its root key; appended to `out`. `release_key` may
 * sign releases; `withdrawn` is the name of a withdrawn key or NULL. */
void factory_root(struct buffer *out, uint32_t version, const char *release_key, const char *withdrawn);

#endif
