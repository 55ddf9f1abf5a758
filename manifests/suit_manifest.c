/* The profile level of suit.h: which manifests a device of ours executes. Every command of every sequence is looked at,
 * chosen or not; all that is outside the profile is refused by its label. */
#include "manifests/suit_sequence.h"

/* Walking sequences ------------------------------------------------------------------------------------------------ */

struct walk {
    size_t component_count;
    enum suit_scope scope;
    struct suit_parameters scratch;
    struct suit_where *where;
};

static enum status walk_sequence(struct walk *walk, struct span content, unsigned depth);

static enum status walk_map(struct walk *walk, struct cbor argument)
{
    enum status status = suit_parameters_read(argument, walk->scope, &walk->scratch, walk->where);
    if (status)
        return status;
    if (walk->scratch.has_source && walk->scratch.source >= walk->component_count)
        return suit_refuse(walk->where, SUIT_PARAMETER, SUIT_PARAMETER_SOURCE, BAD_FORMAT);
    return OK;
}

static enum status walk_nested(struct walk *walk, struct cbor argument, unsigned depth)
{
    struct span content;
    enum status status = suit_nested_read(argument, &content);
    return status ? status : walk_sequence(walk, content, depth + 1);
}

static enum status walk_alternatives(struct walk *walk, struct cbor argument, unsigned depth)
{
    struct suit_alternatives alternatives;
    struct span content;
    bool more;
    enum status status = suit_alternatives_open(argument, &alternatives);

    while (!status && !(status = suit_alternatives_next(&alternatives, &content, &more)) && more) {
        if (content.data != NULL)
            status = walk_sequence(walk, content, depth + 1);
    }
    return status;
}

static enum status walk_argument(struct walk *walk, const struct suit_command *command, unsigned depth)
{
    struct suit_selection selection;

    switch (command->rule->argument) {
    case SUIT_ARGUMENT_POLICY:
        return suit_policy_check(command->argument);
    case SUIT_ARGUMENT_INDEX:
        return suit_index_read(command->argument, walk->component_count, &selection);
    case SUIT_ARGUMENT_MAP:
        return walk_map(walk, command->argument);
    case SUIT_ARGUMENT_SEQUENCE:
        return walk_nested(walk, command->argument, depth);
    case SUIT_ARGUMENT_SEQUENCES:
        return walk_alternatives(walk, command->argument, depth);
    }
    return UNSUPPORTED;
}

static enum status walk_sequence(struct walk *walk, struct span content, unsigned depth)
{
    struct suit_sequence sequence;
    struct suit_command command;
    bool more;
    if (depth > SUIT_NESTING_MAX)
        return TOO_LARGE;
    enum status status = suit_sequence_open(content, walk->scope, &sequence);

    while (!status && !(status = suit_sequence_next(&sequence, &command, &more, walk->where)) && more) {
        status = walk_argument(walk, &command, depth);
        /* The innermost name stays: a parameter or a nested command has given it already. */
        if (status && walk->where->place == SUIT_NOWHERE)
            suit_refuse(walk->where, SUIT_COMMAND, command.label, status);
    }
    return status;
}

static enum status check_sequence(const struct suit_manifest *manifest, struct span content,
                                  enum suit_scope scope, struct suit_where *where)
{
    if (content.data == NULL)
        return OK;
    struct walk walk = {.component_count = manifest->component_count, .scope = scope, .where = where};
    return walk_sequence(&walk, content, 0);
}

/* Common ----------------------------------------------------------------------------------------------------------- */

/* A component identifier: one byte string or more. */
static enum status read_component(struct cbor *cbor, struct span *out)
{
    struct cbor at = *cbor;
    struct cbor_items items;
    struct span part;
    enum status status = cbor_enter_array(&at, &items);
    if (status)
        return status;
    if (items.left == 0)
        return BAD_FORMAT;
    for (uint64_t i = 0; i < items.left; i++) {
        if ((status = cbor_bytes(&at, &part)))
            return status;
    }
    *out = span_of(cbor->at, (size_t)(at.at - cbor->at));
    *cbor = at;
    return OK;
}

