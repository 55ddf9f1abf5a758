/* The messages as stories need them: a full sample of each, and ways to bend its bytes: a pair dropped, doubled, with
 * another value, or the whole as a careless client would write it. */
#ifndef SUTURE_TESTS_UNIT_PROTOCOL_MESSAGE_KIT_H
#define SUTURE_TESTS_UNIT_PROTOCOL_MESSAGE_KIT_H

#include "agent/protocol/messages.h"
#include "tests/support/test.h"

#define BODY_MAX 2048

/* Bending ------------------------------------------------------------------------------------------------------------- */

enum bend { BEND_NOTHING, BEND_DROP, BEND_DOUBLE, BEND_VALUE };

/* What is written has indefinite maps and arrays, so that a pair more or less needs no other count. */
struct bending {
    enum bend bend;
    int at;            /* which pair, counted through all maps in the order of writing */
    struct span value; /* encoded, for BEND_VALUE */
    bool careless;     /* keys backwards, all heads nine bytes long */
    /* told: */
    int pairs;           /* how many were written so far */
    struct span key;     /* of the bent pair: its text */
    enum cbor_kind kind; /* of its value */
};

static inline void bytes_put(struct buffer *out, struct span bytes)
{
    assert_true(buffer_append(out, bytes));
}

/* The item's head again, nine bytes long, and what follows it. */
static inline void atom_stretch(struct span item, struct buffer *out)
{
    struct cbor cbor = cbor_over(item, CBOR_LOOSE);
    uint8_t head[9] = {(uint8_t)(item.data[0] >> 5 << 5 | 27)};
    uint64_t argument = 0, head_size, content_size;
    if (item.data[0] >> 5 == 7) {
        bytes_put(out, item);
        return;
    }
    assert_int_equal(cbor_string_extent(&cbor, &head_size, &content_size), OK);
    if (head_size == 1)
        argument = item.data[0] & 31;
    for (size_t i = 1; i < head_size; i++)
        argument = argument << 8 | item.data[i];
    for (size_t i = 8; i > 0; i--, argument >>= 8)
        head[i] = (uint8_t)argument;
    bytes_put(out, span_of(head, sizeof head));
    bytes_put(out, span_from(item, (size_t)head_size));
}

static inline void item_bend(struct span item, struct buffer *out, struct bending *bending);

static inline void pair_bend(struct span key, struct span value, struct buffer *out, struct bending *bending)
{
    struct cbor name = cbor_over(key, CBOR_LOOSE), content = cbor_over(value, CBOR_LOOSE);
    enum bend bend = bending->pairs++ == bending->at ? bending->bend : BEND_NOTHING;
    if (bend != BEND_NOTHING) {
        assert_int_equal(cbor_text(&name, &bending->key), OK);
        bending->kind = cbor_kind(&content);
    }
    if (bend == BEND_DROP)
        return;
    item_bend(key, out, bending);
    if (bend == BEND_VALUE)
        bytes_put(out, bending->value);
    else
        item_bend(value, out, bending);
    if (bend == BEND_DOUBLE) {
        bytes_put(out, key);
        bytes_put(out, value);
    }
}

/* Splits an array or map into its items; returns how many. */
static inline size_t items_split(struct span container, struct span *items, size_t most)
{
    struct cbor cbor = cbor_over(container, CBOR_LOOSE);
    struct cbor_items walk;
    size_t count = 0;
    bool more, map = cbor_kind(&cbor) == CBOR_MAP;
    assert_int_equal(map ? cbor_enter_map(&cbor, &walk) : cbor_enter_array(&cbor, &walk), OK);
    for (;;) {
        assert_int_equal(cbor_more(&cbor, &walk, &more), OK);
        if (!more)
            return count;
        assert_true(count + 2 <= most);
        assert_int_equal(cbor_skip(&cbor, &items[count++]), OK);
        if (map)
            assert_int_equal(cbor_skip(&cbor, &items[count++]), OK);
    }
}

