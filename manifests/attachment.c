#include "manifests/attachment.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* UTF-8 without control characters other than tab and the ends of lines: it is shown on terminals. */
static bool text_like(struct span bytes)
{
    char *line = malloc(bytes.size + 1);
    bool fine = line != NULL;

    for (size_t at = 0; fine && at < bytes.size;) {
        size_t size = 0;
        while (at + size < bytes.size && strchr("\t\r\n", bytes.data[at + size]) == NULL)
            size++;
        text_harmless(line, bytes.size + 1, (const char *)bytes.data + at, size);
        fine = strlen(line) == size && memcmp(line, bytes.data + at, size) == 0;
        at += size + 1;
    }
    free(line);
    return fine;
}

static bool cyclonedx_like(const json_t *document)
{
    const char *format = json_string_value(json_object_get(document, "bomFormat"));
    return format != NULL && strcmp(format, "CycloneDX") == 0 &&
           json_is_string(json_object_get(document, "specVersion"));
}

static bool csaf_like(const json_t *document)
{
    const json_t *about = json_object_get(document, "document");
    return json_is_string(json_object_get(about, "csaf_version")) &&
           json_is_string(json_object_get(about, "category"));
}

bool attachment_check(const char *name, const char *path, struct span bytes, struct failure *why)
{
    json_error_t error;

    if (bytes.size == 0)
        return failure_set(why, FAIL_RECIPE, "%s: is empty", path);
    if (strcmp(name, "notes.md") == 0)
        return text_like(bytes) || failure_set(why, FAIL_RECIPE, "%s: is no UTF-8 text", path);
    json_t *document = json_loadb((const char *)bytes.data, bytes.size, JSON_REJECT_DUPLICATES, &error);
    if (document == NULL)
        return failure_set(why, FAIL_RECIPE, "%s, line %d: %s", path, error.line, error.text);
    bool sbom = strcmp(name, "sbom.cdx.json") == 0;
    bool fine = sbom ? cyclonedx_like(document) : csaf_like(document);
    json_decref(document);
    return fine || failure_set(why, FAIL_RECIPE, "%s: is no %s", path,
                               sbom ? "CycloneDX document (bomFormat, specVersion)"
                                    : "CSAF document (document: csaf_version, category)");
}
