#include "tests/bench/rivals.h"

#include "hw-sim/wire.h"
#include "keys/base/bytes.h"
#include "keys/base/crc.h"
#include "tests/support/test.h"

#include <stdio.h>

enum { SOH = 1, STX = 2, EOT = 4, ACK = 6, NAK = 0x15, PAD = 0x1a, WANTS_CRC = 'C' };

#define SHORT    128u
#define LONG     1024u
#define OVERHEAD 5u /* kind, number, its complement, CRC */

struct end {
    struct buffer out; /* on its way to the wire */
    size_t out_sent;
    uint8_t memory[LONG + OVERHEAD];
};

struct exchange {
    enum rival rival;
    struct span file;
    uint64_t now_us;
    struct wire to_receiver, to_sender;
    struct end sender, receiver;
    /* the sender */
    size_t sent;    /* bytes of the file that were acknowledged or are under way */
    uint8_t number; /* of the next block */
    enum { SEND_HEAD, SEND_DATA, SEND_EOT, SEND_EOT_AGAIN, SEND_NOTHING, SEND_OVER } next;
    /* the receiver */
    uint8_t block[LONG + OVERHEAD];
    size_t block_size;
    size_t got;
    uint8_t wanted;
    bool head_came, eot_came, file_over;
};

/* Blocks of the file: long ones, and short ones where the rest fits into one. */
static size_t block_size(const struct exchange *exchange)
{
    return exchange->file.size - exchange->sent > SHORT ? LONG : SHORT;
}

static void say(struct end *end, uint8_t byte)
{
    assert_true(buffer_put(&end->out, byte));
}

static void block_send(struct exchange *exchange, size_t size, struct span data, uint8_t pad)
{
    struct buffer *out = &exchange->sender.out;
    uint8_t crc[2];

    say(&exchange->sender, size == LONG ? STX : SOH);
    say(&exchange->sender, exchange->number);
    say(&exchange->sender, (uint8_t)~exchange->number);
    assert_true(buffer_append(out, data));
    for (size_t i = data.size; i < size; i++)
        say(&exchange->sender, pad);
    put_be16(crc, crc16_of(span_of(out->data + 3, size)));
    assert_true(buffer_append(out, span_of(crc, sizeof crc)));
    exchange->number++;
}

static void data_send(struct exchange *exchange)
{
    size_t size = block_size(exchange);
    struct span data = span_first(span_from(exchange->file, exchange->sent), size);

    block_send(exchange, size, data, PAD);
    exchange->sent += data.size;
    exchange->next = exchange->sent < exchange->file.size ? SEND_DATA : SEND_EOT;
}

/* Name and size, each ended by a zero. */
static void head_send(struct exchange *exchange)
{
    char head[SHORT] = "push";
    int size = snprintf(head + 5, sizeof head - 5, "%zu", exchange->file.size);

    assert_true(size > 0);
    block_send(exchange, SHORT, span_of((const uint8_t *)head, 5 + (size_t)size + 1), 0);
    exchange->next = SEND_DATA;
}

/* What the sender says to a word of the receiver. XMODEM begins at C; YMODEM names the file first, and says twice that it is
 * over, then that no other file comes. */
static void sender_hears(struct exchange *exchange, uint8_t byte)
{
    if (byte == WANTS_CRC && exchange->next == SEND_HEAD) {
        head_send(exchange);
    } else if (byte == WANTS_CRC && exchange->next == SEND_DATA && exchange->sent == 0) {
        data_send(exchange);
    } else if (byte == ACK && exchange->next == SEND_DATA && exchange->sent > 0) {
        data_send(exchange);
    } else if (byte == ACK && exchange->next == SEND_EOT) {
        say(&exchange->sender, EOT);
        exchange->next = exchange->rival == RIVAL_YMODEM ? SEND_EOT_AGAIN : SEND_OVER;
    } else if (byte == NAK && exchange->next == SEND_EOT_AGAIN) {
        say(&exchange->sender, EOT);
        exchange->next = SEND_NOTHING;
    } else if (byte == WANTS_CRC && exchange->next == SEND_NOTHING) {
        exchange->number = 0;
        block_send(exchange, SHORT, (struct span){NULL, 0}, 0);
        exchange->next = SEND_OVER;
    }
}

static void eot_came(struct exchange *exchange)
{
    bool again = exchange->rival == RIVAL_XMODEM_1K || exchange->eot_came;

    exchange->eot_came = true;
    say(&exchange->receiver, again ? ACK : NAK);
    exchange->file_over = again;
    if (again && exchange->rival == RIVAL_YMODEM)
        say(&exchange->receiver, WANTS_CRC);
}

