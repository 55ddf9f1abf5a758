/* The client's requests and its bookkeeping: one question, one answer, whatever else the link brings. Transfers are in
 * test_client_transfer.c. */
#include "tests/unit/protocol/fake_device.h"

#define BYTES(text) span_of(text, sizeof(text) - 1)

static void identity_asked(struct bench *bench)
{
    assert_int_equal(client_request(&bench->client, SMP_READ, SMP_GROUP_SUTURE, VERB_IDENTITY,
                                    span_of(NULL, 0), bench->now, BENCH_TIMEOUT_MS, BENCH_TRIES),
                     OK);
}

/* Answers {"floor": n} with the count of requests so far. */
static enum reply tells_floor(struct bench *bench, const struct smp_header *header, struct span request,
                              struct buffer *body)
{
    (void)header;
    assert_true(span_equal(request, BYTES("\xa0")));
    struct cbor_writer writer = cbor_into(body);
    cbor_put_map(&writer, 1);
    cbor_put_text(&writer, "floor");
    cbor_put_uint(&writer, bench->requests);
    return REPLY_THIS;
}

static void a_request_is_answered(void **state)
{
    (void)state;
    struct bench *bench = bench_of(1);
    bench->script = tells_floor;
    identity_asked(bench);

    assert_int_equal(bench_run(bench), CLIENT_ANSWER);

    assert_int_equal(body_uint(client_answer(&bench->client), "floor", 0), 1);
    assert_int_equal(bench->requests, 1);
    assert_int_equal(client_poll(&bench->client, bench->now), CLIENT_WAITING);
    assert_true(client_wake(&bench->client) == UINT64_MAX);
    free(bench);
}

static void one_job_at_a_time(void **state)
{
    (void)state;
    struct bench *bench = bench_of(1);
    bench->script = tells_floor;
    const struct client_transfer transfer = {.source = {bench, 1, bench_source_read}, .window = 1};
    identity_asked(bench);
    assert_int_equal(client_transfer_start(&bench->client, &transfer, 0, 1, 1), WRONG_STATE);
    assert_int_equal(client_request(&bench->client, SMP_READ, 0, 0, span_of(NULL, 0), 0, 1, 1), WRONG_STATE);
    assert_int_equal(bench_run(bench), CLIENT_ANSWER);
    identity_asked(bench);
    free(bench);
}

static void a_request_beyond_the_packet_is_refused(void **state)
{
    (void)state;
    struct bench *bench = bench_of(1);
    static const uint8_t body[BENCH_PACKET_MAX];
    size_t most = BENCH_PACKET_MAX - SMP_HEADER_SIZE;
    assert_int_equal(client_request(&bench->client, SMP_WRITE, 0, 0, span_of(body, most + 1), 0, 1, 1),
                     TOO_LARGE);
    assert_int_equal(client_request(&bench->client, SMP_WRITE, 0, 0, span_of(body, most), 0, 1, 1), OK);
    free(bench);
}

static enum fate loses_first_requests(struct bench *bench, enum direction direction, unsigned number)
{
    return direction == REQUESTS && number < bench->story ? LOST : DELIVERED;
}

static enum fate loses_first_answers(struct bench *bench, enum direction direction, unsigned number)
{
    return direction == ANSWERS && number < bench->story ? LOST : DELIVERED;
}

static void a_lost_request_or_answer_is_asked_again_with_the_same_bytes(void **state)
{
    (void)state;
    static const bench_fate fates[] = {loses_first_requests, loses_first_answers};
    for (size_t i = 0; i < 4; i++) {
        struct bench *bench = bench_of(1);
        bench->sends_first = i >= 2;
        bench->script = tells_floor;
        bench->fate = fates[i % 2];
        bench->story = 2;
        uint64_t start = bench->now;
        identity_asked(bench);
        assert_int_equal(bench_run(bench), CLIENT_ANSWER);
        assert_int_equal(bench->carried[REQUESTS], 3);
        assert_int_equal(bench->now - start, 2 * BENCH_TIMEOUT_MS);
        assert_int_equal(bench->client.next_sequence, 1);
        free(bench);
    }
}

