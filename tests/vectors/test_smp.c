/* Other people's SMP packets: every header reads and is written back, every body holds what its line says, errors and the
 * messages that we write ourselves come out the same. Sources: tests/vectors/smp/README.md. */
#include "agent/protocol/frame_raw.h"
#include "agent/protocol/messages.h"

#include "tests/support/hex.h"
#include "tests/support/test.h"

#include <jansson.h>
#include <stdio.h>

#define FRAMES_MAX 100
#define PACKET_MAX 512

struct frame {
    json_t *line;
    const char *name;
    uint8_t memory[PACKET_MAX];
    struct span packet, body;
    struct smp_header header;
};

static struct frame frames[FRAMES_MAX];
static size_t frame_count;

static json_int_t number(const struct frame *frame, const char *key)
{
    json_t *value = json_object_get(frame->line, key);
    assert_true(json_is_integer(value));
    return json_integer_value(value);
}

static void frames_load(const char *file)
{
    char path[100], line[4096];
    snprintf(path, sizeof path, "tests/vectors/smp/%s.jsonl", file);
    FILE *lines = fopen(path, "r");
    assert_non_null(lines);
    while (fgets(line, sizeof line, lines) != NULL) {
        assert_true(frame_count < FRAMES_MAX);
        struct frame *frame = &frames[frame_count++];
        frame->line = json_loads(line, 0, NULL);
        assert_non_null(frame->line);
        frame->name = json_string_value(json_object_get(frame->line, "name"));
        frame->packet =
            hex_into(frame->memory, PACKET_MAX, json_string_value(json_object_get(frame->line, "hex")));
        if (smp_header_read(frame->packet, &frame->header))
            fail_msg("%s has no header", frame->name);
        frame->body = span_from(frame->packet, SMP_HEADER_SIZE);
    }
    fclose(lines);
}

static int load(void **state)
{
    (void)state;
    frames_load("frames");
    assert_int_equal(frame_count, 50);
    frames_load("frames-authored");
    assert_int_equal(frame_count, 62);
    frames_load("frames-own");
    assert_int_equal(frame_count, 75);
    return 0;
}

static int unload(void **state)
{
    (void)state;
    while (frame_count > 0)
        json_decref(frames[--frame_count].line);
    return 0;
}

static void every_header_reads_and_is_written_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < frame_count; i++) {
        const struct frame *frame = &frames[i];
        uint8_t again[SMP_HEADER_SIZE];
        print_message("# %s\n", frame->name);
        assert_int_equal(frame->header.op, number(frame, "op"));
        assert_int_equal(frame->header.version, number(frame, "ver"));
        assert_int_equal(frame->header.flags, number(frame, "flags"));
        assert_int_equal(frame->header.length, number(frame, "len"));
        assert_int_equal(frame->header.group, number(frame, "group"));
        assert_int_equal(frame->header.sequence, number(frame, "seq"));
        assert_int_equal(frame->header.id, number(frame, "id"));
        assert_int_equal(frame->header.length, frame->body.size);
        smp_header_write(&frame->header, again);
        assert_memory_equal(again, frame->packet.data, SMP_HEADER_SIZE);
    }
}

/* Bodies ------------------------------------------------------------------------------------------------------------------ */

static void value_is(struct cbor *value, json_t *expected);

static void text_is(struct span text, const char *expected)
{
    assert_true(span_equal(text, span_text(expected)));
}

static void map_is(struct cbor *value, json_t *expected)
{
    struct cbor_items items;
    size_t pairs = 0;
    bool more;
    assert_int_equal(cbor_enter_map(value, &items), OK);
    while (!cbor_more(value, &items, &more) && more) {
        struct span key;
        assert_int_equal(cbor_text(value, &key), OK);
        value_is(value, json_object_getn(expected, (const char *)key.data, key.size));
        pairs += 1;
    }
    assert_false(more);
    assert_int_equal(pairs, json_object_size(expected));
}

static void array_is(struct cbor *value, json_t *expected)
{
    struct cbor_items items;
    size_t count = 0;
    bool more;
    assert_int_equal(cbor_enter_array(value, &items), OK);
    while (!cbor_more(value, &items, &more) && more)
        value_is(value, json_array_get(expected, count++));
    assert_false(more);
    assert_int_equal(count, json_array_size(expected));
}

