/* The envelope's frame against everything that is nearly one, and the extent that a device learns while it streams in. */
#include "manifests/suit.h"

#include "tests/support/hex.h"
#include "tests/support/suit_vectors.h"
#include "tests/support/test.h"

/* Pieces of an envelope whose digests are right; each test spoils one. */
struct pieces {
    uint8_t manifest_memory[512], member_memory[64], out_memory[2048];
    struct buffer manifest, member, out;
    size_t blocks;     /* how often `block` stands in the wrapper */
    const char *block; /* hex of one COSE block */
    int64_t algorithm; /* of the wrapper's digest */
    uint8_t flip;      /* xor into the wrapper's digest */
    bool with_member;  /* 23 */
    bool digest_of_it; /* and the manifest has its digest */
    const char *name;  /* a text member of this name, or NULL */
};

#define COSE "d28443a10126a0f640"

static void put_digest(struct cbor_writer *writer, int64_t algorithm, struct span bytes, uint8_t flip)
{
    uint8_t digest[DIGEST_SIZE];
    digest_of(bytes, digest);
    digest[0] ^= flip;
    cbor_put_array(writer, 2);
    cbor_put_int(writer, algorithm);
    cbor_put_bytes(writer, span_of(digest, sizeof digest));
}

static void make_member(struct pieces *pieces)
{
    pieces->member = buffer_over(pieces->member_memory, sizeof pieces->member_memory);
    struct cbor_writer writer = cbor_into(&pieces->member);
    cbor_put_bytes(&writer, span_text("text"));
}

static void make_manifest(struct pieces *pieces)
{
    uint8_t memory[400];
    struct buffer content = buffer_over(memory, sizeof memory);
    struct cbor_writer inner = cbor_into(&content);
    cbor_put_map(&inner, pieces->digest_of_it ? 3 : 2);
    cbor_put_uint(&inner, 1);
    cbor_put_uint(&inner, 1);
    cbor_put_uint(&inner, 4);
    cbor_put_text(&inner, "#payload");
    if (pieces->digest_of_it) {
        cbor_put_uint(&inner, SUIT_KEY_TEXT);
        put_digest(&inner, -16, span_used(&pieces->member), 0);
    }
    pieces->manifest = buffer_over(pieces->manifest_memory, sizeof pieces->manifest_memory);
    struct cbor_writer writer = cbor_into(&pieces->manifest);
    cbor_put_bytes(&writer, span_used(&content));
}

static void put_wrapper(struct cbor_writer *out, const struct pieces *pieces)
{
    uint8_t digest_memory[64], wrapper_memory[1024], block_memory[128];
    struct buffer digest = buffer_over(digest_memory, sizeof digest_memory);
    struct buffer wrapper = buffer_over(wrapper_memory, sizeof wrapper_memory);
    struct cbor_writer writer = cbor_into(&digest);
    put_digest(&writer, pieces->algorithm, span_used(&pieces->manifest), pieces->flip);
    writer = cbor_into(&wrapper);
    cbor_put_array(&writer, 1 + pieces->blocks);
    cbor_put_bytes(&writer, span_used(&digest));
    for (size_t i = 0; i < pieces->blocks; i++)
        cbor_put_bytes(&writer, hex_into(block_memory, sizeof block_memory, pieces->block));
    cbor_put_bytes(out, span_used(&wrapper));
}

static struct pieces good(void)
{
    return (struct pieces){
        .blocks = 1, .block = COSE, .algorithm = -16, .with_member = true, .digest_of_it = true};
}

static struct span assembled(struct pieces *pieces)
{
    make_member(pieces);
    make_manifest(pieces);
    pieces->out = buffer_over(pieces->out_memory, sizeof pieces->out_memory);
    struct cbor_writer writer = cbor_into(&pieces->out);
    cbor_put_tag(&writer, SUIT_TAG);
    cbor_put_map(&writer, 2u + pieces->with_member + (pieces->name != NULL));
    cbor_put_uint(&writer, SUIT_KEY_WRAPPER);
    put_wrapper(&writer, pieces);
    cbor_put_uint(&writer, SUIT_KEY_MANIFEST);
    cbor_put_encoded(&writer, span_used(&pieces->manifest));
    if (pieces->with_member) {
        cbor_put_uint(&writer, SUIT_KEY_TEXT);
        cbor_put_encoded(&writer, span_used(&pieces->member));
    }
    if (pieces->name != NULL) {
        cbor_put_text(&writer, pieces->name);
        cbor_put_bytes(&writer, span_text("payload"));
    }
    assert_int_equal(cbor_written(&writer), OK);
    return span_used(&pieces->out);
}

static void expect(struct pieces *pieces, enum status status, int64_t label)
{
    struct suit_envelope envelope = {.block_count = 99};
    struct suit_where where = {SUIT_NOWHERE, 0};
    enum status answer = suit_envelope_read(assembled(pieces), &envelope, &where);
    assert_string_equal(status_name(answer), status_name(status));
    if (status == OK)
        return;
    assert_int_equal(envelope.block_count, 99);
    assert_int_equal(where.place, SUIT_ENVELOPE);
    assert_int_equal(where.label, label);
}

