/* The same image through a thousand bad lines: each seed makes a line (framing, speed, delay, buffers) and a script of faults;
 * client, framings, wires and agent are the real ones, time is virtual. Afterwards the slot holds the image byte by byte, each
 * silence had a fault of its own, and the line is as good as new. A failure prints the seed and the script, in the words
 * that `suture-sim ctl … faults` takes. One seed again: BAD_LINE_SEED=N. */
#include "hw-sim/chance.h"
#include "tests/support/test.h"
#include "tests/support/wired.h"

#include <stdio.h>

#define SEEDS       1000u
#define IMAGE_SIZE  30000u
#define ROWS_MAX    4
#define ROW_SIZE    128
#define MOST_MS     (60 * 60 * 1000)
#define BREAK_MS    2000 /* the longest */
#define FLASH_MS    1000 /* of one upload: eight blocks of 20 ms, their pages, journal and records */
#define ANSWER_MS   2000
#define UPLOADS_MAX 4 /* of one seed, where no CRC guards the packets */
#define PUMPS       4

static const size_t buffers[PUMPS] = {512, 1024, 2048, 4096};
static const uint32_t bauds[] = {9600, 57600, 115200, 460800, 921600};
static const size_t depths[] = {16, 256, 4096};
static const char *const framing_names[] = {"console", "COBS", "raw"};
#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static struct pump pumps[PUMPS];
static struct buffer push;
static uint8_t image[IMAGE_SIZE];
static struct wired wired;

struct script {
    uint64_t seed, chance;
    struct wired_line line;
    char rows[ROWS_MAX][ROW_SIZE];
    size_t count;
    uint32_t planned; /* rows */
    bool doubles;     /* more bytes than were sent may arrive */
};

struct tally {
    unsigned scripts, silences, uploads;
    uint64_t faults, sent, whole;
};

static uint32_t any(struct script *script, uint32_t least, uint32_t most)
{
    return least + (uint32_t)chance_below(&script->chance, most - least + 1);
}

/* Scripts ------------------------------------------------------------------------------------------------------------- */

