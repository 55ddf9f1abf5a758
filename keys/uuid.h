/* Name-based identifiers, UUID version 5 (RFC 9562, 5.5), which needs SHA-1: on hosts only, through the library.
 * A vendor's id is made of its domain in the DNS namespace; a class id of MODEL ':' HARDWARE-REVISION in the vendor's. */
#ifndef SUTURE_KEYS_UUID_H
#define SUTURE_KEYS_UUID_H

#include "keys/base/span.h"

void uuid_of_vendor(const char *domain, uint8_t vendor[16]);
void uuid_of_class(const uint8_t vendor[16], const char *model, const char *hardware_revision,
                   uint8_t class_id[16]);

#endif
