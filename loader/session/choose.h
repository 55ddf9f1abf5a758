/* Which bundle, and which of its streams, for the device at hand: a technician never picks a file. Judged here before a byte
 * is sent; the device judges all of it again. */
#ifndef SUTURE_LOADER_SESSION_CHOOSE_H
#define SUTURE_LOADER_SESSION_CHOOSE_H

#include "agent/protocol/messages.h"
#include "keys/certificate.h"
#include "loader/record/trust_store.h"
#include "loader/session/shelf.h"
#include "manifests/bundle.h"
#include "manifests/plan.h"

/* What a device said of itself; texts are harmless on a terminal. */
struct device_facts {
    uint8_t vendor[UUID_SIZE], class_id[UUID_SIZE];
    char model[65], hardware[65], serial[SERIAL_MAX + 1]; /* 64 bytes of text are the most a device has */
    uint8_t boot_kind, tries_left, outcome;
    uint32_t floor;
    struct message_slot slots[2];
    size_t slot_count;
    /* capabilities */
    uint32_t buffer_size, buffer_count, manifest_max, block_max, segment_max, ram, root_version;
};

/* The slot that runs, or NULL when none does. */
const struct message_slot *device_running(const struct device_facts *device);

struct chosen {
    struct bundle *bundle; /* owned; chosen_free */
    struct plan plan;
    uint8_t signers[SUIT_BLOCKS_MAX][KEY_ID_SIZE]; /* whose signatures hold */
    size_t signer_count;
    size_t passed_over;          /* files of the folder that are no bundle any more */
    struct failure passed_first; /* the first of them */
};

/* To install it, the device must be able to take it; to compare, only the release must be the vendor's. */
enum choose_purpose { CHOOSE_TO_INSTALL, CHOOSE_TO_COMPARE };

/* Where to look: one file, or a folder. Exactly one is not NULL. */
struct choose_from {
    const char *file, *folder;
    struct shelf *shelf; /* what was verified for other devices of this run; NULL: nothing is kept */
};

/* Finds the bundle with the highest sequence for the device's class, proves it against the vendor's root (`now` in seconds
 * since 1970), walks all its entries, and finds the stream that fits what runs. A file of the folder that can't be read as a
 * bundle is passed over and counted, unless none fits: then its failure is the answer. A bundle that is read and fits, but
 * can't be proven, is refused, and no older one is taken in its place: a person must look. FAIL_NO_BUNDLE,
 * FAIL_AMBIGUOUS_BUNDLE (two of the highest sequence), FAIL_WRONG_VENDOR, FAIL_WRONG_CLASS, and what bundle.h names
 * (FAIL_LOADER_TOO_OLD among it); to install also FAIL_WRONG_BASE, FAIL_OLD_SEQUENCE, FAIL_BELOW_FLOOR, FAIL_*_TOO_LARGE,
 * FAIL_DEVICE_MEMORY. `out` is untouched on failure. */
bool choose_bundle(const struct choose_from *from, enum choose_purpose purpose,
                   const struct device_facts *device, const struct trust *trust, uint64_t now,
                   struct chosen *out, struct failure *why);
/* Takes another stream of the same bundle, because the device wants it. FAIL_NONSENSE when there is none of that number;
 * FAIL_BLOCK_TOO_LARGE, FAIL_DEVICE_MEMORY. */
bool choose_stream(struct chosen *chosen, unsigned stream, const struct device_facts *device,
                   struct failure *why);
void chosen_free(struct chosen *chosen);

#endif
