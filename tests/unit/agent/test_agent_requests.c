/* Single packets, as anybody may send them: repeats, halves, nonsense, reports, trust. */
#include "tests/unit/agent/packet_kit.h"

/* Repeats ---------------------------------------------------------------------------------------------------------- */

static void a_repeated_write_gets_the_same_answer_for_two_seconds(void **state)
{
    struct bench *bench = device();
    struct push push = push_of(&(struct bench_release){0});
    uint8_t memory[64];
    struct buffer body = buffer_over(memory, sizeof memory);
    (void)state;

    assert_int_equal(bench_upload(bench, &push, WITH_SHA), CLIENT_DONE);
    assert_int_equal(request_digest_write(&body, "manifest", push.manifest), OK);
    struct packet request = packet_of(1, SMP_WRITE, SMP_GROUP_SUTURE, VERB_ABORT, 77, span_used(&body));
    struct packet first = asked(bench, request);
    assert_false(error_of(&first).failed);
    uint32_t number = bench->agent.record.number;
    bench->now += 1999;
    struct packet again = asked(bench, request);
    assert_int_equal(again.size, first.size);
    assert_memory_equal(again.bytes, first.bytes, first.size);
    assert_int_equal(bench->agent.record.number, number);
    push_free(&push);
    bench_free(bench);
}

static void a_repeated_activate_is_answered_while_the_reset_is_near(void **state)
{
    struct bench *bench = device();
    struct push push = push_of(&(struct bench_release){0});
    uint8_t memory[64], out[256];
    struct buffer body = buffer_over(memory, sizeof memory);
    (void)state;

    assert_int_equal(bench_upload(bench, &push, WITH_SHA), CLIENT_DONE);
    assert_int_equal(request_digest_write(&body, "manifest", push.manifest), OK);
    struct packet request = packet_of(1, SMP_WRITE, SMP_GROUP_SUTURE, VERB_ACTIVATE, 78, span_used(&body));
    assert_int_equal(agent_receive(&bench->agent, span_of(request.bytes, request.size), bench->now),
                     request.size);
    assert_int_equal(agent_receive(&bench->agent, span_of(request.bytes, request.size), bench->now),
                     request.size);
    size_t size = agent_send(&bench->agent, out, sizeof out);
    assert_memory_equal(out, out + size / 2, size / 2);
    assert_true(agent_reset_wanted(&bench->agent));
    push_free(&push);
    bench_free(bench);
}

static void a_deaf_link_does_not_keep_the_device_from_its_reset(void **state)
{
    struct bench *bench = device();
    (void)state;

    struct packet reset = packet_of(1, SMP_WRITE, SMP_GROUP_OS, OS_RESET, 1, (struct span){0});
    agent_receive(&bench->agent, span_of(reset.bytes, reset.size), bench->now);
    assert_false(agent_reset_wanted(&bench->agent));
    agent_step(&bench->agent, bench->now + 999);
    assert_false(agent_reset_wanted(&bench->agent));
    agent_step(&bench->agent, bench->now + 1000);
    assert_true(agent_reset_wanted(&bench->agent));
    bench_free(bench);
}

/* Half a packet -------------------------------------------------------------------------------------------------------- */

static struct packet identity_asked(uint8_t sequence)
{
    return packet_of(1, SMP_READ, SMP_GROUP_SUTURE, VERB_IDENTITY, sequence, (struct span){0});
}

static void half_a_packet_is_forgotten_after_a_silence(void **state)
{
    struct bench *bench = device();
    struct packet request = identity_asked(5);
    (void)state;

    for (size_t half = 1; half < request.size; half++) {
        assert_int_equal(agent_receive(&bench->agent, span_of(request.bytes, half), bench->now), half);
        bench->now += AGENT_GAP_MS + 1;
        struct packet answer = asked(bench, request);
        assert_true(answer.size > SMP_HEADER_SIZE);
        assert_int_equal(answer.bytes[6], 5);
    }
    bench_free(bench);
}

