/* The template and what becomes of it: written, signed by two, severed, planned, and read by people. */
#include "manifests/suit_write.h"

#include "tests/support/release.h"
#include "tests/support/test.h"

enum { ROOM = 16384 };

struct written {
    uint8_t memory[ROOM];
    struct buffer bytes;
    struct suit_envelope envelope;
    struct suit_manifest manifest;
};

static void read_all(struct written *written)
{
    assert_int_equal(suit_envelope_read(span_used(&written->bytes), &written->envelope, NULL), OK);
    assert_int_equal(suit_manifest_read(&written->envelope, &written->manifest, NULL), OK);
}

static void write(struct written *written, const struct suit_content *content)
{
    written->bytes = buffer_over(written->memory, sizeof written->memory);
    assert_int_equal(suit_write(&written->bytes, content), OK);
    read_all(written);
}

static void sign(struct written *written, const struct written *from, enum release_key key)
{
    struct cose_signer signer = release_signer(key);
    written->bytes = buffer_over(written->memory, sizeof written->memory);
    assert_int_equal(suit_sign(&written->bytes, span_used(&from->bytes), &signer), OK);
    read_all(written);
}

static void sever(struct written *written, const struct written *from)
{
    written->bytes = buffer_over(written->memory, sizeof written->memory);
    assert_int_equal(suit_sever_text(&written->bytes, span_used(&from->bytes)), OK);
    read_all(written);
}

/* The push form of a release that engineer and quality have signed. */
static void release_signed_by_both(struct written *push)
{
    struct suit_content content = release_with_deltas();
    static struct written unsigned_one, by_one, by_both;

    write(&unsigned_one, &content);
    sign(&by_one, &unsigned_one, KEY_ENGINEER);
    sign(&by_both, &by_one, KEY_QUALITY);
    sever(push, &by_both);
}

static enum status authorized(const struct suit_envelope *envelope, uint8_t all)
{
    struct trust trust = release_trust(all);
    uint8_t vendor[UUID_SIZE], class_id[UUID_SIZE];

    fill(vendor, UUID_SIZE, ACME);
    fill(class_id, UUID_SIZE, PUMP_REVISION_B);
    return suit_authorized(envelope, &trust, vendor, class_id, 0);
}

static enum status plan_for(const struct suit_manifest *manifest, uint8_t class_byte, uint8_t running,
                            struct plan *plan)
{
    struct plan_target target = {.stream = PLAN_ANY_STREAM};
    fill(target.vendor, UUID_SIZE, ACME);
    fill(target.class_id, UUID_SIZE, class_byte);
    fill(target.running_digest, DIGEST_SIZE, running);
    return plan_make(manifest, &target, plan, NULL);
}

/* The template ------------------------------------------------------------------------------------------------------ */

static void what_was_written_is_what_a_device_plans(void **state)
{
    (void)state;
    struct suit_content content = release_full();
    struct written written;
    struct plan plan;

    write(&written, &content);
    assert_int_equal(plan_for(&written.manifest, PUMP_REVISION_B, OTHER, &plan), OK);
    assert_int_equal(plan.sequence, 31);
    assert_memory_equal(plan.version, content.version, sizeof plan.version);
    assert_memory_equal(plan.vendor, content.vendor, UUID_SIZE);
    assert_memory_equal(plan.class_id, content.classes[0], UUID_SIZE);
    assert_memory_equal(plan.image_digest, content.image_digest, DIGEST_SIZE);
    assert_int_equal(plan.image_size, 180000);
    assert_int_equal(plan.stream, 0);
    assert_false(plan.has_base);
    assert_int_equal(plan.patch.stream_size, 65000);
    assert_memory_equal(plan.patch.first_digest, content.streams[0].patch.first_digest, DIGEST_SIZE);
    assert_int_equal(plan.floor_after, 30);
    assert_int_equal(plan.confirm_who, CONFIRM_BY_TECHNICIAN);
    assert_int_equal(plan.confirm_healthy, 20);
    assert_int_equal(plan.confirm_tries, 4);
    assert_int_equal(plan.silence_staging, 45);
    assert_int_equal(plan.silence_boot, 90);
}

