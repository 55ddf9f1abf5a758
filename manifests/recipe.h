/* The recipe: what a release engineer writes to get a bundle. YAML through libcyaml; paths are relative to the recipe. */
#ifndef SUTURE_MANIFESTS_RECIPE_H
#define SUTURE_MANIFESTS_RECIPE_H

#include "manifests/device_class.h"

struct recipe_check {
    char *id, *text, *kind, *unit;
    double least, most;
    bool required;
};

struct recipe {
    int format;               /* 1 */
    char *device_class;       /* path of the device class file */
    char *version;            /* "4.3.1": 1 to 3 numbers */
    uint32_t sequence;
    uint32_t floor;           /* floor after confirm, 0 none */
    char *image;              /* path */
    char *description;
    char *from;               /* versions it may be applied to, as text; may be NULL */
    char *data;               /* "untouched" or "migrates-after-confirm" */
    char *notes, *sbom, *vex; /* paths; may be NULL */
    char *codec;              /* "stored" or "deflate" (default) */
    uint32_t minutes;         /* out of service, estimated */
    char *valid_until;        /* RFC 3339 date; may be NULL */
    char *confirm;            /* "device" or "technician" */
    uint32_t healthy_seconds, tries, silence_staging, silence_boot;
    char **vulnerabilities;
    unsigned vulnerabilities_count;
    struct recipe_check *checks;
    unsigned checks_count;
    char *folder;             /* where the recipe lies: not from the file */
};

bool recipe_read(const char *path, struct recipe **out, struct failure *why);
void recipe_free(struct recipe *recipe);

#endif
