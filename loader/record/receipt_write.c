/* Receipts: making the session header and writing the JSON file. */
#include "loader/record/receipt.h"

#include "keys/base/cbor.h"
#include "keys/base/file.h"
#include "keys/base/hex.h"
#include "keys/base/version.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

void time_text(uint64_t seconds, char out[24])
{
    time_t when = (time_t)seconds;
    struct tm parts;

    if (gmtime_r(&when, &parts) == NULL || strftime(out, 24, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
        out[0] = '\0';
}

bool session_header_make(struct session_header *out, const uint8_t manifest_digest[DIGEST_SIZE],
                         const char *station, uint64_t time, struct failure *why)
{
    struct buffer buffer = buffer_over(out->bytes, sizeof out->bytes);
    struct cbor_writer writer = cbor_into(&buffer);
    char name[STATION_MAX + 1];

    if (getrandom(out->random, sizeof out->random, 0) != (ssize_t)sizeof out->random)
        return failure_set(why, FAIL_RANDOM, "%s", strerror(errno));
    text_harmless(name, sizeof name, station, strlen(station));
    cbor_put_map(&writer, 4);
    cbor_put_uint(&writer, 1);
    cbor_put_bytes(&writer, span_of(manifest_digest, DIGEST_SIZE));
    cbor_put_uint(&writer, 2);
    cbor_put_text(&writer, name);
    cbor_put_uint(&writer, 3);
    cbor_put_uint(&writer, time);
    cbor_put_uint(&writer, 4);
    cbor_put_bytes(&writer, span_of(out->random, sizeof out->random));
    if (cbor_written(&writer))
        return failure_set(why, FAIL_INTERNAL, "session header");
    out->size = buffer.size;
    digest_of(span_used(&buffer), out->nonce);
    return true;
}

static json_t *json_hex(const uint8_t *bytes, size_t size)
{
    char text[2 * 64 + 1];
    hex_of(span_of(bytes, size < 64 ? size : 64), text);
    return json_string(text);
}

/* Texts come from command lines, devices and bundles: JSON takes valid UTF-8 only. NULL becomes null. */
static json_t *json_text(const char *text)
{
    char harmless[1024];

    if (text == NULL)
        return json_null();
    text_harmless(harmless, sizeof harmless, text, strlen(text));
    return json_string(harmless);
}

static json_t *json_version(const uint32_t version[3])
{
    return json_sprintf("%" PRIu32 ".%" PRIu32 ".%" PRIu32, version[0], version[1], version[2]);
}

static json_t *json_image(const struct receipt_image *image)
{
    if (!image->known)
        return json_null();
    return json_pack("{s:s, s:I, s:o, s:o}", "slot", image->slot ? "B" : "A", "sequence",
                     (json_int_t)image->sequence, "version", json_version(image->version), "sha256",
                     json_hex(image->digest, DIGEST_SIZE));
}

static json_t *json_bundle(const struct receipt *receipt)
{
    if (receipt->file == NULL)
        return json_null();
    json_t *signers = json_array();
    for (size_t i = 0; i < receipt->signer_count; i++)
        json_array_append_new(signers, json_hex(receipt->signers[i], KEY_ID_SIZE));
    return json_pack("{s:o, s:I, s:o, s:o, s:o, s:o}", "file", json_text(receipt->file), "sequence",
                     (json_int_t)receipt->sequence, "version", json_version(receipt->version), "manifest",
                     json_hex(receipt->manifest_digest, DIGEST_SIZE), "image_sha256",
                     json_hex(receipt->image_digest, DIGEST_SIZE), "signers", signers);
}

/* As the session header has it. */
static json_t *json_station(const char *station)
{
    char name[STATION_MAX + 1];
    text_harmless(name, sizeof name, station, strlen(station));
    return json_string(name);
}

static json_t *json_session(const struct receipt *receipt)
{
    char header[2 * SESSION_HEADER_MAX + 1], started[24], ended[24];

    hex_of(span_of(receipt->header.bytes, receipt->header.size), header);
    time_text(receipt->started, started);
    time_text(receipt->ended, ended);
    return json_pack("{s:s, s:o, s:s, s:s, s:o, s:s, s:I, s:I, s:I, s:I}", "header", header, "station",
                     json_station(receipt->station), "start", started, "end", ended, "address",
                     json_text(receipt->address), "loader", SUTURE_VERSION, "bytes",
                     (json_int_t)receipt->size, "sent", (json_int_t)receipt->sent, "not_sent_again",
                     (json_int_t)receipt->not_sent_again, "retries", (json_int_t)receipt->retries);
}

static json_t *json_preflight(const struct receipt *receipt)
{
    if (!receipt->preflight_known)
        return json_null();
    return json_pack("{s:i, s:b, s:b, s:i}", "use", receipt->use, "service", receipt->service, "mains",
                     receipt->mains, "battery", receipt->battery);
}

static json_t *json_checks(const struct receipt *receipt)
{
    json_t *checks = json_array();
    for (size_t i = 0; i < receipt->check_count; i++)
        json_array_append_new(checks, json_pack("{s:o, s:o, s:b}", "id", json_text(receipt->checks[i].id),
                                                "value", json_text(receipt->checks[i].value), "pass",
                                                receipt->checks[i].pass));
    return checks;
}

static json_t *json_evidence(const struct receipt *receipt)
{
    char *hex;

    if (receipt->report.data == NULL)
        return json_pack("{s:s}", "kind", "none");
    hex = malloc(2 * receipt->report.size + 1);
    if (hex == NULL)
        return NULL;
    hex_of(receipt->report, hex);
    json_t *evidence = json_pack("{s:s, s:s}", "kind", "report", "report", hex);
    free(hex);
    return evidence;
}

static json_t *json_failure(const struct failure *failure)
{
    if (failure == NULL)
        return json_null();
    return json_pack("{s:o, s:s, s:s}", "id", json_sprintf("E-%02d", failure->id), "what", failure->what,
                     "next", failure_entry(failure->id)->next);
}

static json_t *json_receipt(const struct receipt *receipt)
{
    static const char *const intents[] = {"update", "verify", "rollback"};

    return json_pack(
        "{s:i, s:o, s:s, s:{s:o, s:o, s:o, s:o, s:o}, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:i, s:s, s:o, s:o}",
        "schema", RECEIPT_SCHEMA, "receipt", json_hex(receipt->header.random, 16), "intent",
        intents[receipt->intent], "device", "vendor", json_hex(receipt->vendor, UUID_SIZE), "class",
        json_hex(receipt->class_id, UUID_SIZE), "model", json_text(receipt->model), "hw",
        json_text(receipt->hardware), "serial", json_text(receipt->serial), "bundle", json_bundle(receipt),
        "before", json_image(&receipt->before), "after", json_image(&receipt->after), "session",
        json_session(receipt), "preflight", json_preflight(receipt), "checks", json_checks(receipt),
        "outcome", verdict_outcome(receipt->verdict.code), "exit", receipt->verdict.code, "disposition",
        disposition_name(receipt->verdict.disposition), "failure", json_failure(receipt->failure), "evidence",
        json_evidence(receipt));
}

/* A serial as part of a file's name: everything but letters, digits, '-' and '_' becomes '_'. */
static void file_word(const char *serial, char out[SERIAL_MAX + 1])
{
    size_t length = 0;
    for (; length < SERIAL_MAX && serial[length] != '\0'; length++) {
        unsigned char c = (unsigned char)serial[length];
        bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
                     c == '_';
        out[length] = plain ? (char)c : '_';
    }
    out[length] = '\0';
}

bool receipt_write(const struct receipt *receipt, const char *folder, char *path, size_t capacity,
                   struct failure *why)
{
    char serial[SERIAL_MAX + 1], time[24], random[9];
    json_t *json = json_receipt(receipt);
    char *text = json ? json_dumps(json, JSON_INDENT(2) | JSON_ENSURE_ASCII) : NULL;
    struct failure inner;
    bool written = false;

    json_decref(json);
    if (text == NULL)
        return failure_set(why, FAIL_MEMORY, "receipt");
    file_word(receipt->serial, serial);
    time_text(receipt->ended, time);
    hex_of(span_of(receipt->header.random, 4), random);
    for (char *at = time; *at != '\0'; at++)
        if (*at == ':')
            *at = '-';
    int length = snprintf(path, capacity, "%s/%s-%s-%s.json", folder, serial, time, random);
    if (length <= 0 || (size_t)length >= capacity)
        failure_set(why, FAIL_RECEIPT_WRITE, "%s: name too long", folder);
    else
        written = (folder_make(folder, &inner) && file_write(path, span_text(text), 0644, &inner)) ||
                  failure_set(why, FAIL_RECEIPT_WRITE, "%s", inner.what);
    free(text);
    return written;
}
