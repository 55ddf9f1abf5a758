/* Receipts: reading one back, proving it offline, and showing it. */
#include "loader/record/receipt.h"

#include "keys/base/cbor.h"
#include "keys/base/file.h"
#include "keys/base/hex.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct receipt_file {
    char *path;
    json_t *json;
    uint8_t vendor[UUID_SIZE];
    uint8_t header[SESSION_HEADER_MAX];
    size_t header_size;
    uint8_t *report; /* NULL: evidence none */
    size_t report_size;
    enum intent intent;
    bool has_target;
    struct verdict_target target;
    uint8_t manifest[DIGEST_SIZE];
};

static bool bad_format(const struct receipt_file *file, const char *what, struct failure *why)
{
    return failure_set(why, FAIL_RECEIPT_FORMAT, "%s: %s", file->path, what);
}

static const char *text_at(const struct receipt_file *file, const char *object, const char *key)
{
    const json_t *in = object ? json_object_get(file->json, object) : file->json;
    return json_string_value(json_object_get(in, key));
}

static bool hex_at(const struct receipt_file *file, const char *object, const char *key, uint8_t *out,
                   size_t size)
{
    const char *text = text_at(file, object, key);
    return text != NULL && hex_exact(text, out, size);
}

static json_int_t integer_at(const struct receipt_file *file, const char *object, const char *key)
{
    const json_t *in = object ? json_object_get(file->json, object) : file->json;
    const json_t *value = json_object_get(in, key);
    return json_is_integer(value) ? json_integer_value(value) : -1;
}

static bool read_intent(struct receipt_file *file)
{
    static const char *const intents[] = {"update", "verify", "rollback"};
    const char *intent = text_at(file, NULL, "intent");

    for (unsigned i = 0; intent != NULL && i < 3; i++)
        if (strcmp(intent, intents[i]) == 0) {
            file->intent = (enum intent)i;
            return true;
        }
    return false;
}

static bool read_evidence(struct receipt_file *file)
{
    const char *kind = text_at(file, "evidence", "kind");
    const char *hex = text_at(file, "evidence", "report");

    if (kind != NULL && strcmp(kind, "none") == 0)
        return hex == NULL;
    if (kind == NULL || strcmp(kind, "report") != 0 || hex == NULL)
        return false;
    file->report = malloc(REPORT_MAX);
    return file->report != NULL && hex_read(hex, file->report, REPORT_MAX, &file->report_size);
}

/* No bundle is null; a bundle without what identifies it is none. */
static bool read_bundle(struct receipt_file *file)
{
    const json_t *bundle = json_object_get(file->json, "bundle");
    json_int_t sequence = integer_at(file, "bundle", "sequence");

    if (json_is_null(bundle))
        return true;
    if (sequence < 0 || sequence > UINT32_MAX ||
        !hex_at(file, "bundle", "image_sha256", file->target.image, DIGEST_SIZE) ||
        !hex_at(file, "bundle", "manifest", file->manifest, DIGEST_SIZE))
        return false;
    file->has_target = true;
    file->target.sequence = (uint32_t)sequence;
    memcpy(file->target.manifest_id, file->manifest, TRUST_MANIFEST_ID);
    return true;
}

static bool read_members(struct receipt_file *file, struct failure *why)
{
    if (integer_at(file, NULL, "schema") != RECEIPT_SCHEMA)
        return bad_format(file, "no receipt of schema 1", why);
    if (!read_intent(file))
        return bad_format(file, "member intent", why);
    if (!hex_at(file, "device", "vendor", file->vendor, UUID_SIZE))
        return bad_format(file, "member device.vendor", why);
    const char *header = text_at(file, "session", "header");
    if (header == NULL || !hex_read(header, file->header, SESSION_HEADER_MAX, &file->header_size))
        return bad_format(file, "member session.header", why);
    if (!read_evidence(file))
        return bad_format(file, "member evidence", why);
    return read_bundle(file) || bad_format(file, "member bundle", why);
}

bool receipt_read(const char *path, struct receipt_file **out, struct failure *why)
{
    struct receipt_file *file = calloc(1, sizeof *file);
    struct buffer content = {NULL, 0, 0};
    json_error_t error;
    bool done = false;

    if (file == NULL || (file->path = strdup(path)) == NULL) {
        free(file);
        return failure_set(why, FAIL_MEMORY, "%s", path);
    }
    if (!file_read(path, RECEIPT_MAX, &content, why))
        goto out;
    file->json = json_loadb((const char *)content.data, content.size, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(file->json)) {
        failure_set(why, FAIL_RECEIPT_FORMAT, "%s:%d: %s", path, file->json ? 1 : error.line,
                    file->json ? "no object" : error.text);
        goto out;
    }
    done = read_members(file, why);
out:
    free(content.data);
    if (done)
        *out = file;
    else
        receipt_file_free(file);
    return done;
}

