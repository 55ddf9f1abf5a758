/* Messages: what we write is sorted and definite, what we read may be anything, and what it takes from a careless writer it
 * does not take from a wrong one. */
#include "tests/unit/protocol/message_kit.h"

#define BYTES(text) span_of(text, sizeof(text) - 1)

struct scratch {
    uint8_t sample_memory[BODY_MAX], bent_memory[BODY_MAX], again_memory[BODY_MAX];
    struct buffer sample, bent, again;
};

/* Buffers for one message, its sample written. */
static void scratch_for(struct scratch *scratch, const struct message_kind *kind)
{
    scratch->sample = buffer_over(scratch->sample_memory, BODY_MAX);
    scratch->bent = buffer_over(scratch->bent_memory, BODY_MAX);
    scratch->again = buffer_over(scratch->again_memory, BODY_MAX);
    assert_int_equal(kind->sample(&scratch->sample), OK);
}

static enum status body_reads(struct scratch *scratch, const struct message_kind *kind, struct span body)
{
    struct span exact = body_exact(body);
    scratch->again.size = 0;
    enum status status = kind->again(exact, &scratch->again);
    free((void *)(uintptr_t)exact.data);
    return status;
}

static void every_message_is_canonical_and_reads_back(void **state)
{
    (void)state;
    struct scratch scratch;
    for (size_t i = 0; i < MESSAGE_KINDS; i++) {
        scratch_for(&scratch, &message_kinds[i]);
        struct cbor cbor = cbor_over(span_used(&scratch.sample), CBOR_CANONICAL);
        assert_int_equal(cbor_skip(&cbor, NULL), OK);
        assert_int_equal(cbor_end(&cbor), OK);
        assert_int_equal(body_reads(&scratch, &message_kinds[i], span_used(&scratch.sample)), OK);
        assert_true(span_equal(span_used(&scratch.again), span_used(&scratch.sample)));
    }
}

static void what_a_careless_client_writes_is_read_the_same(void **state)
{
    (void)state;
    struct scratch scratch;
    for (size_t i = 0; i < MESSAGE_KINDS; i++) {
        scratch_for(&scratch, &message_kinds[i]);
        struct bending bending = {.at = -1, .careless = true};
        struct span careless = body_bend(span_used(&scratch.sample), &scratch.bent, &bending);
        assert_int_equal(body_reads(&scratch, &message_kinds[i], careless), OK);
        assert_true(span_equal(span_used(&scratch.again), span_used(&scratch.sample)));
    }
}

/* Bends each pair of each message in turn and hands the body to `judge`. */
static void each_pair_bent(struct bending how,
                           void (*judge)(const struct message_kind *kind, const struct bending *bending,
                                         enum status status))
{
    struct scratch scratch;
    for (size_t i = 0; i < MESSAGE_KINDS; i++) {
        scratch_for(&scratch, &message_kinds[i]);
        struct bending bending = how;
        int pairs = pairs_count(span_used(&scratch.sample));
        assert_true(pairs >= 2);
        for (bending.at = 0; bending.at < pairs; bending.at++) {
            struct span bent = body_bend(span_used(&scratch.sample), &scratch.bent, &bending);
            enum status status = body_reads(&scratch, &message_kinds[i], bent);
            print_message("# %s: %.*s: %s\n", message_kinds[i].name, (int)bending.key.size,
                          (const char *)bending.key.data, status_name(status));
            judge(&message_kinds[i], &bending, status);
        }
    }
}

static void is_missing_unless_optional(const struct message_kind *kind, const struct bending *bending,
                                       enum status status)
{
    assert_int_equal(status, is_listed(bending->key, kind->optional) ? OK : MISSING);
}

static void each_key_that_is_needed_is_missed(void **state)
{
    (void)state;
    each_pair_bent((struct bending){.bend = BEND_DROP}, is_missing_unless_optional);
}

static void is_refused(const struct message_kind *kind, const struct bending *bending, enum status status)
{
    (void)kind;
    (void)bending;
    assert_int_equal(status, BAD_FORMAT);
}

static void each_key_that_comes_twice_is_refused(void **state)
{
    (void)state;
    each_pair_bent((struct bending){.bend = BEND_DOUBLE}, is_refused);
}

