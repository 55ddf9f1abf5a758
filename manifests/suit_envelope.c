/* The integrity level of suit.h: the envelope's frame, its digests and its signatures. Nothing here looks inside a
 * command sequence. */
#include "manifests/suit.h"
#include "manifests/suit_sequence.h"

#include "keys/p256.h"

#include <string.h>

#define KEYLESS_TRIES 4 /* keys tried for a block that names none */

/* Extent ----------------------------------------------------------------------------------------------------------- */

/* The envelope's tag and map head, shared by both readers. */
static enum status enter_envelope(struct cbor *cbor, struct cbor_items *items)
{
    uint64_t tag;
    enum status status = cbor_tag(cbor, &tag);
    if (status)
        return status;
    if (tag != SUIT_TAG)
        return BAD_FORMAT;
    return cbor_enter_map(cbor, items);
}

/* Steps over the string or atom that follows, of which only the head need be there. */
static enum status add_extent(struct span prefix, size_t *at)
{
    struct cbor cbor = cbor_over(span_from(prefix, *at), CBOR_CANONICAL);
    uint64_t head, content;
    if (*at >= prefix.size)
        return INCOMPLETE;
    enum status status = cbor_string_extent(&cbor, &head, &content);
    if (status)
        return status;
    if (content > SIZE_MAX - *at - head)
        return TOO_LARGE;
    *at += (size_t)(head + content);
    return OK;
}

enum status suit_envelope_extent(struct span prefix, size_t *size)
{
    /* The map's head is read by hand: cbor_enter_map wants a byte for each pair to have arrived. */
    enum { PAIRS_AT = 2, MAP_OF_FEW = 0xa0 };
    static const uint8_t tag[] = {0xd8, SUIT_TAG};
    size_t known = prefix.size < sizeof tag ? prefix.size : sizeof tag;
    if (known > 0 && memcmp(prefix.data, tag, known) != 0)
        return BAD_FORMAT;
    if (prefix.size <= PAIRS_AT)
        return INCOMPLETE;
    uint8_t pairs = (uint8_t)(prefix.data[PAIRS_AT] - MAP_OF_FEW);
    if (pairs < 2 || pairs > 2 + SUIT_MEMBERS_MAX)
        return BAD_FORMAT;

    size_t at = PAIRS_AT + 1;
    for (unsigned item = 0; item < 2u * pairs; item++) {
        enum status status = add_extent(prefix, &at);
        if (status)
            return status;
    }
    *size = at;
    return OK;
}

/* Reading ---------------------------------------------------------------------------------------------------------- */

/* Each block must be a detached COSE_Sign1: what stands outside the signed bytes has one form only. */
static enum status read_block(struct span block)
{
    struct cose_sign1 cose;
    enum status status = cose_read(block, &cose);
    if (status)
        return suit_whole(status);
    return cose.payload.data == NULL ? OK : BAD_FORMAT;
}

static enum status read_wrapper(struct span content, struct suit_envelope *out)
{
    struct cbor cbor = cbor_over(content, CBOR_CANONICAL);
    struct cbor_items items;
    enum status status = cbor_enter_array(&cbor, &items);
    if (status)
        return suit_whole(status);
    if (items.left == 0)
        return BAD_FORMAT;
    if (items.left > 1 + SUIT_BLOCKS_MAX)
        return TOO_LARGE;
    if ((status = cbor_bytes(&cbor, &out->digest_item)))
        return suit_whole(status);

    for (size_t i = 1; i < items.left; i++) {
        struct span *block = &out->blocks[out->block_count];
        if ((status = cbor_bytes(&cbor, block)))
            return suit_whole(status);
        if ((status = read_block(*block)))
            return status;
        out->block_count++;
    }
    if ((status = cbor_end(&cbor)))
        return status;
    struct span digest;
    status = suit_digest_read(out->digest_item, &digest);
    if (!status)
        memcpy(out->digest, digest.data, DIGEST_SIZE);
    return status;
}

static enum status read_member_key(struct cbor *cbor, struct suit_member *member)
{
    if (cbor_kind(cbor) == CBOR_TEXT)
        return cbor_text(cbor, &member->key_text);
    return cbor_int(cbor, &member->key);
}

static enum status read_member_item(struct cbor *cbor, struct suit_member *member)
{
    const uint8_t *start = cbor->at;
    enum status status = cbor_bytes(cbor, &member->content);
    if (status)
        return status;
    member->item = span_of(start, (size_t)(cbor->at - start));
    return OK;
}

static enum status read_member(struct cbor *cbor, struct cbor_items *items, struct suit_member *member)
{
    bool more;
    enum status status = cbor_more(cbor, items, &more);
    if (status)
        return suit_whole(status);
    if (!more)
        return BAD_FORMAT;
    if ((status = read_member_key(cbor, member)) || (status = read_member_item(cbor, member)))
        return suit_whole(status);
    return OK;
}

