/* Making root documents on a host. */
#ifndef SUTURE_KEYS_ROOT_WRITE_H
#define SUTURE_KEYS_ROOT_WRITE_H

#include "keys/cose_sign.h"
#include "keys/root.h"

/* Appends a document with `trust` as its content, signed by each of the signers. The result is read back by root_read
 * before it is handed out: a document that no device would take is never written. */
enum status root_write(struct buffer *out, const struct trust *trust, const struct cose_signer *signers,
                       size_t count);

#endif
