/* A push file of our own, with two signatures under a policy that needs both: every bit flipped in turn, and every
 * truncation, judged as a device does. Nothing passes; what each check caught is counted. */
#include "manifests/patch_write.h"
#include "manifests/plan.h"
#include "manifests/suit_write.h"

#include "tests/support/release.h"
#include "tests/support/test.h"

#define IMAGE_SIZE 3000
#define PUSH_MAX   4096
#define STREAM     0

enum caught { BY_STRUCTURE, BY_DIGEST, BY_PROFILE, BY_SIGNATURE, BY_STREAM, BY_NOTHING, CHECKS };

static uint8_t image[IMAGE_SIZE], push[PUSH_MAX];
static size_t push_size, stream_offset;
static struct trust trust;

struct rebuilt {
    uint8_t bytes[IMAGE_SIZE];
    uint64_t size;
};

static enum status take_output(void *context, uint64_t offset, struct span bytes)
{
    struct rebuilt *rebuilt = context;

    if (offset != rebuilt->size || bytes.size > sizeof rebuilt->bytes - offset)
        return FAILED;
    memcpy(rebuilt->bytes + offset, bytes.data, bytes.size);
    rebuilt->size += bytes.size;
    return OK;
}

static enum status decode(const struct plan *plan, struct span stream)
{
    static uint8_t block[4096], output[512];
    static _Alignas(8) uint8_t decoder[PATCH_INFLATE_RAM + 4096];
    static struct rebuilt rebuilt;
    static struct patch_reader reader;
    uint8_t digest[DIGEST_SIZE];
    struct patch_memory memory = {.block = buffer_over(block, sizeof block),
                                  .decoder = buffer_over(decoder, sizeof decoder),
                                  .output = buffer_over(output, sizeof output)};

    rebuilt.size = 0;
    enum status status = patch_start(&reader, &plan->patch, plan->image_size, NULL, memory,
                                     (struct patch_sink){&rebuilt, take_output, NULL});
    if (!status)
        status = patch_feed(&reader, stream);
    if (!status && !patch_done(&reader))
        status = INCOMPLETE;
    if (status)
        return status;
    digest_of(span_of(rebuilt.bytes, rebuilt.size), digest);
    return digest_equal(digest, plan->image_digest) ? OK : BAD_DIGEST;
}

/* The same envelope has the same signatures: they are verified once, not for each bit of the stream behind it. */
static bool is_authorized(const struct suit_envelope *envelope, const struct plan *plan)
{
    static uint8_t last[PUSH_MAX];
    static size_t last_size;
    static bool authorized;

    if (!span_equal(envelope->whole, span_of(last, last_size))) {
        memcpy(last, envelope->whole.data, envelope->whole.size);
        last_size = envelope->whole.size;
        authorized = suit_authorized(envelope, &trust, plan->vendor, plan->class_id, 0) == OK;
    }
    return authorized;
}

static enum caught judge(struct span bytes)
{
    struct suit_envelope envelope;
    struct suit_manifest manifest;
    struct plan_target target = {.stream = STREAM};
    struct plan plan;
    size_t size;

    if (suit_envelope_extent(bytes, &size) || size >= bytes.size)
        return BY_STRUCTURE;
    enum status status = suit_envelope_read(span_first(bytes, size), &envelope, NULL);
    if (status)
        return status == BAD_DIGEST ? BY_DIGEST : BY_STRUCTURE;
    target.stream = bytes.data[size];
    fill(target.vendor, UUID_SIZE, ACME);
    fill(target.class_id, UUID_SIZE, PUMP_REVISION_B);
    if (suit_manifest_read(&envelope, &manifest, NULL) || plan_make(&manifest, &target, &plan, NULL))
        return BY_PROFILE;
    if (!is_authorized(&envelope, &plan))
        return BY_SIGNATURE;
    return decode(&plan, span_from(bytes, size + 1)) ? BY_STREAM : BY_NOTHING;
}