/* Wrapper and manifest, then the rest: an ascending order puts 2 and 3 first unless something below them is there. */
static enum status read_members(struct cbor *cbor, struct suit_envelope *out, struct span *manifest_item,
                                struct suit_where *where)
{
    struct cbor_items items;
    enum status status = enter_envelope(cbor, &items);
    if (status)
        return suit_refuse(where, SUIT_ENVELOPE, 0, suit_whole(status));
    if (items.left > 2 + SUIT_MEMBERS_MAX)
        return suit_refuse(where, SUIT_ENVELOPE, 0, TOO_LARGE);

    for (int64_t key = SUIT_KEY_WRAPPER; key <= SUIT_KEY_MANIFEST; key++) {
        struct suit_member member = {0};
        if ((status = read_member(cbor, &items, &member)))
            return suit_refuse(where, SUIT_ENVELOPE, key, status);
        if (member.key != key)
            return suit_refuse(where, SUIT_ENVELOPE, key, BAD_FORMAT);
        if (key == SUIT_KEY_WRAPPER && (status = read_wrapper(member.content, out)))
            return suit_refuse(where, SUIT_ENVELOPE, key, status);
        out->manifest = member.content;
        *manifest_item = member.item;
    }
    while (items.left > 0) {
        struct suit_member member = {0};
        if ((status = read_member(cbor, &items, &member)))
            return suit_refuse(where, SUIT_ENVELOPE, member.key, status);
        out->members[out->member_count++] = member;
    }
    return cbor_end(cbor) ? suit_refuse(where, SUIT_ENVELOPE, 0, BAD_FORMAT) : OK;
}

/* Digests of members ----------------------------------------------------------------------------------------------- */

/* Finds the value under an integer key of the manifest's map, reading the map to its end. */
static enum status find_in_manifest(struct span manifest, int64_t wanted, struct span *value)
{
    struct cbor cbor = cbor_over(manifest, CBOR_CANONICAL);
    struct cbor_items items;
    bool more;
    struct span found = {NULL, 0};
    enum status status = cbor_enter_map(&cbor, &items);

    while (!status && !(status = cbor_more(&cbor, &items, &more)) && more) {
        int64_t key;
        struct span item;
        if ((status = cbor_int(&cbor, &key)) || (status = cbor_skip(&cbor, &item)))
            return suit_whole(status);
        if (key == wanted)
            found = item;
    }
    if (status || (status = cbor_end(&cbor)))
        return suit_whole(status);
    *value = found;
    return OK;
}

/* An integrated payload is reached by its name alone: one that the manifest nowhere names is not the author's. */
static bool manifest_names(struct span manifest, struct span text)
{
    uint8_t head[9];
    size_t head_size = cbor_head(head, 3, text.size);
    if (manifest.size < head_size || manifest.size - head_size < text.size)
        return false;
    for (size_t at = 0; at <= manifest.size - head_size - text.size; at++) {
        if (memcmp(manifest.data + at, head, head_size) == 0 &&
            memcmp(manifest.data + at + head_size, text.data, text.size) == 0)
            return true;
    }
    return false;
}

static enum status check_member(struct span manifest, const struct suit_member *member)
{
    if (member->key_text.data != NULL)
        return manifest_names(manifest, member->key_text) ? OK : BAD_FORMAT;

    struct span named, expected;
    uint8_t actual[DIGEST_SIZE];
    enum status status = find_in_manifest(manifest, member->key, &named);
    if (status)
        return status;
    if (named.data == NULL)
        return BAD_FORMAT;
    if ((status = suit_digest_read(named, &expected)))
        return status;
    digest_of(member->item, actual);
    return digest_equal(expected.data, actual) ? OK : BAD_DIGEST;
}

enum status suit_envelope_read(struct span bytes, struct suit_envelope *out, struct suit_where *where)
{
    struct suit_envelope envelope = {.whole = bytes};
    struct cbor cbor = cbor_over(bytes, CBOR_CANONICAL);
    struct span manifest_item, ignored;
    uint8_t digest[DIGEST_SIZE];
    enum status status = read_members(&cbor, &envelope, &manifest_item, where);
    if (status)
        return status;

    digest_of(manifest_item, digest);
    if (!digest_equal(digest, envelope.digest))
        return suit_refuse(where, SUIT_ENVELOPE, SUIT_KEY_MANIFEST, BAD_DIGEST);
    /* Key 0 is never there: the map is read to its end, so that its form is judged even without members. */
    if ((status = find_in_manifest(envelope.manifest, 0, &ignored)))
        return suit_refuse(where, SUIT_ENVELOPE, SUIT_KEY_MANIFEST, status);
    for (size_t i = 0; i < envelope.member_count; i++) {
        status = check_member(envelope.manifest, &envelope.members[i]);
        if (status)
            return suit_refuse(where, SUIT_ENVELOPE, envelope.members[i].key, status);
    }
    *out = envelope;
    return OK;
}

