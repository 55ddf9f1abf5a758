/* A whole device on the bench: memory flash, the real boot loader and agent, a port with a clock and a clinical side that a
 * test turns by hand, and the real SMP client at the other end of two byte queues. Time passes only when nothing else is to
 * do. Power can be cut at any flash operation; the device then stands dark until bench_power_on. */
#ifndef SUTURE_TESTS_SUPPORT_BENCH_DEVICE_H
#define SUTURE_TESTS_SUPPORT_BENCH_DEVICE_H

#include "agent/agent_state.h"
#include "agent/protocol/client.h"
#include "manifests/suit_write.h"
#include "tests/support/keys.h"
#include "tests/support/memory_flash.h"

#define BENCH_ERASE_BLOCK 1024u
#define BENCH_SLOT_BLOCKS 16u
#define BENCH_SLOT_SIZE   (BENCH_SLOT_BLOCKS * BENCH_ERASE_BLOCK)
#define BENCH_BUFFER      512u
#define BENCH_MANIFEST    2048u
#define BENCH_BLOCK       1024u
#define BENCH_DECODER     (PATCH_INFLATE_RAM + 4096u)
#define BENCH_PAGE        256u
#define BENCH_QUEUE       (16u * 1024)

/* Who is who: names of test keys. */
#define BENCH_RELEASE_KEY "release of acme"
#define BENCH_ROOT_KEY    "root of acme"
#define BENCH_DEVICE_KEY  "device 7F31"

struct bench_options {
    uint32_t write_unit;       /* bytes; 0: 16 */
    uint32_t erase_block;      /* bytes; 0: BENCH_ERASE_BLOCK */
    bool erased_zero;          /* erased bytes read 0x00 */
    uint32_t running;          /* sequence of the factory's image; 0: 1 */
    uint32_t floor;            /* of the factory's record */
    const char *withdrawn_key; /* name of a key that the root withdraws, or NULL */
    bool no_device_key;
    uint64_t seed; /* of what torn units read as */
};

/* What a vendor releases. Zeros mean the ordinary: see push_of. */
struct bench_release {
    uint32_t sequence;               /* 0: 2 */
    struct span image;               /* data NULL: an image made of `sequence` */
    size_t image_size;               /* of that image; 0: 10,000 bytes */
    uint8_t codec;                   /* PATCH_STORED or PATCH_DEFLATE */
    uint32_t block_max, segment_max; /* 0: 512 and 2,048 */
    uint8_t window_bits;             /* of deflate; 0: 12 */
    uint8_t vendor_byte, class_byte; /* 0: the bench's */
    uint32_t floor_after;
    uint8_t confirm_who;      /* 0: device */
    uint32_t confirm_healthy; /* 0: 10 s */
    uint8_t tries;            /* 0: 3 */
    const char *signer;       /* name of a key; NULL: BENCH_RELEASE_KEY */
    bool unsigned_;
    /* digest of an image: stream 0 is for devices that run it, stream 1 for all; NULL: one for all */
    const uint8_t *base;
    uint8_t offer; /* which of the two streams the push file has */
};

/* A push file and what it is known by. */
struct push {
    uint8_t *bytes;
    size_t size, envelope_size;
    uint8_t sha[DIGEST_SIZE], manifest[DIGEST_SIZE], image_digest[DIGEST_SIZE];
    uint8_t *image;
    size_t image_size;
};

struct bench {
    struct memory_flash *chip;
    struct port port;
    struct interlock interlock;
    struct self_test_result self_test;
    unsigned trials_told; /* times that the port heard of a running trial */
    bool trial_told;      /* what the port heard last */
    struct test_key device_key;
    bool no_device_key;
    uint64_t now; /* ms */
    bool powered;
    unsigned starts; /* boots since bench_new */
    bool link_cut;   /* bytes are lost in both directions */
    /* bytes of a push file that still reach the device before the link is cut; SIZE_MAX: all */
    size_t deliver;

    struct boot_outcome boot;
    struct agent agent;
    struct client client;
    uint8_t manifest[BENCH_MANIFEST], block[BENCH_BLOCK], page[BENCH_PAGE], receive[BENCH_BUFFER];
    _Alignas(8) uint8_t decoder[BENCH_DECODER];
    uint8_t send[2 * BENCH_BUFFER + 512], report[2 * REPORT_MAX];
    uint8_t client_receive[2048], client_send[2048];
    uint8_t to_device[BENCH_QUEUE];
    size_t to_device_size;
    struct trust trust; /* what a host would hold of this vendor; borrows root_bytes */
    uint8_t root_bytes[ROOT_MAX];
    size_t root_size;
};

/* A device fresh from the factory: version 1.0.0, sequence 1, in slot A; in service mode, on mains, in use by nobody; power
 * is off. `options` may be NULL. */
struct bench *bench_new(const struct bench_options *options);
/* Another device, powered off, with the same flash contents, clock and clinical side; its memory is not that of the first. */
struct bench *bench_twin(const struct bench *bench);
void bench_free(struct bench *bench);
/* Boot loader and agent start; the client's link is opened anew. */
void bench_power_on(struct bench *bench);
void bench_power_off(struct bench *bench);
/* Runs `act` and powers off at flash operation `at` from now (1: the next); true when it came so far. */
bool bench_cut(struct bench *bench, unsigned at, enum cut_when when, void (*act)(struct bench *, void *),
               void *with);

struct push push_of(const struct bench_release *release);
void push_free(struct push *push);

/* Time passes, the agent works; resets that it asks for happen. */
void bench_run(struct bench *bench, uint64_t ms);
/* One request and what came of it; the answer is in client_answer. */
enum client_event bench_request(struct bench *bench, enum smp_op op, uint16_t group, uint8_t id,
                                struct span body);
/* A verb of group 21333 that names a digest ("manifest" or "hash"). */
enum client_event bench_verb(struct bench *bench, enum suture_verb verb, const char *key,
                             const uint8_t digest[DIGEST_SIZE]);
enum with_sha { WITH_SHA, WITHOUT_SHA };
/* Uploads a push file through the image group, four chunks in flight. */
enum client_event bench_upload(struct bench *bench, const struct push *push, enum with_sha with_sha);
/* Transfers a document by check or trust. */
enum client_event bench_transfer(struct bench *bench, enum suture_verb verb, struct span document);

struct message_identity bench_identity(struct bench *bench);
struct message_status bench_status(struct bench *bench);
/* Uploads, activates, and waits until the device has started its trial. */
void bench_update_to_trial(struct bench *bench, const struct push *push);
/* Reads the whole signed report; returns its size. Ends the test when refused. */
size_t bench_report(struct bench *bench, const uint8_t nonce[REPORT_NONCE_SIZE], uint8_t *out,
                    size_t capacity);
/* The error of the last request: the group's own code, or 1000 + the SMP layer's; 0 for none. */
unsigned bench_error(const struct bench *bench);

/* What flash holds, to be compared later: nothing may have changed. The caller frees it. */
uint8_t *bench_snapshot(const struct bench *bench);
bool bench_unchanged(const struct bench *bench, const uint8_t *snapshot);
/* The slot holds this image, whatever the records say. */
bool bench_slot_holds(const struct bench *bench, uint8_t slot, const struct push *push);

#endif
