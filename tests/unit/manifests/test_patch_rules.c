/* Streams that carry the vendor's digests all right but break a rule of the format: each block is authentic, and the reader
 * has to see for itself what is wrong with it. */
#include "tests/unit/manifests/deflate_kit.h"
#include "tests/unit/manifests/patch_kit.h"
#include "keys/base/bytes.h"

enum { BLOCKS_MOST = 8, BLOCK_MAX = 128, SEGMENT_MAX = 300 };
enum { START = PATCH_SEGMENT_START, END = PATCH_SEGMENT_END, LAST = PATCH_LAST, ONLY = START | END | LAST };

/* One block as it will be written. What is left 0 is filled in as the rules want it. */
struct sketch {
    uint8_t flags;
    struct span head; /* of a segment: the two ULEB128 */
    struct span body;
    uint8_t type;
    uint32_t next_length; /* announced instead of the true one */
};

struct sheet {
    uint8_t bytes[BLOCKS_MOST * 256];
    size_t size;
    struct patch_description description;
};

#define TEXT(text) span_of(text, sizeof text - 1)

static const struct span zero_head = {(const uint8_t *)"\0\0", 2};
static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

static size_t draw(const struct sketch *sketch, uint32_t next_length, const uint8_t next_digest[DIGEST_SIZE],
                   uint8_t *at)
{
    struct buffer out = buffer_over(at, 256);
    uint8_t next[PATCH_HEAD_SIZE - 2];
    put_le32(next, sketch->next_length ? sketch->next_length : next_length);
    memcpy(next + 4, next_digest, DIGEST_SIZE);
    assert_true(buffer_put(&out, sketch->type == 0 ? PATCH_BLOCK_DATA : sketch->type));
    assert_true(buffer_put(&out, sketch->flags));
    if (!(sketch->flags & LAST))
        assert_true(buffer_append(&out, span_of(next, sizeof next)));
    assert_true(buffer_append(&out, sketch->head));
    assert_true(buffer_append(&out, sketch->body));
    return out.size;
}

/* Writes the blocks and chains them, from the last to the first. */
static struct sheet stream_of(uint8_t codec, const struct sketch *sketches, size_t count)
{
    struct sheet sheet = {.description = {.codec = codec,
                                          .window_bits = codec == PATCH_STORED ? 0 : 9,
                                          .block_max = BLOCK_MAX,
                                          .segment_max = SEGMENT_MAX,
                                          .ram = BLOCK_MAX + (codec == PATCH_STORED ? 0 : 512 + 7168)}};
    uint8_t *digest = sheet.description.first_digest;
    uint8_t blocks[BLOCKS_MOST][256];
    size_t sizes[BLOCKS_MOST];
    uint32_t length = 0;

    for (size_t i = count; i-- > 0;) {
        sizes[i] = draw(&sketches[i], length, digest, blocks[i]);
        length = (uint32_t)sizes[i];
        digest_of(span_of(blocks[i], sizes[i]), digest);
    }
    sheet.description.first_length = length;
    for (size_t i = 0; i < count; i++) {
        memcpy(sheet.bytes + sheet.size, blocks[i], sizes[i]);
        sheet.size += sizes[i];
    }
    sheet.description.stream_size = sheet.size;
    return sheet;
}

/* Feeds a stream to a device that expects `image`; everything that comes out must be the image's. */
static void assert_answer(const struct sheet *sheet, struct span image, enum status wanted)
{
    struct kit_device *device = kit_open(image, &sheet->description, NULL, 32);
    patch_watch_window(&device->reader);
    enum status status = patch_feed(&device->reader, span_of(sheet->bytes, sheet->size));
    assert_false(device->wrong);
    kit_assert_status(status, wanted);
    assert_int_equal(patch_done(&device->reader), wanted == OK);
    kit_close(device);
}

static void assert_stored(const struct sketch *sketches, size_t count, struct span image, enum status wanted)
{
    struct sheet sheet = stream_of(PATCH_STORED, sketches, count);
    assert_answer(&sheet, image, wanted);
}

static void assert_deflated(const struct sketch *sketches, size_t count, struct span image,
                            enum status wanted)
{
    struct sheet sheet = stream_of(PATCH_DEFLATE, sketches, count);
    assert_answer(&sheet, image, wanted);
}

