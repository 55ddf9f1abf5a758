/* What a factory must hold to make a device, read from files and proven before anything is written: the vendor's root
 * document, the device's certificate by the root document, its key by the certificate, its serial number by the
 * certificate. Host code. */
#ifndef SUTURE_KEYS_CREDENTIALS_H
#define SUTURE_KEYS_CREDENTIALS_H

#include "keys/base/failure.h"
#include "keys/certificate.h"
#include "keys/p256_sign.h"
#include "keys/root.h"

struct credentials_order {
    const char *root;        /* paths from here on */
    const char *certificate; /* NULL: the device will not be able to prove anything */
    const char *device_key;  /* NULL: none, or a secure element has it; not looked at without a certificate */
    const char *serial;      /* 1 to SERIAL_MAX bytes */
    const uint8_t *vendor, *class_id; /* UUID_SIZE bytes: who the device is meant to be */
};

struct credentials {
    struct buffer root, certificate; /* allocated; empty: none */
    struct trust trust;              /* borrows from `root` */
    bool has_key;
    uint8_t private_key[P256_PRIVATE_SIZE];
};

/* `out` is to be given to credentials_free whatever comes back. FAIL_FILE_*, FAIL_ROOT_*, FAIL_KEY_*, FAIL_CERTIFICATE,
 * FAIL_USAGE (the serial number). */
bool credentials_prove(const struct credentials_order *order, struct credentials *out, struct failure *why);
/* Also wipes the key. */
void credentials_free(struct credentials *credentials);

#endif
