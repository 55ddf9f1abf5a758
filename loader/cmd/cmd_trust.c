#include "loader/cmd/run.h"

#include "keys/base/hex.h"
#include "keys/uuid.h"
#include "loader/record/folders.h"

#include <inttypes.h>
#include <string.h>

static void print_root(void *context, const struct trust *trust, const char *name)
{
    char vendor[2 * UUID_SIZE + 1], harmless[128];
    unsigned *count = context;

    if (trust == NULL) {
        text_harmless(harmless, sizeof harmless, name, strlen(name));
        printf("%s  no usable root document\n", harmless);
        return;
    }
    hex_of(span_of(trust->vendor, UUID_SIZE), vendor);
    printf("%s  version %" PRIu32 "\n", vendor, trust->version);
    for (size_t i = 0; i < trust->key_count; i++) {
        char id[2 * KEY_ID_SIZE + 1];
        hex_of(span_of(trust->keys[i].id, KEY_ID_SIZE), id);
        printf("  key %s %s%s%s\n", id, trust->keys[i].roles & ROLE_RELEASE ? " release" : "",
               trust->keys[i].roles & ROLE_ROOT ? " root" : "",
               trust->keys[i].roles & ROLE_DEVICE ? " device" : "");
    }
    *count += 1;
}

static bool add(const char *store, const char *path, struct failure *why)
{
    struct trust_document document;
    unsigned count = 0;

    if (!trust_store_add(store, path, &document, why))
        return false;
    printf("trusted from now on; compare the key ids with what the vendor published:\n");
    print_root(&count, &document.trust, path);
    trust_document_free(&document);
    return true;
}

static bool list(const char *store, struct failure *why)
{
    unsigned count = 0;

    if (!trust_store_each(store, print_root, &count, why))
        return false;
    if (count == 0)
        printf("no vendor is trusted here yet; type: suture trust add ROOT\n");
    return true;
}

/* A vendor by its id (32 digits) or by its domain. */
static bool remove_vendor(const char *store, const char *name, struct failure *why)
{
    uint8_t vendor[UUID_SIZE];

    if (!hex_exact(name, vendor, sizeof vendor))
        uuid_of_vendor(name, vendor);
    if (!trust_store_remove(store, vendor, why))
        return false;
    printf("no longer trusted: %s\n", name);
    return true;
}

static enum exit_code trust(const struct invocation *call)
{
    const char *verb = call->arguments[0], *subject = call->argument_count > 1 ? call->arguments[1] : NULL;
    char store[FOLDER_NAME_MAX];
    struct failure why;
    bool done;

    if (!folder_name(FOLDER_TRUST, option_value(call, "store", NULL), store, &why))
        return command_fail(&why);
    if (strcmp(verb, "list") == 0 && subject == NULL)
        done = list(store, &why);
    else if (strcmp(verb, "add") == 0 && subject != NULL)
        done = add(store, subject, &why);
    else if (strcmp(verb, "remove") == 0 && subject != NULL)
        done = remove_vendor(store, subject, &why);
    else
        done = failure_set(&why, FAIL_USAGE, "trust %s: it is list, add ROOT or remove VENDOR", verb);
    return done ? EXIT_VERIFIED : command_fail(&why);
}

static const struct command_option options[] = {OPTION_STORE, OPTION_END};
static const char *const examples[] = {
    "# once for each vendor; compare the key ids it prints with the vendor's own page",
    "suture trust add acme.root", "suture trust list", "suture trust remove acme.example", NULL};

const struct command command_trust = {
    "trust",
    "list | add ROOT | remove VENDOR",
    1,
    2,
    "the vendors that this station trusts",
    options,
    examples,
    trust,
};