static void append_stream(struct buffer *out, const struct buffer *stream)
{
    assert_true(buffer_put(out, STREAM));
    stream_offset = out->size;
    assert_true(buffer_append(out, span_used(stream)));
    push_size = out->size;
}

static int make_push(void **state)
{
    (void)state;
    static uint8_t first[PUSH_MAX], second[PUSH_MAX], third[PUSH_MAX];
    struct buffer unsigned_ = buffer_over(first, sizeof first), one = buffer_over(second, sizeof second);
    struct buffer two = buffer_over(third, sizeof third), out = buffer_over(push, sizeof push), stream;
    const struct patch_settings settings = {PATCH_DEFLATE, 12, 256, 512};
    struct suit_content content = release_full();
    struct cose_signer engineer = release_signer(KEY_ENGINEER), quality = release_signer(KEY_QUALITY);

    for (size_t i = 0; i < IMAGE_SIZE; i++)
        image[i] = (uint8_t)(i * i % 251 & (i % 700 < 350 ? 0xff : 0x0f));
    assert_true(patch_write(span_of(image, IMAGE_SIZE), &settings, &stream, &content.streams[0].patch, NULL));
    content.image_size = IMAGE_SIZE;
    digest_of(span_of(image, IMAGE_SIZE), content.image_digest);
    assert_int_equal(suit_write(&unsigned_, &content), OK);
    assert_int_equal(suit_sign(&one, span_used(&unsigned_), &engineer), OK);
    assert_int_equal(suit_sign(&two, span_used(&one), &quality), OK);
    assert_int_equal(suit_sever_text(&out, span_used(&two)), OK);
    append_stream(&out, &stream);
    free(stream.data);
    trust = release_trust(2);
    return 0;
}

static void print(const char *what, const unsigned counts[CHECKS])
{
    print_message("# %s: structure caught %u, digest %u, profile %u, signature %u, stream %u, nothing %u\n",
                  what, counts[BY_STRUCTURE], counts[BY_DIGEST], counts[BY_PROFILE], counts[BY_SIGNATURE],
                  counts[BY_STREAM], counts[BY_NOTHING]);
}

static void untouched_it_passes(void **state)
{
    (void)state;
    assert_int_equal(judge(span_of(push, push_size)), BY_NOTHING);
    assert_true(push_size - stream_offset > 4 * 256);
}

static void every_flipped_bit_is_refused(void **state)
{
    (void)state;
    unsigned counts[CHECKS] = {0};

    for (size_t bit = 0; bit < 8 * push_size; bit++) {
        push[bit / 8] ^= (uint8_t)(1 << bit % 8);
        enum caught caught = judge(span_of(push, push_size));
        counts[caught]++;
        if (caught == BY_NOTHING)
            print_message("# survivor: byte %zu, bit %zu\n", bit / 8, bit % 8);
        push[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    print("flips", counts);
    assert_int_equal(counts[BY_NOTHING], 0);
    assert_true(counts[BY_STRUCTURE] > 0 && counts[BY_DIGEST] > 0 && counts[BY_PROFILE] > 0 &&
                counts[BY_SIGNATURE] > 0);
    assert_int_equal(counts[BY_STREAM], 8 * (push_size - stream_offset));
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    unsigned counts[CHECKS] = {0};

    for (size_t size = 0; size < push_size; size++)
        counts[judge(span_of(push, size))]++;
    print("truncations", counts);
    assert_int_equal(counts[BY_NOTHING], 0);
}

static void bytes_after_the_end_are_refused(void **state)
{
    (void)state;
    assert_true(push_size < PUSH_MAX);
    assert_int_equal(judge(span_of(push, push_size + 1)), BY_STREAM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(untouched_it_passes),
        cmocka_unit_test(every_flipped_bit_is_refused),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(bytes_after_the_end_are_refused),
    };
    return cmocka_run_group_tests(tests, make_push, NULL);
}
