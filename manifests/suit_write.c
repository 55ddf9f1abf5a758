/* Making envelopes: the one template, further signatures, and the severed form for the wire. Everything is read back by
 * the reader that the device has before it is handed out. */
#include "manifests/suit_write.h"

#include <stdlib.h>
#include <string.h>

enum {
    RECORD_ALL = 15,
    RECORD_FAILURE = 2,
    RECORD_CHOICE = 5
}; /* reporting policies, as in the draft's examples */
enum { TRY_LIST_LEAST = 2 };
#define BLOCK_MAX 256 /* bytes of one signature block: headers and 64 of signature */

/* A byte string whose content is written first: `start` is where it begins; closing it puts the head before. */
static size_t wrap_open(const struct cbor_writer *writer)
{
    return writer->out->size;
}

static void wrap_close(struct cbor_writer *writer, size_t start)
{
    enum { MAJOR_BYTES = 2 };
    struct buffer *out = writer->out;
    uint8_t head[9];
    size_t content = out->size - start;
    size_t size = cbor_head(head, MAJOR_BYTES, content);

    if (writer->overflow || out->capacity - out->size < size) {
        writer->overflow = true;
        return;
    }
    memmove(out->data + start + size, out->data + start, content);
    memcpy(out->data + start, head, size);
    out->size += size;
}

static void put_digest(struct cbor_writer *writer, const uint8_t digest[DIGEST_SIZE])
{
    enum { SHA_256 = -16 };
    cbor_put_array(writer, 2);
    cbor_put_int(writer, SHA_256);
    cbor_put_bytes(writer, span_of(digest, DIGEST_SIZE));
}

static void put_command(struct cbor_writer *writer, int64_t label, uint64_t policy)
{
    cbor_put_int(writer, label);
    cbor_put_uint(writer, policy);
}

static void put_override(struct cbor_writer *writer, uint64_t pairs)
{
    cbor_put_int(writer, SUIT_DIRECTIVE_OVERRIDE);
    cbor_put_map(writer, pairs);
}

static void put_wrapped_digest(struct cbor_writer *writer, int64_t parameter,
                               const uint8_t digest[DIGEST_SIZE])
{
    cbor_put_int(writer, parameter);
    size_t start = wrap_open(writer);
    put_digest(writer, digest);
    wrap_close(writer, start);
}

/* Shared sequence -------------------------------------------------------------------------------------------------- */

static void put_class(struct cbor_writer *writer, const uint8_t class_id[UUID_SIZE])
{
    cbor_put_int(writer, SUIT_PARAMETER_CLASS);
    cbor_put_bytes(writer, span_of(class_id, UUID_SIZE));
}

/* Several hardware revisions: whichever this device is. */
static void put_class_choice(struct cbor_writer *writer, const struct suit_content *content)
{
    cbor_put_int(writer, SUIT_DIRECTIVE_TRY_EACH);
    cbor_put_array(writer, content->class_count);
    for (size_t i = 0; i < content->class_count; i++) {
        size_t start = wrap_open(writer);
        cbor_put_array(writer, 4);
        put_override(writer, 1);
        put_class(writer, content->classes[i]);
        put_command(writer, SUIT_CONDITION_CLASS, RECORD_CHOICE);
        wrap_close(writer, start);
    }
}

static void put_shared(struct cbor_writer *writer, const struct suit_content *content)
{
    bool one_class = content->class_count < TRY_LIST_LEAST;
    cbor_put_array(writer, 6);
    put_override(writer, one_class ? 4 : 3);
    cbor_put_int(writer, SUIT_PARAMETER_VENDOR);
    cbor_put_bytes(writer, span_of(content->vendor, UUID_SIZE));
    if (one_class)
        put_class(writer, content->classes[0]);
    put_wrapped_digest(writer, SUIT_PARAMETER_DIGEST, content->image_digest);
    cbor_put_int(writer, SUIT_PARAMETER_SIZE);
    cbor_put_uint(writer, content->image_size);
    put_command(writer, SUIT_CONDITION_VENDOR, RECORD_ALL);
    if (one_class)
        put_command(writer, SUIT_CONDITION_CLASS, RECORD_ALL);
    else
        put_class_choice(writer, content);
}

