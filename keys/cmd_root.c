/* suture-key root: a root document from public keys, checked as a device would check it before it is written. */
#include "keys/base/file.h"
#include "keys/base/hex.h"
#include "keys/keyfile.h"
#include "keys/notation.h"
#include "keys/root_file.h"
#include "keys/root_write.h"
#include "keys/signer.h"
#include "keys/suture_key.h"
#include "keys/uuid.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* What the command line becomes. `trust` borrows from the other two. */
struct plan {
    struct trust trust, previous;
    bool follows; /* `previous` was given */
    uint8_t public_keys[TRUST_KEYS_MAX][P256_PUBLIC_SIZE];
    uint8_t previous_bytes[ROOT_MAX];
    size_t signer_count;
    struct signer *signers[ROOT_SIGNATURES_MAX];
};

struct role {
    const char *name; /* of the option, and in --policy */
    enum trust_role role;
};

static const struct role roles[] = {{"release", ROLE_RELEASE}, {"root", ROLE_ROOT}, {"device", ROLE_DEVICE}};
enum { ROLE_COUNT = sizeof roles / sizeof *roles };

static struct trust_policy *policy_of(struct trust *trust, enum trust_role role)
{
    return role == ROLE_RELEASE ? &trust->release : role == ROLE_ROOT ? &trust->root : &trust->device;
}

static bool read_number(const char *text, unsigned long most, unsigned long *value)
{
    char *end;

    if (text[0] < '0' || text[0] > '9')
        return false;
    unsigned long number = strtoul(text, &end, 10);
    if (*end != '\0' || number > most)
        return false;
    *value = number;
    return true;
}

static bool take_vendor(const struct invocation *call, struct plan *plan, struct failure *why)
{
    const char *domain = option_value(call, "vendor", NULL);

    if (domain == NULL && plan->follows) {
        memcpy(plan->trust.vendor, plan->previous.vendor, UUID_SIZE);
        return true;
    }
    if (domain == NULL)
        return failure_set(why, FAIL_USAGE, "root: --vendor is missing");
    if (!domain_is_plain(domain))
        return failure_set(why, FAIL_USAGE, "--vendor %s: not a domain name in lower case", domain);
    uuid_of_vendor(domain, plan->trust.vendor);
    if (plan->follows && memcmp(plan->trust.vendor, plan->previous.vendor, UUID_SIZE) != 0)
        return failure_set(why, FAIL_USAGE, "--vendor %s: the previous document is of another vendor",
                           domain);
    return true;
}

static bool take_version(const struct invocation *call, struct plan *plan, struct failure *why)
{
    const char *text = option_value(call, "version", NULL);
    unsigned long version = 0;

    if (text == NULL && !plan->follows)
        return failure_set(why, FAIL_USAGE, "root: --version is missing (the first document has version 1)");
    if (text != NULL && (!read_number(text, UINT32_MAX, &version) || version == 0))
        return failure_set(why, FAIL_USAGE, "--version %s: not a number from 1 to %" PRIu32, text,
                           UINT32_MAX);
    if (plan->follows && plan->previous.version == UINT32_MAX)
        return failure_set(why, FAIL_ROOT_OLD, "no version can follow %" PRIu32, UINT32_MAX);
    if (plan->follows && text == NULL)
        version = plan->previous.version + 1ul;
    if (plan->follows && version != plan->previous.version + 1ul)
        return failure_set(why, FAIL_ROOT_OLD, "--version %lu: after %" PRIu32 " comes %lu", version,
                           plan->previous.version, plan->previous.version + 1ul);
    plan->trust.version = (uint32_t)version;
    return true;
}

static bool take_previous(const struct invocation *call, struct plan *plan, struct failure *why)
{
    const char *path = option_value(call, "previous", NULL);

    plan->follows = path != NULL;
    return path == NULL || root_file_read(path, plan->previous_bytes, &plan->previous, why);
}

