/* The device's signed report: what it says comes back, and nobody can make it say something else or of another device. */
#include "tests/support/test.h"
#include "keys/p256_sign.h"
#include "manifests/report.h"

struct key {
    uint8_t secret[P256_PRIVATE_SIZE], open[P256_PUBLIC_SIZE];
    struct cose_signer signer;
};

static enum status sign(void *context, struct span message, struct buffer *signature)
{
    struct key *key = context;
    uint8_t digest[DIGEST_SIZE], raw[P256_SIGNATURE_SIZE];
    digest_of(message, digest);
    enum status status = p256_sign(key->secret, digest, raw);
    if (status)
        return status;
    return buffer_append(signature, span_of(raw, sizeof raw)) ? OK : TOO_LARGE;
}

/* Keys are made from a number, so that each run has the same. */
static struct key *key_of(struct key *key, uint8_t number)
{
    memset(key->secret, number, sizeof key->secret);
    assert_int_equal(p256_public_of(key->secret, key->open), OK);
    key->signer = (struct cose_signer){.algorithm = COSE_ESP256, .context = key, .sign = sign};
    key_id_of(span_of(key->open, sizeof key->open), key->signer.key_id);
    return key;
}

/* A factory that certifies, the root that lists it, and a device with its key and certificate. */
struct world {
    struct key factory, device;
    struct trust trust;
    struct certificate certificate;
    uint8_t certificate_bytes[CERTIFICATE_MAX];
    struct report report;
    uint8_t bytes[REPORT_MAX];
    struct buffer signed_report;
};

static void certify(struct world *world)
{
    struct buffer out = buffer_over(world->certificate_bytes, CERTIFICATE_MAX);
    assert_int_equal(certificate_write(&out, &world->certificate, &world->factory.signer), OK);
    world->report.certificate = span_used(&out);
}

static void sign_report(struct world *world)
{
    uint8_t payload[REPORT_MAX], scratch[REPORT_MAX];
    world->signed_report = buffer_over(world->bytes, REPORT_MAX);
    assert_int_equal(report_write(&world->signed_report, &world->report, &world->device.signer,
                                  buffer_over(payload, REPORT_MAX), buffer_over(scratch, REPORT_MAX)),
                     OK);
}

static struct report report_of_a_healthy_pump(void)
{
    struct report report = {.serial = span_text("P-000123"),
                            .agent_version = span_text("suture-agent 0.1.0"),
                            .boot_counter = 70000,
                            .has_running = true,
                            .running = {.slot = 1, .sequence = 43, .size = 262144},
                            .other = {.slot = 0, .state = 3, .sequence = 42},
                            .boot_kind = 1,
                            .outcome = 1,
                            .floor = 42,
                            .root_version = 3,
                            .self_test = 1,
                            .self_test_code = 513,
                            .confirmed_by = 2,
                            .digest_measured = 1,
                            .has_settings = true,
                            .boot_check = 1};
    memset(report.nonce, 0x11, sizeof report.nonce);
    memset(report.vendor, 0x22, sizeof report.vendor);
    memset(report.class_id, 0x33, sizeof report.class_id);
    memset(report.running.digest, 0x44, DIGEST_SIZE);
    memset(report.running.manifest_id, 0x55, TRUST_MANIFEST_ID);
    memset(report.other.digest, 0x66, DIGEST_SIZE);
    memset(report.settings_digest, 0x77, DIGEST_SIZE);
    memset(report.log_head, 0x88, DIGEST_SIZE);
    return report;
}

static struct world *world_with_a_signed_report(void)
{
    struct world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    key_of(&world->factory, 0x21);
    key_of(&world->device, 0x42);
    world->report = report_of_a_healthy_pump();

    struct trust *trust = &world->trust;
    trust->version = 1;
    memcpy(trust->vendor, world->report.vendor, UUID_SIZE);
    trust->key_count = 1;
    trust->keys[0] = (struct trust_key){.algorithm = COSE_ESP256,
                                        .public_key = span_of(world->factory.open, P256_PUBLIC_SIZE),
                                        .roles = ROLE_DEVICE};
    memcpy(trust->keys[0].id, world->factory.signer.key_id, KEY_ID_SIZE);
    trust->device = (struct trust_policy){.classical = 1, .all = 1};

    struct certificate *certificate = &world->certificate;
    memcpy(certificate->vendor, world->report.vendor, UUID_SIZE);
    memcpy(certificate->class_id, world->report.class_id, UUID_SIZE);
    memcpy(certificate->public_key, world->device.open, P256_PUBLIC_SIZE);
    certificate->serial = world->report.serial;
    certificate->issued = 1750000000;
    certify(world);
    sign_report(world);
    return world;
}

