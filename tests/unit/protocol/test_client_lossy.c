/* Transfers over links that lose, double and reorder, to devices that restart, are busy or slow: from a hundred seeds each,
 * the file arrives exactly, or the job says within its bounds that it can't. */
#include "tests/unit/protocol/fake_device.h"

#define TRIES 12
/* Busy for as long as is borne, and before each busy answer but the first as many silences as are borne. */
#define LONGEST_STANDSTILL_MS (CLIENT_BUSY_MAX_MS + 2 * TRIES * BENCH_TIMEOUT_MS)

/* What a seed chose: shares of 256. */
struct weather {
    uint32_t lost, doubled, overtakes, restarts, busy, silent, noise;
};
static struct weather weather;

static enum fate any_fate(struct bench *bench, enum direction direction, unsigned number)
{
    (void)direction;
    (void)number;
    uint32_t dice = bench_random(bench, 256);
    if (dice < weather.lost)
        return LOST;
    dice -= weather.lost;
    if (dice < weather.doubled)
        return DOUBLED;
    dice -= weather.doubled;
    return dice < weather.overtakes ? OVERTAKES : DELIVERED;
}

static enum reply any_mood(struct bench *bench, const struct smp_header *header, struct span request,
                           struct buffer *body)
{
    (void)header;
    (void)request;
    /* a device restarts a few times, not for ever */
    if (bench->story > 0 && bench_random(bench, 256) < weather.restarts) {
        bench->story -= 1;
        device_restarts(bench);
    }
    uint32_t dice = bench_random(bench, 256);
    if (dice < weather.busy)
        return answer_error(body, SMP_BUSY);
    return dice - weather.busy < weather.silent ? REPLY_NOTHING : REPLY_USUAL;
}

static void noise_comes_in(struct bench *bench)
{
    uint8_t noise[40];
    if (bench_random(bench, 256) >= weather.noise)
        return;
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (uint8_t)bench_random(bench, 256);
    client_receive(&bench->client, span_of(noise, sizeof noise), bench->now);
}

/* Runs one seed to its end; returns the event. */
static enum client_event seed_runs(struct bench *bench, uint32_t seed)
{
    bench->random = seed;
    bench->fate = any_fate;
    bench->script = any_mood;
    bench->story = 8;
    const struct client_transfer transfer = {
        .group = SMP_GROUP_IMAGE,
        .id = IMAGE_UPLOAD,
        .source = {bench, bench->source_size, bench_source_read},
        .sha = bench->sha,
        .window = 1 + seed % CLIENT_WINDOW_MAX,
    };
    print_message("# seed %u, window %u\n", seed, transfer.window);
    assert_int_equal(client_transfer_start(&bench->client, &transfer, bench->now, BENCH_TIMEOUT_MS, TRIES),
                     OK);
    uint64_t moved_at = bench->now, acknowledged = 0;
    unsigned restarts = 0;
    for (unsigned turn = 0; turn < 400000; turn++) {
        noise_comes_in(bench);
        enum client_event event = bench_turn(bench);
        if (event != CLIENT_WAITING)
            return event;
        if (bench->client.progress.acknowledged != acknowledged || bench->client.restarts != restarts)
            moved_at = bench->now;
        acknowledged = bench->client.progress.acknowledged;
        restarts = bench->client.restarts;
        assert_true(bench->now - moved_at <= LONGEST_STANDSTILL_MS);
    }
    fail_msg("the job never ended");
    return CLIENT_WAITING;
}

static void every_seed_arrives(uint32_t first)
{
    for (uint32_t seed = first; seed < first + 100; seed++) {
        struct bench *bench = bench_of(1 + seed * 7919 % 30000);
        assert_int_equal(seed_runs(bench, seed), CLIENT_DONE);
        file_arrived(bench);
        free(bench);
    }
}

static void files_arrive_over_a_link_that_loses_a_few(void **state)
{
    (void)state;
    weather = (struct weather){.lost = 5, .doubled = 5, .overtakes = 5};
    every_seed_arrives(1);
}

static void files_arrive_over_a_link_that_loses_a_fifth(void **state)
{
    (void)state;
    weather = (struct weather){.lost = 50, .doubled = 30};
    every_seed_arrives(1001);
}

static void files_arrive_over_a_link_that_reorders_much(void **state)
{
    (void)state;
    weather = (struct weather){.overtakes = 100, .doubled = 20, .lost = 10};
    every_seed_arrives(2001);
}

static void files_arrive_at_a_device_that_restarts_and_is_busy(void **state)
{
    (void)state;
    weather = (struct weather){.restarts = 10, .busy = 20, .silent = 10, .lost = 3};
    every_seed_arrives(3001);
}

/* Noise may cut packets of the wire short or swallow answers: each such loss costs a timeout, none more. */
static void files_arrive_through_noise(void **state)
{
    (void)state;
    weather = (struct weather){.noise = 20, .lost = 3};
    every_seed_arrives(4001);
}

static void whatever_a_wild_device_answers_the_job_ends(void **state)
{
    (void)state;
    weather = (struct weather){
        .lost = 100, .doubled = 40, .overtakes = 40, .restarts = 60, .busy = 60, .silent = 60};
    unsigned arrived = 0;
    for (uint32_t seed = 5001; seed < 5101; seed++) {
        struct bench *bench = bench_of(1 + seed * 7919 % 30000);
        enum client_event event = seed_runs(bench, seed);
        assert_true(event == CLIENT_DONE || event == CLIENT_TIMEOUT || event == CLIENT_REFUSED ||
                    event == CLIENT_NONSENSE);
        if (event == CLIENT_DONE) {
            /* it may have restarted once more behind its last answer, over a doubled chunk */
            file_was_written(bench);
            arrived += 1;
        }
        free(bench);
    }
    assert_true(arrived > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_arrive_over_a_link_that_loses_a_few),
        cmocka_unit_test(files_arrive_over_a_link_that_loses_a_fifth),
        cmocka_unit_test(files_arrive_over_a_link_that_reorders_much),
        cmocka_unit_test(files_arrive_at_a_device_that_restarts_and_is_busy),
        cmocka_unit_test(files_arrive_through_noise),
        cmocka_unit_test(whatever_a_wild_device_answers_the_job_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
