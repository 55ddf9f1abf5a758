/* The factory's image: what stands in it, and everything that keeps it from being made. */
#include "tests/support/pump.h"
#include "tests/support/test.h"

#include "agent/document.h"
#include "agent/identity.h"
#include "agent/log.h"
#include "agent/meta.h"
#include "keys/base/file.h"
#include "keys/certificate.h"
#include "keys/keyfile.h"
#include "keys/root.h"
#include "keys/root_write.h"
#include "keys/uuid.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct pump_release first = {
    .version = {1, 2, 3}, .sequence = 5, .floor = 4, .image_size = 20000};

/* What the factory makes, seen through the areas of flash. */
static struct layout made_layout(const struct pump *pump, const struct factory_result *made)
{
    struct placement placement;
    struct layout layout;
    assert_true(placement_make(&pump->profile, &placement, NULL));
    placement_layout(&placement, made->cells, VIEW_BYSTANDER, &layout);
    return layout;
}

static struct factory_result make_first(struct pump *pump)
{
    struct factory_result made;
    struct failure why;
    pump_vendor(pump, "");
    pump_bundle(pump, "1.suture", &first);
    struct factory_order order = pump_order(pump, "1.suture");
    if (!factory_make(&pump->profile, &order, &made, &why))
        fail_msg("%s", why.what);
    return made;
}

static void record_one_is_settled_affirmed_and_has_the_floor(void **state)
{
    (void)state;
    struct pump pump;
    struct record_copy copies[2];
    struct factory_result made = make_first(&pump);
    struct layout layout = made_layout(&pump, &made);
    record_read(&layout, 0, &copies[0]);
    record_read(&layout, 1, &copies[1]);

    assert_int_equal(record_ruling(copies), 0);
    assert_false(copies[1].valid);
    for (size_t i = 0; i < RECORD_AFFIRMS; i++)
        assert_true(copies[0].affirm[i]);
    const struct record *record = &copies[0].record;
    assert_int_equal(record->number, 1);
    assert_int_equal(record->kind, RECORD_SETTLED);
    assert_int_equal(record->primary, SLOT_A);
    assert_int_equal(record->fallback, SLOT_NONE);
    assert_int_equal(record->floor, 4);
    assert_int_equal(record->floor_after, 4);
    assert_int_equal(record->slots[SLOT_A].state, SLOT_GOOD);
    assert_int_equal(record->slots[SLOT_A].sequence, 5);
    assert_int_equal(record->slots[SLOT_B].state, SLOT_EMPTY);
    flash_cells_close(made.cells);
    pump_gone(&pump);
}

static void slot_a_is_the_image_and_slot_b_is_erased(void **state)
{
    (void)state;
    struct pump pump;
    uint8_t page[256], byte;
    struct factory_result made = make_first(&pump);
    struct layout layout = made_layout(&pump, &made);

    assert_int_equal(slot_measure(&layout.areas[AREA_SLOT_A], first.image_size, made.plan.image_digest,
                                  buffer_over(page, sizeof page)),
                     OK);
    for (uint64_t at = 0; at < layout.areas[AREA_SLOT_B].size; at += 97) {
        assert_int_equal(area_read(&layout.areas[AREA_SLOT_B], at, &byte, 1), OK);
        assert_int_equal(byte, 0xff);
    }
    assert_int_equal(flash_cells_faults(made.cells).violations, 0);
    flash_cells_close(made.cells);
    pump_gone(&pump);
}

static void meta_identity_and_root_read_back_and_the_log_is_empty(void **state)
{
    (void)state;
    struct pump pump;
    struct meta meta;
    struct identity identity;
    struct trust trust;
    struct log log;
    uint8_t identity_memory[IDENTITY_MAX], root_memory[ROOT_MAX], manifest[DIGEST_SIZE];
    struct buffer bytes = buffer_over(identity_memory, sizeof identity_memory);
    struct buffer root = buffer_over(root_memory, sizeof root_memory);
    struct factory_result made = make_first(&pump);
    struct layout layout = made_layout(&pump, &made);
    struct buffer push = pump_push(&pump, "1.suture", manifest);

    assert_int_equal(meta_read(&layout.areas[AREA_META_A], &meta), OK);
    assert_memory_equal(meta.manifest, manifest, DIGEST_SIZE);
    assert_int_equal(meta.push_length, push.size);
    assert_int_equal(meta.stream_offset, meta.envelope_length + 1);
    assert_int_equal(identity_read(&layout.areas[AREA_IDENTITY], &bytes, &identity), OK);
    assert_true(span_equal(identity.serial, span_text(PUMP_SERIAL)));
    assert_true(span_equal(identity.hardware, span_text("B")));
    assert_true(span_equal(identity.private_key, span_of(pump.own_key.private_key, 32)));
    assert_int_equal(document_read(&layout.areas[AREA_TRUST0], DOCUMENT_ROOT, &root), OK);
    assert_int_equal(root_read(span_used(&root), &trust), OK);
    assert_int_equal(trust.version, 1);
    log_open(&log, &layout.areas[AREA_LOG]);
    assert_int_equal(log.next_number, 1);
    free(push.data);
    flash_cells_close(made.cells);
    pump_gone(&pump);
}