static enum status verify(const struct world *world)
{
    struct report out;
    uint8_t nonce[REPORT_NONCE_SIZE];
    memset(nonce, 0x11, sizeof nonce);
    return report_verify(span_used(&world->signed_report), &world->trust, nonce, &out);
}

static void assert_verifies_as(const struct world *world, enum status wanted)
{
    enum status status = verify(world);
    if (status != wanted)
        fail_msg("%s instead of %s", status_name(status), status_name(wanted));
}

static void assert_same_slot(const struct report_slot *a, const struct report_slot *b)
{
    assert_int_equal(a->slot, b->slot);
    assert_int_equal(a->state, b->state);
    assert_int_equal(a->sequence, b->sequence);
    assert_true(a->size == b->size);
    assert_memory_equal(a->digest, b->digest, DIGEST_SIZE);
    assert_memory_equal(a->manifest_id, b->manifest_id, TRUST_MANIFEST_ID);
}

static void assert_same_report(const struct report *a, const struct report *b)
{
    assert_memory_equal(a->nonce, b->nonce, REPORT_NONCE_SIZE);
    assert_memory_equal(a->vendor, b->vendor, UUID_SIZE);
    assert_memory_equal(a->class_id, b->class_id, UUID_SIZE);
    assert_true(span_equal(a->serial, b->serial));
    assert_true(span_equal(a->agent_version, b->agent_version));
    assert_int_equal(a->boot_counter, b->boot_counter);
    assert_int_equal(a->has_running, b->has_running);
    assert_same_slot(&a->running, &b->running);
    assert_same_slot(&a->other, &b->other);
    assert_int_equal(a->boot_kind, b->boot_kind);
    assert_int_equal(a->tries_left, b->tries_left);
    assert_int_equal(a->outcome, b->outcome);
    assert_int_equal(a->floor, b->floor);
    assert_int_equal(a->root_version, b->root_version);
    assert_int_equal(a->self_test, b->self_test);
    assert_int_equal(a->self_test_code, b->self_test_code);
    assert_int_equal(a->confirmed_by, b->confirmed_by);
    assert_int_equal(a->digest_measured, b->digest_measured);
    assert_int_equal(a->has_settings, b->has_settings);
    assert_memory_equal(a->settings_digest, b->settings_digest, DIGEST_SIZE);
    assert_memory_equal(a->log_head, b->log_head, DIGEST_SIZE);
    assert_int_equal(a->boot_check, b->boot_check);
    assert_true(span_equal(a->certificate, b->certificate));
}

static void a_report_says_what_the_device_said(void **state)
{
    (void)state;
    struct world *world = world_with_a_signed_report();
    struct report read, verified;
    uint8_t nonce[REPORT_NONCE_SIZE];
    memset(nonce, 0x11, sizeof nonce);
    assert_int_equal(report_read(span_used(&world->signed_report), &read), OK);
    assert_same_report(&world->report, &read);
    assert_int_equal(report_verify(span_used(&world->signed_report), &world->trust, nonce, &verified), OK);
    assert_same_report(&world->report, &verified);
    free(world);
}

static void a_device_where_nothing_runs_can_still_report(void **state)
{
    (void)state;
    struct world *world = world_with_a_signed_report();
    struct report out;
    world->report.has_running = world->report.has_settings = false;
    world->report.running = (struct report_slot){0};
    memset(world->report.settings_digest, 0, DIGEST_SIZE);
    world->report.boot_kind = 0;
    sign_report(world);
    assert_verifies_as(world, OK);
    assert_int_equal(report_read(span_used(&world->signed_report), &out), OK);
    assert_same_report(&world->report, &out);
    free(world);
}

static void the_largest_report_fits_the_stated_sizes(void **state)
{
    (void)state;
    struct world *world = world_with_a_signed_report();
    uint8_t filler[CERTIFICATE_MAX] = {0};
    struct report *report = &world->report;
    report->serial = report->agent_version = span_text("0123456789abcdef0123456789abcdef");
    report->boot_counter = report->floor = report->root_version = UINT32_MAX;
    report->running.sequence = report->other.sequence = UINT32_MAX;
    report->running.size = UINT64_MAX;
    report->self_test_code = UINT16_MAX;
    report->certificate = span_of(filler, sizeof filler);
    sign_report(world);
    struct report out;
    assert_int_equal(report_read(span_used(&world->signed_report), &out), OK);
    assert_same_report(report, &out);
    print_message("largest report: %zu bytes\n", world->signed_report.size);
    free(world);
}

