/* The proof of all entries. Where each must lie follows from the manifest, so nothing is searched for: every header is
 * compared with the one it must be, and libarchive, which then reads the data, must agree on name, type, size and place. Its
 * reading is the second opinion: what we accept, every other reader of tar files sees in the same way. */
#include "manifests/bundle_file.h"

#include "keys/base/bytes.h"
#include "keys/base/command.h"
#include "manifests/recipe.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <string.h>

/* ---- form: our own opinion, of the whole file, before any data is read */

static bool check_place(const struct bundle *bundle, const struct bundle_place *place, struct failure *why)
{
    uint8_t header[TAR_BLOCK], padding[TAR_BLOCK];
    size_t padding_size = (size_t)(tar_padded(place->size) - place->size);
    uint64_t size;

    if (!bundle_pread(bundle, place->header, header, sizeof header, why) ||
        !tar_header_check(header, bundle->path, place->name, place->size, place->size, &size, why) ||
        !bundle_pread(bundle, place->data + place->size, padding, padding_size, why))
        return false;
    return bytes_all(padding, padding_size, 0) ||
           failure_set(why, FAIL_BUNDLE_ENTRY, "%s: bytes behind %s that nobody vouches for", bundle->path,
                       place->name);
}

static bool check_form(const struct bundle *bundle, struct failure *why)
{
    uint8_t zeros[TAR_END];

    for (size_t i = 0; i < bundle->place_count; i++)
        if (!check_place(bundle, &bundle->places[i], why))
            return false;
    if (!bundle_pread(bundle, bundle->end - TAR_END, zeros, sizeof zeros, why))
        return false;
    if (!bytes_all(zeros, sizeof zeros, 0))
        return failure_set(why, FAIL_BUNDLE_ENTRY, "%s: an entry more than the manifest binds", bundle->path);
    if ((uint64_t)bundle->seen.st_size > bundle->end)
        return failure_set(why, FAIL_BUNDLE_ENTRY, "%s: %ju bytes after the end", bundle->path,
                           (uintmax_t)bundle->seen.st_size - (uintmax_t)bundle->end);
    return true;
}

/* ---- libarchive's opinion */

struct source { /* what libarchive reads from: the bundle's descriptor, by a position of its own */
    const struct bundle *bundle;
    uint64_t at;
    uint8_t block[65536];
};

static la_ssize_t read_source(struct archive *archive, void *context, const void **bytes)
{
    struct source *source = context;
    uint64_t left = (uint64_t)source->bundle->seen.st_size - source->at;
    size_t size = left < sizeof source->block ? (size_t)left : sizeof source->block;

    if (size > 0 && !bundle_pread(source->bundle, source->at, source->block, size, NULL)) {
        archive_set_error(archive, -1, "became shorter");
        return -1;
    }
    source->at += size;
    *bytes = source->block;
    return (la_ssize_t)size;
}

static struct archive *reader_open(struct source *source)
{
    struct archive *archive = archive_read_new();

    if (archive == NULL)
        return NULL;
    if (archive_read_support_format_tar(archive) != ARCHIVE_OK ||
        archive_read_open(archive, source, NULL, read_source, NULL) != ARCHIVE_OK) {
        archive_read_free(archive);
        return NULL;
    }
    return archive;
}

static bool archive_failed(const struct bundle *bundle, const struct bundle_place *place,
                           struct archive *archive, struct failure *why)
{
    const char *reason = archive_error_string(archive);
    return failure_set(why, FAIL_BUNDLE_ENTRY, "%s: %s: %s", bundle->path, place->name,
                       reason ? reason : "not read alike");
}

static bool agree(const struct bundle *bundle, const struct bundle_place *place, struct archive *archive,
                  struct failure *why)
{
    struct archive_entry *entry;

    if (archive_read_next_header(archive, &entry) != ARCHIVE_OK)
        return archive_failed(bundle, place, archive, why);
    return (strcmp(archive_entry_pathname(entry), place->name) == 0 &&
            archive_entry_filetype(entry) == AE_IFREG && (uint64_t)archive_entry_size(entry) == place->size &&
            (uint64_t)archive_read_header_position(archive) == place->header) ||
           failure_set(why, FAIL_BUNDLE_ENTRY, "%s: %s: not read alike", bundle->path, place->name);
}

/* ---- an entry's data, piece by piece, to whoever judges it */

struct judge {
    void *context;
    enum status (*take)(void *context, struct span bytes);
};

static enum status take_digest(void *context, struct span bytes)
{
    digest_update(context, bytes);
    return OK;
}

static enum status take_stream(void *context, struct span bytes)
{
    return bundle_decoder_feed(context, bytes);
}

/* `*status` gets what the judge said; false when the bytes could not be had. */
static bool pour(const struct bundle *bundle, const struct bundle_place *place, struct archive *archive,
                 const struct judge *judge, enum status *status, struct failure *why)
{
    const void *piece;
    size_t size;
    la_int64_t at;
    uint64_t done = 0;

    *status = OK;
    while (done < place->size && *status == OK) {
        if (archive_read_data_block(archive, &piece, &size, &at) != ARCHIVE_OK)
            return archive_failed(bundle, place, archive, why);
        if (size == 0 || (uint64_t)at != done || size > place->size - done)
            return failure_set(why, FAIL_BUNDLE_ENTRY, "%s: %s: not read alike", bundle->path, place->name);
        *status = judge->take(judge->context, span_of(piece, size));
        done += size;
    }
    return true;
}

