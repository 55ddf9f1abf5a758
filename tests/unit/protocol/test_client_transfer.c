/* Transfers: the file arrives, what the device has is not sent again, and what is lost is. Refusals and nonsense are in
 * test_client_nonsense.c, bad weather in test_client_lossy.c. */
#include "tests/unit/protocol/fake_device.h"

/* The whole way ----------------------------------------------------------------------------------------------------- */

static void a_file_of_any_size_arrives_through_a_window_of_any_size(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {1, 2, 23, 24, 255, 256, 430, 431, 900, 5000, 20001};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (unsigned window = 0; window <= CLIENT_WINDOW_MAX + 1; window++) {
            struct bench *bench = bench_of(sizes[i]);
            uint64_t start = bench->now;
            assert_int_equal(upload_runs(bench, window), CLIENT_DONE);
            file_arrived(bench);
            assert_int_equal(progress_of(bench)->sent, sizes[i]);
            assert_int_equal(progress_of(bench)->acknowledged, sizes[i]);
            assert_int_equal(progress_of(bench)->skipped, 0);
            assert_int_equal(progress_of(bench)->retries, 0);
            assert_int_equal(bench->first_chunks, 1);
            assert_int_equal(bench->now, start);
            free(bench);
        }
    }
}

static void a_window_is_filled_and_never_passed(void **state)
{
    (void)state;
    for (unsigned window = 1; window <= CLIENT_WINDOW_MAX; window++) {
        struct bench *bench = bench_of(20000);
        assert_int_equal(upload_runs(bench, window), CLIENT_DONE);
        assert_int_equal(bench->most_in_flight, window);
        free(bench);
    }
}

/* Notes the largest packet, and that nothing follows the first chunk before its answer. */
static enum fate watches_packets(struct bench *bench, enum direction direction, unsigned number)
{
    if (direction == REQUESTS && number == 1)
        assert_int_equal(bench->carried[ANSWERS], 1);
    return DELIVERED;
}

static void the_first_chunk_goes_alone(void **state)
{
    (void)state;
    struct bench *bench = bench_of(20000);
    bench->fate = watches_packets;
    assert_int_equal(upload_runs(bench, 8), CLIENT_DONE);
    free(bench);
}

/* Each chunk but the last fills its packet to within the two bytes that a string's longer head may cost. */
static enum reply measures_packets(struct bench *bench, const struct smp_header *header, struct span request,
                                   struct buffer *body)
{
    (void)body;
    size_t size = SMP_HEADER_SIZE + (size_t)header->length;
    uint64_t end = body_uint(request, "off", 0) + body_bytes(request, "data").size;
    assert_true(size <= bench->story);
    if (end < bench->source_size)
        assert_true(size + 2 >= bench->story);
    return REPLY_USUAL;
}

static void chunks_fill_packets_of_any_size(void **state)
{
    (void)state;
    for (size_t packet_max = CLIENT_PACKET_MIN; packet_max <= BENCH_PACKET_MAX; packet_max++) {
        struct bench *bench = bench_of(3000);
        bench->story = packet_max;
        bench->script = measures_packets;
        client_packet_max(&bench->client, packet_max);
        assert_int_equal(upload_runs(bench, 4), CLIENT_DONE);
        file_arrived(bench);
        free(bench);
    }
}

static void a_packet_size_out_of_range_is_brought_into_it(void **state)
{
    (void)state;
    struct bench *bench = bench_of(3000);
    bench->script = measures_packets;
    client_packet_max(&bench->client, 0);
    bench->story = CLIENT_PACKET_MIN;
    assert_int_equal(upload_runs(bench, 4), CLIENT_DONE);
    client_packet_max(&bench->client, SIZE_MAX);
    bench->story = BENCH_PACKET_MAX;
    device_restarts(bench);
    bench->stored = 0;
    assert_int_equal(upload_runs(bench, 4), CLIENT_DONE);
    free(bench);
}

