/* COSE blocks, root documents, certificates and reports: everything signed that is read before its signer is known. */
#include "keys/certificate.h"
#include "keys/root.h"
#include "manifests/report.h"

#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct trust trust, next;
    struct certificate certificate;
    struct cose_sign1 block;
    struct report report;
    struct span bytes = span_of(data, size);

    (void)cose_read(bytes, &block);
    (void)certificate_read(bytes, &certificate);
    (void)report_read(bytes, &report);
    if (root_read(bytes, &trust) == OK)
        (void)root_follows(&trust, bytes, &next);
    return 0;
}
