/* The device's signed report (docs/formats.md 8): COSE_Sign1 with its payload, external_aad "suture-report-1". Written in
 * the device (report_write.c), read on a host (report_read.c). */
#ifndef SUTURE_MANIFESTS_REPORT_H
#define SUTURE_MANIFESTS_REPORT_H

#include "keys/certificate.h"

#define REPORT_NONCE_SIZE 32
#define REPORT_MAX        1280 /* bytes of a whole report, certificate included */
#define REPORT_AGENT_MAX  32   /* bytes of UTF-8 text */

struct report_slot {
    uint8_t slot;  /* 0 A, 1 B */
    uint8_t state; /* as in the record: 0 empty, 1 staging, 2 staged, 3 good, 4 bad; `other` only */
    uint32_t sequence;
    uint64_t size; /* bytes; `running` only */
    uint8_t digest[DIGEST_SIZE];
    uint8_t manifest_id[TRUST_MANIFEST_ID]; /* `running` only */
};

struct report {
    uint8_t nonce[REPORT_NONCE_SIZE];
    uint8_t vendor[UUID_SIZE], class_id[UUID_SIZE];
    struct span serial;        /* 1 to SERIAL_MAX bytes of text without control characters */
    struct span agent_version; /* 1 to REPORT_AGENT_MAX bytes, the same */
    uint32_t boot_counter;
    bool has_running; /* false: the boot loader stayed, nothing verified runs (`unsafe`) */
    struct report_slot running, other;
    uint8_t boot_kind;           /* 0 recovery, 1 settled, 2 trial */
    uint8_t tries_left, outcome; /* outcome as in the record */
    uint32_t floor;
    uint32_t root_version;
    uint8_t self_test; /* 0 none, 1 passed, 2 failed */
    uint16_t self_test_code;
    uint8_t confirmed_by;    /* 0 nobody, 1 device, 2 port */
    uint8_t digest_measured; /* 0 at boot, 1 now */
    bool has_settings;
    uint8_t settings_digest[DIGEST_SIZE];
    uint8_t log_head[DIGEST_SIZE];
    uint8_t boot_check;      /* 0 platform, 1 digest, 2 signature */
    struct span certificate; /* encoded device certificate */
};

/* Appends a signed report; `scratch` as for cose_sign1_write, REPORT_MAX bytes are enough; `payload` is scratch for the
 * payload, REPORT_MAX bytes are enough. None of the three overlap. TOO_LARGE: one of them is too small. Else what the
 * signer answers. `out` is then as it was. */
enum status report_write(struct buffer *out, const struct report *report, const struct cose_signer *signer,
                         struct buffer payload, struct buffer scratch);

/* Reads without judging the signature. The spans point into `bytes`. BAD_FORMAT, BAD_VERSION, TOO_LARGE. */
enum status report_read(struct span bytes, struct report *out);
/* Reads and proves: the certificate by `trust`, the report by the certificate's key, the same vendor, class and serial in
 * both, and the nonce. UNKNOWN_KEY: the report names another key than the certificate's (or the certificate one that the
 * root does not list). WRONG_SCOPE: a certificate of another device. BAD_DIGEST: another nonce. Else as report_read,
 * certificate_verify and cose_verify. */
enum status report_verify(struct span bytes, const struct trust *trust,
                          const uint8_t nonce[REPORT_NONCE_SIZE], struct report *out);

#endif