static void a_transfer_that_can_not_work_is_refused_at_once(void **state)
{
    (void)state;
    struct bench *bench = bench_of(0);
    struct client_transfer transfer = {.source = {bench, 0, bench_source_read}, .window = 1};
    assert_int_equal(client_transfer_start(&bench->client, &transfer, 0, 1, 1), MISSING);
    transfer.source.size = 100;
    client_start(&bench->client, buffer_over(bench->receive_memory, 512),
                 buffer_over(bench->send_memory, 2 * CLIENT_PACKET_MIN - 1), 512);
    assert_int_equal(client_transfer_start(&bench->client, &transfer, 0, 1, 1), TOO_LARGE);
    free(bench);
}

/* What the device has ------------------------------------------------------------------------------------------------ */

static void what_the_device_has_is_not_sent_again(void **state)
{
    (void)state;
    for (unsigned window = 1; window <= 8; window++) {
        struct bench *bench = bench_of(20000);
        bench->stored = 10240;
        assert_int_equal(upload_runs(bench, window), CLIENT_DONE);
        assert_int_equal(bench->wanted, 20000);
        for (uint64_t i = 10240; i < 20000; i++)
            assert_int_equal(bench->file[i], source_byte(i));
        assert_int_equal(progress_of(bench)->first_offset, 10240);
        assert_int_equal(progress_of(bench)->sent + progress_of(bench)->skipped, 20000);
        assert_in_range(progress_of(bench)->skipped, 10240 - BENCH_CHUNK, 10239);
        free(bench);
    }
}

static void a_device_that_has_everything_gets_one_chunk(void **state)
{
    (void)state;
    struct bench *bench = bench_of(20000);
    bench->stored = 20000;
    assert_int_equal(upload_runs(bench, 8), CLIENT_DONE);
    assert_int_equal(bench->requests, 1);
    free(bench);
}

/* Jumps forward in the middle, as behind the context blocks of a delta. */
static enum reply jumps_forward(struct bench *bench, const struct smp_header *header, struct span request,
                                struct buffer *body)
{
    (void)header;
    (void)body;
    if (bench->story == 0 && body_uint(request, "off", 0) > 0 &&
        body_uint(request, "off", 0) == bench->wanted) {
        bench->story = bench->wanted;
        bench->wanted = 12000;
    }
    return REPLY_USUAL;
}

static void a_jump_forward_in_the_middle_is_followed(void **state)
{
    (void)state;
    for (unsigned window = 1; window <= CLIENT_WINDOW_MAX; window++) {
        struct bench *bench = bench_of(20000);
        bench->script = jumps_forward;
        uint64_t start = bench->now;
        assert_int_equal(upload_runs(bench, window), CLIENT_DONE);
        for (uint64_t i = 12000; i < 20000; i++)
            assert_int_equal(bench->file[i], source_byte(i));
        assert_int_equal(bench->now, start);
        assert_true(progress_of(bench)->skipped >= 12000 - bench->story - (window + 1) * BENCH_CHUNK);
        free(bench);
    }
}

/* Takes at most 100 bytes of a chunk. */
static enum reply takes_part(struct bench *bench, const struct smp_header *header, struct span request,
                             struct buffer *body)
{
    (void)header;
    uint64_t offset = body_uint(request, "off", 0);
    struct span data = span_first(body_bytes(request, "data"), 100);
    if (offset == 0)
        device_begins(bench, request);
    if (offset == bench->wanted) {
        memcpy(bench->file + offset, data.data, data.size);
        bench->wanted += data.size;
    }
    return answer_offset(body, bench->wanted);
}

static void a_device_that_takes_only_part_of_a_chunk_gets_the_rest(void **state)
{
    (void)state;
    for (unsigned window = 1; window <= 4; window++) {
        struct bench *bench = bench_of(5000);
        bench->script = takes_part;
        assert_int_equal(upload_runs(bench, window), CLIENT_DONE);
        file_arrived(bench);
        free(bench);
    }
}

/* Losses ------------------------------------------------------------------------------------------------------------- */

static enum fate loses_one_request(struct bench *bench, enum direction direction, unsigned number)
{
    return direction == REQUESTS && number == bench->story ? LOST : DELIVERED;
}