static void put_common(struct cbor_writer *writer, const struct suit_content *content)
{
    static const uint8_t image[] = {0x81, 0x41, 0x00};
    size_t start = wrap_open(writer);
    cbor_put_map(writer, 2);
    cbor_put_uint(writer, SUIT_COMMON_COMPONENTS);
    cbor_put_array(writer, 1);
    cbor_put_encoded(writer, span_of(image, sizeof image));
    cbor_put_uint(writer, SUIT_COMMON_SHARED);
    size_t shared = wrap_open(writer);
    put_shared(writer, content);
    wrap_close(writer, shared);
    wrap_close(writer, start);
}

/* Install ---------------------------------------------------------------------------------------------------------- */

static void put_policies(struct cbor_writer *writer, const struct suit_content *content)
{
    put_override(writer, content->floor_after != 0 ? 3 : 2);
    if (content->floor_after != 0) {
        cbor_put_int(writer, SUIT_PARAMETER_FLOOR);
        cbor_put_uint(writer, content->floor_after);
    }
    cbor_put_int(writer, SUIT_PARAMETER_CONFIRM);
    size_t start = wrap_open(writer);
    cbor_put_array(writer, 3);
    cbor_put_uint(writer, content->confirm_who);
    cbor_put_uint(writer, content->confirm_healthy);
    cbor_put_uint(writer, content->confirm_tries);
    wrap_close(writer, start);
    cbor_put_int(writer, SUIT_PARAMETER_SILENCE);
    start = wrap_open(writer);
    cbor_put_array(writer, 2);
    cbor_put_uint(writer, content->silence_staging);
    cbor_put_uint(writer, content->silence_boot);
    wrap_close(writer, start);
}

/* "#N" */
static void put_stream_name(struct cbor_writer *writer, size_t number)
{
    const char name[] = {'#', (char)('0' + number), '\0'};
    _Static_assert(SUIT_STREAMS_MAX <= 10, "one digit names a stream");
    cbor_put_text(writer, name);
}

static enum status put_stream(struct cbor_writer *writer, const struct suit_content *content, size_t number)
{
    const struct suit_stream *stream = &content->streams[number];
    put_override(writer, stream->has_base ? 3 : 2);
    cbor_put_int(writer, SUIT_PARAMETER_URI);
    put_stream_name(writer, number);
    cbor_put_int(writer, SUIT_PARAMETER_STREAM);
    size_t start = wrap_open(writer);
    enum status status = writer->overflow ? TOO_LARGE : patch_description_write(writer->out, &stream->patch);
    if (status)
        return status;
    wrap_close(writer, start);
    if (stream->has_base)
        put_wrapped_digest(writer, SUIT_PARAMETER_BASE, stream->base_digest);
    return OK;
}

static enum status put_alternative(struct cbor_writer *writer, const struct suit_content *content,
                                   size_t number)
{
    bool has_base = content->streams[number].has_base;
    size_t start = wrap_open(writer);
    cbor_put_array(writer, has_base ? 4 : 2);
    enum status status = put_stream(writer, content, number);
    if (status)
        return status;
    if (has_base)
        put_command(writer, SUIT_CONDITION_BASE, RECORD_CHOICE);
    wrap_close(writer, start);
    return OK;
}

static enum status put_streams(struct cbor_writer *writer, const struct suit_content *content)
{
    if (content->stream_count < TRY_LIST_LEAST)
        return put_stream(writer, content, 0);

    cbor_put_int(writer, SUIT_DIRECTIVE_TRY_EACH);
    cbor_put_array(writer, content->stream_count);
    for (size_t i = 0; i < content->stream_count; i++) {
        enum status status = put_alternative(writer, content, i);
        if (status)
            return status;
    }
    return OK;
}

