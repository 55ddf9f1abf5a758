/* The bench itself: port, loop, client. How it was made in the factory: bench_factory.c. */
#include "tests/support/bench_device.h"

#include "agent/protocol/client.h"
#include "tests/support/bench_factory.h"
#include "tests/support/test.h"

#define LOOPS_MAX 2000000u /* a bench that runs in circles is a failed test */

static void port_interlock(void *context, struct interlock *out)
{
    *out = ((struct bench *)context)->interlock;
}

static void port_self_test(void *context, struct self_test_result *out)
{
    *out = ((struct bench *)context)->self_test;
}

static void port_trial(void *context, bool running)
{
    struct bench *bench = context;

    bench->trial_told = running;
    bench->trials_told += running;
}

static enum status port_settings(void *context, uint8_t digest[32])
{
    (void)context;
    memset(digest, 0x5e, 32);
    return OK;
}

static enum status port_sign(void *context, struct span private_key, struct span message,
                             uint8_t signature[64])
{
    uint8_t digest[DIGEST_SIZE];

    (void)context;
    if (private_key.size != P256_PRIVATE_SIZE)
        return NO_KEY;
    digest_of(message, digest);
    return p256_sign(private_key.data, digest, signature);
}

static void port_make(struct bench *bench)
{
    bench->port = (struct port){
        .context = bench,
        .agent_version = "1.0.0",
        .buffers = 8,
        .block_max = BENCH_BLOCK,
        .segment_max = 4096,
        .decoder_ram = BENCH_BLOCK + BENCH_DECODER,
        .interlock = port_interlock,
        .self_test = port_self_test,
        .trial = port_trial,
        .settings_digest = port_settings,
        .sign = port_sign,
    };
    memory_layout(bench->chip, BENCH_SLOT_BLOCKS, &bench->port.layout);
    assert_int_equal(layout_check(&bench->port.layout), OK);
}

static void client_open(struct bench *bench)
{
    client_start(&bench->client, buffer_over(bench->client_receive, sizeof bench->client_receive),
                 buffer_over(bench->client_send, sizeof bench->client_send), BENCH_BUFFER);
}

struct bench *bench_new(const struct bench_options *options)
{
    static const struct bench_options ordinary;
    struct bench *bench = calloc(1, sizeof *bench);
    uint32_t unit;

    if (!options)
        options = &ordinary;
    assert_non_null(bench);
    unit = options->write_unit ? options->write_unit : 16;
    uint32_t block = options->erase_block ? options->erase_block : BENCH_ERASE_BLOCK;
    bench->chip = memory_flash_new(MEMORY_LAYOUT_BLOCKS(BENCH_SLOT_BLOCKS) * block, unit, block,
                                   options->erased_zero ? 0x00 : 0xff);
    assert_non_null(bench->chip);
    bench->chip->seed = options->seed + 1;
    bench->interlock = (struct interlock){.use = USE_FREE, .service = true, .mains = true, .battery = 90};
    bench->self_test = (struct self_test_result){.result = SELF_TEST_PASSED};
    bench->deliver = SIZE_MAX;
    bench->now = 1000;
    bench->no_device_key = options->no_device_key;
    port_make(bench);
    factory_fill(bench, options);
    bench->chip->operations = 0;
    client_open(bench);
    return bench;
}

struct bench *bench_twin(const struct bench *bench)
{
    const struct memory_flash *chip = bench->chip;
    struct bench *twin = malloc(sizeof *twin);

    assert_non_null(twin);
    *twin = *bench;
    memset(&twin->agent, 0xa5, sizeof twin->agent);
    memset(twin->manifest, 0xa5, sizeof twin->manifest);
    memset(twin->decoder, 0xa5, sizeof twin->decoder);
    twin->chip =
        memory_flash_new(chip->size, chip->flash.write_unit, chip->flash.erase_block, chip->flash.erased);
    assert_non_null(twin->chip);
    memory_flash_copy(twin->chip, chip);
    twin->chip->grain = chip->grain;
    twin->chip->seed = chip->seed + 1;
    twin->powered = twin->link_cut = false;
    twin->deliver = SIZE_MAX;
    port_make(twin);
    assert_int_equal(root_read(span_of(twin->root_bytes, twin->root_size), &twin->trust), OK);
    client_open(twin);
    return twin;
}

void bench_free(struct bench *bench)
{
    assert_int_equal(bench->chip->abuses, 0);
    memory_flash_free(bench->chip);
    free(bench);
}