static enum fate loses_one_answer(struct bench *bench, enum direction direction, unsigned number)
{
    return direction == ANSWERS && number == bench->story ? LOST : DELIVERED;
}

static unsigned chunks_of_a_whole_upload(uint64_t size)
{
    struct bench *bench = bench_of(size);
    assert_int_equal(upload_runs(bench, 4), CLIENT_DONE);
    unsigned requests = bench->requests;
    free(bench);
    return requests;
}

static void any_one_lost_chunk_is_sent_again(void **state)
{
    (void)state;
    unsigned chunks = chunks_of_a_whole_upload(8000);
    for (unsigned lost = 0; lost < chunks; lost++) {
        struct bench *bench = bench_of(8000);
        bench->fate = loses_one_request;
        bench->story = lost;
        uint64_t start = bench->now;
        print_message("# chunk %u lost\n", lost);
        assert_int_equal(upload_runs(bench, 4), CLIENT_DONE);
        file_arrived(bench);
        /* the answer to the chunk behind it tells at once; only the first and the last have nothing behind them */
        bool told = lost > 0 && lost < chunks - 1;
        assert_int_equal(bench->now - start, told ? 0 : BENCH_TIMEOUT_MS);
        assert_int_equal(progress_of(bench)->retries, told ? 0 : 1);
        assert_true(progress_of(bench)->sent <= 8000 + 4 * BENCH_CHUNK);
        free(bench);
    }
}

static void any_one_lost_answer_costs_nothing_when_another_follows(void **state)
{
    (void)state;
    unsigned chunks = chunks_of_a_whole_upload(8000);
    for (unsigned lost = 0; lost < chunks; lost++) {
        struct bench *bench = bench_of(8000);
        bench->fate = loses_one_answer;
        bench->story = lost;
        print_message("# answer %u lost\n", lost);
        assert_int_equal(upload_runs(bench, 4), CLIENT_DONE);
        file_arrived(bench);
        bool followed = lost > 0 && lost < chunks - 1;
        assert_true(followed ? progress_of(bench)->sent == 8000
                             : progress_of(bench)->sent <= 8000 + BENCH_CHUNK);
        assert_int_equal(progress_of(bench)->retries, followed ? 0 : 1);
        free(bench);
    }
}

static enum fate loses_every_second_answer(struct bench *bench, enum direction direction, unsigned number)
{
    (void)bench;
    return direction == ANSWERS && number % 2 ? LOST : DELIVERED;
}

/* 19,700 bytes are 41 chunks: the last answer is one that arrives. */
static void lost_answers_do_not_narrow_the_window(void **state)
{
    (void)state;
    struct bench *bench = bench_of(19700);
    bench->fate = loses_every_second_answer;
    uint64_t start = bench->now;
    assert_int_equal(chunks_of_a_whole_upload(19700) % 2, 1);
    assert_int_equal(upload_runs(bench, 4), CLIENT_DONE);
    assert_int_equal(bench->now, start);
    assert_int_equal(progress_of(bench)->sent, 19700);
    free(bench);
}

/* Goes back to offset 1,000 or so three times, each time from further on. */
static enum reply goes_back_thrice(struct bench *bench, const struct smp_header *header, struct span request,
                                   struct buffer *body)
{
    (void)header;
    (void)body;
    (void)request;
    if (bench->story < 3 && bench->wanted > 3000 + bench->story * 1000) {
        bench->story += 1;
        bench->wanted = 1000;
    }
    return REPLY_USUAL;
}

static void steps_back_to_the_same_place_lose_no_time(void **state)
{
    (void)state;
    for (unsigned window = 1; window <= 8; window++) {
        struct bench *bench = bench_of(8000);
        bench->script = goes_back_thrice;
        uint64_t start = bench->now;
        assert_int_equal(upload_runs(bench, window), CLIENT_DONE);
        file_arrived(bench);
        assert_int_equal(bench->now, start);
        free(bench);
    }
}

