/* make bench-link: how much of a line's capacity an upload uses. Everything real but time: client, framings, wires of the
 * simulator, agent. Flash and processor of the device take no time, so that only the line is measured; then the same
 * upload runs in real time over a pty. What each figure means: docs/bench.md. */
#include "tests/bench/real_line.h"
#include "tests/bench/rivals.h"
#include "tests/support/bench.h"
#include "tests/support/test.h"
#include "tests/support/wired.h"

#include <stdio.h>

#define IMAGE_SIZE  PUMP_IMAGE_MAX
#define BUFFERS     4     /* packets that the device keeps */
#define DEPTH       4096  /* bytes that a sender's driver keeps, as a Linux UART does */
#define LOSS_FRAMES 5000  /* about so many are sent for each figure of losses */
#define PER_MILLION 10000 /* frames lost in each direction */
#define MOST_MS     (20 * 60 * 1000)
#define REAL_BAUD   115200
#define REAL_DEPTH  230 /* what the simulator's pty door keeps at that speed */
#define CLOSE       0.5 /* percent between a rival's simulation and its count */

static const uint32_t bauds[] = {115200, 921600};
static const uint32_t round_trips_ms[] = {0, 1, 10};
static const size_t sizes[] = {1024, 2048, 4096};
static const char *const framing_names[] = {"SMP console", "SMP COBS", "SMP raw"};
#define COUNT(array) (sizeof(array) / sizeof(array)[0])

struct figures {
    double use[3][3][2][3]; /* percent: size, framing, baud, round trip */
    double resent[3][2][2]; /* percent: size, framing, baud */
    double virtual_vs_real; /* percent */
};

struct bench_pump {
    struct pump pump;
    struct buffer push;
    size_t buffer;
};

static struct wired wired;

static void noise(uint8_t *image)
{
    uint32_t state = 1;

    for (size_t i = 0; i < IMAGE_SIZE; i++) {
        state = state * 1664525u + 1013904223u;
        image[i] = (uint8_t)(state >> 24);
    }
}

/* A pump with packets of so many bytes, and an image that nothing compresses on its way to it. */
static void pump_open(struct bench_pump *bench, size_t buffer)
{
    static uint8_t image[IMAGE_SIZE];
    const struct pump_release release = {
        .version = {2, 0, 0}, .sequence = 2, .image_size = sizeof image, .image = image, .healthy = 1};
    char more[160];

    noise(image);
    snprintf(more, sizeof more, "service: true\ndoor: pty:p.tty\nbaud: %d\nbuffer: %zu\nbuffers: %d\n",
             REAL_BAUD, buffer, BUFFERS);
    pump_make(&bench->pump, more);
    pump_bundle(&bench->pump, "2.suture", &release);
    bench->push = pump_push(&bench->pump, "2.suture", NULL);
    bench->buffer = buffer;
}

static void pump_close(struct bench_pump *bench)
{
    free(bench->push.data);
    pump_gone(&bench->pump);
}

static double use_of(uint64_t bytes, uint32_t baud, uint64_t us)
{
    return 100.0 * (double)bytes * WIRE_BITS * 1e6 / ((double)baud * (double)us);
}

/* One upload to a pump as from the factory; how long it took. */
static uint64_t upload_us(struct bench_pump *bench, const struct wired_line *line, uint64_t loss_seed)
{
    const struct fault loss = {.kind = FAULT_LOSS, .per = FAULT_FRAME, .per_million = PER_MILLION};
    struct pump *pump = &bench->pump;

    pump_as_new(pump);
    device_power_on(pump->device, pump->now);
    assert_true(pump_reaches(pump, WAIT_ON, 5000));
    faults_start(device_faults(pump->device), loss_seed * 2654435761u);
    if (loss_seed > 0)
        assert_true(faults_add(device_faults(pump->device), &loss, pump->now * 1000));
    wired_start(&wired, pump, line);
    uint64_t start = wired.now_us;
    assert_int_equal(wired_upload(&wired, &bench->push, MOST_MS), CLIENT_DONE);
    assert_int_equal(wired.overruns, 0);
    pump->now = wired.now_us / 1000 + 1;
    return wired.now_us - start;
}

static struct wired_line line_of(const struct bench_pump *bench, enum framing framing, uint32_t baud,
                                 uint32_t round_trip_ms)
{
    return (struct wired_line){.framing = framing,
                               .baud = baud,
                               .delay_us = round_trip_ms * 1000 / 2,
                               .depth = DEPTH,
                               .buffer = bench->buffer,
                               .buffers = BUFFERS};
}

