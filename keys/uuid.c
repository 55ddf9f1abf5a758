/* UUID version 5: SHA-1 over the namespace and the name, cut to 16 bytes, with version and variant set. SHA-1 serves as a
 * naming rule here, not as a protection. */
#include "keys/uuid.h"
#include "keys/compat_mbedtls.h"

#include <stdlib.h>
#include <string.h>

enum { UUID_BYTES = 16, SHA1_BYTES = 20 };

/* RFC 9562, 6.6: the namespace of domain names. */
static const uint8_t namespace_dns[UUID_BYTES] = {0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1,
                                                  0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8};

static void must(int result)
{
    if (result != 0)
        abort();
}

static void name_based(const uint8_t space[UUID_BYTES], const struct span *parts, size_t count,
                       uint8_t uuid[UUID_BYTES])
{
    uint8_t digest[SHA1_BYTES];
    mbedtls_sha1_context sha1;

    mbedtls_sha1_init(&sha1);
    must(mbedtls_sha1_starts(&sha1));
    must(mbedtls_sha1_update(&sha1, space, UUID_BYTES));
    for (size_t i = 0; i < count; i++)
        must(mbedtls_sha1_update(&sha1, parts[i].data, parts[i].size));
    must(mbedtls_sha1_finish(&sha1, digest));
    mbedtls_sha1_free(&sha1);

    memcpy(uuid, digest, UUID_BYTES);
    uuid[6] = (uint8_t)((uuid[6] & 0x0f) | 0x50);
    uuid[8] = (uint8_t)((uuid[8] & 0x3f) | 0x80);
}

void uuid_of_vendor(const char *domain, uint8_t vendor[16])
{
    const struct span name = span_text(domain);

    name_based(namespace_dns, &name, 1, vendor);
}

void uuid_of_class(const uint8_t vendor[16], const char *model, const char *hardware_revision,
                   uint8_t class_id[16])
{
    const struct span name[] = {span_text(model), span_text(":"), span_text(hardware_revision)};

    name_based(vendor, name, 3, class_id);
}