/* Takes request 5, but says once that it wants what it has had. */
static enum reply errs_once(struct bench *bench, const struct smp_header *header, struct span request,
                            struct buffer *body)
{
    (void)header;
    if (bench->requests != 5)
        return REPLY_USUAL;
    device_uploads(bench, request, body);
    body->size = 0;
    return answer_offset(body, 1000);
}

static void a_step_back_that_the_next_answer_takes_back_is_forgotten(void **state)
{
    (void)state;
    struct bench *bench = bench_of(8000);
    bench->script = errs_once;
    assert_int_equal(upload_runs(bench, 4), CLIENT_DONE);
    file_arrived(bench);
    assert_true(progress_of(bench)->sent <= 8000 + 4 * BENCH_CHUNK);
    free(bench);
}

static enum fate doubles_everything(struct bench *bench, enum direction direction, unsigned number)
{
    (void)bench;
    (void)direction;
    (void)number;
    return DOUBLED;
}

static void doubled_packets_do_no_harm(void **state)
{
    (void)state;
    for (unsigned window = 1; window <= CLIENT_WINDOW_MAX; window++) {
        struct bench *bench = bench_of(20000);
        bench->fate = doubles_everything;
        assert_int_equal(upload_runs(bench, window), CLIENT_DONE);
        file_arrived(bench);
        assert_int_equal(progress_of(bench)->sent, 20000);
        free(bench);
    }
}

static enum fate swaps_answers(struct bench *bench, enum direction direction, unsigned number)
{
    (void)bench;
    return direction == ANSWERS && number % 2 ? OVERTAKES : DELIVERED;
}

static enum fate swaps_requests(struct bench *bench, enum direction direction, unsigned number)
{
    (void)bench;
    return direction == REQUESTS && number % 3 == 2 ? OVERTAKES : DELIVERED;
}

static void packets_out_of_order_do_no_harm(void **state)
{
    (void)state;
    static const bench_fate fates[] = {swaps_answers, swaps_requests};
    for (size_t i = 0; i < 2; i++) {
        for (unsigned window = 1; window <= CLIENT_WINDOW_MAX; window++) {
            struct bench *bench = bench_of(20000);
            bench->fate = fates[i];
            assert_int_equal(upload_runs(bench, window), CLIENT_DONE);
            file_arrived(bench);
            free(bench);
        }
    }
}

static enum fate loses_everything(struct bench *bench, enum direction direction, unsigned number)
{
    (void)direction;
    return number >= bench->story ? LOST : DELIVERED;
}

static void silence_in_the_middle_ends_after_the_tries(void **state)
{
    (void)state;
    for (unsigned heard = 0; heard < 10; heard++) {
        struct bench *bench = bench_of(20000);
        bench->fate = loses_everything;
        bench->story = heard;
        uint64_t start = bench->now;
        assert_int_equal(upload_runs(bench, 4), CLIENT_TIMEOUT);
        assert_int_equal(bench->now - start, BENCH_TRIES * BENCH_TIMEOUT_MS);
        free(bench);
    }
}

static void a_caller_that_sends_before_it_hears_loses_no_time(void **state)
{
    (void)state;
    for (unsigned window = 1; window <= 4; window++) {
        struct bench *bench = bench_of(20000);
        bench->sends_first = true;
        uint64_t start = bench->now;
        assert_int_equal(upload_runs(bench, window), CLIENT_DONE);
        assert_int_equal(bench->now, start);
        free(bench);
    }
}

/* Restarts of the device and of the link ------------------------------------------------------------------------------ */

/* Loses its power before request `story`. */
static enum reply restarts_once(struct bench *bench, const struct smp_header *header, struct span request,
                                struct buffer *body)
{
    (void)header;
    (void)body;
    (void)request;
    if (bench->requests == bench->story)
        device_restarts(bench);
    return REPLY_USUAL;
}

static void a_device_restarted_in_the_middle_is_begun_again_and_says_where(void **state)
{
    (void)state;
    for (unsigned at = 2; at < 18; at++) {
        for (unsigned window = 1; window <= 8; window += 3) {
            struct bench *bench = bench_of(8000);
            bench->script = restarts_once;
            bench->story = at;
            assert_int_equal(upload_runs(bench, window), CLIENT_DONE);
            file_arrived(bench);
            assert_true(bench->first_chunks <= 2);
            /* at most the first chunk, half a journal step and what was in the air */
            assert_true(progress_of(bench)->sent <= 8000 + BENCH_CHUNK + 512 + window * BENCH_CHUNK);
            free(bench);
        }
    }
}

