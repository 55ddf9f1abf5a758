/* COSE_Sign1 as it is read and written: one form, and nothing that a signature does not cover is left to choice. */
#include "keys/cose_sign.h"
#include "keys/p256_sign.h"

#include "tests/support/hex.h"
#include "tests/support/test.h"

/* draft-ietf-suit-manifest-37, Appendix B.1 (example 0): the SUIT_Digest, its COSE block, and the draft's public key. The
 * Sig_structure of 55 bytes was derived from them independently. */
#define SUIT_DIGEST   "82 2f 5820 6658ea560262696dd1f13b782239a064da7c6c5cbaf52fded428a6fc83c7e5af"
#define SIG_STRUCTURE "84 6a5369676e617475726531 43a10126 40 5824" SUIT_DIGEST
#define SUIT_BLOCK                                                                                           \
    "d28443a10126a0f65840408d0816f9b510749bf6a51b066951e08a4438f849eb"                                       \
    "092a1ac768eed9de696c1b1dd35d82ef149e6a73a61976ad2cfe78444b806429"                                       \
    "3350a122f332cb49f0da"
#define SUIT_KEY                                                                                             \
    "048496811aae0baaabd26157189eecda26beaa8bf11b6f3fe6e2b5659c85dbc0ad"                                     \
    "3b1f2a4b6c098131c0a36dacd1d78bd381dcdfb09c052db33991db7338b4a896"

struct bench {
    uint8_t private_key[P256_PRIVATE_SIZE], public_key[P256_PUBLIC_SIZE];
    struct cose_signer signer;
    size_t signature_size; /* what the signer answers with */
    enum status signer_says;
    uint8_t seen[256]; /* what the signer was given */
    struct buffer message;
    uint8_t block_bytes[256];
    struct buffer block;
    uint8_t scratch[256];
};

static enum status sign_on_bench(void *context, struct span message, struct buffer *signature)
{
    struct bench *bench = context;
    uint8_t digest[DIGEST_SIZE], bytes[P256_SIGNATURE_SIZE];

    bench->message = buffer_over(bench->seen, sizeof bench->seen);
    assert_true(buffer_append(&bench->message, message));
    if (bench->signer_says)
        return bench->signer_says;
    digest_of(message, digest);
    assert_int_equal(p256_sign(bench->private_key, digest, bytes), OK);
    assert_true(buffer_append(signature, span_of(bytes, bench->signature_size)));
    return OK;
}

static void bench_set_up(struct bench *bench)
{
    memset(bench, 0, sizeof *bench);
    digest_of(span_text("the signer of test_cose"), bench->private_key);
    assert_int_equal(p256_public_of(bench->private_key, bench->public_key), OK);
    bench->signer = (struct cose_signer){COSE_ESP256, {0}, bench, sign_on_bench};
    key_id_of(span_of(bench->public_key, P256_PUBLIC_SIZE), bench->signer.key_id);
    bench->signature_size = P256_SIGNATURE_SIZE;
    bench->block = buffer_over(bench->block_bytes, sizeof bench->block_bytes);
}

static enum status bench_write(struct bench *bench, const char *payload, enum cose_payload where)
{
    return cose_sign1_write(&bench->block, &bench->signer, span_text("aad"), span_text(payload), where,
                            buffer_over(bench->scratch, sizeof bench->scratch));
}

static const struct span absent = {NULL, 0};

static void the_sig_structure_of_the_suit_example_is_digested(void **state)
{
    (void)state;
    uint8_t structure[64], header[8], payload[64], want[DIGEST_SIZE], got[DIGEST_SIZE];
    struct span whole = hex_into(structure, sizeof structure, SIG_STRUCTURE);
    assert_int_equal(whole.size, 55);
    digest_of(whole, want);

    cose_tbs_digest(hex_into(header, sizeof header, "a10126"), span_of("", 0),
                    hex_into(payload, sizeof payload, SUIT_DIGEST), got);
    assert_memory_equal(got, want, DIGEST_SIZE);
}