static void a_packet_too_large_that_stops_half_way_is_forgotten_too(void **state)
{
    struct bench *bench = device();
    struct packet request = identity_asked(5), large = request;
    (void)state;

    large.bytes[2] = 0xff;
    assert_int_equal(agent_receive(&bench->agent, span_of(large.bytes, large.size), bench->now), large.size);
    bench->now += AGENT_GAP_MS + 1;
    assert_int_equal(asked(bench, request).bytes[6], 5);
    bench_free(bench);
}

static void a_slow_sender_is_waited_for(void **state)
{
    struct bench *bench = device();
    struct packet request = identity_asked(5);
    uint8_t out[256];
    (void)state;

    for (size_t i = 0; i < request.size; i++) {
        agent_receive(&bench->agent, span_of(request.bytes + i, 1), bench->now);
        bench->now += AGENT_GAP_MS;
        agent_step(&bench->agent, bench->now);
    }
    assert_true(agent_send(&bench->agent, out, sizeof out) > 0);
    bench_free(bench);
}

/* While a piece of work lasts the rest of a packet waits in the UART; the agent was away, the line was not silent. */
static void time_spent_working_is_no_silence(void **state)
{
    struct bench *bench = device();
    struct push push = push_of(&(struct bench_release){0});
    uint8_t memory[64], out[256];
    struct buffer body = buffer_over(memory, sizeof memory);
    struct packet identity = identity_asked(5);
    (void)state;

    bench_update_to_trial(bench, &push);
    bench_run(bench, 11000);
    assert_int_equal(request_digest_write(&body, "hash", push.image_digest), OK);
    struct packet rollback = packet_of(1, SMP_WRITE, SMP_GROUP_SUTURE, VERB_ROLLBACK, 4, span_used(&body));
    agent_receive(&bench->agent, span_of(rollback.bytes, rollback.size), bench->now);
    agent_receive(&bench->agent, span_of(identity.bytes, 5), bench->now);
    assert_true(agent_step(&bench->agent, bench->now) == bench->now); /* measures the other slot */
    bench->now += 5 * AGENT_GAP_MS;
    agent_receive(&bench->agent, span_of(identity.bytes + 5, identity.size - 5), bench->now);
    assert_true(agent_send(&bench->agent, out, sizeof out) > 0);
    assert_int_equal(out[6], 5);
    push_free(&push);
    bench_free(bench);
}

/* Work that takes long ---------------------------------------------------------------------------------------------- */

static void therapy_that_starts_while_a_slot_is_measured_holds_the_record_back(void **state)
{
    struct bench *bench = device();
    struct push push = push_of(&(struct bench_release){0});
    uint8_t memory[64], out[256];
    struct buffer body = buffer_over(memory, sizeof memory);
    (void)state;

    bench_update_to_trial(bench, &push);
    bench_run(bench, 11000);
    uint8_t *before = bench_snapshot(bench);
    assert_int_equal(request_digest_write(&body, "hash", push.image_digest), OK);
    struct packet request = packet_of(1, SMP_WRITE, SMP_GROUP_SUTURE, VERB_ROLLBACK, 4, span_used(&body));
    agent_receive(&bench->agent, span_of(request.bytes, request.size), bench->now);
    bench->interlock.use = USE_THERAPY;
    struct packet waiting = answer_to(bench, span_of(request.bytes, request.size));
    assert_int_equal(error_of(&waiting).rc, SUTURE_BUSY);
    assert_int_equal(bench_status(bench).phase, PHASE_READING_BACK);
    bench_run(bench, 10000);
    assert_true(bench_unchanged(bench, before));
    bench->interlock.use = USE_FREE;
    for (int step = 0; step < 4; step++)
        bench->now = agent_step(&bench->agent, bench->now);
    assert_true(agent_send(&bench->agent, out, sizeof out) > 0);
    assert_int_equal(out[6], 4);
    assert_true(agent_reset_wanted(&bench->agent));
    free(before);
    push_free(&push);
    bench_free(bench);
}