static void every_flipped_bit_is_refused(void **state)
{
    (void)state;
    struct world *world = world_with_a_signed_report();
    size_t by_form = 0, by_trust = 0, bits = world->signed_report.size * 8;
    for (size_t bit = 0; bit < bits; bit++) {
        world->bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        enum status status = verify(world);
        world->bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (status == OK)
            fail_msg("bit %zu survives", bit);
        *(status > BAD_DIGEST ? &by_form : &by_trust) += 1;
    }
    print_message("%zu bits: %zu refused by form, %zu by key or signature\n", bits, by_form, by_trust);
    assert_verifies_as(world, OK);
    free(world);
}

static void every_truncation_and_a_byte_too_many_are_refused(void **state)
{
    (void)state;
    struct world *world = world_with_a_signed_report();
    struct report out = {.floor = 99};
    size_t whole = world->signed_report.size;
    for (size_t size = 0; size < whole; size++)
        assert_int_equal(report_read(span_of(world->bytes, size), &out), BAD_FORMAT);
    world->bytes[whole] = 0;
    assert_int_equal(report_read(span_of(world->bytes, whole + 1), &out), BAD_FORMAT);
    assert_int_equal(out.floor, 99);
    free(world);
}

static void a_report_for_another_question_is_refused(void **state)
{
    (void)state;
    struct world *world = world_with_a_signed_report();
    world->report.nonce[31] ^= 1;
    sign_report(world);
    assert_verifies_as(world, BAD_DIGEST);
    free(world);
}

static void a_certificate_of_another_serial_vendor_or_class_is_refused(void **state)
{
    (void)state;
    struct world *world = world_with_a_signed_report();
    world->certificate.serial = span_text("P-000124");
    certify(world);
    sign_report(world);
    assert_verifies_as(world, WRONG_SCOPE);
    world->certificate.serial = world->report.serial;
    world->certificate.class_id[0] ^= 1;
    certify(world);
    sign_report(world);
    assert_verifies_as(world, WRONG_SCOPE);
    world->certificate.class_id[0] ^= 1;
    certify(world);
    world->report.vendor[0] ^= 1;
    sign_report(world);
    assert_verifies_as(world, WRONG_SCOPE);
    world->report.vendor[0] ^= 1;
    sign_report(world);
    assert_verifies_as(world, OK);
    free(world);
}

static void a_vendor_cannot_speak_for_a_device_of_another(void **state)
{
    (void)state;
    struct world *world = world_with_a_signed_report();
    world->report.vendor[3] ^= 1;
    world->certificate.vendor[3] ^= 1;
    certify(world);
    sign_report(world);
    assert_verifies_as(world, WRONG_SCOPE);
    free(world);
}

static void a_report_signed_by_another_devices_key_is_refused(void **state)
{
    (void)state;
    struct world *world = world_with_a_signed_report();
    key_of(&world->device, 0x43);
    sign_report(world);
    assert_verifies_as(world, UNKNOWN_KEY);
    key_id_of(span_of(world->certificate.public_key, P256_PUBLIC_SIZE), world->device.signer.key_id);
    sign_report(world);
    assert_verifies_as(world, BAD_SIGNATURE);
    free(world);
}

static void a_certificate_by_an_unknown_withdrawn_or_wrong_key_is_refused(void **state)
{
    (void)state;
    struct world *world = world_with_a_signed_report();
    world->trust.keys[0].roles = ROLE_RELEASE | ROLE_ROOT;
    assert_verifies_as(world, WRONG_SCOPE);
    world->trust.keys[0].roles = ROLE_DEVICE;
    world->trust.withdrawn_key_count = 1;
    memcpy(world->trust.withdrawn_keys[0], world->trust.keys[0].id, KEY_ID_SIZE);
    assert_verifies_as(world, WITHDRAWN);
    world->trust.withdrawn_key_count = 0;
    assert_verifies_as(world, OK);
    world->trust.key_count = 0;
    assert_verifies_as(world, UNKNOWN_KEY);
    free(world);
}

static void a_report_is_no_certificate_and_a_certificate_no_report(void **state)
{
    (void)state;
    struct world *world = world_with_a_signed_report();
    struct report out;
    struct certificate certificate;
    assert_int_equal(report_read(world->report.certificate, &out), BAD_FORMAT);
    assert_int_not_equal(certificate_read(span_used(&world->signed_report), &certificate), OK);
    free(world);
}

