/* The example port: a microcontroller with 1 MiB of flash (4 KiB sectors, 8-byte double words), one UART, and a clinical
 * application beside the agent. The boot loader and the application are two programs that both link this file. */
#include "agent/ports/example/port.h"

#include "agent/agent_state.h"
#include "agent/protocol/line.h"
#include "keys/digest.h"

#define KIB           1024u
#define SECTOR        (4 * KIB)
#define BLOCK_MAX     (4 * KIB)
#define SEGMENT_MAX   (40 * KIB)
#define DECODER       (PATCH_INFLATE_RAM + 4 * KIB) /* deflate with a window of 2^12 */
#define MANIFEST_ROOM (4 * KIB)
#define FRAME         EXAMPLE_FRAME
#define WATCHDOG_MS   8000u /* longer than an erase, or a start on the slowest board, takes */

/* ---- flash */

static enum status flash_read(void *context, uint64_t offset, uint8_t *data, size_t size)
{
    (void)context;
    return board_flash_read((uint32_t)offset, data, size) ? FLASH_FAILED : OK;
}

static enum status flash_program(void *context, uint64_t offset, const uint8_t *data, size_t size)
{
    (void)context;
    return board_flash_program((uint32_t)offset, data, size) ? FLASH_FAILED : OK;
}

static enum status flash_erase(void *context, uint64_t offset)
{
    (void)context;
    return board_flash_erase((uint32_t)offset) ? FLASH_FAILED : OK;
}

static const struct flash internal = {NULL,          8,           SECTOR, 0xff, flash_read,
                                      flash_program, flash_erase, NULL,   NULL};

/* ---- the clinical side */

static void ask_interlock(void *context, struct interlock *out)
{
    (void)context;
    out->use = clinic_therapy_running()    ? USE_THERAPY
               : clinic_patient_attached() ? USE_PATIENT
               : clinic_alarm_active()     ? USE_ALARM
                                           : USE_FREE;
    out->service = clinic_service_mode();
    out->mains = clinic_on_mains();
    out->battery = clinic_battery_percent();
}

static void ask_self_test(void *context, struct self_test_result *out)
{
    static const enum self_test results[] = {[CLINIC_TEST_RUNNING] = SELF_TEST_NONE,
                                             [CLINIC_TEST_PASSED] = SELF_TEST_PASSED,
                                             [CLINIC_TEST_FAILED] = SELF_TEST_FAILED};
    (void)context;
    out->code = 0;
    out->result = results[clinic_self_test(&out->code)];
}

static void tell_trial(void *context, bool running)
{
    (void)context;
    clinic_forbid_therapy(running);
}

static enum status digest_settings(void *context, uint8_t digest[32])
{
    const uint8_t *settings;
    size_t size = clinic_settings(&settings);

    (void)context;
    if (size == 0)
        return NOT_FOUND;
    digest_of(span_of(settings, size), digest);
    return OK;
}

static enum status sign(void *context, struct span private_key, struct span message, uint8_t signature[64])
{
    (void)context;
    if (private_key.size != 32)
        return NO_KEY;
    return board_sign(private_key.data, message.data, message.size, signature) ? FAILED : OK;
}

/* The boot loader has the first 64 KiB, where no area lies. */
#define PLACE(at, size)                                                                                      \
    {                                                                                                        \
        &internal, (at)*KIB, (size)*KIB                                                                      \
    }

