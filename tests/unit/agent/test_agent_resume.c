/* Going on: after a power cut, after a lost link, after another file came between; and what is not sent again. */
#include "tests/support/bench_factory.h"
#include "tests/support/test.h"

static void upload_fully(struct bench *bench, void *with)
{
    if (!bench->powered)
        bench_power_on(bench);
    bench_upload(bench, with, WITH_SHA);
}

/* A device whose power went about in the middle of writing `push`. */
static struct bench *cut_in_the_middle(struct push *push)
{
    struct bench *bench = bench_new(NULL);

    upload_fully(bench, push);
    unsigned operations = bench->chip->operations;
    bench_free(bench);
    bench = bench_new(NULL);
    assert_true(bench_cut(bench, operations / 2, CUT_TORN, upload_fully, push));
    bench_power_on(bench);
    return bench;
}

/* Uploads to the end; returns how many bytes the device did not need. */
static uint64_t skipped(struct bench *bench, const struct push *push, enum with_sha with_sha)
{
    assert_int_equal(bench_upload(bench, push, with_sha), CLIENT_DONE);
    uint64_t bytes = client_progress(&bench->client)->skipped;
    assert_true(bench_slot_holds(bench, SLOT_B, push));
    assert_int_equal(bench_status(bench).phase, PHASE_STAGED);
    return bytes;
}

static void a_cut_upload_resumes_by_its_sha(void **state)
{
    struct push push = push_of(&(struct bench_release){0});
    struct bench *bench = cut_in_the_middle(&push);
    (void)state;

    struct message_status status = bench_status(bench);
    assert_int_equal(status.phase, PHASE_WRITING);
    assert_memory_equal(status.manifest, push.manifest, DIGEST_SIZE);
    assert_true(status.offset > push.envelope_size);
    assert_true(skipped(bench, &push, WITH_SHA) > push.size / 4);
    bench_free(bench);
    push_free(&push);
}

static void a_cut_upload_resumes_by_its_envelope_when_no_sha_is_given(void **state)
{
    struct push push = push_of(&(struct bench_release){.codec = PATCH_DEFLATE});
    struct bench *bench = cut_in_the_middle(&push);
    (void)state;

    assert_true(skipped(bench, &push, WITHOUT_SHA) > push.size / 4);
    bench_free(bench);
    push_free(&push);
}

/* Sent again: at most one segment, and what had come since the last finished erase block. */
static void little_is_sent_again_after_a_cut_anywhere(void **state)
{
    struct push push = push_of(&(struct bench_release){0});
    struct bench *bench = bench_new(NULL);
    (void)state;

    upload_fully(bench, &push);
    unsigned operations = bench->chip->operations;
    bench_free(bench);
    for (unsigned at = 2; at < operations; at += 3) {
        bench = bench_new(NULL);
        assert_true(bench_cut(bench, at, CUT_BEFORE, upload_fully, &push));
        uint64_t reached = client_progress(&bench->client)->acknowledged;
        bench_power_on(bench);
        uint64_t kept = skipped(bench, &push, WITH_SHA);
        uint64_t least = push.envelope_size + 2048 + BENCH_ERASE_BLOCK + 4 * BENCH_BUFFER;
        if (reached > least)
            assert_true(kept + 2048 + BENCH_ERASE_BLOCK + 4 * BENCH_BUFFER > reached);
        bench_free(bench);
    }
    push_free(&push);
}

static void a_lost_link_costs_nothing_sent_twice(void **state)
{
    struct push push = push_of(&(struct bench_release){0});
    struct bench *bench = bench_new(NULL);
    (void)state;

    bench_power_on(bench);
    bench->deliver = 6000;
    assert_int_equal(bench_upload(bench, &push, WITH_SHA), CLIENT_TIMEOUT);
    uint64_t wanted = bench->agent.staging.meta.stream_offset + bench->agent.staging.reader.offset;
    bench->link_cut = false;
    bench->deliver = SIZE_MAX;
    bench->to_device_size = 0;
    agent_link_reset(&bench->agent);
    client_link_reset(&bench->client, bench->now);
    assert_int_equal(bench_upload(bench, &push, WITH_SHA), CLIENT_DONE);
    assert_true(client_progress(&bench->client)->first_offset == wanted);
    assert_true(wanted > 3000);
    assert_true(bench_slot_holds(bench, SLOT_B, &push));
    bench_free(bench);
    push_free(&push);
}

static void the_link_is_lost_anywhere(void **state)
{
    struct push push = push_of(&(struct bench_release){.codec = PATCH_DEFLATE});
    (void)state;

    for (size_t deliver = 20; deliver < push.size; deliver += 337) {
        struct bench *bench = bench_new(NULL);
        bench_power_on(bench);
        bench->deliver = deliver;
        bench_upload(bench, &push, deliver % 2 ? WITH_SHA : WITHOUT_SHA);
        bench->link_cut = false;
        bench->deliver = SIZE_MAX;
        bench->to_device_size = 0;
        agent_link_reset(&bench->agent);
        skipped(bench, &push, deliver % 2 ? WITHOUT_SHA : WITH_SHA);
        bench_free(bench);
    }
    push_free(&push);
}