/* Signs a report with one of its values out of range. */
static void assert_refused(struct world *world)
{
    struct report out;
    sign_report(world);
    assert_int_equal(report_read(span_used(&world->signed_report), &out), BAD_FORMAT);
    assert_verifies_as(world, BAD_FORMAT);
    world->report = report_of_a_healthy_pump();
    certify(world);
}

static void values_that_the_format_does_not_know_are_refused(void **state)
{
    (void)state;
    struct world *world = world_with_a_signed_report();
    struct report *report = &world->report;
    report->running.slot = 2;
    assert_refused(world);
    report->other.slot = 1; /* the running one */
    assert_refused(world);
    report->other.state = 5;
    assert_refused(world);
    report->boot_kind = 3;
    assert_refused(world);
    report->tries_left = 8;
    assert_refused(world);
    report->outcome = 8;
    assert_refused(world);
    report->self_test = 3;
    assert_refused(world);
    report->confirmed_by = 3;
    assert_refused(world);
    report->digest_measured = 2;
    assert_refused(world);
    report->boot_check = 3;
    assert_refused(world);
    report->serial = span_text("");
    assert_refused(world);
    report->serial = span_text("P-\x1b[2J");
    assert_refused(world);
    report->agent_version = span_text("0123456789abcdef0123456789abcdef0");
    assert_refused(world);
    report->certificate = span_of(NULL, 0);
    assert_refused(world);
    free(world);
}

static void a_later_format_is_a_version_of_its_own(void **state)
{
    (void)state;
    struct world *world = world_with_a_signed_report();
    struct report out;
    /* The payload starts with a map of 19 pairs (b3) and 1: 1. */
    static const uint8_t start[] = {0xb3, 0x01, 0x01, 0x02, 0x58, 0x20};
    uint8_t *at = memmem(world->bytes, world->signed_report.size, start, sizeof start);
    assert_non_null(at);
    at[2] = 2;
    assert_int_equal(report_read(span_used(&world->signed_report), &out), BAD_VERSION);
    free(world);
}

static enum status no_key(void *context, struct span message, struct buffer *signature)
{
    (void)context, (void)message, (void)signature;
    return NO_KEY;
}

static void without_a_key_or_room_nothing_is_written(void **state)
{
    (void)state;
    struct world *world = world_with_a_signed_report();
    uint8_t room[REPORT_MAX], payload[REPORT_MAX], scratch[REPORT_MAX];
    struct buffer out = buffer_over(room, REPORT_MAX);
    size_t whole = world->signed_report.size;
    struct cose_signer signer = world->device.signer;

    assert_int_equal(report_write(&out, &world->report, &signer, buffer_over(payload, 300),
                                  buffer_over(scratch, REPORT_MAX)),
                     TOO_LARGE);
    assert_int_equal(report_write(&out, &world->report, &signer, buffer_over(payload, REPORT_MAX),
                                  buffer_over(scratch, 300)),
                     TOO_LARGE);
    out.capacity = whole - 1;
    assert_int_equal(report_write(&out, &world->report, &signer, buffer_over(payload, REPORT_MAX),
                                  buffer_over(scratch, REPORT_MAX)),
                     TOO_LARGE);
    out.capacity = whole;
    signer.sign = no_key;
    assert_int_equal(report_write(&out, &world->report, &signer, buffer_over(payload, REPORT_MAX),
                                  buffer_over(scratch, REPORT_MAX)),
                     NO_KEY);
    assert_int_equal(out.size, 0);
    free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_report_says_what_the_device_said),
        cmocka_unit_test(a_device_where_nothing_runs_can_still_report),
        cmocka_unit_test(the_largest_report_fits_the_stated_sizes),
        cmocka_unit_test(every_flipped_bit_is_refused),
        cmocka_unit_test(every_truncation_and_a_byte_too_many_are_refused),
        cmocka_unit_test(a_report_for_another_question_is_refused),
        cmocka_unit_test(a_certificate_of_another_serial_vendor_or_class_is_refused),
        cmocka_unit_test(a_vendor_cannot_speak_for_a_device_of_another),
        cmocka_unit_test(a_report_signed_by_another_devices_key_is_refused),
        cmocka_unit_test(a_certificate_by_an_unknown_withdrawn_or_wrong_key_is_refused),
        cmocka_unit_test(a_report_is_no_certificate_and_a_certificate_no_report),
        cmocka_unit_test(values_that_the_format_does_not_know_are_refused),
        cmocka_unit_test(a_later_format_is_a_version_of_its_own),
        cmocka_unit_test(without_a_key_or_room_nothing_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