static enum status put_install(struct cbor_writer *writer, const struct suit_content *content)
{
    size_t start = wrap_open(writer);
    cbor_put_array(writer, 8);
    put_policies(writer, content);
    enum status status = put_streams(writer, content);
    if (status)
        return status;
    put_command(writer, SUIT_DIRECTIVE_APPLY_STREAM, RECORD_FAILURE);
    put_command(writer, SUIT_CONDITION_IMAGE_MATCH, RECORD_ALL);
    wrap_close(writer, start);
    return OK;
}

/* Manifest and envelope -------------------------------------------------------------------------------------------- */

static void put_single(struct cbor_writer *writer, int64_t key, int64_t label, uint64_t policy)
{
    cbor_put_int(writer, key);
    size_t start = wrap_open(writer);
    cbor_put_array(writer, 2);
    put_command(writer, label, policy);
    wrap_close(writer, start);
}

static void put_version(struct cbor_writer *writer, const uint32_t version[3])
{
    cbor_put_uint(writer, SUIT_KEY_SET_VERSION);
    size_t start = wrap_open(writer);
    cbor_put_array(writer, 3);
    for (size_t i = 0; i < 3; i++)
        cbor_put_uint(writer, version[i]);
    wrap_close(writer, start);
}

/* The manifest's whole byte string, head included. */
static enum status put_manifest(struct cbor_writer *writer, const struct suit_content *content,
                                const uint8_t text_digest[DIGEST_SIZE])
{
    size_t start = wrap_open(writer);
    cbor_put_map(writer, 8);
    cbor_put_uint(writer, SUIT_KEY_VERSION);
    cbor_put_uint(writer, 1);
    cbor_put_uint(writer, SUIT_KEY_SEQUENCE);
    cbor_put_uint(writer, content->sequence);
    cbor_put_uint(writer, SUIT_KEY_COMMON);
    put_common(writer, content);
    put_version(writer, content->version);
    put_single(writer, SUIT_KEY_VALIDATE, SUIT_CONDITION_IMAGE_MATCH, RECORD_ALL);
    put_single(writer, SUIT_KEY_INVOKE, SUIT_DIRECTIVE_INVOKE, RECORD_FAILURE);
    cbor_put_uint(writer, SUIT_KEY_INSTALL);
    enum status status = put_install(writer, content);
    if (status)
        return status;
    cbor_put_uint(writer, SUIT_KEY_TEXT);
    put_digest(writer, text_digest);
    wrap_close(writer, start);
    return cbor_written(writer);
}

static enum status put_text(struct cbor_writer *writer, const struct suit_content *content)
{
    size_t start = wrap_open(writer);
    enum status status = suit_text_write(writer->out, content);
    if (status)
        return status;
    wrap_close(writer, start);
    return cbor_written(writer);
}

static void put_wrapper(struct cbor_writer *writer, struct span manifest_item)
{
    uint8_t digest[DIGEST_SIZE];
    digest_of(manifest_item, digest);
    size_t start = wrap_open(writer);
    cbor_put_array(writer, 1);
    size_t inner = wrap_open(writer);
    put_digest(writer, digest);
    wrap_close(writer, inner);
    wrap_close(writer, start);
}

/* `work` is as large as what is left of `out`: what does not fit there does not fit here. */
static enum status put_envelope(struct buffer *out, const struct suit_content *content, struct buffer *work)
{
    struct cbor_writer parts = cbor_into(work);
    uint8_t text_digest[DIGEST_SIZE];
    enum status status = put_text(&parts, content);
    if (status)
        return status;
    struct span text = span_used(work);
    digest_of(text, text_digest);
    if ((status = put_manifest(&parts, content, text_digest)))
        return status;
    struct span manifest = span_from(span_used(work), text.size);

