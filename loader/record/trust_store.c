#include "loader/record/trust_store.h"

#include "keys/base/file.h"
#include "keys/base/hex.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_SIZE 4096

void trust_document_free(struct trust_document *document)
{
    free(document->bytes.data);
    memset(document, 0, sizeof *document);
}

static void vendor_hex(const uint8_t vendor[UUID_SIZE], char out[2 * UUID_SIZE + 1])
{
    hex_of(span_of(vendor, UUID_SIZE), out);
}

static bool document_path(const char *folder, const uint8_t vendor[UUID_SIZE], uint32_t version,
                          char out[PATH_SIZE], struct failure *why)
{
    char hex[2 * UUID_SIZE + 1];
    vendor_hex(vendor, hex);
    int length = snprintf(out, PATH_SIZE, "%s/%s.%" PRIu32 ".root", folder, hex, version);
    return (length > 0 && length < PATH_SIZE) || failure_set(why, FAIL_STORE, "%s: name too long", folder);
}

static bool refuse_document(enum status status, const char *path, struct failure *why)
{
    bool unsigned_ =
        status == BAD_SIGNATURE || status == TOO_FEW || status == UNKNOWN_KEY || status == WRONG_SCOPE;
    enum failure_id id = unsigned_                ? FAIL_ROOT_SIGNATURE
                         : status == WITHDRAWN    ? FAIL_KEY_PUBLISHED
                         : status == OLD_SEQUENCE ? FAIL_ROOT_OLD
                                                  : FAIL_ROOT_FORMAT;
    return failure_set(why, id, "%s (%s)", path, status_name(status));
}

static bool read_document(const char *path, struct trust_document *out, struct failure *why)
{
    struct trust_document document = {{NULL, 0, 0}, {0}};

    if (!file_read(path, ROOT_MAX, &document.bytes, why))
        return false;
    enum status status = root_read(span_used(&document.bytes), &document.trust);
    if (status) {
        trust_document_free(&document);
        return refuse_document(status, path, why);
    }
    *out = document;
    return true;
}

/* Splits "VENDOR.VERSION.root"; false for any other name. */
static bool parse_name(const char *name, char vendor[2 * UUID_SIZE + 1], uint32_t *version)
{
    size_t digits = strspn(name, "0123456789abcdef");
    if (digits != 2 * UUID_SIZE || name[digits] != '.')
        return false;
    const char *number = name + digits + 1;
    size_t width = strspn(number, "0123456789");
    if (width == 0 || width > 9 || number[0] == '0' || strcmp(number + width, ".root") != 0)
        return false;
    memcpy(vendor, name, digits);
    vendor[digits] = '\0';
    *version = (uint32_t)strtoul(number, NULL, 10);
    return true;
}

/* The highest version of a vendor by the files' names; 0 when there is none. */
static bool highest_version(const char *folder, const char *vendor, uint32_t *highest, struct failure *why)
{
    DIR *dir = opendir(folder);

    *highest = 0;
    if (dir == NULL && errno == ENOENT)
        return true;
    if (dir == NULL)
        return failure_set(why, FAIL_STORE, "%s: %s", folder, strerror(errno));
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        char found[2 * UUID_SIZE + 1];
        uint32_t version;
        if (parse_name(entry->d_name, found, &version) && strcmp(found, vendor) == 0 && version > *highest)
            *highest = version;
    }
    closedir(dir);
    return true;
}

bool trust_store_version(const char *folder, const uint8_t vendor[UUID_SIZE], uint32_t version,
                         struct trust_document *out, struct failure *why)
{
    char path[PATH_SIZE];
    struct trust_document document;

    if (!document_path(folder, vendor, version, path, why))
        return false;
    if (access(path, F_OK) != 0)
        return failure_set(why, FAIL_NO_ROOT, "%s: %s", path, strerror(errno));
    if (!read_document(path, &document, why))
        return false;
    if (memcmp(document.trust.vendor, vendor, UUID_SIZE) != 0 || document.trust.version != version) {
        trust_document_free(&document);
        return failure_set(why, FAIL_STORE, "%s: holds another vendor's or version's document", path);
    }
    *out = document;
    return true;
}

bool trust_store_find(const char *folder, const uint8_t vendor[UUID_SIZE], struct trust_document *out,
                      struct failure *why)
{
    char hex[2 * UUID_SIZE + 1];
    uint32_t version;

    vendor_hex(vendor, hex);
    if (!highest_version(folder, hex, &version, why))
        return false;
    if (version == 0)
        return failure_set(why, FAIL_NO_ROOT, "vendor id %s, in %s", hex, folder);
    return trust_store_version(folder, vendor, version, out, why);
}

