/* Parameters of a component (draft 8.4.8, and our own): each label's type and bounds. */
#include "manifests/suit_sequence.h"

static enum status read_flagged(struct cbor *cbor, uint64_t *value, bool *flag)
{
    enum status status = cbor_uint(cbor, value);
    if (!status)
        *flag = true;
    return status;
}

static enum status read_priority(struct cbor *cbor, struct suit_parameters *out)
{
    enum status status = cbor_int(cbor, &out->priority);
    if (!status)
        out->has_priority = true;
    return status;
}

/* 16 bytes (RFC 9562). A private enterprise number (tag 112) in its place is outside the profile. */
static enum status read_identifier(struct cbor *cbor, struct span *out)
{
    struct span bytes;
    if (cbor_kind(cbor) == CBOR_TAG)
        return UNSUPPORTED;
    enum status status = cbor_bytes(cbor, &bytes);
    if (status)
        return status;
    if (bytes.size != UUID_SIZE)
        return BAD_FORMAT;
    *out = bytes;
    return OK;
}

static enum status read_image_digest(struct cbor *cbor, struct span *out)
{
    struct span item;
    enum status status = cbor_bytes(cbor, &item);
    return status ? status : suit_digest_read(item, out);
}

/* The content of a bstr that holds one array, with a cursor inside it. */
static enum status enter_wrapped(struct cbor *cbor, struct span *content, struct cbor *inside,
                                 struct cbor_items *items)
{
    enum status status = cbor_bytes(cbor, content);
    if (status)
        return status;
    *inside = cbor_over(*content, CBOR_CANONICAL);
    return cbor_enter_array(inside, items);
}

/* Numbers of a version (update-management, version match): 1 to 3, then perhaps -1 rc, -2 beta or -3 alpha and more. */
static enum status check_version_numbers(struct cbor *cbor)
{
    enum { NUMBERS_MAX = 8, ALPHA = -3 };
    struct cbor_items items;
    enum status status = cbor_enter_array(cbor, &items);
    if (status)
        return status;
    if (items.left == 0 || items.left > NUMBERS_MAX)
        return BAD_FORMAT;
    for (uint64_t i = 0; i < items.left; i++) {
        int64_t number;
        if ((status = cbor_int(cbor, &number)))
            return status;
        if (number < (i == 0 ? 0 : ALPHA) || number > UINT32_MAX)
            return BAD_FORMAT;
    }
    return OK;
}

static enum status read_version_match(struct cbor *cbor, struct span *out)
{
    enum { COMPARISON_MIN = 1, COMPARISON_MAX = 5 };
    struct span content;
    struct cbor inside;
    struct cbor_items items;
    uint8_t comparison;
    enum status status = enter_wrapped(cbor, &content, &inside, &items);
    if (status)
        return status;
    if (items.left != 2)
        return BAD_FORMAT;
    if ((status = cbor_uint8(&inside, &comparison)))
        return status;
    if (comparison < COMPARISON_MIN || comparison > COMPARISON_MAX)
        return BAD_FORMAT;
    if ((status = check_version_numbers(&inside)) || (status = cbor_end(&inside)))
        return status;
    *out = content;
    return OK;
}

/* What the description says is judged when its stream is chosen: an alternative for newer decoders does no harm. */
static enum status read_stream(struct cbor *cbor, struct span *out)
{
    struct span content;
    struct cbor inside;
    enum status status = cbor_bytes(cbor, &content);
    if (status)
        return status;
    inside = cbor_over(content, CBOR_CANONICAL);
    if (cbor_kind(&inside) != CBOR_ARRAY)
        return BAD_FORMAT;
    if ((status = cbor_skip(&inside, NULL)) || (status = cbor_end(&inside)))
        return status;
    *out = content;
    return OK;
}

static enum status read_floor(struct cbor *cbor, struct suit_parameters *out)
{
    enum status status = cbor_uint32(cbor, &out->floor_after);
    if (!status)
        out->has_floor = true;
    return status;
}

static enum status read_confirm(struct cbor *cbor, struct suit_parameters *out)
{
    struct span content;
    struct cbor inside;
    struct cbor_items items;
    enum status status = enter_wrapped(cbor, &content, &inside, &items);
    if (status)
        return status;
    if (items.left != 3)
        return BAD_FORMAT;
    if ((status = cbor_uint8(&inside, &out->confirm_who)) ||
        (status = cbor_uint32(&inside, &out->confirm_healthy)) ||
        (status = cbor_uint8(&inside, &out->confirm_tries)) || (status = cbor_end(&inside)))
        return status;
    out->has_confirm = true;
    return OK;
}

