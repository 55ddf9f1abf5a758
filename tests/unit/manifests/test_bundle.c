/* Good bundles and their use: written, opened, judged, proven, pushed, explained; and what happens when the file changes. */
#include "tests/unit/manifests/bundle_kit.h"

#include "manifests/explain.h"
#include "manifests/fit.h"

#include <fcntl.h>
#include <sys/stat.h>

static struct bundle *opened(const char *name)
{
    struct bundle *bundle;
    struct failure why;

    if (!bundle_open(in_folder(name), &bundle, &why))
        fail_msg("%s", why.what);
    return bundle;
}

static struct bundle *verified(const char *name)
{
    struct bundle *bundle = opened(name);
    struct failure why;

    if (!bundle_verify(bundle, BUNDLE_UNSIGNED_OK, BUNDLE_VOUCHED, &why))
        fail_msg("%s", why.what);
    return bundle;
}

static void a_bundle_says_what_was_put_in(void **state)
{
    (void)state;
    uint8_t vendor[UUID_SIZE], classes[SUIT_CLASSES_MAX][UUID_SIZE];
    struct failure why;
    struct buffer notes;
    size_t count;

    write_kit("a.suture");
    struct bundle *bundle = verified("a.suture");
    assert_int_equal(bundle_manifest(bundle)->sequence, 7);
    assert_string_equal(bundle_text(bundle)->model_name, "P-200");
    assert_true(bundle_targets(bundle, vendor, classes, &count, &why));
    assert_memory_equal(vendor, kit.content.vendor, UUID_SIZE);
    assert_int_equal(count, 2);
    assert_memory_equal(classes[0], kit.content.classes[0], UUID_SIZE);
    assert_memory_equal(classes[1], kit.content.classes[1], UUID_SIZE);
    assert_int_equal(bundle_stream_count(bundle), 1);
    assert_int_equal(bundle_plan(bundle, 0)->image_size, KIT_IMAGE);
    assert_null(bundle_plan(bundle, 1));
    assert_true(bundle_attachment(bundle, "notes.md", &notes, &why));
    assert_true(span_equal(span_used(&notes), kit.entries[KIT_NOTES].bytes));
    free(notes.data);
    assert_false(bundle_attachment(bundle, "patch/0", &notes, &why));
    assert_int_equal(why.id, FAIL_USAGE);
    bundle_close(bundle);
}

static void the_same_release_gives_the_same_bytes(void **state)
{
    (void)state;
    static uint8_t first[65536];
    struct span bytes = write_kit("a.suture");
    size_t size = bytes.size;

    assert_true(size <= sizeof first);
    memcpy(first, bytes.data, size);
    encode_image();
    write_manifest();
    bytes = write_kit("b.suture");
    assert_true(span_equal(bytes, span_of(first, size)));
}

/* POSIX ustar with libarchive's spelling of numbers, by hand: a library that spells them otherwise must not go unnoticed. */
static void the_first_header_is_this_one(void **state)
{
    (void)state;
    struct span bytes = write_kit("a.suture");
    uint8_t header[TAR_BLOCK] = {0};
    unsigned sum = 0;

    memcpy(header, "manifest.suit", 13);
    memcpy(header + 100,
           "000644 \0"
           "000000 \0"
           "000000 ",
           23);
    snprintf((char *)header + 124, 13, "%011zo ", kit.entries[KIT_MANIFEST].bytes.size);
    memcpy(header + 136, "00000000000 ", 12);
    memset(header + 148, ' ', 8);
    header[156] = '0';
    memcpy(header + 257,
           "ustar\0"
           "00",
           8);
    memcpy(header + 329,
           "000000 \0"
           "000000 ",
           15);
    for (size_t i = 0; i < TAR_BLOCK; i++)
        sum += header[i];
    snprintf((char *)header + 148, 8, "%06o", sum);
    assert_memory_equal(bytes.data, header, TAR_BLOCK);
    assert_int_equal(bytes.size % TAR_BLOCK, 0);
}