/* Whether a new document may stand beside what is known of its vendor. `*known` becomes true when it is the same again. */
static bool may_add(const char *folder, const struct trust_document *document, const char *path, bool *known,
                    struct failure *why)
{
    struct trust_document current;
    struct trust next;
    char hex[2 * UUID_SIZE + 1];
    uint32_t version;

    *known = false;
    vendor_hex(document->trust.vendor, hex);
    if (!highest_version(folder, hex, &version, why))
        return false;
    if (version == 0)
        return true;
    if (!trust_store_version(folder, document->trust.vendor, version, &current, why))
        return false;
    bool may = true;
    if (span_equal(span_used(&current.bytes), span_used(&document->bytes))) {
        *known = true;
    } else {
        enum status status = root_follows(&current.trust, span_used(&document->bytes), &next);
        if (status)
            may = refuse_document(status, path, why);
    }
    trust_document_free(&current);
    return may;
}

/* A failure to write here is the store's. */
static bool store(const char *folder, const struct trust_document *document, struct failure *why)
{
    char target[PATH_SIZE];
    struct failure inner;

    if (!document_path(folder, document->trust.vendor, document->trust.version, target, why))
        return false;
    return (folder_make(folder, &inner) && file_write(target, span_used(&document->bytes), 0644, &inner)) ||
           failure_set(why, FAIL_STORE, "%s", inner.what);
}

bool trust_store_add(const char *folder, const char *path, struct trust_document *added, struct failure *why)
{
    struct trust_document document;
    bool known;

    if (!read_document(path, &document, why))
        return false;
    if (!may_add(folder, &document, path, &known, why) || (!known && !store(folder, &document, why))) {
        trust_document_free(&document);
        return false;
    }
    *added = document;
    return true;
}

bool trust_store_remove(const char *folder, const uint8_t vendor[UUID_SIZE], struct failure *why)
{
    char hex[2 * UUID_SIZE + 1], path[PATH_SIZE];
    uint32_t version;

    vendor_hex(vendor, hex);
    if (!highest_version(folder, hex, &version, why))
        return false;
    if (version == 0)
        return failure_set(why, FAIL_NO_ROOT, "vendor id %s, in %s", hex, folder);
    /* From the highest down: stopped half-way, an older version rules rather than one with a gap behind it. */
    for (; version > 0; version--) {
        if (!document_path(folder, vendor, version, path, why))
            return false;
        if (unlink(path) != 0 && errno != ENOENT)
            return failure_set(why, FAIL_STORE, "%s: %s", path, strerror(errno));
    }
    return true;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names of all files in the folder, sorted; the caller frees each and the array. */
static bool list_names(const char *folder, char ***names, size_t *count, struct failure *why)
{
    DIR *dir = opendir(folder);

    *names = NULL;
    *count = 0;
    if (dir == NULL && errno == ENOENT)
        return true;
    if (dir == NULL)
        return failure_set(why, FAIL_STORE, "%s: %s", folder, strerror(errno));
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        if (entry->d_name[0] == '.')
            continue;
        char **grown = realloc(*names, (*count + 1) * sizeof **names);
        char *name = strdup(entry->d_name);
        if (grown != NULL)
            *names = grown;
        if (grown == NULL || name == NULL) {
            free(name);
            closedir(dir);
            return failure_set(why, FAIL_MEMORY, "%s", folder);
        }
        (*names)[(*count)++] = name;
    }
    closedir(dir);
    if (*count > 0)
        qsort(*names, *count, sizeof **names, by_name);
    return true;
}

bool trust_store_each(const char *folder,
                      void (*visit)(void *context, const struct trust *trust, const char *name),
                      void *context, struct failure *why)
{
    char **names;
    size_t count;
    bool listed = list_names(folder, &names, &count, why);

    for (size_t i = 0; i < count; i++) {
        char vendor[2 * UUID_SIZE + 1], path[PATH_SIZE];
        struct trust_document document;
        uint32_t version, highest;
        if (listed) {
            snprintf(path, sizeof path, "%s/%s", folder, names[i]);
            bool ours = parse_name(names[i], vendor, &version);
            if (!ours || !read_document(path, &document, NULL)) {
                visit(context, NULL, names[i]);
            } else {
                if (highest_version(folder, vendor, &highest, NULL) && highest == version)
                    visit(context, &document.trust, names[i]);
                trust_document_free(&document);
            }
        }
        free(names[i]);
    }
    free(names);
    return listed;
}
