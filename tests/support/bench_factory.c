#include "tests/support/bench_factory.h"

#include "keys/base/failure.h"
#include "keys/root_write.h"
#include "manifests/patch_write.h"
#include "tests/support/test.h"

/* Releases -------------------------------------------------------------------------------------------------------- */

/* An image as firmware is: some of it compresses, some does not, and some is erased. */
static void image_make(uint32_t sequence, uint8_t *image, size_t size)
{
    uint64_t state = sequence * 0x9e3779b97f4a7c15u + 1;

    for (size_t i = 0; i < size; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        bool plain = (i / 512) % 3 == 0;
        image[i] = (i / 700) % 5 == 4 ? 0xff : plain ? (uint8_t)(i / 16) : (uint8_t)(state >> 56);
    }
}

static struct suit_content content_of(const struct bench_release *release, const struct push *push,
                                      const struct patch_description patches[2])
{
    struct suit_content content = {
        .sequence = release->sequence ? release->sequence : 2,
        .class_count = 1,
        .image_size = push->image_size,
        .stream_count = 1,
        .floor_after = release->floor_after,
        .confirm_who = release->confirm_who ? release->confirm_who : CONFIRM_BY_DEVICE,
        .confirm_tries = release->tries ? release->tries : 3,
        .confirm_healthy = release->confirm_healthy ? release->confirm_healthy : 10,
        .silence_staging = 30,
        .silence_boot = 60,
    };

    content.version[0] = content.sequence;
    memset(content.vendor, release->vendor_byte ? release->vendor_byte : BENCH_VENDOR, UUID_SIZE);
    memset(content.classes[0], release->class_byte ? release->class_byte : BENCH_CLASS, UUID_SIZE);
    memcpy(content.image_digest, push->image_digest, DIGEST_SIZE);
    content.streams[0].patch = patches[0];
    if (release->base) {
        content.stream_count = 2;
        content.streams[0].has_base = true;
        memcpy(content.streams[0].base_digest, release->base, DIGEST_SIZE);
        content.streams[1].patch = patches[1];
    }
    return content;
}

/* The severed envelope of a release. */
static void envelope_make(const struct bench_release *release, const struct suit_content *content,
                          struct buffer *out)
{
    struct test_key key = test_key_named(release->signer ? release->signer : BENCH_RELEASE_KEY);
    struct cose_signer signer = test_signer(&key);
    uint8_t unsigned_memory[4096], signed_memory[4096];
    struct buffer plain = buffer_over(unsigned_memory, sizeof unsigned_memory);
    struct buffer vouched = buffer_over(signed_memory, sizeof signed_memory);

    assert_int_equal(suit_write(&plain, content), OK);
    if (release->unsigned_)
        vouched = plain;
    else
        assert_int_equal(suit_sign(&vouched, span_used(&plain), &signer), OK);
    assert_int_equal(suit_sever_text(out, span_used(&vouched)), OK);
}

static void push_join(struct push *push, struct span envelope, uint8_t stream_number, struct span stream)
{
    struct suit_envelope read;

    push->size = envelope.size + 1 + stream.size;
    push->envelope_size = envelope.size;
    push->bytes = malloc(push->size);
    assert_non_null(push->bytes);
    memcpy(push->bytes, envelope.data, envelope.size);
    push->bytes[envelope.size] = stream_number;
    memcpy(push->bytes + envelope.size + 1, stream.data, stream.size);
    digest_of(span_of(push->bytes, push->size), push->sha);
    assert_int_equal(suit_envelope_read(envelope, &read, NULL), OK);
    memcpy(push->manifest, read.digest, DIGEST_SIZE);
}

static void image_fill(const struct bench_release *release, struct push *push)
{
    push->image_size = release->image.data   ? release->image.size
                       : release->image_size ? release->image_size
                                             : 10000;
    push->image = malloc(push->image_size);
    assert_non_null(push->image);
    if (release->image.data)
        memcpy(push->image, release->image.data, push->image_size);
    else
        image_make(release->sequence ? release->sequence : 2, push->image, push->image_size);
    digest_of(span_of(push->image, push->image_size), push->image_digest);
}

static uint8_t window_of(const struct bench_release *release)
{
    if (release->codec != PATCH_DEFLATE)
        return 0;
    return release->window_bits ? release->window_bits : 12;
}

/* The second stream has other blocks than the first, so that nobody can take one for the other. */
static void stream_make(const struct bench_release *release, const struct push *push, unsigned which,
                        struct buffer *stream, struct patch_description *patch)
{
    struct patch_settings settings = {
        .codec = release->codec,
        .window_bits = window_of(release),
        .block_max = (release->block_max ? release->block_max : 512) - 112 * which,
        .segment_size = release->segment_max ? release->segment_max : 2048,
    };
    struct failure why;

    if (!patch_write(span_of(push->image, push->image_size), &settings, stream, patch, &why))
        fail_msg("%s", why.what);
}

struct push push_of(const struct bench_release *release)
{
    struct patch_description patches[2];
    struct buffer streams[2] = {{0}, {0}};
    struct push push = {0};
    uint8_t memory[4096];
    struct buffer envelope = buffer_over(memory, sizeof memory);