/* "abc" as one stored deflate block, final or not. */
#define ABC_FINAL                                                                                            \
    TEXT("\x01\x03\x00\xfc\xff"                                                                              \
         "abc")
#define ABC_MORE                                                                                             \
    TEXT("\x00\x03\x00\xfc\xff"                                                                              \
         "abc")

static void streams_within_the_rules_are_taken(void **state)
{
    (void)state;
    struct sketch one[] = {{ONLY, zero_head, TEXT("abc"), 0, 0}};
    assert_stored(one, 1, TEXT("abc"), OK);
    struct sketch two[] = {{START, zero_head, TEXT("abc"), 0, 0}, {END | LAST, {0}, TEXT("def"), 0, 0}};
    assert_stored(two, 2, TEXT("abcdef"), OK);
    struct sketch segments[] = {{START | END, zero_head, TEXT("abc"), 0, 0},
                                {ONLY, TEXT("\x03\0"), TEXT("def"), 0, 0}};
    assert_stored(segments, 2, TEXT("abcdef"), OK);
    segments[0].body = segments[1].body = ABC_FINAL;
    assert_deflated(segments, 2, TEXT("abcabc"), OK);
    two[0].body = ABC_MORE;
    two[1].body = ABC_FINAL;
    assert_deflated(two, 2, TEXT("abcabc"), OK);
}

static void an_unknown_type_or_flag_is_refused(void **state)
{
    (void)state;
    struct sketch block = {ONLY, zero_head, TEXT("abc"), 2, 0};
    assert_stored(&block, 1, TEXT("abc"), BAD_FORMAT);
    block.type = 0xff;
    assert_stored(&block, 1, TEXT("abc"), BAD_FORMAT);
    block.type = 0;
    for (unsigned flag = 8; flag <= 128; flag <<= 1) {
        block.flags = (uint8_t)(ONLY | flag);
        assert_stored(&block, 1, TEXT("abc"), BAD_FORMAT);
    }
}

static void a_context_block_is_refused_by_codecs_without_context(void **state)
{
    (void)state;
    struct sheet sheet = stream_of(PATCH_STORED, &(struct sketch){ONLY, zero_head, TEXT("abc"), 0, 0}, 1);
    sheet.bytes[0] = PATCH_BLOCK_CONTEXT;
    digest_of(span_of(sheet.bytes, sheet.size), sheet.description.first_digest);
    assert_answer(&sheet, TEXT("abc"), BAD_FORMAT);
}

static void segment_flags_must_follow_each_other(void **state)
{
    (void)state;
    struct sketch no_start = {END | LAST, {0}, TEXT("abc"), 0, 0};
    assert_stored(&no_start, 1, TEXT("abc"), BAD_FORMAT);
    struct sketch start_twice[] = {{START, zero_head, TEXT("abc"), 0, 0},
                                   {ONLY, TEXT("\x03\0"), TEXT("def"), 0, 0}};
    assert_stored(start_twice, 2, TEXT("abcdef"), BAD_FORMAT);
    struct sketch end_twice[] = {{START | END, zero_head, TEXT("abc"), 0, 0},
                                 {END | LAST, {0}, TEXT("def"), 0, 0}};
    assert_stored(end_twice, 2, TEXT("abcdef"), BAD_FORMAT);
    struct sketch last_without_end = {START | LAST, zero_head, TEXT("abc"), 0, 0};
    assert_stored(&last_without_end, 1, TEXT("abc"), BAD_FORMAT);
}

static void the_last_block_is_the_last_and_only_it(void **state)
{
    (void)state;
    struct sketch early[] = {{ONLY, zero_head, TEXT("abc"), 0, 0}, {ONLY, TEXT("\x03\0"), TEXT("def"), 0, 0}};
    assert_stored(early, 2, TEXT("abc"), BAD_FORMAT);
    assert_stored(early, 2, TEXT("abcdef"), BAD_FORMAT);
    struct sketch never[] = {{START, zero_head, TEXT("abc"), 0, 0}, {END, {0}, TEXT("def"), 0, 0}};
    assert_stored(never, 2, TEXT("abcdef"), BAD_FORMAT);
}

/* Feeds the first block only. */
static void assert_first_block(const struct sheet *sheet, struct span image, enum status wanted)
{
    struct kit_device *device = kit_open(image, &sheet->description, NULL, 32);
    enum status status = patch_feed(&device->reader, span_of(sheet->bytes, sheet->description.first_length));
    assert_false(device->wrong);
    kit_assert_status(status, wanted);
    kit_close(device);
}

