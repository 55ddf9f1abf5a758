/* The messages of messages.h: a table each, which writer and reader share, and the few requests. */
#include "agent/protocol/messages.h"
#include "agent/protocol/fields.h"

/* Where a member stands, and how many elements an array has. */
#define AT(type, member) (uint16_t) offsetof(struct type, member)
#define ELEMENTS(type, member)                                                                               \
    (uint16_t)(sizeof(((struct type *)0)->member) / sizeof(*((struct type *)0)->member))
#define SHAPE(type, rows) rows, sizeof(rows) / sizeof(*(rows)), sizeof(struct type)

/* What stands behind a key in a row. */
#define REQUIRED(type, kind, member)    kind, FIELD_REQUIRED, AT(type, member), 0, 0, NULL
#define OPTIONAL(type, kind, member)    kind, FIELD_OPTIONAL, AT(type, member), 0, 0, NULL
#define NOTED(type, kind, member, flag) kind, FIELD_NOTED, AT(type, member), AT(type, flag), 0, NULL
#define WITH(type, kind, member, flag)  kind, FIELD_WITH, AT(type, member), AT(type, flag), 0, NULL
#define UP_TO(type, member, most)       FIELD_UINT8, FIELD_REQUIRED, AT(type, member), 0, most, NULL
#define FIXED(type, kind, member)       kind, FIELD_REQUIRED, AT(type, member), 0, ELEMENTS(type, member), NULL
#define FIXED_OPTIONAL(type, kind, member)                                                                   \
    kind, FIELD_OPTIONAL, AT(type, member), 0, ELEMENTS(type, member), NULL
#define INNER(shape) FIELD_MAP, FIELD_REQUIRED, 0, 0, 0, shape
#define LIST(type, kind, member, count, inner)                                                               \
    kind, FIELD_REQUIRED, AT(type, member), AT(type, count), ELEMENTS(type, member), inner

enum { SLOT_LAST = 1 };

static const struct field capabilities_fields[] = {
    {"buf", REQUIRED(message_capabilities, FIELD_UINT32, buffer_size)},
    {"ram", REQUIRED(message_capabilities, FIELD_UINT32, ram)},
    {"algs", LIST(message_capabilities, FIELD_LIST_INT, algorithms, algorithm_count, NULL)},
    {"bufs", REQUIRED(message_capabilities, FIELD_UINT32, buffer_count)},
    {"line", REQUIRED(message_capabilities, FIELD_UINT32, line)},
    {"root", REQUIRED(message_capabilities, FIELD_UINT32, root_version)},
    {"agent", REQUIRED(message_capabilities, FIELD_TEXT, agent)},
    {"proto", REQUIRED(message_capabilities, FIELD_UINT32, protocol)},
    {"codecs", LIST(message_capabilities, FIELD_LIST, codecs, codec_count, NULL)},
    {"policy", FIXED(message_capabilities, FIELD_UINT8S, policy)},
    {"rescue", REQUIRED(message_capabilities, FIELD_BOOL, rescue)},
    {"framings", LIST(message_capabilities, FIELD_LIST, framings, framing_count, NULL)},
    {"block_max", REQUIRED(message_capabilities, FIELD_UINT32, block_max)},
    {"segment_max", REQUIRED(message_capabilities, FIELD_UINT32, segment_max)},
    {"manifest_max", REQUIRED(message_capabilities, FIELD_UINT32, manifest_max)},
};
static const struct shape capabilities_shape = {SHAPE(message_capabilities, capabilities_fields)};

static const struct field slot_fields[] = {
    {"seq", REQUIRED(message_slot, FIELD_UINT32, sequence)},
    {"hash", FIXED(message_slot, FIELD_BYTES, hash)},
    {"slot", UP_TO(message_slot, slot, SLOT_LAST)},
    {"state", REQUIRED(message_slot, FIELD_UINT8, state)},
    {"active", REQUIRED(message_slot, FIELD_BOOL, active)},
    {"version", REQUIRED(message_slot, FIELD_VERSION, version)},
};
static const struct shape slot_shape = {SHAPE(message_slot, slot_fields)};

