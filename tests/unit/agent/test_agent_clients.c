/* Other people's SMP clients, as their packets reach the agent: the standard groups, and the habits that only they have. */
#include "tests/unit/agent/packet_kit.h"

static void echo_says_what_it_heard(void **state)
{
    struct bench *bench = device();
    struct packet answer = asked(bench, hex_packet("0a00 0009 0000 0700 a1 6164 65 68656c6c6f"));
    (void)state;

    assert_memory_equal(answer.bytes, "\x0b\x00\x00\x09\x00\x00\x07\x00\xa1\x61r\x65hello", 17);
    bench_free(bench);
}

static void groups_are_counted_listed_and_named(void **state)
{
    struct bench *bench = device();
    struct packet count = asked(bench, packet_of(1, SMP_READ, SMP_GROUP_ENUMERATION, 0, 1, (struct span){0}));
    struct packet list = asked(bench, packet_of(1, SMP_READ, SMP_GROUP_ENUMERATION, 1, 2, (struct span){0}));
    struct packet last =
        asked(bench, packet_of(1, SMP_READ, SMP_GROUP_ENUMERATION, 2, 3, span_of("\xa1\x65index\x03", 8)));
    struct packet beyond =
        asked(bench, packet_of(1, SMP_READ, SMP_GROUP_ENUMERATION, 2, 4, span_of("\xa1\x65index\x04", 8)));
    struct packet details =
        asked(bench, packet_of(1, SMP_READ, SMP_GROUP_ENUMERATION, 3, 5, (struct span){0}));
    (void)state;

    assert_true(span_equal(body_of(&count), span_of("\xa1\x65"
                                                    "count\x04",
                                                    8)));
    assert_true(span_equal(body_of(&list), span_of("\xa1\x66groups\x84\x00\x01\x0a\x19\x53\x55", 15)));
    assert_true(span_equal(body_of(&last), span_of("\xa2\x63"
                                                   "end\xf5\x65group\x19\x53\x55",
                                                   15)));
    assert_int_equal(error_of(&beyond).rc, SMP_NO_ENTRY);
    assert_false(error_of(&details).failed);
    bench_free(bench);
}

static void parameters_bootloader_and_info_are_told(void **state)
{
    struct bench *bench = device();
    struct packet parameters =
        asked(bench, packet_of(1, SMP_READ, SMP_GROUP_OS, OS_PARAMETERS, 1, (struct span){0}));
    struct packet boot =
        asked(bench, packet_of(1, SMP_READ, SMP_GROUP_OS, OS_BOOTLOADER, 2, (struct span){0}));
    struct packet mode = asked(
        bench, packet_of(1, SMP_READ, SMP_GROUP_OS, OS_BOOTLOADER, 3, span_of("\xa1\x65query\x64mode", 12)));
    struct packet info = asked(bench, packet_of(1, SMP_READ, SMP_GROUP_OS, OS_INFO, 4,
                                                span_of("\xa1\x66"
                                                        "format\x62nm",
                                                        11)));
    struct packet unknown = asked(bench, packet_of(1, SMP_READ, SMP_GROUP_OS, OS_INFO, 5,
                                                   span_of("\xa1\x66"
                                                           "format\x61z",
                                                           10)));
    (void)state;

    assert_true(span_equal(body_of(&parameters), span_of("\xa2\x68"
                                                         "buf_size\x19\x02\x00\x69"
                                                         "buf_count\x08",
                                                         24)));
    assert_true(span_equal(body_of(&boot), span_of("\xa1\x6a"
                                                   "bootloader\x66Suture",
                                                   19)));
    assert_true(span_equal(body_of(&mode), span_of("\xa2\x64mode\x05\x6cno-downgrade\xf5", 21)));
    assert_true(span_equal(body_of(&info), span_of("\xa1\x66output\x6a"
                                                   "7F31 P-200",
                                                   19)));
    assert_int_equal(error_of(&unknown).rc, SMP_INVALID);
    bench_free(bench);
}

static struct message_images images(struct bench *bench)
{
    struct message_images message;

    assert_int_equal(bench_request(bench, SMP_READ, SMP_GROUP_IMAGE, IMAGE_STATE, (struct span){0}),
                     CLIENT_ANSWER);
    assert_int_equal(message_images_read(client_answer(&bench->client), &message), OK);
    return message;
}

enum wish { TEST_IT, CONFIRM_IT };

static enum client_event image_state(struct bench *bench, const uint8_t *hash, enum wish wish)
{
    uint8_t memory[64];
    struct buffer body = buffer_over(memory, sizeof memory);
    struct cbor_writer writer = cbor_into(&body);

