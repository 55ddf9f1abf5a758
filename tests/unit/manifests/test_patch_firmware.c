/* What the patch format costs on real firmware (Debian's seabios), against one zlib stream of level 9 with the largest
 * window, which is what a format without blocks, segments and a small window could do. The numbers go to
 * BUILD/bench/patch.json. */
#include "tests/unit/manifests/patch_kit.h"
#include "keys/base/file.h"
#include "manifests/patch_write.h"

#include <sys/stat.h>
#include <time.h>
#include <zlib.h>

#define FIRMWARE "/usr/share/seabios/"

struct numbers {
    FILE *out;
    const char *separator;
};

static void put_number(struct numbers *numbers, const char *image, const char *what, double value)
{
    fprintf(numbers->out, "%s\n  \"%s_%s\": %.4f", numbers->separator, image, what, value);
    numbers->separator = ",";
}

static int open_numbers(void **state)
{
    static struct numbers numbers = {.separator = ""};
    const char *build = getenv("B");
    char path[256];
    snprintf(path, sizeof path, "%s/bench", build != NULL ? build : "build");
    mkdir(path, 0777);
    snprintf(path, sizeof path, "%s/bench/patch.json", build != NULL ? build : "build");
    numbers.out = fopen(path, "w");
    if (numbers.out == NULL)
        return -1;
    fputs("{", numbers.out);
    *state = &numbers;
    return 0;
}

static int close_numbers(void **state)
{
    struct numbers *numbers = *state;
    fputs("\n}\n", numbers->out);
    return fclose(numbers->out);
}

static struct buffer firmware(const char *path)
{
    struct buffer image;
    struct failure why = {.id = FAIL_NONE};
    if (!file_read(path, 1 << 20, &image, &why))
        fail_msg("%s", why.what);
    return image;
}

static size_t one_zlib_stream(struct span image)
{
    z_stream stream = {.next_in = (z_const Bytef *)image.data, .avail_in = (uInt)image.size};
    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
    uLong most = deflateBound(&stream, (uLong)image.size);
    uint8_t *out = malloc(most);
    assert_non_null(out);
    stream.next_out = out;
    stream.avail_out = (uInt)most;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    size_t size = stream.total_out;
    deflateEnd(&stream);
    free(out);
    return size;
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Writes and reads the stream; returns its size. `*speed` gets the reader's output in MB a second. */
static size_t stream_size(struct span image, uint8_t codec, uint32_t block_max, double *speed)
{
    struct patch_settings settings = {codec, 12, block_max, 32768};
    struct patch_description description;
    struct buffer stream;
    struct failure why = {.id = FAIL_NONE};
    if (!patch_write(image, &settings, &stream, &description, &why))
        fail_msg("%s", why.what);
    struct kit_device *device = kit_open(image, &description, NULL, 512);
    double start = seconds();
    kit_assert_status(patch_feed(&device->reader, span_used(&stream)), OK);
    *speed = (double)image.size / 1e6 / (seconds() - start);
    assert_true(patch_done(&device->reader));
    assert_false(device->wrong);
    kit_close(device);
    free(stream.data);
    return stream.size;
}

static void measure(struct numbers *numbers, const char *name, const char *path)
{
    struct buffer bytes = firmware(path);
    struct span image = span_used(&bytes);
    double plain = (double)image.size, best = (double)one_zlib_stream(image), speed;
    double stored = (double)stream_size(image, PATCH_STORED, 4096, &speed);
    double large = (double)stream_size(image, PATCH_DEFLATE, 4096, &speed);
    put_number(numbers, name, "image_bytes", plain);
    put_number(numbers, name, "zlib9_window15_bytes", best);
    put_number(numbers, name, "stored_4096_bytes", stored);
    put_number(numbers, name, "deflate_4096_bytes", large);
    put_number(numbers, name, "deflate_4096_over_zlib9", large / best);
    put_number(numbers, name, "deflate_4096_read_mb_per_s", speed);
    double small = (double)stream_size(image, PATCH_DEFLATE, 1024, &speed);
    put_number(numbers, name, "deflate_1024_bytes", small);
    put_number(numbers, name, "deflate_1024_over_zlib9", small / best);
    print_message("%s: image %.0f, stored %.0f, zlib -9 %.0f, blocks of 4096 %+.1f %%, of 1024 %+.1f %%\n",
                  name, plain, stored, best, (large / best - 1) * 100, (small / best - 1) * 100);
    free(bytes.data);

    assert_true(stored <= plain * 1.01);
    assert_true(large <= best * 1.06);
    assert_true(small <= best * 1.09);
}

static void a_bios_of_128_kib_costs_a_few_hundredths_more(void **state)
{
    measure(*state, "bios", FIRMWARE "bios.bin");
}

static void a_bios_of_256_kib_costs_a_few_hundredths_more(void **state)
{
    measure(*state, "bios_256k", FIRMWARE "bios-256k.bin");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bios_of_128_kib_costs_a_few_hundredths_more),
        cmocka_unit_test(a_bios_of_256_kib_costs_a_few_hundredths_more),
    };
    return cmocka_run_group_tests(tests, open_numbers, close_numbers);
}
