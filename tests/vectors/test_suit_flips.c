/* Every bit of every plain signed envelope flipped in turn, and every truncation: nothing passes. What each check caught
 * is counted, so that a check that no longer does its part is seen. */
#include "manifests/suit.h"

#include "tests/support/suit_vectors.h"
#include "tests/support/test.h"

enum caught { BY_STRUCTURE, BY_DIGEST, BY_SIGNATURE, BY_NOTHING, CHECKS };

struct tally {
    unsigned flips[CHECKS], truncations[CHECKS];
    uint8_t key[65];
};

static enum caught judge(struct span bytes, const uint8_t key[65])
{
    struct suit_envelope envelope;
    enum status status = suit_envelope_read(bytes, &envelope, NULL);
    if (status == BAD_DIGEST)
        return BY_DIGEST;
    if (status)
        return BY_STRUCTURE;
    return suit_verify_with(&envelope, key) ? BY_SIGNATURE : BY_NOTHING;
}

static void flip_bits(const char *name, size_t from, size_t to, struct tally *tally)
{
    uint8_t memory[SUIT_VECTOR_MAX];
    struct span bytes = suit_vector(name, memory);

    for (size_t bit = 8 * from; bit < 8 * (to < bytes.size ? to : bytes.size); bit++) {
        memory[bit / 8] ^= (uint8_t)(1 << bit % 8);
        enum caught caught = judge(bytes, tally->key);
        tally->flips[caught]++;
        if (caught == BY_NOTHING)
            print_message("survivor: %s, byte %zu, bit %zu\n", name, bit / 8, bit % 8);
        memory[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

static void truncate_all(const char *name, struct tally *tally)
{
    uint8_t memory[SUIT_VECTOR_MAX];
    struct span bytes = suit_vector(name, memory);

    for (size_t size = 0; size < bytes.size; size++) {
        enum caught caught = judge(span_first(bytes, size), tally->key);
        tally->truncations[caught]++;
        if (caught == BY_NOTHING)
            print_message("survivor: %s cut to %zu bytes\n", name, size);
    }
}

static unsigned total(const unsigned counts[CHECKS])
{
    return counts[BY_STRUCTURE] + counts[BY_DIGEST] + counts[BY_SIGNATURE] + counts[BY_NOTHING];
}

static void print(const char *what, const unsigned counts[CHECKS])
{
    print_message("# %u %s: structure caught %u, digest %u, signature %u, nothing %u\n", total(counts), what,
                  counts[BY_STRUCTURE], counts[BY_DIGEST], counts[BY_SIGNATURE], counts[BY_NOTHING]);
}

static bool is_official(const char *name)
{
    return strncmp(name, "example", 7) == 0;
}

static void no_flipped_bit_and_no_truncation_passes(void **state)
{
    (void)state;
    enum { FLIPS_OF_THE_OFFICIAL_ONES = 23568 };
    struct tally official = {0}, others = {0};

    suit_vectors_key(official.key);
    suit_vectors_key(others.key);
    for (size_t i = 0; i < SUIT_VECTORS_PLAIN; i++) {
        const char *name = suit_vectors_signed[i];
        struct tally *tally = is_official(name) ? &official : &others;
        flip_bits(name, 0, SIZE_MAX, tally);
        truncate_all(name, tally);
    }
    print("flips of the draft's envelopes", official.flips);
    print("truncations of the draft's envelopes", official.truncations);
    print("flips of libcsuit's envelopes", others.flips);
    print("truncations of libcsuit's envelopes", others.truncations);

    assert_true(total(official.flips) >= FLIPS_OF_THE_OFFICIAL_ONES);
    assert_int_equal(official.flips[BY_NOTHING] + official.truncations[BY_NOTHING], 0);
    assert_int_equal(others.flips[BY_NOTHING] + others.truncations[BY_NOTHING], 0);
    /* Each check has its share: what no digest covers, what the digests cover, and the digest itself. */
    assert_true(official.flips[BY_STRUCTURE] > 0 && official.flips[BY_DIGEST] > 0 &&
                official.flips[BY_SIGNATURE] > 0);
}

static void around_a_nested_envelope_nothing_passes_either(void **state)
{
    (void)state;
    struct tally tally = {0};

    suit_vectors_key(tally.key);
    for (size_t i = SUIT_VECTORS_PLAIN; i < SUIT_VECTORS_SIGNED; i++) {
        const char *name = suit_vectors_signed[i];
        uint8_t memory[SUIT_VECTOR_MAX];
        struct suit_envelope envelope;
        struct span bytes = suit_vector(name, memory);
        assert_int_equal(suit_envelope_read(bytes, &envelope, NULL), OK);
        assert_int_equal(envelope.member_count, 1);
        struct span nested = envelope.members[0].content;
        assert_ptr_equal(nested.data + nested.size, bytes.data + bytes.size);
        flip_bits(name, 0, (size_t)(nested.data - bytes.data), &tally);
        truncate_all(name, &tally);
    }
    print("flips around nested envelopes", tally.flips);
    print("truncations of envelopes with a nested one", tally.truncations);
    assert_int_equal(tally.flips[BY_NOTHING] + tally.truncations[BY_NOTHING], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_flipped_bit_and_no_truncation_passes),
        cmocka_unit_test(around_a_nested_envelope_nothing_passes_either),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