/* Nonsense --------------------------------------------------------------------------------------------------------- */

static void malformed_requests_get_the_right_code(void **state)
{
    static const struct {
        const char *what, *packet;
        uint32_t rc;
    } rows[] = {
        {"no such group", "0800 0001 0063 0100 a0", SMP_NOT_SUPPORTED},
        {"no such command", "0800 0001 0000 0163 a0", SMP_NOT_SUPPORTED},
        {"a read that is a write", "0a00 0001 0001 0106 a0", SMP_NOT_SUPPORTED},
        {"a write that is a read", "0800 0001 5355 0105 a0", SMP_NOT_SUPPORTED},
        {"upload without anything", "0a00 0001 0001 0101 a0", SMP_INVALID},
        {"upload of no map", "0a00 0001 0001 0101 00", SMP_INVALID},
        {"upload without len", "0a00 000d 0001 0101 a2 636f6666 00 6464617461 41d8", SMP_INVALID},
        {"more data than len", "0a00 0013 0001 0101 a3 636c656e 01 636f6666 00 6464617461 42d86b",
         SMP_INVALID},
        {"another image", "0a00 0019 0001 0101 a4 636c656e 05 636f6666 00 6464617461 41d8 65696d616765 02",
         SMP_INVALID},
        {"activate without a digest", "0a00 0001 5355 0105 a0", SMP_INVALID},
        {"confirm of a short digest", "0a00 0009 5355 0106 a1 6468617368 420000", SMP_INVALID},
        {"report without a nonce", "0800 0001 5355 0109 a0", SMP_INVALID},
        {"log from a text", "0800 0008 5355 010a a1 6466726f6d 6178", SMP_INVALID},
    };
    struct bench *bench = device();
    uint8_t *before = bench_snapshot(bench);
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct packet answer = asked(bench, hex_packet(rows[i].packet));
        if (answer.size == 0 || error_of(&answer).rc != rows[i].rc)
            fail_msg("%s: answered with code %u", rows[i].what, answer.size ? error_of(&answer).rc : 9999);
    }
    assert_true(bench_unchanged(bench, before));
    free(before);
    bench_free(bench);
}

static void answers_of_others_are_not_answered(void **state)
{
    struct bench *bench = device();
    (void)state;

    assert_int_equal(asked(bench, hex_packet("0900 0001 0000 0100 a0")).size, 0);
    assert_int_equal(asked(bench, hex_packet("0b00 0001 0001 0101 a0")).size, 0);
    bench_free(bench);
}

static void a_packet_too_large_is_told_so_and_the_next_is_served(void **state)
{
    struct bench *bench = device();
    static uint8_t bytes[SMP_HEADER_SIZE + 4000];
    struct smp_header header = {.version = 1, .op = SMP_WRITE, .length = 4000, .group = 1, .id = 1};
    (void)state;

    smp_header_write(&header, bytes);
    struct packet answer = answer_to(bench, span_of(bytes, sizeof bytes));
    assert_int_equal(error_of(&answer).rc, SMP_TOO_LONG);
    assert_int_equal(bench_identity(bench).boot_kind, BOOT_SETTLED);
    bench_free(bench);
}

static void noise_before_a_request_does_not_lock_the_port(void **state)
{
    struct bench *bench = device();
    uint8_t bytes[64];
    struct packet request = packet_of(1, SMP_READ, SMP_GROUP_SUTURE, VERB_PREFLIGHT, 5, (struct span){0});
    (void)state;

    memset(bytes, 0xff, 40);
    memcpy(bytes + 40, request.bytes, request.size);
    struct packet answer = answer_to(bench, span_of(bytes, 40 + request.size));
    assert_false(error_of(&answer).failed);
    bench_free(bench);
}