static void row_add(struct script *script, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void row_add(struct script *script, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(script->rows[script->count++], ROW_SIZE, format, arguments);
    va_end(arguments);
}

/* One packet on the wire, ms. */
static uint32_t packet_ms(const struct script *script)
{
    return (uint32_t)(script->line.buffer * 14000 / script->line.baud) + 1;
}

/* Bytes in a million: all rows together hit one packet of a line in four at most, and one in some hundred raw ones, which
 * no CRC guards and which run over carriers that seldom do that. */
static uint32_t byte_rate(struct script *script)
{
    uint32_t most = (script->line.framing == FRAMING_RAW ? 10000 : 250000) / script->planned;
    uint32_t least = most / (uint32_t)script->line.buffer / 4;
    return any(script, 1 + least, 1 + 4 * least);
}

static void rate_row(struct script *script, const char *kind)
{
    static const char *const ways[] = {"in", "out", "both"};
    const char *way = ways[any(script, 0, 2)];
    uint32_t unit = any(script, 0, script->line.framing == FRAMING_RAW ? 1 : 2);

    if (unit == 0)
        row_add(script, "%s per=byte way=%s per_million=%u", kind, way, byte_rate(script));
    else if (unit == 1)
        row_add(script, "%s per=chunk way=%s per_million=%u", kind, way, byte_rate(script) * FAULT_CHUNK);
    else
        row_add(script, "%s per=frame way=%s per_million=%u", kind, way,
                any(script, 1000, 200000 / script->planned));
}

static void break_row(struct script *script, const char *kind)
{
    if (any(script, 0, 1) == 0)
        row_add(script, "%s at_byte=%u for_ms=%u", kind, any(script, 1, IMAGE_SIZE),
                any(script, 1, BREAK_MS));
    else
        row_add(script, "%s at_ms=%u for_ms=%u", kind, any(script, 1, 40 * packet_ms(script)),
                any(script, 1, BREAK_MS));
}

static void chatter_row(struct script *script)
{
    uint32_t every = any(script, 8, 40) * packet_ms(script);

    row_add(script, "chatter every_ms=%u inside=%s text=[00:01:07] <inf> pump: pressure 1013 hPa", every,
            any(script, 0, 1) ? "true" : "false");
}

static void fault_row(struct script *script)
{
    static const char *const rated[] = {"loss", "double", "reorder", "noise"};
    uint32_t kind = any(script, 0, script->line.framing == FRAMING_RAW ? 5 : 6);

    script->doubles = script->doubles || kind == 1 || kind == 2;
    if (kind < 4)
        rate_row(script, rated[kind]);
    else if (kind < 6)
        break_row(script, kind == 4 ? "pull" : "gap");
    else
        chatter_row(script);
}

static struct script script_of(uint64_t seed)
{
    struct script script = {.seed = seed, .chance = seed};
    struct wired_line *line = &script.line;

    line->framing = (enum framing)(seed % 3);
    line->baud = bauds[any(&script, 0, COUNT(bauds) - 1)];
    line->delay_us = any(&script, 0, 5000);
    line->depth = depths[any(&script, 0, COUNT(depths) - 1)];
    line->buffer = buffers[any(&script, 0, PUMPS - 1)];
    line->buffers = any(&script, 1, WIRED_BUFFERS);
    script.planned = any(&script, 1, ROWS_MAX);
    while (script.count < script.planned)
        fault_row(&script);
    return script;
}

static void script_print(const struct script *script)
{
    const struct wired_line *line = &script->line;

    print_message(
        "# seed %llu: %s at %u baud, %u us each way, driver of %zu bytes, %u packets of %zu bytes\n",
        (unsigned long long)script->seed, framing_names[line->framing], (unsigned)line->baud,
        (unsigned)line->delay_us, line->depth, line->buffers, line->buffer);
    for (size_t i = 0; i < script->count; i++)
        print_message("#     %s\n", script->rows[i]);
}

static void script_failed(const struct script *script, const char *why)
{
    script_print(script);
    fail_msg("seed %llu: %s", (unsigned long long)script->seed, why);
}

/* Stories ------------------------------------------------------------------------------------------------------------- */

static struct pump *pump_of(const struct script *script)
{
    for (size_t i = 0; i < PUMPS; i++)
        if (buffers[i] == script->line.buffer)
            return &pumps[i];
    fail_msg("no pump with such buffers");
    return NULL;
}

static void faults_begin(const struct script *script, struct pump *pump)
{
    struct faults *faults = device_faults(pump->device);
    char words[ROW_SIZE];
    struct fault fault;

    faults_start(faults, script->seed);
    for (size_t i = 0; i < script->count; i++) {
        strcpy(words, script->rows[i]);
        const char *wrong = fault_read(words, &fault);
        if (wrong == NULL)
            wrong = fault_check(&fault,
                                script->line.framing == FRAMING_RAW ? FAULTS_ON_PACKETS : FAULTS_ON_FRAMES);
        if (wrong != NULL)
            script_failed(script, wrong);
        assert_true(faults_add(faults, &fault, pump->now * 1000));
    }
}

static void line_laid(const struct script *script)
{
    struct pump *pump = pump_of(script);

    pump_as_new(pump);
    device_power_on(pump->device, pump->now);
    assert_true(pump_reaches(pump, WAIT_ON, 5000));
    faults_begin(script, pump);
    wired_start(&wired, pump, &script->line);
}

/* Raw packets have no CRC: on a line that bends bytes a block may be refused, because it is not the vendor's. The file
 * is sent again then, as `suture resume` does it, and goes on where it was. Framed ones arrive at once. */
static unsigned file_arrives(const struct script *script)
{
    unsigned uploads = 0;
    enum client_event event;

    do {
        event = wired_upload(&wired, &push, MOST_MS);
        uploads++;
    } while (event != CLIENT_DONE && script->line.framing == FRAMING_RAW && uploads < UPLOADS_MAX);
    if (event != CLIENT_DONE) {
        print_message("# event %d, error %u\n", (int)event, (unsigned)client_error(&wired.pump->client)->rc);
        script_failed(script, "the file did not arrive");
    }
    return uploads;
}

static void slot_holds_the_image(const struct script *script)
{
    const struct area *area = &device_layout(wired.pump->device)->areas[AREA_SLOT_B];
    static uint8_t slot[IMAGE_SIZE];

    assert_int_equal(area->flash->read(area->flash->context, area->offset, slot, sizeof slot), OK);
    for (size_t i = 0; i < sizeof slot; i++)
        if (slot[i] != image[i])
            script_failed(script, "the slot holds something else");
}

/* With the faults gone, whoever asks is answered at once: nothing has locked the port. */
static void port_is_free(const struct script *script)
{
    struct message_status status;

    faults_clear(device_faults(wired.pump->device));
    wired_wait(&wired, 2 * (uint64_t)packet_ms(script) + LINE_GAP_MS);
    if (wired_ask(&wired, VERB_STATUS, ANSWER_MS) != CLIENT_ANSWER)
        script_failed(script, "the port is locked");
    assert_int_equal(message_status_read(client_answer(&wired.pump->client), &status), OK);
    if (status.phase != PHASE_STAGED)
        script_failed(script, "the device does not call it staged");
}

/* All time is accounted for: bytes on the wire, the way of each packet there and back, flash, a timeout for each silence, and
 * for each break that a script may make. */
static void no_time_was_lost(const struct script *script, uint64_t took_us)
{
    const struct wired_line *line = &script->line;
    uint64_t crossed = wired.to_device.sent + wired.to_host.sent;
    uint64_t packets = 1 + wired.to_device.sent / CLIENT_PACKET_MIN;
    uint64_t allowed_us = crossed * WIRE_BITS * 1000000 / line->baud + packets * 2 * line->delay_us +
                          FLASH_MS * 1000 + (uint64_t)wired.silences * WIRED_TIMEOUT_MS * 1000 +
                          script->count * (uint64_t)BREAK_MS * 1000;

    if (took_us > allowed_us)
        script_failed(script, "it took longer than its faults explain");
}

static void seed_runs(uint64_t seed, struct tally *tally)
{
    struct script script = script_of(seed);

    line_laid(&script);
    uint64_t start_us = wired.now_us;
    tally->uploads += file_arrives(&script);
    no_time_was_lost(&script, wired.now_us - start_us);
    tally->scripts++;
    tally->faults += wired_faults(&wired);
    tally->silences += wired.silences;
    tally->sent += client_progress(&wired.pump->client)->sent;
    tally->whole += push.size;
    slot_holds_the_image(&script);
    if (wired.unfounded > 0)
        script_failed(&script, "a silence without a fault of its own");
    if (wired.overruns > 0 && !script.doubles)
        script_failed(&script, "more was sent than the device has buffers for");
    port_is_free(&script);
    wired.pump->now = wired.now_us / 1000 + 1;
}

static void seeds_run(enum framing framing)
{
    const char *one = getenv("BAD_LINE_SEED");
    struct tally tally = {0};

    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        if (seed % 3 == (uint64_t)framing && (one == NULL || strtoull(one, NULL, 10) == seed))
            seed_runs(seed, &tally);
    print_message("# %s: %u scripts, %llu faults, %u silences, %u uploads, %llu bytes sent of %llu\n",
                  framing_names[framing], tally.scripts, (unsigned long long)tally.faults, tally.silences,
                  tally.uploads, (unsigned long long)tally.sent, (unsigned long long)tally.whole);
}

static void an_image_arrives_through_any_bad_line_as_console_frames(void **state)
{
    (void)state;
    seeds_run(FRAMING_CONSOLE);
}

static void an_image_arrives_through_any_bad_line_as_cobs_frames(void **state)
{
    (void)state;
    seeds_run(FRAMING_COBS);
}

static void an_image_arrives_through_any_bad_link_as_raw_packets(void **state)
{
    (void)state;
    seeds_run(FRAMING_RAW);
}

static void a_good_line_sends_every_byte_once(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct script script = script_of(seed);
        script.count = 0;
        line_laid(&script);
        if (wired_upload(&wired, &push, MOST_MS) != CLIENT_DONE)
            script_failed(&script, "the file did not arrive");
        if (client_progress(&wired.pump->client)->sent != push.size || wired.silences + wired.overruns > 0)
            script_failed(&script, "something was sent twice");
        wired.pump->now = wired.now_us / 1000 + 1;
    }
}