static void uploading_what_is_staged_already_writes_nothing(void **state)
{
    struct push push = push_of(&(struct bench_release){0});
    struct bench *bench = bench_new(NULL);
    (void)state;

    bench_power_on(bench);
    assert_int_equal(bench_upload(bench, &push, WITH_SHA), CLIENT_DONE);
    uint8_t *before = bench_snapshot(bench);
    assert_int_equal(bench_upload(bench, &push, WITH_SHA), CLIENT_DONE);
    assert_int_equal(bench_upload(bench, &push, WITHOUT_SHA), CLIENT_DONE);
    assert_true(bench_unchanged(bench, before));
    bench_power_on(bench);
    free(before);
    before = bench_snapshot(bench);
    assert_int_equal(bench_upload(bench, &push, WITH_SHA), CLIENT_DONE);
    assert_true(client_progress(&bench->client)->sent < BENCH_BUFFER);
    assert_int_equal(bench_upload(bench, &push, WITHOUT_SHA), CLIENT_DONE);
    assert_true(bench_unchanged(bench, before));
    free(before);
    bench_free(bench);
    push_free(&push);
}

static void another_manifest_replaces_a_staging_only_when_it_passes(void **state)
{
    struct push push = push_of(&(struct bench_release){0});
    struct push forged = push_of(&(struct bench_release){.sequence = 3, .signer = "stranger"});
    struct push better = push_of(&(struct bench_release){.sequence = 3});
    struct bench *bench = cut_in_the_middle(&push);
    (void)state;

    assert_int_equal(bench_upload(bench, &forged, WITH_SHA), CLIENT_REFUSED);
    assert_true(skipped(bench, &push, WITH_SHA) > push.size / 4);
    skipped(bench, &better, WITH_SHA);
    assert_int_equal(bench_identity(bench).slots[SLOT_B].sequence, 3);
    bench_free(bench);
    push_free(&push);
    push_free(&forged);
    push_free(&better);
}

/* The better one passed its checks, but none of its blocks came: the older staging still stands in flash. */
static void a_staging_survives_a_rival_that_never_sends_a_block(void **state)
{
    struct push push = push_of(&(struct bench_release){0});
    struct push better = push_of(&(struct bench_release){.sequence = 3});
    struct bench *bench = cut_in_the_middle(&push);
    (void)state;

    bench->deliver = better.envelope_size + 200;
    assert_int_equal(bench_upload(bench, &better, WITH_SHA), CLIENT_TIMEOUT);
    bench->link_cut = false;
    bench->deliver = SIZE_MAX;
    agent_link_reset(&bench->agent);
    assert_true(skipped(bench, &push, WITH_SHA) > push.size / 4);
    bench_free(bench);
    push_free(&push);
    push_free(&better);
}

static void a_tampered_block_is_refused_and_the_true_one_goes_on(void **state)
{
    struct push push = push_of(&(struct bench_release){0});
    struct bench *bench = bench_new(NULL);
    size_t at = push.size * 2 / 3;
    (void)state;

    bench_power_on(bench);
    push.bytes[at] ^= 1;
    assert_int_equal(bench_upload(bench, &push, WITH_SHA), CLIENT_REFUSED);
    assert_int_equal(bench_error(bench), IMAGE_BAD_HASH);
    push.bytes[at] ^= 1;
    assert_true(skipped(bench, &push, WITH_SHA) > push.size / 3);
    bench_free(bench);
    push_free(&push);
}

static void an_aborted_staging_is_gone(void **state)
{
    struct push push = push_of(&(struct bench_release){0});
    struct bench *bench = cut_in_the_middle(&push);
    (void)state;

    assert_int_equal(bench_verb(bench, VERB_ABORT, "manifest", (const uint8_t[32]){1}), CLIENT_REFUSED);
    assert_int_equal(bench_error(bench), SUTURE_STATE);
    assert_int_equal(bench_verb(bench, VERB_ABORT, "manifest", push.manifest), CLIENT_ANSWER);
    assert_int_equal(bench_identity(bench).slots[SLOT_B].state, SLOT_EMPTY);
    assert_int_equal(bench_identity(bench).outcome, OUTCOME_ABORTED);
    assert_int_equal(bench_status(bench).phase, PHASE_IDLE);
    assert_int_equal(bench_verb(bench, VERB_ABORT, "manifest", push.manifest), CLIENT_ANSWER);
    assert_int_equal(skipped(bench, &push, WITH_SHA), 0);
    bench_free(bench);
    push_free(&push);
}