static void link_opened_anew(struct bench *bench)
{
    frame_raw_start(&bench->wire, bench->wire.packet);
    bench->queues[REQUESTS].count = bench->queues[ANSWERS].count = 0;
    client_link_reset(&bench->client, bench->now);
}

static void a_transfer_goes_on_over_a_new_link(void **state)
{
    (void)state;
    for (unsigned turns = 0; turns < 40; turns++) {
        struct bench *bench = bench_of(8000);
        uint8_t half[100];
        upload_starts(bench, 4);
        for (unsigned i = 0; i < turns; i++)
            assert_int_equal(bench_turn(bench), i < 20 ? CLIENT_WAITING : bench->client.event);
        client_send(&bench->client, half, turns, bench->now);
        uint64_t had = bench->wanted;
        link_opened_anew(bench);
        assert_int_equal(bench_run(bench), CLIENT_DONE);
        file_arrived(bench);
        assert_true(progress_of(bench)->first_offset >= had);
        free(bench);
        if (had + 4 * BENCH_CHUNK > 8000)
            break;
    }
}

/* Cancels in the middle of a packet; the next job's packet must come out whole behind the half one. */
static void a_cancelled_transfer_leaves_the_framing_whole(void **state)
{
    (void)state;
    for (size_t taken = 0; taken < 512; taken += 7) {
        struct bench *bench = bench_of(8000);
        uint8_t bytes[512];
        upload_starts(bench, 4);
        for (unsigned i = 0; i < 5; i++)
            assert_int_equal(bench_turn(bench), CLIENT_WAITING);
        client_hears(bench);
        struct span piece = span_of(bytes, client_send(&bench->client, bytes, taken, bench->now)), packet;
        while (frame_raw_take(&bench->wire, &piece, &packet) == OK)
            packet_carry(bench, REQUESTS, packet);
        client_cancel(&bench->client);
        assert_true(client_wake(&bench->client) == UINT64_MAX);
        assert_int_equal(upload_runs(bench, 4), CLIENT_DONE);
        file_arrived(bench);
        free(bench);
    }
}

/* Busy ----------------------------------------------------------------------------------------------------------------- */

/* Busy while requests `story` to `story` + 9 come in. */
static enum reply busy_for_a_while(struct bench *bench, const struct smp_header *header, struct span request,
                                   struct buffer *body)
{
    (void)header;
    (void)request;
    if (bench->requests >= bench->story && bench->requests < bench->story + 10)
        return answer_error(body, SMP_BUSY);
    return REPLY_USUAL;
}

static void a_busy_device_is_waited_for_and_nothing_is_lost(void **state)
{
    (void)state;
    for (unsigned at = 1; at <= 17; at++) {
        for (unsigned window = 1; window <= 8; window += 7) {
            struct bench *bench = bench_of(8000);
            bench->script = busy_for_a_while;
            bench->story = at;
            uint64_t start = bench->now;
            assert_int_equal(upload_runs(bench, window), CLIENT_DONE);
            file_arrived(bench);
            assert_true(bench->now > start && bench->now - start <= 10 * CLIENT_BUSY_ASK_MS);
            assert_int_equal(progress_of(bench)->retries, 0);
            free(bench);
        }
    }
}

/* Reads back for `story` ms once it has everything: busy until then, then `match`. */
static enum reply reads_back(struct bench *bench, const struct smp_header *header, struct span request,
                             struct buffer *body)
{
    (void)header;
    uint64_t offset = body_uint(request, "off", 0);
    if (offset + body_bytes(request, "data").size < bench->source_size)
        return REPLY_USUAL;
    device_uploads(bench, request, body);
    if (bench->now >= 5000 + bench->story)
        return REPLY_THIS;
    body->size = 0;
    return answer_error(body, SMP_BUSY);
}