/* Appends "MODEL:HARDWARE-REVISION" as a class of the key. */
static bool add_class(struct plan *plan, struct trust_key *key, char *text, struct failure *why)
{
    char *colon = strchr(text, ':');

    if (colon == NULL || colon == text || colon[1] == '\0')
        return failure_set(why, FAIL_USAGE, "%s: not MODEL:HARDWARE-REVISION", text);
    if (key->class_count == TRUST_CLASSES_MAX)
        return failure_set(why, FAIL_USAGE, "%s: a key is limited to at most %d classes", text,
                           TRUST_CLASSES_MAX);
    *colon = '\0';
    uint8_t *class_id = key->classes[key->class_count];
    uuid_of_class(plan->trust.vendor, text, colon + 1, class_id);
    for (size_t i = 0; i < key->class_count; i++)
        if (memcmp(key->classes[i], class_id, UUID_SIZE) == 0)
            return failure_set(why, FAIL_USAGE, "%s:%s: named twice for one key", text, colon + 1);
    key->class_count++;
    return true;
}

/* Reads "KEY.pub[,MODEL:HARDWARE-REVISION…]"; the words of `text` are cut. */
static bool read_key(struct plan *plan, char *text, struct trust_key *key,
                     uint8_t public_key[P256_PUBLIC_SIZE], struct failure *why)
{
    char *rest = NULL;
    const char *path = strtok_r(text, ",", &rest);

    if (path == NULL)
        return failure_set(why, FAIL_USAGE, "root: a key's file name is missing");
    if (!keyfile_read_public(path, public_key, why))
        return false;
    key->public_key = span_of(public_key, P256_PUBLIC_SIZE);
    key->algorithm = COSE_ESP256;
    key_id_of(key->public_key, key->id);
    if (key_is_published(key->public_key))
        return failure_set(why, FAIL_KEY_PUBLISHED, "%s", path);
    for (char *word = strtok_r(NULL, ",", &rest); word != NULL; word = strtok_r(NULL, ",", &rest))
        if (!add_class(plan, key, word, why))
            return false;
    return true;
}

static bool same_classes(const struct trust_key *a, const struct trust_key *b)
{
    return a->class_count == b->class_count &&
           memcmp(a->classes, b->classes, (size_t)a->class_count * UUID_SIZE) == 0;
}

/* One key in several roles is one row with the roles added. */
static bool add_key(struct plan *plan, const struct role *role, const char *value, struct failure *why)
{
    struct trust *trust = &plan->trust;
    struct trust_key key = {.roles = (uint8_t)role->role};
    uint8_t public_key[P256_PUBLIC_SIZE];
    char *text = strdup(value);

    bool done = text == NULL ? failure_set(why, FAIL_MEMORY, "%s", value)
                             : read_key(plan, text, &key, public_key, why);
    free(text);
    if (!done)
        return false;
    for (size_t i = 0; i < trust->key_count; i++) {
        if (memcmp(trust->keys[i].id, key.id, KEY_ID_SIZE) != 0)
            continue;
        if (!same_classes(&trust->keys[i], &key))
            return failure_set(why, FAIL_USAGE, "--%s %s: this key was given with other classes before",
                               role->name, value);
        trust->keys[i].roles = (uint8_t)(trust->keys[i].roles | key.roles);
        return true;
    }
    if (trust->key_count == TRUST_KEYS_MAX)
        return failure_set(why, FAIL_USAGE, "--%s %s: at most %d keys fit", role->name, value,
                           TRUST_KEYS_MAX);
    memcpy(plan->public_keys[trust->key_count], public_key, sizeof public_key);
    key.public_key = span_of(plan->public_keys[trust->key_count], P256_PUBLIC_SIZE);
    trust->keys[trust->key_count++] = key;
    return true;
}

static bool take_keys(const struct invocation *call, struct plan *plan, struct failure *why)
{
    const char *until = option_value(call, "valid-until", NULL), *value;
    uint64_t seconds = 0;

    for (size_t r = 0; r < ROLE_COUNT; r++)
        for (size_t k = 0; (value = option_at(call, roles[r].name, k)) != NULL; k++)
            if (!add_key(plan, &roles[r], value, why))
                return false;
    if (until != NULL && (!date_read(until, &seconds) || seconds == 0))
        return failure_set(why, FAIL_USAGE, "--valid-until %s: not a date like 2031-12-31", until);
    /* A day counts to its end. */
    if (until != NULL && strchr(until, 'T') == NULL)
        seconds += 24 * 60 * 60 - 1;
    for (size_t i = 0; i < plan->trust.key_count; i++)
        plan->trust.keys[i].valid_until = seconds;
    return true;
}