static void the_same_order_gives_the_same_bytes(void **state)
{
    (void)state;
    struct pump pump;
    struct factory_result again, made = make_first(&pump);
    struct factory_order order = pump_order(&pump, "1.suture");
    assert_true(factory_make(&pump.profile, &order, &again, NULL));
    assert_true(span_equal(flash_cells_raw(made.cells), flash_cells_raw(again.cells)));
    flash_cells_close(made.cells);
    flash_cells_close(again.cells);
    pump_gone(&pump);
}

static void without_a_key_the_identity_has_none(void **state)
{
    (void)state;
    struct pump pump;
    struct factory_result made;
    struct identity identity;
    uint8_t memory[IDENTITY_MAX];
    struct buffer bytes = buffer_over(memory, sizeof memory);
    pump_vendor(&pump, "");
    pump_bundle(&pump, "1.suture", &first);
    struct factory_order order = pump_order(&pump, "1.suture");
    order.device_key = order.certificate = NULL;
    assert_true(factory_make(&pump.profile, &order, &made, NULL));
    struct layout layout = made_layout(&pump, &made);

    assert_int_equal(identity_read(&layout.areas[AREA_IDENTITY], &bytes, &identity), OK);
    assert_null(identity.private_key.data);
    assert_null(identity.certificate.data);
    flash_cells_close(made.cells);
    pump_gone(&pump);
}

/* Refusals ------------------------------------------------------------------------------------------------------- */

static void refused(struct pump *pump, const struct factory_order *order, enum failure_id id)
{
    struct factory_result made;
    struct failure why = {0};
    if (factory_make(&pump->profile, order, &made, &why))
        fail_msg("an image was made where E-%d was due", (int)id);
    if (why.id != id)
        fail_msg("E-%d %s, where E-%d was due", (int)why.id, why.what, (int)id);
}

static struct factory_order vendor_with_first(struct pump *pump, const char *more)
{
    pump_vendor(pump, more);
    pump_bundle(pump, "1.suture", &first);
    return pump_order(pump, "1.suture");
}

static void another_serial_number_than_the_certificates_is_refused(void **state)
{
    (void)state;
    struct pump pump;
    struct factory_order order = vendor_with_first(&pump, "");
    order.serial = "PUMP-0002";
    refused(&pump, &order, FAIL_CERTIFICATE);
    order.serial = "";
    refused(&pump, &order, FAIL_USAGE);
    order.serial = "a serial number of more than 32 bytes";
    refused(&pump, &order, FAIL_USAGE);
    pump_gone(&pump);
}

static void a_profile_for_another_serial_number_is_refused(void **state)
{
    (void)state;
    struct pump pump;
    struct factory_order order = vendor_with_first(&pump, "serial: PUMP-0009\n");
    refused(&pump, &order, FAIL_PROFILE);
    pump_gone(&pump);
}

static void a_key_that_the_certificate_does_not_certify_is_refused(void **state)
{
    (void)state;
    struct pump pump;
    char path[512];
    struct factory_order order = vendor_with_first(&pump, "");
    struct test_key stranger = test_key_named("stranger");
    snprintf(path, sizeof path, "%s", pump_file(&pump, "other.key"));
    assert_true(keyfile_write(path, stranger.private_key, NULL));
    order.device_key = path;
    refused(&pump, &order, FAIL_CERTIFICATE);
    pump_gone(&pump);
}

static void a_key_that_others_can_read_is_refused(void **state)
{
    (void)state;
    struct pump pump;
    struct factory_order order = vendor_with_first(&pump, "");
    assert_int_equal(chmod(order.device_key, 0644), 0);
    refused(&pump, &order, FAIL_KEY_READABLE);
    pump_gone(&pump);
}

/* Signs the pump's certificate anew with another key than the authority's, or for another class. */
static void put_other_certificate(struct pump *pump, const struct test_key *authority, const char *revision)
{
    struct certificate certificate = {.serial = span_text(PUMP_SERIAL)};
    uint8_t memory[CERTIFICATE_MAX];
    struct buffer out = buffer_over(memory, sizeof memory);
    struct cose_signer signer = test_signer(authority);
    uuid_of_vendor("acme.example", certificate.vendor);
    uuid_of_class(certificate.vendor, "P-200", revision, certificate.class_id);
    memcpy(certificate.public_key, pump->own_key.public_key, sizeof certificate.public_key);
    assert_int_equal(certificate_write(&out, &certificate, &signer), OK);
    assert_true(file_write(pump_file(pump, "pump.certificate"), span_used(&out), 0644, NULL));
}