static void value_is(struct cbor *value, json_t *expected)
{
    uint8_t memory[PACKET_MAX];
    struct span bytes;
    int64_t integer;
    bool truth;

    assert_non_null(expected);
    switch (cbor_kind(value)) {
    case CBOR_MAP:
        map_is(value, expected);
        break;
    case CBOR_ARRAY:
        array_is(value, expected);
        break;
    case CBOR_TEXT:
        assert_int_equal(cbor_text(value, &bytes), OK);
        text_is(bytes, json_string_value(expected));
        break;
    case CBOR_BYTES:
        assert_int_equal(cbor_bytes(value, &bytes), OK);
        assert_true(span_equal(bytes, hex_into(memory, sizeof memory, json_string_value(expected))));
        break;
    case CBOR_BOOL:
        assert_true(json_is_boolean(expected));
        assert_int_equal(cbor_bool(value, &truth), OK);
        assert_int_equal(truth, json_boolean_value(expected));
        break;
    default:
        assert_true(json_is_integer(expected));
        assert_int_equal(cbor_int(value, &integer), OK);
        assert_true(integer == json_integer_value(expected));
    }
}

static void every_body_holds_what_its_line_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < frame_count; i++) {
        json_t *fields = json_object_get(frames[i].line, "fields"), *field;
        const char *key;
        print_message("# %s\n", frames[i].name);
        if (frames[i].body.size == 0) {
            assert_int_equal(json_object_size(fields), 0);
            continue;
        }
        struct cbor whole = cbor_over(frames[i].body, CBOR_LOOSE);
        value_is(&whole, fields);
        assert_int_equal(cbor_end(&whole), OK);
        json_object_foreach(fields, key, field)
        {
            struct cbor value;
            assert_int_equal(smp_find(frames[i].body, key, &value), OK);
            value_is(&value, field);
        }
        struct cbor none;
        assert_int_equal(smp_find(frames[i].body, "no such key", &none), NOT_FOUND);
    }
}

static void every_error_is_seen_and_nothing_else(void **state)
{
    (void)state;
    unsigned failed = 0;
    for (size_t i = 0; i < frame_count; i++) {
        json_t *fields = json_object_get(frames[i].line, "fields");
        json_t *of_group = json_object_get(fields, "err");
        json_t *rc = json_object_get(of_group ? of_group : fields, "rc");
        struct smp_error error;
        print_message("# %s\n", frames[i].name);
        assert_int_equal(smp_error_read(frames[i].body, &error), OK);
        assert_int_equal(error.failed, rc != NULL && json_integer_value(rc) != 0);
        assert_int_equal(error.rc, rc ? json_integer_value(rc) : 0);
        assert_int_equal(error.from_group, of_group != NULL);
        if (of_group)
            assert_int_equal(error.group, json_integer_value(json_object_get(of_group, "group")));
        failed += error.failed ? 1 : 0;
    }
    assert_int_equal(failed, 6);
}

static void the_stream_of_all_packets_is_cut_into_them(void **state)
{
    (void)state;
    static uint8_t stream_memory[FRAMES_MAX * PACKET_MAX];
    uint8_t memory[PACKET_MAX];
    struct buffer stream = buffer_over(stream_memory, sizeof stream_memory);
    struct frame_raw raw;
    for (size_t i = 0; i < frame_count; i++)
        assert_true(buffer_append(&stream, frames[i].packet));
    struct span rest = span_used(&stream), packet;
    frame_raw_start(&raw, buffer_over(memory, sizeof memory));
    for (size_t i = 0; i < frame_count; i++) {
        assert_int_equal(frame_raw_take(&raw, &rest, &packet), OK);
        assert_true(span_equal(packet, frames[i].packet));
    }
    assert_int_equal(frame_raw_take(&raw, &rest, &packet), INCOMPLETE);
}

/* What we write ourselves ---------------------------------------------------------------------------------------------------- */

