/* The text member: what people read of an update, never what a device does. Map of language "en" (docs/formats.md 6);
 * written with canonical keys, read with unknown ones passed over. */
#include "manifests/suit_write.h"

#include <string.h>

enum { FORMAT = 1 };
enum { TEXT_UPDATE_DESCRIPTION = 2 }; /* keys of the language's map (draft 8.4.4) */
enum { COMPONENT_VENDOR_NAME = 1, COMPONENT_MODEL_NAME = 2, COMPONENT_VENDOR_DOMAIN = 3 };
static const uint8_t image_component[] = {0x81, 0x41, 0x00};

/* Writing ---------------------------------------------------------------------------------------------------------- */

static void put_pair(struct cbor_writer *writer, const char *key, const char *text)
{
    if (text == NULL)
        return;
    cbor_put_text(writer, key);
    cbor_put_text(writer, text);
}

/* Canonical order of text keys is that of their encoded bytes: the shorter first, then by bytes. */
static bool name_follows(const char *last, const char *name)
{
    size_t a = strlen(last), b = strlen(name);
    return a != b ? a < b : strcmp(last, name) < 0;
}

static const struct suit_attachment *next_attachment(const struct suit_content *content, const char *last)
{
    const struct suit_attachment *next = NULL;
    for (size_t i = 0; i < content->attachment_count; i++) {
        const struct suit_attachment *candidate = &content->attachments[i];
        if (last != NULL && !name_follows(last, candidate->name))
            continue;
        if (next == NULL || name_follows(candidate->name, next->name))
            next = candidate;
    }
    return next;
}

static enum status put_attachments(struct cbor_writer *writer, const struct suit_content *content)
{
    const struct suit_attachment *next = next_attachment(content, NULL);
    size_t written = 0;

    cbor_put_int(writer, SUIT_TEXT_ATTACHMENTS);
    cbor_put_map(writer, content->attachment_count);
    for (; next != NULL; next = next_attachment(content, next->name)) {
        cbor_put_text(writer, next->name);
        cbor_put_array(writer, 2);
        cbor_put_uint(writer, next->size);
        cbor_put_bytes(writer, span_of(next->digest, DIGEST_SIZE));
        written++;
    }
    return written == content->attachment_count ? OK : BAD_FORMAT;
}

static void put_check(struct cbor_writer *writer, const struct suit_check *check)
{
    cbor_put_map(writer, 7);
    put_pair(writer, "id", check->id);
    cbor_put_text(writer, "max");
    cbor_put_int(writer, check->most);
    cbor_put_text(writer, "min");
    cbor_put_int(writer, check->least);
    put_pair(writer, "kind", check->kind);
    put_pair(writer, "text", check->text);
    put_pair(writer, "unit", check->unit);
    cbor_put_text(writer, "required");
    cbor_put_bool(writer, check->required);
}

static enum status put_checks(struct cbor_writer *writer, const struct suit_content *content)
{
    cbor_put_int(writer, SUIT_TEXT_CHECKS);
    cbor_put_array(writer, content->check_count);
    for (size_t i = 0; i < content->check_count; i++) {
        const struct suit_check *check = &content->checks[i];
        if (check->id == NULL || check->text == NULL || check->kind == NULL || check->unit == NULL)
            return BAD_FORMAT;
        put_check(writer, check);
    }
    return OK;
}

static void put_release(struct cbor_writer *writer, const struct suit_content *content)
{
    uint64_t pairs =
        3u + (content->from != NULL) + (content->least_loader != NULL) + (content->valid_until != NULL);
    cbor_put_int(writer, SUIT_TEXT_RELEASE);
    cbor_put_map(writer, pairs);
    put_pair(writer, "from", content->from);
    cbor_put_text(writer, "format");
    cbor_put_uint(writer, FORMAT);
    put_pair(writer, "loader", content->least_loader);
    cbor_put_text(writer, "minutes");
    cbor_put_uint(writer, content->minutes);
    put_pair(writer, "valid until", content->valid_until);
    cbor_put_text(writer, "vulnerabilities");
    cbor_put_array(writer, content->cve_count);
    for (size_t i = 0; i < content->cve_count; i++)
        cbor_put_text(writer, content->cves[i]);
}

static void put_component(struct cbor_writer *writer, const struct suit_content *content)
{
    const struct {
        int64_t key;
        const char *text;
    } texts[] = {
        {COMPONENT_VENDOR_NAME, content->vendor_name},
        {COMPONENT_MODEL_NAME, content->model_name},
        {COMPONENT_VENDOR_DOMAIN, content->vendor_domain},
    };
    size_t present = 0;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        present += texts[i].text != NULL;
    cbor_put_encoded(writer, span_of(image_component, sizeof image_component));
    cbor_put_map(writer, present);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (texts[i].text == NULL)
            continue;
        cbor_put_int(writer, texts[i].key);
        cbor_put_text(writer, texts[i].text);
    }
}

