/* A bundle, NAME-VERSION.suture (docs/formats.md 6): a restricted ustar file, see tar.h. Opened once: check and use go
 * through the same descriptor. Before the signature is verified only the first tar header and the envelope are read.
 *
 *   bundle_open -> bundle_authenticate -> bundle_verify -> push_open, bundle_decode, bundle_attachment
 */
#ifndef SUTURE_MANIFESTS_BUNDLE_H
#define SUTURE_MANIFESTS_BUNDLE_H

#include "keys/base/failure.h"
#include "manifests/suit_write.h"
#include "manifests/tar.h"

#define BUNDLE_MANIFEST_MAX   (64u * 1024)        /* envelope with text */
#define BUNDLE_ATTACHMENT_MAX (16u * 1024 * 1024) /* notes, SBOM, VEX, each */
#define BUNDLE_PATCH_MAX      (4ull * 1024 * 1024 * 1024)
#define BUNDLE_MEMORY_MAX     (64u * 1024 * 1024) /* of one decoder: more is refused on a host too */

#define BUNDLE_ATTACHMENTS 3
/* The names that attachments may have, in their order: notes.md, sbom.cdx.json, vex.csaf.json. */
extern const char *const bundle_attachment_names[BUNDLE_ATTACHMENTS];

struct bundle; /* one open descriptor, and what was proven of it */

/* Opens and reads the envelope (integrity and profile, not trust), and finds out by running it which classes and streams
 * it serves. FAIL_FILE_OPEN, FAIL_FILE_READ, FAIL_MEMORY, FAIL_BUNDLE_FORMAT, _TRUNCATED, _ENTRY, FAIL_MANIFEST_FORMAT,
 * _DIGEST, _PROFILE. */
bool bundle_open(const char *path, struct bundle **out, struct failure *why);
/* One owner more: the bundle is gone when each of them has closed it. */
struct bundle *bundle_share(struct bundle *bundle);
/* Whether both are the same file with the same envelope, unchanged between their openings. */
bool bundle_same(const struct bundle *bundle, const struct bundle *other);
/* NULL is allowed. */
void bundle_close(struct bundle *bundle);
/* What follows is borrowed from the bundle. */
const char *bundle_path(const struct bundle *bundle);
const struct suit_envelope *bundle_envelope(const struct bundle *bundle); /* with text */
const struct suit_manifest *bundle_manifest(const struct bundle *bundle);
const struct suit_content *bundle_text(const struct bundle *bundle); /* the text fields; others are zero */
size_t bundle_stream_count(const struct bundle *bundle);             /* at least 1 */
/* What stream N does, as the first class executes it (the classes differ in nothing but their id); NULL past the last. */
const struct plan *bundle_plan(const struct bundle *bundle, unsigned stream);

/* The vendor whose devices it is for, as executed (the shared sequence's vendor and classes; `class_count` up to
 * SUIT_CLASSES_MAX, at least 1). Can't fail after bundle_open. */
bool bundle_targets(const struct bundle *bundle, uint8_t vendor[UUID_SIZE], uint8_t classes[][UUID_SIZE],
                    size_t *class_count, struct failure *why);

/* Signatures and policy, for one of its classes. FAIL_UNSIGNED, FAIL_SIGNATURE, FAIL_KEY_UNKNOWN, _WITHDRAWN, _SCOPE,
 * FAIL_TOO_FEW_SIGNATURES, FAIL_MANIFEST_WITHDRAWN, FAIL_NO_ROOT when `trust` is of another vendor, FAIL_WRONG_CLASS when
 * the class is none of its own. `now` in seconds since 1970. */
bool bundle_authenticate(struct bundle *bundle, const struct trust *trust, const uint8_t class_id[UUID_SIZE],
                         uint64_t now, struct failure *why);

/* Walks all entries: names, order, sizes, attachments by digest, every block of every stream by its chain, and the image
 * it decodes to. Needs a bundle that was authenticated, or `unsigned_ok` for a vendor looking at his own work.
 * FAIL_BUNDLE_TRUNCATED, _ENTRY, _DIGEST, _CHANGED, FAIL_STREAM, FAIL_LOADER_TOO_OLD. */
enum bundle_trust { BUNDLE_AUTHENTICATED, BUNDLE_UNSIGNED_OK };
/* VOUCHED, for a vendor: also that no stream reaches beyond its window, whatever decoder a device has (patch_watch_window). */
enum bundle_care { BUNDLE_TAKEN, BUNDLE_VOUCHED };
bool bundle_verify(struct bundle *bundle, enum bundle_trust trust, enum bundle_care care,
                   struct failure *why);

/* After bundle_verify: one attachment's bytes (the caller frees out->data), by its name. FAIL_USAGE: it has none of that
 * name. FAIL_BUNDLE_CHANGED: no longer the bytes that were verified. */
bool bundle_attachment(const struct bundle *bundle, const char *name, struct buffer *out,
                       struct failure *why);
/* After bundle_verify: decodes stream N into `sink`. FAIL_BUNDLE_CHANGED, or FAIL_FILE_WRITE when the sink refuses. */
bool bundle_decode(const struct bundle *bundle, unsigned stream, struct patch_sink sink, struct failure *why);

/* The push file of stream N (docs/formats.md 5): envelope without its text, one byte N, the stream. Never made whole: it is
 * read piece by piece from the bundle's own descriptor. */
struct push; /* borrows the bundle, which must have been verified */
/* FAIL_INTERNAL: not verified, or no such stream. FAIL_MEMORY. */
bool push_open(const struct bundle *bundle, unsigned stream, struct push **out, struct failure *why);
/* NULL is allowed. */
void push_close(struct push *push);
uint64_t push_size(const struct push *push);          /* bytes */
uint64_t push_stream_offset(const struct push *push); /* bytes before the stream */
/* SHA-256 of the whole push file, which is read for it. FAIL_BUNDLE_CHANGED. */
bool push_digest(const struct push *push, uint8_t sha[DIGEST_SIZE], struct failure *why);
/* Reads exactly `size` bytes at `offset`; both must lie inside the push file. FAIL_BUNDLE_CHANGED when the bundle's file
 * changed since it was verified: then `data` is worth nothing. */
bool push_read(const struct push *push, uint64_t offset, void *data, size_t size, struct failure *why);

/* Writes entries in their order, `manifest.suit` first, through a temporary file beside `path`: never half there, and the
 * same bytes for the same entries. FAIL_FILE_WRITE, FAIL_MEMORY. */
bool bundle_write(const char *path, const struct tar_entry *entries, size_t count, struct failure *why);
/* After bundle_verify: writes the bundle to `path` (its own is allowed) with `envelope` in the place of its envelope; all
 * other entries stay. Also FAIL_BUNDLE_CHANGED. */
bool bundle_rewrite(const struct bundle *bundle, const char *path, struct span envelope, struct failure *why);

#endif
