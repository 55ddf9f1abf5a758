/* The example port on a board made of memory: what the guide (docs/port.md) says about the boot loader, the hand-over and
 * the main loop is run here. The board's functions below stand in for its vendor's. */
#include "agent/ports/example/port.c" /* its layout and its port are its own */

#include "agent/protocol/messages.h"
#include "agent/protocol/smp.h"
#include "tests/support/bench_factory.h"
#include "tests/support/test.h"

static struct board {
    struct memory_flash *chip;
    uint64_t milliseconds;
    uint8_t to_device[256], from_device[4096];
    size_t to_size, to_taken, from_size;
    unsigned idle_polls,
        idle_polls_allowed; /* polls without a byte to read; then the board is switched off */
    uint32_t watchdog_ms;
    unsigned watchdog_fed;
    uint32_t image_run;
    bool in_therapy, patient, alarm, service, therapy_forbidden;
    enum clinic_test test;
    jmp_buf off;
} board;

enum { SWITCHED_OFF = 1, RESET = 2, IMAGE_RUNS = 3 };
#define IDLE_POLLS 50

int board_flash_read(uint32_t at, void *data, size_t size)
{
    return board.chip->flash.read(board.chip, at, data, size);
}

int board_flash_program(uint32_t at, const void *data, size_t size)
{
    return board.chip->flash.program(board.chip, at, data, size);
}

int board_flash_erase(uint32_t at)
{
    return board.chip->flash.erase(board.chip, at);
}

uint64_t board_milliseconds(void)
{
    return board.milliseconds++;
}

size_t board_uart_read(uint8_t *data, size_t capacity)
{
    size_t size = board.to_size - board.to_taken < capacity ? board.to_size - board.to_taken : capacity;

    if (size == 0 && capacity > 0 && ++board.idle_polls > board.idle_polls_allowed)
        longjmp(board.off, SWITCHED_OFF);
    memcpy(data, board.to_device + board.to_taken, size);
    board.to_taken += size;
    return size;
}

size_t board_uart_room(void)
{
    return 16;
}

void board_uart_write(const uint8_t *data, size_t size)
{
    assert_true(size <= 16 && size <= sizeof board.from_device - board.from_size);
    memcpy(board.from_device + board.from_size, data, size);
    board.from_size += size;
}

uint8_t board_reset_cause(void)
{
    return 9;
}

void board_watchdog_start(uint32_t milliseconds)
{
    board.watchdog_ms = milliseconds;
}

void board_watchdog_feed(void)
{
    board.watchdog_fed++;
}

_Noreturn void board_reset(void)
{
    longjmp(board.off, RESET);
}

_Noreturn void board_run_image(uint32_t at)
{
    board.image_run = at;
    longjmp(board.off, IMAGE_RUNS);
}

int board_sign(const uint8_t private_key[32], const uint8_t *message, size_t size, uint8_t signature[64])
{
    (void)message;
    (void)size;
    memset(signature, private_key[0], 64);
    return 0;
}

bool clinic_therapy_running(void)
{
    return board.in_therapy;
}

bool clinic_patient_attached(void)
{
    return board.patient;
}

bool clinic_alarm_active(void)
{
    return board.alarm;
}

bool clinic_service_mode(void)
{
    return board.service;
}

bool clinic_on_mains(void)
{
    return true;
}

uint8_t clinic_battery_percent(void)
{
    return 88;
}

void clinic_forbid_therapy(bool forbidden)
{
    board.therapy_forbidden = forbidden;
}

enum clinic_test clinic_self_test(uint16_t *code)
{
    *code = board.test == CLINIC_TEST_FAILED ? 44 : 0;
    return board.test;
}

size_t clinic_settings(const uint8_t **settings)
{
    *settings = (const uint8_t *)"volume 7";
    return 8;
}

/* ---- helpers */

static int set_up(void **state)
{
    (void)state;
    memset(&board, 0, sizeof board);
    board.idle_polls_allowed = IDLE_POLLS;
    board.chip = memory_flash_new(1024 * KIB, 8, SECTOR, 0xff);
    return board.chip ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    memory_flash_free(board.chip);
    return 0;
}