/* Signatures ------------------------------------------------------------------------------------------------------- */

static enum status verify_block(const struct suit_envelope *envelope, const struct cose_sign1 *block,
                                const uint8_t public_key[P256_PUBLIC_SIZE])
{
    return cose_verify(block, (struct span){NULL, 0}, envelope->digest_item, public_key);
}

enum status suit_verify_with(const struct suit_envelope *envelope, const uint8_t public_key[65])
{
    for (size_t i = 0; i < envelope->block_count; i++) {
        struct cose_sign1 block;
        if (cose_read(envelope->blocks[i], &block) == OK && verify_block(envelope, &block, public_key) == OK)
            return OK;
    }
    return BAD_SIGNATURE;
}

static bool key_withdrawn(const struct trust *trust, const uint8_t key_id[KEY_ID_SIZE])
{
    for (size_t i = 0; i < trust->withdrawn_key_count; i++) {
        if (memcmp(trust->withdrawn_keys[i], key_id, KEY_ID_SIZE) == 0)
            return true;
    }
    return false;
}

static enum status verify_named(const struct suit_envelope *envelope, const struct cose_sign1 *block,
                                const struct trust *trust, const struct trust_key **voter)
{
    const struct trust_key *key = trust_find(trust, block->key_id.data);
    if (key == NULL)
        return key_withdrawn(trust, block->key_id.data) ? WITHDRAWN : UNKNOWN_KEY;
    if (key->public_key.size != P256_PUBLIC_SIZE)
        return UNSUPPORTED;
    enum status status = verify_block(envelope, block, key->public_key.data);
    if (!status)
        *voter = key;
    return status;
}

static enum status verify_keyless(const struct suit_envelope *envelope, const struct cose_sign1 *block,
                                  const struct trust *trust, const struct trust_key **voter)
{
    enum status status = BAD_SIGNATURE;
    unsigned tries = 0;

    for (size_t i = 0; i < trust->key_count && tries < KEYLESS_TRIES; i++) {
        const struct trust_key *key = &trust->keys[i];
        if (key->public_key.size != P256_PUBLIC_SIZE)
            continue;
        tries++;
        status = verify_block(envelope, block, key->public_key.data);
        if (!status) {
            *voter = key;
            return OK;
        }
    }
    return status;
}

static enum status block_voter(const struct suit_envelope *envelope, struct span bytes,
                               const struct trust *trust, const struct trust_key **voter)
{
    struct cose_sign1 block;
    enum status status = cose_read(bytes, &block);
    if (status)
        return suit_whole(status);
    if (block.key_id.data != NULL)
        return verify_named(envelope, &block, trust, voter);
    return verify_keyless(envelope, &block, trust, voter);
}

static bool has_voted(uint8_t votes[][KEY_ID_SIZE], size_t count, const uint8_t key_id[KEY_ID_SIZE])
{
    for (size_t i = 0; i < count; i++) {
        if (memcmp(votes[i], key_id, KEY_ID_SIZE) == 0)
            return true;
    }
    return false;
}

size_t suit_votes(const struct suit_envelope *envelope, const struct trust *trust,
                  uint8_t votes[SUIT_BLOCKS_MAX][KEY_ID_SIZE], enum status *worst)
{
    enum status first_refused = OK;
    size_t count = 0;

    for (size_t i = 0; i < envelope->block_count; i++) {
        const struct trust_key *voter = NULL;
        enum status status = block_voter(envelope, envelope->blocks[i], trust, &voter);
        if (status && !first_refused)
            first_refused = status;
        if (!status && !has_voted(votes, count, voter->id))
            memcpy(votes[count++], voter->id, KEY_ID_SIZE);
    }
    if (worst != NULL)
        *worst = first_refused;
    return count;
}

enum status suit_authorized(const struct suit_envelope *envelope, const struct trust *trust,
                            const uint8_t vendor[UUID_SIZE], const uint8_t class_id[UUID_SIZE], uint64_t now)
{
    if (envelope->block_count == 0)
        return BAD_SIGNATURE;

    uint8_t votes[SUIT_BLOCKS_MAX][KEY_ID_SIZE];
    enum status worst;
    size_t count = suit_votes(envelope, trust, votes, &worst);
    struct trust_question question = {ROLE_RELEASE, vendor, class_id, envelope->digest, now};
    enum status status = trust_allows(trust, &question, votes, count);
    return status == TOO_FEW && worst != OK ? worst : status;
}
