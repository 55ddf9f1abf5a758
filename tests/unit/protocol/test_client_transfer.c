/* Transfers: the file arrives, what the device has is not sent again, what is lost is, and a device that answers nonsense
 * ends the job instead of keeping it. */
#include "tests/unit/protocol/fake_device.h"

#define CHUNK 490 /* the most that a packet of BENCH_PACKET_MAX carries, about */

static const struct client_progress *progress_of(const struct bench *bench)
{
    return client_progress(&bench->client);
}

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
        assert_in_range(progress_of(bench)->skipped, 10240 - CHUNK, 10239);
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
        assert_true(progress_of(bench)->skipped >= 12000 - bench->story - (window + 1) * CHUNK);
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
        assert_true(progress_of(bench)->sent <= 8000 + 4 * CHUNK);
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
        assert_true(followed ? progress_of(bench)->sent == 8000 : progress_of(bench)->sent <= 8000 + CHUNK);
        assert_int_equal(progress_of(bench)->retries, followed ? 0 : 1);
        free(bench);
    }
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
            assert_true(progress_of(bench)->sent <= 8000 + CHUNK + 512 + window * CHUNK);
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
        if (had + 4 * CHUNK > 8000)
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
static void a_device_that_never_moves_times_out(void **state)
{
    (void)state;
    for (unsigned window = 1; window <= 8; window++) {
        struct bench *bench = bench_of(8000);
        bench->script = wants_the_same_always;
        uint64_t start = bench->now;
        assert_int_equal(upload_runs(bench, window), CLIENT_TIMEOUT);
        assert_int_equal(bench->now - start, BENCH_TRIES * BENCH_TIMEOUT_MS);
        assert_true(bench->requests <= 1 + BENCH_TRIES * (3 * window + 3));
        free(bench);
    }
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
        cmocka_unit_test(doubled_packets_do_no_harm),
        cmocka_unit_test(packets_out_of_order_do_no_harm),
        cmocka_unit_test(silence_in_the_middle_ends_after_the_tries),
        cmocka_unit_test(a_caller_that_sends_before_it_hears_loses_no_time),
        cmocka_unit_test(a_device_restarted_in_the_middle_is_begun_again_and_says_where),
        cmocka_unit_test(a_transfer_goes_on_over_a_new_link),
        cmocka_unit_test(a_cancelled_transfer_leaves_the_framing_whole),
        cmocka_unit_test(a_busy_device_is_waited_for_and_nothing_is_lost),
        cmocka_unit_test(the_end_is_asked_for_until_the_device_has_read_back),
        cmocka_unit_test(a_device_that_stays_busy_ends_the_transfer),
        cmocka_unit_test(a_refusal_in_the_middle_ends_the_transfer),
        cmocka_unit_test(bytes_that_arrived_but_do_not_match_are_a_refusal),
        cmocka_unit_test(a_check_ends_with_its_verdict),
        cmocka_unit_test(a_source_that_fails_ends_the_transfer),
        cmocka_unit_test(an_offset_beyond_the_end_or_none_is_nonsense),
        cmocka_unit_test(offset_zero_again_and_again_is_nonsense_after_the_bound),
        cmocka_unit_test(stepping_back_again_and_again_is_nonsense_after_the_bound),
        cmocka_unit_test(a_device_that_never_moves_times_out),
        cmocka_unit_test(a_device_that_moves_by_single_bytes_is_nonsense_after_the_bound),
        cmocka_unit_test(a_new_offset_in_every_answer_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