static void upload_answers_come_out_byte_for_byte(void **state)
{
    (void)state;
    unsigned read = 0, equal = 0;
    for (size_t i = 0; i < frame_count; i++) {
        const struct frame *frame = &frames[i];
        if (frame->header.op != SMP_WRITE_RESPONSE || frame->header.group != SMP_GROUP_IMAGE ||
            frame->header.id != IMAGE_UPLOAD)
            continue;
        json_t *fields = json_object_get(frame->line, "fields");
        json_t *offset = json_object_get(fields, "off"), *match = json_object_get(fields, "match");
        struct message_upload_answer answer;
        print_message("# %s seq %u\n", frame->name, frame->header.sequence);
        assert_int_equal(message_upload_answer_read(frame->body, &answer), offset ? OK : MISSING);
        if (offset == NULL)
            continue;
        read += 1;
        assert_true((json_int_t)answer.offset == json_integer_value(offset));
        assert_int_equal(answer.has_match, match != NULL);
        assert_int_equal(answer.match, json_is_true(match));

        uint8_t memory[64];
        struct buffer again = buffer_over(memory, sizeof memory);
        assert_int_equal(message_upload_answer_write(&again, &answer), OK);
        if (json_object_get(fields, "rc") == NULL && strncmp(frame->name, "own.", 4) != 0) {
            assert_true(span_equal(span_used(&again), frame->body));
            equal += 1;
        }
    }
    assert_int_equal(read, 22);
    assert_int_equal(equal, 12);
}

static const struct frame *frame_named(const char *name)
{
    for (size_t i = 0; i < frame_count; i++) {
        if (strcmp(frames[i].name, name) == 0)
            return &frames[i];
    }
    fail_msg("no packet %s", name);
    return NULL;
}

static void upload_requests_come_out_with_the_same_fields(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint64_t offset;
    } rows[] = {{"image_management.UploadFirst", 0}, {"image_management.UploadNext", 64}};
    for (size_t i = 0; i < 2; i++) {
        json_t *fields = json_object_get(frame_named(rows[i].name)->line, "fields");
        uint8_t data_memory[PACKET_MAX], sha_memory[32], memory[PACKET_MAX];
        struct buffer again = buffer_over(memory, sizeof memory);
        struct span data =
            hex_into(data_memory, PACKET_MAX, json_string_value(json_object_get(fields, "data")));
        const char *sha = json_string_value(json_object_get(fields, "sha"));
        if (sha)
            hex_into(sha_memory, sizeof sha_memory, sha);
        assert_int_equal(request_chunk_write(&again, rows[i].offset, 300, data, sha_memory), OK);

        /* for several images, and for going up only: neither is ours */
        json_object_del(fields, "image");
        json_object_del(fields, "upgrade");
        struct cbor whole = cbor_over(span_used(&again), CBOR_CANONICAL);
        value_is(&whole, fields);
    }
}

static void image_state_comes_out_the_same(void **state)
{
    (void)state;
    static const char *const names[] = {"image_management.StateReadResponse", "own.StateResponseIndefinite"};
    for (size_t i = 0; i < 2; i++) {
        struct span body = frame_named(names[i])->body;
        struct message_images images, twice;
        uint8_t memory[PACKET_MAX], twice_memory[PACKET_MAX];
        struct buffer again = buffer_over(memory, sizeof memory);
        struct buffer again_twice = buffer_over(twice_memory, sizeof twice_memory);
        assert_int_equal(message_images_read(body, &images), OK);
        assert_int_equal(images.count, i == 0 ? 2 : 1);
        assert_int_equal(images.images[0].version[1], 2);
        assert_true(images.images[0].active);
        assert_int_equal(images.images[0].confirmed, i == 0);
        assert_int_equal(images.images[0].hash[31], i == 0 ? 0x1f : 0);
        assert_int_equal(message_images_write(&again, &images), OK);
        assert_int_equal(message_images_read(span_used(&again), &twice), OK);
        assert_int_equal(message_images_write(&again_twice, &twice), OK);
        assert_true(span_equal(span_used(&again_twice), span_used(&again)));
        assert_memory_equal(twice.images[0].hash, images.images[0].hash, 32);
        assert_int_equal(twice.images[1].pending, images.images[1].pending);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_header_reads_and_is_written_back),
        cmocka_unit_test(every_body_holds_what_its_line_says),
        cmocka_unit_test(every_error_is_seen_and_nothing_else),
        cmocka_unit_test(the_stream_of_all_packets_is_cut_into_them),
        cmocka_unit_test(upload_answers_come_out_byte_for_byte),
        cmocka_unit_test(upload_requests_come_out_with_the_same_fields),
        cmocka_unit_test(image_state_comes_out_the_same),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
