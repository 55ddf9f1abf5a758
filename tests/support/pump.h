/* A made-up vendor, releases of its pump, and one simulated pump in memory with a client on its cable, all in virtual time:
 * no sockets, no waiting. Everything comes from names and numbers, so that it is the same in each run. */
#ifndef SUTURE_TESTS_SUPPORT_PUMP_H
#define SUTURE_TESTS_SUPPORT_PUMP_H

#include "agent/protocol/client.h"
#include "hw-sim/control.h"
#include "hw-sim/device.h"
#include "hw-sim/factory.h"
#include "manifests/suit_write.h"
#include "tests/support/keys.h"

#define PUMP_SERIAL    "PUMP-0001"
#define PUMP_IMAGE_MAX 65536

/* What a release holds. The image is made of `sequence`: as compressible as code is, never the same for two. */
struct pump_release {
    uint32_t version[3], sequence, floor;
    size_t image_size;             /* bytes */
    const uint8_t *image;          /* so many; NULL: made of `sequence` */
    uint32_t healthy;              /* seconds until the device confirms */
    uint8_t tries;                 /* 2..7; 0: 3 */
    const struct test_key *signer; /* NULL: the vendor's release key */
    /* Bends what the manifest says before it is signed, so that the stream does not keep it. NULL: the truth. */
    void (*lie)(struct suit_content *content);
};

struct pump {
    char folder[64]; /* class file, profile, root document, key, certificate, bundles */
    char profile_path[96];
    struct test_key root_key, release_key, device_authority, own_key;
    struct profile_file profile;
    struct device *device;
    struct buffer first; /* the factory's flash image */
    uint64_t now, due;   /* ms: the time it is, and when something is to be done next */
    struct client client;
    struct buffer line; /* bytes on their way to the pump */
    uint8_t line_memory[512], receive_memory[4096], send_memory[8192];
};

/* A folder with the vendor's files. `more` is added to the profile: further keys of it, whole lines. */
void pump_vendor(struct pump *pump, const char *more);
/* pump_vendor, then a pump whose slot A holds version 1.0.0, sequence 1, of 40,000 bytes. Power is off. */
void pump_make(struct pump *pump, const char *more);
void pump_gone(struct pump *pump);
/* Path of a file in the folder; valid until the next call. */
const char *pump_file(const struct pump *pump, const char *name);
/* Back to the factory's flash, power off. */
void pump_as_new(struct pump *pump);

/* Writes a bundle NAME of the release into the folder. */
void pump_bundle(struct pump *pump, const char *name, const struct pump_release *release);
/* Its push file; the caller frees `data`. `manifest` (may be NULL) gets the manifest digest. */
struct buffer pump_push(struct pump *pump, const char *name, uint8_t manifest[DIGEST_SIZE]);
/* The same of a bundle that no honest program would push: put together from its entries, unread. */
struct buffer pump_push_unread(struct pump *pump, const char *name);
/* The factory's order for the files of the folder. */
struct factory_order pump_order(struct pump *pump, const char *bundle);

/* Lets everything happen that is due until the client's job ends, or `most_ms` have passed: then CLIENT_WAITING. */
enum client_event pump_await(struct pump *pump, uint64_t most_ms);
/* One request of group 21333, and what came of it within 120 s. */
enum client_event pump_ask(struct pump *pump, enum suture_verb verb, struct span body);
/* A verb that names a digest: activate, confirm, rollback, abort. */
enum client_event pump_ask_digest(struct pump *pump, enum suture_verb verb,
                                  const uint8_t digest[DIGEST_SIZE]);
/* Begins an upload; pump_await says what came of it. `sha` may be NULL. */
void pump_upload_start(struct pump *pump, const struct buffer *push);
/* Lets time pass until the device is in this state: false when it is not within `most_ms`. */
bool pump_reaches(struct pump *pump, enum control_state state, uint64_t most_ms);
struct device_status pump_status(const struct pump *pump);

#endif
