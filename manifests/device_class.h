/* The device class file: what a vendor states of a class of devices. YAML by a strict schema (yaml.h); its keys are the
 * names of the members below, all required, and `format: 1`. */
#ifndef SUTURE_MANIFESTS_DEVICE_CLASS_H
#define SUTURE_MANIFESTS_DEVICE_CLASS_H

#include "keys/base/failure.h"

#include <stdint.h>

#define CLASS_REVISIONS_MAX    8    /* hardware revisions in one file: SUIT_CLASSES_MAX */
#define CLASS_MANIFEST_MAX_MIN 2048 /* bytes; the profile's bounds of manifest_max */
#define CLASS_MANIFEST_MAX_MAX 8192
#define CLASS_BLOCK_MIN        256 /* bytes; less leaves no room beside a block's head */
#define CLASS_WRITE_UNIT_MAX   256 /* bytes: the agent's, see agent/layout.h */
#define CLASS_SLOT_MAX         (4ull * 1024 * 1024 * 1024)

struct device_class {
    uint32_t format;     /* 1 */
    char *vendor_domain; /* "acme.example", lower case: the vendor id is made of it */
    char *vendor_name;
    char *model; /* printable ASCII without ':', as are the revisions: the class ids are made of both */
    char **hardware_revisions;
    unsigned hardware_revisions_count;
    uint64_t slot_size;    /* bytes, as are all that follow; whole erase blocks */
    uint32_t manifest_max; /* CLASS_MANIFEST_MAX_MIN to _MAX */
    uint32_t block_max;
    uint32_t segment_max; /* at least block_max */
    uint32_t ram;         /* decoder RAM the device has, the block's buffer included */
    uint32_t write_unit;  /* a power of two, at most CLASS_WRITE_UNIT_MAX */
    uint32_t erase_block; /* whole write units */
};

/* Reads and checks a file. FAIL_DEVICE_CLASS with file, line or field, and reason; else as file_read. The caller frees. */
bool device_class_read(const char *path, struct device_class **out, struct failure *why);
/* NULL is allowed. */
void device_class_free(struct device_class *device_class);

#endif
