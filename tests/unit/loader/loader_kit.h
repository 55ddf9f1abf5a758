/* A vendor, a pump with a key and a certificate, and a station's folders: for stories about the loader. The release and
 * its bundles are those of tests/unit/manifests/bundle_kit.h. */
#ifndef SUTURE_TESTS_UNIT_LOADER_LOADER_KIT_H
#define SUTURE_TESTS_UNIT_LOADER_LOADER_KIT_H

#include "tests/unit/manifests/bundle_kit.h"

#include "keys/root_write.h"
#include "loader/record/receipt.h"
#include "loader/record/trust_store.h"
#include "manifests/report.h"

#include <ftw.h>
#include <sys/stat.h>

#define PUMP_SERIAL "7F31"

/* Names of keys: the same name is the same key everywhere. */
#define RELEASE_KEY "release" /* the kit's */
#define ROOT_KEY    "root"
#define FACTORY_KEY "factory"
#define PUMP_KEY    "pump 7F31"

/* What a root document says beside its keys; zeros mean the ordinary one, version 1 of the kit's vendor. */
struct root_tale {
    uint32_t version;
    const char *domain, *release_key, *root_key, *factory_key, *withdrawn_key;
    const char *also_signed_by; /* the root key of the version before */
};

static inline void list_key(struct trust *trust, struct test_key *key, const char *name, unsigned role)
{
    *key = test_key_named(name);
    trust->keys[trust->key_count++] = test_trust_key(key, role);
}

static inline struct buffer root_of(struct root_tale tale)
{
    static struct test_key keys[3];
    struct trust trust = {.version = tale.version ? tale.version : 1,
                          .release = {1, 0, 1},
                          .root = {1, 0, 1},
                          .device = {1, 0, 1}};
    struct buffer out = buffer_over(malloc(ROOT_MAX), ROOT_MAX);
    struct cose_signer signers[2];
    struct test_key before;
    size_t count = 1;

    assert_non_null(out.data);
    uuid_of_vendor(tale.domain ? tale.domain : "acme.example", trust.vendor);
    list_key(&trust, &keys[0], tale.release_key ? tale.release_key : RELEASE_KEY, ROLE_RELEASE);
    list_key(&trust, &keys[1], tale.root_key ? tale.root_key : ROOT_KEY, ROLE_ROOT);
    list_key(&trust, &keys[2], tale.factory_key ? tale.factory_key : FACTORY_KEY, ROLE_DEVICE);
    if (tale.withdrawn_key != NULL) {
        struct test_key withdrawn = test_key_named(tale.withdrawn_key);
        memcpy(trust.withdrawn_keys[trust.withdrawn_key_count++], withdrawn.id, KEY_ID_SIZE);
    }
    signers[0] = test_signer(&keys[1]);
    if (tale.also_signed_by != NULL) {
        before = test_key_named(tale.also_signed_by);
        signers[count++] = test_signer(&before);
    }
    assert_int_equal(root_write(&out, &trust, signers, count), OK);
    return out;
}

/* A root document as a file of the kit's folder. */
static inline const char *root_file(const char *name, struct root_tale tale)
{
    struct buffer root = root_of(tale);
    put(name, span_used(&root));
    free(root.data);
    return in_folder(name);
}

/* The station's folders. */
static inline const char *trust_folder(void)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/trust", kit.folder);
    return path;
}

static inline const char *receipt_folder(void)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/receipts", kit.folder);
    return path;
}

static inline enum failure_id trust_added(const char *name, struct root_tale tale)
{
    struct trust_document added;
    struct failure why = {FAIL_NONE, ""};

    if (trust_store_add(trust_folder(), root_file(name, tale), &added, &why))
        trust_document_free(&added);
    return why.id;
}

/* A report of the kit's pump: it runs the kit's release, settled. */
static inline struct report healthy_report(void)
{
    struct report report = {.serial = span_text(PUMP_SERIAL),
                            .agent_version = span_text("0.1.0"),
                            .boot_counter = 12,
                            .has_running = true,
                            .running = {.slot = 1, .sequence = kit.content.sequence, .size = KIT_IMAGE},
                            .other = {.slot = 0, .state = 3, .sequence = 4},
                            .boot_kind = 1,
                            .outcome = 1,
                            .floor = 5,
                            .root_version = 1,
                            .self_test = 1,
                            .confirmed_by = 1,
                            .boot_check = 1};
    memcpy(report.vendor, kit.content.vendor, UUID_SIZE);
    memcpy(report.class_id, kit.content.classes[0], UUID_SIZE);
    memcpy(report.running.digest, kit.content.image_digest, DIGEST_SIZE);
    memset(report.other.digest, 0x0d, DIGEST_SIZE);
    return report;
}

/* Signs `report` as the pump whose key is named `key`, certified by `factory` under the serial of the report. */
static inline void sign_report_as(struct report *report, const char *key, const char *factory,
                                  struct buffer *out)
{
    static uint8_t certificate_bytes[CERTIFICATE_MAX], payload[REPORT_MAX], scratch[REPORT_MAX];
    struct test_key pump = test_key_named(key), authority = test_key_named(factory);
    struct cose_signer signer = test_signer(&pump), by = test_signer(&authority);
    struct certificate certificate = {.serial = report->serial, .issued = 1750000000};
    struct buffer encoded = buffer_over(certificate_bytes, sizeof certificate_bytes);

    memcpy(certificate.vendor, report->vendor, UUID_SIZE);
    memcpy(certificate.class_id, report->class_id, UUID_SIZE);
    memcpy(certificate.public_key, pump.public_key, P256_PUBLIC_SIZE);
    assert_int_equal(certificate_write(&encoded, &certificate, &by), OK);
    report->certificate = span_used(&encoded);
    assert_int_equal(report_write(out, report, &signer, buffer_over(payload, sizeof payload),
                                  buffer_over(scratch, sizeof scratch)),
                     OK);
}

static inline int remove_one(const char *path, const struct stat *about, int kind, struct FTW *where)
{
    (void)about;
    (void)kind;
    (void)where;
    return remove(path);
}

static inline int station_open(void **state)
{
    return kit_open(state);
}

static inline int station_close(void **state)
{
    (void)state;
    free(kit.stream.data);
    kit.stream.data = NULL;
    return nftw(kit.folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline size_t files_in(const char *folder)
{
    DIR *dir = opendir(folder);
    size_t count = 0;

    if (dir == NULL)
        return 0;
    for (struct dirent *one; (one = readdir(dir)) != NULL;)
        count += one->d_name[0] != '.';
    closedir(dir);
    return count;
}

#endif