/* The first flash: image 1 in slot A, settled; identity, root document, empty log. */
static void put_factory(void)
{
    struct bench *factory = calloc(1, sizeof *factory);

    assert_non_null(factory);
    factory->chip = board.chip;
    factory->port.layout = port.layout;
    factory_fill(factory, &(struct bench_options){0});
    free(factory);
}

/* Image 2 in slot B with its manifest, about to be tried; confirmed by the device after a healthy second. */
static void put_trial(void)
{
    struct push push = push_of(&(struct bench_release){.sequence = 2, .confirm_healthy = 1});
    struct meta meta = {.envelope_length = (uint32_t)push.envelope_size,
                        .push_length = push.size,
                        .stream_offset = (uint32_t)push.envelope_size + 1};
    struct area_stream stream;
    struct record_copy copies[2];

    put_factory();
    memcpy(board.chip->bytes + port.layout.areas[AREA_SLOT_B].offset, push.image, push.image_size);
    memcpy(meta.manifest, push.manifest, DIGEST_SIZE);
    assert_int_equal(
        meta_write(&port.layout.areas[AREA_META_B], &meta, span_of(push.bytes, push.envelope_size), &stream),
        OK);
    record_read(&port.layout, 0, &copies[0]);
    record_read(&port.layout, 1, &copies[1]);
    int ruling = record_ruling(copies);
    struct record record = copies[ruling].record;
    record.number++;
    record.kind = RECORD_TRIAL;
    record.primary = SLOT_B;
    record.fallback = SLOT_A;
    record.tries = 3;
    struct record_slot *slot = &record.slots[SLOT_B];
    *slot = (struct record_slot){.state = SLOT_STAGED, .sequence = 2, .size = push.image_size};
    memcpy(slot->digest, push.image_digest, sizeof slot->digest);
    memcpy(slot->manifest_id, push.manifest, sizeof slot->manifest_id);
    assert_int_equal(record_write(&port.layout, 1u - (unsigned)ruling, &record), OK);
    push_free(&push);
}

/* Runs until the board is switched off or reset, or an image runs. */
static int boots(void)
{
    board.idle_polls = 0;
    int end = setjmp(board.off);
    if (end == 0)
        example_boot();
    return end;
}

static int application_runs(void)
{
    board.idle_polls = 0;
    int end = setjmp(board.off);
    if (end == 0) {
        example_start();
        for (;;)
            example_poll();
    }
    return end;
}

/* A request waits at the UART in this framing, behind other bytes. */
static void asks_behind(struct span noise, enum framing framing, uint8_t op, uint16_t group, uint8_t id)
{
    struct smp_header header = {.version = 1, .op = op, .length = 1, .group = group, .sequence = 5, .id = id};
    uint8_t packet[SMP_HEADER_SIZE + 1];
    struct frame_writer writer;

    smp_header_write(&header, packet);
    packet[SMP_HEADER_SIZE] = 0xa0; /* {} */
    memcpy(board.to_device, noise.data, noise.size);
    frame_writer_start(&writer, framing, span_of(packet, sizeof packet));
    board.to_size = noise.size + frame_writer_take(&writer, board.to_device + noise.size,
                                                   sizeof board.to_device - noise.size);
    board.to_taken = board.from_size = 0;
}

static void asks(uint8_t op, uint16_t group, uint8_t id)
{
    asks_behind(span_of(board.to_device, 0), FRAMING_CONSOLE, op, group, id);
}

/* The body of the one answer, in the framing of its request. */
static struct span answered_in(enum framing expected)
{
    static uint8_t memory[FRAME + FRAME_OVERHEAD];
    struct span wire = span_of(board.from_device, board.from_size), packet;
    struct frame_reader reader;
    struct smp_header header;
    enum framing framing;

    frame_reader_start(&reader, buffer_over(memory, sizeof memory), (struct frame_chatter){NULL, NULL});
    assert_int_equal(frame_reader_take(&reader, &wire, &packet, &framing), OK);
    assert_int_equal(framing, expected);
    assert_int_equal(wire.size, 0);
    assert_int_equal(smp_header_read(packet, &header), OK);
    assert_int_equal(header.sequence, 5);
    assert_int_equal(packet.size, SMP_HEADER_SIZE + header.length);
    return span_from(packet, SMP_HEADER_SIZE);
}

static struct span answered(void)
{
    return answered_in(FRAMING_CONSOLE);
}