static enum status take(void *context, uint64_t offset, struct span piece)
{
    struct buffer *image = context;
    return offset == image->size && buffer_append(image, piece) ? OK : TOO_LARGE;
}

static void the_image_decodes_from_the_bundle(void **state)
{
    (void)state;
    uint8_t memory[KIT_IMAGE];
    struct buffer image = buffer_over(memory, sizeof memory);
    struct failure why;

    write_kit("a.suture");
    struct bundle *bundle = verified("a.suture");
    struct patch_sink sink = {&image, take, NULL};
    assert_true(bundle_decode(bundle, 0, sink, &why));
    assert_true(span_equal(span_used(&image), span_of(kit.image, KIT_IMAGE)));
    assert_false(bundle_decode(bundle, 1, sink, &why));
    bundle_close(bundle);
}

/* Trust ------------------------------------------------------------------------------------------------------------ */

static void refused_by(struct trust trust, const uint8_t *class_id, enum failure_id id)
{
    struct bundle *bundle = opened("a.suture");
    struct failure why = {FAIL_NONE, ""};

    assert_false(bundle_authenticate(bundle, &trust, class_id, 0, &why));
    assert_int_equal(why.id, id);
    assert_false(bundle_verify(bundle, BUNDLE_AUTHENTICATED, BUNDLE_VOUCHED, &why));
    bundle_close(bundle);
}

static void a_signed_bundle_is_trusted_for_each_of_its_classes(void **state)
{
    (void)state;
    struct trust trust = kit_trust(1);
    struct failure why;

    sign_manifest(&kit.release_key);
    write_kit("a.suture");
    struct bundle *bundle = opened("a.suture");
    for (size_t i = 0; i < 2; i++)
        assert_true(bundle_authenticate(bundle, &trust, kit.content.classes[i], 0, &why));
    assert_true(bundle_verify(bundle, BUNDLE_AUTHENTICATED, BUNDLE_VOUCHED, &why));
    bundle_close(bundle);
}

static void an_unsigned_bundle_is_refused(void **state)
{
    (void)state;
    write_kit("a.suture");
    refused_by(kit_trust(1), kit.content.classes[0], FAIL_UNSIGNED);
}

static void a_key_that_the_root_does_not_list_is_refused(void **state)
{
    (void)state;
    sign_manifest(&kit.other_key);
    write_kit("a.suture");
    refused_by(kit_trust(1), kit.content.classes[0], FAIL_KEY_UNKNOWN);
}

static void a_signature_made_with_another_key_is_refused(void **state)
{
    (void)state;
    struct test_key liar = kit.other_key;

    memcpy(liar.id, kit.release_key.id, KEY_ID_SIZE);
    sign_manifest(&liar);
    write_kit("a.suture");
    refused_by(kit_trust(1), kit.content.classes[0], FAIL_SIGNATURE);
}

static void too_few_signatures_are_refused(void **state)
{
    (void)state;
    sign_manifest(&kit.release_key);
    write_kit("a.suture");
    refused_by(kit_trust(2), kit.content.classes[0], FAIL_TOO_FEW_SIGNATURES);
}

static void a_withdrawn_key_is_refused(void **state)
{
    (void)state;
    struct trust trust = kit_trust(1);

    sign_manifest(&kit.release_key);
    write_kit("a.suture");
    trust.withdrawn_key_count = 1;
    memcpy(trust.withdrawn_keys[0], kit.release_key.id, KEY_ID_SIZE);
    refused_by(trust, kit.content.classes[0], FAIL_KEY_WITHDRAWN);
}

static void a_withdrawn_manifest_is_refused(void **state)
{
    (void)state;
    struct trust trust = kit_trust(1);

    sign_manifest(&kit.release_key);
    write_kit("a.suture");
    struct bundle *bundle = opened("a.suture");
    trust.withdrawn_manifest_count = 1;
    memcpy(trust.withdrawn_manifests[0], bundle_envelope(bundle)->digest, TRUST_MANIFEST_ID);
    bundle_close(bundle);
    refused_by(trust, kit.content.classes[0], FAIL_MANIFEST_WITHDRAWN);
}

