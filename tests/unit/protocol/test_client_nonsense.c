/* Transfers that don't end well: refusals are told, and whatever a device answers, the job ends within the stated bounds. */
#include "tests/unit/protocol/fake_device.h"

/* Refusals -------------------------------------------------------------------------------------------------------------- */

static enum reply refuses_later(struct bench *bench, const struct smp_header *header, struct span request,
                                struct buffer *body)
{
    (void)header;
    (void)request;
    if (bench->requests < 5)
        return REPLY_USUAL;
    return bench->story ? answer_group_error(body, SMP_GROUP_IMAGE, IMAGE_BAD_HASH)
                        : answer_error(body, SMP_ACCESS_DENIED);
}

static void a_refusal_in_the_middle_ends_the_transfer(void **state)
{
    (void)state;
    for (unsigned form = 0; form < 2; form++) {
        struct bench *bench = bench_of(8000);
        bench->script = refuses_later;
        bench->story = form;
        assert_int_equal(upload_runs(bench, 4), CLIENT_REFUSED);
        assert_int_equal(client_error(&bench->client)->from_group, form == 1);
        assert_int_equal(client_error(&bench->client)->rc, form ? IMAGE_BAD_HASH : SMP_ACCESS_DENIED);
        assert_int_equal(client_answer(&bench->client).size > 0, 1);
        free(bench);
    }
}

static enum reply does_not_match(struct bench *bench, const struct smp_header *header, struct span request,
                                 struct buffer *body)
{
    (void)header;
    device_uploads(bench, request, body);
    if (bench->wanted == bench->length) {
        const struct message_upload_answer answer = {bench->wanted, true, false};
        body->size = 0;
        message_upload_answer_write(body, &answer);
    }
    return REPLY_THIS;
}

static void bytes_that_arrived_but_do_not_match_are_a_refusal(void **state)
{
    (void)state;
    struct bench *bench = bench_of(8000);
    bench->script = does_not_match;
    assert_int_equal(upload_runs(bench, 4), CLIENT_REFUSED);
    assert_int_equal(client_error(&bench->client)->group, SMP_GROUP_IMAGE);
    assert_int_equal(client_error(&bench->client)->rc, IMAGE_BAD_HASH);
    free(bench);
}

/* A check is over when its verdict is there, though it did not want the rest. */
static enum reply judges_early(struct bench *bench, const struct smp_header *header, struct span request,
                               struct buffer *body)
{
    (void)header;
    device_uploads(bench, request, body);
    const struct message_check verdict = {
        .offset = bench->wanted, .has_verdict = bench->requests == 3, .verdict = 5};
    body->size = 0;
    message_check_write(body, &verdict);
    return REPLY_THIS;
}

static void a_check_ends_with_its_verdict(void **state)
{
    (void)state;
    struct bench *bench = bench_of(8000);
    bench->script = judges_early;
    const struct client_transfer check = {
        .group = SMP_GROUP_SUTURE, .id = VERB_CHECK, .source = {bench, 8000, bench_source_read}, .window = 2};
    assert_int_equal(client_transfer_start(&bench->client, &check, bench->now, 1000, 3), OK);
    assert_int_equal(bench_run(bench), CLIENT_DONE);
    struct message_check answer;
    assert_int_equal(message_check_read(client_answer(&bench->client), &answer), OK);
    assert_int_equal(answer.verdict, 5);
    free(bench);
}

static void a_source_that_fails_ends_the_transfer(void **state)
{
    (void)state;
    static const uint64_t places[] = {0, 100, 4000, 7999};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        struct bench *bench = bench_of(8000);
        bench->source_fails_at = places[i];
        assert_int_equal(upload_runs(bench, 4), CLIENT_SOURCE);
        assert_true(progress_of(bench)->sent <= places[i]);
        /* the client is as good as new */
        bench->source_fails_at = UINT64_MAX;
        bench->queues[REQUESTS].count = bench->queues[ANSWERS].count = 0;
        assert_int_equal(upload_runs(bench, 4), CLIENT_DONE);
        file_arrived(bench);
        free(bench);
    }
}

/* Nonsense -------------------------------------------------------------------------------------------------------------- */

static enum reply wants_beyond_the_end(struct bench *bench, const struct smp_header *header,
                                       struct span request, struct buffer *body)
{
    (void)header;
    (void)request;
    return bench->requests < bench->story ? REPLY_USUAL : answer_offset(body, bench->source_size + 1);
}

static enum reply forgets_the_offset(struct bench *bench, const struct smp_header *header,
                                     struct span request, struct buffer *body)
{
    (void)header;
    (void)request;
    static const uint8_t bodies[][8] = {{1, 0xa0}, {2, 0x81, 0x00}, {6, 0xa1, 0x63, 'o', 'f', 'f', 0x20}};
    if (bench->requests < 3)
        return REPLY_USUAL;
    const uint8_t *chosen = bodies[bench->story];
    buffer_append(body, span_of(chosen + 1, chosen[0]));
    return REPLY_THIS;
}

static void an_offset_beyond_the_end_or_none_is_nonsense(void **state)
{
    (void)state;
    for (unsigned at = 1; at < 4; at++) {
        struct bench *bench = bench_of(8000);
        bench->script = wants_beyond_the_end;
        bench->story = at;
        assert_int_equal(upload_runs(bench, 4), CLIENT_NONSENSE);
        free(bench);
        bench = bench_of(8000);
        bench->script = forgets_the_offset;
        bench->story = at - 1;
        assert_int_equal(upload_runs(bench, 4), CLIENT_NONSENSE);
        free(bench);
    }
}