static void the_block_of_the_suit_example_verifies(void **state)
{
    (void)state;
    uint8_t block_bytes[128], digest[64], public_key[P256_PUBLIC_SIZE];
    struct cose_sign1 block;
    struct span payload = hex_into(digest, sizeof digest, SUIT_DIGEST);
    hex_into(public_key, sizeof public_key, SUIT_KEY);

    assert_int_equal(cose_read(hex_into(block_bytes, sizeof block_bytes, SUIT_BLOCK), &block), OK);
    assert_int_equal(block.algorithm, COSE_ES256);
    assert_null(block.key_id.data);
    assert_int_equal(cose_verify(&block, span_of("", 0), payload, public_key), OK);
    digest[10] ^= 1;
    assert_int_equal(cose_verify(&block, span_of("", 0), payload, public_key), BAD_SIGNATURE);
}

static void a_detached_block_verifies_with_its_payload_only(void **state)
{
    (void)state;
    struct bench bench;
    struct cose_sign1 block;
    bench_set_up(&bench);

    assert_int_equal(bench_write(&bench, "payload", COSE_DETACHED), OK);
    assert_int_equal(cose_read(span_used(&bench.block), &block), OK);
    assert_null(block.payload.data);
    assert_int_equal(block.algorithm, COSE_ESP256);
    assert_memory_equal(block.key_id.data, bench.signer.key_id, KEY_ID_SIZE);
    assert_int_equal(cose_verify(&block, span_text("aad"), span_text("payload"), bench.public_key), OK);
    assert_int_equal(cose_verify(&block, span_text("aad"), span_text("Payload"), bench.public_key),
                     BAD_SIGNATURE);
    assert_int_equal(cose_verify(&block, span_text("add"), span_text("payload"), bench.public_key),
                     BAD_SIGNATURE);
    assert_int_equal(cose_verify(&block, span_text("aad"), absent, bench.public_key), MISSING);
}

static void an_attached_block_brings_its_payload(void **state)
{
    (void)state;
    struct bench bench;
    struct cose_sign1 block;
    bench_set_up(&bench);

    assert_int_equal(bench_write(&bench, "payload", COSE_ATTACHED), OK);
    assert_int_equal(cose_read(span_used(&bench.block), &block), OK);
    assert_true(span_equal(block.payload, span_text("payload")));
    assert_int_equal(cose_verify(&block, span_text("aad"), absent, bench.public_key), OK);
    assert_int_equal(cose_verify(&block, span_text("aad"), span_text("payload"), bench.public_key),
                     BAD_FORMAT);
}

static void the_signer_gets_the_exact_sig_structure(void **state)
{
    (void)state;
    struct bench bench;
    struct cose_sign1 block;
    uint8_t from_message[DIGEST_SIZE], from_parts[DIGEST_SIZE];
    bench_set_up(&bench);

    assert_int_equal(bench_write(&bench, "payload", COSE_ATTACHED), OK);
    assert_int_equal(cose_read(span_used(&bench.block), &block), OK);
    digest_of(span_used(&bench.message), from_message);
    cose_tbs_digest(block.protected_header, span_text("aad"), span_text("payload"), from_parts);
    assert_memory_equal(from_message, from_parts, DIGEST_SIZE);
}

/* What the block adds to its payload, and what the Sig_structure adds to payload and aad. */
static void the_stated_sizes_are_enough_and_one_byte_less_leaves_the_output_alone(void **state)
{
    (void)state;
    struct bench bench;
    bench_set_up(&bench);
    assert_int_equal(bench_write(&bench, "payload", COSE_ATTACHED), OK);
    size_t needed = bench.block.size;
    assert_true(needed <= strlen("payload") + COSE_OVERHEAD_MAX);

    for (size_t capacity = 0; capacity < needed; capacity++) {
        bench.block = buffer_over(bench.block_bytes, capacity);
        assert_int_equal(bench_write(&bench, "payload", COSE_ATTACHED), TOO_LARGE);
        assert_int_equal(bench.block.size, 0);
    }
    bench.block = buffer_over(bench.block_bytes, needed);
    assert_int_equal(cose_sign1_write(&bench.block, &bench.signer, span_text("aad"), span_text("payload"),
                                      COSE_ATTACHED, buffer_over(bench.scratch, 3 + 7 + 64)),
                     OK);
    bench.block.size = 0;
    assert_int_equal(cose_sign1_write(&bench.block, &bench.signer, span_text("aad"), span_text("payload"),
                                      COSE_ATTACHED, buffer_over(bench.scratch, 20)),
                     TOO_LARGE);
    assert_int_equal(bench.block.size, 0);
}