static void a_key_for_another_role_or_class_is_refused(void **state)
{
    (void)state;
    struct trust trust = kit_trust(1);

    sign_manifest(&kit.release_key);
    write_kit("a.suture");
    trust.keys[0].roles = ROLE_DEVICE;
    refused_by(trust, kit.content.classes[0], FAIL_KEY_SCOPE);
    trust = kit_trust(1);
    trust.keys[0].class_count = 1;
    memcpy(trust.keys[0].classes[0], kit.content.classes[1], UUID_SIZE);
    refused_by(trust, kit.content.classes[0], FAIL_KEY_SCOPE);
}

static void a_root_of_another_vendor_says_nothing(void **state)
{
    (void)state;
    struct trust trust = kit_trust(1);

    sign_manifest(&kit.release_key);
    write_kit("a.suture");
    uuid_of_vendor("borealis.example", trust.vendor);
    refused_by(trust, kit.content.classes[0], FAIL_NO_ROOT);
}

static void a_class_that_the_manifest_does_not_serve_is_refused(void **state)
{
    (void)state;
    uint8_t other[UUID_SIZE];

    sign_manifest(&kit.release_key);
    write_kit("a.suture");
    uuid_of_class(kit.content.vendor, "P-200", "D", other);
    refused_by(kit_trust(1), other, FAIL_WRONG_CLASS);
}

/* Signing again ---------------------------------------------------------------------------------------------------- */

static void signing_changes_only_the_first_entry(void **state)
{
    (void)state;
    struct failure why;
    struct buffer before, after;

    write_kit("a.suture");
    assert_true(file_read(in_folder("a.suture"), 1 << 20, &before, &why));
    struct bundle *bundle = verified("a.suture");
    size_t unsigned_size = kit.entries[KIT_MANIFEST].bytes.size;
    sign_manifest(&kit.release_key);
    assert_true(bundle_rewrite(bundle, in_folder("a.suture"), kit.entries[KIT_MANIFEST].bytes, &why));
    bundle_close(bundle);
    assert_true(file_read(in_folder("a.suture"), 1 << 20, &after, &why));
    size_t rest_before = TAR_BLOCK + tar_padded(unsigned_size);
    size_t rest_after = TAR_BLOCK + tar_padded(kit.entries[KIT_MANIFEST].bytes.size);
    assert_true(
        span_equal(span_from(span_used(&before), rest_before), span_from(span_used(&after), rest_after)));
    free(before.data);
    free(after.data);
    bundle_close(verified("a.suture"));
}

/* Push ------------------------------------------------------------------------------------------------------------- */

static void a_push_file_is_the_severed_envelope_the_number_and_the_stream(void **state)
{
    (void)state;
    static uint8_t severed_memory[KIT_ROOM], whole[KIT_ROOM];
    struct buffer severed = buffer_over(severed_memory, sizeof severed_memory);
    struct failure why;
    struct push *push;
    uint8_t sha[DIGEST_SIZE], wanted[DIGEST_SIZE];

    sign_manifest(&kit.release_key);
    write_kit("a.suture");
    struct bundle *bundle = verified("a.suture");
    assert_true(push_open(bundle, 0, &push, &why));
    assert_int_equal(suit_sever_text(&severed, kit.entries[KIT_MANIFEST].bytes), OK);
    size_t size = (size_t)push_size(push);
    assert_int_equal(size, severed.size + 1 + kit.stream.size);
    assert_int_equal(push_stream_offset(push), severed.size + 1);
    assert_true(push_read(push, 0, whole, size, &why));
    assert_memory_equal(whole, "\xd8\x6b", 2);
    assert_memory_equal(whole, severed.data, severed.size);
    assert_int_equal(whole[severed.size], 0);
    assert_memory_equal(whole + severed.size + 1, kit.stream.data, kit.stream.size);
    assert_true(push_digest(push, sha, &why));
    digest_of(span_of(whole, size), wanted);
    assert_memory_equal(sha, wanted, DIGEST_SIZE);
    push_close(push);
    assert_false(push_open(bundle, 1, &push, &why));
    bundle_close(bundle);
}