static void silence_ends_after_the_tries(void **state)
{
    (void)state;
    struct bench *bench = bench_of(1);
    bench->fate = loses_first_requests;
    bench->story = 1000;
    uint64_t start = bench->now;
    identity_asked(bench);
    assert_int_equal(bench_run(bench), CLIENT_TIMEOUT);
    assert_int_equal(bench->carried[REQUESTS], BENCH_TRIES);
    assert_int_equal(bench->now - start, BENCH_TRIES * BENCH_TIMEOUT_MS);
    free(bench);
}

/* What the client hears, straight into its ear. */
static void client_told(struct bench *bench, struct smp_header header, struct span body)
{
    uint8_t memory[BENCH_PACKET_MAX + SMP_HEADER_SIZE];
    struct buffer packet = buffer_over(memory, sizeof memory);
    header.version = 1;
    header.length = (uint16_t)body.size;
    smp_header_write(&header, memory);
    packet.size = SMP_HEADER_SIZE;
    assert_true(buffer_append(&packet, body));
    client_receive(&bench->client, span_used(&packet), bench->now);
}

static const struct smp_header identity_answer = {
    .op = SMP_READ_RESPONSE, .group = SMP_GROUP_SUTURE, .id = VERB_IDENTITY};

static void answers_to_other_questions_are_ignored(void **state)
{
    (void)state;
    struct bench *bench = bench_of(1);
    identity_asked(bench);
    client_sends(bench);
    struct smp_header other[6];
    for (size_t i = 0; i < 6; i++)
        other[i] = identity_answer;
    other[0].op = SMP_READ;
    other[1].op = SMP_WRITE_RESPONSE;
    other[2].group = SMP_GROUP_OS;
    other[3].id = VERB_STATUS;
    other[4].sequence = 1;
    other[5].sequence = 255;
    for (size_t i = 0; i < 6; i++) {
        client_told(bench, other[i], BYTES("\xa1\x62rc\x05"));
        client_told(bench, other[i], BYTES("no CBOR"));
        assert_int_equal(client_poll(&bench->client, bench->now), CLIENT_WAITING);
    }
    client_told(bench, identity_answer, BYTES("\xa0"));
    assert_int_equal(client_poll(&bench->client, bench->now), CLIENT_ANSWER);
    free(bench);
}

static void an_answer_nobody_waits_for_is_ignored(void **state)
{
    (void)state;
    struct bench *bench = bench_of(1);
    client_told(bench, identity_answer, BYTES("\xa0"));
    assert_int_equal(client_poll(&bench->client, bench->now), CLIENT_WAITING);
    bench->script = tells_floor;
    identity_asked(bench);
    assert_int_equal(bench_run(bench), CLIENT_ANSWER);
    free(bench);
}

static void the_answer_stays_readable_whatever_comes_behind_it(void **state)
{
    (void)state;
    struct bench *bench = bench_of(1);
    static const uint8_t noise[100] = {0x0b, 0, 0, 50, 1, 2, 3};
    identity_asked(bench);
    client_sends(bench);
    client_told(bench, identity_answer,
                BYTES("\xa1\x65"
                      "floor\x18\x2a"));
    client_told(bench, identity_answer,
                BYTES("\xa1\x65"
                      "floor\x07"));
    assert_int_equal(client_poll(&bench->client, bench->now), CLIENT_ANSWER);
    client_told(bench, identity_answer,
                BYTES("\xa1\x65"
                      "floor\x08"));
    client_receive(&bench->client, span_of(noise, sizeof noise), bench->now);
    assert_int_equal(body_uint(client_answer(&bench->client), "floor", 0), 42);
    free(bench);
}

/* A doubled answer is half in when the next question goes out: its rest must not be taken for the next answer, nor that for
 * its rest. */
static void a_late_packet_cut_anywhere_does_not_disturb_the_next_answer(void **state)
{
    (void)state;
    uint8_t memory[64];
    const struct span body = BYTES("\xa1\x65"
                                   "floor\x18\x2a");
    for (size_t cut = 0; cut <= SMP_HEADER_SIZE + body.size; cut++) {
        struct bench *bench = bench_of(1);
        identity_asked(bench);
        client_sends(bench);
        client_told(bench, identity_answer, body);
        assert_int_equal(client_poll(&bench->client, bench->now), CLIENT_ANSWER);

        struct buffer both = buffer_over(memory, sizeof memory);
        struct smp_header header = identity_answer;
        header.length = (uint16_t)body.size;
        smp_header_write(&header, memory);
        both.size = SMP_HEADER_SIZE;
        buffer_append(&both, body);
        size_t doubled = both.size;
        header.sequence = 1;
        smp_header_write(&header, memory + doubled);
        both.size += SMP_HEADER_SIZE;
        buffer_append(&both, body);

        client_receive(&bench->client, span_first(span_used(&both), cut), bench->now);
        identity_asked(bench);
        client_receive(&bench->client, span_from(span_used(&both), cut), bench->now);
        assert_int_equal(client_poll(&bench->client, bench->now), CLIENT_ANSWER);
        assert_int_equal(body_uint(client_answer(&bench->client), "floor", 0), 42);
        free(bench);
    }
}