static const struct field boot_fields[] = {
    {"kind", REQUIRED(message_identity, FIELD_UINT8, boot_kind)},
    {"outcome", REQUIRED(message_identity, FIELD_UINT8, outcome)},
    {"tries_left", REQUIRED(message_identity, FIELD_UINT8, tries_left)},
};
static const struct shape boot_shape = {SHAPE(message_identity, boot_fields)};

static const struct field identity_fields[] = {
    {"hw", REQUIRED(message_identity, FIELD_TEXT, hardware)},
    {"boot", INNER(&boot_shape)},
    {"class", FIXED(message_identity, FIELD_BYTES, class_id)},
    {"floor", REQUIRED(message_identity, FIELD_UINT32, floor)},
    {"model", REQUIRED(message_identity, FIELD_TEXT, model)},
    {"slots", LIST(message_identity, FIELD_ROWS, slots, slot_count, &slot_shape)},
    {"serial", REQUIRED(message_identity, FIELD_TEXT, serial)},
    {"vendor", FIXED(message_identity, FIELD_BYTES, vendor)},
};
static const struct shape identity_shape = {SHAPE(message_identity, identity_fields)};

static const struct field preflight_fields[] = {
    {"use", REQUIRED(message_preflight, FIELD_UINT8, use)},
    {"mains", REQUIRED(message_preflight, FIELD_BOOL, mains)},
    {"ready", REQUIRED(message_preflight, FIELD_BOOL, ready)},
    {"battery", REQUIRED(message_preflight, FIELD_UINT8, battery)},
    {"reasons", LIST(message_preflight, FIELD_LIST, reasons, reason_count, NULL)},
    {"service", REQUIRED(message_preflight, FIELD_BOOL, service)},
};
static const struct shape preflight_shape = {SHAPE(message_preflight, preflight_fields)};

static const struct field check_fields[] = {
    {"off", REQUIRED(message_check, FIELD_UINT64, offset)},
    {"want", NOTED(message_check, FIELD_STREAM, want, has_want)},
    {"reason", WITH(message_check, FIELD_UINT32, reason, has_verdict)},
    {"section", WITH(message_check, FIELD_INT32, section, has_verdict)},
    {"verdict", NOTED(message_check, FIELD_UINT8, verdict, has_verdict)},
};
static const struct shape check_shape = {SHAPE(message_check, check_fields)};

static const struct field status_fields[] = {
    {"len", REQUIRED(message_status, FIELD_UINT64, length)},
    {"off", REQUIRED(message_status, FIELD_UINT64, offset)},
    {"out", REQUIRED(message_status, FIELD_UINT64, output)},
    {"size", REQUIRED(message_status, FIELD_UINT64, size)},
    {"wait", REQUIRED(message_status, FIELD_UINT8, wait_code)},
    {"phase", REQUIRED(message_status, FIELD_UINT8, phase)},
    {"manifest", FIXED(message_status, FIELD_BYTES, manifest)},
    {"quiet_ms", REQUIRED(message_status, FIELD_UINT32, quiet_ms)},
};
static const struct shape status_shape = {SHAPE(message_status, status_fields)};

static const struct field report_fields[] = {
    {"len", REQUIRED(message_report, FIELD_UINT64, length)},
    {"off", REQUIRED(message_report, FIELD_UINT64, offset)},
    {"data", REQUIRED(message_report, FIELD_DATA, data)},
};
static const struct shape report_shape = {SHAPE(message_report, report_fields)};

/* A tuple: its order is the wire's, the keys are only for the reader of this table. */
static const struct field log_item_fields[] = {
    {"number", REQUIRED(message_log_item, FIELD_UINT32, number)},
    {"time", REQUIRED(message_log_item, FIELD_UINT32, time)},
    {"code", REQUIRED(message_log_item, FIELD_UINT16, code)},
    {"a", REQUIRED(message_log_item, FIELD_UINT32, a)},
    {"b", REQUIRED(message_log_item, FIELD_UINT32, b)},
};
static const struct shape log_item_shape = {SHAPE(message_log_item, log_item_fields)};

