/* A bundle, NAME-VERSION.suture (docs/formats.md 6): a restricted ustar file read and written through libarchive.
 * Opened once: check and use go through the same descriptor. Before the signature is verified only the first tar header
 * and the envelope's frame are read. */
#ifndef SUTURE_MANIFESTS_BUNDLE_H
#define SUTURE_MANIFESTS_BUNDLE_H

#include "manifests/suit_write.h"
#include "keys/base/failure.h"

#define BUNDLE_MANIFEST_MAX   (64u * 1024)          /* envelope with text */
#define BUNDLE_ATTACHMENT_MAX (16u * 1024 * 1024)   /* notes, SBOM, VEX, each */
#define BUNDLE_PATCH_MAX      (4ull * 1024 * 1024 * 1024)

struct bundle; /* one open descriptor, and what was proven of it */

/* Opens and reads the envelope (integrity, not trust). FAIL_FILE_OPEN, FAIL_BUNDLE_FORMAT, _TRUNCATED, _ENTRY,
 * FAIL_MANIFEST_*. */
bool bundle_open(const char *path, struct bundle **out, struct failure *why);
void bundle_close(struct bundle *bundle);
const char *bundle_path(const struct bundle *bundle);
const struct suit_envelope *bundle_envelope(const struct bundle *bundle); /* with text */
const struct suit_manifest *bundle_manifest(const struct bundle *bundle);
const struct suit_content *bundle_text(const struct bundle *bundle);      /* the text fields; others are zero */

/* The vendor whose devices it is for, as executed (the shared sequence's vendor and classes; `class_count` up to
 * SUIT_CLASSES_MAX). */
bool bundle_targets(const struct bundle *bundle, uint8_t vendor[UUID_SIZE], uint8_t classes[][UUID_SIZE],
                    size_t *class_count, struct failure *why);

/* Signatures and policy, for one of its classes. FAIL_UNSIGNED, FAIL_SIGNATURE, FAIL_KEY_*, FAIL_TOO_FEW_SIGNATURES,
 * FAIL_MANIFEST_WITHDRAWN, FAIL_NO_ROOT when `trust` is of another vendor. `now` in seconds since 1970. */
bool bundle_authenticate(struct bundle *bundle, const struct trust *trust, const uint8_t class_id[UUID_SIZE],
                         uint64_t now, struct failure *why);

/* Walks all entries: names, order, sizes, attachments by digest, every block of every stream by its chain. Needs a bundle
 * that was authenticated, or `unsigned_ok` for a vendor looking at his own work. FAIL_BUNDLE_*, FAIL_STREAM. */
enum bundle_trust { BUNDLE_AUTHENTICATED, BUNDLE_UNSIGNED_OK };
bool bundle_verify(struct bundle *bundle, enum bundle_trust trust, struct failure *why);

/* After bundle_verify: one attachment's bytes (the caller frees), by its name. */
bool bundle_attachment(const struct bundle *bundle, const char *name, struct buffer *out, struct failure *why);
size_t bundle_stream_count(const struct bundle *bundle);

/* The push file of stream N: severed envelope, N, stream. Read piece by piece from the same descriptor. */
struct push; /* borrows the bundle */
bool push_open(const struct bundle *bundle, unsigned stream, struct push **out, struct failure *why);
void push_close(struct push *push);
uint64_t push_size(const struct push *push);
uint64_t push_stream_offset(const struct push *push); /* bytes before the stream */
void push_digest(const struct push *push, uint8_t sha[DIGEST_SIZE]); /* SHA-256 of the whole push file */
/* Reads exactly `size` bytes at `offset`. FAIL_BUNDLE_CHANGED when the file lost bytes meanwhile. */
bool push_read(const struct push *push, uint64_t offset, void *data, size_t size, struct failure *why);

/* Writing: entries in their order. `manifest` first. Written through a temporary file beside `path`; never half there. */
struct bundle_entry {
    const char *name;
    struct span bytes;
};
bool bundle_write(const char *path, const struct bundle_entry *entries, size_t count, struct failure *why);

#endif