static void a_certificate_by_nobody_or_for_another_class_is_refused(void **state)
{
    (void)state;
    struct pump pump;
    struct factory_order order = vendor_with_first(&pump, "");
    put_other_certificate(&pump, &pump.release_key, "B");
    refused(&pump, &order, FAIL_CERTIFICATE);
    put_other_certificate(&pump, &pump.device_authority, "C");
    refused(&pump, &order, FAIL_CERTIFICATE);
    assert_true(file_write(order.certificate, span_text("nonsense"), 0644, NULL));
    refused(&pump, &order, FAIL_CERTIFICATE);
    pump_gone(&pump);
}

static void a_bundle_by_a_stranger_or_changed_is_refused(void **state)
{
    (void)state;
    struct pump pump;
    struct factory_order order = vendor_with_first(&pump, "");
    struct test_key stranger = test_key_named("stranger");
    struct pump_release by_stranger = first;
    by_stranger.signer = &stranger;
    pump_bundle(&pump, "1.suture", &by_stranger);
    refused(&pump, &order, FAIL_KEY_UNKNOWN);

    struct buffer bytes;
    pump_bundle(&pump, "1.suture", &first);
    assert_true(file_read(order.bundle, 1 << 20, &bytes, NULL));
    bytes.data[bytes.size - 2048] ^= 1;
    assert_true(file_write(order.bundle, span_used(&bytes), 0644, NULL));
    refused(&pump, &order, FAIL_BUNDLE_DIGEST);
    free(bytes.data);
    pump_gone(&pump);
}

static void an_image_larger_than_the_slot_is_refused(void **state)
{
    (void)state;
    struct pump pump;
    struct factory_order order = vendor_with_first(&pump, "");
    pump.profile.device_class->slot_size = 16384;
    refused(&pump, &order, FAIL_IMAGE_TOO_LARGE);
    pump_gone(&pump);
}

static void blocks_or_memory_beyond_the_devices_are_refused(void **state)
{
    (void)state;
    struct pump pump;
    struct factory_order order = vendor_with_first(&pump, "");
    pump.profile.device_class->block_max = 512;
    refused(&pump, &order, FAIL_BLOCK_TOO_LARGE);
    pump.profile.device_class->block_max = 1024;
    pump.profile.device_class->ram = 8192;
    refused(&pump, &order, FAIL_DEVICE_MEMORY);
    pump_gone(&pump);
}

static void a_root_document_that_is_none_is_refused(void **state)
{
    (void)state;
    struct pump pump;
    struct buffer bytes;
    struct factory_order order = vendor_with_first(&pump, "");
    assert_true(file_read(order.root, ROOT_MAX, &bytes, NULL));
    bytes.data[bytes.size - 1] ^= 1;
    assert_true(file_write(order.root, span_used(&bytes), 0644, NULL));
    refused(&pump, &order, FAIL_ROOT_SIGNATURE);
    assert_true(file_write(order.root, span_text("nonsense"), 0644, NULL));
    refused(&pump, &order, FAIL_ROOT_FORMAT);
    assert_int_equal(unlink(order.root), 0);
    refused(&pump, &order, FAIL_FILE_OPEN);
    free(bytes.data);
    pump_gone(&pump);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(record_one_is_settled_affirmed_and_has_the_floor),
        cmocka_unit_test(slot_a_is_the_image_and_slot_b_is_erased),
        cmocka_unit_test(meta_identity_and_root_read_back_and_the_log_is_empty),
        cmocka_unit_test(the_same_order_gives_the_same_bytes),
        cmocka_unit_test(without_a_key_the_identity_has_none),
        cmocka_unit_test(another_serial_number_than_the_certificates_is_refused),
        cmocka_unit_test(a_profile_for_another_serial_number_is_refused),
        cmocka_unit_test(a_key_that_the_certificate_does_not_certify_is_refused),
        cmocka_unit_test(a_key_that_others_can_read_is_refused),
        cmocka_unit_test(a_certificate_by_nobody_or_for_another_class_is_refused),
        cmocka_unit_test(a_bundle_by_a_stranger_or_changed_is_refused),
        cmocka_unit_test(an_image_larger_than_the_slot_is_refused),
        cmocka_unit_test(blocks_or_memory_beyond_the_devices_are_refused),
        cmocka_unit_test(a_root_document_that_is_none_is_refused),
    };
    return cmocka_run_group_tests_name("factory", tests, NULL, NULL);
}