static void a_signer_that_fails_or_answers_another_size_leaves_the_output_alone(void **state)
{
    (void)state;
    struct bench bench;
    bench_set_up(&bench);

    bench.signer_says = NO_KEY;
    assert_int_equal(bench_write(&bench, "payload", COSE_ATTACHED), NO_KEY);
    assert_int_equal(bench.block.size, 0);
    bench.signer_says = OK;
    bench.signature_size = P256_SIGNATURE_SIZE - 1;
    assert_int_equal(bench_write(&bench, "payload", COSE_ATTACHED), FAILED);
    bench.signature_size = 0;
    assert_int_equal(bench_write(&bench, "payload", COSE_ATTACHED), FAILED);
    assert_int_equal(bench.block.size, 0);
}

static void both_names_of_the_algorithm_verify_and_no_other_does(void **state)
{
    (void)state;
    struct bench bench;
    struct cose_sign1 block;
    bench_set_up(&bench);

    bench.signer.algorithm = COSE_ES256;
    assert_int_equal(bench_write(&bench, "payload", COSE_ATTACHED), OK);
    assert_int_equal(cose_read(span_used(&bench.block), &block), OK);
    assert_int_equal(cose_verify(&block, span_text("aad"), absent, bench.public_key), OK);
    block.algorithm = COSE_HSS_LMS;
    assert_int_equal(cose_verify(&block, span_text("aad"), absent, bench.public_key), UNSUPPORTED);
    bench.signer.algorithm = COSE_HSS_LMS;
    assert_int_equal(bench_write(&bench, "payload", COSE_ATTACHED), UNSUPPORTED);
}

static enum status read_hex(const char *text)
{
    uint8_t bytes[128];
    struct cose_sign1 block;

    return cose_read(hex_into(bytes, sizeof bytes, text), &block);
}

static void only_the_one_form_is_read(void **state)
{
    (void)state;
    assert_int_equal(read_hex("d284 43a10126 a0 f6 4100"), OK);
    assert_int_equal(read_hex("d284 4da1012604481122334455667788 a0 f6 4100"),
                     BAD_FORMAT); /* map says one pair */
    assert_int_equal(read_hex("d284 4da2012604481122334455667788 a0 f6 4100"), OK);
    assert_int_equal(read_hex("d284 4da2012604481122334455667788 a0 4161 4100"), OK);

    assert_int_equal(read_hex("84 43a10126 a0 f6 4100"), BAD_FORMAT);       /* no tag */
    assert_int_equal(read_hex("d184 43a10126 a0 f6 4100"), BAD_FORMAT);     /* another tag */
    assert_int_equal(read_hex("d812 84 43a10126 a0 f6 4100"), BAD_FORMAT);  /* the tag in a longer head */
    assert_int_equal(read_hex("d283 43a10126 a0 f6"), BAD_FORMAT);          /* three members */
    assert_int_equal(read_hex("d285 43a10126 a0 f6 4100 00"), BAD_FORMAT);  /* five */
    assert_int_equal(read_hex("d284 43a10126 a10126 f6 4100"), BAD_FORMAT); /* unprotected header not empty */
    assert_int_equal(read_hex("d284 43a10126 a0 f7 4100"), BAD_FORMAT);     /* undefined instead of nil */
    assert_int_equal(read_hex("d284 43a10126 a0 6161 4100"), BAD_FORMAT);   /* payload a text */
    assert_int_equal(read_hex("d284 43a10126 a0 f6 f6"), BAD_FORMAT);       /* no signature */
    assert_int_equal(read_hex("d284 43a10126 a0 f6 4100 00"), BAD_FORMAT);  /* a byte after the end */
    assert_int_equal(read_hex("d284 40 a0 f6 4100"), BAD_FORMAT);           /* empty protected header */
    assert_int_equal(read_hex("d284 41a0 a0 f6 4100"), BAD_FORMAT);         /* no algorithm */
    assert_int_equal(read_hex("d284 43a10426 a0 f6 4100"), BAD_FORMAT);     /* another label first */
    assert_int_equal(read_hex("d284 44a1016126 a0 f6 4100"), BAD_FORMAT);   /* algorithm as text */
    assert_int_equal(read_hex("d284 45a201260201 a0 f6 4100"), BAD_FORMAT); /* label 2 (critical) */
    assert_int_equal(read_hex("d284 45a201260126 a0 f6 4100"), BAD_FORMAT); /* label 1 twice */
    assert_int_equal(read_hex("d284 4ca20126044711223344556677 a0 f6 4100"), BAD_FORMAT); /* key id of 7 */
    assert_int_equal(read_hex("d284 4ea201260449112233445566778899 a0 f6 4100"), BAD_FORMAT); /* of 9 */
    assert_int_equal(read_hex("d284 44a1012600 a0 f6 4100"), BAD_FORMAT); /* bytes after the header's map */
    assert_int_equal(read_hex("d284 44a1013806 a0 f6 4100"), BAD_FORMAT); /* -7 in a longer head */
}