/* Setup --------------------------------------------------------------------------------------------------------------- */

static void image_make(void)
{
    uint64_t chance = 20;

    for (size_t i = 0; i < sizeof image; i++)
        image[i] = (uint8_t)(i / 256 % 2 == 0 ? chance_next(&chance) : i / 64);
}

static int four_pumps(void **state)
{
    const struct pump_release release = {
        .version = {2, 0, 0}, .sequence = 2, .image_size = IMAGE_SIZE, .image = image, .healthy = 1};
    char more[128];

    (void)state;
    image_make();
    for (size_t i = 0; i < PUMPS; i++) {
        snprintf(more, sizeof more,
                 "service: true\ndoor: pty:p.tty\nbuffer: %zu\nprogram_us: 10\nerase_ms: 20\n", buffers[i]);
        pump_make(&pumps[i], more);
    }
    pump_bundle(&pumps[0], "2.suture", &release);
    push = pump_push(&pumps[0], "2.suture", NULL);
    return 0;
}

static int no_pumps(void **state)
{
    (void)state;
    free(push.data);
    for (size_t i = 0; i < PUMPS; i++)
        pump_gone(&pumps[i]);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_line_sends_every_byte_once),
        cmocka_unit_test(an_image_arrives_through_any_bad_line_as_console_frames),
        cmocka_unit_test(an_image_arrives_through_any_bad_line_as_cobs_frames),
        cmocka_unit_test(an_image_arrives_through_any_bad_link_as_raw_packets),
    };
    return cmocka_run_group_tests(tests, four_pumps, no_pumps);
}