/* The table ---------------------------------------------------------------------------------------------------------- */

static void head_print(void)
{
    printf("%-28s %7s", "", "buffer");
    for (size_t b = 0; b < COUNT(bauds); b++)
        for (size_t r = 0; r < COUNT(round_trips_ms); r++)
            printf(" %6u/%-2u", (unsigned)bauds[b], (unsigned)round_trips_ms[r]);
    printf("\n");
}

static void row_begin(const char *name, size_t buffer)
{
    if (buffer > 0)
        printf("%-28s %7zu", name, buffer);
    else
        printf("%-28s %7s", name, "-");
}

static void rows_measure(struct bench_pump *bench, struct figures *out, size_t size)
{
    for (enum framing framing = FRAMING_CONSOLE; framing <= FRAMING_RAW; framing++) {
        row_begin(framing_names[framing], bench->buffer);
        for (size_t b = 0; b < COUNT(bauds); b++)
            for (size_t r = 0; r < COUNT(round_trips_ms); r++) {
                struct wired_line line = line_of(bench, framing, bauds[b], round_trips_ms[r]);
                uint64_t us = upload_us(bench, &line, 0);
                out->use[size][framing][b][r] = use_of(bench->push.size, bauds[b], us);
                printf(" %8.2f%%", out->use[size][framing][b][r]);
            }
        printf("\n");
    }
}

static void row_one_at_a_time(struct bench_pump *bench)
{
    row_begin("SMP console, one at a time", bench->buffer);
    for (size_t b = 0; b < COUNT(bauds); b++)
        for (size_t r = 0; r < COUNT(round_trips_ms); r++) {
            struct wired_line line = line_of(bench, FRAMING_CONSOLE, bauds[b], round_trips_ms[r]);
            line.window = 1;
            printf(" %8.2f%%", use_of(bench->push.size, bauds[b], upload_us(bench, &line, 0)));
        }
    printf("\n");
}

static void row_rival(const char *name, enum rival rival, struct span file)
{
    row_begin(name, 0);
    for (size_t b = 0; b < COUNT(bauds); b++)
        for (size_t r = 0; r < COUNT(round_trips_ms); r++) {
            const struct rival_line line = {bauds[b], round_trips_ms[r] * 1000 / 2, DEPTH};
            uint64_t us = rival_time_us(rival, &line, file), counted = rival_count_us(rival, &line, file);
            double apart = 100.0 * ((double)us - (double)counted) / (double)counted;
            if (apart > CLOSE || apart < -CLOSE)
                fail_msg("%s: %llu us, but its rules make %llu us", name, (unsigned long long)us,
                         (unsigned long long)counted);
            printf(" %8.2f%%", use_of(file.size, bauds[b], us));
        }
    printf("\n");
}

/* Losses and real time ------------------------------------------------------------------------------------------------ */

static void losses_measure(struct bench_pump *bench, struct figures *out, size_t size)
{
    for (enum framing framing = FRAMING_CONSOLE; framing <= FRAMING_COBS; framing++)
        for (size_t b = 0; b < COUNT(bauds); b++) {
            struct wired_line line = line_of(bench, framing, bauds[b], 1);
            uint64_t sent = 0, whole = 0, silences = 0, seed = 0;
            while (sent < (uint64_t)LOSS_FRAMES * bench->buffer) {
                seed++;
                upload_us(bench, &line, seed);
                sent += client_progress(&bench->pump.client)->sent;
                silences += client_progress(&bench->pump.client)->retries;
                whole += bench->push.size;
            }
            out->resent[size][framing][b] = 100.0 * (double)(sent - whole) / (double)whole;
            printf("%-28s %7zu %8u: %5.2f %% sent twice, %llu timeouts in %llu uploads\n",
                   framing_names[framing], bench->buffer, (unsigned)bauds[b], out->resent[size][framing][b],
                   (unsigned long long)silences, (unsigned long long)seed);
        }
}

static void real_measure(struct bench_pump *bench, struct figures *out)
{
    for (enum framing framing = FRAMING_CONSOLE; framing <= FRAMING_COBS; framing++) {
        struct wired_line line = line_of(bench, framing, REAL_BAUD, 0);
        line.depth = REAL_DEPTH;
        uint64_t virtual_us = upload_us(bench, &line, 0);
        uint64_t real_us = real_time_us(&bench->pump, &bench->push, REAL_BAUD, (uint8_t)framing);
        double apart = 100.0 * ((double)real_us - (double)virtual_us) / (double)real_us;
        if (apart < 0)
            apart = -apart;
        if (apart > out->virtual_vs_real)
            out->virtual_vs_real = apart;
        printf("%-28s %7zu %8d: %.3f s virtual, %.3f s on a pty, %.2f %% apart\n", framing_names[framing],
               bench->buffer, REAL_BAUD, (double)virtual_us / 1e6, (double)real_us / 1e6, apart);
    }
}