void receipt_file_free(struct receipt_file *file)
{
    if (file == NULL)
        return;
    json_decref(file->json);
    free(file->report);
    free(file->path);
    free(file);
}

const uint8_t *receipt_vendor(const struct receipt_file *file)
{
    return file->vendor;
}

static bool changed(const struct receipt_file *file, const char *what, struct failure *why)
{
    return failure_set(why, FAIL_RECEIPT_CHANGED, "%s: %s", file->path, what);
}

struct header_fields {
    uint8_t manifest[DIGEST_SIZE], random[16];
    struct span station;
    uint64_t time;
};

static enum status read_header(struct span bytes, struct header_fields *out)
{
    struct cbor cbor = cbor_over(bytes, CBOR_CANONICAL);
    struct cbor_items items;
    uint64_t key;
    bool more;
    enum status status = cbor_enter_map(&cbor, &items);

    if (!status && items.left != 4)
        return BAD_FORMAT;
    for (uint64_t wanted = 1; !status && wanted <= 4; wanted++) {
        status = cbor_more(&cbor, &items, &more);
        if (!status && !more)
            status = MISSING;
        if (!status)
            status = cbor_uint(&cbor, &key);
        if (!status && key != wanted)
            status = BAD_FORMAT;
        if (!status)
            status = wanted == 1   ? cbor_bytes_exact(&cbor, out->manifest, sizeof out->manifest)
                     : wanted == 2 ? cbor_text(&cbor, &out->station)
                     : wanted == 3 ? cbor_uint(&cbor, &out->time)
                                   : cbor_bytes_exact(&cbor, out->random, sizeof out->random);
    }
    return status ? status : cbor_end(&cbor);
}

static bool same_text(const char *text, struct span span)
{
    return text != NULL && span_equal(span_text(text), span);
}

static bool same_hex(const char *text, const uint8_t *bytes, size_t size)
{
    char hex[2 * DIGEST_SIZE + 1];
    hex_of(span_of(bytes, size), hex);
    return text != NULL && strcmp(text, hex) == 0;
}

/* The session header names the receipt, the station, the time and the bundle that the receipt names. */
static bool prove_header(const struct receipt_file *file, struct failure *why)
{
    struct header_fields header;
    char start[24];

    if (read_header(span_of(file->header, file->header_size), &header))
        return changed(file, "the session header is damaged", why);
    if (!digest_equal(header.manifest, file->manifest))
        return changed(file, "the session header names another bundle", why);
    if (!same_hex(text_at(file, NULL, "receipt"), header.random, sizeof header.random))
        return changed(file, "the session header is another receipt's", why);
    time_text(header.time, start);
    if (!same_text(text_at(file, "session", "station"), header.station) ||
        !same_text(text_at(file, "session", "start"), span_text(start)))
        return changed(file, "the session header names another station or time", why);
    return true;
}

/* A device's text as receipts hold it. */
static bool same_harmless(const char *text, struct span span)
{
    char harmless[SERIAL_MAX + 1];
    text_harmless(harmless, sizeof harmless, (const char *)span.data, span.size);
    return text != NULL && strcmp(text, harmless) == 0;
}

static bool prove_members(const struct receipt_file *file, const struct report *report, struct failure *why)
{
    const char *slot = text_at(file, "after", "slot");

    if (memcmp(file->vendor, report->vendor, UUID_SIZE) != 0 ||
        !same_hex(text_at(file, "device", "class"), report->class_id, UUID_SIZE) ||
        !same_harmless(text_at(file, "device", "serial"), report->serial))
        return changed(file, "it names another device than the report", why);
    if (!report->has_running)
        return json_is_null(json_object_get(file->json, "after")) ||
               changed(file, "it says that an image runs, the report that none does", why);
    if (!same_hex(text_at(file, "after", "sha256"), report->running.digest, DIGEST_SIZE) || slot == NULL ||
        strcmp(slot, report->running.slot ? "B" : "A") != 0 ||
        integer_at(file, "after", "sequence") != (json_int_t)report->running.sequence)
        return changed(file, "it names another running image than the report", why);
    /* The same manifest can't have another image or another number. */
    if (file->has_target &&
        memcmp(report->running.manifest_id, file->target.manifest_id, TRUST_MANIFEST_ID) == 0 &&
        (!digest_equal(report->running.digest, file->target.image) ||
         report->running.sequence != file->target.sequence))
        return changed(file, "its bundle has another image than the report", why);
    return true;
}