static inline void item_bend(struct span item, struct buffer *out, struct bending *bending)
{
    struct cbor cbor = cbor_over(item, CBOR_LOOSE);
    struct span items[64];
    enum cbor_kind kind = cbor_kind(&cbor);
    if (kind == CBOR_MAP) {
        size_t count = items_split(item, items, 64);
        bytes_put(out, span_of("\xbf", 1));
        for (size_t i = 0; i < count; i += 2) {
            size_t from = bending->careless ? count - 2 - i : i;
            pair_bend(items[from], items[from + 1], out, bending);
        }
        bytes_put(out, span_of("\xff", 1));
    } else if (kind == CBOR_ARRAY) {
        size_t count = items_split(item, items, 64);
        bytes_put(out, span_of("\x9f", 1));
        for (size_t i = 0; i < count; i++)
            item_bend(items[i], out, bending);
        bytes_put(out, span_of("\xff", 1));
    } else if (bending->careless) {
        atom_stretch(item, out);
    } else {
        bytes_put(out, item);
    }
}

/* Writes `body` bent into `out` (emptied first). */
static inline struct span body_bend(struct span body, struct buffer *out, struct bending *bending)
{
    out->size = 0;
    bending->pairs = 0;
    item_bend(body, out, bending);
    return span_used(out);
}

/* How many pairs a body has in all its maps. */
static inline int pairs_count(struct span body)
{
    uint8_t memory[BODY_MAX];
    struct buffer out = buffer_over(memory, sizeof memory);
    struct bending bending = {.at = -1};
    body_bend(body, &out, &bending);
    return bending.pairs;
}

/* Samples: every key is there, no two values are the same where that can be ---------------------------------------------- */

static inline struct message_capabilities sample_capabilities(void)
{
    return (struct message_capabilities){
        .protocol = 1,
        .agent = span_text("1.2.3"),
        .buffer_size = 1024,
        .buffer_count = 4,
        .line = 127,
        .framings = {0, 2},
        .framing_count = 2,
        .manifest_max = 8192,
        .block_max = 4096,
        .segment_max = 32768,
        .ram = 16384,
        .codecs = {0, 1, 2, 3, 4, 5, 6, 255},
        .codec_count = MESSAGE_LIST_MAX,
        .algorithms = {-7, -46, INT64_MIN},
        .algorithm_count = 3,
        .policy = {1, 0, 2},
        .root_version = 70000,
        .rescue = true,
    };
}

static inline struct message_identity sample_identity(void)
{
    struct message_identity identity = {
        .model = span_text("Infusor"),
        .hardware = span_text("C"),
        .serial = span_text("SN-0815"),
        .boot_kind = 2,
        .tries_left = 3,
        .outcome = 4,
        .floor = UINT32_MAX,
        .slots = {{.slot = 0, .state = 3, .sequence = 41, .version = {4, 3, 1}, .active = true},
                  {.slot = 1, .state = 2, .sequence = 42, .version = {4294967295, 0, 10}}},
        .slot_count = 2,
    };
    memset(identity.vendor, 0x11, 16);
    memset(identity.class_id, 0x22, 16);
    memset(identity.slots[0].hash, 0x33, 32);
    memset(identity.slots[1].hash, 0x44, 32);
    return identity;
}

static inline struct message_preflight sample_preflight(void)
{
    return (struct message_preflight){.ready = false,
                                      .use = 3,
                                      .battery = 255,
                                      .service = true,
                                      .mains = true,
                                      .reasons = {SUTURE_IN_USE, REASON_NOT_SERVICE},
                                      .reason_count = 2};
}

static inline struct message_check sample_check(void)
{
    return (struct message_check){.offset = 700,
                                  .has_verdict = true,
                                  .verdict = SUTURE_MANIFEST,
                                  .reason = 13,
                                  .section = -258,
                                  .has_want = true,
                                  .want = 255};
}

static inline struct message_status sample_status(void)
{
    struct message_status status = {.phase = PHASE_WRITING,
                                    .offset = UINT64_MAX,
                                    .length = 5000000000,
                                    .output = 24,
                                    .size = 65536,
                                    .wait_code = SUTURE_BATTERY,
                                    .quiet_ms = 90000};
    memset(status.manifest, 0x55, 32);
    return status;
}