static size_t keys_with(const struct trust *trust, enum trust_role role)
{
    size_t count = 0;

    for (size_t i = 0; i < trust->key_count; i++)
        count += (trust->keys[i].roles & role) != 0;
    return count;
}

/* "C,P,A", each a number up to the keys that fit. */
static bool read_numbers(const char *text, struct trust_policy *policy)
{
    uint8_t *const numbers[] = {&policy->classical, &policy->post_quantum, &policy->all};

    for (size_t i = 0; i < 3; i++) {
        char *end;
        if (*text < '0' || *text > '9')
            return false;
        unsigned long number = strtoul(text, &end, 10);
        if (number > TRUST_KEYS_MAX || *end != (i < 2 ? ',' : '\0'))
            return false;
        *numbers[i] = (uint8_t)number;
        text = end + 1;
    }
    return true;
}

/* "ROLE=C,P,A" into the policy of that role, whose row is marked in `stated`. */
static bool read_policy(struct trust *trust, const char *text, bool stated[ROLE_COUNT], struct failure *why)
{
    const char *equals = strchr(text, '=');
    size_t length = equals != NULL ? (size_t)(equals - text) : 0;

    for (size_t r = 0; r < ROLE_COUNT; r++) {
        struct trust_policy policy;
        if (strlen(roles[r].name) != length || strncmp(text, roles[r].name, length) != 0 ||
            !read_numbers(equals + 1, &policy))
            continue;
        *policy_of(trust, roles[r].role) = policy;
        stated[r] = true;
        return true;
    }
    return failure_set(why, FAIL_USAGE, "--policy %s: not like release=1,0,1 (role release, root or device)",
                       text);
}

static bool check_policy(const struct plan *plan, const struct role *role, const struct trust_policy *policy,
                         struct failure *why)
{
    size_t have = keys_with(&plan->trust, role->role);

    if (policy->classical == 0 && policy->post_quantum == 0 && policy->all == 0)
        return failure_set(why, FAIL_POLICY, "the policy of role %s asks for nothing", role->name);
    if (policy->classical > have || policy->all > have)
        return failure_set(why, FAIL_POLICY, "role %s: asks for %u signatures, and has %zu keys", role->name,
                           policy->all > policy->classical ? policy->all : policy->classical, have);
    if (policy->post_quantum > 0)
        return failure_set(why, FAIL_POLICY, "role %s: asks for post-quantum signatures, and has no such key",
                           role->name);
    if (role->role == ROLE_DEVICE && policy->all > 1)
        return failure_set(why, FAIL_POLICY, "role device: a certificate carries one signature, not %u",
                           policy->all);
    return true;
}

static bool take_policies(const struct invocation *call, struct plan *plan, struct failure *why)
{
    const char *text;

    if (keys_with(&plan->trust, ROLE_ROOT) == 0)
        return failure_set(why, FAIL_USAGE,
                           "root: --root is missing: at least one key must sign root documents");
    for (size_t r = 0; r < ROLE_COUNT; r++)
        if (keys_with(&plan->trust, roles[r].role) > 0)
            *policy_of(&plan->trust, roles[r].role) = (struct trust_policy){1, 0, 1};
    bool stated[ROLE_COUNT] = {false};
    for (size_t k = 0; (text = option_at(call, "policy", k)) != NULL; k++)
        if (!read_policy(&plan->trust, text, stated, why))
            return false;
    for (size_t r = 0; r < ROLE_COUNT; r++)
        if ((stated[r] || keys_with(&plan->trust, roles[r].role) > 0) &&
            !check_policy(plan, &roles[r], policy_of(&plan->trust, roles[r].role), why))
            return false;
    return true;
}

struct id_list {
    const char *option;
    uint8_t *ids;
    size_t size; /* bytes of one id */
    size_t *count;
};