static void block_came(struct exchange *exchange, size_t size)
{
    struct span data = span_of(exchange->block + 3, size), left = span_from(exchange->file, exchange->got);

    assert_int_equal(exchange->block[1] ^ exchange->block[2], 0xff);
    assert_int_equal(crc16_of(data), get_be16(exchange->block + 3 + size));
    exchange->block_size = 0;
    say(&exchange->receiver, ACK);
    if (exchange->file_over)
        return;
    if (exchange->rival == RIVAL_YMODEM && !exchange->head_came) {
        exchange->head_came = true;
        say(&exchange->receiver, WANTS_CRC);
        return;
    }
    assert_int_equal(exchange->block[1], exchange->wanted++);
    data = span_first(data, left.size);
    assert_memory_equal(data.data, left.data, data.size);
    exchange->got += data.size;
}

static void receiver_hears(struct exchange *exchange, uint8_t byte)
{
    if (exchange->block_size == 0 && byte == EOT) {
        eot_came(exchange);
        return;
    }
    exchange->block[exchange->block_size++] = byte;
    size_t size = exchange->block[0] == STX ? LONG : SHORT;
    if (exchange->block_size == size + OVERHEAD)
        block_came(exchange, size);
}

/* Both wires as far as time allows; true when something moved. */
static bool wires_move(struct exchange *exchange)
{
    struct wire *wires[] = {&exchange->to_receiver, &exchange->to_sender};
    struct end *from[] = {&exchange->sender, &exchange->receiver};
    uint8_t byte;
    bool moved = false;

    for (size_t i = 0; i < 2; i++) {
        while (wire_take(wires[i], &byte, 1, exchange->now_us) == 1) {
            i == 0 ? receiver_hears(exchange, byte) : sender_hears(exchange, byte);
            moved = true;
        }
        struct span left = span_from(span_used(&from[i]->out), from[i]->out_sent);
        from[i]->out_sent += wire_put(wires[i], left, exchange->now_us);
        if (from[i]->out_sent == from[i]->out.size)
            from[i]->out.size = from[i]->out_sent = 0;
    }
    return moved;
}

static uint64_t next_time(const struct exchange *exchange)
{
    const struct wire *wires[] = {&exchange->to_receiver, &exchange->to_sender};
    const struct end *from[] = {&exchange->sender, &exchange->receiver};
    uint64_t next = FAULTS_NEVER;

    for (size_t i = 0; i < 2; i++) {
        uint64_t due = wire_due(wires[i]);
        if (from[i]->out.size > 0) {
            uint64_t ready = wire_ready(wires[i], 1, exchange->now_us);
            due = ready < due ? ready : due;
        }
        next = due < next ? due : next;
    }
    assert_true(next != FAULTS_NEVER);
    return next > exchange->now_us ? next : exchange->now_us + 1;
}

static void end_start(struct end *end)
{
    end->out = buffer_over(end->memory, sizeof end->memory);
    end->out_sent = 0;
}

uint64_t rival_time_us(enum rival rival, const struct rival_line *line, struct span file)
{
    static struct exchange exchange;
    struct wire *wires[] = {&exchange.to_receiver, &exchange.to_sender};

    exchange = (struct exchange){.rival = rival, .file = file, .wanted = 1};
    exchange.number = rival == RIVAL_YMODEM ? 0 : 1;
    exchange.next = rival == RIVAL_YMODEM ? SEND_HEAD : SEND_DATA;
    for (size_t i = 0; i < 2; i++) {
        wire_start(wires[i], line->baud);
        wires[i]->delay_us = line->delay_us;
        wires[i]->depth = line->depth;
    }
    end_start(&exchange.sender);
    end_start(&exchange.receiver);
    say(&exchange.receiver, WANTS_CRC);
    for (;;) {
        bool moved = wires_move(&exchange);
        bool quiet = exchange.to_sender.count == 0 && exchange.receiver.out.size == 0 &&
                     exchange.to_receiver.count == 0 && exchange.sender.out.size == 0;
        if (exchange.next == SEND_OVER && exchange.file_over && quiet)
            break;
        if (!moved)
            exchange.now_us = next_time(&exchange);
    }
    assert_int_equal(exchange.got, file.size);
    return exchange.now_us;
}

uint64_t rival_count_us(enum rival rival, const struct rival_line *line, struct span file)
{
    uint64_t whole = file.size / LONG, rest = file.size % LONG, bytes = 1, turns = 1; /* C */

    bytes += whole * (LONG + OVERHEAD + 1);
    turns += 2 * whole;
    if (rest > 0) {
        bytes += (rest > SHORT ? LONG : SHORT) + OVERHEAD + 1;
        turns += 2;
    }
    bytes += 2; /* EOT, ACK */
    turns += 2;
    if (rival == RIVAL_YMODEM) {
        bytes += 2 * (SHORT + OVERHEAD + 2) + 2; /* a block, ACK and C twice; EOT, NAK */
        turns += 2 * 2 + 2;
    }
    return bytes * WIRE_BITS * 1000000 / line->baud + turns * line->delay_us;
}
