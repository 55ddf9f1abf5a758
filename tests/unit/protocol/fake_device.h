/* A bench for the client: a device that takes an upload as its rules are written (it rules the offset), a link of packets
 * that a story can lose, double or let overtake each other, and a clock that jumps to when the client wants to be woken. */
#ifndef SUTURE_TESTS_UNIT_PROTOCOL_FAKE_DEVICE_H
#define SUTURE_TESTS_UNIT_PROTOCOL_FAKE_DEVICE_H

#include "agent/protocol/client.h"
#include "tests/support/test.h"

#define BENCH_FILE_MAX   65536
#define BENCH_PACKET_MAX 512
#define BENCH_CHUNK      490 /* the most that such a packet carries, about */
#define BENCH_QUEUE_MAX  256
#define BENCH_TIMEOUT_MS 1000
#define BENCH_TRIES      3

enum fate { DELIVERED, LOST, DOUBLED, OVERTAKES /* the packet in front of it */ };
enum direction { REQUESTS, ANSWERS };
enum reply { REPLY_USUAL, REPLY_THIS, REPLY_NOTHING };

struct packet {
    size_t size;
    uint8_t bytes[BENCH_PACKET_MAX];
};

struct queue {
    size_t count;
    struct packet packets[BENCH_QUEUE_MAX];
};

struct bench;
/* A story's own device: answers `body`, nothing, or as usual. */
typedef enum reply (*bench_script)(struct bench *bench, const struct smp_header *header, struct span request,
                                   struct buffer *body);
/* What becomes of packet `number` (from 0) of a direction. */
typedef enum fate (*bench_fate)(struct bench *bench, enum direction direction, unsigned number);

struct bench {
    struct client client;
    uint8_t receive_memory[BENCH_PACKET_MAX], send_memory[2 * BENCH_PACKET_MAX];
    uint64_t now;
    /* the link */
    bench_fate fate;
    struct frame_raw wire; /* cuts the client's bytes into packets: the client must never break the framing */
    uint8_t wire_memory[BENCH_PACKET_MAX];
    struct queue queues[2];
    unsigned carried[2];
    size_t most_in_flight;
    uint32_t random;
    bool sends_first;
    /* the device */
    bench_script script;
    uint8_t file[BENCH_FILE_MAX];
    uint64_t wanted, length, stored; /* stored: what it has from before, found again by the sha */
    bool begun;
    unsigned requests, first_chunks;
    uint64_t story; /* a script's own count */
    /* the source */
    uint64_t source_size, source_fails_at;
    uint8_t sha[32];
};

static inline uint32_t bench_random(struct bench *bench, uint32_t below)
{
    bench->random = bench->random * 1664525u + 1013904223u;
    return (uint32_t)((uint64_t)(bench->random >> 8) * below >> 24);
}

static inline uint8_t source_byte(uint64_t offset)
{
    return (uint8_t)(offset * 7 ^ offset >> 8 ^ offset >> 5);
}

static inline enum status bench_source_read(void *context, uint64_t offset, uint8_t *data, size_t size)
{
    struct bench *bench = context;
    assert_true(offset <= bench->source_size && size <= bench->source_size - offset);
    if (offset + size > bench->source_fails_at)
        return FAILED;
    for (size_t i = 0; i < size; i++)
        data[i] = source_byte(offset + i);
    return OK;
}

static inline struct bench *bench_of(uint64_t source_size)
{
    struct bench *bench = calloc(1, sizeof *bench);
    assert_non_null(bench);
    assert_true(source_size <= BENCH_FILE_MAX);
    bench->source_size = source_size;
    bench->source_fails_at = UINT64_MAX;
    bench->now = 5000;
    bench->random = 1;
    memset(bench->sha, 0x5a, sizeof bench->sha);
    frame_raw_start(&bench->wire, buffer_over(bench->wire_memory, sizeof bench->wire_memory));
    client_start(&bench->client, buffer_over(bench->receive_memory, sizeof bench->receive_memory),
                 buffer_over(bench->send_memory, sizeof bench->send_memory), BENCH_PACKET_MAX);
    return bench;
}

/* The device, a little ---------------------------------------------------------------------------------------------- */

static inline uint64_t body_uint(struct span body, const char *key, uint64_t absent)
{
    struct cbor value;
    uint64_t number = absent;
    if (smp_find(body, key, &value) == OK)
        assert_int_equal(cbor_uint(&value, &number), OK);
    return number;
}

