/* Bodies of group 21333 and of the few standard messages we use: one struct a message, a writer for the device and a
 * reader for the host. Field names and types: docs/formats.md 7.
 * Writers append a definite map with sorted keys. TOO_LARGE: it does not fit, or a count is beyond its array; the buffer is
 * as before.
 * Readers take loose CBOR and ignore unknown keys; text and data spans are borrowed from the body. MISSING: a key that the
 * message needs. BAD_FORMAT: no map, bytes behind it, a known key twice, a value of another type or length. TOO_LARGE: a
 * number outside its type, a slot above 1, more rows than the list holds (none is dropped silently). The struct stays
 * untouched then. */
#ifndef SUTURE_AGENT_PROTOCOL_MESSAGES_H
#define SUTURE_AGENT_PROTOCOL_MESSAGES_H

#include "agent/protocol/smp.h"

enum suture_verb {
    VERB_CAPABILITIES = 0,
    VERB_IDENTITY = 1,
    VERB_PREFLIGHT = 2,
    VERB_CHECK = 3,
    VERB_STATUS = 4,
    VERB_ACTIVATE = 5,
    VERB_CONFIRM = 6,
    VERB_ROLLBACK = 7,
    VERB_ABORT = 8,
    VERB_REPORT = 9,
    VERB_LOG = 10,
    VERB_TRUST = 11,
};

/* Errors of group 21333. */
enum suture_error {
    SUTURE_UNKNOWN = 1,
    SUTURE_IN_USE = 2,
    SUTURE_BATTERY = 3,
    SUTURE_BUSY = 4,
    SUTURE_MANIFEST = 5,
    SUTURE_BASE = 6,
    SUTURE_MEMORY = 7,
    SUTURE_BLOCK = 8,
    SUTURE_FLASH = 9,
    SUTURE_STATE = 10,
    SUTURE_DIGEST = 11,
    SUTURE_FLOOR = 12,
    SUTURE_TRIAL = 13,
    SUTURE_TRUST = 14,
    SUTURE_NO_KEY = 15,
};

/* Errors of the image group that we answer with. */
enum image_error {
    IMAGE_NO_MAGIC = 23,
    IMAGE_BAD_HASH = 24,
    IMAGE_OLDER = 27,
    IMAGE_TOO_LARGE = 30,
    IMAGE_CONFIRM_DENIED = 32,
};

enum image_command { IMAGE_STATE = 0, IMAGE_UPLOAD = 1, IMAGE_ERASE = 5, IMAGE_SLOT_INFO = 6 };
enum os_command { OS_ECHO = 0, OS_RESET = 5, OS_PARAMETERS = 6, OS_INFO = 7, OS_BOOTLOADER = 8 };

enum phase {
    PHASE_IDLE = 0,
    PHASE_RECEIVING = 1,
    PHASE_VERIFYING = 2,
    PHASE_WRITING = 3,
    PHASE_READING_BACK = 4,
    PHASE_STAGED = 5,
    PHASE_TRIAL = 6,
};

#define MESSAGE_LIST_MAX 8

struct message_capabilities {
    uint32_t protocol;
    struct span agent;                  /* version text */
    uint32_t buffer_size, buffer_count; /* SMP packet bytes; packets that may be in flight */
    uint32_t line;
    uint8_t framings[MESSAGE_LIST_MAX];
    size_t framing_count;
    uint32_t manifest_max, block_max, segment_max, ram;
    uint8_t codecs[MESSAGE_LIST_MAX];
    size_t codec_count;
    int64_t algorithms[MESSAGE_LIST_MAX];
    size_t algorithm_count;
    uint8_t policy[3]; /* classical, post-quantum, all */
    uint32_t root_version;
    bool rescue;
};

struct message_slot {
    uint8_t slot, state; /* slot 0 A, 1 B */
    uint32_t sequence;
    uint32_t version[3];
    uint8_t hash[32]; /* SHA-256 of the image */
    bool active;
};