static enum status check_counts(const struct suit_content *content)
{
    if (content->attachment_count > SUIT_ATTACHMENTS_MAX || content->check_count > SUIT_CHECKS_MAX ||
        content->cve_count > SUIT_CVES_MAX)
        return TOO_LARGE;
    return OK;
}

enum status suit_text_write(struct buffer *out, const struct suit_content *content)
{
    struct buffer whole = *out;
    struct cbor_writer writer = cbor_into(&whole);
    enum status status = check_counts(content);
    if (status)
        return status;

    cbor_put_map(&writer, 1);
    cbor_put_text(&writer, "en");
    cbor_put_map(&writer, content->update_description != NULL ? 5 : 4);
    if (content->update_description != NULL) {
        cbor_put_uint(&writer, TEXT_UPDATE_DESCRIPTION);
        cbor_put_text(&writer, content->update_description);
    }
    if ((status = put_attachments(&writer, content)) || (status = put_checks(&writer, content)))
        return status;
    put_release(&writer, content);
    put_component(&writer, content);
    status = cbor_written(&writer);
    if (!status)
        *out = whole;
    return status;
}

/* Reading ---------------------------------------------------------------------------------------------------------- */

struct reader {
    struct cbor cbor;
    struct suit_content *content;
    struct buffer *arena;
};

/* One value of a map: `key` was read already, and the value follows. A key that means nothing here is passed over. */
typedef enum status read_value(struct reader *reader, struct span key, void *into);

static enum status read_text_map(struct reader *reader, read_value *value, void *into)
{
    struct cbor_items items;
    struct span key;
    bool more;
    enum status status = cbor_enter_map(&reader->cbor, &items);

    while (!status && !(status = cbor_more(&reader->cbor, &items, &more)) && more) {
        status = cbor_text(&reader->cbor, &key);
        if (!status)
            status = value(reader, key, into);
    }
    return status;
}

static bool is(struct span key, const char *name)
{
    return span_equal(key, span_text(name));
}

static enum status keep_text(struct buffer *arena, struct span text, const char **out)
{
    if (text.size > 0 && memchr(text.data, '\0', text.size) != NULL)
        return BAD_FORMAT;
    if (arena->capacity - arena->size <= text.size)
        return TOO_LARGE;
    *out = (const char *)arena->data + arena->size;
    buffer_append(arena, text);
    buffer_put(arena, '\0');
    return OK;
}

static enum status read_string(struct reader *reader, const char **out)
{
    struct span text;
    enum status status = cbor_text(&reader->cbor, &text);
    return status ? status : keep_text(reader->arena, text, out);
}

static enum status read_attachment(struct reader *reader, struct span name, void *into)
{
    struct suit_content *content = into;
    struct cbor_items items;
    if (content->attachment_count >= SUIT_ATTACHMENTS_MAX)
        return TOO_LARGE;
    struct suit_attachment *attachment = &content->attachments[content->attachment_count];
    enum status status = keep_text(reader->arena, name, &attachment->name);
    if (status || (status = cbor_enter_array(&reader->cbor, &items)))
        return status;
    if (items.left != 2)
        return BAD_FORMAT;
    if ((status = cbor_uint(&reader->cbor, &attachment->size)))
        return status;
    content->attachment_count++;
    return cbor_bytes_exact(&reader->cbor, attachment->digest, DIGEST_SIZE);
}

static enum status read_check_value(struct reader *reader, struct span key, void *into)
{
    struct suit_check *check = into;
    if (is(key, "id"))
        return read_string(reader, &check->id);
    if (is(key, "max"))
        return cbor_int(&reader->cbor, &check->most);
    if (is(key, "min"))
        return cbor_int(&reader->cbor, &check->least);
    if (is(key, "kind"))
        return read_string(reader, &check->kind);
    if (is(key, "text"))
        return read_string(reader, &check->text);
    if (is(key, "unit"))
        return read_string(reader, &check->unit);
    if (is(key, "required"))
        return cbor_bool(&reader->cbor, &check->required);
    return cbor_skip(&reader->cbor, NULL);
}

/* A check that can't be asked must not look as if it had been. */
static enum status judge_check(const struct suit_check *check)
{
    if (check->id == NULL || check->text == NULL || check->kind == NULL || check->unit == NULL)
        return BAD_FORMAT;
    if (strcmp(check->kind, "yes-no") != 0 && strcmp(check->kind, "number") != 0 &&
        strcmp(check->kind, "text") != 0)
        return UNSUPPORTED;
    return check->least <= check->most ? OK : BAD_FORMAT;
}

static enum status read_checks(struct reader *reader)
{
    struct suit_content *content = reader->content;
    struct cbor_items items;
    enum status status = cbor_enter_array(&reader->cbor, &items);
    if (status)
        return status;
    if (items.left > SUIT_CHECKS_MAX)
        return TOO_LARGE;
    for (uint64_t i = 0; i < items.left; i++) {
        struct suit_check *check = &content->checks[content->check_count];
        status = read_text_map(reader, read_check_value, check);
        if (status || (status = judge_check(check)))
            return status;
        content->check_count++;
    }
    return OK;
}