static enum reply refuses(struct bench *bench, const struct smp_header *header, struct span request,
                          struct buffer *body)
{
    (void)header;
    (void)request;
    return bench->story ? answer_group_error(body, SMP_GROUP_SUTURE, SUTURE_STATE)
                        : answer_error(body, SMP_ACCESS_DENIED);
}

static void a_refusal_is_told_in_both_forms(void **state)
{
    (void)state;
    struct bench *bench = bench_of(1);
    bench->script = refuses;
    for (bench->story = 0; bench->story < 2; bench->story++) {
        identity_asked(bench);
        assert_int_equal(bench_run(bench), CLIENT_REFUSED);
        const struct smp_error *error = client_error(&bench->client);
        assert_int_equal(error->from_group, bench->story == 1);
        assert_int_equal(error->rc, bench->story ? SUTURE_STATE : SMP_ACCESS_DENIED);
        assert_int_equal(error->group, bench->story ? SMP_GROUP_SUTURE : 0);
    }
    free(bench);
}

static void an_answer_that_is_no_map_is_nonsense(void **state)
{
    (void)state;
    static const char *const bodies[] = {"\x01", "\xa1", "\xa2\x62rc\x01\x62rc\x02", "\xa1\x62rc\x61x"};
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        struct bench *bench = bench_of(1);
        identity_asked(bench);
        client_sends(bench);
        client_told(bench, identity_answer, span_text(bodies[i]));
        assert_int_equal(client_poll(&bench->client, bench->now), CLIENT_NONSENSE);
        free(bench);
    }
}

static void an_answer_without_a_body_is_an_empty_map(void **state)
{
    (void)state;
    struct bench *bench = bench_of(1);
    identity_asked(bench);
    client_sends(bench);
    client_told(bench, identity_answer, span_of(NULL, 0));
    assert_int_equal(client_poll(&bench->client, bench->now), CLIENT_ANSWER);
    assert_int_equal(client_answer(&bench->client).size, 0);
    free(bench);
}

static void an_answer_larger_than_our_memory_is_nonsense_and_an_alien_one_is_not(void **state)
{
    (void)state;
    struct bench *bench = bench_of(1);
    static const uint8_t body[BENCH_PACKET_MAX] = {0xa0};
    struct smp_header alien = identity_answer;
    alien.sequence = 9;
    identity_asked(bench);
    client_sends(bench);
    client_told(bench, alien, span_of(body, sizeof body));
    assert_int_equal(client_poll(&bench->client, bench->now), CLIENT_WAITING);
    client_told(bench, identity_answer, span_of(body, sizeof body));
    assert_int_equal(client_poll(&bench->client, bench->now), CLIENT_NONSENSE);
    free(bench);
}

/* Busy, `story` times. */
static enum reply busy_at_first(struct bench *bench, const struct smp_header *header, struct span request,
                                struct buffer *body)
{
    assert_int_equal(header->sequence, bench->requests - 1);
    if (bench->requests <= bench->story)
        return answer_error(body, SMP_BUSY);
    return tells_floor(bench, header, request, body);
}

static void a_busy_device_is_asked_again_under_a_new_number(void **state)
{
    (void)state;
    struct bench *bench = bench_of(1);
    bench->script = busy_at_first;
    bench->story = 100;
    uint64_t start = bench->now;
    identity_asked(bench);
    assert_int_equal(bench_run(bench), CLIENT_ANSWER);
    assert_int_equal(bench->requests, 101);
    assert_int_equal(bench->now - start, 100 * CLIENT_BUSY_ASK_MS);
    free(bench);
}

