#include "manifests/recipe.h"

#include "manifests/plan.h"
#include "manifests/yaml.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define TEXT     CYAML_FLAG_POINTER
#define OPTIONAL CYAML_FLAG_OPTIONAL

static const cyaml_strval_t codecs[] = {{"deflate", RECIPE_DEFLATE}, {"stored", RECIPE_STORED}};
static const cyaml_strval_t confirms[] = {{"device", RECIPE_BY_DEVICE}, {"technician", RECIPE_BY_TECHNICIAN}};
static const cyaml_strval_t kinds[] = {
    {"yes-no", RECIPE_YES_NO}, {"number", RECIPE_NUMBER}, {"text", RECIPE_TEXT}};
static const cyaml_strval_t datas[] = {{"untouched", RECIPE_UNTOUCHED},
                                       {"migrates-after-confirm", RECIPE_MIGRATES_AFTER_CONFIRM}};

static const cyaml_schema_field_t check_fields[] = {
    CYAML_FIELD_STRING_PTR("id", TEXT, struct recipe_check, id, 1, 32),
    CYAML_FIELD_STRING_PTR("text", TEXT, struct recipe_check, text, 1, 200),
    CYAML_FIELD_ENUM("kind", CYAML_FLAG_STRICT, struct recipe_check, kind, kinds, 3),
    CYAML_FIELD_STRING_PTR("unit", TEXT | OPTIONAL, struct recipe_check, unit, 1, 16),
    CYAML_FIELD_FLOAT("least", OPTIONAL, struct recipe_check, least),
    CYAML_FIELD_FLOAT("most", OPTIONAL, struct recipe_check, most),
    YAML_FIELD_BOOL("required", CYAML_FLAG_STRICT, struct recipe_check, required),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t check = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct recipe_check, check_fields)};
static const cyaml_schema_value_t vulnerability = {CYAML_VALUE_STRING(TEXT, char, 1, 64)};

static const cyaml_schema_field_t fields[] = {
    CYAML_FIELD_UINT("format", CYAML_FLAG_DEFAULT, struct recipe, format),
    CYAML_FIELD_STRING_PTR("device_class", TEXT, struct recipe, device_class, 1, 1024),
    CYAML_FIELD_STRING_PTR("version", TEXT, struct recipe, version, 1, 32),
    CYAML_FIELD_UINT("sequence", CYAML_FLAG_DEFAULT, struct recipe, sequence),
    CYAML_FIELD_UINT("floor", OPTIONAL, struct recipe, floor),
    CYAML_FIELD_STRING_PTR("image", TEXT, struct recipe, image, 1, 1024),
    CYAML_FIELD_STRING_PTR("description", TEXT, struct recipe, description, 1, 400),
    CYAML_FIELD_STRING_PTR("from", TEXT | OPTIONAL, struct recipe, from, 1, 64),
    CYAML_FIELD_ENUM("data", CYAML_FLAG_STRICT, struct recipe, data, datas, 2),
    CYAML_FIELD_STRING_PTR("notes", TEXT | OPTIONAL, struct recipe, notes, 1, 1024),
    CYAML_FIELD_STRING_PTR("sbom", TEXT | OPTIONAL, struct recipe, sbom, 1, 1024),
    CYAML_FIELD_STRING_PTR("vex", TEXT | OPTIONAL, struct recipe, vex, 1, 1024),
    CYAML_FIELD_ENUM("codec", CYAML_FLAG_STRICT | OPTIONAL, struct recipe, codec, codecs, 2),
    CYAML_FIELD_UINT("minutes", OPTIONAL, struct recipe, minutes),
    CYAML_FIELD_STRING_PTR("valid_until", TEXT | OPTIONAL, struct recipe, valid_until, 10, 10),
    CYAML_FIELD_ENUM("confirm", CYAML_FLAG_STRICT | OPTIONAL, struct recipe, confirm, confirms, 2),
    CYAML_FIELD_UINT("healthy_seconds", OPTIONAL, struct recipe, healthy_seconds),
    CYAML_FIELD_UINT("tries", OPTIONAL, struct recipe, tries),
    CYAML_FIELD_UINT("silence_staging", OPTIONAL, struct recipe, silence_staging),
    CYAML_FIELD_UINT("silence_boot", OPTIONAL, struct recipe, silence_boot),
    CYAML_FIELD_SEQUENCE("vulnerabilities", TEXT | OPTIONAL, struct recipe, vulnerabilities, &vulnerability,
                         0, RECIPE_VULNERABILITIES_MAX),
    CYAML_FIELD_SEQUENCE("checks", TEXT | OPTIONAL, struct recipe, checks, &check, 0, RECIPE_CHECKS_MAX),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t schema = {CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct recipe, fields)};

bool version_read(const char *text, uint32_t version[3])
{
    uint32_t numbers[3] = {0, 0, 0};

    for (size_t i = 0; i < 3; i++) {
        size_t digits = strspn(text, "0123456789");
        if (digits == 0 || digits > 10 || (text[0] == '0' && digits > 1))
            return false;
        unsigned long long number = strtoull(text, NULL, 10);
        if (number > UINT32_MAX)
            return false;
        numbers[i] = (uint32_t)number;
        text += digits;
        if (*text == '\0') {
            memcpy(version, numbers, sizeof numbers);
            return true;
        }
        if (*text++ != '.')
            return false;
    }
    return false;
}

