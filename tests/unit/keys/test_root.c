/* Root documents: what is written is read back, everything else is refused, and version N + 1 needs the word of N. */
#include "keys/root_write.h"
#include "keys/uuid.h"

#include "tests/support/hex.h"
#include "tests/support/keys.h"
#include "tests/support/test.h"

static struct test_key release_key, root_key, second_root_key, device_key, stranger;
static const struct trust_policy one = {1, 0, 1}, two = {2, 0, 2};

static int make_keys(void **state)
{
    (void)state;
    release_key = test_key_named("release");
    root_key = test_key_named("root");
    second_root_key = test_key_named("second root");
    device_key = test_key_named("device authority");
    stranger = test_key_named("stranger");
    return 0;
}

/* The document most stories start from: one key for each role. */
static struct trust plain_trust(void)
{
    struct trust trust = {.version = 1, .release = one, .root = one, .device = one};

    uuid_of_vendor("pumps.example", trust.vendor);
    trust.keys[trust.key_count++] = test_trust_key(&release_key, ROLE_RELEASE);
    trust.keys[trust.key_count++] = test_trust_key(&root_key, ROLE_ROOT);
    trust.keys[trust.key_count++] = test_trust_key(&device_key, ROLE_DEVICE);
    return trust;
}

/* Every field in use: classes, a term, withdrawn keys and manifests, two root keys of which both must sign. */
static struct trust full_trust(void)
{
    struct trust trust = plain_trust();

    trust.keys[trust.key_count++] = test_trust_key(&second_root_key, ROLE_ROOT | ROLE_RELEASE);
    trust.root = two;
    uuid_of_class(trust.vendor, "pump", "A", trust.keys[0].classes[0]);
    uuid_of_class(trust.vendor, "pump", "B", trust.keys[0].classes[1]);
    trust.keys[0].class_count = 2;
    trust.keys[0].valid_until = 1900000000;
    trust.withdrawn_key_count = 2;
    memcpy(trust.withdrawn_keys[0], stranger.id, KEY_ID_SIZE);
    trust.withdrawn_keys[1][0] = 9;
    trust.withdrawn_manifest_count = 1;
    trust.withdrawn_manifests[0][15] = 7;
    return trust;
}

struct document {
    uint8_t bytes[ROOT_MAX + 64];
    struct buffer buffer;
};

static enum status write_signed(struct document *document, const struct trust *trust,
                                const struct test_key *a, const struct test_key *b)
{
    struct cose_signer signers[2];
    size_t count = 0;

    if (a != NULL)
        signers[count++] = test_signer(a);
    if (b != NULL)
        signers[count++] = test_signer(b);
    document->buffer = buffer_over(document->bytes, sizeof document->bytes);
    return root_write(&document->buffer, trust, signers, count);
}

static void must_write(struct document *document, const struct trust *trust, const struct test_key *a,
                       const struct test_key *b)
{
    assert_int_equal(write_signed(document, trust, a, b), OK);
}

static enum status read(const struct document *document)
{
    struct trust trust;

    return root_read(span_used(&document->buffer), &trust);
}

/* A document around any payload, signed in order although no writer of ours would make it. */
static enum status read_signed_payload(struct span payload, const struct test_key *a,
                                       const struct test_key *b)
{
    uint8_t bytes[2 * ROOT_MAX], block_bytes[256], scratch[256], tbs[ROOT_TBS_SIZE];
    const struct test_key *const keys[] = {a, b};
    struct buffer out = buffer_over(bytes, sizeof bytes);
    struct cbor_writer writer = cbor_into(&out);
    struct trust trust;

    root_tbs(payload, tbs);
    cbor_put_array(&writer, b != NULL ? 3 : 2);
    cbor_put_bytes(&writer, payload);
    for (size_t i = 0; i < 2 && keys[i] != NULL; i++) {
        struct cose_signer signer = test_signer(keys[i]);
        struct buffer block = buffer_over(block_bytes, sizeof block_bytes);
        assert_int_equal(cose_sign1_write(&block, &signer, span_text(ROOT_AAD), span_of(tbs, sizeof tbs),
                                          COSE_DETACHED, buffer_over(scratch, sizeof scratch)),
                         OK);
        cbor_put_bytes(&writer, span_used(&block));
    }
    assert_int_equal(cbor_written(&writer), OK);
    return root_read(span_used(&out), &trust);
}

