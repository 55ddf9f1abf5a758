/* The recipe: what a release engineer writes to get a bundle. YAML by a strict schema (yaml.h); its keys are the names of
 * the members below. Paths in it are relative to the recipe. */
#ifndef SUTURE_MANIFESTS_RECIPE_H
#define SUTURE_MANIFESTS_RECIPE_H

#include "manifests/device_class.h"

#define RECIPE_CHECKS_MAX          16 /* SUIT_CHECKS_MAX */
#define RECIPE_VULNERABILITIES_MAX 32 /* SUIT_CVES_MAX */

/* The first of each is what an absent key means. */
enum recipe_codec { RECIPE_DEFLATE, RECIPE_STORED };            /* "deflate", "stored" */
enum recipe_confirm { RECIPE_BY_DEVICE, RECIPE_BY_TECHNICIAN }; /* "device", "technician" */
enum recipe_kind { RECIPE_YES_NO, RECIPE_NUMBER, RECIPE_TEXT }; /* "yes-no", "number", "text" */
enum recipe_data {
    RECIPE_UNTOUCHED,
    RECIPE_MIGRATES_AFTER_CONFIRM
}; /* "untouched", "migrates-after-confirm" */

/* A guided check after the update. `unit`, `least` and `most` are for numbers. */
struct recipe_check {
    char *id;   /* letters, digits, '-' */
    char *text; /* the question */
    enum recipe_kind kind;
    char *unit;
    double least, most; /* both 0: no limit */
    bool required;
};

struct recipe {
    uint32_t format;          /* 1 */
    char *device_class;       /* path of the device class file */
    char *version;            /* "4.3.1": 1 to 3 numbers */
    uint32_t sequence;        /* at least 1: what orders releases */
    uint32_t floor;           /* floor after confirm, at most `sequence`; 0: none */
    char *image;              /* path */
    char *description;        /* for people */
    char *from;               /* versions it may be applied to, as text; may be NULL */
    enum recipe_data data;    /* what the update does to settings; required */
    char *notes, *sbom, *vex; /* paths; may be NULL */
    enum recipe_codec codec;
    uint32_t minutes;  /* out of service, estimated; 0: not said */
    char *valid_until; /* "2027-06-30"; may be NULL */
    enum recipe_confirm confirm;
    uint32_t healthy_seconds; /* 0 or absent: 10; as the two silences at most PLAN_SECONDS_MAX */
    uint32_t tries;           /* 2 to 7; 0 or absent: 3 */
    uint32_t silence_staging; /* seconds; 0 or absent: 30 */
    uint32_t silence_boot;    /* seconds; 0 or absent: 60 */
    char **vulnerabilities;   /* identifiers that this release closes; may be NULL */
    unsigned vulnerabilities_count;
    struct recipe_check *checks; /* may be NULL */
    unsigned checks_count;
};

/* Reads and checks a file; defaults are filled in. FAIL_RECIPE with file, line or field, and reason; else as file_read.
 * Whether it fits the device class is the builder's question. The caller frees. */
bool recipe_read(const char *path, struct recipe **out, struct failure *why);
/* NULL is allowed. */
void recipe_free(struct recipe *recipe);

/* "4.3.1", "4.3" or "4" into three numbers, absent ones 0. No signs, spaces or leading zeros. */
bool version_read(const char *text, uint32_t version[3]);

#endif
