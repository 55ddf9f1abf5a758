/* The one template that a recipe becomes (docs/formats.md 6). Host code; nobody writes command sequences by hand. */
#ifndef SUTURE_MANIFESTS_SUIT_WRITE_H
#define SUTURE_MANIFESTS_SUIT_WRITE_H

#include "keys/cose_sign.h"
#include "manifests/plan.h"

#define SUIT_CLASSES_MAX     8
#define SUIT_STREAMS_MAX     8
#define SUIT_ATTACHMENTS_MAX 4
#define SUIT_CHECKS_MAX      16
#define SUIT_CVES_MAX        32

struct suit_stream {
    bool has_base; /* the last stream is the full one, without a base */
    uint8_t base_digest[DIGEST_SIZE];
    struct patch_description patch;
};

struct suit_attachment {
    const char *name;
    uint64_t size;
    uint8_t digest[DIGEST_SIZE];
};

/* A guided check after the update: shown by the loader, answered by a person. */
struct suit_check {
    const char *id, *text;
    const char *kind;    /* "yes-no", "number" or "text" */
    const char *unit;    /* "" unless kind is "number" */
    int64_t least, most; /* in thousandths of the unit; both 0: no limit */
    bool required;
};

/* All that a manifest says. Texts are borrowed; NULL where absent. */
struct suit_content {
    uint32_t sequence;
    uint32_t version[3];
    uint8_t vendor[UUID_SIZE];
    size_t class_count; /* 1 for each hardware revision */
    uint8_t classes[SUIT_CLASSES_MAX][UUID_SIZE];
    uint8_t image_digest[DIGEST_SIZE];
    uint64_t image_size;
    size_t stream_count;
    struct suit_stream streams[SUIT_STREAMS_MAX];
    uint32_t floor_after; /* 0: none */
    uint8_t confirm_who, confirm_tries;
    uint32_t confirm_healthy, silence_staging, silence_boot;
    /* text, language "en" */
    const char *vendor_name, *vendor_domain, *model_name, *update_description;
    size_t attachment_count;
    struct suit_attachment attachments[SUIT_ATTACHMENTS_MAX];
    size_t check_count;
    struct suit_check checks[SUIT_CHECKS_MAX];
    const char *from; /* versions it may be applied to, as text */
    uint32_t minutes; /* out of service, estimated */
    size_t cve_count;
    const char *cves[SUIT_CVES_MAX];
    const char *valid_until;  /* RFC 3339 date, or NULL */
    const char *least_loader; /* version */
};

/* Each of these appends to `out`, or leaves it as it was. TOO_LARGE: it does not fit. FAILED: no memory. What they hand
 * out was read back first. */

/* An unsigned envelope, with text. It is planned for each class and stream, as a device would. BAD_FORMAT: no class, no
 * stream, another than the last stream without a base, a floor above the sequence, tries outside 2..7, two attachments
 * of one name. UNSUPPORTED: a stream or a check that this build does not read. */
enum status suit_write(struct buffer *out, const struct suit_content *content);
/* The envelope with one more signature block over its digest. TOO_LARGE: it has SUIT_BLOCKS_MAX already.
 * WRONG_STATE: a block of the same key id stands there. */
enum status suit_sign(struct buffer *out, struct span envelope, const struct cose_signer *signer);
/* The envelope without its text member (severed, draft 8.5): what goes over the wire. One without text stays the same. */
enum status suit_sever_text(struct buffer *out, struct span envelope);

/* The content of the text member: {"en": {…}}. BAD_FORMAT: two attachments of one name. */
enum status suit_text_write(struct buffer *out, const struct suit_content *content);
/* Reads it back: sets the text fields of `content`, those that are absent to NULL or 0, and leaves the others. Texts are
 * copied into `arena`, NUL-terminated, and live as long as it does. Other languages and unknown keys are passed over.
 * BAD_FORMAT (also a text with a NUL inside), BAD_VERSION, UNSUPPORTED (a kind of check), TOO_LARGE (arena, counts). */
enum status suit_text_read(struct span text, struct suit_content *content, struct buffer *arena);

#endif
