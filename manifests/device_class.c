#include "manifests/device_class.h"

#include "keys/notation.h"
#include "manifests/yaml.h"

#include <string.h>

#define TEXT CYAML_FLAG_POINTER

static const cyaml_schema_value_t revision = {CYAML_VALUE_STRING(TEXT, char, 1, 32)};

static const cyaml_schema_field_t fields[] = {
    CYAML_FIELD_UINT("format", CYAML_FLAG_DEFAULT, struct device_class, format),
    CYAML_FIELD_STRING_PTR("vendor_domain", TEXT, struct device_class, vendor_domain, 3, 253),
    CYAML_FIELD_STRING_PTR("vendor_name", TEXT, struct device_class, vendor_name, 1, 64),
    CYAML_FIELD_STRING_PTR("model", TEXT, struct device_class, model, 1, 64),
    CYAML_FIELD_SEQUENCE("hardware_revisions", CYAML_FLAG_POINTER, struct device_class, hardware_revisions,
                         &revision, 1, CLASS_REVISIONS_MAX),
    CYAML_FIELD_UINT("slot_size", CYAML_FLAG_DEFAULT, struct device_class, slot_size),
    CYAML_FIELD_UINT("manifest_max", CYAML_FLAG_DEFAULT, struct device_class, manifest_max),
    CYAML_FIELD_UINT("block_max", CYAML_FLAG_DEFAULT, struct device_class, block_max),
    CYAML_FIELD_UINT("segment_max", CYAML_FLAG_DEFAULT, struct device_class, segment_max),
    CYAML_FIELD_UINT("ram", CYAML_FLAG_DEFAULT, struct device_class, ram),
    CYAML_FIELD_UINT("write_unit", CYAML_FLAG_DEFAULT, struct device_class, write_unit),
    CYAML_FIELD_UINT("erase_block", CYAML_FLAG_DEFAULT, struct device_class, erase_block),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct device_class, fields)};

/* "A:" "B" and "A" ":B" must not make the same class id, so the separator itself is not allowed. */
static bool name_like(const char *text)
{
    for (const char *at = text; *at != '\0'; at++)
        if (*at < ' ' || *at > '~' || *at == ':' || *at == '/')
            return false;
    return text[0] != ' ' && text[strlen(text) - 1] != ' ';
}

static bool harmless(const char *text)
{
    char copy[512];

    text_harmless(copy, sizeof copy, text, strlen(text));
    return strcmp(copy, text) == 0;
}

static bool check_names(const char *path, const struct device_class *class, struct failure *why)
{
    if (!domain_is_plain(class->vendor_domain))
        return failure_set(why, FAIL_DEVICE_CLASS, "%s: vendor_domain: '%s' is no domain name in lower case",
                           path, class->vendor_domain);
    if (!harmless(class->vendor_name))
        return failure_set(why, FAIL_DEVICE_CLASS, "%s: vendor_name: has control characters", path);
    if (!name_like(class->model))
        return failure_set(why, FAIL_DEVICE_CLASS, "%s: model: '%s': printable ASCII without ':' or '/'",
                           path, class->model);
    for (unsigned i = 0; i < class->hardware_revisions_count; i++) {
        const char *one = class->hardware_revisions[i];
        if (!name_like(one))
            return failure_set(why, FAIL_DEVICE_CLASS,
                               "%s: hardware_revisions: '%s': printable ASCII without ':' or '/'", path, one);
        for (unsigned k = 0; k < i; k++)
            if (strcmp(one, class->hardware_revisions[k]) == 0)
                return failure_set(why, FAIL_DEVICE_CLASS, "%s: hardware_revisions: '%s' stands there twice",
                                   path, one);
    }
    return true;
}

static bool check_range(const char *path, const char *field, uint64_t value, uint64_t least, uint64_t most,
                        struct failure *why)
{
    if (value < least || value > most)
        return failure_set(why, FAIL_DEVICE_CLASS, "%s: %s: %ju is outside %ju to %ju", path, field,
                           (uintmax_t)value, (uintmax_t)least, (uintmax_t)most);
    return true;
}

static bool check_sizes(const char *path, const struct device_class *class, struct failure *why)
{
    bool in_range = check_range(path, "slot_size", class->slot_size, 1, CLASS_SLOT_MAX, why) &&
                    check_range(path, "manifest_max", class->manifest_max, CLASS_MANIFEST_MAX_MIN,
                                CLASS_MANIFEST_MAX_MAX, why) &&
                    check_range(path, "block_max", class->block_max, CLASS_BLOCK_MIN, UINT32_MAX / 2, why) &&
                    check_range(path, "segment_max", class->segment_max, class->block_max, UINT32_MAX, why) &&
                    check_range(path, "ram", class->ram, class->block_max, UINT32_MAX, why) &&
                    check_range(path, "write_unit", class->write_unit, 1, CLASS_WRITE_UNIT_MAX, why) &&
                    check_range(path, "erase_block", class->erase_block, class->write_unit, UINT32_MAX, why);
    if (!in_range)
        return false;
    if ((class->write_unit & (class->write_unit - 1)) != 0)
        return failure_set(why, FAIL_DEVICE_CLASS, "%s: write_unit: %u is not a power of two", path,
                           class->write_unit);
    if (class->erase_block % class->write_unit != 0)
        return failure_set(why, FAIL_DEVICE_CLASS,
                           "%s: erase_block: %u is no whole number of write units of %u", path,
                           class->erase_block, class->write_unit);
    if (class->slot_size % class->erase_block != 0)
        return failure_set(why, FAIL_DEVICE_CLASS,
                           "%s: slot_size: %ju is no whole number of erase blocks of %u", path,
                           (uintmax_t) class->slot_size, class->erase_block);
    return true;
}

bool device_class_read(const char *path, struct device_class **out, struct failure *why)
{
    void *data;

    if (!yaml_file_read(path, &schema, FAIL_DEVICE_CLASS, &data, why))
        return false;
    struct device_class *class = data;
    bool fine =
        class->format == 1 ||
        failure_set(why, FAIL_DEVICE_CLASS, "%s: format: %u; this program reads 1", path, class->format);
    fine = fine && check_names(path, class, why) && check_sizes(path, class, why);
    if (fine)
        *out = class;
    else
        device_class_free(class);
    return fine;
}

void device_class_free(struct device_class *device_class)
{
    yaml_file_free(&schema, device_class);
}