static void an_announced_length_outside_the_rules_is_refused_at_once(void **state)
{
    (void)state;
    static const uint32_t too_short[] = {1}, too_long[] = {BLOCK_MAX + 1, 0x10000, UINT32_MAX};
    struct sketch blocks[] = {{START, zero_head, TEXT("abc"), 0, too_short[0]},
                              {END | LAST, {0}, TEXT("def"), 0, 0}};
    struct sheet sheet = stream_of(PATCH_STORED, blocks, 2);
    assert_first_block(&sheet, TEXT("abcdef"), BAD_FORMAT);
    for (size_t i = 0; i < sizeof too_long / sizeof *too_long; i++) {
        blocks[0].next_length = too_long[i];
        sheet = stream_of(PATCH_STORED, blocks, 2);
        sheet.description.stream_size = UINT64_MAX;
        assert_first_block(&sheet, TEXT("abcdef"), BAD_FORMAT);
    }
    blocks[0].next_length = BLOCK_MAX;
    sheet = stream_of(PATCH_STORED, blocks, 2);
    sheet.description.stream_size = sheet.description.first_length + BLOCK_MAX;
    assert_first_block(&sheet, TEXT("abcdef"), OK);
    sheet.description.stream_size -= 1;
    assert_first_block(&sheet, TEXT("abcdef"), BAD_FORMAT);
}

static void a_last_block_before_the_described_end_is_refused(void **state)
{
    (void)state;
    struct sketch block = {ONLY, zero_head, TEXT("abc"), 0, 0};
    struct sheet sheet = stream_of(PATCH_STORED, &block, 1);
    sheet.description.stream_size += 1;
    assert_answer(&sheet, TEXT("abc"), BAD_FORMAT);
}

static void an_announced_length_of_zero_is_refused(void **state)
{
    (void)state;
    /* A block that isn't the last and says that nothing follows. */
    struct sketch block = {START | END, zero_head, TEXT("abc"), 0, 0};
    assert_stored(&block, 1, TEXT("abc"), BAD_FORMAT);
}

static void a_shorter_length_than_the_true_one_is_a_bad_digest(void **state)
{
    (void)state;
    struct sketch blocks[] = {{START, zero_head, TEXT("abc"), 0, 4}, {END | LAST, {0}, TEXT("def"), 0, 0}};
    assert_stored(blocks, 2, TEXT("abcdef"), BAD_DIGEST);
}

static void blocks_too_short_for_their_head_are_refused(void **state)
{
    (void)state;
    struct sketch whole = {START, zero_head, TEXT("abc"), 0, 0};
    for (uint32_t length = PATCH_LENGTH_LEAST; length < PATCH_HEAD_SIZE + 3; length++) {
        struct sheet sheet = stream_of(PATCH_STORED, &whole, 1);
        sheet.description.first_length = length;
        digest_of(span_of(sheet.bytes, length), sheet.description.first_digest);
        assert_answer(&sheet, TEXT("abc"), BAD_FORMAT);
    }
}

static void the_output_offset_must_be_what_was_made(void **state)
{
    (void)state;
    const struct span wrong[] = {TEXT("\x02\0"), TEXT("\x04\0"), TEXT("\0\0"),
                                 TEXT("\x83\x80\x80\x80\x80\x01\0")};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct sketch blocks[] = {{START | END, zero_head, TEXT("abc"), 0, 0},
                                  {ONLY, wrong[i], TEXT("def"), 0, 0}};
        assert_stored(blocks, 2, TEXT("abcdef"), BAD_FORMAT);
    }
}

static void a_base_position_without_a_base_is_refused(void **state)
{
    (void)state;
    struct sketch block = {ONLY, TEXT("\0\x01"), TEXT("abc"), 0, 0};
    assert_stored(&block, 1, TEXT("abc"), BAD_FORMAT);
}

static void a_uleb128_that_is_longer_than_needed_or_64_bits_is_refused(void **state)
{
    (void)state;
    const struct span bad[] = {
        TEXT("\x80\x00\0"),                                     /* 0 in two bytes */
        TEXT("\0\x80\x00"),                                     /* the base position, the same */
        TEXT("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x02\0"),     /* bit 64 */
        TEXT("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01\0"), /* eleven bytes */
        TEXT("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00\0"),
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct sketch block = {ONLY, bad[i], TEXT("abc"), 0, 0};
        assert_stored(&block, 1, TEXT("abc"), BAD_FORMAT);
    }
    struct sketch endless = {ONLY, {0}, TEXT("\xff\xff\xff\xff"), 0, 0};
    assert_stored(&endless, 1, TEXT("abc"), BAD_FORMAT);
}