static void a_device_that_stays_busy_is_refused_in_the_end(void **state)
{
    (void)state;
    struct bench *bench = bench_of(1);
    bench->script = busy_at_first;
    bench->story = 100000;
    uint64_t start = bench->now;
    identity_asked(bench);
    assert_int_equal(bench_run(bench), CLIENT_REFUSED);
    assert_int_equal(client_error(&bench->client)->rc, SMP_BUSY);
    assert_int_equal(bench->now - start, CLIENT_BUSY_MAX_MS);
    free(bench);
}

/* Error 4 of our group, with the silence that the device wants. */
static enum reply quiet_at_first(struct bench *bench, const struct smp_header *header, struct span request,
                                 struct buffer *body)
{
    if (bench->requests > 1)
        return tells_floor(bench, header, request, body);
    struct cbor_writer writer = cbor_into(body);
    cbor_put_map(&writer, 2);
    cbor_put_text(&writer, "err");
    cbor_put_map(&writer, 2);
    cbor_put_text(&writer, "group");
    cbor_put_uint(&writer, SMP_GROUP_SUTURE);
    cbor_put_text(&writer, "rc");
    cbor_put_uint(&writer, SUTURE_BUSY);
    cbor_put_text(&writer, "quiet_ms");
    cbor_put_uint(&writer, bench->story);
    return REPLY_THIS;
}

static void the_silence_that_a_busy_device_names_is_kept_within_limits(void **state)
{
    (void)state;
    static const struct {
        uint64_t asked, kept;
    } rows[] = {{0, CLIENT_BUSY_ASK_MS}, {3000, 3000}, {UINT64_MAX, CLIENT_BUSY_ASK_MAX_MS}};
    for (size_t i = 0; i < 3; i++) {
        struct bench *bench = bench_of(1);
        bench->script = quiet_at_first;
        bench->story = rows[i].asked;
        uint64_t start = bench->now;
        identity_asked(bench);
        assert_int_equal(bench_run(bench), CLIENT_ANSWER);
        assert_int_equal(bench->now - start, rows[i].kept);
        free(bench);
    }
}

static void garbage_before_an_answer_costs_one_timeout_at_most(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 100; seed++) {
        struct bench *bench = bench_of(1);
        bench->script = tells_floor;
        bench->random = seed;
        uint8_t garbage[300];
        for (size_t i = 0; i < sizeof garbage; i++)
            garbage[i] = (uint8_t)bench_random(bench, 256);
        uint64_t start = bench->now;
        print_message("# seed %u\n", seed);
        identity_asked(bench);
        client_receive(&bench->client, span_of(garbage, sizeof garbage), bench->now);
        assert_int_equal(bench_run(bench), CLIENT_ANSWER);
        assert_true(bench->now - start <= BENCH_TIMEOUT_MS);
        free(bench);
    }
}

static void a_flood_of_garbage_does_not_hold_the_time(void **state)
{
    (void)state;
    struct bench *bench = bench_of(1);
    uint8_t garbage[64];
    uint64_t start = bench->now;
    enum client_event event = CLIENT_WAITING;
    identity_asked(bench);
    while (event == CLIENT_WAITING) {
        for (size_t i = 0; i < sizeof garbage; i++)
            garbage[i] = (uint8_t)bench_random(bench, 256);
        client_receive(&bench->client, span_of(garbage, sizeof garbage), bench->now);
        client_sends(bench);
        event = client_poll(&bench->client, bench->now);
        bench->now += 10;
        assert_true(bench->now - start <= BENCH_TRIES * (BENCH_TIMEOUT_MS + 10));
    }
    assert_int_equal(event, CLIENT_TIMEOUT);
    free(bench);
}

static void a_request_is_sent_again_whole_when_the_link_was_opened_anew(void **state)
{
    (void)state;
    for (size_t taken = 0; taken <= SMP_HEADER_SIZE + 1; taken++) {
        struct bench *bench = bench_of(1);
        uint8_t bytes[32];
        bench->script = tells_floor;
        identity_asked(bench);
        assert_int_equal(client_send(&bench->client, bytes, taken, bench->now), taken);
        client_receive(&bench->client, BYTES("\x09\x00\x00\x30\x53"), bench->now);
        client_link_reset(&bench->client, bench->now);
        assert_int_equal(bench_run(bench), CLIENT_ANSWER);
        assert_int_equal(bench->requests, 1);
        free(bench);
    }
}