static inline struct span body_bytes(struct span body, const char *key)
{
    struct cbor value;
    struct span bytes = {NULL, 0};
    if (smp_find(body, key, &value) == OK)
        assert_int_equal(cbor_bytes(&value, &bytes), OK);
    return bytes;
}

/* Power went and came: what was journalled, in steps of 512 bytes, is found again. */
static inline void device_restarts(struct bench *bench)
{
    bench->stored = bench->wanted & ~(uint64_t)511;
    bench->begun = false;
    bench->wanted = 0;
}

static inline void device_begins(struct bench *bench, struct span request)
{
    bool has_sha = body_bytes(request, "sha").size == 32;
    bench->first_chunks += 1;
    bench->length = body_uint(request, "len", 0);
    assert_int_equal(bench->length, bench->source_size);
    if (!bench->begun)
        bench->wanted = has_sha ? bench->stored : 0;
    bench->begun = true;
}

static inline void device_uploads(struct bench *bench, struct span request, struct buffer *body)
{
    uint64_t offset = body_uint(request, "off", UINT64_MAX);
    struct span data = body_bytes(request, "data");
    if (offset == 0)
        device_begins(bench, request);
    if (bench->begun && offset == bench->wanted) {
        assert_true(data.size <= bench->length - offset);
        memcpy(bench->file + offset, data.data, data.size);
        bench->wanted += data.size;
    }
    bool whole = bench->begun && bench->wanted == bench->length;
    const struct message_upload_answer answer = {bench->wanted, whole, whole};
    assert_int_equal(message_upload_answer_write(body, &answer), OK);
}

/* The link ---------------------------------------------------------------------------------------------------------- */

static inline void packet_queue(struct queue *queue, struct span packet, enum fate fate)
{
    size_t at = fate == OVERTAKES && queue->count > 0 ? queue->count - 1 : queue->count;
    assert_true(queue->count < BENCH_QUEUE_MAX && packet.size <= BENCH_PACKET_MAX);
    memmove(queue->packets + at + 1, queue->packets + at, (queue->count - at) * sizeof *queue->packets);
    queue->packets[at].size = packet.size;
    memcpy(queue->packets[at].bytes, packet.data, packet.size);
    queue->count += 1;
}

static inline void packet_carry(struct bench *bench, enum direction direction, struct span packet)
{
    enum fate fate = bench->fate ? bench->fate(bench, direction, bench->carried[direction]) : DELIVERED;
    bench->carried[direction] += 1;
    if (fate != LOST)
        packet_queue(&bench->queues[direction], packet, fate);
    if (fate == DOUBLED)
        packet_queue(&bench->queues[direction], packet, fate);
}

static inline bool packet_arrives(struct bench *bench, enum direction direction, struct packet *out)
{
    struct queue *queue = &bench->queues[direction];
    if (queue->count == 0)
        return false;
    *out = queue->packets[0];
    queue->count -= 1;
    memmove(queue->packets, queue->packets + 1, queue->count * sizeof *queue->packets);
    return true;
}

/* Takes all that the client has to send, in pieces of any size. */
static inline bool client_sends(struct bench *bench)
{
    uint8_t piece[200];
    size_t size;
    bool any = false;
    while ((size = client_send(&bench->client, piece, 1 + bench_random(bench, sizeof piece), bench->now)) >
           0) {
        struct span bytes = span_of(piece, size), packet;
        enum status status;
        any = true;
        while ((status = frame_raw_take(&bench->wire, &bytes, &packet)) == OK)
            packet_carry(bench, REQUESTS, packet);
        assert_int_equal(status, INCOMPLETE);
    }
    size_t in_flight = bench->queues[REQUESTS].count + bench->queues[ANSWERS].count;
    if (in_flight > bench->most_in_flight)
        bench->most_in_flight = in_flight;
    return any;
}

/* Answers a request's header with a body. */
static inline void device_answers(struct bench *bench, const struct smp_header *request, struct span body)
{
    uint8_t memory[BENCH_PACKET_MAX];
    struct buffer packet = buffer_over(memory, sizeof memory);
    struct smp_header header = *request;
    header.op += 1;
    header.length = (uint16_t)body.size;
    smp_header_write(&header, memory);
    packet.size = SMP_HEADER_SIZE;
    assert_true(buffer_append(&packet, body));
    packet_carry(bench, ANSWERS, span_used(&packet));
}