static void a_block_without_a_body_makes_no_progress_and_is_refused(void **state)
{
    (void)state;
    struct sketch blocks[] = {{START, zero_head, {0}, 0, 0}, {END | LAST, {0}, TEXT("abc"), 0, 0}};
    assert_stored(blocks, 2, TEXT("abc"), BAD_FORMAT);
    struct sketch empty_last[] = {{START, zero_head, TEXT("abc"), 0, 0}, {END | LAST, {0}, {0}, 0, 0}};
    assert_stored(empty_last, 2, TEXT("abc"), BAD_FORMAT);
}

static void a_segment_larger_than_described_is_refused(void **state)
{
    (void)state;
    struct span body = span_of(letters, 60);
    struct sketch blocks[] = {{START, zero_head, body, 0, 0}, /* 100 + 98 + 98 + 62 */
                              {0, {0}, body, 0, 0},
                              {0, {0}, body, 0, 0},
                              {END | LAST, {0}, body, 0, 0}};
    uint8_t image[240];
    for (size_t i = 0; i < 4; i++)
        memcpy(image + i * 60, letters, 60);
    assert_stored(blocks, 4, span_of(image, 240), BAD_FORMAT);
    blocks[3].flags = ONLY;
    blocks[3].head = TEXT("\xb4\x01\0");
    blocks[2].flags = END;
    assert_stored(blocks, 4, span_of(image, 240), OK);
}

static void a_segment_of_exactly_the_described_size_is_taken(void **state)
{
    (void)state;
    struct span body = span_of(letters, 60);
    struct sketch blocks[] = {{START, zero_head, body, 0, 0}, /* 100 + 98 + 102 */
                              {0, {0}, body, 0, 0},
                              {END | LAST, {0}, span_of(letters, 62), 0, 0}};
    struct sheet sheet = stream_of(PATCH_STORED, blocks, 3);
    uint8_t image[182];
    memcpy(image, letters, 60);
    memcpy(image + 60, letters, 60);
    memcpy(image + 120, letters, 62);
    sheet.description.segment_max = (uint32_t)sheet.size;
    assert_answer(&sheet, span_of(image, 182), OK);
    sheet.description.segment_max = (uint32_t)sheet.size - 1;
    assert_answer(&sheet, span_of(image, 182), BAD_FORMAT);
}

static void an_image_that_comes_out_too_short_is_not_done(void **state)
{
    (void)state;
    struct sketch block = {ONLY, zero_head, TEXT("abc"), 0, 0};
    assert_stored(&block, 1, TEXT("abcd"), BAD_FORMAT);
    block.body = ABC_FINAL;
    assert_deflated(&block, 1, TEXT("abcd"), BAD_FORMAT);
}

static void stored_output_beyond_the_image_is_refused_whole(void **state)
{
    (void)state;
    struct sketch blocks[] = {{START, zero_head, TEXT("abc"), 0, 0}, {END | LAST, {0}, TEXT("def"), 0, 0}};
    struct sheet sheet = stream_of(PATCH_STORED, blocks, 2);
    struct kit_device *device = kit_open(TEXT("abcde"), &sheet.description, NULL, 32);
    kit_assert_status(patch_feed(&device->reader, span_of(sheet.bytes, sheet.size)), TOO_LARGE);
    assert_true(device->given == 3);
    assert_false(device->wrong);
    kit_close(device);
}

static void a_segment_at_the_images_end_is_refused(void **state)
{
    (void)state;
    struct sketch blocks[] = {{START | END, zero_head, TEXT("abc"), 0, 0},
                              {ONLY, TEXT("\x03\0"), TEXT("\x03\x00"), 0, 0}};
    assert_stored(blocks, 2, TEXT("abc"), BAD_FORMAT);
    blocks[0].body = ABC_FINAL;
    assert_deflated(blocks, 2, TEXT("abc"), BAD_FORMAT);
}

