/* Device certificates: what the factory says of a device holds only under a key that may say so. */
#include "keys/certificate.h"
#include "keys/uuid.h"

#include "tests/support/hex.h"
#include "tests/support/keys.h"
#include "tests/support/test.h"

static struct test_key authority, release_key, stranger, device;

static int make_keys(void **state)
{
    (void)state;
    authority = test_key_named("device authority");
    release_key = test_key_named("release");
    stranger = test_key_named("stranger");
    device = test_key_named("device 0017");
    return 0;
}

static struct trust plain_trust(void)
{
    struct trust trust = {.version = 1, .release = {1, 0, 1}, .root = {1, 0, 1}, .device = {1, 0, 1}};

    uuid_of_vendor("pumps.example", trust.vendor);
    trust.keys[trust.key_count++] = test_trust_key(&authority, ROLE_DEVICE);
    trust.keys[trust.key_count++] = test_trust_key(&release_key, ROLE_RELEASE | ROLE_ROOT);
    return trust;
}

static struct certificate plain_certificate(void)
{
    struct certificate certificate = {.serial = span_text("P4-0017"), .issued = 1790000000};

    uuid_of_vendor("pumps.example", certificate.vendor);
    uuid_of_class(certificate.vendor, "pump-4", "C", certificate.class_id);
    memcpy(certificate.public_key, device.public_key, P256_PUBLIC_SIZE);
    return certificate;
}

struct document {
    uint8_t bytes[CERTIFICATE_MAX + 64];
    struct buffer buffer;
};

static enum status write_signed(struct document *document, const struct certificate *certificate,
                                const struct test_key *key)
{
    struct cose_signer signer = test_signer(key);

    document->buffer = buffer_over(document->bytes, sizeof document->bytes);
    return certificate_write(&document->buffer, certificate, &signer);
}

static enum status verify(const struct document *document, const struct trust *trust)
{
    struct certificate got;

    return certificate_verify(span_used(&document->buffer), trust, &got);
}

static void what_was_written_is_read_back_and_verifies(void **state)
{
    (void)state;
    const struct certificate wrote = plain_certificate();
    const struct trust trust = plain_trust();
    struct document document;
    struct certificate read, verified;
    assert_int_equal(write_signed(&document, &wrote, &authority), OK);
    assert_true(document.buffer.size <= CERTIFICATE_MAX);

    assert_int_equal(certificate_read(span_used(&document.buffer), &read), OK);
    assert_int_equal(certificate_verify(span_used(&document.buffer), &trust, &verified), OK);
    assert_memory_equal(read.vendor, wrote.vendor, UUID_SIZE);
    assert_memory_equal(read.class_id, wrote.class_id, UUID_SIZE);
    assert_memory_equal(read.public_key, wrote.public_key, P256_PUBLIC_SIZE);
    assert_true(span_equal(verified.serial, wrote.serial));
    assert_true(verified.issued == wrote.issued);
}