static void therapy_in_the_middle_stops_the_writing_until_it_ends(void **state)
{
    struct push push = push_of(&(struct bench_release){0});
    struct bench *bench = cut_in_the_middle(&push);
    (void)state;

    bench->interlock.use = USE_THERAPY;
    uint8_t *before = bench_snapshot(bench);
    assert_int_equal(bench_upload(bench, &push, WITH_SHA), CLIENT_REFUSED);
    assert_int_equal(bench_error(bench), 1000 + SMP_BUSY);
    assert_int_equal(bench_status(bench).wait_code, SUTURE_IN_USE);
    bench_run(bench, 5000);
    assert_true(bench_unchanged(bench, before));
    bench->interlock.use = USE_FREE;
    assert_true(skipped(bench, &push, WITH_SHA) > push.size / 4);
    free(before);
    bench_free(bench);
    push_free(&push);
}

/* Broken flash ----------------------------------------------------------------------------------------------------- */

static uint64_t slot_b(const struct bench *bench)
{
    return bench->port.layout.areas[AREA_SLOT_B].offset;
}

static void a_slot_that_can_not_be_written_is_called_bad_the_second_time(void **state)
{
    struct push push = push_of(&(struct bench_release){0});
    struct bench *bench = bench_new(NULL);
    (void)state;

    bench_power_on(bench);
    bench->chip->deaf_from = slot_b(bench) + 3 * BENCH_ERASE_BLOCK;
    bench->chip->deaf_to = bench->chip->deaf_from + BENCH_ERASE_BLOCK;
    memset(bench->chip->bytes + bench->chip->deaf_from, 0x11, BENCH_ERASE_BLOCK);
    for (int attempt = 0; attempt < 2; attempt++) {
        assert_int_equal(bench_upload(bench, &push, WITH_SHA), CLIENT_REFUSED);
        assert_int_equal(bench_error(bench), 12);
        assert_int_equal(bench_identity(bench).slots[SLOT_B].state, attempt == 0 ? SLOT_STAGING : SLOT_BAD);
    }
    assert_int_equal(bench_identity(bench).outcome, OUTCOME_DIGEST);
    bench->chip->abuses = 0; /* the deaf block was programmed over: that is its fault */
    bench_free(bench);
    push_free(&push);
}

static void a_bit_that_flips_after_writing_is_found_by_reading_back(void **state)
{
    struct push push = push_of(&(struct bench_release){0});
    struct bench *bench = bench_new(NULL);
    (void)state;

    bench_power_on(bench);
    bench->deliver = push.size - 1000;
    assert_int_equal(bench_upload(bench, &push, WITH_SHA), CLIENT_TIMEOUT);
    bench->chip->bytes[slot_b(bench) + 100] ^= 4;
    bench->link_cut = false;
    bench->deliver = SIZE_MAX;
    agent_link_reset(&bench->agent);
    assert_int_equal(bench_upload(bench, &push, WITH_SHA), CLIENT_REFUSED);
    assert_int_equal(bench_error(bench), IMAGE_BAD_HASH);
    assert_int_equal(bench_identity(bench).slots[SLOT_B].state, SLOT_STAGING);
    skipped(bench, &push, WITH_SHA);
    bench_free(bench);
    push_free(&push);
}

static void a_resume_asks_the_root_that_rules_now(void **state)
{
    struct push push = push_of(&(struct bench_release){0});
    struct bench *bench = cut_in_the_middle(&push);
    uint8_t memory[ROOT_MAX];
    struct buffer root = buffer_over(memory, sizeof memory);
    (void)state;

    factory_root(&root, 2, "second release key", BENCH_RELEASE_KEY);
    assert_int_equal(bench_transfer(bench, VERB_TRUST, span_used(&root)), CLIENT_DONE);
    uint8_t *before = bench_snapshot(bench);
    assert_int_equal(bench_upload(bench, &push, WITH_SHA), CLIENT_REFUSED);
    assert_int_equal(bench_error(bench), IMAGE_BAD_HASH);
    assert_true(bench_unchanged(bench, before));
    free(before);
    bench_free(bench);
    push_free(&push);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cut_upload_resumes_by_its_sha),
        cmocka_unit_test(a_cut_upload_resumes_by_its_envelope_when_no_sha_is_given),
        cmocka_unit_test(little_is_sent_again_after_a_cut_anywhere),
        cmocka_unit_test(a_lost_link_costs_nothing_sent_twice),
        cmocka_unit_test(the_link_is_lost_anywhere),
        cmocka_unit_test(a_resume_asks_the_root_that_rules_now),
        cmocka_unit_test(uploading_what_is_staged_already_writes_nothing),
        cmocka_unit_test(another_manifest_replaces_a_staging_only_when_it_passes),
        cmocka_unit_test(a_staging_survives_a_rival_that_never_sends_a_block),
        cmocka_unit_test(a_tampered_block_is_refused_and_the_true_one_goes_on),
        cmocka_unit_test(an_aborted_staging_is_gone),
        cmocka_unit_test(therapy_in_the_middle_stops_the_writing_until_it_ends),
        cmocka_unit_test(a_slot_that_can_not_be_written_is_called_bad_the_second_time),
        cmocka_unit_test(a_bit_that_flips_after_writing_is_found_by_reading_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