static void is_refused_unless_of_the_kind(const struct message_kind *kind, const struct bending *bending,
                                          enum status status)
{
    (void)kind;
    struct cbor value = cbor_over(bending->value, CBOR_LOOSE);
    bool number = cbor_kind(&value) == CBOR_UINT || cbor_kind(&value) == CBOR_NEGATIVE;
    bool signed_key = is_listed(bending->key, " section ");
    if (cbor_kind(&value) != bending->kind && !(number && signed_key))
        assert_int_equal(status, BAD_FORMAT);
}

static void each_value_of_another_type_is_refused(void **state)
{
    (void)state;
    const struct span values[] = {BYTES("\x05"),
                                  BYTES("\x25"),
                                  BYTES("\x41x"),
                                  BYTES("\x61x"),
                                  BYTES("\x81\x05"),
                                  BYTES("\xa1\x05\x05"),
                                  BYTES("\xc1\x05"),
                                  BYTES("\xf5"),
                                  BYTES("\xf6"),
                                  BYTES("\xf7"),
                                  BYTES("\xfb\0\0\0\0\0\0\0\0")};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        each_pair_bent((struct bending){.bend = BEND_VALUE, .value = values[i]},
                       is_refused_unless_of_the_kind);
}

static void is_too_large_unless_wide(const struct message_kind *kind, const struct bending *bending,
                                     enum status status)
{
    if (bending->kind == CBOR_UINT || bending->kind == CBOR_NEGATIVE)
        assert_int_equal(status, is_listed(bending->key, kind->wide) ? OK : TOO_LARGE);
}

static void each_number_outside_its_type_is_too_large(void **state)
{
    (void)state;
    each_pair_bent(
        (struct bending){.bend = BEND_VALUE, .value = BYTES("\x1b\xff\xff\xff\xff\xff\xff\xff\xff")},
        is_too_large_unless_wide);
    each_pair_bent((struct bending){.bend = BEND_VALUE, .value = BYTES("\x1b\0\0\0\x01\0\0\0\0")},
                   is_too_large_unless_wide);
}

static void unknown_keys_are_ignored(void **state)
{
    (void)state;
    struct scratch scratch;
    for (size_t i = 0; i < MESSAGE_KINDS; i++) {
        scratch_for(&scratch, &message_kinds[i]);
        struct bending bending = {.at = -1};
        body_bend(span_used(&scratch.sample), &scratch.bent, &bending);
        scratch.bent.size -= 1; /* its break */
        bytes_put(&scratch.bent, BYTES("\x62zz\x9f\xa1\x01\x02\xff\x62zz\xf6\x05\x06\xff"));
        assert_int_equal(body_reads(&scratch, &message_kinds[i], span_used(&scratch.bent)), OK);
        assert_true(span_equal(span_used(&scratch.again), span_used(&scratch.sample)));
    }
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    struct scratch scratch;
    for (size_t i = 0; i < MESSAGE_KINDS; i++) {
        for (unsigned careless = 0; careless < 2; careless++) {
            scratch_for(&scratch, &message_kinds[i]);
            struct bending bending = {.at = -1, .careless = true};
            struct span whole = careless ? body_bend(span_used(&scratch.sample), &scratch.bent, &bending)
                                         : span_used(&scratch.sample);
            for (size_t size = 0; size < whole.size; size++) {
                enum status status = body_reads(&scratch, &message_kinds[i], span_first(whole, size));
                assert_int_equal(status, size == 0 ? MISSING : BAD_FORMAT);
            }
        }
    }
}

static void bytes_behind_the_map_are_refused(void **state)
{
    (void)state;
    struct scratch scratch;
    for (size_t i = 0; i < MESSAGE_KINDS; i++) {
        scratch_for(&scratch, &message_kinds[i]);
        assert_true(buffer_put(&scratch.sample, 0xa0));
        assert_int_equal(body_reads(&scratch, &message_kinds[i], span_used(&scratch.sample)), BAD_FORMAT);
    }
}