static void random_packets_change_nothing_and_break_nothing(void **state)
{
    struct bench *bench = device();
    uint8_t *before = bench_snapshot(bench);
    uint64_t seed = 20311105;
    (void)state;

    print_message("# seed %llu\n", (unsigned long long)seed);
    for (int round = 0; round < 20000; round++) {
        uint8_t body[64];
        for (size_t i = 0; i < sizeof body; i++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            body[i] = (uint8_t)(seed >> 56);
        }
        static const uint16_t groups[] = {0, 1, 10, 21333};
        uint16_t group = groups[body[0] % 4];
        uint8_t id = (uint8_t)(body[1] % 12);
        if ((group == 0 && id == OS_RESET) || (group == 21333 && id == VERB_REPORT))
            continue;
        size_t size = body[2] % 48;
        body[3] = (uint8_t)(0xa0 | (body[3] & 3));
        asked(bench, packet_of(body[4] & 1, body[4] & 2, group, id, body[5], span_of(body + 3, size)));
    }
    assert_true(bench_unchanged(bench, before));
    assert_int_equal(bench_identity(bench).boot_kind, BOOT_SETTLED);
    free(before);
    bench_free(bench);
}

/* Report and log --------------------------------------------------------------------------------------------------- */

static struct packet report_asked(struct bench *bench, uint8_t nonce_byte, uint64_t offset)
{
    uint8_t memory[64], nonce[REPORT_NONCE_SIZE];
    struct buffer body = buffer_over(memory, sizeof memory);

    memset(nonce, nonce_byte, sizeof nonce);
    assert_int_equal(request_report_write(&body, nonce, offset), OK);
    return asked(bench, packet_of(1, SMP_READ, SMP_GROUP_SUTURE, VERB_REPORT, 1, span_used(&body)));
}

static void a_second_report_within_five_seconds_is_told_to_wait(void **state)
{
    struct bench *bench = device();
    (void)state;

    struct packet answer = report_asked(bench, 1, 0);
    assert_false(error_of(&answer).failed);
    struct packet same = report_asked(bench, 1, 0);
    assert_memory_equal(answer.bytes, same.bytes, answer.size);
    struct packet other = report_asked(bench, 2, 0);
    assert_int_equal(error_of(&other).rc, SUTURE_BUSY);
    struct cbor quiet;
    assert_int_equal(smp_find(body_of(&other), "quiet_ms", &quiet), OK);
    bench->now += 5000;
    other = report_asked(bench, 2, 0);
    assert_false(error_of(&other).failed);
    struct packet stale = report_asked(bench, 1, 10);
    assert_int_equal(error_of(&stale).rc, SUTURE_STATE);
    bench_free(bench);
}

/* The same nonce again, but something happened meanwhile: the old words are not repeated. */
static void a_report_is_made_again_when_something_changed(void **state)
{
    struct bench *bench = bench_new(NULL);
    struct push push = push_of(&(struct bench_release){.confirm_who = CONFIRM_BY_TECHNICIAN});
    uint8_t nonce[REPORT_NONCE_SIZE] = {3}, bytes[REPORT_MAX];
    struct report report;
    (void)state;

    bench_power_on(bench);
    bench_update_to_trial(bench, &push);
    size_t size = bench_report(bench, nonce, bytes, sizeof bytes);
    assert_int_equal(report_verify(span_of(bytes, size), &bench->trust, nonce, &report), OK);
    assert_int_equal(report.boot_kind, BOOT_TRIAL);
    assert_int_equal(bench_verb(bench, VERB_CONFIRM, "hash", push.image_digest), CLIENT_ANSWER);
    size = bench_report(bench, nonce, bytes, sizeof bytes);
    assert_int_equal(report_verify(span_of(bytes, size), &bench->trust, nonce, &report), OK);
    assert_int_equal(report.boot_kind, BOOT_SETTLED);
    assert_int_equal(report.confirmed_by, CONFIRMED_BY_PORT);
    push_free(&push);
    bench_free(bench);
}

