/* SHA-256 by a thread of its own, so that whoever makes the bytes goes on making them. */
#ifndef SUTURE_MANIFESTS_DIGEST_BESIDE_H
#define SUTURE_MANIFESTS_DIGEST_BESIDE_H

#include "keys/digest.h"

#include <stdbool.h>

struct digest_beside;

/* NULL: no memory, or no thread. Holds about 1 MiB. */
struct digest_beside *digest_beside_start(void);
/* Copies `bytes`; waits only while the thread is that far behind. */
void digest_beside_update(struct digest_beside *digest, struct span bytes);
/* The digest of all bytes given; nothing may follow but the stop. */
void digest_beside_finish(struct digest_beside *digest, uint8_t out[DIGEST_SIZE]);
/* Ends the thread and frees; at any time. NULL is allowed. */
void digest_beside_stop(struct digest_beside *digest);

#endif
