/* Uploads over a bad serial line, in both framings: bytes lost, doubled and bent, frames cut short, a firmware that talks in
 * between. From every seed the file arrives exactly, and no silence comes without a fault of its own. */
#include "tests/unit/protocol/fake_device.h"

#include "agent/protocol/line.h"

#define TRIES 12

struct cable {
    struct bench *bench;
    struct line host, device;
    uint8_t memory[4][BENCH_PACKET_MAX + FRAME_OVERHEAD];
    uint32_t lost, doubled, bent; /* bytes in 100,000 */
    uint32_t cut, chatter;        /* frames in 1,000 */
    unsigned faults;
};

static void cable_open(struct cable *cable, struct bench *bench, enum framing framing)
{
    static const struct frame_chatter nobody = {NULL, NULL};
    struct buffer memory[4];

    for (size_t i = 0; i < 4; i++)
        memory[i] = buffer_over(cable->memory[i], sizeof cable->memory[i]);
    cable->bench = bench;
    line_start(&cable->host, LINE_HOST, memory[0], memory[1], nobody);
    line_start(&cable->device, LINE_DEVICE, memory[2], memory[3], nobody);
    cable->host.framing = framing;
}

/* True, and counted, `share` times in `of`. */
static bool strikes(struct cable *cable, uint32_t share, uint32_t of)
{
    bool yes = bench_random(cable->bench, of) < share;
    cable->faults += yes;
    return yes;
}

static void packet_heard(struct cable *cable, const struct line *to, struct span packet)
{
    if (to == &cable->device)
        packet_carry(cable->bench, REQUESTS, packet);
    else
        client_receive(&cable->bench->client, packet, cable->bench->now);
}

static void bytes_cross(struct cable *cable, struct line *to, struct span bytes)
{
    struct span packet;

    while (line_take(to, &bytes, cable->bench->now, &packet) == OK)
        packet_heard(cable, to, packet);
}

static void byte_crosses(struct cable *cable, struct line *to, uint8_t byte)
{
    uint8_t both[2] = {byte, byte};

    if (strikes(cable, cable->lost, 100000))
        return;
    if (strikes(cable, cable->bent, 100000))
        both[0] ^= (uint8_t)(1u << bench_random(cable->bench, 8));
    bytes_cross(cable, to, span_of(both, strikes(cable, cable->doubled, 100000) ? 2 : 1));
}

/* One packet becomes a frame and crosses; behind a cut nothing more of it comes. */
static void frame_crosses(struct cable *cable, struct line *from, struct line *to)
{
    static const char text[] = "[00:01:07] <inf> pump: pressure 1013 hPa\r\n";
    bool cut = strikes(cable, cable->cut, 1000), talks = strikes(cable, cable->chatter, 1000);
    uint32_t at = bench_random(cable->bench, 600);
    uint8_t byte;

    for (uint32_t sent = 0; line_send(from, &byte, 1) == 1; sent++) {
        if (cut && sent >= at)
            continue;
        if (talks && sent == at)
            bytes_cross(cable, to, span_text(text));
        byte_crosses(cable, to, byte);
    }
}

static bool requests_cross(struct cable *cable)
{
    uint8_t bytes[200];
    size_t wanted, size;
    bool any = false;

    for (;;) {
        while ((wanted = line_wants(&cable->host)) > 0) {
            size = client_send(&cable->bench->client, bytes, wanted < sizeof bytes ? wanted : sizeof bytes,
                               cable->bench->now);
            if (size == 0)
                return any;
            line_give(&cable->host, span_of(bytes, size));
        }
        frame_crosses(cable, &cable->host, &cable->device);
        any = true;
    }
}

static bool answer_crosses(struct cable *cable)
{
    struct packet packet;

    if (!packet_arrives(cable->bench, ANSWERS, &packet))
        return false;
    for (struct span raw = span_of(packet.bytes, packet.size); raw.size > 0;) {
        struct span piece = span_first(raw, line_wants(&cable->device));
        line_give(&cable->device, piece);
        raw = span_from(raw, piece.size);
    }
    frame_crosses(cable, &cable->device, &cable->host);
    return true;
}

static enum client_event job_runs(struct cable *cable)
{
    struct bench *bench = cable->bench;

