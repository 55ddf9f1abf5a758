/* The framings' worked examples: those of others, and those computed from the published descriptions. */
#include "agent/protocol/frame_reader.h"
#include "keys/base/crc.h"

#include "tests/support/test.h"

#include <stdio.h>

#define PACKET_MAX 4096
#define WIRE_MAX   8192
#define LINE_MAX   16384

struct example {
    char name[64];
    unsigned crc;
    uint8_t packet[PACKET_MAX], wire[WIRE_MAX];
    size_t packet_size, wire_size;
};

static size_t hex_bytes(const char *text, uint8_t *out, size_t capacity)
{
    size_t size = 0;
    unsigned byte;

    while (size < capacity && sscanf(text + 2 * size, "%2x", &byte) == 1)
        out[size++] = (uint8_t)byte;
    return size;
}

/* Calls `check` with each block of the file; returns how many there were. */
static unsigned each_example(const char *path, void (*check)(const struct example *example))
{
    static char line[LINE_MAX];
    static struct example example;
    unsigned count = 0;
    FILE *file = fopen(path, "r");

    assert_non_null(file);
    memset(&example, 0, sizeof example);
    for (bool more = true; more;) {
        more = fgets(line, sizeof line, file) != NULL;
        if (!more || line[0] == '\n') {
            if (example.packet_size > 0) {
                check(&example);
                count++;
            }
            memset(&example, 0, sizeof example);
        } else if (sscanf(line, "name=%63s", example.name) == 1 ||
                   sscanf(line, "crc16=%x", &example.crc) == 1) {
            continue;
        } else if (strncmp(line, "smp=", 4) == 0) {
            example.packet_size = hex_bytes(line + 4, example.packet, PACKET_MAX);
        } else if (strncmp(line, "line=", 5) == 0 || strncmp(line, "wire=", 5) == 0) {
            example.wire_size +=
                hex_bytes(line + 5, example.wire + example.wire_size, WIRE_MAX - example.wire_size);
        }
    }
    fclose(file);
    return count;
}

static void reads_as(const uint8_t *wire, size_t size, const struct example *example, enum framing expected)
{
    static uint8_t memory[PACKET_MAX + FRAME_OVERHEAD];
    struct frame_reader reader;
    struct span in = span_of(wire, size), packet;
    enum framing framing;

    frame_reader_start(&reader, buffer_over(memory, sizeof memory), (struct frame_chatter){NULL, NULL});
    assert_int_equal(frame_reader_take(&reader, &in, &packet, &framing), OK);
    assert_int_equal(framing, expected);
    assert_int_equal(packet.size, example->packet_size);
    assert_memory_equal(packet.data, example->packet, packet.size);
    assert_int_equal(in.size, 0);
    assert_int_equal(reader.dropped, 0);
}

static size_t written(const struct example *example, enum framing framing, uint8_t *out)
{
    struct frame_writer writer;

    frame_writer_start(&writer, framing, span_of(example->packet, example->packet_size));
    size_t size = frame_writer_take(&writer, out, WIRE_MAX);
    assert_false(frame_writer_busy(&writer));
    return size;
}

static void check_console(const struct example *example)
{
    static uint8_t ours[WIRE_MAX];

    print_message("# %s\n", example->name);
    assert_int_equal(crc16_of(span_of(example->packet, example->packet_size)), example->crc);
    reads_as(example->wire, example->wire_size, example, FRAMING_CONSOLE);
    reads_as(ours, written(example, FRAMING_CONSOLE, ours), example, FRAMING_CONSOLE);
}

static void check_cobs(const struct example *example)
{
    static uint8_t ours[WIRE_MAX];

    print_message("# %s\n", example->name);
    assert_int_equal(crc16_of(span_of(example->packet, example->packet_size)), example->crc);
    reads_as(example->wire, example->wire_size, example, FRAMING_COBS);
    size_t size = written(example, FRAMING_COBS, ours);
    assert_int_equal(size, example->wire_size + 1);
    assert_int_equal(ours[0], 0);
    assert_memory_equal(ours + 1, example->wire, example->wire_size);
}

static void every_console_example_reads_and_writes(void **state)
{
    (void)state;
    assert_true(each_example("tests/vectors/smp/console-framing.txt", check_console) >= 5);
}

static void every_cobs_example_reads_and_writes(void **state)
{
    (void)state;
    assert_true(each_example("tests/vectors/smp/cobs-framing.txt", check_cobs) >= 2);
}

static void the_check_value_of_the_crc_is_the_published_one(void **state)
{
    (void)state;
    assert_int_equal(crc16_of(span_text("123456789")), 0x31c3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_console_example_reads_and_writes),
        cmocka_unit_test(every_cobs_example_reads_and_writes),
        cmocka_unit_test(the_check_value_of_the_crc_is_the_published_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
