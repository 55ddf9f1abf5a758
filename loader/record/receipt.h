/* Receipts (docs/formats.md, "receipt"): one JSON file per run and device, with the device's signed report inside. What the
 * station says and what the device proves are kept apart: members before, preflight, session and checks are the station's
 * claims; evidence is the device's. The report's nonce is the SHA-256 of the session header, so a report can't be moved to
 * another receipt. */
#ifndef SUTURE_LOADER_RECORD_RECEIPT_H
#define SUTURE_LOADER_RECORD_RECEIPT_H

#include "loader/record/verdict.h"

#define RECEIPT_SCHEMA      1
#define RECEIPT_MAX         (256u * 1024)
#define SESSION_HEADER_MAX  192
#define RECEIPT_CHECKS_MAX  16
#define RECEIPT_SIGNERS_MAX 4
#define STATION_MAX         64 /* bytes of a station's name */

/* The session header, canonical CBOR {1: manifest digest, 2: station, 3: seconds since 1970, 4: random [16]}. The digest
 * is zeros when no bundle is part of the run. */
struct session_header {
    uint8_t bytes[SESSION_HEADER_MAX];
    size_t size;
    uint8_t nonce[REPORT_NONCE_SIZE]; /* SHA-256 of the bytes */
    uint8_t random[16];
};
/* FAIL_RANDOM when the system gives no randomness. `station` is made valid text of at most STATION_MAX bytes. */
bool session_header_make(struct session_header *out, const uint8_t manifest_digest[DIGEST_SIZE],
                         const char *station, uint64_t time, struct failure *why);

/* What ran in a device at one time. */
struct receipt_image {
    bool known;
    uint8_t slot;
    uint32_t sequence, version[3];
    uint8_t digest[DIGEST_SIZE];
};

struct receipt_check { /* a guided check, answered by a person */
    const char *id, *value;
    bool pass;
};

struct receipt {
    struct session_header header;
    enum intent intent;
    const char *station, *address;
    uint64_t started, ended; /* seconds since 1970 */
    /* device */
    uint8_t vendor[UUID_SIZE], class_id[UUID_SIZE];
    const char *model, *hardware, *serial;
    struct receipt_image before, after;
    /* bundle; file NULL when none is part of the run */
    const char *file;
    uint32_t sequence, version[3];
    uint8_t manifest_digest[DIGEST_SIZE], image_digest[DIGEST_SIZE];
    size_t signer_count;
    uint8_t signers[RECEIPT_SIGNERS_MAX][KEY_ID_SIZE];
    /* transfer, bytes of the push file */
    uint64_t size, sent, not_sent_again;
    unsigned retries;
    bool preflight_known;
    uint8_t use, battery;
    bool service, mains;
    size_t check_count;
    struct receipt_check checks[RECEIPT_CHECKS_MAX];
    struct verdict verdict;
    const struct failure *failure; /* NULL when nothing failed */
    struct span report;            /* the signed report, or data NULL: evidence none */
};

/* Writes FOLDER/SERIAL-TIME-RANDOM.json (made if missing); `path` gets its name. FAIL_RECEIPT_WRITE: nothing was left. */
bool receipt_write(const struct receipt *receipt, const char *folder, char *path, size_t capacity,
                   struct failure *why);

/* A receipt read back. Owns its texts and bytes; receipt_file_free. */
struct receipt_file;
bool receipt_read(const char *path, struct receipt_file **out, struct failure *why);
void receipt_file_free(struct receipt_file *file);
/* Vendor whose root proves it. */
const uint8_t *receipt_vendor(const struct receipt_file *file);
/* Proves it offline: the report by the vendor's root and the device's certificate, the nonce by the session header, and all
 * that these two contradict: receipt id, station, start, device, bundle, the image that runs, outcome and disposition
 * derived again. The rest is the station's word. FAIL_NO_EVIDENCE, FAIL_REPORT, FAIL_CERTIFICATE, FAIL_RECEIPT_CHANGED. */
bool receipt_prove(const struct receipt_file *file, const struct trust *trust, struct failure *why);
/* Prints it for people; claims and proof apart. */
void receipt_print(FILE *out, const struct receipt_file *file);
/* Prints it as it is, in one line of ASCII. */
void receipt_print_json(FILE *out, const struct receipt_file *file);

/* "2026-11-24T09:14:03Z" */
void time_text(uint64_t seconds, char out[24]);

#endif
