/* SUIT manifests (draft-ietf-suit-manifest-37) without heap, in two levels:
 *   integrity  suit_envelope_read + suit_votes: structure, digests, signatures. Every signed envelope passes it.
 *   profile    suit_manifest_read: the closed profile that our devices execute (suit_labels.h is its one table). All
 *              else is refused, naming the label.
 * and suit_run: execution of a command sequence against hooks. All spans point into the envelope's bytes, which the
 * caller keeps alive and unchanged. */
#ifndef SUTURE_MANIFESTS_SUIT_H
#define SUTURE_MANIFESTS_SUIT_H

#include "keys/trust.h"
#include "manifests/suit_labels.h"

#define SUIT_BLOCKS_MAX     4  /* signature blocks in one envelope */
#define SUIT_MEMBERS_MAX    8  /* envelope members besides wrapper and manifest */
#define SUIT_COMPONENTS_MAX 16 /* the reader's; agent v1 takes one */
#define SUIT_NESTING_MAX    4  /* try-each and run-sequence inside each other */

/* Where something was refused: a map or sequence, and the label in it. */
enum suit_place {
    SUIT_NOWHERE,
    SUIT_ENVELOPE,
    SUIT_MANIFEST,
    SUIT_COMMON,
    SUIT_COMMAND,
    SUIT_PARAMETER,
    SUIT_TEXT,
};
struct suit_where {
    enum suit_place place;
    int64_t label;
};

/* Integrity -------------------------------------------------------------------------------------------------------- */

struct suit_member {
    int64_t key;          /* integer key, or 0 when the key is a text */
    struct span key_text; /* data NULL when the key is an integer */
    struct span item;     /* the whole encoded bstr, head included: what its digest covers */
    struct span content;
};

struct suit_envelope {
    struct span whole;           /* all bytes of the envelope */
    struct span digest_item;     /* the encoded SUIT_Digest array: the payload that is signed */
    uint8_t digest[DIGEST_SIZE]; /* SHA-256 over the manifest's bstr with its head: names the manifest */
    size_t block_count;          /* 0 for an unsigned envelope: integrity then is BAD_SIGNATURE later */
    struct span blocks[SUIT_BLOCKS_MAX]; /* each a tagged COSE_Sign1 */
    struct span manifest;                /* content of the manifest's bstr */
    size_t member_count;
    struct suit_member members[SUIT_MEMBERS_MAX];
};

/* How many bytes of `prefix` the envelope takes in all, from its first bytes (tag, map head, and each member's head as it
 * arrives). INCOMPLETE: not known yet, feed more. BAD_FORMAT: no envelope (it must begin D8 6B). TOO_LARGE: beyond a size_t. Used while it streams in;
 * judges nothing else. */
enum status suit_envelope_extent(struct span prefix, size_t *size);

/* Reads the whole of `bytes` as one envelope: tag 107, exactly the members present, canonical order, none twice, nothing
 * after the end; wrapper [digest, blocks…]; the manifest's digest; each integer member other than 2 and 3 has its digest
 * in the manifest under the same key, and it matches; each text member's name stands in the manifest (its content is an
 * integrated payload, which no digest here covers). Every block is a detached COSE_Sign1. BAD_FORMAT, TOO_LARGE,
 * UNSUPPORTED (digest algorithm), BAD_DIGEST; `where` (may be NULL) names the place. An envelope without signature blocks
 * reads OK with block_count 0. */
enum status suit_envelope_read(struct span bytes, struct suit_envelope *out, struct suit_where *where);

/* OK when at least one block verifies with this bare public key; BAD_SIGNATURE otherwise (also with no block). */
enum status suit_verify_with(const struct suit_envelope *envelope, const uint8_t public_key[65]);

/* Collects the key ids of `trust` whose signature over the envelope verifies, each once. A block with a key id is tried
 * with that key only; one without is tried with at most 4 keys. Returns how many were written to `votes`. `worst` (may be
 * NULL) gets what the first block that did not count was: UNKNOWN_KEY, WITHDRAWN (a key listed only as
 * withdrawn), BAD_SIGNATURE, UNSUPPORTED; OK when all counted. */
size_t suit_votes(const struct suit_envelope *envelope, const struct trust *trust,
                  uint8_t votes[SUIT_BLOCKS_MAX][KEY_ID_SIZE], enum status *worst);