static inline struct message_report sample_report(void)
{
    return (struct message_report){
        .offset = 256, .length = 700, .data = span_text("\xd2\x84 a piece of the report")};
}

static inline struct message_log sample_log(void)
{
    return (struct message_log){
        .first = 5,
        .next = 8,
        .items = {{5, 100, 65535, 1, 2}, {6, 0, 0, 0, 0}, {7, UINT32_MAX, 3, UINT32_MAX, 9}},
        .item_count = 3};
}

static inline struct message_images sample_images(void)
{
    struct message_images images = {
        .images = {{.slot = 0, .version = {1, 2, 0}, .bootable = true, .confirmed = true, .active = true},
                   {.slot = 1, .version = {1, 3, 0}, .bootable = true, .pending = true, .permanent = true}},
        .count = 2,
    };
    memset(images.images[0].hash, 0x66, 32);
    memset(images.images[1].hash, 0x77, 32);
    return images;
}

static inline struct message_upload_answer sample_upload_answer(void)
{
    return (struct message_upload_answer){.offset = 65536, .has_match = true, .match = true};
}

/* Every message alike: its sample as bytes, and reading followed by writing. A refused body must leave the struct alone. */
#define MESSAGE_KIT(name)                                                                                    \
    static inline enum status name##_sample(struct buffer *out)                                              \
    {                                                                                                        \
        const struct message_##name message = sample_##name();                                               \
        return message_##name##_write(out, &message);                                                        \
    }                                                                                                        \
    static inline enum status name##_again(struct span body, struct buffer *out)                             \
    {                                                                                                        \
        struct message_##name message, before;                                                               \
        memset(&message, 0xa5, sizeof message);                                                              \
        memset(&before, 0xa5, sizeof before);                                                                \
        enum status status = message_##name##_read(body, &message);                                          \
        if (status) {                                                                                        \
            assert_memory_equal(&message, &before, sizeof message);                                          \
            return status;                                                                                   \
        }                                                                                                    \
        assert_int_equal(message_##name##_write(out, &message), OK);                                         \
        return OK;                                                                                           \
    }

MESSAGE_KIT(capabilities)
MESSAGE_KIT(identity)
MESSAGE_KIT(preflight)
MESSAGE_KIT(check)
MESSAGE_KIT(status)
MESSAGE_KIT(report)
MESSAGE_KIT(log)
MESSAGE_KIT(images)
MESSAGE_KIT(upload_answer)

struct message_kind {
    const char *name;
    enum status (*sample)(struct buffer *out);
    enum status (*again)(struct span body, struct buffer *out);
    const char *optional; /* keys that may be absent, each between spaces */
    const char *wide;     /* keys of 64-bit numbers */
};

static const struct message_kind message_kinds[] = {
    {"capabilities", capabilities_sample, capabilities_again, "", ""},
    {"identity", identity_sample, identity_again, "", ""},
    {"preflight", preflight_sample, preflight_again, "", ""},
    {"check", check_sample, check_again, " verdict reason section want ", " off "},
    {"status", status_sample, status_again, "", " off len out size "},
    {"report", report_sample, report_again, "", " off len "},
    {"log", log_sample, log_again, "", ""},
    {"images", images_sample, images_again, " hash active pending bootable confirmed permanent ", ""},
    {"upload answer", upload_answer_sample, upload_answer_again, " match ", " off "},
};
#define MESSAGE_KINDS (sizeof message_kinds / sizeof *message_kinds)

/* Whether `key` is one of a row's words. */
static inline bool is_listed(struct span key, const char *words)
{
    char word[40] = " ";
    assert_true(key.size < sizeof word - 3);
    memcpy(word + 1, key.data, key.size);
    memcpy(word + 1 + key.size, " ", 2);
    return strstr(words, word) != NULL;
}

/* A copy of exactly the body's size, so that a sanitizer sees the first byte read beyond it. The caller frees it. */
static inline struct span body_exact(struct span body)
{
    uint8_t *copy = malloc(body.size ? body.size : 1);
    assert_non_null(copy);
    memcpy(copy, body.data, body.size);
    return span_of(copy, body.size);
}

#endif
