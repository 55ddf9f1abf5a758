/* Who this device is: the IDENTITY area, written once by the factory (docs/formats.md 2). Canonical CBOR
 * {1: vendor, 2: class, 3: model, 4: hardware revision, 5: serial, 6: private key [32] or absent, 7: certificate}. */
#ifndef SUTURE_AGENT_IDENTITY_H
#define SUTURE_AGENT_IDENTITY_H

#include "agent/document.h"
#include "keys/certificate.h"

#define IDENTITY_MAX      1024 /* bytes of the encoded identity */
#define IDENTITY_TEXT_MAX 40   /* bytes of model and of hardware revision; the serial has SERIAL_MAX */

struct identity {
    uint8_t vendor[UUID_SIZE];
    uint8_t class_id[UUID_SIZE];
    struct span model, hardware, serial; /* UTF-8 text, borrowed */
    struct span private_key; /* 32 bytes, or data NULL: a secure element holds it, or there is none */
    struct span certificate; /* encoded device certificate, or data NULL */
};

/* Reads one from its encoding; `out` borrows from `bytes`. BAD_FORMAT, TOO_LARGE (a text). */
enum status identity_decode(struct span bytes, struct identity *out);
/* Appends the encoding: for factories. TOO_LARGE: no room, or a text that no device would read. */
enum status identity_encode(struct buffer *out, const struct identity *identity);
/* Reads the area into `memory` (IDENTITY_MAX bytes, which `out` borrows). NOT_FOUND: no valid identity stands there. */
enum status identity_read(const struct area *area, struct buffer *memory, struct identity *out);

#endif