static bool add_id(const struct id_list *list, const uint8_t *id, struct failure *why)
{
    for (size_t i = 0; i < *list->count; i++)
        if (memcmp(list->ids + i * list->size, id, list->size) == 0)
            return true;
    if (*list->count == TRUST_WITHDRAWN_MAX)
        return failure_set(why, FAIL_USAGE, "--%s: at most %d fit, with those of the previous document",
                           list->option, TRUST_WITHDRAWN_MAX);
    memcpy(list->ids + *list->count * list->size, id, list->size);
    *list->count += 1;
    return true;
}

static bool add_ids(const struct invocation *call, const struct id_list *list, struct failure *why)
{
    uint8_t id[TRUST_MANIFEST_ID];
    const char *text;

    for (size_t k = 0; (text = option_at(call, list->option, k)) != NULL; k++) {
        if (!hex_exact(text, id, list->size))
            return failure_set(why, FAIL_USAGE, "--%s %s: not %zu hex digits in lower case", list->option,
                               text, 2 * list->size);
        if (!add_id(list, id, why))
            return false;
    }
    return true;
}

/* What was withdrawn once stays so: the lists of the previous document go on. */
static bool take_withdrawals(const struct invocation *call, struct plan *plan, struct failure *why)
{
    struct trust *trust = &plan->trust;
    const struct id_list keys = {"withdraw-key", trust->withdrawn_keys[0], KEY_ID_SIZE,
                                 &trust->withdrawn_key_count};
    const struct id_list manifests = {"withdraw-manifest", trust->withdrawn_manifests[0], TRUST_MANIFEST_ID,
                                      &trust->withdrawn_manifest_count};

    for (size_t i = 0; plan->follows && i < plan->previous.withdrawn_key_count; i++)
        if (!add_id(&keys, plan->previous.withdrawn_keys[i], why))
            return false;
    for (size_t i = 0; plan->follows && i < plan->previous.withdrawn_manifest_count; i++)
        if (!add_id(&manifests, plan->previous.withdrawn_manifests[i], why))
            return false;
    if (!add_ids(call, &keys, why) || !add_ids(call, &manifests, why))
        return false;
    for (size_t i = 0; i < trust->withdrawn_key_count; i++)
        if (trust_find(trust, trust->withdrawn_keys[i]) != NULL) {
            char id[2 * KEY_ID_SIZE + 1];
            hex_of(span_of(trust->withdrawn_keys[i], KEY_ID_SIZE), id);
            return failure_set(why, FAIL_KEY_WITHDRAWN, "key %s is listed and withdrawn at once", id);
        }
    return true;
}

/* The commands among the signers take the files of --public in order. */
static bool open_signers(const struct invocation *call, struct plan *plan, struct failure *why)
{
    const char *spec;
    size_t next_public = 0;

    for (size_t k = 0; (spec = option_at(call, "sign", k)) != NULL; k++) {
        const char *public_path = NULL;
        if (plan->signer_count == ROOT_SIGNATURES_MAX)
            return failure_set(why, FAIL_USAGE, "--sign %s: at most %d signatures fit", spec,
                               ROOT_SIGNATURES_MAX);
        if (signer_is_command(spec))
            public_path = option_at(call, "public", next_public++);
        if (!signer_open(spec, public_path, &plan->signers[plan->signer_count], why))
            return false;
        plan->signer_count++;
        for (size_t i = 0; i + 1 < plan->signer_count; i++)
            if (memcmp(signer_public(plan->signers[i]), signer_public(plan->signers[k]), P256_PUBLIC_SIZE) ==
                0)
                return failure_set(why, FAIL_USAGE, "--sign %s: this key signs already", spec);
    }
    if (option_at(call, "public", next_public) != NULL)
        return failure_set(why, FAIL_USAGE, "--public %s: no cmd: signer is left for it",
                           option_at(call, "public", next_public));
    return plan->signer_count > 0 || failure_set(why, FAIL_USAGE, "root: --sign is missing");
}

