/* Opening a bundle: the first tar header, the envelope, and who vouches for it. The other entries: bundle_verify.c. */
#include "manifests/bundle_file.h"

#include "keys/base/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *const bundle_attachment_names[BUNDLE_ATTACHMENTS] = {"notes.md", "sbom.cdx.json",
                                                                 "vex.csaf.json"};

bool bundle_pread(const struct bundle *bundle, uint64_t offset, void *data, size_t size, struct failure *why)
{
    uint8_t *at = data;

    while (size > 0) {
        ssize_t got = pread(bundle->file, at, size, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return failure_set(why, FAIL_FILE_READ, "%s: %s", bundle->path, strerror(errno));
        if (got == 0)
            return failure_set(why, FAIL_BUNDLE_TRUNCATED, "%s: ends at byte %ju", bundle->path,
                               (uintmax_t)offset);
        at += got;
        offset += (uint64_t)got;
        size -= (size_t)got;
    }
    return true;
}

static bool seen_alike(const struct stat *a, const struct stat *b)
{
    return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

bool bundle_unchanged(const struct bundle *bundle, struct failure *why)
{
    struct stat now;

    if (fstat(bundle->file, &now) != 0)
        return failure_set(why, FAIL_FILE_READ, "%s: %s", bundle->path, strerror(errno));
    if (!seen_alike(&now, &bundle->seen))
        return failure_set(why, FAIL_BUNDLE_CHANGED, "%s", bundle->path);
    return true;
}

static bool open_file(struct bundle *bundle, const char *path, struct failure *why)
{
    bundle->path = strdup(path);
    if (bundle->path == NULL)
        return failure_set(why, FAIL_MEMORY, "%s", path);
    /* without blocking: a pipe of that name must not hang the station */
    bundle->file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (bundle->file < 0)
        return failure_set(why, FAIL_FILE_OPEN, "%s: %s", path, strerror(errno));
    if (fstat(bundle->file, &bundle->seen) != 0)
        return failure_set(why, FAIL_FILE_READ, "%s: %s", path, strerror(errno));
    if (!S_ISREG(bundle->seen.st_mode))
        return failure_set(why, FAIL_FILE_OPEN, "%s: not a regular file", path);
    return true;
}

static bool read_bytes(struct bundle *bundle, struct failure *why)
{
    uint8_t header[TAR_BLOCK];
    uint64_t size = 0;

    if (!bundle_pread(bundle, 0, header, sizeof header, why))
        return false;
    if (bytes_all(header, sizeof header,
                  0)) /* an archive that ends at once, or any file that begins with zeros */
        return failure_set(why, FAIL_BUNDLE_FORMAT, "%s: begins with zeros", bundle->path);
    if (!tar_header_check(header, bundle->path, "manifest.suit", 1, BUNDLE_MANIFEST_MAX, &size, why))
        return false;
    bundle->bytes = buffer_over(malloc(size), size);
    /* texts are copied with a NUL each, and none is longer than its source */
    bundle->arena = buffer_over(malloc(2 * size), 2 * size);
    if (bundle->bytes.data == NULL || bundle->arena.data == NULL)
        return failure_set(why, FAIL_MEMORY, "%s", bundle->path);
    if (!bundle_pread(bundle, TAR_BLOCK, bundle->bytes.data, size, why))
        return false;
    bundle->bytes.size = size;
    return true;
}

static const char *place_name(enum suit_place place)
{
    switch (place) {
    case SUIT_ENVELOPE:
        return "envelope";
    case SUIT_MANIFEST:
        return "manifest";
    case SUIT_COMMON:
        return "common part";
    case SUIT_COMMAND:
        return "command";
    case SUIT_PARAMETER:
        return "parameter";
    case SUIT_TEXT:
        return "text";
    default:
        return "structure";
    }
}

static bool manifest_failed(const struct bundle *bundle, enum status status, const struct suit_where *where,
                            struct failure *why)
{
    enum failure_id id = status == BAD_DIGEST    ? FAIL_MANIFEST_DIGEST
                         : status == UNSUPPORTED ? FAIL_MANIFEST_PROFILE
                                                 : FAIL_MANIFEST_FORMAT;

    return failure_set(why, id, "%s: manifest.suit: %s, at %s %jd", bundle->path, status_name(status),
                       place_name(where->place), (intmax_t)where->label);
}

static bool read_manifest(struct bundle *bundle, struct failure *why)
{
    struct suit_where where = {SUIT_NOWHERE, 0};
    enum status status = suit_envelope_read(span_used(&bundle->bytes), &bundle->envelope, &where);

    if (status == OK)
        status = suit_manifest_read(&bundle->envelope, &bundle->manifest, &where);
    if (status != OK)
        return manifest_failed(bundle, status, &where, why);
    if (bundle->manifest.text.data == NULL)
        return failure_set(why, FAIL_MANIFEST_FORMAT, "%s: manifest.suit: its text was cut off",
                           bundle->path);
    status = suit_text_read(bundle->manifest.text, &bundle->text, &bundle->arena);
    if (status != OK)
        return manifest_failed(bundle, status, &(struct suit_where){SUIT_TEXT, 0}, why);
    return true;
}

bool bundle_open(const char *path, struct bundle **out, struct failure *why)
{
    struct bundle *bundle = calloc(1, sizeof *bundle);

    if (bundle == NULL)
        return failure_set(why, FAIL_MEMORY, "%s", path);
    bundle->file = -1;
    if (!open_file(bundle, path, why) || !read_bytes(bundle, why) || !read_manifest(bundle, why) ||
        !bundle_survey(bundle, why) || !bundle_lay_out(bundle, why)) {
        bundle_close(bundle);
        return false;
    }
    *out = bundle;
    return true;
}

struct bundle *bundle_share(struct bundle *bundle)
{
    bundle->more_owners++;
    return bundle;
}

bool bundle_same(const struct bundle *bundle, const struct bundle *other)
{
    return bundle->seen.st_dev == other->seen.st_dev && bundle->seen.st_ino == other->seen.st_ino &&
           seen_alike(&bundle->seen, &other->seen) &&
           span_equal(span_used(&bundle->bytes), span_used(&other->bytes));
}

void bundle_close(struct bundle *bundle)
{
    if (bundle == NULL)
        return;
    if (bundle->more_owners > 0) {
        bundle->more_owners--;
        return;
    }
    if (bundle->file >= 0)
        close(bundle->file);
    free(bundle->bytes.data);
    free(bundle->arena.data);
    free(bundle->path);
    free(bundle);
}

const char *bundle_path(const struct bundle *bundle)
{
    return bundle->path;
}

const struct suit_envelope *bundle_envelope(const struct bundle *bundle)
{
    return &bundle->envelope;
}

const struct suit_manifest *bundle_manifest(const struct bundle *bundle)
{
    return &bundle->manifest;
}

const struct suit_content *bundle_text(const struct bundle *bundle)
{
    return &bundle->text;
}

size_t bundle_stream_count(const struct bundle *bundle)
{
    return bundle->stream_count;
}

const struct plan *bundle_plan(const struct bundle *bundle, unsigned stream)
{
    return stream < bundle->stream_count ? &bundle->plans[stream] : NULL;
}

bool bundle_targets(const struct bundle *bundle, uint8_t vendor[UUID_SIZE], uint8_t classes[][UUID_SIZE],
                    size_t *class_count, struct failure *why)
{
    (void)why;
    memcpy(vendor, bundle->vendor, UUID_SIZE);
    memcpy(classes, bundle->classes, bundle->class_count * UUID_SIZE);
    *class_count = bundle->class_count;
    return true;
}

static bool manifest_withdrawn(const struct bundle *bundle, const struct trust *trust)
{
    for (size_t i = 0; i < trust->withdrawn_manifest_count; i++)
        if (memcmp(trust->withdrawn_manifests[i], bundle->envelope.digest, TRUST_MANIFEST_ID) == 0)
            return true;
    return false;
}

static bool not_authorized(const struct bundle *bundle, const struct trust *trust, enum status status,
                           struct failure *why)
{
    switch (status) {
    case WITHDRAWN:
        if (manifest_withdrawn(bundle, trust))
            return failure_set(why, FAIL_MANIFEST_WITHDRAWN, "%s", bundle->path);
        return failure_set(why, FAIL_KEY_WITHDRAWN, "%s", bundle->path);
    case UNKNOWN_KEY:
        return failure_set(why, FAIL_KEY_UNKNOWN, "%s: root version %u lists no key that signed it",
                           bundle->path, trust->version);
    case WRONG_SCOPE:
        return failure_set(why, FAIL_KEY_SCOPE, "%s", bundle->path);
    case TOO_FEW:
        return failure_set(why, FAIL_TOO_FEW_SIGNATURES, "%s: root version %u asks for %u", bundle->path,
                           trust->version, trust->release.all);
    default:
        return failure_set(why, FAIL_SIGNATURE, "%s: %s", bundle->path, status_name(status));
    }
}

static bool serves_class(const struct bundle *bundle, const uint8_t class_id[UUID_SIZE])
{
    for (size_t i = 0; i < bundle->class_count; i++)
        if (memcmp(bundle->classes[i], class_id, UUID_SIZE) == 0)
            return true;
    return false;
}

bool bundle_authenticate(struct bundle *bundle, const struct trust *trust, const uint8_t class_id[UUID_SIZE],
                         uint64_t now, struct failure *why)
{
    bundle->authenticated = false;
    if (bundle->envelope.block_count == 0)
        return failure_set(why, FAIL_UNSIGNED, "%s", bundle->path);
    if (memcmp(trust->vendor, bundle->vendor, UUID_SIZE) != 0)
        return failure_set(why, FAIL_NO_ROOT, "%s: the root document is of another vendor", bundle->path);
    if (!serves_class(bundle, class_id))
        return failure_set(why, FAIL_WRONG_CLASS, "%s", bundle->path);
    enum status status = suit_authorized(&bundle->envelope, trust, bundle->vendor, class_id, now);
    if (status != OK)
        return not_authorized(bundle, trust, status, why);
    bundle->authenticated = true;
    return true;
}
