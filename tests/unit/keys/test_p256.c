/* ECDSA P-256 against RFC 6979, A.2.5, and everything that must not count as a signature. */
#include "keys/p256_sign.h"
#include "keys/digest.h"

#include "tests/support/hex.h"
#include "tests/support/test.h"

/* RFC 6979, A.2.5. */
#define PRIVATE_KEY "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721"
#define PUBLIC_KEY                                                                                           \
    "04 60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6"                                    \
    "7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299"
#define SAMPLE_SIGNATURE                                                                                     \
    "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"                                       \
    "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8"
#define TEST_SIGNATURE                                                                                       \
    "F1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367"                                       \
    "019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083"
/* The order of the group (SEC 2, 2.4.2). */
#define ORDER "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551"

struct signed_text {
    uint8_t private_key[P256_PRIVATE_SIZE];
    uint8_t public_key[P256_PUBLIC_SIZE];
    uint8_t digest[DIGEST_SIZE];
    uint8_t signature[P256_SIGNATURE_SIZE];
};

static struct signed_text signed_text(const char *text, const char *signature)
{
    struct signed_text out;

    hex_into(out.private_key, sizeof out.private_key, PRIVATE_KEY);
    hex_into(out.public_key, sizeof out.public_key, PUBLIC_KEY);
    hex_into(out.signature, sizeof out.signature, signature);
    digest_of(span_text(text), out.digest);
    return out;
}

static enum status verify(const struct signed_text *it)
{
    return p256_verify(it->public_key, it->digest, it->signature);
}

static void the_signatures_of_rfc_6979_come_out_and_verify(void **state)
{
    (void)state;
    static const char *const rows[][2] = {{"sample", SAMPLE_SIGNATURE}, {"test", TEST_SIGNATURE}};

    for (size_t i = 0; i < 2; i++) {
        struct signed_text it = signed_text(rows[i][0], rows[i][1]);
        uint8_t made[P256_SIGNATURE_SIZE];
        assert_int_equal(p256_sign(it.private_key, it.digest, made), OK);
        assert_memory_equal(made, it.signature, sizeof made);
        assert_int_equal(verify(&it), OK);
    }
}

static void the_public_key_follows_from_the_private_one(void **state)
{
    (void)state;
    struct signed_text it = signed_text("sample", SAMPLE_SIGNATURE);
    uint8_t made[P256_PUBLIC_SIZE];

    assert_int_equal(p256_public_of(it.private_key, made), OK);
    assert_memory_equal(made, it.public_key, sizeof made);
}

