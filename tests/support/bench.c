/* Measurements as JSON files. */
#include "tests/support/bench.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static int make_folder(const char *path)
{
    return mkdir(path, 0755) && errno != EEXIST ? -1 : 0;
}

int bench_write(const char *name, const struct bench_number *numbers, size_t count)
{
    const char *build = getenv("B") ? getenv("B") : "build";
    char path[512];

    snprintf(path, sizeof path, "%s/bench", build);
    if (make_folder(path))
        return -1;
    snprintf(path, sizeof path, "%s/bench/%s.json", build, name);
    FILE *file = fopen(path, "w");
    if (!file)
        return -1;
    fputs("{", file);
    for (size_t i = 0; i < count; i++)
        fprintf(file, "%s\"%s\": %.10g", i ? ", " : "", numbers[i].name, numbers[i].value);
    fputs("}\n", file);
    return fclose(file);
}
