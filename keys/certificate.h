/* Device certificates (docs/formats.md 8): COSE_Sign1 with its payload, external_aad "suture-device-1", payload
 * {1: 1, 2: vendor, 3: class, 4: serial, 5: public key, 6: issued}, signed in the role *device*. */
#ifndef SUTURE_KEYS_CERTIFICATE_H
#define SUTURE_KEYS_CERTIFICATE_H

#include "keys/cose_sign.h"
#include "keys/trust.h"

#define CERTIFICATE_MAX 512 /* bytes of a certificate */
#define SERIAL_MAX      32  /* bytes of UTF-8 text */

struct certificate {
    uint8_t vendor[UUID_SIZE];
    uint8_t class_id[UUID_SIZE];
    struct span serial; /* borrowed */
    uint8_t public_key[65];
    uint64_t issued; /* seconds since 1970, the factory's claim */
};

/* Reads without judging who signed. BAD_FORMAT, BAD_VERSION, TOO_LARGE. */
enum status certificate_read(struct span bytes, struct certificate *out);
/* Reads and asks `trust` whether its signer may certify devices of that vendor and class. */
enum status certificate_verify(struct span bytes, const struct trust *trust, struct certificate *out);
/* Appends a signed certificate. TOO_LARGE, or what the signer answers. */
enum status certificate_write(struct buffer *out, const struct certificate *certificate,
                              const struct cose_signer *signer);

#endif