void bench_power_on(struct bench *bench)
{
    struct agent_memory memory = {
        .manifest = buffer_over(bench->manifest, sizeof bench->manifest),
        .block = buffer_over(bench->block, sizeof bench->block),
        .decoder = buffer_over(bench->decoder, sizeof bench->decoder),
        .receive = buffer_over(bench->receive, sizeof bench->receive),
        .send = buffer_over(bench->send, sizeof bench->send),
        .page = buffer_over(bench->page, sizeof bench->page),
        .report = buffer_over(bench->report, sizeof bench->report),
    };

    bench->starts++;
    bench->to_device_size = 0;
    boot_run(&bench->port.layout, 0, memory.page, &bench->boot);
    agent_start(&bench->agent, &bench->port, &memory, &bench->boot, bench->now);
    client_link_reset(&bench->client, bench->now);
    bench->powered = true;
}

void bench_power_off(struct bench *bench)
{
    bench->powered = false;
    client_cancel(&bench->client);
    client_poll(&bench->client, bench->now);
}

bool bench_cut(struct bench *bench, unsigned at, enum cut_when when, void (*act)(struct bench *, void *),
               void *with)
{
    jmp_buf power;
    volatile bool cut = true;

    if (setjmp(power) == 0) {
        memory_flash_cut(bench->chip, at, when, &power);
        act(bench, with);
        cut = false;
    }
    memory_flash_cut(bench->chip, 0, CUT_BEFORE, NULL);
    if (cut)
        bench_power_off(bench);
    return cut;
}

/* Bytes on the wire ----------------------------------------------------------------------------------------------- */

static bool client_to_device(struct bench *bench)
{
    size_t room = sizeof bench->to_device - bench->to_device_size;
    size_t sent = client_send(&bench->client, bench->to_device + bench->to_device_size, room, bench->now);

    if (bench->link_cut || sent > bench->deliver) {
        bench->link_cut = true;
        return sent > 0;
    }
    if (bench->deliver != SIZE_MAX)
        bench->deliver -= sent;
    bench->to_device_size += sent;
    size_t taken = agent_receive(&bench->agent, span_of(bench->to_device, bench->to_device_size), bench->now);
    memmove(bench->to_device, bench->to_device + taken, bench->to_device_size - taken);
    bench->to_device_size -= taken;
    return sent > 0 || taken > 0;
}

static bool device_to_client(struct bench *bench)
{
    uint8_t bytes[700];
    size_t size = agent_send(&bench->agent, bytes, sizeof bytes);

    if (size > 0 && !bench->link_cut)
        client_receive(&bench->client, span_of(bytes, size), bench->now);
    return size > 0;
}

/* One turn of everything; returns when the device wants to be called again. */
static uint64_t turn(struct bench *bench, bool *moved)
{
    *moved = client_to_device(bench);
    uint64_t next = agent_step(&bench->agent, bench->now);
    if (device_to_client(bench))
        *moved = true;
    if (agent_reset_wanted(&bench->agent)) {
        bench_power_on(bench);
        *moved = true;
    }
    return next;
}

void bench_run(struct bench *bench, uint64_t ms)
{
    uint64_t end = bench->now + ms;
    bool moved;

    for (unsigned loop = 0; loop < LOOPS_MAX; loop++) {
        uint64_t next = turn(bench, &moved);
        if (moved || next <= bench->now)
            continue;
        if (bench->now >= end)
            return;
        bench->now = next < end ? next : end;
    }
    fail_msg("the bench ran in circles at %llu ms", (unsigned long long)bench->now);
}

/* Until the client's job ends. */
static enum client_event job_run(struct bench *bench)
{
    bool moved;

    for (unsigned loop = 0; loop < LOOPS_MAX; loop++) {
        enum client_event event = client_poll(&bench->client, bench->now);
        if (event != CLIENT_WAITING)
            return event;
        uint64_t next = turn(bench, &moved), wake = client_wake(&bench->client);
        if (moved || next <= bench->now || wake <= bench->now)
            continue;
        bench->now = next < wake ? next : wake;
    }
    fail_msg("the client's job never ended");
    return CLIENT_WAITING;
}

enum client_event bench_request(struct bench *bench, enum smp_op op, uint16_t group, uint8_t id,
                                struct span body)
{
    assert_true(bench->powered);
    assert_int_equal(client_request(&bench->client, op, group, id, body, bench->now, 2000, 3), OK);
    return job_run(bench);
}

enum client_event bench_verb(struct bench *bench, enum suture_verb verb, const char *key,
                             const uint8_t digest[DIGEST_SIZE])
{
    uint8_t memory[64];
    struct buffer body = buffer_over(memory, sizeof memory);

    assert_int_equal(request_digest_write(&body, key, digest), OK);
    return bench_request(bench, SMP_WRITE, SMP_GROUP_SUTURE, (uint8_t)verb, span_used(&body));
}

static enum status source_read(void *context, uint64_t offset, uint8_t *data, size_t size)
{
    memcpy(data, (const uint8_t *)context + offset, size);
    return OK;
}

