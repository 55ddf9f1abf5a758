/* What stands sealed in flash: identity, root documents, and the envelope beside a slot. */
#include "agent/identity.h"
#include "agent/meta.h"

#include "tests/support/memory_flash.h"
#include "tests/support/test.h"

#define BLOCK 512u

struct chip {
    struct memory_flash *flash;
    struct area area;
};

static struct chip chip_of(uint32_t blocks, uint32_t write_unit, uint8_t erased)
{
    struct chip chip = {.flash = memory_flash_new(blocks * BLOCK, write_unit, BLOCK, erased)};

    assert_non_null(chip.flash);
    chip.area = (struct area){&chip.flash->flash, 0, (uint64_t)blocks * BLOCK};
    return chip;
}

static void chip_end(struct chip *chip)
{
    assert_int_equal(chip->flash->abuses, 0);
    memory_flash_free(chip->flash);
}

static void a_document_of_any_size_is_read_as_written(void **state)
{
    uint8_t content[2 * BLOCK], memory[2 * BLOCK];
    (void)state;

    for (size_t i = 0; i < sizeof content; i++)
        content[i] = (uint8_t)(i * 3);
    for (uint32_t unit = 1; unit <= 256; unit *= 4)
        for (size_t size = 0; size <= 2 * BLOCK - DOCUMENT_HEADER_SIZE; size += 101) {
            struct chip chip = chip_of(2, unit, unit == 4 ? 0x00 : 0xff);
            struct buffer back = buffer_over(memory, sizeof memory);
            struct area_stream stream;
            assert_int_equal(document_write(&chip.area, DOCUMENT_ROOT, span_of(content, size), &stream), OK);
            assert_int_equal(document_read(&chip.area, DOCUMENT_ROOT, &back), OK);
            assert_true(span_equal(span_used(&back), span_of(content, size)));
            assert_int_equal(document_read(&chip.area, DOCUMENT_IDENTITY, &back), NOT_FOUND);
            chip_end(&chip);
        }
}

static void a_document_that_does_not_fit_erases_nothing(void **state)
{
    struct chip chip = chip_of(1, 16, 0xff);
    uint8_t content[BLOCK] = {0};
    struct area_stream stream;
    (void)state;

    memset(chip.flash->bytes, 0x33, BLOCK);
    assert_int_equal(document_write(&chip.area, DOCUMENT_ROOT, span_of(content, BLOCK - 15), &stream),
                     TOO_LARGE);
    assert_int_equal(chip.flash->operations, 0);
    chip_end(&chip);
}