static bool component_known(const struct suit_manifest *manifest, struct span component)
{
    for (size_t i = 0; i < manifest->component_count; i++) {
        if (span_equal(manifest->components[i], component))
            return true;
    }
    return false;
}

static enum status read_components(struct cbor *cbor, struct suit_manifest *out)
{
    struct cbor_items items;
    enum status status = cbor_enter_array(cbor, &items);
    if (status)
        return status;
    if (items.left == 0)
        return BAD_FORMAT;
    if (items.left > SUIT_COMPONENTS_MAX)
        return TOO_LARGE;
    for (uint64_t i = 0; i < items.left; i++) {
        struct span component;
        if ((status = read_component(cbor, &component)))
            return status;
        if (component_known(out, component))
            return BAD_FORMAT;
        out->components[out->component_count++] = component;
    }
    return OK;
}

static enum status read_common_pair(struct cbor *cbor, int64_t key, struct suit_manifest *out)
{
    switch (key) {
    case SUIT_COMMON_COMPONENTS:
        return read_components(cbor, out);
    case SUIT_COMMON_SHARED:
        return cbor_bytes(cbor, &out->shared);
    default:
        return UNSUPPORTED;
    }
}

static enum status read_common(struct span content, struct suit_manifest *out, struct suit_where *where)
{
    struct cbor cbor = cbor_over(content, CBOR_CANONICAL);
    struct cbor_items items;
    bool more;
    int64_t key;
    enum status status = cbor_enter_map(&cbor, &items);

    while (!status && !(status = cbor_more(&cbor, &items, &more)) && more) {
        if ((status = cbor_int(&cbor, &key)))
            break;
        if ((status = suit_whole(read_common_pair(&cbor, key, out))))
            return suit_refuse(where, SUIT_COMMON, key, status);
    }
    if (status || (status = cbor_end(&cbor)))
        return suit_refuse(where, SUIT_MANIFEST, SUIT_KEY_COMMON, suit_whole(status));
    if (out->component_count == 0)
        return suit_refuse(where, SUIT_COMMON, SUIT_COMMON_COMPONENTS, BAD_FORMAT);
    return check_sequence(out, out->shared, SUIT_SHARED, where);
}

/* The manifest's map ----------------------------------------------------------------------------------------------- */

struct reading {
    const struct suit_envelope *envelope;
    struct suit_manifest manifest;
    struct suit_where *where;
};

static enum status read_version_number(struct cbor *cbor)
{
    uint64_t version;
    enum status status = cbor_uint(cbor, &version);
    if (status)
        return status;
    return version == 1 ? OK : BAD_VERSION;
}

static enum status read_set_version(struct cbor *cbor, struct suit_manifest *out)
{
    struct span content;
    struct cbor_items items;
    enum status status = cbor_bytes(cbor, &content);
    if (status)
        return status;
    struct cbor inside = cbor_over(content, CBOR_CANONICAL);
    if ((status = cbor_enter_array(&inside, &items)))
        return status;
    if (items.left < 1 || items.left > sizeof out->version / sizeof out->version[0])
        return BAD_FORMAT;
    for (size_t i = 0; i < items.left; i++) {
        if ((status = cbor_uint32(&inside, &out->version[i])))
            return status;
    }
    out->version_count = (size_t)items.left;
    return cbor_end(&inside);
}

static const struct suit_member *find_member(const struct suit_envelope *envelope, int64_t key)
{
    for (size_t i = 0; i < envelope->member_count; i++) {
        if (envelope->members[i].key_text.data == NULL && envelope->members[i].key == key)
            return &envelope->members[i];
    }
    return NULL;
}

/* A value that may be severed: the content itself, or a digest whose content is an envelope member or absent. */
static enum status read_severable(struct reading *reading, struct cbor *cbor, int64_t key,
                                  struct span *content, bool *severed)
{
    if (cbor_kind(cbor) == CBOR_BYTES)
        return cbor_bytes(cbor, content);

    struct span item, digest;
    const struct suit_member *member = find_member(reading->envelope, key);
    enum status status = cbor_skip(cbor, &item);
    if (status || (status = suit_digest_read(item, &digest)))
        return status;
    if (member != NULL)
        *content = member->content;
    *severed = member == NULL;
    return OK;
}