static void a_good_envelope_reads(void **state)
{
    (void)state;
    struct pieces pieces = good();
    struct suit_envelope envelope;

    assert_int_equal(suit_envelope_read(assembled(&pieces), &envelope, NULL), OK);
    assert_int_equal(envelope.block_count, 1);
    assert_int_equal(envelope.member_count, 1);
    assert_int_equal(envelope.members[0].key, SUIT_KEY_TEXT);
    assert_true(span_equal(envelope.members[0].content, span_text("text")));
    assert_true(span_equal(envelope.members[0].item, span_used(&pieces.member)));
    assert_true(span_equal(envelope.whole, span_used(&pieces.out)));
}

static void the_wrapper_s_digest_must_be_of_the_manifest(void **state)
{
    (void)state;
    struct pieces pieces = good();
    pieces.flip = 1;
    expect(&pieces, BAD_DIGEST, SUIT_KEY_MANIFEST);
    pieces = good();
    pieces.algorithm = -43;
    expect(&pieces, UNSUPPORTED, SUIT_KEY_WRAPPER);
}

static void a_member_needs_its_digest_in_the_manifest(void **state)
{
    (void)state;
    struct pieces pieces = good();
    pieces.digest_of_it = false;
    expect(&pieces, BAD_FORMAT, SUIT_KEY_TEXT);
}

static void a_member_other_than_the_one_named_is_a_bad_digest(void **state)
{
    (void)state;
    struct pieces pieces = good();
    struct span bytes = assembled(&pieces);
    struct suit_where where;
    struct suit_envelope envelope;

    pieces.out_memory[bytes.size - 1] ^= 1;
    assert_int_equal(suit_envelope_read(bytes, &envelope, &where), BAD_DIGEST);
    assert_int_equal(where.label, SUIT_KEY_TEXT);
}

static void a_severed_member_may_be_absent(void **state)
{
    (void)state;
    struct pieces pieces = good();
    pieces.with_member = false;
    expect(&pieces, OK, 0);
}

static void a_named_payload_must_be_named_by_the_manifest(void **state)
{
    (void)state;
    struct pieces pieces = good();
    pieces.name = "#payload";
    expect(&pieces, OK, 0);
    pieces.name = "#payloae";
    expect(&pieces, BAD_FORMAT, 0);
    pieces.name = "#payloa";
    expect(&pieces, BAD_FORMAT, 0);
    pieces.name = "a name that is much longer than this small manifest of ours, longer than all its bytes "
                  "taken together, "
                  "and so can't possibly be found anywhere in it";
    expect(&pieces, BAD_FORMAT, 0);
}

static void four_blocks_are_read_and_a_fifth_is_too_large(void **state)
{
    (void)state;
    struct pieces pieces = good();
    pieces.blocks = SUIT_BLOCKS_MAX;
    expect(&pieces, OK, 0);
    pieces.blocks = SUIT_BLOCKS_MAX + 1;
    expect(&pieces, TOO_LARGE, SUIT_KEY_WRAPPER);
    pieces.blocks = 0;
    expect(&pieces, OK, 0);
}

static void blocks_have_one_form(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "8443a10126a0f640",          /* no tag */
        "d18443a10126a0f640",        /* COSE_Mac0 */
        "d28443a10126a10100f640",    /* something in the unprotected header */
        "d28443a10126a04100 40",     /* a payload of its own */
        "d28443a10126a0f64000",      /* bytes after it */
        "d28343a10126a0f6",          /* three members */
        "d28440a0f640",              /* no algorithm */
        "d28446a201260441 01a0f640", /* a key id of another length */
        "d2845843a10126a0f640",      /* a length beyond the end */
        "",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct pieces pieces = good();
        pieces.block = bad[i];
        expect(&pieces, BAD_FORMAT, SUIT_KEY_WRAPPER);
    }
}

static void expect_hex(const char *hex, enum status status)
{
    uint8_t memory[256];
    struct suit_envelope envelope;
    enum status answer = suit_envelope_read(hex_into(memory, sizeof memory, hex), &envelope, NULL);
    assert_string_equal(status_name(answer), status_name(status));
}

static void what_is_no_envelope_is_refused(void **state)
{
    (void)state;
    expect_hex("", BAD_FORMAT);
    expect_hex("d8", BAD_FORMAT);
    expect_hex("d86b", BAD_FORMAT);
    expect_hex("d86ba0", BAD_FORMAT);
    expect_hex("d86c a2 0240 0340", BAD_FORMAT);      /* another tag */
    expect_hex("d9042e a2 0240 0340", BAD_FORMAT);    /* a bare manifest, 1070 */
    expect_hex("d86b 82 0240", BAD_FORMAT);           /* no map */
    expect_hex("d86b a2 0240 0340", BAD_FORMAT);      /* an empty wrapper */
    expect_hex("d86b a2 024180 0341a0", BAD_FORMAT);  /* a wrapper without a digest */
    expect_hex("d86b a2 0340 0240", BAD_FORMAT);      /* the manifest first */
    expect_hex("d86b a3 0140 0240 0340", BAD_FORMAT); /* delegation: before the wrapper */
    expect_hex("d86b bf 0240 0340 ff", BAD_FORMAT);   /* indefinite */
    expect_hex("d86b ab 0240 0340 0440 0540 0640 0740 0840 0940 0a40 0b40 0c40", TOO_LARGE);
}