struct message_identity {
    uint8_t vendor[16], class_id[16];
    struct span model, hardware, serial;
    uint8_t boot_kind, tries_left, outcome;
    uint32_t floor;
    struct message_slot slots[2];
    size_t slot_count;
};

struct message_preflight {
    bool ready;
    uint8_t use, battery;
    bool service, mains;
    uint8_t reasons
        [MESSAGE_LIST_MAX]; /* enum suture_error, or 11 + 128 for service mode off: see docs/formats.md */
    size_t reason_count;
};
#define REASON_NOT_SERVICE 139

struct message_check {
    uint64_t offset; /* next wanted */
    bool has_verdict;
    uint8_t verdict; /* 0 or enum suture_error */
    uint32_t reason; /* enum status, negated */
    int32_t section; /* label of the command or map member that ended it, 0 none */
    bool has_want;
    uint8_t want; /* stream N */
};

struct message_status {
    uint8_t phase;                         /* enum phase */
    uint8_t manifest[32];                  /* of the staging, zeros when idle */
    uint64_t offset, length, output, size; /* push bytes taken, push length, output bytes done, image size */
    uint8_t wait_code;                     /* 0 or enum suture_error: why it waits */
    uint32_t quiet_ms;                     /* silence that is normal now */
};

struct message_report { /* one piece of the signed report */
    uint64_t offset, length;
    struct span data;
};

struct message_log_item {
    uint32_t number, time;
    uint16_t code;
    uint32_t a, b;
};
struct message_log {
    uint32_t first, next;
    struct message_log_item items[MESSAGE_LIST_MAX];
    size_t item_count;
};

struct message_image { /* one row of image state */
    uint8_t slot;
    uint32_t version[3];
    uint8_t hash[32];
    bool bootable, pending, confirmed, active, permanent; /* absent: false; an absent hash: zeros */
};
struct message_images {
    struct message_image images[2];
    size_t count;
};

struct message_upload_answer {
    uint64_t offset;
    bool has_match, match;
};

enum status message_capabilities_write(struct buffer *out, const struct message_capabilities *message);
enum status message_capabilities_read(struct span body, struct message_capabilities *out);
enum status message_identity_write(struct buffer *out, const struct message_identity *message);
enum status message_identity_read(struct span body, struct message_identity *out);
enum status message_preflight_write(struct buffer *out, const struct message_preflight *message);
enum status message_preflight_read(struct span body, struct message_preflight *out);
enum status message_check_write(struct buffer *out, const struct message_check *message);
enum status message_check_read(struct span body, struct message_check *out);
enum status message_status_write(struct buffer *out, const struct message_status *message);
enum status message_status_read(struct span body, struct message_status *out);
enum status message_report_write(struct buffer *out, const struct message_report *message);
enum status message_report_read(struct span body, struct message_report *out);
enum status message_log_write(struct buffer *out, const struct message_log *message);
enum status message_log_read(struct span body, struct message_log *out);
enum status message_images_write(struct buffer *out, const struct message_images *message);
enum status message_images_read(struct span body, struct message_images *out);
enum status message_upload_answer_write(struct buffer *out, const struct message_upload_answer *message);
enum status message_upload_answer_read(struct span body, struct message_upload_answer *out);

/* Requests that carry more than a bare map. */
enum status request_digest_write(struct buffer *out, const char *key,
                                 const uint8_t digest[32]); /* {"manifest"|"hash": bstr} */
enum status request_report_write(struct buffer *out, const uint8_t nonce[32], uint64_t offset);
enum status request_log_write(struct buffer *out, uint32_t from);
/* Upload, check and trust: {"data", "len" (offset 0 only), "off", "sha" (offset 0 only, may be NULL)}. */
enum status request_chunk_write(struct buffer *out, uint64_t offset, uint64_t length, struct span data,
                                const uint8_t *sha);
/* The same without its last `data_size` bytes, the data: the caller appends them. */
enum status request_chunk_head_write(struct buffer *out, uint64_t offset, uint64_t length, size_t data_size,
                                     const uint8_t *sha);

#endif
