/* SHA-256 against the examples of FIPS 180-4, and that it does not matter how the bytes come in. */
#include "keys/digest.h"

#include "tests/support/hex.h"
#include "tests/support/test.h"

static void assert_digest(struct span bytes, const char *expected)
{
    uint8_t want[DIGEST_SIZE], got[DIGEST_SIZE];

    hex_into(want, sizeof want, expected);
    digest_of(bytes, got);
    assert_memory_equal(got, want, DIGEST_SIZE);
}

/* FIPS 180-2, B.1 to B.3, which FIPS 180-4 refers to. */
static void the_examples_of_the_standard_come_out(void **state)
{
    (void)state;
    static uint8_t million[1000000];
    memset(million, 'a', sizeof million);

    assert_digest(span_text(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_digest(span_text("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_digest(span_text("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
                  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    assert_digest(span_of(million, sizeof million),
                  "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void bytes_in_any_pieces_give_the_digest_of_the_whole(void **state)
{
    (void)state;
    uint8_t bytes[200], whole[DIGEST_SIZE], pieces[DIGEST_SIZE];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 7);
    digest_of(span_of(bytes, sizeof bytes), whole);

    for (size_t step = 1; step <= sizeof bytes; step++) {
        struct digest digest;
        digest_start(&digest);
        for (size_t at = 0; at < sizeof bytes; at += step)
            digest_update(&digest, span_first(span_from(span_of(bytes, sizeof bytes), at), step));
        digest_finish(&digest, pieces);
        assert_true(digest_equal(whole, pieces));
    }
}

static void a_copy_goes_on_by_itself(void **state)
{
    (void)state;
    struct digest digest, copy;
    uint8_t got[DIGEST_SIZE], want[DIGEST_SIZE];

    digest_start(&digest);
    digest_update(&digest, span_text("ab"));
    copy = digest;
    digest_update(&digest, span_text("x"));
    digest_finish(&digest, got);
    digest_update(&copy, span_text("c"));
    digest_finish(&copy, got);

    digest_of(span_text("abc"), want);
    assert_true(digest_equal(got, want));
}

static void a_digest_that_differs_in_one_bit_is_another(void **state)
{
    (void)state;
    uint8_t a[DIGEST_SIZE], b[DIGEST_SIZE];
    digest_of(span_text("abc"), a);

    for (size_t bit = 0; bit < 8 * DIGEST_SIZE; bit++) {
        memcpy(b, a, sizeof b);
        b[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_false(digest_equal(a, b));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples_of_the_standard_come_out),
        cmocka_unit_test(bytes_in_any_pieces_give_the_digest_of_the_whole),
        cmocka_unit_test(a_copy_goes_on_by_itself),
        cmocka_unit_test(a_digest_that_differs_in_one_bit_is_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