    cbor_put_map(&writer, hash ? 2 : 1);
    if (hash) {
        cbor_put_text(&writer, "hash");
        cbor_put_bytes(&writer, span_of(hash, DIGEST_SIZE));
    }
    cbor_put_text(&writer, "confirm");
    cbor_put_bool(&writer, wish == CONFIRM_IT);
    return bench_request(bench, SMP_WRITE, SMP_GROUP_IMAGE, IMAGE_STATE, span_used(&body));
}

static void another_client_lists_uploads_tests_and_confirms(void **state)
{
    struct bench *bench = device();
    struct push push = push_of(&(struct bench_release){.confirm_who = CONFIRM_BY_TECHNICIAN});
    (void)state;

    assert_int_equal(images(bench).count, 1);
    assert_int_equal(bench_upload(bench, &push, WITHOUT_SHA), CLIENT_DONE);
    assert_int_equal(images(bench).count, 2);
    assert_false(images(bench).images[1].pending);
    assert_int_equal(image_state(bench, push.image_digest, CONFIRM_IT), CLIENT_REFUSED);
    assert_int_equal(bench_error(bench), IMAGE_CONFIRM_DENIED);
    assert_int_equal(image_state(bench, push.manifest, TEST_IT), CLIENT_REFUSED);
    assert_int_equal(image_state(bench, push.image_digest, TEST_IT), CLIENT_ANSWER);
    assert_true(images(bench).images[1].pending);
    assert_int_equal(bench_request(bench, SMP_WRITE, SMP_GROUP_OS, OS_RESET, (struct span){0}),
                     CLIENT_ANSWER);
    bench_run(bench, 500);
    assert_true(images(bench).images[1].active);
    assert_false(images(bench).images[1].confirmed);
    assert_int_equal(image_state(bench, NULL, CONFIRM_IT), CLIENT_ANSWER);
    assert_true(images(bench).images[1].confirmed);
    assert_int_equal(images(bench).images[1].version[0], 2);
    push_free(&push);
    bench_free(bench);
}

/* A chunk of a push file as a client that waits for each answer sends it. */
static struct packet chunk_of(const struct push *push, size_t offset, uint8_t sequence)
{
    uint8_t memory[512];
    struct buffer body = buffer_over(memory, sizeof memory);
    struct span data = span_first(span_from(span_of(push->bytes, push->size), offset), 256);

    assert_int_equal(request_chunk_write(&body, offset, push->size, data, NULL), OK);
    return packet_of(0, SMP_WRITE, SMP_GROUP_IMAGE, IMAGE_UPLOAD, sequence, span_used(&body));
}

/* All chunks but the last; returns where that one begins. */
static size_t chunks_before_the_last(struct bench *bench, const struct push *push)
{
    size_t offset = 0;

    for (; push->size - offset > 256; offset += 256) {
        struct packet answer = asked(bench, chunk_of(push, offset, (uint8_t)(offset / 256)));
        assert_false(error_of(&answer).failed);
    }
    return offset;
}

static void the_last_chunk_sent_again_while_the_slot_is_read_back_has_one_answer(void **state)
{
    struct bench *bench = device();
    struct push push = push_of(&(struct bench_release){0});
    uint8_t out[64];
    (void)state;

    struct packet last = chunk_of(&push, chunks_before_the_last(bench, &push), 200);
    for (int time = 0; time < 3; time++)
        agent_receive(&bench->agent, span_of(last.bytes, last.size), bench->now);
    assert_int_equal(agent_send(&bench->agent, out, sizeof out), 0);
    assert_int_equal(bench->agent.staging.state, STAGING_READING_BACK);
    struct packet answer = answer_to(bench, (struct span){0});
    assert_false(error_of(&answer).failed);
    assert_int_equal(answer.bytes[6], 200);
    assert_int_equal(answer.size, SMP_HEADER_SIZE + ((size_t)answer.bytes[2] << 8 | answer.bytes[3]));
    assert_int_equal(bench_status(bench).phase, PHASE_STAGED);
    push_free(&push);
    bench_free(bench);
}

static void a_chunk_under_a_new_number_hears_that_the_slot_is_read_back(void **state)
{
    struct bench *bench = device();
    struct push push = push_of(&(struct bench_release){0});
    uint8_t out[64] = {0};
    (void)state;

    size_t offset = chunks_before_the_last(bench, &push);
    struct packet last = chunk_of(&push, offset, 200), other = chunk_of(&push, offset, 201);
    agent_receive(&bench->agent, span_of(last.bytes, last.size), bench->now);
    agent_receive(&bench->agent, span_of(other.bytes, other.size), bench->now);
    struct packet busy = {.size = agent_send(&bench->agent, out, sizeof out)};
    memcpy(busy.bytes, out, busy.size);
    assert_int_equal(out[6], 201);
    assert_int_equal(error_of(&busy).rc, SMP_BUSY);
    push_free(&push);
    bench_free(bench);
}

