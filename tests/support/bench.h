/* Measurements of a test run: $B/bench/NAME.json, one flat JSON object of numbers. */
#ifndef SUTURE_TESTS_SUPPORT_BENCH_H
#define SUTURE_TESTS_SUPPORT_BENCH_H

#include <stddef.h>

struct bench_number {
    const char *name;
    double value;
};

/* Writes the file anew; 0, or -1 with errno. B is "build" when the environment doesn't say. */
int bench_write(const char *name, const struct bench_number *numbers, size_t count);

/* The same, but keeps what other programs wrote there under other names; they may run at the same time. */
int bench_merge(const char *name, const struct bench_number *numbers, size_t count);

#endif