static void each_running_version_gets_its_delta_and_others_the_full_stream(void **state)
{
    (void)state;
    struct suit_content content = release_with_deltas();
    struct written written;
    struct plan plan;

    write(&written, &content);
    assert_int_equal(plan_for(&written.manifest, PUMP_REVISION_B, IMAGE_4_3_0, &plan), OK);
    assert_int_equal(plan.stream, 0);
    assert_true(plan.has_base);
    assert_memory_equal(plan.base_digest, content.streams[0].base_digest, DIGEST_SIZE);
    assert_int_equal(plan_for(&written.manifest, PUMP_REVISION_C, IMAGE_4_2_0, &plan), OK);
    assert_int_equal(plan.stream, 1);
    assert_true(plan.has_base);
    assert_int_equal(plan_for(&written.manifest, PUMP_REVISION_C, OTHER, &plan), OK);
    assert_int_equal(plan.stream, 2);
    assert_false(plan.has_base);
}

static void a_hardware_revision_that_is_not_listed_is_a_wrong_class(void **state)
{
    (void)state;
    struct suit_content content = release_with_deltas();
    struct written written;
    struct plan plan;

    write(&written, &content);
    assert_int_equal(plan_for(&written.manifest, OTHER, IMAGE_4_3_0, &plan), WRONG_CLASS);
}

static void the_same_content_gives_the_same_bytes(void **state)
{
    (void)state;
    struct written one, two;
    release_signed_by_both(&one);
    release_signed_by_both(&two);
    assert_true(span_equal(span_used(&one.bytes), span_used(&two.bytes)));
}

static void attachments_are_sorted_whatever_their_order(void **state)
{
    (void)state;
    struct suit_content content = release_full();
    struct written one, two;

    write(&one, &content);
    struct suit_attachment first = content.attachments[0];
    content.attachments[0] = content.attachments[1];
    content.attachments[1] = first;
    write(&two, &content);
    assert_true(span_equal(span_used(&one.bytes), span_used(&two.bytes)));
}

static void refuse(struct suit_content content, enum status expected)
{
    uint8_t memory[ROOM] = {0};
    struct buffer out = buffer_over(memory, sizeof memory);
    assert_int_equal(suit_write(&out, &content), expected);
    assert_int_equal(out.size, 0);
}

static void content_that_no_device_would_take_is_not_written(void **state)
{
    (void)state;
    struct suit_content content;

    content = release_full(), content.class_count = 0;
    refuse(content, BAD_FORMAT);
    content = release_full(), content.stream_count = 0;
    refuse(content, BAD_FORMAT);
    content = release_full(), content.streams[0].has_base = true;
    refuse(content, BAD_FORMAT);
    content = release_with_deltas(), content.streams[1].has_base = false;
    refuse(content, BAD_FORMAT);
    content = release_full(), content.floor_after = 32;
    refuse(content, BAD_FORMAT);
    content = release_full(), content.confirm_tries = 1;
    refuse(content, BAD_FORMAT);
    content = release_full(), content.confirm_tries = 8;
    refuse(content, BAD_FORMAT);
    content = release_full(), content.confirm_who = 3;
    refuse(content, BAD_FORMAT);
    content = release_full(), content.image_size = 0;
    refuse(content, BAD_FORMAT);
    content = release_full(), content.attachments[1].name = "sbom.cdx.json";
    refuse(content, BAD_FORMAT);
    content = release_full(), content.checks[0].kind = "guess";
    refuse(content, UNSUPPORTED);
    content = release_full(), content.streams[0].patch.codec = PATCH_MODELLED;
    refuse(content, UNSUPPORTED);
    content = release_full(), content.class_count = SUIT_CLASSES_MAX + 1;
    refuse(content, TOO_LARGE);
    content = release_full(), content.stream_count = SUIT_STREAMS_MAX + 1;
    refuse(content, TOO_LARGE);
}