static void a_message_that_does_not_fit_leaves_the_buffer_as_it_was(void **state)
{
    (void)state;
    struct scratch scratch;
    for (size_t i = 0; i < MESSAGE_KINDS; i++) {
        scratch_for(&scratch, &message_kinds[i]);
        for (size_t room = 0; room < scratch.sample.size; room++) {
            struct buffer out = buffer_over(scratch.bent_memory, room + 2);
            bytes_put(&out, BYTES("ab"));
            assert_int_equal(message_kinds[i].sample(&out), TOO_LARGE);
            assert_int_equal(out.size, 2);
        }
    }
}

/* Lists ----------------------------------------------------------------------------------------------------------------- */

static void lists_may_be_empty(void **state)
{
    (void)state;
    uint8_t memory[BODY_MAX];
    struct buffer out = buffer_over(memory, sizeof memory);
    struct message_capabilities capabilities = sample_capabilities(), read;
    capabilities.framing_count = capabilities.codec_count = capabilities.algorithm_count = 0;
    assert_int_equal(message_capabilities_write(&out, &capabilities), OK);
    assert_int_equal(message_capabilities_read(span_used(&out), &read), OK);
    assert_int_equal(read.framing_count + read.codec_count + read.algorithm_count, 0);
}

static void a_count_beyond_its_array_is_not_written(void **state)
{
    (void)state;
    uint8_t memory[BODY_MAX];
    struct buffer out = buffer_over(memory, sizeof memory);
    struct message_capabilities capabilities = sample_capabilities();
    capabilities.codec_count = MESSAGE_LIST_MAX + 1;
    assert_int_equal(message_capabilities_write(&out, &capabilities), TOO_LARGE);
    struct message_identity identity = sample_identity();
    identity.slot_count = 3;
    assert_int_equal(message_identity_write(&out, &identity), TOO_LARGE);
    struct message_log log = sample_log();
    log.item_count = SIZE_MAX;
    assert_int_equal(message_log_write(&out, &log), TOO_LARGE);
    assert_int_equal(out.size, 0);
}

static void a_list_longer_than_ours_is_too_large(void **state)
{
    (void)state;
    static const char nine[] = "\x9f\1\1\1\1\1\1\1\1\1\xff";
    struct scratch scratch;
    static const char *const keys[] = {"framings", "codecs", "algs"};
    scratch_for(&scratch, &message_kinds[0]);
    struct bending bending = {.bend = BEND_VALUE, .value = BYTES(nine)};
    int pairs = pairs_count(span_used(&scratch.sample));
    unsigned seen = 0;
    for (bending.at = 0; bending.at < pairs; bending.at++) {
        struct span bent = body_bend(span_used(&scratch.sample), &scratch.bent, &bending);
        enum status status = body_reads(&scratch, &message_kinds[0], bent);
        for (size_t i = 0; i < 3; i++) {
            if (!span_equal(bending.key, span_text(keys[i])))
                continue;
            assert_int_equal(status, TOO_LARGE);
            seen += 1;
        }
    }
    assert_int_equal(seen, 3);
}

/* Replaces the value of the one key `key` in the sample of `kind`, and reads it. */
static enum status sample_reads_with(const struct message_kind *kind, const char *key, struct span value)
{
    struct scratch scratch;
    scratch_for(&scratch, kind);
    struct bending bending = {.bend = BEND_VALUE, .value = value};
    int pairs = pairs_count(span_used(&scratch.sample));
    for (bending.at = 0; bending.at < pairs; bending.at++) {
        struct span bent = body_bend(span_used(&scratch.sample), &scratch.bent, &bending);
        if (span_equal(bending.key, span_text(key)))
            return body_reads(&scratch, kind, bent);
    }
    fail_msg("%s has no %s", kind->name, key);
    return OK;
}

static const struct message_kind *kind_named(const char *name)
{
    for (size_t i = 0; i < MESSAGE_KINDS; i++) {
        if (strcmp(message_kinds[i].name, name) == 0)
            return &message_kinds[i];
    }
    fail_msg("no message %s", name);
    return NULL;
}