static uint8_t slot_before(const struct receipt_file *file)
{
    const char *slot = text_at(file, "before", "slot");

    if (slot == NULL || slot[0] == '\0' || slot[1] != '\0')
        return SLOT_BEFORE_UNKNOWN;
    return slot[0] == 'A' ? 0 : slot[0] == 'B' ? 1 : SLOT_BEFORE_UNKNOWN;
}

/* Code and disposition by their names; both must belong to the same verdict. */
static bool read_verdict(const struct receipt_file *file, struct verdict *out)
{
    const char *outcome = text_at(file, NULL, "outcome"), *disposition = text_at(file, NULL, "disposition");
    json_int_t code = integer_at(file, NULL, "exit");

    if (code < 0 || code > 255)
        return false;
    out->code = (enum exit_code)code;
    if (outcome == NULL || disposition == NULL || strcmp(outcome, verdict_outcome(out->code)) != 0)
        return false;
    for (int i = DISPOSITION_UNTOUCHED; i <= DISPOSITION_DO_NOT_USE; i++)
        if (strcmp(disposition, disposition_name((enum disposition)i)) == 0) {
            out->disposition = (enum disposition)i;
            return true;
        }
    return false;
}

/* The verdict is the report's, or one beside it that only the station can know (verdict.h). */
static bool prove_verdict(const struct receipt_file *file, const struct report *report, struct failure *why)
{
    const struct verdict_question question = {file->intent, file->has_target ? &file->target : NULL,
                                              slot_before(file)};
    struct verdict said;

    if (read_verdict(file, &said) &&
        verdict_may_stand(said, verdict_of_report(report, &question), file->intent))
        return true;
    return changed(file, "its verdict is not the one that the report gives", why);
}

bool receipt_prove(const struct receipt_file *file, const struct trust *trust, struct failure *why)
{
    struct report report;
    uint8_t nonce[REPORT_NONCE_SIZE];

    if (file->report == NULL)
        return failure_set(why, FAIL_NO_EVIDENCE, "%s: evidence none", file->path);
    if (!prove_header(file, why))
        return false;
    digest_of(span_of(file->header, file->header_size), nonce);
    enum status status = report_verify(span_of(file->report, file->report_size), trust, nonce, &report);
    if (status == BAD_DIGEST)
        return changed(file, "the report belongs to another session", why);
    if (status)
        return failure_set(why, failure_of_report(status), "%s: %s", file->path, status_name(status));
    return prove_members(file, &report, why) && prove_verdict(file, &report, why);
}

static void print_text(FILE *out, const char *label, const char *text)
{
    char harmless[256];
    text_harmless(harmless, sizeof harmless, text ? text : "-", text ? strlen(text) : 1);
    fprintf(out, "  %-12s %s\n", label, harmless);
}

/* Versions are the station's word everywhere: the report has sequences. */
static void print_signed_image(FILE *out, const struct receipt_file *file)
{
    const char *slot = text_at(file, "after", "slot"), *digest = text_at(file, "after", "sha256");
    char line[200];

    if (slot == NULL || digest == NULL) {
        print_text(out, "after", NULL);
        return;
    }
    snprintf(line, sizeof line, "sequence %lld in slot %.1s, sha256 %.16s…",
             (long long)integer_at(file, "after", "sequence"), slot, digest);
    print_text(out, "after", line);
}

static void print_versions(FILE *out, const struct receipt_file *file)
{
    const char *before = text_at(file, "before", "version"), *after = text_at(file, "after", "version");
    char line[200];

    snprintf(line, sizeof line, "%.32s -> %.32s", before ? before : "-", after ? after : "-");
    print_text(out, "version", line);
}

void receipt_print(FILE *out, const struct receipt_file *file)
{
    fprintf(out, "receipt %s\n", file->path);
    print_text(out, "outcome", text_at(file, NULL, "outcome"));
    print_text(out, "disposition", text_at(file, NULL, "disposition"));
    fprintf(out, " what the device signed\n");
    print_text(out, "evidence", text_at(file, "evidence", "kind"));
    print_text(out, "serial", text_at(file, "device", "serial"));
    print_signed_image(out, file);
    fprintf(out, " what the station says\n");
    print_text(out, "model", text_at(file, "device", "model"));
    print_text(out, "hardware", text_at(file, "device", "hw"));
    print_text(out, "bundle", text_at(file, "bundle", "file"));
    print_versions(out, file);
    print_text(out, "station", text_at(file, "session", "station"));
    print_text(out, "start", text_at(file, "session", "start"));
    print_text(out, "end", text_at(file, "session", "end"));
    print_text(out, "failure", text_at(file, "failure", "what"));
}

void receipt_print_json(FILE *out, const struct receipt_file *file)
{
    json_dumpf(file->json, out, JSON_COMPACT | JSON_ENSURE_ASCII);
    fputc('\n', out);
}