/* mcumgr-client and smpmgr name the slot in `image`; the first of them names slot 1 unless told otherwise. */
static void an_upload_may_name_the_slot_as_its_image(void **state)
{
    struct bench *bench = device();
    (void)state;

    struct packet request =
        hex_packet("0a00 0019 0001 0101 a4 636c656e 05 636f6666 00 6464617461 41d8 65696d616765 01");
    struct packet answer = asked(bench, request);
    assert_false(error_of(&answer).failed);
    bench_free(bench);
}

static void a_reset_without_a_test_changes_nothing(void **state)
{
    struct bench *bench = device();
    struct push push = push_of(&(struct bench_release){0});
    (void)state;

    assert_int_equal(bench_upload(bench, &push, WITH_SHA), CLIENT_DONE);
    assert_int_equal(bench_request(bench, SMP_WRITE, SMP_GROUP_OS, OS_RESET, (struct span){0}),
                     CLIENT_ANSWER);
    bench_run(bench, 500);
    assert_int_equal(bench->starts, 2);
    assert_int_equal(bench_status(bench).phase, PHASE_STAGED);
    assert_true(images(bench).images[0].active);
    push_free(&push);
    bench_free(bench);
}

static void erase_ends_a_staging_and_never_a_good_slot(void **state)
{
    struct bench *bench = device();
    struct push push = push_of(&(struct bench_release){0});
    (void)state;

    assert_int_equal(bench_upload(bench, &push, WITH_SHA), CLIENT_DONE);
    assert_int_equal(
        bench_request(bench, SMP_WRITE, SMP_GROUP_IMAGE, IMAGE_ERASE, span_of("\xa1\x64slot\x00", 7)),
        CLIENT_REFUSED);
    assert_int_equal(bench_error(bench), 1000 + SMP_BAD_STATE);
    assert_int_equal(bench_request(bench, SMP_WRITE, SMP_GROUP_IMAGE, IMAGE_ERASE, (struct span){0}),
                     CLIENT_ANSWER);
    assert_int_equal(bench_identity(bench).slots[SLOT_B].state, SLOT_EMPTY);
    bench_update_to_trial(bench, &push);
    bench_run(bench, 11000);
    assert_int_equal(bench_request(bench, SMP_WRITE, SMP_GROUP_IMAGE, IMAGE_ERASE, (struct span){0}),
                     CLIENT_REFUSED);
    assert_int_equal(bench_identity(bench).slots[SLOT_A].state, SLOT_GOOD);
    push_free(&push);
    bench_free(bench);
}

static void version_1_of_smp_hears_plain_codes(void **state)
{
    struct bench *bench = device();
    uint8_t memory[128];
    struct buffer body = buffer_over(memory, sizeof memory);
    (void)state;

    assert_int_equal(request_chunk_write(&body, 0, 100, span_text("no push file"), NULL), OK);
    struct packet old =
        asked(bench, packet_of(0, SMP_WRITE, SMP_GROUP_IMAGE, IMAGE_UPLOAD, 9, span_used(&body)));
    struct packet new =
        asked(bench, packet_of(1, SMP_WRITE, SMP_GROUP_IMAGE, IMAGE_UPLOAD, 9, span_used(&body)));
    assert_false(error_of(&old).from_group);
    assert_int_equal(error_of(&old).rc, SMP_CORRUPT);
    assert_true(error_of(&new).from_group);
    assert_int_equal(error_of(&new).rc, IMAGE_NO_MAGIC);
    assert_int_equal(old.bytes[0], 0x03);
    assert_int_equal(new.bytes[0], 0x0b);
    bench_free(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(echo_says_what_it_heard),
        cmocka_unit_test(groups_are_counted_listed_and_named),
        cmocka_unit_test(parameters_bootloader_and_info_are_told),
        cmocka_unit_test(another_client_lists_uploads_tests_and_confirms),
        cmocka_unit_test(the_last_chunk_sent_again_while_the_slot_is_read_back_has_one_answer),
        cmocka_unit_test(a_chunk_under_a_new_number_hears_that_the_slot_is_read_back),
        cmocka_unit_test(an_upload_may_name_the_slot_as_its_image),
        cmocka_unit_test(a_reset_without_a_test_changes_nothing),
        cmocka_unit_test(erase_ends_a_staging_and_never_a_good_slot),
        cmocka_unit_test(version_1_of_smp_hears_plain_codes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