static void an_answer_not_yet_told_survives_a_link_reset(void **state)
{
    (void)state;
    struct bench *bench = bench_of(1);
    identity_asked(bench);
    client_sends(bench);
    client_told(bench, identity_answer,
                BYTES("\xa1\x65"
                      "floor\x18\x2a"));
    client_link_reset(&bench->client, bench->now);
    assert_int_equal(client_poll(&bench->client, bench->now), CLIENT_ANSWER);
    client_told(bench, identity_answer,
                BYTES("\xa1\x65"
                      "floor\x07"));
    assert_int_equal(body_uint(client_answer(&bench->client), "floor", 0), 42);
    free(bench);
}

/* Half a packet would break the framing for the next one: what the link has begun to take is finished. */
static void a_cancelled_request_is_finished_if_begun_and_not_sent_if_not(void **state)
{
    (void)state;
    for (size_t taken = 0; taken <= SMP_HEADER_SIZE + 1; taken++) {
        struct bench *bench = bench_of(1);
        uint8_t bytes[32];
        bench->script = tells_floor;
        identity_asked(bench);
        size_t size = client_send(&bench->client, bytes, taken, bench->now);
        client_cancel(&bench->client);
        identity_asked(bench);
        size += client_send(&bench->client, bytes + size, sizeof bytes - size, bench->now);
        assert_int_equal(size, taken == 0 ? 9 : 18);
        assert_int_equal(bytes[size - 9 + 6], 1);
        free(bench);
    }
}

static void a_cancelled_request_that_is_answered_is_ignored(void **state)
{
    (void)state;
    struct bench *bench = bench_of(1);
    bench->script = tells_floor;
    identity_asked(bench);
    client_sends(bench);
    client_cancel(&bench->client);
    client_told(bench, identity_answer, BYTES("\xa0"));
    assert_int_equal(client_poll(&bench->client, bench->now), CLIENT_WAITING);
    identity_asked(bench);
    client_told(bench, identity_answer, BYTES("\xa0"));
    assert_int_equal(client_poll(&bench->client, bench->now), CLIENT_WAITING);
    assert_int_equal(bench_run(bench), CLIENT_ANSWER);
    free(bench);
}

/* A long request on a slow link: its last byte leaves just before the first would be missed. */
static void an_answer_is_not_missed_before_the_request_has_left(void **state)
{
    (void)state;
    struct bench *bench = bench_of(1);
    uint8_t bytes[32];
    identity_asked(bench);
    assert_int_equal(client_send(&bench->client, bytes, 4, bench->now), 4);
    bench->now += BENCH_TIMEOUT_MS - 1;
    assert_int_equal(client_send(&bench->client, bytes, sizeof bytes, bench->now), 5);
    bench->now += BENCH_TIMEOUT_MS - 1;
    assert_int_equal(client_poll(&bench->client, bench->now), CLIENT_WAITING);
    assert_int_equal(client_send(&bench->client, bytes, sizeof bytes, bench->now), 0);
    bench->now += 1;
    assert_int_equal(client_poll(&bench->client, bench->now), CLIENT_WAITING);
    assert_int_equal(client_send(&bench->client, bytes, sizeof bytes, bench->now), 9);
    free(bench);
}

/* The rest of a cancelled answer must not be taken for the head of the next one. */
static void an_answer_cut_by_a_cancel_does_not_disturb_the_next_one(void **state)
{
    (void)state;
    static const char first[] = "\x09\x00\x00\x08\x53\x55\x00\x01\xa1\x65"
                                "floor\x07";
    static const char next[] = "\x09\x00\x00\x09\x53\x55\x01\x01\xa1\x65"
                               "floor\x18\x2a";
    for (size_t cut = 0; cut < sizeof first - 1; cut++) {
        struct bench *bench = bench_of(1);
        identity_asked(bench);
        client_sends(bench);
        client_receive(&bench->client, span_first(BYTES(first), cut), bench->now);
        client_cancel(&bench->client);
        client_receive(&bench->client, span_from(BYTES(first), cut), bench->now);
        identity_asked(bench);
        client_receive(&bench->client, BYTES(next), bench->now);
        assert_int_equal(client_poll(&bench->client, bench->now), CLIENT_ANSWER);
        assert_int_equal(body_uint(client_answer(&bench->client), "floor", 0), 42);
        free(bench);
    }
}

