/* Everybody's SUIT envelopes: all signed ones pass integrity, the profile reads twelve of them and refuses eleven by the
 * label that is outside it, and the unsigned ones are refused. */
#include "manifests/suit.h"

#include "tests/support/hex.h"
#include "tests/support/suit_vectors.h"
#include "tests/support/test.h"

#include <stdio.h>

struct vector {
    uint8_t memory[SUIT_VECTOR_MAX];
    struct suit_envelope envelope;
    struct suit_manifest manifest;
};

static void read_envelope(struct vector *vector, const char *name)
{
    struct suit_where where = {SUIT_NOWHERE, 0};
    enum status status = suit_envelope_read(suit_vector(name, vector->memory), &vector->envelope, &where);
    if (status)
        fail_msg("%s: %s at place %d, label %d", name, status_name(status), (int)where.place,
                 (int)where.label);
}

static void read_manifest(struct vector *vector, const char *name)
{
    struct suit_where where = {SUIT_NOWHERE, 0};
    read_envelope(vector, name);
    enum status status = suit_manifest_read(&vector->envelope, &vector->manifest, &where);
    if (status)
        fail_msg("%s: %s at place %d, label %d", name, status_name(status), (int)where.place,
                 (int)where.label);
}

static void every_signed_envelope_passes_integrity(void **state)
{
    (void)state;
    uint8_t key[65];
    struct vector vector;
    size_t count = 0;

    suit_vectors_key(key);
    for (; suit_vectors_signed[count] != NULL; count++) {
        read_envelope(&vector, suit_vectors_signed[count]);
        assert_int_equal(vector.envelope.block_count, 1);
        assert_int_equal(suit_verify_with(&vector.envelope, key), OK);
    }
    assert_int_equal(count, SUIT_VECTORS_SIGNED);
}

static void no_envelope_passes_with_another_key(void **state)
{
    (void)state;
    /* The point 2·G: a good point of the curve, and nobody's key here. */
    static const char other_key[] = "047cf27b188d034f7e8a52380304b51ac3c08969e277f21b35a60b48fc47669978"
                                    "07775510db8ed040293d9ac69f7430dbba7dade63ce982299e04b79d227873d1";
    uint8_t key[65];
    struct vector vector;

    hex_into(key, sizeof key, other_key);
    for (size_t i = 0; suit_vectors_signed[i] != NULL; i++) {
        read_envelope(&vector, suit_vectors_signed[i]);
        assert_int_equal(suit_verify_with(&vector.envelope, key), BAD_SIGNATURE);
    }
}

static void an_unsigned_envelope_reads_but_nobody_vouches_for_it(void **state)
{
    (void)state;
    uint8_t key[65], votes[SUIT_BLOCKS_MAX][KEY_ID_SIZE];
    const uint8_t id[UUID_SIZE] = {0};
    struct trust trust = {.version = 1, .release = {1, 0, 1}};
    enum status worst = FAILED;
    struct vector vector;

    suit_vectors_key(key);
    for (size_t i = 0; suit_vectors_unsigned[i] != NULL; i++) {
        read_envelope(&vector, suit_vectors_unsigned[i]);
        assert_int_equal(vector.envelope.block_count, 0);
        assert_int_equal(suit_verify_with(&vector.envelope, key), BAD_SIGNATURE);
        assert_int_equal(suit_votes(&vector.envelope, &trust, votes, &worst), 0);
        assert_int_equal(worst, OK);
        assert_int_equal(suit_authorized(&vector.envelope, &trust, id, id, 0), BAD_SIGNATURE);
    }
}

static void the_profile_reads_twelve(void **state)
{
    (void)state;
    static const char *const read[] = {
        "example0-signed", "example1-signed", "example2-signed", "example2-signed-severed",
        "example3-signed", "example5-signed", "libcsuit/exp0",   "libcsuit/exp1",
        "libcsuit/exp2A",  "libcsuit/exp2B",  "libcsuit/exp3",   "libcsuit/exp5",
    };
    struct vector vector;

    for (size_t i = 0; i < sizeof read / sizeof read[0]; i++)
        read_manifest(&vector, read[i]);
}