static void elements_of_a_list_are_checked(void **state)
{
    (void)state;
    const struct message_kind *capabilities = kind_named("capabilities");
    assert_int_equal(sample_reads_with(capabilities, "codecs", BYTES("\x82\x01\x19\x01\x00")), TOO_LARGE);
    assert_int_equal(sample_reads_with(capabilities, "codecs", BYTES("\x82\x01\x20")), BAD_FORMAT);
    assert_int_equal(sample_reads_with(capabilities, "codecs", BYTES("\x82\x01\x61x")), BAD_FORMAT);
    assert_int_equal(
        sample_reads_with(capabilities, "algs", BYTES("\x81\x3b\xff\xff\xff\xff\xff\xff\xff\xff")),
        TOO_LARGE);
    assert_int_equal(sample_reads_with(capabilities, "policy", BYTES("\x82\x01\x01")), BAD_FORMAT);
    assert_int_equal(sample_reads_with(capabilities, "policy", BYTES("\x84\x01\x01\x01\x01")), TOO_LARGE);
    assert_int_equal(sample_reads_with(capabilities, "policy", BYTES("\x83\x01\x01\x01")), OK);
}

static void more_slots_or_images_than_two_are_too_large(void **state)
{
    (void)state;
    struct scratch scratch;
    static const struct {
        const char *name, *key;
    } rows[] = {{"identity", "slots"}, {"images", "images"}};
    for (size_t i = 0; i < 2; i++) {
        const struct message_kind *kind = kind_named(rows[i].name);
        scratch_for(&scratch, kind);
        struct cbor value;
        struct span list, items[2];
        assert_int_equal(smp_find(span_used(&scratch.sample), rows[i].key, &value), OK);
        assert_int_equal(cbor_skip(&value, &list), OK);
        assert_int_equal(items_split(list, items, 4), 2);
        uint8_t memory[BODY_MAX];
        struct buffer three = buffer_over(memory, sizeof memory);
        bytes_put(&three, BYTES("\x83"));
        bytes_put(&three, items[0]);
        bytes_put(&three, items[1]);
        bytes_put(&three, items[1]);
        assert_int_equal(sample_reads_with(kind, rows[i].key, span_used(&three)), TOO_LARGE);
    }
}

static void log_items_are_tuples_that_may_grow_but_not_shrink(void **state)
{
    (void)state;
    const struct message_kind *log = kind_named("log");
    assert_int_equal(sample_reads_with(log, "items", BYTES("\x80")), OK);
    assert_int_equal(sample_reads_with(log, "items", BYTES("\x81\x85\x01\x02\x03\x04\x05")), OK);
    assert_int_equal(sample_reads_with(log, "items", BYTES("\x81\x9f\x01\x02\x03\x04\x05\x61x\xa0\xff")), OK);
    assert_int_equal(sample_reads_with(log, "items", BYTES("\x81\x84\x01\x02\x03\x04")), MISSING);
    assert_int_equal(sample_reads_with(log, "items", BYTES("\x81\x80")), MISSING);
    assert_int_equal(sample_reads_with(log, "items", BYTES("\x81\x85\x01\x02\x1a\0\x01\0\0\x04\x05")),
                     TOO_LARGE);
    assert_int_equal(sample_reads_with(log, "items", BYTES("\x81\x85\x01\x02\x61x\x04\x05")), BAD_FORMAT);
    assert_int_equal(sample_reads_with(log, "items", BYTES("\x81\xa0")), BAD_FORMAT);
    assert_int_equal(sample_reads_with(log, "items", BYTES("\x89\x80\x80\x80\x80\x80\x80\x80\x80\x80")),
                     MISSING);
}

static void nine_log_items_are_too_large(void **state)
{
    (void)state;
    uint8_t memory[BODY_MAX];
    struct buffer nine = buffer_over(memory, sizeof memory);
    bytes_put(&nine, BYTES("\x89"));
    for (unsigned i = 0; i < 9; i++)
        bytes_put(&nine, BYTES("\x85\x01\x02\x03\x04\x05"));
    assert_int_equal(sample_reads_with(kind_named("log"), "items", span_used(&nine)), TOO_LARGE);
}

/* Texts and small things -------------------------------------------------------------------------------------------------- */

static struct span text_item(struct buffer *out, const char *text)
{
    struct cbor_writer writer = cbor_into(out);
    out->size = 0;
    cbor_put_text(&writer, text);
    return span_used(out);
}