static struct message_identity identity_answered(void)
{
    struct message_identity identity;

    assert_int_equal(message_identity_read(answered(), &identity), OK);
    return identity;
}

#define SUTURE_CAPABILITIES 0
#define SUTURE_IDENTITY     1
#define SUTURE_PREFLIGHT    2
#define OS_RESET            5

/* ---- stories */

static void its_layout_is_one_that_the_agent_accepts(void **state)
{
    (void)state;
    assert_int_equal(layout_check(&port.layout), OK);
    for (unsigned i = 0; i < AREA_COUNT; i++) {
        assert_true(port.layout.areas[i].offset >= 64 * KIB); /* the boot loader's own */
        assert_true(port.layout.areas[i].offset + port.layout.areas[i].size <= 1024 * KIB);
    }
}

static void an_empty_board_stays_in_its_boot_loader_and_says_that_nothing_runs(void **state)
{
    (void)state;
    asks(SMP_READ, SMP_GROUP_SUTURE, SUTURE_IDENTITY);
    assert_int_equal(boots(), SWITCHED_OFF);
    struct message_identity identity = identity_answered();
    assert_int_equal(identity.boot_kind, BOOT_RECOVERY);
    assert_int_equal(board.watchdog_ms, WATCHDOG_MS);
    assert_true(board.watchdog_fed > IDLE_POLLS);
}

static void a_settled_board_runs_its_image_under_the_watchdog(void **state)
{
    (void)state;
    put_factory();
    assert_int_equal(boots(), IMAGE_RUNS);
    assert_int_equal(board.image_run, 64 * KIB);
    assert_int_equal(board.watchdog_ms, WATCHDOG_MS);

    asks(SMP_READ, SMP_GROUP_SUTURE, SUTURE_IDENTITY);
    assert_int_equal(application_runs(), SWITCHED_OFF);
    assert_int_equal(identity_answered().boot_kind, BOOT_SETTLED);
    assert_false(board.therapy_forbidden);
}

static void it_answers_in_the_framing_of_the_request_and_steps_over_noise(void **state)
{
    (void)state;
    put_factory();
    boots();
    for (enum framing framing = FRAMING_CONSOLE; framing <= FRAMING_COBS; framing++) {
        asks_behind(span_text("login:\x06\x02"), framing, SMP_READ, SMP_GROUP_SUTURE, SUTURE_CAPABILITIES);
        assert_int_equal(application_runs(), SWITCHED_OFF);
        struct message_capabilities capabilities;
        assert_int_equal(message_capabilities_read(answered_in(framing), &capabilities), OK);
        assert_int_equal(capabilities.line, FRAME_LINE_MAX);
        assert_int_equal(capabilities.framing_count, 2);
        assert_int_equal(capabilities.framings[1], FRAMING_COBS);
    }
}

/* So many requests as it says have a place: one with the agent, the others as console lines in the UART's ring. */
static void it_promises_what_its_uart_keeps(void **state)
{
    (void)state;
    static const uint8_t packet[EXAMPLE_FRAME];
    static uint8_t frame[2 * EXAMPLE_FRAME];
    struct frame_writer writer;
    struct message_capabilities caps;
    put_factory();
    boots();
    asks(SMP_READ, SMP_GROUP_SUTURE, VERB_CAPABILITIES);
    assert_int_equal(application_runs(), SWITCHED_OFF);
    assert_int_equal(message_capabilities_read(answered(), &caps), OK);
    assert_int_equal(caps.buffer_size, EXAMPLE_FRAME);
    assert_int_equal(caps.buffer_count, 3);
    frame_writer_start(&writer, FRAMING_CONSOLE, span_of(packet, sizeof packet));
    size_t size = frame_writer_take(&writer, frame, sizeof frame);
    assert_true((caps.buffer_count - 1) * size <= EXAMPLE_UART_BUFFER);
}

static void a_trial_is_handed_over_and_forbids_therapy(void **state)
{
    (void)state;
    put_trial();
    assert_int_equal(boots(), IMAGE_RUNS);
    assert_int_equal(board.image_run, 508 * KIB);
    const uint8_t *first_mark = board.chip->bytes + port.layout.areas[AREA_RECORD1].offset + 176;
    assert_int_equal(first_mark[0], 0xa5);
    assert_int_equal(first_mark[1], 9);

    asks(SMP_READ, SMP_GROUP_SUTURE, SUTURE_IDENTITY);
    assert_int_equal(application_runs(), SWITCHED_OFF);
    struct message_identity identity = identity_answered();
    assert_int_equal(identity.boot_kind, BOOT_TRIAL);
    assert_int_equal(identity.tries_left, 2);
    assert_true(board.therapy_forbidden);
}