static void a_buffer_that_is_too_small_stays_as_it_was(void **state)
{
    (void)state;
    struct suit_content content = release_with_deltas();
    struct cose_signer signer = release_signer(KEY_ENGINEER);
    struct written written;
    uint8_t memory[ROOM];

    write(&written, &content);
    for (size_t room = 0; room < written.bytes.size; room += 7) {
        struct buffer small = buffer_over(memory, room);
        assert_int_equal(suit_write(&small, &content), TOO_LARGE);
        assert_int_equal(small.size, 0);
        assert_int_equal(suit_sign(&small, span_used(&written.bytes), &signer), TOO_LARGE);
        assert_int_equal(small.size, 0);
    }
    struct buffer exact = buffer_over(memory, written.bytes.size);
    assert_int_equal(suit_write(&exact, &content), OK);
}

static void an_envelope_is_appended_after_what_stands_there(void **state)
{
    (void)state;
    struct suit_content content = release_full();
    struct written written;
    uint8_t memory[ROOM];
    struct buffer out = buffer_over(memory, sizeof memory);

    write(&written, &content);
    buffer_append(&out, span_text("before"));
    assert_int_equal(suit_write(&out, &content), OK);
    assert_memory_equal(memory, "before", 6);
    assert_true(span_equal(span_from(span_used(&out), 6), span_used(&written.bytes)));
}

/* Signatures and severing ------------------------------------------------------------------------------------------ */

static void a_policy_of_two_wants_both_and_one_is_too_few(void **state)
{
    (void)state;
    struct suit_content content = release_full();
    struct written unsigned_one, by_one, by_both;

    write(&unsigned_one, &content);
    assert_int_equal(unsigned_one.envelope.block_count, 0);
    assert_int_equal(authorized(&unsigned_one.envelope, 1), BAD_SIGNATURE);
    sign(&by_one, &unsigned_one, KEY_ENGINEER);
    assert_int_equal(authorized(&by_one.envelope, 1), OK);
    assert_int_equal(authorized(&by_one.envelope, 2), TOO_FEW);
    sign(&by_both, &by_one, KEY_QUALITY);
    assert_int_equal(authorized(&by_both.envelope, 2), OK);
    assert_memory_equal(by_both.envelope.digest, unsigned_one.envelope.digest, DIGEST_SIZE);
}

static void a_key_signs_once_and_four_blocks_are_all(void **state)
{
    (void)state;
    struct suit_content content = release_full();
    struct cose_signer signer = release_signer(KEY_ENGINEER);
    static struct written envelopes[SUIT_BLOCKS_MAX + 1];
    uint8_t memory[ROOM];
    struct buffer out = buffer_over(memory, sizeof memory);

    write(&envelopes[0], &content);
    for (size_t i = 0; i < SUIT_BLOCKS_MAX; i++) {
        signer.key_id[0] = (uint8_t)(0x10 + i);
        envelopes[i + 1].bytes = buffer_over(envelopes[i + 1].memory, ROOM);
        assert_int_equal(suit_sign(&envelopes[i + 1].bytes, span_used(&envelopes[i].bytes), &signer), OK);
        if (i + 1 < SUIT_BLOCKS_MAX)
            assert_int_equal(suit_sign(&out, span_used(&envelopes[i + 1].bytes), &signer), WRONG_STATE);
    }
    signer.key_id[0] = 0x99;
    assert_int_equal(suit_sign(&out, span_used(&envelopes[SUIT_BLOCKS_MAX].bytes), &signer), TOO_LARGE);
    assert_int_equal(out.size, 0);
}

static enum status refuse_to_sign(void *context, struct span message, struct buffer *signature)
{
    (void)context;
    (void)message;
    (void)signature;
    return NO_KEY;
}

static void a_signer_that_refuses_leaves_nothing(void **state)
{
    (void)state;
    struct suit_content content = release_full();
    struct cose_signer signer = {.algorithm = COSE_ESP256, .sign = refuse_to_sign};
    struct written written;
    uint8_t memory[ROOM];
    struct buffer out = buffer_over(memory, sizeof memory);

    write(&written, &content);
    assert_int_equal(suit_sign(&out, span_used(&written.bytes), &signer), NO_KEY);
    assert_int_equal(suit_sign(&out, span_text("no envelope"), &signer), BAD_FORMAT);
    assert_int_equal(out.size, 0);
}

