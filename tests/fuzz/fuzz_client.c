/* The client with a device that answers whatever it likes: a request, then a transfer, over packets or a line. The first byte
 * chooses; then come moves: a byte of how, a byte of how much, and so many bytes. In whatever order they come, each job ends
 * by the time that the client itself names. */
#include "agent/protocol/client.h"
#include "agent/protocol/line.h"

#include "tests/fuzz/fuzz.h"

#include <string.h>

enum { PACKET = 256, FILE_SIZE = 5000, TIMEOUT_MS = 1000, TRIES = 3 };

static struct client client;
static struct line line;
static uint64_t now;
static bool over_a_line;

static enum status read_file(void *context, uint64_t offset, uint8_t *data, size_t size)
{
    (void)context;
    fuzz_must(offset <= FILE_SIZE && size <= FILE_SIZE - offset, "only bytes that are there are asked for");
    memset(data, (int)offset, size);
    return OK;
}

static void hear(struct span bytes)
{
    struct span packet;

    if (!over_a_line) {
        client_receive(&client, bytes, now);
        return;
    }
    while (line_take(&line, &bytes, now, &packet) == OK)
        client_receive(&client, packet, now);
}

/* A body under the header that the client waits for, or nearly. */
static void answer(struct span body, uint8_t how)
{
    uint8_t packet[SMP_HEADER_SIZE + 256];
    struct smp_header header = {.version = 1,
                                .op = (uint8_t)(client.op + 1),
                                .group = client.group,
                                .id = client.id,
                                .sequence = (uint8_t)(client.next_sequence - 1 - (how >> 4)),
                                .length = (uint16_t)body.size};

    smp_header_write(&header, packet);
    memcpy(packet + SMP_HEADER_SIZE, body.data, body.size);
    client_receive(&client, span_of(packet, SMP_HEADER_SIZE + body.size), now);
}

static void send_all(void)
{
    uint8_t bytes[PACKET];

    for (int packets = 0; packets < 64 && client_send(&client, bytes, sizeof bytes, now) > 0; packets++)
        continue;
}

static void move(uint8_t how, struct span bytes)
{
    switch (how & 7) {
    case 0:
        now += 10u * bytes.size;
        break;
    case 1:
        hear(bytes);
        break;
    case 2:
        client_link_reset(&client, now);
        break;
    case 3:
        client_packet_max(&client, 8 * bytes.size);
        break;
    default:
        answer(bytes, how);
        break;
    }
}

/* Runs the job that was started to its end; `script` is what the device does, and then it is silent. */
static void run(struct span *script)
{
    uint64_t silent_from = 0;

    for (unsigned turns = 0;; turns++) {
        send_all();
        if (client_poll(&client, now) != CLIENT_WAITING)
            return;
        fuzz_must(turns < 100000, "a job ends");
        if (script->size >= 2) {
            size_t size = script->data[1] < script->size - 2 ? script->data[1] : script->size - 2;
            uint8_t how = script->data[0];
            struct span bytes = span_first(span_from(*script, 2), size);
            *script = span_from(*script, 2 + size);
            move(how, bytes);
            continue;
        }
        if (silent_from == 0)
            silent_from = client_ends(&client);
        uint64_t wake = client_wake(&client);
        now = wake > now ? wake : now + 1;
        fuzz_must(now <= silent_from + 2 * TRIES, "a silent device is given up when it was said");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t receive[512], outbox[2 * PACKET], in[512 + FRAME_OVERHEAD], out[512];
    struct span script = span_from(span_of(data, size), 1);
    struct client_transfer transfer = {
        .group = SMP_GROUP_IMAGE, .id = IMAGE_UPLOAD, .source = {NULL, FILE_SIZE, read_file}};

    if (size == 0)
        return 0;
    now = 1;
    over_a_line = data[0] & 1;
    if (data[0] & 2)
        transfer = (struct client_transfer){SMP_GROUP_SUTURE, VERB_CHECK, transfer.source, NULL, 0};
    transfer.window = data[0] >> 2;
    client_start(&client, buffer_over(receive, sizeof receive), buffer_over(outbox, sizeof outbox), PACKET);
    line_start(&line, LINE_HOST, buffer_over(in, sizeof in), buffer_over(out, sizeof out),
               (struct frame_chatter){NULL, NULL});
    fuzz_must(client_request(&client, SMP_READ, SMP_GROUP_SUTURE, VERB_IDENTITY, span_of(NULL, 0), now,
                             TIMEOUT_MS, TRIES) == OK,
              "a request starts");
    run(&script);
    fuzz_must(client_transfer_start(&client, &transfer, now, TIMEOUT_MS, TRIES) == OK, "a transfer starts");
    run(&script);
    return 0;
}
