/* What a manifest does to a device, found by running it: the same code in the device (before it stages), in the loader
 * (to choose a stream) and in `suture-bundle explain`. Device code. */
#ifndef SUTURE_MANIFESTS_PLAN_H
#define SUTURE_MANIFESTS_PLAN_H

#include "manifests/patch.h"
#include "manifests/suit.h"

#define PLAN_ANY_STREAM (-1)

/* Who would execute it. */
struct plan_target {
    uint8_t vendor[UUID_SIZE];
    uint8_t class_id[UUID_SIZE];
    uint8_t running_digest[DIGEST_SIZE]; /* of the image that runs */
    int stream;                          /* the offered stream N, or PLAN_ANY_STREAM: the first that fits */
};

#define PLAN_SECONDS_MAX 86400 /* of each time in a policy: a day */

enum { CONFIRM_BY_DEVICE = 1, CONFIRM_BY_TECHNICIAN = 2 };

struct plan {
    uint32_t sequence;
    uint32_t version[3];                            /* 0.0.0 when the manifest has none */
    uint8_t vendor[UUID_SIZE], class_id[UUID_SIZE]; /* as executed: the conditions that held */
    uint8_t image_digest[DIGEST_SIZE];
    uint64_t image_size;
    uint8_t stream; /* N of the stream to apply */
    bool has_base;
    uint8_t base_digest[DIGEST_SIZE];
    struct patch_description patch;
    uint32_t floor_after;                   /* 0 when the manifest has none; never above `sequence` */
    uint8_t confirm_who;                    /* CONFIRM_BY_…; default device */
    uint32_t confirm_healthy;               /* seconds; default 10 */
    uint8_t confirm_tries;                  /* 2..7; default 3 */
    uint32_t silence_staging, silence_boot; /* seconds; default 30 and 60 */
};

/* Runs install, then validate and invoke, each after the shared sequence, with hooks that carry nothing out: what the
 * device could not do later is refused now. WRONG_VENDOR, WRONG_CLASS, WRONG_BASE (no stream fits; the offered one does
 * not), UNSUPPORTED (a command that agent v1 does not carry out, more than one component, a payload fetch, a codec),
 * MISSING (a condition on vendor or class, digest, size, stream, a severed install), CONDITION_FAILED (another image is
 * matched than the one that is made; abort), BAD_FORMAT and BAD_VERSION (a floor above the sequence, tries outside 2..7, a time above PLAN_SECONDS_MAX,
 * the stream's description). `where` (may be NULL) names the command or parameter. */
enum status plan_make(const struct suit_manifest *manifest, const struct plan_target *target,
                      struct plan *out, struct suit_where *where);

#endif
