/* A fuzz target without libFuzzer: every seed as it is, then seeds changed by chance, from a number that is printed, so that
 * the same run can be had again. The present input lies in a file that outlives a crash.
 * usage: fuzz_NAME RUNS SEED KEPT FILE…: prints one line of a test */
#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { INPUT_MAX = 16384, SEEDS_MAX = 2048, CHANGES_MAX = 6 };

static struct buffer seeds[SEEDS_MAX];
static size_t seed_count;
static uint64_t chance;
static uint8_t *kept; /* the present input's size, 4 bytes, and the input */

static uint32_t dice(size_t sides)
{
    chance = chance * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((chance >> 33) % sides);
}

static void read_seed(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = malloc(INPUT_MAX);

    fuzz_must(file != NULL && bytes != NULL && seed_count < SEEDS_MAX, path);
    size_t size = fread(bytes, 1, INPUT_MAX, file);
    fclose(file);
    seeds[seed_count] = buffer_over(bytes, INPUT_MAX);
    seeds[seed_count++].size = size;
}

static void try_input(struct span input)
{
    uint32_t size = (uint32_t)input.size;

    memcpy(kept, &size, sizeof size);
    memcpy(kept + sizeof size, input.data, input.size);
    LLVMFuzzerTestOneInput(kept + sizeof size, input.size);
}

static void insert(struct buffer *input, size_t at, struct span bytes)
{
    if (bytes.size > input->capacity - input->size)
        return;
    memmove(input->data + at + bytes.size, input->data + at, input->size - at);
    memcpy(input->data + at, bytes.data, bytes.size);
    input->size += bytes.size;
}

/* One change at one place: a bit, a byte, a piece out, a piece twice, a piece of another seed, all behind it gone. */
static void change(struct buffer *input)
{
    static const uint8_t telling[] = {0x00, 0x01, 0x17, 0x18, 0x1b, 0x1f, 0x7f, 0x80, 0xa0, 0xbf, 0xf6, 0xff};
    size_t at = input->size > 0 ? dice(input->size) : 0, left = input->size - at;
    size_t size = left > 0 ? 1 + dice(left < 32 ? left : 32) : 0;
    const struct buffer *other = &seeds[dice(seed_count)];
    uint8_t piece[32];

    switch (input->size == 0 ? 5 : dice(7)) {
    case 0:
        input->data[at] ^= (uint8_t)(1u << dice(8));
        break;
    case 1:
        input->data[at] = telling[dice(sizeof telling)];
        break;
    case 2:
        memmove(input->data + at, input->data + at + size, left - size);
        input->size -= size;
        break;
    case 3:
        memcpy(piece, input->data + at, size);
        insert(input, at, span_of(piece, size));
        break;
    case 4:
        if (other->size > 0) {
            size_t from = dice(other->size);
            insert(input, at, span_first(span_from(span_used(other), from), sizeof piece));
        }
        break;
    case 5:
        piece[0] = (uint8_t)dice(256);
        insert(input, at, span_of(piece, 1));
        break;
    default:
        if (dice(4) == 0)
            input->size = at;
        break;
    }
}

static void keep_in(const char *path)
{
    int file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    fuzz_must(file >= 0 && ftruncate(file, INPUT_MAX + 4) == 0, path);
    kept = mmap(NULL, INPUT_MAX + 4, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    fuzz_must(kept != MAP_FAILED, path);
    close(file);
}

int main(int count, char **words)
{
    static uint8_t memory[INPUT_MAX];

    fuzz_must(count > 3, "fuzz_NAME RUNS SEED KEPT FILE…");
    uint64_t runs = strtoull(words[1], NULL, 10), seed = strtoull(words[2], NULL, 10);
    const char *name = strrchr(words[0], '/');
    keep_in(words[3]);
    for (int i = 4; i < count; i++)
        read_seed(words[i]);
    if (seed_count == 0)
        seeds[seed_count++] = buffer_over(memory, 0);
    for (size_t i = 0; i < seed_count; i++)
        try_input(span_used(&seeds[i]));
    chance = seed;
    for (uint64_t run = 0; run < runs; run++) {
        struct buffer input = buffer_over(memory, sizeof memory);
        buffer_append(&input, span_used(&seeds[dice(seed_count)]));
        for (uint32_t changes = 1 + dice(CHANGES_MAX); changes > 0; changes--)
            change(&input);
        try_input(span_used(&input));
    }
    printf("ok %s: %zu inputs as they are, %" PRIu64 " changed ones from seed %" PRIu64 "\n",
           name ? name + 1 : words[0], seed_count, runs, seed);
    unlink(words[3]);
    return 0;
}