static void every_flipped_bit_of_a_document_is_found(void **state)
{
    struct chip chip = chip_of(1, 16, 0xff);
    uint8_t content[40] = "who this device is", memory[64];
    struct area_stream stream;
    (void)state;

    assert_int_equal(document_write(&chip.area, DOCUMENT_IDENTITY, span_of(content, sizeof content), &stream),
                     OK);
    for (unsigned bit = 0; bit < 8 * (DOCUMENT_HEADER_SIZE + sizeof content); bit++) {
        struct buffer back = buffer_over(memory, sizeof memory);
        chip.flash->bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_not_equal(document_read(&chip.area, DOCUMENT_IDENTITY, &back), OK);
        assert_int_equal(back.size, 0);
        chip.flash->bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    chip_end(&chip);
}

static void a_length_beyond_the_area_is_not_believed(void **state)
{
    struct chip chip = chip_of(1, 16, 0xff);
    uint8_t memory[64];
    struct buffer back = buffer_over(memory, sizeof memory);
    (void)state;

    memcpy(chip.flash->bytes, "SUTR\x01\x00\x00\x00\xff\xff\xff\xff\x00\x00\x00\x00", 16);
    assert_int_equal(document_read(&chip.area, DOCUMENT_ROOT, &back), NOT_FOUND);
    memcpy(chip.flash->bytes + 8, "\x41\x00\x00\x00", 4);
    assert_int_equal(document_read(&chip.area, DOCUMENT_ROOT, &back), TOO_LARGE);
    chip_end(&chip);
}

/* Identity --------------------------------------------------------------------------------------------------------- */

static struct identity pump(void)
{
    static const uint8_t key[32] = {1}, certificate[100] = {2};
    struct identity identity = {
        .model = span_text("P-200"),
        .hardware = span_text("B"),
        .serial = span_text("7F31"),
        .private_key = span_of(key, sizeof key),
        .certificate = span_of(certificate, sizeof certificate),
    };

    memset(identity.vendor, 0xac, sizeof identity.vendor);
    memset(identity.class_id, 0xb1, sizeof identity.class_id);
    return identity;
}

static struct buffer encoded(const struct identity *identity)
{
    static uint8_t memory[IDENTITY_MAX];
    struct buffer out = buffer_over(memory, sizeof memory);

    assert_int_equal(identity_encode(&out, identity), OK);
    return out;
}

static void an_identity_is_read_as_written(void **state)
{
    struct identity identity = pump(), back;
    (void)state;

    struct buffer bytes = encoded(&identity);
    assert_int_equal(identity_decode(span_used(&bytes), &back), OK);
    assert_memory_equal(back.vendor, identity.vendor, UUID_SIZE);
    assert_true(span_equal(back.serial, identity.serial));
    assert_true(span_equal(back.private_key, identity.private_key));
    assert_true(span_equal(back.certificate, identity.certificate));
}

static void an_identity_without_a_key_is_one_too(void **state)
{
    struct identity identity = pump(), back;
    (void)state;

    identity.private_key = identity.certificate = (struct span){0};
    struct buffer bytes = encoded(&identity);
    assert_int_equal(identity_decode(span_used(&bytes), &back), OK);
    assert_null(back.private_key.data);
    assert_null(back.certificate.data);
}

static void each_truncation_of_an_identity_is_refused(void **state)
{
    struct identity identity = pump(), back;
    (void)state;

    struct buffer bytes = encoded(&identity);
    for (size_t size = 0; size < bytes.size; size++)
        assert_int_equal(identity_decode(span_of(bytes.data, size), &back), BAD_FORMAT);
    bytes.data[bytes.size] = 0;
    assert_int_equal(identity_decode(span_of(bytes.data, bytes.size + 1), &back), BAD_FORMAT);
}

static void identities_with_parts_that_are_none_are_refused(void **state)
{
    struct identity identity = pump(), back;
    uint8_t long_text[SERIAL_MAX + 1];
    (void)state;

    memset(long_text, 'x', sizeof long_text);
    identity.serial = span_of(long_text, SERIAL_MAX);
    struct buffer bytes = encoded(&identity);
    assert_int_equal(identity_decode(span_used(&bytes), &back), OK);
    identity.serial.size++;
    bytes.size = 0;
    assert_int_equal(identity_encode(&bytes, &identity), TOO_LARGE);
    assert_int_equal(bytes.size, 0);
    identity = pump();
    identity.private_key.size = 31;
    bytes = encoded(&identity);
    assert_int_equal(identity_decode(span_used(&bytes), &back), BAD_FORMAT);
    assert_int_equal(identity_decode(span_of("\xa0", 1), &back), BAD_FORMAT);
    assert_int_equal(identity_decode(span_of("\xa1\x08\x00", 3), &back), BAD_FORMAT);
}

/* META ------------------------------------------------------------------------------------------------------------- */

static struct meta meta_of(const uint8_t *envelope, uint32_t size)
{
    struct meta meta = {
        .envelope_length = size,
        .push_length = 70000,
        .stream_offset = size + 1,
        .stream = 3,
    };

    memset(meta.sha, 0x5a, sizeof meta.sha);
    digest_of(span_of(envelope, size), meta.manifest);
    return meta;
}

static void an_envelope_is_kept_with_what_is_known_of_it(void **state)
{
    struct chip chip = chip_of(2, 16, 0xff);
    uint8_t envelope[700] = {0xd8, 0x6b}, memory[1024];
    struct meta meta = meta_of(envelope, sizeof envelope), back;
    struct buffer out = buffer_over(memory, sizeof memory);
    struct area_stream stream;
    (void)state;

    assert_int_equal(meta_write(&chip.area, &meta, span_of(envelope, sizeof envelope), &stream), OK);
    assert_int_equal(meta_read(&chip.area, &back), OK);
    assert_true(meta_equal(&meta, &back));
    assert_int_equal(meta_envelope(&chip.area, &back, &out), OK);
    assert_true(span_equal(span_used(&out), span_of(envelope, sizeof envelope)));
    assert_memory_equal(chip.flash->bytes, "SUTM\x01\x00\x00\x00\xbc\x02\x00\x00\x70\x11\x01", 15);
    for (unsigned bit = 0; bit < 8 * (META_HEADER_SIZE + sizeof envelope); bit += 3) {
        chip.flash->bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(meta_read(&chip.area, &back), NOT_FOUND);
        chip.flash->bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    chip_end(&chip);
}

static void an_envelope_larger_than_its_area_erases_nothing(void **state)
{
    struct chip chip = chip_of(1, 16, 0xff);
    uint8_t envelope[BLOCK] = {0};
    struct meta meta = meta_of(envelope, BLOCK - META_HEADER_SIZE + 1);
    struct area_stream stream;
    (void)state;

    assert_int_equal(meta_write(&chip.area, &meta, span_of(envelope, meta.envelope_length), &stream),
                     TOO_LARGE);
    assert_int_equal(chip.flash->operations, 0);
    chip_end(&chip);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document_of_any_size_is_read_as_written),
        cmocka_unit_test(a_document_that_does_not_fit_erases_nothing),
        cmocka_unit_test(every_flipped_bit_of_a_document_is_found),
        cmocka_unit_test(a_length_beyond_the_area_is_not_believed),
        cmocka_unit_test(an_identity_is_read_as_written),
        cmocka_unit_test(an_identity_without_a_key_is_one_too),
        cmocka_unit_test(each_truncation_of_an_identity_is_refused),
        cmocka_unit_test(identities_with_parts_that_are_none_are_refused),
        cmocka_unit_test(an_envelope_is_kept_with_what_is_known_of_it),
        cmocka_unit_test(an_envelope_larger_than_its_area_erases_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