static void deflate_that_ends_before_its_segment_is_refused(void **state)
{
    (void)state;
    struct sketch blocks[] = {{START, zero_head, ABC_FINAL, 0, 0}, {END | LAST, {0}, ABC_FINAL, 0, 0}};
    struct sheet sheet = stream_of(PATCH_DEFLATE, blocks, 2);
    assert_first_block(&sheet, TEXT("abcabc"), BAD_FORMAT);
}

static void deflate_that_goes_on_after_its_segment_is_refused(void **state)
{
    (void)state;
    struct sketch block = {ONLY, zero_head, ABC_MORE, 0, 0};
    assert_deflated(&block, 1, TEXT("abc"), BAD_FORMAT);
    struct sketch blocks[] = {{START | END, zero_head, ABC_MORE, 0, 0},
                              {ONLY, TEXT("\x03\0"), ABC_FINAL, 0, 0}};
    assert_deflated(blocks, 2, TEXT("abcabc"), BAD_FORMAT);
}

static void bytes_after_the_deflate_stream_are_refused(void **state)
{
    (void)state;
    struct sketch block = {ONLY, zero_head,
                           TEXT("\x01\x03\x00\xfc\xff"
                                "abc\0"),
                           0, 0};
    assert_deflated(&block, 1, TEXT("abc"), BAD_FORMAT);
    block.body = TEXT("\x01\x03\x00\xfc\xff"
                      "abc"
                      "\x01\x03\x00\xfc\xff"
                      "abc");
    assert_deflated(&block, 1, TEXT("abcabc"), BAD_FORMAT);
}

static void a_segment_does_not_see_the_window_of_the_one_before(void **state)
{
    (void)state;
    uint8_t room[16];
    struct bits reach_back = {.out = buffer_over(room, sizeof room)};
    deflate_begin(&reach_back, DEFLATE_FINAL);
    deflate_copy3(&reach_back, 3);
    deflate_end(&reach_back);
    struct sketch blocks[] = {{START | END, zero_head, ABC_FINAL, 0, 0},
                              {ONLY, TEXT("\x03\0"), span_used(&reach_back.out), 0, 0}};
    assert_deflated(blocks, 2, TEXT("abcabc"), BAD_FORMAT);
}

static void a_distance_beyond_the_described_window_is_refused(void **state)
{
    (void)state;
    for (uint32_t distance = 512; distance <= 513; distance++) {
        uint8_t room[700], image[603];
        struct bits far = {.out = buffer_over(room, sizeof room)};
        deflate_begin(&far, DEFLATE_FINAL);
        for (size_t i = 0; i < 600; i++)
            deflate_literal(&far, image[i] = (uint8_t)(i % 101));
        deflate_copy3(&far, distance);
        deflate_end(&far);
        for (size_t i = 600; i < 603; i++)
            image[i] = image[i - distance];

        struct sketch blocks[BLOCKS_MOST] = {{0}};
        struct span body = span_used(&far.out);
        size_t count = 0;
        for (; body.size > 0; count++) {
            blocks[count].flags = count == 0 ? START : 0;
            blocks[count].head = count == 0 ? zero_head : span_of(NULL, 0);
            blocks[count].body = span_first(body, 88);
            body = span_from(body, blocks[count].body.size);
        }
        blocks[count - 1].flags |= END | LAST;
        struct sheet sheet = stream_of(PATCH_DEFLATE, blocks, count);
        sheet.description.segment_max = 2000;
        assert_answer(&sheet, span_of(image, 603), distance == 512 ? OK : BAD_FORMAT);
    }
}

static void a_block_that_inflates_beyond_the_image_gives_nothing_beyond_it(void **state)
{
    (void)state;
    uint8_t room[128], image[400];
    struct bits bomb = {.out = buffer_over(room, sizeof room)};
    memset(image, 'z', sizeof image);
    deflate_begin(&bomb, DEFLATE_FINAL);
    deflate_literal(&bomb, 'z');
    for (size_t i = 0; i < 60; i++)
        deflate_copy3(&bomb, 1);
    deflate_end(&bomb);
    struct sketch block = {ONLY, zero_head, span_used(&bomb.out), 0, 0};
    assert_deflated(&block, 1, span_of(image, 181), OK);
    for (size_t size = 1; size < 181; size++)
        assert_deflated(&block, 1, span_of(image, size), TOO_LARGE);
    for (size_t size = 182; size < 200; size++)
        assert_deflated(&block, 1, span_of(image, size), BAD_FORMAT);
}

