/* The device class file: what a vendor states of a class of devices. YAML through libcyaml: a wrong key, a wrong type or a
 * missing field is refused with file, line and reason. */
#ifndef SUTURE_MANIFESTS_DEVICE_CLASS_H
#define SUTURE_MANIFESTS_DEVICE_CLASS_H

#include "keys/base/failure.h"

#include <stdint.h>

struct device_class {
    char *vendor_domain; /* "acme.example": the vendor id is made of it */
    char *vendor_name;
    char *model;
    char **hardware_revisions;
    unsigned hardware_revisions_count;
    uint64_t slot_size;    /* bytes, as are all that follow */
    uint32_t manifest_max;
    uint32_t block_max;
    uint32_t segment_max;
    uint32_t ram;          /* decoder RAM the device has */
    uint32_t write_unit;
    uint32_t erase_block;
};

bool device_class_read(const char *path, struct device_class **out, struct failure *why);
void device_class_free(struct device_class *device_class);

#endif