static void versions_are_three_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum status status;
    } rows[] = {
        {"0.0.0", OK},
        {"1.20.300", OK},
        {"4294967295.4294967295.4294967295", OK},
        {"4294967296.0.0", TOO_LARGE},
        {"0.0.99999999999999999999999999", TOO_LARGE},
        {"", BAD_FORMAT},
        {"1", BAD_FORMAT},
        {"1.2", BAD_FORMAT},
        {"1.2.", BAD_FORMAT},
        {"1.2.3.4", BAD_FORMAT},
        {"1..3", BAD_FORMAT},
        {".1.2", BAD_FORMAT},
        {"01.2.3", BAD_FORMAT},
        {"1.2.00", BAD_FORMAT},
        {"1.2.3 ", BAD_FORMAT},
        {" 1.2.3", BAD_FORMAT},
        {"-1.2.3", BAD_FORMAT},
        {"+1.2.3", BAD_FORMAT},
        {"1.2.x", BAD_FORMAT},
        {"1,2,3", BAD_FORMAT},
        {"1.2.3-rc", BAD_FORMAT},
    };
    uint8_t memory[64];
    struct buffer item = buffer_over(memory, sizeof memory);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        print_message("# \"%s\"\n", rows[i].text);
        struct span value = text_item(&item, rows[i].text);
        assert_int_equal(sample_reads_with(kind_named("images"), "version", value), rows[i].status);
        assert_int_equal(sample_reads_with(kind_named("identity"), "version", value), rows[i].status);
    }
}

static void a_wanted_stream_is_a_mark_and_a_number(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum status status;
    } rows[] = {{"#0", OK},          {"#255", OK},        {"#256", TOO_LARGE}, {"#99999999999", TOO_LARGE},
                {"", BAD_FORMAT},    {"#", BAD_FORMAT},   {"0", BAD_FORMAT},   {"#01", BAD_FORMAT},
                {"#1x", BAD_FORMAT}, {"##1", BAD_FORMAT}, {"#-1", BAD_FORMAT}};
    uint8_t memory[64];
    struct buffer item = buffer_over(memory, sizeof memory);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        print_message("# \"%s\"\n", rows[i].text);
        assert_int_equal(sample_reads_with(kind_named("check"), "want", text_item(&item, rows[i].text)),
                         rows[i].status);
    }
}

static void there_is_no_third_slot(void **state)
{
    (void)state;
    assert_int_equal(sample_reads_with(kind_named("identity"), "slot", BYTES("\x02")), TOO_LARGE);
    assert_int_equal(sample_reads_with(kind_named("images"), "slot", BYTES("\x02")), TOO_LARGE);
    assert_int_equal(sample_reads_with(kind_named("images"), "slot", BYTES("\x01")), OK);
}

static void digests_and_ids_have_their_length(void **state)
{
    (void)state;
    static const uint8_t longer[35] = {0x58, 33};
    assert_int_equal(sample_reads_with(kind_named("identity"), "hash", span_of(longer, 35)), BAD_FORMAT);
    assert_int_equal(sample_reads_with(kind_named("identity"), "vendor", span_of(longer, 35)), BAD_FORMAT);
    assert_int_equal(sample_reads_with(kind_named("status"), "manifest", BYTES("\x40")), BAD_FORMAT);
    assert_int_equal(sample_reads_with(kind_named("report"), "data", BYTES("\x40")), OK);
}

static void a_check_without_a_verdict_is_an_offset(void **state)
{
    (void)state;
    uint8_t memory[32];
    struct buffer out = buffer_over(memory, sizeof memory);
    const struct message_check going_on = {.offset = 5, .reason = 7, .section = 8};
    struct message_check read;
    assert_int_equal(message_check_write(&out, &going_on), OK);
    assert_true(span_equal(span_used(&out), BYTES("\xa1\x63off\x05")));
    assert_int_equal(message_check_read(span_used(&out), &read), OK);
    assert_false(read.has_verdict || read.has_want);
    assert_int_equal(read.reason, 0);
}

/* Requests ------------------------------------------------------------------------------------------------------------------ */