static void what_is_no_deflate_is_refused(void **state)
{
    (void)state;
    struct sketch block = {ONLY, zero_head, TEXT("\x07"), 0, 0};
    assert_deflated(&block, 1, TEXT("abc"), BAD_FORMAT);
}

/* A stream whose second half is met at a restart far out. */
static enum status restart_at(uint64_t stream_offset, uint64_t output_offset, struct span head,
                              uint64_t image_size, uint64_t *seen)
{
    struct sketch block = {ONLY, head, TEXT("abc"), 0, 0};
    struct sheet sheet = stream_of(PATCH_STORED, &block, 1);
    struct patch_restart restart = {stream_offset, output_offset, sheet.description.first_length, {0}};
    memcpy(restart.digest, sheet.description.first_digest, DIGEST_SIZE);
    sheet.description.stream_size = stream_offset + sheet.size;
    sheet.description.first_length = 100;

    struct kit_device *device = calloc(1, sizeof *device);
    assert_non_null(device);
    device->expected = output_offset;
    struct patch_sink sink = {device, kit_write, kit_segment};
    struct patch_memory memory = kit_memory(device, &sheet.description, 1);
    enum status status = patch_start(&device->reader, &sheet.description, image_size, &restart, memory, sink);
    if (!status)
        status = patch_feed(&device->reader, span_of(sheet.bytes, sheet.size));
    *seen = device->expected;
    kit_close(device);
    return status;
}

static void offsets_beyond_32_bits_are_kept_whole(void **state)
{
    (void)state;
    uint64_t seen;
    const struct span heads[] = {TEXT("\xfe\xff\xff\xff\x0f\0"), TEXT("\xff\xff\xff\xff\x0f\0"),
                                 TEXT("\x80\x80\x80\x80\x10\0"), TEXT("\x81\x80\x80\x80\x10\0")};
    for (uint64_t i = 0; i < 4; i++) {
        uint64_t output = UINT64_C(0xfffffffe) + i;
        assert_int_equal(restart_at(output + 5, output, heads[i], output + 3, &seen), OK);
        assert_true(seen == output + 3);
        assert_int_equal(restart_at(output + 5, output, heads[i], output + 2, &seen), TOO_LARGE);
        assert_true(seen == output);
        assert_int_equal(restart_at(output + 5, output + 1, heads[i], output + 4, &seen), BAD_FORMAT);
    }
}

static void the_largest_offsets_do_not_wrap(void **state)
{
    (void)state;
    uint64_t seen, most = UINT64_MAX;
    struct span head = TEXT("\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01\0"); /* 2^64 - 2 */
    assert_int_equal(restart_at(1000, most - 1, head, most, &seen), TOO_LARGE);
    assert_true(seen == most - 1);
    head = TEXT("\xfc\xff\xff\xff\xff\xff\xff\xff\xff\x01\0");
    assert_int_equal(restart_at(most - 1000, most - 3, head, most, &seen), OK);
    assert_true(seen == most);
}

static enum status start_with(struct patch_description *description, uint64_t image_size,
                              const struct patch_restart *restart, size_t block, size_t decoder,
                              size_t output)
{
    uint8_t room[4][1] = {{0}};
    struct patch_reader reader;
    struct patch_memory memory = {buffer_over(room[0], block), buffer_over(room[1], decoder),
                                  buffer_over(room[2], output)};
    return patch_start(&reader, description, image_size, restart, memory,
                       (struct patch_sink){NULL, kit_write, NULL});
}

static void too_little_memory_is_refused_at_the_start(void **state)
{
    (void)state;
    struct sketch block = {ONLY, zero_head, ABC_FINAL, 0, 0};
    struct sheet sheet = stream_of(PATCH_DEFLATE, &block, 1);
    struct patch_description *description = &sheet.description;
    assert_int_equal(start_with(description, 3, NULL, BLOCK_MAX, 7680, 1), OK);
    assert_int_equal(start_with(description, 3, NULL, BLOCK_MAX - 1, 7680, 1), TOO_LARGE);
    assert_int_equal(start_with(description, 3, NULL, BLOCK_MAX, 7679, 1), TOO_LARGE);
    assert_int_equal(start_with(description, 3, NULL, BLOCK_MAX, 7680, 0), TOO_LARGE);
    sheet = stream_of(PATCH_STORED, &block, 1);
    assert_int_equal(start_with(description, 3, NULL, BLOCK_MAX, 0, 0), OK);
}