/* What comes of it ---------------------------------------------------------------------------------------------------- */

static bool bar(const char *name, double value, const char *sense, double limit)
{
    bool met = sense[0] == '>' ? value >= limit : value <= limit;

    printf("%-52s %7.2f %%  %s %5.1f %%  %s\n", name, value, sense, limit, met ? "met" : "MISSED");
    return met;
}

static double worst_resent(const struct figures *figures, size_t size)
{
    double worst = 0;

    for (size_t framing = 0; framing < 2; framing++)
        for (size_t b = 0; b < COUNT(bauds); b++)
            if (figures->resent[size][framing][b] > worst)
                worst = figures->resent[size][framing][b];
    return worst;
}

static bool bars_met(const struct figures *figures)
{
    bool met = true;
    char name[64];

    for (size_t b = 0; b < COUNT(bauds); b++) {
        for (size_t size = 1; size < COUNT(sizes); size++) {
            snprintf(name, sizeof name, "COBS, %u baud, 1 ms, %zu bytes", (unsigned)bauds[b], sizes[size]);
            met &= bar(name, figures->use[size][FRAMING_COBS][b][1], ">=", 97);
        }
        snprintf(name, sizeof name, "console, %u baud, 1 ms, 1024 bytes", (unsigned)bauds[b]);
        met &= bar(name, figures->use[0][FRAMING_CONSOLE][b][1], ">=", 70);
        snprintf(name, sizeof name, "console, %u baud, 1 ms, 4096 bytes", (unsigned)bauds[b]);
        met &= bar(name, figures->use[2][FRAMING_CONSOLE][b][1], ">=", 72);
    }
    for (size_t size = 0; size < COUNT(sizes); size++) {
        snprintf(name, sizeof name, "sent twice at 1 %% loss, %zu bytes, the worst", sizes[size]);
        met &= bar(name, worst_resent(figures, size), "<=", 3);
    }
    return bar("virtual and real time apart", figures->virtual_vs_real, "<=", 5) && met;
}

static int report(const struct figures *figures)
{
    const double(*use)[2][3] = figures->use[2];
    const struct bench_number numbers[] = {
        {"cobs_115200_1ms_use", use[FRAMING_COBS][0][1]},
        {"cobs_921600_1ms_use", use[FRAMING_COBS][1][1]},
        {"console_115200_1ms_use", use[FRAMING_CONSOLE][0][1]},
        {"resent_at_1pct_loss", worst_resent(figures, 2)},
        {"virtual_vs_real_percent", figures->virtual_vs_real},
    };

    printf("\nBars\n");
    bool met = bars_met(figures);
    if (bench_write("link", numbers, COUNT(numbers))) {
        perror("bench/link.json");
        return 1;
    }
    return met ? 0 : 1;
}

int main(void)
{
    static struct bench_pump pumps[COUNT(sizes)];
    static struct figures figures;

    setvbuf(stdout, NULL, _IOLBF, 0);
    for (size_t size = 0; size < COUNT(sizes); size++)
        pump_open(&pumps[size], sizes[size]);
    printf("Use of the line by an upload of %zu bytes, in percent of what it carries at 10 bits a byte; baud "
           "/ round trip "
           "in ms\n\n",
           pumps[0].push.size);
    head_print();
    for (size_t size = 0; size < COUNT(sizes); size++)
        rows_measure(&pumps[size], &figures, size);
    for (size_t size = 0; size < COUNT(sizes); size++)
        row_one_at_a_time(&pumps[size]);
    row_rival("XMODEM-1K", RIVAL_XMODEM_1K, span_used(&pumps[0].push));
    row_rival("YMODEM", RIVAL_YMODEM, span_used(&pumps[0].push));
    printf("\n1 %% of the frames lost in each direction, 1 ms\n");
    for (size_t size = 0; size < COUNT(sizes); size++)
        losses_measure(&pumps[size], &figures, size);
    printf("\nIn real time\n");
    real_measure(&pumps[2], &figures);
    for (size_t size = 0; size < COUNT(sizes); size++)
        pump_close(&pumps[size]);
    return report(&figures);
}