static void a_stranger_s_signature_does_not_count(void **state)
{
    (void)state;
    struct suit_content content = release_full();
    struct written unsigned_one, by_stranger;
    struct trust trust = release_trust(1);
    uint8_t votes[SUIT_BLOCKS_MAX][KEY_ID_SIZE];
    enum status worst;

    write(&unsigned_one, &content);
    sign(&by_stranger, &unsigned_one, KEY_STRANGER);
    assert_int_equal(suit_votes(&by_stranger.envelope, &trust, votes, &worst), 0);
    assert_int_equal(worst, UNKNOWN_KEY);
    assert_int_equal(authorized(&by_stranger.envelope, 1), UNKNOWN_KEY);
    trust.withdrawn_key_count = 1;
    key_id_of(span_of(release_public_key(KEY_STRANGER), 65), trust.withdrawn_keys[0]);
    assert_int_equal(suit_votes(&by_stranger.envelope, &trust, votes, &worst), 0);
    assert_int_equal(worst, WITHDRAWN);
}

static void a_stranger_under_a_listed_name_is_a_bad_signature(void **state)
{
    (void)state;
    struct suit_content content = release_full();
    struct cose_signer liar = release_signer(KEY_STRANGER);
    struct written unsigned_one, written;

    memcpy(liar.key_id, release_signer(KEY_ENGINEER).key_id, KEY_ID_SIZE);
    write(&unsigned_one, &content);
    written.bytes = buffer_over(written.memory, ROOM);
    assert_int_equal(suit_sign(&written.bytes, span_used(&unsigned_one.bytes), &liar), OK);
    read_all(&written);
    assert_int_equal(authorized(&written.envelope, 1), BAD_SIGNATURE);
}

static void the_scope_is_the_vendor_and_class_that_were_executed(void **state)
{
    (void)state;
    struct written push;
    struct trust trust = release_trust(2);
    uint8_t vendor[UUID_SIZE], class_id[UUID_SIZE];

    release_signed_by_both(&push);
    fill(vendor, UUID_SIZE, OTHER);
    fill(class_id, UUID_SIZE, PUMP_REVISION_B);
    assert_int_equal(suit_authorized(&push.envelope, &trust, vendor, class_id, 0), WRONG_SCOPE);
    fill(vendor, UUID_SIZE, ACME);
    trust.keys[0].class_count = trust.keys[1].class_count = 1;
    fill(trust.keys[0].classes[0], UUID_SIZE, PUMP_REVISION_C);
    fill(trust.keys[1].classes[0], UUID_SIZE, PUMP_REVISION_C);
    assert_int_equal(suit_authorized(&push.envelope, &trust, vendor, class_id, 0), WRONG_SCOPE);
    trust.withdrawn_manifest_count = 1;
    memcpy(trust.withdrawn_manifests[0], push.envelope.digest, TRUST_MANIFEST_ID);
    assert_int_equal(suit_authorized(&push.envelope, &trust, vendor, class_id, 0), WITHDRAWN);
}

static void severing_takes_the_text_and_nothing_else(void **state)
{
    (void)state;
    struct suit_content content = release_full();
    struct written whole, severed, again;
    struct plan plan;

    write(&whole, &content);
    sever(&severed, &whole);
    assert_non_null(whole.manifest.text.data);
    assert_null(severed.manifest.text.data);
    assert_int_equal(severed.envelope.member_count, 0);
    assert_memory_equal(severed.envelope.digest, whole.envelope.digest, DIGEST_SIZE);
    assert_int_equal(plan_for(&severed.manifest, PUMP_REVISION_B, OTHER, &plan), OK);
    sever(&again, &severed);
    assert_true(span_equal(span_used(&again.bytes), span_used(&severed.bytes)));
}

enum caught { BY_STRUCTURE, BY_DIGEST, BY_SIGNATURE, BY_NOTHING, CHECKS };