static void the_end_is_asked_for_until_the_device_has_read_back(void **state)
{
    (void)state;
    struct bench *bench = bench_of(8000);
    bench->script = reads_back;
    bench->story = 20000;
    assert_int_equal(upload_runs(bench, 4), CLIENT_DONE);
    file_arrived(bench);
    assert_in_range(bench->now - 5000, 20000, 20000 + CLIENT_BUSY_ASK_MS);
    free(bench);
}

/* Twice twenty seconds, with chunks taken between them. */
static enum reply busy_twice(struct bench *bench, const struct smp_header *header, struct span request,
                             struct buffer *body)
{
    (void)header;
    (void)request;
    bool first = bench->requests > 3 && bench->requests <= 83;
    bool second = bench->requests > 88 && bench->requests <= 168;
    return first || second ? answer_error(body, SMP_BUSY) : REPLY_USUAL;
}

static void patience_begins_anew_when_the_device_moved(void **state)
{
    (void)state;
    struct bench *bench = bench_of(8000);
    bench->script = busy_twice;
    uint64_t start = bench->now;
    assert_int_equal(upload_runs(bench, 1), CLIENT_DONE);
    file_arrived(bench);
    assert_int_equal(bench->now - start, 2 * 80 * CLIENT_BUSY_ASK_MS);
    free(bench);
}

static void a_device_that_stays_busy_ends_the_transfer(void **state)
{
    (void)state;
    for (unsigned at = 1; at <= 5; at += 2) {
        struct bench *bench = bench_of(8000);
        bench->script = reads_back;
        bench->story = 10000000;
        assert_int_equal(upload_runs(bench, at), CLIENT_REFUSED);
        assert_int_equal(client_error(&bench->client)->rc, SMP_BUSY);
        assert_in_range(bench->now - 5000, CLIENT_BUSY_MAX_MS, CLIENT_BUSY_MAX_MS + BENCH_TIMEOUT_MS);
        free(bench);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_of_any_size_arrives_through_a_window_of_any_size),
        cmocka_unit_test(a_window_is_filled_and_never_passed),
        cmocka_unit_test(the_first_chunk_goes_alone),
        cmocka_unit_test(chunks_fill_packets_of_any_size),
        cmocka_unit_test(a_packet_size_out_of_range_is_brought_into_it),
        cmocka_unit_test(a_transfer_that_can_not_work_is_refused_at_once),
        cmocka_unit_test(what_the_device_has_is_not_sent_again),
        cmocka_unit_test(a_device_that_has_everything_gets_one_chunk),
        cmocka_unit_test(a_jump_forward_in_the_middle_is_followed),
        cmocka_unit_test(a_device_that_takes_only_part_of_a_chunk_gets_the_rest),
        cmocka_unit_test(any_one_lost_chunk_is_sent_again),
        cmocka_unit_test(any_one_lost_answer_costs_nothing_when_another_follows),
        cmocka_unit_test(lost_answers_do_not_narrow_the_window),
        cmocka_unit_test(steps_back_to_the_same_place_lose_no_time),
        cmocka_unit_test(a_step_back_that_the_next_answer_takes_back_is_forgotten),
        cmocka_unit_test(doubled_packets_do_no_harm),
        cmocka_unit_test(packets_out_of_order_do_no_harm),
        cmocka_unit_test(silence_in_the_middle_ends_after_the_tries),
        cmocka_unit_test(a_caller_that_sends_before_it_hears_loses_no_time),
        cmocka_unit_test(a_device_restarted_in_the_middle_is_begun_again_and_says_where),
        cmocka_unit_test(a_transfer_goes_on_over_a_new_link),
        cmocka_unit_test(a_cancelled_transfer_leaves_the_framing_whole),
        cmocka_unit_test(a_busy_device_is_waited_for_and_nothing_is_lost),
        cmocka_unit_test(the_end_is_asked_for_until_the_device_has_read_back),
        cmocka_unit_test(patience_begins_anew_when_the_device_moved),
        cmocka_unit_test(a_device_that_stays_busy_ends_the_transfer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