static enum status read_silence(struct cbor *cbor, struct suit_parameters *out)
{
    struct span content;
    struct cbor inside;
    struct cbor_items items;
    enum status status = enter_wrapped(cbor, &content, &inside, &items);
    if (status)
        return status;
    if (items.left != 2)
        return BAD_FORMAT;
    if ((status = cbor_uint32(&inside, &out->silence_staging)) ||
        (status = cbor_uint32(&inside, &out->silence_boot)) || (status = cbor_end(&inside)))
        return status;
    out->has_silence = true;
    return OK;
}

static enum status read_custom(struct cbor *cbor, int64_t label, struct suit_parameters *out)
{
    switch (label) {
    case SUIT_PARAMETER_STREAM:
        return read_stream(cbor, &out->stream);
    case SUIT_PARAMETER_BASE:
        return read_image_digest(cbor, &out->base_digest);
    case SUIT_PARAMETER_FLOOR:
        return read_floor(cbor, out);
    case SUIT_PARAMETER_CONFIRM:
        return read_confirm(cbor, out);
    case SUIT_PARAMETER_SILENCE:
        return read_silence(cbor, out);
    default:
        return UNSUPPORTED;
    }
}

static enum status read_one(struct cbor *cbor, int64_t label, struct suit_parameters *out)
{
    switch (label) {
    case SUIT_PARAMETER_VENDOR:
        return read_identifier(cbor, &out->vendor);
    case SUIT_PARAMETER_CLASS:
        return read_identifier(cbor, &out->class_id);
    case SUIT_PARAMETER_DEVICE:
        return read_identifier(cbor, &out->device_id);
    case SUIT_PARAMETER_DIGEST:
        return read_image_digest(cbor, &out->image_digest);
    case SUIT_PARAMETER_USE_BEFORE:
        return read_flagged(cbor, &out->use_before, &out->has_use_before);
    case SUIT_PARAMETER_SLOT:
        return read_flagged(cbor, &out->slot, &out->has_slot);
    case SUIT_PARAMETER_SIZE:
        return read_flagged(cbor, &out->image_size, &out->has_size);
    case SUIT_PARAMETER_CONTENT:
        return cbor_bytes(cbor, &out->content);
    case SUIT_PARAMETER_URI:
        return cbor_text(cbor, &out->uri);
    case SUIT_PARAMETER_SOURCE:
        return read_flagged(cbor, &out->source, &out->has_source);
    case SUIT_PARAMETER_INVOKE_ARGUMENTS:
        return cbor_bytes(cbor, &out->invoke_arguments);
    case SUIT_PARAMETER_BATTERY:
        return read_flagged(cbor, &out->battery, &out->has_battery);
    case SUIT_PARAMETER_PRIORITY:
        return read_priority(cbor, out);
    case SUIT_PARAMETER_VERSION:
        return read_version_match(cbor, &out->version_match);
    default:
        return read_custom(cbor, label, out);
    }
}

static enum status read_pair(struct cbor *cbor, enum suit_scope scope, struct suit_parameters *out,
                             struct suit_where *where)
{
    enum { CUSTOM_MAX = -257 };
    int64_t label;
    enum status status = cbor_int(cbor, &label);
    if (status)
        return suit_whole(status);
    if (suit_parameter_name(label) == NULL || (scope == SUIT_SHARED && label <= CUSTOM_MAX))
        return suit_refuse(where, SUIT_PARAMETER, label, UNSUPPORTED);
    status = suit_whole(read_one(cbor, label, out));
    return status ? suit_refuse(where, SUIT_PARAMETER, label, status) : OK;
}

enum status suit_parameters_read(struct cbor argument, enum suit_scope scope, struct suit_parameters *out,
                                 struct suit_where *where)
{
    struct cbor_items items;
    bool more;
    enum status status = cbor_enter_map(&argument, &items);

    if (!status && items.left == 0)
        status = BAD_FORMAT;
    while (!status && !(status = cbor_more(&argument, &items, &more)) && more) {
        if ((status = read_pair(&argument, scope, out, where)))
            return status;
    }
    return status ? suit_refuse(where, SUIT_COMMAND, SUIT_DIRECTIVE_OVERRIDE, suit_whole(status)) : OK;
}
