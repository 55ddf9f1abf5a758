/* Each proof stands on the one before it. */
#include "keys/credentials.h"

#include "keys/base/file.h"
#include "keys/keyfile.h"
#include "keys/root_file.h"

#include <stdlib.h>
#include <string.h>

static bool prove_root(const char *path, struct credentials *out, struct failure *why)
{
    if (!file_read(path, ROOT_MAX, &out->root, why))
        return false;
    enum status status = root_read(span_used(&out->root), &out->trust);
    return status == OK || root_failure(status, path, why);
}

static bool prove_key(const struct credentials_order *order, const struct certificate *certificate,
                      struct credentials *out, struct failure *why)
{
    uint8_t public_key[P256_PUBLIC_SIZE];

    if (order->device_key == NULL)
        return true;
    if (!keyfile_read_private(order->device_key, out->private_key, why))
        return false;
    if (p256_public_of(out->private_key, public_key) != OK ||
        memcmp(public_key, certificate->public_key, sizeof public_key) != 0)
        return failure_set(why, FAIL_CERTIFICATE, "%s certifies another key than %s", order->certificate,
                           order->device_key);
    out->has_key = true;
    return true;
}

static bool prove_certificate(const struct credentials_order *order, struct credentials *out,
                              struct failure *why)
{
    const char *path = order->certificate;
    struct certificate certificate;

    if (!file_read(path, CERTIFICATE_MAX, &out->certificate, why))
        return false;
    enum status status = certificate_verify(span_used(&out->certificate), &out->trust, &certificate);
    if (status)
        return failure_set(why, FAIL_CERTIFICATE, "%s: the root document does not vouch for it: %s", path,
                           status_name(status));
    if (memcmp(certificate.vendor, order->vendor, UUID_SIZE) != 0 ||
        memcmp(certificate.class_id, order->class_id, UUID_SIZE) != 0)
        return failure_set(why, FAIL_CERTIFICATE, "%s is for a device of another class or hardware revision",
                           path);
    if (!span_equal(certificate.serial, span_text(order->serial)))
        return failure_set(why, FAIL_CERTIFICATE, "%s is for another serial number than %s", path,
                           order->serial);
    return prove_key(order, &certificate, out, why);
}

bool credentials_prove(const struct credentials_order *order, struct credentials *out, struct failure *why)
{
    *out = (struct credentials){0};
    if (order->serial[0] == '\0' || strlen(order->serial) > SERIAL_MAX)
        return failure_set(why, FAIL_USAGE, "a serial number has 1 to %d bytes", SERIAL_MAX);
    return prove_root(order->root, out, why) &&
           (order->certificate == NULL || prove_certificate(order, out, why));
}

void credentials_free(struct credentials *credentials)
{
    free(credentials->root.data);
    free(credentials->certificate.data);
    explicit_bzero(credentials, sizeof *credentials);
}