static const struct {
    const char *name;
    struct suit_where labels[5]; /* any of these is a true reason */
} refused[] = {
    {"example4-signed", {{SUIT_MANIFEST, 8}}},
    {"libcsuit/exp4", {{SUIT_MANIFEST, 8}}},
    {"libcsuit/expS0", {{SUIT_MANIFEST, 5}}},
    {"libcsuit/expS2",
     {{SUIT_MANIFEST, 5}, {SUIT_MANIFEST, 15}, {SUIT_COMMON, 1}, {SUIT_COMMAND, 7}, {SUIT_COMMAND, 11}}},
    {"libcsuit/expS3", {{SUIT_MANIFEST, 5}, {SUIT_MANIFEST, 15}, {SUIT_COMMON, 1}, {SUIT_COMMAND, 11}}},
    {"libcsuit/expED",
     {{SUIT_MANIFEST, 5}, {SUIT_COMMON, 1}, {SUIT_COMMAND, 7}, {SUIT_COMMAND, 11}, {SUIT_PARAMETER, 19}}},
    {"libcsuit/expEW", {{SUIT_PARAMETER, 19}}},
    {"libcsuit/expU0", {{SUIT_COMMAND, 35}}},
    {"libcsuit/expU1", {{SUIT_COMMAND, 29}, {SUIT_COMMAND, 34}, {SUIT_PARAMETER, 29}}},
    {"libcsuit/expU2", {{SUIT_ENVELOPE, 14}, {SUIT_MANIFEST, 14}, {SUIT_COMMAND, 29}, {SUIT_PARAMETER, 29}}},
    {"libcsuit/expU3", {{SUIT_PARAMETER, 30}}},
};

static void the_profile_refuses_eleven_and_names_the_label(void **state)
{
    (void)state;
    struct vector vector;

    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        struct suit_where where = {SUIT_NOWHERE, 0};
        bool named = false;
        read_envelope(&vector, refused[i].name);
        assert_int_equal(suit_manifest_read(&vector.envelope, &vector.manifest, &where), UNSUPPORTED);
        for (size_t n = 0; n < sizeof refused[i].labels / sizeof refused[i].labels[0]; n++) {
            const struct suit_where *label = &refused[i].labels[n];
            named = named || (label->place != SUIT_NOWHERE && label->place == where.place &&
                              label->label == where.label);
        }
        if (!named)
            fail_msg("%s: refused for place %d, label %d", refused[i].name, (int)where.place,
                     (int)where.label);
    }
}

static void severed_parts_are_taken_from_the_envelope_or_named_as_missing(void **state)
{
    (void)state;
    struct vector with, without;

    read_manifest(&with, "example2-signed");
    read_manifest(&without, "example2-signed-severed");
    assert_memory_equal(with.envelope.digest, without.envelope.digest, DIGEST_SIZE);
    assert_non_null(with.manifest.sections[SUIT_INSTALL].data);
    assert_non_null(with.manifest.text.data);
    assert_false(with.manifest.severed[SUIT_INSTALL]);
    assert_null(without.manifest.sections[SUIT_INSTALL].data);
    assert_null(without.manifest.text.data);
    assert_true(without.manifest.severed[SUIT_INSTALL]);
}

static void what_a_manifest_says_of_itself_is_read(void **state)
{
    (void)state;
    struct vector vector;

    read_manifest(&vector, "example5-signed");
    assert_int_equal(vector.manifest.sequence, 5);
    assert_int_equal(vector.manifest.version_count, 0);
    assert_int_equal(vector.manifest.component_count, 2);
    assert_memory_equal(vector.manifest.components[1].data, "\x81\x41\x01", 3);
    assert_non_null(vector.manifest.shared.data);
    assert_non_null(vector.manifest.sections[SUIT_VALIDATE].data);
    assert_non_null(vector.manifest.sections[SUIT_INVOKE].data);
    assert_null(vector.manifest.sections[SUIT_PAYLOAD_FETCH].data);
}

/* A device that runs in one slot and writes down what it is told to do. */
struct recorder {
    uint64_t slot;
    char story[256];
};

static void note(struct recorder *recorder, int64_t label, size_t component)
{
    size_t used = strlen(recorder->story);
    snprintf(recorder->story + used, sizeof recorder->story - used, "%d@%zu ", (int)label, component);
}

