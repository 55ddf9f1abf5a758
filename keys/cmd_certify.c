/* suture-key certify: a device certificate, checked under the root document before it is written. */
#include "keys/base/file.h"
#include "keys/base/hex.h"
#include "keys/certificate.h"
#include "keys/keyfile.h"
#include "keys/notation.h"
#include "keys/root_file.h"
#include "keys/signer.h"
#include "keys/suture_key.h"
#include "keys/uuid.h"

#include <string.h>
#include <time.h>

static const char *const required[] = {"root",   "key",  "vendor", "model", "hardware",
                                       "serial", "sign", "output", NULL};

static bool all_given(const struct invocation *call, struct failure *why)
{
    for (size_t i = 0; required[i] != NULL; i++) {
        const char *value = option_value(call, required[i], NULL);
        if (value == NULL || value[0] == '\0')
            return failure_set(why, FAIL_USAGE, "certify: --%s is missing", required[i]);
    }
    return true;
}

static bool read_issued(const struct invocation *call, uint64_t *issued, struct failure *why)
{
    const char *text = option_value(call, "issued", NULL);

    if (text == NULL)
        *issued = (uint64_t)time(NULL);
    else if (!date_read(text, issued))
        return failure_set(why, FAIL_USAGE, "--issued %s: not a date like 2026-03-31 or 2026-03-31T12:00:00Z",
                           text);
    return true;
}

static bool fill_certificate(const struct invocation *call, struct certificate *certificate,
                             struct failure *why)
{
    const char *domain = option_value(call, "vendor", NULL), *key_path = option_value(call, "key", NULL);

    if (!domain_is_plain(domain))
        return failure_set(why, FAIL_USAGE, "--vendor %s: not a domain name in lower case", domain);
    uuid_of_vendor(domain, certificate->vendor);
    uuid_of_class(certificate->vendor, option_value(call, "model", NULL),
                  option_value(call, "hardware", NULL), certificate->class_id);
    certificate->serial = span_text(option_value(call, "serial", NULL));
    if (!read_issued(call, &certificate->issued, why) ||
        !keyfile_read_public(key_path, certificate->public_key, why))
        return false;
    if (key_is_published(span_of(certificate->public_key, P256_PUBLIC_SIZE)))
        return failure_set(why, FAIL_KEY_PUBLISHED, "%s", key_path);
    return true;
}

static bool refused(enum status status, const struct signer *signer, struct failure *why)
{
    char id[2 * KEY_ID_SIZE + 1];

    hex_of(span_of(signer_cose(signer)->key_id, KEY_ID_SIZE), id);
    switch (status) {
    case UNKNOWN_KEY:
        return failure_set(why, FAIL_KEY_UNKNOWN, "the signer's key %s is not in the root document", id);
    case WITHDRAWN:
        return failure_set(why, FAIL_KEY_WITHDRAWN, "the signer's key %s", id);
    case WRONG_SCOPE:
        return failure_set(why, FAIL_KEY_SCOPE,
                           "the signer's key %s may not certify devices of this vendor and class", id);
    case TOO_FEW:
        return failure_set(
            why, FAIL_POLICY,
            "the root document's device policy can't be met by the one signature of a certificate");
    default:
        return failure_set(why, FAIL_INTERNAL, "the certificate can't be read back (%s)",
                           status_name(status));
    }
}

static bool make_certificate(const struct certificate *certificate, const struct trust *trust,
                             const struct signer *signer, struct buffer *out, struct failure *why)
{
    struct certificate as_read;
    enum status status = certificate_write(out, certificate, signer_cose(signer));

    if (status == FAILED && signer_failure(signer)->id != FAIL_NONE) {
        *why = *signer_failure(signer);
        return false;
    }
    if (status == TOO_LARGE || status == BAD_FORMAT)
        return failure_set(why, FAIL_USAGE, "--serial: 1 to %d bytes of UTF-8 without control characters",
                           SERIAL_MAX);
    if (!status)
        status = certificate_verify(span_used(out), trust, &as_read);
    return status == OK || refused(status, signer, why);
}

static bool certify(const struct invocation *call, const struct signer *signer, struct failure *why)
{
    uint8_t root_bytes[ROOT_MAX], bytes[CERTIFICATE_MAX];
    struct buffer out = buffer_over(bytes, sizeof bytes);
    const char *path = option_value(call, "output", NULL);
    struct certificate certificate;
    struct trust trust;

    if (!root_file_read(option_value(call, "root", NULL), root_bytes, &trust, why) ||
        !fill_certificate(call, &certificate, why) ||
        !make_certificate(&certificate, &trust, signer, &out, why) ||
        !file_write(path, span_used(&out), 0644, why))
        return false;
    printf("wrote %s: certificate of device %s, %zu bytes\n", path, option_value(call, "serial", NULL),
           out.size);
    return true;
}

static enum exit_code run(const struct invocation *call)
{
    struct signer *signer = NULL;
    struct failure why;

    if (!all_given(call, &why) ||
        !signer_open(option_value(call, "sign", NULL), option_value(call, "public", NULL), &signer, &why))
        return command_fail(&why);
    bool done = certify(call, signer, &why);
    signer_close(signer);
    return done ? EXIT_VERIFIED : command_fail(&why);
}

static const struct command_option options[] = {
    {"root", "ROOT", "the vendor's root document: must allow the signer as device authority"},
    {"key", "FILE", "the device's key, public or private (only the public half is used)"},
    {"vendor", "DOMAIN", "the vendor's domain name, in lower case"},
    {"model", "MODEL", "as in the device class file"},
    {"hardware", "REVISION", "hardware revision, as in the device class file"},
    {"serial", "TEXT", "serial number, 1 to 32 bytes"},
    {"sign", "SIGNER",
     "key file, or \"cmd:PROGRAM ARG…\" that reads what is to be signed and answers r s (64 bytes)"},
    {"public", "FILE", "public key of a cmd: signer"},
    {"issued", "DATE",
     "2026-03-31 or 2026-03-31T12:00:00Z (default: now); a fixed date gives the same bytes again"},
    {"output", "FILE", "where the certificate goes"},
    {NULL, NULL, NULL},
};

static const char *const examples[] = {
    "# at the end of the production line",
    "suture-key certify --root pumps.root --key P4-0017.pub --vendor pumps.example --model pump-4 \\",
    "    --hardware C --serial P4-0017 --sign keys/device --output P4-0017.certificate",
    NULL,
};

const struct command cmd_certify = {
    .name = "certify",
    .arguments = "",
    .least_arguments = 0,
    .most_arguments = 0,
    .summary = "make the certificate of one device's key",
    .options = options,
    .examples = examples,
    .run = run,
};