static const struct field log_fields[] = {
    {"next", REQUIRED(message_log, FIELD_UINT32, next)},
    {"first", REQUIRED(message_log, FIELD_UINT32, first)},
    {"items", LIST(message_log, FIELD_TUPLES, items, item_count, &log_item_shape)},
};
static const struct shape log_shape = {SHAPE(message_log, log_fields)};

/* What MCUmgr calls optional may be absent here too. */
static const struct field image_fields[] = {
    {"hash", FIXED_OPTIONAL(message_image, FIELD_BYTES, hash)},
    {"slot", UP_TO(message_image, slot, SLOT_LAST)},
    {"active", OPTIONAL(message_image, FIELD_BOOL, active)},
    {"pending", OPTIONAL(message_image, FIELD_BOOL, pending)},
    {"version", REQUIRED(message_image, FIELD_VERSION, version)},
    {"bootable", OPTIONAL(message_image, FIELD_BOOL, bootable)},
    {"confirmed", OPTIONAL(message_image, FIELD_BOOL, confirmed)},
    {"permanent", OPTIONAL(message_image, FIELD_BOOL, permanent)},
};
static const struct shape image_shape = {SHAPE(message_image, image_fields)};

static const struct field images_fields[] = {
    {"images", LIST(message_images, FIELD_ROWS, images, count, &image_shape)},
};
static const struct shape images_shape = {SHAPE(message_images, images_fields)};

static const struct field upload_answer_fields[] = {
    {"off", REQUIRED(message_upload_answer, FIELD_UINT64, offset)},
    {"match", NOTED(message_upload_answer, FIELD_BOOL, match, has_match)},
};
static const struct shape upload_answer_shape = {SHAPE(message_upload_answer, upload_answer_fields)};

/* Each reader fills a struct of its own first: `out` stays untouched when the body is refused. */

enum status message_capabilities_write(struct buffer *out, const struct message_capabilities *message)
{
    return fields_write(out, &capabilities_shape, message);
}

enum status message_capabilities_read(struct span body, struct message_capabilities *out)
{
    struct message_capabilities message = {0};
    enum status status = fields_read(body, &capabilities_shape, &message);
    if (!status)
        *out = message;
    return status;
}

enum status message_identity_write(struct buffer *out, const struct message_identity *message)
{
    return fields_write(out, &identity_shape, message);
}

enum status message_identity_read(struct span body, struct message_identity *out)
{
    struct message_identity message = {0};
    enum status status = fields_read(body, &identity_shape, &message);
    if (!status)
        *out = message;
    return status;
}

enum status message_preflight_write(struct buffer *out, const struct message_preflight *message)
{
    return fields_write(out, &preflight_shape, message);
}

enum status message_preflight_read(struct span body, struct message_preflight *out)
{
    struct message_preflight message = {0};
    enum status status = fields_read(body, &preflight_shape, &message);
    if (!status)
        *out = message;
    return status;
}

enum status message_check_write(struct buffer *out, const struct message_check *message)
{
    return fields_write(out, &check_shape, message);
}

enum status message_check_read(struct span body, struct message_check *out)
{
    struct message_check message = {0};
    enum status status = fields_read(body, &check_shape, &message);
    if (!status)
        *out = message;
    return status;
}

enum status message_status_write(struct buffer *out, const struct message_status *message)
{
    return fields_write(out, &status_shape, message);
}

enum status message_status_read(struct span body, struct message_status *out)
{
    struct message_status message = {0};
    enum status status = fields_read(body, &status_shape, &message);
    if (!status)
        *out = message;
    return status;
}

enum status message_report_write(struct buffer *out, const struct message_report *message)
{
    return fields_write(out, &report_shape, message);
}

