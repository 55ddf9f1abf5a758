/* Inside of an open bundle: shared by bundle_*.c and push.c, nobody else includes it. */
#ifndef SUTURE_MANIFESTS_BUNDLE_FILE_H
#define SUTURE_MANIFESTS_BUNDLE_FILE_H

#include "manifests/bundle.h"
#include "manifests/digest_beside.h"

#include <sys/stat.h>

#define BUNDLE_PLACES_MAX (1 + BUNDLE_ATTACHMENTS + SUIT_STREAMS_MAX)

/* An entry that the manifest binds: where it must lie, and what it must be. */
struct bundle_place {
    char name[32];
    uint64_t header, data, size;         /* offsets in the file, and bytes */
    int stream;                          /* N, or -1 */
    const struct suit_attachment *bound; /* NULL unless it is an attachment */
};

struct bundle {
    unsigned more_owners; /* beside the one that opened it */
    int file;
    char *path;
    struct stat seen;    /* when it was opened */
    struct buffer bytes; /* of the envelope */
    struct buffer arena; /* of the texts */
    struct suit_envelope envelope;
    struct suit_manifest manifest;
    struct suit_content text;
    uint8_t vendor[UUID_SIZE];
    size_t class_count;
    uint8_t classes[SUIT_CLASSES_MAX][UUID_SIZE];
    size_t stream_count;
    struct plan plans[SUIT_STREAMS_MAX];
    size_t place_count;
    struct bundle_place places[BUNDLE_PLACES_MAX];
    uint64_t end; /* size that the file must have */
    bool authenticated, verified;
    enum bundle_care care; /* with which its streams are decoded */
};

/* Finds classes, streams and their plans by running the manifest, every alternative of it. FAIL_MANIFEST_PROFILE. */
bool bundle_survey(struct bundle *bundle, struct failure *why);
/* Says where each bound entry must lie. FAIL_BUNDLE_ENTRY (a name that is no attachment's), FAIL_FILE_TOO_LARGE. */
bool bundle_lay_out(struct bundle *bundle, struct failure *why);

/* Where stream N lies, or NULL. */
const struct bundle_place *bundle_place_of(const struct bundle *bundle, unsigned stream);

/* Reads exactly `size` bytes at `offset`. FAIL_BUNDLE_TRUNCATED when the file ends before. */
bool bundle_pread(const struct bundle *bundle, uint64_t offset, void *data, size_t size, struct failure *why);
/* FAIL_BUNDLE_CHANGED when size or time of the file are not those seen when it was opened. */
bool bundle_unchanged(const struct bundle *bundle, struct failure *why);

/* Decoding one stream whose bytes come piece by piece. */
struct bundle_decoder {
    struct patch_reader reader;
    uint8_t *memory;
    struct digest_beside *digest; /* of the output */
    struct patch_sink sink;
};
/* FAIL_STREAM (needs more than BUNDLE_MEMORY_MAX), FAIL_MEMORY. `sink.write` may be NULL. */
bool bundle_decoder_start(struct bundle_decoder *decoder, const struct bundle *bundle, unsigned stream,
                          struct patch_sink sink, struct failure *why);
/* OK, or why the stream can't be what the manifest names. */
enum status bundle_decoder_feed(struct bundle_decoder *decoder, struct span bytes);
/* OK when the stream is complete and the image is the one that the manifest names. */
enum status bundle_decoder_finish(struct bundle_decoder *decoder, const struct plan *plan);
void bundle_decoder_stop(struct bundle_decoder *decoder);
/* The failure that a decoder's status stands for. */
bool bundle_stream_failed(const struct bundle *bundle, unsigned stream, const struct bundle_decoder *decoder,
                          enum status status, struct failure *why);

#endif
