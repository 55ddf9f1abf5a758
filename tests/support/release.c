#include "tests/support/release.h"
#include "keys/p256_sign.h"
#include "tests/support/test.h"

void fill(uint8_t *at, size_t size, uint8_t with)
{
    memset(at, with, size);
}

static struct suit_stream stream_of(uint8_t first)
{
    struct suit_stream stream = {.patch = {.codec = PATCH_DEFLATE,
                                           .window_bits = 12,
                                           .block_max = 4096,
                                           .segment_max = 32768,
                                           .ram = 4096 + 4096 + PATCH_INFLATE_RAM,
                                           .stream_size = 65000,
                                           .first_length = 4096}};
    fill(stream.patch.first_digest, DIGEST_SIZE, first);
    return stream;
}

static struct suit_stream delta_from(uint8_t base)
{
    struct suit_stream stream = stream_of(base);
    stream.has_base = true;
    fill(stream.base_digest, DIGEST_SIZE, base);
    return stream;
}

static void add_texts(struct suit_content *content)
{
    content->vendor_name = "ACME Medical";
    content->vendor_domain = "acme.example";
    content->model_name = "Pump";
    content->update_description = "Closes a hole in the service port.";
    content->attachment_count = 2;
    content->attachments[0] = (struct suit_attachment){.name = "sbom.cdx.json", .size = 70000};
    content->attachments[1] = (struct suit_attachment){.name = "notes.md", .size = 900};
    fill(content->attachments[0].digest, DIGEST_SIZE, 0x5b);
    fill(content->attachments[1].digest, DIGEST_SIZE, 0x0e);
    content->check_count = 2;
    content->checks[0] = (struct suit_check){.id = "flow",
                                             .text = "Flow at 100 ml/h",
                                             .kind = "number",
                                             .unit = "ml/h",
                                             .least = 95000,
                                             .most = 105000,
                                             .required = true};
    content->checks[1] = (struct suit_check){
        .id = "alarm", .text = "Alarm sounds", .kind = "yes-no", .unit = "", .required = false};
    content->from = "4.2.0 and later";
    content->minutes = 7;
    content->cve_count = 2;
    content->cves[0] = "CVE-2031-0001";
    content->cves[1] = "CVE-2031-0002";
    content->valid_until = "2032-12-31";
    content->least_loader = "1.0";
}

struct suit_content release_full(void)
{
    struct suit_content content = {.sequence = 31,
                                   .version = {4, 3, 1},
                                   .class_count = 1,
                                   .image_size = 180000,
                                   .stream_count = 1,
                                   .floor_after = 30,
                                   .confirm_who = CONFIRM_BY_TECHNICIAN,
                                   .confirm_tries = 4,
                                   .confirm_healthy = 20,
                                   .silence_staging = 45,
                                   .silence_boot = 90};
    fill(content.vendor, UUID_SIZE, ACME);
    fill(content.classes[0], UUID_SIZE, PUMP_REVISION_B);
    fill(content.image_digest, DIGEST_SIZE, IMAGE_4_3_1);
    content.streams[0] = stream_of(0xf0);
    add_texts(&content);
    return content;
}

struct suit_content release_with_deltas(void)
{
    struct suit_content content = release_full();
    content.class_count = 2;
    fill(content.classes[1], UUID_SIZE, PUMP_REVISION_C);
    content.stream_count = 3;
    content.streams[0] = delta_from(IMAGE_4_3_0);
    content.streams[1] = delta_from(IMAGE_4_2_0);
    content.streams[2] = stream_of(0xf0);
    return content;
}

/* Keys -------------------------------------------------------------------------------------------------------------- */

static void private_of(enum release_key key, uint8_t scalar[P256_PRIVATE_SIZE])
{
    fill(scalar, P256_PRIVATE_SIZE, (uint8_t)(0x21 + key));
}

const uint8_t *release_public_key(enum release_key key)
{
    static uint8_t keys[RELEASE_KEYS][P256_PUBLIC_SIZE];
    uint8_t scalar[P256_PRIVATE_SIZE];

    if (keys[key][0] == 0) {
        private_of(key, scalar);
        assert_int_equal(p256_public_of(scalar, keys[key]), OK);
    }
    return keys[key];
}

static enum status sign(void *context, struct span message, struct buffer *signature)
{
    const enum release_key *key = context;
    uint8_t scalar[P256_PRIVATE_SIZE], digest[DIGEST_SIZE], raw[P256_SIGNATURE_SIZE];

    private_of(*key, scalar);
    digest_of(message, digest);
    enum status status = p256_sign(scalar, digest, raw);
    if (status)
        return status;
    return buffer_append(signature, span_of(raw, sizeof raw)) ? OK : TOO_LARGE;
}

struct cose_signer release_signer(enum release_key key)
{
    static enum release_key keys[RELEASE_KEYS] = {KEY_ENGINEER, KEY_QUALITY, KEY_STRANGER};
    struct cose_signer signer = {.algorithm = COSE_ESP256, .context = &keys[key], .sign = sign};

    key_id_of(span_of(release_public_key(key), P256_PUBLIC_SIZE), signer.key_id);
    return signer;
}

struct trust release_trust(uint8_t all)
{
    struct trust trust = {.version = 1, .key_count = 2, .release = {all, 0, all}};

    fill(trust.vendor, UUID_SIZE, ACME);
    for (enum release_key key = KEY_ENGINEER; key <= KEY_QUALITY; key++) {
        struct trust_key *listed = &trust.keys[key];
        listed->algorithm = COSE_ESP256;
        listed->public_key = span_of(release_public_key(key), P256_PUBLIC_SIZE);
        listed->roles = ROLE_RELEASE;
        key_id_of(listed->public_key, listed->id);
    }
    return trust;
}
