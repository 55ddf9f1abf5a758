/* Every reader over bodies that were bent at random, from printed seeds: it says what is wrong or takes it, reads no byte
 * beyond the body (the sanitizer's build sees that), and what it took it would take again after writing it. */
#include "tests/unit/protocol/message_kit.h"

#define SEEDS 3000

static uint32_t random_state;

static uint32_t random_below(uint32_t below)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (uint32_t)((uint64_t)(random_state >> 8) * below >> 24);
}

/* Bytes that mean something in CBOR come more often than others. */
static uint8_t random_byte(void)
{
    static const uint8_t telling[] = {0x00, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1f, 0x20, 0x3b, 0x40,
                                      0x5b, 0x5f, 0x60, 0x7b, 0x7f, 0x80, 0x9b, 0x9f, 0xa0, 0xa1,
                                      0xbb, 0xbf, 0xc1, 0xdb, 0xf4, 0xf6, 0xf7, 0xf9, 0xfb, 0xff};
    return random_below(2) ? telling[random_below(sizeof telling)] : (uint8_t)random_below(256);
}

static void body_mutate_once(struct buffer *body)
{
    uint32_t at = random_below((uint32_t)body->size);
    uint32_t run = 1 + random_below(8);
    switch (random_below(5)) {
    case 0:
        body->data[at] ^= (uint8_t)(1u << random_below(8));
        break;
    case 1:
        body->data[at] = random_byte();
        break;
    case 2: /* a few bytes less */
        if (run > body->size - at)
            run = (uint32_t)body->size - at;
        memmove(body->data + at, body->data + at + run, body->size - at - run);
        body->size -= run;
        break;
    case 3: /* a byte more */
        if (body->size == body->capacity)
            break;
        memmove(body->data + at + 1, body->data + at, body->size - at);
        body->data[at] = random_byte();
        body->size += 1;
        break;
    default: /* a run copied elsewhere */
        if (run > body->size - at)
            run = (uint32_t)body->size - at;
        memmove(body->data + random_below((uint32_t)body->size - run + 1), body->data + at, run);
    }
}

static void body_mutate(struct buffer *body, uint32_t seed)
{
    random_state = seed;
    for (uint32_t edits = 1 + random_below(4); edits > 0 && body->size > 0; edits--)
        body_mutate_once(body);
}

static void reader_is_tried(const struct message_kind *kind, uint32_t seed, unsigned *taken)
{
    uint8_t memory[BODY_MAX], sample_memory[BODY_MAX], again_memory[BODY_MAX], twice_memory[BODY_MAX];
    struct buffer body = buffer_over(memory, sizeof memory),
                  sample = buffer_over(sample_memory, sizeof sample_memory);
    struct buffer again = buffer_over(again_memory, sizeof again_memory);
    struct buffer twice = buffer_over(twice_memory, sizeof twice_memory);
    assert_int_equal(kind->sample(&sample), OK);
    struct bending bending = {.at = -1, .careless = seed % 3 == 0};
    if (seed % 3 == 2)
        bytes_put(&body, span_used(&sample));
    else
        body_bend(span_used(&sample), &body, &bending);
    body_mutate(&body, seed);

    struct span exact = body_exact(span_used(&body));
    enum status status = kind->again(exact, &again);
    if (status == OK) {
        *taken += 1;
        assert_int_equal(kind->again(span_used(&again), &twice), OK);
        assert_true(span_equal(span_used(&again), span_used(&twice)));
    } else if (status != MISSING && status != BAD_FORMAT && status != TOO_LARGE) {
        fail_msg("%s, seed %u: %s", kind->name, seed, status_name(status));
    }
    free((void *)(uintptr_t)exact.data);
}

static void every_reader_stands_a_mutated_body(void **state)
{
    (void)state;
    for (size_t i = 0; i < MESSAGE_KINDS; i++) {
        unsigned taken = 0;
        for (uint32_t seed = 1; seed <= SEEDS; seed++)
            reader_is_tried(&message_kinds[i], seed, &taken);
        print_message("# %s: %u of %u mutated bodies were still messages\n", message_kinds[i].name, taken,
                      SEEDS);
        assert_in_range(taken, 1, SEEDS - 1);
    }
}

static void errors_and_keys_stand_a_mutated_body(void **state)
{
    (void)state;
    static const char sample[] =
        "\xbf\x63"
        "err\xa2\x65group\x19\x53\x55\x62rc\x04\x68quiet_ms\x19\x13\x88\x62rc\x00\xff";
    unsigned failed = 0, refused = 0;
    for (uint32_t seed = 1; seed <= 10 * SEEDS; seed++) {
        uint8_t memory[128];
        struct buffer body = buffer_over(memory, sizeof memory);
        struct smp_error error = {.rc = 12345};
        struct cbor value;
        bytes_put(&body, span_of(sample, sizeof sample - 1));
        body_mutate(&body, seed);
        struct span exact = body_exact(span_used(&body));
        enum status status = smp_error_read(exact, &error);
        assert_true(status == OK || status == BAD_FORMAT);
        if (status == BAD_FORMAT) {
            assert_int_equal(error.rc, 12345);
            refused += 1;
        } else {
            assert_int_equal(error.failed, error.rc != 0);
            failed += error.failed ? 1 : 0;
        }
        status = smp_find(exact, "quiet_ms", &value);
        assert_true(status == OK || status == BAD_FORMAT || status == NOT_FOUND);
        if (status == OK)
            assert_int_equal(cbor_skip(&value, NULL), OK);
        free((void *)(uintptr_t)exact.data);
    }
    assert_true(failed > 100 && refused > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_reader_stands_a_mutated_body),
        cmocka_unit_test(errors_and_keys_stand_a_mutated_body),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
