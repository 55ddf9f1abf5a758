/* Key files on a host: PEM, EC P-256. Private ones are written with mode 0600 and refused when others can read them. */
#ifndef SUTURE_KEYS_KEYFILE_H
#define SUTURE_KEYS_KEYFILE_H

#include "keys/base/failure.h"
#include "keys/cose.h"
#include "keys/p256_sign.h"

/* Reads a public key from a file that holds a public or a private key. */
bool keyfile_read_public(const char *path, uint8_t public_key[P256_PUBLIC_SIZE], struct failure *why);
/* Reads a private key; the file must belong to nobody's eyes but its owner's (no group or other permission). */
bool keyfile_read_private(const char *path, uint8_t private_key[P256_PRIVATE_SIZE], struct failure *why);
/* Writes PATH (private, 0600) and PATH.pub (0644). Never overwrites: an existing file is a failure. */
bool keyfile_write(const char *path, const uint8_t private_key[P256_PRIVATE_SIZE], struct failure *why);

#endif