static enum client_event transfer_run(struct bench *bench, struct client_transfer *transfer)
{
    assert_true(bench->powered);
    assert_int_equal(client_transfer_start(&bench->client, transfer, bench->now, 2000, 3), OK);
    return job_run(bench);
}

enum client_event bench_upload(struct bench *bench, const struct push *push, enum with_sha with_sha)
{
    struct client_transfer transfer = {
        .group = SMP_GROUP_IMAGE,
        .id = IMAGE_UPLOAD,
        .source = {.context = push->bytes, .size = push->size, .read = source_read},
        .sha = with_sha == WITH_SHA ? push->sha : NULL,
        .window = 4,
    };

    return transfer_run(bench, &transfer);
}

enum client_event bench_transfer(struct bench *bench, enum suture_verb verb, struct span document)
{
    struct client_transfer transfer = {
        .group = SMP_GROUP_SUTURE,
        .id = (uint8_t)verb,
        .source = {.context = (void *)(uintptr_t)document.data, .size = document.size, .read = source_read},
        .window = 1,
    };

    return transfer_run(bench, &transfer);
}

/* Questions ------------------------------------------------------------------------------------------------------- */

static struct span read_verb(struct bench *bench, enum suture_verb verb)
{
    assert_int_equal(bench_request(bench, SMP_READ, SMP_GROUP_SUTURE, (uint8_t)verb, (struct span){0}),
                     CLIENT_ANSWER);
    return client_answer(&bench->client);
}

struct message_identity bench_identity(struct bench *bench)
{
    struct message_identity message;

    assert_int_equal(message_identity_read(read_verb(bench, VERB_IDENTITY), &message), OK);
    return message;
}

struct message_status bench_status(struct bench *bench)
{
    struct message_status message;

    assert_int_equal(message_status_read(read_verb(bench, VERB_STATUS), &message), OK);
    return message;
}

void bench_update_to_trial(struct bench *bench, const struct push *push)
{
    unsigned starts = bench->starts;

    assert_int_equal(bench_upload(bench, push, WITH_SHA), CLIENT_DONE);
    assert_int_equal(bench_verb(bench, VERB_ACTIVATE, "manifest", push->manifest), CLIENT_ANSWER);
    bench_run(bench, 10);
    assert_int_equal(bench->starts, starts + 1);
    assert_int_equal(bench->boot.kind, BOOT_TRIAL);
}

size_t bench_report(struct bench *bench, const uint8_t nonce[REPORT_NONCE_SIZE], uint8_t *out,
                    size_t capacity)
{
    struct message_report piece;
    uint64_t offset = 0;

    do {
        uint8_t memory[64];
        struct buffer body = buffer_over(memory, sizeof memory);
        assert_int_equal(request_report_write(&body, nonce, offset), OK);
        enum client_event event =
            bench_request(bench, SMP_READ, SMP_GROUP_SUTURE, VERB_REPORT, span_used(&body));
        if (event != CLIENT_ANSWER)
            fail_msg("report at %u: event %d, error %u", (unsigned)offset, event, bench_error(bench));
        assert_int_equal(message_report_read(client_answer(&bench->client), &piece), OK);
        assert_true(piece.offset == offset && piece.data.size > 0 && piece.length <= capacity);
        memcpy(out + offset, piece.data.data, piece.data.size);
        offset += piece.data.size;
    } while (offset < piece.length);
    return (size_t)offset;
}

unsigned bench_error(const struct bench *bench)
{
    const struct smp_error *error = client_error(&bench->client);

    if (!error->failed)
        return 0;
    return error->from_group ? error->rc : 1000 + error->rc;
}

uint8_t *bench_snapshot(const struct bench *bench)
{
    uint8_t *copy = malloc(bench->chip->size);

    assert_non_null(copy);
    memcpy(copy, bench->chip->bytes, bench->chip->size);
    return copy;
}

bool bench_unchanged(const struct bench *bench, const uint8_t *snapshot)
{
    return memcmp(bench->chip->bytes, snapshot, bench->chip->size) == 0;
}

static bool area_holds(const struct area *area, struct span image)
{
    uint8_t piece[4096];

    for (size_t at = 0; at < image.size; at += sizeof piece) {
        size_t size = image.size - at < sizeof piece ? image.size - at : sizeof piece;
        if (area_read(area, at, piece, size) != OK || memcmp(piece, image.data + at, size) != 0)
            return false;
    }
    return true;
}

/* A bench may stand on another flash than its chip. */
bool bench_slot_holds(const struct bench *bench, uint8_t slot, const struct push *push)
{
    const struct area *area = &bench->port.layout.areas[slot == SLOT_A ? AREA_SLOT_A : AREA_SLOT_B];

    if (area->flash != &bench->chip->flash)
        return area_holds(area, span_of(push->image, push->image_size));
    return memcmp(bench->chip->bytes + area->offset, push->image, push->image_size) == 0;
}
