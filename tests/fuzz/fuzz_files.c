/* Files that a host reads: first byte says as what. */
#include "keys/keyfile.h"
#include "keys/root_file.h"
#include "loader/record/receipt.h"
#include "manifests/bundle.h"
#include "manifests/recipe.h"
#include "hw-sim/profile.h"

#include "tests/fuzz/fuzz.h"

static void read_key(const char *path)
{
    uint8_t key[P256_PUBLIC_SIZE];
    (void)keyfile_read_public(path, key, NULL);
}

static void read_private_key(const char *path)
{
    uint8_t key[P256_PRIVATE_SIZE];
    (void)keyfile_read_private(path, key, NULL);
}

static void read_root(const char *path)
{
    static struct trust trust;
    uint8_t bytes[ROOT_MAX];
    (void)root_file_read(path, bytes, &trust, NULL);
}

static void read_bundle(const char *path)
{
    struct bundle *bundle;
    if (!bundle_open(path, &bundle, NULL))
        return;
    (void)bundle_verify(bundle, BUNDLE_UNSIGNED_OK, BUNDLE_VOUCHED, NULL);
    bundle_close(bundle);
}

static void read_recipe(const char *path)
{
    struct device_class *device_class;
    struct recipe *recipe;

    if (recipe_read(path, &recipe, NULL))
        recipe_free(recipe);
    if (device_class_read(path, &device_class, NULL))
        device_class_free(device_class);
}

static void read_profile(const char *path)
{
    struct profile_file profile;
    if (profile_read(path, &profile, NULL))
        profile_free(&profile);
}

static void read_receipt(const char *path)
{
    static struct trust nobody;
    struct receipt_file *receipt;
    FILE *nowhere = fopen("/dev/null", "w");

    if (receipt_read(path, &receipt, NULL)) {
        (void)receipt_prove(receipt, &nobody, NULL);
        if (nowhere != NULL)
            receipt_print(nowhere, receipt);
        receipt_file_free(receipt);
    }
    if (nowhere != NULL)
        fclose(nowhere);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const readers[])(const char *path) = {
        read_key, read_bundle, read_recipe, read_profile, read_receipt, read_private_key, read_root};

    if (size > 0)
        readers[data[0] % (sizeof readers / sizeof *readers)](fuzz_file(span_of(data + 1, size - 1)));
    return 0;
}