static struct span payload_of(const struct document *document)
{
    struct cbor cbor = cbor_over(span_used(&document->buffer), CBOR_CANONICAL);
    struct cbor_items items;
    struct span payload;

    assert_int_equal(cbor_enter_array(&cbor, &items), OK);
    assert_int_equal(cbor_bytes(&cbor, &payload), OK);
    return payload;
}

static void what_was_written_is_read_back(void **state)
{
    (void)state;
    const struct trust wrote = full_trust();
    struct document document;
    struct trust got;
    must_write(&document, &wrote, &root_key, &second_root_key);

    assert_int_equal(root_read(span_used(&document.buffer), &got), OK);
    assert_int_equal(got.version, 1);
    assert_memory_equal(got.vendor, wrote.vendor, UUID_SIZE);
    assert_int_equal(got.key_count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_memory_equal(got.keys[i].id, wrote.keys[i].id, KEY_ID_SIZE);
        assert_true(span_equal(got.keys[i].public_key, wrote.keys[i].public_key));
        assert_int_equal(got.keys[i].roles, wrote.keys[i].roles);
        assert_int_equal(got.keys[i].class_count, wrote.keys[i].class_count);
        assert_memory_equal(got.keys[i].classes, wrote.keys[i].classes, sizeof got.keys[i].classes);
        assert_true(got.keys[i].valid_until == wrote.keys[i].valid_until);
    }
    assert_memory_equal(&got.release, &one, sizeof one);
    assert_memory_equal(&got.root, &two, sizeof two);
    assert_memory_equal(&got.device, &one, sizeof one);
    assert_int_equal(got.withdrawn_key_count, 2);
    assert_memory_equal(got.withdrawn_keys, wrote.withdrawn_keys, sizeof got.withdrawn_keys);
    assert_int_equal(got.withdrawn_manifest_count, 1);
    assert_memory_equal(got.withdrawn_manifests, wrote.withdrawn_manifests, sizeof got.withdrawn_manifests);
}

static void the_same_content_gives_the_same_bytes(void **state)
{
    (void)state;
    const struct trust trust = full_trust();
    struct document a, b;

    must_write(&a, &trust, &root_key, &second_root_key);
    must_write(&b, &trust, &root_key, &second_root_key);
    assert_true(span_equal(span_used(&a.buffer), span_used(&b.buffer)));
}

static void every_bit_flip_and_every_truncation_is_refused(void **state)
{
    (void)state;
    const struct trust trust = full_trust();
    struct document document;
    size_t counts[2] = {0, 0};
    must_write(&document, &trust, &root_key, &second_root_key);
    size_t size = document.buffer.size;

    for (size_t bit = 0; bit < 8 * size; bit++) {
        document.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        enum status status = read(&document);
        document.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (status == OK)
            fail_msg("bit %zu may be flipped", bit);
        counts[status == BAD_SIGNATURE] += 1;
    }
    print_message("%zu flips refused: %zu by signature, %zu by form and rules\n", 8 * size, counts[1],
                  counts[0]);
    for (document.buffer.size = 0; document.buffer.size < size; document.buffer.size++)
        assert_int_equal(read(&document), BAD_FORMAT);
    assert_int_equal(read(&document), OK);
    document.bytes[document.buffer.size++] = 0;
    assert_int_equal(read(&document), BAD_FORMAT);
}

/* Where the signatures begin: behind the head of the array and the payload. */
static size_t signatures_of(const struct document *document)
{
    struct span payload = payload_of(document);

    return (size_t)(payload.data - document->bytes) + payload.size;
}