static void any_piece_of_a_push_file_can_be_read(void **state)
{
    (void)state;
    static uint8_t whole[KIT_ROOM], piece[KIT_ROOM];
    struct failure why;
    struct push *push;

    write_kit("a.suture");
    struct bundle *bundle = verified("a.suture");
    assert_true(push_open(bundle, 0, &push, &why));
    size_t size = (size_t)push_size(push);
    assert_true(push_read(push, 0, whole, size, &why));
    for (size_t from = 0; from < size; from += 37)
        for (size_t some = 0; some <= size - from; some += 101) {
            assert_true(push_read(push, from, piece, some, &why));
            assert_memory_equal(piece, whole + from, some);
        }
    assert_true(push_read(push, size, piece, 0, &why));
    assert_false(push_read(push, size, piece, 1, &why));
    assert_false(push_read(push, size + 1, piece, 0, &why));
    assert_false(push_read(push, UINT64_MAX, piece, 1, &why));
    assert_false(push_read(push, 1, piece, SIZE_MAX, &why));
    push_close(push);
    bundle_close(bundle);
}

static void what_was_not_verified_is_not_pushed(void **state)
{
    (void)state;
    struct failure why;
    struct push *push;
    struct buffer out;

    write_kit("a.suture");
    struct bundle *bundle = opened("a.suture");
    assert_false(push_open(bundle, 0, &push, &why));
    assert_false(bundle_attachment(bundle, "notes.md", &out, &why));
    assert_false(bundle_rewrite(bundle, in_folder("b.suture"), kit.entries[0].bytes, &why));
    bundle_close(bundle);
}

/* Changed between check and use ------------------------------------------------------------------------------------ */

static void change_byte(const char *name, off_t at)
{
    uint8_t byte;
    int file = open(in_folder(name), O_RDWR);

    assert_true(file >= 0);
    assert_int_equal(pread(file, &byte, 1, at), 1);
    byte ^= 1;
    assert_int_equal(pwrite(file, &byte, 1, at), 1);
    /* two writes in one tick of the clock have the same time; a person's come later */
    assert_int_equal(futimens(file, (struct timespec[2]){{1, 0}, {1, 0}}), 0);
    close(file);
}

static void a_byte_changed_after_the_check_is_noticed(void **state)
{
    (void)state;
    uint8_t piece[64];
    struct failure why;
    struct push *push;
    struct span bytes = write_kit("a.suture");
    struct bundle *bundle = verified("a.suture");

    assert_true(push_open(bundle, 0, &push, &why));
    change_byte("a.suture", (off_t)bytes.size - TAR_END - 200);
    assert_false(push_read(push, push_stream_offset(push), piece, sizeof piece, &why));
    assert_int_equal(why.id, FAIL_BUNDLE_CHANGED);
    assert_false(push_read(push, 0, piece, 8, &why));
    push_close(push);
    bundle_close(bundle);
}

static void a_file_cut_after_the_check_is_noticed(void **state)
{
    (void)state;
    static uint8_t whole[KIT_ROOM];
    struct failure why;
    struct push *push;
    struct buffer notes;

    write_kit("a.suture");
    struct bundle *bundle = verified("a.suture");
    assert_true(push_open(bundle, 0, &push, &why));
    assert_int_equal(truncate(in_folder("a.suture"), 700), 0);
    assert_false(push_read(push, 0, whole, (size_t)push_size(push), &why));
    assert_int_equal(why.id, FAIL_BUNDLE_CHANGED);
    assert_false(bundle_attachment(bundle, "notes.md", &notes, &why));
    assert_int_equal(why.id, FAIL_BUNDLE_CHANGED);
    assert_false(bundle_decode(bundle, 0, (struct patch_sink){NULL, NULL, NULL}, &why));
    assert_int_equal(why.id, FAIL_BUNDLE_CHANGED);
    push_close(push);
    bundle_close(bundle);
}