/* A day of the calendar as RFC 3339, 5.6, writes it. */
static bool date_like(const char *text)
{
    static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    for (size_t i = 0; i < 10; i++)
        if (i == 4 || i == 7 ? text[i] != '-' : !isdigit((unsigned char)text[i]))
            return false;
    int year = atoi(text), month = atoi(text + 5), day = atoi(text + 8);
    if (month < 1 || month > 12 || day < 1 || day > days[month - 1])
        return false;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month != 2 || day < 29 || leap;
}

static bool harmless(const char *text)
{
    char copy[512];

    if (text == NULL)
        return true;
    text_harmless(copy, sizeof copy, text, strlen(text));
    return strcmp(copy, text) == 0;
}

static bool check_texts(const char *path, const struct recipe *recipe, struct failure *why)
{
    if (!harmless(recipe->description))
        return failure_set(why, FAIL_RECIPE, "%s: description: has control characters", path);
    if (!harmless(recipe->from))
        return failure_set(why, FAIL_RECIPE, "%s: from: has control characters", path);
    for (unsigned i = 0; i < recipe->vulnerabilities_count; i++)
        if (!harmless(recipe->vulnerabilities[i]))
            return failure_set(why, FAIL_RECIPE, "%s: vulnerabilities: has control characters", path);
    if (recipe->valid_until != NULL && !date_like(recipe->valid_until))
        return failure_set(why, FAIL_RECIPE, "%s: valid_until: '%s' is no date; write it like 2027-06-30",
                           path, recipe->valid_until);
    return true;
}

static bool check_check(const char *path, const struct recipe *recipe, unsigned at, struct failure *why)
{
    const struct recipe_check *one = &recipe->checks[at];

    if (strspn(one->id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != strlen(one->id))
        return failure_set(why, FAIL_RECIPE, "%s: checks: id '%s': letters, digits and '-'", path, one->id);
    if (!harmless(one->text) || !harmless(one->unit))
        return failure_set(why, FAIL_RECIPE, "%s: checks: %s: has control characters", path, one->id);
    if (one->kind == RECIPE_NUMBER && one->unit == NULL)
        return failure_set(why, FAIL_RECIPE, "%s: checks: %s: a number needs its unit", path, one->id);
    if (one->kind != RECIPE_NUMBER &&
        (one->unit != NULL || one->least < 0 || one->least > 0 || one->most < 0 || one->most > 0))
        return failure_set(why, FAIL_RECIPE, "%s: checks: %s: unit, least and most are for numbers", path,
                           one->id);
    if (one->least > one->most || one->least < -1e12 || one->most > 1e12)
        return failure_set(why, FAIL_RECIPE, "%s: checks: %s: least %g, most %g", path, one->id, one->least,
                           one->most);
    for (unsigned k = 0; k < at; k++)
        if (strcmp(one->id, recipe->checks[k].id) == 0)
            return failure_set(why, FAIL_RECIPE, "%s: checks: '%s' stands there twice", path, one->id);
    return true;
}

static bool check_seconds(const char *path, const char *key, uint32_t seconds, struct failure *why)
{
    return seconds <= PLAN_SECONDS_MAX ||
           failure_set(why, FAIL_RECIPE, "%s: %s: %u is longer than a day", path, key, seconds);
}

static bool check_numbers(const char *path, const struct recipe *recipe, struct failure *why)
{
    uint32_t version[3];

    if (recipe->format != 1)
        return failure_set(why, FAIL_RECIPE, "%s: format: %u; this program reads 1", path, recipe->format);
    if (!version_read(recipe->version, version))
        return failure_set(why, FAIL_RECIPE, "%s: version: '%s' is not 1 to 3 numbers like 4.3.1", path,
                           recipe->version);
    if (recipe->sequence == 0)
        return failure_set(why, FAIL_RECIPE, "%s: sequence: must be at least 1", path);
    if (recipe->floor > recipe->sequence)
        return failure_set(why, FAIL_RECIPE, "%s: floor: %u is above the release's own sequence %u", path,
                           recipe->floor, recipe->sequence);
    if (recipe->tries < 2 || recipe->tries > 7)
        return failure_set(why, FAIL_RECIPE, "%s: tries: %u is outside 2 to 7", path, recipe->tries);
    return check_seconds(path, "healthy_seconds", recipe->healthy_seconds, why) &&
           check_seconds(path, "silence_staging", recipe->silence_staging, why) &&
           check_seconds(path, "silence_boot", recipe->silence_boot, why);
}

static void fill_defaults(struct recipe *recipe)
{
    if (recipe->healthy_seconds == 0)
        recipe->healthy_seconds = 10;
    if (recipe->tries == 0)
        recipe->tries = 3;
    if (recipe->silence_staging == 0)
        recipe->silence_staging = 30;
    if (recipe->silence_boot == 0)
        recipe->silence_boot = 60;
}

bool recipe_read(const char *path, struct recipe **out, struct failure *why)
{
    void *data;

    if (!yaml_file_read(path, &schema, FAIL_RECIPE, &data, why))
        return false;
    struct recipe *recipe = data;
    fill_defaults(recipe);
    bool fine = check_numbers(path, recipe, why) && check_texts(path, recipe, why);
    for (unsigned i = 0; fine && i < recipe->checks_count; i++)
        fine = check_check(path, recipe, i, why);
    if (fine)
        *out = recipe;
    else
        recipe_free(recipe);
    return fine;
}

void recipe_free(struct recipe *recipe)
{
    yaml_file_free(&schema, recipe);
}