    struct cbor_writer writer = cbor_into(out);
    cbor_put_tag(&writer, SUIT_TAG);
    cbor_put_map(&writer, 3);
    cbor_put_uint(&writer, SUIT_KEY_WRAPPER);
    put_wrapper(&writer, manifest);
    cbor_put_uint(&writer, SUIT_KEY_MANIFEST);
    cbor_put_encoded(&writer, manifest);
    cbor_put_uint(&writer, SUIT_KEY_TEXT);
    cbor_put_encoded(&writer, text);
    return cbor_written(&writer);
}

/* Reading back ----------------------------------------------------------------------------------------------------- */

static enum status plan_back(const struct suit_manifest *manifest, const struct suit_content *content,
                             size_t class_number, size_t stream_number)
{
    const struct suit_stream *stream = &content->streams[stream_number];
    struct plan_target target = {.stream = (int)stream_number};
    struct plan plan;

    memcpy(target.vendor, content->vendor, UUID_SIZE);
    memcpy(target.class_id, content->classes[class_number], UUID_SIZE);
    memcpy(target.running_digest, stream->base_digest, DIGEST_SIZE);
    enum status status = plan_make(manifest, &target, &plan, NULL);
    if (status)
        return status;
    bool same = plan.stream == stream_number && plan.has_base == stream->has_base &&
                plan.image_size == content->image_size &&
                digest_equal(plan.image_digest, content->image_digest) &&
                plan.floor_after == content->floor_after;
    return same ? OK : BAD_FORMAT;
}

static enum status read_back(struct span envelope_bytes, const struct suit_content *content,
                             struct buffer arena)
{
    struct suit_envelope envelope;
    struct suit_manifest manifest;
    struct suit_content text = {0};
    enum status status = suit_envelope_read(envelope_bytes, &envelope, NULL);
    if (status || (status = suit_manifest_read(&envelope, &manifest, NULL)))
        return status;
    status = suit_text_read(manifest.text, &text, &arena);
    for (size_t c = 0; c < content->class_count && !status; c++) {
        for (size_t s = 0; s < content->stream_count && !status; s++)
            status = plan_back(&manifest, content, c, s);
    }
    return status;
}

static enum status check_content(const struct suit_content *content)
{
    if (content->class_count > SUIT_CLASSES_MAX || content->stream_count > SUIT_STREAMS_MAX)
        return TOO_LARGE;
    if (content->class_count == 0 || content->stream_count == 0)
        return BAD_FORMAT;
    for (size_t i = 0; i < content->stream_count; i++) {
        bool is_last = i == content->stream_count - 1;
        if (content->streams[i].has_base == is_last)
            return BAD_FORMAT;
    }
    return OK;
}

enum status suit_write(struct buffer *out, const struct suit_content *content)
{
    struct buffer whole = *out;
    size_t room = out->capacity - out->size;
    enum status status = check_content(content);
    if (status)
        return status;
    uint8_t *memory = malloc(room + 1);
    if (memory == NULL)
        return FAILED;

    struct buffer work = buffer_over(memory, room);
    status = put_envelope(&whole, content, &work);
    if (!status)
        status = read_back(span_from(span_used(&whole), out->size), content, buffer_over(memory, room));
    free(memory);
    if (!status)
        *out = whole;
    return status;
}

/* Signing and severing --------------------------------------------------------------------------------------------- */

static enum status check_room(const struct suit_envelope *envelope, const struct cose_signer *signer)
{
    if (envelope->block_count >= SUIT_BLOCKS_MAX)
        return TOO_LARGE;
    for (size_t i = 0; i < envelope->block_count; i++) {
        struct cose_sign1 block;
        enum status status = cose_read(envelope->blocks[i], &block);
        if (status)
            return status;
        if (block.key_id.data != NULL && memcmp(block.key_id.data, signer->key_id, KEY_ID_SIZE) == 0)
            return WRONG_STATE;
    }
    return OK;
}

static enum status sign_digest(struct buffer *block, const struct suit_envelope *envelope,
                               const struct cose_signer *signer)
{
    static const uint8_t no_aad[1] = {0};
    uint8_t memory[256];
    struct span aad = span_of(no_aad, 0);
    return cose_sign1_write(block, signer, aad, envelope->digest_item, COSE_DETACHED,
                            buffer_over(memory, sizeof memory));
}