static void requests_are_canonical(void **state)
{
    (void)state;
    uint8_t memory[512], digest[32] = {1, 2, 3};
    struct buffer out = buffer_over(memory, sizeof memory);
    assert_int_equal(request_digest_write(&out, "manifest", digest), OK);
    assert_int_equal(request_report_write(&out, digest, 300), OK);
    assert_int_equal(request_log_write(&out, 70000), OK);
    assert_int_equal(request_chunk_write(&out, 0, 5000, BYTES("first"), digest), OK);
    assert_int_equal(request_chunk_write(&out, 0, 5000, BYTES("first"), NULL), OK);
    assert_int_equal(request_chunk_write(&out, 4000, 5000, BYTES("next"), digest), OK);

    static const int pairs[] = {1, 2, 1, 4, 3, 2};
    struct cbor cbor = cbor_over(span_used(&out), CBOR_CANONICAL);
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        struct cbor at = cbor;
        struct cbor_items items;
        assert_int_equal(cbor_skip(&cbor, NULL), OK);
        assert_int_equal(cbor_enter_map(&at, &items), OK);
        assert_int_equal(items.left, pairs[i]);
    }
    assert_int_equal(cbor_end(&cbor), OK);
}

static void a_first_chunk_names_the_whole_and_a_next_one_does_not(void **state)
{
    (void)state;
    uint8_t memory[128];
    struct buffer out = buffer_over(memory, sizeof memory);
    assert_int_equal(request_chunk_write(&out, 0, 300, BYTES("ab"), NULL), OK);
    assert_true(span_equal(span_used(&out), BYTES("\xa3\x63len\x19\x01\x2c\x63off\x00\x64"
                                                  "data\x42"
                                                  "ab")));
    out.size = 0;
    assert_int_equal(request_chunk_write(&out, 2, 300, BYTES("cd"), NULL), OK);
    assert_true(span_equal(span_used(&out), BYTES("\xa2\x63off\x02\x64"
                                                  "data\x42"
                                                  "cd")));
}

static void a_request_that_does_not_fit_leaves_the_buffer_as_it_was(void **state)
{
    (void)state;
    uint8_t memory[128], digest[32] = {0};
    for (size_t room = 0; room < 10; room++) {
        struct buffer out = buffer_over(memory, room);
        assert_int_equal(request_digest_write(&out, "hash", digest), TOO_LARGE);
        assert_int_equal(request_report_write(&out, digest, 0), TOO_LARGE);
        assert_int_equal(request_chunk_write(&out, 0, 9, BYTES("data"), NULL), TOO_LARGE);
        if (room < 7)
            assert_int_equal(request_log_write(&out, 3), TOO_LARGE);
        assert_int_equal(out.size, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_is_canonical_and_reads_back),
        cmocka_unit_test(what_a_careless_client_writes_is_read_the_same),
        cmocka_unit_test(each_key_that_is_needed_is_missed),
        cmocka_unit_test(each_key_that_comes_twice_is_refused),
        cmocka_unit_test(each_value_of_another_type_is_refused),
        cmocka_unit_test(each_number_outside_its_type_is_too_large),
        cmocka_unit_test(unknown_keys_are_ignored),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(bytes_behind_the_map_are_refused),
        cmocka_unit_test(a_message_that_does_not_fit_leaves_the_buffer_as_it_was),
        cmocka_unit_test(lists_may_be_empty),
        cmocka_unit_test(a_count_beyond_its_array_is_not_written),
        cmocka_unit_test(a_list_longer_than_ours_is_too_large),
        cmocka_unit_test(elements_of_a_list_are_checked),
        cmocka_unit_test(more_slots_or_images_than_two_are_too_large),
        cmocka_unit_test(log_items_are_tuples_that_may_grow_but_not_shrink),
        cmocka_unit_test(nine_log_items_are_too_large),
        cmocka_unit_test(versions_are_three_numbers),
        cmocka_unit_test(a_wanted_stream_is_a_mark_and_a_number),
        cmocka_unit_test(there_is_no_third_slot),
        cmocka_unit_test(digests_and_ids_have_their_length),
        cmocka_unit_test(a_check_without_a_verdict_is_an_offset),
        cmocka_unit_test(requests_are_canonical),
        cmocka_unit_test(a_first_chunk_names_the_whole_and_a_next_one_does_not),
        cmocka_unit_test(a_request_that_does_not_fit_leaves_the_buffer_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