static enum status read_vulnerabilities(struct reader *reader)
{
    struct suit_content *content = reader->content;
    struct cbor_items items;
    enum status status = cbor_enter_array(&reader->cbor, &items);
    if (status)
        return status;
    if (items.left > SUIT_CVES_MAX)
        return TOO_LARGE;
    for (uint64_t i = 0; i < items.left; i++) {
        if ((status = read_string(reader, &content->cves[content->cve_count])))
            return status;
        content->cve_count++;
    }
    return OK;
}

static enum status read_format(struct reader *reader)
{
    uint64_t format;
    enum status status = cbor_uint(&reader->cbor, &format);
    if (status)
        return status;
    return format == FORMAT ? OK : BAD_VERSION;
}

static enum status read_release_value(struct reader *reader, struct span key, void *into)
{
    struct suit_content *content = into;
    if (is(key, "from"))
        return read_string(reader, &content->from);
    if (is(key, "format"))
        return read_format(reader);
    if (is(key, "loader"))
        return read_string(reader, &content->least_loader);
    if (is(key, "minutes"))
        return cbor_uint32(&reader->cbor, &content->minutes);
    if (is(key, "valid until"))
        return read_string(reader, &content->valid_until);
    if (is(key, "vulnerabilities"))
        return read_vulnerabilities(reader);
    return cbor_skip(&reader->cbor, NULL);
}

static enum status read_component_value(struct reader *reader, int64_t key)
{
    switch (key) {
    case COMPONENT_VENDOR_NAME:
        return read_string(reader, &reader->content->vendor_name);
    case COMPONENT_MODEL_NAME:
        return read_string(reader, &reader->content->model_name);
    case COMPONENT_VENDOR_DOMAIN:
        return read_string(reader, &reader->content->vendor_domain);
    default:
        return cbor_skip(&reader->cbor, NULL);
    }
}

static enum status read_component(struct reader *reader)
{
    struct cbor_items items;
    struct span key;
    int64_t number;
    bool more;
    enum status status = cbor_skip(&reader->cbor, &key);
    if (status)
        return status;
    if (!span_equal(key, span_of(image_component, sizeof image_component)))
        return cbor_skip(&reader->cbor, NULL);

    status = cbor_enter_map(&reader->cbor, &items);
    while (!status && !(status = cbor_more(&reader->cbor, &items, &more)) && more) {
        status = cbor_int(&reader->cbor, &number);
        if (!status)
            status = read_component_value(reader, number);
    }
    return status;
}

static enum status read_number_key(struct reader *reader)
{
    int64_t key;
    enum status status = cbor_int(&reader->cbor, &key);
    if (status)
        return status;
    switch (key) {
    case TEXT_UPDATE_DESCRIPTION:
        return read_string(reader, &reader->content->update_description);
    case SUIT_TEXT_ATTACHMENTS:
        return read_text_map(reader, read_attachment, reader->content);
    case SUIT_TEXT_CHECKS:
        return read_checks(reader);
    case SUIT_TEXT_RELEASE:
        return read_text_map(reader, read_release_value, reader->content);
    default:
        return cbor_skip(&reader->cbor, NULL);
    }
}

static enum status read_language(struct reader *reader, struct span language, void *into)
{
    struct cbor_items items;
    bool more;
    (void)into;
    if (!is(language, "en"))
        return cbor_skip(&reader->cbor, NULL);

    enum status status = cbor_enter_map(&reader->cbor, &items);
    while (!status && !(status = cbor_more(&reader->cbor, &items, &more)) && more)
        status = cbor_kind(&reader->cbor) == CBOR_ARRAY ? read_component(reader) : read_number_key(reader);
    return status;
}

static void forget_texts(struct suit_content *content)
{
    content->vendor_name = content->vendor_domain = content->model_name = content->update_description = NULL;
    content->from = content->valid_until = content->least_loader = NULL;
    content->minutes = 0;
    content->attachment_count = content->check_count = content->cve_count = 0;
    memset(content->attachments, 0, sizeof content->attachments);
    memset(content->checks, 0, sizeof content->checks);
    memset(content->cves, 0, sizeof content->cves);
}

enum status suit_text_read(struct span text, struct suit_content *content, struct buffer *arena)
{
    struct suit_content read = *content;
    struct buffer kept = *arena;
    struct reader reader = {cbor_over(text, CBOR_CANONICAL), &read, &kept};

    forget_texts(&read);
    enum status status = read_text_map(&reader, read_language, NULL);
    if (!status)
        status = cbor_end(&reader.cbor);
    if (status)
        return status == INCOMPLETE ? BAD_FORMAT : status;
    *content = read;
    *arena = kept;
    return OK;
}