static void a_file_replaced_by_name_does_not_matter(void **state)
{
    (void)state;
    static uint8_t whole[KIT_ROOM];
    struct failure why;
    struct push *push;

    write_kit("a.suture");
    struct bundle *bundle = verified("a.suture");
    assert_true(push_open(bundle, 0, &push, &why));
    put("a.suture", span_text("something else"));
    assert_true(push_read(push, 0, whole, (size_t)push_size(push), &why));
    assert_memory_equal(whole + push_stream_offset(push), kit.stream.data, kit.stream.size);
    push_close(push);
    bundle_close(bundle);
}

/* What a device can hold ------------------------------------------------------------------------------------------- */

static struct device_class pump_class(void)
{
    static char *revisions[] = {"B", "C"};
    return (struct device_class){.format = 1,
                                 .vendor_domain = "acme.example",
                                 .vendor_name = "Acme Medical",
                                 .model = "P-200",
                                 .hardware_revisions = revisions,
                                 .hardware_revisions_count = 2,
                                 .slot_size = KIT_IMAGE,
                                 .manifest_max = 2048,
                                 .block_max = 512,
                                 .segment_max = 1536,
                                 .ram = 512 + 512 + PATCH_INFLATE_RAM,
                                 .write_unit = 1,
                                 .erase_block = 1000};
}

static void fits(struct device_class class, enum failure_id id)
{
    struct bundle *bundle = verified("a.suture");
    struct failure why = {FAIL_NONE, ""};

    assert_int_equal(fit_check_bundle(&class, bundle, &why), id == FAIL_NONE);
    if (why.id != id)
        fail_msg("E-%d %s", why.id, why.what);
    bundle_close(bundle);
}

static void each_limit_of_a_device_class_is_exact(void **state)
{
    (void)state;
    struct device_class class = pump_class();

    write_kit("a.suture");
    fits(class, FAIL_NONE);
    class.slot_size--;
    fits(class, FAIL_IMAGE_TOO_LARGE);
    class = pump_class();
    class.block_max--;
    fits(class, FAIL_BLOCK_TOO_LARGE);
    class = pump_class();
    class.segment_max = kit.content.streams[0].patch.segment_max - 1;
    fits(class, FAIL_BLOCK_TOO_LARGE);
    class = pump_class();
    class.ram--;
    fits(class, FAIL_DEVICE_MEMORY);
}

static void the_manifest_must_fit_with_the_signatures_to_come(void **state)
{
    (void)state;
    struct device_class class = pump_class();
    struct bundle *bundle;
    struct failure why;
    size_t size, signed_size;

    write_kit("a.suture");
    bundle = verified("a.suture");
    assert_true(fit_envelope_size(bundle_envelope(bundle), &size, &why));
    bundle_close(bundle);
    class.manifest_max = (uint32_t)size;
    fits(class, FAIL_NONE);
    class.manifest_max--;
    fits(class, FAIL_MANIFEST_TOO_LARGE);
    sign_manifest(&kit.release_key);
    sign_manifest(&kit.other_key);
    write_kit("a.suture");
    bundle = verified("a.suture");
    assert_true(fit_envelope_size(bundle_envelope(bundle), &signed_size, &why));
    bundle_close(bundle);
    if (signed_size > size)
        fail_msg("two signatures made %zu bytes; %zu were foreseen", signed_size, size);
}

static void a_class_file_of_other_devices_does_not_fit(void **state)
{
    (void)state;
    static char *revisions[] = {"B", "D"};
    struct device_class class = pump_class();

    write_kit("a.suture");
    class.hardware_revisions = revisions;
    fits(class, FAIL_WRONG_CLASS);
    class = pump_class();
    class.model = "P-300";
    fits(class, FAIL_WRONG_CLASS);
    class = pump_class();
    class.vendor_domain = "borealis.example";
    fits(class, FAIL_WRONG_VENDOR);
}

/* Explained -------------------------------------------------------------------------------------------------------- */

static char *explained(const struct device_class *class)
{
    struct bundle *bundle = verified("a.suture");
    struct failure why;
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    assert_true(explain_print(out, bundle, class, &why));
    fclose(out);
    bundle_close(bundle);
    return text;
}