static bool check_bytes(const struct bundle *bundle, const struct bundle_place *place,
                        struct archive *archive, struct failure *why)
{
    struct digest digest;
    uint8_t found[DIGEST_SIZE], wanted[DIGEST_SIZE];
    enum status status;

    digest_start(&digest);
    if (!pour(bundle, place, archive, &(struct judge){&digest, take_digest}, &status, why))
        return false;
    digest_finish(&digest, found);
    if (place->bound != NULL)
        memcpy(wanted, place->bound->digest, DIGEST_SIZE);
    else
        digest_of(span_used(&bundle->bytes), wanted); /* the envelope: still the one that was judged */
    if (!digest_equal(found, wanted))
        return failure_set(why, place->bound ? FAIL_BUNDLE_DIGEST : FAIL_BUNDLE_CHANGED, "%s: %s",
                           bundle->path, place->name);
    return true;
}

static bool check_stream(const struct bundle *bundle, const struct bundle_place *place,
                         struct archive *archive, struct failure *why)
{
    unsigned stream = (unsigned)place->stream;
    struct bundle_decoder decoder;
    enum status status;

    if (!bundle_decoder_start(&decoder, bundle, stream, (struct patch_sink){NULL, NULL, NULL}, why))
        return false;
    if (bundle->care == BUNDLE_VOUCHED)
        patch_watch_window(&decoder.reader);
    bool fine = pour(bundle, place, archive, &(struct judge){&decoder, take_stream}, &status, why);
    if (fine && status == OK)
        status = bundle_decoder_finish(&decoder, &bundle->plans[stream]);
    if (fine && status != OK)
        fine = bundle_stream_failed(bundle, stream, &decoder, status, why);
    bundle_decoder_stop(&decoder);
    return fine;
}

static bool check_loader_version(const struct bundle *bundle, struct failure *why)
{
    uint32_t least[3], own[3];
    const char *text = bundle->text.least_loader;

    if (text == NULL)
        return true;
    if (!version_read(text, least))
        return failure_set(why, FAIL_MANIFEST_FORMAT, "%s: least loader version '%s'", bundle->path, text);
    if (!version_read(SUTURE_VERSION, own))
        return failure_set(why, FAIL_INTERNAL, "own version %s", SUTURE_VERSION);
    for (size_t i = 0; i < 3; i++)
        if (own[i] != least[i])
            return own[i] > least[i] || failure_set(why, FAIL_LOADER_TOO_OLD, "%s asks for %s; this is %s",
                                                    bundle->path, text, SUTURE_VERSION);
    return true;
}

static bool walk(const struct bundle *bundle, struct archive *archive, struct failure *why)
{
    struct archive_entry *entry;

    for (size_t i = 0; i < bundle->place_count; i++) {
        const struct bundle_place *place = &bundle->places[i];
        if (!agree(bundle, place, archive, why))
            return false;
        if (place->stream >= 0 ? !check_stream(bundle, place, archive, why)
                               : !check_bytes(bundle, place, archive, why))
            return false;
    }
    return archive_read_next_header(archive, &entry) == ARCHIVE_EOF ||
           failure_set(why, FAIL_BUNDLE_ENTRY, "%s: goes on after its end", bundle->path);
}

bool bundle_verify(struct bundle *bundle, enum bundle_trust trust, enum bundle_care care, struct failure *why)
{
    bundle->verified = false;
    bundle->care = care;
    if (trust == BUNDLE_AUTHENTICATED && !bundle->authenticated)
        return failure_set(why, FAIL_INTERNAL, "%s: its signatures were not judged yet", bundle->path);
    if (!check_loader_version(bundle, why) || !check_form(bundle, why))
        return false;
    struct source *source = calloc(1, sizeof *source);
    if (source == NULL)
        return failure_set(why, FAIL_MEMORY, "%s", bundle->path);
    source->bundle = bundle;
    struct archive *archive = reader_open(source);
    bool fine =
        archive != NULL ? walk(bundle, archive, why) : failure_set(why, FAIL_MEMORY, "%s", bundle->path);
    if (archive != NULL)
        archive_read_free(archive);
    free(source);
    bundle->verified = fine && bundle_unchanged(bundle, why);
    return bundle->verified;
}

bool bundle_attachment(const struct bundle *bundle, const char *name, struct buffer *out, struct failure *why)
{
    const struct bundle_place *place = NULL;
    uint8_t found[DIGEST_SIZE];

    for (size_t i = 0; i < bundle->place_count; i++)
        if (bundle->places[i].bound != NULL && strcmp(bundle->places[i].name, name) == 0)
            place = &bundle->places[i];
    if (!bundle->verified)
        return failure_set(why, FAIL_INTERNAL, "%s was not verified yet", bundle->path);
    if (place == NULL)
        return failure_set(why, FAIL_USAGE, "%s has no attachment '%s'", bundle->path, name);
    size_t size = (size_t)place->size;
    struct buffer bytes = buffer_over(malloc(size ? size : 1), size);
    if (bytes.data == NULL)
        return failure_set(why, FAIL_MEMORY, "%s: %s", bundle->path, name);
    bool fine = bundle_pread(bundle, place->data, bytes.data, size, NULL);
    bytes.size = size;
    if (fine)
        digest_of(span_used(&bytes), found);
    if (!fine || !digest_equal(found, place->bound->digest)) {
        free(bytes.data);
        return failure_set(why, FAIL_BUNDLE_CHANGED, "%s: %s", bundle->path, name);
    }
    *out = bytes;
    return true;
}
