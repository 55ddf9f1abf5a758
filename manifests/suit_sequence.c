/* Command sequences and what their commands take: one way to read them, for the manifest's reader and for the runner. */
#include "manifests/suit_sequence.h"

enum status suit_refuse(struct suit_where *where, enum suit_place place, int64_t label, enum status status)
{
    if (where != NULL)
        *where = (struct suit_where){place, label};
    return status;
}

enum status suit_whole(enum status status)
{
    return status == INCOMPLETE ? BAD_FORMAT : status;
}

/* Sequences -------------------------------------------------------------------------------------------------------- */

enum status suit_sequence_open(struct span content, enum suit_scope scope, struct suit_sequence *out)
{
    struct suit_sequence sequence = {.at = cbor_over(content, CBOR_CANONICAL), .scope = scope};
    enum status status = cbor_enter_array(&sequence.at, &sequence.items);
    if (status)
        return suit_whole(status);
    if (sequence.items.left == 0 || sequence.items.left % 2 != 0)
        return BAD_FORMAT;
    *out = sequence;
    return OK;
}

/* The next item of an array that is known to have one. */
static enum status next_item(struct cbor *cbor, struct cbor_items *items, struct span *item)
{
    bool more;
    enum status status = cbor_more(cbor, items, &more);
    if (status)
        return suit_whole(status);
    return suit_whole(more ? cbor_skip(cbor, item) : BAD_FORMAT);
}

static enum status next_label(struct suit_sequence *sequence, int64_t *label)
{
    bool more;
    enum status status = cbor_more(&sequence->at, &sequence->items, &more);
    return suit_whole(status ? status : cbor_int(&sequence->at, label));
}

enum status suit_sequence_next(struct suit_sequence *sequence, struct suit_command *out, bool *more,
                               struct suit_where *where)
{
    struct suit_command command;
    struct span argument;
    enum status status;

    if (sequence->items.left == 0) {
        *more = false;
        return cbor_end(&sequence->at);
    }
    if ((status = next_label(sequence, &command.label)))
        return status;
    command.rule = suit_command_rule(command.label);
    if (command.rule == NULL || (sequence->scope == SUIT_SHARED && !command.rule->in_shared))
        return suit_refuse(where, SUIT_COMMAND, command.label, UNSUPPORTED);
    if ((status = next_item(&sequence->at, &sequence->items, &argument)))
        return suit_refuse(where, SUIT_COMMAND, command.label, status);
    command.argument = cbor_over(argument, CBOR_CANONICAL);
    *out = command;
    *more = true;
    return OK;
}

/* Arguments -------------------------------------------------------------------------------------------------------- */

enum status suit_policy_check(struct cbor argument)
{
    enum { POLICY_MAX = 15 };
    uint8_t policy;
    enum status status = cbor_uint8(&argument, &policy);
    if (status)
        return suit_whole(status);
    return policy <= POLICY_MAX ? OK : BAD_FORMAT;
}

static enum status select_one(struct cbor *cbor, size_t component_count, struct suit_selection *selection)
{
    uint8_t index;
    enum status status = cbor_uint8(cbor, &index);
    if (status)
        return suit_whole(status);
    if (index >= component_count || selection->count >= SUIT_COMPONENTS_MAX)
        return BAD_FORMAT;
    for (size_t i = 0; i < selection->count; i++) {
        if (selection->index[i] == index)
            return BAD_FORMAT;
    }
    selection->index[selection->count++] = index;
    return OK;
}

static enum status select_all(struct cbor *cbor, size_t component_count, struct suit_selection *selection)
{
    bool all;
    enum status status = cbor_bool(cbor, &all);
    if (status)
        return suit_whole(status);
    if (!all || component_count > SUIT_COMPONENTS_MAX)
        return BAD_FORMAT;
    for (uint8_t i = 0; i < component_count; i++)
        selection->index[selection->count++] = i;
    return OK;
}

static enum status select_list(struct cbor *cbor, size_t component_count, struct suit_selection *selection)
{
    struct cbor_items items;
    enum status status = cbor_enter_array(cbor, &items);
    if (!status && items.left == 0)
        return BAD_FORMAT;
    for (uint64_t left = status ? 0 : items.left; left > 0 && !status; left--)
        status = select_one(cbor, component_count, selection);
    return suit_whole(status);
}

enum status suit_index_read(struct cbor argument, size_t component_count, struct suit_selection *out)
{
    struct suit_selection selection = {0};
    enum status status;

    switch (cbor_kind(&argument)) {
    case CBOR_UINT:
        status = select_one(&argument, component_count, &selection);
        break;
    case CBOR_BOOL:
        status = select_all(&argument, component_count, &selection);
        break;
    case CBOR_ARRAY:
        status = select_list(&argument, component_count, &selection);
        break;
    default:
        return BAD_FORMAT;
    }
    if (!status)
        *out = selection;
    return status;
}

enum status suit_nested_read(struct cbor argument, struct span *content)
{
    return suit_whole(cbor_bytes(&argument, content));
}

enum status suit_alternatives_open(struct cbor argument, struct suit_alternatives *out)
{
    struct suit_alternatives alternatives = {.at = argument};
    enum status status = cbor_enter_array(&alternatives.at, &alternatives.items);
    if (status)
        return suit_whole(status);
    *out = alternatives;
    return OK;
}

enum status suit_alternatives_next(struct suit_alternatives *alternatives, struct span *content, bool *more)
{
    enum { LEAST = 2 };
    struct cbor *at = &alternatives->at;
    enum status status = cbor_more(at, &alternatives->items, more);
    if (status)
        return suit_whole(status);
    if (!*more)
        return alternatives->seen >= LEAST ? OK : BAD_FORMAT;
    if (cbor_kind(at) == CBOR_NULL) {
        if (alternatives->items.left > 0 || alternatives->seen < LEAST)
            return BAD_FORMAT;
        *content = (struct span){NULL, 0};
        return cbor_null(at);
    }
    alternatives->seen++;
    return suit_whole(cbor_bytes(at, content));
}

enum status suit_digest_read(struct span item, struct span *digest)
{
    enum { SHA_256 = -16 };
    struct cbor cbor = cbor_over(item, CBOR_CANONICAL);
    struct cbor_items items;
    struct span bytes;
    int64_t algorithm;
    enum status status = cbor_enter_array(&cbor, &items);
    if (status)
        return suit_whole(status);
    if (items.left != 2)
        return BAD_FORMAT;
    if ((status = cbor_int(&cbor, &algorithm)))
        return suit_whole(status);
    if (algorithm != SHA_256)
        return UNSUPPORTED;
    if ((status = cbor_bytes(&cbor, &bytes)))
        return suit_whole(status);
    if (bytes.size != DIGEST_SIZE || cbor_end(&cbor))
        return BAD_FORMAT;
    *digest = bytes;
    return OK;
}