static enum reply wants_zero_always(struct bench *bench, const struct smp_header *header, struct span request,
                                    struct buffer *body)
{
    (void)header;
    (void)request;
    return bench->requests < bench->story ? REPLY_USUAL : answer_offset(body, 0);
}

static void offset_zero_again_and_again_is_nonsense_after_the_bound(void **state)
{
    (void)state;
    for (unsigned at = 1; at < 10; at += 4) {
        struct bench *bench = bench_of(8000);
        bench->script = wants_zero_always;
        bench->story = at;
        assert_int_equal(upload_runs(bench, 1), CLIENT_NONSENSE);
        assert_int_equal(bench->requests, at + CLIENT_RESTARTS_MAX);
        free(bench);
    }
}

/* Takes whole chunks up to the middle, then steps back to where it was, for ever. */
static enum reply goes_in_circles(struct bench *bench, const struct smp_header *header, struct span request,
                                  struct buffer *body)
{
    (void)header;
    (void)body;
    (void)request;
    if (bench->wanted > 4000)
        bench->wanted = bench->story;
    return REPLY_USUAL;
}

static void stepping_back_again_and_again_is_nonsense_after_the_bound(void **state)
{
    (void)state;
    for (unsigned window = 1; window <= 8; window++) {
        struct bench *bench = bench_of(8000);
        bench->script = goes_in_circles;
        bench->story = 1000;
        assert_int_equal(upload_runs(bench, window), CLIENT_NONSENSE);
        /* each circle loses 3,000 bytes and more */
        assert_true(progress_of(bench)->sent <= 8000 + (CLIENT_LOST_FACTOR + 1) * 8000 * (window + 1));
        free(bench);
    }
}

static enum reply wants_the_same_always(struct bench *bench, const struct smp_header *header,
                                        struct span request, struct buffer *body)
{
    (void)header;
    if (bench->requests == 1)
        return REPLY_USUAL;
    (void)request;
    return answer_offset(body, bench->wanted);
}

/* It goes back once, then waits for the timeouts: the wire is not kept hot. */
static void a_device_that_never_moves_is_stuck_not_silent(void **state)
{
    (void)state;
    for (unsigned window = 1; window <= 8; window++) {
        struct bench *bench = bench_of(8000);
        bench->script = wants_the_same_always;
        uint64_t start = bench->now;
        assert_int_equal(upload_runs(bench, window), CLIENT_STUCK);
        assert_int_equal(bench->now - start, BENCH_TRIES * BENCH_TIMEOUT_MS);
        assert_true(bench->requests <= 1 + BENCH_TRIES * (3 * window + 3));
        free(bench);
    }
}

static enum reply wants_the_same_and_dies(struct bench *bench, const struct smp_header *header,
                                          struct span request, struct buffer *body)
{
    return bench->requests > 6 ? REPLY_NOTHING : wants_the_same_always(bench, header, request, body);
}

static void a_device_that_fell_silent_in_its_last_try_is_silent(void **state)
{
    (void)state;
    struct bench *bench = bench_of(8000);
    bench->script = wants_the_same_and_dies;
    assert_int_equal(upload_runs(bench, 4), CLIENT_TIMEOUT);
    free(bench);
}

static enum reply creeps(struct bench *bench, const struct smp_header *header, struct span request,
                         struct buffer *body)
{
    (void)header;
    (void)request;
    return answer_offset(body, bench->requests);
}

static void a_device_that_moves_by_single_bytes_is_nonsense_after_the_bound(void **state)
{
    (void)state;
    struct bench *bench = bench_of(60000);
    bench->script = creeps;
    assert_int_equal(upload_runs(bench, 1), CLIENT_NONSENSE);
    assert_int_equal(bench->requests, 1 + CLIENT_DETOURS_MIN + 60000 / 64 + 1);
    free(bench);
}

static enum reply wants_anything(struct bench *bench, const struct smp_header *header, struct span request,
                                 struct buffer *body)
{
    (void)header;
    (void)request;
    return answer_offset(body, bench_random(bench, (uint32_t)bench->source_size));
}

static void a_new_offset_in_every_answer_ends(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 100; seed++) {
        struct bench *bench = bench_of(60000);
        bench->script = wants_anything;
        bench->random = seed;
        print_message("# seed %u\n", seed);
        assert_int_equal(upload_runs(bench, 1 + seed % CLIENT_WINDOW_MAX), CLIENT_NONSENSE);
        assert_true(bench->requests < 5000);
        free(bench);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refusal_in_the_middle_ends_the_transfer),
        cmocka_unit_test(bytes_that_arrived_but_do_not_match_are_a_refusal),
        cmocka_unit_test(a_check_ends_with_its_verdict),
        cmocka_unit_test(a_source_that_fails_ends_the_transfer),
        cmocka_unit_test(an_offset_beyond_the_end_or_none_is_nonsense),
        cmocka_unit_test(offset_zero_again_and_again_is_nonsense_after_the_bound),
        cmocka_unit_test(stepping_back_again_and_again_is_nonsense_after_the_bound),
        cmocka_unit_test(a_device_that_never_moves_is_stuck_not_silent),
        cmocka_unit_test(a_device_that_fell_silent_in_its_last_try_is_silent),
        cmocka_unit_test(a_device_that_moves_by_single_bytes_is_nonsense_after_the_bound),
        cmocka_unit_test(a_new_offset_in_every_answer_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