static void every_single_bit_of_a_signature_counts(void **state)
{
    (void)state;
    struct signed_text it = signed_text("sample", SAMPLE_SIGNATURE);

    for (size_t bit = 0; bit < 8 * P256_SIGNATURE_SIZE; bit++) {
        it.signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(verify(&it), BAD_SIGNATURE);
        it.signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_int_equal(verify(&it), OK);
}

static void every_single_bit_of_the_digest_counts(void **state)
{
    (void)state;
    struct signed_text it = signed_text("sample", SAMPLE_SIGNATURE);

    for (size_t bit = 0; bit < 8 * DIGEST_SIZE; bit++) {
        it.digest[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(verify(&it), BAD_SIGNATURE);
        it.digest[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

/* A flipped bit moves the point off the curve, breaks the form byte, or names a coordinate beyond the field. */
static void a_public_key_off_the_curve_verifies_nothing(void **state)
{
    (void)state;
    struct signed_text it = signed_text("sample", SAMPLE_SIGNATURE);

    for (size_t bit = 0; bit < 8 * P256_PUBLIC_SIZE; bit++) {
        it.public_key[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(verify(&it), BAD_SIGNATURE);
        it.public_key[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    memset(it.public_key + 1, 0, P256_PUBLIC_SIZE - 1);
    assert_int_equal(verify(&it), BAD_SIGNATURE);
    memset(it.public_key, 0, P256_PUBLIC_SIZE);
    assert_int_equal(verify(&it), BAD_SIGNATURE);
    memset(it.public_key + 1, 0xff, P256_PUBLIC_SIZE - 1);
    it.public_key[0] = 4;
    assert_int_equal(verify(&it), BAD_SIGNATURE);
}

static void r_and_s_outside_1_to_n_minus_1_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"0000000000000000000000000000000000000000000000000000000000000000",
                                      ORDER,
                                      "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632552",
                                      "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"};

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        for (int which = 0; which < 3; which++) {
            struct signed_text it = signed_text("sample", SAMPLE_SIGNATURE);
            if (which != 1)
                hex_into(it.signature, 32, bad[i]);
            if (which != 0)
                hex_into(it.signature + 32, 32, bad[i]);
            assert_int_equal(verify(&it), BAD_SIGNATURE);
        }
}

/* Two of the standard's own signed examples carry a high S, so both halves of the range are read. The other S of "sample"
 * is n - s; the one printed is the high one. */
static void a_low_and_a_high_s_are_both_read(void **state)
{
    (void)state;
    struct signed_text it = signed_text("sample", SAMPLE_SIGNATURE);
    uint8_t order[32];
    hex_into(order, sizeof order, ORDER);

    unsigned borrow = 0;
    for (size_t i = 32; i-- > 0;) {
        unsigned take = it.signature[32 + i] + borrow;
        borrow = order[i] < take;
        it.signature[32 + i] = (uint8_t)(order[i] + 256 * borrow - take);
    }
    assert_true(it.signature[32] < 0x80);
    assert_int_equal(verify(&it), OK);
}

static void what_is_no_scalar_is_no_private_key(void **state)
{
    (void)state;
    static const char *const bad[] = {"0000000000000000000000000000000000000000000000000000000000000000",
                                      ORDER,
                                      "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"};
    uint8_t private_key[P256_PRIVATE_SIZE], digest[DIGEST_SIZE] = {1};

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint8_t public_key[P256_PUBLIC_SIZE] = {7}, signature[P256_SIGNATURE_SIZE] = {7};
        hex_into(private_key, sizeof private_key, bad[i]);
        assert_int_equal(p256_public_of(private_key, public_key), BAD_FORMAT);
        assert_int_equal(p256_sign(private_key, digest, signature), BAD_FORMAT);
        assert_int_equal(public_key[0], 7);
        assert_int_equal(signature[0], 7);
    }
}

static void a_generated_key_signs_what_its_public_half_verifies(void **state)
{
    (void)state;
    struct signed_text a, b;

    digest_of(span_text("a"), a.digest);
    digest_of(span_text("a"), b.digest);
    assert_int_equal(p256_generate(a.private_key), OK);
    assert_int_equal(p256_generate(b.private_key), OK);
    assert_memory_not_equal(a.private_key, b.private_key, P256_PRIVATE_SIZE);
    assert_int_equal(p256_public_of(a.private_key, a.public_key), OK);
    assert_int_equal(p256_public_of(b.private_key, b.public_key), OK);
    assert_int_equal(p256_sign(a.private_key, a.digest, a.signature), OK);
    assert_int_equal(verify(&a), OK);
    memcpy(b.signature, a.signature, sizeof b.signature);
    assert_int_equal(verify(&b), BAD_SIGNATURE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_signatures_of_rfc_6979_come_out_and_verify),
        cmocka_unit_test(the_public_key_follows_from_the_private_one),
        cmocka_unit_test(every_single_bit_of_a_signature_counts),
        cmocka_unit_test(every_single_bit_of_the_digest_counts),
        cmocka_unit_test(a_public_key_off_the_curve_verifies_nothing),
        cmocka_unit_test(r_and_s_outside_1_to_n_minus_1_are_refused),
        cmocka_unit_test(a_low_and_a_high_s_are_both_read),
        cmocka_unit_test(what_is_no_scalar_is_no_private_key),
        cmocka_unit_test(a_generated_key_signs_what_its_public_half_verifies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