static void a_self_test_that_fails_resets_into_the_old_image(void **state)
{
    (void)state;
    put_trial();
    assert_int_equal(boots(), IMAGE_RUNS);
    board.test = CLINIC_TEST_FAILED;
    assert_int_equal(application_runs(), RESET);
    assert_int_equal(boots(), IMAGE_RUNS);
    assert_int_equal(board.image_run, 64 * KIB);
}

static void a_healthy_trial_is_confirmed_and_frees_therapy(void **state)
{
    (void)state;
    put_trial();
    assert_int_equal(boots(), IMAGE_RUNS);
    board.test = CLINIC_TEST_PASSED;
    board.idle_polls_allowed = 3000; /* some seconds */
    assert_int_equal(application_runs(), SWITCHED_OFF);
    assert_false(board.therapy_forbidden);
    assert_int_equal(boots(), IMAGE_RUNS);
    assert_int_equal(board.image_run, 508 * KIB);
    asks(SMP_READ, SMP_GROUP_SUTURE, SUTURE_IDENTITY);
    assert_int_equal(application_runs(), SWITCHED_OFF);
    assert_int_equal(identity_answered().boot_kind, BOOT_SETTLED);
}

static void tries_that_run_out_end_in_the_old_image(void **state)
{
    (void)state;
    put_trial();
    for (unsigned boot = 0; boot < 3; boot++) {
        assert_int_equal(boots(), IMAGE_RUNS);
        assert_int_equal(board.image_run, 508 * KIB);
    }
    assert_int_equal(boots(), IMAGE_RUNS);
    assert_int_equal(board.image_run, 64 * KIB);
}

static void the_clinical_side_is_asked_each_time(void **state)
{
    (void)state;
    bool *uses[] = {NULL, &board.in_therapy, &board.patient, &board.alarm};
    put_factory();
    boots();
    for (unsigned use = 0; use < 4; use++) {
        if (uses[use])
            *uses[use] = true;
        asks(SMP_READ, SMP_GROUP_SUTURE, SUTURE_PREFLIGHT);
        assert_int_equal(application_runs(), SWITCHED_OFF);
        struct message_preflight preflight;
        assert_int_equal(message_preflight_read(answered(), &preflight), OK);
        assert_int_equal(preflight.use, use);
        assert_int_equal(preflight.battery, 88);
        assert_true(preflight.mains);
        assert_false(preflight.service);
        if (uses[use])
            *uses[use] = false;
    }
}

static void a_reset_that_was_asked_for_comes_after_its_answer(void **state)
{
    (void)state;
    put_factory();
    boots();
    board.service = true;
    asks(SMP_WRITE, SMP_GROUP_OS, OS_RESET);
    assert_int_equal(application_runs(), RESET);
    assert_true(answered().size > 0);
}

static void no_program_breaks_the_flash_contract(void **state)
{
    (void)state;
    put_trial();
    boots();
    board.test = CLINIC_TEST_FAILED;
    application_runs();
    boots();
    application_runs();
    assert_int_equal(board.chip->abuses, 0);
    assert_true(board.chip->operations > 10);
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(its_layout_is_one_that_the_agent_accepts),
        test(an_empty_board_stays_in_its_boot_loader_and_says_that_nothing_runs),
        test(a_settled_board_runs_its_image_under_the_watchdog),
        test(it_answers_in_the_framing_of_the_request_and_steps_over_noise),
        test(it_promises_what_its_uart_keeps),
        test(a_trial_is_handed_over_and_forbids_therapy),
        test(a_self_test_that_fails_resets_into_the_old_image),
        test(a_healthy_trial_is_confirmed_and_frees_therapy),
        test(tries_that_run_out_end_in_the_old_image),
        test(the_clinical_side_is_asked_each_time),
        test(a_reset_that_was_asked_for_comes_after_its_answer),
        test(no_program_breaks_the_flash_contract),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