    image_fill(release, &push);
    for (unsigned which = 0; which < 2; which++)
        stream_make(release, &push, which, &streams[which], &patches[which]);
    struct suit_content content = content_of(release, &push, patches);
    envelope_make(release, &content, &envelope);
    push_join(&push, span_used(&envelope), release->offer, span_used(&streams[release->offer]));
    free(streams[0].data);
    free(streams[1].data);
    return push;
}

void push_free(struct push *push)
{
    free(push->bytes);
    free(push->image);
    *push = (struct push){0};
}

/* The factory ----------------------------------------------------------------------------------------------------- */

void factory_root(struct buffer *out, uint32_t version, const char *release_key, const char *withdrawn)
{
    struct test_key root = test_key_named(BENCH_ROOT_KEY), release = test_key_named(release_key);
    struct cose_signer signer = test_signer(&root);
    struct trust trust = {
        .version = version,
        .key_count = 2,
        .keys = {test_trust_key(&root, ROLE_ROOT | ROLE_DEVICE), test_trust_key(&release, ROLE_RELEASE)},
        .release = {1, 0, 1},
        .root = {1, 0, 1},
        .device = {1, 0, 1},
    };

    memset(trust.vendor, BENCH_VENDOR, UUID_SIZE);
    if (withdrawn) {
        struct test_key gone = test_key_named(withdrawn);
        memcpy(trust.withdrawn_keys[trust.withdrawn_key_count++], gone.id, KEY_ID_SIZE);
    }
    assert_int_equal(root_write(out, &trust, &signer, 1), OK);
}

static void identity_write(struct bench *bench)
{
    struct test_key root = test_key_named(BENCH_ROOT_KEY);
    struct cose_signer signer = test_signer(&root);
    struct certificate certificate = {.serial = span_text("7F31"), .issued = 1900000000};
    uint8_t certificate_memory[CERTIFICATE_MAX], identity_memory[IDENTITY_MAX];
    struct buffer encoded = buffer_over(certificate_memory, sizeof certificate_memory);
    struct buffer out = buffer_over(identity_memory, sizeof identity_memory);
    struct identity identity = {
        .model = span_text("P-200"),
        .hardware = span_text("B"),
        .serial = span_text("7F31"),
    };
    struct area_stream stream;

    bench->device_key = test_key_named(BENCH_DEVICE_KEY);
    memset(certificate.vendor, BENCH_VENDOR, UUID_SIZE);
    memset(certificate.class_id, BENCH_CLASS, UUID_SIZE);
    memcpy(certificate.public_key, bench->device_key.public_key, P256_PUBLIC_SIZE);
    assert_int_equal(certificate_write(&encoded, &certificate, &signer), OK);
    memset(identity.vendor, BENCH_VENDOR, UUID_SIZE);
    memset(identity.class_id, BENCH_CLASS, UUID_SIZE);
    if (!bench->no_device_key) {
        identity.private_key = span_of(bench->device_key.private_key, P256_PRIVATE_SIZE);
        identity.certificate = span_used(&encoded);
    }
    assert_int_equal(identity_encode(&out, &identity), OK);
    assert_int_equal(
        document_write(&bench->port.layout.areas[AREA_IDENTITY], DOCUMENT_IDENTITY, span_used(&out), &stream),
        OK);
}

static void root_put(struct bench *bench, const struct bench_options *options)
{
    struct buffer root = buffer_over(bench->root_bytes, sizeof bench->root_bytes);
    struct area_stream stream;

    factory_root(&root, 1, BENCH_RELEASE_KEY, options->withdrawn_key);
    assert_int_equal(
        document_write(&bench->port.layout.areas[AREA_TRUST0], DOCUMENT_ROOT, span_used(&root), &stream), OK);
    bench->root_size = root.size;
    assert_int_equal(root_read(span_used(&root), &bench->trust), OK);
}

static void first_image_put(struct bench *bench, const struct push *push)
{
    const struct area *slot = &bench->port.layout.areas[AREA_SLOT_A];
    struct meta meta = {
        .envelope_length = (uint32_t)push->envelope_size,
        .push_length = push->size,
        .stream_offset = (uint32_t)push->envelope_size + 1,
    };
    struct area_stream stream;

    memcpy(bench->chip->bytes + slot->offset, push->image, push->image_size);
    memcpy(meta.manifest, push->manifest, DIGEST_SIZE);
    assert_int_equal(meta_write(&bench->port.layout.areas[AREA_META_A], &meta,
                                span_of(push->bytes, push->envelope_size), &stream),
                     OK);
}

void factory_fill(struct bench *bench, const struct bench_options *options)
{
    struct bench_release release = {.sequence = options->running ? options->running : 1};
    struct push push = push_of(&release);
    struct record_slot image = {.state = SLOT_GOOD, .sequence = release.sequence, .size = push.image_size};

    memcpy(image.digest, push.image_digest, DIGEST_SIZE);
    memcpy(image.manifest_id, push.manifest, sizeof image.manifest_id);
    const struct record record = record_first(&image, options->floor);
    first_image_put(bench, &push);
    assert_int_equal(record_write(&bench->port.layout, 0, &record), OK);
    identity_write(bench);
    root_put(bench, options);
    push_free(&push);
}