static enum caught judge(struct span bytes)
{
    struct suit_envelope envelope;
    enum status status = suit_envelope_read(bytes, &envelope, NULL);
    if (status)
        return status == BAD_DIGEST ? BY_DIGEST : BY_STRUCTURE;
    return authorized(&envelope, 2) ? BY_SIGNATURE : BY_NOTHING;
}

static void with_both_signatures_needed_no_flipped_bit_passes(void **state)
{
    (void)state;
    struct written push;
    unsigned caught[CHECKS] = {0};

    release_signed_by_both(&push);
    for (size_t bit = 0; bit < 8 * push.bytes.size; bit++) {
        push.memory[bit / 8] ^= (uint8_t)(1 << bit % 8);
        enum caught by = judge(span_used(&push.bytes));
        if (by == BY_NOTHING)
            print_message("survivor: byte %zu, bit %zu\n", bit / 8, bit % 8);
        caught[by]++;
        push.memory[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t size = 0; size < push.bytes.size; size++)
        assert_int_equal(judge(span_first(span_used(&push.bytes), size)), BY_STRUCTURE);
    print_message("# %zu flips of an envelope signed by two: structure caught %u, digest %u, signature %u, "
                  "nothing %u\n",
                  8 * push.bytes.size, caught[BY_STRUCTURE], caught[BY_DIGEST], caught[BY_SIGNATURE],
                  caught[BY_NOTHING]);
    assert_int_equal(caught[BY_NOTHING], 0);
    assert_true(caught[BY_STRUCTURE] > 0 && caught[BY_DIGEST] > 0 && caught[BY_SIGNATURE] > 0);
}

/* Text -------------------------------------------------------------------------------------------------------------- */

static void every_text_reads_back(void **state)
{
    (void)state;
    struct suit_content content = release_full(), read = {0};
    struct written written;
    char memory[2048];
    struct buffer arena = buffer_over(memory, sizeof memory);

    write(&written, &content);
    assert_int_equal(suit_text_read(written.manifest.text, &read, &arena), OK);
    assert_string_equal(read.vendor_name, content.vendor_name);
    assert_string_equal(read.vendor_domain, content.vendor_domain);
    assert_string_equal(read.model_name, content.model_name);
    assert_string_equal(read.update_description, content.update_description);
    assert_int_equal(read.attachment_count, 2);
    assert_string_equal(read.attachments[0].name, "notes.md");
    assert_int_equal(read.attachments[0].size, 900);
    assert_string_equal(read.attachments[1].name, "sbom.cdx.json");
    assert_memory_equal(read.attachments[1].digest, content.attachments[0].digest, DIGEST_SIZE);
    assert_int_equal(read.check_count, 2);
    assert_string_equal(read.checks[0].id, "flow");
    assert_string_equal(read.checks[0].text, "Flow at 100 ml/h");
    assert_string_equal(read.checks[0].kind, "number");
    assert_string_equal(read.checks[0].unit, "ml/h");
    assert_int_equal(read.checks[0].least, 95000);
    assert_int_equal(read.checks[0].most, 105000);
    assert_true(read.checks[0].required);
    assert_false(read.checks[1].required);
    assert_string_equal(read.from, content.from);
    assert_int_equal(read.minutes, 7);
    assert_int_equal(read.cve_count, 2);
    assert_string_equal(read.cves[1], "CVE-2031-0002");
    assert_string_equal(read.valid_until, "2032-12-31");
    assert_string_equal(read.least_loader, "1.0");
}

static void absent_texts_read_back_as_absent(void **state)
{
    (void)state;
    struct suit_content content = release_full(), read = release_full();
    uint8_t memory[2048], kept[2048];
    struct buffer text = buffer_over(memory, sizeof memory), arena = buffer_over(kept, sizeof kept);

    content.vendor_name = content.update_description = content.from = content.valid_until = NULL;
    content.attachment_count = content.check_count = content.cve_count = 0;
    assert_int_equal(suit_text_write(&text, &content), OK);
    assert_int_equal(suit_text_read(span_used(&text), &read, &arena), OK);
    assert_null(read.vendor_name);
    assert_null(read.update_description);
    assert_null(read.from);
    assert_null(read.valid_until);
    assert_int_equal(read.attachment_count + read.check_count + read.cve_count, 0);
    assert_int_equal(read.sequence, 31);
}

static void a_cut_text_or_a_small_arena_changes_nothing(void **state)
{
    (void)state;
    struct suit_content content = release_full(), read = release_full();
    uint8_t memory[2048], kept[2048];
    struct buffer text = buffer_over(memory, sizeof memory);

    assert_int_equal(suit_text_write(&text, &content), OK);
    for (size_t size = 0; size < text.size; size++) {
        struct buffer arena = buffer_over(kept, sizeof kept);
        assert_int_equal(suit_text_read(span_first(span_used(&text), size), &read, &arena), BAD_FORMAT);
        assert_int_equal(arena.size, 0);
    }
    for (size_t room = 0; room < 200; room++) {
        struct buffer arena = buffer_over(kept, room);
        assert_int_equal(suit_text_read(span_used(&text), &read, &arena), TOO_LARGE);
        assert_int_equal(arena.size, 0);
    }
    assert_ptr_equal(read.vendor_name, content.vendor_name);
}

static struct buffer release_map(uint8_t *memory, size_t room, const char *key, uint64_t format)
{
    struct buffer text = buffer_over(memory, room);
    struct cbor_writer writer = cbor_into(&text);
    cbor_put_map(&writer, 1);
    cbor_put_text(&writer, "en");
    cbor_put_map(&writer, 1);
    cbor_put_int(&writer, SUIT_TEXT_RELEASE);
    cbor_put_map(&writer, 2);
    cbor_put_text(&writer, key);
    cbor_put_text_span(&writer, span_of("a\0b", 3));
    cbor_put_text(&writer, "format");
    cbor_put_uint(&writer, format);
    return text;
}

static void a_later_format_a_hidden_nul_and_an_unknown_key(void **state)
{
    (void)state;
    struct suit_content read = {0};
    uint8_t memory[256], kept[256];
    struct buffer arena = buffer_over(kept, sizeof kept);
    struct buffer text = release_map(memory, sizeof memory, "note", 1);

    assert_int_equal(suit_text_read(span_used(&text), &read, &arena), OK);
    text = release_map(memory, sizeof memory, "note", 2);
    assert_int_equal(suit_text_read(span_used(&text), &read, &arena), BAD_VERSION);
    text = release_map(memory, sizeof memory, "from", 1);
    assert_int_equal(suit_text_read(span_used(&text), &read, &arena), BAD_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_what_a_device_plans),
        cmocka_unit_test(each_running_version_gets_its_delta_and_others_the_full_stream),
        cmocka_unit_test(a_hardware_revision_that_is_not_listed_is_a_wrong_class),
        cmocka_unit_test(the_same_content_gives_the_same_bytes),
        cmocka_unit_test(attachments_are_sorted_whatever_their_order),
        cmocka_unit_test(content_that_no_device_would_take_is_not_written),
        cmocka_unit_test(a_buffer_that_is_too_small_stays_as_it_was),
        cmocka_unit_test(an_envelope_is_appended_after_what_stands_there),
        cmocka_unit_test(a_policy_of_two_wants_both_and_one_is_too_few),
        cmocka_unit_test(a_key_signs_once_and_four_blocks_are_all),
        cmocka_unit_test(a_signer_that_refuses_leaves_nothing),
        cmocka_unit_test(a_stranger_s_signature_does_not_count),
        cmocka_unit_test(a_stranger_under_a_listed_name_is_a_bad_signature),
        cmocka_unit_test(the_scope_is_the_vendor_and_class_that_were_executed),
        cmocka_unit_test(severing_takes_the_text_and_nothing_else),
        cmocka_unit_test(with_both_signatures_needed_no_flipped_bit_passes),
        cmocka_unit_test(every_text_reads_back),
        cmocka_unit_test(absent_texts_read_back_as_absent),
        cmocka_unit_test(a_cut_text_or_a_small_arena_changes_nothing),
        cmocka_unit_test(a_later_format_a_hidden_nul_and_an_unknown_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