/* Where the manifest's key stands: all from there on is the same in every signed form of an envelope. */
static size_t manifest_key_at(const struct suit_envelope *envelope)
{
    uint8_t head[9];
    size_t head_size = cbor_head(head, 2, envelope->manifest.size);
    return (size_t)(envelope->manifest.data - envelope->whole.data) - head_size - 1;
}

static enum status put_signed(struct buffer *out, const struct suit_envelope *envelope, struct span block)
{
    struct cbor_writer writer = cbor_into(out);
    cbor_put_tag(&writer, SUIT_TAG);
    cbor_put_map(&writer, 2 + envelope->member_count);
    cbor_put_uint(&writer, SUIT_KEY_WRAPPER);
    size_t start = wrap_open(&writer);
    cbor_put_array(&writer, 2 + envelope->block_count);
    cbor_put_bytes(&writer, envelope->digest_item);
    for (size_t i = 0; i < envelope->block_count; i++)
        cbor_put_bytes(&writer, envelope->blocks[i]);
    cbor_put_bytes(&writer, block);
    wrap_close(&writer, start);
    cbor_put_encoded(&writer, span_from(envelope->whole, manifest_key_at(envelope)));
    return cbor_written(&writer);
}

/* Appends to `out` what `whole` holds more, when it reads as an envelope of the same manifest. */
static enum status hand_out(struct buffer *out, struct buffer whole, const struct suit_envelope *from)
{
    struct suit_envelope envelope;
    enum status status = suit_envelope_read(span_from(span_used(&whole), out->size), &envelope, NULL);
    if (status)
        return status;
    if (!digest_equal(envelope.digest, from->digest))
        return BAD_DIGEST;
    *out = whole;
    return OK;
}

enum status suit_sign(struct buffer *out, struct span envelope, const struct cose_signer *signer)
{
    struct suit_envelope unsigned_one;
    uint8_t memory[BLOCK_MAX];
    struct buffer block = buffer_over(memory, sizeof memory), whole = *out;
    enum status status = suit_envelope_read(envelope, &unsigned_one, NULL);
    if (!status)
        status = check_room(&unsigned_one, signer);
    if (!status)
        status = sign_digest(&block, &unsigned_one, signer);
    if (!status)
        status = put_signed(&whole, &unsigned_one, span_used(&block));
    return status ? status : hand_out(out, whole, &unsigned_one);
}

static const struct suit_member *text_member(const struct suit_envelope *envelope)
{
    for (size_t i = 0; i < envelope->member_count; i++) {
        if (envelope->members[i].key_text.data == NULL && envelope->members[i].key == SUIT_KEY_TEXT)
            return &envelope->members[i];
    }
    return NULL;
}

enum status suit_sever_text(struct buffer *out, struct span envelope)
{
    enum { MEMBERS_AT = 3, KEY_SIZE = 1 }; /* tag and map head before the members; the key 23 is one byte */
    struct suit_envelope with_text;
    struct buffer whole = *out;
    enum status status = suit_envelope_read(envelope, &with_text, NULL);
    if (status)
        return status;
    const struct suit_member *text = text_member(&with_text);
    if (text == NULL)
        return buffer_append(out, envelope) ? OK : TOO_LARGE;

    struct cbor_writer writer = cbor_into(&whole);
    size_t text_at = (size_t)(text->item.data - envelope.data);
    cbor_put_tag(&writer, SUIT_TAG);
    cbor_put_map(&writer, 1 + with_text.member_count);
    cbor_put_encoded(&writer, span_of(envelope.data + MEMBERS_AT, text_at - KEY_SIZE - MEMBERS_AT));
    cbor_put_encoded(&writer, span_from(envelope, text_at + text->item.size));
    status = cbor_written(&writer);
    return status ? status : hand_out(out, whole, &with_text);
}
