/* YAML files by strict schemas, through libcyaml. Host code. */
#ifndef SUTURE_MANIFESTS_YAML_H
#define SUTURE_MANIFESTS_YAML_H

#include "keys/base/failure.h"

#include <cyaml/cyaml.h>

#define YAML_FILE_MAX (256u * 1024) /* bytes of one file */

/* A boolean in a schema: only "true" and "false", where libcyaml's own takes any word for true. */
extern const cyaml_strval_t yaml_bool[2];
#define YAML_FIELD_BOOL(key, flags, structure, member)                                                       \
    CYAML_FIELD_ENUM(key, CYAML_FLAG_STRICT | (flags), structure, member, yaml_bool, 2)

/* Reads the one document of a file by `schema`, whose top must be a pointer to a mapping. Refused with `id`, and file,
 * line and reason in the message: an unknown or repeated key, a missing field, a wrong type, a number that is not wholly
 * one ("12abc", "1.5" for a whole number, "010"), a text with a NUL, an alias, a second document, an empty file.
 * Else as file_read. `*out` belongs to the caller, who gives it back with yaml_file_free. */
bool yaml_file_read(const char *path, const cyaml_schema_value_t *schema, enum failure_id id, void **out,
                    struct failure *why);
/* NULL is allowed. */
void yaml_file_free(const cyaml_schema_value_t *schema, void *data);

#endif