static const struct port port = {
    .layout.areas = {[AREA_SLOT_A] = PLACE(64, 444),
                     [AREA_SLOT_B] = PLACE(508, 444),
                     [AREA_RECORD0] = PLACE(952, 4),
                     [AREA_RECORD1] = PLACE(956, 4),
                     [AREA_IDENTITY] = PLACE(960, 4),
                     [AREA_TRUST0] = PLACE(964, 4),
                     [AREA_TRUST1] = PLACE(968, 4),
                     [AREA_META_A] = PLACE(972, 8),
                     [AREA_META_B] = PLACE(980, 8),
                     [AREA_JOURNAL] = PLACE(988, 8),
                     [AREA_LOG] = PLACE(996, 28)},
    .agent_version = "example 1",
    .link = PORT_LINK_LINE,
    .buffers = 1 + EXAMPLE_UART_BUFFER / EXAMPLE_WIRE_FRAME,
    .block_max = BLOCK_MAX,
    .segment_max = SEGMENT_MAX,
    .decoder_ram = BLOCK_MAX + DECODER,
    .interlock = ask_interlock,
    .self_test = ask_self_test,
    .trial = tell_trial,
    .settings_digest = digest_settings,
    .sign = sign,
};

/* ---- the agent and its memory: nothing is allocated */

static struct agent agent;
static uint8_t manifest[MANIFEST_ROOM], block[BLOCK_MAX], receive[FRAME], send[2 * FRAME], page[KIB],
    report[2 * REPORT_MAX];
static _Alignas(8) uint8_t decoder[DECODER];
/* RAM at the same address in both programs, which no start-up code clears. */
static struct boot_outcome handed_over __attribute__((section(".handed_over")));

#define MEMORY(array) buffer_over(array, sizeof(array))

/* The UART's line: frames on the wire, packets towards the agent. */
static struct line line;
static uint8_t line_in[FRAME + FRAME_OVERHEAD], line_out[FRAME];
static uint8_t arrived[64];
static struct span held, taken; /* of what arrived; of a packet that the agent has not served yet */

static void start(void)
{
    const struct agent_memory memory = {.manifest = MEMORY(manifest),
                                        .block = MEMORY(block),
                                        .decoder = MEMORY(decoder),
                                        .receive = MEMORY(receive),
                                        .send = MEMORY(send),
                                        .page = MEMORY(page),
                                        .report = MEMORY(report)};

    held = taken = (struct span){NULL, 0};
    line_start(&line, LINE_DEVICE, MEMORY(line_in), MEMORY(line_out), (struct frame_chatter){NULL, NULL});
    agent_start(&agent, &port, &memory, &handed_over, board_milliseconds());
}

/* A packet that the agent has no room for waits, and all behind it. */
static void take_bytes(void)
{
    taken = span_from(taken, agent_receive(&agent, taken, board_milliseconds()));
    if (taken.size > 0)
        return;
    if (held.size == 0)
        held = span_of(arrived, board_uart_read(arrived, sizeof arrived));
    if (line_take(&line, &held, board_milliseconds(), &taken) == INCOMPLETE)
        taken.size = 0;
}

static void give_bytes(void)
{
    uint8_t bytes[64];
    size_t wanted, size;

    while ((wanted = line_wants(&line)) > 0) {
        size = agent_send(&agent, bytes, wanted < sizeof bytes ? wanted : sizeof bytes);
        if (size == 0)
            break;
        line_give(&line, span_of(bytes, size));
    }
    size_t room = board_uart_room();
    size = line_send(&line, bytes, room < sizeof bytes ? room : sizeof bytes);
    board_uart_write(bytes, size);
}

void example_start(void)
{
    start();
}

void example_poll(void)
{
    board_watchdog_feed();
    take_bytes();
    give_bytes();
    agent_step(&agent, board_milliseconds());
    if (agent_reset_wanted(&agent) && !frame_writer_busy(&line.writer))
        board_reset();
}

_Noreturn void example_boot(void)
{
    if (layout_check(&port.layout) == OK)
        boot_run(&port.layout, board_reset_cause(), MEMORY(page), &handed_over);
    else
        handed_over = (struct boot_outcome){.kind = BOOT_RECOVERY, .running = SLOT_NONE};
    board_watchdog_start(WATCHDOG_MS);
    if (handed_over.kind != BOOT_RECOVERY) {
        const struct area *slot = &port.layout.areas[AREA_SLOT_A + handed_over.running];
        board_run_image((uint32_t)slot->offset);
    }
    start();
    for (;;)
        example_poll();
}
