/* Who signs, on a host: a key file, or a command (an HSM's tool) that gets the exact bytes to be signed on its standard
 * input and answers with the raw signature on its standard output. The private key need never be seen here. */
#ifndef SUTURE_KEYS_SIGNER_H
#define SUTURE_KEYS_SIGNER_H

#include "keys/base/failure.h"
#include "keys/cose_sign.h"
#include "keys/p256.h"

struct signer; /* owns the key or the command */

/* `spec` is a path of a private key file, or "cmd:PROGRAM ARG…" (run without a shell, words split at spaces, with the
 * environment variable SUTURE_ALGORITHM=ESP256, found through PATH). With a command `public_path` names its public key;
 * for a key file it may be NULL, or names the one that must belong to it. Every answer is verified with the public key
 * before it is used. Failures: those of keyfile_read_private, FAIL_KEY_PUBLISHED, FAIL_SIGNER, FAIL_USAGE. */
bool signer_open(const char *spec, const char *public_path, struct signer **out, struct failure *why);
/* Whether `spec` names a command, which needs the file of its public key. */
bool signer_is_command(const char *spec);
/* Wipes the key and frees everything; `signer` may be NULL. */
void signer_close(struct signer *signer);
/* What cose_sign1_write needs; valid until signer_close. */
const struct cose_signer *signer_cose(const struct signer *signer);
/* Why the last signing failed (its status was FAILED); id FAIL_NONE when none did. Valid until signer_close. */
const struct failure *signer_failure(const struct signer *signer);
const uint8_t *signer_public(const struct signer *signer); /* P256_PUBLIC_SIZE bytes */

#endif