static void says(const char *text, const char *what)
{
    if (strstr(text, what) == NULL)
        fail_msg("'%s' is not in:\n%s", what, text);
}

static void explain_says_what_the_manifest_does(void **state)
{
    (void)state;
    struct device_class class = pump_class();

    sign_manifest(&kit.release_key);
    write_kit("a.suture");
    char *text = explained(&class);
    says(text, "= acme.example");
    says(text, "P-200, hardware revision B");
    says(text, "P-200, hardware revision C");
    says(text, "4.3.1");
    says(text, "3000 bytes");
    says(text, "from any image");
    says(text, "deflate, window 512 bytes");
    says(text, "5 after confirm");
    says(text, "apply stream, image match");
    says(text, "ESP256");
    says(text, "not judged here");
    says(text, "Closes a hole.");
    says(text, "notes.md, 24 bytes");
    free(text);
}

static void a_delta_is_explained_with_its_base(void **state)
{
    (void)state;
    struct suit_content *content = &kit.content;

    content->stream_count = 2;
    content->streams[1] = content->streams[0];
    content->streams[0].has_base = true;
    memset(content->streams[0].base_digest, 0xab, DIGEST_SIZE);
    write_manifest();
    struct tar_entry entries[] = {kit.entries[0], kit.entries[1], kit.entries[2],
                                  kit.entries[3], kit.entries[4], {"patch/1", kit.entries[4].bytes}};
    struct failure why;
    assert_true(bundle_write(in_folder("a.suture"), entries, 6, &why));
    char *text = explained(NULL);
    says(text, "stream #0");
    says(text, "from the image with SHA-256 abababab");
    says(text, "stream #1");
    says(text, "from any image");
    free(text);
}

static void terminal_escapes_in_a_text_are_harmless(void **state)
{
    (void)state;
    kit.content.update_description = "nice\x1b[2J\x1b]0;owned\x07\xc2\x9b\xe2\x80\xae";
    kit.content.vendor_domain = "evil.example\x1b[31m";
    write_manifest();
    write_kit("a.suture");
    char *text = explained(NULL);
    for (const char *at = text; *at != '\0'; at++)
        assert_true(*at == '\n' || (*at >= ' ' && *at <= '~'));
    says(text, "nice?[2J");
    says(text, "not the id of the domain");
    free(text);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, kit_open, kit_close)

int main(void)
{
    const struct CMUnitTest stories[] = {
        STORY(a_bundle_says_what_was_put_in),
        STORY(the_same_release_gives_the_same_bytes),
        STORY(the_first_header_is_this_one),
        STORY(the_image_decodes_from_the_bundle),
        STORY(a_signed_bundle_is_trusted_for_each_of_its_classes),
        STORY(an_unsigned_bundle_is_refused),
        STORY(a_key_that_the_root_does_not_list_is_refused),
        STORY(a_signature_made_with_another_key_is_refused),
        STORY(too_few_signatures_are_refused),
        STORY(a_withdrawn_key_is_refused),
        STORY(a_withdrawn_manifest_is_refused),
        STORY(a_key_for_another_role_or_class_is_refused),
        STORY(a_root_of_another_vendor_says_nothing),
        STORY(a_class_that_the_manifest_does_not_serve_is_refused),
        STORY(signing_changes_only_the_first_entry),
        STORY(a_push_file_is_the_severed_envelope_the_number_and_the_stream),
        STORY(any_piece_of_a_push_file_can_be_read),
        STORY(what_was_not_verified_is_not_pushed),
        STORY(a_byte_changed_after_the_check_is_noticed),
        STORY(a_file_cut_after_the_check_is_noticed),
        STORY(a_file_replaced_by_name_does_not_matter),
        STORY(each_limit_of_a_device_class_is_exact),
        STORY(the_manifest_must_fit_with_the_signatures_to_come),
        STORY(a_class_file_of_other_devices_does_not_fit),
        STORY(explain_says_what_the_manifest_does),
        STORY(a_delta_is_explained_with_its_base),
        STORY(terminal_escapes_in_a_text_are_harmless),
    };
    return cmocka_run_group_tests(stories, NULL, NULL);
}