/* The head of example 0 with its members taken apart: a second wrapper, a member in the wrong place. */
static void members_come_in_order_and_none_twice(void **state)
{
    (void)state;
    uint8_t memory[SUIT_VECTOR_MAX], changed[SUIT_VECTOR_MAX + 16];
    struct suit_envelope envelope;
    struct span bytes = suit_vector("example0-signed", memory);
    static const uint8_t extra[][2] = {{0x02, 0x40}, {0x03, 0x40}, {0x00, 0x40}, {0x01, 0x40}};

    for (size_t i = 0; i < 4; i++) {
        memcpy(changed, bytes.data, bytes.size);
        changed[2]++;
        memcpy(changed + bytes.size, extra[i], 2);
        assert_int_equal(suit_envelope_read(span_of(changed, bytes.size + 2), &envelope, NULL), BAD_FORMAT);
    }
    memcpy(changed, bytes.data, bytes.size);
    changed[bytes.size] = 0x00;
    assert_int_equal(suit_envelope_read(span_of(changed, bytes.size + 1), &envelope, NULL), BAD_FORMAT);
}

/* Extent ----------------------------------------------------------------------------------------------------------- */

static enum status extent(const char *hex, size_t *size)
{
    uint8_t memory[256];
    return suit_envelope_extent(hex_into(memory, sizeof memory, hex), size);
}

static void the_extent_needs_only_heads(void **state)
{
    (void)state;
    size_t size = 0;

    assert_int_equal(extent("", &size), INCOMPLETE);
    assert_int_equal(extent("d8", &size), INCOMPLETE);
    assert_int_equal(extent("d86b", &size), INCOMPLETE);
    assert_int_equal(extent("d86ba2", &size), INCOMPLETE);
    assert_int_equal(extent("d86ba2 02 41", &size), INCOMPLETE);
    assert_int_equal(extent("d86ba2 02 41 00 03", &size), INCOMPLETE);
    assert_int_equal(extent("d86ba2 02 41 00 03 59", &size), INCOMPLETE);
    assert_int_equal(extent("d86ba2 02 41 00 03 5901", &size), INCOMPLETE);
    assert_int_equal(size, 0);
    assert_int_equal(extent("d86ba2 02 41 00 03 590100", &size), OK);
    assert_int_equal(size, 10 + 256);
}

static void bytes_that_begin_no_envelope_are_known_at_once(void **state)
{
    (void)state;
    size_t size = 0;

    assert_int_equal(extent("d9", &size), BAD_FORMAT);
    assert_int_equal(extent("d86c", &size), BAD_FORMAT);
    assert_int_equal(extent("d86b82", &size), BAD_FORMAT);
    assert_int_equal(extent("d86ba1", &size), BAD_FORMAT);
    assert_int_equal(extent("d86bab", &size), BAD_FORMAT);
    assert_int_equal(extent("d86bbf", &size), BAD_FORMAT);
    assert_int_equal(extent("d86ba2 02 a0", &size), BAD_FORMAT);
    assert_int_equal(extent("d86ba2 02 5800", &size), BAD_FORMAT);
    assert_int_equal(extent("d86ba2 02 5f", &size), BAD_FORMAT);
    assert_int_equal(size, 0);
}

static void lengths_that_no_memory_has_are_too_large(void **state)
{
    (void)state;
    size_t size = 0;

    assert_int_equal(extent("d86ba2 02 40 03 5bffffffffffffffff", &size), TOO_LARGE);
    assert_int_equal(extent("d86ba2 02 5bfffffffffffffff8 03", &size), TOO_LARGE);
    assert_int_equal(size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_envelope_reads),
        cmocka_unit_test(the_wrapper_s_digest_must_be_of_the_manifest),
        cmocka_unit_test(a_member_needs_its_digest_in_the_manifest),
        cmocka_unit_test(a_member_other_than_the_one_named_is_a_bad_digest),
        cmocka_unit_test(a_severed_member_may_be_absent),
        cmocka_unit_test(a_named_payload_must_be_named_by_the_manifest),
        cmocka_unit_test(four_blocks_are_read_and_a_fifth_is_too_large),
        cmocka_unit_test(blocks_have_one_form),
        cmocka_unit_test(what_is_no_envelope_is_refused),
        cmocka_unit_test(members_come_in_order_and_none_twice),
        cmocka_unit_test(the_extent_needs_only_heads),
        cmocka_unit_test(bytes_that_begin_no_envelope_are_known_at_once),
        cmocka_unit_test(lengths_that_no_memory_has_are_too_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