    for (unsigned turn = 0; turn < 400000; turn++) {
        bool moved = answer_crosses(cable);
        enum client_event event = client_poll(&bench->client, bench->now);
        if (event != CLIENT_WAITING)
            return event;
        moved |= requests_cross(cable);
        moved |= device_works(bench);
        if (!moved && client_wake(&bench->client) > bench->now)
            bench->now = client_wake(&bench->client);
    }
    fail_msg("the job never ended");
    return CLIENT_WAITING;
}

static void upload_begins(struct bench *bench, uint32_t seed)
{
    const struct client_transfer transfer = {
        .group = SMP_GROUP_IMAGE,
        .id = IMAGE_UPLOAD,
        .source = {bench, bench->source_size, bench_source_read},
        .sha = bench->sha,
        .window = 1 + seed % CLIENT_WINDOW_MAX,
    };

    bench->random = seed;
    assert_int_equal(client_transfer_start(&bench->client, &transfer, bench->now, BENCH_TIMEOUT_MS, TRIES),
                     OK);
}

struct sums {
    uint64_t sent, size;
    unsigned faults, retries;
};

static struct sums every_seed_arrives(const struct cable *weather, enum framing framing, uint32_t first)
{
    struct sums sums = {0};

    for (uint32_t seed = first; seed < first + 100; seed++) {
        struct bench *bench = bench_of(1 + seed * 7919 % 30000);
        struct cable cable = *weather;
        const struct client_progress *progress = progress_of(bench);

        cable_open(&cable, bench, framing);
        upload_begins(bench, seed);
        if (job_runs(&cable) != CLIENT_DONE)
            fail_msg("seed %u, framing %d: the file did not arrive", seed, framing);
        file_arrived(bench);
        if (progress->retries > cable.faults)
            fail_msg("seed %u, framing %d: %u silences, %u faults", seed, framing, progress->retries,
                     cable.faults);
        sums.sent += progress->sent;
        sums.size += bench->source_size;
        sums.faults += cable.faults;
        sums.retries += progress->retries;
        free(bench);
    }
    print_message("# framing %d, seeds %u to %u: %u faults, %u silences, %llu of %llu bytes sent\n", framing,
                  first, first + 99, sums.faults, sums.retries, (unsigned long long)sums.sent,
                  (unsigned long long)sums.size);
    return sums;
}

static void in_both_framings(const struct cable *weather, uint32_t first)
{
    for (enum framing framing = FRAMING_CONSOLE; framing <= FRAMING_COBS; framing++)
        assert_true(every_seed_arrives(weather, framing, first).faults > 0);
}

static void a_good_line_sends_every_byte_once(void **state)
{
    (void)state;
    for (enum framing framing = FRAMING_CONSOLE; framing <= FRAMING_COBS; framing++) {
        struct sums sums = every_seed_arrives(&(struct cable){0}, framing, 1);
        assert_int_equal(sums.sent, sums.size);
        assert_int_equal(sums.retries, 0);
    }
}

static void files_arrive_over_a_line_that_loses_and_doubles_bytes(void **state)
{
    (void)state;
    in_both_framings(&(struct cable){.lost = 20, .doubled = 20}, 1001);
}

static void files_arrive_over_a_line_that_bends_bits(void **state)
{
    (void)state;
    in_both_framings(&(struct cable){.bent = 60}, 2001);
}

static void files_arrive_though_frames_are_cut_short(void **state)
{
    (void)state;
    in_both_framings(&(struct cable){.cut = 100}, 3001);
}

static void files_arrive_while_a_firmware_talks(void **state)
{
    (void)state;
    in_both_framings(&(struct cable){.chatter = 100}, 4001);
}

static void files_arrive_through_all_of_it(void **state)
{
    (void)state;
    in_both_framings(&(struct cable){.lost = 10, .doubled = 10, .bent = 10, .cut = 30, .chatter = 30}, 5001);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_line_sends_every_byte_once),
        cmocka_unit_test(files_arrive_over_a_line_that_loses_and_doubles_bytes),
        cmocka_unit_test(files_arrive_over_a_line_that_bends_bits),
        cmocka_unit_test(files_arrive_though_frames_are_cut_short),
        cmocka_unit_test(files_arrive_while_a_firmware_talks),
        cmocka_unit_test(files_arrive_through_all_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