static void the_log_is_read_page_by_page(void **state)
{
    struct bench *bench = device();
    struct push push = push_of(&(struct bench_release){0});
    struct message_log page;
    uint16_t codes[32];
    size_t count = 0;
    uint32_t from = 0;
    (void)state;

    bench_update_to_trial(bench, &push);
    bench_run(bench, 11000);
    do {
        uint8_t memory[32];
        struct buffer body = buffer_over(memory, sizeof memory);
        assert_int_equal(request_log_write(&body, from), OK);
        assert_int_equal(bench_request(bench, SMP_READ, SMP_GROUP_SUTURE, VERB_LOG, span_used(&body)),
                         CLIENT_ANSWER);
        assert_int_equal(message_log_read(client_answer(&bench->client), &page), OK);
        for (size_t i = 0; i < page.item_count && count < 32; i++)
            codes[count++] = page.items[i].code;
        from = page.next;
    } while (page.item_count > 0);
    const uint16_t expected[] = {LOG_START, LOG_STAGE, LOG_STAGED, LOG_ACTIVATE, LOG_START, LOG_CONFIRMED};
    assert_int_equal(count, 6);
    assert_memory_equal(codes, expected, sizeof expected);
    push_free(&push);
    bench_free(bench);
}

/* Trust ------------------------------------------------------------------------------------------------------------ */

static void a_new_root_takes_over_and_the_old_key_no_longer_counts(void **state)
{
    struct bench *bench = device();
    uint8_t memory[ROOT_MAX];
    struct buffer root = buffer_over(memory, sizeof memory);
    struct push by_old = push_of(&(struct bench_release){0});
    struct push by_new = push_of(&(struct bench_release){.signer = "second release key"});
    (void)state;

    factory_root(&root, 2, "second release key", NULL);
    assert_int_equal(bench_transfer(bench, VERB_TRUST, span_used(&root)), CLIENT_DONE);
    struct cbor version;
    uint64_t number = 0;
    assert_int_equal(smp_find(client_answer(&bench->client), "root", &version), OK);
    assert_int_equal(cbor_uint(&version, &number), OK);
    assert_int_equal(number, 2);
    assert_int_equal(bench_upload(bench, &by_old, WITH_SHA), CLIENT_REFUSED);
    bench_power_on(bench);
    assert_int_equal(bench->agent.trust.version, 2);
    assert_int_equal(bench_upload(bench, &by_new, WITH_SHA), CLIENT_DONE);
    push_free(&by_old);
    push_free(&by_new);
    bench_free(bench);
}

static void a_key_withdrawn_after_staging_stops_the_activation(void **state)
{
    struct bench *bench = device();
    uint8_t memory[ROOT_MAX];
    struct buffer root = buffer_over(memory, sizeof memory);
    struct push push = push_of(&(struct bench_release){0});
    (void)state;

    assert_int_equal(bench_upload(bench, &push, WITH_SHA), CLIENT_DONE);
    factory_root(&root, 2, "second release key", BENCH_RELEASE_KEY);
    assert_int_equal(bench_transfer(bench, VERB_TRUST, span_used(&root)), CLIENT_DONE);
    assert_int_equal(bench_verb(bench, VERB_ACTIVATE, "manifest", push.manifest), CLIENT_REFUSED);
    assert_int_equal(bench_error(bench), SUTURE_TRUST);
    push_free(&push);
    bench_free(bench);
}

static void a_root_that_does_not_follow_is_refused(void **state)
{
    struct bench *bench = device();
    uint8_t memory[ROOT_MAX];
    struct buffer root = buffer_over(memory, sizeof memory);
    uint8_t *before = bench_snapshot(bench);
    (void)state;

    factory_root(&root, 3, BENCH_RELEASE_KEY, NULL);
    assert_int_equal(bench_transfer(bench, VERB_TRUST, span_used(&root)), CLIENT_REFUSED);
    assert_int_equal(bench_error(bench), SUTURE_TRUST);
    root.size = 0;
    factory_root(&root, 2, BENCH_RELEASE_KEY, NULL);
    root.data[root.size - 3] ^= 1;
    assert_int_equal(bench_transfer(bench, VERB_TRUST, span_used(&root)), CLIENT_REFUSED);
    assert_true(bench_unchanged(bench, before));
    free(before);
    bench_free(bench);
}