static void a_new_link_gets_the_request_without_the_rest_of_an_older_one(void **state)
{
    (void)state;
    struct bench *bench = bench_of(1);
    uint8_t bytes[32];
    identity_asked(bench);
    assert_int_equal(client_send(&bench->client, bytes, 4, bench->now), 4);
    client_cancel(&bench->client);
    identity_asked(bench);
    client_link_reset(&bench->client, bench->now);
    assert_int_equal(client_send(&bench->client, bytes, sizeof bytes, bench->now), 9);
    assert_memory_equal(bytes, "\x08\x00\x00\x01\x53\x55\x01\x01\xa0", 9);
    free(bench);
}

static void a_new_link_is_asked_at_once_though_the_device_was_busy(void **state)
{
    (void)state;
    struct bench *bench = bench_of(1);
    bench->script = busy_at_first;
    bench->story = 1;
    identity_asked(bench);
    while (client_wake(&bench->client) != bench->now + CLIENT_BUSY_ASK_MS)
        assert_int_equal(bench_turn(bench), CLIENT_WAITING);
    bench->script = tells_floor;
    uint64_t before = bench->now;
    client_link_reset(&bench->client, bench->now);
    assert_int_equal(bench_run(bench), CLIENT_ANSWER);
    assert_int_equal(bench->now, before);
    free(bench);
}

static void sequence_numbers_go_round(void **state)
{
    (void)state;
    struct bench *bench = bench_of(1);
    bench->script = tells_floor;
    for (unsigned i = 0; i < 600; i++) {
        identity_asked(bench);
        assert_int_equal(bench_run(bench), CLIENT_ANSWER);
        assert_int_equal(body_uint(client_answer(&bench->client), "floor", 0), i + 1);
    }
    free(bench);
}

static void the_end_of_time_is_no_overflow(void **state)
{
    (void)state;
    struct bench *bench = bench_of(1);
    bench->script = busy_at_first;
    bench->story = 1;
    bench->now = UINT64_MAX - 100;
    identity_asked(bench);
    client_sends(bench);
    assert_true(client_wake(&bench->client) == UINT64_MAX - 1);
    assert_int_equal(bench_run(bench), CLIENT_ANSWER);
    free(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_answered),
        cmocka_unit_test(one_job_at_a_time),
        cmocka_unit_test(a_request_beyond_the_packet_is_refused),
        cmocka_unit_test(a_lost_request_or_answer_is_asked_again_with_the_same_bytes),
        cmocka_unit_test(silence_ends_after_the_tries),
        cmocka_unit_test(answers_to_other_questions_are_ignored),
        cmocka_unit_test(an_answer_nobody_waits_for_is_ignored),
        cmocka_unit_test(the_answer_stays_readable_whatever_comes_behind_it),
        cmocka_unit_test(a_late_packet_cut_anywhere_does_not_disturb_the_next_answer),
        cmocka_unit_test(a_refusal_is_told_in_both_forms),
        cmocka_unit_test(an_answer_that_is_no_map_is_nonsense),
        cmocka_unit_test(an_answer_without_a_body_is_an_empty_map),
        cmocka_unit_test(an_answer_larger_than_our_memory_is_nonsense_and_an_alien_one_is_not),
        cmocka_unit_test(a_busy_device_is_asked_again_under_a_new_number),
        cmocka_unit_test(a_device_that_stays_busy_is_refused_in_the_end),
        cmocka_unit_test(the_silence_that_a_busy_device_names_is_kept_within_limits),
        cmocka_unit_test(garbage_before_an_answer_costs_one_timeout_at_most),
        cmocka_unit_test(a_flood_of_garbage_does_not_hold_the_time),
        cmocka_unit_test(a_request_is_sent_again_whole_when_the_link_was_opened_anew),
        cmocka_unit_test(an_answer_not_yet_told_survives_a_link_reset),
        cmocka_unit_test(a_cancelled_request_is_finished_if_begun_and_not_sent_if_not),
        cmocka_unit_test(a_cancelled_request_that_is_answered_is_ignored),
        cmocka_unit_test(an_answer_is_not_missed_before_the_request_has_left),
        cmocka_unit_test(an_answer_cut_by_a_cancel_does_not_disturb_the_next_one),
        cmocka_unit_test(a_new_link_gets_the_request_without_the_rest_of_an_older_one),
        cmocka_unit_test(a_new_link_is_asked_at_once_though_the_device_was_busy),
        cmocka_unit_test(sequence_numbers_go_round),
        cmocka_unit_test(the_end_of_time_is_no_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