static inline bool device_works(struct bench *bench)
{
    struct packet packet;
    if (!packet_arrives(bench, REQUESTS, &packet))
        return false;
    struct span bytes = span_of(packet.bytes, packet.size);
    struct smp_header header;
    assert_int_equal(smp_header_read(bytes, &header), OK);
    assert_int_equal(header.version, 1);
    assert_int_equal(header.length, packet.size - SMP_HEADER_SIZE);
    bench->requests += 1;

    uint8_t memory[BENCH_PACKET_MAX];
    struct buffer body = buffer_over(memory, sizeof memory);
    struct span request = span_from(bytes, SMP_HEADER_SIZE);
    enum reply reply = bench->script ? bench->script(bench, &header, request, &body) : REPLY_USUAL;
    if (reply == REPLY_USUAL)
        device_uploads(bench, request, &body);
    if (reply != REPLY_NOTHING)
        device_answers(bench, &header, span_used(&body));
    return true;
}

static inline bool client_hears(struct bench *bench)
{
    struct packet packet;
    if (!packet_arrives(bench, ANSWERS, &packet))
        return false;
    for (size_t at = 0; at < packet.size;) {
        struct span piece =
            span_first(span_of(packet.bytes + at, packet.size - at), 1 + bench_random(bench, 40));
        client_receive(&bench->client, piece, bench->now);
        at += piece.size;
    }
    return true;
}

/* One turn of the caller's loop; when nothing moves, time goes on to when the client wants to be woken. */
static inline enum client_event bench_turn(struct bench *bench)
{
    /* a caller may also send before it hears and polls */
    bool moved = bench->sends_first && client_sends(bench);
    moved |= client_hears(bench);
    enum client_event event = client_poll(&bench->client, bench->now);
    moved |= !bench->sends_first && client_sends(bench);
    moved |= device_works(bench);
    if (event == CLIENT_WAITING && !moved) {
        uint64_t wake = client_wake(&bench->client);
        assert_true(wake != UINT64_MAX);
        if (wake > bench->now)
            bench->now = wake;
    }
    return event;
}

/* Runs until the job ends; a job that doesn't is a failure. */
static inline enum client_event bench_run(struct bench *bench)
{
    for (unsigned turn = 0; turn < 400000; turn++) {
        enum client_event event = bench_turn(bench);
        if (event != CLIENT_WAITING)
            return event;
    }
    fail_msg("the job never ended");
    return CLIENT_WAITING;
}

/* Stories begin here ------------------------------------------------------------------------------------------------- */

static inline void upload_starts(struct bench *bench, unsigned window)
{
    const struct client_transfer transfer = {
        .group = SMP_GROUP_IMAGE,
        .id = IMAGE_UPLOAD,
        .source = {bench, bench->source_size, bench_source_read},
        .sha = bench->sha,
        .window = window,
    };
    assert_int_equal(
        client_transfer_start(&bench->client, &transfer, bench->now, BENCH_TIMEOUT_MS, BENCH_TRIES), OK);
}

static inline enum client_event upload_runs(struct bench *bench, unsigned window)
{
    upload_starts(bench, window);
    return bench_run(bench);
}

static inline const struct client_progress *progress_of(const struct bench *bench)
{
    return client_progress(&bench->client);
}

/* Every byte came to the device, whatever it remembers of that. */
static inline void file_was_written(const struct bench *bench)
{
    for (uint64_t i = 0; i < bench->source_size; i++) {
        if (bench->file[i] != source_byte(i))
            fail_msg("byte %llu is wrong", (unsigned long long)i);
    }
}

static inline void file_arrived(const struct bench *bench)
{
    assert_int_equal(bench->wanted, bench->source_size);
    file_was_written(bench);
}

static inline enum reply answer_error(struct buffer *body, uint32_t rc)
{
    struct cbor_writer writer = cbor_into(body);
    cbor_put_map(&writer, 1);
    cbor_put_text(&writer, "rc");
    cbor_put_uint(&writer, rc);
    return REPLY_THIS;
}

static inline enum reply answer_group_error(struct buffer *body, uint16_t group, uint32_t rc)
{
    struct cbor_writer writer = cbor_into(body);
    cbor_put_map(&writer, 1);
    cbor_put_text(&writer, "err");
    cbor_put_map(&writer, 2);
    cbor_put_text(&writer, "group");
    cbor_put_uint(&writer, group);
    cbor_put_text(&writer, "rc");
    cbor_put_uint(&writer, rc);
    return REPLY_THIS;
}

static inline enum reply answer_offset(struct buffer *body, uint64_t offset)
{
    const struct message_upload_answer answer = {offset, false, false};
    assert_int_equal(message_upload_answer_write(body, &answer), OK);
    return REPLY_THIS;
}

#endif
