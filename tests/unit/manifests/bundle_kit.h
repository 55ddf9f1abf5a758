/* A small real release, and a folder to write bundles of it into: for stories about bundles. */
#ifndef SUTURE_TESTS_UNIT_MANIFESTS_BUNDLE_KIT_H
#define SUTURE_TESTS_UNIT_MANIFESTS_BUNDLE_KIT_H

#include "tests/support/keys.h"
#include "tests/support/test.h"

#include "keys/base/file.h"
#include "keys/uuid.h"
#include "manifests/bundle.h"
#include "manifests/patch_write.h"

#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

enum { KIT_IMAGE = 3000, KIT_ENTRIES = 5, KIT_ROOM = 16384 };
enum { KIT_MANIFEST, KIT_NOTES, KIT_SBOM, KIT_VEX, KIT_PATCH };

struct kit {
    char folder[64];
    uint8_t image[KIT_IMAGE];
    struct suit_content content;
    struct test_key release_key, other_key;
    uint8_t envelope[KIT_ROOM];
    struct buffer stream;
    struct tar_entry entries[KIT_ENTRIES]; /* spans into the above */
};

static struct kit kit;

static inline const char *in_folder(const char *name)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", kit.folder, name);
    return path;
}

static inline void attach(size_t at, struct span bytes)
{
    struct suit_attachment *one = &kit.content.attachments[at];

    one->name = bundle_attachment_names[at];
    one->size = bytes.size;
    digest_of(bytes, one->digest);
    kit.entries[KIT_NOTES + at] = (struct tar_entry){one->name, bytes};
}

/* Encodes the kit's image into stream 0, and says so in the content. */
static inline void encode_image(void)
{
    const struct patch_settings settings = {PATCH_DEFLATE, 9, 512, 1536};
    struct failure why;

    free(kit.stream.data);
    if (!patch_write(span_of(kit.image, KIT_IMAGE), &settings, &kit.stream, &kit.content.streams[0].patch,
                     &why))
        fail_msg("%s", why.what);
    kit.content.stream_count = 1;
    kit.content.image_size = KIT_IMAGE;
    digest_of(span_of(kit.image, KIT_IMAGE), kit.content.image_digest);
    kit.entries[KIT_PATCH] = (struct tar_entry){"patch/0", span_used(&kit.stream)};
}

/* Makes the envelope of the content as it stands now, unsigned. */
static inline void write_manifest(void)
{
    struct buffer out = buffer_over(kit.envelope, sizeof kit.envelope);

    assert_int_equal(suit_write(&out, &kit.content), OK);
    kit.entries[KIT_MANIFEST] = (struct tar_entry){"manifest.suit", span_used(&out)};
}

static inline void sign_manifest(const struct test_key *key)
{
    static uint8_t copy[KIT_ROOM];
    struct buffer out = buffer_over(copy, sizeof copy);
    struct cose_signer signer = test_signer(key);

    assert_int_equal(suit_sign(&out, kit.entries[KIT_MANIFEST].bytes, &signer), OK);
    memcpy(kit.envelope, copy, out.size);
    kit.entries[KIT_MANIFEST].bytes = span_of(kit.envelope, out.size);
}

/* Writes the kit's entries as a bundle; gives its bytes, which live until the next call. */
static inline struct span write_kit(const char *name)
{
    static struct buffer bytes;
    struct failure why;

    if (!bundle_write(in_folder(name), kit.entries, KIT_ENTRIES, &why))
        fail_msg("%s", why.what);
    free(bytes.data);
    assert_true(file_read(in_folder(name), 1 << 20, &bytes, &why));
    return span_used(&bytes);
}

static inline void put(const char *name, struct span bytes)
{
    struct failure why;
    if (!file_write(in_folder(name), bytes, 0644, &why))
        fail_msg("%s", why.what);
}

/* A root of the kit's vendor that wants `all` signatures of the kit's keys. */
static inline struct trust kit_trust(uint8_t all)
{
    struct trust trust = {.version = 1, .key_count = 1, .release = {all, 0, all}};

    memcpy(trust.vendor, kit.content.vendor, UUID_SIZE);
    trust.keys[0] = test_trust_key(&kit.release_key, ROLE_RELEASE);
    return trust;
}

static inline int kit_open(void **state)
{
    static const char notes[] = "# 4.3.1\n\nCloses a hole.\n", sbom[] = "{\"bomFormat\":\"CycloneDX\"}",
                      vex[] = "{\"document\":{}}";
    struct suit_content *content = &kit.content;

    (void)state;
    memset(&kit, 0, sizeof kit);
    strcpy(kit.folder, "/tmp/suture-bundle.XXXXXX");
    assert_non_null(mkdtemp(kit.folder));
    for (size_t i = 0; i < KIT_IMAGE; i++)
        kit.image[i] = (uint8_t)(i < 1500 ? i * i * 7 >> 4 : i / 100);
    *content = (struct suit_content){.sequence = 7,
                                     .version = {4, 3, 1},
                                     .class_count = 2,
                                     .floor_after = 5,
                                     .confirm_who = CONFIRM_BY_DEVICE,
                                     .confirm_tries = 3,
                                     .confirm_healthy = 10,
                                     .silence_staging = 30,
                                     .silence_boot = 60,
                                     .vendor_name = "Acme Medical",
                                     .vendor_domain = "acme.example",
                                     .model_name = "P-200",
                                     .update_description = "Closes a hole.",
                                     .attachment_count = 3,
                                     .least_loader = "0.1.0"};
    uuid_of_vendor("acme.example", content->vendor);
    uuid_of_class(content->vendor, "P-200", "B", content->classes[0]);
    uuid_of_class(content->vendor, "P-200", "C", content->classes[1]);
    attach(0, span_text(notes));
    attach(1, span_text(sbom));
    attach(2, span_text(vex));
    encode_image();
    write_manifest();
    kit.release_key = test_key_named("release");
    kit.other_key = test_key_named("other");
    return 0;
}

static inline int kit_close(void **state)
{
    DIR *folder = opendir(kit.folder);

    (void)state;
    assert_non_null(folder);
    for (struct dirent *one; (one = readdir(folder)) != NULL;)
        if (strcmp(one->d_name, ".") != 0 && strcmp(one->d_name, "..") != 0)
            assert_int_equal(unlink(in_folder(one->d_name)), 0);
    closedir(folder);
    assert_int_equal(rmdir(kit.folder), 0);
    free(kit.stream.data);
    kit.stream.data = NULL;
    return 0;
}

/* Opens and proves all but the signatures: FAIL_NONE, or why not. */
static inline enum failure_id judged_unsigned(const char *name, struct failure *why)
{
    struct bundle *bundle = NULL;

    *why = (struct failure){FAIL_NONE, ""};
    if (bundle_open(in_folder(name), &bundle, why) &&
        !bundle_verify(bundle, BUNDLE_UNSIGNED_OK, BUNDLE_VOUCHED, why))
        assert_int_not_equal(why->id, FAIL_NONE);
    bundle_close(bundle);
    return why->id;
}

static inline void assert_refused(const char *name, enum failure_id id, const char *reason)
{
    struct failure why;

    judged_unsigned(name, &why);
    if (why.id != id || strstr(why.what, reason) == NULL)
        fail_msg("E-%d '%s', not E-%d with '%s'", why.id, why.what, id, reason);
}

#endif