enum status message_report_read(struct span body, struct message_report *out)
{
    struct message_report message = {0};
    enum status status = fields_read(body, &report_shape, &message);
    if (!status)
        *out = message;
    return status;
}

enum status message_log_write(struct buffer *out, const struct message_log *message)
{
    return fields_write(out, &log_shape, message);
}

enum status message_log_read(struct span body, struct message_log *out)
{
    struct message_log message = {0};
    enum status status = fields_read(body, &log_shape, &message);
    if (!status)
        *out = message;
    return status;
}

enum status message_images_write(struct buffer *out, const struct message_images *message)
{
    return fields_write(out, &images_shape, message);
}

enum status message_images_read(struct span body, struct message_images *out)
{
    struct message_images message = {0};
    enum status status = fields_read(body, &images_shape, &message);
    if (!status)
        *out = message;
    return status;
}

enum status message_upload_answer_write(struct buffer *out, const struct message_upload_answer *message)
{
    return fields_write(out, &upload_answer_shape, message);
}

enum status message_upload_answer_read(struct span body, struct message_upload_answer *out)
{
    struct message_upload_answer message = {0};
    enum status status = fields_read(body, &upload_answer_shape, &message);
    if (!status)
        *out = message;
    return status;
}

/* Ends a request: what did not fit is taken back whole. */
static enum status request_end(struct cbor_writer *writer, size_t before)
{
    enum status status = cbor_written(writer);
    if (status)
        writer->out->size = before;
    return status;
}

enum status request_digest_write(struct buffer *out, const char *key, const uint8_t digest[32])
{
    size_t before = out->size;
    struct cbor_writer writer = cbor_into(out);
    cbor_put_map(&writer, 1);
    cbor_put_text(&writer, key);
    cbor_put_bytes(&writer, span_of(digest, 32));
    return request_end(&writer, before);
}

enum status request_report_write(struct buffer *out, const uint8_t nonce[32], uint64_t offset)
{
    size_t before = out->size;
    struct cbor_writer writer = cbor_into(out);
    cbor_put_map(&writer, 2);
    cbor_put_text(&writer, "off");
    cbor_put_uint(&writer, offset);
    cbor_put_text(&writer, "nonce");
    cbor_put_bytes(&writer, span_of(nonce, 32));
    return request_end(&writer, before);
}

enum status request_log_write(struct buffer *out, uint32_t from)
{
    size_t before = out->size;
    struct cbor_writer writer = cbor_into(out);
    cbor_put_map(&writer, 1);
    cbor_put_text(&writer, "from");
    cbor_put_uint(&writer, from);
    return request_end(&writer, before);
}

enum status request_chunk_head_write(struct buffer *out, uint64_t offset, uint64_t length, size_t data_size,
                                     const uint8_t *sha)
{
    size_t before = out->size;
    bool first = offset == 0;
    bool with_sha = first && sha != NULL;
    struct cbor_writer writer = cbor_into(out);
    cbor_put_map(&writer, 2u + (first ? 1u : 0u) + (with_sha ? 1u : 0u));
    if (first) {
        cbor_put_text(&writer, "len");
        cbor_put_uint(&writer, length);
    }
    cbor_put_text(&writer, "off");
    cbor_put_uint(&writer, offset);
    if (with_sha) {
        cbor_put_text(&writer, "sha");
        cbor_put_bytes(&writer, span_of(sha, 32));
    }
    cbor_put_text(&writer, "data");
    cbor_put_bytes_head(&writer, data_size);
    return request_end(&writer, before);
}

enum status request_chunk_write(struct buffer *out, uint64_t offset, uint64_t length, struct span data,
                                const uint8_t *sha)
{
    size_t before = out->size;
    enum status status = request_chunk_head_write(out, offset, length, data.size, sha);
    if (status)
        return status;
    if (!buffer_append(out, data)) {
        out->size = before;
        return TOO_LARGE;
    }
    return OK;
}
