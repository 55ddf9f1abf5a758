/* suture-key show: says what a key file, a root document or a device certificate is. Never shows a private half. */
#include "keys/base/file.h"
#include "keys/base/hex.h"
#include "keys/certificate.h"
#include "keys/notation.h"
#include "keys/pem.h"
#include "keys/root_file.h"
#include "keys/suture_key.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MOST = 64 * 1024, TAG_SIGN1_HEAD = 0xd2 };

static void show_field(const char *name, const char *value)
{
    printf("  %-20s%s\n", name, value);
}

static void show_hex(const char *name, const uint8_t *bytes, size_t size)
{
    char text[2 * 65 + 1];

    hex_of(span_of(bytes, size), text);
    show_field(name, text);
}

/* In the usual grouping 8-4-4-4-12. */
static void show_uuid(const char *name, const uint8_t uuid[UUID_SIZE])
{
    char digits[2 * UUID_SIZE + 1];

    hex_of(span_of(uuid, UUID_SIZE), digits);
    printf("  %-20s%.8s-%.4s-%.4s-%.4s-%s\n", name, digits, digits + 8, digits + 12, digits + 16,
           digits + 20);
}

static void show_date(const char *name, uint64_t seconds)
{
    char text[DATE_TEXT_SIZE];

    date_write(text, seconds);
    show_field(name, text);
}

static void show_key(struct span public_key)
{
    uint8_t id[KEY_ID_SIZE];

    key_id_of(public_key, id);
    show_hex("key id", id, KEY_ID_SIZE);
    show_field("algorithm", "ESP256 (ECDSA P-256 with SHA-256)");
}

static bool show_key_file(const char *path, struct span text, struct failure *why)
{
    uint8_t public_key[P256_PUBLIC_SIZE];
    const char *problem = pem_read_public(text, public_key);
    struct span key = span_of(public_key, sizeof public_key);

    if (problem != NULL)
        return failure_set(why, FAIL_KEY_FORMAT, "%s: %s", path, problem);
    bool is_private = memmem(text.data, text.size, "PRIVATE KEY", strlen("PRIVATE KEY")) != NULL;
    show_field("kind", is_private ? "private key (its public half is shown)" : "public key");
    show_key(key);
    show_hex("public key", public_key, sizeof public_key);
    return !key_is_published(key) || failure_set(why, FAIL_KEY_PUBLISHED, "%s", path);
}

static void show_policy(const char *name, const struct trust_policy *policy)
{
    if (policy->classical == 0 && policy->post_quantum == 0 && policy->all == 0)
        printf("  %-20snothing may be signed in this role\n", name);
    else
        printf("  %-20sat least %u classical, %u post-quantum, %u in all\n", name, policy->classical,
               policy->post_quantum, policy->all);
}

static void show_listed_key(const struct trust_key *key)
{
    char id[2 * KEY_ID_SIZE + 1];

    hex_of(span_of(key->id, KEY_ID_SIZE), id);
    printf("  %-20s%s ESP256, roles:%s%s%s\n", "key", id, key->roles & ROLE_RELEASE ? " release" : "",
           key->roles & ROLE_ROOT ? " root" : "", key->roles & ROLE_DEVICE ? " device" : "");
    for (size_t i = 0; i < key->class_count; i++)
        show_uuid("  only for class", key->classes[i]);
    if (key->valid_until != 0)
        show_date("  valid until", key->valid_until);
}

static bool show_root(const char *path, struct span bytes, struct failure *why)
{
    struct trust trust;
    enum status status = root_read(bytes, &trust);

    if (status)
        return root_failure(status, path, why);
    show_field("kind", "root document, signed as its own policy asks");
    printf("  %-20s%" PRIu32 "\n", "version", trust.version);
    show_uuid("vendor", trust.vendor);
    show_policy("policy release", &trust.release);
    show_policy("policy root", &trust.root);
    show_policy("policy device", &trust.device);
    for (size_t i = 0; i < trust.key_count; i++)
        show_listed_key(&trust.keys[i]);
    for (size_t i = 0; i < trust.withdrawn_key_count; i++)
        show_hex("withdrawn key", trust.withdrawn_keys[i], KEY_ID_SIZE);
    for (size_t i = 0; i < trust.withdrawn_manifest_count; i++)
        show_hex("withdrawn manifest", trust.withdrawn_manifests[i], TRUST_MANIFEST_ID);
    return true;
}

static bool show_certificate(const char *path, struct span bytes, const struct trust *trust,
                             struct failure *why)
{
    struct certificate certificate;
    struct cose_sign1 block;
    char serial[SERIAL_MAX + 1];
    enum status status = trust != NULL ? certificate_verify(bytes, trust, &certificate)
                                       : certificate_read(bytes, &certificate);

    if (status)
        return failure_set(why, FAIL_CERTIFICATE, "%s: %s", path, status_name(status));
    text_harmless(serial, sizeof serial, (const char *)certificate.serial.data, certificate.serial.size);
    show_field("kind", "device certificate");
    show_field("signature", trust != NULL ? "holds under the root document given"
                                          : "not checked (give --root ROOT to check it)");
    if (cose_read(bytes, &block) == OK)
        show_hex("signed by key", block.key_id.data, block.key_id.size);
    show_uuid("vendor", certificate.vendor);
    show_uuid("class", certificate.class_id);
    show_field("serial", serial);
    show_date("issued", certificate.issued);
    show_key(span_of(certificate.public_key, P256_PUBLIC_SIZE));
    return true;
}

/* PEM is text that says so; of the CBOR documents a certificate begins with tag 18, a root document with an array. */
static bool show_bytes(const char *path, struct span bytes, const struct trust *trust, struct failure *why)
{
    if (bytes.size > 0 && bytes.data[0] == TAG_SIGN1_HEAD)
        return show_certificate(path, bytes, trust, why);
    if (bytes.size > 0 && bytes.data[0] >> 5 == 4)
        return show_root(path, bytes, why);
    return show_key_file(path, bytes, why);
}

static bool show_file(const char *path, const struct trust *trust, struct failure *why)
{
    struct buffer file = {NULL, 0, 0};

    if (!file_read(path, FILE_MOST, &file, why))
        return false;
    printf("%s\n", path);
    bool shown = show_bytes(path, span_used(&file), trust, why);
    explicit_bzero(file.data, file.size);
    free(file.data);
    return shown;
}

static enum exit_code run(const struct invocation *call)
{
    const char *root_path = option_value(call, "root", NULL);
    uint8_t root_bytes[ROOT_MAX];
    struct trust trust;
    struct failure why;
    enum exit_code worst = EXIT_VERIFIED;

    if (root_path != NULL && !root_file_read(root_path, root_bytes, &trust, &why))
        return command_fail(&why);
    for (size_t i = 0; i < call->argument_count; i++)
        if (!show_file(call->arguments[i], root_path != NULL ? &trust : NULL, &why))
            worst = exit_worst(worst, command_fail(&why));
    return worst;
}

static const struct command_option options[] = {
    {"root", "ROOT", "check certificates under this root document"},
    {NULL, NULL, NULL},
};

static const char *const examples[] = {
    "# the id of a key, as root documents and signatures name it",
    "suture-key show keys/release.pub",
    "# what a root document allows, and whether a device's certificate holds under it",
    "suture-key show --root pumps.root pumps.root P4-0017.certificate",
    NULL,
};

const struct command cmd_show = {
    .name = "show",
    .arguments = "FILE…",
    .least_arguments = 1,
    .most_arguments = SIZE_MAX,
    .summary = "say what a key, root document or device certificate is",
    .options = options,
    .examples = examples,
    .run = run,
};