static void every_bit_flip_and_every_truncation_is_refused(void **state)
{
    (void)state;
    const struct certificate certificate = plain_certificate();
    const struct trust trust = plain_trust();
    struct document document;
    assert_int_equal(write_signed(&document, &certificate, &authority), OK);
    size_t size = document.buffer.size;

    for (size_t bit = 0; bit < 8 * size; bit++) {
        document.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (verify(&document, &trust) == OK)
            fail_msg("bit %zu may be flipped", bit);
        document.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (document.buffer.size = 0; document.buffer.size < size; document.buffer.size++)
        assert_int_equal(verify(&document, &trust), BAD_FORMAT);
    assert_int_equal(verify(&document, &trust), OK);
    document.bytes[document.buffer.size++] = 0;
    assert_int_equal(verify(&document, &trust), BAD_FORMAT);
}

static void only_a_device_authority_of_that_vendor_and_class_certifies(void **state)
{
    (void)state;
    const struct certificate certificate = plain_certificate();
    struct trust trust = plain_trust();
    struct document document;

    assert_int_equal(write_signed(&document, &certificate, &release_key), OK);
    assert_int_equal(verify(&document, &trust), WRONG_SCOPE);
    assert_int_equal(write_signed(&document, &certificate, &stranger), OK);
    assert_int_equal(verify(&document, &trust), UNKNOWN_KEY);

    assert_int_equal(write_signed(&document, &certificate, &authority), OK);
    trust.keys[0].class_count = 1;
    uuid_of_class(trust.vendor, "pump-4", "D", trust.keys[0].classes[0]);
    assert_int_equal(verify(&document, &trust), WRONG_SCOPE);
    uuid_of_class(trust.vendor, "pump-4", "C", trust.keys[0].classes[0]);
    assert_int_equal(verify(&document, &trust), OK);

    trust.vendor[0] ^= 1;
    assert_int_equal(verify(&document, &trust), WRONG_SCOPE);
    trust.vendor[0] ^= 1;
    memcpy(trust.withdrawn_keys[trust.withdrawn_key_count++], authority.id, KEY_ID_SIZE);
    assert_int_equal(verify(&document, &trust), WITHDRAWN);
    trust = plain_trust();
    trust.device = (struct trust_policy){0, 0, 0};
    assert_int_equal(verify(&document, &trust), TOO_FEW);
    trust.device = (struct trust_policy){2, 0, 2};
    assert_int_equal(verify(&document, &trust), TOO_FEW);
}

static void a_device_with_a_published_key_is_not_certified(void **state)
{
    (void)state;
    struct certificate certificate = plain_certificate();
    const struct trust trust = plain_trust();
    struct document document;
    /* RFC 6979, A.2.5 */
    hex_into(certificate.public_key, sizeof certificate.public_key,
             "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
             "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299");

    assert_int_equal(write_signed(&document, &certificate, &authority), OK);
    assert_int_equal(verify(&document, &trust), WITHDRAWN);
}

static void a_serial_is_1_to_32_bytes_that_can_be_printed(void **state)
{
    (void)state;
    static const struct {
        const char *serial;
        enum status want;
    } rows[] = {
        {"1", OK},
        {"01234567890123456789012345678901", OK},
        {"012345678901234567890123456789012", TOO_LARGE},
        {"", BAD_FORMAT},
        {"a\nb", BAD_FORMAT},
        {"a\x1b[2J", BAD_FORMAT},
        {"a\x7f", BAD_FORMAT},
        {"\xff", BAD_FORMAT},
        {"Größe 3", OK},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct certificate certificate = plain_certificate();
        struct document document;
        certificate.serial = span_text(rows[i].serial);
        assert_int_equal(write_signed(&document, &certificate, &authority), rows[i].want);
        assert_int_equal(document.buffer.size > 0, rows[i].want == OK);
    }
}

/* A certificate around any payload, signed in order. */
static enum status verify_payload(struct span payload, const char *aad, enum cose_payload where)
{
    struct document document = {.buffer = buffer_over(document.bytes, sizeof document.bytes)};
    struct cose_signer signer = test_signer(&authority);
    const struct trust trust = plain_trust();
    uint8_t scratch[512];

    assert_int_equal(cose_sign1_write(&document.buffer, &signer, span_text(aad), payload, where,
                                      buffer_over(scratch, sizeof scratch)),
                     OK);
    return verify(&document, &trust);
}

static struct span payload_of(const struct document *document)
{
    struct cose_sign1 block;

    assert_int_equal(cose_read(span_used(&document->buffer), &block), OK);
    return block.payload;
}

/* Head a6, then 01 01, 02 50 vendor, 03 50 class, 04 67 serial, 05 5841 key, 06 1a issued. */
static void the_signed_map_is_strict(void **state)
{
    (void)state;
    const struct certificate certificate = plain_certificate();
    struct document document;
    assert_int_equal(write_signed(&document, &certificate, &authority), OK);
    struct span payload = payload_of(&document);
    size_t key_at = 1 + 2 + 18 + 18 + 9, issued_at = key_at + 68;
    assert_int_equal(payload.size, issued_at + 6);
    assert_int_equal(verify_payload(payload, "suture-device-1", COSE_ATTACHED), OK);

    const struct {
        size_t at, drop;
        const char *put;
        enum status want;
    } rows[] = {
        {2, 1, "02", BAD_VERSION},
        {0, 3, "a5", BAD_FORMAT},       /* no format */
        {issued_at, 6, "", BAD_FORMAT}, /* a pair is missing */
        {0, 1, "a7", BAD_FORMAT},
        {issued_at, 6, "07 01", BAD_FORMAT},                 /* an unknown label */
        {issued_at + 6, 0, "00", BAD_FORMAT},                /* bytes after the map */
        {issued_at, 6, "06 20", BAD_FORMAT},                 /* issued before 1970 */
        {issued_at, 6, "06 1b000000006ab13b80", BAD_FORMAT}, /* in a longer head */
        {key_at + 3, 1, "02", BAD_FORMAT},                   /* a compressed point's mark */
        {3, 18, "02 4f 000000000000000000000000000000", BAD_FORMAT},
        {39, 9, "04 47 50342d30303137", BAD_FORMAT}, /* the serial as bytes */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t memory[CERTIFICATE_MAX], bytes[64];
        struct buffer out = buffer_over(memory, sizeof memory);
        assert_true(buffer_append(&out, span_first(payload, rows[i].at)));
        assert_true(buffer_append(&out, hex_into(bytes, sizeof bytes, rows[i].put)));
        assert_true(buffer_append(&out, span_from(payload, rows[i].at + rows[i].drop)));
        enum status status = verify_payload(span_used(&out), "suture-device-1", COSE_ATTACHED);
        if (status != rows[i].want)
            fail_msg("row %zu: %s, not %s", i, status_name(status), status_name(rows[i].want));
    }
}

static void a_block_of_another_kind_is_no_certificate(void **state)
{
    (void)state;
    const struct certificate certificate = plain_certificate();
    struct document document;
    assert_int_equal(write_signed(&document, &certificate, &authority), OK);
    struct span payload = payload_of(&document);

    assert_int_equal(verify_payload(payload, "suture-report-1", COSE_ATTACHED), BAD_SIGNATURE);
    assert_int_equal(verify_payload(payload, "", COSE_ATTACHED), BAD_SIGNATURE);
    assert_int_equal(verify_payload(payload, "suture-device-1", COSE_DETACHED), BAD_FORMAT);
}

static void a_certificate_without_a_key_id_or_beyond_512_bytes_is_refused(void **state)
{
    (void)state;
    static uint8_t large[CERTIFICATE_MAX + 1];
    uint8_t bytes[CERTIFICATE_MAX];
    const struct certificate certificate = plain_certificate();
    struct certificate got;
    struct document document;
    struct cose_sign1 block;
    assert_int_equal(write_signed(&document, &certificate, &authority), OK);
    assert_int_equal(cose_read(span_used(&document.buffer), &block), OK);

    struct buffer out = buffer_over(bytes, sizeof bytes);
    struct cbor_writer writer = cbor_into(&out);
    cbor_put_tag(&writer, 18);
    cbor_put_array(&writer, 4);
    cbor_put_bytes(&writer, span_of("\xa1\x01\x28", 3));
    cbor_put_map(&writer, 0);
    cbor_put_bytes(&writer, block.payload);
    cbor_put_bytes(&writer, block.signature);
    assert_int_equal(certificate_read(span_used(&out), &got), BAD_FORMAT);
    assert_int_equal(certificate_read(span_of(large, sizeof large), &got), TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read_back_and_verifies),
        cmocka_unit_test(every_bit_flip_and_every_truncation_is_refused),
        cmocka_unit_test(only_a_device_authority_of_that_vendor_and_class_certifies),
        cmocka_unit_test(a_device_with_a_published_key_is_not_certified),
        cmocka_unit_test(a_serial_is_1_to_32_bytes_that_can_be_printed),
        cmocka_unit_test(the_signed_map_is_strict),
        cmocka_unit_test(a_block_of_another_kind_is_no_certificate),
        cmocka_unit_test(a_certificate_without_a_key_id_or_beyond_512_bytes_is_refused),
    };
    return cmocka_run_group_tests(tests, make_keys, NULL);
}