/* A signature more than the policy needs must hold too. */
static void a_flip_in_a_signature_that_is_not_needed_is_refused_as_well(void **state)
{
    (void)state;
    struct trust trust = full_trust();
    struct document document;
    trust.root = one;
    must_write(&document, &trust, &root_key, &second_root_key);

    for (size_t bit = 8 * signatures_of(&document); bit < 8 * document.buffer.size; bit++) {
        document.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_not_equal(read(&document), OK);
        document.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

static void a_document_must_be_signed_by_its_own_root_policy(void **state)
{
    (void)state;
    struct trust trust = plain_trust();
    struct document document;

    assert_int_equal(write_signed(&document, &trust, NULL, NULL), TOO_FEW);
    assert_int_equal(write_signed(&document, &trust, &release_key, NULL), WRONG_SCOPE);
    assert_int_equal(write_signed(&document, &trust, &stranger, NULL), UNKNOWN_KEY);
    assert_int_equal(write_signed(&document, &trust, &root_key, &root_key), BAD_FORMAT);
    assert_int_equal(document.buffer.size, 0);
    trust = full_trust();
    assert_int_equal(write_signed(&document, &trust, &root_key, NULL), TOO_FEW);
    assert_int_equal(write_signed(&document, &trust, &root_key, &second_root_key), OK);
}

static void a_root_key_that_is_limited_to_classes_signs_no_root_document(void **state)
{
    (void)state;
    struct trust trust = plain_trust();
    struct document document;

    trust.keys[1].class_count = 1;
    trust.keys[1].classes[0][0] = 1;
    assert_int_equal(write_signed(&document, &trust, &root_key, NULL), WRONG_SCOPE);
}

static void keys_that_must_not_be_listed_are_refused(void **state)
{
    (void)state;
    struct trust trust;
    struct document document;
    uint8_t point[65];

    trust = plain_trust(); /* RFC 6979, A.2.5: the private half is printed there */
    trust.keys[0].public_key = hex_into(point, sizeof point,
                                        "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
                                        "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299");
    key_id_of(trust.keys[0].public_key, trust.keys[0].id);
    assert_int_equal(write_signed(&document, &trust, &root_key, NULL), WITHDRAWN);

    trust = plain_trust();
    memcpy(trust.withdrawn_keys[trust.withdrawn_key_count++], release_key.id, KEY_ID_SIZE);
    assert_int_equal(write_signed(&document, &trust, &root_key, NULL), WITHDRAWN);

    trust = plain_trust(); /* the id is another key's */
    trust.keys[0].id[0] ^= 1;
    assert_int_equal(write_signed(&document, &trust, &root_key, NULL), BAD_FORMAT);

    trust = plain_trust(); /* twice */
    trust.keys[trust.key_count++] = test_trust_key(&release_key, ROLE_RELEASE);
    assert_int_equal(write_signed(&document, &trust, &root_key, NULL), BAD_FORMAT);

    trust = plain_trust(); /* no verifier for it yet */
    trust.keys[0].algorithm = COSE_HSS_LMS;
    assert_int_equal(write_signed(&document, &trust, &root_key, NULL), UNSUPPORTED);

    trust = plain_trust(); /* not a whole point */
    trust.keys[0].public_key.size = 33;
    key_id_of(trust.keys[0].public_key, trust.keys[0].id);
    assert_int_equal(write_signed(&document, &trust, &root_key, NULL), BAD_FORMAT);

    trust = plain_trust();
    trust.keys[0].roles = 0;
    assert_int_equal(write_signed(&document, &trust, &root_key, NULL), BAD_FORMAT);
    trust.keys[0].roles = 8;
    assert_int_equal(write_signed(&document, &trust, &root_key, NULL), BAD_FORMAT);
}

static void a_version_is_at_least_1_and_at_least_one_policy_is_asked_of_root(void **state)
{
    (void)state;
    struct trust trust = plain_trust();
    struct document document;

    trust.version = 0;
    assert_int_equal(write_signed(&document, &trust, &root_key, NULL), BAD_FORMAT);
    trust = plain_trust();
    trust.root = (struct trust_policy){0, 0, 0};
    assert_int_equal(write_signed(&document, &trust, &root_key, NULL), BAD_FORMAT);
    trust = plain_trust();
    trust.key_count = 0;
    assert_int_equal(write_signed(&document, &trust, &root_key, NULL), BAD_FORMAT);
}

static void the_limits_are_kept_on_both_sides(void **state)
{
    (void)state;
    static struct test_key many[TRUST_KEYS_MAX + 1];
    struct trust trust = plain_trust();
    struct document document;

    trust.key_count = 0;
    for (size_t i = 0; i < TRUST_KEYS_MAX; i++) {
        char name[16] = "key of many 0";
        name[12] = (char)('0' + i);
        many[i] = test_key_named(name);
        trust.keys[trust.key_count++] = test_trust_key(&many[i], 7);
    }
    assert_int_equal(write_signed(&document, &trust, &many[0], &many[7]), OK);

    /* eight keys with eight classes each, and sixteen withdrawn manifests, are more than 2 KiB */
    for (size_t i = 0; i < TRUST_KEYS_MAX; i++) {
        trust.keys[i].class_count = TRUST_CLASSES_MAX;
        for (size_t c = 0; c < TRUST_CLASSES_MAX; c++)
            trust.keys[i].classes[c][0] = (uint8_t)c;
    }
    trust.withdrawn_manifest_count = TRUST_WITHDRAWN_MAX;
    for (size_t i = 0; i < TRUST_WITHDRAWN_MAX; i++)
        trust.withdrawn_manifests[i][0] = (uint8_t)i;
    assert_int_equal(write_signed(&document, &trust, &many[0], NULL), TOO_LARGE);
    assert_int_equal(document.buffer.size, 0);
}

/* The payload of a plain document, with its head byte, cut into pieces that can be exchanged. */
static struct span payload_with(struct buffer *out, struct span payload, size_t at, size_t drop,
                                const char *put)
{
    uint8_t bytes[128];

    out->size = 0;
    assert_true(at + drop <= payload.size);
    assert_true(buffer_append(out, span_first(payload, at)));
    assert_true(buffer_append(out, hex_into(bytes, sizeof bytes, put)));
    assert_true(buffer_append(out, span_from(payload, at + drop)));
    return span_used(out);
}

/* Head a5, then 01 01 (format), 02 01 (version), 03 50 vendor, 04 83 (three keys): a4 01 48 id … */
static void signed_maps_are_strict_in_everything(void **state)
{
    (void)state;
    uint8_t memory[ROOT_MAX];
    struct buffer out = buffer_over(memory, sizeof memory);
    const struct trust trust = plain_trust();
    struct document document;
    must_write(&document, &trust, &root_key, NULL);
    struct span payload = payload_of(&document);
    size_t end = payload.size;
    static const uint8_t opening[] = {0xa5, 0x01, 0x01, 0x02, 0x01, 0x03, 0x50};
    assert_memory_equal(payload.data, opening, sizeof opening);
    assert_int_equal(read_signed_payload(payload, &root_key, NULL), OK);

    struct {
        size_t at, drop;
        const char *put;
        enum status want;
    } rows[] = {
        {2, 1, "02", BAD_VERSION},                                /* another format */
        {1, 2, "0101 0101", BAD_FORMAT},                          /* a label twice, one pair too many */
        {0, 3, "a4", BAD_FORMAT},                                 /* no format */
        {0, 5, "a4 0101", BAD_FORMAT},                            /* no version */
        {4, 1, "1b0000000100000000", TOO_LARGE},                  /* a version beyond u32 */
        {4, 1, "20", BAD_FORMAT},                                 /* a negative one */
        {6, 17, "4f 000000000000000000000000000000", BAD_FORMAT}, /* a vendor of 15 bytes */
        {end, 0, "00", BAD_FORMAT},                               /* bytes after the map */
        {0, 1, "a6", BAD_FORMAT},                                 /* a pair is missing */
        {0, 1, "b90005", BAD_FORMAT},                             /* a longer head than needed */
        {0, 1, "bf", BAD_FORMAT},                                 /* indefinite */
        {23, 2, "04 80", BAD_FORMAT},                             /* no keys, and bytes where none belong */
        {25, 1, "a5 00 01", BAD_FORMAT},                          /* label 0 in a key */
        {25, 1, "a5", BAD_FORMAT},                                /* a pair of the next thing in a key */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct span other = payload_with(&out, payload, rows[i].at, rows[i].drop, rows[i].put);
        enum status status = read_signed_payload(other, &root_key, NULL);
        if (status != rows[i].want)
            fail_msg("row %zu: %s, not %s", i, status_name(status), status_name(rows[i].want));
    }
}

/* The end of a plain payload is 05 a3 01 83010001 02 83010001 04 83010001: what may stand there instead. */
static void policies_and_lists_say_something_or_are_absent(void **state)
{
    (void)state;
    uint8_t memory[ROOT_MAX], tail_bytes[32];
    struct buffer out = buffer_over(memory, sizeof memory);
    const struct trust trust = plain_trust();
    struct document document;
    must_write(&document, &trust, &root_key, NULL);
    struct span payload = payload_of(&document);
    struct span tail = hex_into(tail_bytes, sizeof tail_bytes, "05 a3 0183010001 0283010001 0483010001");
    size_t at = payload.size - tail.size;
    assert_true(span_equal(span_from(payload, at), tail));

    static const struct {
        const char *head, *tail;
        enum status want;
    } rows[] = {
        {"a5", "05 a1 0283010001", OK},
        {"a5", "05 a2 0183010001 0483010001", BAD_FORMAT}, /* none for root */
        {"a5", "05 a0", BAD_FORMAT},
        {"a4", "", BAD_FORMAT},
        {"a5", "05 a1 0283000000", BAD_FORMAT},            /* all zero */
        {"a5", "05 a2 0183000000 0283010001", BAD_FORMAT}, /* of another role too */
        {"a5", "05 a1 02820101", BAD_FORMAT},              /* two numbers */
        {"a5", "05 a1 028401000101", BAD_FORMAT},          /* four */
        {"a5", "05 a1 02831901000001", TOO_LARGE},         /* 256 */
        {"a5", "05 a2 0283010001 0383010001", BAD_FORMAT}, /* two roles at once */
        {"a5", "05 a2 0283010001 0883010001", BAD_FORMAT}, /* a role that isn't */
        {"a5", "05 a1 0283020001", TOO_FEW},               /* more than signed */
        {"a5", "05 a1 0283000100", TOO_FEW},               /* a kind that didn't sign */
        {"a6", "05 a1 0283010001 06 81 480102030405060708", OK},
        {"a6", "05 a1 0283010001 06 80", BAD_FORMAT},                  /* an empty list */
        {"a6", "05 a1 0283010001 06 81 4701020304050607", BAD_FORMAT}, /* a short id */
        {"a6", "05 a1 0283010001 06 82 480102030405060708 480102030405060708", BAD_FORMAT},
        {"a6", "05 a1 0283010001 07 81 50000102030405060708090a0b0c0d0e0f", OK},
        {"a6", "05 a1 0283010001 07 80", BAD_FORMAT},
        {"a6", "05 a1 0283010001 07 81 4f0102030405060708090a0b0c0d0e0f", BAD_FORMAT},
        {"a6", "05 a1 0283010001 08 01", BAD_FORMAT},   /* an unknown label */
        {"a6", "05 a1 0283010001 20 01", BAD_FORMAT},   /* a negative one */
        {"a6", "05 a1 0283010001 6161 01", BAD_FORMAT}, /* a text */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct span other = payload_with(&out, payload, at, tail.size, rows[i].tail);
        hex_into(memory, 1, rows[i].head);
        enum status status = read_signed_payload(other, &root_key, NULL);
        if (status != rows[i].want)
            fail_msg("row %zu (%s): %s, not %s", i, rows[i].tail, status_name(status),
                     status_name(rows[i].want));
    }
}

static void more_withdrawn_than_fit_are_refused(void **state)
{
    (void)state;
    uint8_t memory[ROOT_MAX];
    struct buffer out = buffer_over(memory, sizeof memory);
    const struct trust trust = plain_trust();
    struct document document;
    must_write(&document, &trust, &root_key, NULL);
    struct span payload = payload_of(&document);

    for (size_t count = TRUST_WITHDRAWN_MAX; count <= TRUST_WITHDRAWN_MAX + 1; count++) {
        out.size = 0;
        assert_true(buffer_append(&out, payload));
        memory[0] = 0xa6;
        struct cbor_writer writer = cbor_into(&out);
        cbor_put_uint(&writer, 6);
        cbor_put_array(&writer, count);
        for (size_t i = 0; i < count; i++)
            cbor_put_bytes(&writer, span_of((uint8_t[KEY_ID_SIZE]){(uint8_t)i}, KEY_ID_SIZE));
        assert_int_equal(cbor_written(&writer), OK);
        assert_int_equal(read_signed_payload(span_used(&out), &root_key, NULL),
                         count > TRUST_WITHDRAWN_MAX ? TOO_LARGE : OK);
    }
}

static void a_document_larger_than_2_kib_is_refused_unread(void **state)
{
    (void)state;
    static uint8_t bytes[ROOT_MAX + 1];
    struct trust trust;

    assert_int_equal(root_read(span_of(bytes, sizeof bytes), &trust), TOO_LARGE);
    assert_int_equal(root_read(span_of(bytes, ROOT_MAX), &trust), BAD_FORMAT);
}

static void what_fails_leaves_the_result_as_it_was(void **state)
{
    (void)state;
    const struct trust trust = plain_trust();
    struct trust before, got;
    struct document document;
    must_write(&document, &trust, &root_key, NULL);
    memset(&got, 0x5a, sizeof got);
    memcpy(&before, &got, sizeof got);

    document.bytes[document.buffer.size - 1] ^= 1;
    assert_int_equal(root_read(span_used(&document.buffer), &got), BAD_SIGNATURE);
    assert_memory_equal(&got, &before, sizeof got);
}

struct rotation {
    struct trust current;
    struct trust next;
    struct document next_document;
};

/* Version 1 has root_key, version 2 second_root_key. */
static struct rotation rotation_to_the_second_root_key(void)
{
    struct rotation rotation = {.current = plain_trust(), .next = plain_trust()};

    rotation.next.version = 2;
    rotation.next.keys[1] = test_trust_key(&second_root_key, ROLE_ROOT);
    return rotation;
}

static enum status follows(struct rotation *rotation)
{
    struct trust got;

    return root_follows(&rotation->current, span_used(&rotation->next_document.buffer), &got);
}

static void the_next_version_needs_the_policy_of_both(void **state)
{
    (void)state;
    struct rotation rotation = rotation_to_the_second_root_key();

    must_write(&rotation.next_document, &rotation.next, &root_key, &second_root_key);
    assert_int_equal(follows(&rotation), OK);
    must_write(&rotation.next_document, &rotation.next, &second_root_key, NULL);
    assert_int_equal(follows(&rotation), UNKNOWN_KEY);
    assert_int_equal(write_signed(&rotation.next_document, &rotation.next, &root_key, NULL), UNKNOWN_KEY);
}

static void a_withdrawn_root_key_signs_its_own_withdrawal(void **state)
{
    (void)state;
    struct rotation rotation = rotation_to_the_second_root_key();
    memcpy(rotation.next.withdrawn_keys[rotation.next.withdrawn_key_count++], root_key.id, KEY_ID_SIZE);

    must_write(&rotation.next_document, &rotation.next, &root_key, &second_root_key);
    assert_int_equal(follows(&rotation), OK);
}

static void a_key_withdrawn_before_can_not_come_back(void **state)
{
    (void)state;
    struct rotation rotation = rotation_to_the_second_root_key();
    rotation.current.keys[1] = test_trust_key(&second_root_key, ROLE_ROOT);
    memcpy(rotation.current.withdrawn_keys[rotation.current.withdrawn_key_count++], root_key.id, KEY_ID_SIZE);

    must_write(&rotation.next_document, &rotation.next, &second_root_key, &root_key);
    assert_int_equal(follows(&rotation), UNKNOWN_KEY);
    must_write(&rotation.next_document, &rotation.next, &second_root_key, NULL);
    assert_int_equal(follows(&rotation), OK);
}

static void the_current_policy_counts_only_its_own_keys(void **state)
{
    (void)state;
    struct rotation rotation = rotation_to_the_second_root_key();
    rotation.current.root = two;
    rotation.current.keys[rotation.current.key_count++] = test_trust_key(&stranger, ROLE_ROOT);

    must_write(&rotation.next_document, &rotation.next, &root_key, &second_root_key);
    assert_int_equal(follows(&rotation), UNKNOWN_KEY);
}

static void only_the_version_after_the_current_one_may_follow(void **state)
{
    (void)state;
    struct rotation rotation = rotation_to_the_second_root_key();
    static const uint32_t wrong[] = {1, 3, 4, UINT32_MAX};

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        rotation.next.version = wrong[i];
        if (wrong[i] == 1)
            must_write(&rotation.next_document, &rotation.next, &second_root_key, NULL);
        else
            must_write(&rotation.next_document, &rotation.next, &root_key, &second_root_key);
        assert_int_equal(follows(&rotation), OLD_SEQUENCE);
    }
    rotation.current.version = UINT32_MAX;
    must_write(&rotation.next_document, &rotation.next, &root_key, &second_root_key);
    assert_int_equal(follows(&rotation), OLD_SEQUENCE);
}

static void a_document_of_another_vendor_does_not_follow(void **state)
{
    (void)state;
    struct rotation rotation = rotation_to_the_second_root_key();
    rotation.next.vendor[0] ^= 1;

    must_write(&rotation.next_document, &rotation.next, &root_key, &second_root_key);
    assert_int_equal(follows(&rotation), WRONG_VENDOR);
}

static void every_bit_flip_of_its_signatures_is_refused_by_who_knows_the_current_version(void **state)
{
    (void)state;
    struct rotation rotation = rotation_to_the_second_root_key();
    must_write(&rotation.next_document, &rotation.next, &root_key, &second_root_key);
    struct document *document = &rotation.next_document;

    for (size_t bit = 8 * signatures_of(document); bit < 8 * document->buffer.size; bit++) {
        document->bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (follows(&rotation) == OK)
            fail_msg("bit %zu may be flipped", bit);
        document->bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_int_equal(follows(&rotation), OK);
}

/* Who meets a vendor at version 2 can't check what the keys of version 1 signed, and doesn't count it. */
static void a_later_version_can_be_the_first_one_seen(void **state)
{
    (void)state;
    struct rotation rotation = rotation_to_the_second_root_key();

    must_write(&rotation.next_document, &rotation.next, &root_key, &second_root_key);
    assert_int_equal(read(&rotation.next_document), OK);
}

static void version_1_has_no_signatures_by_strangers(void **state)
{
    (void)state;
    const struct trust trust = plain_trust();
    struct document document;

    assert_int_equal(write_signed(&document, &trust, &root_key, &stranger), UNKNOWN_KEY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read_back),
        cmocka_unit_test(the_same_content_gives_the_same_bytes),
        cmocka_unit_test(every_bit_flip_and_every_truncation_is_refused),
        cmocka_unit_test(a_flip_in_a_signature_that_is_not_needed_is_refused_as_well),
        cmocka_unit_test(a_document_must_be_signed_by_its_own_root_policy),
        cmocka_unit_test(a_root_key_that_is_limited_to_classes_signs_no_root_document),
        cmocka_unit_test(keys_that_must_not_be_listed_are_refused),
        cmocka_unit_test(a_version_is_at_least_1_and_at_least_one_policy_is_asked_of_root),
        cmocka_unit_test(the_limits_are_kept_on_both_sides),
        cmocka_unit_test(signed_maps_are_strict_in_everything),
        cmocka_unit_test(policies_and_lists_say_something_or_are_absent),
        cmocka_unit_test(more_withdrawn_than_fit_are_refused),
        cmocka_unit_test(a_document_larger_than_2_kib_is_refused_unread),
        cmocka_unit_test(what_fails_leaves_the_result_as_it_was),
        cmocka_unit_test(the_next_version_needs_the_policy_of_both),
        cmocka_unit_test(a_withdrawn_root_key_signs_its_own_withdrawal),
        cmocka_unit_test(a_key_withdrawn_before_can_not_come_back),
        cmocka_unit_test(the_current_policy_counts_only_its_own_keys),
        cmocka_unit_test(only_the_version_after_the_current_one_may_follow),
        cmocka_unit_test(a_document_of_another_vendor_does_not_follow),
        cmocka_unit_test(every_bit_flip_of_its_signatures_is_refused_by_who_knows_the_current_version),
        cmocka_unit_test(a_later_version_can_be_the_first_one_seen),
        cmocka_unit_test(version_1_has_no_signatures_by_strangers),
    };
    return cmocka_run_group_tests(tests, make_keys, NULL);
}