static bool sign_document(const struct plan *plan, const char *path, struct buffer *out, struct failure *why)
{
    struct cose_signer signers[ROOT_SIGNATURES_MAX];
    struct trust as_read;

    for (size_t i = 0; i < plan->signer_count; i++)
        signers[i] = *signer_cose(plan->signers[i]);
    enum status status = root_write(out, &plan->trust, signers, plan->signer_count);
    for (size_t i = 0; status == FAILED && i < plan->signer_count; i++)
        if (signer_failure(plan->signers[i])->id != FAIL_NONE) {
            *why = *signer_failure(plan->signers[i]);
            return false;
        }
    if (!status && plan->follows) {
        status = root_follows(&plan->previous, span_used(out), &as_read);
        if (status == TOO_FEW || status == UNKNOWN_KEY || status == WRONG_SCOPE)
            return failure_set(why, FAIL_ROOT_SIGNATURE,
                               "%s: the previous document's root keys must sign as well", path);
    }
    return status == OK || root_failure(status, path, why);
}

static bool make_root(const struct invocation *call, struct plan *plan, struct failure *why)
{
    const char *path = option_value(call, "output", NULL);
    uint8_t bytes[ROOT_MAX];
    struct buffer out = buffer_over(bytes, sizeof bytes);

    if (path == NULL)
        return failure_set(why, FAIL_USAGE, "root: --output is missing");
    if (!take_previous(call, plan, why) || !take_vendor(call, plan, why) || !take_version(call, plan, why) ||
        !take_keys(call, plan, why) || !take_policies(call, plan, why) ||
        !take_withdrawals(call, plan, why) || !open_signers(call, plan, why) ||
        !sign_document(plan, path, &out, why) || !file_write(path, span_used(&out), 0644, why))
        return false;
    printf("wrote %s: root document version %" PRIu32 ", keys: %zu, signatures: %zu, %zu bytes\n", path,
           plan->trust.version, plan->trust.key_count, plan->signer_count, out.size);
    return true;
}

static enum exit_code run(const struct invocation *call)
{
    static struct plan plan;
    struct failure why;

    bool done = make_root(call, &plan, &why);
    for (size_t i = 0; i < plan.signer_count; i++)
        signer_close(plan.signers[i]);
    return done ? EXIT_VERIFIED : command_fail(&why);
}

static const struct command_option options[] = {
    {"vendor", "DOMAIN", "the vendor's domain name, in lower case (default: as --previous)"},
    {"version", "N", "1 for the first document (default: that of --previous + 1)"},
    {"release", "KEY[,CLASS]",
     "public key that signs releases; with CLASS,CLASS… only for these: MODEL:HARDWARE-REVISION"},
    {"root", "KEY", "public key that signs root documents"},
    {"device", "KEY[,CLASS]", "public key that signs device certificates"},
    {"policy", "ROLE=C,P,A", "least classical, post-quantum and total signatures of a role (default: 1,0,1)"},
    {"valid-until", "DATE", "after this date computers (not devices) count no key of this document"},
    {"withdraw-key", "ID", "16 hex digits, see suture-key show; those of --previous stay withdrawn"},
    {"withdraw-manifest", "ID", "first 32 hex digits of a manifest digest, see suture-bundle explain"},
    {"previous", "ROOT", "the document this one follows: its root keys must sign as well"},
    {"sign", "SIGNER",
     "key file, or \"cmd:PROGRAM ARG…\" that reads what is to be signed and answers r s (64 bytes)"},
    {"public", "FILE", "public key of a cmd: signer; one for each of them, in the same order"},
    {"output", "FILE", "where the document goes"},
    {NULL, NULL, NULL},
};

static const char *const examples[] = {
    "# the first document; all of --release, --root, --device, --policy, --withdraw-… and --sign can be "
    "repeated",
    "suture-key root --vendor pumps.example --version 1 --release release.pub --root root.pub \\",
    "    --device device.pub --sign root --output pumps-1.root",
    "# the release key may only sign for two revisions of one model",
    "suture-key root --vendor pumps.example --version 1 --release release.pub,pump-4:B,pump-4:C \\",
    "    --root root.pub --sign root --output pumps-1.root",
    "# another release key, the old one withdrawn; the root key stays and signs for both documents",
    "suture-key root --previous pumps-1.root --release new.pub --root root.pub --device device.pub \\",
    "    --withdraw-key 0123456789abcdef --sign root --output pumps-2.root",
    NULL,
};

const struct command cmd_root = {
    .name = "root",
    .arguments = "",
    .least_arguments = 0,
    .most_arguments = 0,
    .summary = "make a root document: who may sign what for a vendor",
    .options = options,
    .examples = examples,
    .run = run,
};