/* Votes and policy in one: role release, for `vendor` and `class_id` as executed. As trust_allows; where that says TOO_FEW
 * and a block did not count, why it did not. BAD_SIGNATURE: no block at all (block_count tells an unsigned one). */
enum status suit_authorized(const struct suit_envelope *envelope, const struct trust *trust,
                            const uint8_t vendor[UUID_SIZE], const uint8_t class_id[UUID_SIZE], uint64_t now);

/* Profile ---------------------------------------------------------------------------------------------------------- */

enum suit_section { SUIT_PAYLOAD_FETCH, SUIT_INSTALL, SUIT_VALIDATE, SUIT_INVOKE, SUIT_SECTIONS };

struct suit_manifest {
    uint32_t sequence;
    size_t version_count; /* 0 when absent */
    uint32_t version[3];
    size_t component_count;
    struct span components[SUIT_COMPONENTS_MAX]; /* each an encoded component identifier */
    struct span shared;                  /* command sequence: content of its bstr; data NULL when absent */
    struct span sections[SUIT_SECTIONS]; /* data NULL when absent or severed */
    bool severed[SUIT_SECTIONS];         /* named by digest only, and not in the envelope */
    struct span text;                    /* content of the text member; data NULL when severed or absent */
};

/* Reads the manifest of an envelope that passed integrity, and walks every command of every sequence, chosen or not:
 * a label outside the profile is UNSUPPORTED with `where` naming it. BAD_FORMAT, BAD_VERSION, TOO_LARGE (sequence above
 * u32, too many components, nesting). */
enum status suit_manifest_read(const struct suit_envelope *envelope, struct suit_manifest *out,
                               struct suit_where *where);

/* Execution -------------------------------------------------------------------------------------------------------- */

/* Parameters of one component, as set so far. A span with data NULL, or a flag that is false, is not set. */
struct suit_parameters {
    struct span vendor, class_id, device_id;    /* 1, 2, 24: 16 bytes each */
    struct span image_digest;                   /* 3: 32 bytes of SHA-256 */
    struct span content, uri, invoke_arguments; /* 18, 21, 23 */
    struct span version_match;                  /* 28: content of the bstr */
    struct span stream, base_digest;            /* -257 content of the bstr; -258: 32 bytes of SHA-256 */
    bool has_size, has_use_before, has_slot, has_source, has_battery, has_priority, has_floor, has_confirm,
        has_silence;
    uint64_t image_size;                    /* 14, bytes */
    uint64_t use_before;                    /* 4, seconds since 1970 */
    uint64_t slot, source;                  /* 5, 22 */
    uint64_t battery;                       /* 26, mWh */
    int64_t priority;                       /* 27 */
    uint32_t floor_after;                   /* -259 */
    uint8_t confirm_who, confirm_tries;     /* -260 */
    uint32_t confirm_healthy;               /* -260, seconds */
    uint32_t silence_staging, silence_boot; /* -261, seconds */
};

/* What carries out the commands. A condition answers OK or why it does not hold; a directive OK or why it failed. A label
 * that a hook does not know is UNSUPPORTED, which ends the run. */
struct suit_hooks {
    void *context;
    enum status (*condition)(void *context, int64_t label, size_t component,
                             const struct suit_parameters *parameters);
    enum status (*directive)(void *context, int64_t label, size_t component,
                             const struct suit_parameters *parameters);
};

/* Runs the shared sequence and then one section, from fresh parameters. `parameters` is the caller's memory, one per
 * component; fewer than the manifest has is TOO_LARGE. Inside try-each a failed condition moves to the next alternative;
 * when all fail, the answer is the last one's. A condition that fails in a nested run-sequence or try-each moves the
 * enclosing try-each on too; a directive that fails, or UNSUPPORTED, ends the run. Parameters that a failed alternative set
 * stay set; the component index does not. A section that is absent runs nothing and is OK; a severed one MISSING.
 * Abort (14) is CONDITION_FAILED. `where` (may be NULL) names the command that ended the run. */
enum status suit_run(const struct suit_manifest *manifest, enum suit_section section,
                     const struct suit_hooks *hooks, struct suit_parameters *parameters,
                     size_t component_capacity, struct suit_where *where);

#endif