static enum status condition(void *context, int64_t label, size_t component,
                             const struct suit_parameters *parameters)
{
    struct recorder *recorder = context;
    if (label == SUIT_CONDITION_SLOT && parameters->slot != recorder->slot)
        return CONDITION_FAILED;
    note(recorder, label, component);
    return OK;
}

static enum status directive(void *context, int64_t label, size_t component,
                             const struct suit_parameters *parameters)
{
    (void)parameters;
    note(context, label, component);
    return OK;
}

static enum status run(struct vector *vector, struct recorder *recorder, struct suit_parameters parameters[2])
{
    struct suit_hooks hooks = {recorder, condition, directive};
    return suit_run(&vector->manifest, SUIT_INSTALL, &hooks, parameters, 2, NULL);
}

static void the_second_slot_gets_its_own_image_and_address(void **state)
{
    (void)state;
    struct recorder recorder = {.slot = 1};
    struct suit_parameters parameters[2];
    struct vector vector;

    read_manifest(&vector, "example3-signed");
    assert_int_equal(run(&vector, &recorder, parameters), OK);
    assert_string_equal(recorder.story, "5@0 1@0 2@0 5@0 21@0 3@0 ");
    assert_int_equal(parameters[0].image_size, 76834);
    assert_int_equal(parameters[0].image_digest.data[0], 0x01);
    assert_true(span_equal(parameters[0].uri, span_text("http://example.com/file2.bin")));
}

static void a_slot_that_the_manifest_does_not_know_gets_nothing(void **state)
{
    (void)state;
    struct recorder recorder = {.slot = 2};
    struct suit_parameters parameters[2];
    struct vector vector;

    read_manifest(&vector, "libcsuit/exp3");
    assert_int_equal(run(&vector, &recorder, parameters), CONDITION_FAILED);
    assert_string_equal(recorder.story, "");
}

static void two_components_are_fetched_each_with_its_parameters(void **state)
{
    (void)state;
    struct recorder recorder = {.slot = 0};
    struct suit_parameters parameters[2];
    struct vector vector;

    read_manifest(&vector, "example5-signed");
    assert_int_equal(run(&vector, &recorder, parameters), OK);
    assert_string_equal(recorder.story, "1@0 2@0 21@0 3@0 21@1 3@1 ");
    assert_int_equal(parameters[0].image_size, 34768);
    assert_int_equal(parameters[1].image_size, 76834);
    assert_null(parameters[1].vendor.data);
}

static void the_extent_is_known_once_the_last_head_has_come(void **state)
{
    (void)state;
    struct vector vector;

    for (size_t i = 0; suit_vectors_signed[i] != NULL; i++) {
        struct span bytes = suit_vector(suit_vectors_signed[i], vector.memory);
        size_t size = 0, known_at = 0;
        for (size_t prefix = 0; prefix <= bytes.size; prefix++) {
            enum status status = suit_envelope_extent(span_first(bytes, prefix), &size);
            assert_true(status == OK || (status == INCOMPLETE && known_at == 0));
            if (status == OK && known_at == 0)
                known_at = prefix;
        }
        assert_true(known_at > 0 && known_at < bytes.size);
        assert_int_equal(size, bytes.size);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_signed_envelope_passes_integrity),
        cmocka_unit_test(no_envelope_passes_with_another_key),
        cmocka_unit_test(an_unsigned_envelope_reads_but_nobody_vouches_for_it),
        cmocka_unit_test(the_profile_reads_twelve),
        cmocka_unit_test(the_profile_refuses_eleven_and_names_the_label),
        cmocka_unit_test(severed_parts_are_taken_from_the_envelope_or_named_as_missing),
        cmocka_unit_test(what_a_manifest_says_of_itself_is_read),
        cmocka_unit_test(the_second_slot_gets_its_own_image_and_address),
        cmocka_unit_test(a_slot_that_the_manifest_does_not_know_gets_nothing),
        cmocka_unit_test(two_components_are_fetched_each_with_its_parameters),
        cmocka_unit_test(the_extent_is_known_once_the_last_head_has_come),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
