/* suture trust: the vendors that this station trusts. */
#include "loader/cmd/run.h"

#include "keys/base/hex.h"
#include "keys/notation.h"
#include "keys/uuid.h"
#include "loader/record/folders.h"
#include "loader/show/show_root.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

/* One run of the command. */
struct trust_call {
    const char *store, *subject; /* subject: what follows the verb, or NULL */
    bool json;
    unsigned vendors, unusable; /* found in the store */
};

static void list_root(void *context, const struct trust *trust, const char *name)
{
    struct trust_call *call = context;
    char harmless[128];

    if (trust != NULL) {
        call->vendors += 1;
        if (call->json)
            show_root_json(stdout, trust, ROOT_RULES);
        else
            show_root(stdout, trust);
        return;
    }
    call->unusable += 1;
    text_harmless(harmless, sizeof harmless, name, strlen(name));
    if (!call->json) {
        printf("%s  no usable root document\n", harmless);
        return;
    }
    json_t *line = json_line_begin("unusable");
    json_object_set_new(line, "file", json_string(harmless));
    json_line_end(stdout, line);
}

static bool add(struct trust_call *call, struct failure *why)
{
    struct trust_document document;

    if (!trust_store_add(call->store, call->subject, &document, why))
        return false;
    if (!call->json)
        printf("trusted from now on; compare the key ids with what the vendor published:\n");
    list_root(call, &document.trust, call->subject);
    trust_document_free(&document);
    return true;
}

static bool list(struct trust_call *call, struct failure *why)
{
    if (!trust_store_each(call->store, list_root, call, why))
        return false;
    if (call->vendors + call->unusable == 0 && !call->json)
        printf("no vendor is trusted here yet; type: suture trust add ROOT\n");
    return call->unusable == 0 ||
           failure_set(why, FAIL_STORE, "%s: %u of its files can't be used", call->store, call->unusable);
}

/* A vendor by its id (32 hex digits, hyphens or none between) or by its domain. */
static bool read_vendor(const char *name, uint8_t vendor[UUID_SIZE], struct failure *why)
{
    char digits[2 * UUID_SIZE + 1];
    size_t count = 0;

    for (const char *at = name; *at != '\0' && count < sizeof digits - 1; at++)
        if (*at != '-')
            digits[count++] = *at;
    digits[count] = '\0';
    if (strlen(name) <= 36 && hex_exact(digits, vendor, UUID_SIZE))
        return true;
    if (!domain_is_plain(name))
        return failure_set(why, FAIL_USAGE, "%s is no vendor: write its domain, or the 32 digits of its id",
                           name);
    uuid_of_vendor(name, vendor);
    return true;
}

/* All versions of one vendor that are kept, from the one that rules down: the rotation of its keys. */
static bool show_vendor(struct trust_call *call, struct failure *why)
{
    struct trust_document document;
    uint8_t vendor[UUID_SIZE];
    uint64_t now = (uint64_t)time(NULL);

    if (!read_vendor(call->subject, vendor, why) || !trust_store_find(call->store, vendor, &document, why))
        return false;
    uint32_t highest = document.trust.version;
    trust_document_free(&document);
    for (uint32_t version = highest; version > 0; version--) {
        enum root_standing standing = version == highest ? ROOT_RULES : ROOT_REPLACED;
        if (!trust_store_version(call->store, vendor, version, &document, why)) {
            if (why->id == FAIL_NO_ROOT) /* the station met this vendor later than that */
                continue;
            return false;
        }
        if (call->json)
            show_root_json(stdout, &document.trust, standing);
        else
            show_root_whole(stdout, &document.trust, standing, now);
        trust_document_free(&document);
    }
    return true;
}

static bool remove_vendor(struct trust_call *call, struct failure *why)
{
    uint8_t vendor[UUID_SIZE];
    char id[2 * UUID_SIZE + 1];

    if (!read_vendor(call->subject, vendor, why) || !trust_store_remove(call->store, vendor, why))
        return false;
    if (!call->json) {
        printf("no longer trusted: %s\n", call->subject);
        return true;
    }
    json_t *line = json_line_begin("removed");
    hex_of(span_of(vendor, UUID_SIZE), id);
    json_object_set_new(line, "vendor", json_string(id));
    json_line_end(stdout, line);
    return true;
}

static enum exit_code trust(const struct invocation *call)
{
    static const struct {
        const char *verb;
        size_t words; /* the verb's own among them */
        bool (*run)(struct trust_call *call, struct failure *why);
    } verbs[] = {{"list", 1, list}, {"show", 2, show_vendor}, {"add", 2, add}, {"remove", 2, remove_vendor}};
    struct trust_call run = {.json = option_given(call, "json"),
                             .subject = call->argument_count > 1 ? call->arguments[1] : NULL};
    char store[FOLDER_NAME_MAX];
    struct failure why;

    if (!folder_name(FOLDER_TRUST, option_value(call, "store", NULL), store, &why))
        return command_fail(&why);
    run.store = store;
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(verbs[i].verb, call->arguments[0]) == 0 && verbs[i].words == call->argument_count)
            return verbs[i].run(&run, &why) ? EXIT_VERIFIED : command_fail(&why);
    failure_set(&why, FAIL_USAGE, "trust %s: it is list, show VENDOR, add ROOT or remove VENDOR",
                call->arguments[0]);
    return command_fail(&why);
}

static const struct command_option options[] = {OPTION_STORE, OPTION_JSON, OPTION_END};
static const char *const examples[] = {
    "# once for each vendor; compare the key ids it prints with the vendor's own page",
    "suture trust add acme.root",
    "# who is trusted, and by which keys",
    "suture trust list",
    "# one vendor, by domain or id: policies, limits of keys, what was withdrawn, and the versions before",
    "suture trust show acme.example",
    "# no longer this vendor: its bundles are refused from now on",
    "suture trust remove acme.example",
    NULL};

const struct command command_trust = {
    "trust",
    "list | show VENDOR | add ROOT | remove VENDOR",
    1,
    2,
    "the vendors that this station trusts",
    options,
    examples,
    trust,
};