static void numbers_that_make_no_sense_are_refused_at_the_start(void **state)
{
    (void)state;
    struct sketch blocks[] = {{START | END, zero_head, TEXT("abc"), 0, 0},
                              {ONLY, TEXT("\x03\0"), TEXT("def"), 0, 0}};
    struct sheet sheet = stream_of(PATCH_STORED, blocks, 2);
    struct patch_description *description = &sheet.description;
    struct patch_restart good = {43, 3, 7, {0}};
    assert_int_equal(start_with(description, 6, &good, BLOCK_MAX, 0, 0), OK);
    assert_int_equal(start_with(description, 0, NULL, BLOCK_MAX, 0, 0), BAD_FORMAT);

    const struct patch_restart bad[] = {
        {sheet.size, 3, 7, {0}},
        {sheet.size + 1, 3, 7, {0}},
        {UINT64_MAX, 3, 7, {0}},
        {43, 6, 7, {0}},
        {43, UINT64_MAX, 7, {0}},
        {43, 3, 8, {0}},
        {43, 3, 1, {0}},
        {43, 3, 0, {0}},
        {1, 3, BLOCK_MAX + 1, {0}},
        {0, 3, 43, {0}},
        {0, 0, 43, {0}},
        {0, 0, 42, {0}},
        {0, 1, 0, {0}},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (start_with(description, 6, &bad[i], BLOCK_MAX, 0, 0) != BAD_FORMAT)
            fail_msg("restart %zu is taken", i);
    description->ram += 1;
    assert_int_equal(start_with(description, 6, NULL, BLOCK_MAX, 0, 0), BAD_FORMAT);
    description->ram -= 1;
    description->codec = PATCH_DELTA;
    assert_int_equal(start_with(description, 6, NULL, BLOCK_MAX, 0, 0), UNSUPPORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_within_the_rules_are_taken),
        cmocka_unit_test(an_unknown_type_or_flag_is_refused),
        cmocka_unit_test(a_context_block_is_refused_by_codecs_without_context),
        cmocka_unit_test(segment_flags_must_follow_each_other),
        cmocka_unit_test(the_last_block_is_the_last_and_only_it),
        cmocka_unit_test(an_announced_length_outside_the_rules_is_refused_at_once),
        cmocka_unit_test(a_last_block_before_the_described_end_is_refused),
        cmocka_unit_test(an_announced_length_of_zero_is_refused),
        cmocka_unit_test(a_shorter_length_than_the_true_one_is_a_bad_digest),
        cmocka_unit_test(blocks_too_short_for_their_head_are_refused),
        cmocka_unit_test(the_output_offset_must_be_what_was_made),
        cmocka_unit_test(a_base_position_without_a_base_is_refused),
        cmocka_unit_test(a_uleb128_that_is_longer_than_needed_or_64_bits_is_refused),
        cmocka_unit_test(a_block_without_a_body_makes_no_progress_and_is_refused),
        cmocka_unit_test(a_segment_larger_than_described_is_refused),
        cmocka_unit_test(a_segment_of_exactly_the_described_size_is_taken),
        cmocka_unit_test(an_image_that_comes_out_too_short_is_not_done),
        cmocka_unit_test(stored_output_beyond_the_image_is_refused_whole),
        cmocka_unit_test(a_segment_at_the_images_end_is_refused),
        cmocka_unit_test(deflate_that_ends_before_its_segment_is_refused),
        cmocka_unit_test(deflate_that_goes_on_after_its_segment_is_refused),
        cmocka_unit_test(bytes_after_the_deflate_stream_are_refused),
        cmocka_unit_test(a_segment_does_not_see_the_window_of_the_one_before),
        cmocka_unit_test(a_distance_beyond_the_described_window_is_refused),
        cmocka_unit_test(a_block_that_inflates_beyond_the_image_gives_nothing_beyond_it),
        cmocka_unit_test(what_is_no_deflate_is_refused),
        cmocka_unit_test(offsets_beyond_32_bits_are_kept_whole),
        cmocka_unit_test(the_largest_offsets_do_not_wrap),
        cmocka_unit_test(too_little_memory_is_refused_at_the_start),
        cmocka_unit_test(numbers_that_make_no_sense_are_refused_at_the_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