static enum status read_and_verify(const struct bench *bench)
{
    struct cose_sign1 block;
    enum status status = cose_read(span_used(&bench->block), &block);

    return status ? status : cose_verify(&block, span_text("aad"), absent, bench->public_key);
}

/* Flips inside the key id change the protected header, which the signature covers. */
static void every_bit_flip_and_every_truncation_of_a_block_is_refused(void **state)
{
    (void)state;
    struct bench bench;
    size_t by_structure = 0, by_signature = 0;
    bench_set_up(&bench);
    assert_int_equal(bench_write(&bench, "payload", COSE_ATTACHED), OK);
    size_t size = bench.block.size;

    for (size_t bit = 0; bit < 8 * size; bit++) {
        bench.block_bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        enum status status = read_and_verify(&bench);
        bench.block_bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        by_structure += status == BAD_FORMAT;
        by_signature += status == BAD_SIGNATURE || status == UNSUPPORTED || status == MISSING;
        if (status == OK)
            fail_msg("bit %zu of the block may be flipped", bit);
    }
    assert_int_equal(by_structure + by_signature, 8 * size);
    print_message("%zu flips: %zu by structure, %zu by signature\n", 8 * size, by_structure, by_signature);
    for (bench.block.size = 0; bench.block.size < size; bench.block.size++)
        assert_int_equal(read_and_verify(&bench), BAD_FORMAT);
    assert_int_equal(read_and_verify(&bench), OK);
}

static void a_signature_of_another_length_is_no_signature(void **state)
{
    (void)state;
    struct bench bench;
    struct cose_sign1 block;
    bench_set_up(&bench);
    assert_int_equal(bench_write(&bench, "payload", COSE_ATTACHED), OK);
    assert_int_equal(cose_read(span_used(&bench.block), &block), OK);

    for (block.signature.size = 0; block.signature.size < P256_SIGNATURE_SIZE; block.signature.size++)
        assert_int_equal(cose_verify(&block, span_text("aad"), absent, bench.public_key), BAD_SIGNATURE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sig_structure_of_the_suit_example_is_digested),
        cmocka_unit_test(the_block_of_the_suit_example_verifies),
        cmocka_unit_test(a_detached_block_verifies_with_its_payload_only),
        cmocka_unit_test(an_attached_block_brings_its_payload),
        cmocka_unit_test(the_signer_gets_the_exact_sig_structure),
        cmocka_unit_test(the_stated_sizes_are_enough_and_one_byte_less_leaves_the_output_alone),
        cmocka_unit_test(a_signer_that_fails_or_answers_another_size_leaves_the_output_alone),
        cmocka_unit_test(both_names_of_the_algorithm_verify_and_no_other_does),
        cmocka_unit_test(only_the_one_form_is_read),
        cmocka_unit_test(every_bit_flip_and_every_truncation_of_a_block_is_refused),
        cmocka_unit_test(a_signature_of_another_length_is_no_signature),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