static enum status read_section(struct reading *reading, struct cbor *cbor, int64_t key,
                                enum suit_section section)
{
    struct suit_manifest *manifest = &reading->manifest;
    struct span *content = &manifest->sections[section];
    bool severable = key == SUIT_KEY_INSTALL || key == SUIT_KEY_PAYLOAD_FETCH;
    enum status status = severable ? read_severable(reading, cbor, key, content, &manifest->severed[section])
                                   : cbor_bytes(cbor, content);
    return status ? status : check_sequence(manifest, *content, SUIT_SECTION, reading->where);
}

static enum status read_value(struct reading *reading, struct cbor *cbor, int64_t key)
{
    struct suit_manifest *manifest = &reading->manifest;
    struct span content;
    bool severed;
    enum status status;

    switch (key) {
    case SUIT_KEY_VERSION:
        return read_version_number(cbor);
    case SUIT_KEY_SEQUENCE:
        return cbor_uint32(cbor, &manifest->sequence);
    case SUIT_KEY_COMMON:
        status = cbor_bytes(cbor, &content);
        return status ? status : read_common(content, manifest, reading->where);
    case SUIT_KEY_REFERENCE_URI:
        return cbor_text(cbor, &content);
    case SUIT_KEY_SET_VERSION:
        return read_set_version(cbor, manifest);
    case SUIT_KEY_VALIDATE:
        return read_section(reading, cbor, key, SUIT_VALIDATE);
    case SUIT_KEY_INVOKE:
        return read_section(reading, cbor, key, SUIT_INVOKE);
    case SUIT_KEY_PAYLOAD_FETCH:
        return read_section(reading, cbor, key, SUIT_PAYLOAD_FETCH);
    case SUIT_KEY_INSTALL:
        return read_section(reading, cbor, key, SUIT_INSTALL);
    case SUIT_KEY_TEXT:
        return read_severable(reading, cbor, key, &manifest->text, &severed);
    default:
        return UNSUPPORTED;
    }
}

/* Keys ascend, so the three that must be there come first: components are known before any sequence is walked. */
static enum status read_key(struct cbor *cbor, int64_t place, int64_t *key)
{
    enum status status = cbor_int(cbor, key);
    if (status)
        return status;
    return place > SUIT_KEY_COMMON || *key == place ? OK : BAD_FORMAT;
}

static enum status read_map(struct reading *reading)
{
    struct suit_where *where = reading->where;
    struct cbor cbor = cbor_over(reading->envelope->manifest, CBOR_CANONICAL);
    struct cbor_items items;
    bool more;
    int64_t key, place = SUIT_KEY_VERSION;
    enum status status = cbor_enter_map(&cbor, &items);

    for (; !status && !(status = cbor_more(&cbor, &items, &more)) && more; place++) {
        if ((status = read_key(&cbor, place, &key)))
            break;
        status = suit_whole(read_value(reading, &cbor, key));
        if (status && where->place == SUIT_NOWHERE)
            suit_refuse(where, SUIT_MANIFEST, key, status);
    }
    if (!status)
        status = place <= SUIT_KEY_COMMON ? BAD_FORMAT : cbor_end(&cbor);
    if (status && where->place == SUIT_NOWHERE)
        suit_refuse(where, SUIT_MANIFEST, place, status);
    return suit_whole(status);
}

static enum status check_members(const struct suit_envelope *envelope, struct suit_where *where)
{
    for (size_t i = 0; i < envelope->member_count; i++) {
        int64_t key = envelope->members[i].key;
        if (key != SUIT_KEY_INSTALL && key != SUIT_KEY_TEXT)
            return suit_refuse(where, SUIT_ENVELOPE, key, UNSUPPORTED);
    }
    return OK;
}

enum status suit_manifest_read(const struct suit_envelope *envelope, struct suit_manifest *out,
                               struct suit_where *where)
{
    struct suit_where place = {SUIT_NOWHERE, 0};
    struct reading reading = {.envelope = envelope, .where = &place};
    enum status status = read_map(&reading);

    if (!status)
        status = check_members(envelope, &place);
    if (!status)
        *out = reading.manifest;
    else if (where != NULL)
        *where = place;
    return status;
}