static void a_cut_while_a_root_is_written_leaves_the_old_one(void **state)
{
    uint8_t memory[ROOT_MAX];
    struct buffer root = buffer_over(memory, sizeof memory);
    (void)state;

    factory_root(&root, 2, "second release key", NULL);
    for (unsigned at = 1; at <= 3; at++) {
        struct bench *bench = device();
        jmp_buf power;
        if (setjmp(power) == 0) {
            memory_flash_cut(bench->chip, at, CUT_BEFORE, &power);
            bench_transfer(bench, VERB_TRUST, span_used(&root));
            fail_msg("operation %u was never reached", at);
        }
        memory_flash_cut(bench->chip, 0, CUT_BEFORE, NULL);
        bench_power_off(bench);
        bench_power_on(bench);
        assert_true(bench->agent.has_trust);
        assert_int_equal(bench->agent.trust.version, 1);
        assert_int_equal(bench_transfer(bench, VERB_TRUST, span_used(&root)), CLIENT_DONE);
        assert_int_equal(bench->agent.trust.version, 2);
        bench_free(bench);
    }
}

static void check_says_which_stream_is_wanted(void **state)
{
    struct bench *bench = device();
    struct push push = push_of(&(struct bench_release){0});
    struct message_check check;
    uint8_t *before = bench_snapshot(bench);
    (void)state;

    assert_int_equal(bench_transfer(bench, VERB_CHECK, span_of(push.bytes, push.envelope_size)), CLIENT_DONE);
    assert_int_equal(message_check_read(client_answer(&bench->client), &check), OK);
    assert_true(check.has_verdict && check.has_want);
    assert_int_equal(check.verdict, 0);
    assert_int_equal(check.want, 0);
    assert_true(bench_unchanged(bench, before));
    free(before);
    push_free(&push);
    bench_free(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_repeated_write_gets_the_same_answer_for_two_seconds),
        cmocka_unit_test(a_repeated_activate_is_answered_while_the_reset_is_near),
        cmocka_unit_test(a_deaf_link_does_not_keep_the_device_from_its_reset),
        cmocka_unit_test(half_a_packet_is_forgotten_after_a_silence),
        cmocka_unit_test(a_packet_too_large_that_stops_half_way_is_forgotten_too),
        cmocka_unit_test(a_slow_sender_is_waited_for),
        cmocka_unit_test(time_spent_working_is_no_silence),
        cmocka_unit_test(therapy_that_starts_while_a_slot_is_measured_holds_the_record_back),
        cmocka_unit_test(malformed_requests_get_the_right_code),
        cmocka_unit_test(answers_of_others_are_not_answered),
        cmocka_unit_test(a_packet_too_large_is_told_so_and_the_next_is_served),
        cmocka_unit_test(noise_before_a_request_does_not_lock_the_port),
        cmocka_unit_test(random_packets_change_nothing_and_break_nothing),
        cmocka_unit_test(a_second_report_within_five_seconds_is_told_to_wait),
        cmocka_unit_test(a_report_is_made_again_when_something_changed),
        cmocka_unit_test(the_log_is_read_page_by_page),
        cmocka_unit_test(a_new_root_takes_over_and_the_old_key_no_longer_counts),
        cmocka_unit_test(a_key_withdrawn_after_staging_stops_the_activation),
        cmocka_unit_test(a_root_that_does_not_follow_is_refused),
        cmocka_unit_test(a_cut_while_a_root_is_written_leaves_the_old_one),
        cmocka_unit_test(check_says_which_stream_is_wanted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
