/* Measurements as JSON files. */
#include "tests/support/bench.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_SIZE 512
#define KEY_SIZE  64

static int make_folder(const char *path)
{
    return mkdir(path, 0755) && errno != EEXIST ? -1 : 0;
}

/* Where NAME's file is, after making the folders. */
static int file_path(const char *name, char folder[PATH_SIZE], char path[2 * PATH_SIZE])
{
    const char *build = getenv("B") ? getenv("B") : "build";

    if (make_folder(build))
        return -1;
    snprintf(folder, PATH_SIZE, "%s/bench", build);
    snprintf(path, 2 * PATH_SIZE, "%s/bench/%s.json", build, name);
    return make_folder(folder);
}

static void number_put(FILE *file, const char *name, double value)
{
    fprintf(file, "%s\"%s\": %.10g", ftell(file) > 1 ? ", " : "", name, value);
}

static bool named(const struct bench_number *numbers, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(numbers[i].name, name) == 0)
            return true;
    return false;
}

/* Copies what an older file says of other names; our own form is all that is read. */
static void others_copy(FILE *file, const char *old_path, const struct bench_number *numbers, size_t count)
{
    FILE *old = fopen(old_path, "r");
    char key[KEY_SIZE];
    double value;

    if (!old)
        return;
    while (fscanf(old, "%*[{, ]\"%63[^\"]\": %lf", key, &value) == 2)
        if (!named(numbers, count, key))
            number_put(file, key, value);
    fclose(old);
}

static int file_replace(const char *path, const struct bench_number *numbers, size_t count, bool keep)
{
    char fresh[2 * PATH_SIZE + 8];

    snprintf(fresh, sizeof fresh, "%s.new", path);
    FILE *file = fopen(fresh, "w");
    if (!file)
        return -1;
    fputs("{", file);
    if (keep)
        others_copy(file, path, numbers, count);
    for (size_t i = 0; i < count; i++)
        number_put(file, numbers[i].name, numbers[i].value);
    fputs("}\n", file);
    return fclose(file) || rename(fresh, path) ? -1 : 0;
}

int bench_write(const char *name, const struct bench_number *numbers, size_t count)
{
    char folder[PATH_SIZE], path[2 * PATH_SIZE];

    return file_path(name, folder, path) ? -1 : file_replace(path, numbers, count, false);
}

int bench_merge(const char *name, const struct bench_number *numbers, size_t count)
{
    char folder[PATH_SIZE], path[2 * PATH_SIZE];

    if (file_path(name, folder, path))
        return -1;
    int lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (lock < 0)
        return -1;
    int result = flock(lock, LOCK_EX) ? -1 : file_replace(path, numbers, count, true);
    close(lock);
    return result;
}
